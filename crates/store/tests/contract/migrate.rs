//! Migrations.

use backlot_model::fault::Fault;
use backlot_store::db::{DbErrorKind, Fetch};
use backlot_store::migrate::{self, MIGRATIONS, MigrateError, Migration};
use backlot_store::testing::{self, on_every_engine};
use backlot_store::{Db, args};

const ONE: Migration = Migration {
    version: 1,
    name: "one",
    shared: "CREATE TABLE cat (id TEXT NOT NULL PRIMARY KEY); INSERT INTO cat VALUES ('tom');",
    sqlite: "CREATE TABLE own (id TEXT)",
    postgres: "CREATE TABLE own (id TEXT)",
};
const TWO: Migration = Migration {
    version: 2,
    name: "two",
    shared: "ALTER TABLE cat ADD COLUMN age BIGINT; INSERT INTO own SELECT id FROM cat;",
    sqlite: "",
    postgres: "",
};
const BROKEN: Migration = Migration {
    version: 3,
    name: "broken",
    shared: "CREATE TABLE half (id TEXT); INSERT INTO nowhere VALUES (1);",
    sqlite: "",
    postgres: "",
};

async fn versions(db: &Db, migrations: &[Migration]) -> (Vec<i64>, Vec<i64>) {
    let standing = migrate::check(db, migrations).await.unwrap();
    let numbers = |list: Vec<migrate::Applied>| list.iter().map(|it| it.version).collect();
    (numbers(standing.applied), numbers(standing.pending))
}

#[tokio::test]
async fn what_is_pending_is_applied_once_and_in_order() {
    let db = testing::empty_sqlite().await;
    assert_eq!(versions(&db, &[ONE, TWO]).await, (vec![], vec![1, 2]));
    let applied = migrate::run(&db, &[ONE], 7).await.unwrap();
    assert_eq!((applied[0].version, applied[0].name.as_str()), (1, "one"));
    assert_eq!(versions(&db, &[ONE, TWO]).await, (vec![1], vec![2]));
    assert_eq!(migrate::run(&db, &[ONE, TWO], 8).await.unwrap().len(), 1);
    assert_eq!(migrate::run(&db, &[ONE, TWO], 9).await.unwrap(), []);
    assert_eq!(versions(&db, &[ONE, TWO]).await, (vec![1, 2], vec![]));
    let sql = "SELECT (SELECT count(*) FROM own), max(applied_at) FROM schema_migration";
    let row = db.fetch_one(sql, args![], |row| Ok((row.get(0)?, row.get(1)?))).await;
    assert_eq!(row.unwrap(), (1_i64, 8_i64));
}

#[tokio::test]
async fn a_migration_that_fails_is_undone_whole_and_the_ones_before_it_stay() {
    let db = testing::empty_sqlite().await;
    let error = migrate::run(&db, &[ONE, TWO, BROKEN], 0).await.unwrap_err();
    assert!(matches!(error, MigrateError::Failed { version: 3, .. }), "{error}");
    assert_eq!(versions(&db, &[ONE, TWO, BROKEN]).await, (vec![1, 2], vec![3]));
    let half = db.fetch("SELECT * FROM half", args![], |_| Ok(())).await.unwrap_err();
    assert_eq!(half.kind(), DbErrorKind::Defect, "the table is not there: {half}");
}

#[tokio::test]
async fn a_newer_or_changed_database_is_refused_and_left_alone() {
    let db = testing::empty_sqlite().await;
    migrate::run(&db, &[ONE, TWO], 0).await.unwrap();
    let newer = migrate::run(&db, &[ONE], 0).await.unwrap_err();
    assert!(matches!(newer, MigrateError::Newer { found: 2, .. }));
    assert!(newer.to_string().contains("newer version"), "{newer}");
    assert_eq!(Fault::from(newer).code, "internal");
    let edited = Migration { shared: "SELECT 1", ..TWO };
    let changed = migrate::check(&db, &[ONE, edited]).await.unwrap_err();
    assert!(matches!(changed, MigrateError::Changed { version: 2, .. }));
    let between = Migration { version: 1, ..ONE };
    let later = Migration { version: 3, ..TWO };
    let gap = migrate::check(&db, &[between, later, Migration { version: 2, ..TWO }]).await;
    assert!(matches!(gap.unwrap_err(), MigrateError::Gap { version: 3, .. }));
}

#[tokio::test]
async fn several_processes_may_migrate_at_once() {
    let one = testing::empty_sqlite().await;
    let other = Db::open_sqlite(&one.path(), testing::sqlite_options()).await.unwrap();
    let (first, second) =
        tokio::join!(migrate::run(&one, &[ONE, TWO], 0), migrate::run(&other, &[ONE, TWO], 0));
    assert_eq!(first.unwrap().len() + second.unwrap().len(), 2);
}

#[tokio::test]
async fn the_schema_applies_to_every_engine_and_its_versions_grow() {
    assert!(MIGRATIONS.windows(2).all(|pair| pair[0].version < pair[1].version));
    on_every_engine(async |db| {
        let standing = migrate::check(db, MIGRATIONS).await.unwrap();
        assert_eq!((standing.applied.len(), standing.pending.len()), (MIGRATIONS.len(), 0));
    })
    .await;
}
