//! Where presigned uploads arrive.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use backlot_library::ingest::Accepts;
use backlot_library::signing::Signature;
use backlot_model::{Fault, Id, Kind};
use serde::Serialize;

use crate::app::App;
use crate::edge::dialect::Refusal;
use crate::edge::intake::Incoming;

/// What the client learns: the asset is there.
#[derive(Serialize)]
struct Arrived {
    id: String,
    status: &'static str,
    size: Option<u64>,
    content_type: Option<String>,
}

/// Takes the raw bytes of a presigned upload. Sent again, it answers the same.
pub(super) async fn put(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    let unknown = || Fault::new(Kind::NotFound, "upload-not-found", "upload not found");
    let id = Id::parse(&id).ok_or_else(unknown)?;
    let query = query.unwrap_or_default();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let signature = Signature::parse(pairs.iter().map(|(name, value)| (&**name, &**value)))?
        .ok_or_else(|| Fault::new(Kind::Forbidden, "bad-signature", "this URL is not signed"))?;
    let library = app.library();
    let accepts = Accepts::pictures(&library.config().uploads);
    let mut intake = library.receive_upload(id, &signature, accepts).await?;
    incoming.raw(None, accepts.bytes_max(), &mut intake).await?;
    let asset = library.complete_upload(id, &signature, intake.finish().await?).await?;
    let body = Arrived {
        id: asset.id.to_string(),
        status: asset.status.word(),
        size: asset.size,
        content_type: asset.mime_type,
    };
    Ok((StatusCode::OK, Json(body)).into_response())
}
