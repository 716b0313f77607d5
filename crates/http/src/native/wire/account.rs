//! Users, organisations, members, sessions.

use backlot_library::accounts::{NewUser, OrganizationMember, Profile, Session, UserUpdate};
use backlot_library::secret::Secret;
use backlot_model::Millis;
use backlot_model::account::{Membership, Organization, User};
use backlot_model::clock::SECOND_MS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::word::{RoleWord, Word};
use super::{at, present};

/// A person or a program with an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User, example = json!({
    "id": "0190f2c4-0000-7000-8000-000000000001", "email": "ada@example.com", "username": "ada",
    "full_name": "Ada Lovelace", "is_active": true, "is_superuser": false,
    "created_at": "2026-01-15T10:30:00.000Z", "last_active_at": null
}))]
pub(in crate::native) struct UserBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique without regard to case.
    email: String,
    /// Unique; what other people see.
    username: String,
    /// As the user wants to be called.
    full_name: Option<String>,
    /// Whether the user may sign in, and his keys are good.
    is_active: bool,
    /// Whether the user acts for the platform.
    is_superuser: bool,
    /// When the account was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When a credential of his was last seen, to the minute.
    #[schema(format = DateTime)]
    last_active_at: Option<String>,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        let User {
            id,
            email,
            username,
            name,
            is_superuser,
            is_active,
            session_epoch: _,
            created_at,
            last_active_at,
        } = user;
        Self {
            id: id.to_string(),
            email,
            username,
            full_name: name,
            is_active,
            is_superuser,
            created_at: at(created_at),
            last_active_at: last_active_at.map(at),
        }
    }
}

/// A user and where he belongs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Profile)]
pub(in crate::native) struct ProfileBody {
    #[serde(flatten)]
    user: UserBody,
    /// His organisations, oldest membership first.
    organizations: Vec<MembershipBody>,
}

impl From<Profile> for ProfileBody {
    fn from(profile: Profile) -> Self {
        let Profile { user, memberships } = profile;
        let organizations = memberships.into_iter().map(MembershipBody::from).collect();
        Self { user: user.into(), organizations }
    }
}

/// A user's place in an organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Membership, example = json!({
    "organization_id": "0190f2c4-0000-7000-8000-0000000000aa", "organization_name": "Studio",
    "role": "member", "joined_at": "2026-01-15T10:30:00.000Z"
}))]
pub(in crate::native) struct MembershipBody {
    /// Where.
    #[schema(format = Uuid)]
    organization_id: String,
    /// The organisation's name.
    organization_name: String,
    /// As what.
    role: RoleWord,
    /// Since when.
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<Membership> for MembershipBody {
    fn from(membership: Membership) -> Self {
        let Membership { organization_id, organization_name, user_id: _, role, created_at } =
            membership;
        Self {
            organization_id: organization_id.to_string(),
            organization_name,
            role: Word(role),
            joined_at: at(created_at),
        }
    }
}

/// A group of users who share assets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization, example = json!({
    "id": "0190f2c4-0000-7000-8000-0000000000aa", "name": "Studio",
    "created_at": "2026-01-15T10:30:00.000Z"
}))]
pub(in crate::native) struct OrganizationBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique without regard to case.
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Organization> for OrganizationBody {
    fn from(organization: Organization) -> Self {
        let Organization { id, name, created_at } = organization;
        Self { id: id.to_string(), name, created_at: at(created_at) }
    }
}

