//! What is to be changed of assets, one by one and in bulk.

use backlot_library::assets::{AssetPatch, Bulk, BulkResult};
use backlot_model::asset::{Collection, Visibility};
use backlot_model::{Fault, Id};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::detected::DetectedHints;
use super::word::VisibilityWord;
use super::{id_at, optional_id_at, present};
use crate::edge::dialect::status_of;
use crate::edge::intake::body::Object;
use crate::native::envelope::capitalised;

/// What to change of an asset. What is absent stays; null clears what can be null, and leaves the
/// rest as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({"name": "Red sneaker", "project": null, "tags": ["shoe", "red"]}))]
pub(in crate::native) struct AssetChange {
    /// Display name.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// The name of the file.
    #[schema(min_length = 1, max_length = 255)]
    filename: Option<String>,
    /// Free text.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 10_000)]
    description: Option<Option<String>>,
    /// A free label.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    project: Option<Option<String>>,
    /// What sort of asset it is.
    #[serde(rename = "type")]
    asset_type: Option<String>,
    /// All tags.
    tags: Option<Vec<String>>,
    /// An instruction kept with the picture.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 10_000)]
    styling_note: Option<Option<String>>,
    /// A label of who made it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    author_id: Option<Option<String>>,
    /// The run that made it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    inference_id: Option<Option<String>>,
    /// The model that made it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 255)]
    model_id: Option<Option<String>>,
    /// All generation parameters.
    parameters: Option<Map<String, Value>>,
    /// All hints.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<DetectedHints>)]
    detected: Option<Option<Object<DetectedHints>>>,
    /// Another asset that stands for it where pictures are shown.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    thumbnail_id: Option<Option<String>>,
    /// Whether it should not be shown among others; a mere mark.
    is_hidden: Option<bool>,
    /// Who may see it.
    visibility: Option<VisibilityWord>,
    /// The organisation it belongs to; null takes it out.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    organization_id: Option<Option<String>>,
}

impl AssetChange {
    /// The change as the library knows it.
    pub(in crate::native) fn into_patch(self) -> Result<AssetPatch, Fault> {
        let Self {
            name,
            filename,
            description,
            project,
            asset_type,
            tags,
            styling_note,
            author_id,
            inference_id,
            model_id,
            parameters,
            detected,
            thumbnail_id,
            is_hidden,
            visibility,
            organization_id,
        } = self;
        let thumbnail_id = thumbnail_id
            .map(|raw| optional_id_at("body.thumbnail_id", raw.as_deref()))
            .transpose()?;
        let organization_id = organization_id
            .map(|raw| optional_id_at("body.organization_id", raw.as_deref()))
            .transpose()?;
        Ok(AssetPatch {
            name,
            filename,
            description,
            project,
            asset_type,
            tags,
            tags_within: None,
            styling_note,
            author_id,
            inference_id,
            model_id,
            parameters,
            detected: detected.map(|hints| hints.map(|Object(hints)| hints.into())),
            thumbnail_id,
            is_hidden,
            locked_until: None,
            visibility: visibility.map(|word| word.0),
            organization_id,
        })
    }
}

/// All tags that an asset shall have.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"tags": ["shoe", "blue"]}))]
pub(in crate::native) struct TagsChange {
    /// At most 100, each of 1 to 100 characters without commas.
    tags: Vec<String>,
}

impl From<TagsChange> for AssetPatch {
    fn from(change: TagsChange) -> Self {
        let TagsChange { tags } = change;
        Self { tags: Some(tags), ..Self::default() }
    }
}

/// The note that an asset shall have.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"styling_note": "keep the laces"}))]
pub(in crate::native) struct NoteChange {
    /// Null or an empty text clears it.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true, max_length = 10_000)]
    styling_note: Option<String>,
}

impl From<NoteChange> for AssetPatch {
    fn from(change: NoteChange) -> Self {
        let NoteChange { styling_note } = change;
        Self { styling_note: Some(styling_note), ..Self::default() }
    }
}

/// Who shall see an asset.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"visibility": "shared"}))]
pub(in crate::native) struct VisibilityChange {
    /// Who may see it.
    visibility: VisibilityWord,
    /// The organisation to share it with; if absent, the one it belongs to, or the credential's.
    #[serde(default)]
    organization_id: Option<String>,
}

impl VisibilityChange {
    /// The change as the library knows it.
    pub(in crate::native) fn into_patch(self) -> Result<AssetPatch, Fault> {
        let Self { visibility, organization_id } = self;
        let organization = optional_id_at("body.organization_id", organization_id.as_deref())?;
        Ok(AssetPatch {
            visibility: Some(visibility.0),
            organization_id: organization.map(Some),
            ..AssetPatch::default()
        })
    }
}

/// What is done to many assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::native) enum BulkOperation {
    /// Delete.
    Delete,
    /// Undo the deletion.
    Restore,
    /// Add `tags`.
    Tag,
    /// Take `tags` away.
    Untag,
    /// Make it `visibility`, or `shared` if that is absent.
    Share,
    /// Put into the collection `collection_id`.
    Collect,
}

/// One operation over many assets.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "operation": "tag", "ids": ["0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11"], "tags": ["shoe"]
}))]
pub(in crate::native) struct BulkChange {
    /// What is done to each.
    operation: BulkOperation,
    /// The assets.
    #[schema(max_items = 1000)]
    ids: Vec<String>,
    /// For `tag` and `untag`.
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// For `share`.
    #[serde(default)]
    visibility: Option<VisibilityWord>,
    /// For `collect`.
    #[serde(default)]
    collection_id: Option<String>,
}

