//! What pictures look like, and which look alike.
//!
//! Owns: the seam [`Similarity`] with its two sorts: perceptual hashes, which every picture has,
//! and embeddings, when the operator brings an image encoder.
//! Invariants: only what the caller can list is looked at; memory is bounded by what is kept of
//! the best, however many pictures there are.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use backlot_imaging::{
    Deadline, ImageFault, Limits, Preview, ProcessOptions, Processed, decode_bytes, probe, process,
};
use backlot_model::asset::Asset;
use backlot_model::limits::{MIB, THUMB_BIG_PX};
use backlot_model::media::Digest;
use backlot_model::query::{Filter, Reach};
use backlot_model::{Fault, Id, Kind};
use backlot_store::assets::{self, Likeness, Signature, hash_similarity};
use backlot_store::{blob_rows, embeddings};
use bytes::Bytes;
use futures::future::BoxFuture;

use crate::Library;
use crate::context::blocking;

/// So many of the likest are found at most.
pub const LIKEST_MAX: u32 = 1_000;
/// In how many bits perceptual hashes may differ to count as alike.
const BITS_MAX: u32 = assets::DISTANCE_MAX;
/// How many assets are measured by one statement.
const BATCH: u32 = 4_096;
/// Longest side of what encoders see, in pixels.
pub(crate) const PREVIEW_PX: u32 = 640;
/// More than any stored thumbnail has.
const THUMB_BYTES_MAX: u64 = 16 * MIB;

/// Turns a picture into a direction in which pictures like it lie. Runs off the async threads.
pub trait Encoder: Send + Sync {
    /// Name and version. Vectors of different names are never compared.
    fn name(&self) -> &str;

    /// A vector of any length; none when it could not be made this time.
    fn encode(&self, preview: &Preview) -> Option<Vec<f32>>;
}

/// A picture to compare with.
#[derive(Debug, Clone)]
pub(crate) enum Picture {
    /// One that is stored and has thumbnails.
    Stored(Digest),
    /// One that is only asked about.
    Loose(Bytes),
}

/// What a picture looks like, in the terms of one [`Similarity`].
pub(crate) type Look = Vec<u8>;

/// What is looked for.
pub(crate) struct Wanted<'a> {
    pub(crate) reach: &'a Reach,
    pub(crate) filter: &'a Filter,
    /// Looks to be near to; with none, everything is.
    pub(crate) like: Vec<Look>,
    /// Looks to be far from.
    pub(crate) unlike: Vec<Look>,
}

/// The likest assets, the likest first, and how many were found alike in all.
pub(crate) struct Likest {
    pub(crate) ranked: Vec<(Id<Asset>, f32)>,
    pub(crate) total: u64,
}

/// A way to tell which pictures look alike.
pub(crate) trait Similarity: Send + Sync {
    /// What the picture looks like; none when that is not known.
    fn look<'a>(
        &'a self,
        library: &'a Library,
        picture: &'a Picture,
    ) -> BoxFuture<'a, Result<Option<Look>, Fault>>;

    /// At most [`LIKEST_MAX`] assets; the greater the number, the more alike; 1 is the same.
    fn rank<'a>(
        &'a self,
        library: &'a Library,
        wanted: Wanted<'a>,
    ) -> BoxFuture<'a, Result<Likest, Fault>>;
}

/// By perceptual hashes: finds copies, crops of little and other sizes, not other pictures of the
/// same thing.
pub(crate) struct ByHash;

/// By what an image encoder makes of pictures.
pub(crate) struct ByEmbedding(pub(crate) Arc<dyn Encoder>);

impl Similarity for ByHash {
    fn look<'a>(
        &'a self,
        library: &'a Library,
        picture: &'a Picture,
    ) -> BoxFuture<'a, Result<Option<Look>, Fault>> {
        Box::pin(async move {
            let hash = match picture {
                Picture::Stored(digest) => {
                    let facts = blob_rows::facts(library.db(), *digest).await?;
                    facts.and_then(|(facts, ..)| facts.perceptual_hash)
                }
                Picture::Loose(bytes) => {
                    Some(library.looked_at(bytes.clone(), None).await?.perceptual_hash)
                }
            };
            Ok(hash.map(|hash| hash.to_be_bytes().to_vec()))
        })
    }

    fn rank<'a>(
        &'a self,
        library: &'a Library,
        wanted: Wanted<'a>,
    ) -> BoxFuture<'a, Result<Likest, Fault>> {
        Box::pin(async move {
            let Wanted { reach, filter, like, unlike } = wanted;
            let hashes = |looks: Vec<Look>| -> Vec<u64> {
                let read = |look: &Look| look.as_slice().try_into().map(u64::from_be_bytes).ok();
                looks.iter().filter_map(read).collect()
            };
            let (like, unlike) = (hashes(like), hashes(unlike));
            if like.is_empty() {
                let measure = move |hash: u64| {
                    let nearest = unlike.iter().map(|it| hash_similarity(hash, *it));
                    1.0 - nearest.fold(0.0, f32::max)
                };
                return library.scan(reach, filter, Signature::Hash(Arc::new(measure))).await;
            }
            let likeness = Likeness { like, unlike, distance_max: BITS_MAX };
            let near = assets::near_duplicates(library.db(), reach, filter, &likeness, LIKEST_MAX);
            let alike = |bits: u32| hash_similarity(0, !(u64::MAX << bits));
            let near = near.await?.into_iter().map(|(asset, bits)| (asset.id, alike(bits)));
            let ranked: Vec<_> = near.collect();
            Ok(Likest { total: ranked.len() as u64, ranked })
        })
    }
}

