//! What a caller says of an asset that he makes, checked once into a form that cannot be wrong.

use backlot_model::account::Organization;
use backlot_model::asset::{Asset, Collection, TYPE_UPLOADED, Visibility, is_asset_type};
use backlot_model::fault::FieldFault;
use backlot_model::limits::{
    BULK_IDS_MAX, HINTS_MAX, NAME_CHARS_MAX, PARAMETERS_BYTES_MAX, PARAMETERS_DEPTH_MAX,
    TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX,
};
use backlot_model::media::Detected;
use backlot_model::{Fault, Id};
use serde_json::{Map, Value};

/// What a caller says of a new asset; everything is optional.
#[derive(Debug, Clone, Default)]
pub struct NewAsset {
    /// Display name; the file name if absent.
    pub name: Option<String>,
    /// As the client calls the file.
    pub filename: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// A free label.
    pub project: Option<String>,
    /// One of the asset types; `uploaded` if absent.
    pub asset_type: Option<String>,
    /// Private if absent.
    pub visibility: Option<Visibility>,
    /// Kept in this order, repeats removed.
    pub tags: Vec<String>,
    /// An instruction kept with the picture.
    pub styling_note: Option<String>,
    /// The asset it was made from, in any dress.
    pub parent_id: Option<String>,
    /// The run that made it.
    pub inference_id: Option<String>,
    /// The model that made it.
    pub model_id: Option<String>,
    /// A label of who made it.
    pub author_id: Option<String>,
    /// Generation parameters.
    pub parameters: Option<Map<String, Value>>,
    /// Hints that the caller has.
    pub detected: Option<Detected>,
    /// Collections to put it into, in any dress.
    pub collection_ids: Vec<String>,
    /// The organisation it belongs to; the caller's active one if absent.
    pub organization_id: Option<String>,
    /// Whether clients should not show it among others.
    pub is_hidden: bool,
}

/// A [`NewAsset`] whose words are within their limits. What they refer to is not yet checked.
#[derive(Debug, Clone)]
pub(crate) struct CheckedAsset {
    pub(crate) name: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) asset_type: String,
    pub(crate) visibility: Visibility,
    pub(crate) tags: Vec<String>,
    pub(crate) styling_note: Option<String>,
    pub(crate) parent_id: Option<Id<Asset>>,
    pub(crate) inference_id: Option<String>,
    pub(crate) model_id: Option<String>,
    pub(crate) author_id: Option<String>,
    pub(crate) parameters: String,
    pub(crate) detected: Option<Detected>,
    pub(crate) collection_ids: Vec<Id<Collection>>,
    pub(crate) organization_id: Option<Id<Organization>>,
    pub(crate) is_hidden: bool,
}

impl NewAsset {
    /// Checks every field and names all that are wrong at once.
    ///
    /// # Errors
    /// `invalid`, with the fields.
    pub(crate) fn check(self) -> Result<CheckedAsset, Fault> {
        let mut faults = Faults::default();
        let checked = CheckedAsset {
            name: faults.text("name", self.name, NAME_CHARS_MAX),
            filename: faults.take(self.filename.as_deref().map_or(Ok(None), file_name)),
            description: faults.text("description", self.description, TEXT_CHARS_MAX),
            project: faults.text("project", self.project, NAME_CHARS_MAX),
            asset_type: faults.asset_type(self.asset_type),
            visibility: self.visibility.unwrap_or(Visibility::Private),
            tags: faults.take(tags("tags", &self.tags)),
            styling_note: faults.text("styling_note", self.styling_note, TEXT_CHARS_MAX),
            parent_id: faults.id("parent_id", self.parent_id),
            inference_id: faults.text("inference_id", self.inference_id, NAME_CHARS_MAX),
            model_id: faults.text("model_id", self.model_id, NAME_CHARS_MAX),
            author_id: faults.text("author_id", self.author_id, NAME_CHARS_MAX),
            parameters: faults.take(parameters(self.parameters)),
            detected: faults.take(detected(self.detected)),
            collection_ids: faults.collections(&self.collection_ids),
            organization_id: faults.id("organization_id", self.organization_id),
            is_hidden: self.is_hidden,
        };
        if faults.0.is_empty() { Ok(checked) } else { Err(Fault::invalid_fields(faults.0)) }
    }
}

