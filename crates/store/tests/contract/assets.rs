//! Assets by id, and how they change.

use backlot_model::asset::{Asset, Lineage, Status, Visibility};
use backlot_model::media::{Detected, MediaKind};
use backlot_model::query::{AssetQuery, Filter, Order, Reach, Window};
use backlot_store::assets;
use backlot_store::db::DbErrorKind;
use backlot_store::testing::on_every_engine;

use crate::samples::{NOW, asset, id, insert, organization, user};

/// Every field set to something of its own.
fn whole(plain: Asset) -> Asset {
    Asset {
        project: Some("Spring \"26\"".to_owned()),
        description: Some("line\nbreak, \u{1F600} and \0".to_owned()),
        status: Status::Failed,
        error: Some("truncated".to_owned()),
        visibility: Visibility::Shared,
        kind: MediaKind::ImageHdr,
        tags: vec!["b".to_owned(), "a".to_owned(), "x,\"y\"".to_owned()],
        styling_note: Some("cold light".to_owned()),
        detected: Some(Detected {
            has_person: Some(true),
            has_clothing: None,
            person_attributes: Some(vec!["smiling".to_owned()]),
            clothing_items: Some(Vec::new()),
            categories: None,
            sources: vec![("has_person".to_owned(), "faces/1".to_owned())],
        }),
        lineage: Lineage {
            parent_id: Some(id(5, 1)),
            root_id: Some(id(5, 2)),
            inference_id: Some("run".to_owned()),
            model_id: Some("model".to_owned()),
            author_id: Some("author".to_owned()),
        },
        parameters: r#"{"prompt":"a cat","seed":42}"#.to_owned(),
        size: Some(7),
        mime_type: Some("image/x-exr".to_owned()),
        width: Some(4_000),
        height: Some(3_000),
        dominant_color: Some("#102030".to_owned()),
        thumbhash: Some(vec![0, 255, 7]),
        has_thumbnails: true,
        access_epoch: 3,
        updated_at: NOW + 5,
        ..plain
    }
}

#[tokio::test]
async fn an_asset_is_read_as_it_was_written() {
    on_every_engine(async |db| {
        let uploader = user(db, 1, false).await;
        let organization_id = Some(organization(db, 1).await);
        let plain = asset(uploader, 1);
        let full = Asset { organization_id, ..whole(asset(uploader, 2)) };
        insert(db, &[plain.clone(), full.clone()]).await;
        assert_eq!(assets::by_id(db, plain.id).await.unwrap(), Some(plain.clone()));
        assert_eq!(assets::by_id(db, full.id).await.unwrap(), Some(full.clone()));
        assert_eq!(assets::by_id(db, id(NOW, 3)).await.unwrap(), None);
        let ids = [full.id, id(NOW, 9), plain.id];
        let mut found = assets::by_ids(db, &ids).await.unwrap();
        found.sort_by_key(|it| it.id);
        assert_eq!(found, [plain, full]);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_written_once_and_only_over_the_version_it_was_made_from() {
    on_every_engine(async |db| {
        let uploader = user(db, 1, false).await;
        let organization_id = Some(organization(db, 1).await);
        let before = asset(uploader, 1);
        insert(db, std::slice::from_ref(&before)).await;
        let after = Asset { organization_id, ..whole(before.clone()) };
        let tx = db.begin().await.unwrap();
        assets::save(&tx, &before, &after).await.unwrap();
        tx.commit().await.unwrap();
        let stored = assets::by_id(db, before.id).await.unwrap().unwrap();
        assert_eq!(stored, Asset { version: 2, ..after.clone() });

        let tx = db.begin().await.unwrap();
        let error = assets::save(&tx, &before, &before).await.unwrap_err();
        assert_eq!(error.kind(), DbErrorKind::Busy);
        drop(tx);
        assert_eq!(assets::by_id(db, before.id).await.unwrap().unwrap(), stored);
    })
    .await;
}

#[tokio::test]
async fn a_page_tells_where_the_next_begins() {
    on_every_engine(async |db| {
        let uploader = user(db, 1, false).await;
        let all: Vec<Asset> = (1..=3).map(|n| asset(uploader, n)).collect();
        insert(db, &all).await;
        let mut query = AssetQuery {
            reach: Reach::Uploader(uploader),
            filter: Filter::default(),
            order: Order::default(),
            window: Window::Cursor { after: None, limit: 2 },
            count: true,
        };
        let first = assets::list(db, &query).await.unwrap();
        assert_eq!(first.items, [all[2].clone(), all[1].clone()]);
        assert_eq!(first.total, Some(3));
        query.window = Window::Cursor { after: first.next, limit: 2 };
        let second = assets::list(db, &query).await.unwrap();
        assert_eq!(second.items, [all[0].clone()]);
        assert_eq!(second.next, None);
    })
    .await;
}
