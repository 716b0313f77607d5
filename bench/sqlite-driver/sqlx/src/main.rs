//! `bench-sqlx [file] [rows] [seconds] [tasks]`: measures sqlx on a file `bench-facade` has made,
//! with as many connections, and caches as big, as the façade has.

#[path = "../../common.rs"]
mod common;

use std::str::FromStr;
use std::time::Duration;

use common::{Asset, Dice, ONE, PAGE, Plan, created_at, id, print_memory, scope};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Error, Row};

fn asset(row: &SqliteRow) -> Result<Asset, Error> {
    Ok(Asset {
        id: row.try_get(0)?,
        scope: row.try_get(1)?,
        created_at: row.try_get(2)?,
        name: row.try_get(3)?,
        kind: row.try_get(4)?,
        mime: row.try_get(5)?,
        size: row.try_get(6)?,
        width: row.try_get(7)?,
        height: row.try_get(8)?,
        tags: row.try_get(9)?,
        digest: row.try_get(10)?,
        deleted_at: row.try_get(11)?,
    })
}

async fn pool(path: &str, connections: u32, cache_kib: u32) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::from_str(path)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(256)
        .pragma("cache_size", format!("-{cache_kib}"))
        .pragma("temp_store", "MEMORY");
    SqlitePoolOptions::new().max_connections(connections).connect_with(options).await
}

async fn page(pool: SqlitePool, rows: u64, mut dice: Dice) -> (u64, Dice) {
    let at = dice.below(rows);
    let query = sqlx::query(PAGE).bind(scope(at)).bind(created_at(at)).bind(id(at));
    let found = query.fetch_all(&pool).await.expect("a page");
    let assets = found.iter().map(asset).collect::<Result<Vec<_>, _>>().expect("assets");
    (assets.iter().map(Asset::weight).sum(), dice)
}

async fn one(pool: SqlitePool, rows: u64, mut dice: Dice) -> (u64, Dice) {
    let row = sqlx::query(ONE).bind(id(dice.below(rows))).fetch_one(&pool).await.expect("a row");
    (asset(&row).expect("an asset").weight(), dice)
}

async fn write(pool: SqlitePool, mut dice: Dice) -> (u64, Dice) {
    let number = dice.below(1 << 30) as i64;
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("a turn");
    let query = sqlx::query("INSERT INTO note (id, text) VALUES ($1, $2)").bind(number);
    let done = query.bind("a note").execute(&mut *tx).await.expect("an insert");
    tx.commit().await.expect("a commit");
    (done.rows_affected(), dice)
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Error> {
    let plan = Plan::from_args();
    let connections = std::thread::available_parallelism().map_or(2, |it| it.get().clamp(2, 4));
    let readers = pool(&plan.path, connections as u32, 4 << 10).await?;
    let writer = pool(&plan.path, 1, 8 << 10).await?;
    let rows = plan.rows;
    print_memory("opened");
    let reader = readers.clone();
    plan.measure("page of 100", move |dice| page(reader.clone(), rows, dice)).await;
    plan.measure("one by id", move |dice| one(readers.clone(), rows, dice)).await;
    plan.measure("insert, durable", move |dice| write(writer.clone(), dice)).await;
    print_memory("after");
    Ok(())
}
