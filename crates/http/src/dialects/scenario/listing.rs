//! `GET /assets` and `GET /assets/public`: walking through a project's assets, or everything
//! public.

use axum::Json;
use axum::extract::State;
use backlot_library::listing::{ListRequest, Within};
use backlot_model::fault::FieldFault;
use backlot_model::limits::{NAME_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX};
use backlot_model::query::{Direction, Filter, Order, SortKey, TimeRange, TypeFilter, Window};
use backlot_model::{Fault, Id, Millis};
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{Asking, Passing, Visiting};
use super::shelf;
use super::wire::asset::{Asset, Privacy};
use super::wire::refusal::Refused;
use super::wire::source::is_type;
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Fields};

/// What may not stand beside `deleted`.
const NOT_WITH_DELETED: &[&str] = &[
    "authorId",
    "collectionId",
    "createdAfter",
    "createdBefore",
    "inferenceId",
    "modelId",
    "parentAssetId",
    "privacy",
    "rootAssetId",
    "sortBy",
    "sortDirection",
    "tags",
    "type",
    "types",
    "updatedAfter",
    "updatedBefore",
];
/// How many types one query may name.
const TYPES_MAX: usize = 100;

const SORT_KEYS: &[(&str, SortKey)] =
    &[("createdAt", SortKey::CreatedAt), ("updatedAt", SortKey::UpdatedAt)];
const DIRECTIONS: &[(&str, Direction)] =
    &[("asc", Direction::Ascending), ("desc", Direction::Descending)];

/// A page of assets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::AssetPage)]
pub(super) struct AssetPage {
    assets: Vec<Asset>,
    /// Of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_pagination_token: Option<String>,
}

/// List assets
///
/// Those of the project and the caller's own; with the public token, everything public. Pages
/// neither repeat nor lose an asset while others come and go.
#[utoipa::path(
    get, path = "/assets", operation_id = "listAssets", tag = "Assets",
    params(
        ("updatedBefore" = Option<String>, Query, format = DateTime,
            description = "Exclusive; needs `sortBy=updatedAt`."),
        ("sortDirection" = inline(Option<DirectionWord>), Query, description = "`desc` if absent."),
        ("privacy" = inline(Option<Privacy>), Query,
            description = "`public`: everything public, of all projects."),
        ("inferenceId" = Option<String>, Query, description = "Made by this inference."),
        ("modelId" = Option<String>, Query, description = "Made by this model."),
        ("updatedAfter" = Option<String>, Query, format = DateTime,
            description = "Exclusive; needs `sortBy=updatedAt`."),
        ("parentAssetId" = Option<String>, Query, description = "Made from this asset."),
        ("createdBefore" = Option<String>, Query, format = DateTime,
            description = "Exclusive; needs `sortBy=createdAt`."),
        ("sortBy" = inline(Option<SortWord>), Query, description = "`createdAt` if absent."),
        ("createdAfter" = Option<String>, Query, format = DateTime,
            description = "Exclusive; needs `sortBy=createdAt`."),
        ("authorId" = Option<String>, Query,
            description = "With this author; a user's id finds what he uploaded."),
        ("originalAssets" = Option<bool>, Query,
            description = "Addresses are those of the originals in any case."),
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "50 if absent."),
        ("rootAssetId" = Option<String>, Query, description = "Of the line of this asset."),
        ("type" = Option<String>, Query, example = "inference-txt2img",
            description = "One type; `inference-` selects all that begin so. Not with `types`."),
        ("paginationToken" = Option<String>, Query,
            description = "The `nextPaginationToken` of the page before."),
        ("tags" = Option<String>, Query,
            description = "Comma-separated; has all of them. Needs `privacy=public`."),
        ("types" = Option<Vec<String>>, Query,
            description = "One of these types: repeated or comma-separated. Not with `type`."),
        ("collectionId" = Option<String>, Query, description = "In this collection."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
        ("deleted" = Option<bool>, Query, description = "What was deleted in the last 30 days, \
            the latest first. Only with `projectId`, `pageSize`, `paginationToken`."),
    ),
    responses((status = 200, description = "One page.", body = AssetPage), Refused),
)]
pub(super) async fn list(
    State(app): State<App>,
    Visiting(asking): Visiting,
    links: Links,
) -> Result<Json<AssetPage>, Refusal> {
    let asked = Asked::read(&asking, false)?;
    Ok(Json(page(&app, &asking, &links, asked).await?))
}

