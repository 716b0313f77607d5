//! What we sign so that clients may carry it: media and upload URLs, JWTs, cursors.
//!
//! Owns: the keys, their rotation, the one message authentication code (HMAC-SHA-256, with a key
//! of its own for every use), and the shapes that are signed. Never: whether what a signature
//! allows is still allowed; an asset's epoch and a user's session epoch are read where the rows
//! are. Nothing here is encrypted: what is signed can be read by whoever holds it.

pub mod cursor;
pub mod jwt;
pub mod media;

use std::fmt;

use backlot_model::{Fault, Kind};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::secret::{Random, random_bytes};

pub use jwt::{Claims, TokenKind};
pub use media::{
    Family, MediaGrant, MediaTarget, Signature, UploadGrant, UploadTarget, expiry_for,
};

/// The least a signing key may have, in bytes: what HMAC-SHA-256 can make use of.
pub const KEY_BYTES_MIN: usize = 32;

/// What is kept of a code in URLs and cursors, in bytes: 128 bits.
pub const TAG_BYTES: usize = 16;

/// How many keys may be good at once: one that signs and those before it.
pub const KEYS_MAX: usize = 8;

type HmacSha256 = Hmac<Sha256>;

/// One key and the name it goes by in what it signed.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A key from secret `bytes` of the operator.
    ///
    /// # Errors
    /// `invalid` when the id is not 1 to 16 of `a-z 0-9 -`, or the key is under [`KEY_BYTES_MIN`].
    pub fn new(id: &str, bytes: &[u8]) -> Result<Self, Fault> {
        let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=16).contains(&id.len()) || !id.bytes().all(named) {
            let message = "must be 1 to 16 lower-case letters, digits and hyphens";
            return Err(Fault::invalid("signing.key_id", "format", message));
        }
        if bytes.len() < KEY_BYTES_MIN {
            let message = format!("must have at least {KEY_BYTES_MIN} bytes");
            return Err(Fault::invalid("signing.key", "length", message));
        }
        Ok(Self { id: id.to_owned(), bytes: Zeroizing::new(bytes.to_vec()) })
    }

    /// A fresh key.
    ///
    /// # Errors
    /// `invalid` for a bad id, as in [`SigningKey::new`].
    pub fn generate(random: &dyn Random, id: &str) -> Result<Self, Fault> {
        Self::new(id, &*Zeroizing::new(random_bytes::<KEY_BYTES_MIN>(random)))
    }

    /// What the key is called in what it signed.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself, for storing it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The full code over `parts`. Each domain has a key of its own, derived from this one, and
    /// each part goes in behind its length: no two lists of parts read alike.
    fn code(&self, domain: &str, parts: &[&[u8]]) -> [u8; 32] {
        let derived = Zeroizing::new(hmac(&self.bytes, &[b"backlot/1/parts/", domain.as_bytes()]));
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| length(part)).collect();
        let framed: Vec<&[u8]> =
            lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part]).collect();
        hmac(&*derived, &framed)
    }

    /// HMAC-SHA-256 over `message` alone, as JWTs want it, with a key that [`SigningKey::code`]
    /// never uses.
    fn plain_code(&self, domain: &str, message: &[u8]) -> [u8; 32] {
        let derived = Zeroizing::new(hmac(&self.bytes, &[b"backlot/1/plain/", domain.as_bytes()]));
        hmac(&*derived, &[message])
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

fn length(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

fn hmac(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length");
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}

/// The key that signs, and older ones whose signatures are still good.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    /// The current one first. Never empty.
    keys: Vec<SigningKey>,
}

impl SigningKeys {
    /// Signs with `current`; takes what `current` and `older` signed.
    ///
    /// # Errors
    /// `invalid` when two keys have one id, or there are more than [`KEYS_MAX`].
    pub fn new(current: SigningKey, older: Vec<SigningKey>) -> Result<Self, Fault> {
        let mut keys = vec![current];
        keys.extend(older);
        if keys.len() > KEYS_MAX {
            let message = format!("there may be at most {KEYS_MAX} keys");
            return Err(Fault::invalid("signing.keys", "length", message));
        }
        let mut ids: Vec<&str> = keys.iter().map(|key| &*key.id).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("two keys are called `{}`", twice[0]);
            return Err(Fault::invalid("signing.keys", "enum", message));
        }
        Ok(Self { keys })
    }

    /// The key that signs.
    #[must_use]
    pub fn current(&self) -> &SigningKey {
        &self.keys[0]
    }

    /// The id of the key that signs, and its code over `parts` in `domain`: a short kebab-case
    /// word for what is signed, so that a code for one thing is never one for another.
    #[must_use]
    pub fn mac(&self, domain: &str, parts: &[&[u8]]) -> (&str, [u8; TAG_BYTES]) {
        let key = self.current();
        (key.id(), tag(key.code(domain, parts)))
    }

    /// Whether the key `key_id` made `tag` over `parts` in `domain`; in constant time.
    #[must_use]
    pub fn verify_mac(&self, domain: &str, parts: &[&[u8]], key_id: &str, found: &[u8]) -> bool {
        let Some(key) = self.keys.iter().find(|key| key.id == key_id) else { return false };
        tag(key.code(domain, parts)).ct_eq(found).into()
    }
}

