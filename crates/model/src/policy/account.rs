//! The table of who may do what to accounts: users, organisations, members, keys and tokens.
//!
//! Invariant: nothing else decides. The library finds the caller's [`AccountStanding`] and asks
//! [`account_verdict`].

use super::Verdict;
use crate::Id;
use crate::account::{ApiKey, Caller, Member, Organization, Role, Scope, User};
use crate::media::words;

words! {
    /// What is done to accounts.
    AccountOperation {
        /// List and search all users.
        ListUsers = "list users",
        /// Make a user.
        CreateUser = "create user",
        /// See a user's record and his organisations.
        SeeUser = "see user",
        /// Change name, e-mail and username.
        EditUser = "edit user",
        /// Set the password; for oneself, with the current one.
        SetPassword = "set password",
        /// Deactivate, activate, make or unmake superuser. Nobody does it to himself.
        ManageUser = "manage user",
        /// End all sessions and long-lived tokens.
        EndSessions = "end sessions",
        /// Make a long-lived token, which may do all that the user may.
        IssueToken = "issue token",
        /// List a user's long-lived tokens.
        SeeTokens = "see tokens",
        /// End one of them.
        RevokeToken = "revoke token",
        /// List one's API keys, or look at one.
        SeeKeys = "see keys",
        /// Make an API key.
        CreateKey = "create key",
        /// Rename an API key, change its scopes or expiry.
        ChangeKey = "change key",
        /// Make an API key useless.
        RevokeKey = "revoke key",
        /// List all organisations, or find one by name.
        ListOrganizations = "list all organisations",
        /// Make an organisation and become its owner.
        CreateOrganization = "create organisation",
        /// See an organisation and its members.
        SeeOrganization = "see organisation",
        /// Rename an organisation.
        RenameOrganization = "rename organisation",
        /// Delete an organisation; its assets stay with their uploaders.
        DeleteOrganization = "delete organisation",
        /// Add and remove members.
        ManageMembers = "manage members",
        /// Make, change and remove admins and owners.
        ManageOfficers = "manage admins and owners",
        /// Leave an organisation.
        Leave = "leave organisation",
        /// Put a new signing key in the place of the present one.
        RotateSigningKey = "rotate signing key",
    }
}

words! {
    /// What the caller is to a user, an organisation, a key or the platform; the first that holds.
    AccountStanding {
        /// It is he himself, or his own.
        Himself = "himself",
        /// Acts for the platform.
        Superuser = "superuser",
        /// Owner of the organisation.
        Owner = "owner",
        /// Admin of the organisation.
        Admin = "admin",
        /// Member of the organisation.
        Member = "member",
        /// Anybody else with a credential.
        Stranger = "stranger",
        /// Without a credential.
        Anonymous = "anonymous",
    }
}

/// Acts for the platform, with a credential that is not bound to an organisation.
fn acts_for_platform(member: &Member) -> bool {
    member.is_superuser && member.bounds.organization_id.is_none()
}

impl AccountStanding {
    /// What `caller` is to the installation as a whole.
    #[must_use]
    pub fn to_platform(caller: &Caller) -> Self {
        match caller.member() {
            None => Self::Anonymous,
            Some(member) if acts_for_platform(member) => Self::Superuser,
            Some(_) => Self::Stranger,
        }
    }

    /// What `caller` is to the user `id`. A superuser is himself to himself.
    #[must_use]
    pub fn to_user(caller: &Caller, id: Id<User>) -> Self {
        match caller.member() {
            Some(member) if member.user_id == id => Self::Himself,
            _ => Self::to_platform(caller),
        }
    }

    /// What `caller` is to the organisation `id`.
    #[must_use]
    pub fn to_organization(caller: &Caller, id: Id<Organization>) -> Self {
        let Some(member) = caller.member() else { return Self::Anonymous };
        if member.is_superuser && member.bounds.organization_id.is_none_or(|bound| bound == id) {
            return Self::Superuser;
        }
        match member.role_in(id) {
            Some(Role::Owner) => Self::Owner,
            Some(Role::Admin) => Self::Admin,
            Some(Role::Member) => Self::Member,
            None => Self::Stranger,
        }
    }

