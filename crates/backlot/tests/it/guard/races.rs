//! Who comes in between: work whose lease is gone, files that are dropped while they are asked
//! for, assets that are deleted under a job, and processes that end between two steps.

use backlot_model::clock::DAY_MS;
use backlot_model::media::Digest;
use backlot_store::{Fetch as _, args};
use serde_json::{Value, json};

use crate::app::{CAT, Part, Person, TestApp};
use crate::source::{Source, work_to_the_end};

const ASSETS: &str = "/api/v1/assets";

async fn upload(app: &TestApp, person: &Person) -> Value {
    let form = [Part::file("file", "a.png", CAT)];
    app.post(ASSETS).by(person).form(&form).answers(201).await
}

async fn import(app: &TestApp, person: &Person, url: &str) -> Value {
    app.post(ASSETS).by(person).json(&json!({ "url": url })).answers(201).await
}

fn address(made: &Value) -> String {
    format!("{ASSETS}/{}", made["id"].as_str().unwrap())
}

async fn shown(app: &TestApp, person: &Person, made: &Value) -> Value {
    app.get(&address(made)).by(person).answers(200).await
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    app.db.fetch_one(sql, args![], |row| row.get(0)).await.unwrap()
}

/// Until a worker has a job in hand, and then it is another's.
async fn steal_the_lease(app: &TestApp) {
    let sql = "UPDATE job SET claims = claims + 1 WHERE state = 'leased'";
    while app.db.execute(sql, args![]).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_has_lost_the_lease_stops_and_changes_nothing() {
    let source = Source::start().await;
    let app = source.app(|config| config.job_lease_ms = 30).await;
    let anna = app.user("anna").await;
    // The host never gives the rest of this file.
    let made = import(&app, &anna, &source.url("/slow")).await;
    let (ran, ()) = tokio::join!(app.library.run_next_job(), steal_the_lease(&app));
    assert!(ran.unwrap());
    assert_eq!(shown(&app, &anna, &made).await["status"], "processing");
    assert_eq!(count(&app, "SELECT count(*) FROM job WHERE state = 'leased'").await, 1);
}

#[tokio::test]
async fn only_a_job_that_died_fails_what_it_was_for() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna).await;
    // Its last attempt runs when somebody asks for it once more.
    let sql = "UPDATE job SET state = 'leased', attempts = 99, again_at = due_at + 1000";
    app.db.execute(sql, args![]).await.unwrap();
    assert!(app.library.run_next_job().await.unwrap());
    assert_eq!(shown(&app, &anna, &made).await["status"], "processing");
    app.clock.advance_ms(1_000);
    app.work().await;
    assert_eq!(shown(&app, &anna, &made).await["status"], "ready");

    let doomed = upload(&app, &anna).await;
    app.db.execute("UPDATE job SET attempts = 99", args![]).await.unwrap();
    app.work().await;
    assert_eq!(shown(&app, &anna, &doomed).await["status"], "failed");
    assert_eq!(count(&app, "SELECT count(*) FROM job WHERE state = 'dead'").await, 1);
}

#[tokio::test]
async fn a_made_size_whose_file_is_gone_is_made_again() {
    let app = TestApp::with(|config| config.rendition_cache_bytes = 0).await;
    let anna = app.user("anna").await;
    let made = upload(&app, &anna).await;
    app.work().await;
    let small = format!("/media/assets/{}/original?width=64", made["id"].as_str().unwrap());
    let first = app.get(&small).by(&anna).send().await;
    assert_eq!(first.status.as_u16(), 200);
    let digest = made["content_hash"].as_str().and_then(Digest::parse).unwrap();
    let sql = "SELECT name FROM rendition WHERE is_cached = 1";
    let name: String = app.db.fetch_one(sql, args![], |row| row.get(0)).await.unwrap();
    app.blobs.delete_rendition(digest, &name).await.unwrap();
    let again = app.get(&small).by(&anna).send().await;
    assert_eq!((again.status.as_u16(), again.bytes), (200, first.bytes));

    assert_eq!(app.library.trim_renditions().await.unwrap(), 1);
    assert_eq!(count(&app, "SELECT count(*) FROM rendition WHERE is_cached = 1").await, 0);
    assert_eq!(app.blobs.rendition_modified_ms(digest, &name).await.unwrap(), None);
    assert_eq!(app.get(&small).by(&anna).send().await.status.as_u16(), 200);
}

