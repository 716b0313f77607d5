//! All that an upload could leave behind, to see that a refused one left nothing.

use std::path::Path;

use backlot_store::{Fetch as _, args};

use crate::app::TestApp;

/// Rows and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    rows: Vec<String>,
    /// Under `blobs/`; `None` where bytes without an owner may lie until the collector comes.
    blobs: Option<usize>,
    /// Under `staging/`.
    staged: usize,
}

impl State {
    pub(super) async fn of(app: &TestApp) -> Self {
        let tables = [
            "asset",
            "asset_tag",
            "blob",
            "rendition",
            "job",
            "event",
            "upload",
            "collection",
            "collection_member",
            "person",
            "temp_file",
            "idempotency_key",
            "task",
        ];
        let counts = tables.map(|table| format!("SELECT '{table} ' || count(*) FROM {table}"));
        let mut sql = counts.join(" UNION ALL ");
        sql.push_str(
            " UNION ALL SELECT id || ' ' || version FROM asset
              UNION ALL SELECT 'place ' || id || ' ' || status FROM upload ORDER BY 1",
        );
        let rows = app.db.fetch(sql, args![], |row| row.get(0)).await.unwrap();
        let files = |folder: &str| files_under(&app.blobs.path().join(folder));
        Self { rows, blobs: Some(files("blobs")), staged: files("staging") }
    }

    /// How many files there are in the store.
    pub(super) const fn blobs(&self) -> Option<usize> {
        self.blobs
    }

    /// The same, where bytes may be in the store that no row tells of: a crash could leave as much.
    pub(super) fn but_for_bytes(&self) -> Self {
        Self { blobs: None, ..self.clone() }
    }

    #[track_caller]
    pub(super) fn is(&self, expected: &Self, told: &str) {
        let blobs = expected.blobs.and(self.blobs);
        assert_eq!(&Self { blobs, ..self.clone() }, expected, "{told}");
    }
}

impl State {
    /// The same, where new places to upload to may have been asked for.
    #[track_caller]
    pub(super) fn is_but_for_places(&self, expected: &Self, told: &str) {
        let without = |state: &Self| {
            let mut rows = state.rows.clone();
            let is_open_place = |row: &str| row.starts_with("place ") && row.ends_with(" pending");
            rows.retain(|row| !(row.starts_with("upload ") || is_open_place(row)));
            Self { rows, ..state.clone() }
        };
        assert_eq!(without(self), without(expected), "{told}");
    }
}

fn files_under(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_under(&path) } else { 1 }).sum()
}