    /// What `caller` is to `key`. A key that is bound to an organisation knows only its like.
    #[must_use]
    pub fn to_key(caller: &Caller, key: &ApiKey) -> Self {
        let Some(member) = caller.member() else { return Self::Anonymous };
        let bound = member.bounds.organization_id;
        if member.user_id == key.user_id && (bound.is_none() || bound == key.organization_id) {
            return Self::Himself;
        }
        if acts_for_platform(member) { Self::Superuser } else { Self::Stranger }
    }
}

/// Whether a credential that is bound to an organisation may do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundKeys {
    /// It may, as far as its organisation and its like go.
    May,
    /// It may not: this reaches beyond the organisation.
    MayNot,
}

/// One row.
pub struct AccountRule {
    /// The operation.
    pub operation: AccountOperation,
    /// What the credential must allow, all of it.
    pub scopes: &'static [Scope],
    /// Whether a key bound to an organisation will do.
    pub bound_keys: BoundKeys,
    /// To whom it is open.
    pub open_to: &'static [AccountStanding],
    /// Who is told that he may not. For the others there is no such thing.
    pub told: &'static [AccountStanding],
}

use AccountOperation as Do;
use AccountStanding::{Admin, Himself, Owner, Stranger, Superuser};
use BoundKeys::{May, MayNot};

const SEE: &[Scope] = &[Scope::Read];
const MANAGE: &[Scope] = &[Scope::Write, Scope::Admin];
const ALL: &[Scope] = Scope::ALL;

const PLATFORM: &[AccountStanding] = &[Superuser];
const SELF: &[AccountStanding] = &[Himself];
const USER: &[AccountStanding] = &[Superuser, Himself];
const ANYONE: &[AccountStanding] = &[Superuser, Himself, Stranger];
const OWNERS: &[AccountStanding] = &[Superuser, Owner];
const ADMINS: &[AccountStanding] = &[Superuser, Owner, Admin];
const TEAM: &[AccountStanding] = &[Owner, Admin, AccountStanding::Member];
const INSIDE: &[AccountStanding] = &[Superuser, Owner, Admin, AccountStanding::Member];

/// Who may do what to accounts. ARCHITECTURE.md shows the same table; a test compares them.
// Set by hand, because its columns are the point.
#[rustfmt::skip]
pub const ACCOUNT_RULES: &[AccountRule] = &[
    //                           scopes  bound keys  open to   told
    rule(Do::ListUsers,          SEE,    MayNot,     PLATFORM, ANYONE),
    rule(Do::CreateUser,         MANAGE, MayNot,     PLATFORM, ANYONE),
    rule(Do::SeeUser,            SEE,    May,        USER,     USER),
    rule(Do::EditUser,           MANAGE, MayNot,     USER,     USER),
    rule(Do::SetPassword,        MANAGE, MayNot,     USER,     USER),
    rule(Do::ManageUser,         MANAGE, MayNot,     PLATFORM, USER),
    rule(Do::EndSessions,        MANAGE, MayNot,     USER,     USER),
    rule(Do::IssueToken,         ALL,    MayNot,     SELF,     USER),
    rule(Do::SeeTokens,          SEE,    MayNot,     USER,     USER),
    rule(Do::RevokeToken,        MANAGE, MayNot,     USER,     USER),
    rule(Do::SeeKeys,            SEE,    May,        USER,     USER),
    rule(Do::CreateKey,          MANAGE, May,        USER,     USER),
    rule(Do::ChangeKey,          MANAGE, May,        USER,     USER),
    rule(Do::RevokeKey,          MANAGE, May,        USER,     USER),
    rule(Do::ListOrganizations,  SEE,    MayNot,     PLATFORM, ANYONE),
    rule(Do::CreateOrganization, MANAGE, MayNot,     ANYONE,   ANYONE),
    rule(Do::SeeOrganization,    SEE,    May,        INSIDE,   INSIDE),
    rule(Do::RenameOrganization, MANAGE, May,        OWNERS,   INSIDE),
    rule(Do::DeleteOrganization, MANAGE, MayNot,     OWNERS,   INSIDE),
    rule(Do::ManageMembers,      MANAGE, May,        ADMINS,   INSIDE),
    rule(Do::ManageOfficers,     MANAGE, May,        OWNERS,   INSIDE),
    rule(Do::Leave,              MANAGE, May,        TEAM,     INSIDE),
    rule(Do::RotateSigningKey,   MANAGE, MayNot,     PLATFORM, ANYONE),
];

