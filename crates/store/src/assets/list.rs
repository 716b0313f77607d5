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
use crate::statement::{Statement, number};

/// The page that `query` asks for.
///
/// Cursor pages cost the same wherever they begin; an offset costs one step of an index for each
/// asset left out.
pub async fn list(db: &Db, query: &AssetQuery) -> Result<Page<Asset>, DbError> {
    let ask = Ask::looked_up(db, &query.reach, &query.filter).await?;
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
    counts::count(db, &Ask::looked_up(db, reach, filter).await?).await
}

/// What the listing would be by each index it could go by, with that one's name: all pages and
/// totals have to be the same.
#[cfg(feature = "testing")]
pub async fn every_way(db: &Db, query: &AssetQuery) -> Result<Vec<(String, Page<Asset>)>, DbError> {
    let ask = Ask::looked_up(db, &query.reach, &query.filter).await?;
    let mut ways = Vec::new();
    for driver in plan::all(&ask) {
        let page = page_by(db, &ask, query, driver).await?;
        let total = counts::count_by(db, &ask, driver).await?;
        ways.push((format!("{driver:?}"), Page { total: Some(total), ..page }));
    }
    Ok(ways)
}

/// How the database goes about the statement that finds the page, one step a line.
#[cfg(feature = "testing")]
pub async fn explain(db: &Db, query: &AssetQuery) -> Result<String, DbError> {
    let ask = Ask::looked_up(db, &query.reach, &query.filter).await?;
    if ask.parts.is_empty() {
        return Ok(String::new());
    }
    let driver = plan::for_page(db, &ask, query.order.key, wanted(&query.window)).await?;
    let (sql, args) = statement(&ask, query, driver);
    explained(db, &sql, args).await
}

/// How the database goes about the statement that counts, one step a line.
#[cfg(feature = "testing")]
pub async fn explain_count(db: &Db, reach: &Reach, filter: &Filter) -> Result<String, DbError> {
    let ask = Ask::looked_up(db, reach, filter).await?;
    if ask.parts.is_empty() {
        return Ok(String::new());
    }
    let (sql, args) = counts::statement(db, &ask).await?;
    explained(db, &sql, args).await
}

#[cfg(feature = "testing")]
async fn explained(db: &Db, sql: &str, args: Vec<Arg>) -> Result<String, DbError> {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let steps: Vec<String> = db.fetch(sql, args, |row| row.get(3)).await?;
    Ok(steps.join("\n"))
}

async fn page(db: &Db, ask: &Ask<'_>, query: &AssetQuery) -> Result<Page<Asset>, DbError> {
    if ask.parts.is_empty() || limit_of(&query.window) == 0 {
        return Ok(Page { items: Vec::new(), total: None, next: None });
    }
    let driver = plan::for_page(db, ask, query.order.key, wanted(&query.window)).await?;
    page_by(db, ask, query, driver).await
}

async fn page_by(
    db: &Db,
    ask: &Ask<'_>,
    query: &AssetQuery,
    driver: Driver,
) -> Result<Page<Asset>, DbError> {
    let limit = limit_of(&query.window);
    let (sql, args) = statement(ask, query, driver);
    let mut rows: Vec<Stored> = db.fetch(sql, args, row::decode).await?;
    sort(&mut rows, query.order);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let items = row::complete(db, rows).await?;
    let next = items.last().filter(|_| has_more).map(|last| position(last, query.order.key));
    Ok(Page { items, total: None, next })
}

/// The statement that finds the page's rows and the one after them, and its arguments.
fn statement(ask: &Ask<'_>, query: &AssetQuery, driver: Driver) -> (String, Vec<Arg>) {
    let mut statement = Statement::default();
    let (after, skip) = match &query.window {
        Window::Offset { skip, .. } => (None, number(*skip)),
        Window::Cursor { after, .. } => (after.as_ref(), 0),
    };
    let arms = arms::arms(ask, driver, &mut statement, Head::Keys(query.order, after));
    let arms = arms.join(" UNION ALL ");
    let by_hits = driver == Driver::Text && query.order.key == SortKey::CreatedAt;
    let found = match by_hits {
        true => {
            let upto = statement.bind(number(wanted(&query.window)));
            in_order_of_hits(&arms, query.order.direction, &upto)
        }
        false => arms,
    };
    let take = statement.bind(number(limit_of(&query.window) as u64 + 1));
    let skip = statement.bind(skip);
    let way = sql_direction(query.order.direction);
    let sql = format!(
        "SELECT {COLUMNS} FROM (
            {found} ORDER BY 2 {way}, 3 {way} LIMIT {take} OFFSET {skip}
        ) k CROSS JOIN asset a ON a.seq = k.seq"
    );
    (sql, statement.args)
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

/// How many assets in order have to be found, the one after the page included.
fn wanted(window: &Window) -> u64 {
    let skip = if let Window::Offset { skip, .. } = window { *skip } else { 0 };
    (limit_of(window) as u64 + 1).saturating_add(skip)
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
