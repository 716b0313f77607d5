//! Work that outlives a request: what it is called, and who does it.
//!
//! Invariant: a job is a name and ids, enqueued in the transaction that makes it necessary, and
//! safe to run twice. Old payloads must still parse.

mod detect;
mod worker;

use backlot_model::Fault;
use backlot_store::db::Tx;
use backlot_store::jobs::{self, NewJob};
use serde::{Deserialize, Serialize};

pub use detect::{Detector, FaceDetector, Hints};
pub use worker::Workers;

use crate::Library;
use crate::ingest::Accepts;
use crate::models::Renewal;

/// Everything the worker can be asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "kebab-case")]
pub enum Job {
    /// Make facts and thumbnails of an asset's bytes.
    Process {
        /// Which asset.
        asset: String,
    },
    /// Fetch an asset's bytes.
    ImportUrl {
        /// Which asset.
        asset: String,
        /// What the call took; any picture when it was not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepts: Option<Accepts>,
    },
    /// Make an asset of an upload in parts or from an address.
    Upload {
        /// Which upload.
        upload: String,
    },
    /// Put assets into a ZIP archive.
    Archive {
        /// The task that somebody watches.
        task: String,
    },
    /// Find hints about an asset's content.
    Detect {
        /// Which asset.
        asset: String,
    },
    /// Make the embedding of an asset's picture.
    Embed {
        /// Which asset.
        asset: String,
    },
    /// Make a part of what models found anew, since they were changed.
    Renew {
        /// What.
        of: Renewal,
        /// For which models; another change is another job.
        models: String,
        /// Behind which asset or blob the part begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}

impl Job {
    /// Every name that [`Job::kind`] can give.
    pub const KINDS: &[&str] =
        &["process", "import-url", "upload", "archive", "detect", "embed", "renew"];

    /// The name of its sort.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Process { .. } => "process",
            Self::ImportUrl { .. } => "import-url",
            Self::Upload { .. } => "upload",
            Self::Archive { .. } => "archive",
            Self::Detect { .. } => "detect",
            Self::Embed { .. } => "embed",
            Self::Renew { .. } => "renew",
        }
    }

    /// Two jobs with one key are one job.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Process { asset }
            | Self::ImportUrl { asset, .. }
            | Self::Detect { asset }
            | Self::Embed { asset } => format!("{}/{asset}", self.kind()),
            Self::Upload { upload: id } | Self::Archive { task: id } => {
                format!("{}/{id}", self.kind())
            }
            Self::Renew { of, .. } => format!("{}/{}", self.kind(), of.word()),
        }
    }
}

impl Library {
    /// Enqueues `job` with what makes it necessary. A worker is woken by the commit.
    pub(crate) async fn enqueue(&self, tx: &Tx, job: &Job) -> Result<(), Fault> {
        let payload = serde_json::to_string(job).map_err(Fault::internal)?;
        let now = self.now_ms();
        let id = self.ids().next();
        let new =
            NewJob { id, kind: job.kind(), key: job.key(), payload, run_at: now, created_at: now };
        jobs::enqueue(tx, &new).await?;
        self.wake_after_commit(tx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_stay_readable() {
        let id = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";
        let about = |kind: &str| match kind {
            "upload" => "upload",
            "archive" => "task",
            _ => "asset",
        };
        for kind in Job::KINDS.iter().filter(|kind| **kind != "renew") {
            let written = format!(r#"{{"job":"{kind}","{}":"{id}"}}"#, about(kind));
            let job: Job = serde_json::from_str(&written).unwrap();
            assert_eq!(serde_json::to_string(&job).unwrap(), written);
            assert_eq!(job.key(), format!("{kind}/{id}"));
            assert!(Job::KINDS.contains(&job.kind()));
        }
        let written = r#"{"job":"renew","of":"hints","models":"a@1","after":"x"}"#;
        let job: Job = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_string(&job).unwrap(), written);
        assert_eq!((job.kind(), job.key().as_str()), ("renew", "renew/hints"));
    }
}
