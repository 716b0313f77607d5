//! Persons: a name and up to a hundred face pictures.

use std::collections::HashMap;

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::{Asset, TYPE_FACE};
use backlot_model::media::MediaKind;
use backlot_model::policy::Operation;
use backlot_model::policy::owned::{Owned, OwnedOperation};
use backlot_model::{Fault, Id};
use backlot_store::{assets, persons};

pub use backlot_store::persons::Person;

use crate::Library;
use crate::authority::{
    allow, allow_owned, asset_not_found, member, owned_not_found, required_name,
};

/// How many pictures one call may name.
pub const IMAGES_PER_CALL_MAX: usize = 10;
/// How many pictures a person may have.
pub const IMAGES_MAX: usize = 100;

/// A person with those of its pictures that the caller may see, in their order.
#[derive(Debug, Clone)]
pub struct PersonWithImages {
    /// The person.
    pub person: Person,
    /// Its pictures.
    pub images: Vec<Asset>,
}

impl Library {
    /// Makes a person of face pictures; the first is the default one.
    ///
    /// # Errors
    /// `invalid` for a bad name or number of pictures; `asset-not-found` for a picture that is not
    /// there, not for the caller, or no face.
    pub async fn create_person(
        &self,
        caller: &Caller,
        name: &str,
        image_ids: &[String],
    ) -> Result<PersonWithImages, Fault> {
        let member = member(caller, Scope::Write)?;
        let name = required_name(name)?;
        let images = self.faces(caller, image_ids).await?;
        let now = self.now_ms();
        let person = Person {
            id: self.ids().next(),
            owner_id: member.user_id,
            organization_id: member.active_organization,
            name,
            image_ids: images.iter().map(|it| it.id).collect(),
            default_image_id: images.first().map(|it| it.id),
            created_at: now,
            updated_at: now,
        };
        let tx = self.db().begin().await?;
        persons::insert(&tx, &person).await?;
        tx.commit().await?;
        Ok(PersonWithImages { person, images })
    }

    /// One person.
    ///
    /// # Errors
    /// `person-not-found`.
    pub async fn person(&self, caller: &Caller, id: Id<Person>) -> Result<PersonWithImages, Fault> {
        member(caller, Scope::Read)?;
        let found = persons::by_id(self.db(), id).await?;
        let person = permitted(caller, OwnedOperation::See, found)?;
        Ok(self.with_images(caller, vec![person]).await?.remove(0))
    }

