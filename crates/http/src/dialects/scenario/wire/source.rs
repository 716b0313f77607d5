//! What a type is called as `source`: the same words, spelt differently.

use backlot_model::asset::{TYPE_UPLOADED, is_asset_type};

/// The types whose `source` is not the type's own word.
const SPELT: &[(&str, &str)] = &[
    ("3d-texture", "3d:texture"),
    ("3d-texture-albedo", "3d:texture:albedo"),
    ("3d-texture-metallic", "3d:texture:metallic"),
    ("3d-texture-mtl", "3d:texture:mtl"),
    ("3d-texture-normal", "3d:texture:normal"),
    ("3d-texture-roughness", "3d:texture:roughness"),
    ("3d23d-texture", "3d23d:texture"),
    ("inference-controlnet", "inference-control-net"),
    ("inference-controlnet-img2img", "inference-control-net-img"),
    ("inference-controlnet-inpaint", "inference-control-net-inpainting"),
    ("inference-controlnet-inpaint-ip-adapter", "inference-control-net-inpainting-ip-adapter"),
    ("inference-controlnet-ip-adapter", "inference-control-net-ip-adapter"),
    ("inference-controlnet-reference", "inference-control-net-reference"),
    ("inference-controlnet-texture", "inference-control-net-texture"),
    ("inference-img2img", "inference-img"),
    ("inference-img2img-ip-adapter", "inference-img-ip-adapter"),
    ("inference-img2img-texture", "inference-img-texture"),
    ("inference-inpaint", "inference-in-paint"),
    ("inference-inpaint-ip-adapter", "inference-in-paint-ip-adapter"),
    ("inference-txt2img", "inference-txt"),
    ("inference-txt2img-ip-adapter", "inference-txt-ip-adapter"),
    ("inference-txt2img-texture", "inference-txt-texture"),
    ("texture-albedo", "texture:albedo"),
    ("texture-ao", "texture:ao"),
    ("texture-edge", "texture:edge"),
    ("texture-height", "texture:height"),
    ("texture-metallic", "texture:metallic"),
    ("texture-normal", "texture:normal"),
    ("texture-smoothness", "texture:smoothness"),
];

/// Types that other dialects have and this vendor does not.
const FOREIGN: &[&str] = &[backlot_model::asset::TYPE_FACE, backlot_model::asset::TYPE_TEMPLATE];

/// The type as this vendor knows it: what it has no word for was uploaded.
pub(in crate::dialects::scenario) fn type_of(asset_type: &str) -> &str {
    if FOREIGN.contains(&asset_type) { TYPE_UPLOADED } else { asset_type }
}

/// The `source` of a type that [`type_of`] gave.
pub(in crate::dialects::scenario) fn source_of(asset_type: &str) -> &str {
    let spelt = SPELT.iter().find(|(word, _)| *word == asset_type);
    spelt.map_or(asset_type, |(_, source)| source)
}

/// Whether this vendor knows the type.
pub(in crate::dialects::scenario) fn is_type(word: &str) -> bool {
    is_asset_type(word) && !FOREIGN.contains(&word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use backlot_model::asset::ASSET_TYPES;
    use serde_json::Value;

    use super::*;

    fn words(name: &str) -> BTreeSet<String> {
        let text = include_str!("../../../../../../fixtures/scenario/enums.json");
        let all: Value = serde_json::from_str(text).unwrap();
        let words = all["enums"][name].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_type_of_the_vendor_is_known_and_has_its_source() {
        let known = ASSET_TYPES.iter().filter(|word| is_type(word));
        let types: BTreeSet<String> = known.map(|word| (*word).to_owned()).collect();
        assert_eq!(types.len(), 81);
        assert_eq!(types, words("metadata.type"));
        let sources: BTreeSet<String> =
            types.iter().map(|word| source_of(word).to_owned()).collect();
        assert_eq!(sources, words("asset.source"), "each source once");
        assert!(words("GET /assets type").is_subset(&types));
    }

    #[test]
    fn a_source_has_the_letters_of_its_type() {
        // `control-net` and `in-paint` are hyphenated, the ways of inference lose their ends.
        for (word, source) in SPELT {
            let bare = |text: &str| text.replace(['-', ':'], "");
            let ends = ["2img", "ing"];
            let known = ends.iter().fold(bare(word), |text, end| text.replace(end, ""));
            let found = ends.iter().fold(bare(source), |text, end| text.replace(end, ""));
            assert_eq!(known, found, "{word} {source}");
        }
    }

    #[test]
    fn what_other_dialects_have_was_uploaded() {
        assert_eq!((type_of("face"), type_of("template")), ("uploaded", "uploaded"));
        assert_eq!(type_of("txt2img"), "txt2img");
        assert!(!is_type("face") && !is_type("selfie"));
    }
}
