//! The listing engine: one statement for a page, one for what belongs to its assets, one for the
//! total; and sometimes one that measures which index to go by. Never more, whatever the page
//! holds.

use backlot_model::asset::Asset;
use backlot_model::query::{
    AssetQuery, Direction, Filter, Order, Page, Position, Reach, SortKey, SortValue, Window, fold,
};

use super::arms::{self, Head};
use super::ask::Ask;
use super::counts;
use super::plan::{self, Driver};
use super::row::{self, COLUMNS, Stored};
use super::seq::same_second;
use crate::db::{Arg, Db, DbError, Fetch};
use crate::statement::Statement;

/// The page that `query` asks for.
///
/// Cursor pages cost the same wherever they begin; an offset costs one step of an index for each
/// asset left out.
pub async fn list(db: &Db, query: &AssetQuery) -> Result<Page<Asset>, DbError> {
    let ask = Ask::of(&query.reach, &query.filter);
    let total = async {
        match query.count {
            true => counts::count(db, &ask).await.map(Some),
            false => Ok(None),
        }
    };
    let (page, total) = futures::try_join!(page(db, &ask, query), total)?;
    Ok(Page { total, ..page })
}

/// How many assets there are within `reach` that `filter` holds for.
pub async fn count(db: &Db, reach: &Reach, filter: &Filter) -> Result<u64, DbError> {
    counts::count(db, &Ask::of(reach, filter)).await
}

/// How the database goes about the statement that finds the page, one step a line.
#[cfg(feature = "testing")]
pub async fn explain(db: &Db, query: &AssetQuery) -> Result<Vec<String>, DbError> {
    let ask = Ask::of(&query.reach, &query.filter);
    let (sql, args) = statement(db, &ask, query).await?;
    db.fetch(format!("EXPLAIN QUERY PLAN {sql}"), args, |row| row.get(3)).await
}

/// How the database goes about the statement that counts, one step a line.
#[cfg(feature = "testing")]
pub async fn explain_count(
    db: &Db,
    reach: &Reach,
    filter: &Filter,
) -> Result<Vec<String>, DbError> {
    let (sql, args) = counts::statement(db, &Ask::of(reach, filter)).await?;
    db.fetch(format!("EXPLAIN QUERY PLAN {sql}"), args, |row| row.get(3)).await
}

async fn page(db: &Db, ask: &Ask<'_>, query: &AssetQuery) -> Result<Page<Asset>, DbError> {
    let limit = limit_of(&query.window);
    if ask.parts.is_empty() || limit == 0 {
        return Ok(Page { items: Vec::new(), total: None, next: None });
    }
    let (sql, args) = statement(db, ask, query).await?;
    let mut rows: Vec<Stored> = db.fetch(sql, args, row::decode).await?;
    sort(&mut rows, query.order);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let items = row::complete(db, rows).await?;
    let next = items.last().filter(|_| has_more).map(|last| position(last, query.order.key));
    Ok(Page { items, total: None, next })
}

/// The statement that finds the page's rows and the one after them, and its arguments.
async fn statement(
    db: &Db,
    ask: &Ask<'_>,
    query: &AssetQuery,
) -> Result<(String, Vec<Arg>), DbError> {
    let take = i64::try_from(limit_of(&query.window)).unwrap_or(i64::MAX).saturating_add(1);
    let (after, skip) = match &query.window {
        Window::Offset { skip, .. } => (None, i64::try_from(*skip).unwrap_or(i64::MAX)),
        Window::Cursor { after, .. } => (after.as_ref(), 0),
    };
    let wanted = u64::try_from(take.saturating_add(skip)).unwrap_or(u64::MAX);
    let driver = plan::for_page(db, ask, query.order.key, wanted).await?;
    let mut statement = Statement::default();
    let arms = arms::arms(ask, driver, &mut statement, Head::Keys(query.order, after));
    let arms = arms.join(" UNION ALL ");
    let by_hits = driver == Driver::Text && query.order.key == SortKey::CreatedAt;
    let found = match by_hits {
        true => {
            let upto = statement.bind(take.saturating_add(skip));
            in_order_of_hits(&arms, query.order.direction, &upto)
        }
        false => arms,
    };
    let (take, skip) = (statement.bind(take), statement.bind(skip));
    let way = sql_direction(query.order.direction);
    let sql = format!(
        "SELECT {COLUMNS} FROM (
            {found} ORDER BY 2 {way}, 3 {way} LIMIT {take} OFFSET {skip}
        ) k CROSS JOIN asset a ON a.seq = k.seq"
    );
    Ok((sql, statement.args))
}

/// The first `upto` hits of the text index, and the others of the last one's second: hits come in
/// the order of creation to the second, so that the first `upto` in the exact order are among them.
fn in_order_of_hits(arm: &str, direction: Direction, upto: &str) -> String {
    let way = sql_direction(direction);
    let (end, beyond, within) = match direction {
        Direction::Ascending => ("(SELECT max(seq) FROM hit)", '>', "<="),
        Direction::Descending => ("(SELECT min(seq) FROM hit)", '<', ">="),
    };
    let edge = same_second(end, direction == Direction::Ascending);
    format!(
        "SELECT seq, sort, id FROM (
            WITH hit AS MATERIALIZED ({arm} ORDER BY f.rowid {way} LIMIT {upto})
            SELECT seq, sort, id FROM hit
            UNION ALL
            SELECT * FROM ({arm} AND f.rowid {beyond} {end} AND f.rowid {within} {edge})
        )"
    )
}

fn sql_direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    }
}

fn limit_of(window: &Window) -> usize {
    let (Window::Offset { limit, .. } | Window::Cursor { limit, .. }) = window;
    usize::try_from(*limit).unwrap_or(usize::MAX)
}

/// A join need not keep the order of what it joins.
fn sort(rows: &mut [Stored], order: Order) {
    match order.key {
        SortKey::CreatedAt => rows.sort_by_key(|row| (row.asset.created_at, row.asset.id)),
        SortKey::UpdatedAt => rows.sort_by_key(|row| (row.asset.updated_at, row.asset.id)),
        SortKey::Filename => {
            rows.sort_by_cached_key(|row| (fold(&row.asset.filename), row.asset.id))
        }
        SortKey::Size => rows.sort_by_key(|row| (row::size_sort(&row.asset), row.asset.id)),
    }
    if order.direction == Direction::Descending {
        rows.reverse();
    }
}

/// Where a page that ends with `asset` ends.
#[must_use]
pub fn position(asset: &Asset, key: SortKey) -> Position {
    let value = match key {
        SortKey::CreatedAt => SortValue::Number(asset.created_at),
        SortKey::UpdatedAt => SortValue::Number(asset.updated_at),
        SortKey::Filename => SortValue::Text(fold(&asset.filename)),
        SortKey::Size => SortValue::Number(row::size_sort(asset)),
    };
    Position { value, id: asset.id }
}
