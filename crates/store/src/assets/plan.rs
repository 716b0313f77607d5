//! Which index a listing goes by.
//!
//! A *driver* is a way to find the assets of a listing: the index of the order asked for, or the
//! index of one of the filters. A driver that delivers in order may stop after a page; others
//! have to be read to the end and sorted. The rule: the driver with the fewest entries, unless
//! walking in order is cheaper than sorting. How many entries there are is counted in the indexes
//! themselves, up to a bound, so that a plan never rests on stale statistics.

use backlot_model::asset::Status;
use backlot_model::query::{SortKey, TimeRange};

use super::arms::{self, ARMS_MAX};
use super::ask::Ask;
use super::counts;
use crate::db::{DbError, Fetch};
use crate::statement::Statement;

/// What a listing goes by. The drivers named like columns are equalities on those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    /// The index of the order asked for.
    Order,
    /// The index of another order, in which a range is asked for.
    Range(SortKey),
    /// The `n`th tag asked for.
    Tag(usize),
    /// The `n`th parameter asked for.
    Parameter(usize),
    /// The members of the collection.
    Collection,
    /// The full-text index.
    Text,
    Parent,
    Inference,
    Root,
    Model,
    Author,
    Project,
    Uploader,
    Organization,
    Type,
    Kind,
    Status,
}

/// Entries counted before a driver in order is taken for big.
const PROBE_IN_ORDER: u64 = 1_000;
/// Entries counted before a driver out of order is taken for too big to sort.
const PROBE_TO_SORT: u64 = 10_000;

/// The drivers that `ask` allows besides the order, the most selective sort first.
fn candidates(ask: &Ask<'_>, order: Option<SortKey>) -> Vec<Driver> {
    let filter = ask.filter;
    let equal = ask.equal_columns();
    let has = |driver: Driver| equal.iter().any(|(it, ..)| *it == driver);
    let pick = |drivers: &[Driver]| -> Vec<Driver> {
        drivers.iter().copied().filter(|&it| has(it)).collect()
    };
    let mut found = pick(&[Driver::Parent, Driver::Inference, Driver::Root]);
    found.extend((0..filter.parameters.len()).map(Driver::Parameter));
    found.extend(filter.collection_id.map(|_| Driver::Collection));
    found.extend((0..filter.tags_all.len()).map(Driver::Tag));
    found.extend(pick(&[Driver::Model, Driver::Author, Driver::Project]));
    found.extend(ask.hits.as_ref().map(|_| Driver::Text));
    found.extend(pick(&[Driver::Uploader, Driver::Organization]));
    found.extend(ask.types.as_ref().map(|_| Driver::Type));
    if !filter.status.is_empty() && !filter.status.contains(&Status::Ready) {
        found.push(Driver::Status);
    }
    if !filter.kinds.is_empty() {
        found.push(Driver::Kind);
    }
    for (key, range) in [(SortKey::CreatedAt, filter.created), (SortKey::UpdatedAt, filter.updated)]
    {
        if range != TimeRange::default() && order != Some(key) {
            found.push(Driver::Range(key));
        }
    }
    found
}

/// Every driver that could be chosen for a page or a count.
#[cfg(feature = "testing")]
pub(super) fn all(ask: &Ask<'_>) -> Vec<Driver> {
    match ask.parts.is_empty() {
        true => Vec::new(),
        false => std::iter::once(Driver::Order).chain(candidates(ask, None)).collect(),
    }
}

/// Whether `driver` delivers in the order of `key`.
fn is_in_order(ask: &Ask<'_>, driver: Driver, key: SortKey) -> bool {
    let by_creation = key == SortKey::CreatedAt;
    let by_scope = by_creation && ask.is_by_scope() && ask.parts.len() <= ARMS_MAX;
    match driver {
        Driver::Order => by_creation || !ask.filter.deleted || ask.is_by_scope(),
        Driver::Range(_) => false,
        // Of short words, all hits are read before the first one comes.
        Driver::Text => by_creation && ask.hits.as_ref().is_some_and(|it| it.range.is_none()),
        Driver::Collection => by_creation,
        Driver::Uploader => by_creation || !ask.filter.deleted,
        Driver::Parameter(_) => by_scope,
        Driver::Tag(_) | Driver::Model | Driver::Author => {
            by_scope || by_creation && ask.is_public()
        }
        Driver::Type => {
            let fits = arms::fit(ask, driver);
            fits && (by_scope || by_creation && ask.is_public())
        }
        Driver::Kind | Driver::Status => by_scope && arms::fit(ask, driver),
        Driver::Parent
        | Driver::Inference
        | Driver::Root
        | Driver::Project
        | Driver::Organization => by_scope,
    }
}