    /// One page of the persons of the caller and of his active organisation, the newest first, and
    /// how many there are.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn persons(
        &self,
        caller: &Caller,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<PersonWithImages>, u64), Fault> {
        let member = member(caller, Scope::Read)?;
        let team = member.active_organization;
        let (found, total) = persons::list(self.db(), member.user_id, team, skip, limit).await?;
        Ok((self.with_images(caller, found).await?, total))
    }

    /// Renames a person.
    ///
    /// # Errors
    /// `person-not-found`, `forbidden`; `invalid` for a bad name.
    pub async fn rename_person(
        &self,
        caller: &Caller,
        id: Id<Person>,
        name: &str,
    ) -> Result<PersonWithImages, Fault> {
        let name = required_name(name)?;
        self.change_person(caller, id, |person| {
            person.name = name;
            Ok(())
        })
        .await
    }

    /// Adds pictures to a person; those it has already stay where they are.
    ///
    /// # Errors
    /// As [`Self::create_person`]; `person-not-found`, `forbidden`.
    pub async fn add_person_images(
        &self,
        caller: &Caller,
        id: Id<Person>,
        image_ids: &[String],
    ) -> Result<PersonWithImages, Fault> {
        let images = self.faces(caller, image_ids).await?;
        self.change_person(caller, id, |person| {
            for image in images {
                if !person.image_ids.contains(&image.id) {
                    person.image_ids.push(image.id);
                }
            }
            if person.image_ids.len() > IMAGES_MAX {
                let said = format!("a person has at most {IMAGES_MAX} images");
                return Err(Fault::invalid("body.image_ids", "length", said));
            }
            person.default_image_id = person.default_image_id.or(person.image_ids.first().copied());
            Ok(())
        })
        .await
    }

    /// Detaches a picture from a person; the picture itself stays.
    ///
    /// # Errors
    /// `person-not-found`, `forbidden`; `asset-not-found` when it is none of its pictures.
    pub async fn remove_person_image(
        &self,
        caller: &Caller,
        id: Id<Person>,
        image_id: &str,
    ) -> Result<PersonWithImages, Fault> {
        let image_id = Id::parse(image_id).ok_or_else(asset_not_found)?;
        self.change_person(caller, id, |person| {
            let place = person.image_ids.iter().position(|it| *it == image_id);
            person.image_ids.remove(place.ok_or_else(asset_not_found)?);
            if person.default_image_id == Some(image_id) {
                person.default_image_id = person.image_ids.first().copied();
            }
            Ok(())
        })
        .await
    }

    /// Makes one of a person's pictures its default.
    ///
    /// # Errors
    /// `person-not-found`, `forbidden`; `asset-not-found` when it is none of its pictures, or not
    /// there any more.
    pub async fn set_default_person_image(
        &self,
        caller: &Caller,
        id: Id<Person>,
        image_id: &str,
    ) -> Result<PersonWithImages, Fault> {
        let image_id = Id::parse(image_id).ok_or_else(asset_not_found)?;
        self.asset(caller, image_id).await?;
        self.change_person(caller, id, |person| {
            if !person.image_ids.contains(&image_id) {
                return Err(asset_not_found());
            }
            person.default_image_id = Some(image_id);
            Ok(())
        })
        .await
    }

    /// Deletes a person; its pictures stay.
    ///
    /// # Errors
    /// `person-not-found`, `forbidden`.
    pub async fn delete_person(&self, caller: &Caller, id: Id<Person>) -> Result<(), Fault> {
        member(caller, Scope::Write)?;
        let tx = self.db().begin().await?;
        permitted(caller, OwnedOperation::Change, persons::by_id_in(&tx, id).await?)?;
        persons::delete(&tx, id, self.now_ms()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn change_person(
        &self,
        caller: &Caller,
        id: Id<Person>,
        change: impl FnOnce(&mut Person) -> Result<(), Fault>,
    ) -> Result<PersonWithImages, Fault> {
        member(caller, Scope::Write)?;
        let tx = self.db().begin().await?;
        let found = persons::by_id_in(&tx, id).await?;
        let mut person = permitted(caller, OwnedOperation::Change, found)?;
        change(&mut person)?;
        person.updated_at = self.now_ms();
        persons::save(&tx, &person).await?;
        tx.commit().await?;
        Ok(self.with_images(caller, vec![person]).await?.remove(0))
    }

    async fn faces(&self, caller: &Caller, raw: &[String]) -> Result<Vec<Asset>, Fault> {
        if raw.is_empty() || raw.len() > IMAGES_PER_CALL_MAX {
            let said = format!("must name 1 to {IMAGES_PER_CALL_MAX} face images");
            return Err(Fault::invalid("body.image_ids", "length", said));
        }
        let mut ids = Vec::with_capacity(raw.len());
        for raw in raw {
            let id = Id::parse(raw).ok_or_else(asset_not_found)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let found = self.assets(caller, &ids).await?;
        let is_picture = |kind| matches!(kind, MediaKind::Image | MediaKind::ImageHdr);
        let all_faces = found.iter().all(|it| it.asset_type == TYPE_FACE && is_picture(it.kind));
        if found.len() < ids.len() || !all_faces {
            return Err(asset_not_found());
        }
        Ok(found)
    }

    /// One query for the pictures of all of them.
    async fn with_images(
        &self,
        caller: &Caller,
        persons: Vec<Person>,
    ) -> Result<Vec<PersonWithImages>, Fault> {
        let ids: Vec<_> = persons.iter().flat_map(|it| it.image_ids.iter().copied()).collect();
        let mut found = assets::by_ids(self.db(), &ids).await?;
        found.retain(|it| it.deleted_at.is_none() && allow(caller, Operation::See, it).is_ok());
        let found: HashMap<_, _> = found.into_iter().map(|it| (it.id, it)).collect();
        let images_of = |person: &Person| {
            person.image_ids.iter().filter_map(|id| found.get(id).cloned()).collect()
        };
        let with = |person: Person| PersonWithImages { images: images_of(&person), person };
        Ok(persons.into_iter().map(with).collect())
    }
}

fn permitted(
    caller: &Caller,
    operation: OwnedOperation,
    found: Option<Person>,
) -> Result<Person, Fault> {
    let person = found.ok_or_else(|| owned_not_found(Owned::Person))?;
    let whose = (person.owner_id, person.organization_id);
    allow_owned(caller, operation, Owned::Person, whose)?;
    Ok(person)
}
