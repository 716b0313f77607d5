//! What a client says of a new asset: in a form, in JSON, in a query.

use backlot_library::assets::NewAsset;
use backlot_model::media::Digest;
use backlot_model::{Fault, fault::FieldFault};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::detected::DetectedHints;
use super::document::Both;
use super::word::{VisibilityWord, Word, Worded};
use crate::edge::fields::{Checks, Fields};
use crate::edge::intake::body::{Object, explain_type};

/// What is said of a new asset; everything is optional.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = NewAsset, example = json!({
    "name": "Blue sneaker", "tags": ["shoe", "blue"], "visibility": "private",
    "parameters": {"prompt": "a blue sneaker", "seed": 7}
}))]
pub(in crate::native) struct NewAssetFields {
    /// Display name; the file name if absent.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// The name of the file; overrides the one that came with it.
    #[schema(max_length = 255)]
    filename: Option<String>,
    /// Free text.
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// A free label.
    #[schema(max_length = 255)]
    project: Option<String>,
    /// What sort of asset it is; `uploaded` if absent.
    #[serde(rename = "type")]
    asset_type: Option<String>,
    /// Who may see it; `private` if absent. `shared` needs an organisation.
    #[schema(value_type = Option<VisibilityWord>)]
    visibility: Option<VisibilityWord>,
    /// At most 100, each of 1 to 100 characters without commas.
    #[schema(value_type = Option<Vec<String>>)]
    tags: Option<Vec<String>>,
    /// An instruction kept with the picture.
    #[schema(max_length = 10_000)]
    styling_note: Option<String>,
    /// The asset it was made from.
    parent_id: Option<String>,
    /// The run that made it.
    #[schema(max_length = 255)]
    inference_id: Option<String>,
    /// The model that made it.
    #[schema(max_length = 255)]
    model_id: Option<String>,
    /// A label of who made it; grants nothing.
    #[schema(max_length = 255)]
    author_id: Option<String>,
    /// Generation parameters: at most 64 KiB of JSON, nested at most 8 deep.
    parameters: Option<Map<String, Value>>,
    /// Hints that the caller has about the content.
    #[schema(value_type = Option<DetectedHints>)]
    detected: Option<Object<DetectedHints>>,
    /// Collections to put it into.
    collection_ids: Option<Vec<String>>,
    /// The organisation it belongs to; the credential's if absent.
    organization_id: Option<String>,
    /// Whether it should not be shown among others; a mere mark.
    is_hidden: Option<bool>,
}

impl NewAssetFields {
    /// Reads them from the text fields of a form, or from a query. There, lists repeat, and
    /// `parameters` and `detected` are JSON texts.
    pub(in crate::native) fn read(fields: &Fields) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let mut text =
            |name: &str| checks.take(fields.one(name).map(|text| text.map(str::to_owned)));
        let mut read = Self {
            name: text("name"),
            filename: text("filename"),
            description: text("description"),
            project: text("project"),
            asset_type: text("type"),
            styling_note: text("styling_note"),
            parent_id: text("parent_id"),
            inference_id: text("inference_id"),
            model_id: text("model_id"),
            author_id: text("author_id"),
            organization_id: text("organization_id"),
            ..Self::default()
        };
        read.visibility = checks.take(fields.choice("visibility", &words())).map(Word);
        read.is_hidden = checks.take(fields.flag("is_hidden"));
        read.tags = checks.take(fields.list("tags"));
        read.collection_ids = checks.take(fields.list("collection_ids"));
        read.parameters = checks.take(json_text(fields, "parameters"));
        read.detected = checks.take(json_text(fields, "detected"));
        checks.done()?;
        Ok(read)
    }

    /// The file name that came with the bytes counts where none is given.
    pub(in crate::native) fn or_filename(mut self, filename: Option<String>) -> Self {
        self.filename = self.filename.or(filename);
        self
    }
}

/// The words of a set with their meanings.
pub(in crate::native) fn words<T: Worded>() -> Vec<(&'static str, T)> {
    T::all().iter().map(|it| (it.word(), *it)).collect()
}

