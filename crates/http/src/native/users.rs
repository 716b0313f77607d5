//! Users. Wherever a path names one, `me` is the caller.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::accounts::UserList;
use backlot_library::secret::Secret;
use backlot_model::limits::SEARCH_CHARS_MAX;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::envelope::{BadBody, Conflicts, Limited, Missing, Refused};
use super::once::Once;
use super::paging::slice_checked;
use super::wire::account::{
    ActiveChange, NewUserBody, PasswordChange, ProfileBody, SuperuserChange, UserBody, UserChange,
};
use super::wire::{Message, Page, renamed};
use crate::app::App;
use crate::app::SignedIn;
use crate::edge::fields::{Checks, Query};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// The routes under `/users`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update))
        .routes(routes!(set_password))
        .routes(routes!(set_active))
        .routes(routes!(set_superuser))
        .routes(routes!(end_sessions))
}

/// List users
///
/// For superusers; in the order in which they were made.
#[utoipa::path(
    get, path = "/users", operation_id = "list_users", tag = "users",
    params(
        ("search" = Option<String>, Query, description = "A part of e-mail, username or name, whatever the case", max_length = 200),
        ("is_active" = Option<bool>, Query, description = "Only those who may, or may not, sign in"),
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<UserBody>), Refused),
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query,
) -> Shown<Page<UserBody>> {
    let mut checks = Checks::default();
    let slice = slice_checked(&query, &mut checks);
    let search = checks.take(query.text_up_to("search", SEARCH_CHARS_MAX)).map(str::to_owned);
    let which = UserList { search, is_active: checks.take(query.flag("is_active")) };
    checks.done()?;
    let found = app.library().accounts().users(&caller, &which, slice).await?;
    Ok(Json(Page::of(found.items, found.count)))
}

/// Make a user
///
/// For superusers.
#[utoipa::path(
    post, path = "/users", operation_id = "create_user", tag = "users",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = NewUserBody,
    responses((status = 201, description = "The user", body = UserBody), Refused, Conflicts, BadBody),
)]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    once: Once,
    Body(new): Body<NewUserBody>,
) -> Answered {
    let (accounts, by, known) = (app.library().accounts().clone(), caller.clone(), json!(new));
    let work = async move {
        let made = accounts.create_user(&by, new.into()).await?;
        Reply::new(StatusCode::CREATED, &UserBody::from(made))
    };
    once.run(&app, &caller, &known, None, work).await
}

/// One user
///
/// Oneself (`me`); for superusers, anybody.
#[utoipa::path(
    get, path = "/users/{id}", operation_id = "get_user", tag = "users",
    params(("id" = String, Path, description = "The user, or `me`")),
    responses((status = 200, description = "The user and his organisations", body = ProfileBody), Refused, Missing),
)]
async fn get(State(app): State<App>, signed_in: SignedIn, path: PathFields) -> Shown<ProfileBody> {
    let id = signed_in.user(path.text("id"))?;
    Ok(Json(app.library().accounts().user(&signed_in.0, id).await?.into()))
}

/// Change a user
#[utoipa::path(
    patch, path = "/users/{id}", operation_id = "update_user", tag = "users",
    params(("id" = String, Path, description = "The user, or `me`")),
    request_body = UserChange,
    responses((status = 200, description = "The user", body = UserBody), Refused, Missing, Conflicts, BadBody),
)]
async fn update(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
    Body(change): Body<UserChange>,
) -> Shown<UserBody> {
    let id = signed_in.user(path.text("id"))?;
    Ok(Json(app.library().accounts().update_user(&signed_in.0, id, change.into()).await?.into()))
}

/// Set a user's password
///
/// Ends all his sessions and long-lived tokens; his API keys stay good.
#[utoipa::path(
    put, path = "/users/{id}/password", operation_id = "set_user_password", tag = "users",
    params(("id" = String, Path, description = "The user, or `me`")),
    request_body = PasswordChange,
    responses((status = 200, description = "It is set", body = Message), Refused, Missing, BadBody, Limited),
)]
async fn set_password(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
    Body(change): Body<PasswordChange>,
) -> Shown<Message> {
    let id = signed_in.user(path.text("id"))?;
    let PasswordChange { current_password, new_password } = change;
    let (current, new) = (current_password.map(Secret::new), Secret::new(new_password));
    let accounts = app.library().accounts();
    let set = accounts.set_password(&signed_in.0, id, current, new).await;
    set.map_err(|fault| renamed(fault, "body.password", "body.new_password"))?;
    Ok(Json(Message::new("Password set")))
}

/// Let a user in, or keep him out
///
/// For superusers. Then his sessions end, and his keys are not good.
#[utoipa::path(
    put, path = "/users/{id}/active", operation_id = "set_user_active", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body = ActiveChange,
    responses((status = 200, description = "The user", body = UserBody), Refused, Missing, Conflicts, BadBody),
)]
async fn set_active(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
    Body(change): Body<ActiveChange>,
) -> Shown<UserBody> {
    let (accounts, id) = (app.library().accounts(), signed_in.user(path.text("id"))?);
    Ok(Json(accounts.set_active(&signed_in.0, id, change.is_active).await?.into()))
}

/// Make a user a superuser, or an ordinary one
///
/// For superusers.
#[utoipa::path(
    put, path = "/users/{id}/superuser", operation_id = "set_user_superuser", tag = "users",
    params(("id" = String, Path, description = "The user")),
    request_body = SuperuserChange,
    responses((status = 200, description = "The user", body = UserBody), Refused, Missing, Conflicts, BadBody),
)]
async fn set_superuser(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
    Body(change): Body<SuperuserChange>,
) -> Shown<UserBody> {
    let (accounts, id) = (app.library().accounts(), signed_in.user(path.text("id"))?);
    Ok(Json(accounts.set_superuser(&signed_in.0, id, change.is_superuser).await?.into()))
}

/// End a user's sessions
///
/// And his long-lived tokens; his API keys stay good.
#[utoipa::path(
    delete, path = "/users/{id}/sessions", operation_id = "end_user_sessions", tag = "users",
    params(("id" = String, Path, description = "The user, or `me`")),
    responses((status = 200, description = "They are ended", body = Message), Refused, Missing),
)]
async fn end_sessions(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
) -> Shown<Message> {
    let id = signed_in.user(path.text("id"))?;
    app.library().accounts().end_sessions(&signed_in.0, id).await?;
    Ok(Json(Message::new("Sessions ended")))
}
