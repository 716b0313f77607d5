//! API keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_model::account::ApiKey;
use backlot_model::{Fault, Id, Kind};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::envelope::{BadBody, Conflicts, Missing, Refused};
use super::once::Once;
use super::paging::slice;
use super::wire::key::{CreatedKeyBody, KeyBody, KeyChangeBody, NewKeyBody};
use super::wire::{Message, Page};
use crate::app::App;
use crate::app::SignedIn;
use crate::edge::fields::Query;
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// The routes under `/keys`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, revoke))
}

fn id_in(path: &PathFields) -> Result<Id<ApiKey>, Fault> {
    path.id("id", || Fault::new(Kind::NotFound, "key-not-found", "API key not found"))
}

/// List API keys
///
/// In the order in which they were made. A key that is bound to an organisation sees its like.
#[utoipa::path(
    get, path = "/keys", operation_id = "list_keys", tag = "keys",
    params(
        ("user_id" = Option<String>, Query, description = "Whose, for superusers; the caller's own if absent"),
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<KeyBody>), Refused, Missing),
)]
async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(query): Query,
) -> Shown<Page<KeyBody>> {
    let slice = slice(&query)?;
    let whose = query.one("user_id").map_err(|fault| Fault::invalid_fields(vec![fault]))?;
    let user = signed_in.user(whose.unwrap_or("me"))?;
    let keys = app.library().accounts().keys(&signed_in.0, user, slice).await?;
    Ok(Json(Page::of(keys.items, keys.count)))
}

/// Make an API key
///
/// It reaches no further than the credential it is made with. Secret and token are shown once.
#[utoipa::path(
    post, path = "/keys", operation_id = "create_key", tag = "keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless; its answer has no secret", max_length = 255)),
    request_body = NewKeyBody,
    responses((status = 201, description = "The key", body = CreatedKeyBody), Refused, Missing, Conflicts, BadBody),
)]
async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    once: Once,
    Body(new): Body<NewKeyBody>,
) -> Answered {
    let user = signed_in.user(new.user_id.as_deref().unwrap_or("me"))?;
    let (known, caller) = (json!(new), signed_in.0.clone());
    let (accounts, new) = (app.library().accounts().clone(), new.into_new()?);
    let work = async move {
        let made = accounts.create_key(&caller, user, new).await?;
        let kept = CreatedKeyBody::without_secret(made.key.clone());
        Reply::new(StatusCode::CREATED, &CreatedKeyBody::from(made))?.keeping(&kept)
    };
    once.run(&app, &signed_in.0, &known, None, work).await
}

/// One API key
#[utoipa::path(
    get, path = "/keys/{id}", operation_id = "get_key", tag = "keys",
    params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "The key", body = KeyBody), Refused, Missing),
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<KeyBody> {
    Ok(Json(app.library().accounts().key(&caller, id_in(&path)?).await?.into()))
}

/// Change an API key
///
/// Its name, scopes or expiry.
#[utoipa::path(
    patch, path = "/keys/{id}", operation_id = "update_key", tag = "keys",
    params(("id" = String, Path, description = "The key")),
    request_body = KeyChangeBody,
    responses((status = 200, description = "The key", body = KeyBody), Refused, Missing, BadBody),
)]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Body(change): Body<KeyChangeBody>,
) -> Shown<KeyBody> {
    let (id, change) = (id_in(&path)?, change.into_change()?);
    Ok(Json(app.library().accounts().update_key(&caller, id, change).await?.into()))
}

/// Revoke an API key
///
/// At once and for ever.
#[utoipa::path(
    delete, path = "/keys/{id}", operation_id = "revoke_key", tag = "keys",
    params(("id" = String, Path, description = "The key")),
    responses((status = 200, description = "It is revoked", body = Message), Refused, Missing),
)]
async fn revoke(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<Message> {
    app.library().accounts().revoke_key(&caller, id_in(&path)?).await?;
    Ok(Json(Message::new("API key revoked")))
}
