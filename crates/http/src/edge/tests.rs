//! A toy dialect through the whole stack: every refusal leaves in its envelope.

use std::sync::Arc;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json};
use backlot_library::limiter::{Limit, LimitRule, Refused};
use backlot_model::{Fault, Kind};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::edge::credential::{Authenticate, Caller, Credential};
use crate::edge::dialect::{Dialect, Refusal, mount, status_of};
use crate::edge::fields::Query;
use crate::edge::intake::body::{Body, UrlForm};
use crate::edge::intake::testing::Kept;
use crate::edge::intake::{Incoming, IntakeLimits};
use crate::edge::observe::Observer;
use crate::edge::path::PathFields;
use crate::edge::place::{Place, Places};
use crate::edge::plain::PLAIN;
use crate::edge::request::RequestContext;
use crate::edge::shell::{Origins, wrap};

static TOY: Dialect =
    Dialect { name: "toy", title: "Toy", default_prefix: "/toy", render: render_toy };
static OTHER: Dialect =
    Dialect { name: "other", title: "Other", default_prefix: "/other", render: render_other };

fn render_toy(fault: &Fault, context: &RequestContext) -> Response {
    let fields: Vec<String> = fault.fields.iter().map(|field| field.path.join(".")).collect();
    let body = json!({"toy": {
        "code": fault.code, "message": fault.message, "fields": fields, "trace": context.id(),
    }});
    (status_of(fault.kind), Json(body)).into_response()
}

fn render_other(fault: &Fault, _context: &RequestContext) -> Response {
    (StatusCode::IM_A_TEAPOT, Json(json!({"other": fault.code}))).into_response()
}

#[derive(Clone)]
struct Toys;

impl Authenticate for Toys {
    type Caller = String;

    async fn authenticate(
        &self,
        credential: Credential,
        context: &RequestContext,
    ) -> Result<String, Fault> {
        match credential {
            Credential::Bearer(token) if token == "good" => {
                context.note_caller("user-1");
                Ok("user-1".to_owned())
            }
            _ => Err(Fault::new(Kind::Unauthenticated, "no-credentials", "log in first")),
        }
    }
}

#[derive(Deserialize)]
struct NewToy {
    name: String,
}

async fn make(Caller(me): Caller<String>, Body(toy): Body<NewToy>) -> String {
    format!("{} of {me}", toy.name)
}

async fn list(Query(query): Query) -> Result<String, Refusal> {
    let limit = query.integer("limit", 1..=100).map_err(|fault| Fault::invalid_fields(vec![fault]));
    Ok(limit?.unwrap_or(20).to_string())
}

async fn find(path: PathFields) -> Result<String, Refusal> {
    let absent = || Fault::new(Kind::NotFound, "asset-not-found", "no such toy");
    Ok(path.id::<()>("id", absent)?.to_string())
}

async fn upload(incoming: Incoming) -> Result<String, Refusal> {
    let (limits, mut sink) = (IntakeLimits::one_file(10), Kept::default());
    Ok(incoming.multipart(&["file"], limits, &mut sink).await?.files.len().to_string())
}

async fn fail(Extension(kind): Extension<Kind>) -> Refusal {
    let fault = Fault::new(kind, "internal", "as asked").because("the password is hush");
    Refusal(fault.retry_after_ms(1_500))
}

async fn panics() -> &'static str {
    panic!("the password is hush")
}

async fn too_often() -> Refusal {
    let rule = LimitRule::new(3, 1_000).unwrap();
    let refused = Refused { limit: Limit::BulkDelete, rule, retry_after_ms: 700 };
    Refusal(refused.into())
}

fn toy_routes() -> Router {
    Router::new()
        .route("/", get("root"))
        .route("/toys", get(list).post(make))
        .route("/toys/{id}", get(find))
        .route(
            "/form",
            post(async |UrlForm(form): UrlForm| form.one("a").unwrap().unwrap().to_owned()),
        )
        .route("/upload", post(upload))
        .route("/fail", get(fail))
        .route("/panic", get(panics))
        .route("/often", get(too_often))
        .route("/axum", post(async |Json(value): Json<Value>| value.to_string()))
        .with_state(Toys)
}

fn server(origins: Origins) -> Router {
    let mut places = Places::new(&PLAIN, Router::new().route("/livez", get("ok")));
    for (place, router) in [
        ("/toy", mount(&TOY, toy_routes())),
        ("/other", mount(&OTHER, Router::new().route("/toys", get("others")))),
        ("toys.example", mount(&TOY, toy_routes())),
        ("both.example/v1", mount(&OTHER, Router::new().route("/toys", get("versioned")))),
    ] {
        places.put(&Place::parse(place).unwrap(), router).unwrap();
    }
    wrap(places.into_router(), Observer::for_tests(), origins)
}

struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn code(&self) -> String {
        self.json()["toy"]["code"].as_str().unwrap_or("not in the toy's envelope").to_owned()
    }
}

async fn send(request: Request<HttpBody>) -> Answer {
    let response = server(Origins::None).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, text }
}

async fn get_at(path: &str) -> Answer {
    send(Request::get(path).body(HttpBody::empty()).unwrap()).await
}

async fn post_at(path: &str, content_type: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::AUTHORIZATION, "Bearer good");
    send(request.body(HttpBody::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn good_requests_pass() {
    let made = post_at("/toy/toys", "application/json", r#"{"name":"car"}"#).await;
    assert_eq!((made.status, made.text.as_str()), (200, "car of user-1"));
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(made.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(get_at("/toy/toys?limit=7&unknown=x").await.text, "7");
    let id = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d";
    assert_eq!(get_at(&format!("/toy/toys/asset_{id}")).await.text, id);
    let form = post_at("/toy/form", "application/x-www-form-urlencoded", "a=%C3%A9").await;
    assert_eq!(form.text, "é");
    let head = Request::head("/toy/toys").body(HttpBody::empty()).unwrap();
    let head = send(head).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.headers[header::CONTENT_LENGTH], "2");
}

#[tokio::test]
async fn every_refusal_wears_the_envelope() {
    let json = "application/json";
    for (answer, status, code) in [
        (get_at("/toy/nowhere").await, 404, "not-found"),
        (get_at("/toy/toys/").await, 404, "not-found"),
        (get_at("/toy/toys/what").await, 404, "asset-not-found"),
        (get_at("/toy/toys/%FF").await, 404, "not-found"),
        (get_at("/toy/toys?limit=0").await, 400, "invalid"),
        (get_at("/toy/toys?limit=5&limit=6").await, 400, "invalid"),
        (get_at("/toy/upload").await, 405, "method-not-allowed"),
        (get_at("/toy/often").await, 429, "rate-limited"),
        (post_at("/toy/toys", json, "{").await, 400, "invalid"),
        (post_at("/toy/toys", json, "{}").await, 400, "invalid"),
        (post_at("/toy/toys", "text/plain", "{}").await, 415, "unsupported-media"),
        (post_at("/toy/toys", json, &" ".repeat(2 << 20)).await, 413, "too-large"),
        (post_at("/toy/form", json, "{}").await, 415, "unsupported-media"),
        (post_at("/toy/upload", json, "{}").await, 415, "unsupported-media"),
        (post_at("/toy/upload", "multipart/form-data", "").await, 400, "invalid"),
        (
            post_at("/toy/upload", "multipart/form-data; boundary=x", "--x").await,
            400,
            "bytes-truncated",
        ),
        (post_at("/toy/axum", json, "{").await, 400, "invalid"),
        (post_at("/toy/axum", "text/plain", "{").await, 415, "unsupported-media"),
        (get_at("/toy/panic").await, 500, "internal"),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
        let trace = answer.json()["toy"]["trace"].as_str().unwrap().to_owned();
        assert_eq!(answer.headers["x-request-id"], trace);
        assert!(!answer.text.contains("hush"), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_kind_leaves_in_the_envelope_with_the_fields_that_go_with_it() {
    for kind in [
        Kind::Invalid,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::Conflict,
        Kind::PreconditionFailed,
        Kind::TooLarge,
        Kind::UnsupportedMedia,
        Kind::RateLimited,
        Kind::Unavailable,
        Kind::Internal,
    ] {
        let request = Request::get("/toy/fail").extension(kind).body(HttpBody::empty()).unwrap();
        let answer = send(request).await;
        assert_eq!(answer.status, status_of(kind).as_u16());
        assert_eq!(answer.code(), "internal");
        assert_eq!(answer.headers[header::RETRY_AFTER], "2");
        let challenged = answer.headers.contains_key(header::WWW_AUTHENTICATE);
        assert_eq!(challenged, kind == Kind::Unauthenticated);
        assert!(!answer.text.contains("hush"), "a cause was shown: {}", answer.text);
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    for method in [Method::DELETE, Method::OPTIONS, Method::TRACE] {
        let request = Request::builder().method(method).uri("/toy/toys");
        let answer = send(request.body(HttpBody::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method-not-allowed"));
        let allow = answer.headers[header::ALLOW].to_str().unwrap();
        assert!(["GET", "HEAD", "POST"].iter().all(|word| allow.contains(word)), "{allow}");
    }
}

#[tokio::test]
async fn limits_are_told_in_header_fields() {
    let answer = get_at("/toy/often").await;
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    assert_eq!(answer.headers["ratelimit"], "\"bulk-delete\";r=0;t=1");
}

#[tokio::test]
async fn a_credential_that_is_missing_or_broken_is_refused_before_the_body() {
    for value in [None, Some("Bearer bad"), Some("Bearer"), Some("Basic !")] {
        let mut request =
            Request::post("/toy/toys").header(header::CONTENT_TYPE, "application/json");
        if let Some(value) = value {
            request = request.header(header::AUTHORIZATION, value);
        }
        let never_read = futures::stream::poll_fn(
            |_| -> std::task::Poll<Option<Result<bytes::Bytes, std::io::Error>>> {
                panic!("the body was read")
            },
        );
        let answer = send(request.body(HttpBody::from_stream(never_read)).unwrap()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"backlot\"");
    }
}

#[tokio::test]
async fn each_place_answers_in_its_own_dialect() {
    let at = async |host: &str, path: &str| {
        let request = Request::get(path).header(header::HOST, host);
        let answer = send(request.body(HttpBody::empty()).unwrap()).await;
        (answer.status, answer.text)
    };
    assert_eq!(at("any.example", "/other/toys").await.1, "others");
    assert_eq!(at("any.example", "/other/x").await, (418, r#"{"other":"not-found"}"#.to_owned()));
    assert_eq!(at("toys.example", "/toys?limit=3").await.1, "3");
    assert_eq!(at("TOYS.example.:8080", "/toys?limit=3").await.1, "3");
    assert!(at("toys.example", "/toy/toys").await.1.contains("toy"));
    assert_eq!(at("toys.example", "/other/toys").await.0, 404);
    assert_eq!(at("both.example", "/v1/toys").await.1, "versioned");
    assert!(at("both.example", "/toys").await.1.contains("request_id"));
    for host in ["toys.example", "both.example", "any.example"] {
        assert_eq!(at(host, "/livez").await, (200, "ok".to_owned()));
    }
    let (status, text) = at("any.example", "/nowhere").await;
    assert_eq!(status, 404);
    assert!(text.starts_with(r#"{"error":"not-found","message":"#), "{text}");
}

#[test]
fn a_place_can_be_taken_once() {
    let mut places = Places::new(&PLAIN, Router::new());
    let place = Place::parse("/toy").unwrap();
    places.put(&place, Router::new()).unwrap();
    assert!(places.put(&place, Router::new()).unwrap_err().contains("`/toy`"));
}

#[tokio::test]
async fn only_allowed_origins_may_read_answers() {
    let allowed = Origins::parse(["https://app.example"]).unwrap();
    for (origin, expected) in [("https://app.example", true), ("https://evil.example", false)] {
        let request = Request::get("/toy/toys").header(header::ORIGIN, origin);
        let request = request.body(HttpBody::empty()).unwrap();
        let answer = server(allowed.clone()).oneshot(request).await.unwrap();
        let told = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(told.is_some(), expected);
    }
    let preflight = Request::options("/toy/toys")
        .header(header::ORIGIN, "https://app.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "x-api-key");
    let preflight = preflight.body(HttpBody::empty()).unwrap();
    let answer = server(allowed).oneshot(preflight).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS], "x-api-key");
    let closed = get_at("/toy/toys").await;
    assert!(!closed.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn a_sane_request_id_is_echoed_and_another_replaced() {
    let with = async |id: &str| {
        let request = Request::get("/livez").header("x-request-id", id);
        let answer = send(request.body(HttpBody::empty()).unwrap()).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(with("trace-7").await, "trace-7");
    let made = with("no good").await;
    assert_eq!(made.len(), 32);
    assert_ne!(made, with("no good").await);
}

#[derive(Clone, Default)]
struct Seen(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn one_line_says_what_became_of_a_request_and_no_secret() {
    let seen = Seen::default();
    let writer = seen.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let request = Request::post("/toy/toys?signature=hush")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, "Bearer good")
        .header("x-forwarded-for", "203.0.113.9")
        .body(HttpBody::from(r#"{"name":"hush"}"#))
        .unwrap();
    let answer = send(request).await;
    get_at("/toy/panic").await;
    drop(guard);
    let text = String::from_utf8(seen.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    let fields = &lines[0]["fields"];
    assert_eq!(fields["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    let expected = json!(["POST", "/toy/toys", "toy", 200, 14, true, "user-1"]);
    let found = ["method", "route", "dialect", "status", "bytes", "complete", "caller"];
    assert_eq!(Value::from(found.map(|name| fields[name].clone()).to_vec()), expected);
    assert!(fields["ms"].is_f64() && fields.get("client").is_none());
    assert!(!lines[0].to_string().contains("hush"));
    assert_eq!(
        (&lines[1]["level"], &lines[1]["fields"]["code"]),
        (&json!("ERROR"), &json!("internal"))
    );
    assert!(lines[1]["fields"]["cause"].as_str().unwrap().starts_with("panic: "));
    assert_eq!(lines[2]["fields"]["status"], 500);
}
