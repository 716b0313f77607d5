//! Uploads.

use backlot_library::uploads::UploadPlace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Links;

/// A picture to upload later.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = piktid::UploadRequest)]
pub(in crate::dialects::piktid) struct UploadRequest {
    /// The picture's own name; a random one if absent, empty or null.
    #[serde(default)]
    #[schema(max_length = 255, example = "linen-shirt.jpg")]
    pub(in crate::dialects::piktid) filename: Option<String>,
}

/// A picture to upload at once.
#[derive(Debug, ToSchema)]
#[schema(as = piktid::UploadForm)]
#[expect(dead_code, reason = "describes the form, which is read as a stream")]
pub(in crate::dialects::piktid) struct UploadForm {
    /// At most 50 MiB, unless the operator says otherwise.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// In place of the file's own name.
    #[schema(nullable = false)]
    filename: Option<String>,
}

/// Where a picture goes, and where it will be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = piktid::Upload)]
pub(in crate::dialects::piktid) struct Upload {
    /// Signed, for `PUT` with the bytes as body; open for some minutes.
    upload_url: String,
    /// Signed; the picture, once it has arrived.
    download_url: String,
    /// The asset's id.
    #[schema(example = "01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d")]
    file_id: String,
    #[schema(example = "linen-shirt.jpg")]
    filename: String,
    #[schema(example = "image/jpeg")]
    content_type: String,
}

impl Upload {
    pub(in crate::dialects::piktid) fn new(place: UploadPlace, links: &Links) -> Self {
        let (upload_url, download_url) = links.upload(&place);
        Self {
            upload_url,
            download_url,
            file_id: place.asset_id.to_string(),
            filename: place.filename,
            content_type: place.content_type,
        }
    }
}