/// The mistakes found so far; a wrong field yields its default and a fault.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn take<T: Default>(&mut self, checked: Result<T, FieldFault>) -> T {
        checked.unwrap_or_else(|fault| {
            self.0.push(fault);
            T::default()
        })
    }

    fn text(&mut self, field: &str, raw: Option<String>, chars_max: usize) -> Option<String> {
        let checked = raw.map(|raw| text(field, &raw, chars_max)).transpose();
        self.take(checked.map(Option::flatten))
    }

    fn id<T>(&mut self, field: &str, raw: Option<String>) -> Option<Id<T>> {
        let raw = raw.filter(|raw| !raw.is_empty())?;
        self.take(id(field, &raw).map(Some))
    }

    fn asset_type(&mut self, raw: Option<String>) -> String {
        let Some(word) = raw else { return TYPE_UPLOADED.to_owned() };
        if !is_asset_type(&word) {
            let said = FieldFault::new("body.type", "enum", "is not one of the asset types");
            self.0.push(said.with_input(&word));
        }
        word
    }

    fn collections(&mut self, raw: &[String]) -> Vec<Id<Collection>> {
        if raw.len() > BULK_IDS_MAX {
            let said = format!("must name at most {BULK_IDS_MAX} collections");
            self.0.push(FieldFault::new("body.collection_ids", "length", said));
            return Vec::new();
        }
        raw.iter().filter_map(|raw| self.id("collection_ids", Some(raw.clone()))).collect()
    }
}

/// A text within its limit; white space around it is dropped, and an empty one is none.
pub(crate) fn text(field: &str, raw: &str, chars_max: usize) -> Result<Option<String>, FieldFault> {
    let path = format!("body.{field}");
    let trimmed = raw.trim();
    if trimmed.chars().count() > chars_max {
        let said = format!("must have at most {chars_max} characters");
        return Err(FieldFault::new(&path, "length", said).with_input(trimmed));
    }
    if trimmed.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(FieldFault::new(&path, "format", "must not have control characters"));
    }
    Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

/// The last part of a path that a client may have sent as file name: one line, without characters
/// that make a name look like another one (`gpj.exe` for `exe.jpg`).
pub(crate) fn file_name(raw: &str) -> Result<Option<String>, FieldFault> {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if last.trim().chars().any(|c| c.is_control() || turns(c)) {
        let said = "must not have control characters, line breaks or marks of direction";
        return Err(FieldFault::new("body.filename", "format", said));
    }
    text("filename", last, NAME_CHARS_MAX)
}

