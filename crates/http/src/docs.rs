//! `/docs`: one page that shows every API from its OpenAPI document and can try it.
//!
//! Owns: the page's files (`ui/docs`), which are compiled in, and the list of documents. Works
//! without the internet: a strict policy lets the page load nothing from anywhere else.
//! Never: what the documents say.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// One API on the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its key in the page's address.
    pub name: &'static str,
    /// What the page calls it.
    pub title: &'static str,
    /// Where its document is, on this server.
    pub url: String,
}

/// `GET /docs` and its parts, for these APIs in this order.
pub fn routes(apis: Vec<Shown>) -> Router {
    Router::new()
        .route("/docs", page("text/html; charset=utf-8", include_str!("../ui/docs/index.html")))
        .route("/docs/", get(async || Redirect::permanent("/docs")))
        .route(
            "/docs/docs.css",
            page("text/css; charset=utf-8", include_str!("../ui/docs/docs.css")),
        )
        .route("/docs/docs.js", script(include_str!("../ui/docs/docs.js")))
        .route("/docs/schema.js", script(include_str!("../ui/docs/schema.js")))
        .route("/docs/try.js", script(include_str!("../ui/docs/try.js")))
        .route("/docs/apis.json", get(async move || Json(apis)))
}

fn script(text: &'static str) -> axum::routing::MethodRouter {
    page("text/javascript; charset=utf-8", text)
}

fn page(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter {
    get(async move || part(kind, text))
}

fn part(kind: &'static str, text: &'static str) -> impl IntoResponse {
    const REFERRER_POLICY: HeaderName = header::REFERRER_POLICY;
    let fields = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        // The files change with the program, whose version they do not name.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (fields, text)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn fetch(path: &str) -> (StatusCode, String, String) {
        let url = "/toy/openapi.json".to_owned();
        let router = routes(vec![Shown { name: "toy", title: "Toy", url }]);
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        let status = answer.status();
        let policy = answer.headers().get(header::CONTENT_SECURITY_POLICY);
        let policy = policy.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, policy, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_page_finds_its_parts_and_nothing_from_elsewhere() {
        let (status, policy, html) = fetch("/docs").await;
        assert_eq!((status, policy.as_str()), (StatusCode::OK, POLICY));
        let mut parts: Vec<String> = Vec::new();
        for quoted in html.split('"').filter(|word| word.starts_with("/docs/")) {
            parts.push(quoted.to_owned());
        }
        let (_, _, script) = fetch("/docs/docs.js").await;
        let imports = script.split('"').filter(|word| word.starts_with("./"));
        parts.extend(imports.map(|word| word.replacen("./", "/docs/", 1)));
        parts.push("/docs/apis.json".to_owned());
        assert_eq!(parts.len(), 5, "{parts:?}");
        for path in parts {
            let (status, _, text) = fetch(&path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            let foreign = ["http://", "https://", "innerHTML", "eval("];
            let allowed = text.replace("https://example.com/picture.jpg", "");
            assert!(foreign.iter().all(|word| !allowed.contains(word)), "{path}");
        }
        assert!(!html.contains("http"));
    }

    #[tokio::test]
    async fn the_list_names_every_document() {
        let (_, _, text) = fetch("/docs/apis.json").await;
        assert_eq!(text, r#"[{"name":"toy","title":"Toy","url":"/toy/openapi.json"}]"#);
    }
}
