//! Persons: a name and face pictures.
//!
//! Owns: the tables `person` and `person_image`. A deleted person stays as a row that nothing here
//! reads.
//! Never: touches the pictures themselves.

use std::collections::HashMap;

use backlot_model::account::{Organization, User};
use backlot_model::asset::Asset;
use backlot_model::{Id, Millis};

use crate::args;
use crate::db::{Db, DbError, Fetch, Row, Tx, texts};
use crate::statement::number;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Identifier.
    pub id: Id<Person>,
    /// Who made it.
    pub owner_id: Id<User>,
    /// Whose members see it; none: only the owner.
    pub organization_id: Option<Id<Organization>>,
    /// What it is called.
    pub name: String,
    /// Its pictures, in their order, without repeats.
    pub image_ids: Vec<Id<Asset>>,
    /// One of them.
    pub default_image_id: Option<Id<Asset>>,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
}

const COLUMNS: &str =
    "id, owner_id, organization_id, name, default_image_id, created_at, updated_at";

fn read(row: &Row<'_>) -> Result<Person, DbError> {
    Ok(Person {
        id: row.get(0)?,
        owner_id: row.get(1)?,
        organization_id: row.get(2)?,
        name: row.get(3)?,
        image_ids: Vec::new(),
        default_image_id: row.get(4)?,
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}

/// Adds a person with its pictures.
pub async fn insert(tx: &Tx, person: &Person) -> Result<(), DbError> {
    let it = person;
    let sql = format!("INSERT INTO person ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    let args = args![
        it.id,
        it.owner_id,
        it.organization_id,
        &it.name,
        it.default_image_id,
        it.created_at,
        it.updated_at,
    ];
    tx.execute(sql, args).await?;
    put_images(tx, person).await
}

/// Writes name, pictures, default picture and time of change.
pub async fn save(tx: &Tx, person: &Person) -> Result<(), DbError> {
    let sql = "UPDATE person SET name = $2, default_image_id = $3, updated_at = $4 WHERE id = $1";
    let args = args![person.id, &person.name, person.default_image_id, person.updated_at];
    tx.execute(sql, args).await?;
    tx.execute("DELETE FROM person_image WHERE person_id = $1", args![person.id]).await?;
    put_images(tx, person).await
}

async fn put_images(tx: &Tx, person: &Person) -> Result<(), DbError> {
    let sql = "INSERT INTO person_image (person_id, position, asset_id) VALUES ($1, $2, $3)";
    let places = (0_i64..).zip(&person.image_ids);
    let rows = places.map(|(place, image)| args![person.id, place, *image]).collect();
    tx.execute_many(sql, rows).await.map(drop)
}

/// One person that is not deleted.
pub async fn by_id(db: &Db, id: Id<Person>) -> Result<Option<Person>, DbError> {
    one(db, id).await
}

/// One person that is not deleted, to be changed in this transaction.
pub async fn by_id_in(tx: &Tx, id: Id<Person>) -> Result<Option<Person>, DbError> {
    one(tx, id).await
}

async fn one(source: &impl Fetch, id: Id<Person>) -> Result<Option<Person>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM person WHERE id = $1 AND deleted_at IS NULL");
    let found = source.fetch(sql, args![id], read).await?;
    Ok(with_images(source, found).await?.pop())
}

/// The persons of `owner` and of `organization` that are not deleted, the newest first, and how
/// many there are.
pub async fn list(
    db: &Db,
    owner: Id<User>,
    organization: Option<Id<Organization>>,
    skip: u64,
    limit: u32,
) -> Result<(Vec<Person>, u64), DbError> {
    let within = "FROM person WHERE deleted_at IS NULL
        AND (owner_id = $1 OR organization_id = $2)";
    let total =
        db.fetch_one(format!("SELECT count(*) {within}"), args![owner, organization], |row| {
            row.get(0)
        });
    let sql =
        format!("SELECT {COLUMNS} {within} ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4");
    let args = args![owner, organization, limit, number(skip)];
    let (found, total) = futures::try_join!(db.fetch(sql, args, read), total)?;
    Ok((with_images(db, found).await?, total))
}

/// One query for the pictures of all of them.
async fn with_images(
    source: &impl Fetch,
    mut persons: Vec<Person>,
) -> Result<Vec<Person>, DbError> {
    if persons.is_empty() {
        return Ok(persons);
    }
    let sql = format!(
        "SELECT person_id, asset_id FROM person_image WHERE person_id IN ({})
         ORDER BY person_id, position",
        source.each_text(1)
    );
    let ids = texts(persons.iter().map(|person| person.id));
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Vec<(Id<Person>, Id<Asset>)> = source.fetch(sql, vec![ids], read).await?;
    let mut images: HashMap<Id<Person>, Vec<Id<Asset>>> = HashMap::new();
    for (person, image) in found {
        images.entry(person).or_default().push(image);
    }
    for person in &mut persons {
        person.image_ids = images.remove(&person.id).unwrap_or_default();
    }
    Ok(persons)
}

/// Deletes a person; its pictures stay.
pub async fn delete(tx: &Tx, id: Id<Person>, now: Millis) -> Result<(), DbError> {
    let sql = "UPDATE person SET deleted_at = $2, updated_at = $2
        WHERE id = $1 AND deleted_at IS NULL";
    tx.execute(sql, args![id, now]).await.map(drop)
}

/// Takes a picture that is about to go for good from everybody; where it was the default one, the
/// first of the others is now.
pub(crate) async fn lose_image(tx: &Tx, image: Id<Asset>) -> Result<(), DbError> {
    tx.execute("DELETE FROM person_image WHERE asset_id = $1", args![image]).await?;
    let sql = "UPDATE person SET default_image_id = (SELECT asset_id FROM person_image
            WHERE person_id = person.id ORDER BY position LIMIT 1)
        WHERE default_image_id = $1";
    tx.execute(sql, args![image]).await.map(drop)
}
