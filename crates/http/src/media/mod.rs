//! Bytes over HTTP: pictures and temporary files out, presigned uploads in.
//!
//! Owns: ranges, validators, caching, the headers that keep a browser from running what was
//! uploaded. Never: who may have what; the library says that.

mod answer;
mod query;
mod range;
mod uploads;

use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, put};
use backlot_library::delivery::{Ask, Picture, Subject};
use backlot_model::{Fault, Id, Kind};

use crate::app::{App, Asking};
use crate::edge::credential::Caller;
use crate::edge::dialect::{Dialect, Refusal, mount};
use crate::edge::plain;

/// The dialect of `/media`: no vendor's, since clients of all of them come here.
pub static MEDIA: Dialect =
    Dialect { name: "media", title: "Pictures", default_prefix: "/media", render: plain::render };

/// The routes under `/media`.
pub fn routes() -> Router<App> {
    let routes = Router::new()
        .route("/assets/{id}/{picture}", get(picture))
        .route("/files/{key}", get(temp_file))
        .route("/uploads/{id}", put(uploads::put))
        .route("/uploads/{id}/parts/{number}", put(uploads::put_part));
    mount(&MEDIA, routes)
}

async fn picture(
    State(app): State<App>,
    Caller(caller): Asking,
    Path((id, picture)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Refusal> {
    let id = Id::parse(&id).ok_or_else(not_found)?;
    let word = picture.split('.').next().unwrap_or_default();
    let picture = Picture::parse(word).ok_or_else(not_found)?;
    let asked = query::Query::parse(query.as_deref().unwrap_or_default(), request.headers())?;
    let varies = asked.varies;
    let subject = Subject::Asset { id, picture, transform: asked.transform };
    let ask = Ask { caller, signature: asked.signature, subject };
    let opened = app.library().open(&ask).await?;
    Ok(answer::answer(&app, opened, request.headers(), varies).await?)
}

async fn temp_file(
    State(app): State<App>,
    Caller(caller): Asking,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asked = query::Query::parse(query.as_deref().unwrap_or_default(), &headers)?;
    let key = key.split('.').next().unwrap_or_default().to_owned();
    let ask = Ask { caller, signature: asked.signature, subject: Subject::TempFile { key } };
    let opened = app.library().open(&ask).await?;
    Ok(answer::answer(&app, opened, &headers, false).await?)
}

fn not_found() -> Fault {
    Fault::new(Kind::NotFound, "not-found", "there is nothing at this address")
}
