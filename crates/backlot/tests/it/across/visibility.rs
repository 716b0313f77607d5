//! Stored visibility, dialect by dialect, for its uploader, a teammate and a stranger.

use super::{MAKERS, Maker, Native, Piktid, TONGUES, set_visibility};
use crate::app::{Person, TestApp};

/// Where this person meets the asset: each dialect that has it by id, with `+` where it lists it.
async fn met(app: &TestApp, by: &Person, id: &str) -> String {
    let mut met = Vec::new();
    for tongue in TONGUES {
        let by_id = tongue.get(app, by, id).await;
        let listed = tongue.find(app, by, id).await;
        if let (Some(one), Some(other)) = (&by_id, &listed) {
            assert_eq!(one["visibility"], other["visibility"], "{tongue:?}");
        }
        match (by_id.is_some(), listed.is_some()) {
            (true, true) => met.push(format!("{tongue:?}+")),
            (true, false) => met.push(format!("{tongue:?}")),
            (false, true) => panic!("{tongue:?} lists what it does not have"),
            (false, false) => {}
        }
    }
    met.join(" ")
}

const EVERYWHERE: &str = "Native Piktid Productai Youthumb";
const LISTED_EVERYWHERE: &str = "Native+ Piktid+ Productai+ Youthumb+";
/// productai lists what its user uploaded, and nothing else.
const LISTED_TO_A_TEAM: &str = "Native+ Piktid+ Productai Youthumb+";

/// Visibility; what piktid calls it; where uploader, teammate and stranger meet it.
const TABLE: &[(&str, &str, [&str; 3])] = &[
    ("private", "private", [LISTED_EVERYWHERE, "", ""]),
    ("shared", "shared", [LISTED_EVERYWHERE, LISTED_TO_A_TEAM, ""]),
    // Anybody with a credential who was told the id.
    ("unlisted", "private", [LISTED_EVERYWHERE, EVERYWHERE, EVERYWHERE]),
    ("public", "shared", [LISTED_EVERYWHERE, LISTED_TO_A_TEAM, EVERYWHERE]),
];

#[tokio::test]
async fn a_face_is_met_as_the_table_says() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    app.organization("Other", &[&cleo]).await;
    let id = Maker::Face.make(&app, &anna).await;
    for (visibility, in_piktid, places) in TABLE {
        set_visibility(&app, &anna, &id, visibility).await;
        assert_eq!(Piktid.get(&app, &anna, &id).await.unwrap()["visibility"], *in_piktid);
        for (person, right) in [&anna, &ben, &cleo].into_iter().zip(places) {
            assert_eq!(met(&app, person, &id).await, *right, "{visibility} {}", person.email);
        }
    }
}

#[tokio::test]
async fn what_was_made_elsewhere_is_met_alike_but_for_youthumb_s_listing() {
    let app = TestApp::new().await;
    let (anna, ben, cleo) = (app.user("anna").await, app.user("ben").await, app.user("cleo").await);
    app.organization("Acme", &[&anna, &ben]).await;
    for maker in MAKERS.into_iter().filter(|maker| maker.asset_type() == "uploaded") {
        let id = maker.make(&app, &anna).await;
        for (visibility, _, places) in TABLE {
            set_visibility(&app, &anna, &id, visibility).await;
            for (person, right) in [&anna, &ben, &cleo].into_iter().zip(places) {
                let right = right.replace("Youthumb+", "Youthumb");
                assert_eq!(met(&app, person, &id).await, right, "{maker:?} {visibility}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_platform_makes_public_is_there_for_everybody() {
    let app = TestApp::new().await;
    let (root, cleo) = (app.superuser("root").await, app.user("cleo").await);
    let id = Maker::Native.make(&app, &root).await;
    assert_eq!(met(&app, &cleo, &id).await, "");
    set_visibility(&app, &root, &id, "public").await;
    assert_eq!(met(&app, &cleo, &id).await, "Native+ Piktid+ Productai Youthumb");
    assert_eq!(Piktid.get(&app, &cleo, &id).await.unwrap()["visibility"], "default");
    for (ownership, there) in [("default", true), ("mine", false), ("shared", false)] {
        let path = format!("/piktid/assets?ownership={ownership}");
        let total = app.get(&path).by(&cleo).answers(200).await["pagination"]["total"].clone();
        assert_eq!(total, u64::from(there), "{ownership}");
    }
}

#[tokio::test]
async fn a_superuser_meets_everything_by_id() {
    let app = TestApp::new().await;
    let (root, anna) = (app.superuser("root").await, app.user("anna").await);
    for maker in MAKERS {
        let id = maker.make(&app, &anna).await;
        for tongue in TONGUES {
            assert!(tongue.get(&app, &root, &id).await.is_some(), "{maker:?} in {tongue:?}");
        }
        assert!(Native.find(&app, &root, &id).await.is_some(), "{maker:?}");
    }
}

#[tokio::test]
async fn whoever_leaves_the_organisation_meets_it_no_more() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let acme = app.organization("Acme", &[&anna, &ben]).await;
    let id = Maker::Face.make(&app, &anna).await;
    assert_eq!(met(&app, &ben, &id).await, LISTED_TO_A_TEAM);
    let root = app.superuser("root").await;
    let membership = format!("/api/v1/organizations/{acme}/members/{}", ben.id);
    app.delete(&membership).by(&root).answers(200).await;
    assert_eq!(met(&app, &ben, &id).await, "");
    assert_eq!(met(&app, &anna, &id).await, LISTED_EVERYWHERE);
}
