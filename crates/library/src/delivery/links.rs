//! The addresses of pictures, without scheme and host, which only the edge knows.

use backlot_model::Id;
use backlot_model::asset::{Asset, Status};
use backlot_model::media::MediaKind;

use crate::Library;
use crate::signing::{Family, MediaGrant, MediaTarget, expiry_for};
use crate::temp_files::TempFile;
use crate::uploads::{Upload, UploadPart, UploadPlace};

/// Where bytes are sent to.
pub const UPLOADS_PATH: &str = "/media/uploads";

/// Which picture of an asset an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// The bytes as they came in.
    Original,
    /// The stored thumbnail of at most 320 pixels.
    Small,
    /// The stored thumbnail of at most 1024 pixels.
    Big,
}

impl Picture {
    /// The word in the address, and the name among the renditions.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Small => "small",
            Self::Big => "big",
        }
    }

    /// The picture that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Original, Self::Small, Self::Big].into_iter().find(|it| it.word() == word)
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Original => Family::Original,
            Self::Small | Self::Big => Family::Thumbs,
        }
    }
}

impl Library {
    /// The signed address of a picture: path and query. The same for a day. While an asset is
    /// processing its pictures have their addresses already.
    ///
    /// `None` for what will not be there: thumbnails of what has none, bytes that never came.
    #[must_use]
    pub fn picture_path(&self, asset: &Asset, picture: Picture) -> Option<String> {
        let to_come = asset.status == Status::Processing;
        let there = match picture {
            Picture::Original => asset.digest.is_some() || to_come,
            Picture::Small | Picture::Big => {
                asset.has_thumbnails || (to_come && asset.kind == MediaKind::Image)
            }
        };
        there.then(|| self.signed_picture_path(asset, picture))
    }

    /// The signed address of an asset's bytes, even if they will never come; for wire formats in
    /// which every asset has an address. Path and query.
    #[must_use]
    pub fn original_path(&self, asset: &Asset) -> String {
        self.signed_picture_path(asset, Picture::Original)
    }

    fn signed_picture_path(&self, asset: &Asset, picture: Picture) -> String {
        let named = asset.mime_type.as_deref().filter(|_| picture == Picture::Original);
        self.signed_path(asset.id, asset.access_epoch, picture, named)
    }

    /// The signed address at which an upload's asset will be, once its bytes have arrived: path
    /// and query.
    #[must_use]
    pub fn promised_path(&self, place: &UploadPlace) -> String {
        self.signed_path(place.asset_id, 0, Picture::Original, Some(&place.content_type))
    }

    fn signed_path(
        &self,
        id: Id<Asset>,
        access_epoch: i64,
        picture: Picture,
        mime_type: Option<&str>,
    ) -> String {
        let grant = MediaGrant {
            target: MediaTarget::Asset { asset: id.uuid(), access_epoch },
            family: picture.family(),
            expires_ms: expiry_for(self.now_ms(), self.config().signed_url_ttl_ms),
        };
        let (word, query) = (picture.word(), self.signing().sign_media(&grant).query());
        match mime_type.map(backlot_imaging::extension) {
            Some(extension) => format!("/media/assets/{id}/{word}.{extension}?{query}"),
            None => format!("/media/assets/{id}/{word}?{query}"),
        }
    }

    /// The signed address that the bytes of an upload are to be sent to: path and query.
    #[must_use]
    pub fn upload_path(&self, place: &UploadPlace) -> String {
        format!("{UPLOADS_PATH}/{}?{}", place.id, place.signature.query())
    }

    /// The signed address that a part of an upload is to be sent to: path and query.
    #[must_use]
    pub fn part_path(&self, upload: Id<Upload>, part: &UploadPart) -> String {
        let (number, query) = (part.number, part.signature.query());
        format!("{UPLOADS_PATH}/{upload}/parts/{number}?{query}")
    }

    /// The signed address of a temporary file; good until the file ends.
    #[must_use]
    pub fn temp_file_path(&self, file: &TempFile) -> String {
        let grant = MediaGrant {
            target: MediaTarget::Temporary { key: file.key.clone() },
            family: Family::Original,
            expires_ms: file.expires_at,
        };
        let query = self.signing().sign_media(&grant).query();
        let extension = backlot_imaging::extension(&file.mime_type);
        format!("/media/files/{}.{extension}?{query}", file.key)
    }

    /// The asset that an address of ours names, whatever its query; `None` for other addresses.
    #[must_use]
    pub fn asset_named_by(path: &str) -> Option<Id<Asset>> {
        let rest = path.strip_prefix("/media/assets/")?;
        Id::parse(rest.split(['/', '?']).next()?)
    }
}
