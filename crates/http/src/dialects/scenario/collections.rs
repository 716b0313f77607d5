//! `/collections`, and what is in them.

use axum::Json;
use axum::extract::State;
use backlot_library::collections::CollectionPatch;
use backlot_model::account::Caller;
use backlot_model::asset::Collection;
use backlot_model::query::{Position, SortValue};
use backlot_model::{Fault, Id, Kind, asset};

use super::asking::Asking;
use super::assets::{AssetIds, Nothing, asset_not_found, in_body};
use super::listing::page_size;
use super::wire::collection::{
    CollectionBody, CollectionChange, CollectionPage, NewCollection, OneCollection,
};
use super::wire::refusal::{Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::fields::Checks;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// How many assets one call may add or take out.
const MEMBERS_MAX: usize = 49;

/// List collections
///
/// The project's and the caller's own, the newest first.
#[utoipa::path(
    get, path = "/collections", operation_id = "listCollections", tag = "Collections",
    params(
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "10 if absent."),
        ("paginationToken" = Option<String>, Query,
            description = "The `nextPaginationToken` of the page before."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "One page.", body = CollectionPage), Refused),
)]
pub(super) async fn list(
    State(app): State<App>,
    asking: Asking,
    links: Links,
) -> Result<Json<CollectionPage>, Refusal> {
    let (library, caller) = (app.library(), &asking.caller);
    let mut checks = Checks::default();
    let limit = page_size(&asking.query, 10, &mut checks);
    let token = checks.take(asking.query.one("paginationToken"));
    checks.done()?;
    let question = format!("scenario collections {:?}", asking.project);
    let open = |token| {
        let opened = library.open_position(caller, &question, token);
        opened.map_err(|fault| fault.at("query.paginationToken", "format"))
    };
    let after = match token.map(open).transpose()? {
        Some(Position { value: SortValue::Number(at), id }) => Some((at, Id::new(id.uuid()))),
        _ => None,
    };
    let mut found = library.collections_after(caller, asking.project, after, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_pagination_token = match found.last().filter(|_| has_more) {
        None => None,
        Some(last) => {
            let value = SortValue::Number(last.created_at);
            let position = Position { value, id: Id::new(last.id.uuid()) };
            Some(library.seal_position(caller, &question, &position)?)
        }
    };
    let collections = shown(&app, caller, &links, found).await?;
    Ok(Json(CollectionPage { collections, next_pagination_token }))
}

/// The collections, each with its picture if the caller may see that.
async fn shown(
    app: &App,
    caller: &Caller,
    links: &Links,
    collections: Vec<Collection>,
) -> Result<Vec<CollectionBody>, Fault> {
    let pictures: Vec<Id<asset::Asset>> =
        collections.iter().filter_map(|collection| collection.thumbnail).collect();
    let pictures = match pictures.as_slice() {
        [] => Vec::new(),
        ids => app.library().assets(caller, ids).await?,
    };
    let show = |collection| CollectionBody::new(collection, &pictures, links);
    Ok(collections.into_iter().map(show).collect())
}

async fn one(
    app: &App,
    asking: &Asking,
    links: &Links,
    collection: Collection,
) -> Result<Json<OneCollection>, Refusal> {
    let mut shown = shown(app, &asking.caller, links, vec![collection]).await?;
    let lost = || Fault::internal("a collection got lost on its way out");
    Ok(Json(OneCollection { collection: shown.pop().ok_or_else(lost)? }))
}

/// Make a collection
///
/// Of the project.
#[utoipa::path(
    post, path = "/collections", operation_id = "createCollection", tag = "Collections",
    params(("projectId" = Option<String>, Query, description = "One of the caller's projects.")),
    request_body = NewCollection,
    responses((status = 200, description = "The collection.", body = OneCollection), Refused, UnfitBody),
)]
pub(super) async fn create(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    Body(NewCollection { name }): Body<NewCollection>,
) -> Result<Json<OneCollection>, Refusal> {
    let project = asking.caller.member().and_then(|member| member.active_organization);
    let made = app.library().create_collection(&asking.caller, &name, project).await?;
    one(&app, &asking, &links, made).await
}

