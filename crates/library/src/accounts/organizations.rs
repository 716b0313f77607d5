//! Organisations: making, seeing, renaming, deleting.

use backlot_model::account::{Caller, Member, Organization, Role};
use backlot_model::limits::ORGANIZATIONS_PER_USER_MAX;
use backlot_model::policy::account::{AccountOperation, AccountStanding};
use backlot_model::{Fault, Id};
use backlot_store::accounts::organizations::{self, OrganizationFilter};
use backlot_store::accounts::{Listed, Slice, memberships, rescope, users};
use backlot_store::db::Tx;

use super::authority::{require, require_platform};
use super::names::{fold, parse_name};
use super::users::search_text;
use super::{Accounts, already_exists, checked, limit_reached, organization_not_found, taken};

/// Whose organisations a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The caller's; of a bound key, only the one.
    Own,
    /// All there are; for superusers.
    Everybodys,
}

const NAME: &str = "body.name";

impl Accounts {
    /// Makes an organisation; the caller becomes its owner, unless he is the operator.
    ///
    /// # Errors
    /// `already-exists`; `limit-reached` when the caller is in too many.
    pub async fn create_organization(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Organization, Fault> {
        let standing = AccountStanding::to_platform(caller);
        let operation = AccountOperation::CreateOrganization;
        let member = require(caller, operation, standing, organization_not_found)?;
        let name = parse_name(NAME, name)?;
        let tx = self.db().begin().await?;
        let made = self.insert_organization(&tx, member, &name).await?.ok_or_else(name_taken)?;
        tx.commit().await?;
        Ok(made)
    }

    /// The organisation of this name, made if there is none, and whether it was made; for the
    /// operator.
    pub async fn ensure_organization(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(Organization, bool), Fault> {
        let member = require_platform(caller, AccountOperation::ListOrganizations)?;
        require_platform(caller, AccountOperation::CreateOrganization)?;
        let name = parse_name(NAME, name)?;
        let tx = self.db().begin().await?;
        if let Some(found) = organizations::by_name(&tx, &fold(&name)).await? {
            return Ok((found, false));
        }
        match self.insert_organization(&tx, member, &name).await? {
            Some(made) => {
                tx.commit().await?;
                Ok((made, true))
            }
            // Another process was quicker.
            None => {
                let found = organizations::by_name(&tx, &fold(&name)).await?;
                Ok((found.ok_or_else(organization_not_found)?, false))
            }
        }
    }

    async fn insert_organization(
        &self,
        tx: &Tx,
        owner: &Member,
        name: &str,
    ) -> Result<Option<Organization>, Fault> {
        let (id, now_ms) = (self.shared.ids.next(), self.now());
        let made = Organization { id, name: name.to_owned(), created_at: now_ms };
        if !organizations::insert(tx, &made, &fold(name)).await? {
            return Ok(None);
        }
        if !owner.is_platform() {
            users::lock(tx, owner.user_id).await?;
            refuse_too_many(tx, owner.user_id).await?;
            memberships::insert(tx, id, owner.user_id, Role::Owner, now_ms).await?;
        }
        Ok(Some(made))
    }

    /// The organisation of this name, without regard to case; for the operator.
    pub async fn find_organization(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Organization, Fault> {
        require_platform(caller, AccountOperation::ListOrganizations)?;
        let found = organizations::by_name(self.db(), &fold(name)).await?;
        found.ok_or_else(organization_not_found)
    }

    /// The organisation `id`.
    pub async fn organization(
        &self,
        caller: &Caller,
        id: Id<Organization>,
    ) -> Result<Organization, Fault> {
        require_in(caller, AccountOperation::SeeOrganization, id)?;
        organizations::get(self.db(), id).await?.ok_or_else(organization_not_found)
    }

    /// Organisations, in the order in which they were made.
    pub async fn organizations(
        &self,
        caller: &Caller,
        whose: Whose,
        search: Option<&str>,
        slice: Slice,
    ) -> Result<Listed<Organization>, Fault> {
        let mut filter = OrganizationFilter { search: search_text(search)?, ..Default::default() };
        match whose {
            Whose::Everybodys => {
                require_platform(caller, AccountOperation::ListOrganizations)?;
            }
            Whose::Own => {
                let own = AccountStanding::Himself;
                let operation = AccountOperation::SeeUser;
                let member = require(caller, operation, own, organization_not_found)?;
                filter.member = Some(member.user_id);
                filter.only = member.bounds.organization_id;
            }
        }
        Ok(organizations::list_organizations(self.db(), &filter, checked(slice)?).await?)
    }

    /// Renames an organisation.
    ///
    /// # Errors
    /// `already-exists`.
    pub async fn rename_organization(
        &self,
        caller: &Caller,
        id: Id<Organization>,
        name: &str,
    ) -> Result<Organization, Fault> {
        require_in(caller, AccountOperation::RenameOrganization, id)?;
        let name = parse_name(NAME, name)?;
        let tx = self.db().begin().await?;
        organizations::lock(&tx, id).await?.ok_or_else(organization_not_found)?;
        let holder = organizations::by_name(&tx, &fold(&name)).await?;
        if holder.is_some_and(|holder| holder.id != id) {
            return Err(name_taken());
        }
        let renamed = organizations::rename(&tx, id, &name, &fold(&name)).await;
        let renamed = renamed.map_err(|error| taken(error, NAME, NAME_TAKEN))?;
        tx.commit().await?;
        renamed.ok_or_else(organization_not_found)
    }

    /// Deletes an organisation, with its memberships and the keys bound to it. Its assets stay:
    /// with their uploaders, seen by them alone unless they were public or unlisted.
    pub async fn delete_organization(
        &self,
        caller: &Caller,
        id: Id<Organization>,
    ) -> Result<(), Fault> {
        require_in(caller, AccountOperation::DeleteOrganization, id)?;
        let tx = self.db().begin().await?;
        organizations::lock(&tx, id).await?.ok_or_else(organization_not_found)?;
        rescope::organization_goes(&tx, id, &self.shared.ids, self.now()).await?;
        organizations::delete(&tx, id).await?;
        Ok(tx.commit().await?)
    }
}

/// The caller, if the table lets him do this to the organisation `id`.
pub(super) fn require_in(
    caller: &Caller,
    operation: AccountOperation,
    id: Id<Organization>,
) -> Result<&Member, Fault> {
    let standing = AccountStanding::to_organization(caller, id);
    require(caller, operation, standing, organization_not_found)
}

/// Refuses when the user cannot be in one more organisation. Lock him first.
pub(super) async fn refuse_too_many(
    tx: &Tx,
    user: Id<backlot_model::account::User>,
) -> Result<(), Fault> {
    if memberships::count_of_user(tx, user).await? < ORGANIZATIONS_PER_USER_MAX {
        return Ok(());
    }
    let message = format!("a user can be in {ORGANIZATIONS_PER_USER_MAX} organizations at most");
    Err(limit_reached(message))
}

const NAME_TAKEN: &str = "there is an organization of this name already";

fn name_taken() -> Fault {
    already_exists(NAME, NAME_TAKEN)
}
