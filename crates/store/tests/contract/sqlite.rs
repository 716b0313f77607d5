//! What only a SQLite file can show: other processes, wrong files, backup, limits.

use std::path::Path;

use backlot_model::fault::Fault;
use backlot_store::db::{DbErrorKind, SqliteOptions};
use backlot_store::testing::sqlite_options;
use backlot_store::{Db, Fetch, args};

/// Slow enough for any limit, and without an end of its own.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT max(i) FROM n";

async fn with_table(path: &Path, options: SqliteOptions) -> Db {
    let db = Db::open_sqlite(path, options).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.execute_script("CREATE TABLE IF NOT EXISTS t (x BIGINT, y TEXT)").await.unwrap();
    tx.commit().await.unwrap();
    db
}

async fn count(db: &impl Fetch) -> i64 {
    db.fetch_one("SELECT count(*) FROM t", args![], |row| row.get(0)).await.unwrap()
}

#[tokio::test]
async fn two_processes_share_a_file_and_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let quick = SqliteOptions { wait_ms_max: 50, ..sqlite_options() };
    let (one, other) =
        (with_table(&path, sqlite_options()).await, Db::open_sqlite(&path, quick).await.unwrap());
    let tx = one.begin().await.unwrap();
    tx.execute("INSERT INTO t (x) VALUES (1)", args![]).await.unwrap();
    for busy in [
        other.begin().await.err().unwrap(),
        other.execute("INSERT INTO t (x) VALUES (2)", args![]).await.unwrap_err(),
    ] {
        assert!(busy.is_busy(), "{busy}");
        assert_eq!(Fault::from(busy).code, "database-unavailable");
    }
    assert_eq!(count(&other).await, 0, "reading goes on");
    tx.commit().await.unwrap();
    other.execute("INSERT INTO t (x) VALUES (2)", args![]).await.unwrap();
    assert_eq!(count(&one).await, 2);
}

#[tokio::test]
async fn waiting_for_a_turn_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { wait_ms_max: 20, ..sqlite_options() };
    let db = with_table(&folder.path().join("a.db"), options).await;
    let tx = db.begin().await.unwrap();
    assert!(db.begin().await.err().unwrap().is_busy());
    assert!(db.execute("DELETE FROM t", args![]).await.unwrap_err().is_busy());
    assert!(db.close().await.unwrap_err().is_busy());
    drop(tx);
    db.begin().await.unwrap().rollback().await.unwrap();
}

#[tokio::test]
async fn a_read_that_takes_too_long_is_stopped_and_the_reader_serves_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { read_ms_max: 20, ..sqlite_options() };
    let db = with_table(&folder.path().join("a.db"), options).await;
    for _ in 0..4 {
        let error = db.fetch(ENDLESS, args![], |_| Ok(())).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::TooSlow);
        assert_eq!(Fault::from(error).code, "database-unavailable");
    }
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn snapshots_never_take_every_reader() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { wait_ms_max: 50, ..sqlite_options() };
    let db = with_table(&folder.path().join("a.db"), options).await;
    let snapshot = db.snapshot().await.unwrap();
    assert!(db.snapshot().await.err().unwrap().is_busy());
    assert_eq!(count(&db).await, 0);
    drop(snapshot);
    assert_eq!(count(&db.snapshot().await.unwrap()).await, 0);
}

#[tokio::test]
async fn a_snapshot_left_idle_gives_its_reader_back() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { snapshot_idle_ms_max: 0, ..sqlite_options() };
    let db = with_table(&folder.path().join("a.db"), options).await;
    let ended = loop {
        match db.snapshot().await {
            Ok(snapshot) => match snapshot.fetch("SELECT 1", args![], |_| Ok(())).await {
                Ok(_) => {}
                Err(error) => break error,
            },
            Err(error) => break error,
        }
    };
    assert_eq!(ended.kind(), DbErrorKind::Aborted, "{ended}");
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn too_many_waiting_reads_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { read_ms_max: 200, waiting_reads_max: 3, ..sqlite_options() };
    let db = with_table(&folder.path().join("a.db"), options).await;
    let reads = (0..12).map(|_| db.fetch(ENDLESS, args![], |_| Ok(())));
    let kinds: Vec<_> = futures::future::join_all(reads)
        .await
        .into_iter()
        .map(|read| read.unwrap_err().kind())
        .collect();
    let busy = kinds.iter().filter(|&&kind| kind == DbErrorKind::Busy).count();
    assert!((7..=9).contains(&busy), "2 run, 3 wait, the rest is refused: {kinds:?}");
    assert_eq!(count(&db).await, 0);
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_transaction_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_table(&folder.path().join("a.db"), sqlite_options()).await;
    let tx = db.begin().await.unwrap();
    tx.execute_script("PRAGMA max_page_count = 40").await.unwrap();
    tx.commit().await.unwrap();
    let tx = db.begin().await.unwrap();
    let sql = "INSERT INTO t (x, y) VALUES (1, $1)";
    let rows = (0..1_000).map(|_| args!["x".repeat(1_000)]).collect();
    let error = tx.execute_many(sql, rows).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Full);
    assert_eq!(Fault::from(error).code, "storage-full");
    let after = tx.execute("INSERT INTO t (x) VALUES (2)", args![]).await.unwrap_err();
    assert_eq!(after.kind(), DbErrorKind::Aborted);
    drop(tx);
    db.execute("INSERT INTO t (x) VALUES (3)", args![]).await.unwrap();
    assert_eq!(count(&db).await, 1);
}

