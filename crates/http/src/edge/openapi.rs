//! OpenAPI documents, made from the code that serves.
//!
//! Owns: what all documents have in common (title, version, ways to sign in) and where they are
//! served. Never: what a call takes or answers; its handler says that.

use std::sync::Arc;

use axum::extract::OriginalUri;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{OpenApi, Server};
use utoipa_axum::router::OpenApiRouter;

use crate::edge::credential::API_KEY;
use crate::edge::dialect::{Dialect, mount};

/// Where a document stands, below its dialect's place.
pub const DOCUMENT: &str = "/openapi.json";

/// The names of the ways to sign in, for `security` of a call that takes only one of them.
/// `basic` is key id and key secret; at a login, e-mail and password.
pub const SCHEMES: [&str; 3] = ["bearer", "api_key", "basic"];

/// Mounts a dialect's routes, and its document at [`DOCUMENT`].
pub fn publish<S>(dialect: &'static Dialect, routes: OpenApiRouter<S>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    publish_and_keep(dialect, routes).0
}

/// As [`publish`], and gives the document, which names no server.
pub fn publish_and_keep<S>(
    dialect: &'static Dialect,
    routes: OpenApiRouter<S>,
) -> (Router<S>, Arc<OpenApi>)
where
    S: Clone + Send + Sync + 'static,
{
    let (routes, document) = routes.split_for_parts();
    let document = Arc::new(complete(dialect, document));
    let kept = Arc::clone(&document);
    let serve = move |OriginalUri(uri): OriginalUri| async move {
        let place = uri.path().strip_suffix(DOCUMENT).unwrap_or_default();
        Json(served_at(&document, place))
    };
    (mount(dialect, routes.route(DOCUMENT, get(serve))), kept)
}

/// The document of a dialect with these routes, which names no server.
#[must_use]
pub fn described<S>(dialect: &Dialect, routes: OpenApiRouter<S>) -> OpenApi
where
    S: Clone + Send + Sync + 'static,
{
    complete(dialect, routes.split_for_parts().1)
}

/// The document of an API that stands at `base`: a path, or an address without its scheme.
#[must_use]
pub fn served_at(document: &OpenApi, base: &str) -> OpenApi {
    let mut document = document.clone();
    document.servers = Some(vec![Server::new(if base.is_empty() { "/" } else { base })]);
    document
}

fn complete(dialect: &Dialect, mut document: OpenApi) -> OpenApi {
    dialect.title.clone_into(&mut document.info.title);
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    document.info.description = None;
    document.info.license = None;
    document.info.contact = None;
    let [bearer, api_key, basic] = SCHEMES;
    let components = document.components.get_or_insert_default();
    let mut http = |name: &str, scheme| {
        components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
    };
    http(bearer, HttpAuthScheme::Bearer);
    http(basic, HttpAuthScheme::Basic);
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(API_KEY)));
    components.add_security_scheme(api_key, key);
    let any = SCHEMES.map(|name| SecurityRequirement::new(name, [""; 0]));
    document.security = Some(any.to_vec());
    document
}