impl Similarity for ByEmbedding {
    fn look<'a>(
        &'a self,
        library: &'a Library,
        picture: &'a Picture,
    ) -> BoxFuture<'a, Result<Option<Look>, Fault>> {
        Box::pin(async move {
            if let Picture::Stored(digest) = picture {
                let known = embeddings::get(library.db(), *digest, self.0.name()).await?;
                if known.is_some() {
                    return Ok(known);
                }
            }
            let preview = match picture {
                Picture::Stored(digest) => library.preview_of(*digest).await?,
                Picture::Loose(bytes) => {
                    library.looked_at(bytes.clone(), Some(PREVIEW_PX)).await?.preview
                }
            };
            let Some(preview) = preview else { return Ok(None) };
            let encoder = Arc::clone(&self.0);
            let vector = blocking(move || encoder.encode(&preview)).await?;
            Ok(vector.and_then(|vector| quantized(&vector)))
        })
    }

    fn rank<'a>(
        &'a self,
        library: &'a Library,
        wanted: Wanted<'a>,
    ) -> BoxFuture<'a, Result<Likest, Fault>> {
        Box::pin(async move {
            let towards = direction(&wanted.like, &wanted.unlike);
            let measure = move |vector: &[u8]| alignment(&towards, vector);
            let signature = Signature::Embedding(self.0.name().to_owned(), Arc::new(measure));
            library.scan(wanted.reach, wanted.filter, signature).await
        })
    }
}

impl Library {
    /// Measures everything there is to be found, and keeps the best.
    async fn scan(
        &self,
        reach: &Reach,
        filter: &Filter,
        signature: Signature,
    ) -> Result<Likest, Fault> {
        // One walk at a time, so that questions of this sort never take more than one reader.
        let _turn = self.one_at_a_time("likeness").await;
        let mut best = Best::default();
        let mut after = None;
        let mut total = 0;
        loop {
            let batch = assets::scan(self.db(), reach, filter, &signature, after.as_ref(), BATCH);
            let batch = batch.await?;
            total += batch.measured.len() as u64;
            batch.measured.into_iter().for_each(|(id, alike)| best.offer(id, alike));
            match batch.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(Likest { ranked: best.ranked(), total: total.min(u64::from(LIKEST_MAX)) })
    }

    /// The pixels of a stored picture, small; none when it has no thumbnails.
    pub(crate) async fn preview_of(&self, digest: Digest) -> Result<Option<Preview>, Fault> {
        let read = self.blobs().read_rendition(digest, "big", None).await.map_err(Fault::from)?;
        let thumb = read.bytes(THUMB_BYTES_MAX).await.map_err(Fault::from)?;
        let limits = Limits::from(&self.config().uploads);
        blocking(move || {
            let probed = probe(&thumb, &limits).ok()?;
            let options = ProcessOptions {
                thumb_edges_px: Vec::new(),
                preview_edge_px: Some(PREVIEW_PX),
                ..ProcessOptions::default()
            };
            process(&thumb, &probed, &options).ok()?.preview
        })
        .await
    }

    /// What is to be seen on a picture that is not stored, under the limits of all pictures.
    async fn looked_at(&self, bytes: Bytes, preview_px: Option<u32>) -> Result<Processed, Fault> {
        let refused = |fault: ImageFault| Fault::from(fault);
        if bytes.len() as u64 > self.config().uploads.image_bytes_max {
            let said = "the picture to compare with is larger than pictures may be";
            return Err(Fault::new(Kind::TooLarge, "too-large", said));
        }
        let limits = Limits::from(&self.config().uploads);
        let probed = probe(&bytes, &limits).map_err(refused)?;
        let _place = self.decoding().turn_within(LOOK_WAIT_MS).await?;
        let _room = self.decoding().room(decode_bytes(&probed, THUMB_BIG_PX)).await?;
        let (clock, decode_ms_max) = (self.clock(), self.config().uploads.decode_ms_max);
        blocking(move || {
            let options = ProcessOptions {
                thumb_edges_px: Vec::new(),
                preview_edge_px: preview_px,
                deadline: Deadline::after(&*clock, decode_ms_max),
                ..ProcessOptions::default()
            };
            process(&bytes, &probed, &options)
        })
        .await?
        .map_err(refused)
    }
}

/// How long a question waits for a place to decode in, in milliseconds.
const LOOK_WAIT_MS: u64 = 5_000;

/// The likest so far.
#[derive(Default)]
struct Best(BinaryHeap<Reverse<Ranked>>);

struct Ranked(f32, Id<Asset>);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl Best {
    fn offer(&mut self, id: Id<Asset>, alike: f32) {
        self.0.push(Reverse(Ranked(alike, id)));
        if self.0.len() > LIKEST_MAX as usize {
            self.0.pop();
        }
    }

