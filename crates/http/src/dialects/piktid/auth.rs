//! `/auth`: signing in, going on, tokens for programs.

use axum::Json;
use axum::extract::State;
use backlot_library::accounts::{ListSlice, TokenList};
use backlot_library::secret::Secret;
use backlot_model::{Fault, Id, Kind};

use super::wire::{
    Conflict, IssuedToken, Login, Pages, RefreshRequest, Session, SignInRefused, SortOrder,
    TokenPage, TokenRequest,
};
use crate::app::{App, SignedIn};
use crate::edge::credential::Credential;
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Query};
use crate::edge::intake::body::Body;
use crate::edge::request::RequestContext;

/// Log in.
///
/// HTTP Basic with e-mail (or username) and password. The token is for calls, the refresh token
/// for one new session.
#[utoipa::path(
    post, path = "/auth/login", operation_id = "login", tag = "Authentication",
    security(("basic" = [])),
    responses((status = 200, description = "The session.", body = Login), SignInRefused),
)]
pub(super) async fn login(
    State(app): State<App>,
    credential: Credential,
    context: RequestContext,
) -> Result<Json<Login>, Refusal> {
    let Credential::Basic { user, password } = credential else {
        let said = "log in with HTTP Basic: e-mail and password";
        return Err(Fault::new(Kind::Unauthenticated, "no-credentials", said).into());
    };
    let accounts = app.library().accounts();
    let session = accounts.login(&user, Secret::new(password), context.client()).await?;
    context.note_caller(session.user.id.to_string());
    Ok(Json(session.into()))
}

/// Refresh a session.
///
/// The refresh token is used up.
#[utoipa::path(
    post, path = "/auth/refresh", operation_id = "refreshSession", tag = "Authentication",
    security(()),
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "A new session.", body = Session),
        SignInRefused,
    ),
)]
pub(super) async fn refresh(
    State(app): State<App>,
    Body(RefreshRequest { refresh_token }): Body<RefreshRequest>,
) -> Result<Json<Session>, Refusal> {
    let session = app.library().accounts().refresh(&refresh_token).await?;
    Ok(Json((&session).into()))
}

/// Make an API token.
///
/// It lives an hour to four years and cannot be refreshed; at most 20 may be active. It is shown
/// only once.
#[utoipa::path(
    post, path = "/auth/token", operation_id = "issueToken", tag = "Authentication",
    request_body = TokenRequest,
    responses(
        (status = 200, description = "The token.", body = IssuedToken),
        Conflict,
    ),
)]
pub(super) async fn issue_token(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(TokenRequest { expiration }): Body<TokenRequest>,
) -> Result<Json<IssuedToken>, Refusal> {
    let issued = app.library().accounts().issue_token(&caller, expiration.0).await?;
    Ok(Json(issued.into()))
}

/// List API tokens.
///
/// The tokens themselves are stored nowhere.
#[utoipa::path(
    get, path = "/auth/token", operation_id = "listTokens", tag = "Authentication",
    params(
        ("page" = Option<u64>, Query, minimum = 1, description = "1 if absent."),
        ("per_page" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if absent."),
        ("order" = inline(Option<SortOrder>), Query, description = "By age; newest first if absent."),
        ("include_expired" = Option<bool>, Query, description = "false if absent."),
    ),
    responses((status = 200, description = "One page.", body = TokenPage)),
)]
pub(super) async fn list_tokens(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query,
) -> Result<Json<TokenPage>, Refusal> {
    let mut checks = Checks::default();
    let pages = Pages::read(&query, &mut checks);
    let order = checks.take(query.choice("order", SortOrder::WORDS)).unwrap_or_default();
    let include_expired = checks.take(query.flag("include_expired")).unwrap_or(false);
    checks.done()?;
    let which = TokenList { include_expired, newest_first: order == SortOrder::Desc };
    let slice = ListSlice { skip: pages.skip(), limit: pages.per_page };
    let own = caller.member().map_or_else(|| Id::new(uuid::Uuid::nil()), |member| member.user_id);
    let listed = app.library().accounts().tokens(&caller, own, which, slice).await?;
    let tokens = listed.items.into_iter().map(Into::into).collect();
    Ok(Json(TokenPage { pagination: pages.of(listed.count), tokens }))
}
