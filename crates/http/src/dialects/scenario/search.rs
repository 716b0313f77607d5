//! `POST /search/assets`: by words, by a filter, by what pictures look like.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use backlot_library::listing::Within;
use backlot_library::search::filter::{self, Vocabulary};
use backlot_library::search::{Hit, Reference, References, SearchRequest};
use backlot_model::limits::SEARCH_CHARS_MAX;
use backlot_model::media::MediaKind;
use backlot_model::query::{
    Direction, Filter, Measure, Members, Order, SortKey, TextAttribute, TextField, TextSearch,
};
use backlot_model::{Fault, Id};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{Asking, Visiting};
use super::shelf;
use super::spelling::respelt;
use super::wire::asset::{Asset, Privacy, team_id, user_id};
use super::wire::refusal::{Conflict, Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::intake::Incoming;
use crate::edge::intake::base64::Decoder;
use crate::edge::intake::body::Object;
use crate::edge::time;

/// How many hits are shown where nobody says.
const LIMIT: u64 = 20;
/// How many hits one call may ask for.
const LIMIT_MAX: u64 = 1_000;
/// How many orders one call may name.
const ORDERS_MAX: usize = 8;

/// What is searched for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::SearchRequest)]
pub(super) struct SearchBody {
    /// Words that must all occur in name, file name, tags, description or prompt.
    #[schema(max_length = 200)]
    query: Option<String>,
    /// Comparisons (`=`, `!=`, `<`, `<=`, `>`, `>=`, `IN [...]`) joined by AND, OR, NOT and
    /// parentheses.
    #[schema(example = "kind = image AND (tags = cat OR metadata.seed = 42)")]
    filter: Option<String>,
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<f64>,
    /// How many to leave out. One in the query string wins.
    #[schema(value_type = Option<u64>, minimum = 0)]
    offset: Option<f64>,
    /// From 1; with `hitsPerPage`.
    #[schema(value_type = Option<u32>, minimum = 1)]
    page: Option<f64>,
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    hits_per_page: Option<f64>,
    /// Such as `createdAt:desc`; also `updatedAt` and `properties.size`.
    #[schema(example = json!(["createdAt:desc"]))]
    sort_by: Option<Vec<String>>,
    /// Whether to search everything public, of all projects.
    public: Option<bool>,
    /// A picture that hits are to look like: an asset's id, or a data URL.
    image: Option<String>,
    #[schema(value_type = Option<ImagesBody>)]
    images: Option<Object<ImagesBody>>,
}

/// Pictures that hits are to look like, and not to look like.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = scenario::SearchImages)]
pub(super) struct ImagesBody {
    /// Ids of assets, or data URLs.
    #[serde(default)]
    like: Vec<String>,
    /// Ids of assets, or data URLs.
    #[serde(default)]
    unlike: Vec<String>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::SearchHits)]
pub(super) struct HitsBody {
    hits: Vec<HitBody>,
    offset: u64,
    limit: u64,
    /// How many can be paged through in all.
    estimated_total_hits: u64,
}

/// An asset that was found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::SearchHit)]
pub(super) struct HitBody {
    #[serde(flatten)]
    asset: Asset,
    /// Empty: nobody looks for such things here.
    nsfw: Vec<String>,
    /// How alike it is, if that was asked for: 1 is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    team_id: String,
}

/// Search assets
///
/// Among those that `GET /assets` lists. The likest come first where pictures are named, else the
/// newest.
#[utoipa::path(
    post, path = "/search/assets", operation_id = "searchAssets", tag = "Search",
    params(
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("originalAssets" = Option<bool>, Query, description = "Checked; addresses are always those of originals."),
        ("offset" = Option<u64>, Query, description = "Wins over the body's."),
    ),
    request_body = SearchBody,
    responses((status = 200, description = "What was found.", body = HitsBody), Refused, UnfitBody, Conflict),
)]
pub(super) async fn search(
    State(app): State<App>,
    Visiting(asking): Visiting,
    links: Links,
    incoming: Incoming,
) -> Result<Json<HitsBody>, Refusal> {
    let image_bytes_max = app.library().config().uploads.image_bytes_max;
    let body: SearchBody = incoming.json_with_image(image_bytes_max).await?;
    let request = request(&asking, body)?;
    let (offset, limit) = (request.offset, u64::from(request.limit));
    let found = app.library().search(&asking.caller, request).await.map_err(in_body)?;
    let hits = shown(&app, &asking, &links, found.hits).await?;
    Ok(Json(HitsBody { hits, offset, limit, estimated_total_hits: found.total }))
}

