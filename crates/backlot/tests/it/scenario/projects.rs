//! Projects and teams.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::scrub;
use crate::app::TestApp;

#[tokio::test]
async fn an_organisation_is_a_project_and_its_team() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await;
    let zoo = app.organization("Zoo", &[&anna]).await;
    let get =
        async |path: &str| app.get(&format!("/scenario/v1{path}")).by(&anna).answers(200).await;
    let project = get(&format!("/projects/{}", acme.dressed("proj"))).await;
    assert_json_snapshot!("project", scrub(project.clone()));
    assert_json_snapshot!("team", scrub(get(&format!("/teams/{}", acme.dressed("team"))).await));
    assert_json_snapshot!("teams", scrub(get("/teams").await));
    let page = get("/projects?pageSize=1").await;
    assert_eq!(page["projects"], json!([project["project"]]));
    let token = page["nextPaginationToken"].as_str().unwrap();
    let rest = get(&format!("/projects?pageSize=1&paginationToken={token}")).await;
    assert_eq!(
        (&rest["projects"][0]["name"], &rest["nextPaginationToken"]),
        (&json!("Zoo"), &Value::Null)
    );
    let one = get(&format!("/projects?teamId={}", zoo.dressed("team"))).await;
    assert_eq!(one["projects"][0]["id"], json!(zoo.dressed("proj")));
    for path in [
        format!("/projects/{}", zoo.dressed("proj")),
        format!("/teams/{}", zoo.dressed("team")),
        format!("/projects?teamId={}", zoo.dressed("team")),
        "/projects/x".to_owned(),
        "/teams/team_x".to_owned(),
    ] {
        let said = app.get(&format!("/scenario/v1{path}")).by(&ben).answers(404).await;
        assert_eq!(said["reason"], "organization-not-found", "{path}");
    }
    let alone = app.user("cleo").await;
    let none = app.get("/scenario/v1/teams").by(&alone).answers(200).await;
    assert_eq!(none, json!({ "teams": [] }));
}