/// A field that is a JSON text; an empty one is none.
fn json_text<T: DeserializeOwned>(fields: &Fields, name: &str) -> Result<Option<T>, FieldFault> {
    let Some(raw) = fields.one(name)?.filter(|raw| !raw.trim().is_empty()) else {
        return Ok(None);
    };
    let mut reader = serde_json::Deserializer::from_str(raw);
    let read = serde_path_to_error::deserialize(&mut reader);
    let read = read.map_err(|error| fields.fault(name, "format", error.to_string()))?;
    let whole = reader.end();
    whole.map_err(|error| fields.fault(name, "format", format!("must be JSON: {error}")))?;
    Ok(Some(read))
}

impl From<NewAssetFields> for NewAsset {
    fn from(said: NewAssetFields) -> Self {
        let NewAssetFields {
            name,
            filename,
            description,
            project,
            asset_type,
            visibility,
            tags,
            styling_note,
            parent_id,
            inference_id,
            model_id,
            author_id,
            parameters,
            detected,
            collection_ids,
            organization_id,
            is_hidden,
        } = said;
        Self {
            name,
            filename,
            description,
            project,
            asset_type,
            visibility: visibility.map(|word| word.0),
            tags: tags.unwrap_or_default(),
            styling_note,
            parent_id,
            inference_id,
            model_id,
            author_id,
            parameters,
            detected: detected.map(|Object(hints)| hints.into()),
            collection_ids: collection_ids.unwrap_or_default(),
            organization_id,
            is_hidden: is_hidden.unwrap_or_default(),
        }
    }
}

/// Where the bytes of a JSON body are; one of the two.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = UrlOrBase64, example = json!({"url": "https://example.com/cat.jpg", "tags": ["cat"]}))]
pub(in crate::native) struct BytesInJson {
    /// A public address to fetch the file from, http or https, or an address of this server.
    pub(in crate::native) url: Option<String>,
    /// The file itself in base64 or as a data URL.
    pub(in crate::native) base64: Option<String>,
}

/// The file of a form.
#[derive(ToSchema)]
#[schema(as = File)]
#[expect(dead_code, reason = "only described: the file is streamed")]
pub(in crate::native) struct BytesInForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: String,
}

/// Bytes that the caller already owns.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ContentHash, example = json!({
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "name": "Blue sneaker, again"
}))]
pub(in crate::native) struct BytesByHash {
    /// SHA-256 of the bytes, 64 hexadecimal digits.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    content_hash: Option<String>,
    /// Another name for `content_hash`; give one of the two.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: Option<String>,
}

impl BytesByHash {
    /// The hash.
    pub(in crate::native) fn digest(&self) -> Result<Digest, Fault> {
        let path = "body.content_hash";
        let raw = match (&self.content_hash, &self.sha256) {
            (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => {
                let said = "must be the same as sha256, or the only one of them";
                return Err(Fault::invalid(path, "type", said));
            }
            (Some(raw), _) | (None, Some(raw)) => raw,
            (None, None) => return Err(Fault::invalid(path, "missing", "is required")),
        };
        let wrong = || {
            let said = "must be a SHA-256: 64 hexadecimal digits";
            Fault::invalid_fields(vec![FieldFault::new(path, "format", said).with_input(raw)])
        };
        Digest::parse(raw).ok_or_else(wrong)
    }
}

/// Many new assets.
#[derive(ToSchema)]
#[schema(as = NewAssets, example = json!({"items": [{
    "url": "https://example.com/result-1.png", "type": "inference-txt2img",
    "inference_id": "run-1", "parameters": {"prompt": "a blue sneaker", "seed": 7}
}]}))]
#[expect(dead_code, reason = "only described: the files are streamed")]
pub(in crate::native) struct BatchAsked {
    /// Each as for one asset, and its bytes.
    #[schema(value_type = Vec<BatchItem>, min_items = 1, max_items = 100)]
    items: Vec<BatchItem>,
}

/// One of many new assets.
pub(in crate::native) type BatchItem = Both<NewAssetFields, BytesInBatch>;

/// Where the bytes of one of many are: exactly one of these.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = BytesOfOne)]
pub(in crate::native) struct BytesInBatch {
    /// Where it is fetched from, by http or https; an address of ours names its asset.
    #[schema(max_length = 8192)]
    pub(in crate::native) url: Option<String>,
    /// The file in base64, or as a data URL.
    pub(in crate::native) base64: Option<String>,
    /// SHA-256 of bytes that the caller has an asset with.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub(in crate::native) content_hash: Option<String>,
}

