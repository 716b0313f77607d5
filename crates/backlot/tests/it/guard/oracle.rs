//! The rules of ARCHITECTURE.md in plain words: who may do what to an asset, and what is listed
//! for whom. Written from the sentences, never from the table that the library asks.

use backlot_model::asset::Visibility;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Superuser,
    /// Uploaded most things; a member of both organisations.
    Uploader,
    /// Of the studio, as are the next two.
    Owner,
    Admin,
    Member,
    /// A member of the other organisation only.
    Outsider,
    /// A member of none.
    Stranger,
    Anonymous,
}

pub(super) const EVERYBODY: [Who; 8] = [
    Who::Superuser,
    Who::Uploader,
    Who::Owner,
    Who::Admin,
    Who::Member,
    Who::Outsider,
    Who::Stranger,
    Who::Anonymous,
];

/// An organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Studio,
    Elsewhere,
}

/// What he shows to say who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paper {
    /// A JWT from a login.
    Session,
    /// A JWT for programs.
    LongToken,
    /// An API key that may do everything, in each of its places.
    KeyAsBearer,
    KeyInHeader,
    KeyAsBasic,
    /// Keys of one scope.
    ReadOnly,
    WriteOnly,
    AdminOnly,
    /// A key bound to an organisation.
    BoundTo(Place),
    Expired,
    Revoked,
    /// One that was never given out.
    Forged,
    /// `public-auth-token`.
    PublicToken,
    Nothing,
}

impl Who {
    /// The organisations he is in.
    pub(super) fn places(self) -> &'static [Place] {
        match self {
            Self::Uploader => &[Place::Studio, Place::Elsewhere],
            Self::Owner | Self::Admin | Self::Member => &[Place::Studio],
            Self::Outsider => &[Place::Elsewhere],
            Self::Superuser | Self::Stranger | Self::Anonymous => &[],
        }
    }

    /// What he may have to show. A superuser may have keys bound to any organisation.
    pub(super) fn papers(self) -> Vec<Paper> {
        use Paper::{
            AdminOnly, BoundTo, Expired, Forged, KeyAsBasic, KeyAsBearer, KeyInHeader, LongToken,
            Nothing, PublicToken, ReadOnly, Revoked, Session, WriteOnly,
        };
        if self == Self::Anonymous {
            return vec![Nothing, PublicToken, Forged];
        }
        let mut papers = vec![
            Session,
            LongToken,
            KeyAsBearer,
            KeyInHeader,
            KeyAsBasic,
            ReadOnly,
            WriteOnly,
            AdminOnly,
            Expired,
            Revoked,
        ];
        let bound = match self {
            Self::Superuser => &[Place::Studio, Place::Elsewhere],
            other => other.places(),
        };
        papers.extend(bound.iter().map(|place| BoundTo(*place)));
        papers
    }
}

/// What is done to an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    See,
    Copy,
    Collect,
    Change,
    SetVisibility,
    Delete,
    Restore,
}

pub(super) const ACTS: [Act; 7] =
    [Act::See, Act::Copy, Act::Collect, Act::Change, Act::SetVisibility, Act::Delete, Act::Restore];

/// An asset, as far as authority goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thing {
    /// The uploader or the superuser.
    pub(super) by: Who,
    pub(super) visibility: Visibility,
    pub(super) place: Option<Place>,
    pub(super) is_deleted: bool,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// He may, but there is no deletion to undo.
    NotDeleted,
    /// As for what does not exist.
    Unknown,
    Forbidden,
    NeedsScope,
    NeedsCredential,
    BadCredential,
}

/// Somebody with something to show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) who: Who,
    pub(super) paper: Paper,
}

impl Asker {
    /// Whether what he shows is good for anything.
    pub(super) fn is_believed(self) -> bool {
        !matches!(self.paper, Paper::Expired | Paper::Revoked | Paper::Forged)
    }

    fn is_anonymous(self) -> bool {
        self.who == Who::Anonymous
    }

    /// A bound credential is in no organisation but its own.
    fn is_in(self, place: Place) -> bool {
        let bound_elsewhere = matches!(self.paper, Paper::BoundTo(bound) if bound != place);
        !bound_elsewhere && self.who.places().contains(&place)
    }

    fn reads(self) -> bool {
        !matches!(self.paper, Paper::WriteOnly | Paper::AdminOnly)
    }