    /// The likest first; of equals, the newest.
    fn ranked(self) -> Vec<(Id<Asset>, f32)> {
        let sorted = self.0.into_sorted_vec();
        sorted.into_iter().map(|Reverse(Ranked(alike, id))| (id, alike)).collect()
    }
}

/// A vector as one signed byte for each of its numbers; only its direction is kept. None when it
/// has none.
pub(crate) fn quantized(vector: &[f32]) -> Option<Look> {
    let longest = vector.iter().fold(0.0_f32, |longest, it| longest.max(it.abs()));
    let usable = longest > 0.0 && vector.iter().all(|it| it.is_finite());
    #[expect(clippy::cast_possible_truncation, reason = "between -127 and 127")]
    let byte = |it: &f32| ((it / longest * 127.0).round() as i8).cast_unsigned();
    usable.then(|| vector.iter().map(byte).collect())
}

fn numbers(look: &[u8]) -> impl Iterator<Item = f32> {
    look.iter().map(|byte| f32::from(byte.cast_signed()))
}

/// The mean of what is wanted less the mean of what is not, of length 1; looks of another length
/// than the first one's are left out.
pub(super) fn direction(like: &[Look], unlike: &[Look]) -> Vec<f32> {
    let length = like.iter().chain(unlike).map(Vec::len).next().unwrap_or(0);
    let mut sum = vec![0.0; length];
    for (looks, sign) in [(like, 1.0), (unlike, -1.0)] {
        for look in looks.iter().filter(|look| look.len() == length) {
            let norm = norm(numbers(look)) * looks.len() as f32 * sign;
            sum.iter_mut().zip(numbers(look)).for_each(|(sum, it)| *sum += it / norm);
        }
    }
    let norm = norm(sum.iter().copied());
    sum.iter_mut().for_each(|it| *it /= norm);
    sum
}

/// Never 0, so that it can be divided by.
fn norm(vector: impl Iterator<Item = f32>) -> f32 {
    vector.map(|it| it * it).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
}

/// The cosine between a direction and a vector; -1 when they cannot be compared.
fn alignment(towards: &[f32], vector: &[u8]) -> f32 {
    if towards.len() != vector.len() {
        return -1.0;
    }
    let along: f32 = towards.iter().zip(numbers(vector)).map(|(one, other)| one * other).sum();
    along / norm(numbers(vector))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_vector_keeps_its_direction() {
        let look = quantized(&[0.5, -1.0, 0.25]).unwrap();
        assert_eq!(numbers(&look).collect::<Vec<_>>(), [64.0, -127.0, 32.0]);
        assert_eq!(quantized(&[0.0, 0.0]), None);
        assert_eq!(quantized(&[f32::NAN, 1.0]), None);
        assert_eq!(quantized(&[]), None);
    }

    #[test]
    fn likeness_is_the_cosine() {
        let [x, y, both] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]].map(|it| quantized(&it).unwrap());
        let near = |one: f32, other: f32| (one - other).abs() < 1e-3;
        let towards = direction(std::slice::from_ref(&x), &[]);
        assert!(near(alignment(&towards, &x), 1.0));
        assert!(near(alignment(&towards, &y), 0.0));
        assert!(near(alignment(&towards, &both), std::f32::consts::FRAC_1_SQRT_2));
        let towards = direction(&[x.clone(), y.clone()], &[]);
        assert!(near(alignment(&towards, &both), 1.0));
        let away = direction(std::slice::from_ref(&both), std::slice::from_ref(&y));
        assert!(alignment(&away, &x) > alignment(&away, &both));
        let only_away = direction(&[], std::slice::from_ref(&y));
        assert!(near(alignment(&only_away, &y), -1.0));
        assert_eq!(alignment(&towards, &[1, 2, 3]), -1.0);
        assert!(
            direction(std::slice::from_ref(&x), std::slice::from_ref(&x))
                .iter()
                .all(|it| it.is_finite())
        );
    }

    #[test]
    fn only_the_likest_are_kept() {
        let mut best = Best::default();
        let id = |n: u32| Id::new(Uuid::from_u128(u128::from(n)));
        for n in 0..3_000_u32 {
            best.offer(id(n), (n % 1_500) as f32);
        }
        let ranked = best.ranked();
        assert_eq!(ranked.len(), LIKEST_MAX as usize);
        assert_eq!(ranked[..3], [(id(2_999), 1_499.0), (id(1_499), 1_499.0), (id(2_998), 1_498.0)]);
    }
}
