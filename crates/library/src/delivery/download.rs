//! An asset to take away: as it is, or a picture in another format.

use backlot_imaging::{Fit, OutputFormat};
use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::fault::FieldFault;
use backlot_model::media::MediaKind;
use backlot_model::{Fault, Id, Kind};

use super::Picture;
use super::rendition::{FormatChoice, TransformRequest};
use crate::Library;
use crate::authority::member;

/// How pictures are written for who takes them away, 1 to 100.
const QUALITY: u8 = 90;

const FORMATS: [OutputFormat; 4] =
    [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP, OutputFormat::Avif];

/// Where an asset can be fetched in the format that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Signed: path and query.
    pub path: String,
    /// What the bytes there are.
    pub mime_type: String,
}

impl Library {
    /// An address at which the asset's bytes can be fetched: as they are when no format is named or
    /// it has that one already, else in full size in that format, an extension such as `png`. What
    /// is made for it is kept as other sizes are.
    ///
    /// # Errors
    /// `asset-not-found`; `asset-busy` while its bytes are not there; `invalid` at
    /// `body.target_format` for what it cannot be had as, with what would be right; as
    /// [`Library::open`] for a picture that cannot be read.
    pub async fn download_asset(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        format: Option<&str>,
    ) -> Result<Download, Fault> {
        member(caller, Scope::Read)?;
        let asset = self.asset(caller, id).await?;
        let Some(digest) = asset.digest else {
            let said = "the asset has no bytes yet; download it when it is ready";
            return Err(Fault::new(Kind::Conflict, "asset-busy", said));
        };
        let path = self.original_path(&asset);
        let stored = asset.mime_type.clone().unwrap_or_default();
        let Some(word) = format else { return Ok(Download { path, mime_type: stored }) };
        let wanted = backlot_imaging::media_type(word);
        if wanted == Some(&*stored) {
            return Ok(Download { path, mime_type: stored });
        }
        let makes =
            |it: &&OutputFormat| asset.kind == MediaKind::Image && wanted == Some(it.media_type());
        let format = FORMATS.iter().find(makes).ok_or_else(|| refusal(&asset, word))?;
        let request = TransformRequest {
            width: None,
            height: None,
            fit: Fit::Inside,
            format: FormatChoice::Exactly(*format),
            quality: QUALITY,
        };
        let made = self.rendition(&asset, digest, Picture::Original, &request).await?;
        let path = format!("{path}&format={}&quality={QUALITY}", format.extension());
        Ok(Download { path, mime_type: made.mime_type })
    }
}

fn refusal(asset: &Asset, word: &str) -> Fault {
    let own = backlot_imaging::extension(asset.mime_type.as_deref().unwrap_or_default());
    let said = match asset.kind {
        MediaKind::Image => format!("this picture can be had as {own}, jpg, png, webp or avif"),
        kind => format!("this is {kind} and can only be had as it is, {own}"),
    };
    let fault = FieldFault::new("body.target_format", "enum", said).with_input(word);
    Fault::invalid_fields(vec![fault])
}
