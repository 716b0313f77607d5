//! What looks alike, by perceptual hashes: there is no encoder here.

use serde_json::json;

use super::{found, ids, names, similar, upload};
use crate::app::{CAT, COFFEE, TestApp};

#[tokio::test]
async fn pictures_are_found_by_what_they_look_like() {
    let app = TestApp::new().await;
    let (ann, bob) = (app.user("ann").await, app.user("bob").await);
    let cat = upload(&app, &ann, CAT, &[("name", "cat")]).await;
    app.clock.advance_ms(1_000);
    let coffee = upload(&app, &ann, COFFEE, &[("name", "coffee")]).await;
    app.clock.advance_ms(1_000);
    upload(&app, &ann, CAT, &[("name", "cat again"), ("tags", "copy")]).await;
    let secret = upload(&app, &bob, CAT, &[("name", "his cat")]).await;
    app.work().await;

    let page = similar(&app, &ann, &cat).await;
    assert_eq!(names(&page), ["cat again"]);
    assert_eq!(page["data"][0]["similarity"], 1.0);
    assert_eq!(names(&similar(&app, &ann, &coffee).await), [""; 0]);

    let (like, _) = found(&app, &ann, json!({"like": ids(&[&cat])})).await;
    assert_eq!(like, ["cat again", "cat"]);
    let copies = json!({"like": ids(&[&cat]), "filter": "tags = copy"});
    assert_eq!(found(&app, &ann, copies).await, (vec!["cat again".to_owned()], 1));
    let sorted = json!({"like": ids(&[&cat, &coffee]), "sort": ["created_at:asc"], "limit": 2});
    assert_eq!(found(&app, &ann, sorted).await, (vec!["cat".to_owned(), "coffee".to_owned()], 3));
    let away = json!({"unlike": ids(&[&cat])});
    assert_eq!(found(&app, &ann, away).await.0[0], "coffee");
    let both = json!({"like": ids(&[&cat, &coffee]), "unlike": ids(&[&cat])});
    assert_eq!(found(&app, &ann, both).await.0, ["coffee"]);

    let foreign = json!({"like": ids(&[&secret])});
    app.post("/api/v1/assets/search").by(&ann).json(&foreign).answers(404).await;
    app.get(&format!("/api/v1/assets/{secret}/similar")).by(&ann).answers(404).await;
}

#[tokio::test]
async fn what_is_no_picture_or_not_ready_is_like_nothing() {
    let app = TestApp::new().await;
    let ann = app.user("ann").await;
    let early = upload(&app, &ann, CAT, &[("name", "cat")]).await;
    assert_eq!(names(&similar(&app, &ann, &early).await), [""; 0]);
    let search = json!({"like": ids(&[&early])});
    let refused = app.post("/api/v1/assets/search").by(&ann).json(&search).answers(422).await;
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "like", 0]));
    let many = json!({"like": vec![early.as_str(); 21]});
    let refused = app.post("/api/v1/assets/search").by(&ann).json(&many).answers(422).await;
    assert!(refused.to_string().contains("1 to 20 pictures"), "{refused}");
}
