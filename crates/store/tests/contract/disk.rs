//! What only a store on disk can show: failing disks, crashes, damage.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use backlot_model::fault::Fault;
use backlot_store::blobs::{BlobError, Blobs, DiskOptions, DiskStep, Keep};
use backlot_store::testing;

use crate::blobs::{bytes, digest, put, stage};

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// A disk that stops working after so many steps, and how many it was asked for.
fn dying_disk(root: &Path, steps: usize) -> (Blobs, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let faults = move |_| match count.fetch_add(1, Ordering::SeqCst) < steps {
        true => Ok(()),
        false => Err(std::io::Error::from(ErrorKind::Other)),
    };
    (Blobs::open_disk(root, DiskOptions { faults: Some(Arc::new(faults)) }), asked)
}

#[tokio::test]
async fn a_disk_that_dies_at_any_step_leaves_a_whole_blob_or_none() {
    let content = bytes(700_000);
    let name = digest(&content);
    for steps in 0.. {
        let store = testing::disk().await;
        let (dying, asked) = dying_disk(store.path(), steps);
        let result = match stage(&dying, &content).await {
            Ok(staged) => dying.commit(staged).await,
            Err(error) => Err(error),
        };
        match store.size(name).await.unwrap() {
            Some(_) => assert_eq!(store.rehash(name).await.unwrap(), (name, 700_000), "{steps}"),
            None => assert!(result.is_err(), "said it was kept, after {steps} steps"),
        }
        assert_eq!(files(&store.path().join("staging")), Vec::<PathBuf>::new(), "{steps}");
        // The same upload through a healthy disk mends whatever is there.
        assert_eq!(put(&store, &content).await, name);
        assert_eq!(store.rehash(name).await.unwrap(), (name, 700_000));
        if result.is_ok() {
            let asked = asked.load(Ordering::SeqCst);
            assert!(asked >= 9, "create, 3 writes, open, sync, rename, 3 folders: {asked}");
            return;
        }
    }
}

#[tokio::test]
async fn a_disk_that_dies_at_any_step_leaves_a_whole_rendition_or_none() {
    for steps in 0.. {
        let store = testing::disk().await;
        let (dying, _) = dying_disk(store.path(), steps);
        let source = digest(b"cat");
        let result = dying.put_rendition(source, "t.webp", "small".into(), Keep::Durably).await;
        let found = store.list_renditions(source.0[0]).await.unwrap();
        assert!(found.iter().all(|entry| entry.size == 5), "{steps}");
        assert_eq!(files(&store.path().join("staging")), Vec::<PathBuf>::new(), "{steps}");
        if result.is_ok() {
            assert_eq!(found.len(), 1);
            return;
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_told_apart_from_a_failing_one_and_both_pass() {
    let store = testing::disk().await;
    for (kind, code) in [
        (ErrorKind::StorageFull, "storage-full"),
        (ErrorKind::QuotaExceeded, "storage-full"),
        (ErrorKind::Other, "storage-unavailable"),
    ] {
        store.faults.fail(DiskStep::Write, kind);
        let fault = Fault::from(stage(&store, b"cat").await.err().unwrap());
        assert_eq!(fault.code, code);
        assert!(fault.retry_after_ms.is_some());
        store.faults.heal();
        assert_eq!(put(&store, b"cat").await, digest(b"cat"));
    }
    store.faults.fail(DiskStep::Read, ErrorKind::Other);
    let fault = Fault::from(store.read(digest(b"cat"), None).await.err().unwrap());
    assert_eq!(fault.code, "storage-unavailable");
}

#[tokio::test]
async fn an_upload_given_up_half_way_leaves_no_file() {
    let store = testing::disk().await;
    let mut staging = store.stage(u64::MAX);
    staging.write(&bytes(600_000)).await.unwrap();
    drop(staging);
    // Its last batch may still be being written: the pool ends it, then the file goes.
    let gone = async {
        while !files(&store.path().join("staging")).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
}

#[tokio::test]
async fn damage_is_found_by_reading_and_mended_by_the_same_upload_when_it_shows() {
    let store = testing::disk().await;
    let cat = put(&store, b"cat").await;
    let path = store.local_path(cat).unwrap();
    std::fs::write(&path, b"cut").unwrap();
    assert_eq!(store.rehash(cat).await.unwrap(), (digest(b"cut"), 3));
    std::fs::write(&path, b"ca").unwrap();
    assert_eq!(put(&store, b"cat").await, cat);
    assert_eq!(store.rehash(cat).await.unwrap(), (cat, 3));
}

#[tokio::test]
async fn a_blob_uploaded_again_is_young_again() {
    let store = testing::disk().await;
    let cat = put(&store, b"cat").await;
    let file = std::fs::File::open(store.local_path(cat).unwrap()).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(store.list(cat.0[0]).await.unwrap().blobs[0].modified_ms, 0);
    put(&store, b"cat").await;
    assert!(store.list(cat.0[0]).await.unwrap().blobs[0].modified_ms > 0);
}

#[tokio::test]
async fn what_is_no_blob_is_told() {
    let store = testing::disk().await;
    let cat = put(&store, b"cat").await;
    let folder = store.local_path(cat).unwrap().parent().unwrap().to_owned();
    let prefix = cat.0[0];
    std::fs::write(folder.join("notes.txt"), b"x").unwrap();
    std::fs::write(store.path().join(format!("blobs/{prefix:02x}/loose")), b"x").unwrap();
    let listing = store.list(prefix).await.unwrap();
    assert_eq!(listing.blobs.len(), 1);
    let middle = cat.0[1];
    let expected =
        [format!("blobs/{prefix:02x}/{middle:02x}/notes.txt"), format!("blobs/{prefix:02x}/loose")];
    assert_eq!(listing.strays, expected);
}

#[tokio::test]
async fn only_old_uploads_are_swept() {
    let store = testing::disk().await;
    let old = stage(&store, b"old").await.unwrap();
    let young = stage(&store, b"young").await.unwrap();
    let at = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
    let open = |path| std::fs::File::open(path).unwrap();
    open(old.path()).set_modified(at(1_000)).unwrap();
    open(young.path()).set_modified(at(2_000)).unwrap();
    assert_eq!(store.sweep_staging(1_000).await.unwrap(), 0);
    assert_eq!(store.sweep_staging(1_001).await.unwrap(), 1);
    assert!(!old.path().try_exists().unwrap());
    store.commit(young).await.unwrap();
    assert!(matches!(store.commit(old).await, Err(BlobError::Io(_))), "its bytes were swept");
}

#[tokio::test]
async fn a_store_that_is_not_mounted_has_no_marker_and_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_disk(folder.path(), DiskOptions::default());
    assert_eq!(blobs.marker().await.unwrap(), None);
    assert!(stage(&blobs, b"cat").await.is_err());
    let put = blobs.put_rendition(digest(b"cat"), "t.webp", "x".into(), Keep::Loosely);
    assert!(put.await.is_err());
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn blobs_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let store = testing::disk().await;
    let cat = put(&store, b"cat").await;
    let mode = store.local_path(cat).unwrap().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}
