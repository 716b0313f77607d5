//! What is known of blobs, what refers to them, and their renditions.

use backlot_model::asset::{Asset, Status};
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_model::query::{Branch, Filter, Reach, ScopeKey};
use backlot_store::assets::Likeness;
use backlot_store::renditions::Rendition;
use backlot_store::temp_files::TempFile;
use backlot_store::testing::{TestDb, on_every_engine};
use backlot_store::{assets, blob_rows, renditions, temp_files};

use crate::samples::{NOW, asset, id, insert, user};

pub(crate) fn facts(hash: u64) -> Facts {
    Facts {
        kind: MediaKind::Image,
        mime_type: "image/png".to_owned(),
        size: 1_000,
        width: Some(640),
        height: Some(480),
        orientation: Some(6),
        dominant_color: Some("#aabbcc".to_owned()),
        color_profile: Some("Display P3".to_owned()),
        thumbhash: Some(vec![1, 2, 255]),
        perceptual_hash: Some(hash),
        animated: true,
        duration_ms: Some(1_500),
    }
}

pub(crate) fn header() -> Facts {
    Facts {
        dominant_color: None,
        color_profile: None,
        thumbhash: None,
        perceptual_hash: None,
        ..facts(0)
    }
}

pub(crate) fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

pub(crate) async fn upsert(db: &TestDb, digest: Digest, facts: &Facts) {
    let tx = db.begin().await.unwrap();
    blob_rows::upsert(&tx, digest, facts, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn record(db: &TestDb, digest: Digest, facts: &Facts) {
    let tx = db.begin().await.unwrap();
    blob_rows::record_facts(&tx, digest, facts, 3).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn facts_are_read_as_they_were_written_and_survive_a_second_upload() {
    on_every_engine(async |db| {
        assert_eq!(blob_rows::facts(db, digest(1)).await.unwrap(), None);
        upsert(db, digest(1), &header()).await;
        assert_eq!(blob_rows::facts(db, digest(1)).await.unwrap(), Some((header(), 0, None)));
        let tx = db.begin().await.unwrap();
        blob_rows::record_fault(&tx, digest(1), "truncated").await.unwrap();
        tx.commit().await.unwrap();
        let (_, _, fault) = blob_rows::facts(db, digest(1)).await.unwrap().unwrap();
        assert_eq!(fault.as_deref(), Some("truncated"));
        let whole = facts(u64::MAX);
        record(db, digest(1), &whole).await;
        upsert(db, digest(1), &header()).await;
        assert_eq!(blob_rows::facts(db, digest(1)).await.unwrap(), Some((whole, 3, None)));
        assert_eq!(blob_rows::total_bytes(db).await.unwrap(), (1, 1_000));
        upsert(db, digest(2), &header()).await;
        let all = [(digest(1), 1_000), (digest(2), 1_000)];
        assert_eq!(blob_rows::each(db, None, 10).await.unwrap(), all);
        assert_eq!(blob_rows::each(db, Some(digest(1)), 10).await.unwrap(), all[1..]);
    })
    .await;
}

#[tokio::test]
async fn a_blob_goes_only_when_nothing_refers_to_it() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let other = user(db, 2, false).await;
        upsert(db, digest(1), &header()).await;
        let over = |n| Asset { digest: Some(digest(1)), ..asset(owner, n) };
        let kept = Asset { deleted_at: Some(NOW), ..over(1) };
        insert(db, &[kept, Asset { status: Status::Processing, ..over(2) }]).await;
        let file = TempFile {
            task_id: None,
            key: "key".to_owned(),
            owner_id: owner,
            digest: digest(1),
            filename: "a.png".to_owned(),
            description: None,
            mime_type: "image/png".to_owned(),
            size: 1_000,
            created_at: NOW,
            expires_at: NOW + 10,
        };
        assert!(assets::owns_blob(db, owner, digest(1)).await.unwrap());
        assert!(!assets::owns_blob(db, other, digest(1)).await.unwrap());

        let tx = db.begin().await.unwrap();
        let waiting = assets::waiting_for_blob(&tx, digest(1)).await.unwrap();
        assert_eq!(waiting.iter().map(|it| it.id).collect::<Vec<_>>(), [id(NOW, 2)]);
        temp_files::insert(&tx, &file).await.unwrap();
        for asset in assets::by_ids_in(&tx, &[id(NOW, 1), id(NOW, 2)]).await.unwrap() {
            let deleted = Asset { deleted_at: Some(NOW), ..asset.clone() };
            assets::save(&tx, &asset, &deleted).await.unwrap();
            blob_rows::mark_orphaned_if_unused(&tx, digest(1), NOW).await.unwrap();
            assert!(!blob_rows::delete_if_unused(&tx, digest(1)).await.unwrap());
        }
        let gone = assets::purge_deleted(&tx, NOW + 1, 1).await.unwrap();
        assert_eq!(gone[0].digests, [digest(1)]);
        assert!(assets::blob_in_use(&tx, digest(1)).await.unwrap());
        assert_eq!(assets::purge_deleted(&tx, NOW + 1, 9).await.unwrap().len(), 1);
        assert!(!blob_rows::delete_if_unused(&tx, digest(1)).await.unwrap());
        assert_eq!(temp_files::sweep(&tx, NOW + 11, 9).await.unwrap(), [digest(1)]);
        assert!(!assets::blob_in_use(&tx, digest(1)).await.unwrap());
        blob_rows::mark_orphaned_if_unused(&tx, digest(1), NOW + 20).await.unwrap();
        blob_rows::mark_orphaned_if_unused(&tx, digest(1), NOW + 30).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(blob_rows::orphans(db, NOW + 20, 9).await.unwrap(), []);
        assert_eq!(blob_rows::orphans(db, NOW + 21, 9).await.unwrap(), [(digest(1), 1_000)]);

        upsert(db, digest(1), &header()).await;
        assert_eq!(blob_rows::orphans(db, NOW + 21, 9).await.unwrap(), []);
        let tx = db.begin().await.unwrap();
        assert!(blob_rows::delete_if_unused(&tx, digest(1)).await.unwrap());
        assert!(!blob_rows::delete_if_unused(&tx, digest(1)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(blob_rows::total_bytes(db).await.unwrap(), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn cached_renditions_are_summed_and_given_oldest_first() {
    on_every_engine(async |db| {
        upsert(db, digest(1), &header()).await;
        let rendition = |name: &str, size, is_cached| Rendition {
            name: name.to_owned(),
            mime_type: "image/webp".to_owned(),
            size,
            width: 320,
            height: 200,
            is_cached,
        };
        let tx = db.begin().await.unwrap();
        for (name, size, is_cached, at) in [
            ("small", 7, false, NOW),
            ("a", 10, true, NOW + 2),
            ("b", 100, true, NOW + 1),
            ("b", 200, true, NOW + 1),
        ] {
            let it = rendition(name, size, is_cached);
            renditions::put(&tx, digest(1), &it, at).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(renditions::cached_bytes(db).await.unwrap(), 210);
        let found = renditions::get(db, digest(1), "b").await.unwrap();
        assert_eq!(found, Some(rendition("b", 200, true)));
        assert_eq!(renditions::get(db, digest(2), "b").await.unwrap(), None);
        let names = async || {
            let found = renditions::least_recently_used(db, 9).await.unwrap();
            found.into_iter().map(|(_, it)| it.name).collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["b", "a"]);
        renditions::touch(db, digest(1), "b", NOW + 50, 100).await.unwrap();
        assert_eq!(names().await, ["b", "a"]);
        renditions::touch(db, digest(1), "b", NOW + 101, 100).await.unwrap();
        assert_eq!(names().await, ["a", "b"]);

        let tx = db.begin().await.unwrap();
        renditions::remove(&tx, digest(1), "a").await.unwrap();
        renditions::remove(&tx, digest(1), "a").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(renditions::cached_bytes(db).await.unwrap(), 200);
        let tx = db.begin().await.unwrap();
        assert!(blob_rows::delete_if_unused(&tx, digest(1)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(renditions::cached_bytes(db).await.unwrap(), 0);
        assert_eq!(renditions::get(db, digest(1), "small").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn near_duplicates_are_those_within_the_distance_and_the_reach() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let other = user(db, 2, false).await;
        let hash = 0x0123_4567_89AB_CDEF_u64;
        let mut all = Vec::new();
        for n in 0..=16_u8 {
            // `n` bits differ, spread over all bands.
            let flips = (0..u32::from(n)).fold(0, |bits, place| bits | 1_u64 << (place * 29 % 64));
            upsert(db, digest(n), &header()).await;
            record(db, digest(n), &facts(hash ^ flips)).await;
            all.push(Asset { digest: Some(digest(n)), ..asset(owner, u64::from(n)) });
        }
        all.push(Asset { digest: Some(digest(2)), ..asset(other, 50) });
        all.push(Asset { digest: Some(digest(2)), deleted_at: Some(NOW), ..asset(owner, 51) });
        insert(db, &all).await;
        let near = async |reach: &Reach, distance, limit| {
            let likeness =
                Likeness { like: vec![hash], unlike: Vec::new(), distance_max: distance };
            let filter = Filter::default();
            let found = assets::near_duplicates(db, reach, &filter, &likeness, limit);
            let found = found.await.unwrap();
            found.into_iter().map(|(asset, bits)| (asset.id, bits)).collect::<Vec<_>>()
        };
        let own = Branch { scope: ScopeKey::User(owner), visibility: Vec::new() };
        let own = Reach::Branches(vec![own]);
        for distance in 0..=assets::DISTANCE_MAX {
            let expected: Vec<_> = (0..=distance).map(|n| (id(NOW, u64::from(n)), n)).collect();
            assert_eq!(near(&own, distance, 100).await, expected);
        }
        assert_eq!(near(&own, 64, 100).await.len(), 1 + assets::DISTANCE_MAX as usize);
        assert_eq!(near(&own, 9, 2).await, [(id(NOW, 0), 0), (id(NOW, 1), 1)]);
        let everything = near(&Reach::Everything, 2, 100).await;
        assert_eq!(everything[2..], [(id(NOW, 50), 2), (id(NOW, 2), 2)]);
    })
    .await;
}
