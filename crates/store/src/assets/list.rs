//! The listing engine: one statement for a page, one for what belongs to its assets, one for the
//! total; and sometimes one that measures which index to go by. Never more, whatever the page
//! holds.

use std::cmp::Ordering;

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

/// The place of the first further sort value in what an arm selects.
const FIRST_FURTHER: usize = 4;

/// The page that `query` asks for.
///
/// Cursor pages cost the same wherever they begin; an offset costs one step of an index for each
/// asset left out.
pub async fn list(db: &Db, query: &AssetQuery) -> Result<Page<Asset>, DbError> {
    list_then(db, query, &[]).await
}

/// The same, with what is equal by the order asked for in a further order, and so on. Only for
/// windows by offset: a position says nothing of further orders.
pub async fn list_then(
    db: &Db,
    query: &AssetQuery,
    then: &[Order],
) -> Result<Page<Asset>, DbError> {
    let ask = Ask::looked_up(db, &query.reach, &query.filter).await?;
    let total = async {
        match query.count {
            true => counts::count(db, &ask).await.map(Some),
            false => Ok(None),
        }
    };
    let (page, total) = futures::try_join!(page(db, &ask, query, then), total)?;
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
        let page = page_by(db, &ask, query, &[], driver).await?;
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
    let (sql, args) = statement(&ask, query, &[], driver);
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

async fn page(
    db: &Db,
    ask: &Ask<'_>,
    query: &AssetQuery,
    then: &[Order],
) -> Result<Page<Asset>, DbError> {
    if ask.parts.is_empty() || limit_of(&query.window) == 0 {
        return Ok(Page { items: Vec::new(), total: None, next: None });
    }
    let driver = plan::for_page(db, ask, query.order.key, wanted(&query.window)).await?;
    page_by(db, ask, query, then, driver).await
}

async fn page_by(
    db: &Db,
    ask: &Ask<'_>,
    query: &AssetQuery,
    then: &[Order],
    driver: Driver,
) -> Result<Page<Asset>, DbError> {
    let limit = limit_of(&query.window);
    let (sql, args) = statement(ask, query, then, driver);
    let mut rows: Vec<Stored> = db.fetch(sql, args, row::decode).await?;
    sort(&mut rows, query.order, then);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let items = row::complete(db, rows).await?;
    let next = items.last().filter(|_| has_more).map(|last| position(last, query.order.key));
    Ok(Page { items, total: None, next })
}

/// The statement that finds the page's rows and the one after them, and its arguments.
fn statement(
    ask: &Ask<'_>,
    query: &AssetQuery,
    then: &[Order],
    driver: Driver,
) -> (String, Vec<Arg>) {
    let mut statement = Statement::default();
    let (after, skip) = match &query.window {
        Window::Offset { skip, .. } => (None, number(*skip)),
        Window::Cursor { after, .. } => (after.as_ref(), 0),
    };
    let arms = arms::arms(ask, driver, &mut statement, Head::Keys(query.order, after, then));
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
    let further = then.iter().zip(FIRST_FURTHER..);
    let further =
        further.map(|(order, place)| format!(" {place} {},", sql_direction(order.direction)));
    let further = further.collect::<String>();
    let sql = format!(
        "SELECT {COLUMNS} FROM (
            {found} ORDER BY 2 {way},{further} 3 {way} LIMIT {take} OFFSET {skip}
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
        "SELECT * FROM (
            WITH hit AS MATERIALIZED ({arm} ORDER BY f.rowid {way} LIMIT {upto})
            SELECT * FROM hit
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
fn sort(rows: &mut [Stored], order: Order, then: &[Order]) {
    rows.sort_by(|one, other| {
        let (one, other) = (&one.asset, &other.asset);
        let by_id = directed(one.id.cmp(&other.id), order.direction);
        let mut orders = std::iter::once(&order).chain(then);
        orders
            .find_map(|order| Some(compared(one, other, *order)).filter(|it| it.is_ne()))
            .unwrap_or(by_id)
    });
}

/// How two assets stand to each other in an order, the id left out.
#[must_use]
pub fn compared(one: &Asset, other: &Asset, order: Order) -> Ordering {
    let way = match order.key {
        SortKey::CreatedAt => one.created_at.cmp(&other.created_at),
        SortKey::UpdatedAt => one.updated_at.cmp(&other.updated_at),
        SortKey::Filename => fold(&one.filename).cmp(&fold(&other.filename)),
        SortKey::Size => row::size_sort(one).cmp(&row::size_sort(other)),
    };
    directed(way, order.direction)
}

fn directed(way: Ordering, direction: Direction) -> Ordering {
    match direction {
        Direction::Ascending => way,
        Direction::Descending => way.reverse(),
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
