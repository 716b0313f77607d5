//! The door for a picture and what stands for it, both in one JSON body.

use backlot_library::ingest::{Accepts, Received};
use backlot_model::Fault;
use backlot_model::account::Caller;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::door::Door;
use crate::edge::intake::{FilePart, Incoming, IntakeLimits, Sink};

const IMAGE: &str = "image";
const THUMBNAIL: &str = "thumbnail";

/// What came in, each if it did.
#[derive(Default)]
pub(super) struct Files {
    pub(super) image: Option<Received>,
    pub(super) thumbnail: Option<Received>,
}

/// Two doors, of which one is open at a time.
struct Doors<'c> {
    image: Door<'c>,
    thumbnail: Door<'c>,
    takes_thumbnail: bool,
}

impl Sink for Doors<'_> {
    async fn begin(&mut self, part: &FilePart) -> Result<(), Fault> {
        self.takes_thumbnail = part.field == THUMBNAIL;
        match self.takes_thumbnail {
            true => self.thumbnail.begin(part).await,
            false => self.image.begin(part).await,
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        match self.takes_thumbnail {
            true => self.thumbnail.write(bytes).await,
            false => self.image.write(bytes).await,
        }
    }
}

/// Reads a JSON body in which `image` and `thumbnail` may be pictures.
pub(super) async fn read<T: DeserializeOwned>(
    app: &App,
    caller: &Caller,
    accepts: Accepts,
    incoming: Incoming,
) -> Result<(T, Files), Fault> {
    let door = || Door::new(app, caller, accepts);
    let mut doors = Doors { image: door(), thumbnail: door(), takes_thumbnail: false };
    let file_bytes_max = doors.image.limits().file_bytes_max;
    let limits = IntakeLimits { file_bytes_max, files_max: 2 };
    let form = incoming.json_with_bytes(&[IMAGE, THUMBNAIL], limits, &mut doors).await?;
    let (body, parts) = form.parse()?;
    let of = |field: &str| {
        parts.iter().filter(|part: &&FilePart| part.field == field).cloned().collect::<Vec<_>>()
    };
    let image = doors.image.finish_data_url(&of(IMAGE)).await?;
    // Whatever stands for a picture is not needed.
    let thumbnail = match image {
        Some(_) => None,
        None => doors.thumbnail.finish_data_url(&of(THUMBNAIL)).await?,
    };
    Ok((body, Files { image, thumbnail }))
}
