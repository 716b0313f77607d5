//! Bytes on their way in: written, hashed, named and measured, not yet an asset.

use backlot_imaging::{ImageFault, Limits, Probe, SNIFF_BYTES, Sniffed, probe, probe_other, sniff};
use backlot_model::Fault;
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_store::blobs::{BlobError, Staged, Staging};
use bytes::Bytes;

use super::accepts::{FILE, too_large};
use super::{Accepts, Stage};
use crate::Library;
use crate::context::blocking;

/// An upload under way. Dropping it leaves nothing behind.
pub struct Intake {
    library: Library,
    staging: Staging,
    accepts: Accepts,
    head: Vec<u8>,
    written: u64,
    bytes_max: u64,
    named: bool,
    _stage: Stage,
}

/// Bytes that have arrived whole, are of an accepted type and within every limit that a header
/// shows. Dropping them leaves nothing behind.
pub struct Received {
    pub(crate) staged: Staged,
    pub(crate) facts: Facts,
    pub(crate) extension: &'static str,
}

impl Received {
    /// The type sniffed from the bytes.
    #[must_use]
    pub fn mime_type(&self) -> &str {
        &self.facts.mime_type
    }

    /// Which kind of medium the bytes are.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        self.facts.kind
    }

    /// In bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.facts.size
    }

    /// The SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.staged.digest()
    }
}

impl Intake {
    pub(super) fn new(library: Library, staging: Staging, accepts: Accepts) -> Self {
        let bytes_max = accepts.bytes_max();
        let head = Vec::with_capacity(SNIFF_BYTES);
        Self {
            library,
            staging,
            accepts,
            head,
            written: 0,
            bytes_max,
            named: false,
            _stage: Stage::begin("receive"),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `unsupported-media` and `too-large` as soon as they show; storage faults.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.written += bytes.len() as u64;
        let wanted = SNIFF_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        if !self.named && self.head.len() == SNIFF_BYTES {
            self.name()?;
        }
        if self.written > self.bytes_max {
            return Err(too_large(self.bytes_max, FILE));
        }
        self.staging.write(&bytes).await.map_err(Fault::from)
    }

    /// All bytes are here.
    ///
    /// # Errors
    /// `invalid` when there are none, `unsupported-media`, `too-large`, `too-many-pixels`,
    /// `bytes-truncated`; storage faults.
    pub async fn finish(mut self) -> Result<Received, Fault> {
        if self.written == 0 {
            return Err(Fault::invalid("body.file", "missing", "the file has no bytes"));
        }
        let sniffed = self.name()?;
        if self.written > self.bytes_max {
            return Err(too_large(self.bytes_max, FILE));
        }
        let staged = self.staging.finish().await.map_err(Fault::from)?;
        let facts = measure(&self.library, &staged, &sniffed).await?;
        Ok(Received { staged, facts, extension: sniffed.extension })
    }

    fn name(&mut self) -> Result<Sniffed, Fault> {
        let sniffed = sniff(&self.head);
        self.bytes_max = self.accepts.bytes_max_of(sniffed.as_ref())?;
        self.named = true;
        sniffed.ok_or_else(|| Fault::internal("an accepted type has a name"))
    }
}

impl Library {
    /// Reads a picture's header under the limits of uploads, off the async threads: it may have to
    /// walk the whole file.
    pub(crate) async fn probe(&self, bytes: &Bytes) -> Result<Result<Probe, ImageFault>, Fault> {
        let limits = Limits::from(&self.config().uploads);
        let bytes = bytes.clone();
        blocking(move || probe(&bytes, &limits)).await
    }
}

/// The facts that a header gives, and the refusal of what is over a limit.
async fn measure(library: &Library, staged: &Staged, sniffed: &Sniffed) -> Result<Facts, Fault> {
    let size = staged.size();
    let sniffed = *sniffed;
    if sniffed.kind != MediaKind::Image {
        let path = staged.path().to_owned();
        return blocking(move || Ok(other_facts(&sniffed, size, &mut std::fs::File::open(path)?)))
            .await?
            .map_err(|error: std::io::Error| Fault::from(BlobError::from(error)));
    }
    let _room = library.decoding().room(size).await?;
    let bytes = staged.bytes(size).await.map_err(Fault::from)?;
    let probed = library.probe(&bytes).await?;
    let probed = probed.map_err(|fault| Fault::from(fault).at(FILE, "content"))?;
    Ok(picture_facts(&sniffed, size, &probed))
}

fn picture_facts(sniffed: &Sniffed, size: u64, probe: &Probe) -> Facts {
    Facts {
        kind: MediaKind::Image,
        mime_type: sniffed.media_type.to_owned(),
        size,
        width: Some(probe.width),
        height: Some(probe.height),
        orientation: Some(probe.orientation),
        dominant_color: None,
        color_profile: probe.color_profile.clone(),
        thumbhash: None,
        perceptual_hash: None,
        animated: probe.is_animated(),
        duration_ms: probe.duration_ms.and_then(|ms| i64::try_from(ms).ok()),
    }
}

fn other_facts(sniffed: &Sniffed, size: u64, file: &mut std::fs::File) -> Facts {
    let found = probe_other(file, sniffed);
    Facts {
        kind: sniffed.kind,
        mime_type: sniffed.media_type.to_owned(),
        size,
        width: found.width,
        height: found.height,
        orientation: None,
        dominant_color: None,
        color_profile: None,
        thumbhash: None,
        perceptual_hash: None,
        animated: false,
        duration_ms: found.duration_ms.and_then(|ms| i64::try_from(ms).ok()),
    }
}
