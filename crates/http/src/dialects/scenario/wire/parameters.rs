//! Generation parameters as this vendor names and types them.
//!
//! An asset is registered with whatever parameters its maker had. Those that this vendor knows,
//! under its name or that name in snake case, and with the type it gives them, show under
//! `metadata`; others stay out, since its client would refuse the whole answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What a parameter may hold.
#[derive(Debug, Clone, Copy)]
enum Sort {
    Text,
    /// A text; a number is written as one.
    TextOrNumber,
    Number,
    Flag,
    Texts,
    Numbers,
    /// Lists of numbers, so many levels deep below the first.
    Lists(u8),
    Concepts,
    OneOf(&'static [&'static str]),
}

use Sort::{Concepts, Flag, Lists, Number, Numbers, OneOf, Text, TextOrNumber, Texts};

const IMAGE_TYPES: &[&str] = &["seamfull", "skybox", "texture"];
const FIDELITIES: &[&str] = &["high", "low"];
const LOCATIONS: &[&str] = &["bottom", "left", "middle", "right", "top"];
const MODALITIES: &[&str] = &[
    "canny",
    "depth",
    "grayscale",
    "lineart_anime",
    "mlsd",
    "normal",
    "pose",
    "scribble",
    "segmentation",
    "sketch",
];
const MODEL_TYPES: &[&str] = &[
    "custom",
    "elevenlabs-voice",
    "flux.1",
    "flux.1-composition",
    "flux.1-kontext-dev",
    "flux.1-kontext-lora",
    "flux.1-krea-dev",
    "flux.1-krea-lora",
    "flux.1-lora",
    "flux.1-pro",
    "flux.1.1-pro-ultra",
    "flux.2-dev-edit-lora",
    "flux.2-dev-lora",
    "flux.2-klein-4b-edit-lora",
    "flux.2-klein-4b-lora",
    "flux.2-klein-9b-edit-lora",
    "flux.2-klein-9b-lora",
    "flux.2-klein-base-4b-edit-lora",
    "flux.2-klein-base-4b-lora",
    "flux.2-klein-base-9b-edit-lora",
    "flux.2-klein-base-9b-lora",
    "flux1.1-pro",
    "gpt-image-1",
    "qwen-image-2512-lora",
    "qwen-image-edit-2509-lora",
    "qwen-image-edit-2511-lora",
    "qwen-image-edit-lora",
    "qwen-image-lora",
    "zimage-de-turbo-lora",
    "zimage-lora",
    "zimage-turbo-lora",
];
const STYLES: &[&str] = &[
    "3d-cartoon",
    "3d-rendered",
    "anime",
    "cartoon",
    "cinematic",
    "claymation",
    "cloud-skydome",
    "comic",
    "cyberpunk",
    "enchanted",
    "fantasy",
    "ink",
    "manga",
    "manga-color",
    "minimalist",
    "neon-tron",
    "oil-painting",
    "pastel",
    "photo",
    "photography",
    "psychedelic",
    "retro-fantasy",
    "scifi-concept-art",
    "space",
    "standard",
    "whimsical",
];

/// Every parameter, but for what an asset itself has: its kind, type, name, lineage and lock.
const KNOWN: &[(&str, Sort)] = &[
    ("angular", Number),
    ("aspectRatio", Text),
    ("backgroundOpacity", Number),
    ("baseModelId", Text),
    ("bbox", Numbers),
    ("betterQuality", Flag),
    ("cannyStructureImage", Text),
    ("clustering", Flag),
    ("colorCorrection", Flag),
    ("colorMode", Text),
    ("colorPrecision", Number),
    ("concepts", Concepts),
    ("contours", Lists(3)),
    ("controlEnd", Number),
    ("copiedAt", Text),
    ("cornerThreshold", Number),
    ("creativity", Number),
    ("creativityDecay", Number),
    ("defaultParameters", Flag),
    ("depthFidelity", Number),
    ("depthImage", Text),
    ("detailsLevel", Number),
    ("dilate", Number),
    ("factor", Number),
    ("filterSpeckle", Number),
    ("fractality", Number),
    ("geometryEnforcement", Number),
    ("guidance", Number),
    ("halfMode", Flag),
    ("hdr", Number),
    ("height", Number),
    ("highThreshold", Number),
    ("horizontalExpansionRatio", Number),
    ("image", Text),
    ("imageFidelity", Number),
    ("imageType", OneOf(IMAGE_TYPES)),
    ("inputFidelity", OneOf(FIDELITIES)),
    ("inputLocation", OneOf(LOCATIONS)),
    ("invert", Flag),
    ("keepsFileNames", Flag),
    ("keypointThreshold", Number),
    ("layerDifference", Number),
    ("lengthThreshold", Number),
    ("lowThreshold", Number),
    ("mask", Text),
    ("maxIterations", Number),
    ("maxThreshold", Number),
    ("minThreshold", Number),
    ("modality", OneOf(MODALITIES)),
    ("mode", Text),
    ("modelType", OneOf(MODEL_TYPES)),
    ("nbMasks", Number),
    ("negativePrompt", Text),
    ("negativePromptStrength", Number),
    ("numInferenceSteps", Number),
    ("numOutputs", Number),
    ("originalAssetId", Text),
    ("outputIndex", Number),
    ("overlapPercentage", Number),
    ("overrideEmbeddings", Flag),
    ("parentJobId", Text),
    ("pathPrecision", Number),
    ("points", Lists(1)),
    ("polished", Number),
    ("preset", Text),
    ("progressPercent", Number),
    ("prompt", Text),
    ("promptFidelity", Number),
    ("raised", Number),
    ("referenceImages", Texts),
    ("refinementSteps", Number),
    ("removeBackground", Flag),
    ("resizeOption", Number),
    ("resultContours", Flag),
    ("resultImage", Flag),
    ("resultMask", Flag),
    ("saveFlipbook", Flag),
    ("scalingFactor", Number),
    ("scheduler", Text),
    ("seed", TextOrNumber),
    ("sharpen", Flag),
    ("shiny", Number),
    ("size", Number),
    ("sketch", Flag),
    ("sourceProjectId", Text),
    ("spliceThreshold", Number),
    ("strength", Number),
    ("structureFidelity", Number),
    ("structureImage", Text),
    ("style", OneOf(STYLES)),
    ("styleFidelity", Number),
    ("styleImages", Texts),
    ("styleImagesFidelity", Number),
    ("targetHeight", Number),
    ("targetWidth", Number),
    ("text", Text),
    ("texture", Text),
    ("tileStyle", Flag),
    ("trainingImage", Flag),
    ("verticalExpansionRatio", Number),
    ("width", Number),
];

