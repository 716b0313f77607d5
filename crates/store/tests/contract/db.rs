//! Statements, transactions and snapshots, the same on every engine.

use std::time::Duration;

use backlot_model::{Id, Kind, fault::Fault, media::Digest};
use backlot_store::db::{DbError, DbErrorKind, texts};
use backlot_store::testing::on_every_engine;
use backlot_store::{Db, Fetch, Row, args};

const TABLE: &str = "CREATE TABLE cat (name TEXT NOT NULL PRIMARY KEY, age BIGINT CHECK (age >= 0),
    kitten_of TEXT REFERENCES cat (name))";

async fn with_cats(db: &Db) {
    let tx = db.begin().await.unwrap();
    tx.execute_script(TABLE).await.unwrap();
    tx.commit().await.unwrap();
}

async fn insert(db: &Db, name: &str) -> Result<u64, DbError> {
    db.execute("INSERT INTO cat (name, age) VALUES ($1, 1)", args![name]).await
}

async fn names(db: &impl Fetch) -> Vec<String> {
    db.fetch("SELECT name FROM cat ORDER BY name", args![], name).await.unwrap()
}

fn name(row: &Row<'_>) -> Result<String, DbError> {
    row.get(0)
}

#[tokio::test]
async fn placeholders_are_bound_by_number_in_any_order_and_more_than_once() {
    on_every_engine(async |db| {
        let sql = "SELECT $2 || '-' || $1 || '-' || $2";
        assert_eq!(db.fetch_one(sql, args!["a", "b"], name).await.unwrap(), "b-a-b");
    })
    .await;
}

#[tokio::test]
async fn arguments_that_do_not_fit_the_placeholders_are_a_defect() {
    on_every_engine(async |db| {
        for (sql, args) in [
            ("SELECT $1", args![]),
            ("SELECT $1", args!["a", "b"]),
            ("SELECT $1, $3", args!["a", "b"]),
            ("SELECT 1", args!["a"]),
        ] {
            let error = db.fetch(sql, args, |_| Ok(())).await.unwrap_err();
            assert_eq!(error.kind(), DbErrorKind::Defect, "{sql}");
        }
    })
    .await;
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    on_every_engine(async |db| {
        let tx = db.begin().await.unwrap();
        let table = "CREATE TABLE v (i BIGINT, r DOUBLE PRECISION, t TEXT, d TEXT, b BIGINT)";
        tx.execute_script(table).await.unwrap();
        tx.commit().await.unwrap();
        let id = Id::<()>::parse("01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d").unwrap();
        let digest = Digest([7; 32]);
        let sql = "INSERT INTO v VALUES ($1, $2, $3, $4, $5)";
        db.execute(sql, args![i64::MIN, 0.5, id, digest, true]).await.unwrap();
        let nothing = (None::<i64>, None::<f64>, None::<String>);
        db.execute(sql, args![nothing.0, nothing.1, nothing.2, None::<Id<()>>, None::<bool>])
            .await
            .unwrap();
        type Values = (Option<i64>, Option<f64>, Option<Id<()>>, Option<Digest>, Option<bool>);
        let read = |row: &Row<'_>| -> Result<Values, DbError> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        let rows = db.fetch("SELECT * FROM v ORDER BY i IS NULL", args![], read).await.unwrap();
        let full = (Some(i64::MIN), Some(0.5), Some(id), Some(digest), Some(true));
        assert_eq!(rows, [full, (None, None, None, None, None)]);
    })
    .await;
}

#[tokio::test]
async fn a_column_of_another_type_or_none_is_an_error_not_a_panic() {
    on_every_engine(async |db| {
        let one = "SELECT 1, 'x'";
        let errors = [
            db.fetch_one(one, args![], |row| row.get::<String>(0)).await.unwrap_err(),
            db.fetch_one(one, args![], |row| row.get::<i64>(1).map(|_| String::new()))
                .await
                .unwrap_err(),
            db.fetch_one(one, args![], |row| row.get::<String>(2)).await.unwrap_err(),
            db.fetch_one("SELECT 300", args![], |row| row.get::<u8>(0).map(|_| String::new()))
                .await
                .unwrap_err(),
            db.fetch_one("SELECT name FROM nowhere", args![], name).await.unwrap_err(),
            db.fetch_one("SELECT 'x' WHERE 1 = 0", args![], name).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), DbErrorKind::Defect, "{error}");
            assert_eq!(Fault::from(error).kind, Kind::Internal);
        }
    })
    .await;
}

