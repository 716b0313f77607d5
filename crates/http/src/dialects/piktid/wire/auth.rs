//! Sessions, users, tokens.

use backlot_library::accounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use super::listing::Pagination;
use crate::dialects::piktid::lifetime::Lifetime;
use crate::edge::time;

/// Two tokens and how long they live.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Session)]
pub(in crate::dialects::piktid) struct Session {
    /// For calls, as `Authorization: Bearer …`.
    token: String,
    #[schema(format = DateTime, example = "2024-01-15T11:30:00.000000+00:00")]
    expiration_date: String,
    /// For one new session.
    refresh_token: String,
    #[schema(format = DateTime, example = "2024-02-14T10:30:00.000000+00:00")]
    refresh_expiration: String,
}

impl From<&accounts::Session> for Session {
    fn from(session: &accounts::Session) -> Self {
        Self {
            token: session.access_token.expose().to_owned(),
            expiration_date: time::to_micros_offset(session.access_expires_at),
            refresh_token: session.refresh_token.expose().to_owned(),
            refresh_expiration: time::to_micros_offset(session.refresh_expires_at),
        }
    }
}

/// A session and whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Login)]
pub(in crate::dialects::piktid) struct Login {
    #[serde(flatten)]
    session: Session,
    user: User,
}

impl From<accounts::Session> for Login {
    fn from(session: accounts::Session) -> Self {
        Self { session: (&session).into(), user: User::new(session) }
    }
}

/// A user. What Backlot does not know of its users is 0, empty or null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::User)]
pub(in crate::dialects::piktid) struct User {
    #[schema(example = "anna")]
    username: String,
    #[schema(example = "anna@example.com")]
    email: String,
    /// The first word of the full name.
    #[schema(example = "Anna")]
    name: String,
    /// The rest of it.
    #[schema(example = "Rossi")]
    surname: String,
    verified: bool,
    credits: u64,
    contract: &'static str,
    affiliation: &'static str,
    #[schema(required)]
    address: Option<String>,
    #[schema(required)]
    country: Option<String>,
    #[schema(required)]
    vat_num: Option<String>,
    /// The names of his organisations, oldest membership first.
    #[schema(example = json!(["Acme"]))]
    groups: Vec<String>,
    #[schema(format = DateTime, example = "2024-01-15T10:30:00.000000+00:00")]
    last_active: String,
}

impl User {
    fn new(session: accounts::Session) -> Self {
        let accounts::Session { user, memberships, .. } = session;
        let full = user.name.unwrap_or_default();
        let (name, surname) = full.split_once(' ').unwrap_or((&full, ""));
        Self {
            username: user.username,
            email: user.email,
            name: name.to_owned(),
            surname: surname.trim_start().to_owned(),
            verified: user.is_active,
            credits: 0,
            contract: "",
            affiliation: "",
            address: None,
            country: None,
            vat_num: None,
            groups: memberships.into_iter().map(|it| it.organization_name).collect(),
            last_active: time::to_micros_offset(user.last_active_at.unwrap_or(user.created_at)),
        }
    }
}

/// A refresh token to use up.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = piktid::RefreshRequest)]
pub(in crate::dialects::piktid) struct RefreshRequest {
    /// As it was given with the session; good once.
    #[schema(example = "bkr_01932b6e7a407cc19b5e3f1f6a0b9c2d_c2ln")]
    pub(in crate::dialects::piktid) refresh_token: String,
}

/// An API token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = piktid::TokenRequest)]
pub(in crate::dialects::piktid) struct TokenRequest {
    #[schema(schema_with = expiration)]
    pub(in crate::dialects::piktid) expiration: Lifetime,
}

fn expiration() -> Schema {
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(3_600))
        .maximum(Some(126_230_400));
    let duration = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^P([0-9]+[YMWD]|T[0-9]+[HMS])"));
    let either = OneOfBuilder::new().item(seconds).item(duration);
    let said = "An hour to four years: seconds, or an ISO 8601 duration.";
    either.description(Some(said)).examples([serde_json::Value::from("P30D")]).build().into()
}

/// A new API token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::IssuedToken)]
pub(in crate::dialects::piktid) struct IssuedToken {
    token: String,
    #[schema(format = DateTime, example = "2024-02-14T10:30:00.000000+00:00")]
    expiration_date: String,
}

impl From<accounts::IssuedToken> for IssuedToken {
    fn from(issued: accounts::IssuedToken) -> Self {
        Self {
            token: issued.token.expose().to_owned(),
            expiration_date: time::to_micros_offset(issued.expires_at),
        }
    }
}

/// A page of API tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::TokenPage)]
pub(in crate::dialects::piktid) struct TokenPage {
    pub(in crate::dialects::piktid) pagination: Pagination,
    pub(in crate::dialects::piktid) tokens: Vec<TokenEntry>,
}

/// An API token, without the token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::TokenEntry)]
pub(in crate::dialects::piktid) struct TokenEntry {
    #[schema(example = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d")]
    token_id: String,
    #[schema(format = DateTime, example = "2024-02-14T10:30:00.000000+00:00")]
    expiration_date: String,
}

impl From<accounts::Token> for TokenEntry {
    fn from(token: accounts::Token) -> Self {
        Self {
            token_id: token.id.to_string(),
            expiration_date: time::to_micros_offset(token.expires_at),
        }
    }
}
