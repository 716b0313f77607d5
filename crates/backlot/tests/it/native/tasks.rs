//! Long work that a user watches.

use backlot_library::tasks::{Task, TaskStatus};
use backlot_model::{Clock as _, Id};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{NOBODY, scrub};
use crate::app::{Person, TestApp};

async fn task(app: &TestApp, person: &Person, n: u128, status: TaskStatus) -> String {
    let now = app.clock.now_ms();
    let task = Task {
        id: Id::new(Uuid::from_u128(n)),
        owner_id: person.id,
        organization_id: None,
        kind: "import".to_owned(),
        status,
        subject: Some("shoes.zip".to_owned()),
        payload: r#"{"secret":1}"#.to_owned(),
        progress: 40,
        total_items: Some(10),
        processed_items: 4,
        error: (status == TaskStatus::Failed).then(|| "the archive is broken".to_owned()),
        result: (status == TaskStatus::Completed).then(|| r#"{"made":10}"#.to_owned()),
        created_at: now,
        updated_at: now,
        started_at: Some(now),
        finished_at: status.is_final().then_some(now),
    };
    let tx = app.db.begin().await.unwrap();
    backlot_store::tasks::insert(&tx, &task).await.unwrap();
    tx.commit().await.unwrap();
    task.id.to_string()
}

#[tokio::test]
async fn tasks_are_watched_by_whoever_asked_for_them() {
    let app = TestApp::new().await;
    let (anna, ben, platform) =
        (app.user("anna").await, app.user("ben").await, app.superuser("platform").await);
    let id = task(&app, &anna, 1, TaskStatus::Running).await;
    app.clock.advance_ms(1_000);
    task(&app, &anna, 2, TaskStatus::Failed).await;
    app.clock.advance_ms(1_000);
    task(&app, &anna, 3, TaskStatus::Completed).await;
    let page = app.get("/api/v1/tasks").by(&anna).answers(200).await;
    insta::assert_json_snapshot!("task_page", scrub(page.clone()));
    let second = app.get("/api/v1/tasks?skip=1&limit=1").by(&anna).answers(200).await;
    assert_eq!(second, json!({ "data": [page["data"][1]], "count": 3 }));
    let target = format!("/api/v1/tasks/{id}");
    let one: Value = app.get(&target).by(&anna).answers(200).await;
    assert_eq!(one, page["data"][2]);
    assert_eq!(app.get(&target).by(&platform).answers(200).await, one);
    let none = app.get("/api/v1/tasks").by(&ben).answers(200).await;
    assert_eq!(none, json!({ "data": [], "count": 0 }));
    let foreign = app.get(&target).by(&ben).answers(404).await;
    insta::assert_json_snapshot!("unknown_task", scrub(foreign.clone()));
    for id in [NOBODY, "x"] {
        let said = app.get(&format!("/api/v1/tasks/{id}")).by(&ben).answers(404).await;
        assert_eq!(scrub(said), scrub(foreign.clone()));
    }
}