#[tokio::test]
async fn files_that_are_not_ours_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "x".repeat(5_000)).unwrap();
    let foreign = folder.path().join("foreign.db");
    let conn = rusqlite::Connection::open(&foreign).unwrap();
    conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
    conn.close().unwrap();
    for path in [text, foreign] {
        let before = std::fs::read(&path).unwrap();
        let error = Db::open_sqlite(&path, sqlite_options()).await.err().unwrap();
        assert_eq!(error.kind(), DbErrorKind::WrongFile, "{error}");
        assert!(std::fs::read(&path).unwrap() == before);
    }
    let nowhere = folder.path().join("no/such/folder/a.db");
    let error = Db::open_sqlite(&nowhere, sqlite_options()).await.err().unwrap();
    assert_eq!(error.kind(), DbErrorKind::Unavailable);
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}

#[tokio::test]
async fn a_backup_taken_under_writes_is_one_state_and_sound() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_table(&folder.path().join("a.db"), sqlite_options()).await;
    let sql = "INSERT INTO t (x, y) VALUES ($1, $2)";
    let tx = db.begin().await.unwrap();
    let rows = (0..20_000_i64).map(|i| args![i, "x".repeat(100)]).collect();
    tx.execute_many(sql, rows).await.unwrap();
    tx.commit().await.unwrap();

    let copy = folder.path().join("copy.db");
    let writes = async {
        // Two rows in each transaction: a copy with an odd number has torn one apart.
        for i in 0..200_i64 {
            let tx = db.begin().await.unwrap();
            tx.execute_many(sql, vec![args![i, "a"], args![i, "b"]]).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    let (backup, ()) = tokio::join!(db.backup_to(&copy), writes);
    backup.unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap();
    let partial =
        files.filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().contains("partial"));
    assert_eq!(partial.count(), 0);
    assert!(db.backup_to(&copy).await.is_err(), "it is never written over");

    let copied = Db::open_sqlite(&copy, sqlite_options()).await.unwrap();
    assert_eq!(copied.integrity_check().await.unwrap(), Vec::<String>::new());
    let rows = count(&copied).await;
    assert!((20_000..=20_400).contains(&rows) && rows % 2 == 0, "{rows}");
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = with_table(&folder.path().join("a.db"), sqlite_options()).await;
    let error = db.backup_to(&folder.path().join("no/such/copy.db")).await.unwrap_err();
    assert_eq!(error.kind(), DbErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn damage_is_told_by_the_integrity_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = with_table(&path, sqlite_options()).await;
    let tx = db.begin().await.unwrap();
    tx.execute_script("CREATE INDEX t_y ON t (y)").await.unwrap();
    let rows = (0..2_000).map(|i| args![format!("{i:0100}")]).collect();
    tx.execute_many("INSERT INTO t (y) VALUES ($1)", rows).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    db.close().await.unwrap();

    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let db = Db::open_sqlite(&path, sqlite_options()).await.unwrap();
    assert!(!db.integrity_check().await.unwrap().is_empty());
}

#[tokio::test]
async fn closing_folds_the_log_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = with_table(&path, sqlite_options()).await;
    db.execute("INSERT INTO t (x) VALUES (1)", args![]).await.unwrap();
    drop(db.snapshot().await.unwrap());
    db.close().await.unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let db = with_table(&folder.path().join("a.db"), sqlite_options()).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
    drop(db);
}

/// What the planner does for `sql`, in one line.
async fn plan(db: &Db, sql: &str) -> String {
    let steps = db.fetch(format!("EXPLAIN QUERY PLAN {sql}"), args![], |row| row.get::<String>(3));
    steps.await.unwrap().join("; ")
}

#[tokio::test]
async fn the_queue_never_reads_more_jobs_than_it_takes() {
    let db = backlot_store::testing::sqlite().await;
    let claim = plan(
        &db,
        "SELECT id FROM job WHERE state <> 'dead' AND due_at <= 5 ORDER BY due_at, id LIMIT 1",
    )
    .await;
    assert_eq!(claim, "SEARCH job USING INDEX job_due (due_at<?)");
    let waiting = plan(&db, "SELECT count(*) FROM job WHERE state = 'ready'").await;
    assert_eq!(waiting, "SEARCH job USING COVERING INDEX job_depth (state=?)");
    let depth = "SELECT kind, state, count(*), min(due_at) FROM job GROUP BY state, kind";
    assert_eq!(plan(&db, depth).await, "SCAN job USING COVERING INDEX job_depth");
    let dead = "SELECT * FROM job WHERE died_at IS NOT NULL AND (died_at, id) < (5, 'x')
        ORDER BY died_at DESC, id DESC LIMIT 2";
    let dead = plan(&db, dead).await;
    assert!(
        dead.starts_with("SEARCH job USING INDEX job_dead") && !dead.contains("ORDER"),
        "{dead}"
    );
    let sweep = plan(&db, "DELETE FROM job WHERE died_at < 5").await;
    assert_eq!(sweep, "SEARCH job USING INDEX job_dead (died_at<?)");
}
