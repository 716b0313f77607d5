//! What verifying can find, and the sum of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How many parts the store is verified in.
const PARTS: u16 = 256;

/// What may not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The store of the files is not this library's.
    WrongStore,
    /// The database is damaged.
    DatabaseDamaged,
    /// A file is recorded and not there.
    Missing,
    /// A file has another size than recorded.
    WrongSize,
    /// A file's bytes are not those it had, or cannot be read.
    Corrupt,
    /// A thumbnail is recorded and not there.
    ThumbnailMissing,
    /// An asset waits for work that nobody will do.
    Stuck,
    /// A size made on demand is recorded and not there; it is made again when asked for.
    CachedMissing,
    /// A file that nothing refers to, for longer than the grace period.
    Unreferenced,
    /// A file that nothing refers to yet, or since a moment ago.
    Recent,
    /// Something in the store that is not Backlot's.
    Stray,
}

impl FindingKind {
    /// Whether something recorded is not as it should be.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        !matches!(self, Self::CachedMissing | Self::Unreferenced | Self::Recent | Self::Stray)
    }

    /// What it is, in a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::WrongStore => "wrong store",
            Self::DatabaseDamaged => "database damaged",
            Self::Missing => "missing",
            Self::WrongSize => "wrong size",
            Self::Corrupt => "corrupt",
            Self::ThumbnailMissing => "thumbnail missing",
            Self::Stuck => "stuck",
            Self::CachedMissing => "cached size missing",
            Self::Unreferenced => "unreferenced",
            Self::Recent => "unreferenced, within the grace period",
            Self::Stray => "stray",
        }
    }
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Which file or asset: a digest, an id, a path in the store.
    pub subject: String,
    /// More about it, for a person.
    pub detail: String,
    /// Whether it was repaired.
    pub repaired: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.words(), self.subject)?;
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        f.write_str(if self.repaired { "; repaired" } else { "" })
    }
}

/// How often something was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// In all.
    pub found: u64,
    /// Of these.
    pub repaired: u64,
}

/// What a run found, together with the runs that it resumed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Recorded files looked at.
    pub files: u64,
    /// Their bytes, as recorded.
    pub bytes: u64,
    /// Bytes that were read and hashed.
    pub bytes_hashed: u64,
    /// Recorded thumbnails looked at.
    pub thumbnails: u64,
    /// What was found, by sort.
    pub findings: BTreeMap<FindingKind, Tally>,
    /// How many of 256 parts are done.
    pub parts_done: u16,
}

impl VerifyReport {
    /// Whether all parts were looked at.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.parts_done >= PARTS
    }

    /// Whether no fault is left.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_left =
            |(kind, tally): (&FindingKind, &Tally)| kind.is_fault() && tally.found > tally.repaired;
        !self.findings.iter().any(is_left)
    }
}