/// Reads two halves of one JSON object; neither minds the fields of the other.
pub(in crate::native) fn halves<A, B>(fields: Map<String, Value>) -> Result<(A, B), Fault>
where
    A: DeserializeOwned,
    B: DeserializeOwned,
{
    let fields = Value::Object(fields);
    let first = serde_path_to_error::deserialize(&fields).map_err(|error| explain_type(&error))?;
    let second = serde_path_to_error::deserialize(fields).map_err(|error| explain_type(&error))?;
    Ok((first, second))
}

#[cfg(test)]
mod tests {
    use backlot_model::asset::Visibility;
    use serde_json::json;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Fields {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Fields::new("body", owned.collect())
    }

    fn said(fields: Value) -> NewAssetFields {
        let Value::Object(fields) = fields else { unreachable!() };
        halves::<NewAssetFields, BytesInJson>(fields).unwrap().0
    }

    #[test]
    fn a_form_and_json_say_the_same() {
        let form = form(&[
            ("name", "cat"),
            ("tags", "a"),
            ("tags", "b"),
            ("type", "face"),
            ("visibility", "public"),
            ("parameters", r#"{"seed":7}"#),
            ("detected", r#"{"has_person":true}"#),
            ("collection_ids", "x"),
        ]);
        let json = json!({
            "name": "cat", "tags": ["a", "b"], "type": "face", "visibility": "public",
            "parameters": {"seed": 7}, "detected": {"has_person": true}, "collection_ids": ["x"],
        });
        let (form, json) = (NewAssetFields::read(&form).unwrap(), said(json));
        assert_eq!(json!(form), json!(json));
        let new = NewAsset::from(form);
        assert_eq!(new.visibility, Some(Visibility::Public));
        assert_eq!(new.tags, ["a", "b"]);
        assert_eq!(new.asset_type.as_deref(), Some("face"));
        assert_eq!(new.detected.and_then(|it| it.has_person), Some(true));
        assert_eq!(new.parameters.unwrap()["seed"], 7);
    }

    #[test]
    fn every_bad_field_of_a_form_is_named() {
        let form = form(&[("visibility", "secret"), ("parameters", "[1]"), ("detected", "{")]);
        let fault = NewAssetFields::read(&form).unwrap_err();
        let named: Vec<_> = fault.fields.iter().map(|it| it.path.join(".")).collect();
        assert_eq!(named, ["body.visibility", "body.parameters", "body.detected"]);
    }

    #[test]
    fn a_bad_field_of_json_is_located() {
        let located = |fields: Value| {
            let fields = fields.as_object().unwrap().clone();
            let fault = halves::<NewAssetFields, BytesInJson>(fields).unwrap_err();
            fault.fields[0].path.join(".")
        };
        assert_eq!(located(json!({"tags": ["a", 7]})), "body.tags.1");
        assert_eq!(located(json!({"detected": {"has_person": 7}})), "body.detected.has_person");
        assert_eq!(located(json!({"detected": [true]})), "body.detected");
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let said = said(json!({"name": null, "tags": null, "parameters": null, "detected": null}));
        let new = NewAsset::from(said);
        assert!(new.name.is_none() && new.tags.is_empty() && new.parameters.is_none());
    }

    #[test]
    fn a_hash_has_two_names() {
        let hash = "ab".repeat(32);
        let by = |one: Option<&str>, other: Option<&str>| {
            let (content_hash, sha256) = (one.map(str::to_owned), other.map(str::to_owned));
            BytesByHash { content_hash, sha256 }.digest()
        };
        assert_eq!(by(Some(&hash), None).unwrap().to_string(), hash);
        assert_eq!(by(None, Some(&hash.to_uppercase())).unwrap().to_string(), hash);
        assert!(by(Some(&hash), Some(&hash)).is_ok());
        assert!(by(Some(&hash), Some(&"00".repeat(32))).is_err());
        assert_eq!(by(None, None).unwrap_err().fields[0].rule, "missing");
        assert_eq!(by(Some("ab"), None).unwrap_err().fields[0].rule, "format");
    }
}