/// Get a collection
#[utoipa::path(
    get, path = "/collections/{collectionId}", operation_id = "getCollection", tag = "Collections",
    params(
        ("collectionId" = String, Path, description = "The collection's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "The collection.", body = OneCollection), Refused),
)]
pub(super) async fn get(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
) -> Result<Json<OneCollection>, Refusal> {
    let found = app.library().collection(&asking.caller, named(&path)?).await?;
    one(&app, &asking, &links, found).await
}

/// Update a collection
///
/// Only for who made it.
#[utoipa::path(
    put, path = "/collections/{collectionId}", operation_id = "updateCollection", tag = "Collections",
    params(
        ("collectionId" = String, Path, description = "The collection's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    request_body = CollectionChange,
    responses((status = 200, description = "The collection as it is now.", body = OneCollection), Refused, UnfitBody),
)]
pub(super) async fn update(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    Body(CollectionChange { name, thumbnail }): Body<CollectionChange>,
) -> Result<Json<OneCollection>, Refusal> {
    let patch = CollectionPatch { name, thumbnail: thumbnail.map(picture).transpose()? };
    let changed = app.library().change_collection(&asking.caller, named(&path)?, patch).await?;
    one(&app, &asking, &links, changed).await
}

fn picture(raw: Option<String>) -> Result<Option<Id<asset::Asset>>, Fault> {
    let Some(raw) = raw else { return Ok(None) };
    let unknown = || Fault::invalid("body.thumbnail", "reference", "there is no such asset");
    Id::parse(&raw).map(Some).ok_or_else(unknown)
}

/// Delete a collection
///
/// Only for who made it. Its assets stay.
#[utoipa::path(
    delete, path = "/collections/{collectionId}", operation_id = "deleteCollection", tag = "Collections",
    params(
        ("collectionId" = String, Path, description = "The collection's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "It is deleted.", body = Nothing), Refused),
)]
pub(super) async fn delete(
    State(app): State<App>,
    asking: Asking,
    path: PathFields,
) -> Result<Json<Nothing>, Refusal> {
    app.library().delete_collection(&asking.caller, named(&path)?).await?;
    Ok(Json(Nothing {}))
}

/// Add assets to a collection
///
/// At most 49; those already in it stay in it.
#[utoipa::path(
    put, path = "/collections/{collectionId}/assets", operation_id = "addCollectionAssets", tag = "Collections",
    params(
        ("collectionId" = String, Path, description = "The collection's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    request_body = AssetIds,
    responses((status = 200, description = "The collection as it is now.", body = OneCollection), Refused, UnfitBody),
)]
pub(super) async fn add(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    Body(ids): Body<AssetIds>,
) -> Result<Json<OneCollection>, Refusal> {
    let (id, ids) = (named(&path)?, members(ids)?);
    let ids = ids.into_iter().map(|id| id.ok_or_else(asset_not_found));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let changed = app.library().add_to_collection(&asking.caller, id, &ids).await;
    one(&app, &asking, &links, changed.map_err(in_body)?).await
}

/// Take assets out of a collection
///
/// At most 49; those not in it are passed over.
#[utoipa::path(
    delete, path = "/collections/{collectionId}/assets", operation_id = "removeCollectionAssets", tag = "Collections",
    params(
        ("collectionId" = String, Path, description = "The collection's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    request_body = AssetIds,
    responses((status = 200, description = "The collection as it is now.", body = OneCollection), Refused, UnfitBody),
)]
pub(super) async fn remove(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
    Body(ids): Body<AssetIds>,
) -> Result<Json<OneCollection>, Refusal> {
    let (id, ids) = (named(&path)?, members(ids)?);
    let ids: Vec<_> = ids.into_iter().flatten().collect();
    let changed = app.library().remove_from_collection(&asking.caller, id, &ids).await;
    one(&app, &asking, &links, changed.map_err(in_body)?).await
}

/// The assets, none where it is no id.
fn members(ids: AssetIds) -> Result<Vec<Option<Id<asset::Asset>>>, Fault> {
    Ok(ids.at_most(MEMBERS_MAX)?.iter().map(|raw| Id::parse(raw)).collect())
}

fn named(path: &PathFields) -> Result<Id<Collection>, Fault> {
    let unknown = || Fault::new(Kind::NotFound, "collection-not-found", "collection not found");
    path.id("collectionId", unknown)
}