/// A member, as his fellows see him.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member, example = json!({
    "user_id": "0190f2c4-0000-7000-8000-000000000001", "username": "ada",
    "email": "ada@example.com", "full_name": null, "role": "admin",
    "joined_at": "2026-01-15T10:30:00.000Z"
}))]
pub(in crate::native) struct MemberBody {
    /// Who.
    #[schema(format = Uuid)]
    user_id: String,
    /// What other people see.
    username: String,
    /// His e-mail address.
    email: String,
    /// As the user wants to be called.
    full_name: Option<String>,
    /// As what.
    role: RoleWord,
    /// Since when.
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<OrganizationMember> for MemberBody {
    fn from(member: OrganizationMember) -> Self {
        let OrganizationMember { membership, username, email, name } = member;
        let Membership { organization_id: _, organization_name: _, user_id, role, created_at } =
            membership;
        Self {
            user_id: user_id.to_string(),
            username,
            email,
            full_name: name,
            role: Word(role),
            joined_at: at(created_at),
        }
    }
}

/// An organisation's name.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Studio"}))]
pub(in crate::native) struct OrganizationName {
    /// Unique without regard to case.
    #[schema(min_length = 1, max_length = 255)]
    pub(in crate::native) name: String,
}

/// Who becomes a member, and as what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"user": "ada@example.com", "role": "member"}))]
pub(in crate::native) struct NewMember {
    /// His e-mail address or username.
    pub(in crate::native) user: String,
    /// As what.
    pub(in crate::native) role: RoleWord,
}

/// What a member becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"role": "admin"}))]
pub(in crate::native) struct RoleChange {
    /// As what.
    pub(in crate::native) role: RoleWord,
}

/// A user to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = NewUser, example = json!({"email": "ada@example.com", "password": "correct horse battery"}))]
pub(in crate::native) struct NewUserBody {
    /// Unique without regard to case.
    #[schema(max_length = 254)]
    email: String,
    /// Unique without regard to case; made from the e-mail when absent.
    #[serde(default)]
    #[schema(max_length = 64)]
    username: Option<String>,
    /// As the user wants to be called.
    #[serde(default)]
    #[schema(max_length = 255)]
    full_name: Option<String>,
    /// 8 to 256 characters. Without one he cannot sign in, but may have API keys.
    #[serde(default, skip_serializing)]
    #[schema(min_length = 8, max_length = 256)]
    password: Option<String>,
    /// Acts for the platform.
    #[serde(default)]
    is_superuser: bool,
}

impl From<NewUserBody> for NewUser {
    fn from(body: NewUserBody) -> Self {
        let NewUserBody { email, username, full_name, password, is_superuser } = body;
        Self { email, username, name: full_name, password: password.map(Secret::new), is_superuser }
    }
}

/// What to change of a user. What is absent stays; null clears what can be null.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"full_name": "Ada King"}))]
pub(in crate::native) struct UserChange {
    /// Unique without regard to case.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Unique without regard to case.
    #[schema(max_length = 64)]
    username: Option<String>,
    /// As the user wants to be called.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    full_name: Option<Option<String>>,
}

impl From<UserChange> for UserUpdate {
    fn from(change: UserChange) -> Self {
        let UserChange { email, username, full_name } = change;
        Self { email, username, name: full_name }
    }
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "current_password": "correct horse battery", "new_password": "staple correct horse"
}))]
pub(in crate::native) struct PasswordChange {
    /// The present one; needed for one's own.
    #[serde(default)]
    pub(in crate::native) current_password: Option<String>,
    /// 8 to 256 characters.
    #[schema(min_length = 8, max_length = 256)]
    pub(in crate::native) new_password: String,
}

/// Whether a user may sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"is_active": false}))]
pub(in crate::native) struct ActiveChange {
    /// Whether the user may sign in, and his keys are good.
    pub(in crate::native) is_active: bool,
}

/// Whether a user acts for the platform.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"is_superuser": true}))]
pub(in crate::native) struct SuperuserChange {
    /// Whether the user acts for the platform.
    pub(in crate::native) is_superuser: bool,
}

/// The credentials of one who signs in.
#[derive(ToSchema)]
#[schema(example = json!({"username": "ada@example.com", "password": "correct horse battery"}))]
#[expect(dead_code, reason = "only described: it comes as a form")]
pub(in crate::native) struct LoginForm {
    /// E-mail address or username.
    #[schema(min_length = 1)]
    username: String,
    /// The password.
    #[schema(format = Password, min_length = 1)]
    password: String,
}

/// What goes on with a session.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RefreshToken, example = json!({"refresh_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2ln"}))]
pub(in crate::native) struct RefreshBody {
    /// As it was given with the access token; good once.
    pub(in crate::native) refresh_token: String,
}

/// A session that began or went on.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2ln", "token_type": "bearer",
    "expires_in": 3600,
    "refresh_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2ln",
    "refresh_expires_in": 2592000
}))]
pub(in crate::native) struct SessionBody {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
    /// For one new session.
    refresh_token: String,
    /// In seconds.
    refresh_expires_in: i64,
}

impl SessionBody {
    /// The session as it is told at `now`.
    pub(in crate::native) fn of(session: Session, now: Millis) -> Self {
        let Session {
            user: _,
            memberships: _,
            access_token,
            access_expires_at,
            refresh_token,
            refresh_expires_at,
        } = session;
        // Ends are whole seconds; what is left of the present one counts.
        let seconds = |end: Millis| (end - now + SECOND_MS - 1).div_euclid(SECOND_MS);
        Self {
            access_token: access_token.expose().to_owned(),
            token_type: "bearer",
            expires_in: seconds(access_expires_at),
            refresh_token: refresh_token.expose().to_owned(),
            refresh_expires_in: seconds(refresh_expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_part_of_what_a_call_is_known_by() {
        let body = r#"{"email":"a@b.c","password":"correct horse"}"#;
        let body: NewUserBody = serde_json::from_str(body).unwrap();
        assert!(!serde_json::json!(body).to_string().contains("horse"));
        assert_eq!(NewUser::from(body).password.unwrap().expose(), "correct horse");
    }

    #[test]
    fn a_full_name_can_be_cleared() {
        let change =
            |json: &str| UserUpdate::from(serde_json::from_str::<UserChange>(json).unwrap());
        assert_eq!(change("{}").name, None);
        assert_eq!(change(r#"{"full_name":null}"#).name, Some(None));
        assert_eq!(change(r#"{"full_name":"A"}"#).name, Some(Some("A".to_owned())));
    }
}
