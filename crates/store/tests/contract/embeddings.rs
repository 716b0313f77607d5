//! Vectors of pictures, and walks that measure them.

use std::sync::Arc;

use backlot_model::asset::{Asset, Visibility};
use backlot_model::query::{Branch, Expression, Filter, Measure, Range, Reach, ScopeKey};
use backlot_model::{Id, account::User};
use backlot_store::assets::{Likeness, Scanned, Signature, hash_similarity};
use backlot_store::testing::{TestDb, on_every_engine};
use backlot_store::{assets, blob_rows, embeddings};

use crate::blob_rows::{digest, facts, header, record, upsert};
use crate::samples::{asset, id, insert, user};

/// The first byte of a vector, or the hash.
fn first_byte() -> Signature {
    Signature::Embedding("m/1".to_owned(), Arc::new(|vector| f32::from(vector[0])))
}

fn own(user: Id<User>) -> Reach {
    Reach::Branches(vec![Branch { scope: ScopeKey::User(user), visibility: Vec::new() }])
}

/// Ten pictures of one, of which the odd ones have a vector, and one of another's.
async fn fill(db: &TestDb) -> (Id<User>, Id<User>) {
    let (one, other) = (user(db, 1, false).await, user(db, 2, false).await);
    let mut all = Vec::new();
    for n in 0..10_u8 {
        upsert(db, digest(n), &header()).await;
        record(db, digest(n), &facts(u64::from(n))).await;
        let width = Some(100 + u32::from(n));
        all.push(Asset { digest: Some(digest(n)), width, ..asset(one, u64::from(n)) });
    }
    all.push(Asset { digest: Some(digest(1)), visibility: Visibility::Public, ..asset(other, 50) });
    insert(db, &all).await;
    let tx = db.begin().await.unwrap();
    for n in (1..10_u8).step_by(2) {
        assert!(embeddings::put(&tx, digest(n), "m/1", &[n, 7]).await.unwrap());
    }
    assert!(embeddings::put(&tx, digest(0), "m/0", &[9]).await.unwrap());
    assert!(!embeddings::put(&tx, digest(99), "m/1", &[9]).await.unwrap());
    tx.commit().await.unwrap();
    (one, other)
}

async fn walk(db: &TestDb, reach: &Reach, filter: &Filter, of: &Signature) -> Vec<(u64, f32)> {
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let scanned = assets::scan(db, reach, filter, of, after.as_ref(), 3).await.unwrap();
        let Scanned { measured, next } = scanned;
        found.extend(measured.into_iter().map(|(id, it)| (id.uuid().as_u128() as u64 & 0xFF, it)));
        match next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

#[tokio::test]
async fn a_walk_measures_what_the_caller_reaches_and_the_filter_holds_for() {
    on_every_engine(async |db| {
        let (one, other) = fill(db).await;
        let all = Filter::default();
        let mut found = walk(db, &own(one), &all, &first_byte()).await;
        found.sort_by_key(|(n, _)| *n);
        assert_eq!(found, [(1, 1.0), (3, 3.0), (5, 5.0), (7, 7.0), (9, 9.0)]);
        assert_eq!(walk(db, &own(other), &all, &first_byte()).await, [(50, 1.0)]);
        assert_eq!(walk(db, &Reach::Public, &all, &first_byte()).await, [(50, 1.0)]);
        let wide = Range { from: std::ops::Bound::Included(107.0), to: std::ops::Bound::Unbounded };
        let wide = Some(Expression::Within(Measure::Width, wide));
        let wide = Filter { expression: wide, ..Filter::default() };
        assert_eq!(walk(db, &own(one), &wide, &first_byte()).await.len(), 2);
        let hashes = Signature::Hash(Arc::new(|hash| hash_similarity(hash, 0)));
        let found = walk(db, &own(one), &all, &hashes).await;
        assert_eq!(found.len(), 10);
        assert!(found.contains(&(3, 1.0 - 2.0 / 64.0)));
        let nothing = Reach::Branches(Vec::new());
        assert_eq!(walk(db, &nothing, &all, &hashes).await, []);
    })
    .await;
}

#[tokio::test]
async fn what_a_model_has_not_seen_is_found_in_order() {
    on_every_engine(async |db| {
        fill(db).await;
        let missing =
            async |model: &str, after| embeddings::missing(db, model, after, 100).await.unwrap();
        let even: Vec<_> = (0..10).step_by(2).map(digest).collect();
        let mut found = missing("m/1", None).await;
        assert!(found.is_sorted());
        let rest = missing("m/1", Some(found[1])).await;
        assert_eq!(rest, found[2..]);
        found.sort_by_key(|it| even.iter().position(|other| other == it));
        assert_eq!(found, even);
        assert_eq!(missing("m/2", None).await.len(), 10);
        assert_eq!(embeddings::sweep(db, "m/1", 10).await.unwrap(), 1);
        assert_eq!(embeddings::sweep(db, "m/1", 10).await.unwrap(), 0);
        assert_eq!(embeddings::get(db, digest(0), "m/0").await.unwrap(), None);
        assert_eq!(embeddings::get(db, digest(3), "m/1").await.unwrap(), Some(vec![3, 7]));
    })
    .await;
}

#[tokio::test]
async fn a_vector_goes_with_its_content() {
    on_every_engine(async |db| {
        fill(db).await;
        upsert(db, digest(20), &header()).await;
        let tx = db.begin().await.unwrap();
        embeddings::put(&tx, digest(20), "m/1", &[1]).await.unwrap();
        assert!(blob_rows::delete_if_unused(&tx, digest(20)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(embeddings::get(db, digest(20), "m/1").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn likeness_keeps_to_the_filter_and_away_from_what_is_not_wanted() {
    on_every_engine(async |db| {
        let (one, _) = fill(db).await;
        let found = async |like: &[u64], unlike: &[u64], filter: &Filter| {
            let (like, unlike) = (like.to_vec(), unlike.to_vec());
            let likeness = Likeness { like, unlike, distance_max: 2 };
            let reach = own(one);
            let near = assets::near_duplicates(db, &reach, filter, &likeness, 100);
            let near = near.await.unwrap().into_iter();
            near.map(|(asset, bits)| (asset.id, bits)).collect::<Vec<_>>()
        };
        let at = |n| id::<Asset>(crate::samples::NOW, n);
        let all = Filter::default();
        let near = found(&[0], &[], &all).await;
        assert_eq!(near[..2], [(at(0), 0), (at(8), 1)]);
        assert_eq!(near.len(), 1 + 4 + 4);
        let narrow =
            Range { from: std::ops::Bound::Unbounded, to: std::ops::Bound::Excluded(103.0) };
        let mut few = Filter::default();
        few.narrow(Expression::Within(Measure::Width, narrow));
        assert_eq!(found(&[0], &[], &few).await, [(at(0), 0), (at(2), 1), (at(1), 1)]);
        let away = found(&[0], &[3], &all).await;
        assert_eq!(away, [(at(0), 0), (at(8), 1), (at(4), 1)]);
        let either = found(&[7, 8], &[], &few).await;
        assert_eq!(either, [(at(0), 1), (at(2), 2), (at(1), 2)]);
    })
    .await;
}
