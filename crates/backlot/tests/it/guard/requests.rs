//! Requests that no honest client sends: broken forms and JSON, odd headers, ranges and addresses.

use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};

use super::untouched::State;
use crate::app::{Answer, BASE, CAT, Part, TestApp};

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

/// Where the first mistake of a native refusal stands.
fn located(body: &Value) -> String {
    let steps = body["detail"][0]["loc"].as_array().unwrap();
    let word = |step: &Value| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    steps.iter().map(word).collect::<Vec<_>>().join(".")
}

#[tokio::test]
async fn forms_that_contradict_themselves_name_the_field() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let before = State::of(&app).await;
    let cat = || Part::file("file", "cat.png", CAT);
    let many: Vec<Part<'_>> = (0..101).map(|_| Part::text("tags", "x")).collect();
    let long = "x".repeat((64 << 10) + 1);
    let bad_utf8 = Part { name: "name", filename: None, bytes: b"\xff\xfe" };
    let nul = Part { name: "name", filename: None, bytes: b"a\0b" };
    let words = || Part::text("name", "x");
    let cases = [
        ("a file twice", vec![cat(), cat()], 422, "body.file"),
        ("a word twice", vec![words(), words(), cat()], 422, "body.name"),
        ("no file", vec![words()], 422, "body.file"),
        ("an empty file", vec![Part::file("file", "cat.png", b"")], 422, "body.file"),
        ("no utf-8", vec![bad_utf8, cat()], 422, "body.name"),
        ("a zero", vec![nul, cat()], 422, "body.name"),
        (
            "an odd visibility",
            vec![Part::text("visibility", "secret"), cat()],
            422,
            "body.visibility",
        ),
        ("a deep parameter", vec![Part::text("parameters", "[[["), cat()], 422, "body.parameters"),
        ("too many fields", [vec![cat()], many].concat_parts(), 422, "body"),
    ];
    for (what, parts, status, field) in cases {
        let answer = app.post("/api/v1/assets").by(&anna).form(&parts).send().await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", text(&answer));
        assert_eq!(located(&answer.json()), field, "{what}: {}", text(&answer));
    }
    let large = [Part::text("description", &long), cat()];
    let answer = app.post("/api/v1/assets").by(&anna).form(&large).send().await;
    assert_eq!(answer.status, 413, "{}", text(&answer));
    assert!(text(&answer).contains("65536"), "{}", text(&answer));
    State::of(&app).await.is(&before, "forms");
}

/// Puts lists of parts together.
trait ConcatParts<'p> {
    fn concat_parts(self) -> Vec<Part<'p>>;
}

impl<'p> ConcatParts<'p> for [Vec<Part<'p>>; 2] {
    fn concat_parts(self) -> Vec<Part<'p>> {
        self.into_iter().flatten().collect()
    }
}

#[tokio::test]
async fn broken_forms_are_refused() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let before = State::of(&app).await;
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let cat = |head: &str, tail: &[u8]| [head.as_bytes(), CAT, tail].concat();
    let endless = format!("--b\r\nX: {}", "x".repeat(200_000));
    for (what, content_type, body) in [
        ("no boundary", "multipart/form-data", cat(head, b"\r\n--b--")),
        ("an empty boundary", "multipart/form-data; boundary=", cat(head, b"\r\n--b--")),
        ("another boundary", "multipart/form-data; boundary=c", cat(head, b"\r\n--b--")),
        ("no end", "multipart/form-data; boundary=b", cat(head, b"")),
        ("half an end", "multipart/form-data; boundary=b", cat(head, b"\r\n--b")),
        ("nothing", "multipart/form-data; boundary=b", Vec::new()),
        ("an endless header", "multipart/form-data; boundary=b", endless.into_bytes()),
        ("no name", "multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--".to_vec()),
        ("no form", "multipart/form-data; boundary=b", CAT.to_vec()),
    ] {
        for path in [
            "/api/v1/assets",
            "/piktid/upload",
            "/youthumb/api/assets",
            "/productai/v1/training-asset",
        ] {
            let call = app.post(path).by(&anna).bytes(content_type, body.clone());
            let answer = call.send().await;
            let told = format!("{what} at {path}: {} {}", answer.status, text(&answer));
            assert!(matches!(answer.status.as_u16(), 400 | 413 | 415 | 422), "{told}");
            assert!(!text(&answer).is_empty(), "{told}");
        }
    }
    State::of(&app).await.is(&before, "broken forms");
}