#[tokio::test]
async fn any_number_of_ids_goes_through_one_placeholder() {
    on_every_engine(async |db| {
        with_cats(db).await;
        for cat in ["a \"quoted\" one", "b", "c"] {
            insert(db, cat).await.unwrap();
        }
        let sql = format!(
            "SELECT name FROM cat WHERE age = $1 AND name IN ({}) ORDER BY name",
            db.each_text(2)
        );
        let wanted = texts(["c", "a \"quoted\" one", "nobody"]);
        let found = db.fetch(sql.clone(), vec![1_i64.into(), wanted], name).await.unwrap();
        assert_eq!(found, ["a \"quoted\" one", "c"]);
        let none = texts(Vec::<String>::new());
        assert_eq!(db.fetch(sql, vec![1_i64.into(), none], name).await.unwrap().len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_transaction_keeps_nothing_and_the_next_one_begins() {
    on_every_engine(async |db| {
        with_cats(db).await;
        let tx = db.begin().await.unwrap();
        tx.execute("INSERT INTO cat (name) VALUES ($1)", args!["tom"]).await.unwrap();
        assert_eq!(names(&tx).await, ["tom"]);
        assert!(names(&**db).await.is_empty(), "seen before it was committed");
        drop(tx);
        let tx = db.begin().await.unwrap();
        assert!(names(&tx).await.is_empty());
        tx.rollback().await.unwrap();
        insert(db, "tim").await.unwrap();
        assert_eq!(names(&**db).await, ["tim"]);
    })
    .await;
}

/// Polls `future` so many times, then drops it. Whether it ended before.
async fn give_up_after(polls: usize, future: impl Future<Output = ()>) -> bool {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if futures::poll!(future.as_mut()).is_ready() {
            return true;
        }
        // Lets the threads of the database come between.
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn giving_up_at_any_moment_never_leaves_half_a_transaction() {
    on_every_engine(async |db| {
        with_cats(db).await;
        let sql = "INSERT INTO cat (name) VALUES ($1)";
        let (mut given_up, mut ended) = (0, 0);
        for polls in 0.. {
            let (one, two) = (format!("{polls}-1"), format!("{polls}-2"));
            let is_done = give_up_after(polls, async {
                let tx = db.begin().await.unwrap();
                tx.execute(sql, args![one]).await.unwrap();
                tx.execute(sql, args![two]).await.unwrap();
                tx.commit().await.unwrap();
            })
            .await;
            let tx = db.begin().await.unwrap();
            let count = "SELECT count(*) FROM cat WHERE name LIKE $1";
            let like = format!("{polls}-%");
            let count = tx.fetch_one(count, args![like], |row| row.get::<i64>(0)).await.unwrap();
            assert!(count == 2 || (count == 0 && !is_done), "{count} after {polls} polls");
            match is_done {
                true => ended += 1,
                false => given_up += 1,
            }
            if ended == 10 {
                break;
            }
        }
        assert!(given_up > 0);
    })
    .await;
}

#[tokio::test]
async fn after_an_error_a_transaction_is_lost() {
    on_every_engine(async |db| {
        with_cats(db).await;
        insert(db, "tom").await.unwrap();
        let tx = db.begin().await.unwrap();
        let sql = "INSERT INTO cat (name) VALUES ($1)";
        tx.execute(sql, args!["tim"]).await.unwrap();
        assert!(tx.execute(sql, args!["tom"]).await.unwrap_err().is_unique_violation());
        let later = tx.execute(sql, args!["pim"]).await.unwrap_err();
        assert_eq!(later.kind(), DbErrorKind::Aborted);
        assert_eq!(tx.commit().await.unwrap_err().kind(), DbErrorKind::Aborted);
        assert_eq!(names(&**db).await, ["tom"]);
    })
    .await;
}

#[tokio::test]
async fn constraints_are_told_apart() {
    on_every_engine(async |db| {
        with_cats(db).await;
        insert(db, "tom").await.unwrap();
        let sql = "INSERT INTO cat (name, age, kitten_of) VALUES ($1, $2, $3)";
        for (args, kind) in [
            (args!["tom", 1_i64, None::<String>], DbErrorKind::UniqueViolation),
            (args!["tim", -1_i64, None::<String>], DbErrorKind::ConstraintViolation),
            (args![None::<String>, 1_i64, None::<String>], DbErrorKind::ConstraintViolation),
            (args!["tim", 1_i64, "nobody"], DbErrorKind::ConstraintViolation),
        ] {
            let error = db.execute(sql, args).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            // What it means is for the operation to say, not for the driver.
            assert_eq!(Fault::from(error).kind, Kind::Internal);
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_can_return_rows_and_is_undone_when_they_cannot_be_read() {
    on_every_engine(async |db| {
        with_cats(db).await;
        insert(db, "tom").await.unwrap();
        let sql = "UPDATE cat SET age = age + $1 RETURNING age";
        let rows = db.execute_returning(sql, args![1_i64], |row| row.get::<i64>(0)).await;
        assert_eq!(rows.unwrap(), [2]);
        let wrong = db.execute_returning(sql, args![1_i64], |row| row.get::<String>(0)).await;
        assert_eq!(wrong.unwrap_err().kind(), DbErrorKind::Defect);
        let age = db.fetch_one("SELECT age FROM cat", args![], |row| row.get::<i64>(0)).await;
        assert_eq!(age.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn many_rows_go_in_at_once_or_not_at_all() {
    on_every_engine(async |db| {
        with_cats(db).await;
        let sql = "INSERT INTO cat (name) VALUES ($1)";
        let tx = db.begin().await.unwrap();
        assert_eq!(tx.execute_many(sql, vec![args!["a"], args!["b"]]).await.unwrap(), 2);
        tx.commit().await.unwrap();
        let tx = db.begin().await.unwrap();
        assert!(tx.execute_many(sql, vec![args!["c"], args!["a"]]).await.is_err());
        drop(tx);
        assert_eq!(names(&**db).await, ["a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_sees_one_state() {
    on_every_engine(async |db| {
        with_cats(db).await;
        insert(db, "tom").await.unwrap();
        let snapshot = db.snapshot().await.unwrap();
        assert_eq!(names(&snapshot).await, ["tom"]);
        insert(db, "tim").await.unwrap();
        assert_eq!(names(&snapshot).await, ["tom"]);
        assert_eq!(names(&**db).await, ["tim", "tom"]);
        drop(snapshot);
        let snapshot = db.snapshot().await.unwrap();
        assert_eq!(names(&snapshot).await, ["tim", "tom"]);
    })
    .await;
}

#[tokio::test]
async fn reading_never_writes() {
    on_every_engine(async |db| {
        with_cats(db).await;
        let sql = "INSERT INTO cat (name) VALUES ($1) RETURNING name";
        assert!(db.fetch(sql, args!["tom"], name).await.is_err());
        let snapshot = db.snapshot().await.unwrap();
        assert!(snapshot.fetch(sql, args!["tom"], name).await.is_err());
        drop(snapshot);
        assert!(names(&**db).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn statements_are_counted() {
    on_every_engine(async |db| {
        with_cats(db).await;
        let before = db.statements_run();
        insert(db, "tom").await.unwrap();
        names(&**db).await;
        let snapshot = db.snapshot().await.unwrap();
        names(&snapshot).await;
        names(&snapshot).await;
        assert_eq!(db.statements_run() - before, 4);
    })
    .await;
}

#[tokio::test]
async fn a_mapping_that_panics_costs_its_caller_only() {
    on_every_engine(async |db| {
        with_cats(db).await;
        insert(db, "tom").await.unwrap();
        for _ in 0..8 {
            let rows = db.fetch("SELECT name FROM cat", args![], |_| -> Result<(), DbError> {
                panic!("a defect in a mapping")
            });
            assert!(rows.await.is_err());
        }
        let tx = db.begin().await.unwrap();
        let rows = tx.fetch("SELECT name FROM cat", args![], |_| -> Result<(), DbError> {
            panic!("a defect in a mapping")
        });
        assert!(rows.await.is_err());
        drop(tx);
        assert_eq!(names(&**db).await, ["tom"]);
        insert(db, "tim").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_closed_database_refuses_as_unavailable() {
    on_every_engine(async |db| {
        with_cats(db).await;
        db.close().await.unwrap();
        db.close().await.unwrap();
        let errors = [
            insert(db, "tom").await.unwrap_err(),
            db.begin().await.err().unwrap(),
            db.snapshot().await.err().unwrap(),
            db.fetch("SELECT name FROM cat", args![], name).await.unwrap_err(),
        ];
        for error in errors {
            let fault = Fault::from(error);
            assert_eq!((fault.kind, fault.code), (Kind::Unavailable, "database-unavailable"));
        }
    })
    .await;
}

#[tokio::test]
async fn writers_take_turns_and_none_is_lost() {
    on_every_engine(async |db| {
        with_cats(db).await;
        db.execute("INSERT INTO cat (name, age) VALUES ('tom', 0)", args![]).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let db = Db::clone(db);
            tasks.spawn(async move {
                for _ in 0..10 {
                    let tx = db.begin().await.unwrap();
                    let sql = "SELECT age FROM cat WHERE name = 'tom'";
                    let age = tx.fetch_one(sql, args![], |row| row.get::<i64>(0)).await.unwrap();
                    let sql = "UPDATE cat SET age = $1 WHERE name = 'tom'";
                    tx.execute(sql, args![age + 1]).await.unwrap();
                    tx.commit().await.unwrap();
                }
            });
        }
        let all = tokio::time::timeout(Duration::from_secs(60), tasks.join_all());
        all.await.unwrap();
        let age = db.fetch_one("SELECT age FROM cat", args![], |row| row.get::<i64>(0)).await;
        assert_eq!(age.unwrap(), 200);
    })
    .await;
}
