//! The first face: `/v1/training-asset`, `/v1/my-uploaded-assets`, `/v1/assets/{asset_id}`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::assets::{Expected, NewAsset};
use backlot_library::ingest::Accepts;
use backlot_library::listing::{ListRequest, Within};
use backlot_model::account;
use backlot_model::asset::{Asset, Status};
use backlot_model::media::MediaKind;
use backlot_model::query::{Filter, Order, Window};
use backlot_model::{Fault, Id, Kind};

use super::wire::{
    AssetBody, CreatedBody, DetailsBody, ErrorBody, ImportBody, ListBody, UploadForm,
};
use crate::app::{App, Links, SignedIn};
use crate::door::{Door, import};
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Query};
use crate::edge::intake::{Content, Incoming};
use crate::edge::path::PathFields;

/// What this dialect takes.
pub(super) const TYPES: &[&str] = &["image/jpeg", "image/png", "image/webp"];

pub(super) fn accepts(app: &App) -> Accepts {
    Accepts::only(TYPES, app.library().config().uploads.small_image_bytes_max)
}

/// Upload a product image, or import one from a URL.
///
/// The answer comes at once with `processing`; the asset then becomes `ready` or `failed`.
#[utoipa::path(
    post, path = "/v1/training-asset", operation_id = "createTrainingAsset", tag = "Assets",
    request_body(content(
        (UploadForm = "multipart/form-data"),
        (ImportBody = "application/json"),
    )),
    responses(
        (status = 201, body = CreatedBody, description = "The asset, `processing`"),
        (status = 429, body = ErrorBody, description = "Too many uploads; `Retry-After` says when to go on"),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    incoming: Incoming,
) -> Result<(StatusCode, Json<CreatedBody>), Refusal> {
    let asset = match incoming.content() {
        Content::Multipart => upload(&app, &caller, &links, incoming).await?,
        Content::Json | Content::Undeclared => from_json(&app, &caller, &links, incoming).await?,
        _ => return Err(unreadable().into()),
    };
    Ok((StatusCode::CREATED, Json(CreatedBody::new(asset, &links, &caller))))
}

async fn upload(
    app: &App,
    caller: &account::Caller,
    links: &Links,
    incoming: Incoming,
) -> Result<Asset, Fault> {
    let mut door = Door::new(app, caller, accepts(app));
    let form = incoming.multipart(&["file"], door.limits(), &mut door).await?;
    let (fields, file) = (form.fields, door.finish().await?);
    let mut checks = Checks::default();
    let url = checks.take(fields.one("url")).filter(|url| !url.is_empty());
    let name = checks.take(fields.one("name")).map(str::to_owned);
    let tags = checks.take(fields.list("tags")).unwrap_or_default();
    checks.done()?;
    let new = NewAsset { name, tags, ..NewAsset::default() };
    match (file, url) {
        (Some(file), None) => {
            let filename = form.files.into_iter().next().and_then(|part| part.filename);
            app.library().create_asset(caller, file, NewAsset { filename, ..new }).await
        }
        (None, Some(url)) => import(app, caller, links, url, accepts(app), new).await,
        (Some(_), Some(_)) => {
            Err(Fault::invalid("body.url", "type", "give a file or a url, not both"))
        }
        (None, None) => Err(neither()),
    }
}

async fn from_json(
    app: &App,
    caller: &account::Caller,
    links: &Links,
    incoming: Incoming,
) -> Result<Asset, Fault> {
    let ImportBody { url, name, tags } = incoming.json().await?;
    let url = url.filter(|url| !url.is_empty()).ok_or_else(neither)?;
    let new = NewAsset { name, tags: tags.unwrap_or_default(), ..NewAsset::default() };
    import(app, caller, links, &url, accepts(app), new).await
}

fn neither() -> Fault {
    Fault::invalid("body.file", "missing", "either a file or a url is required")
}

