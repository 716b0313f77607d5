//! The demo library.

use crate::harness::{Home, Ran, Server};

#[tokio::test]
async fn a_demo_can_be_looked_at() {
    let home = Home::new();
    let made = home.json(&["demo", "--count", "12", "--json"]);
    assert_eq!(made["users"].as_array().unwrap().len(), 3);
    home.run(&["verify"]).expect(0);
    let again = home.run(&["demo"]).expect(4);
    assert!(again.stderr.contains("already"), "{}", again.stderr);
    let server = Server::start(&home);
    let mut seen = 0;
    for user in made["users"].as_array().unwrap() {
        let client = server.client(user["token"].as_str().unwrap());
        let own = client.get("/api/v1/assets?ownership=mine&status=ready").await.expect(200);
        seen += own["count"].as_u64().unwrap();
        let login = [("username", &user["email"]), ("password", &user["password"])];
        let login = login.map(|(name, value)| (name, value.as_str().unwrap()));
        let url = format!("{}/api/v1/login/access-token", server.url);
        assert!(
            reqwest::Client::new()
                .post(url)
                .form(&login)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }
    assert!(seen > 0);
    let other = Home::new();
    Ran::of(other.command(&["demo", "--count", "0"])).expect(2);
}
