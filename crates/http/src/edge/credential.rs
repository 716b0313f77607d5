//! Finds the credential in a request.
//!
//! Owns: the places and forms in which clients send one; all of them work for every dialect.
//! Never: decides whether a credential is good (the library does), logs or shows one.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use backlot_model::{Fault, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

use crate::edge::dialect::Refusal;
use crate::edge::request::RequestContext;

/// The header that may carry a bare API key.
pub const API_KEY: &str = "x-api-key";
/// The whole `Authorization` value of one who asks for public things only.
pub const PUBLIC_TOKEN: &str = "public-auth-token";
const CREDENTIAL_BYTES_MAX: usize = 8 << 10;
const BASIC: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a request carries to say who asks. `Debug` shows the form only.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: the anonymous public.
    None,
    /// `Authorization: Bearer …`: a session token (JWT) or an API key.
    Bearer(String),
    /// `x-api-key: …`.
    ApiKey(String),
    /// `Authorization: Basic …`: key id and key secret; at a login, e-mail and password.
    Basic {
        /// Before the first colon.
        user: String,
        /// After it; may hold colons, may be empty.
        password: String,
    },
    /// `Authorization: public-auth-token`: public things only.
    PublicToken,
}

impl Credential {
    /// Finds the credential. `Authorization` wins over `x-api-key`, whatever it holds.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] when there is one that cannot be read; it is never taken for none.
    pub fn find(headers: &HeaderMap) -> Result<Self, Fault> {
        if let Some(value) = single(headers, header::AUTHORIZATION.as_str())? {
            return authorization(value);
        }
        match single(headers, API_KEY)? {
            Some(value) => Ok(Self::ApiKey(token(value)?.to_owned())),
            None => Ok(Self::None),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(…)",
            Self::ApiKey(_) => "ApiKey(…)",
            Self::Basic { .. } => "Basic(…)",
            Self::PublicToken => "PublicToken",
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Credential {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        Ok(Self::find(&parts.headers)?)
    }
}

fn authorization(value: &str) -> Result<Credential, Fault> {
    if value.eq_ignore_ascii_case(PUBLIC_TOKEN) {
        return Ok(Credential::PublicToken);
    }
    let (scheme, rest) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Credential::Bearer(token(rest)?.to_owned())),
        "basic" => basic(rest.trim()),
        _ => Err(malformed("`Authorization` must be `Bearer <token or key>` or `Basic …`")),
    }
}

fn basic(encoded: &str) -> Result<Credential, Fault> {
    let wrong = || malformed("`Authorization: Basic` must carry base64 of `id:secret`");
    let decoded = BASIC.decode(encoded).or_else(|_| general_purpose::URL_SAFE.decode(encoded));
    let decoded = String::from_utf8(decoded.map_err(|_| wrong())?).map_err(|_| wrong())?;
    let (user, password) = decoded.split_once(':').ok_or_else(wrong)?;
    if user.is_empty() || decoded.contains('\0') {
        return Err(wrong());
    }
    Ok(Credential::Basic { user: user.to_owned(), password: password.to_owned() })
}

/// One run of visible characters, as tokens and keys are.
fn token(raw: &str) -> Result<&str, Fault> {
    let raw = raw.trim();
    if raw.is_empty() || !raw.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed("the credential must be one word without blanks"));
    }
    Ok(raw)
}

fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Fault> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed("more than one credential of the same kind was sent"));
    }
    text(value).map(Some)
}

fn text(value: &HeaderValue) -> Result<&str, Fault> {
    let text = value.to_str().map_err(|_| malformed("the credential is not plain ASCII"))?.trim();
    match text.len() {
        0 => Err(malformed("the credential is empty")),
        1..=CREDENTIAL_BYTES_MAX => Ok(text),
        _ => Err(malformed("the credential is too long")),
    }
}

fn malformed(message: &str) -> Fault {
    Fault::new(Kind::Unauthenticated, "bad-credentials", message)
}

/// Turns a credential into a caller. The application state implements it over the library.
pub trait Authenticate: Clone + Send + Sync + 'static {
    /// Who asks: authenticated, or the anonymous public.
    type Caller: Send + 'static;

    /// Decides who asks, and notes it with [`RequestContext::note_caller`].
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] for a credential that is not good.
    fn authenticate(
        &self,
        credential: Credential,
        context: &RequestContext,
    ) -> impl Future<Output = Result<Self::Caller, Fault>> + Send;
}

/// Extracts who asks. Refuses before the body is read.
#[derive(Debug)]
pub struct Caller<C>(pub C);

impl<S: Authenticate> FromRequestParts<S> for Caller<S::Caller> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let credential = Credential::find(&parts.headers)?;
        let context = RequestContext::of(&parts.extensions, &parts.method);
        Ok(Self(state.authenticate(credential, &context).await?))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn find(pairs: &[(&'static str, &str)]) -> Result<Credential, Fault> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        Credential::find(&headers)
    }

    #[test]
    fn every_form_is_found() {
        let basic = |user: &str, password: &str| Credential::Basic {
            user: user.to_owned(),
            password: password.to_owned(),
        };
        let bearer = Credential::Bearer("abc.def".to_owned());
        let key = Credential::ApiKey("bk_1".to_owned());
        assert_eq!(find(&[]).unwrap(), Credential::None);
        for (value, expected) in [
            ("Bearer abc.def", &bearer),
            ("bearer   abc.def ", &bearer),
            ("Basic aWQ6c2VjcmV0", &basic("id", "secret")),
            ("basic aWQ6czpl", &basic("id", "s:e")),
            ("Basic YTo", &basic("a", "")),
            ("Basic YTo=", &basic("a", "")),
            ("public-auth-token", &Credential::PublicToken),
        ] {
            assert_eq!(&find(&[("authorization", value)]).unwrap(), expected, "{value}");
        }
        assert_eq!(find(&[("x-api-key", "bk_1")]).unwrap(), key);
        let both = [("x-api-key", "bk_1"), ("authorization", "Bearer abc.def")];
        assert_eq!(find(&both).unwrap(), bearer);
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_never_anonymous() {
        let long = format!("Bearer {}", "x".repeat(CREDENTIAL_BYTES_MAX));
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer é",
            "Basic",
            "Basic ###",
            "Basic aWQ=",
            "Basic OnNlY3JldA==",
            "Basic /wE6",
            "Digest username=x",
            "bk_bare",
            &long,
        ] {
            let fault = find(&[("authorization", value)]).unwrap_err();
            assert_eq!((fault.kind, fault.code), (Kind::Unauthenticated, "bad-credentials"));
        }
        assert!(find(&[("x-api-key", "")]).is_err());
        assert!(find(&[("x-api-key", "a"), ("x-api-key", "b")]).is_err());
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        assert!(find(&twice).is_err());
    }

    #[test]
    fn no_secret_is_shown() {
        for credential in [
            find(&[("authorization", "Bearer hush")]).unwrap(),
            find(&[("x-api-key", "hush")]).unwrap(),
            Credential::Basic { user: "hush".to_owned(), password: "hush".to_owned() },
        ] {
            assert!(!format!("{credential:?}").contains("hush"));
        }
    }
}