async fn shown(
    app: &App,
    asking: &Asking,
    links: &Links,
    hits: Vec<Hit>,
) -> Result<Vec<HitBody>, Fault> {
    let team = |hit: &Hit| match hit.asset.organization_id {
        Some(id) => team_id(id),
        None => user_id(hit.asset.uploader_id),
    };
    let more: Vec<_> = hits.iter().map(|hit| (team(hit), hit.similarity)).collect();
    let assets = hits.into_iter().map(|hit| hit.asset).collect();
    let assets = shelf::shown(app, &asking.caller, links, assets).await?;
    let hit = |(asset, (team_id, score))| HitBody { asset, nsfw: Vec::new(), score, team_id };
    Ok(assets.into_iter().zip(more).map(hit).collect())
}

fn request(asking: &Asking, body: SearchBody) -> Result<SearchRequest, Fault> {
    let (offset, limit) = window(asking, &body)?;
    let is_public = body.public.unwrap_or(false) || asking.caller.member().is_none();
    let mut filter = Filter { text: words(body.query.as_deref())?, ..Filter::default() };
    if !is_public {
        filter.organization_id = asking.project;
    }
    if let Some(text) = body.filter.as_deref() {
        let parsed = filter::parse(text, &VOCABULARY).map_err(|it| it.at("body.filter"))?;
        if let Some(expression) = parsed {
            filter.narrow(expression);
        }
    }
    Ok(SearchRequest {
        within: if is_public { Within::Public } else { Within::ActiveOrganization },
        filter,
        orders: orders(body.sort_by.unwrap_or_default())?,
        offset,
        limit,
        references: references(body.image, body.images)?,
    })
}

fn words(query: Option<&str>) -> Result<Option<TextSearch>, Fault> {
    const SEARCHED: &[TextField] = TextField::ALL;
    let query = query.unwrap_or_default();
    if query.chars().count() > SEARCH_CHARS_MAX {
        let said = format!("must have at most {SEARCH_CHARS_MAX} characters");
        return Err(Fault::invalid("body.query", "length", said));
    }
    Ok(TextSearch::parse(query, SEARCHED))
}

/// How many to leave out and how many to show: by `offset` and `limit`, or by pages.
fn window(asking: &Asking, body: &SearchBody) -> Result<(u64, u32), Fault> {
    let by_page = body.page.is_some() || body.hits_per_page.is_some();
    let (name, asked) = match by_page {
        true => ("hitsPerPage", body.hits_per_page),
        false => ("limit", body.limit),
    };
    let limit = whole(name, asked, 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    let page = whole("page", body.page, 1, u64::MAX >> 32)?.unwrap_or(1);
    let offset = whole("offset", body.offset, 0, u64::MAX >> 11)?;
    let wins = asking.query.integer("offset", 0..=i64::MAX);
    let wins = wins.map_err(|it| Fault::invalid_fields(vec![it]))?.map(i64::unsigned_abs);
    let offset = match by_page {
        true => (page - 1) * limit,
        false => offset.unwrap_or(0),
    };
    Ok((wins.unwrap_or(offset), u32::try_from(limit).unwrap_or(u32::MAX)))
}

/// A whole number, however it is written.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is whole, and in a range that both types hold exactly"
)]
fn whole(field: &str, number: Option<f64>, least: u64, most: u64) -> Result<Option<u64>, Fault> {
    let Some(number) = number else { return Ok(None) };
    if number.fract() == 0.0 && (least as f64..=most as f64).contains(&number) {
        return Ok(Some(number as u64));
    }
    let said = format!("must be a whole number between {least} and {most}");
    Err(Fault::invalid(&format!("body.{field}"), "range", said))
}

fn orders(words: Vec<String>) -> Result<Vec<Order>, Fault> {
    const KEYS: &[(&str, SortKey)] = &[
        ("createdAt", SortKey::CreatedAt),
        ("updatedAt", SortKey::UpdatedAt),
        ("properties.size", SortKey::Size),
        ("metadata.fileName", SortKey::Filename),
    ];
    if words.len() > ORDERS_MAX {
        let said = format!("must name at most {ORDERS_MAX} orders");
        return Err(Fault::invalid("body.sortBy", "length", said));
    }
    let read = |(place, word): (usize, String)| {
        let order = word.split_once(':').and_then(|(name, direction)| {
            let (_, key) = KEYS.iter().find(|(known, _)| *known == name)?;
            Some(Order { key: *key, direction: Direction::parse(direction)? })
        });
        order.ok_or_else(|| {
            let names: Vec<_> = KEYS.iter().map(|(name, _)| *name).collect();
            let said = format!("must be one of {} with `:asc` or `:desc`", names.join(", "));
            Fault::invalid(&format!("body.sortBy.{place}"), "enum", said)
        })
    };
    words.into_iter().enumerate().map(read).collect()
}

