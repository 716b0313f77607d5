//! Folders of pictures into the library.

use std::fs;

use serde_json::json;

use super::{picture, write_pictures};
use crate::harness::{Home, Server, eventually};

const NAMES: &[&str] = &["a.jpg", "b.jpg", "deep/er/c.jpg", "deep/d.jpg", "e.dat"];

#[tokio::test]
async fn a_folder_comes_in_once_and_refusals_are_named() {
    let home = Home::new();
    let email = "ada@example.com";
    home.json(&["user", "create", "--email", email, "--superuser", "--json"]);
    let pictures = home.path("pictures");
    write_pictures(&pictures, NAMES);
    fs::write(pictures.join("copy of a.jpg"), picture(1)).unwrap();
    fs::write(pictures.join(".hidden.jpg"), picture(100)).unwrap();
    fs::write(pictures.join("notes.txt"), "not a picture\n").unwrap();
    fs::write(pictures.join("broken.png"), [0xff; 64]).unwrap();
    let whole = picture(101);
    fs::write(pictures.join("cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    std::os::unix::fs::symlink(&pictures, pictures.join("deep/loop")).unwrap();

    let args = ["import", "pictures", "--tag", "one", "--tag", "two", "--visibility", "public"];
    let summary = home.run(&[&args[..], &["--json"]].concat()).expect(1).json();
    assert_eq!(summary["created"], 6, "{summary:#}");
    assert_eq!(summary["present"], 1, "{summary:#}");
    let refused = summary["refused"].as_array().unwrap();
    let paths: Vec<&str> = refused.iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["pictures/broken.png", "pictures/notes.txt"]);
    assert_eq!(summary["failed"][0]["filename"], "cut.jpg", "{summary:#}");

    let told = home.run(&args).expect(1).stdout;
    assert!(told.contains("refused: pictures/notes.txt: text/plain"), "{told}");
    assert!(told.contains("0 imported") && told.contains("7 there already"), "{told}");
    fs::remove_file(pictures.join("notes.txt")).unwrap();
    fs::remove_file(pictures.join("broken.png")).unwrap();
    fs::write(pictures.join("new.jpg"), picture(102)).unwrap();
    let summary = home.json(&["import", "pictures", "pictures/new.jpg", "--json"]);
    assert_eq!((&summary["created"], &summary["present"]), (&json!(1), &json!(8)), "{summary:#}");

    let server = Server::start(&home);
    let key = home.json(&["key", "create", "--email", email, "--json"]);
    let client = server.client(key["token"].as_str().unwrap());
    let page = client.get("/api/v1/assets?tags=one,two&status=ready").await.expect(200);
    assert_eq!(page["count"], 5, "{page:#}");
    for asset in page["data"].as_array().unwrap() {
        assert_eq!(asset["tags"], json!(["one", "two"]));
        assert_eq!(asset["visibility"], "public");
        assert_eq!((&asset["width"], &asset["height"]), (&json!(96), &json!(64)));
    }
    home.run(&["verify"]).expect(0);
}

#[tokio::test]
async fn beside_a_server_thumbnails_are_left_to_it() {
    let home = Home::new();
    let server = Server::start(&home);
    let client = server.admin();
    home.json(&["user", "create", "--email", "ada@example.com", "--org", "Studio", "--json"]);
    write_pictures(&home.path("pictures"), NAMES);
    let args = ["import", "pictures", "--email", "ada@example.com", "--visibility", "shared"];
    let summary = home.json(&[&args[..], &["--org", "Studio", "--json"]].concat());
    assert_eq!(summary["created"], 5, "{summary:#}");
    eventually(async || {
        let page = client.get("/api/v1/assets?status=ready").await.expect(200);
        (page["count"] == 5).then_some(())
    })
    .await;
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_read() {
    let home = Home::new();
    write_pictures(&home.path("pictures"), &["a.jpg"]);
    assert!(home.run(&["import", "pictures"]).expect(4).stderr.contains("no library"));
    home.json(&["user", "create", "--email", "ada@example.com", "--json"]);
    assert!(home.run(&["import", "pictures"]).expect(2).stderr.contains("--email"));
    let args = ["import", "pictures", "--email", "ada", "--visibility"];
    home.run(&[&args[..], &["secret"]].concat()).expect(2);
    // Nobody to share with: each file says so.
    let shared = home.run(&[&args[..], &["shared", "--json"]].concat()).expect(1).json();
    assert!(shared["refused"][0]["reason"].as_str().unwrap().contains("organisation"), "{shared}");
    let missing = home.run(&["import", "nowhere", "--email", "ada", "--json"]).expect(1).json();
    assert_eq!(missing["refused"][0]["path"], "nowhere");
}
