//! From a body to received bytes: the one way in which every dialect takes a file.

use backlot_library::ingest::{Accepts, Intake, Received};
use backlot_model::account::Caller;
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Kind};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::edge::fields::Fields;
use crate::edge::intake::{FilePart, Incoming, IntakeLimits, Sink};

impl Sink for Intake {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        Self::write(self, bytes).await
    }
}

/// A file that has arrived, and what the client said of it.
pub(crate) struct File {
    /// Its bytes, of an accepted type and within the limits.
    pub(crate) received: Received,
    /// What the client said of it.
    pub(crate) part: FilePart,
}

/// A form with at most one file, streamed.
pub(crate) async fn form(
    app: &App,
    caller: &Caller,
    incoming: Incoming,
    field: &str,
    accepts: Accepts,
) -> Result<(Fields, Option<File>), Fault> {
    let mut intake = app.library().receive(caller, accepts).await?;
    let limits = IntakeLimits::one_file(accepts.bytes_max());
    let form = incoming.multipart(&[field], limits, &mut intake).await?;
    let file = match form.files.into_iter().next() {
        Some(part) => Some(File { received: intake.finish().await?, part }),
        None => None,
    };
    Ok((form.fields, file))
}

/// A JSON object with at most one file as base64 in `field`, streamed.
pub(crate) async fn json<T: DeserializeOwned>(
    app: &App,
    caller: &Caller,
    incoming: Incoming,
    field: &str,
    accepts: Accepts,
) -> Result<(T, Option<File>), Fault> {
    let mut intake = app.library().receive(caller, accepts).await?;
    let limits = IntakeLimits::one_file(accepts.bytes_max());
    let form = incoming.json_with_bytes(&[field], limits, &mut intake).await?;
    let (fields, files) = form.parse::<T>()?;
    let file = match files.into_iter().next() {
        Some(part) => Some(finish_declared(intake, part).await?),
        None => None,
    };
    Ok((fields, file))
}

/// Ends a file whose data URL may have named a type, which must not contradict the bytes.
async fn finish_declared(intake: Intake, part: FilePart) -> Result<File, Fault> {
    let received = intake.finish().await?;
    if let Some(declared) = &part.declared_type
        && !is_same_type(declared, received.mime_type())
    {
        let said = format!("the data URL says {declared}, the bytes are {}", received.mime_type());
        let path = format!("body.{}", part.field);
        return Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", &*said)
            .at(&path, "type"));
    }
    Ok(File { received, part })
}

fn is_same_type(declared: &str, sniffed: &str) -> bool {
    let plain = |name: &str| match name {
        "image/jpg" | "image/pjpeg" => "image/jpeg".to_owned(),
        "image/x-png" => "image/png".to_owned(),
        "image/x-ms-bmp" => "image/bmp".to_owned(),
        "image/heif" => "image/heic".to_owned(),
        other => other.to_owned(),
    };
    declared == "application/octet-stream" || plain(declared) == plain(sniffed)
}

/// The fault of a form that lacks its file.
pub(crate) fn missing(field: &str) -> Fault {
    Fault::invalid(&format!("body.{field}"), "missing", "is required")
}

/// One field's fault as a fault of the call.
pub(crate) fn single(fault: FieldFault) -> Fault {
    Fault::invalid_fields(vec![fault])
}
