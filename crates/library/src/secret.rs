//! Secrets: where chance comes from, how secrets are carried, and how they are stored.
//!
//! Owns: the [`Random`] seam, the [`Secret`] wrapper that never prints itself, the secrets of API
//! keys, and (in [`password`]) the hashing of passwords. Never: who a secret belongs to or what it
//! allows; that is decided where accounts are.

pub mod password;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Bytes of chance in an API key's secret: 256 bits, so a fast hash is enough to store it.
pub const API_SECRET_BYTES: usize = 32;

/// What every API key token begins with.
pub const API_TOKEN_PREFIX: &str = "bk_";

/// Gives unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` with chance.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's chance: a cryptographic generator that the operating system seeds and reseeds.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// Repeatable bytes, for tests and nothing else.
#[derive(Debug)]
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    /// The same bytes for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// `N` bytes of chance.
#[must_use]
pub fn random_bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A URL-safe token with `N` bytes of chance in it.
#[must_use]
pub fn random_token<const N: usize>(random: &dyn Random) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random_bytes::<N>(random)))
}

/// A text that must not be logged: `Debug` hides it, there is no `Display`, and its memory is
/// overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// In constant time for texts of one length.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

/// What is stored of a secret that has at least 128 bits of chance: its SHA-256.
///
/// Not for passwords; those are guessable and go through [`password`].
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of `secret`.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Reads what [`SecretHash::to_hex`] wrote.
    #[must_use]
    pub fn parse_hex(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Whether `secret` is the one that was hashed; in constant time.
    #[must_use]
    pub fn matches(self, secret: &str) -> bool {
        Self::of(secret) == self
    }
}

/// In constant time.
impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A new API key's secret half, shown once and never stored.
#[derive(Debug)]
pub struct ApiKeySecret {
    /// The public half: the key's identifier.
    pub id: Uuid,
    /// 43 URL-safe characters; with the id, the password of HTTP Basic.
    pub secret: Secret,
    /// Both halves in one: `bk_<32 hexadecimal digits of the id>_<secret>`.
    pub token: Secret,
}

impl ApiKeySecret {
    /// A secret for the key `id`.
    #[must_use]
    pub fn generate(random: &dyn Random, id: Uuid) -> Self {
        let secret = random_token::<API_SECRET_BYTES>(random);
        let token = Secret::new(format!("{API_TOKEN_PREFIX}{}_{}", id.simple(), secret.expose()));
        Self { id, secret, token }
    }

    /// What is stored in place of the secret.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.secret.expose())
    }

    /// What lists show to recognise the key by: how its token begins.
    #[must_use]
    pub fn prefix(&self) -> String {
        api_key_prefix(self.id)
    }
}

/// `bk_` and the first 12 hexadecimal digits of the key's id: the millisecond in which it was made, so
/// that keys that were made one after the other do not look alike.
#[must_use]
pub fn api_key_prefix(id: Uuid) -> String {
    let digits = id.simple().to_string();
    format!("{API_TOKEN_PREFIX}{}", &digits[..12])
}

/// Takes a token apart into the key's id and the secret. `None` when it is no API key token, for
/// example a JWT; whether the secret is good is not asked here.
#[must_use]
pub fn parse_token(token: &str) -> Option<(Uuid, &str)> {
    let rest = token.strip_prefix(API_TOKEN_PREFIX)?;
    let (id, secret) = rest.split_at_checked(32)?;
    let secret = secret.strip_prefix('_')?;
    let id = Uuid::try_parse(id).ok()?;
    let is_url_safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (secret.len() == 43 && secret.bytes().all(is_url_safe)).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let made = ApiKeySecret::generate(&SeededRandom::new(1), Uuid::from_u128(7));
        let printed = format!("{made:?} {:?} {:?}", made.secret, made.hash());
        assert!(!printed.contains(made.secret.expose()));
        assert!(!printed.contains(&made.hash().to_hex()));
    }

    #[test]
    fn chance_is_repeatable_only_when_seeded() {
        let one: [u8; 16] = random_bytes(&SeededRandom::new(5));
        let same: [u8; 16] = random_bytes(&SeededRandom::new(5));
        assert_eq!(one, same);
        assert_ne!(random_token::<16>(&SystemRandom), random_token::<16>(&SystemRandom));
    }

    #[test]
    fn the_prefix_begins_the_token_and_tells_nothing_of_the_secret() {
        let id = Uuid::from_u128(0x0193_2b6e_7a40_7cc1_9b5e_3f1f_6a0b_9c2d);
        let made = ApiKeySecret::generate(&SystemRandom, id);
        assert_eq!(made.prefix(), "bk_01932b6e7a40");
        assert!(made.token.expose().starts_with(&made.prefix()));
        assert_eq!(made.secret.expose().len(), 43);
    }

    #[test]
    fn what_is_no_api_token_is_none() {
        let good = ApiKeySecret::generate(&SystemRandom, Uuid::from_u128(7));
        let good = good.token.expose();
        let short = &good[..good.len() - 1];
        let long = format!("{good}x");
        let odd = format!("{short}.");
        let no_secret = &good[..35];
        for raw in ["", "bk_", "bk_é", "eyJhbGciOi.x.y", short, &long, &odd, no_secret] {
            assert_eq!(parse_token(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_hash_survives_storage_and_knows_only_its_secret() {
        let hash = SecretHash::of("abc");
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_hex(), known);
        let stored = SecretHash::parse_hex(known).unwrap();
        assert!(stored.matches("abc"));
        assert!(!stored.matches("abd"));
        assert!(SecretHash::parse_hex("ba78").is_none());
        assert!(SecretHash::parse_hex(&"g".repeat(64)).is_none());
    }

    proptest! {
        #[test]
        fn every_token_comes_apart_again(id: u128, seed: u64) {
            let made = ApiKeySecret::generate(&SeededRandom::new(seed), Uuid::from_u128(id));
            let (parsed, secret) = parse_token(made.token.expose()).unwrap();
            prop_assert_eq!(parsed, made.id);
            prop_assert!(made.hash().matches(secret));
        }

        #[test]
        fn no_text_breaks_the_parser(raw in ".{0,100}") {
            let _ = parse_token(&raw);
            let _ = parse_token(&format!("bk_{raw}"));
        }
    }
}
