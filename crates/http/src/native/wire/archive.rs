//! Archives.

use backlot_library::archives::{Archive, NewArchive};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at;
use super::word::{TaskWord, Word};
use crate::app::Links;

/// What goes into an archive, and how its files are called.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = NewArchive, example = json!({
    "asset_ids": ["0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11"], "template": "<prompt>/<id>"
}))]
pub(in crate::native) struct ArchiveAsked {
    /// These assets; with what follows, at most 1,000 in all.
    #[schema(max_items = 1000)]
    asset_ids: Vec<String>,
    /// All that these runs made.
    inference_ids: Vec<String>,
    /// All that these models made.
    model_ids: Vec<String>,
    /// How files are called: `<id>`, `<seed>`, `<num>` (the place within its run), `<prompt>`,
    /// `<generator>` and `<description>`, with `/` between folders. The extension is appended, and
    /// equal names are numbered. `<id>` if absent.
    #[schema(max_length = 500)]
    template: Option<String>,
    /// What the archive is called, without extension; `<YYYYMMDD>-export` if absent.
    #[schema(max_length = 251)]
    archive_name: Option<String>,
    /// Whether all files lie side by side, whatever the template says.
    flat: bool,
}

impl From<ArchiveAsked> for NewArchive {
    fn from(asked: ArchiveAsked) -> Self {
        let ArchiveAsked { asset_ids, inference_ids, model_ids, template, archive_name, flat } =
            asked;
        Self { asset_ids, inference_ids, model_ids, template, name: archive_name, flat }
    }
}

/// How far an archive is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Archive, example = json!({
    "id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11", "status": "RUNNING", "progress": 40,
    "error": null, "url": null, "size": null, "expires_at": null
}))]
pub(in crate::native) struct ArchiveBody {
    /// Identifier, also of the task.
    #[schema(format = Uuid)]
    id: String,
    /// How far it is.
    status: TaskWord,
    /// In percent.
    #[schema(minimum = 0, maximum = 100)]
    progress: u8,
    /// Why it failed.
    error: Option<String>,
    /// Signed address of the ZIP, until it expires.
    url: Option<String>,
    /// In bytes.
    size: Option<u64>,
    /// The ZIP is there until then.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl ArchiveBody {
    /// The archive as it is told.
    pub(in crate::native) fn of(archive: Archive, links: &Links) -> Self {
        let Archive { task, file } = archive;
        Self {
            id: task.id.to_string(),
            status: Word(task.status),
            progress: task.progress,
            error: task.error,
            url: file.as_ref().map(|file| links.temp_file(file)),
            size: file.as_ref().map(|file| file.size),
            expires_at: file.map(|file| at(file.expires_at)),
        }
    }
}
