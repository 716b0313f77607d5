//! Hints about a picture's content.

use backlot_model::media::Detected;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Hints about a picture's content. A hint that nobody computed is absent, not false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"has_person": true, "categories": ["portrait"]}))]
pub(in crate::native) struct DetectedHints {
    /// A person is in the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_person: Option<bool>,
    /// Clothing is in the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_clothing: Option<bool>,
    /// High-level descriptors of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    person_attributes: Option<Vec<String>>,
    /// Garments.
    #[serde(skip_serializing_if = "Option::is_none")]
    clothing_items: Option<Vec<String>>,
    /// Broad content categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
}

impl From<Detected> for DetectedHints {
    fn from(detected: Detected) -> Self {
        // Which detector gave which hint is for the operator.
        let Detected {
            has_person,
            has_clothing,
            person_attributes,
            clothing_items,
            categories,
            sources: _,
        } = detected;
        Self { has_person, has_clothing, person_attributes, clothing_items, categories }
    }
}

impl From<DetectedHints> for Detected {
    fn from(hints: DetectedHints) -> Self {
        let DetectedHints {
            has_person,
            has_clothing,
            person_attributes,
            clothing_items,
            categories,
        } = hints;
        let sources = Vec::new();
        Self { has_person, has_clothing, person_attributes, clothing_items, categories, sources }
    }
}