/// The registered parameters that show under `metadata`.
pub(in crate::dialects::scenario) fn shown(parameters: &str) -> BTreeMap<String, Value> {
    let registered: Map<String, Value> = serde_json::from_str(parameters).unwrap_or_default();
    if registered.is_empty() {
        return BTreeMap::new();
    }
    let find = |name: &str| registered.get(name).or_else(|| registered.get(&snake_case(name)));
    let fits = |(name, sort): &(&str, Sort)| Some(((*name).to_owned(), fit(*sort, find(name)?)?));
    KNOWN.iter().filter_map(fits).collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The value as the vendor types it; `None` where it is something else.
fn fit(sort: Sort, value: &Value) -> Option<Value> {
    let fits = match sort {
        Text => value.is_string(),
        TextOrNumber if value.is_number() => return Some(Value::String(value.to_string())),
        TextOrNumber => value.is_string(),
        Number => value.is_number(),
        Flag => value.is_boolean(),
        Texts => all(value, Value::is_string),
        Numbers => all(value, Value::is_number),
        Lists(depth) => are_lists(value, depth),
        Concepts => all(value, is_concept),
        OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
    };
    fits.then(|| value.clone())
}

fn all(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(fits))
}

fn are_lists(value: &Value, depth: u8) -> bool {
    match depth {
        0 => all(value, Value::is_number),
        _ => all(value, |item| are_lists(item, depth - 1)),
    }
}

fn is_concept(value: &Value) -> bool {
    value["modelId"].is_string()
        && value["scale"].is_number()
        && matches!(value["modelEpoch"], Value::Null | Value::String(_))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn enums() -> Value {
        let text = include_str!("../../../../../../fixtures/scenario/enums.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_field_of_the_vendor_is_known() {
        let own = [
            "kind",
            "type",
            "name",
            "fileName",
            "inferenceId",
            "lockExpiresAt",
            "modelId",
            "parentId",
            "rootParentId",
            "thumbnail",
        ];
        let known: BTreeSet<&str> = KNOWN.iter().map(|(name, _)| *name).chain(own).collect();
        let all = enums();
        let fields = all["fields"]["metadata"].as_array().unwrap().iter();
        let named: BTreeSet<&str> =
            fields.map(|name| name.as_str().unwrap().trim_end_matches('?')).collect();
        assert_eq!(known, named);
        for (name, words) in [
            ("metadata.imageType", IMAGE_TYPES),
            ("metadata.inputFidelity", FIDELITIES),
            ("metadata.inputLocation", LOCATIONS),
            ("metadata.modality", MODALITIES),
            ("metadata.modelType", MODEL_TYPES),
            ("metadata.style", STYLES),
        ] {
            assert_eq!(all["enums"][name], json!(words), "{name}");
        }
    }

    #[test]
    fn what_has_the_vendors_type_shows_and_the_rest_stays_out() {
        let registered = json!({
            "prompt": "a cat", "negative_prompt": "a dog", "seed": 42, "guidance": 7.5,
            "numInferenceSteps": "thirty", "style": "anime", "modality": "x-ray",
            "bbox": [0, 0, 1, 1], "points": [[1, 2], [3, 4]], "contours": [[[[1, 2]]]],
            "concepts": [{"modelId": "m", "scale": 1}], "referenceImages": ["a", 1],
            "house": "ours", "betterQuality": true, "name": "not the asset's",
        });
        let expected = json!({
            "prompt": "a cat", "negativePrompt": "a dog", "seed": "42", "guidance": 7.5,
            "style": "anime", "bbox": [0, 0, 1, 1], "points": [[1, 2], [3, 4]],
            "contours": [[[[1, 2]]]], "concepts": [{"modelId": "m", "scale": 1}],
            "betterQuality": true,
        });
        assert_eq!(json!(shown(&registered.to_string())), expected);
        assert!(shown("{}").is_empty());
    }

    #[test]
    fn names_in_snake_case() {
        assert_eq!(snake_case("numInferenceSteps"), "num_inference_steps");
        assert_eq!(snake_case("prompt"), "prompt");
    }
}
