//! Best-effort hints about a picture, each with the detector that gave it.
//!
//! Invariant: a hint that the caller gave is never overwritten, and detection never fails an
//! asset: it is ready before detection begins.

use backlot_imaging::Preview;
use backlot_imaging::faces::FaceFinder;
use backlot_model::asset::Asset;
use backlot_model::event::EventKind;
use backlot_model::media::Detected;
use backlot_model::{Fault, Id};
use backlot_store::assets;

use crate::Library;
use crate::context::blocking;

/// Hints that a detector found; what it does not know it leaves out.
pub type Hints = Detected;

/// Finds hints in a small picture. Runs in the worker, off the async threads.
pub trait Detector: Send + Sync {
    /// Name and version, kept with each hint: `faces/1`.
    fn name(&self) -> &str;

    /// What the picture shows, as far as this detector can tell; none when it could not look.
    fn detect(&self, preview: &Preview) -> Option<Hints>;
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

    fn detect(&self, preview: &Preview) -> Option<Hints> {
        let has_person = self.0.has_face(preview).then_some(true);
        Some(Hints { has_person, ..Hints::default() })
    }
}

impl Library {
    /// Runs every detector over the asset's big thumbnail and records what they know, in place of
    /// what they, or detectors that are no more, knew before.
    pub(crate) async fn detect(&self, id: Id<Asset>) -> Result<(), Fault> {
        let found = assets::by_id(self.db(), id).await?;
        let is_wanted = |it: &Asset| it.has_thumbnails && it.deleted_at.is_none();
        let Some(digest) = found.filter(is_wanted).and_then(|it| it.digest) else {
            return Ok(());
        };
        let Some(preview) = self.preview_of(digest).await? else { return Ok(()) };
        let detectors = self.detectors().clone();
        let seen = blocking(move || {
            let run =
                |it: &std::sync::Arc<dyn Detector>| (it.name().to_owned(), it.detect(&preview));
            detectors.iter().map(run).collect::<Vec<_>>()
        })
        .await?;
        let tx = self.db().begin().await?;
        let found = assets::by_id_in(&tx, id).await?;
        let Some(before) = found.filter(is_wanted) else { return Ok(()) };
        let hints = renewed(before.detected.clone().unwrap_or_default(), seen);
        let hints = Some(hints).filter(|hints| !hints.is_empty());
        if before.detected == hints || before.detected.is_none() && hints.is_none() {
            return Ok(());
        }
        let mut after = before.clone();
        after.detected = hints;
        after.updated_at = self.now_ms();
        assets::save(&tx, &before, &after).await?;
        self.announce(&tx, EventKind::Updated, &after).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What is known after each detector has seen the picture, or could not (none).
fn renewed(mut known: Detected, seen: Vec<(String, Option<Hints>)>) -> Detected {
    let is_old = |detector: &str| match seen.iter().find(|(name, _)| name == detector) {
        Some((_, hints)) => hints.is_some(),
        None => true,
    };
    let (old, kept) = known.sources.into_iter().partition(|(_, detector)| is_old(detector));
    known.sources = kept;
    let old: Vec<(String, String)> = old;
    for (hint, _) in &old {
        match hint.as_str() {
            "has_person" => known.has_person = None,
            "has_clothing" => known.has_clothing = None,
            "person_attributes" => known.person_attributes = None,
            "clothing_items" => known.clothing_items = None,
            "categories" => known.categories = None,
            _ => {}
        }
    }
    for (name, hints) in seen {
        if let Some(hints) = hints {
            complete(&mut known, hints, &name);
        }
    }
    known
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

    fn found(detector: &str, has_person: bool, categories: &[&str]) -> (String, Option<Hints>) {
        let categories = categories.iter().map(|&it| it.to_owned()).collect();
        let hints = Hints {
            has_person: Some(has_person),
            categories: Some(categories),
            ..Hints::default()
        };
        (detector.to_owned(), Some(hints))
    }

    fn source(hint: &str, detector: &str) -> (String, String) {
        (hint.to_owned(), detector.to_owned())
    }

    #[test]
    fn what_the_caller_said_stands() {
        let mut known = Detected { has_person: Some(false), ..Detected::default() };
        let seen = Hints { has_person: Some(true), has_clothing: Some(true), ..Hints::default() };
        complete(&mut known, seen, "test/1");
        assert_eq!(known.has_person, Some(false));
        assert_eq!(known.has_clothing, Some(true));
        assert_eq!(known.sources, [("has_clothing".to_owned(), "test/1".to_owned())]);
    }

    #[test]
    fn what_detectors_said_before_is_replaced_and_the_callers_word_is_not() {
        let given = Detected { has_person: Some(false), ..Detected::default() };
        let first = renewed(given, vec![found("a@1", true, &["one"])]);
        assert_eq!(first.sources, [source("categories", "a@1")]);
        let second = renewed(first, vec![found("a@2", true, &["two"])]);
        assert_eq!(second.has_person, Some(false));
        assert_eq!(second.categories, Some(vec!["two".to_owned()]));
        assert_eq!(second.sources, [source("categories", "a@2")]);
        let silent = renewed(second.clone(), vec![("a@2".to_owned(), None)]);
        assert_eq!(silent, second);
        let none_left = renewed(second, Vec::new());
        assert_eq!((none_left.categories, none_left.sources), (None, Vec::new()));
        assert_eq!(none_left.has_person, Some(false));
    }

    #[test]
    fn the_first_detector_that_knows_a_hint_gives_it() {
        let both = vec![found("a@1", true, &["one"]), found("b@1", false, &["two"])];
        let known = renewed(Detected::default(), both);
        assert_eq!(
            (known.has_person, known.categories),
            (Some(true), Some(vec!["one".to_owned()]))
        );
        let sources = [source("has_person", "a@1"), source("categories", "a@1")];
        assert_eq!(known.sources, sources);
    }
}
