//! The door for a picture and what stands for it, both in one JSON body.

use backlot_library::ingest::{Accepts, Received};
use backlot_model::Fault;
use backlot_model::account::Caller;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::door::ManyDoors;
use crate::edge::intake::{Incoming, IntakeLimits};

const IMAGE: &str = "image";
const THUMBNAIL: &str = "thumbnail";

/// What came in, each if it did.
#[derive(Default)]
pub(super) struct Files {
    pub(super) image: Option<Received>,
    /// What stands for a canvas; whatever stands for a picture is not needed.
    pub(super) thumbnail: Option<Received>,
}

/// Reads a JSON body in which `image` and `thumbnail` may be pictures.
pub(super) async fn read<T: DeserializeOwned>(
    app: &App,
    caller: &Caller,
    incoming: Incoming,
) -> Result<(T, Files), Fault> {
    let pictures = Accepts::pictures(&app.library().config().uploads);
    let mut doors = ManyDoors::new(app, caller, pictures);
    let limits = IntakeLimits { file_bytes_max: pictures.bytes_max(), files_max: 2 };
    let form = incoming.json_with_bytes(&[IMAGE, THUMBNAIL], limits, &mut doors).await?;
    let (body, parts) = form.parse()?;
    let mut files = Files::default();
    for (field, received) in doors.finish_data_urls(&parts).await? {
        match field.as_str() {
            THUMBNAIL => files.thumbnail = Some(received),
            _ => files.image = Some(received),
        }
    }
    Ok((body, files))
}
