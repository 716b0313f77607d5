//! What verifying, copying and taking over ask of the rows; and files taken over from another store.

use backlot_model::asset::{Asset, Status};
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_store::blobs::{BlobError, Blobs, DiskOptions, Keep};
use backlot_store::jobs::{self, NewJob};
use backlot_store::renditions::Rendition;
use backlot_store::testing::{disk, on_every_blob_store, on_every_engine};
use backlot_store::{Db, blob_rows, renditions, settings, upkeep};
use bytes::Bytes;

use crate::blobs::put;
use crate::samples::{NOW, asset, id, insert, user};

/// The `n`th digest that begins with `prefix`.
fn digest(prefix: u8, n: u16) -> Digest {
    let mut bytes = [0; 32];
    bytes[0] = prefix;
    bytes[1..3].copy_from_slice(&n.to_be_bytes());
    Digest(bytes)
}

fn facts(size: u64, has_thumbnails: bool) -> Facts {
    Facts {
        kind: MediaKind::Image,
        mime_type: "image/png".to_owned(),
        size,
        width: Some(1),
        height: Some(1),
        orientation: None,
        dominant_color: None,
        color_profile: None,
        thumbhash: has_thumbnails.then(|| vec![1]),
        perceptual_hash: None,
        animated: false,
        duration_ms: None,
    }
}

