//! Assets whose pictures look alike: perceptual hashes that differ in few bits.
//!
//! A hash of 64 bits is cut into four bands of 16. Two hashes that differ in `d` bits have a band
//! that differs in at most `d / 4`; so looking up every value within that many bits of each band
//! finds all of them, and never scans. Exact up to [`DISTANCE_MAX`].

use std::collections::HashMap;

use backlot_model::asset::Asset;
use backlot_model::query::{Filter, Reach};

use super::ask::Ask;
use super::row::{self, COLUMNS, asset_by};
use crate::blob_rows::{BAND_BITS, BANDS, band_key};
use crate::db::{Arg, Db, DbError, Fetch, Row};
use crate::statement::Statement;

/// More differing bits than this are taken for this.
pub const DISTANCE_MAX: u32 = 11;
/// How many hashes are compared at most. A library with more that are this near, such as a hundred
/// thousand empty pictures, gets some of them.
const CANDIDATES_MAX: i64 = 50_000;
/// How many blobs are looked up at once.
const BLOBS_AT_ONCE: usize = 500;

/// Live assets within `reach` whose hashes differ from `hash` in at most `distance_max` bits, the
/// nearest first, then the newest; each with that number of bits.
pub async fn near_duplicates(
    db: &Db,
    reach: &Reach,
    hash: u64,
    distance_max: u32,
    limit: u32,
) -> Result<Vec<(Asset, u32)>, DbError> {
    let distance_max = distance_max.min(DISTANCE_MAX);
    let near = near_blobs(db, hash, distance_max).await?;
    let filter = Filter::default();
    let ask = Ask::of(reach, &filter);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found: Vec<(Asset, u32)> = Vec::new();
    if ask.parts.is_empty() || limit == 0 {
        return Ok(found);
    }
    let mut rest = near.as_slice();
    while let Some(&(_, nearest)) = rest.first()
        // What is as near as the last one shown may be newer.
        && (found.len() < limit || nearest <= found[limit - 1].1)
    {
        let (batch, later) = rest.split_at(rest.len().min(BLOBS_AT_ONCE));
        found.extend(assets_over(db, &ask, batch).await?);
        found.sort_by_key(|(asset, bits)| (*bits, std::cmp::Reverse((asset.created_at, asset.id))));
        rest = later;
    }
    found.truncate(limit);
    Ok(found)
}

/// The blobs within the distance, the nearest first.
async fn near_blobs(db: &Db, hash: u64, distance_max: u32) -> Result<Vec<(String, u32)>, DbError> {
    let keys = band_keys(hash, distance_max / BANDS);
    let keys = serde_json::Value::from(keys).to_string();
    let sql = "SELECT DISTINCT hash, digest FROM blob_band
        WHERE band IN (SELECT value FROM json_each($1)) LIMIT $2";
    let bits = move |row: &Row<'_>| {
        let bits = (row.get::<i64>(0)?.cast_unsigned() ^ hash).count_ones();
        // The text is copied for those that count only.
        Ok(if bits <= distance_max { Some((row.get::<String>(1)?, bits)) } else { None })
    };
    let found = db.fetch(sql, vec![Arg::from(keys), CANDIDATES_MAX.into()], bits).await?;
    let mut near: Vec<(String, u32)> = found.into_iter().flatten().collect();
    near.sort_unstable_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    Ok(near)
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

async fn assets_over(
    db: &Db,
    ask: &Ask<'_>,
    blobs: &[(String, u32)],
) -> Result<Vec<(Asset, u32)>, DbError> {
    let bits: HashMap<&str, u32> = blobs.iter().map(|(it, bits)| (it.as_str(), *bits)).collect();
    let mut statement = Statement::default();
    let digests = crate::db::texts(blobs.iter().map(|(digest, _)| digest));
    statement.bind(digests);
    let within = ask.in_any_part(&mut statement);
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE a.digest IN ({}) AND {within}",
        asset_by("asset_digest"),
        db.each_text(1)
    );
    let rows = db.fetch(sql, statement.args, row::decode).await?;
    let assets = row::complete(db, rows).await?;
    let near = |asset: Asset| {
        let digest = asset.digest?.to_string();
        let bits = bits.get(digest.as_str()).copied()?;
        Some((asset, bits))
    };
    Ok(assets.into_iter().filter_map(near).collect())
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