const fn rule(
    operation: AccountOperation,
    scopes: &'static [Scope],
    bound_keys: BoundKeys,
    open_to: &'static [AccountStanding],
    told: &'static [AccountStanding],
) -> AccountRule {
    AccountRule { operation, scopes, bound_keys, open_to, told }
}

/// The row of `operation`: the table is in the order of the operations.
#[must_use]
pub const fn account_rule(operation: AccountOperation) -> &'static AccountRule {
    &ACCOUNT_RULES[operation as usize]
}

/// Whether `caller`, who is `standing` to the thing in question, may do `operation`.
#[must_use]
pub fn account_verdict(
    operation: AccountOperation,
    standing: AccountStanding,
    caller: &Caller,
) -> Verdict {
    let rule = account_rule(operation);
    let Some(member) = caller.member() else { return Verdict::NeedsCredential };
    if !rule.told.contains(&standing) {
        return Verdict::Hidden;
    }
    let is_bound = member.bounds.organization_id.is_some();
    if !rule.open_to.contains(&standing) || is_bound && rule.bound_keys == MayNot {
        return Verdict::Forbidden;
    }
    match rule.scopes.iter().find(|&&scope| !member.scopes.has(scope)) {
        Some(&missing) => Verdict::NeedsScope(missing),
        None => Verdict::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::account::{Bounds, Scopes};

    fn id<T>(n: u128) -> Id<T> {
        Id::new(Uuid::from_u128(n))
    }

    fn member(is_superuser: bool, bound_to: Option<Id<Organization>>) -> Caller {
        Caller::User(Member {
            user_id: id(1),
            username: "ada".to_owned(),
            is_superuser,
            scopes: Scopes::ALL,
            active_organization: None,
            organizations: vec![(id(7), Role::Admin)],
            bounds: Bounds { organization_id: bound_to, expires_at: None },
        })
    }

    #[test]
    fn the_table_has_every_operation_once_in_order() {
        let rows: Vec<_> = ACCOUNT_RULES.iter().map(|rule| rule.operation).collect();
        assert_eq!(rows, AccountOperation::ALL);
    }

    #[test]
    fn whoever_may_is_also_told_and_nobody_may_without_a_credential() {
        for rule in ACCOUNT_RULES {
            assert!(rule.open_to.iter().all(|it| rule.told.contains(it)), "{}", rule.operation);
            assert!(!rule.open_to.contains(&AccountStanding::Anonymous), "{}", rule.operation);
        }
    }

    #[test]
    fn one_is_himself_before_he_is_a_superuser() {
        let caller = member(true, None);
        assert_eq!(AccountStanding::to_user(&caller, id(1)), Himself);
        assert_eq!(AccountStanding::to_user(&caller, id(2)), Superuser);
        assert_eq!(
            account_verdict(AccountOperation::ManageUser, Himself, &caller),
            Verdict::Forbidden
        );
    }

    #[test]
    fn a_bound_key_of_a_superuser_is_one_only_where_it_is_bound() {
        let caller = member(true, Some(id(7)));
        assert_eq!(AccountStanding::to_organization(&caller, id(7)), Superuser);
        assert_eq!(AccountStanding::to_organization(&caller, id(8)), Stranger);
        assert_eq!(AccountStanding::to_user(&caller, id(2)), Stranger);
        assert_eq!(AccountStanding::to_platform(&caller), Stranger);
    }

    #[test]
    fn missing_scopes_are_named_in_the_order_of_the_table() {
        let Caller::User(mut member) = member(false, None) else { unreachable!() };
        let ask = |member: &Member| {
            let caller = Caller::User(member.clone());
            account_verdict(AccountOperation::EditUser, Himself, &caller)
        };
        member.scopes = Scopes::READ;
        assert_eq!(ask(&member), Verdict::NeedsScope(Scope::Write));
        member.scopes = Scopes::of(&[Scope::Write]);
        assert_eq!(ask(&member), Verdict::NeedsScope(Scope::Admin));
        member.scopes = Scopes::of(&[Scope::Write, Scope::Admin]);
        assert_eq!(ask(&member), Verdict::Allowed);
    }
}