#[tokio::test]
async fn odd_json_is_refused_by_every_dialect() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let before = State::of(&app).await;
    let deep = |open: &str, close: &str| {
        format!("{{\"a\": {}{}}}", open.repeat(100_000), close.repeat(100_000)).into_bytes()
    };
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("deep lists", deep("[", "]")),
        ("deep objects", deep("{\"a\":", "1}")),
        ("nothing", Vec::new()),
        ("half", b"{\"base64\": \"iVBOR".to_vec()),
        ("two", b"{} {}".to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("no utf-8", b"{\"name\": \"\xff\xfe\"}".to_vec()),
        ("half a surrogate", b"{\"name\": \"\\ud800\"}".to_vec()),
        ("a zero", b"{\"name\": \"a\\u0000b\", \"base64\": \"iVBORw0KGgo=\"}".to_vec()),
        ("a raw zero", b"{\"name\": \"a\0b\"}".to_vec()),
        ("a huge number", b"{\"parameters\": 1e999999}".to_vec()),
        ("a key twice", b"{\"name\": \"a\", \"name\": \"b\", \"base64\": \"\"}".to_vec()),
        (
            "a number for text",
            b"{\"name\": 7, \"url\": 7, \"base64\": 7, \"filename\": 7}".to_vec(),
        ),
        ("bad base64", b"{\"base64\": \"!!!!\", \"filename\": 7, \"url\": 7}".to_vec()),
    ];
    for (what, body) in bodies {
        for path in [
            "/api/v1/assets",
            "/piktid/upload",
            "/youthumb/api/assets",
            "/productai/v1/training-asset",
            "/api/v1/collections",
            "/api/v1/assets/bulk",
        ] {
            let call = app.post(path).by(&anna).bytes("application/json", body.clone());
            let answer = call.send().await;
            let told = format!("{what} at {path}: {} {}", answer.status, text(&answer));
            // A place to upload to needs no body at all, nor does it mind what it does not know.
            if path == "/piktid/upload" && answer.status == StatusCode::OK {
                continue;
            }
            assert!(matches!(answer.status.as_u16(), 400 | 413 | 415 | 422), "{told}");
            let shown: Value = serde_json::from_slice(&answer.bytes).unwrap();
            assert!(shown.is_object(), "{told}");
        }
    }
    State::of(&app).await.is_but_for_places(&before, "json");
}

#[tokio::test]
async fn odd_headers_end_in_a_refusal_and_never_in_an_answers_header() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let file = [Part::file("file", "cat.png", CAT)];
    let before = State::of(&app).await;
    for (name, value, status) in [
        ("authorization", "Bearer".to_owned(), 401),
        ("authorization", format!("Bearer {}", "x".repeat(10_000)), 401),
        ("authorization", "Basic !!!".to_owned(), 401),
        ("authorization", "Basic OjpAQA==".to_owned(), 401),
        ("authorization", "Bearer \u{e9}".to_owned(), 401),
        ("x-api-key", "'; DROP TABLE asset; --".to_owned(), 401),
    ] {
        let answer = app.post("/api/v1/assets").header(name, &value).form(&file).send().await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", text(&answer));
        assert!(!text(&answer).contains("DROP"), "no secret is repeated");
    }
    let twice = app.get("/api/v1/assets").by(&anna).by(&anna).send().await;
    assert_eq!(twice.status, 401, "{}", text(&twice));
    for key in [String::new(), "x".repeat(256)] {
        let call = app.post("/api/v1/assets").by(&anna).header("idempotency-key", &key);
        let answer = call.form(&file).send().await;
        assert_eq!(answer.status, 422, "{key:.20}: {}", text(&answer));
    }
    for tag in ["x", "\"", "W/\"1\"", &"\"1\", ".repeat(1_000)] {
        let unknown = "/api/v1/assets/0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";
        let answer = app.delete(unknown).by(&anna).header("if-match", tag).send().await;
        assert!(matches!(answer.status.as_u16(), 404 | 412 | 422), "{tag:.20}: {}", text(&answer));
    }
    let listen = app.get("/api/v1/events").by(&anna).header("last-event-id", "nonsense");
    listen.answers(422).await;
    State::of(&app).await.is(&before, "headers");
}

