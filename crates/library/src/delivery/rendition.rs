//! Pictures of other sizes and formats, made when asked for, kept while they are used.

use backlot_imaging::{
    Deadline, Fit, OutputFormat, Transform, decode_bytes, side_px_max, transform,
};
use backlot_model::Fault;
use backlot_model::asset::Asset;
use backlot_model::clock::HOUR_MS;
use backlot_model::limits::{THUMB_BIG_PX, THUMB_SMALL_PX};
use backlot_model::media::{Digest, MediaKind};
use backlot_store::blobs::Keep;
use backlot_store::renditions::{self, Rendition};

use super::Picture;
use crate::Library;
use crate::context::{Turn, blocking};

/// The sizes that are made, in pixels. A size between two steps becomes the greater, so that no
/// caller can have a rendition made for every number.
pub const SIZE_LADDER: [u32; 14] =
    [16, 32, 64, 96, 128, 192, 256, 320, 512, 768, 1_024, 1_536, 2_048, 4_096];

/// How long somebody who asks for a picture waits for a place to have it made in, in milliseconds.
const WAIT_MS: u64 = 10_000;

/// Which format is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatChoice {
    /// This one.
    Exactly(OutputFormat),
    /// As the picture is, where it can be written so; else JPEG or, with transparency, WebP.
    Same,
}

/// How a picture is to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformRequest {
    /// In pixels; rounded up to the ladder, never above the original.
    pub width: Option<u32>,
    /// In pixels; rounded up to the ladder, never above the original.
    pub height: Option<u32>,
    /// How the picture fills the size.
    pub fit: Fit,
    /// In which format.
    pub format: FormatChoice,
    /// 1 to 100; rounded up to a multiple of five.
    pub quality: u8,
}

impl TransformRequest {
    /// As the stored thumbnails are made, up to the bound of their family.
    pub(super) const fn thumbnail() -> Self {
        Self {
            width: None,
            height: None,
            fit: Fit::Inside,
            format: FormatChoice::Same,
            quality: 80,
        }
    }
}

impl Library {
    /// The rendition, made now if it is not there. Who comes while it is being made waits for it.
    pub(super) async fn rendition(
        &self,
        asset: &Asset,
        digest: Digest,
        picture: Picture,
        request: &TransformRequest,
    ) -> Result<Rendition, Fault> {
        if asset.kind != MediaKind::Image {
            let said = format!("only pictures can be changed; this is {}", asset.kind);
            return Err(Fault::invalid("query.width", "type", said));
        }
        let plan = plan(asset, picture, request);
        let name = plan.name();
        if let Some(found) = self.cached(digest, &name).await? {
            return Ok(found);
        }
        let _turn = self.rendition_turn(digest, &name).await;
        if let Some(found) = self.cached(digest, &name).await? {
            return Ok(found);
        }
        self.make(asset, digest, plan, name).await
    }

    /// A turn at the row and the file of a rendition. Take it before a transaction.
    pub(crate) async fn rendition_turn(&self, digest: Digest, name: &str) -> Turn {
        self.turns().take(&format!("{digest}/{name}")).await
    }

    /// The rendition if it is there, row and file: another process may just have dropped it.
    async fn cached(&self, digest: Digest, name: &str) -> Result<Option<Rendition>, Fault> {
        let Some(found) = renditions::get(self.db(), digest, name).await? else { return Ok(None) };
        if self.blobs().rendition_modified_ms(digest, name).await?.is_none() {
            return Ok(None);
        }
        renditions::touch(self.db(), digest, name, self.now_ms(), HOUR_MS).await?;
        Ok(Some(found))
    }

    async fn make(
        &self,
        asset: &Asset,
        digest: Digest,
        plan: Plan,
        name: String,
    ) -> Result<Rendition, Fault> {
        let _place = self.decoding().turn_within(WAIT_MS).await?;
        let size = asset.size.unwrap_or_default();
        let bytes = self.blobs().read_all(digest, size).await.map_err(Fault::from)?;
        let probed = self.probe(&bytes).await??;
        let edge_px = side_px_max(plan.width, plan.height);
        let _room = self.decoding().room(decode_bytes(&probed, edge_px)).await?;
        let (clock, decode_ms_max) = (self.clock(), self.config().uploads.decode_ms_max);
        let made = blocking(move || {
            let deadline = Deadline::after(&*clock, decode_ms_max);
            transform(&bytes, &probed, &plan.within(deadline))
        })
        .await?;
        let made = made.map_err(Fault::from)?;
        let rendition = Rendition {
            name,
            mime_type: made.media_type.to_owned(),
            size: made.bytes.len() as u64,
            width: made.width,
            height: made.height,
            is_cached: true,
        };
        self.blobs()
            .put_rendition(digest, &rendition.name, made.bytes.into(), Keep::Loosely)
            .await
            .map_err(Fault::from)?;
        let tx = self.db().begin().await?;
        renditions::put(&tx, digest, &rendition, self.now_ms()).await?;
        tx.commit().await?;
        Ok(rendition)
    }

