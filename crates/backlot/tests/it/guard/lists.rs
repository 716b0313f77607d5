//! What is listed, counted, likened and told is what may be listed, for everybody.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use backlot_library::assets::{AssetPatch, Expected};
use backlot_library::listing::{ListRequest, Within};
use backlot_model::account::Caller;
use backlot_model::asset::Visibility;
use backlot_model::query::{Filter, Order, Window};
use serde_json::{Value, json};

use super::oracle::{Act, Outcome, Paper, Thing, Who};
use super::stage::{Prop, Shown, Stage};

type Found = BTreeSet<String>;

/// The ids of those props.
fn ids<'p>(props: impl Iterator<Item = &'p Prop>) -> Found {
    props.map(|prop| prop.id.to_string()).collect()
}

fn texts(items: &Value, field: &str) -> Found {
    let items = items.as_array().unwrap();
    let found: Found = items.iter().map(|it| it[field].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), items.len(), "nothing is there twice");
    found
}

impl Stage {
    fn found(&self, is_deleted: bool, finds: impl Fn(Thing) -> bool) -> Found {
        let of = self.props.iter().filter(|prop| prop.thing.is_deleted == is_deleted);
        ids(of.filter(|prop| finds(prop.thing)))
    }

    /// The answer to a listing, or nothing when it is refused as it should be.
    async fn listing(&self, shown: &Shown, target: &str) -> Option<Value> {
        let answer = shown.on(self.app.get(target)).send().await;
        let expected = match shown.asker.lists() {
            Outcome::Done => 200,
            Outcome::NeedsScope => 403,
            _ => 401,
        };
        assert_eq!(answer.status.as_u16(), expected, "{target} by {:?}", shown.asker);
        (answer.status == StatusCode::OK).then(|| answer.json())
    }
}

#[tokio::test]
async fn everybody_lists_what_he_may_and_no_more() {
    let stage = Stage::new().await;
    for shown in &stage.shown {
        let asker = shown.asker;
        for is_deleted in [false, true] {
            let target = format!("/api/v1/assets?deleted={is_deleted}");
            let Some(page) = stage.listing(shown, &target).await else { continue };
            let expected = stage.found(is_deleted, |thing| asker.finds(thing));
            assert_eq!(texts(&page["data"], "id"), expected, "{target} by {asker:?}");
            assert_eq!(page["count"], expected.len(), "{target} by {asker:?}");
        }
        let Some(tags) = stage.listing(shown, "/api/v1/assets/tags").await else { continue };
        let tagged = stage.props.iter().filter(|it| !it.thing.is_deleted && asker.finds(it.thing));
        let tagged: Found = tagged.map(|prop| prop.tag.clone()).collect();
        assert_eq!(texts(&tags["data"], "tag"), tagged, "{asker:?}");
    }
}

#[tokio::test]
async fn the_parts_of_a_listing_are_disjoint_and_make_up_the_whole() {
    let stage = Stage::new().await;
    for shown in &stage.shown {
        let asker = shown.asker;
        let mut all = Found::new();
        for part in ["mine", "shared", "default"] {
            let target = format!("/api/v1/assets?ownership={part}");
            let Some(page) = stage.listing(shown, &target).await else { continue };
            for id in texts(&page["data"], "id") {
                assert!(all.insert(id.clone()), "{id} is in two parts for {asker:?}");
            }
        }
        if asker.lists() == Outcome::Done {
            assert_eq!(all, stage.found(false, |thing| asker.finds_as_user(thing)), "{asker:?}");
        }
    }
}

#[tokio::test]
async fn piktid_lists_what_a_user_may_list() {
    let stage = Stage::new().await;
    for shown in &stage.shown {
        let target = "/piktid/assets?per_page=100";
        let Some(page) = stage.listing(shown, target).await else { continue };
        let expected = stage.found(false, |thing| shown.asker.finds_as_user(thing));
        assert_eq!(texts(&page["assets"], "id"), expected, "{:?}", shown.asker);
        assert_eq!(
            page["pagination"]["total_items"].as_u64().unwrap_or(expected.len() as u64),
            expected.len() as u64
        );
    }
}

#[tokio::test]
async fn the_public_listing_shows_everybody_the_public_things() {
    let stage = Stage::new().await;
    let public = stage.found(false, |thing| thing.visibility == Visibility::Public);
    for shown in stage.shown.iter().filter(|shown| shown.asker.is_believed()) {
        let credential = shown.credential.clone();
        let caller = stage.app.library.accounts().authenticate(credential).await.unwrap();
        for deleted in [false, true] {
            let request = ListRequest {
                within: Within::Public,
                filter: Filter { deleted, ..Filter::default() },
                uploader_name: None,
                order: Order::default(),
                window: Window::Offset { skip: 0, limit: 100 },
                count: true,
            };
            let told = format!("{:?}, deleted: {deleted}", shown.asker);
            let listed = stage.app.library.list(&caller, request).await;
            let page = match shown.asker.lists() {
                Outcome::NeedsScope => {
                    assert_eq!(listed.err().unwrap().code, "insufficient-scope", "{told}");
                    continue;
                }
                _ => listed.unwrap(),
            };
            let found: Found = page.items.iter().map(|asset| asset.id.to_string()).collect();
            let expected = match deleted {
                false => public.clone(),
                true => stage.found(true, |thing| {
                    let asker = shown.asker;
                    let is_his = asker.is_superuser_everywhere() || thing.by == asker.who;
                    thing.visibility == Visibility::Public && is_his
                }),
            };
            assert_eq!(found, expected, "{told}");
            assert_eq!(page.total, Some(expected.len() as u64), "{told}");
        }
    }
}