fn references(
    image: Option<String>,
    images: Option<Object<ImagesBody>>,
) -> Result<Option<References>, Fault> {
    let Object(ImagesBody { like, unlike }) = images.unwrap_or(Object(ImagesBody::default()));
    let read = |(path, raw): (String, String)| reference(&path, &raw);
    let image = image.map(|raw| ("body.image".to_owned(), raw));
    let named = |field: &'static str, all: Vec<String>| {
        all.into_iter().enumerate().map(move |(at, raw)| (format!("body.images.{field}.{at}"), raw))
    };
    let like = image.into_iter().chain(named("like", like)).map(read);
    let found = References {
        like: like.collect::<Result<_, _>>()?,
        unlike: named("unlike", unlike).map(read).collect::<Result<_, _>>()?,
    };
    Ok((!found.like.is_empty() || !found.unlike.is_empty()).then_some(found))
}

/// An asset's id, or a data URL.
fn reference(path: &str, raw: &str) -> Result<Reference, Fault> {
    let wrong = |said: &str| Fault::invalid(path, "format", said);
    let Some(data) = raw.strip_prefix("data:") else {
        let id = Id::parse(raw).map(Reference::Asset);
        return id.ok_or_else(|| wrong("must be an asset's id, or a data URL"));
    };
    let encoded = data.split_once(";base64,").map(|(_, encoded)| encoded);
    let encoded = encoded.ok_or_else(|| wrong("must be a data URL in base64"))?;
    let (mut decoder, mut out) = (Decoder::default(), BytesMut::new());
    let fed = decoder.feed(encoded.as_bytes(), &mut out).and_then(|()| decoder.finish(&mut out));
    fed.map_err(|bad| wrong(&format!("must be base64: {}", bad.message())))?;
    Ok(Reference::Bytes(Bytes::from(out)))
}

/// The library's names of fields, as this call spells them.
fn in_body(fault: Fault) -> Fault {
    respelt(fault, &[("references", &["images"])])
}

/// What filters can ask about.
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(vocabulary);

fn vocabulary() -> Vocabulary {
    use TextAttribute as Text;
    let texts: &[(&str, Text)] = &[
        ("id", Text::Id),
        ("authorId", Text::Author),
        ("uploaderId", Text::Uploader),
        ("ownerId", Text::Organization),
        ("projectId", Text::Organization),
        ("teamId", Text::Organization),
        ("description", Text::Description),
        ("mimeType", Text::MimeType),
        ("type", Text::Type),
        ("metadata.type", Text::Type),
        ("name", Text::Name),
        ("metadata.name", Text::Name),
        ("metadata.fileName", Text::Filename),
        ("inferenceId", Text::Inference),
        ("metadata.inferenceId", Text::Inference),
        ("modelId", Text::Model),
        ("metadata.modelId", Text::Model),
        ("parentId", Text::Parent),
        ("metadata.parentId", Text::Parent),
        ("rootParentId", Text::Root),
        ("metadata.rootParentId", Text::Root),
    ];
    let measures: &[(&str, Measure)] = &[
        ("createdAt", Measure::CreatedAt),
        ("updatedAt", Measure::UpdatedAt),
        ("size", Measure::Size),
        ("properties.size", Measure::Size),
        ("width", Measure::Width),
        ("properties.width", Measure::Width),
        ("height", Measure::Height),
        ("properties.height", Measure::Height),
    ];
    let mut all = Vocabulary::new(time::parse);
    for (name, text) in texts {
        all = all.with(name, *text);
    }
    for (name, measure) in measures {
        all = all.with(name, *measure);
    }
    for name in ["tags", "collectionIds"] {
        let members = if name == "tags" { Members::Tags } else { Members::Collections };
        all = all.with(name, members);
    }
    for name in ["kind", "metadata.kind"] {
        all = all.with_words(name, Text::Kind, kinds());
    }
    let privacy = Privacy::WORDS.iter().map(|(word, privacy)| {
        let stored = privacy.visibilities().iter().map(|it| it.word().to_owned()).collect();
        ((*word).to_owned(), stored)
    });
    let status = [("pending", "processing"), ("success", "ready"), ("error", "failed")];
    let status = status.map(|(word, stored)| (word.to_owned(), vec![stored.to_owned()]));
    all.with_words("privacy", Text::Visibility, privacy.collect())
        .with_words("status", Text::Status, status.to_vec())
        .with_parameters("metadata.")
        .with_parameters("parameters.")
}

/// What has no kind of the vendor's shows as a document.
fn kinds() -> Vec<(String, Vec<String>)> {
    let known = MediaKind::ALL.iter().filter(|kind| **kind != MediaKind::Other);
    let stored = |kind: &MediaKind| match kind {
        MediaKind::Document => vec![kind.word().to_owned(), MediaKind::Other.word().to_owned()],
        kind => vec![kind.word().to_owned()],
    };
    known.map(|kind| (kind.word().to_owned(), stored(kind))).collect()
}
