//! What happens, as it happens: server-sent events.

use std::collections::VecDeque;
use std::time::Duration;

use backlot_model::clock::DAY_MS;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::{ASSETS, NOBODY, broken, made, made_id, mistakes, path, scrub, text};
use crate::app::{Part, Person, TestApp};

/// An open stream.
struct Stream {
    body: axum::body::Body,
    unread: String,
    blocks: VecDeque<Block>,
}

/// One block of a stream.
#[derive(Debug, Default, Clone)]
struct Block {
    id: String,
    event: String,
    data: Value,
    retry: String,
}

impl Block {
    fn parse(raw: &str) -> Self {
        let mut block = Self::default();
        for line in raw.lines() {
            let (name, value) = line.split_once(':').unwrap();
            let value = value.trim_start().to_owned();
            match name {
                "id" => block.id = value,
                "event" => block.event = value,
                "data" => block.data = serde_json::from_str(&value).unwrap(),
                "retry" => block.retry = value,
                "" => {}
                other => panic!("{other}"),
            }
        }
        block
    }

    /// Its kind, and the name of its asset or nothing.
    fn told(&self) -> (String, Option<String>) {
        let kind = self.event.strip_prefix("asset.").unwrap().to_owned();
        (kind, self.data["asset"]["name"].as_str().map(str::to_owned))
    }
}

impl Stream {
    /// Listens from now on, or after an event; the first block says where that is.
    async fn open(app: &TestApp, person: &Person, last: Option<&str>) -> (Self, String) {
        let call = app.get("/api/v1/events").by(person);
        let call = match last {
            Some(last) => call.header("last-event-id", last),
            None => call,
        };
        let response = call.begin().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let body = response.into_body();
        let mut stream = Self { body, unread: String::new(), blocks: VecDeque::new() };
        let first = stream.next().await;
        assert_eq!((first.event.as_str(), first.retry.as_str()), ("", "1000"));
        (stream, first.id)
    }

    async fn next(&mut self) -> Block {
        loop {
            if let Some(block) = self.blocks.pop_front() {
                return block;
            }
            let frame = self.body.frame().await.unwrap().unwrap();
            self.unread.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
            while let Some((block, rest)) = self.unread.split_once("\n\n") {
                self.blocks.push_back(Block::parse(block));
                self.unread = rest.to_owned();
            }
        }
    }

    /// What is told next, each in a word and with the asset's name.
    async fn hears(&mut self, expected: &[(&str, Option<&str>)]) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (kind, name) in expected {
            let block = self.next().await;
            let (told, named) = block.told();
            assert_eq!((told.as_str(), named.as_deref()), (*kind, *name), "of {expected:?}");
            blocks.push(block);
        }
        blocks
    }
}

async fn organization(app: &TestApp, members: &[&Person]) -> String {
    app.organization("Acme", members).await.to_string()
}

#[tokio::test]
async fn the_life_of_an_asset_is_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (mut stream, _) = Stream::open(&app, &anna, None).await;
    let id = made_id(&app, &anna, json!({ "name": "cat" })).await;
    let created = stream.hears(&[("created", Some("cat"))]).await.remove(0);
    insta::assert_json_snapshot!("event", scrub(created.data.clone()));
    let shown = app.get(&path(&id)).by(&anna).answers(200).await;
    assert_eq!(created.data["asset"], shown, "the same as when it is got");
    app.work().await;
    stream.hears(&[("ready", Some("cat"))]).await;
    app.patch(&path(&id)).by(&anna).json(&json!({ "name": "dog" })).answers(200).await;
    stream.hears(&[("updated", Some("dog"))]).await;
    app.delete(&path(&id)).by(&anna).answers(200).await;
    let gone = stream.hears(&[("deleted", None)]).await.remove(0);
    insta::assert_json_snapshot!("event_of_a_deletion", scrub(gone.data));
    app.post(&format!("{}/restore", path(&id))).by(&anna).answers(200).await;
    stream.hears(&[("created", Some("dog"))]).await;
    app.post(&format!("{}/copy", path(&id))).by(&anna).answers(201).await;
    stream.hears(&[("created", Some("dog"))]).await;
    let broken = broken();
    let broken = [Part::file("file", "broken.png", &broken)];
    app.post(ASSETS).by(&anna).form(&broken).answers(201).await;
    app.work().await;
    let names = ["broken.png", "dog", "broken.png"].map(Some);
    stream.hears(&[("created", names[0]), ("ready", names[1]), ("failed", names[2])]).await;
    let body = json!({ "operation": "tag", "ids": [id], "tags": ["x"] });
    app.post(&format!("{ASSETS}/bulk")).by(&anna).json(&body).answers(200).await;
    stream.hears(&[("updated", Some("dog"))]).await;
    // What changes nothing is no news.
    app.post(&format!("{ASSETS}/bulk")).by(&anna).json(&body).answers(200).await;
    app.put(&format!("{}/note", path(&id)))
        .by(&anna)
        .json(&json!({ "styling_note": "n" }))
        .answers(200)
        .await;
    let noted = stream.hears(&[("updated", Some("dog"))]).await.remove(0);
    assert_eq!(noted.data["asset"]["styling_note"], "n");
}