fn tag(code: [u8; 32]) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&code[..TAG_BYTES]);
    tag
}

/// A signature that is not ours, or not over this.
fn bad_signature() -> Fault {
    Fault::new(Kind::Forbidden, "bad-signature", "the signature of this URL is not good")
}

#[cfg(test)]
pub(crate) mod testing {
    //! Keys for the tests of this module's parts.

    use super::{SigningKey, SigningKeys};

    /// A key whose bytes are all `fill`.
    pub(crate) fn key(id: &str, fill: u8) -> SigningKey {
        SigningKey::new(id, &[fill; 32]).unwrap()
    }

    /// `k2` signs, `k1` is older.
    pub(crate) fn keys() -> SigningKeys {
        SigningKeys::new(key("k2", 2), vec![key("k1", 1)]).unwrap()
    }

    /// The time when only `k1` was there.
    pub(crate) fn earlier_keys() -> SigningKeys {
        SigningKeys::new(key("k1", 1), Vec::new()).unwrap()
    }

    /// Keys that nobody here knows, under the same names.
    pub(crate) fn foreign_keys() -> SigningKeys {
        SigningKeys::new(key("k2", 7), vec![key("k1", 8)]).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{earlier_keys, foreign_keys, key, keys};
    use super::*;
    use crate::secret::SeededRandom;

    #[test]
    fn hmac_is_the_one_of_rfc_4231() {
        let code = hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(code), known);
    }

    #[test]
    fn keys_that_could_not_be_told_apart_or_guessed_are_refused() {
        let long = "a".repeat(17);
        for id in ["", "K1", "k 1", "k1\n", "é", &*long] {
            assert!(SigningKey::new(id, &[1; 32]).is_err(), "{id:?}");
        }
        assert!(SigningKey::new("k1", &[1; 31]).is_err());
        assert!(SigningKeys::new(key("k1", 1), vec![key("k1", 2)]).is_err());
        let nine: Vec<SigningKey> = (0..8).map(|n| key(&format!("o{n}"), n)).collect();
        assert!(SigningKeys::new(key("k1", 1), nine).is_err());
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = SigningKey::generate(&SeededRandom::new(1), "k1").unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey { id: \"k1\", .. }");
    }

    #[test]
    fn an_older_key_is_still_believed_and_a_removed_one_is_not() {
        let earlier = earlier_keys();
        let (id, tag) = earlier.mac("test", &[b"a"]);
        assert!(keys().verify_mac("test", &[b"a"], id, &tag));
        assert!(!foreign_keys().verify_mac("test", &[b"a"], id, &tag));
        let only_new = SigningKeys::new(key("k2", 2), Vec::new()).unwrap();
        assert!(!only_new.verify_mac("test", &[b"a"], id, &tag));
        assert!(!keys().verify_mac("test", &[b"a"], "k2", &tag), "a key answers for itself");
        assert_eq!(keys().mac("test", &[b"a"]).0, "k2");
    }

    #[test]
    fn a_code_of_another_length_is_not_good() {
        let keys = keys();
        let (id, tag) = keys.mac("test", &[b"a"]);
        assert!(!keys.verify_mac("test", &[b"a"], id, &tag[..15]));
        assert!(!keys.verify_mac("test", &[b"a"], id, &[]));
        assert!(!keys.verify_mac("test", &[b"a"], id, &keys.current().code("test", &[b"a"])));
    }

    fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..4)
    }

    fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
        parts.iter().map(Vec::as_slice).collect()
    }

    proptest! {
        #[test]
        fn a_code_holds_for_its_domain_and_parts_alone(one in parts(), other in parts()) {
            let keys = keys();
            let (id, tag) = keys.mac("one", &slices(&one));
            prop_assert!(keys.verify_mac("one", &slices(&one), id, &tag));
            prop_assert!(!keys.verify_mac("two", &slices(&one), id, &tag));
            prop_assert_eq!(keys.verify_mac("one", &slices(&other), id, &tag), one == other);
        }
    }
}
