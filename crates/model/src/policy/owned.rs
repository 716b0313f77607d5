//! The table of who may do what to things that somebody made for himself or for an organisation:
//! collections, persons, uploads and tasks.
//!
//! Invariant: nothing else decides. The library finds the caller's [`OwnedStanding`] and asks
//! [`owned_verdict`]; the scope that a call needs is checked before that.

use super::Verdict;
use crate::Id;
use crate::account::{Caller, Organization, User};
use crate::media::words;

words! {
    /// What is owned.
    Owned {
        /// A named set of assets.
        Collection = "collection",
        /// A name and face pictures.
        Person = "person",
        /// A promise of bytes.
        Upload = "upload",
        /// Long work that a user watches.
        Task = "task",
    }
}

words! {
    /// What is done to it.
    OwnedOperation {
        /// Get it, list it, ask for what is in it.
        See = "see",
        /// Put something into it, or take something out.
        Fill = "fill",
        /// Rename it, delete it, say what stands for it.
        Change = "change",
    }
}

words! {
    /// What the caller is to it; the first that holds.
    OwnedStanding {
        /// Acts for the platform, over what belongs to the thing's organisation.
        Superuser = "superuser",
        /// Made it.
        Maker = "maker",
        /// Owner, admin or member of its organisation.
        Organization = "organisation",
        /// Anybody else with a credential.
        Stranger = "stranger",
        /// Without a credential.
        Anonymous = "anonymous",
    }
}

impl OwnedStanding {
    /// What `caller` is to what `owner` made, for `organization` if that is given.
    #[must_use]
    pub fn of(caller: &Caller, owner: Id<User>, organization: Option<Id<Organization>>) -> Self {
        let Some(member) = caller.member() else { return Self::Anonymous };
        if member.is_superuser_over(organization) {
            return Self::Superuser;
        }
        if member.user_id == owner {
            return Self::Maker;
        }
        match organization.and_then(|id| member.role_in(id)) {
            Some(_) => Self::Organization,
            None => Self::Stranger,
        }
    }
}

/// One row: a thing, and the standings that each operation is open to.
pub struct OwnedRule {
    /// The thing.
    pub thing: Owned,
    /// To whom it is open to see, to fill and to change.
    pub open_to: [&'static [OwnedStanding]; 3],
}

const MAKER: &[OwnedStanding] = &[OwnedStanding::Superuser, OwnedStanding::Maker];
const TEAM: &[OwnedStanding] =
    &[OwnedStanding::Superuser, OwnedStanding::Maker, OwnedStanding::Organization];

/// Who may do what to what is owned. ARCHITECTURE.md shows the same table; a test compares them.
pub const OWNED_RULES: &[OwnedRule] = &[
    //                       see    fill   change
    rule(Owned::Collection, [TEAM, TEAM, MAKER]),
    rule(Owned::Person, [TEAM, MAKER, MAKER]),
    rule(Owned::Upload, [MAKER, MAKER, MAKER]),
    rule(Owned::Task, [MAKER, MAKER, MAKER]),
];

const fn rule(thing: Owned, open_to: [&'static [OwnedStanding]; 3]) -> OwnedRule {
    OwnedRule { thing, open_to }
}

/// Whether somebody of this standing may do `operation` to `thing`. What he may not see is
/// [`Verdict::Hidden`].
#[must_use]
pub fn owned_verdict(thing: Owned, operation: OwnedOperation, standing: OwnedStanding) -> Verdict {
    let open_to = &OWNED_RULES[thing as usize].open_to;
    if !open_to[OwnedOperation::See as usize].contains(&standing) {
        return Verdict::Hidden;
    }
    match open_to[operation as usize].contains(&standing) {
        true => Verdict::Allowed,
        false => Verdict::Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_thing_once_in_order() {
        let rows: Vec<_> = OWNED_RULES.iter().map(|rule| rule.thing).collect();
        assert_eq!(rows, Owned::ALL);
    }

    #[test]
    fn what_is_owned_is_nothing_to_strangers() {
        for &thing in Owned::ALL {
            for &operation in OwnedOperation::ALL {
                for standing in [OwnedStanding::Stranger, OwnedStanding::Anonymous] {
                    assert_eq!(owned_verdict(thing, operation, standing), Verdict::Hidden);
                }
                let said = owned_verdict(thing, operation, OwnedStanding::Maker);
                assert_eq!(said, Verdict::Allowed);
            }
        }
    }

    #[test]
    fn teammates_fill_collections_and_change_nothing() {
        let team = OwnedStanding::Organization;
        let ask = |thing, operation| owned_verdict(thing, operation, team);
        assert_eq!(ask(Owned::Collection, OwnedOperation::Fill), Verdict::Allowed);
        assert_eq!(ask(Owned::Collection, OwnedOperation::Change), Verdict::Forbidden);
        assert_eq!(ask(Owned::Person, OwnedOperation::Fill), Verdict::Forbidden);
        assert_eq!(ask(Owned::Task, OwnedOperation::See), Verdict::Hidden);
    }
}