    fn writes(self) -> bool {
        !matches!(self.paper, Paper::ReadOnly | Paper::AdminOnly)
    }

    /// A superuser's credential that is bound to an organisation is a superuser's there only.
    fn is_superuser_over(self, thing: Thing) -> bool {
        let reaches = match self.paper {
            Paper::BoundTo(place) => thing.place == Some(place),
            _ => true,
        };
        self.who == Who::Superuser && reaches
    }

    pub(super) fn is_superuser_everywhere(self) -> bool {
        self.who == Who::Superuser && !matches!(self.paper, Paper::BoundTo(_))
    }

    /// “Seeing: the uploader; members of its organisation when shared; anybody with a credential
    /// when unlisted; everyone when public; superusers all.”
    fn may_see(self, thing: Thing) -> bool {
        if self.is_superuser_over(thing) || self.who == thing.by {
            return true;
        }
        match thing.visibility {
            Visibility::Private => false,
            Visibility::Shared => thing.place.is_some_and(|place| self.is_in(place)),
            Visibility::Unlisted => !self.is_anonymous(),
            Visibility::Public => true,
        }
    }

    /// “Changing: the uploader and superusers. Copying and collecting: whoever has a credential
    /// and sees it.”
    fn may(self, act: Act, thing: Thing) -> bool {
        match act {
            Act::See => self.may_see(thing),
            Act::Copy | Act::Collect => !self.is_anonymous() && self.may_see(thing),
            Act::Change | Act::SetVisibility | Act::Delete | Act::Restore => {
                self.is_superuser_over(thing) || self.who == thing.by
            }
        }
    }

    /// “The credential must carry the operation's scope”; who has none needs none to see.
    fn has_scope(self, act: Act) -> bool {
        match act {
            Act::See => self.is_anonymous() || self.reads(),
            _ => self.writes(),
        }
    }

    /// What comes of doing `act` to `thing`.
    pub(super) fn outcome(self, act: Act, thing: Thing) -> Outcome {
        if !self.is_believed() {
            return Outcome::BadCredential;
        }
        // A collection is somebody's: that is asked before what is put into it.
        if act == Act::Collect && self.is_anonymous() {
            return Outcome::NeedsCredential;
        }
        if act == Act::Collect && !self.writes() {
            return Outcome::NeedsScope;
        }
        // What is deleted is there only for who may bring it back, and only to bring it back.
        let is_gone = thing.is_deleted && !(act == Act::Restore && self.may(act, thing));
        if is_gone || !self.may_see(thing) {
            return Outcome::Unknown;
        }
        if !self.may(act, thing) {
            let anonymous = self.is_anonymous();
            return if anonymous { Outcome::NeedsCredential } else { Outcome::Forbidden };
        }
        if !self.has_scope(act) {
            return Outcome::NeedsScope;
        }
        if act == Act::Restore && !thing.is_deleted {
            return Outcome::NotDeleted;
        }
        Outcome::Done
    }

    /// “An asset is listed in exactly one scope: the platform's, its organisation's when shared or
    /// public there, or its uploader's.” Told without superusers' own listing of everything.
    pub(super) fn finds_as_user(self, thing: Thing) -> bool {
        let is_public = thing.visibility == Visibility::Public;
        if is_public && thing.by == Who::Superuser {
            return true;
        }
        let is_placed = is_public || thing.visibility == Visibility::Shared;
        match thing.place.filter(|_| is_placed) {
            // A superuser's bound key lists the organisation that it acts for.
            Some(place) => {
                let acts_for = self.who == Who::Superuser && self.paper == Paper::BoundTo(place);
                acts_for || self.is_in(place)
            }
            None => self.who == thing.by,
        }
    }

    /// Whether `thing`, in its state, is in the caller's listing of live or of deleted assets.
    pub(super) fn finds(self, thing: Thing) -> bool {
        if self.is_superuser_everywhere() {
            return true;
        }
        // What is deleted is listed for its uploader, who may bring it back.
        (!thing.is_deleted || self.who == thing.by) && self.finds_as_user(thing)
    }

    /// Whether he may list at all.
    pub(super) fn lists(self) -> Outcome {
        if !self.is_believed() {
            return Outcome::BadCredential;
        }
        if self.is_anonymous() {
            return Outcome::NeedsCredential;
        }
        if self.reads() { Outcome::Done } else { Outcome::NeedsScope }
    }
}