#[tokio::test]
async fn likenesses_are_shown_of_what_may_be_seen_among_what_may_be_listed() {
    let stage = Stage::new().await;
    for (turn, shown) in stage.shown.iter().enumerate() {
        for (place, prop) in stage.props.iter().enumerate() {
            if (turn + place) % 4 != 0 {
                continue;
            }
            let told = format!("{:?} of {:?}", shown.asker, prop.thing);
            let target = format!("/api/v1/assets/{}/duplicates?limit=100", prop.id);
            let answer = shown.on(stage.app.get(&target)).send().await;
            let expected = match (shown.asker.lists(), shown.asker.outcome(Act::See, prop.thing)) {
                (Outcome::Done, Outcome::Done) => 200,
                (Outcome::Done, _) => 404,
                (Outcome::NeedsScope, _) => 403,
                _ => 401,
            };
            assert_eq!(answer.status.as_u16(), expected, "{told}");
            if expected != 200 {
                continue;
            }
            let likenesses = answer.json()["data"].as_array().unwrap().clone();
            let found: Found = likenesses
                .iter()
                .map(|it| it["asset"]["id"].as_str().unwrap().to_owned())
                .collect();
            let mut others = stage.found(false, |thing| shown.asker.finds(thing));
            others.remove(&prop.id.to_string());
            assert_eq!(found, others, "{told}");
        }
    }
}

#[tokio::test]
async fn events_are_told_to_those_who_may_list_the_asset_and_to_its_uploader() {
    let stage = Stage::new().await;
    let mut listeners = Vec::new();
    for shown in &stage.shown {
        let credential = shown.credential.clone();
        let caller = stage.app.library.accounts().authenticate(credential).await;
        let Ok(caller) = caller else { continue };
        let listener = stage.app.library.listen(&caller, None).await;
        let told = listener.as_ref().map(drop).map_err(|fault| fault.code);
        let expected = match shown.asker.lists() {
            Outcome::Done => Ok(()),
            Outcome::NeedsScope => Err("insufficient-scope"),
            _ => Err("no-credentials"),
        };
        assert_eq!(told, expected, "{:?}", shown.asker);
        listeners.extend(listener.ok().map(|listener| (shown.asker, listener)));
    }
    stage.app.clock.advance_ms(1);
    for prop in stage.props.iter().filter(|prop| !prop.thing.is_deleted) {
        let name = Some("told of".to_owned());
        let patch = AssetPatch { name, ..AssetPatch::default() };
        let library = &stage.app.library;
        library
            .change_asset(&Caller::platform(), prop.id, &Expected::default(), patch)
            .await
            .unwrap();
    }
    for (asker, mut listener) in listeners {
        let events = listener.look().await.unwrap();
        let heard: Found = events.iter().map(|event| event.asset_id.to_string()).collect();
        let is_told = |thing: Thing| asker.finds(thing) || thing.by == asker.who;
        assert_eq!(heard, stage.found(false, is_told), "{asker:?}");
    }
}

#[tokio::test]
async fn one_call_over_many_answers_for_each_as_a_call_on_it_alone() {
    let stage = Stage::new().await;
    let all: Vec<String> = stage.props.iter().map(|prop| prop.id.to_string()).collect();
    let operations = [
        (Act::Change, json!({ "operation": "tag", "tags": ["bulk"] })),
        (Act::SetVisibility, json!({ "operation": "share", "visibility": "unlisted" })),
        (Act::Collect, json!({ "operation": "collect" })),
        (Act::Delete, json!({ "operation": "delete" })),
        (Act::Restore, json!({ "operation": "restore" })),
    ];
    for shown in &stage.shown {
        for (act, body) in &operations {
            let mut body = body.clone();
            body["ids"] = json!(all);
            if *act == Act::Collect {
                body["collection_id"] = json!(shown.collection.to_string());
            }
            let call = stage.app.post("/api/v1/assets/bulk").json(&body);
            let answer = shown.on(call).send().await;
            let told = format!("{act:?} by {:?}", shown.asker);
            let is_open = shown.asker.who != Who::Anonymous && shown.asker.is_believed();
            if !is_open || matches!(shown.asker.paper, Paper::ReadOnly | Paper::AdminOnly) {
                assert_eq!(answer.status.as_u16(), if is_open { 403 } else { 401 }, "{told}");
                continue;
            }
            let results = answer.expect(200)["results"].as_array().unwrap().clone();
            assert_eq!(results.len(), all.len());
            for (prop, result) in stage.props.iter().zip(results) {
                let expected = match shown.asker.outcome(*act, prop.thing) {
                    Outcome::Done => 200,
                    Outcome::NotDeleted => 409,
                    Outcome::Unknown => 404,
                    _ => 403,
                };
                assert_eq!(result["id"], prop.id.to_string(), "{told}");
                assert_eq!(result["status"], expected, "{told} of {:?}: {result}", prop.thing);
                if expected == 200 {
                    stage.undo(*act, prop).await;
                }
            }
        }
    }
}