/// Tags within their limits: 1 to [`TAG_CHARS_MAX`] characters, no commas (lists are
/// comma-separated in several wire formats), at most [`TAGS_MAX`] of them, without repeats.
pub(crate) fn tags(field: &str, raw: &[String]) -> Result<Vec<String>, FieldFault> {
    let mut tags: Vec<String> = Vec::with_capacity(raw.len().min(TAGS_MAX));
    for (index, tag) in raw.iter().enumerate() {
        let (tag, path) = (tag.trim(), format!("body.{field}.{index}"));
        let count = tag.chars().count();
        if count == 0 || count > TAG_CHARS_MAX {
            let said = format!("each tag must have 1 to {TAG_CHARS_MAX} characters");
            return Err(FieldFault::new(&path, "length", said).with_input(tag));
        }
        if tag.chars().any(|c| c.is_control() || c == ',') {
            let said = "a tag must not have commas or control characters";
            return Err(FieldFault::new(&path, "format", said).with_input(tag));
        }
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > TAGS_MAX {
        let said = format!("must have at most {TAGS_MAX} tags");
        return Err(FieldFault::new(&format!("body.{field}"), "length", said));
    }
    Ok(tags)
}

/// Generation parameters within their limits, as JSON text.
pub(crate) fn parameters(raw: Option<Map<String, Value>>) -> Result<String, FieldFault> {
    let Some(map) = raw else { return Ok("{}".to_owned()) };
    let value = Value::Object(map);
    if depth(&value) > PARAMETERS_DEPTH_MAX {
        let said = format!("must nest at most {PARAMETERS_DEPTH_MAX} deep");
        return Err(FieldFault::new("body.parameters", "length", said));
    }
    let json = value.to_string();
    if json.len() > PARAMETERS_BYTES_MAX {
        let said = format!("must be at most {PARAMETERS_BYTES_MAX} bytes of JSON");
        return Err(FieldFault::new("body.parameters", "length", said));
    }
    Ok(json)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Hints within their limits; none when nothing is known.
pub(crate) fn detected(hints: Option<Detected>) -> Result<Option<Detected>, FieldFault> {
    let Some(hints) = hints.filter(|hints| !hints.is_empty()) else { return Ok(None) };
    let lists = [
        ("person_attributes", &hints.person_attributes),
        ("clothing_items", &hints.clothing_items),
        ("categories", &hints.categories),
    ];
    for (name, list) in lists {
        let list = list.as_deref().unwrap_or_default();
        let long = |word: &String| word.chars().count() > NAME_CHARS_MAX;
        if list.len() > HINTS_MAX || list.iter().any(long) {
            let said = format!(
                "must have at most {HINTS_MAX} words, each of at most {NAME_CHARS_MAX} characters"
            );
            return Err(FieldFault::new(&format!("body.detected.{name}"), "length", said));
        }
    }
    Ok(Some(hints))
}

/// An id in any dress.
pub(crate) fn id<T>(field: &str, raw: &str) -> Result<Id<T>, FieldFault> {
    let said =
        || FieldFault::new(&format!("body.{field}"), "format", "is not an id").with_input(raw);
    Id::parse(raw).ok_or_else(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_named_at_once() {
        let new = NewAsset {
            name: Some("x".repeat(300)),
            tags: vec![String::new()],
            asset_type: Some("nonsense".into()),
            parent_id: Some("nonsense".into()),
            ..NewAsset::default()
        };
        let fault = new.check().unwrap_err();
        let fields: Vec<_> = fault.fields.iter().map(|it| it.path.join(".")).collect();
        assert_eq!(fields, ["body.name", "body.type", "body.tags.0", "body.parent_id"]);
    }

    #[test]
    fn hints_have_a_number_and_a_length() {
        let of = |categories: Vec<String>| {
            let hints = Detected { categories: Some(categories), ..Detected::default() };
            detected(Some(hints))
        };
        assert!(of(vec!["x".repeat(255); HINTS_MAX]).unwrap().is_some());
        let fault = of(vec![String::new(); HINTS_MAX + 1]).unwrap_err();
        assert_eq!(fault.path, ["body", "detected", "categories"]);
        assert_eq!(of(vec!["x".repeat(256)]).unwrap_err().rule, "length");
        assert_eq!(detected(Some(Detected::default())).unwrap(), None);
    }

    #[test]
    fn a_path_is_no_file_name() {
        let new = |raw: &str| NewAsset { filename: Some(raw.into()), ..NewAsset::default() };
        for raw in ["../../etc/cat.jpg", "C:\\pictures\\cat.jpg", "cat.jpg"] {
            assert_eq!(new(raw).check().unwrap().filename.as_deref(), Some("cat.jpg"));
        }
        for raw in ["cat\r\nX: y.jpg", "cat\0.jpg", "cat\u{202e}gpj.exe", "cat\u{2067}.jpg"] {
            let fault = new(raw).check().unwrap_err();
            assert_eq!(fault.fields[0].path, ["body", "filename"], "{raw:?}");
        }
        for raw in ["", "/", " a/ "] {
            assert_eq!(new(raw).check().unwrap().filename, None, "{raw:?}");
        }
    }

    #[test]
    fn parameters_have_a_depth_and_a_size() {
        let mut deep = Value::Null;
        for _ in 0..PARAMETERS_DEPTH_MAX {
            deep = Value::Array(vec![deep]);
        }
        let map = Map::from_iter([("deep".to_owned(), deep)]);
        assert_eq!(parameters(Some(map)).unwrap_err().rule, "length");
        let long = Value::String("x".repeat(PARAMETERS_BYTES_MAX));
        let map = Map::from_iter([("long".to_owned(), long)]);
        assert_eq!(parameters(Some(map)).unwrap_err().rule, "length");
    }
}
