//! Typed identifiers: UUIDv7 inside, so that `(created, id)` is an immutable total order.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use uuid::Uuid;

/// The identifier of one `T`. Ids of different things cannot be mixed.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Wraps a UUID that is known to name a `T`.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self { uuid, of: PhantomData }
    }

    /// The bare UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// Reads an id in any dress a dialect may have given it: a bare UUID with or without
    /// hyphens, or either behind a lower-case prefix and an underscore (`asset_…`).
    ///
    /// `None` when it is no id at all; callers treat that as an id nobody has.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let bare = match raw.split_once('_') {
            Some((prefix, rest)) if is_dress(prefix) => rest,
            Some(_) => return None,
            None => raw,
        };
        match bare.len() {
            32 | 36 => Uuid::try_parse(bare).ok().map(Self::new),
            _ => None,
        }
    }

    /// `prefix_` and the UUID without hyphens, URL-safe.
    #[must_use]
    pub fn dressed(self, prefix: &str) -> String {
        format!("{prefix}_{}", self.uuid.simple())
    }
}

fn is_dress(prefix: &str) -> bool {
    !prefix.is_empty() && prefix.len() <= 16 && prefix.bytes().all(|b| b.is_ascii_lowercase())
}

/// The hyphenated UUID.
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid.hyphenated(), f)
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";

    #[test]
    fn every_dress_names_the_same_thing() {
        let id = Id::<()>::parse(BARE).unwrap();
        assert_eq!(Id::parse(&id.dressed("asset")), Some(id));
        assert_eq!(Id::parse(&id.uuid().simple().to_string()), Some(id));
        assert_eq!(Id::parse(&format!("asset_{BARE}")), Some(id));
        assert_eq!(id.to_string(), BARE);
    }

    #[test]
    fn what_is_no_id_is_none() {
        for raw in ["", "asset_", "asset_xyz789", "ASSET_01932b6e7a407cc19b5e3f1f6a0b9c2d", "{x}"] {
            assert_eq!(Id::<()>::parse(raw), None, "{raw}");
        }
        assert_eq!(Id::<()>::parse(&format!("{{{BARE}}}")), None);
        assert_eq!(Id::<()>::parse(&format!("urn:uuid:{BARE}")), None);
    }
}