async fn record(db: &Db, digests: &[(Digest, Facts)]) {
    let tx = db.begin().await.unwrap();
    for (digest, facts) in digests {
        blob_rows::upsert(&tx, *digest, facts, NOW).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn rendition(name: &str, is_cached: bool) -> Rendition {
    let (name, mime_type) = (name.to_owned(), "image/webp".to_owned());
    Rendition { name, mime_type, size: 10, width: 1, height: 1, is_cached }
}

#[tokio::test]
async fn a_part_is_read_whole_and_no_other() {
    on_every_engine(async |db| {
        // More than are read at once.
        let mut all: Vec<_> =
            (0..2_003).map(|n| (digest(0xab, n), facts(n.into(), n == 7))).collect();
        all.push((digest(0xaa, 0xffff), facts(1, false)));
        all.push((digest(0xac, 0), facts(1, false)));
        record(db, &all).await;
        let found = upkeep::blobs(&**db, 0xab).await.unwrap();
        assert_eq!(found.len(), 2_003);
        assert!(found.iter().zip(&all).all(|(found, (digest, facts))| {
            (found.digest, found.size) == (*digest, facts.size)
        }));
        assert!(found[7].has_thumbnails && !found[8].has_thumbnails);
        assert_eq!(upkeep::blobs(&**db, 0xad).await.unwrap(), []);
        assert_eq!(upkeep::blob(&**db, digest(0xab, 7)).await.unwrap(), Some(found[7]));
        assert_eq!(upkeep::blob(&**db, digest(0xad, 7)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn renditions_are_read_by_part_and_cached_ones_forgotten() {
    on_every_engine(async |db| {
        let sources: Vec<_> = (0..700).map(|n| (digest(1, n), facts(1, true))).collect();
        record(db, &sources).await;
        let tx = db.begin().await.unwrap();
        for (source, _) in &sources {
            for (name, is_cached) in [("big", false), ("small", false), ("w64", true)] {
                renditions::put(&tx, *source, &rendition(name, is_cached), NOW).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        let found = upkeep::renditions(&**db, 1).await.unwrap();
        assert_eq!(found.len(), 2_100);
        assert!(
            found
                .windows(2)
                .all(|pair| { (pair[0].source, &pair[0].name) < (pair[1].source, &pair[1].name) })
        );
        assert!(upkeep::has_rendition(&**db, digest(1, 3), "w64").await.unwrap());
        upkeep::forget_cached(db).await.unwrap();
        assert!(!upkeep::has_rendition(&**db, digest(1, 3), "w64").await.unwrap());
        assert_eq!(upkeep::renditions(&**db, 1).await.unwrap().len(), 1_400);
        assert_eq!(renditions::cached_bytes(db).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn assets_without_a_living_job_are_abandoned() {
    on_every_engine(async |db| {
        let owner = user(db, 1, false).await;
        let with = |n: u64, status: Status| Asset { status, ..asset(owner, n) };
        let processing: Vec<_> = (1..=4).map(|n| with(n, Status::Processing)).collect();
        let failed = Asset { error: Some("cut short".to_owned()), ..with(6, Status::Failed) };
        insert(db, &processing).await;
        insert(db, &[with(5, Status::Ready), failed]).await;
        let tx = db.begin().await.unwrap();
        let kinds = ["process", "import-url", "detect"];
        for (n, (asset, kind)) in (90..).zip(processing.iter().zip(kinds)) {
            let (key, payload) = (format!("{kind}/{}", asset.id), "{}".to_owned());
            let (id, run_at, created_at) = (id(NOW, n), NOW, NOW);
            let job = NewJob { id, kind, key, payload, run_at, created_at };
            jobs::enqueue(&tx, &job).await.unwrap();
        }
        tx.commit().await.unwrap();
        // Finding hints does not end anything.
        let abandoned = [processing[2].id, processing[3].id];
        assert_eq!(upkeep::abandoned_assets(&**db, "", 10).await.unwrap(), abandoned);
        let after = abandoned[0].to_string();
        assert_eq!(upkeep::abandoned_assets(&**db, &after, 10).await.unwrap(), abandoned[1..]);
        assert_eq!(upkeep::processing_since(&**db, owner, NOW).await.unwrap(), 4);
        assert_eq!(upkeep::processing_since(&**db, owner, NOW + 1).await.unwrap(), 0);
        let failed = upkeep::failed_since(&**db, owner, NOW, 10).await.unwrap();
        assert_eq!(failed, [("picture-6.jpg".to_owned(), "cut short".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn released_leases_are_due_at_once() {
    on_every_engine(async |db| {
        let tx = db.begin().await.unwrap();
        let (key, payload) = ("process/1".to_owned(), "{}".to_owned());
        let job =
            NewJob { id: id(NOW, 1), kind: "process", key, payload, run_at: NOW, created_at: NOW };
        jobs::enqueue(&tx, &job).await.unwrap();
        tx.commit().await.unwrap();
        let dead = jobs::claim(db, NOW, 60_000).await.unwrap().unwrap();
        assert!(jobs::claim(db, NOW + 1, 60_000).await.unwrap().is_none());
        assert_eq!(upkeep::release_leases(db, NOW + 1).await.unwrap(), 1);
        let again = jobs::claim(db, NOW + 1, 60_000).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempts), (dead.id, 2));
        assert_eq!(jobs::heartbeat(db, &dead, NOW + 9).await.unwrap(), jobs::Lease::Lost);
    })
    .await;
}

#[tokio::test]
async fn settings_are_remembered_until_they_are_forgotten() {
    on_every_engine(async |db| {
        assert_eq!(settings::get(&**db, "a").await.unwrap(), None);
        settings::set(db, "a", "1").await.unwrap();
        settings::set(db, "a", "2").await.unwrap();
        assert_eq!(settings::get(&**db, "a").await.unwrap().as_deref(), Some("2"));
        settings::remove(db, "a").await.unwrap();
        settings::remove(db, "a").await.unwrap();
        assert_eq!(settings::get(&**db, "a").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn files_are_taken_over_by_a_second_name() {
    on_every_blob_store(async |from| {
        let to = disk().await;
        let digest = put(from, b"bytes").await;
        let thumb = Bytes::from_static(b"thumb");
        from.put_rendition(digest, "small", thumb.clone(), Keep::Loosely).await.unwrap();
        // Twice is as good as once.
        for _ in 0..2 {
            assert!(to.link(from, digest).await.unwrap());
            assert!(to.link_rendition(from, digest, "small").await.unwrap());
        }
        from.delete(digest).await.unwrap();
        from.delete_renditions(digest).await.unwrap();
        assert_eq!(to.read_all(digest, 10).await.unwrap(), "bytes");
        let read = to.read_rendition(digest, "small", None).await.unwrap();
        assert_eq!(read.bytes(10).await.unwrap(), thumb);
        let there = to.list(digest.0[0]).await.unwrap().blobs;
        assert_eq!(there.len(), 1);
        assert_eq!(to.modified_ms(digest).await.unwrap(), Some(there[0].modified_ms));
        let missing = Blobs::open_disk(&from.path().join("none"), DiskOptions::default());
        let other = Digest([9; 32]);
        assert!(matches!(to.link(&missing, other).await, Err(BlobError::Missing)));
        assert_eq!(to.modified_ms(other).await.unwrap(), None);
    })
    .await;
}
