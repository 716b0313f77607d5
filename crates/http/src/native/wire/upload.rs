//! Places to upload to.

use backlot_library::assets::NewAsset;
use backlot_library::uploads::{UploadPlace, UploadState};
use backlot_model::clock::SECOND_MS;
use backlot_model::{Fault, Kind, Millis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at;
use crate::app::Links;

/// A file that is to be uploaded.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "filename": "sneaker.jpg", "content_type": "image/jpeg", "size": 482113
}))]
pub(in crate::native) struct NewUpload {
    /// As the file is called.
    #[schema(min_length = 1, max_length = 255)]
    filename: String,
    /// The type that will be sent with the bytes; if absent, as the file name tells.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub(in crate::native) content_type: Option<String>,
    /// In bytes, so that what is too large is refused before it is sent.
    #[serde(default)]
    #[schema(minimum = 0)]
    size: Option<u64>,
    /// Display name of the asset; the file name if absent.
    #[serde(default)]
    #[schema(max_length = 255)]
    name: Option<String>,
    /// A free label.
    #[serde(default)]
    #[schema(max_length = 255)]
    project: Option<String>,
    /// At most 100, each of 1 to 100 characters without commas.
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl NewUpload {
    /// Refuses a file that is known to be too large.
    pub(in crate::native) fn fits(&self, bytes_max: u64) -> Result<(), Fault> {
        if self.size.is_none_or(|size| size <= bytes_max) {
            return Ok(());
        }
        let said = format!("the file is larger than {bytes_max} bytes, the most this call takes");
        Err(Fault::new(Kind::TooLarge, "too-large", said).at("body.size", "range"))
    }
}

impl From<NewUpload> for NewAsset {
    fn from(upload: NewUpload) -> Self {
        let NewUpload { filename, content_type: _, size: _, name, project, tags } = upload;
        let tags = tags.unwrap_or_default();
        Self { filename: Some(filename), name, project, tags, ..Self::default() }
    }
}

/// A place to upload to. Send the bytes with `PUT`, and nothing else, to `upload_url`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "upload_url": "http://localhost:8080/media/uploads/0190f2c4-d000-7d1b-8a55-0c2f6b0f4a11?e=1767225600&k=k1&s=AbC",
    "file_url": "http://localhost:8080/media/assets/0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11/original.jpg?e=1767225600&k=k1&s=AbC",
    "upload_method": "PUT", "expires_in_seconds": 900, "max_file_size": 52428800,
    "upload_id": "0190f2c4-d000-7d1b-8a55-0c2f6b0f4a11",
    "asset_id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11"
}))]
pub(in crate::native) struct PresignedUpload {
    /// Where the bytes are sent to.
    upload_url: String,
    /// Where the file will be. Wherever this API takes an image, it takes this address.
    file_url: String,
    /// Always `PUT`.
    upload_method: &'static str,
    /// How long the place stays open.
    expires_in_seconds: i64,
    /// In bytes.
    max_file_size: u64,
    /// Identifier of the place.
    #[schema(format = Uuid)]
    upload_id: String,
    /// The id that the asset will have.
    #[schema(format = Uuid)]
    asset_id: String,
}

impl PresignedUpload {
    /// The place as it is told at `now`.
    pub(in crate::native) fn of(
        place: &UploadPlace,
        links: &Links,
        now: Millis,
        bytes_max: u64,
    ) -> Self {
        let (upload_url, file_url) = links.upload(place);
        Self {
            upload_url,
            file_url,
            upload_method: "PUT",
            expires_in_seconds: (place.expires_at - now) / SECOND_MS,
            max_file_size: bytes_max,
            upload_id: place.id.to_string(),
            asset_id: place.asset_id.to_string(),
        }
    }
}

/// How far an upload is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload, example = json!({
    "id": "0190f2c4-d000-7d1b-8a55-0c2f6b0f4a11",
    "asset_id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11", "is_complete": true,
    "filename": "sneaker.jpg", "created_at": "2026-01-15T10:30:00.000Z",
    "expires_at": "2026-01-15T10:45:00.000Z"
}))]
pub(in crate::native) struct UploadBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// The asset that is, or will be, there.
    #[schema(format = Uuid)]
    asset_id: String,
    /// Whether the bytes have arrived.
    is_complete: bool,
    /// As the file is called.
    filename: String,
    /// When the place was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// Open until then.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<UploadState> for UploadBody {
    fn from(state: UploadState) -> Self {
        let UploadState { id, asset_id, is_complete, filename, expires_at, created_at } = state;
        Self {
            id: id.to_string(),
            asset_id: asset_id.to_string(),
            is_complete,
            filename,
            created_at: at(created_at),
            expires_at: at(expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_refused_before_it_is_sent() {
        let upload = |size: &str| {
            let json = format!(r#"{{"filename":"a.jpg","size":{size}}}"#);
            serde_json::from_str::<NewUpload>(&json).unwrap()
        };
        assert!(upload("null").fits(10).is_ok() && upload("10").fits(10).is_ok());
        let fault = upload("11").fits(10).unwrap_err();
        assert_eq!((fault.kind, &*fault.fields[0].path[1]), (Kind::TooLarge, "size"));
    }
}
