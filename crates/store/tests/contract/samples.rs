//! Users and assets to test with.

use backlot_model::account::User;
use backlot_model::asset::{Asset, Lineage, Status, TYPE_UPLOADED, Visibility};
use backlot_model::media::MediaKind;
use backlot_model::{Id, Millis};
use backlot_store::{Db, args, assets};
use uuid::Uuid;

/// 2026-01-01.
pub(crate) const NOW: Millis = 1_767_225_600_000;

/// The `n`th id of a time, so that ids are known and ordered.
pub(crate) fn id<T>(at: Millis, n: u64) -> Id<T> {
    let at = u128::try_from(at).unwrap();
    let bits = at << 80 | 7 << 76 | 0b10 << 62 | u128::from(n);
    Id::new(Uuid::from_u128(bits))
}

/// Makes an account.
pub(crate) async fn user(db: &Db, n: u64, is_superuser: bool) -> Id<User> {
    let id = id(1_000, n);
    let sql = "INSERT INTO account
        (id, email, email_folded, username, is_superuser, created_at)
        VALUES ($1, $2, $2, $3, $4, 0)";
    let args = args![id, format!("{n}@example.org"), format!("user{n}"), is_superuser];
    db.execute(sql, args).await.unwrap();
    id
}

/// Makes an organisation.
pub(crate) async fn organization(db: &Db, n: u64) -> Id<backlot_model::account::Organization> {
    let id = id(2_000, n);
    let sql = "INSERT INTO organization (id, name, name_folded, created_at) VALUES ($1, $2, $2, 0)";
    db.execute(sql, args![id, format!("org{n}")]).await.unwrap();
    id
}

/// A private, ready picture without bytes, made at [`NOW`].
pub(crate) fn asset(uploader: Id<User>, n: u64) -> Asset {
    Asset {
        id: id(NOW, n),
        uploader_id: uploader,
        uploader_name: format!("user{}", uploader.uuid().as_u128() & 0xFFFF),
        uploader_is_superuser: false,
        organization_id: None,
        project: None,
        name: format!("picture {n}"),
        filename: format!("picture-{n}.jpg"),
        description: None,
        asset_type: TYPE_UPLOADED.to_owned(),
        kind: MediaKind::Image,
        status: Status::Ready,
        error: None,
        visibility: Visibility::Private,
        tags: Vec::new(),
        styling_note: None,
        detected: None,
        lineage: Lineage::default(),
        parameters: "{}".to_owned(),
        collections: Vec::new(),
        digest: None,
        size: None,
        mime_type: None,
        width: None,
        height: None,
        dominant_color: None,
        thumbhash: None,
        has_thumbnails: false,
        access_epoch: 0,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
        deleted_at: None,
        thumbnail_id: None,
        is_hidden: false,
        lock: None,
    }
}

/// Adds assets in one transaction.
pub(crate) async fn insert(db: &Db, all: &[Asset]) {
    let tx = db.begin().await.unwrap();
    for asset in all {
        assets::insert(&tx, asset, None).await.unwrap();
    }
    tx.commit().await.unwrap();
}
