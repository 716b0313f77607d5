//! `bench-facade [file] [rows] [seconds] [tasks]`: makes the file when it is not there, then
//! measures the façade of `backlot_store` with its defaults.

#[path = "../../common.rs"]
mod common;

use std::path::Path;

use backlot_store::db::{Row, SqliteOptions};
use backlot_store::{Db, DbError, Fetch, args};
use common::{Asset, Dice, ONE, PAGE, Plan, created_at, id, print_memory, scope};

const TABLE: &str = "CREATE TABLE asset (id TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL,
        created_at BIGINT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, mime TEXT,
        size BIGINT NOT NULL, width BIGINT, height BIGINT, tags TEXT NOT NULL, digest TEXT,
        deleted_at BIGINT);
    CREATE INDEX asset_by_scope ON asset (scope, created_at, id);
    CREATE TABLE note (id BIGINT, text TEXT)";
const INSERT: &str = "INSERT INTO asset VALUES ($1, $2, $3, $4, 'image', 'image/jpeg', $5, 4000,
    3000, '[\"one\",\"two\"]', $6, NULL)";

fn asset(row: &Row<'_>) -> Result<Asset, DbError> {
    Ok(Asset {
        id: row.get(0)?,
        scope: row.get(1)?,
        created_at: row.get(2)?,
        name: row.get(3)?,
        kind: row.get(4)?,
        mime: row.get(5)?,
        size: row.get(6)?,
        width: row.get(7)?,
        height: row.get(8)?,
        tags: row.get(9)?,
        digest: row.get(10)?,
        deleted_at: row.get(11)?,
    })
}

async fn fill(db: &Db, rows: u64) -> Result<(), DbError> {
    let tx = db.begin().await?;
    tx.execute_script(TABLE).await?;
    for start in (0..rows).step_by(10_000) {
        let batch = (start..rows.min(start + 10_000)).map(|i| {
            let (name, digest) = (format!("picture number {i}.jpg"), format!("{i:064x}"));
            args![id(i), scope(i), created_at(i), name, i as i64, digest]
        });
        tx.execute_many(INSERT, batch.collect()).await?;
    }
    tx.commit().await
}

async fn page(db: Db, rows: u64, mut dice: Dice) -> (u64, Dice) {
    let at = dice.below(rows);
    let args = args![scope(at), created_at(at), id(at)];
    let assets = db.fetch(PAGE, args, asset).await.expect("a page");
    (assets.iter().map(Asset::weight).sum(), dice)
}

async fn one(db: Db, rows: u64, mut dice: Dice) -> (u64, Dice) {
    let found = db.fetch_one(ONE, args![id(dice.below(rows))], asset).await.expect("a row");
    (found.weight(), dice)
}

async fn write(db: Db, mut dice: Dice) -> (u64, Dice) {
    let number = dice.below(1 << 30) as i64;
    let tx = db.begin().await.expect("a turn");
    let sql = "INSERT INTO note (id, text) VALUES ($1, $2)";
    let changed = tx.execute(sql, args![number, "a note"]).await.expect("an insert");
    tx.commit().await.expect("a commit");
    (changed, dice)
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), DbError> {
    let plan = Plan::from_args();
    let is_new = !Path::new(&plan.path).try_exists().expect("a folder that can be read");
    let db = Db::open_sqlite(Path::new(&plan.path), SqliteOptions::default()).await?;
    if is_new {
        fill(&db, plan.rows).await?;
        println!("made {} rows; run again to measure", plan.rows);
        return db.close().await;
    }
    let rows = plan.rows;
    print_memory("opened");
    let reader = db.clone();
    plan.measure("page of 100", move |dice| page(reader.clone(), rows, dice)).await;
    let reader = db.clone();
    plan.measure("one by id", move |dice| one(reader.clone(), rows, dice)).await;
    let writer = db.clone();
    plan.measure("insert, durable", move |dice| write(writer.clone(), dice)).await;
    print_memory("after");
    db.close().await
}
