//! The smaller tables: collections, persons, events, uploads, temporary files, tasks, answers,
//! settings.

use backlot_model::account::User;
use backlot_model::asset::{Asset, Collected, Collection};
use backlot_model::event::{Event, EventKind};
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_model::query::ScopeKey;
use backlot_model::{Id, Millis};
use backlot_store::idempotency::{self, Reserved};
use backlot_store::persons::{self, Person};
use backlot_store::snapshots::{self, Snapshot};
use backlot_store::tasks::{self, Task, TaskStatus};
use backlot_store::temp_files::{self, TempFile};
use backlot_store::testing::on_every_engine;
use backlot_store::uploads::{self, Part, Upload, UploadSource, UploadStatus};
use backlot_store::{Db, assets, blob_rows, collections, events, settings};

use crate::samples::{NOW, asset, id, insert, organization, user};

fn collection(owner: Id<User>, n: u64) -> Collection {
    Collection {
        id: id(NOW, n),
        owner_id: owner,
        organization_id: None,
        name: format!("collection {n}"),
        asset_count: 0,
        thumbnail: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

#[tokio::test]
async fn a_collection_counts_its_live_members_and_shows_the_newest() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let empty = collection(owner, 1);
        let pictures: Vec<Asset> =
            (1..=3).map(|n| Asset { has_thumbnails: n < 3, ..asset(owner, n) }).collect();
        insert(db, &pictures).await;
        let ids: Vec<Id<Asset>> = pictures.iter().map(|it| it.id).collect();

        let tx = db.begin().await.unwrap();
        collections::insert(&tx, &empty).await.unwrap();
        let given = [ids[0], ids[1], ids[2], id(NOW, 99), ids[0]];
        collections::add(&tx, empty.id, &given, NOW + 5).await.unwrap();
        collections::add(&tx, empty.id, &ids, NOW + 9).await.unwrap();
        tx.commit().await.unwrap();
        let full = Collection {
            asset_count: 3,
            thumbnail: Some(ids[1]),
            updated_at: NOW + 5,
            ..empty.clone()
        };
        assert_eq!(collections::by_id(db, empty.id).await.unwrap(), Some(full.clone()));
        let member = assets::by_id(db, ids[0]).await.unwrap().unwrap();
        assert_eq!(member.collections, [Collected::from(&empty)]);

        let tx = db.begin().await.unwrap();
        let before = assets::by_id_in(&tx, ids[1]).await.unwrap().unwrap();
        let deleted = Asset { deleted_at: Some(NOW), ..before.clone() };
        assets::save(&tx, &before, &deleted).await.unwrap();
        collections::rename(&tx, empty.id, "other", NOW + 6).await.unwrap();
        tx.commit().await.unwrap();
        let less = collections::by_id(db, empty.id).await.unwrap().unwrap();
        assert_eq!((less.asset_count, less.thumbnail), (2, Some(ids[0])));
        assert_eq!((less.name.as_str(), less.updated_at), ("other", NOW + 6));

        let tx = db.begin().await.unwrap();
        collections::remove(&tx, empty.id, &ids[..2], NOW + 7).await.unwrap();
        collections::remove(&tx, empty.id, &ids[..2], NOW + 8).await.unwrap();
        tx.commit().await.unwrap();
        let less = collections::by_id(db, empty.id).await.unwrap().unwrap();
        assert_eq!((less.asset_count, less.thumbnail, less.updated_at), (1, None, NOW + 7));

        let tx = db.begin().await.unwrap();
        collections::delete(&tx, empty.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(collections::by_id(db, empty.id).await.unwrap(), None);
        assert!(assets::by_id(db, ids[2]).await.unwrap().unwrap().collections.is_empty());
    })
    .await;
}

#[tokio::test]
async fn collections_are_listed_for_their_owner_and_his_organisations_once() {
    on_every_engine(async |db| {
        let (me, mate) = (user(db, 1, false).await, user(db, 2, false).await);
        let team = organization(db, 1).await;
        let shared = |it| Collection { organization_id: Some(team), ..it };
        let all = [
            collection(me, 1),
            shared(collection(me, 2)),
            shared(collection(mate, 3)),
            collection(mate, 4),
        ];
        let tx = db.begin().await.unwrap();
        for it in &all {
            collections::insert(&tx, it).await.unwrap();
        }
        tx.commit().await.unwrap();
        let list = async |teams: &[_], skip, limit| {
            let (found, total) = collections::list(db, me, teams, skip, limit).await.unwrap();
            (found.into_iter().map(|it| it.name).collect::<Vec<_>>(), total)
        };
        let names = |numbers: &[u64]| -> Vec<String> {
            numbers.iter().map(|n| format!("collection {n}")).collect()
        };
        assert_eq!(list(&[team], 0, 9).await, (names(&[3, 2, 1]), 3));
        assert_eq!(list(&[team], 1, 1).await, (names(&[2]), 3));
        assert_eq!(list(&[], 0, 9).await, (names(&[2, 1]), 2));
    })
    .await;
}

