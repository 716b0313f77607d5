//! Collections and their members.
//!
//! Owns: the tables `collection` and `collection_member`. Members are keyed in the order of their
//! creation, so that a collection is listed like a scope. A collection counts its members that are
//! not deleted; `assets` keeps that number when it deletes and restores.
//! Never: touches the members themselves; a collection that goes leaves them.

use backlot_model::account::{Organization, User};
use backlot_model::asset::{Asset, Collected, Collection};
use backlot_model::{Id, Millis};

use crate::args;
use crate::db::{Db, DbError, Fetch, Row, Tx, texts};
use crate::statement::number;

const COLUMNS: &str = "c.id, c.owner_id, c.organization_id, c.name, c.asset_count,
    COALESCE(
        (SELECT a.id FROM asset a
         WHERE a.id = c.thumbnail_id AND a.deleted_at IS NULL AND a.has_thumbnails = 1),
        (SELECT m.asset_id FROM collection_member m CROSS JOIN asset a ON a.seq = m.seq
         WHERE m.collection_id = c.id AND a.deleted_at IS NULL AND a.has_thumbnails = 1
         ORDER BY m.created_at DESC, m.asset_id DESC LIMIT 1)), c.created_at, c.updated_at";

fn read(row: &Row<'_>) -> Result<Collection, DbError> {
    Ok(Collection {
        id: row.get(0)?,
        owner_id: row.get(1)?,
        organization_id: row.get(2)?,
        name: row.get(3)?,
        asset_count: row.get(4)?,
        thumbnail: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

/// Adds a collection, which is empty.
pub async fn insert(tx: &Tx, collection: &Collection) -> Result<(), DbError> {
    let it = collection;
    let sql = "INSERT INTO collection (id, owner_id, organization_id, name, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let args =
        args![it.id, it.owner_id, it.organization_id, &it.name, it.created_at, it.updated_at];
    tx.execute(sql, args).await.map(drop)
}

/// One collection.
pub async fn by_id(db: &Db, id: Id<Collection>) -> Result<Option<Collection>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM collection c WHERE c.id = $1");
    db.fetch_optional(sql, args![id], read).await
}

/// Whose those of these collections are that are there.
pub async fn whose(db: &Db, ids: &[Id<Collection>]) -> Result<Vec<Collected>, DbError> {
    let sql = format!(
        "SELECT c.id, c.owner_id, c.organization_id FROM collection c WHERE c.id IN ({})",
        db.each_text(1)
    );
    let read = |row: &Row<'_>| {
        let (id, owner_id, organization_id) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Collected { id, owner_id, organization_id })
    };
    db.fetch(sql, vec![texts(ids.iter().copied())], read).await
}

/// The collections of `owner` and of `organizations`, the newest first, and how many there are.
pub async fn list(
    db: &Db,
    owner: Id<User>,
    organizations: &[Id<Organization>],
    skip: u64,
    limit: u32,
) -> Result<(Vec<Collection>, u64), DbError> {
    let within = format!(
        "FROM collection c WHERE c.owner_id = $1 OR c.organization_id IN ({})",
        db.each_text(2)
    );
    let args = vec![owner.into(), texts(organizations.iter().copied())];
    let total = db.fetch_one(format!("SELECT count(*) {within}"), args.clone(), |row| row.get(0));
    let sql = format!(
        "SELECT {COLUMNS} {within} ORDER BY c.created_at DESC, c.id DESC LIMIT $3 OFFSET $4"
    );
    let args = args.into_iter().chain(args![limit, number(skip)]).collect();
    futures::try_join!(db.fetch(sql, args, read), total)
}

/// The first `limit` of the collections of `owner` and of `organizations`, the newest first, that
/// come after the one made at `after` with that id.
pub async fn list_after(
    db: &Db,
    owner: Option<Id<User>>,
    organizations: &[Id<Organization>],
    after: Option<(Millis, Id<Collection>)>,
    limit: u32,
) -> Result<Vec<Collection>, DbError> {
    let (at, id) = after.map_or((Millis::MAX, String::new()), |(at, id)| (at, id.to_string()));
    let arm = |within: &str| {
        format!(
            "SELECT * FROM (SELECT {COLUMNS} FROM collection c
             WHERE {within} AND (c.created_at, c.id) < ($3, $4)
             ORDER BY c.created_at DESC, c.id DESC LIMIT $5)"
        )
    };
    // The second arm leaves out what the first has.
    let theirs =
        format!("c.organization_id IN ({}) AND ($1 IS NULL OR c.owner_id <> $1)", db.each_text(2));
    let sql = format!(
        "{} UNION ALL {} ORDER BY 7 DESC, 1 DESC LIMIT $5",
        arm("c.owner_id = $1"),
        arm(&theirs)
    );
    let mut args = args![owner];
    args.push(texts(organizations.iter().copied()));
    args.extend(args![at, id, limit]);
    db.fetch(sql, args, read).await
}