/// List public assets
///
/// Everything public, of all projects; needs no credential. Takes what `GET /assets` takes.
#[utoipa::path(
    get, path = "/assets/public", operation_id = "listPublicAssets", tag = "Assets",
    params(
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "50 if absent."),
        ("paginationToken" = Option<String>, Query,
            description = "The `nextPaginationToken` of the page before."),
        ("tags" = Option<String>, Query, description = "Comma-separated; has all of them."),
    ),
    responses((status = 200, description = "One page.", body = AssetPage), Refused),
    security(()),
)]
pub(super) async fn list_public(
    State(app): State<App>,
    Passing(asking): Passing,
    links: Links,
) -> Result<Json<AssetPage>, Refusal> {
    let asked = Asked::read(&asking, true)?;
    Ok(Json(page(&app, &asking, &links, asked).await?))
}

async fn page(app: &App, asking: &Asking, links: &Links, asked: Asked) -> Result<AssetPage, Fault> {
    let (library, caller) = (app.library(), &asking.caller);
    let fingerprint = asked.fingerprint(asking);
    let open = |token: &String| {
        let opened = library.open_position(caller, &fingerprint, token);
        opened.map_err(|fault| fault.at("query.paginationToken", "format"))
    };
    let after = asked.token.as_ref().map(open).transpose()?;
    let window = Window::Cursor { after, limit: asked.page_size };
    let Asked { within, mut filter, author, order, .. } = asked;
    if let Some(author) = author {
        filter = library.by_author(&author, filter).await?;
    }
    let request = ListRequest { within, filter, uploader_name: None, order, window, count: false };
    let found = library.list(caller, request).await?;
    let seal = |next| library.seal_position(caller, &fingerprint, &next);
    let next_pagination_token = found.next.map(seal).transpose()?;
    let assets = shelf::shown(app, caller, links, found.items).await?;
    Ok(AssetPage { assets, next_pagination_token })
}

/// What a query asks for.
#[derive(Debug)]
struct Asked {
    within: Within,
    filter: Filter,
    author: Option<String>,
    order: Order,
    page_size: u32,
    token: Option<String>,
}

impl Asked {
    /// Reads the query and names all that is wrong with it.
    fn read(asking: &Asking, public_only: bool) -> Result<Self, Fault> {
        let query = &asking.query;
        let mut checks = Checks::default();
        let privacy = checks.take(query.choice("privacy", Privacy::WORDS));
        let wants_public = public_only || privacy == Some(Privacy::Public);
        let is_public = wants_public || asking.caller.member().is_none();
        let deleted = checks.take(query.flag("deleted")).unwrap_or(false);
        let mut asked = Self {
            within: if is_public { Within::Public } else { Within::ActiveOrganization },
            filter: Filter { deleted, ..filter(query, wants_public, &mut checks) },
            author: checks.take(label(query, "authorId")),
            order: order(query, &mut checks),
            page_size: page_size(query, 50, &mut checks),
            token: checks.take(query.one("paginationToken")).map(str::to_owned),
        };
        asked.filter.visibility = privacy.map(Privacy::visibilities).unwrap_or_default();
        if !is_public {
            asked.filter.organization_id = asking.project;
        }
        if deleted {
            // Nothing changes a deleted asset, so this is the time of its deletion.
            asked.order = Order { key: SortKey::UpdatedAt, direction: Direction::Descending };
            for name in NOT_WITH_DELETED {
                if !checks.take(query.all(name)).is_empty() {
                    checks.note(query.fault(name, "type", "must not be given with `deleted`"));
                }
            }
        }
        checks.done()?;
        Ok(asked)
    }

    /// What a token is bound to: another filter, order or project is another question. Tokens do
    /// not outlive an upgrade that changes the filter; then the client begins anew.
    fn fingerprint(&self, asking: &Asking) -> String {
        let Self { within, filter, author, order, page_size: _, token: _ } = self;
        let project = asking.caller.member().and_then(|member| member.active_organization);
        format!("scenario {within:?} {project:?} {filter:?} {author:?} {order:?}")
    }
}

fn filter(query: &Fields, wants_public: bool, checks: &mut Checks) -> Filter {
    Filter {
        types: types(query, checks),
        tags_all: tags(query, wants_public, checks),
        created: range(query, ["createdAfter", "createdBefore"], SortKey::CreatedAt, checks),
        updated: range(query, ["updatedAfter", "updatedBefore"], SortKey::UpdatedAt, checks),
        parent_id: checks.take(id(query, "parentAssetId")),
        root_id: checks.take(id(query, "rootAssetId")),
        collection_id: checks.take(id(query, "collectionId")),
        inference_id: checks.take(label(query, "inferenceId")),
        model_id: checks.take(label(query, "modelId")),
        ..Filter::default()
    }
}

