//! Best-effort hints about a picture, each with the detector that gave it.
//!
//! Invariant: a hint that the caller gave is never overwritten, and detection never fails an
//! asset: it is ready before detection begins.

use backlot_imaging::faces::FaceFinder;
use backlot_imaging::{Limits, Preview, ProcessOptions, probe, process};
use backlot_model::asset::Asset;
use backlot_model::event::EventKind;
use backlot_model::limits::MIB;
use backlot_model::media::Detected;
use backlot_model::{Fault, Id};
use backlot_store::assets;

use super::Outcome;
use crate::Library;
use crate::context::blocking;

/// Hints that a detector found; what it does not know it leaves out.
pub type Hints = Detected;

/// More than any stored thumbnail has.
const THUMB_BYTES_MAX: u64 = 16 * MIB;
/// Longest side of what detectors see, in pixels.
const PREVIEW_PX: u32 = 640;

/// Finds hints in a small picture. Runs in the worker, off the async threads.
pub trait Detector: Send + Sync {
    /// Name and version, kept with each hint: `faces/1`.
    fn name(&self) -> &str;

    /// What the picture shows, as far as this detector can tell.
    fn detect(&self, preview: &Preview) -> Hints;
}

/// The built-in hint: a frontal face means a person. Its absence means nothing.
pub struct FaceDetector(FaceFinder);

impl FaceDetector {
    /// Loads the embedded model; `None` when it cannot be read.
    #[must_use]
    pub fn load() -> Option<Self> {
        FaceFinder::new().ok().map(Self)
    }
}

impl Detector for FaceDetector {
    fn name(&self) -> &'static str {
        FaceFinder::NAME
    }

    fn detect(&self, preview: &Preview) -> Hints {
        let has_person = self.0.has_face(preview).then_some(true);
        Hints { has_person, ..Hints::default() }
    }
}

impl Library {
    /// Runs every detector over the asset's big thumbnail and records what was not known.
    pub(crate) async fn detect(&self, id: Id<Asset>) -> Result<Outcome, Fault> {
        let found = assets::by_id(self.db(), id).await?;
        let Some(digest) = found.filter(|it| it.has_thumbnails).and_then(|it| it.digest) else {
            return Ok(Outcome::Done);
        };
        let read = self.blobs().read_rendition(digest, "big", None).await.map_err(Fault::from)?;
        let thumb = read.bytes(THUMB_BYTES_MAX).await.map_err(Fault::from)?;
        let detectors = self.detectors().clone();
        let limits = Limits::from(&self.config().uploads);
        let found = blocking(move || {
            let preview = preview_of(&thumb, &limits)?;
            let run =
                |it: &std::sync::Arc<dyn Detector>| (it.name().to_owned(), it.detect(&preview));
            Some(detectors.iter().map(run).collect::<Vec<_>>())
        })
        .await?;
        let tx = self.db().begin().await?;
        let Some(before) = assets::by_id_in(&tx, id).await? else { return Ok(Outcome::Done) };
        let mut hints = before.detected.clone().unwrap_or_default();
        for (name, seen) in found.unwrap_or_default() {
            complete(&mut hints, seen, &name);
        }
        if hints.is_empty() || before.detected.as_ref() == Some(&hints) {
            return Ok(Outcome::Done);
        }
        let mut after = before.clone();
        after.detected = Some(hints);
        after.updated_at = self.now_ms();
        assets::save(&tx, &before, &after).await?;
        self.announce(&tx, EventKind::Updated, &after).await?;
        tx.commit().await?;
        Ok(Outcome::Done)
    }
}

/// The pixels of a thumbnail, small enough for detectors.
fn preview_of(thumb: &[u8], limits: &Limits) -> Option<Preview> {
    let probed = probe(thumb, limits).ok()?;
    let options = ProcessOptions {
        thumb_edges_px: Vec::new(),
        preview_edge_px: Some(PREVIEW_PX),
        ..ProcessOptions::default()
    };
    process(thumb, &probed, &options).ok()?.preview
}

/// Fills what is not known yet, and says who knew it.
fn complete(known: &mut Detected, seen: Hints, detector: &str) {
    let Detected {
        has_person, has_clothing, person_attributes, clothing_items, categories, ..
    } = seen;
    let mut took = Vec::new();
    fill(&mut known.has_person, has_person, "has_person", &mut took);
    fill(&mut known.has_clothing, has_clothing, "has_clothing", &mut took);
    fill(&mut known.person_attributes, person_attributes, "person_attributes", &mut took);
    fill(&mut known.clothing_items, clothing_items, "clothing_items", &mut took);
    fill(&mut known.categories, categories, "categories", &mut took);
    known.sources.extend(took.into_iter().map(|hint| (hint.to_owned(), detector.to_owned())));
}

fn fill<T>(
    known: &mut Option<T>,
    seen: Option<T>,
    hint: &'static str,
    took: &mut Vec<&'static str>,
) {
    if known.is_none() && seen.is_some() {
        *known = seen;
        took.push(hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_said_stands() {
        let mut known = Detected { has_person: Some(false), ..Detected::default() };
        let seen = Hints { has_person: Some(true), has_clothing: Some(true), ..Hints::default() };
        complete(&mut known, seen, "test/1");
        assert_eq!(known.has_person, Some(false));
        assert_eq!(known.has_clothing, Some(true));
        assert_eq!(known.sources, [("has_clothing".to_owned(), "test/1".to_owned())]);
    }
}