#[tokio::test]
async fn odd_addresses_are_refused_and_never_a_fault_of_ours() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    let id = made["id"].as_str().unwrap();
    let long = "x".repeat(5_000);
    for (target, statuses) in [
        ("/api/v1/assets/%00".to_owned(), &[404][..]),
        ("/api/v1/assets/%ff%fe".to_owned(), &[400, 404, 422]),
        ("/api/v1/assets/..%2f..%2fetc%2fpasswd".to_owned(), &[404]),
        (format!("/api/v1/assets/{long}"), &[404]),
        (format!("/media/assets/{id}/..%2foriginal"), &[404]),
        (format!("/media/assets/{id}/original%00.png"), &[404]),
        ("/media/files/..%2f..%2fbacklot.db".to_owned(), &[404]),
        (format!("/media/files/{long}"), &[404]),
        ("/media/uploads/nonsense".to_owned(), &[404, 405]),
        (format!("/media/assets/{id}/original?e=1&s=x"), &[400, 403, 404]),
        (format!("/media/assets/{id}/original?width=-1"), &[400, 404]),
        (format!("/media/assets/{id}/original?width=99999999999999999999"), &[400, 404]),
        ("/api/v1/assets?limit=0".to_owned(), &[422]),
        ("/api/v1/assets?limit=101".to_owned(), &[422]),
        ("/api/v1/assets?skip=-1".to_owned(), &[422]),
        ("/api/v1/assets?skip=99999999999999999999".to_owned(), &[422]),
        ("/api/v1/assets?limit=1&limit=2".to_owned(), &[422]),
        ("/api/v1/assets?cursor=nonsense".to_owned(), &[422]),
        ("/api/v1/assets?search=%ff".to_owned(), &[422]),
        ("/api/v1/assets?search=%00".to_owned(), &[200, 422]),
        (format!("/api/v1/assets?search={long}"), &[422]),
        ("/api/v1/assets?created_after=9999999-01-01".to_owned(), &[422]),
        ("/api/v1/assets?parameters.a'%22;--=1".to_owned(), &[200, 422]),
        ("/api/v1/assets?project=%27%20OR%201%3D1--".to_owned(), &[200]),
        ("/api/v1/assets?tags=%25&search=%25_%22".to_owned(), &[200]),
        ("/piktid/assets?page=0".to_owned(), &[400]),
        ("/piktid/assets?page=99999999999999999999".to_owned(), &[400]),
        ("/youthumb/api/assets?limit=99999999999999999999".to_owned(), &[400]),
    ] {
        let answer = app.get(&target).by(&anna).send().await;
        let told = format!("{target:.80}: {} {}", answer.status, text(&answer));
        assert!(statuses.contains(&answer.status.as_u16()), "{told}");
        if answer.status == StatusCode::OK {
            assert_eq!(answer.json()["data"], json!([]), "{told}");
        }
    }
}