#[tokio::test]
async fn everybody_hears_of_what_he_lists() {
    let app = TestApp::new().await;
    let (anna, ben, carl) = (app.user("anna").await, app.user("ben").await, app.user("carl").await);
    let platform = app.superuser("platform").await;
    let acme = organization(&app, &[&anna, &ben]).await;
    let (mut annas, _) = Stream::open(&app, &anna, None).await;
    let (mut bens, _) = Stream::open(&app, &ben, None).await;
    let (mut carls, _) = Stream::open(&app, &carl, None).await;
    let make = async |name: &str, visibility: &str| {
        let fields = json!({ "name": name, "visibility": visibility, "organization_id": acme });
        made_id(&app, &anna, fields).await
    };
    let secret = make("private", "private").await;
    make("unlisted", "unlisted").await;
    let shared = make("shared", "shared").await;
    made(&app, &platform, json!({ "name": "everyone's", "visibility": "public" })).await;
    let all = ["private", "unlisted", "shared", "everyone's"].map(|it| ("created", Some(it)));
    annas.hears(&all).await;
    bens.hears(&all[2..]).await;
    carls.hears(&all[3..]).await;
    let visibility = async |id: &str, word: &str| {
        let call = app.put(&format!("{}/visibility", path(id))).by(&anna);
        call.json(&json!({ "visibility": word })).answers(200).await
    };
    visibility(&secret, "shared").await;
    annas.hears(&[("updated", Some("private"))]).await;
    bens.hears(&[("updated", Some("private"))]).await;
    // To its uploader nothing is gone when he closes it; to his team it is.
    visibility(&shared, "private").await;
    annas.hears(&[("updated", Some("shared"))]).await;
    let told = bens.hears(&[("deleted", None)]).await;
    assert_eq!(told[0].data["asset_id"], shared);
    app.delete(&path(&secret)).by(&anna).answers(200).await;
    annas.hears(&[("deleted", None)]).await;
    bens.hears(&[("deleted", None)]).await;
    made(&app, &platform, json!({ "name": "last", "visibility": "public" })).await;
    carls.hears(&[("created", Some("last"))]).await;
}

#[tokio::test]
async fn who_resumes_hears_everything_once() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (mut stream, start) = Stream::open(&app, &anna, None).await;
    // All of it happens at one time, which is the hardest.
    for name in ["a", "b", "c"] {
        made(&app, &anna, json!({ "name": name })).await;
        made(&app, &ben, json!({ "name": "another's" })).await;
    }
    let created = |names: &[&'static str]| -> Vec<(&'static str, Option<&'static str>)> {
        names.iter().map(|name| ("created", Some(*name))).collect()
    };
    let heard = stream.hears(&created(&["a", "b", "c"])).await;
    drop(stream);
    assert!(heard.windows(2).all(|pair| pair[0].id < pair[1].id));
    for (last, rest) in [
        (&start, &["a", "b", "c"][..]),
        (&heard[0].id, &["b", "c"]),
        (&heard[1].id, &["c"]),
        (&heard[2].id, &[]),
    ] {
        let (mut again, from) = Stream::open(&app, &anna, Some(last)).await;
        assert_eq!(from, *last);
        again.hears(&created(rest)).await;
        made(&app, &anna, json!({ "name": "news" })).await;
        // What the former rounds made comes before it.
        loop {
            let (kind, name) = again.next().await.told();
            assert_eq!((kind.as_str(), name.as_deref()), ("created", Some("news")));
            if again.blocks.is_empty() {
                break;
            }
        }
    }
    let query = format!("/api/v1/events?last_event_id={}", heard[1].id);
    let body = app.get(&query).by(&anna).begin().await.into_body();
    let mut stream = Stream { body, unread: String::new(), blocks: VecDeque::new() };
    assert_eq!(stream.next().await.id, heard[1].id);
    stream.hears(&created(&["c", "news"])).await;
}

