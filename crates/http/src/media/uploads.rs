//! Where presigned uploads arrive.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use backlot_library::ingest::Accepts;
use backlot_library::signing::Signature;
use backlot_library::uploads::{PartIntake, Upload};
use backlot_model::{Fault, Id, Kind};
use bytes::Bytes;
use serde::Serialize;

use crate::app::App;
use crate::edge::dialect::Refusal;
use crate::edge::etag::ETag;
use crate::edge::intake::{Incoming, Sink};

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
    let (id, signature) = (upload_id(&id)?, signature(query.as_deref())?);
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

/// Takes the raw bytes of one part, in place of any that came for it before. Its hash is the entity
/// tag, which clients of S3 collect.
pub(super) async fn put_part(
    State(app): State<App>,
    Path((id, number)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    let (id, signature) = (upload_id(&id)?, signature(query.as_deref())?);
    let number = number.parse().map_err(|_| unknown())?;
    let mut part = app.library().receive_part(id, number, &signature).await?;
    incoming.raw(None, part.bytes_max(), &mut part).await?;
    let tag = ETag::new(&part.finish().await?.to_string());
    Ok((StatusCode::OK, [(header::ETAG, tag.header())]).into_response())
}

impl Sink for PartIntake {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        Self::write(self, bytes).await
    }
}

fn upload_id(raw: &str) -> Result<Id<Upload>, Fault> {
    Id::parse(raw).ok_or_else(unknown)
}

fn unknown() -> Fault {
    Fault::new(Kind::NotFound, "upload-not-found", "upload not found")
}

fn signature(query: Option<&str>) -> Result<Signature, Fault> {
    let query = query.unwrap_or_default();
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let found = Signature::parse(pairs.iter().map(|(name, value)| (&**name, &**value)))?;
    found.ok_or_else(|| Fault::new(Kind::Forbidden, "bad-signature", "this URL is not signed"))
}
