//! Dialects at other places and on hosts of their own, and scripts of other origins.

use axum::http::Method;
use backlot_http::edge::shell::Origins;
use serde_json::{Value, json};

use crate::app::{Answer, BASE, CAT, Part, TestApp};
use crate::harness::{Home, Server};

const STUDIO: &str = "https://studio.example.com";

async fn placed(places: &[(&str, &str)], public_url: Option<&str>) -> TestApp {
    TestApp::standing(|_| {}, places, public_url, Origins::None).await
}

async fn open_to(origins: &[&str]) -> TestApp {
    let origins = Origins::parse(origins.iter().copied()).unwrap();
    TestApp::standing(|_| {}, &[], Some(BASE), origins).await
}

#[tokio::test]
async fn a_dialect_stands_where_it_is_put() {
    let places = [("productai", "/pa/api"), ("youthumb", "/yt"), ("native", "/v9")];
    let app = placed(&places, Some(BASE)).await;
    let anna = app.user("anna").await;
    for path in ["/pa/api/v1/my-uploaded-assets", "/yt/assets", "/v9/assets", "/piktid/assets"] {
        app.get(path).by(&anna).answers(200).await;
    }
    for path in ["/productai/v1/my-uploaded-assets", "/youthumb/api/assets", "/api/v1/assets"] {
        // Nobody's address: the native API's envelope.
        assert!(app.get(path).by(&anna).answers(404).await["detail"].is_string(), "{path}");
    }
    let document = app.get("/yt/openapi.json").answers(200).await;
    assert_eq!(document["servers"], json!([{ "url": "/yt" }]));
    let form = [Part::file("file", "cat.png", CAT), Part::text("type", "face")];
    let made = app.post("/yt/assets").by(&anna).form(&form).answers(201).await;
    assert_eq!(app.get(made["data"]["url"].as_str().unwrap()).send().await.bytes, CAT);
    assert_eq!(app.get("/yt/nothing").answers(404).await["success"], false);
}

#[tokio::test]
async fn a_dialect_on_a_host_of_its_own_has_its_paths_at_the_root() {
    let places = [
        ("productai", "api.productai.test"),
        ("youthumb", "youthumb.test/api"),
        ("piktid", "v2.api.piktid.test"),
    ];
    let app = placed(&places, None).await;
    let anna = app.user("anna").await;
    for (host, path) in [
        ("api.productai.test", "/v1/my-uploaded-assets"),
        ("API.ProductAI.test:8080", "/v1/my-uploaded-assets"),
        ("youthumb.test", "/api/assets"),
        ("v2.api.piktid.test", "/assets"),
        ("backlot.test", "/api/v1/assets"),
    ] {
        app.get(path).on(host).by(&anna).answers(200).await;
    }
    // Each host speaks its own tongue, down to its refusals.
    let said = app.get("/v1/nothing").on("api.productai.test").answers(404).await;
    assert_eq!(said["status"], "ERROR");
    let said = app.get("/piktid/assets").on("v2.api.piktid.test").answers(404).await;
    assert!(said["detail"].is_array(), "{said}");
    let said = app.get("/api/nothing").on("youthumb.test").answers(404).await;
    assert_eq!(said["success"], false);
    let document = app.get("/api/openapi.json").on("youthumb.test").answers(200).await;
    assert_eq!(document["servers"], json!([{ "url": "/api" }]));
    // And no host speaks another's.
    for (host, path) in [
        ("api.productai.test", "/api/v1/assets"),
        ("youthumb.test", "/assets"),
        ("backlot.test", "/productai/v1/my-uploaded-assets"),
        ("backlot.test", "/v1/my-uploaded-assets"),
    ] {
        app.get(path).on(host).by(&anna).answers(404).await;
    }
}

#[tokio::test]
async fn a_host_of_its_own_serves_the_pictures_that_it_names() {
    let app = placed(&[("productai", "api.productai.test")], None).await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let post = app.post("/v1/training-asset").on("api.productai.test").by(&anna);
    let made = post.form(&form).answers(201).await;
    let url = made["url"].as_str().unwrap();
    let path = url.strip_prefix("http://api.productai.test").unwrap();
    assert_eq!(app.get(path).on("api.productai.test").send().await.bytes, CAT);
    assert_eq!(app.get(path).on("backlot.test").send().await.bytes, CAT);
    // Handed back on the same host, it is known as ours.
    let import = app.post("/v1/training-asset").on("api.productai.test").by(&anna);
    let again = import.json(&json!({ "url": url })).answers(201).await;
    assert_eq!(again["name"], "cat.png");
    let document = app.get("/openapi.json").on("api.productai.test").answers(200).await;
    assert_eq!(document["servers"], json!([{ "url": "/" }]));
}

#[tokio::test]
async fn with_a_public_url_every_address_begins_with_it() {
    let public = "https://assets.example.com";
    let app = placed(&[("productai", "api.productai.test")], Some(public)).await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let post = app.post("/v1/training-asset").on("api.productai.test").by(&anna);
    let made = post.form(&form).answers(201).await;
    assert!(made["url"].as_str().unwrap().starts_with("https://assets.example.com/media/"));
}

