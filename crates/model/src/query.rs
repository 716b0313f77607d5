//! The question a listing answers: within whose reach, which assets, in which order, which part.
//!
//! Every dialect translates its parameters into an [`AssetQuery`]; the store turns it into SQL.

mod expression;

use crate::account::{Organization, User};
use crate::asset::{Asset, Collection, Status, Visibility};
use crate::media::{MediaKind, words};
use crate::{Id, Millis};

pub use expression::{Attribute, Expression, Measure, Members, Range, TextAttribute, Truth};

/// Where an asset is listed. Every asset has exactly one, so unions of scopes need no
/// deduplication, and each scope is one range of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeKey {
    /// Public, and uploaded by the platform.
    Platform,
    /// Shared or public, and of an organisation.
    Organization(Id<Organization>),
    /// Everything else, with its uploader.
    User(Id<User>),
}

impl ScopeKey {
    /// Where an asset with these properties is listed.
    #[must_use]
    pub fn of(
        visibility: Visibility,
        organization: Option<Id<Organization>>,
        uploader: Id<User>,
        uploader_is_superuser: bool,
    ) -> Self {
        match (visibility, organization) {
            (Visibility::Public, _) if uploader_is_superuser => Self::Platform,
            (Visibility::Shared | Visibility::Public, Some(organization)) => {
                Self::Organization(organization)
            }
            _ => Self::User(uploader),
        }
    }

    /// `p`, `o:<organisation>` or `u:<uploader>`.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Platform => "p".to_owned(),
            Self::Organization(id) => format!("o:{id}"),
            Self::User(id) => format!("u:{id}"),
        }
    }

    /// Reads what [`Self::word`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None if word == "p" => Some(Self::Platform),
            Some(("o", id)) => Id::parse(id).map(Self::Organization),
            Some(("u", id)) => Id::parse(id).map(Self::User),
            _ => None,
        }
    }
}

/// One scope of a listing, perhaps narrowed to some visibilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Where to look.
    pub scope: ScopeKey,
    /// Only these; empty means all.
    pub visibility: Vec<Visibility>,
}

/// Whose assets a listing may show. Made by the library from who asks; never by a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// The union of these; no two have the same scope.
    Branches(Vec<Branch>),
    /// Everything that one user uploaded, whatever its visibility.
    Uploader(Id<User>),
    /// Everything public, of everybody.
    Public,
    /// Everything there is; superusers only.
    Everything,
}

/// A condition on the asset type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeFilter {
    /// Exactly this type.
    Exact(String),
    /// Every type that begins with this, hyphen included (`inference-`).
    Family(String),
}

words! {
    /// A field that text search can look into.
    TextField {
        /// Display name.
        Name = "name",
        /// File name.
        Filename = "filename",
        /// Tags.
        Tags = "tags",
        /// Project label.
        Project = "project",
        /// Styling note.
        Note = "note",
        /// Description.
        Description = "description",
        /// `prompt` of the generation parameters.
        Prompt = "prompt",
    }
}

/// Words that must all occur, each as a case-folded substring of one of the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSearch {
    /// Folded, not empty, without white space.
    pub words: Vec<String>,
    /// Where to look; not empty.
    pub fields: Vec<TextField>,
}

impl TextSearch {
    /// Splits `text` at white space and folds its case; `None` when no word is left.
    #[must_use]
    pub fn parse(text: &str, fields: &[TextField]) -> Option<Self> {
        let mut words: Vec<String> = text.split_whitespace().map(fold).collect();
        words.sort_unstable();
        words.dedup();
        (!words.is_empty()).then(|| Self { words, fields: fields.to_vec() })
    }
}

/// Folds case the one way that index and query share.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// A range with exclusive bounds in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Strictly later than this.
    pub after: Option<Millis>,
    /// Strictly earlier than this.
    pub before: Option<Millis>,
}

/// A range with inclusive bounds in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PixelRange {
    /// At least.
    pub min: Option<u32>,
    /// At most.
    pub max: Option<u32>,
}

