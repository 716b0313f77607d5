//! A copy of the library, and back.

use std::fs;

use serde_json::json;

use super::{files_under, picture, write_pictures};
use crate::harness::{Home, Ran, Server};

#[tokio::test]
async fn a_backup_of_a_running_server_is_restored_whole() {
    let home = Home::new();
    let server = Server::start(&home);
    let client = server.admin();
    for seed in 1..=3 {
        let made = client.upload("a.jpg", picture(seed)).await.unwrap().expect(201);
        client.ended(made["id"].as_str().unwrap()).await;
    }
    let report = home.json(&["backup", "--to", "copy", "--json"]);
    assert_eq!((&report["files"], &report["thumbnails"]), (&json!(3), &json!(6)), "{report:#}");
    let late = client.upload("late.jpg", picture(4)).await.unwrap().expect(201);
    client.ended(late["id"].as_str().unwrap()).await;
    let report = home.json(&["backup", "--to", "copy", "--copy", "--json"]);
    assert_eq!((&report["files"], &report["files_copied"]), (&json!(4), &json!(1)), "{report:#}");
    client.upload("too-late.jpg", picture(5)).await.unwrap().expect(201);
    let before = client.get("/api/v1/assets").await.expect(200);
    let token = server.first_key();
    server.stop();

    let restored = home.path("restored");
    let restore = || home.command_in(&restored, &["restore", "--from", "copy", "--json"]);
    let report = Ran::of(restore()).expect(0).json();
    assert_eq!((&report["files"], &report["files_lost"]), (&json!(4), &json!(0)));
    Ran::of(restore()).expect(4);
    Ran::of(home.command_in(&restored, &["verify", "--deep"])).expect(0);
    let elsewhere = Home::new();
    fs::rename(&restored, elsewhere.data_dir()).unwrap();
    let server = Server::start(&elsewhere);
    let client = server.client(&token);
    let page = client.get("/api/v1/assets").await.expect(200);
    assert_eq!(page["count"], 4);
    let id = late["id"].as_str().unwrap();
    let asset = client.get(&format!("/api/v1/assets/{id}")).await.expect(200);
    assert_eq!(asset["status"], "ready");
    assert_eq!(before["count"], 5);
    let original = client.get(&format!("/media/assets/{id}/original")).await;
    assert_eq!((original.status, original.body), (200, picture(4)));
}

#[test]
fn a_backup_is_checked_as_it_is_restored() {
    let home = Home::new();
    home.json(&["user", "create", "--email", "ada@example.com", "--superuser", "--json"]);
    write_pictures(&home.path("pictures"), &["a.jpg", "b.jpg"]);
    home.json(&["import", "pictures", "--json"]);
    home.json(&["backup", "--to", "copy", "--copy", "--json"]);
    let files = files_under(&home.path("copy/blobs/blobs"));
    let damaged = fs::read(&files[0]).unwrap().iter().map(|byte| !byte).collect::<Vec<u8>>();
    fs::write(&files[0], damaged).unwrap();
    let restore = |to: &str| {
        let to = home.path(to);
        Ran::of(home.command_in(&to, &["restore", "--from", "copy", "--json"]))
    };
    let report = restore("one").expect(1).json();
    let digest = files[0].file_name().unwrap().to_str().unwrap();
    assert_eq!(report["lost"], json!([digest]));
    Ran::of(home.command_in(&home.path("one"), &["verify"])).expect(1);
    // The next backup does not trust what is damaged by size alone, but a missing file is brought.
    fs::remove_file(&files[0]).unwrap();
    home.json(&["backup", "--to", "copy", "--json"]);
    restore("two").expect(0);
    let database = fs::read_dir(home.path("copy")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        path.extension().is_some_and(|extension| extension == "db").then_some(path)
    });
    fs::write(database.unwrap(), "not a database").unwrap();
    assert!(restore("three").expect(1).stderr.contains("damaged"));
    assert!(!home.path("three/backlot.db").try_exists().unwrap());
    fs::remove_file(home.path("copy/backup.json")).unwrap();
    restore("four").expect(4);
}

#[test]
fn a_folder_with_something_else_is_no_place_for_a_backup() {
    let home = Home::new();
    home.json(&["user", "create", "--email", "ada@example.com", "--json"]);
    fs::create_dir(home.path("photos")).unwrap();
    fs::write(home.path("photos/a.jpg"), picture(1)).unwrap();
    home.run(&["backup", "--to", "photos"]).expect(4);
    home.run(&["backup", "--to", "copy"]).expect(0);
    let other = Home::new();
    other.json(&["user", "create", "--email", "ada@example.com", "--json"]);
    let copy = home.path("copy");
    other.run(&["backup", "--to", copy.to_str().unwrap()]).expect(4);
}
