//! Brings what models found up to the models there are: embeddings of new pictures, and everything
//! anew when a model was changed.
//!
//! Invariant: each job does a bounded part and says where the next one begins, so that it can be
//! taken up after a crash and others get their turn; what is missing is asked of the records, not
//! remembered.

use std::sync::Arc;

use backlot_model::asset::Asset;
use backlot_model::media::Digest;
use backlot_model::{Fault, Id, Kind};
use backlot_store::{assets, embeddings, settings};
use serde::{Deserialize, Serialize};

use crate::Library;
use crate::context::blocking;
use crate::jobs::Job;
use crate::search::likeness::quantized;

/// How many pictures one job looks at.
const BATCH: u32 = 32;
/// How many old vectors go with one statement.
const SWEEP: u32 = 1_000;

/// What a change of models makes old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// Hints that models found.
    Hints,
    /// Embeddings.
    Embeddings,
}

impl Renewal {
    const ALL: [Self; 2] = [Self::Hints, Self::Embeddings];

    /// The setting that remembers which models all is up to date with.
    const fn setting(self) -> &'static str {
        match self {
            Self::Hints => "models.hints",
            Self::Embeddings => "models.embeddings",
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Hints => "hints",
            Self::Embeddings => "embeddings",
        }
    }
}

impl Library {
    /// Begins to bring everything up to the models there are, where they are not those of before.
    /// The work is done by jobs.
    ///
    /// # Errors
    /// Database faults.
    pub async fn follow_models(&self) -> Result<(), Fault> {
        for of in Renewal::ALL {
            let models = self.models_of(of);
            let before = settings::get(self.db(), of.setting()).await?.unwrap_or_default();
            if before == models {
                continue;
            }
            let work = of.word();
            tracing::info!(work, models, "models were changed; their {work} are made anew");
            let tx = self.db().begin().await?;
            self.enqueue(&tx, &Job::Renew { of, models, after: None }).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The operator's models that a renewal is about, as one text.
    fn models_of(&self, of: Renewal) -> String {
        match of {
            // What is built in carries no digest.
            Renewal::Hints => {
                let names = self.detectors().iter().map(|it| it.name().to_owned());
                names.filter(|name| name.contains('@')).collect::<Vec<_>>().join(" ")
            }
            Renewal::Embeddings => {
                self.encoder().map_or_else(String::new, |encoder| encoder.name().to_owned())
            }
        }
    }

    /// One part of a renewal. Safe to run twice.
    pub(crate) async fn renew(
        &self,
        of: Renewal,
        models: &str,
        after: Option<&str>,
    ) -> Result<(), Fault> {
        if models != self.models_of(of) {
            // Changed once more; that has a job of its own.
            return Ok(());
        }
        let next = match of {
            Renewal::Hints => self.renew_hints(after).await?,
            Renewal::Embeddings => self.renew_embeddings(after).await?,
        };
        let tx = self.db().begin().await?;
        match next {
            Some(next) => {
                let models = models.to_owned();
                self.enqueue(&tx, &Job::Renew { of, models, after: Some(next) }).await?;
            }
            None => settings::put(&tx, of.setting(), models).await?,
        }
        tx.commit().await?;
        Ok(())
    }

    async fn renew_hints(&self, after: Option<&str>) -> Result<Option<String>, Fault> {
        let ids = assets::pictured(self.db(), after.and_then(Id::parse), BATCH).await?;
        for id in &ids {
            tolerated(self.detect(*id).await)?;
        }
        Ok(ids.last().filter(|_| ids.len() == BATCH as usize).map(ToString::to_string))
    }

    async fn renew_embeddings(&self, after: Option<&str>) -> Result<Option<String>, Fault> {
        let Some(encoder) = self.encoder() else {
            while embeddings::sweep(self.db(), "", SWEEP).await? > 0 {}
            return Ok(None);
        };
        let after = after.and_then(Digest::parse);
        let missing = embeddings::missing(self.db(), encoder.name(), after, BATCH).await?;
        for digest in &missing {
            tolerated(self.embed(*digest).await)?;
        }
        if missing.len() == BATCH as usize {
            return Ok(missing.last().map(ToString::to_string));
        }
        while embeddings::sweep(self.db(), encoder.name(), SWEEP).await? > 0 {}
        Ok(None)
    }

    /// Makes the embedding of an asset's picture.
    pub(crate) async fn embed_asset(&self, id: Id<Asset>) -> Result<(), Fault> {
        let found = assets::by_id(self.db(), id).await?;
        if let Some(digest) = found.filter(|it| it.has_thumbnails).and_then(|it| it.digest) {
            self.embed(digest).await?;
        }
        Ok(())
    }

    /// Makes the embedding of a picture, unless it is there.
    async fn embed(&self, digest: Digest) -> Result<(), Fault> {
        let Some(encoder) = self.encoder() else { return Ok(()) };
        if embeddings::get(self.db(), digest, encoder.name()).await?.is_some() {
            return Ok(());
        }
        let Some(preview) = self.preview_of(digest).await? else { return Ok(()) };
        let working = Arc::clone(encoder);
        let vector = blocking(move || working.encode(&preview)).await?;
        let Some(vector) = vector.and_then(|vector| quantized(&vector)) else { return Ok(()) };
        let tx = self.db().begin().await?;
        embeddings::put(&tx, digest, encoder.name(), &vector).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// One picture that cannot be looked at does not keep others from it; storage that is out of reach
/// does.
fn tolerated<T>(outcome: Result<T, Fault>) -> Result<(), Fault> {
    match outcome {
        Err(fault) if fault.kind == Kind::Unavailable => Err(fault),
        Err(fault) => {
            tracing::warn!(cause = ?fault.cause, "a picture was left out: {fault}");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
