//! JSON Web Tokens: the sessions of users who logged in.
//!
//! There is one algorithm, HS256, and one header a key: a token whose header is not, byte for
//! byte, the one we write is refused before anything in it is read, so there is no algorithm to
//! confuse. Only what a verified code covers is parsed. Time is the caller's.
//!
//! Never: whether the user still exists, or the session has been ended; the claims' `epoch` and
//! `token_id` are there so that the accounts can say.

use backlot_model::account::User;
use backlot_model::clock::SECOND_MS;
use backlot_model::{Fault, Id, Kind, Millis};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{SigningKey, SigningKeys};

const JWT: &str = "jwt";

/// A token that is longer is not one of ours.
const TOKEN_BYTES_MAX: usize = 1_024;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Calls, for a short time.
    Session,
    /// A new session, and nothing else.
    Refresh,
    /// Calls, for as long as the user asked.
    Api,
}

/// What a token says. Times are whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Whose.
    pub user_id: Id<User>,
    /// Which token this is.
    pub token_id: Uuid,
    /// What it is good for.
    pub kind: TokenKind,
    /// When it was issued; rounded down to a second.
    pub issued_at: Millis,
    /// Not good from then on; rounded down to a second.
    pub expires_at: Millis,
    /// The user's session epoch when it was issued; a later one ends the token.
    pub epoch: i64,
}

/// The claims as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    sub: String,
    jti: String,
    kind: TokenKind,
    iat: i64,
    exp: i64,
    epoch: i64,
}

impl SigningKeys {
    /// Issues a token that says `claims`.
    #[must_use]
    pub fn issue_jwt(&self, claims: &Claims) -> String {
        let wire = Wire {
            sub: claims.user_id.to_string(),
            jti: claims.token_id.to_string(),
            kind: claims.kind,
            iat: claims.issued_at.div_euclid(SECOND_MS),
            exp: claims.expires_at.div_euclid(SECOND_MS),
            epoch: claims.epoch,
        };
        let body = serde_json::json!(wire).to_string();
        let signed = format!("{}.{}", header(self.current()), URL_SAFE_NO_PAD.encode(body));
        let code = self.current().plain_code(JWT, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    /// What `token` says, if it is ours, of one of `kinds`, and has not ended.
    ///
    /// # Errors
    /// `bad-credentials` or `expired`, both [`Kind::Unauthenticated`].
    pub fn verify_jwt(
        &self,
        token: &str,
        kinds: &[TokenKind],
        now_ms: Millis,
    ) -> Result<Claims, Fault> {
        let claims = self.read_jwt(token).ok_or_else(bad_credentials)?;
        if !kinds.contains(&claims.kind) {
            return Err(bad_credentials());
        }
        if now_ms >= claims.expires_at {
            return Err(Fault::new(Kind::Unauthenticated, "expired", "the token has expired"));
        }
        Ok(claims)
    }

    fn read_jwt(&self, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, code) = token.rsplit_once('.')?;
        let (found_header, body) = signed.split_once('.')?;
        let key = self.keys.iter().find(|key| header(key) == found_header)?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        if !bool::from(key.plain_code(JWT, signed.as_bytes()).ct_eq(&*code)) {
            return None;
        }
        let wire: Wire = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        Some(Claims {
            user_id: Id::parse(&wire.sub)?,
            token_id: Uuid::try_parse(&wire.jti).ok()?,
            kind: wire.kind,
            issued_at: wire.iat.checked_mul(SECOND_MS)?,
            expires_at: wire.exp.checked_mul(SECOND_MS)?,
            epoch: wire.epoch,
        })
    }
}

/// The header of every token that `key` signs; the key's id needs no escaping.
fn header(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{}"}}"#, key.id()))
}

fn bad_credentials() -> Fault {
    Fault::new(Kind::Unauthenticated, "bad-credentials", "the token is not good")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{earlier_keys, foreign_keys, keys};
    use super::*;

    const NOW_MS: Millis = 1_767_225_600_000;
    const ANY: &[TokenKind] = &[TokenKind::Session, TokenKind::Refresh, TokenKind::Api];

    fn claims() -> Claims {
        Claims {
            user_id: Id::new(Uuid::from_u128(1)),
            token_id: Uuid::from_u128(2),
            kind: TokenKind::Session,
            issued_at: NOW_MS,
            expires_at: NOW_MS + 3_600_000,
            epoch: 3,
        }
    }

    /// A token that the current key signed, whatever it says.
    fn signed(header: &str, body: &str) -> String {
        let (header, body) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
        let message = format!("{header}.{body}");
        let code = keys().current().plain_code(JWT, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(code))
    }

    const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"k2"}"#;

