//! `/assets`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::assets::{Expected, NewAsset};
use backlot_library::ingest::{Accepts, Received};
use backlot_library::listing::{ListRequest, Within};
use backlot_model::account;
use backlot_model::asset::{TYPE_FACE, TYPE_TEMPLATE, Visibility};
use backlot_model::fault::FieldFault;
use backlot_model::media::MediaKind;
use backlot_model::query::{Filter, Order, TextField, TextSearch, TypeFilter, Window};
use backlot_model::{Fault, Kind};

use super::buckets;
use super::wire::{
    Answer, AssetBody, ErrorBody, ListBody, Message, Pagination, UploadBody, UploadForm,
};
use crate::app::{App, Links, SignedIn};
use crate::door::Door;
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Fields, Query};
use crate::edge::intake::{Content, Incoming};
use crate::edge::path::PathFields;

const DESCRIPTION_CHARS_MAX: usize = 500;
/// What the JSON form takes.
const JSON_TYPES: &[&str] = &["image/jpeg", "image/png", "image/webp", "image/gif"];

/// What an upload becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Face,
    Template,
    Bucket,
}

const SORTS: &[(&str, Sort)] =
    &[("face", Sort::Face), ("template", Sort::Template), ("bucket", Sort::Bucket)];

/// List faces and templates of the caller's organisation, or the caller's temporary files.
#[utoipa::path(
    get, path = "/assets", operation_id = "listAssets", tag = "Assets",
    params(
        ("type" = Option<String>, Query, description = "`face`, `template` or `bucket`", example = "face"),
        ("page" = Option<u32>, Query, minimum = 1, maximum = 1000000, description = "1 if absent"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if absent"),
        ("search" = Option<String>, Query, max_length = 200, description = "in name and description"),
        ("isPublished" = Option<bool>, Query, description = "shared with the organisation or not"),
    ),
    responses(
        (status = 200, body = Answer<ListBody>, description = "One page"),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Query(query): Query,
) -> Result<Json<Answer<ListBody>>, Refusal> {
    let asked = Asked::read(&query)?;
    let body = match asked.sort {
        Some(Sort::Bucket) => buckets::list(&app, &caller, &links, asked.page, asked.limit).await?,
        _ => library_page(&app, &caller, &links, asked).await?,
    };
    Ok(Json(Answer::of(body)))
}

struct Asked {
    sort: Option<Sort>,
    page: u64,
    limit: u32,
    search: Option<TextSearch>,
    visibility: Vec<Visibility>,
}

impl Asked {
    fn read(query: &Fields) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        let sort = checks.take(query.choice("type", SORTS));
        let (page, limit) = page_and_limit(&mut checks, query);
        let search = checks.take(query.text_up_to("search", 200)).unwrap_or_default();
        let visibility = match checks.take(query.flag("isPublished")) {
            None => vec![],
            Some(true) => vec![Visibility::Shared, Visibility::Public],
            Some(false) => vec![Visibility::Private, Visibility::Unlisted],
        };
        checks.done()?;
        let search = TextSearch::parse(search, &[TextField::Name, TextField::Description]);
        Ok(Self { sort, page, limit, search, visibility })
    }
}

/// `page` (from 1) and `limit` (1 to 100, else 20).
pub(super) fn page_and_limit(checks: &mut Checks, query: &Fields) -> (u64, u32) {
    let page = checks.take(query.integer("page", 1..=1_000_000)).unwrap_or(1);
    let limit = checks.take(query.integer("limit", 1..=100)).unwrap_or(20);
    (page.unsigned_abs(), u32::try_from(limit).unwrap_or(20))
}

async fn library_page(
    app: &App,
    caller: &account::Caller,
    links: &Links,
    asked: Asked,
) -> Result<ListBody, Fault> {
    let Asked { sort, page, limit, search, visibility } = asked;
    let exact = |word: &str| TypeFilter::Exact(word.to_owned());
    let types = match sort {
        Some(Sort::Face) => vec![exact(TYPE_FACE)],
        Some(Sort::Template) => vec![exact(TYPE_TEMPLATE)],
        _ => vec![exact(TYPE_FACE), exact(TYPE_TEMPLATE)],
    };
    let request = ListRequest {
        within: Within::ActiveOrganization,
        filter: Filter {
            kinds: vec![MediaKind::Image, MediaKind::ImageHdr],
            types,
            text: search,
            visibility,
            ..Filter::default()
        },
        uploader_name: None,
        order: Order::default(),
        window: Window::Offset { skip: (page - 1) * u64::from(limit), limit },
        count: true,
    };
    let found = app.library().list(caller, request).await?;
    let pagination = Pagination::counted(page, limit, found.total.unwrap_or_default());
    let assets = found.items.into_iter().map(|it| AssetBody::new(it, links)).collect();
    Ok(ListBody { assets, pagination })
}

/// Upload a face, a template or a temporary file.
#[utoipa::path(
    post, path = "/assets", operation_id = "uploadAsset", tag = "Assets",
    request_body(content(
        (UploadForm = "multipart/form-data"),
        (UploadBody = "application/json"),
    )),
    responses(
        (status = 201, body = Answer<AssetBody>, description = "The asset, or the temporary file"),
        (status = 429, body = ErrorBody, description = "Too many uploads; `Retry-After` says when to go on"),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    incoming: Incoming,
) -> Result<(StatusCode, Json<Answer<AssetBody>>), Refusal> {
    let (upload, file) = match incoming.content() {
        Content::Multipart => from_form(&app, &caller, incoming).await?,
        Content::Json | Content::Undeclared => from_json(&app, &caller, incoming).await?,
        _ => return Err(neither().into()),
    };
    let body = keep(&app, &caller, &links, upload, file).await?;
    Ok((StatusCode::CREATED, Json(Answer::of(body))))
}

