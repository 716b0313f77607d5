//! PiktID's types, and the words that stand for ours.

mod asset;
mod auth;
mod listing;
mod refusal;
mod upload;

pub(super) use asset::{Asset, AssetPage, BulkDelete, BulkDeleted, NoteChange, TAGS, TagsChange};
pub(super) use auth::{IssuedToken, Login, RefreshRequest, Session, TokenPage, TokenRequest};
pub(super) use listing::{OwnershipWord, Pages, SortKey, SortOrder};
pub(super) use refusal::{Conflict, Problem, SignInRefused, TooMany};
pub(super) use upload::{Upload, UploadForm, UploadRequest};
