//! Members of organisations.

use backlot_model::Id;
use backlot_model::account::{Caller, Membership, Organization, Role, User};
use backlot_model::fault::{Fault, Kind};
use backlot_model::policy::account::AccountOperation;
use backlot_store::accounts::{Listed, Slice, memberships, organizations, users};
use backlot_store::db::Tx;

use super::names::fold;
use super::organizations::{refuse_too_many, require_in};
use super::{
    Accounts, already_exists, checked, membership_not_found, organization_not_found, user_not_found,
};

/// A member, as his fellows see him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationMember {
    /// His place.
    pub membership: Membership,
    /// His username.
    pub username: String,
    /// His e-mail address.
    pub email: String,
    /// His full name.
    pub name: Option<String>,
}

impl OrganizationMember {
    fn new((user, membership): (User, Membership)) -> Self {
        let User { username, email, name, .. } = user;
        Self { membership, username, email, name }
    }
}

impl Accounts {
    /// The members of an organisation, oldest first.
    pub async fn members(
        &self,
        caller: &Caller,
        id: Id<Organization>,
        slice: Slice,
    ) -> Result<Listed<OrganizationMember>, Fault> {
        self.organization(caller, id).await?;
        let found = memberships::of_organization(self.db(), id, checked(slice)?).await?;
        let items = found.items.into_iter().map(OrganizationMember::new).collect();
        Ok(Listed { items, count: found.count })
    }

    /// Adds the user whose e-mail or username `login` is.
    ///
    /// # Errors
    /// `user-not-found`; `already-exists` when he is a member; `limit-reached` when he is in too
    /// many organisations.
    pub async fn add_member(
        &self,
        caller: &Caller,
        id: Id<Organization>,
        login: &str,
        role: Role,
    ) -> Result<OrganizationMember, Fault> {
        require_in(caller, managing(&[role]), id)?;
        let found = self.find_login(&fold(login)).await?.ok_or_else(user_not_found)?;
        let now_ms = self.now();
        let tx = self.db().begin().await?;
        let organization =
            organizations::lock(&tx, id).await?.ok_or_else(organization_not_found)?;
        let user = users::lock(&tx, found.user.id).await?.ok_or_else(user_not_found)?;
        refuse_too_many(&tx, user.id).await?;
        if !memberships::insert(&tx, id, user.id, role, now_ms).await? {
            return Err(already_exists("body.user", "the user is a member already"));
        }
        tx.commit().await?;
        let membership = Membership {
            organization_id: id,
            organization_name: organization.name,
            user_id: user.id,
            role,
            created_at: now_ms,
        };
        Ok(OrganizationMember::new((user, membership)))
    }

    /// Makes a member something else.
    ///
    /// # Errors
    /// `membership-not-found`; `last-owner`.
    pub async fn set_role(
        &self,
        caller: &Caller,
        id: Id<Organization>,
        user: Id<User>,
        role: Role,
    ) -> Result<(), Fault> {
        require_in(caller, managing(&[role]), id)?;
        let (tx, present) = self.locked_role(id, user).await?;
        require_in(caller, managing(&[present, role]), id)?;
        if role != Role::Owner {
            refuse_last_owner(&tx, id, present).await?;
        }
        memberships::set_role(&tx, id, user, role).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a member out. His keys that were bound to the organisation are gone; his assets stay
    /// his, and in it. Oneself, one may always take out: see [`Accounts::leave`].
    ///
    /// # Errors
    /// `membership-not-found`; `last-owner`.
    pub async fn remove_member(
        &self,
        caller: &Caller,
        id: Id<Organization>,
        user: Id<User>,
    ) -> Result<(), Fault> {
        if caller.member().is_some_and(|member| member.user_id == user && !member.is_superuser) {
            return self.leave(caller, id).await;
        }
        require_in(caller, AccountOperation::ManageMembers, id)?;
        let (tx, present) = self.locked_role(id, user).await?;
        require_in(caller, managing(&[present]), id)?;
        self.take_out(tx, id, user, present).await
    }

    /// Leaves an organisation.
    ///
    /// # Errors
    /// `last-owner`.
    pub async fn leave(&self, caller: &Caller, id: Id<Organization>) -> Result<(), Fault> {
        let user = require_in(caller, AccountOperation::Leave, id)?.user_id;
        let (tx, present) = self.locked_role(id, user).await?;
        self.take_out(tx, id, user, present).await
    }

    async fn take_out(
        &self,
        tx: Tx,
        id: Id<Organization>,
        user: Id<User>,
        present: Role,
    ) -> Result<(), Fault> {
        refuse_last_owner(&tx, id, present).await?;
        memberships::remove(&tx, id, user).await?;
        Ok(tx.commit().await?)
    }

    /// What a member is, in a transaction in which that stays so.
    async fn locked_role(&self, id: Id<Organization>, user: Id<User>) -> Result<(Tx, Role), Fault> {
        let tx = self.db().begin().await?;
        organizations::lock(&tx, id).await?.ok_or_else(organization_not_found)?;
        let role = memberships::role(&tx, id, user).await?.ok_or_else(membership_not_found)?;
        Ok((tx, role))
    }
}

/// What it takes to deal with people of these roles.
fn managing(roles: &[Role]) -> AccountOperation {
    if roles.iter().all(|&role| role == Role::Member) {
        AccountOperation::ManageMembers
    } else {
        AccountOperation::ManageOfficers
    }
}

async fn refuse_last_owner(tx: &Tx, id: Id<Organization>, present: Role) -> Result<(), Fault> {
    if present == Role::Owner && memberships::count_owners(tx, id).await? <= 1 {
        let message = "this is the last owner; make another one first";
        return Err(Fault::new(Kind::Conflict, "last-owner", message));
    }
    Ok(())
}
