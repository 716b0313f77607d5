//! Collections and what is in them. `GET /assets?collection_id=` lists that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::collections::CollectionPatch;
use backlot_model::asset::Collection;
use backlot_model::{Fault, Id, Kind};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::envelope::{BadBody, Conflicts, Missing, Refused};
use super::once::Once;
use super::paging::slice;
use super::wire::collection::{CollectionBody, CollectionChange, MembersChange, NewCollection};
use super::wire::{Message, Page, optional_id_at};
use crate::app::App;
use crate::app::SignedIn;
use crate::edge::fields::Query;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// The routes under `/collections`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, rename, delete))
        .routes(routes!(add, remove))
}

fn id_in(path: &PathFields) -> Result<Id<Collection>, Fault> {
    path.id("id", || Fault::new(Kind::NotFound, "collection-not-found", "collection not found"))
}

/// List collections
///
/// The caller's and his organisations', the newest first.
#[utoipa::path(
    get, path = "/collections", operation_id = "list_collections", tag = "collections",
    params(
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<CollectionBody>), Refused),
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query,
) -> Shown<Page<CollectionBody>> {
    let slice = slice(&query)?;
    let (items, count) = app.library().collections(&caller, slice.skip, slice.limit).await?;
    Ok(Json(Page::of(items, count)))
}

/// Make a collection
#[utoipa::path(
    post, path = "/collections", operation_id = "create_collection", tag = "collections",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = NewCollection,
    responses((status = 201, description = "The collection", body = CollectionBody), Refused, Conflicts, BadBody),
)]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    once: Once,
    Body(new): Body<NewCollection>,
) -> Answered {
    let organization = optional_id_at("body.organization_id", new.organization_id.as_deref())?;
    let (library, by, known) = (app.library().clone(), caller.clone(), json!(new));
    let work = async move {
        let made = library.create_collection(&by, &new.name, organization).await?;
        Reply::new(StatusCode::CREATED, &CollectionBody::from(made))
    };
    once.run(&app, &caller, &known, None, work).await
}

/// One collection
#[utoipa::path(
    get, path = "/collections/{id}", operation_id = "get_collection", tag = "collections",
    params(("id" = String, Path, description = "The collection")),
    responses((status = 200, description = "The collection", body = CollectionBody), Refused, Missing),
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<CollectionBody> {
    Ok(Json(app.library().collection(&caller, id_in(&path)?).await?.into()))
}

/// Rename a collection
#[utoipa::path(
    patch, path = "/collections/{id}", operation_id = "update_collection", tag = "collections",
    params(("id" = String, Path, description = "The collection")),
    request_body = CollectionChange,
    responses((status = 200, description = "The collection", body = CollectionBody), Refused, Missing, BadBody),
)]
async fn rename(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Body(change): Body<CollectionChange>,
) -> Shown<CollectionBody> {
    let patch = CollectionPatch { name: Some(change.name), ..CollectionPatch::default() };
    Ok(Json(app.library().change_collection(&caller, id_in(&path)?, patch).await?.into()))
}

/// Delete a collection
///
/// Its assets stay.
#[utoipa::path(
    delete, path = "/collections/{id}", operation_id = "delete_collection", tag = "collections",
    params(("id" = String, Path, description = "The collection")),
    responses((status = 200, description = "It is deleted", body = Message), Refused, Missing),
)]
async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<Message> {
    app.library().delete_collection(&caller, id_in(&path)?).await?;
    Ok(Json(Message::new("Collection deleted")))
}

/// Put assets into a collection
///
/// All or none; what is in it already stays.
#[utoipa::path(
    put, path = "/collections/{id}/assets", operation_id = "add_collection_assets", tag = "collections",
    params(("id" = String, Path, description = "The collection")),
    request_body = MembersChange,
    responses((status = 200, description = "The collection", body = CollectionBody), Refused, Missing, BadBody),
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Body(change): Body<MembersChange>,
) -> Shown<CollectionBody> {
    let collection =
        app.library().add_to_collection(&caller, id_in(&path)?, &change.ids()?).await?;
    Ok(Json(collection.into()))
}

/// Take assets out of a collection
///
/// The assets stay; what is not in it is passed over.
#[utoipa::path(
    delete, path = "/collections/{id}/assets", operation_id = "remove_collection_assets", tag = "collections",
    params(("id" = String, Path, description = "The collection")),
    request_body = MembersChange,
    responses((status = 200, description = "The collection", body = CollectionBody), Refused, Missing, BadBody),
)]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Body(change): Body<MembersChange>,
) -> Shown<CollectionBody> {
    let collection =
        app.library().remove_from_collection(&caller, id_in(&path)?, &change.ids()?).await?;
    Ok(Json(collection.into()))
}
