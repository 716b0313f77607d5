//! Assets whose pictures look alike: perceptual hashes that differ in few bits.
//!
//! A hash of 64 bits is cut into four bands of 16. Two hashes that differ in `d` bits have a band
//! that differs in at most `d / 4`; so looking up every value within that many bits of each band
//! finds all of them, and never scans. Exact up to [`DISTANCE_MAX`].

use std::collections::BTreeMap;

use backlot_model::asset::Asset;
use backlot_model::query::{Filter, Reach};

use super::ask::Ask;
use super::row::{self, COLUMNS};
use crate::args;
use crate::blob_rows::{BAND_BITS, BANDS, band_key};
use crate::db::{Db, DbError, Fetch, Row};
use crate::statement::{Statement, number};

/// More differing bits than this are taken for this.
pub const DISTANCE_MAX: u32 = 11;
/// How many hashes are compared at most. Of more that share a band, some are compared.
const CANDIDATES_MAX: i64 = 50_000;

/// What pictures are to be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Likeness {
    /// Hashes of which one has to be near.
    pub like: Vec<u64>,
    /// Hashes that must not be as near as one of those.
    pub unlike: Vec<u64>,
    /// In how many bits hashes may differ.
    pub distance_max: u32,
}

/// Assets within `reach` that `filter` holds for and whose hashes differ from one of those wanted
/// in at most so many bits, the nearest first, then the newest; each with that number of bits.
pub async fn near_duplicates(
    db: &Db,
    reach: &Reach,
    filter: &Filter,
    likeness: &Likeness,
    limit: u32,
) -> Result<Vec<(Asset, u32)>, DbError> {
    let distance_max = likeness.distance_max.min(DISTANCE_MAX);
    let ask = Ask::looked_up(db, reach, filter).await?;
    let limit = u64::from(limit);
    let mut found: Vec<(Asset, u32)> = Vec::new();
    if ask.parts.is_empty() {
        return Ok(found);
    }
    let near = wanted_hashes(db, likeness, distance_max).await?;
    for group in near.chunk_by(|one, other| one.0 == other.0) {
        let missing = limit.saturating_sub(found.len() as u64);
        if missing == 0 {
            break;
        }
        let bits = group[0].0;
        let hashes: Vec<i64> = group.iter().map(|(_, hash)| *hash).collect();
        let assets = with_hashes(db, &ask, hashes, missing).await?;
        found.extend(assets.into_iter().map(|asset| (asset, bits)));
    }
    Ok(found)
}

/// The hashes that are near to one of those wanted and less near to the others, the nearest first,
/// each after its number of bits.
async fn wanted_hashes(
    db: &Db,
    likeness: &Likeness,
    distance_max: u32,
) -> Result<Vec<(u32, i64)>, DbError> {
    let mut nearest: BTreeMap<i64, u32> = BTreeMap::new();
    for hash in &likeness.like {
        for (bits, found) in near_hashes(db, *hash, distance_max).await? {
            let known = nearest.entry(found).or_insert(bits);
            *known = bits.min(*known);
        }
    }
    let mut near: Vec<(u32, i64)> = nearest.into_iter().map(|(hash, bits)| (bits, hash)).collect();
    near.retain(|(bits, hash)| {
        let away = |unlike: &u64| (unlike ^ hash.cast_unsigned()).count_ones() > *bits;
        likeness.unlike.iter().all(away)
    });
    near.sort_unstable();
    Ok(near)
}

/// The hashes within the distance, the nearest first, each after its number of bits.
async fn near_hashes(db: &Db, hash: u64, distance_max: u32) -> Result<Vec<(u32, i64)>, DbError> {
    let keys = serde_json::Value::from(band_keys(hash, distance_max / BANDS)).to_string();
    let sql = "SELECT hash FROM blob_band
        WHERE band IN (SELECT value FROM json_each($1)) LIMIT $2";
    let read = move |row: &Row<'_>| {
        let found: i64 = row.get(0)?;
        Ok(((found.cast_unsigned() ^ hash).count_ones(), found))
    };
    let mut near = db.fetch(sql, args![keys, CANDIDATES_MAX], read).await?;
    near.retain(|(bits, _)| *bits <= distance_max);
    near.sort_unstable();
    near.dedup();
    Ok(near)
}

/// The newest assets asked for over blobs with one of these hashes, the newest first.
async fn with_hashes(
    db: &Db,
    ask: &Ask<'_>,
    hashes: Vec<i64>,
    limit: u64,
) -> Result<Vec<Asset>, DbError> {
    let mut statement = Statement::default();
    let hashes = statement.bind(serde_json::Value::from(hashes).to_string());
    let within = ask.every_test(&mut statement);
    let limit = statement.bind(number(limit));
    let sql = format!(
        "SELECT {COLUMNS} FROM (
             SELECT a.seq FROM blob b CROSS JOIN asset a INDEXED BY asset_digest
                 ON a.digest = b.digest
             WHERE b.perceptual_hash IN (SELECT value FROM json_each({hashes})) AND {within}
             ORDER BY a.created_at DESC, a.id DESC LIMIT {limit}
         ) k CROSS JOIN asset a ON a.seq = k.seq"
    );
    let rows = db.fetch(sql, statement.args, row::decode).await?;
    let mut assets = row::complete(db, rows).await?;
    assets.sort_by_key(|asset| std::cmp::Reverse((asset.created_at, asset.id)));
    Ok(assets)
}

/// Every key within `flips` bits of one of the hash's bands.
fn band_keys(hash: u64, flips: u32) -> Vec<i64> {
    let mut keys = Vec::new();
    for band in 0..BANDS {
        let key = band_key(hash, band);
        keys.push(key);
        for first in 0..BAND_BITS {
            if flips >= 1 {
                keys.push(key ^ 1 << first);
            }
            if flips >= 2 {
                keys.extend((first + 1..BAND_BITS).map(|second| key ^ 1 << first ^ 1 << second));
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_keys_are_looked_up_as_there_are_ways_to_flip() {
        for (flips, wanted) in [(0, 1), (1, 17), (2, 137)] {
            let mut keys = band_keys(0xDEAD_BEEF_0123_4567, flips);
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), wanted * 4);
        }
    }
}
