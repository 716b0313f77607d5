//! Blobs and renditions, the same in every store.

use backlot_model::Kind;
use backlot_model::fault::Fault;
use backlot_model::media::Digest;
use backlot_store::blobs::{BlobError, Blobs, CHUNK_BYTES, HEAD_BYTES, Keep, Staged};
use backlot_store::testing::on_every_blob_store;
use bytes::Bytes;
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};

/// `count` bytes that do not repeat at any chunk's length.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i % 251) as u8 ^ (i >> 13) as u8).collect()
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

pub(crate) async fn stage(blobs: &Blobs, bytes: &[u8]) -> Result<Staged, BlobError> {
    let mut staging = blobs.stage(u64::MAX);
    // Uneven pieces, as they come from a network.
    for piece in bytes.chunks(100_003) {
        staging.write(piece).await?;
    }
    staging.finish().await
}

pub(crate) async fn put(blobs: &Blobs, bytes: &[u8]) -> Digest {
    let staged = stage(blobs, bytes).await.unwrap();
    let digest = staged.digest();
    blobs.commit(staged).await.unwrap();
    digest
}

#[tokio::test]
async fn bytes_come_back_as_they_went_in_whatever_their_number() {
    on_every_blob_store(async |blobs| {
        let edges = [CHUNK_BYTES, HEAD_BYTES, 2 * CHUNK_BYTES];
        let sizes = edges.iter().flat_map(|&edge| [edge - 1, edge, edge + 1]);
        for size in [0, 1].into_iter().chain(sizes).chain([3 << 20]) {
            let bytes = bytes(size);
            let staged = stage(blobs, &bytes).await.unwrap();
            assert_eq!((staged.digest(), staged.size()), (digest(&bytes), size as u64));
            assert_eq!(staged.head()[..], bytes[..size.min(HEAD_BYTES)]);
            assert_eq!(staged.bytes(u64::MAX).await.unwrap(), bytes);
            blobs.commit(staged).await.unwrap();
            let read = blobs.read_all(digest(&bytes), u64::MAX).await.unwrap();
            assert!(read == bytes, "{size} bytes");
            assert_eq!(blobs.size(digest(&bytes)).await.unwrap(), Some(size as u64));
        }
    })
    .await;
}