fn unreadable() -> Fault {
    let said = "the body must be multipart/form-data with a `file` or `url`, or application/json \
                with a `url`";
    Fault::new(Kind::UnsupportedMedia, "unsupported-media", said)
}

/// List the caller's uploads, the newest first.
#[utoipa::path(
    get, path = "/v1/my-uploaded-assets", operation_id = "listUploadedAssets", tag = "Assets",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if absent"),
        ("offset" = Option<u64>, Query, minimum = 0, maximum = 4294967295_u64,
            description = "How many to leave out; 0 if absent"),
        ("status" = Option<String>, Query,
            description = "`all`, `processing`, `ready` or `failed`", example = "ready"),
        ("tags" = Option<String>, Query, description = "comma-separated; an asset has all of them"),
    ),
    responses(
        (status = 200, body = ListBody, description = "One page"),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Query(query): Query,
) -> Result<Json<ListBody>, Refusal> {
    const STATUSES: &[(&str, Option<Status>)] = &[
        ("all", None),
        ("processing", Some(Status::Processing)),
        ("ready", Some(Status::Ready)),
        ("failed", Some(Status::Failed)),
    ];
    let mut checks = Checks::default();
    let limit = checks.take(query.integer("limit", 1..=100)).unwrap_or(20);
    let offset = checks.take(query.integer("offset", 0..=i64::from(u32::MAX))).unwrap_or(0);
    let status = checks.take(query.choice("status", STATUSES)).flatten();
    let tags_all = checks.take(query.csv("tags")).unwrap_or_default();
    checks.done()?;
    let (limit, offset) = (limit.unsigned_abs(), offset.unsigned_abs());
    let limit = u32::try_from(limit).unwrap_or(100);
    let request = ListRequest {
        within: Within::Uploads,
        filter: Filter {
            kinds: vec![MediaKind::Image, MediaKind::ImageHdr],
            status: status.into_iter().collect(),
            tags_all,
            ..Filter::default()
        },
        uploader_name: None,
        order: Order::default(),
        window: Window::Offset { skip: offset, limit },
        count: true,
    };
    let page = app.library().list(&caller, request).await?;
    let total = page.total.unwrap_or_default();
    let shown = page.items.into_iter().map(|it| AssetBody::new(it, &links, &caller));
    let assets: Vec<_> = shown.collect();
    let has_more = offset + (assets.len() as u64) < total;
    Ok(Json(ListBody { assets, total, limit, offset, has_more }))
}

/// Get one asset.
#[utoipa::path(
    get, path = "/v1/assets/{asset_id}", operation_id = "getAsset", tag = "Assets",
    params(("asset_id" = String, Path, description = "as given, or the number of an upload")),
    responses(
        (status = 200, body = DetailsBody, description = "The asset"),
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
) -> Result<Json<DetailsBody>, Refusal> {
    let id = named(&app, &path).await?;
    let asset = app.library().asset(&caller, id).await?;
    Ok(Json(DetailsBody::new(asset, &links, &caller)))
}

/// Delete one asset.
#[utoipa::path(
    delete, path = "/v1/assets/{asset_id}", operation_id = "deleteAsset", tag = "Assets",
    params(("asset_id" = String, Path, description = "as given, or the number of an upload")),
    responses(
        (status = 204, description = "It is deleted"),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Result<StatusCode, Refusal> {
    let id = named(&app, &path).await?;
    app.library().delete_asset(&caller, id, &Expected::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The asset of an address: by id, or by the number that the second face gave it.
async fn named(app: &App, path: &PathFields) -> Result<Id<Asset>, Fault> {
    let not_found = || Fault::new(Kind::NotFound, "asset-not-found", "asset not found");
    let raw = path.text("asset_id");
    match raw.parse::<u64>() {
        Ok(number) if raw.len() < 17 => app.library().asset_numbered(number).await,
        _ => path.id("asset_id", not_found),
    }
}