/// What to go by for the first `wanted` assets in the order of `key`.
pub(super) async fn for_page(
    source: &impl Fetch,
    ask: &Ask<'_>,
    key: SortKey,
    wanted: u64,
) -> Result<Driver, DbError> {
    let candidates = candidates(ask, Some(key));
    match candidates.as_slice() {
        [] => return Ok(Driver::Order),
        [Driver::Uploader] => {}
        [only] if is_in_order(ask, *only, key) => return Ok(*only),
        _ => {}
    }
    let all_in_order = candidates.iter().all(|&it| is_in_order(ask, it, key));
    let at_most = if all_in_order { PROBE_IN_ORDER } else { PROBE_TO_SORT };
    let (sizes, whole) = measure(source, ask, &candidates, at_most).await?;
    let sized = || candidates.iter().copied().zip(sizes.iter().copied());
    let fewest = |only_in_order: bool| {
        sized()
            .filter(|(it, _)| !only_in_order || is_in_order(ask, *it, key))
            .min_by_key(|(_, size)| *size)
    };
    let in_order = match fewest(true) {
        Some((driver, size)) if size < whole => (driver, size),
        _ => (Driver::Order, whole),
    };
    let Some(any) = fewest(false) else { return Ok(Driver::Order) };
    if any.1 >= at_most || is_in_order(ask, any.0, key) {
        return Ok(in_order.0);
    }
    // Both are estimates of rows looked at; the walk meets a match every `in_order / any` rows.
    let walk = wanted.saturating_mul(in_order.1) / any.1.max(1);
    Ok(if any.1 <= walk { any.0 } else { in_order.0 })
}

/// What to go by to count all.
pub(super) async fn for_count(source: &impl Fetch, ask: &Ask<'_>) -> Result<Driver, DbError> {
    let candidates = candidates(ask, None);
    let is_exact = ask.hits.as_ref().is_some_and(|hits| hits.is_exact);
    match candidates.as_slice() {
        [] => Ok(Driver::Order),
        [Driver::Text] if is_exact => Ok(Driver::Text),
        [Driver::Uploader | Driver::Text] | [_, _, ..] => {
            let (sizes, whole) = measure(source, ask, &candidates, PROBE_TO_SORT).await?;
            let sized = candidates.iter().copied().zip(sizes);
            match sized.min_by_key(|(_, size)| *size) {
                Some((driver, size)) if size <= whole => Ok(driver),
                _ => Ok(Driver::Order),
            }
        }
        [only] => Ok(*only),
    }
}

/// How many entries each driver has, counted up to `at_most`, and how many assets there are in all
/// parts.
async fn measure(
    source: &impl Fetch,
    ask: &Ask<'_>,
    drivers: &[Driver],
    at_most: u64,
) -> Result<(Vec<u64>, u64), DbError> {
    let mut statement = Statement::default();
    let limit = statement.bind(i64::try_from(at_most).unwrap_or(i64::MAX));
    let mut columns: Vec<String> = Vec::new();
    for &driver in drivers {
        let entries = arms::entries(ask, driver, &mut statement);
        columns.push(format!("(SELECT count(*) FROM ({entries} LIMIT {limit}))"));
    }
    columns.push(counts::sum(ask, &mut statement, false));
    let sql = format!("SELECT {}", columns.join(", "));
    let (count, args) = (drivers.len(), statement.args);
    source
        .fetch_one(sql, args, move |row| {
            let sizes = (0..count).map(|index| row.get(index)).collect::<Result<_, _>>()?;
            Ok((sizes, row.get(count)?))
        })
        .await
}
