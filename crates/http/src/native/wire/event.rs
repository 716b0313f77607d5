//! What happened to an asset.

use backlot_model::event::Event;
use serde::Serialize;
use utoipa::ToSchema;

use super::asset::AssetBody;
use super::at;
use super::word::{EventWord, Word};

/// What happened to an asset, as the `data` of a server-sent event. Its `id` is where to resume,
/// its `event` is the kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(in crate::native) struct EventBody {
    /// To which asset.
    #[schema(format = Uuid)]
    asset_id: String,
    /// What happened.
    kind: EventWord,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// The asset as it is now, if the caller may see it; else null.
    asset: Option<AssetBody>,
}

/// One server-sent event.
#[derive(ToSchema)]
#[schema(as = SentEvent)]
#[expect(dead_code, reason = "describes what is written line by line")]
pub(in crate::native) struct SentBody {
    /// Where to resume.
    #[schema(format = Uuid)]
    id: String,
    /// What happened.
    event: EventWord,
    /// An `Event` in JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

impl EventBody {
    /// The event, with the asset as the listener sees it.
    pub(in crate::native) fn of(event: &Event, asset: Option<AssetBody>) -> Self {
        let Event { id: _, kind, asset_id, uploader_id: _, scope: _, is_leaving: _, at: happened } =
            event;
        Self { asset_id: asset_id.to_string(), kind: Word(*kind), at: at(*happened), asset }
    }
}
