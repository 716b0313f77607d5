//! Cursors: where the next page of a listing begins, as an opaque URL-safe token.
//!
//! A cursor is bound to the query it continues and to the caller who asked it, by a code over all
//! three. The payload (the last row's sort keys, which the caller has just been shown) is signed,
//! not hidden. Never: what the payload means; the listing writes and reads it.

use backlot_model::{Fault, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{SigningKeys, TAG_BYTES, tag};

const CURSOR: &str = "cursor";

/// What a cursor begins with; another layout takes another number.
const VERSION: u8 = 1;

/// What is kept of the hash of a caller or a query: enough to say which of them is wrong. That it
/// is right is vouched for by the code, which covers both in full.
const HINT_BYTES: usize = 4;

const HEAD_BYTES: usize = 1 + 2 * HINT_BYTES;

/// The payload of a cursor, in bytes: room for a file name of 255 characters and an id.
pub const PAYLOAD_BYTES_MAX: usize = 2_048;

impl SigningKeys {
    /// Seals `payload` into a cursor for this `query` (any fingerprint of it: scope, filter, order)
    /// of this `caller`.
    ///
    /// # Errors
    /// `internal` when the payload is over [`PAYLOAD_BYTES_MAX`].
    pub fn seal_cursor(&self, caller: &str, query: &[u8], payload: &[u8]) -> Result<String, Fault> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(Fault::internal("a cursor's payload is too long"));
        }
        let mut sealed = Vec::with_capacity(HEAD_BYTES + payload.len() + TAG_BYTES);
        sealed.push(VERSION);
        sealed.extend(hint(caller.as_bytes()));
        sealed.extend(hint(query));
        sealed.extend(payload);
        let (_, tag) = self.mac(CURSOR, &[&sealed, caller.as_bytes(), query]);
        sealed.extend(tag);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The payload that was sealed for this `query` of this `caller`.
    ///
    /// # Errors
    /// `bad-cursor` ([`Kind::Invalid`]), whose message says whether it is no cursor, is of another
    /// caller or another query, or has been changed. No field is named: dialects call it
    /// differently.
    pub fn open_cursor(&self, caller: &str, query: &[u8], cursor: &str) -> Result<Vec<u8>, Fault> {
        let longest = (HEAD_BYTES + PAYLOAD_BYTES_MAX + TAG_BYTES).div_ceil(3) * 4;
        if cursor.len() > longest {
            return Err(bad_cursor(MALFORMED));
        }
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(cursor) else { return Err(bad_cursor(MALFORMED)) };
        let Some((sealed, found)) = bytes.split_last_chunk::<TAG_BYTES>() else {
            return Err(bad_cursor(MALFORMED));
        };
        if sealed.len() < HEAD_BYTES || sealed[0] != VERSION {
            return Err(bad_cursor(MALFORMED));
        }
        let good = self.keys.iter().any(|key| {
            let code = key.code(CURSOR, &[sealed, caller.as_bytes(), query]);
            tag(code).ct_eq(found).into()
        });
        if good {
            return Ok(sealed[HEAD_BYTES..].to_vec());
        }
        // Whose it claims to be only helps to explain: nothing was believed so far.
        let (of_caller, of_query) = sealed[1..HEAD_BYTES].split_at(HINT_BYTES);
        Err(bad_cursor(if of_caller != hint(caller.as_bytes()) {
            "it belongs to another caller"
        } else if of_query != hint(query) {
            "it belongs to another query: keep filter and order, or start from the first page"
        } else {
            "it has been changed, or is too old: start from the first page"
        }))
    }
}

const MALFORMED: &str = "it is not one that we gave out: start from the first page";

fn hint(bytes: &[u8]) -> [u8; HINT_BYTES] {
    let hash = Sha256::digest(bytes);
    let mut hint = [0; HINT_BYTES];
    hint.copy_from_slice(&hash[..HINT_BYTES]);
    hint
}

fn bad_cursor(why: &str) -> Fault {
    Fault::new(Kind::Invalid, "bad-cursor", format!("the cursor is not good: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{earlier_keys, foreign_keys, keys};
    use super::*;

    fn reason(caller: &str, query: &[u8], cursor: &str) -> String {
        let fault = keys().open_cursor(caller, query, cursor).unwrap_err();
        assert_eq!((fault.kind, fault.code), (Kind::Invalid, "bad-cursor"));
        fault.message
    }

    #[test]
    fn a_cursor_opens_for_its_caller_and_query_alone() {
        let cursor = keys().seal_cursor("ann", b"tags=a", b"last row").unwrap();
        assert_eq!(keys().open_cursor("ann", b"tags=a", &cursor).unwrap(), b"last row");
        assert!(reason("bob", b"tags=a", &cursor).contains("another caller"));
        assert!(reason("ann", b"tags=b", &cursor).contains("another query"));
        let foreign = foreign_keys().seal_cursor("ann", b"tags=a", b"last row").unwrap();
        assert!(reason("ann", b"tags=a", &foreign).contains("changed"));
    }

    #[test]
    fn what_is_no_cursor_is_called_so() {
        let long = "A".repeat(4_000);
        let other_version = URL_SAFE_NO_PAD.encode([2; 40]);
        for raw in ["", "x", "not a cursor", "AQ", "AQ==", &long, &other_version] {
            assert!(reason("ann", b"", raw).contains("gave out"), "{raw}");
        }
    }

    #[test]
    fn a_rotated_key_lets_readers_finish() {
        let older = earlier_keys().seal_cursor("ann", b"q", b"row").unwrap();
        assert_eq!(keys().open_cursor("ann", b"q", &older).unwrap(), b"row");
    }

    #[test]
    fn a_payload_has_a_limit_that_its_token_fits() {
        let most = vec![7; PAYLOAD_BYTES_MAX];
        let cursor = keys().seal_cursor("ann", b"q", &most).unwrap();
        assert_eq!(keys().open_cursor("ann", b"q", &cursor).unwrap(), most);
        let over = vec![7; PAYLOAD_BYTES_MAX + 1];
        assert_eq!(keys().seal_cursor("ann", b"q", &over).unwrap_err().kind, Kind::Internal);
    }

    proptest! {
        #[test]
        fn every_payload_survives_and_is_url_safe(
            caller in ".{0,20}", query: Vec<u8>, payload: Vec<u8>,
        ) {
            let cursor = keys().seal_cursor(&caller, &query, &payload).unwrap();
            let url_safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            prop_assert!(cursor.bytes().all(url_safe));
            prop_assert_eq!(keys().open_cursor(&caller, &query, &cursor).unwrap(), payload);
        }

        #[test]
        fn a_flipped_bit_is_never_believed(payload: Vec<u8>, at: usize, bit in 0_u8..8) {
            let cursor = keys().seal_cursor("ann", b"q", &payload).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let bad = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(keys().open_cursor("ann", b"q", &bad).is_err());
        }

        #[test]
        fn no_text_breaks_the_parser(raw in ".{0,200}") {
            prop_assert!(keys().open_cursor("ann", b"q", &raw).is_err());
        }
    }
}
