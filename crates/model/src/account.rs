//! Who there is: users, organisations, memberships, credentials, and the caller of an operation.

use uuid::Uuid;

use crate::media::words;
use crate::{Id, Millis};

/// A person or a program with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifier.
    pub id: Id<User>,
    /// Unique without regard to case.
    pub email: String,
    /// Unique; what other people see.
    pub username: String,
    /// Full name, if given.
    pub name: Option<String>,
    /// Acts for the platform: may do everything.
    pub is_superuser: bool,
    /// A user who is not active cannot sign in, and his keys are not good.
    pub is_active: bool,
    /// Sessions of an older epoch are over.
    pub session_epoch: i64,
    /// When the account was made.
    pub created_at: Millis,
    /// When a credential of his was last seen, to the minute.
    pub last_active_at: Option<Millis>,
}

/// A group of users who share assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Identifier.
    pub id: Id<Organization>,
    /// Unique without regard to case.
    pub name: String,
    /// When it was made.
    pub created_at: Millis,
}

words! {
    /// What a member is in an organisation.
    Role {
        /// Uses what is shared.
        Member = "member",
        /// Also manages members.
        Admin = "admin",
        /// Also manages admins and owners, and the organisation itself.
        Owner = "owner",
    }
}

/// A user's place in an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub organization_id: Id<Organization>,
    /// The organisation's name.
    pub organization_name: String,
    /// Who.
    pub user_id: Id<User>,
    /// As what.
    pub role: Role,
    /// Since when.
    pub created_at: Millis,
}

words! {
    /// What a credential allows. Each includes only itself.
    Scope {
        /// See and list.
        Read = "read",
        /// Make and change.
        Write = "write",
        /// Manage users, organisations, members and keys.
        Admin = "admin",
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// Everything that the user himself may do.
    pub const ALL: Self = Self(0b111);
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Seeing only.
    pub const READ: Self = Self(0b001);

    /// The set of these.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, &scope| bits | 1 << scope as u8))
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Every scope of `self` is one of `other`.
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Those that are in the set, in the order of [`Scope::ALL`].
    #[must_use]
    pub fn list(self) -> Vec<Scope> {
        Scope::ALL.iter().copied().filter(|&scope| self.has(scope)).collect()
    }
}

/// A long-lived credential. The secret itself is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Identifier; the public half of the credential.
    pub id: Id<ApiKey>,
    /// Whose.
    pub user_id: Id<User>,
    /// Of all organisations, it acts for this one only. It still reaches whatever its user himself
    /// uploaded or made, elsewhere too.
    pub organization_id: Option<Id<Organization>>,
    /// What the owner calls it.
    pub name: String,
    /// The beginning of the token, to recognise it by.
    pub prefix: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Not good from then on.
    pub expires_at: Option<Millis>,
    /// To the minute.
    pub last_used_at: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
}

/// Who asks, as the core knows him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// No credential, or the public token: sees what is public.
    Anonymous,
    /// A user with a good credential.
    User(Member),
}

/// What the credential of a caller is bound to. No credential made with it reaches further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// An API key that, of all organisations, acts for this one only. It bounds what its user is to
    /// others' things; what he himself uploaded or made stays within its reach.
    pub organization_id: Option<Id<Organization>>,
    /// Not good from then on. A session has none: its password renews it.
    pub expires_at: Option<Millis>,
}

/// A user who asks, with all that authority depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: Id<User>,
    /// His public name.
    pub username: String,
    /// Acts for the platform.
    pub is_superuser: bool,
    /// What his credential allows.
    pub scopes: Scopes,
    /// The organisation that new shared things go to: the key's, else his oldest.
    pub active_organization: Option<Id<Organization>>,
    /// His places in organisations, oldest first; only the key's when a key is bound to one.
    pub organizations: Vec<(Id<Organization>, Role)>,
    /// What his credential is bound to.
    pub bounds: Bounds,
}

impl Caller {
    /// The operator at the command line, who may do everything and is no user.
    #[must_use]
    pub fn platform() -> Self {
        Self::User(Member {
            user_id: Id::new(Uuid::nil()),
            username: "platform".to_owned(),
            is_superuser: true,
            scopes: Scopes::ALL,
            active_organization: None,
            organizations: Vec::new(),
            bounds: Bounds::default(),
        })
    }

    /// The user, if one asks.
    #[must_use]
    pub const fn member(&self) -> Option<&Member> {
        match self {
            Self::Anonymous => None,
            Self::User(member) => Some(member),
        }
    }

    /// What limits and logs count by: the user's id, or `anonymous`.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User(member) => member.user_id.to_string(),
        }
    }
}

impl Member {
    /// What he is in `organization`.
    #[must_use]
    pub fn role_in(&self, organization: Id<Organization>) -> Option<Role> {
        self.organizations.iter().find(|(id, _)| *id == organization).map(|(_, role)| *role)
    }

    /// Whether he acts for the platform over what belongs to `organization`: a superuser's
    /// credential that is bound to an organisation is a superuser's there only.
    #[must_use]
    pub fn is_superuser_over(&self, organization: Option<Id<Organization>>) -> bool {
        let bound = self.bounds.organization_id;
        self.is_superuser && bound.is_none_or(|bound| organization == Some(bound))
    }

    /// Whether it is the operator at the command line.
    #[must_use]
    pub const fn is_platform(&self) -> bool {
        self.user_id.uuid().is_nil()
    }
}