    #[test]
    fn a_token_is_three_parts_that_any_client_can_read() {
        let token = keys().issue_jwt(&claims());
        let parts: Vec<&str> = token.split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(text(parts[0]), HEADER);
        let body: serde_json::Value = serde_json::from_str(&text(parts[1])).unwrap();
        assert_eq!(body["sub"], "00000000-0000-0000-0000-000000000001");
        assert_eq!(body["exp"], 1_767_229_200);
        assert_eq!(body["kind"], "session");
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn a_token_ends_on_its_second() {
        let keys = keys();
        let token = keys.issue_jwt(&claims());
        let ends_ms = claims().expires_at;
        assert_eq!(keys.verify_jwt(&token, ANY, NOW_MS).unwrap(), claims());
        assert!(keys.verify_jwt(&token, ANY, ends_ms - 1).is_ok());
        let fault = keys.verify_jwt(&token, ANY, ends_ms).unwrap_err();
        assert_eq!((fault.kind, fault.code), (Kind::Unauthenticated, "expired"));
    }

    #[test]
    fn a_refresh_token_is_no_session() {
        let token = keys().issue_jwt(&Claims { kind: TokenKind::Refresh, ..claims() });
        let calls = [TokenKind::Session, TokenKind::Api];
        assert!(keys().verify_jwt(&token, &[TokenKind::Refresh], NOW_MS).is_ok());
        let fault = keys().verify_jwt(&token, &calls, NOW_MS).unwrap_err();
        assert_eq!(fault.code, "bad-credentials");
    }

    #[test]
    fn the_algorithm_is_not_for_the_token_to_say() {
        let body = URL_SAFE_NO_PAD.decode(keys().issue_jwt(&claims()).split('.').nth(1).unwrap());
        let body = String::from_utf8(body.unwrap()).unwrap();
        assert!(keys().verify_jwt(&signed(HEADER, &body), ANY, NOW_MS).is_ok());
        for header in [
            r#"{"alg":"none","typ":"JWT","kid":"k2"}"#,
            r#"{"alg":"HS512","typ":"JWT","kid":"k2"}"#,
            r#"{"alg":"RS256","typ":"JWT","kid":"k2"}"#,
            r#"{"typ":"JWT","alg":"HS256","kid":"k2"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"k2","jwk":{}}"#,
            "",
        ] {
            let token = signed(header, &body);
            let fault = keys().verify_jwt(&token, ANY, NOW_MS).unwrap_err();
            assert_eq!(fault.code, "bad-credentials", "{header}");
            let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
            assert!(keys().verify_jwt(&unsigned, ANY, NOW_MS).is_err(), "{header}");
        }
    }

    #[test]
    fn what_we_did_not_issue_is_not_believed() {
        let keys = keys();
        let good = keys.issue_jwt(&claims());
        let foreign = foreign_keys().issue_jwt(&claims());
        let long = format!("{good}{}", "A".repeat(TOKEN_BYTES_MAX));
        let short_code = good[..good.len() - 4].to_owned();
        let padded = format!("{good}=");
        let odd_body = signed(HEADER, r#"{"sub":"x"}"#);
        for bad in ["", ".", "..", "a.b.c", &foreign, &long, &short_code, &padded, &odd_body] {
            let fault = keys.verify_jwt(bad, ANY, NOW_MS).unwrap_err();
            assert_eq!((fault.kind, fault.code), (Kind::Unauthenticated, "bad-credentials"));
        }
    }

    #[test]
    fn a_media_signature_key_signs_no_sessions() {
        let key = keys();
        let key = key.current();
        assert_ne!(key.plain_code(JWT, b"x"), key.plain_code("media-url", b"x"));
    }

    #[test]
    fn a_rotated_key_keeps_sessions_alive() {
        let older = earlier_keys().issue_jwt(&claims());
        assert!(keys().verify_jwt(&older, ANY, NOW_MS).is_ok());
    }

    proptest! {
        #[test]
        fn every_claim_survives(
            user: u128, token: u128, iat in 0..4_000_000_000_i64, live in 1..4_000_000_000_i64,
            epoch: i64,
        ) {
            let made = Claims {
                user_id: Id::new(Uuid::from_u128(user)),
                token_id: Uuid::from_u128(token),
                kind: TokenKind::Api,
                issued_at: iat * 1_000,
                expires_at: (iat + live) * 1_000,
                epoch,
            };
            let token = keys().issue_jwt(&made);
            prop_assert_eq!(keys().verify_jwt(&token, ANY, iat * 1_000).unwrap(), made);
        }

        #[test]
        fn a_changed_character_breaks_a_token(at in 0_usize..240, to in "[A-Za-z0-9_.-]") {
            let good = keys().issue_jwt(&claims());
            let at = at % good.len();
            let mut bad = good.clone();
            bad.replace_range(at..=at, &to);
            prop_assert_eq!(keys().verify_jwt(&bad, ANY, NOW_MS).is_ok(), bad == good);
        }

        #[test]
        fn no_text_breaks_the_parser(raw in ".{0,200}") {
            prop_assert!(keys().verify_jwt(&raw, ANY, NOW_MS).is_err());
        }
    }
}
