//! Search: by words, by a filter, and by what pictures look like.
//!
//! Owns: the one operation in which all three meet, and the language of filters.
//! Never: finds what the caller cannot list.

pub mod filter;
pub(crate) mod likeness;
mod sight;

use std::cmp::Ordering;

use backlot_model::account::Caller;
use backlot_model::asset::Asset;
use backlot_model::policy::Operation;
use backlot_model::query::{AssetQuery, Filter, Order, Reach, Window};
use backlot_model::{Fault, Id};
use backlot_store::{assets, embeddings};
use bytes::Bytes;

use crate::Library;
use crate::authority::allow;
use crate::listing::Within;

pub use likeness::{Encoder, LIKEST_MAX};
use likeness::{Picture, Wanted};

/// How many pictures one question may compare with.
pub const REFERENCES_MAX: usize = 20;

/// A picture to compare with.
#[derive(Debug, Clone)]
pub enum Reference {
    /// One that the caller may see.
    Asset(Id<Asset>),
    /// The bytes of one.
    Bytes(Bytes),
}

/// Pictures that hits are to look like, and not to look like. One of both is not empty.
#[derive(Debug, Clone, Default)]
pub struct References {
    /// To be like.
    pub like: Vec<Reference>,
    /// To be unlike.
    pub unlike: Vec<Reference>,
}

/// What is asked of a search.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// Whose assets.
    pub within: Within,
    /// Which ones; the words searched for are its `text`, and a filter that a client wrote its
    /// `expression` (see [`Filter::narrow`]).
    pub filter: Filter,
    /// In which order: the first one decides, each further one among what is equal by those before
    /// it, then likeness or the id. None: the likest first, else the newest.
    pub orders: Vec<Order>,
    /// How many to leave out.
    pub offset: u64,
    /// How many to show at most.
    pub limit: u32,
    /// What hits are to look like. At most [`LIKEST_MAX`] are found by that.
    pub references: Option<References>,
}

/// An asset that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The asset.
    pub asset: Asset,
    /// How alike it is, if that was asked for: 1 is the same, 0 or less is not alike.
    pub similarity: Option<f32>,
}

/// Part of what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// In the order asked for.
    pub hits: Vec<Hit>,
    /// How many can be paged through in all.
    pub total: u64,
}

impl Library {
    /// Searches what the caller can list, or what is public.
    ///
    /// # Errors
    /// As [`Library::list`]; `asset-not-found` for a reference he may not see, `unsupported-media`
    /// and the like for bytes that are no picture, `invalid` at `references` for too many or none and at
    /// `references.like.0` and the like for an asset that is no picture.
    pub async fn search(&self, caller: &Caller, request: SearchRequest) -> Result<Hits, Fault> {
        let reach = self.reach_within(caller, request.within)?;
        let Some(filter) = self.in_sight(caller, request.filter).await? else {
            return Ok(Hits { hits: Vec::new(), total: 0 });
        };
        let request = SearchRequest { filter, ..request };
        match &request.references {
            None => self.search_words(reach, request).await,
            Some(references) => {
                let wanted = self.wanted(caller, &reach, &request.filter, references).await?;
                self.search_likest(caller, wanted, &request).await
            }
        }
    }