fn order(query: &Fields, checks: &mut Checks) -> Order {
    let default = Order::default();
    Order {
        key: checks.take(query.choice("sortBy", SORT_KEYS)).unwrap_or(default.key),
        direction: checks
            .take(query.choice("sortDirection", DIRECTIONS))
            .unwrap_or(default.direction),
    }
}

/// The bounds of a time, which need the order of that time to be asked for.
fn range(
    query: &Fields,
    [after, before]: [&'static str; 2],
    key: SortKey,
    checks: &mut Checks,
) -> TimeRange {
    let mut bound = |name: &'static str| -> Option<Millis> {
        let at = checks.take(query.time(name))?;
        // A wrong `sortBy` has been told of already.
        if query.choice("sortBy", SORT_KEYS).is_ok_and(|sorted| sorted != Some(key)) {
            let word = if key == SortKey::CreatedAt { "createdAt" } else { "updatedAt" };
            let said = format!("needs sortBy={word}");
            checks.note(query.fault(name, "reference", said));
        }
        Some(at)
    };
    TimeRange { after: bound(after), before: bound(before) }
}

fn types(query: &Fields, checks: &mut Checks) -> Vec<TypeFilter> {
    let one = checks.take(query.one("type")).filter(|word| !word.is_empty());
    let many = checks.take(query.csv("types")).unwrap_or_default();
    if one.is_some() && !many.is_empty() {
        checks.note(query.fault("types", "type", "must not be given together with `type`"));
    }
    if many.len() > TYPES_MAX {
        let said = format!("must name at most {TYPES_MAX} types");
        checks.note(query.fault("types", "length", said));
        return Vec::new();
    }
    let one = one.map(|word| ("type", word.to_owned()));
    let named = one.into_iter().chain(many.into_iter().map(|word| ("types", word)));
    named.filter_map(|(name, word)| checks.take(type_filter(query, name, word).map(Some))).collect()
}

/// One type, or with `inference-` or `inference` the family.
fn type_filter(query: &Fields, name: &str, word: String) -> Result<TypeFilter, FieldFault> {
    match word.as_str() {
        "inference-" | "inference" => Ok(TypeFilter::Family("inference-".to_owned())),
        known if is_type(known) => Ok(TypeFilter::Exact(word)),
        other => {
            let said = "must be one of the asset types, or `inference-` for all that begin so";
            Err(query.fault(name, "enum", said).with_input(other))
        }
    }
}

fn tags(query: &Fields, wants_public: bool, checks: &mut Checks) -> Vec<String> {
    let tags = checks.take(query.csv("tags")).unwrap_or_default();
    if !tags.is_empty() && !wants_public {
        checks.note(query.fault("tags", "reference", "needs privacy=public"));
    }
    if tags.len() > TAGS_MAX || tags.iter().any(|tag| tag.chars().count() > TAG_CHARS_MAX) {
        let said = format!("must be at most {TAGS_MAX} tags of at most {TAG_CHARS_MAX} characters");
        checks.note(query.fault("tags", "length", said));
        return Vec::new();
    }
    tags
}

/// How many to show, 1 to 100.
pub(super) fn page_size(query: &Fields, default: u32, checks: &mut Checks) -> u32 {
    let asked = checks.take(query.integer("pageSize", 1..=100));
    asked.and_then(|size| u32::try_from(size).ok()).unwrap_or(default)
}

/// An id in any dress.
fn id<T>(query: &Fields, name: &str) -> Result<Option<Id<T>>, FieldFault> {
    let Some(raw) = query.one(name)? else { return Ok(None) };
    Id::parse(raw)
        .map(Some)
        .ok_or_else(|| query.fault(name, "format", "must be an id").with_input(raw))
}

/// A label that is compared as it is.
fn label(query: &Fields, name: &str) -> Result<Option<String>, FieldFault> {
    let raw = query.text_up_to(name, NAME_CHARS_MAX)?;
    match raw {
        Some("") => Err(query.fault(name, "length", "must not be empty")),
        raw => Ok(raw.map(str::to_owned)),
    }
}

/// By what; for the document.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(as = scenario::SortBy, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a parameter")]
pub(super) enum SortWord {
    /// The time of creation.
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
}

/// Which way; for the document.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(as = scenario::SortDirection, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a parameter")]
pub(super) enum DirectionWord {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}
