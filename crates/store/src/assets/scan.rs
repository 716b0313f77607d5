//! Walks everything a question asks for and measures what each picture is like.
//!
//! Exact, and within whatever reach and filter: nothing that the caller cannot list is looked at.
//! Bounded in memory: one batch at a time, of which only numbers and ids are kept.

use std::sync::Arc;

use backlot_model::Id;
use backlot_model::asset::Asset;
use backlot_model::query::{Filter, Order, Position, Reach, SortKey, SortValue};

use super::arms::{self, Head};
use super::ask::Ask;
use super::plan;
use crate::db::{Db, DbError, Fetch, Row};
use crate::statement::{Statement, number};

/// Says how alike a hash is to what is looked for.
pub type HashMeasure = Arc<dyn Fn(u64) -> f32 + Send + Sync>;
/// Says how alike a vector is to what is looked for.
pub type VectorMeasure = Arc<dyn Fn(&[u8]) -> f32 + Send + Sync>;

/// What is measured.
#[derive(Clone)]
pub enum Signature {
    /// The perceptual hash of the bytes.
    Hash(HashMeasure),
    /// The embedding that this model made of the bytes.
    Embedding(String, VectorMeasure),
}

/// One batch of a walk.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// What has a signature, with what was measured.
    pub measured: Vec<(Id<Asset>, f32)>,
    /// Where the next batch begins; none at the end.
    pub next: Option<Position>,
}

/// Measures the signatures of the next `batch` assets after a position, the newest first. What has
/// none is left out.
pub async fn scan(
    db: &Db,
    reach: &Reach,
    filter: &Filter,
    signature: &Signature,
    after: Option<&Position>,
    batch: u32,
) -> Result<Scanned, DbError> {
    let ask = Ask::looked_up(db, reach, filter).await?;
    if ask.parts.is_empty() {
        return Ok(Scanned { measured: Vec::new(), next: None });
    }
    let driver = plan::for_page(db, &ask, SortKey::CreatedAt, u64::from(batch)).await?;
    let mut statement = Statement::default();
    let head = Head::Keys(Order::default(), after, &[]);
    let arms = arms::arms(&ask, driver, &mut statement, head).join(" UNION ALL ");
    let take = statement.bind(number(u64::from(batch)));
    let (column, join) = match signature {
        Signature::Hash(_) => ("b.perceptual_hash", "blob b ON b.digest = a.digest".to_owned()),
        Signature::Embedding(model, _) => {
            let model = statement.bind(model);
            ("e.vector", format!("embedding e ON e.digest = a.digest AND e.model = {model}"))
        }
    };
    let sql = format!(
        "SELECT k.sort, k.id, {column} FROM (
            {arms} ORDER BY 2 DESC, 3 DESC LIMIT {take}
        ) k CROSS JOIN asset a ON a.seq = k.seq LEFT JOIN {join}"
    );
    let measure = signature.clone();
    let read = move |row: &Row<'_>| {
        let measured = match &measure {
            Signature::Hash(of) => row.get::<Option<i64>>(2)?.map(|hash| of(hash.cast_unsigned())),
            Signature::Embedding(_, of) => row.get::<Option<&[u8]>>(2)?.map(of.as_ref()),
        };
        Ok((row.get::<i64>(0)?, row.get::<Id<Asset>>(1)?, measured))
    };
    let rows = db.fetch(sql, statement.args, read).await?;
    let is_full = rows.len() == usize::try_from(batch).unwrap_or(usize::MAX);
    // A join need not keep the order of what it joins.
    let last = rows.iter().map(|(at, id, _)| (*at, *id)).min();
    let position = |(at, id)| Position { value: SortValue::Number(at), id };
    let measured = rows.into_iter().filter_map(|(_, id, it)| Some((id, it?))).collect();
    Ok(Scanned { measured, next: last.map(position).filter(|_| is_full) })
}

/// How alike two perceptual hashes are, from 0 to 1.
#[must_use]
pub fn hash_similarity(one: u64, other: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    let differing = (one ^ other).count_ones() as f32;
    1.0 - differing / 64.0
}
