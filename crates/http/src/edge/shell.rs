//! The layers around all routers.
//!
//! Owns: their order. A request passes the observer (id, log line, counters), then cross-origin
//! rules, then the router, where a dialect's own layer stands.
//! Never: answers by itself, but for preflight requests.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::from_fn_with_state;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use crate::edge::observe::{Observer, observe};

/// What scripts of other origins may read of an answer, beside the few that they always may.
const EXPOSED: &[&str] = &[
    "content-disposition",
    "content-length",
    "content-range",
    "etag",
    "location",
    "ratelimit",
    "ratelimit-limit",
    "ratelimit-policy",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-request-id",
];
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Which scripts of other origins may call us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    /// None: what browsers do by themselves.
    #[default]
    None,
    /// Every origin. Credentials travel in headers that the script sets itself, never in cookies.
    Any,
    /// These, such as `https://app.example.com`.
    Only(Vec<HeaderValue>),
}

impl Origins {
    /// Reads a list of origins; `*` stands for every one.
    ///
    /// # Errors
    /// Which one is no origin, and what would be right.
    pub fn parse<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut only = Vec::new();
        for origin in origins {
            let trimmed = origin.trim().trim_end_matches('/');
            if trimmed == "*" {
                return Ok(Self::Any);
            }
            let host = trimmed.split_once("://").filter(|(scheme, _)| !scheme.is_empty());
            let is_origin = host.is_some_and(|(_, host)| !host.is_empty() && !host.contains('/'));
            match HeaderValue::from_str(trimmed) {
                Ok(value) if is_origin => only.push(value),
                _ => {
                    return Err(format!(
                        "`{origin}` is no origin: give scheme and host, such as \
                         `https://app.example.com`, or `*`"
                    ));
                }
            }
        }
        Ok(if only.is_empty() { Self::None } else { Self::Only(only) })
    }
}

/// Puts the layers around `router`.
pub fn wrap(router: Router, observer: Observer, origins: Origins) -> Router {
    let origins = match origins {
        Origins::None => None,
        Origins::Any => Some(AllowOrigin::any()),
        Origins::Only(list) => Some(AllowOrigin::list(list)),
    };
    let router = match origins {
        None => router,
        Some(origins) => router.layer(
            CorsLayer::new()
                .allow_origin(origins)
                .allow_methods(AllowMethods::mirror_request())
                .allow_headers(AllowHeaders::mirror_request())
                .expose_headers(
                    EXPOSED.iter().copied().map(HeaderName::from_static).collect::<Vec<_>>(),
                )
                .max_age(PREFLIGHT_AGE),
        ),
    };
    router.layer(from_fn_with_state(observer, observe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read() {
        let only = |origin: &'static str| Origins::Only(vec![HeaderValue::from_static(origin)]);
        assert_eq!(Origins::parse([]), Ok(Origins::None));
        assert_eq!(Origins::parse(["https://a.example/", "*"]), Ok(Origins::Any));
        assert_eq!(
            Origins::parse([" https://a.example:8443/"]),
            Ok(only("https://a.example:8443"))
        );
        for bad in ["", "a.example", "https://", "https://a.example/path", "https://a\nb"] {
            assert!(Origins::parse([bad]).is_err(), "{bad}");
        }
    }
}
