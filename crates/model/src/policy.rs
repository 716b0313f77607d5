//! The tables of who may do what, and the functions that read them: assets here, accounts in
//! [`account`], what else is somebody's in [`owned`].
//!
//! Invariant: nothing else decides. A dialect passes the caller on; the library loads the thing,
//! finds the caller's [`Standing`] and asks [`verdict`].

pub mod account;
pub mod owned;

use crate::account::{Caller, Role, Scope, Scopes};
use crate::asset::{Asset, Visibility};
use crate::media::words;

words! {
    /// What is done to an asset.
    Operation {
        /// Get it by id, list it, fetch its bytes.
        See = "see",
        /// Be told why it failed.
        SeeWhy = "see why it failed",
        /// Make a new private asset over the same bytes.
        Copy = "copy",
        /// Put it into a collection, or take it out.
        Collect = "collect",
        /// Change name, tags, note, description, labels.
        Change = "change",
        /// Change who sees it.
        SetVisibility = "set-visibility",
        /// Delete it.
        Delete = "delete",
        /// Undo a deletion.
        Restore = "restore",
    }
}

words! {
    /// What the caller is to an asset; the first that holds.
    Standing {
        /// Acts for the platform.
        Superuser = "superuser",
        /// Uploaded it.
        Uploader = "uploader",
        /// Owner of its organisation.
        OrganizationOwner = "organisation owner",
        /// Admin of its organisation.
        OrganizationAdmin = "organisation admin",
        /// Member of its organisation.
        OrganizationMember = "organisation member",
        /// Anybody else with a credential.
        Stranger = "stranger",
        /// Without a credential.
        Anonymous = "anonymous",
    }
}

impl Standing {
    /// What `caller` is to `asset`.
    #[must_use]
    pub fn of(caller: &Caller, asset: &Asset) -> Self {
        let Some(member) = caller.member() else { return Self::Anonymous };
        if member.is_superuser_over(asset.organization_id) {
            return Self::Superuser;
        }
        if member.user_id == asset.uploader_id {
            return Self::Uploader;
        }
        match asset.organization_id.and_then(|id| member.role_in(id)) {
            Some(Role::Owner) => Self::OrganizationOwner,
            Some(Role::Admin) => Self::OrganizationAdmin,
            Some(Role::Member) => Self::OrganizationMember,
            None => Self::Stranger,
        }
    }
}

/// What the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go ahead.
    Allowed,
    /// For this caller there is no such thing.
    Hidden,
    /// He sees it and may not do this.
    Forbidden,
    /// His credential lacks this scope.
    NeedsScope(Scope),
    /// Somebody must sign in first.
    NeedsCredential,
}

/// One row: an operation, the scope it needs, and the standings it is open to by visibility.
pub struct Rule {
    /// The operation.
    pub operation: Operation,
    /// What the credential must allow.
    pub scope: Scope,
    /// To whom it is open when the asset is private, shared, unlisted, public.
    pub open_to: [&'static [Standing]; 4],
}

use Standing::{
    OrganizationAdmin, OrganizationMember, OrganizationOwner, Stranger, Superuser, Uploader,
};

const OWNER: &[Standing] = &[Superuser, Uploader];
const TEAM: &[Standing] =
    &[Superuser, Uploader, OrganizationOwner, OrganizationAdmin, OrganizationMember];
const SIGNED_IN: &[Standing] =
    &[Superuser, Uploader, OrganizationOwner, OrganizationAdmin, OrganizationMember, Stranger];
const EVERYONE: &[Standing] = Standing::ALL;

/// Who may do what to an asset. ARCHITECTURE.md shows the same table; a test compares them.
pub const RULES: &[Rule] = &[
    //                                                      private  shared  unlisted   public
    rule(Operation::See, Scope::Read, [OWNER, TEAM, SIGNED_IN, EVERYONE]),
    rule(Operation::SeeWhy, Scope::Read, [OWNER, OWNER, OWNER, OWNER]),
    rule(Operation::Copy, Scope::Write, [OWNER, TEAM, SIGNED_IN, SIGNED_IN]),
    rule(Operation::Collect, Scope::Write, [OWNER, TEAM, SIGNED_IN, SIGNED_IN]),
    rule(Operation::Change, Scope::Write, [OWNER, OWNER, OWNER, OWNER]),
    rule(Operation::SetVisibility, Scope::Write, [OWNER, OWNER, OWNER, OWNER]),
    rule(Operation::Delete, Scope::Write, [OWNER, OWNER, OWNER, OWNER]),
    rule(Operation::Restore, Scope::Write, [OWNER, OWNER, OWNER, OWNER]),
];

const fn rule(operation: Operation, scope: Scope, open_to: [&'static [Standing]; 4]) -> Rule {
    Rule { operation, scope, open_to }
}

/// Whether somebody of this standing, with a credential of these scopes, may do `operation` to an
/// asset of this visibility. A thing that he may not even see is [`Verdict::Hidden`].
#[must_use]
pub fn verdict(
    operation: Operation,
    standing: Standing,
    visibility: Visibility,
    scopes: Scopes,
) -> Verdict {
    let column = visibility as usize;
    let open = |wanted: Operation| {
        RULES
            .iter()
            .find(|rule| rule.operation == wanted)
            .is_some_and(|rule| rule.open_to[column].contains(&standing))
    };
    if !open(Operation::See) {
        return Verdict::Hidden;
    }
    if !open(operation) {
        return match standing {
            Standing::Anonymous => Verdict::NeedsCredential,
            _ => Verdict::Forbidden,
        };
    }
    let needed = RULES.iter().find(|rule| rule.operation == operation).map(|rule| rule.scope);
    match needed {
        Some(scope) if standing != Standing::Anonymous && !scopes.has(scope) => {
            Verdict::NeedsScope(scope)
        }
        _ => Verdict::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_rule() {
        for &operation in Operation::ALL {
            let rules = RULES.iter().filter(|rule| rule.operation == operation).count();
            assert_eq!(rules, 1, "{operation}");
        }
    }

    #[test]
    fn nobody_may_do_what_he_cannot_see() {
        for rule in RULES {
            for (column, open_to) in rule.open_to.iter().enumerate() {
                let see = RULES[0].open_to[column];
                assert!(open_to.iter().all(|standing| see.contains(standing)));
            }
        }
    }

    #[test]
    fn only_its_uploader_and_superusers_over_it_are_told_why_it_failed() {
        for &standing in Standing::ALL {
            let said = verdict(Operation::SeeWhy, standing, Visibility::Public, Scopes::ALL);
            let may = matches!(standing, Superuser | Uploader);
            assert_eq!(said == Verdict::Allowed, may, "{standing}");
        }
    }

    #[test]
    fn a_private_asset_does_not_exist_for_others() {
        for &standing in Standing::ALL {
            for &operation in Operation::ALL {
                let said = verdict(operation, standing, Visibility::Private, Scopes::ALL);
                match standing {
                    Superuser | Uploader => assert_eq!(said, Verdict::Allowed),
                    _ => assert_eq!(said, Verdict::Hidden),
                }
            }
        }
    }
}
