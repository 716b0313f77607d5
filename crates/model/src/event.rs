//! What happened to assets, for those who may see them.

use crate::account::User;
use crate::asset::Asset;
use crate::media::words;
use crate::query::ScopeKey;
use crate::{Id, Millis};

words! {
    /// What happened.
    EventKind {
        /// An asset was made (it may still be processing).
        Created = "asset.created",
        /// Facts and thumbnails are there.
        Ready = "asset.ready",
        /// It will never be complete.
        Failed = "asset.failed",
        /// Something of it changed.
        Updated = "asset.updated",
        /// It is gone for the listener: deleted, or no longer shared with him.
        Deleted = "asset.deleted",
    }
}

/// One thing that happened. Its id grows with time and is where a listener resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Identifier and position.
    pub id: Id<Event>,
    /// What happened.
    pub kind: EventKind,
    /// To which asset.
    pub asset_id: Id<Asset>,
    /// Whose asset; he hears of it whatever the scope.
    pub uploader_id: Id<User>,
    /// Who else hears of it.
    pub scope: ScopeKey,
    /// The asset left `scope` and is listed elsewhere: no news to its uploader, whose it stays.
    pub is_leaving: bool,
    /// When.
    pub at: Millis,
}
