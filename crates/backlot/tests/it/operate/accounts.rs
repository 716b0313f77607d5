//! Users, organisations and keys from the command line, beside a running server.

use serde_json::Value;

use crate::harness::{Home, Server};

#[tokio::test]
async fn accounts_are_managed_beside_a_running_server() {
    let home = Home::new();
    let server = Server::start(&home);
    let create = |email: &str| {
        let args = ["user", "create", "--email", email, "--password", "correct horse"];
        home.json(&[&args[..], &["--org", "Studio", "--json"]].concat())
    };
    let ada = create("ada@example.com");
    assert_eq!(ada["organization"]["role"], "owner");
    assert_eq!(ada["username"], "ada");
    let ben = create("ben@example.com");
    assert_eq!(ben["organization"]["role"], "member");
    assert_eq!(ben["organization"]["id"], ada["organization"]["id"]);

    let key = ["key", "create", "--email", "ada@example.com", "--org", "Studio", "--json"];
    let key = home.json(&key);
    let names: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "secret", "token"]);
    let client = server.client(key["token"].as_str().unwrap());
    let me = client.get("/api/v1/users/me").await.expect(200);
    assert_eq!(me["id"], ada["id"]);

    home.run(&["user", "deactivate", "--email", "ada"]).expect(0);
    assert_eq!(client.get("/api/v1/users/me").await.status, 401);
    home.run(&["user", "activate", "--email", "ada"]).expect(0);
    assert_eq!(client.get("/api/v1/users/me").await.status, 200);
    home.run(&["key", "revoke", key["id"].as_str().unwrap()]).expect(0);
    assert_eq!(client.get("/api/v1/users/me").await.status, 401);
}

#[test]
fn everything_can_be_done_before_the_first_start() {
    let home = Home::new();
    let made =
        home.json(&["user", "create", "--email", "ops@example.com", "--superuser", "--json"]);
    assert_eq!(made["password"].as_str().unwrap().len(), 24);
    home.run(&["org", "create", "Studio", "--owner", "ops@example.com"]).expect(0);
    home.run(&["org", "create", "--name", "Other"]).expect(0);
    home.json(&["user", "create", "--email", "ben@example.com", "--json"]);
    home.run(&["org", "add", "--org", "studio", "--email", "ben", "--role", "admin"]).expect(0);
    let members = home.json(&["org", "members", "Studio", "--json"]);
    let roles: Vec<&Value> = members.as_array().unwrap().iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["owner", "admin"]);
    home.run(&["org", "remove", "Studio", "--email", "ben"]).expect(0);
    let key = ["key", "create", "--email", "ben", "--scope", "read,write", "--expires", "90d"];
    home.run(&key).expect(0);
    let keys = home.json(&["key", "list", "--email", "ben", "--json"]);
    assert_eq!(keys[0]["scopes"], serde_json::json!(["read", "write"]));
    assert!(keys[0]["expires_at"].is_string());
    let users = home.run(&["user", "list"]).expect(0).stdout;
    assert!(users.contains("ops@example.com") && users.contains("superuser"), "{users}");
    // There is an administrator already.
    assert!(Server::start(&home).said["admin"].is_null());
}

#[test]
fn refusals_say_what_was_wrong_and_have_exit_codes() {
    let home = Home::new();
    for (args, code, said) in [
        (&["user", "list"][..], 4, "there is no library"),
        (&["user", "create", "--email", "nobody"], 2, "email"),
        (&["user", "create", "--email", "a@example.com", "--password", "short"], 2, "password"),
        (&["user", "create", "--email", "a@example.com"], 0, ""),
        (&["user", "create", "--email", "A@example.com"], 4, "already"),
        (&["user", "password", "--email", "b@example.com"], 4, "b@example.com"),
        (&["org", "add", "Nowhere", "--email", "a@example.com"], 4, "Nowhere"),
        (
            &["key", "create", "--email", "a@example.com", "--scope", "fly"],
            2,
            "read, write or admin",
        ),
        (&["key", "create", "--email", "a@example.com", "--expires", "soon"], 2, "90d"),
        (&["key", "revoke", "nonsense"], 4, "nonsense"),
        (&["verify", "--for", "soon"], 2, "30m"),
        (&["frobnicate"], 2, "frobnicate"),
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(said), "{args:?}: {ran:?}");
    }
}