#[tokio::test]
async fn odd_ranges_get_the_whole_or_nothing() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let form = [Part::file("file", "cat.png", CAT)];
    let made = app.post("/api/v1/assets").by(&anna).form(&form).answers(201).await;
    let url = made["url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    let size = CAT.len();
    let get = async |range: &str| app.get(&url).header("range", range).send().await;
    let many = format!("bytes={}", "0-0,".repeat(2_000));
    for range in [
        "bytes=0-0,2-2",
        &many,
        "bytes=5-2",
        "bytes=x-y",
        "bytes",
        "bytes=",
        "bytes=-",
        "items=0-1",
        "bytes=0x1-2",
        "bytes=+1-2",
    ] {
        let answer = get(range).await;
        assert_eq!(answer.status, 200, "{range:.20}");
        assert_eq!(answer.bytes.len(), size, "{range:.20}");
    }
    for range in [&format!("bytes={size}-"), "bytes=-0", "bytes=9223372036854775807-"] {
        let answer = get(range).await;
        assert_eq!(answer.status, 416, "{range}");
        assert!(answer.bytes.is_empty(), "{range}");
        assert_eq!(answer.header("content-range"), Some(&*format!("bytes */{size}")), "{range}");
    }
    for (range, expected) in [
        ("bytes=0-18446744073709551615".to_owned(), CAT),
        (format!("bytes=-{}", u64::MAX), CAT),
        (format!("bytes={}-", size - 1), &CAT[size - 1..]),
        ("bytes=-1".to_owned(), &CAT[size - 1..]),
    ] {
        let answer = get(&range).await;
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.bytes, expected, "{range}");
    }
    let whole = app.call(axum::http::Method::HEAD, &url).send().await;
    assert_eq!((whole.status, whole.bytes.len()), (StatusCode::OK, 0));
    assert_eq!(whole.header("content-length"), Some(&*size.to_string()));
    let tag = whole.header("etag").unwrap();
    assert!(tag.starts_with('"'), "strong: {tag}");
    let same = app.get(&url).header("if-none-match", tag).send().await;
    assert_eq!((same.status, same.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    for (validator, status) in [(tag, 206), ("\"other\"", 200), ("W/\"x\"", 200)] {
        let call = app.get(&url).header("range", "bytes=0-0").header("if-range", validator);
        assert_eq!(call.send().await.status.as_u16(), status, "{validator}");
    }
}

#[tokio::test]
async fn answers_hold_no_secret_and_are_no_ones_cache_entry() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let base64 = base64::engine::general_purpose::STANDARD.encode(CAT);
    let body = json!({ "base64": base64, "name": "x", "visibility": "private" });
    let made = app.post("/api/v1/assets").by(&anna).json(&body).send().await;
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let (_, secret) = &anna.key_pair;
    for answer in [
        made,
        app.get("/api/v1/users/me").by(&anna).send().await,
        app.get("/api/v1/keys").by(&anna).send().await,
        app.get("/api/v1/nothing").by(&anna).send().await,
        app.get("/api/v1/assets").bearer(&format!("{}x", anna.key)).send().await,
    ] {
        let said = text(&answer);
        assert!(!said.contains(secret.as_str()) && !said.contains(&anna.key), "{said}");
        assert!(!said.contains(anna.password) && !said.contains("argon2"), "{said}");
        assert!(!said.contains(env!("CARGO_MANIFEST_DIR")) && !said.contains(".rs"), "{said}");
    }
    let private = app.get("/api/v1/assets?limit=1").by(&anna).answers(200).await;
    let url = private["data"][0]["url"].as_str().unwrap();
    let bytes = app.get(url).send().await;
    let kept = bytes.header("cache-control").unwrap();
    let age: i64 = kept.strip_prefix("private, max-age=").unwrap().parse().unwrap();
    assert!(age > 0, "{kept}");
    // No longer than the signature lives.
    app.clock.advance_ms(age * 1_000 + 1);
    assert_ne!(app.get(url).send().await.status, 200);
}
