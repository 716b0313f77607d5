//! Which hints the scores of labels mean.

use crate::jobs::Hints;

/// What it means that a label is on a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meaning {
    /// There is a person.
    pub has_person: bool,
    /// There is clothing.
    pub has_clothing: bool,
    /// A descriptor of a person.
    pub person_attribute: Option<String>,
    /// A garment.
    pub clothing_item: Option<String>,
    /// A broad category.
    pub category: Option<String>,
}

/// One label of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// From this score on it is on the picture.
    pub threshold: f32,
    /// Below this score it is certainly not; where that holds of all labels that mean a person (or
    /// clothing), there is none. None: it is never certain.
    pub absent_below: Option<f32>,
    /// What it means.
    pub meaning: Meaning,
}

/// What the scores say. Lists that no label has anything for stay unknown, others may be empty.
pub(super) fn hints(labels: &[Label], scores: &[f32]) -> Hints {
    let scored = || labels.iter().zip(scores.iter().copied());
    let list = |of: fn(&Meaning) -> Option<&String>| {
        if !labels.iter().any(|label| of(&label.meaning).is_some()) {
            return None;
        }
        let mut found: Vec<(f32, &String)> = scored()
            .filter(|(label, score)| *score >= label.threshold)
            .filter_map(|(label, score)| Some((score, of(&label.meaning)?)))
            .collect();
        // The likeliest first.
        found.sort_by(|one, other| other.0.total_cmp(&one.0));
        let mut words: Vec<String> = Vec::new();
        for (_, word) in found {
            if !words.contains(word) {
                words.push(word.clone());
            }
        }
        Some(words)
    };
    let truth = |of: fn(&Meaning) -> bool| {
        let mut meant = scored().filter(|(label, _)| of(&label.meaning)).peekable();
        meant.peek()?;
        let meant: Vec<(&Label, f32)> = meant.collect();
        if meant.iter().any(|(label, score)| *score >= label.threshold) {
            return Some(true);
        }
        let absent =
            |(label, score): &(&Label, f32)| label.absent_below.is_some_and(|it| *score < it);
        meant.iter().all(absent).then_some(false)
    };
    Hints {
        has_person: truth(|it| it.has_person),
        has_clothing: truth(|it| it.has_clothing),
        person_attributes: list(|it| it.person_attribute.as_ref()),
        clothing_items: list(|it| it.clothing_item.as_ref()),
        categories: list(|it| it.category.as_ref()),
        sources: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(threshold: f32, absent_below: Option<f32>, meaning: Meaning) -> Label {
        Label { threshold, absent_below, meaning }
    }

    #[test]
    fn scores_become_hints_by_their_thresholds() {
        let word = |word: &str| Some(word.to_owned());
        let labels = [
            label(0.5, Some(0.1), Meaning { has_person: true, ..Meaning::default() }),
            label(
                0.5,
                Some(0.1),
                Meaning { has_person: true, person_attribute: word("child"), ..Meaning::default() },
            ),
            label(
                0.7,
                None,
                Meaning {
                    has_clothing: true,
                    clothing_item: word("t-shirt"),
                    category: word("tops"),
                    ..Meaning::default()
                },
            ),
            label(
                0.2,
                None,
                Meaning {
                    clothing_item: word("jeans"),
                    category: word("tops"),
                    ..Meaning::default()
                },
            ),
        ];
        let seen = hints(&labels, &[0.5, 0.0, 0.71, 0.9]);
        assert_eq!((seen.has_person, seen.has_clothing), (Some(true), Some(true)));
        assert_eq!(seen.clothing_items, Some(vec!["jeans".to_owned(), "t-shirt".to_owned()]));
        assert_eq!(seen.categories, Some(vec!["tops".to_owned()]));
        assert_eq!(seen.person_attributes, Some(Vec::new()));

        let seen = hints(&labels, &[0.0, 0.05, 0.0, 0.0]);
        assert_eq!((seen.has_person, seen.has_clothing), (Some(false), None));
        let seen = hints(&labels, &[0.0, 0.2, 0.0, f32::NAN]);
        assert_eq!((seen.has_person, seen.has_clothing), (None, None));
        assert_eq!(seen.clothing_items, Some(Vec::new()));
        assert!(hints(&[], &[]).is_empty());
    }
}
