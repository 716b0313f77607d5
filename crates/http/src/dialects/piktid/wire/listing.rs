//! Pages, and what a listing is asked for.

use backlot_library::listing::Ownership;
use backlot_model::query::{self, Direction};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::fields::{Checks, Fields};

/// Where one page of a listing lies.
#[derive(Debug, Clone, Copy)]
pub(in crate::dialects::piktid) struct Pages {
    page: u64,
    pub(in crate::dialects::piktid) per_page: u32,
}

impl Pages {
    pub(in crate::dialects::piktid) fn read(query: &Fields, checks: &mut Checks) -> Self {
        let page = checks.take(query.integer("page", 1..=i64::MAX)).unwrap_or(1);
        let per_page = checks.take(query.integer("per_page", 1..=100)).unwrap_or(20);
        Self { page: page.unsigned_abs(), per_page: u32::try_from(per_page).unwrap_or(100) }
    }

    /// How many come before it.
    pub(in crate::dialects::piktid) fn skip(self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page.into()).min(i64::MAX.unsigned_abs())
    }

    /// As told with a page of a listing of `total`.
    pub(in crate::dialects::piktid) fn of(self, total: u64) -> Pagination {
        let Self { page, per_page } = self;
        let pages = total.div_ceil(per_page.into());
        Pagination { page, per_page, total, pages, has_next: page < pages, has_prev: page > 1 }
    }
}

/// Which page this is, and of how many.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Pagination)]
pub(in crate::dialects::piktid) struct Pagination {
    #[schema(minimum = 1, example = 1)]
    page: u64,
    #[schema(minimum = 1, maximum = 100, example = 20)]
    per_page: u32,
    /// How many things there are in all.
    #[schema(example = 42)]
    total: u64,
    /// How many pages there are.
    #[schema(example = 3)]
    pages: u64,
    #[schema(example = true)]
    has_next: bool,
    #[schema(example = false)]
    has_prev: bool,
}

/// Which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(as = piktid::SortOrder, rename_all = "lowercase")]
pub(in crate::dialects::piktid) enum SortOrder {
    /// Smallest or oldest first.
    Asc,
    /// Greatest or newest first.
    #[default]
    Desc,
}

impl SortOrder {
    pub(in crate::dialects::piktid) const WORDS: &'static [(&'static str, Self)] =
        &[("asc", Self::Asc), ("desc", Self::Desc)];
}

impl From<SortOrder> for Direction {
    fn from(order: SortOrder) -> Self {
        match order {
            SortOrder::Asc => Self::Ascending,
            SortOrder::Desc => Self::Descending,
        }
    }
}

/// By what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(as = piktid::SortKey, rename_all = "snake_case")]
pub(in crate::dialects::piktid) enum SortKey {
    /// The file name.
    Filename,
    /// The time of creation.
    #[default]
    CreatedAt,
}

impl SortKey {
    pub(in crate::dialects::piktid) const WORDS: &'static [(&'static str, Self)] =
        &[("filename", Self::Filename), ("created_at", Self::CreatedAt)];
}

impl From<SortKey> for query::SortKey {
    fn from(key: SortKey) -> Self {
        match key {
            SortKey::Filename => Self::Filename,
            SortKey::CreatedAt => Self::CreatedAt,
        }
    }
}

/// Which part of what the caller can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(as = piktid::Ownership, rename_all = "lowercase")]
pub(in crate::dialects::piktid) enum OwnershipWord {
    /// His private ones.
    Mine,
    /// Those shared in his groups.
    Shared,
    /// The platform's.
    Default,
}

impl OwnershipWord {
    pub(in crate::dialects::piktid) const WORDS: &'static [(&'static str, Self)] =
        &[("mine", Self::Mine), ("shared", Self::Shared), ("default", Self::Default)];
}

impl From<OwnershipWord> for Ownership {
    fn from(word: OwnershipWord) -> Self {
        match word {
            OwnershipWord::Mine => Self::Mine,
            OwnershipWord::Shared => Self::Shared,
            OwnershipWord::Default => Self::Default,
        }
    }
}