/// Gives a collection another name.
pub async fn rename(tx: &Tx, id: Id<Collection>, name: &str, now: Millis) -> Result<(), DbError> {
    let sql = "UPDATE collection SET name = $2, updated_at = $3 WHERE id = $1";
    tx.execute(sql, args![id, name, now]).await.map(drop)
}

/// Says which asset stands for a collection; none leaves it to the newest member with a picture.
pub async fn set_thumbnail(
    tx: &Tx,
    id: Id<Collection>,
    thumbnail: Option<Id<Asset>>,
    now: Millis,
) -> Result<(), DbError> {
    let sql = "UPDATE collection SET thumbnail_id = $2, updated_at = $3 WHERE id = $1";
    tx.execute(sql, args![id, thumbnail, now]).await.map(drop)
}

/// Removes a collection; its members stay.
pub async fn delete(tx: &Tx, id: Id<Collection>) -> Result<(), DbError> {
    let sql = "UPDATE asset SET collections = collections - 1
        WHERE id IN (SELECT asset_id FROM collection_member WHERE collection_id = $1)";
    tx.execute(sql, args![id]).await?;
    tx.execute("DELETE FROM collection WHERE id = $1", args![id]).await.map(drop)
}

/// Puts assets into a collection. Unknown assets and those already in it are passed over.
pub async fn add(
    tx: &Tx,
    id: Id<Collection>,
    assets: &[Id<Asset>],
    now: Millis,
) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO collection_member (collection_id, created_at, asset_id, seq)
         SELECT $1, a.created_at, a.id, a.seq FROM asset a WHERE a.id IN ({})
         ON CONFLICT (collection_id, created_at, asset_id) DO NOTHING RETURNING asset_id",
        tx.each_text(2)
    );
    let args = vec![id.into(), texts(assets.iter().copied())];
    let added = tx.fetch(sql, args, |row| row.get(0)).await?;
    follow(tx, id, &added, 1, now).await
}

/// Takes assets out of a collection. Those not in it are passed over.
pub async fn remove(
    tx: &Tx,
    id: Id<Collection>,
    assets: &[Id<Asset>],
    now: Millis,
) -> Result<(), DbError> {
    let sql = format!(
        "DELETE FROM collection_member WHERE collection_id = $1 AND (created_at, asset_id) IN
             (SELECT a.created_at, a.id FROM asset a WHERE a.id IN ({}))
         RETURNING asset_id",
        tx.each_text(2)
    );
    let args = vec![id.into(), texts(assets.iter().copied())];
    let removed = tx.fetch(sql, args, |row| row.get(0)).await?;
    follow(tx, id, &removed, -1, now).await
}

/// Lets the numbers follow `by` for each of these members.
async fn follow(
    tx: &Tx,
    id: Id<Collection>,
    assets: &[Id<Asset>],
    by: i64,
    now: Millis,
) -> Result<(), DbError> {
    if assets.is_empty() {
        return Ok(());
    }
    let assets = texts(assets.iter().copied());
    let each = tx.each_text(2);
    let sql = format!("UPDATE asset SET collections = collections + $1 WHERE id IN ({each})");
    tx.execute(sql, vec![by.into(), assets.clone()]).await?;
    let sql = format!(
        "UPDATE collection SET updated_at = $4, asset_count = asset_count + $1 *
             (SELECT count(*) FROM asset a WHERE a.id IN ({each}) AND a.deleted_at IS NULL)
         WHERE id = $3"
    );
    tx.execute(sql, vec![by.into(), assets, id.into(), now.into()]).await.map(drop)
}

/// Puts a new asset into its collections, and tells how many those are.
pub(crate) async fn join(tx: &Tx, asset: &Asset) -> Result<(), DbError> {
    for it in &asset.collections {
        add(tx, it.id, &[asset.id], asset.updated_at).await?;
    }
    Ok(())
}

/// Takes an asset that is about to go for good out of everything it is a member of.
pub(crate) async fn leave(tx: &Tx, asset: Id<Asset>) -> Result<(), DbError> {
    tx.execute("DELETE FROM collection_member WHERE asset_id = $1", args![asset]).await.map(drop)
}
