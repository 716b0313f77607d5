//! Sessions: signing in with a password, going on, signing out.

use axum::Json;
use axum::extract::State;
use backlot_library::limiter::Limit;
use backlot_library::secret::Secret;
use backlot_model::Fault;
use backlot_model::fault::FieldFault;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Shown;
use super::asking::Tally;
use super::envelope::{BadBody, Limited, LoginRefused, Refused};
use super::wire::Message;
use super::wire::account::{LoginForm, ProfileBody, RefreshBody, SessionBody};
use crate::app::App;
use crate::app::SignedIn;
use crate::edge::dialect::Refusal;
use crate::edge::intake::body::{Body, UrlForm};
use crate::edge::request::RequestContext;

/// The routes under `/login`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(access_token))
        .routes(routes!(test_token))
        .routes(routes!(refresh_token))
        .routes(routes!(sign_out))
}

/// Sign in
///
/// With e-mail address or username, and password.
#[utoipa::path(
    post, path = "/login/access-token", operation_id = "login", tag = "login",
    security(()),
    request_body(content = LoginForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The session", body = SessionBody), LoginRefused, BadBody, Limited),
)]
async fn access_token(
    State(app): State<App>,
    (context, tally): (RequestContext, Tally),
    UrlForm(form): UrlForm,
) -> Shown<SessionBody> {
    let required = |name: &str| form.required(name).map(str::to_owned).map_err(only);
    let (username, password) = (required("username")?, Secret::new(required("password")?));
    let session = app.library().accounts().login(&username, password, context.client()).await;
    let session = tally.told_by_address(Limit::LoginAddress, session).await?;
    Ok(Json(SessionBody::of(session, app.library().now_ms())))
}

fn only(fault: FieldFault) -> Refusal {
    Refusal(Fault::invalid_fields(vec![fault]))
}

/// Try a credential
#[utoipa::path(
    post, path = "/login/test-token", operation_id = "test_token", tag = "login",
    responses((status = 200, description = "Whose it is", body = ProfileBody), Refused),
)]
async fn test_token(State(app): State<App>, SignedIn(caller): SignedIn) -> Shown<ProfileBody> {
    Ok(Json(app.library().accounts().me(&caller).await?.into()))
}

/// Go on with a session
///
/// A refresh token is good once.
#[utoipa::path(
    post, path = "/login/refresh-token", operation_id = "refresh_session", tag = "login",
    security(()),
    request_body = RefreshBody,
    responses((status = 200, description = "The new session", body = SessionBody), LoginRefused, BadBody),
)]
async fn refresh_token(
    State(app): State<App>,
    Body(body): Body<RefreshBody>,
) -> Shown<SessionBody> {
    let session = app.library().accounts().refresh(&body.refresh_token).await?;
    Ok(Json(SessionBody::of(session, app.library().now_ms())))
}

/// Sign out
///
/// The refresh token is used up; the access token lives to its end.
#[utoipa::path(
    post, path = "/login/sign-out", operation_id = "sign_out", tag = "login",
    security(()),
    request_body = RefreshBody,
    responses((status = 200, description = "The session is over", body = Message), LoginRefused, BadBody),
)]
async fn sign_out(State(app): State<App>, Body(body): Body<RefreshBody>) -> Shown<Message> {
    app.library().accounts().sign_out(&body.refresh_token).await?;
    Ok(Json(Message::new("Signed out")))
}