/// Conditions that must all hold. Empty lists and `None` mean no condition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// One of these.
    pub visibility: Vec<Visibility>,
    /// One of these.
    pub types: Vec<TypeFilter>,
    /// One of these.
    pub status: Vec<Status>,
    /// One of these.
    pub kinds: Vec<MediaKind>,
    /// Has all of these.
    pub tags_all: Vec<String>,
    /// Has none of these.
    pub tags_none: Vec<String>,
    /// Text search.
    pub text: Option<TextSearch>,
    /// Made within.
    pub created: TimeRange,
    /// Last changed within.
    pub updated: TimeRange,
    /// Uploaded by.
    pub uploader_id: Option<Id<User>>,
    /// Of this organisation.
    pub organization_id: Option<Id<Organization>>,
    /// With this author label.
    pub author_id: Option<String>,
    /// Made from.
    pub parent_id: Option<Id<Asset>>,
    /// Of the line of.
    pub root_id: Option<Id<Asset>>,
    /// Made by the run.
    pub inference_id: Option<String>,
    /// Made by the model.
    pub model_id: Option<String>,
    /// In the collection.
    pub collection_id: Option<Id<Collection>>,
    /// With this project label.
    pub project: Option<String>,
    /// Width within.
    pub width: PixelRange,
    /// Height within.
    pub height: PixelRange,
    /// A generation parameter at a dotted path has this value, compared as text.
    pub parameters: Vec<(String, String)>,
    /// A condition of any shape; see [`Filter::narrow`].
    pub expression: Option<Expression>,
    /// Only deleted ones that can still be restored, instead of only live ones.
    pub deleted: bool,
}

words! {
    /// What a listing is sorted by. Ties are broken by id, in the same direction.
    SortKey {
        /// Time of creation.
        CreatedAt = "created_at",
        /// Time of the last change.
        UpdatedAt = "updated_at",
        /// File name, by code points of its folded form.
        Filename = "filename",
        /// Size in bytes; unknown sizes count as 0.
        Size = "size",
    }
}

words! {
    /// Which way.
    Direction {
        /// Smallest first.
        Ascending = "asc",
        /// Greatest first.
        Descending = "desc",
    }
}

/// A total order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub key: SortKey,
    /// Which way.
    pub direction: Direction,
}

/// Newest first.
impl Default for Order {
    fn default() -> Self {
        Self { key: SortKey::CreatedAt, direction: Direction::Descending }
    }
}

/// The sort value of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    /// A time or a size.
    Number(i64),
    /// A folded file name.
    Text(String),
}

/// Where a cursor page ended: the last asset shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its sort value.
    pub value: SortValue,
    /// Its id.
    pub id: Id<Asset>,
}

/// Which part of the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// Leave out the first `skip`.
    Offset {
        /// How many to leave out.
        skip: u64,
        /// How many to show at most.
        limit: u32,
    },
    /// Begin after a position; from the start when there is none.
    Cursor {
        /// Where the page before ended.
        after: Option<Position>,
        /// How many to show at most.
        limit: u32,
    },
}

/// What is asked of the listing engine.
#[derive(Debug, Clone, PartialEq)]
pub struct AssetQuery {
    /// Within whose reach.
    pub reach: Reach,
    /// Which assets.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Which part.
    pub window: Window,
    /// Whether the exact total is wanted.
    pub count: bool,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// How many there are in all, if asked.
    pub total: Option<u64>,
    /// Where the next page begins; none at the end.
    pub next: Option<Position>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_what_they_write() {
        let id = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";
        let keys = [
            ScopeKey::Platform,
            ScopeKey::Organization(Id::parse(id).unwrap()),
            ScopeKey::User(Id::parse(id).unwrap()),
        ];
        for key in keys {
            assert_eq!(ScopeKey::parse(&key.word()), Some(key));
        }
        assert_eq!(ScopeKey::parse("x:1"), None);
    }

    #[test]
    fn words_are_folded_and_unique() {
        let search = TextSearch::parse("  Blue SNEAKER blue\n", &[TextField::Name]).unwrap();
        assert_eq!(search.words, ["blue", "sneaker"]);
        assert_eq!(TextSearch::parse(" \t", &[TextField::Name]), None);
    }
}
