//! API keys.

use backlot_library::accounts::{CreatedKey, KeyChange, NewKey};
use backlot_model::Fault;
use backlot_model::account::{ApiKey, Scope, Scopes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::word::{ScopeWord, Word};
use super::{at, optional_id_at, present, time_at};

/// A long-lived credential.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey, example = json!({
    "id": "0190f2c4-c000-7d1b-8a55-0c2f6b0f4a11", "user_id": "0190f2c4-0000-7000-8000-000000000001",
    "organization_id": null, "name": "render farm", "prefix": "bk_0190f2c4c000", "scopes": ["read", "write"],
    "expires_at": null, "last_used_at": null, "created_at": "2026-01-15T10:30:00.000Z"
}))]
pub(in crate::native) struct KeyBody {
    /// Identifier; the user name of HTTP Basic.
    #[schema(format = Uuid)]
    id: String,
    /// Whose.
    #[schema(format = Uuid)]
    user_id: String,
    /// Of all organisations, it acts for this one only. It still reaches whatever its user himself
    /// uploaded or made, elsewhere too.
    #[schema(format = Uuid)]
    organization_id: Option<String>,
    /// What the owner calls it.
    name: String,
    /// The beginning of the token, to recognise it by.
    prefix: String,
    /// What it allows.
    scopes: Vec<ScopeWord>,
    /// Not good from then on.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<ApiKey> for KeyBody {
    fn from(key: ApiKey) -> Self {
        let ApiKey {
            id,
            user_id,
            organization_id,
            name,
            prefix,
            scopes,
            expires_at,
            last_used_at,
            created_at,
        } = key;
        Self {
            id: id.to_string(),
            user_id: user_id.to_string(),
            organization_id: organization_id.map(|id| id.to_string()),
            name,
            prefix,
            scopes: scopes.list().into_iter().map(Word).collect(),
            expires_at: expires_at.map(at),
            last_used_at: last_used_at.map(at),
            created_at: at(created_at),
        }
    }
}

/// A new key with its secret, which is shown once: a repeated answer has neither secret nor token.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedApiKey)]
pub(in crate::native) struct CreatedKeyBody {
    #[serde(flatten)]
    key: KeyBody,
    /// The password of HTTP Basic; null in a repeated answer.
    secret: Option<String>,
    /// For `Authorization: Bearer` and `x-api-key`; null in a repeated answer.
    token: Option<String>,
}

impl From<CreatedKey> for CreatedKeyBody {
    fn from(created: CreatedKey) -> Self {
        let CreatedKey { key, secret, token } = created;
        let (secret, token) = (secret.expose().to_owned(), token.expose().to_owned());
        Self { key: key.into(), secret: Some(secret), token: Some(token) }
    }
}

impl CreatedKeyBody {
    /// What is kept of the answer: a secret is stored nowhere.
    pub(in crate::native) fn without_secret(key: ApiKey) -> Self {
        Self { key: key.into(), secret: None, token: None }
    }
}

/// A key to be made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = NewApiKey, example = json!({"name": "render farm", "scopes": ["read", "write"]}))]
pub(in crate::native) struct NewKeyBody {
    /// What the owner calls it.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it allows; if absent, what the credential it is made with allows.
    #[serde(default)]
    scopes: Option<Vec<ScopeWord>>,
    /// Not good from then on; if absent, as the credential it is made with.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Of all organisations, it acts for this one only; if absent, as the credential it is made with.
    /// It still reaches whatever its user himself uploaded or made, elsewhere too.
    #[serde(default)]
    organization_id: Option<String>,
    /// Whose, for superusers; the caller's own if absent.
    #[serde(default)]
    pub(in crate::native) user_id: Option<String>,
}

impl NewKeyBody {
    /// The key as the library knows it.
    pub(in crate::native) fn into_new(self) -> Result<NewKey, Fault> {
        let Self { name, scopes, expires_at, organization_id, user_id: _ } = self;
        let time = |raw: String| time_at("body.expires_at", &raw);
        Ok(NewKey {
            name,
            scopes: scopes.as_deref().map(set_of),
            expires_at: expires_at.map(time).transpose()?,
            organization_id: optional_id_at("body.organization_id", organization_id.as_deref())?,
        })
    }
}

/// What to change of a key. What is absent stays; null lets it live for ever.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ApiKeyChange, example = json!({"name": "old render farm", "scopes": ["read"]}))]
pub(in crate::native) struct KeyChangeBody {
    /// What the owner calls it.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// What it allows.
    scopes: Option<Vec<ScopeWord>>,
    /// Not good from then on.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<String>>,
}

impl KeyChangeBody {
    /// The change as the library knows it.
    pub(in crate::native) fn into_change(self) -> Result<KeyChange, Fault> {
        let Self { name, scopes, expires_at } = self;
        let time = |raw: String| time_at("body.expires_at", &raw);
        let expires_at = expires_at.map(|end| end.map(time).transpose()).transpose()?;
        Ok(KeyChange { name, scopes: scopes.as_deref().map(set_of), expires_at })
    }
}

fn set_of(words: &[ScopeWord]) -> Scopes {
    let scopes: Vec<Scope> = words.iter().map(|word| word.0).collect();
    Scopes::of(&scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(json: &str) -> Result<KeyChange, Fault> {
        serde_json::from_str::<KeyChangeBody>(json).unwrap().into_change()
    }

    #[test]
    fn an_expiry_can_be_set_cleared_and_left() {
        assert_eq!(change("{}").unwrap().expires_at, None);
        assert_eq!(change(r#"{"expires_at":null}"#).unwrap().expires_at, Some(None));
        let set = change(r#"{"expires_at":"2026-01-01T00:00:00Z","scopes":["read"]}"#).unwrap();
        assert_eq!(set.expires_at, Some(Some(1_767_225_600_000)));
        assert_eq!(set.scopes, Some(Scopes::READ));
        let fault = change(r#"{"expires_at":"soon"}"#).unwrap_err();
        assert_eq!(fault.fields[0].path, ["body", "expires_at"]);
    }
}