/// The fields of cross-origin rules.
fn rules(answer: &Answer) -> Value {
    let field = |name: &str| json!(answer.header(&format!("access-control-{name}")));
    json!({
        "status": answer.status.as_u16(),
        "allow-origin": field("allow-origin"),
        "allow-credentials": field("allow-credentials"),
        "allow-methods": field("allow-methods"),
        "allow-headers": field("allow-headers"),
        "max-age": field("max-age"),
    })
}

const ADDRESSES: &[&str] = &[
    "/api/v1/assets",
    "/piktid/assets",
    "/productai/v1/training-asset",
    "/youthumb/api/assets",
    "/media/assets/x/original.png",
];

#[tokio::test]
async fn a_listed_origin_may_call_and_others_may_not() {
    let app = open_to(&[STUDIO, "https://b.example:8443"]).await;
    let preflight = async |path: &str, origin: &str| {
        let call = app.call(Method::OPTIONS, path).header("origin", origin);
        let call = call.header("access-control-request-method", "POST");
        let asked = "authorization,content-type,x-api-key";
        call.header("access-control-request-headers", asked).send().await
    };
    for path in ADDRESSES {
        // It needs no credential: browsers send none with it.
        let answer = preflight(path, STUDIO).await;
        let right = json!({
            "status": 200, "allow-origin": STUDIO, "allow-credentials": null,
            "allow-methods": "POST", "allow-headers": "authorization,content-type,x-api-key",
            "max-age": "600",
        });
        assert_eq!(rules(&answer), right, "{path}");
        assert!(answer.header("vary").unwrap().contains("origin"), "{path}");
        assert!(answer.bytes.is_empty());
        for stranger in ["https://evil.example", "http://studio.example.com", "null"] {
            let answer = preflight(path, stranger).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{path} {stranger}");
        }
    }
    let second = preflight("/api/v1/assets", "https://b.example:8443").await;
    assert_eq!(rules(&second)["allow-origin"], "https://b.example:8443");
}

#[tokio::test]
async fn answers_and_refusals_may_be_read_by_a_listed_origin() {
    let app = open_to(&[STUDIO]).await;
    let anna = app.user("anna").await;
    let list = "/productai/v1/my-uploaded-assets";
    for (call, status) in [
        (app.get(list).by(&anna), 200),
        (app.get(list), 401),
        (app.get("/productai/v1/nothing"), 404),
        (app.put(list).by(&anna), 405),
    ] {
        let answer = call.header("origin", STUDIO).send().await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(STUDIO));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert!(answer.header("vary").unwrap().contains("origin"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(["retry-after", "x-request-id"].iter().all(|it| exposed.contains(it)), "{exposed}");
    }
    let stranger = app.get(list).by(&anna).header("origin", "https://evil.example").send().await;
    assert_eq!(stranger.header("access-control-allow-origin"), None);
    // A client that is no browser says nothing of an origin.
    app.get(list).by(&anna).answers(200).await;
}

#[tokio::test]
async fn any_origin_never_goes_with_credentials_of_the_browser() {
    let app = open_to(&["*"]).await;
    let anna = app.user("anna").await;
    for path in ADDRESSES {
        let call = app.call(Method::OPTIONS, path).header("origin", "https://any.example");
        let call = call.header("access-control-request-method", "DELETE");
        let answer = call.header("access-control-request-headers", "authorization").send().await;
        let shown = rules(&answer);
        assert_eq!(
            (&shown["allow-origin"], &shown["allow-credentials"]),
            (&json!("*"), &Value::Null)
        );
        // `*` would not cover `authorization`, so it is named.
        assert_eq!(shown["allow-headers"], "authorization", "{path}");
    }
    let get = app.get("/api/v1/assets").by(&anna).header("origin", "https://any.example");
    let answer = get.send().await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    // No answer ever sets what a browser would send by itself.
    assert_eq!(answer.header("set-cookie"), None);
}

#[tokio::test]
async fn without_origins_nothing_is_opened() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let preflight = app.call(Method::OPTIONS, "/productai/v1/training-asset");
    let preflight = preflight.header("origin", STUDIO);
    let answer = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!(answer.expect(405)["status"], "ERROR");
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let get = app.get("/api/v1/assets").by(&anna).header("origin", STUDIO).send().await;
    assert_eq!((get.status.as_u16(), get.header("access-control-allow-origin")), (200, None));
}

#[tokio::test]
async fn the_settings_reach_the_server() {
    let home = Home::new()
        .with("BACKLOT_DIALECT_PRODUCTAI_HOST", "api.productai.test")
        .with("BACKLOT_DIALECT_YOUTHUMB_HOST", "youthumb.test/api")
        .with("BACKLOT_DIALECT_PIKTID_PREFIX", "/v2/pk")
        .with("BACKLOT_SERVER_CORS_ORIGINS", STUDIO);
    let server = Server::start(&home);
    let admin = server.admin();
    for (host, path, status) in [
        ("api.productai.test", "/v1/my-uploaded-assets", 200),
        ("youthumb.test", "/api/assets", 200),
        ("anything.test", "/v2/pk/assets", 200),
        ("anything.test", "/productai/v1/my-uploaded-assets", 404),
        ("anything.test", "/piktid/assets", 404),
    ] {
        let call = admin.request(Method::GET, path).header("host", host).header("origin", STUDIO);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host} {path}");
        assert_eq!(answer.headers()["access-control-allow-origin"], STUDIO);
    }
}