impl BulkChange {
    /// Whether assets are deleted, which is counted.
    pub(in crate::native) fn deletes(&self) -> bool {
        self.operation == BulkOperation::Delete
    }

    /// The operation as the library knows it, and the ids.
    pub(in crate::native) fn into_bulk(self) -> Result<(Bulk, Vec<String>), Fault> {
        let Self { operation, ids, tags, visibility, collection_id } = self;
        let tags = tags.filter(|tags| !tags.is_empty());
        let tags = || tags.ok_or_else(|| needed("body.tags"));
        let bulk = match operation {
            BulkOperation::Delete => Bulk::Delete,
            BulkOperation::Restore => Bulk::Restore,
            BulkOperation::Tag => Bulk::Tag(tags()?),
            BulkOperation::Untag => Bulk::Untag(tags()?),
            BulkOperation::Share => {
                Bulk::Share(visibility.map_or(Visibility::Shared, |word| word.0))
            }
            BulkOperation::Collect => Bulk::Collect(collection(collection_id.as_deref())?),
        };
        Ok((bulk, ids))
    }
}

fn collection(raw: Option<&str>) -> Result<Id<Collection>, Fault> {
    let path = "body.collection_id";
    id_at(path, raw.ok_or_else(|| needed(path))?)
}

fn needed(path: &str) -> Fault {
    Fault::invalid(path, "missing", "is required for this operation")
}

/// What became of each asset, in the order of the ids.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::native) struct BulkAnswer {
    results: Vec<BulkItem>,
}

/// What became of one asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11", "status": 404, "error": "Asset not found"
}))]
pub(in crate::native) struct BulkItem {
    /// As it was given.
    id: String,
    /// 200, or the status that a call on this asset alone would have had.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// Why it is unchanged; null when all went well.
    error: Option<String>,
}

impl From<Vec<BulkResult>> for BulkAnswer {
    fn from(results: Vec<BulkResult>) -> Self {
        Self { results: results.into_iter().map(BulkItem::from).collect() }
    }
}

impl From<BulkResult> for BulkItem {
    fn from(one: BulkResult) -> Self {
        let BulkResult { id, result } = one;
        match result {
            Ok(_) => Self { id, status: 200, error: None },
            Err(fault) => {
                let status = match fault.kind {
                    backlot_model::Kind::Invalid => 422,
                    kind => status_of(kind).as_u16(),
                };
                Self { id, status, error: Some(capitalised(&fault.message)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use backlot_model::Kind;

    use super::*;
    use crate::edge::intake::body::parse;

    fn patch(json: &str) -> AssetPatch {
        parse::<AssetChange>(json.as_bytes()).unwrap().into_patch().unwrap()
    }

    #[test]
    fn absent_stays_and_null_clears() {
        let none = patch("{}");
        assert!(none.description.is_none() && none.organization_id.is_none());
        let cleared = patch(
            r#"{"description":null,"project":null,"styling_note":null,"author_id":null,
                "inference_id":null,"model_id":null,"detected":null,"organization_id":null}"#,
        );
        assert_eq!(cleared.description, Some(None));
        assert_eq!(cleared.project, Some(None));
        assert_eq!(cleared.styling_note, Some(None));
        assert_eq!((cleared.author_id, cleared.inference_id), (Some(None), Some(None)));
        assert_eq!((cleared.model_id, cleared.detected), (Some(None), Some(None)));
        assert_eq!(cleared.organization_id, Some(None));
    }

    #[test]
    fn null_leaves_what_cannot_be_null() {
        let same = patch(
            r#"{"name":null,"filename":null,"type":null,"tags":null,"parameters":null,
                "visibility":null}"#,
        );
        assert!(same.name.is_none() && same.filename.is_none() && same.asset_type.is_none());
        assert!(same.tags.is_none() && same.parameters.is_none() && same.visibility.is_none());
        assert_eq!(patch(r#"{"tags":[]}"#).tags, Some(Vec::new()));
    }

    #[test]
    fn an_organisation_must_be_an_id() {
        let change = parse::<AssetChange>(br#"{"organization_id":"x"}"#).unwrap();
        let fault = change.into_patch().unwrap_err();
        assert_eq!(fault.fields[0].path, ["body", "organization_id"]);
    }

    fn bulk(json: &str) -> Result<(Bulk, Vec<String>), Fault> {
        parse::<BulkChange>(json.as_bytes()).unwrap().into_bulk()
    }

    #[test]
    fn each_bulk_operation_asks_for_what_it_needs() {
        let missing = |json: &str| bulk(json).unwrap_err().fields[0].path.join(".");
        for operation in ["tag", "untag"] {
            let json = format!(r#"{{"operation":"{operation}","ids":[]}}"#);
            assert_eq!(missing(&json), "body.tags");
        }
        assert_eq!(missing(r#"{"operation":"collect","ids":[]}"#), "body.collection_id");
        assert!(matches!(
            bulk(r#"{"operation":"share","ids":["x"]}"#).unwrap(),
            (Bulk::Share(Visibility::Shared), ids) if ids == ["x"]
        ));
        assert!(parse::<BulkChange>(br#"{"operation":"burn","ids":[]}"#).is_err());
    }

    #[test]
    fn a_refusal_of_one_is_its_own_status() {
        let result = Err(Fault::new(Kind::NotFound, "asset-not-found", "asset not found"));
        let item = BulkItem::from(BulkResult { id: "x".to_owned(), result });
        let shown = serde_json::json!(item);
        let expected = serde_json::json!({"id": "x", "status": 404, "error": "Asset not found"});
        assert_eq!(shown, expected);
    }
}
