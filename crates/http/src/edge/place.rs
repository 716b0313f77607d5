//! Where dialects stand: under a prefix, or on a host of their own.
//!
//! Owns: [`Place`], and the choice of the router for a request by its host.
//! Never: trusts `X-Forwarded-Host`; a proxy must pass `Host` on.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use tower::{ServiceExt as _, service_fn};

use crate::edge::dialect::{Dialect, mount};

/// Paths that every host serves, since the URLs we hand out may be on any of them.
const EVERYWHERE: &[&str] = &["/media/", "/livez", "/readyz"];

/// Where a dialect stands: `/piktid`, `assets.example.com`, or `assets.example.com/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    host: Option<String>,
    prefix: String,
}

impl Place {
    /// Reads what an operator wrote.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{raw}` is no place for a dialect: give a path such as `/piktid`, or a host name \
                 with or without a path, such as `assets.example.com/v1`"
            )
        };
        let (host, path) = match raw.find('/') {
            Some(at) => raw.split_at(at),
            None => (raw, ""),
        };
        let prefix = path.strip_suffix('/').unwrap_or(path);
        let host = if host.is_empty() { None } else { Some(host_name(host).ok_or_else(wrong)?) };
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let segments_fit = prefix.split('/').skip(1).all(|segment| {
            !segment.is_empty() && segment.bytes().all(fits) && !matches!(segment, "." | "..")
        });
        if !segments_fit || (host.is_none() && prefix.is_empty()) {
            return Err(wrong());
        }
        Ok(Self { host, prefix: prefix.to_owned() })
    }

    /// The base without a scheme: `/piktid`, or `//assets.example.com/v1` for a host of its own.
    #[must_use]
    pub fn base(&self) -> String {
        match &self.host {
            Some(host) => format!("//{host}{}", self.prefix),
            None => self.prefix.clone(),
        }
    }

    /// The base URL: a path, or an absolute URL with `scheme` for a host of its own.
    #[must_use]
    pub fn base_url(&self, scheme: &str) -> String {
        match &self.host {
            Some(host) => format!("{scheme}://{host}{}", self.prefix),
            None => self.prefix.clone(),
        }
    }
}

/// `Assets.Example.com.:8080` → `assets.example.com`; `None` for what is no host.
fn host_name(raw: &str) -> Option<String> {
    let bare = match raw.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|b| b.is_ascii_digit()) => bare,
        _ => raw,
    };
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-.[]:".contains(&b);
    (!bare.is_empty() && bare.bytes().all(fits)).then(|| bare.to_ascii_lowercase())
}

/// All routers, each at its place.
pub struct Places {
    outside: &'static Dialect,
    shared: Router,
    placed: BTreeMap<Option<String>, BTreeMap<String, Router>>,
}

impl Places {
    /// `shared` are the routes that belong to no dialect (delivery, health, docs); `outside`
    /// renders what they refuse, and paths that nobody serves.
    #[must_use]
    pub fn new(outside: &'static Dialect, shared: Router) -> Self {
        Self { outside, shared, placed: BTreeMap::new() }
    }

    /// Puts a mounted router at its place.
    ///
    /// # Errors
    /// The place is taken.
    pub fn put(&mut self, place: &Place, router: Router) -> Result<(), String> {
        let there = self.placed.entry(place.host.clone()).or_default();
        if there.insert(place.prefix.clone(), router).is_some() {
            return Err(format!("two dialects are to stand at `{}`", place.base_url("https")));
        }
        Ok(())
    }

    /// The one router that serves all.
    pub fn into_router(mut self) -> Router {
        let main = self.placed.remove(&None).unwrap_or_default();
        let main = nest_all(mount(self.outside, self.shared), main);
        if self.placed.is_empty() {
            return main;
        }
        let mut hosts = BTreeMap::new();
        for (host, mut routers) in self.placed {
            let root = routers.remove("");
            let root = root.unwrap_or_else(|| mount(self.outside, Router::new()));
            hosts.extend(host.map(|host| (host, nest_all(root, routers))));
        }
        let table = Arc::new(Table { main, hosts });
        Router::new().fallback_service(service_fn(move |request: Request| {
            let router = table.choose(&request).clone();
            async move { serve_by(router, request).await }
        }))
    }
}

async fn serve_by(router: Router, request: Request) -> Result<Response, Infallible> {
    router.oneshot(request).await
}

fn nest_all(root: Router, routers: BTreeMap<String, Router>) -> Router {
    routers.into_iter().fold(root, |root, (prefix, router)| {
        // `/piktid/` is below `/piktid` too; the router finds nothing there, and says so its way.
        let below = router.clone();
        let there = service_fn(move |request: Request| serve_by(below.clone(), request));
        root.route_service(&format!("{prefix}/"), there).nest(&prefix, router)
    })
}

struct Table {
    main: Router,
    hosts: BTreeMap<String, Router>,
}

impl Table {
    fn choose(&self, request: &Request) -> &Router {
        let path = request.uri().path();
        if EVERYWHERE.iter().any(|shared| path.starts_with(shared)) {
            return &self.main;
        }
        let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = request.uri().authority().map(|authority| authority.as_str()).or(header);
        let router = host.and_then(host_name).and_then(|host| self.hosts.get(&host));
        router.unwrap_or(&self.main)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let base = |raw: &str| Place::parse(raw).map(|place| place.base_url("https"));
        for (raw, url) in [
            ("/piktid", "/piktid"),
            ("/scenario/v1/", "/scenario/v1"),
            ("Assets.Example.com", "https://assets.example.com"),
            ("assets.example.com/", "https://assets.example.com"),
            ("assets.example.com:8443/v1", "https://assets.example.com/v1"),
        ] {
            assert_eq!(base(raw).as_deref(), Ok(url), "{raw}");
        }
        for raw in ["", "/", "//", "/a//b", "/{x}", "/a b", "https://a.example", "a_b/x", "/../a"] {
            assert!(base(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn host_names_are_compared_without_port_case_and_final_dot() {
        assert_eq!(host_name("A.Example.:80").as_deref(), Some("a.example"));
        assert_eq!(host_name("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(host_name("a b"), None);
    }
}