#[tokio::test]
async fn a_range_is_cut_to_the_blob() {
    on_every_blob_store(async |blobs| {
        let bytes = bytes(CHUNK_BYTES + 10);
        let digest = put(blobs, &bytes).await;
        let size = bytes.len() as u64;
        for (asked, given) in [
            (0..1, 0..1),
            (5..size, 5..size),
            (size - 1..size + 50, size - 1..size),
            (size..size + 1, size..size),
            (size + 7..size + 9, size..size),
            (4..4, 4..4),
        ] {
            let read = blobs.read(digest, Some(asked.clone())).await.unwrap();
            assert_eq!((read.size(), read.range()), (size, given.clone()), "{asked:?}");
            let expected = &bytes[given.start as usize..given.end as usize];
            assert_eq!(read.bytes(u64::MAX).await.unwrap(), expected, "{asked:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_big_blob_is_read_in_chunks() {
    on_every_blob_store(async |blobs| {
        let bytes = bytes(5 * CHUNK_BYTES + 1);
        let digest = put(blobs, &bytes).await;
        let stream = blobs.read(digest, None).await.unwrap().into_stream();
        let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
        assert!(chunks.iter().all(|chunk| chunk.len() <= CHUNK_BYTES));
        assert!(chunks.concat() == bytes);
    })
    .await;
}

#[tokio::test]
async fn more_bytes_than_allowed_are_refused_at_once_and_leave_nothing() {
    on_every_blob_store(async |blobs| {
        let mut staging = blobs.stage(1_000_000);
        staging.write(&bytes(999_999)).await.unwrap();
        staging.write(b"x").await.unwrap();
        assert_eq!(staging.size(), 1_000_000);
        let error = staging.write(b"y").await.unwrap_err();
        assert!(matches!(error, BlobError::TooLarge { bytes_max: 1_000_000 }));
        assert_eq!(Fault::from(error).code, "too-large");
        assert!(staging.write(b"z").await.is_err(), "it has to begin anew");
        assert!(staging.finish().await.is_err());

        let digest = put(blobs, b"four").await;
        assert_eq!(blobs.read_all(digest, 4).await.unwrap(), "four");
        let error = blobs.read_all(digest, 3).await.unwrap_err();
        assert!(matches!(error, BlobError::TooLarge { bytes_max: 3 }));
    })
    .await;
}

#[tokio::test]
async fn the_same_bytes_twice_are_one_blob_and_deleting_twice_is_fine() {
    on_every_blob_store(async |blobs| {
        let digest = put(blobs, b"cat").await;
        assert_eq!(put(blobs, b"cat").await, digest);
        let listing = blobs.list(digest.0[0]).await.unwrap();
        assert_eq!(listing.blobs.len(), 1);
        blobs.delete(digest).await.unwrap();
        blobs.delete(digest).await.unwrap();
        assert_eq!(blobs.size(digest).await.unwrap(), None);
        let error = blobs.read_all(digest, 10).await.unwrap_err();
        let fault = Fault::from(error);
        assert_eq!((fault.kind, fault.code), (Kind::Internal, "blob-missing"));
    })
    .await;
}

#[tokio::test]
async fn a_staged_upload_is_no_blob_before_it_is_committed() {
    on_every_blob_store(async |blobs| {
        let staged = stage(blobs, b"dog").await.unwrap();
        assert_eq!(blobs.size(staged.digest()).await.unwrap(), None);
        let (digest, path) = (staged.digest(), staged.path().to_owned());
        drop(staged);
        assert!(!path.try_exists().unwrap());
        assert_eq!(blobs.size(digest).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn every_blob_is_listed_under_its_first_byte() {
    on_every_blob_store(async |blobs| {
        let mut put_in = Vec::new();
        for i in 0..60_u32 {
            put_in.push((put(blobs, &i.to_le_bytes()).await, 4));
        }
        put_in.sort_unstable();
        let mut listed = Vec::new();
        for prefix in 0..=u8::MAX {
            let listing = blobs.list(prefix).await.unwrap();
            assert_eq!(listing.strays, Vec::<String>::new());
            assert!(listing.blobs.iter().all(|entry| entry.digest.0[0] == prefix));
            listed.extend(listing.blobs.iter().map(|entry| (entry.digest, entry.size)));
        }
        assert_eq!(listed, put_in);
    })
    .await;
}

#[tokio::test]
async fn a_rendition_is_kept_by_source_and_name_until_it_is_deleted() {
    on_every_blob_store(async |blobs| {
        let (cat, dog) = (digest(b"cat"), digest(b"dog"));
        let thumb = Bytes::from_static(b"small cat");
        blobs.put_rendition(cat, "t320.webp", thumb.clone(), Keep::Durably).await.unwrap();
        blobs.put_rendition(cat, "w64.png", thumb.clone(), Keep::Loosely).await.unwrap();
        blobs.put_rendition(dog, "t320.webp", "small dog".into(), Keep::Loosely).await.unwrap();
        let newer = Bytes::from_static(b"smaller cat");
        blobs.put_rendition(cat, "w64.png", newer.clone(), Keep::Loosely).await.unwrap();

        let read = blobs.read_rendition(cat, "w64.png", None).await.unwrap();
        assert_eq!(read.bytes(100).await.unwrap(), newer);
        let read = blobs.read_rendition(cat, "t320.webp", Some(6..9)).await.unwrap();
        assert_eq!(read.bytes(100).await.unwrap(), "cat");
        let names: Vec<String> =
            blobs.list_renditions(cat.0[0]).await.unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["t320.webp", "w64.png"]);

        blobs.delete_rendition(cat, "w64.png").await.unwrap();
        let error = blobs.read_rendition(cat, "w64.png", None).await.err().unwrap();
        assert!(matches!(error, BlobError::Missing));
        blobs.delete_renditions(cat).await.unwrap();
        blobs.delete_renditions(cat).await.unwrap();
        assert_eq!(blobs.list_renditions(cat.0[0]).await.unwrap(), []);
        let read = blobs.read_rendition(dog, "t320.webp", None).await.unwrap();
        assert_eq!(read.bytes(100).await.unwrap(), "small dog");
    })
    .await;
}

#[tokio::test]
async fn a_rendition_never_leaves_its_folder() {
    on_every_blob_store(async |blobs| {
        for name in ["../../store-id", "..", "a/b", "", "A.webp"] {
            let put = blobs.put_rendition(digest(b"cat"), name, "x".into(), Keep::Loosely).await;
            assert!(put.is_err(), "{name}");
            assert!(blobs.read_rendition(digest(b"cat"), name, None).await.is_err(), "{name}");
            assert!(blobs.delete_rendition(digest(b"cat"), name).await.is_err(), "{name}");
        }
        assert_eq!(blobs.marker().await.unwrap().as_deref(), Some("test"));
    })
    .await;
}

#[tokio::test]
async fn a_store_keeps_its_first_id() {
    on_every_blob_store(async |blobs| {
        assert!(blobs.write_marker("other").await.is_err());
        assert_eq!(blobs.marker().await.unwrap().as_deref(), Some("test"));
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_written_at_will_is_a_blob_like_any_other() {
    use std::io::{Seek as _, SeekFrom, Write as _};

    on_every_blob_store(async |blobs| {
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| n as u8).collect();
        let whole = bytes.clone();
        let staged = blobs.stage_file(move |file| -> Result<(), BlobError> {
            file.write_all(&[0; 9])?;
            file.write_all(&whole[9..])?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&whole[..9])?;
            Ok(())
        });
        let staged = staged.await.unwrap();
        assert_eq!(staged.size(), bytes.len() as u64);
        let digest = staged.digest();
        assert_eq!(blobs.size(digest).await.unwrap(), None, "not before it is committed");
        blobs.commit(staged).await.unwrap();
        assert_eq!(blobs.read_all(digest, 1 << 20).await.unwrap(), bytes);
        assert_eq!(blobs.rehash(digest).await.unwrap(), (digest, bytes.len() as u64));
        let failed = blobs.stage_file(|file| -> Result<(), BlobError> {
            file.write_all(b"half")?;
            Err(BlobError::Missing)
        });
        assert!(failed.await.is_err());
    })
    .await;
}