#[tokio::test]
async fn a_person_keeps_the_order_of_its_pictures_and_loses_what_is_purged() {
    on_every_engine(async |db| {
        let (owner, mate) = (user(db, 1, false).await, user(db, 2, false).await);
        let team = organization(db, 1).await;
        let faces: Vec<Asset> = (1..=3)
            .map(|n| Asset { deleted_at: (n == 2).then_some(NOW), ..asset(owner, n) })
            .collect();
        insert(db, &faces).await;
        let mut person = Person {
            id: id(NOW, 1),
            owner_id: owner,
            organization_id: Some(team),
            name: "Ada".to_owned(),
            image_ids: vec![faces[1].id, faces[0].id],
            default_image_id: Some(faces[1].id),
            created_at: NOW,
            updated_at: NOW,
        };
        let tx = db.begin().await.unwrap();
        persons::insert(&tx, &person).await.unwrap();
        let other = Person { id: id(NOW, 2), owner_id: mate, ..person.clone() };
        persons::insert(&tx, &Person { organization_id: None, ..other }).await.unwrap();
        assert_eq!(persons::by_id_in(&tx, person.id).await.unwrap(), Some(person.clone()));
        tx.commit().await.unwrap();
        assert_eq!(persons::list(db, owner, None, 0, 9).await.unwrap(), (vec![person.clone()], 1));
        let (found, total) = persons::list(db, mate, Some(team), 0, 1).await.unwrap();
        assert_eq!((found[0].id, total), (id(NOW, 2), 2));

        person.image_ids.push(faces[2].id);
        person.name = "Ada L.".to_owned();
        person.updated_at = NOW + 1;
        let tx = db.begin().await.unwrap();
        persons::save(&tx, &person).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(persons::by_id(db, person.id).await.unwrap(), Some(person.clone()));

        let tx = db.begin().await.unwrap();
        assets::purge_deleted(&tx, NOW + 1, 9).await.unwrap();
        tx.commit().await.unwrap();
        let left = persons::by_id(db, person.id).await.unwrap().unwrap();
        assert_eq!(left.image_ids, [faces[0].id, faces[2].id]);
        assert_eq!(left.default_image_id, Some(faces[0].id));

        let tx = db.begin().await.unwrap();
        persons::delete(&tx, person.id, NOW + 2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(persons::by_id(db, person.id).await.unwrap(), None);
        assert_eq!(persons::list(db, owner, Some(team), 0, 9).await.unwrap(), (Vec::new(), 0));
    })
    .await;
}

#[tokio::test]
async fn events_reach_the_scopes_and_the_uploader_once_and_in_order() {
    on_every_engine(async |db| {
        let (me, other) = (id::<User>(1, 1), id::<User>(1, 2));
        let team = ScopeKey::Organization(id(2, 1));
        assert_eq!(events::latest_id(db).await.unwrap(), None);
        let event = |n: u64, uploader_id, scope| Event {
            id: id(NOW + Millis::try_from(n).unwrap(), n),
            kind: EventKind::Ready,
            asset_id: id(1, n),
            uploader_id,
            scope,
            is_leaving: false,
            at: NOW + Millis::try_from(n).unwrap(),
        };
        let all = [
            event(1, me, team),
            event(2, other, team),
            event(3, other, ScopeKey::User(other)),
            event(4, me, ScopeKey::User(me)),
            event(5, me, ScopeKey::Platform),
            event(6, other, ScopeKey::Platform),
        ];
        let tx = db.begin().await.unwrap();
        for event in &all {
            assert_eq!(events::append(&tx, event).await.unwrap(), event.id);
        }
        tx.commit().await.unwrap();
        assert_eq!(events::latest_id(db).await.unwrap(), Some(all[5].id));
        let heard = async |from, scopes: &[ScopeKey], limit| {
            events::after(db, from, scopes, me, limit).await.unwrap()
        };
        let mine = [team, ScopeKey::User(me)];
        let start = id(1, 0);
        let own = |places: &[usize]| places.iter().map(|&it| all[it].clone()).collect::<Vec<_>>();
        assert_eq!(heard(start, &mine, 99).await, own(&[0, 1, 3, 4]));
        assert_eq!(heard(start, &mine, 2).await, own(&[0, 1]));
        assert_eq!(heard(all[1].id, &mine, 99).await, own(&[3, 4]));
        assert_eq!(heard(start, &[], 99).await, own(&[0, 3, 4]));
        let tx = db.begin().await.unwrap();
        assert_eq!(events::sweep(&tx, NOW + 4, 2).await.unwrap(), 2);
        assert_eq!(events::sweep(&tx, NOW + 4, 2).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(heard(start, &mine, 99).await, own(&[3, 4]));
    })
    .await;
}

fn upload(owner: Id<User>, n: u64, expires_at: Millis) -> Upload {
    Upload {
        id: id(NOW, n),
        owner_id: owner,
        organization_id: None,
        asset_id: id(NOW, 10 + n),
        filename: "a.jpg".to_owned(),
        content_type: "image/jpeg".to_owned(),
        promise: "{}".to_owned(),
        kind: "image".to_owned(),
        source: UploadSource::Parts,
        status: UploadStatus::Pending,
        url: None,
        size: None,
        parts: 2,
        error: None,
        created_at: NOW,
        updated_at: NOW,
        expires_at,
    }
}

#[tokio::test]
async fn an_event_is_after_all_before_it_whatever_its_clock_says() {
    on_every_engine(async |db| {
        let me = id::<User>(1, 1);
        let event = |at| Event {
            id: id(at, 1),
            kind: EventKind::Created,
            asset_id: id(1, 1),
            uploader_id: me,
            scope: ScopeKey::User(me),
            is_leaving: false,
            at,
        };
        let append = async |at| {
            let tx = db.begin().await.unwrap();
            let given = events::append(&tx, &event(at)).await.unwrap();
            tx.commit().await.unwrap();
            given
        };
        let first = append(NOW).await;
        let (same, older, newer) =
            (append(NOW).await, append(NOW - 5_000).await, append(NOW + 1).await);
        assert!(first < same && same < older && older < newer);
        let heard = events::after(db, first, &[], me, 99).await.unwrap();
        assert_eq!(heard.iter().map(|event| event.id).collect::<Vec<_>>(), [same, older, newer]);
    })
    .await;
}

#[tokio::test]
async fn an_upload_is_a_promise_until_it_is_over_or_expires() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let (early, late) = (upload(owner, 1, NOW + 1), upload(owner, 2, NOW + 2));
        let tx = db.begin().await.unwrap();
        uploads::insert(&tx, &early).await.unwrap();
        uploads::insert(&tx, &late).await.unwrap();
        let over = Upload {
            status: UploadStatus::Failed,
            size: Some(5),
            error: Some("cut short".to_owned()),
            updated_at: NOW + 1,
            ..late.clone()
        };
        uploads::save(&tx, &over).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(uploads::by_id(db, early.id).await.unwrap(), Some(early.clone()));
        let (listed, count) = uploads::list(db, owner, 0, 9).await.unwrap();
        assert_eq!((listed, count), (vec![over, early.clone()], 2));
        assert_eq!(uploads::list(db, id(NOW, 99), 0, 9).await.unwrap(), (Vec::new(), 0));
        let tx = db.begin().await.unwrap();
        assert_eq!(uploads::expired(&tx, NOW + 2, 9).await.unwrap(), [early.id]);
        let busy = Upload { status: UploadStatus::Validating, ..early.clone() };
        uploads::save(&tx, &busy).await.unwrap();
        assert!(uploads::expired(&tx, NOW + 2, 9).await.unwrap().is_empty(), "a job is at work");
        uploads::delete(&tx, early.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(uploads::by_id(db, early.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_part_keeps_its_bytes_until_another_takes_its_place() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let upload = upload(owner, 1, NOW + 9);
        let bytes = |n: u8| Digest([n; 32]);
        let part = |number, n: u8| Part { number, digest: bytes(n), size: u64::from(n) };
        let tx = db.begin().await.unwrap();
        uploads::insert(&tx, &upload).await.unwrap();
        for n in 1..=3 {
            blob_rows::upsert_unnamed(&tx, bytes(n), u64::from(n), NOW).await.unwrap();
        }
        assert_eq!(uploads::put_part(&tx, upload.id, part(2, 1)).await.unwrap(), None);
        assert_eq!(uploads::put_part(&tx, upload.id, part(1, 2)).await.unwrap(), None);
        assert_eq!(uploads::put_part(&tx, upload.id, part(2, 3)).await.unwrap(), Some(bytes(1)));
        assert_eq!(uploads::put_part(&tx, upload.id, part(2, 3)).await.unwrap(), None);
        assert!(blob_rows::in_use(&tx, bytes(3)).await.unwrap());
        assert!(!blob_rows::in_use(&tx, bytes(1)).await.unwrap());
        let there = uploads::parts(&tx, upload.id).await.unwrap();
        assert_eq!(there, [part(1, 2), part(2, 3)]);
        let mut taken = uploads::take_parts(&tx, upload.id).await.unwrap();
        taken.sort();
        assert_eq!(taken, [bytes(2), bytes(3)]);
        assert!(!blob_rows::in_use(&tx, bytes(3)).await.unwrap());
        tx.commit().await.unwrap();

        // What was a part is also a file by itself: its facts count then.
        blob(db, bytes(2)).await;
        let (facts, ..) = blob_rows::facts(db, bytes(2)).await.unwrap().unwrap();
        assert_eq!((facts.kind, facts.mime_type.as_str()), (MediaKind::Image, "image/png"));
        let tx = db.begin().await.unwrap();
        blob_rows::upsert_unnamed(&tx, bytes(2), 2, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let (facts, ..) = blob_rows::facts(db, bytes(2)).await.unwrap().unwrap();
        assert_eq!(facts.kind, MediaKind::Image, "and stay");
    })
    .await;
}

async fn blob(db: &Db, digest: Digest) {
    let facts = Facts {
        kind: MediaKind::Image,
        mime_type: "image/png".to_owned(),
        size: 5,
        width: None,
        height: None,
        orientation: None,
        dominant_color: None,
        color_profile: None,
        thumbhash: None,
        perceptual_hash: None,
        animated: false,
        duration_ms: None,
    };
    let tx = db.begin().await.unwrap();
    blob_rows::upsert(&tx, digest, &facts, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn temporary_files_are_listed_for_their_owner_until_they_expire() {
    on_every_engine(async |db| {
        let (owner, other) = (user(db, 1, false).await, user(db, 2, false).await);
        let digest = Digest([7; 32]);
        blob(db, digest).await;
        let file = |n: u64, owner_id| TempFile {
            task_id: None,
            key: format!("key{n}"),
            owner_id,
            digest,
            filename: format!("{n}.png"),
            description: Some("for later".to_owned()),
            mime_type: "image/png".to_owned(),
            size: 5,
            created_at: NOW + Millis::try_from(n).unwrap(),
            expires_at: NOW + 10 * Millis::try_from(n).unwrap(),
        };
        let tx = db.begin().await.unwrap();
        for it in [file(1, owner), file(2, owner), file(3, owner), file(4, other)] {
            temp_files::insert(&tx, &it).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(temp_files::get(db, "key1").await.unwrap(), Some(file(1, owner)));
        assert_eq!(temp_files::get(db, "key").await.unwrap(), None);
        let listed = temp_files::list(db, owner, NOW + 10, 0, 9).await.unwrap();
        assert_eq!(listed, [file(3, owner), file(2, owner)]);
        let listed = temp_files::list(db, owner, NOW, 1, 1).await.unwrap();
        assert_eq!(listed, [file(2, owner)]);
        let tx = db.begin().await.unwrap();
        assert_eq!(temp_files::sweep(&tx, NOW + 21, 9).await.unwrap(), [digest, digest]);
        tx.commit().await.unwrap();
        assert_eq!(temp_files::get(db, "key2").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_task_tells_how_far_it_is() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let task = |n| Task {
            id: id(NOW, n),
            owner_id: owner,
            organization_id: None,
            kind: "import".to_owned(),
            status: TaskStatus::Pending,
            subject: Some("subject".to_owned()),
            payload: "{}".to_owned(),
            progress: 0,
            total_items: None,
            processed_items: 0,
            error: None,
            result: None,
            created_at: NOW,
            updated_at: NOW,
            started_at: None,
            finished_at: None,
        };
        let tx = db.begin().await.unwrap();
        tasks::insert(&tx, &task(1)).await.unwrap();
        tasks::insert(&tx, &task(2)).await.unwrap();
        assert_eq!(tasks::by_id_in(&tx, id(NOW, 1)).await.unwrap(), Some(task(1)));
        let done = Task {
            status: TaskStatus::Failed,
            progress: 40,
            total_items: Some(10),
            processed_items: 4,
            error: Some("no space".to_owned()),
            result: Some("[]".to_owned()),
            updated_at: NOW + 3,
            started_at: Some(NOW + 1),
            finished_at: Some(NOW + 3),
            ..task(1)
        };
        tasks::save(&tx, &done).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(tasks::by_id(db, done.id).await.unwrap(), Some(done.clone()));
        let (listed, total) = tasks::list(db, owner, 1, 9).await.unwrap();
        assert_eq!((listed, total), (vec![done], 2));
        let latest = tasks::latest_about(db, "import", "subject").await.unwrap();
        assert_eq!(latest, Some(task(2)));
        assert_eq!(tasks::latest_about(db, "export", "subject").await.unwrap(), None);
        let tx = db.begin().await.unwrap();
        assert_eq!(tasks::sweep(&tx, NOW + 4, 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(tasks::by_id(db, id(NOW, 1)).await.unwrap(), None);
        for status in TaskStatus::ALL {
            assert_eq!(TaskStatus::parse(status.word()), Some(*status));
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_with_a_key_runs_once() {
    on_every_engine(async |db| {
        let fresh = (NOW - 100, NOW - 10);
        let reserve = async |key: &str, call: &str, stale| {
            idempotency::reserve(db, "me", key, call, NOW, stale).await.unwrap()
        };
        assert_eq!(reserve("k", "call", fresh).await, Reserved::New);
        assert_eq!(reserve("k", "call", fresh).await, Reserved::Running);
        assert_eq!(reserve("k", "another", fresh).await, Reserved::Other);
        assert_eq!(reserve("k", "call", (NOW - 100, NOW + 1)).await, Reserved::New);
        idempotency::complete(db, "me", "k", 201, "{}").await.unwrap();
        let answered = Reserved::Answered { status: 201, body: "{}".to_owned() };
        assert_eq!(reserve("k", "call", (NOW - 100, NOW + 1)).await, answered);
        assert_eq!(reserve("k", "another", fresh).await, Reserved::Other);
        idempotency::forget(db, "me", "k").await.unwrap();
        assert_eq!(reserve("k", "call", fresh).await, answered);
        let other = idempotency::reserve(db, "you", "k", "call", NOW, fresh).await.unwrap();
        assert_eq!(other, Reserved::New);
        idempotency::forget(db, "you", "k").await.unwrap();
        assert_eq!(reserve("k", "call", (NOW + 1, NOW - 10)).await, Reserved::New);
        let tx = db.begin().await.unwrap();
        assert_eq!(idempotency::sweep(&tx, NOW + 1, 9).await.unwrap(), 1);
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_setting_is_what_was_put_last() {
    on_every_engine(async |db| {
        assert_eq!(settings::get(&**db, "marker").await.unwrap(), None);
        for value in ["one", "two"] {
            let tx = db.begin().await.unwrap();
            settings::put(&tx, "marker", value).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(settings::get(&**db, "marker").await.unwrap().as_deref(), Some(value));
        }
    })
    .await;
}

#[tokio::test]
async fn states_of_a_canvas_keep_their_bytes_until_they_are_let_go() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let canvas = asset(owner, 1);
        insert(db, std::slice::from_ref(&canvas)).await;
        let bytes = |n: u64| Digest([n as u8; 32]);
        let state = |n: u64| Snapshot {
            id: id(NOW, n),
            asset_id: canvas.id,
            digest: bytes(n),
            author_id: owner,
            taken_at: NOW + i64::try_from(n).unwrap(),
        };
        let tx = db.begin().await.unwrap();
        for n in 1..=4 {
            blob_rows::upsert_unnamed(&tx, bytes(n), 5, NOW).await.unwrap();
            snapshots::insert(&tx, &state(n)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let list = |before, limit| snapshots::list(db, canvas.id, before, limit);
        assert_eq!(list(None, 2).await.unwrap(), [state(4), state(3)]);
        assert_eq!(list(Some(state(3).id), 9).await.unwrap(), [state(2), state(1)]);
        assert!(snapshots::list(db, id(NOW, 99), None, 9).await.unwrap().is_empty());
        let tx = db.begin().await.unwrap();
        assert!(blob_rows::in_use(&tx, bytes(1)).await.unwrap());
        assert!(snapshots::trim(&tx, canvas.id, 4).await.unwrap().is_empty());
        let mut gone = snapshots::trim(&tx, canvas.id, 2).await.unwrap();
        gone.sort();
        assert_eq!(gone, [bytes(1), bytes(2)]);
        assert!(!blob_rows::in_use(&tx, bytes(1)).await.unwrap());
        // What is left goes with the canvas.
        let deleted = Asset { deleted_at: Some(NOW), ..canvas.clone() };
        assets::save(&tx, &canvas, &deleted).await.unwrap();
        let purged = assets::purge_deleted(&tx, NOW + 1, 9).await.unwrap();
        let mut left = purged[0].digests.clone();
        left.sort();
        assert_eq!(left, [bytes(3), bytes(4)]);
        tx.commit().await.unwrap();
        assert!(list(None, 9).await.unwrap().is_empty());
    })
    .await;
}
