//! Places to upload to.

use backlot_library::assets::NewAsset;
use backlot_library::uploads::{
    self, UploadFrom, UploadKind, UploadPart, UploadPlace, UploadState,
};
use backlot_model::clock::SECOND_MS;
use backlot_model::{Fault, Kind, Millis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::at;
use super::create::NewAssetFields;
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

/// Where the bytes of an upload come from: `parts` or `url`.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = UploadBytes, example = json!({
    "filename": "clip.mp4", "kind": "video", "parts": 3, "size": 31457280
}))]
pub(in crate::native) struct UploadAskedBytes {
    /// Which sort of file it is to be: `asset` (any, the default), `image`, `avatar`, `video`,
    /// `audio`, `3d` or `text`.
    kind: Option<String>,
    /// In how many parts it comes.
    #[schema(minimum = 1, maximum = 10_000)]
    parts: Option<u32>,
    /// In bytes, all parts together; what comes is held against it.
    #[schema(minimum = 0)]
    size: Option<u64>,
    /// The type that the client expects; the bytes overrule it.
    #[schema(max_length = 255)]
    content_type: Option<String>,
    /// Where the file is fetched from, by http or https; an address of ours names its asset.
    #[schema(max_length = 8192)]
    url: Option<String>,
}

impl UploadAskedBytes {
    /// The upload as the library knows it.
    pub(in crate::native) fn with(
        self,
        said: NewAssetFields,
        links: &Links,
    ) -> Result<uploads::NewUpload, Fault> {
        let Self { kind, parts, size, content_type, url } = self;
        let kind = match kind.as_deref() {
            None => UploadKind::Asset,
            Some(word) => UploadKind::parse(word).ok_or_else(|| {
                let words: Vec<_> = UploadKind::ALL.iter().map(|it| it.word()).collect();
                Fault::invalid("body.kind", "enum", format!("must be one of {}", words.join(", ")))
            })?,
        };
        let from = match (parts, url) {
            (Some(count), None) => UploadFrom::Parts { count, size, content_type },
            (None, Some(url)) => match links.asset_at(&url) {
                Some(id) => UploadFrom::Asset(id),
                None => UploadFrom::Url(url),
            },
            (Some(_), Some(_)) => {
                let said = "must not be given together with `parts`";
                return Err(Fault::invalid("body.url", "type", said));
            }
            (None, None) => {
                let said = "`parts` or `url` is required";
                return Err(Fault::invalid("body.parts", "missing", said));
            }
        };
        Ok(uploads::NewUpload { kind, from, new: said.into() })
    }
}

/// How far an upload is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upload, example = json!({
    "id": "0190f2c4-d000-7d1b-8a55-0c2f6b0f4a11",
    "asset_id": "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11", "is_complete": true,
    "status": "imported", "source": "put", "kind": "image", "error": null,
    "filename": "sneaker.jpg", "content_type": "image/jpeg", "size": 482113,
    "url": null, "parts_count": 0, "parts": [], "created_at": "2026-01-15T10:30:00.000Z",
    "updated_at": "2026-01-15T10:30:02.000Z", "expires_at": "2026-01-15T10:45:00.000Z"
}))]
pub(in crate::native) struct UploadBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// The asset that is, or will be, there.
    #[schema(format = Uuid)]
    asset_id: String,
    /// Whether the asset is there.
    is_complete: bool,
    /// How far it is: `pending`, `validating`, `validated`, `imported` or `failed`.
    status: &'static str,
    /// How the bytes come: `put`, `parts`, `url` or `asset`.
    source: &'static str,
    /// Which sort of file it is to be.
    kind: &'static str,
    /// Why it failed.
    error: Option<String>,
    /// As the file is called.
    filename: String,
    /// The type that the client expects.
    content_type: String,
    /// In bytes: as announced, then as found.
    size: Option<u64>,
    /// Where the file is fetched from.
    url: Option<String>,
    /// In how many parts it comes; 0 when it does not come in parts.
    parts_count: u32,
    /// Where each part is sent to, while the upload awaits them.
    parts: Vec<PartBody>,
    /// When the place was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Open until then.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Where one part is sent to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UploadPart)]
pub(in crate::native) struct PartBody {
    /// Its place, from 1.
    number: u32,
    /// Send its bytes with `PUT`, and nothing else, to this address.
    url: String,
}

impl UploadBody {
    /// The upload as it is told.
    pub(in crate::native) fn of(state: UploadState, links: &Links) -> Self {
        let part =
            |part: &UploadPart| PartBody { number: part.number, url: links.part(state.id, part) };
        Self {
            id: state.id.to_string(),
            asset_id: state.asset_id.to_string(),
            is_complete: state.is_complete(),
            status: state.status.word(),
            source: state.source.word(),
            kind: state.kind.word(),
            parts_count: state.parts_count,
            parts: state.parts.iter().map(part).collect(),
            error: state.error,
            filename: state.filename,
            content_type: state.content_type,
            size: state.size,
            url: state.url,
            created_at: at(state.created_at),
            updated_at: at(state.updated_at),
            expires_at: at(state.expires_at),
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