#[tokio::test]
async fn who_heard_nothing_can_resume_too() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    // With nothing there yet, and with what happened before he began.
    for name in ["first", "second"] {
        let (stream, start) = Stream::open(&app, &anna, None).await;
        drop(stream);
        made(&app, &ben, json!({ "name": "another's" })).await;
        made(&app, &anna, json!({ "name": name })).await;
        let (mut stream, _) = Stream::open(&app, &anna, Some(&start)).await;
        stream.hears(&[("created", Some(name))]).await;
    }
}

#[tokio::test]
async fn a_stream_ends_by_itself_and_says_where_to_resume() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    let (mut stream, start) = Stream::open(&app, &anna, None).await;
    made(&app, &ben, json!({ "name": "another's" })).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5 * 60)).await;
    let last = loop {
        let block = stream.next().await;
        if !block.id.is_empty() {
            break block;
        }
    };
    assert!(last.event.is_empty() && last.id >= start, "{last:?}");
    assert!(stream.body.frame().await.is_none());
    tokio::time::resume();
    made(&app, &anna, json!({ "name": "news" })).await;
    let (mut stream, _) = Stream::open(&app, &anna, Some(&last.id)).await;
    stream.hears(&[("created", Some("news"))]).await;
}

#[tokio::test]
async fn what_is_no_longer_kept_is_told() {
    let app = TestApp::new().await;
    let anna = app.user("anna").await;
    let (_, start) = Stream::open(&app, &anna, None).await;
    app.clock.advance_ms(7 * DAY_MS);
    Stream::open(&app, &anna, Some(&start)).await;
    app.clock.advance_ms(1);
    let listen = |last: &str| app.get("/api/v1/events").by(&anna).header("last-event-id", last);
    insta::assert_json_snapshot!("expired_event", scrub(listen(&start).answers(422).await));
    // Of a time to come, and of no time at all.
    for last in ["ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(mistakes(&listen(last).answers(422).await), ["header.Last-Event-ID range"]);
    }
    for last in ["", "7", "x"] {
        assert_eq!(mistakes(&listen(last).answers(422).await), ["header.Last-Event-ID format"]);
    }
    let query = app.get("/api/v1/events?last_event_id=7").by(&anna).answers(422).await;
    assert_eq!(mistakes(&query), ["query.last_event_id format"]);
    assert_ne!(start, NOBODY);
}

#[tokio::test]
async fn a_caller_has_so_many_streams() {
    let app = TestApp::new().await;
    let (anna, ben) = (app.user("anna").await, app.user("ben").await);
    app.get("/api/v1/events").answers(401).await;
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Stream::open(&app, &anna, None).await);
    }
    let full = app.get("/api/v1/events").by(&anna).send().await;
    insta::assert_json_snapshot!("too_many_streams", scrub(full.expect(429)));
    assert_eq!(full.header("retry-after"), Some("5"));
    Stream::open(&app, &ben, None).await;
    open.pop();
    Stream::open(&app, &anna, None).await;
}

#[tokio::test]
async fn promotions_and_ends_of_organisations_are_told() {
    let app = TestApp::new().await;
    let (platform, anna, ben, carl) = (
        app.superuser("platform").await,
        app.user("anna").await,
        app.user("ben").await,
        app.user("carl").await,
    );
    let acme = organization(&app, &[&anna, &ben]).await;
    let fields = json!({ "name": "cat", "visibility": "public", "organization_id": acme });
    let id = text(&made(&app, &anna, fields).await["id"]);
    let (mut annas, _) = Stream::open(&app, &anna, None).await;
    let (mut bens, _) = Stream::open(&app, &ben, None).await;
    let (mut carls, _) = Stream::open(&app, &carl, None).await;
    let promote = async |is_superuser: bool| {
        let target = format!("/api/v1/users/{}/superuser", anna.id);
        let body = json!({ "is_superuser": is_superuser });
        app.put(&target).by(&platform).json(&body).answers(200).await
    };
    promote(true).await;
    carls.hears(&[("updated", Some("cat"))]).await;
    bens.hears(&[("deleted", Some("cat")), ("updated", Some("cat"))]).await;
    promote(false).await;
    carls.hears(&[("deleted", Some("cat"))]).await;
    bens.hears(&[("deleted", Some("cat")), ("updated", Some("cat"))]).await;
    let target = format!("/api/v1/organizations/{acme}");
    app.delete(&target).by(&platform).answers(200).await;
    bens.hears(&[("deleted", Some("cat"))]).await;
    annas.hears(&[("updated", Some("cat")); 3]).await;
    assert_eq!(app.get(&path(&id)).by(&anna).answers(200).await["organization_id"], Value::Null);
}
