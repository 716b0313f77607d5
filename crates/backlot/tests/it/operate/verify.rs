//! Finding what does not hold, repairing it, and taking away what nobody needs.

use std::fs;

use serde_json::{Value, json};

use super::{files_under, picture, write_pictures};
use crate::harness::{Home, Server};

fn library_of_three() -> Home {
    let home = Home::new();
    home.json(&["user", "create", "--email", "ada@example.com", "--superuser", "--json"]);
    write_pictures(&home.path("pictures"), &["a.jpg", "b.jpg", "c.jpg"]);
    assert_eq!(home.json(&["import", "pictures", "--json"])["created"], 3);
    home
}

fn kinds(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_sound_library_is_sound() {
    let home = library_of_three();
    let report = home.json(&["verify", "--deep", "--json"]);
    assert_eq!((&report["sound"], &report["complete"]), (&json!(true), &json!(true)));
    assert_eq!((&report["files"], &report["thumbnails"]), (&json!(3), &json!(6)), "{report:#}");
    assert_eq!(report["bytes"], report["bytes_hashed"]);
    assert_eq!(report["findings"], json!([]));
}

#[test]
fn missing_and_damaged_files_are_found() {
    let home = library_of_three();
    let files = files_under(&home.data_dir().join("blobs/blobs"));
    let damaged = fs::read(&files[0]).unwrap().iter().map(|byte| !byte).collect::<Vec<u8>>();
    fs::write(&files[0], damaged).unwrap();
    home.run(&["verify"]).expect(0);
    let report = home.run(&["verify", "--deep", "--json"]).expect(1).json();
    assert_eq!(kinds(&report), ["corrupt"]);
    fs::write(&files[1], "short").unwrap();
    fs::remove_file(&files[2]).unwrap();
    let report = home.run(&["verify", "--deep", "--repair", "--json"]).expect(1).json();
    let mut found = kinds(&report);
    found.sort_unstable();
    assert_eq!(found, ["corrupt", "missing", "wrong-size"]);
    let detail = report["findings"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("assets: "), "{detail}");
    let told = home.run(&["verify"]).expect(1).stdout;
    let digest = files[2].file_name().unwrap().to_str().unwrap();
    assert!(told.contains(&format!("missing: {digest}")), "{told}");
    assert!(told.ends_with("not sound\n"), "{told}");
}

#[test]
fn missing_thumbnails_are_made_again() {
    let home = library_of_three();
    let thumbs = files_under(&home.data_dir().join("blobs/renditions"));
    fs::remove_file(&thumbs[0]).unwrap();
    fs::remove_file(&thumbs[3]).unwrap();
    assert_eq!(kinds(&home.run(&["verify", "--json"]).expect(1).json()), ["thumbnail-missing"; 2]);
    let report = home.json(&["verify", "--repair", "--json"]);
    assert_eq!(report["counts"]["thumbnail-missing"], json!({"found": 2, "repaired": 2}));
    assert_eq!(files_under(&home.data_dir().join("blobs/renditions")), thumbs);
    home.run(&["verify"]).expect(0);
}

#[test]
fn a_run_goes_on_where_it_was_cut_short() {
    let home = library_of_three();
    let first = home.json(&["verify", "--deep", "--for", "0s", "--json"]);
    assert_eq!(first["complete"], false);
    let told = home.run(&["verify", "--for", "0s", "--resume"]).expect(0).stdout;
    assert!(told.contains("2 of 256 parts are done"), "{told}");
    let last = home.json(&["verify", "--resume", "--json"]);
    assert_eq!(last["complete"], true);
    assert_eq!(last["files"], 3);
    assert_eq!(last["bytes"], last["bytes_hashed"], "the rest is read as deep as the beginning");
    // Nothing is left to resume.
    assert_eq!(home.json(&["verify", "--resume", "--json"])["bytes_hashed"], 0);
}

#[tokio::test]
async fn what_nothing_refers_to_goes_after_the_grace_period() {
    let home = library_of_three();
    let blobs = home.data_dir().join("blobs/blobs");
    let before = files_under(&blobs);
    // As a crash between the file and its record leaves it.
    let digest = "ab".repeat(32);
    fs::create_dir_all(blobs.join("ab/ab")).unwrap();
    fs::write(blobs.join("ab/ab").join(&digest), picture(50)).unwrap();
    fs::write(blobs.join("ab/notes.txt"), "mine").unwrap();
    let report = home.json(&["verify", "--json"]);
    assert_eq!(report["sound"], true);
    let mut found = kinds(&report);
    found.sort_unstable();
    assert_eq!(found, ["recent", "stray"]);
    assert_eq!(home.json(&["gc", "--json"])["unreferenced"], 0);
    let server = Server::start(&home);
    let mut command = home.command(&["gc", "--json"]);
    command.env("BACKLOT_GC_GRACE", "0s");
    let collected = crate::harness::Ran::of(command).expect(0).json();
    assert_eq!(collected["unreferenced"], 1, "{collected:#}");
    let mut after = files_under(&blobs);
    after.retain(|path| !path.ends_with("ab/notes.txt"));
    assert_eq!(after, before);
    home.run(&["verify", "--deep"]).expect(0);
    server.stop();
}
