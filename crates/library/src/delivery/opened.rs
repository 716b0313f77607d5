//! Whether a request may have bytes, and the bytes.

use std::ops::Range;

use backlot_model::account::Caller;
use backlot_model::asset::{Asset, Status, Visibility};
use backlot_model::media::Digest;
use backlot_model::policy::Operation;
use backlot_model::{Fault, Id, Kind, Millis};
use backlot_store::renditions;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::Picture;
use super::rendition::TransformRequest;
use crate::Library;
use crate::authority::{allow, asset_not_found};
use crate::signing::{Family, MediaTarget, Signature};

/// What bytes are asked for.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A picture of an asset.
    Asset {
        /// Which asset.
        id: Id<Asset>,
        /// Which picture.
        picture: Picture,
        /// How it is to be changed.
        transform: Option<TransformRequest>,
    },
    /// A temporary file, by its key.
    TempFile {
        /// Its key.
        key: String,
    },
}

/// Who asks, and with what.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who.
    pub caller: Caller,
    /// The signature of the address, if it has one.
    pub signature: Option<Signature>,
    /// What for.
    pub subject: Subject,
}

/// How long an answer may be kept, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// By everyone, with revalidation after five minutes.
    Public,
    /// By the caller alone, until then.
    Private {
        /// When the signature ends; `None` for a credential: ask each time.
        until: Option<Millis>,
    },
}

/// Bytes that may go out.
pub struct Opened {
    library: Library,
    source: Source,
    /// In bytes.
    pub size: u64,
    /// Their type.
    pub mime_type: String,
    /// A name for them when they are saved.
    pub filename: String,
    /// Strong: changes whenever the bytes would.
    pub etag: String,
    /// When they last changed.
    pub modified_at: Millis,
    /// How long they may be kept.
    pub freshness: Freshness,
}

#[derive(Debug, Clone)]
enum Source {
    Blob(Digest),
    Rendition(Digest, String),
}

impl Opened {
    /// The bytes, or a range of them.
    ///
    /// # Errors
    /// `blob-missing`; storage faults.
    pub async fn bytes(
        &self,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, std::io::Error>>, Fault> {
        let blobs = self.library.blobs();
        let read = match &self.source {
            Source::Blob(digest) => blobs.read(*digest, range).await,
            Source::Rendition(digest, name) => blobs.read_rendition(*digest, name, range).await,
        };
        let read = read.map_err(Fault::from)?;
        Ok(read.into_stream().map_err(std::io::Error::other).boxed())
    }
}

impl Library {
    /// Opens bytes for whoever may have them.
    ///
    /// # Errors
    /// `asset-not-found` and `file-not-found` for what is not there or not for him, whatever the
    /// signature; `expired` for a signature that was good; `asset-busy` for a picture that is still
    /// being made; `invalid` for a change that cannot be made.
    pub async fn open(&self, ask: &Ask) -> Result<Opened, Fault> {
        match &ask.subject {
            Subject::Asset { id, picture, transform } => {
                let asset = self.live_asset(*id).await?;
                let (family, freshness) = self.admit(ask, &asset)?;
                self.open_asset(&asset, *picture, transform.as_ref(), family, freshness).await
            }
            Subject::TempFile { key } => self.open_temp_file(ask, key).await,
        }
    }

    /// Which pictures of the asset the request may have, and for how long.
    fn admit(&self, ask: &Ask, asset: &Asset) -> Result<(Family, Freshness), Fault> {
        if asset.visibility == Visibility::Public {
            return Ok((Family::Original, Freshness::Public));
        }
        let by_credential = allow(&ask.caller, Operation::See, asset);
        let Some(signature) = &ask.signature else {
            by_credential?;
            return Ok((Family::Original, Freshness::Private { until: None }));
        };
        let target =
            MediaTarget::Asset { asset: asset.id.uuid(), access_epoch: asset.access_epoch };
        match self.signing().verify_media(&target, signature, self.now_ms()) {
            Ok(family) => Ok((family, Freshness::Private { until: Some(signature.expires_ms) })),
            Err(_) if by_credential.is_ok() => {
                Ok((Family::Original, Freshness::Private { until: None }))
            }
            // A good signature proves that its holder knew of the asset; a bad one proves nothing.
            Err(fault) if fault.code == "expired" => Err(fault),
            Err(_) => Err(asset_not_found()),
        }
    }

    async fn open_asset(
        &self,
        asset: &Asset,
        picture: Picture,
        transform: Option<&TransformRequest>,
        family: Family,
        freshness: Freshness,
    ) -> Result<Opened, Fault> {
        if !family.opens(picture.family()) {
            return Err(asset_not_found());
        }
        let Some(digest) = asset.digest else {
            let said = "the picture is not there yet";
            return Err(Fault::new(Kind::Conflict, "asset-busy", said));
        };
        if let Some(transform) = transform {
            let made = self.rendition(asset, digest, picture, transform).await?;
            return Ok(self.opened_rendition(asset, digest, made, freshness));
        }
        if picture == Picture::Original {
            return Ok(Opened {
                library: self.clone(),
                source: Source::Blob(digest),
                size: asset.size.unwrap_or_default(),
                mime_type: asset.mime_type.clone().unwrap_or_default(),
                filename: asset.filename.clone(),
                etag: format!("{:.32}", digest.to_string()),
                modified_at: asset.created_at,
                freshness,
            });
        }
        let found = renditions::get(self.db(), digest, picture.word()).await?;
        let stored = match found {
            Some(stored) => stored,
            None if asset.status == Status::Processing => {
                // Its address was given out before the thumbnail is made: make one like it.
                let like_it = TransformRequest::thumbnail();
                self.rendition(asset, digest, picture, &like_it).await?
            }
            None => {
                let said = "this asset has no such picture";
                return Err(Fault::new(Kind::NotFound, "file-not-found", said));
            }
        };
        Ok(self.opened_rendition(asset, digest, stored, freshness))
    }

    fn opened_rendition(
        &self,
        asset: &Asset,
        digest: Digest,
        rendition: renditions::Rendition,
        freshness: Freshness,
    ) -> Opened {
        let stem = asset.filename.rsplit_once('.').map_or(&*asset.filename, |(stem, _)| stem);
        let extension = backlot_imaging::extension(&rendition.mime_type);
        Opened {
            library: self.clone(),
            size: rendition.size,
            filename: format!("{stem}-{}.{extension}", rendition.name),
            etag: format!("{:.32}-{}-{}", digest.to_string(), rendition.name, rendition.size),
            mime_type: rendition.mime_type,
            modified_at: asset.created_at,
            source: Source::Rendition(digest, rendition.name),
            freshness,
        }
    }

    async fn open_temp_file(&self, ask: &Ask, key: &str) -> Result<Opened, Fault> {
        let file = self.temp_file(key).await?;
        let target = MediaTarget::Temporary { key: key.to_owned() };
        let gone = || Fault::new(Kind::NotFound, "file-not-found", "file not found");
        let signature = ask.signature.as_ref().ok_or_else(gone)?;
        self.signing().verify_media(&target, signature, self.now_ms()).map_err(|_| gone())?;
        Ok(Opened {
            library: self.clone(),
            source: Source::Blob(file.digest),
            size: file.size,
            mime_type: file.mime_type,
            filename: file.filename,
            etag: format!("{:.32}", file.digest.to_string()),
            modified_at: file.created_at,
            freshness: Freshness::Private { until: Some(file.expires_at) },
        })
    }
}