/// What was said of an upload.
struct Upload {
    sort: Sort,
    filename: Option<String>,
    description: Option<String>,
}

async fn from_form(
    app: &App,
    caller: &account::Caller,
    incoming: Incoming,
) -> Result<(Upload, Received), Fault> {
    let accepts = Accepts::pictures(&app.library().config().uploads);
    let mut door = Door::new(app, caller, accepts);
    let form = incoming.multipart(&["file"], door.limits(), &mut door).await?;
    let (fields, file) = (form.fields, door.finish().await?.ok_or_else(|| missing("file"))?);
    let filename = form.files.into_iter().next().and_then(|part| part.filename);
    let mut checks = Checks::default();
    let sort = checks.take(fields.choice("type", SORTS));
    let description = checks.take(fields.text_up_to("description", DESCRIPTION_CHARS_MAX));
    let description = description.map(str::to_owned);
    checks.done()?;
    let sort = sort.ok_or_else(|| missing("type"))?;
    Ok((Upload { sort, filename, description }, file))
}

async fn from_json(
    app: &App,
    caller: &account::Caller,
    incoming: Incoming,
) -> Result<(Upload, Received), Fault> {
    let accepts = Accepts::only(JSON_TYPES, app.library().config().uploads.image_bytes_max);
    let mut door = Door::new(app, caller, accepts);
    let form = incoming.json_with_bytes(&["base64"], door.limits(), &mut door).await?;
    let (body, files): (UploadBody, _) = form.parse()?;
    let UploadBody { base64, asset_type, filename, mime_type, description } = body;
    // The bytes were taken out on the way; a text that is left was none.
    if base64.is_some() {
        return Err(Fault::invalid("body.base64", "format", "must be base64 or a data URL"));
    }
    let file = door.finish_data_url(&files).await?.ok_or_else(|| missing("base64"))?;
    let sort = asset_type.map(|word| sort_of(&word)).transpose()?;
    let sort = sort.ok_or_else(|| missing("type"))?;
    if let Some(word) = mime_type.filter(|word| !JSON_TYPES.contains(&word.as_str())) {
        let said = format!("must be one of {}", JSON_TYPES.join(", "));
        let fault = FieldFault::new("body.mimeType", "enum", said).with_input(&word);
        return Err(Fault::invalid_fields(vec![fault]));
    }
    if description.as_ref().is_some_and(|it| it.chars().count() > DESCRIPTION_CHARS_MAX) {
        let said = format!("must have at most {DESCRIPTION_CHARS_MAX} characters");
        return Err(Fault::invalid("body.description", "length", said));
    }
    Ok((Upload { sort, filename, description }, file))
}

fn sort_of(word: &str) -> Result<Sort, Fault> {
    let found = SORTS.iter().find(|(known, _)| *known == word);
    found.map(|(_, sort)| *sort).ok_or_else(|| {
        let said = "must be face, template or bucket";
        let fault = FieldFault::new("body.type", "enum", said).with_input(word);
        Fault::invalid_fields(vec![fault])
    })
}

async fn keep(
    app: &App,
    caller: &account::Caller,
    links: &Links,
    upload: Upload,
    file: Received,
) -> Result<AssetBody, Fault> {
    let Upload { sort, filename, description } = upload;
    let asset_type = match sort {
        Sort::Face => TYPE_FACE,
        Sort::Template => TYPE_TEMPLATE,
        Sort::Bucket => {
            let kept = app.library().keep_temp_file(caller, file, filename, description).await?;
            return Ok(AssetBody::bucket(kept, links));
        }
    };
    let new = NewAsset {
        asset_type: Some(asset_type.to_owned()),
        visibility: Some(shared_if_possible(caller)),
        filename,
        description,
        ..NewAsset::default()
    };
    let asset = app.library().create_asset(caller, file, new).await?;
    Ok(AssetBody::new(asset, links))
}

/// What is uploaded here is shared with the caller's organisation, if he has one.
fn shared_if_possible(caller: &account::Caller) -> Visibility {
    match caller.member().and_then(|member| member.active_organization) {
        Some(_) => Visibility::Shared,
        None => Visibility::Private,
    }
}

/// Get one asset.
#[utoipa::path(
    get, path = "/assets/{id}", operation_id = "getAsset", tag = "Assets",
    params(("id" = String, Path, format = Uuid, description = "The asset")),
    responses(
        (status = 200, body = Answer<AssetBody>, description = "The asset"),
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
) -> Result<Json<Answer<AssetBody>>, Refusal> {
    let asset = app.library().asset(&caller, path.id("id", not_found)?).await?;
    Ok(Json(Answer::of(AssetBody::new(asset, &links))))
}

/// Delete one asset.
#[utoipa::path(
    delete, path = "/assets/{id}", operation_id = "deleteAsset", tag = "Assets",
    params(("id" = String, Path, format = Uuid, description = "The asset")),
    responses(
        (status = 200, body = Answer<Message>, description = "It is deleted"),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Result<Json<Answer<Message>>, Refusal> {
    app.library().delete_asset(&caller, path.id("id", not_found)?, &Expected::default()).await?;
    Ok(Json(Answer::said("Asset deleted")))
}

fn not_found() -> Fault {
    Fault::new(Kind::NotFound, "asset-not-found", "asset not found")
}

fn neither() -> Fault {
    let said = "the body must be multipart/form-data with a `file`, or application/json with \
                `base64`";
    Fault::new(Kind::UnsupportedMedia, "unsupported-media", said)
}

fn missing(field: &str) -> Fault {
    Fault::invalid(&format!("body.{field}"), "missing", "is required")
}