#[tokio::test]
async fn nothing_is_done_for_a_deleted_asset_until_it_is_restored() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    let sent = upload(&app, &anna).await;
    let fetched = import(&app, &anna, &source.url("/cat.png")).await;
    let unreachable = import(&app, &anna, &source.url("/nothing")).await;
    for made in [&sent, &fetched, &unreachable] {
        app.delete(&address(made)).by(&anna).answers(200).await;
    }
    let events = count(&app, "SELECT count(*) FROM event").await;
    work_to_the_end(&app).await;
    assert_eq!(count(&app, "SELECT count(*) FROM event").await, events);
    assert_eq!(count(&app, "SELECT count(*) FROM job").await, 0);
    for (made, end) in [(&sent, "ready"), (&fetched, "ready"), (&unreachable, "failed")] {
        app.post(&format!("{}/restore", address(made))).by(&anna).answers(200).await;
        assert_eq!(shown(&app, &anna, made).await["status"], "processing");
        work_to_the_end(&app).await;
        assert_eq!(shown(&app, &anna, made).await["status"], end);
    }
}

#[tokio::test]
async fn an_asset_and_the_end_of_its_upload_are_one() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let body = json!({ "filename": "a.png", "content_type": "image/png" });
    let place = app.post("/api/v1/uploads/presigned-url").by(&anna).json(&body);
    let place = place.answers(200).await;
    let url = place["upload_url"].as_str().unwrap();
    let sql = "CREATE TRIGGER cut BEFORE UPDATE ON upload BEGIN SELECT RAISE(ABORT, 'cut'); END";
    app.db.execute(sql, args![]).await.unwrap();
    assert_eq!(app.put(url).bytes("image/png", CAT).send().await.status.as_u16(), 500);
    assert_eq!(count(&app, "SELECT count(*) FROM asset").await, 0);
    app.db.execute("DROP TRIGGER cut", args![]).await.unwrap();
    assert!(app.put(url).bytes("image/png", CAT).send().await.status.is_success());
    assert_eq!(count(&app, "SELECT count(*) FROM asset").await, 1);
    let sql = "SELECT count(*) FROM upload WHERE status = 'imported'";
    assert_eq!(count(&app, sql).await, 1);
}

#[tokio::test]
async fn a_sweep_goes_on_until_every_old_record_is_gone() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    upload(&app, &anna).await;
    let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1100)
        INSERT INTO idempotency_key (subject, key, fingerprint, created_at)
        SELECT 'a', n, 'f', 0 FROM n";
    app.db.execute(sql, args![]).await.unwrap();
    let sql = "INSERT INTO task (id, owner_id, kind, status, created_at, updated_at, finished_at)
        SELECT 'a', id, 'zip', 'COMPLETED', 0, 0, 0 FROM account";
    app.db.execute(sql, args![]).await.unwrap();
    app.db.execute("UPDATE job SET state = 'dead', died_at = 0", args![]).await.unwrap();
    app.clock.advance_ms(60 * DAY_MS);
    let first = app.library.sweep().await.unwrap();
    assert_eq!((first.answers, first.events, first.jobs, first.tasks), (500, 1, 1, 1));
    while !app.library.sweep().await.unwrap().is_empty() {}
    for table in ["idempotency_key", "event", "job", "task"] {
        let sql = format!("SELECT count(*) FROM {table}");
        let left: i64 = app.db.fetch_one(sql, args![], |row| row.get(0)).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn what_is_fetched_has_the_name_that_its_host_gives_or_one_that_fits() {
    let source = Source::start().await;
    let app = source.app(|_| {}).await;
    let anna = app.user("anna").await;
    let disposed = import(&app, &anna, &source.url("/disposed")).await;
    let nameless = import(&app, &anna, &source.url("/")).await;
    let given = json!({ "url": source.url("/disposed"), "filename": "mine.png", "name": "Mine" });
    let given = app.post(ASSETS).by(&anna).json(&given).answers(201).await;
    work_to_the_end(&app).await;
    let by_id = format!("{}.png", nameless["id"].as_str().unwrap());
    for (made, filename, name) in [
        (&disposed, "a cat.png", "a cat.png"),
        (&nameless, &by_id, &by_id),
        (&given, "mine.png", "Mine"),
    ] {
        let asset = shown(&app, &anna, made).await;
        assert_eq!((&asset["filename"], &asset["name"]), (&json!(filename), &json!(name)));
    }
}
