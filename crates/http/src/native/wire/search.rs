//! Searches: what is asked, what the attributes are called here, and what was found.

use backlot_library::listing::Within;
use backlot_library::search::filter::{Vocabulary, parse};
use backlot_library::search::{Hit, Reference, References, SearchRequest};
use backlot_model::Fault;
use backlot_model::limits::SEARCH_CHARS_MAX;
use backlot_model::query::{
    Direction, Filter, Measure, Members, Order, SortKey, TextAttribute, TextField, TextSearch,
    Truth,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asset::AssetBody;
use super::id_at;
use super::word::OwnershipWord;
use crate::edge::time;
use crate::native::paging::LIMIT;

/// What to search for. All conditions must hold.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(example = json!({
    "query": "sneaker",
    "filter": "type = uploaded AND (width >= 512 OR parameters.seed = 42) AND NOT tags IN [draft]",
    "sort": ["size:desc", "created_at:asc"],
    "limit": 20
}))]
pub(in crate::native) struct AssetSearch {
    /// Words that must all occur in name, file name, tags, project, note, description or prompt.
    #[schema(max_length = 200)]
    query: Option<String>,
    /// Conditions on attributes: `field = value`, `!=`, `<`, `<=`, `>`, `>=`, `field 1 TO 9`,
    /// `IN [a, b]`, `NOT IN`, `EXISTS`, `IS NULL`, `IS EMPTY`, with `AND`, `OR`, `NOT` and
    /// parentheses. Attributes are called as in assets; `parameters.<name>` is a generation
    /// parameter.
    #[schema(max_length = 8192)]
    filter: Option<String>,
    /// `attribute:asc` or `attribute:desc`, the most important first; of created_at, updated_at,
    /// filename and size. Absent: the likest first, else the newest.
    #[schema(max_items = 4)]
    sort: Vec<String>,
    /// Leave out so many.
    skip: u64,
    /// How many to show; 100 if absent.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Ids of pictures that hits are to look like.
    #[schema(max_items = 20)]
    like: Vec<String>,
    /// Ids of pictures that hits are not to look like.
    #[schema(max_items = 20)]
    unlike: Vec<String>,
    /// A part of what the caller can list; all of it if absent.
    ownership: Option<OwnershipWord>,
}

impl AssetSearch {
    /// The search as the library takes it.
    pub(in crate::native) fn into_request(self) -> Result<SearchRequest, Fault> {
        let mut filter = Filter::default();
        if let Some(query) = &self.query {
            if query.chars().count() > SEARCH_CHARS_MAX {
                let said = format!("must have at most {SEARCH_CHARS_MAX} characters");
                return Err(Fault::invalid("body.query", "length", said));
            }
            filter.text = TextSearch::parse(query, TextField::ALL);
        }
        if let Some(text) = &self.filter {
            let read = parse(text, &vocabulary()).map_err(|mistake| mistake.at("body.filter"))?;
            read.into_iter().for_each(|expression| filter.narrow(expression));
        }
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=100).contains(&limit) {
            return Err(Fault::invalid("body.limit", "range", "must be between 1 and 100"));
        }
        let like = references("like", &self.like)?;
        let unlike = references("unlike", &self.unlike)?;
        let references = References { like, unlike };
        let is_likeness = !(references.like.is_empty() && references.unlike.is_empty());
        Ok(SearchRequest {
            within: Within::part(self.ownership.map(|part| part.0)),
            filter,
            orders: orders(&self.sort)?,
            offset: self.skip,
            limit,
            references: Some(references).filter(|_| is_likeness),
        })
    }
}

fn references(name: &str, ids: &[String]) -> Result<Vec<Reference>, Fault> {
    let read = |(place, id): (usize, &String)| {
        id_at(&format!("body.{name}.{place}"), id).map(Reference::Asset)
    };
    ids.iter().enumerate().map(read).collect()
}

fn orders(sort: &[String]) -> Result<Vec<Order>, Fault> {
    if sort.len() > SortKey::ALL.len() {
        let said = format!("must have at most {} members", SortKey::ALL.len());
        return Err(Fault::invalid("body.sort", "length", said));
    }
    let read = |(place, text): (usize, &String)| {
        let parts = text.split_once(':');
        let order = parts.and_then(|(key, way)| {
            Some(Order { key: SortKey::parse(key)?, direction: Direction::parse(way)? })
        });
        order.ok_or_else(|| {
            let keys: Vec<&str> = SortKey::ALL.iter().map(|key| key.word()).collect();
            let said = format!("must be one of {}, then :asc or :desc", keys.join(", "));
            Fault::invalid(&format!("body.sort.{place}"), "enum", said)
        })
    };
    sort.iter().enumerate().map(read).collect()
}

/// The attributes by the names that assets have here.
fn vocabulary() -> Vocabulary {
    use TextAttribute as Text;
    let mut vocabulary = Vocabulary::new(time::parse);
    for (name, attribute) in [
        ("id", Text::Id),
        ("name", Text::Name),
        ("filename", Text::Filename),
        ("description", Text::Description),
        ("type", Text::Type),
        ("kind", Text::Kind),
        ("status", Text::Status),
        ("visibility", Text::Visibility),
        ("mime_type", Text::MimeType),
        ("owner_id", Text::Uploader),
        ("organization_id", Text::Organization),
        ("author_id", Text::Author),
        ("parent_id", Text::Parent),
        ("root_id", Text::Root),
        ("inference_id", Text::Inference),
        ("model_id", Text::Model),
        ("project", Text::Project),
        ("styling_note", Text::Note),
        ("dominant_color", Text::Color),
    ] {
        vocabulary = vocabulary.with(name, attribute);
    }
    for measure in Measure::ALL {
        vocabulary = vocabulary.with(measure.word(), *measure);
    }
    for truth in Truth::ALL {
        vocabulary = vocabulary.with(&format!("detected.{truth}"), *truth);
    }
    for (name, members) in [
        ("tags", Members::Tags),
        ("collection_ids", Members::Collections),
        ("detected.person_attributes", Members::PersonAttributes),
        ("detected.clothing_items", Members::ClothingItems),
        ("detected.categories", Members::Categories),
    ] {
        vocabulary = vocabulary.with(name, members);
    }
    vocabulary.with_parameters("parameters.")
}

/// An asset that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hit)]
pub(in crate::native) struct HitBody {
    /// The asset.
    asset: AssetBody,
    /// How alike it is, where that was asked for: 1 is the same picture, 0 or less is not alike.
    #[schema(required, minimum = -1, maximum = 1)]
    similarity: Option<f32>,
}

impl HitBody {
    /// The asset as it is shown to the caller.
    pub(in crate::native) fn of(
        hit: Hit,
        show: impl FnOnce(backlot_model::asset::Asset) -> AssetBody,
    ) -> Self {
        let Hit { asset, similarity } = hit;
        Self { asset: show(asset), similarity }
    }
}
