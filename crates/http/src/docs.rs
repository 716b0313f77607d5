//! `/docs`: one page that shows every API from its OpenAPI document and can try it.
//!
//! Owns: the page's files (`ui/docs`), which are compiled in, and the list of documents. Works
//! without the internet: a strict policy lets the page load nothing from anywhere else.
//! Never: what the documents say.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use axum::{Json, Router};
use backlot_model::{Fault, Kind};
use bytes::Bytes;
use serde::Serialize;
use utoipa::openapi::OpenApi;

use crate::edge::dialect::Refusal;
use crate::edge::path::PathFields;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// One API on the page.
#[derive(Clone)]
pub struct Shown {
    /// Its key in the page's address.
    pub name: &'static str,
    /// What the page calls it.
    pub title: &'static str,
    /// Its document, with the server it names. The page gets it from here, so that an API on a
    /// host of its own is shown as well.
    pub document: OpenApi,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    title: &'static str,
    url: String,
}

/// `GET /docs` and its parts, for these APIs in this order.
///
/// # Errors
/// A document that cannot be written as JSON, which a test of all of them rules out.
pub fn routes(apis: &[Shown]) -> Result<Router, serde_json::Error> {
    let listed = |api: &Shown| Listed {
        name: api.name,
        title: api.title,
        url: format!("/docs/apis/{}.json", api.name),
    };
    let list = serde_json::json!(apis.iter().map(listed).collect::<Vec<_>>());
    let written = |api: &Shown| Ok((api.name, serde_json::to_vec(&api.document)?.into()));
    let documents: Result<_, serde_json::Error> = apis.iter().map(written).collect();
    let documents = Documents(Arc::new(documents?));
    let routes = Router::new()
        .route("/docs", page("text/html; charset=utf-8", include_str!("../ui/docs/index.html")))
        .route("/docs/", get(async || Redirect::permanent("/docs")))
        .route(
            "/docs/docs.css",
            page("text/css; charset=utf-8", include_str!("../ui/docs/docs.css")),
        )
        .route("/docs/docs.js", script(include_str!("../ui/docs/docs.js")))
        .route("/docs/schema.js", script(include_str!("../ui/docs/schema.js")))
        .route("/docs/try.js", script(include_str!("../ui/docs/try.js")))
        .route("/docs/apis.json", get(async move || Json(list)))
        .route("/docs/apis/{name}", get(document).with_state(documents));
    Ok(routes)
}

/// The documents as JSON: a large one takes long to write.
#[derive(Clone)]
struct Documents(Arc<Vec<(&'static str, Bytes)>>);

async fn document(
    State(documents): State<Documents>,
    path: PathFields,
) -> Result<impl IntoResponse, Refusal> {
    let name = path.text("name").strip_suffix(".json").unwrap_or_default();
    match documents.0.iter().find(|(known, _)| *known == name) {
        Some((_, document)) => Ok(([(header::CONTENT_TYPE, "application/json")], document.clone())),
        None => {
            let message = "there is no API of this name; see /docs/apis.json";
            Err(Refusal(Fault::new(Kind::NotFound, "not-found", message)))
        }
    }
}

fn script(text: &'static str) -> axum::routing::MethodRouter {
    page("text/javascript; charset=utf-8", text)
}

fn page(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter {
    get(async move || part(kind, text))
}

fn part(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let fields = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
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
    use crate::edge::openapi::served_at;

    async fn fetch(path: &str) -> (StatusCode, String, String) {
        let document = served_at(&OpenApi::default(), "//toys.example/v1");
        let router = routes(&[Shown { name: "toy", title: "Toy", document }]).unwrap();
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
        assert_eq!(text, r#"[{"name":"toy","title":"Toy","url":"/docs/apis/toy.json"}]"#);
        let (status, _, text) = fetch("/docs/apis/toy.json").await;
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &document["openapi"]), (StatusCode::OK, &"3.1.0".into()));
        assert_eq!(document["servers"][0]["url"], "//toys.example/v1");
        assert_eq!(fetch("/docs/apis/other.json").await.0, StatusCode::NOT_FOUND);
        assert_eq!(fetch("/docs/apis/toy").await.0, StatusCode::NOT_FOUND);
    }
}
