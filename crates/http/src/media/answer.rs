//! The answer that carries bytes.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use backlot_library::delivery::{Freshness, Opened};
use backlot_model::Fault;
use backlot_model::clock::SECOND_MS;

use super::range::{Wanted, wanted};
use crate::app::App;
use crate::edge::etag::{ETag, Matching};

/// How long a shared cache may show a public picture before it asks again, in seconds.
const PUBLIC_AGE_S: u32 = 300;

/// What a browser may show in place; everything else is saved.
const SHOWN: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/bmp",
    "image/tiff",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "audio/mpeg",
    "audio/wav",
    "audio/ogg",
    "audio/flac",
    "audio/mp4",
];

/// Answers with the opened bytes, or as much of them as the client needs.
///
/// # Errors
/// Storage faults.
pub(super) async fn answer(
    app: &App,
    opened: Opened,
    asked: &HeaderMap,
    varies: bool,
) -> Result<Response, Fault> {
    let tag = ETag::new(&opened.etag);
    let mut headers = headers(app, &opened, &tag, varies);
    if Matching::if_none_match(asked).names(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let range = asked.get(header::RANGE).and_then(|value| value.to_str().ok());
    let range = range.filter(|_| is_same(asked, &tag));
    let (status, part) = match wanted(range, opened.size) {
        Wanted::Whole => (StatusCode::OK, None),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, Some(part)),
        Wanted::Nothing => {
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes */{}", opened.size));
            headers.remove(header::CONTENT_TYPE);
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
    };
    let length = part.as_ref().map_or(opened.size, |part| part.end - part.start);
    if let Some(part) = &part {
        let said = format!("bytes {}-{}/{}", part.start, part.end - 1, opened.size);
        set(&mut headers, header::CONTENT_RANGE, &said);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let body = Body::from_stream(opened.bytes(part).await?);
    Ok((status, headers, body).into_response())
}

/// Whether a range may be answered: no `If-Range`, or one that names these very bytes.
fn is_same(asked: &HeaderMap, tag: &ETag) -> bool {
    asked.get(header::IF_RANGE).is_none_or(|value| *value == tag.header())
}

fn headers(app: &App, opened: &Opened, tag: &ETag, varies: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, tag.header());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    set(&mut headers, header::CONTENT_TYPE, &opened.mime_type);
    set(&mut headers, header::CACHE_CONTROL, &cache_control(app, opened.freshness));
    set(&mut headers, header::CONTENT_DISPOSITION, &disposition(opened));
    set(&mut headers, header::LAST_MODIFIED, &crate::edge::time::http_date(opened.modified_at));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let cross_origin = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(cross_origin, HeaderValue::from_static("cross-origin"));
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
    }
    headers
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn cache_control(app: &App, freshness: Freshness) -> String {
    match freshness {
        Freshness::Public => format!("public, max-age={PUBLIC_AGE_S}"),
        Freshness::Private { until: None } => "private, no-cache".to_owned(),
        Freshness::Private { until: Some(until) } => {
            let left_s = (until - app.library().now_ms()).max(0) / SECOND_MS;
            format!("private, max-age={left_s}")
        }
    }
}

/// Shown in place or saved, under a name that every client can read (RFC 6266, RFC 8187).
fn disposition(opened: &Opened) -> String {
    let how = if SHOWN.contains(&opened.mime_type.as_str()) { "inline" } else { "attachment" };
    let plain: String = opened.filename.chars().map(plain).collect();
    let encoded: String = opened.filename.bytes().map(encoded).collect();
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn plain(c: char) -> char {
    if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' }
}

fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}