    /// Where the image encoder sees the asset's picture, as a vector of length 1; none without an
    /// encoder, and before the worker has shown it the picture. Ask for the asset first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn embedding(&self, asset: &Asset) -> Result<Option<Vec<f32>>, Fault> {
        let (Some(encoder), Some(digest)) = (self.encoder(), asset.digest) else { return Ok(None) };
        let look = embeddings::get(self.db(), digest, encoder.name()).await?;
        Ok(look.map(|look| likeness::direction(&[look], &[])))
    }

    async fn search_words(&self, reach: Reach, request: SearchRequest) -> Result<Hits, Fault> {
        let mut orders = request.orders.into_iter();
        let query = AssetQuery {
            reach,
            filter: request.filter,
            order: orders.next().unwrap_or_default(),
            window: Window::Offset { skip: request.offset, limit: request.limit },
            count: true,
        };
        let then: Vec<Order> = orders.collect();
        let page = assets::list_then(self.db(), &query, &then).await?;
        let total = page.total.unwrap_or(page.items.len() as u64);
        let hits = page.items.into_iter().map(|asset| Hit { asset, similarity: None }).collect();
        Ok(Hits { hits, total })
    }

    async fn wanted<'a>(
        &self,
        caller: &Caller,
        reach: &'a Reach,
        filter: &'a Filter,
        references: &References,
    ) -> Result<Wanted<'a>, Fault> {
        let count = references.like.len() + references.unlike.len();
        if !(1..=REFERENCES_MAX).contains(&count) {
            let said = format!("1 to {REFERENCES_MAX} pictures to compare with must be given");
            return Err(Fault::invalid("references", "length", said));
        }
        let like = self.looks(caller, "like", &references.like).await?;
        let unlike = self.looks(caller, "unlike", &references.unlike).await?;
        Ok(Wanted { reach, filter, like, unlike })
    }

    async fn looks(
        &self,
        caller: &Caller,
        name: &str,
        references: &[Reference],
    ) -> Result<Vec<likeness::Look>, Fault> {
        let mut looks = Vec::with_capacity(references.len());
        for (place, reference) in references.iter().enumerate() {
            let look = self.look(caller, reference).await?;
            looks.push(look.ok_or_else(|| {
                let said = "must be a picture, and ready";
                Fault::invalid(&format!("references.{name}.{place}"), "reference", said)
            })?);
        }
        Ok(looks)
    }

    async fn look(
        &self,
        caller: &Caller,
        reference: &Reference,
    ) -> Result<Option<likeness::Look>, Fault> {
        let picture = match reference {
            Reference::Bytes(bytes) => Some(Picture::Loose(bytes.clone())),
            Reference::Asset(id) => {
                let asset = self.asset(caller, *id).await?;
                asset.digest.filter(|_| asset.has_thumbnails).map(Picture::Stored)
            }
        };
        match picture {
            Some(picture) => self.similarity().look(self, &picture).await,
            None => Ok(None),
        }
    }

    /// The assets whose pictures are the likest, the likest first; none when the asset is no
    /// picture or not ready.
    ///
    /// # Errors
    /// As [`Library::search`].
    pub async fn similar(
        &self,
        caller: &Caller,
        id: Id<Asset>,
        limit: u32,
    ) -> Result<Vec<Hit>, Fault> {
        let reach = self.reach_within(caller, Within::Everything)?;
        let Some(look) = self.look(caller, &Reference::Asset(id)).await? else {
            return Ok(Vec::new());
        };
        let request = SearchRequest {
            within: Within::Everything,
            filter: Filter::default(),
            orders: Vec::new(),
            offset: 0,
            // The asset itself is among them.
            limit: limit.saturating_add(1),
            references: None,
        };
        let filter = &request.filter;
        let wanted = Wanted { reach: &reach, filter, like: vec![look], unlike: Vec::new() };
        let mut found = self.search_likest(caller, wanted, &request).await?.hits;
        found.retain(|hit| hit.asset.id != id);
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn search_likest(
        &self,
        caller: &Caller,
        wanted: Wanted<'_>,
        request: &SearchRequest,
    ) -> Result<Hits, Fault> {
        let likest = self.similarity().rank(self, wanted).await?;
        let skip = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let take = request.limit as usize;
        let shown: Vec<(Id<Asset>, f32)> = match request.orders.is_empty() {
            true => likest.ranked.into_iter().skip(skip).take(take).collect(),
            false => likest.ranked,
        };
        let ids: Vec<Id<Asset>> = shown.iter().map(|(id, _)| *id).collect();
        let mut found = assets::by_ids(self.db(), &ids).await?;
        let deleted = request.filter.deleted;
        found.retain(|it| {
            it.deleted_at.is_some() == deleted
                && (deleted || allow(caller, Operation::See, it).is_ok())
        });
        let place = |asset: &Asset| shown.iter().position(|(id, _)| *id == asset.id);
        found.sort_by_cached_key(|asset| place(asset));
        if !request.orders.is_empty() {
            found.sort_by(|one, other| {
                let by = request.orders.iter().map(|order| assets::compared(one, other, *order));
                by.fold(Ordering::Equal, Ordering::then)
            });
            found = found.into_iter().skip(skip).take(take).collect();
        }
        let alike: std::collections::HashMap<_, _> = shown.into_iter().collect();
        let hit = |asset: Asset| Hit { similarity: alike.get(&asset.id).copied(), asset };
        Ok(Hits { hits: found.into_iter().map(hit).collect(), total: likest.total })
    }
}