    /// Drops the least recently used renditions until the rest is within its bound; how many went.
    ///
    /// # Errors
    /// Storage and database faults.
    pub async fn trim_renditions(&self) -> Result<u64, Fault> {
        let mut gone = 0;
        let mut taken = renditions::cached_bytes(self.db()).await?;
        while taken > self.config().rendition_cache_bytes {
            let oldest = renditions::least_recently_used(self.db(), 100).await?;
            if oldest.is_empty() {
                break;
            }
            for (digest, rendition) in oldest {
                if taken <= self.config().rendition_cache_bytes {
                    break;
                }
                let _turn = self.rendition_turn(digest, &rendition.name).await;
                let tx = self.db().begin().await?;
                renditions::remove(&tx, digest, &rendition.name).await?;
                // Before the commit: afterwards it may be the file of a new row.
                self.blobs().delete_rendition(digest, &rendition.name).await?;
                tx.commit().await?;
                taken = taken.saturating_sub(rendition.size);
                gone += 1;
            }
        }
        Ok(gone)
    }
}

/// The change as it will be made: sizes on the ladder and within what the signature opens.
fn plan(asset: &Asset, picture: Picture, request: &TransformRequest) -> Plan {
    let bound = match picture {
        Picture::Original => u32::MAX,
        Picture::Small => THUMB_SMALL_PX,
        Picture::Big => THUMB_BIG_PX,
    };
    let (own_width, own_height) = (asset.width.unwrap_or(bound), asset.height.unwrap_or(bound));
    let mut width = request.width.map(|it| on_ladder(it).min(own_width).min(bound));
    let height = request.height.map(|it| on_ladder(it).min(own_height).min(bound));
    let mut height = height;
    if width.is_none() && height.is_none() && bound != u32::MAX {
        // A thumbnail is bounded by its longest side.
        (width, height) = (Some(own_width.min(bound)), Some(own_height.min(bound)));
    }
    let format = match request.format {
        FormatChoice::Exactly(format) => format,
        FormatChoice::Same => match asset.mime_type.as_deref() {
            Some("image/jpeg") => OutputFormat::Jpeg,
            Some("image/png") => OutputFormat::Png,
            Some("image/avif") => OutputFormat::Avif,
            _ => OutputFormat::WebP,
        },
    };
    let quality = request.quality.clamp(1, 100).div_ceil(5) * 5;
    Plan { width, height, fit: request.fit, format, quality }
}

fn on_ladder(wanted: u32) -> u32 {
    let last = SIZE_LADDER[SIZE_LADDER.len() - 1];
    SIZE_LADDER.into_iter().find(|step| *step >= wanted).unwrap_or(last)
}

/// A change whose every number is settled; its name tells renditions apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    width: Option<u32>,
    height: Option<u32>,
    fit: Fit,
    format: OutputFormat,
    quality: u8,
}

impl Plan {
    fn within(self, deadline: Deadline<'_>) -> Transform<'_> {
        let Self { width, height, fit, format, quality } = self;
        Transform { width, height, fit, format, quality, deadline }
    }

    fn name(&self) -> String {
        let side = |px: Option<u32>| px.map_or_else(|| "auto".to_owned(), |px| px.to_string());
        let fit = match self.fit {
            Fit::Contain => "contain",
            Fit::Cover => "cover",
            Fit::Fill => "fill",
            Fit::Inside => "inside",
        };
        let format = match self.format {
            OutputFormat::Jpeg => "jpg",
            OutputFormat::Png => "png",
            OutputFormat::WebP => "webp",
            OutputFormat::Avif => "avif",
        };
        let quality = self.quality;
        format!("{}x{}-{fit}-q{quality}.{format}", side(self.width), side(self.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_step_up_and_end_at_the_top() {
        assert_eq!(on_ladder(1), 16);
        assert_eq!(on_ladder(256), 256);
        assert_eq!(on_ladder(257), 320);
        assert_eq!(on_ladder(90_000), 4_096);
    }
}
