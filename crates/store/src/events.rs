//! What happened to assets, in the order of the events' ids.
//!
//! Owns: the table `event`, and that events become visible in the order of their ids: an id is given
//! under a lock that is held until the commit, and is greater than all before it, whatever the
//! clocks of several processes say. A reader who has seen an id has seen all that are smaller.

use backlot_model::account::User;
use backlot_model::asset::Asset;
use backlot_model::event::{Event, EventKind};
use backlot_model::query::ScopeKey;
use backlot_model::{Id, Ids, Millis};

use uuid::Uuid;

use crate::accounts;
use crate::args;
use crate::assets::row::word;
use crate::db::{Db, DbError, Fetch, Row, Tx};
use crate::statement::Statement;

const COLUMNS: &str = "id, kind, asset_id, uploader_id, scope, is_leaving, at";

fn read(row: &Row<'_>) -> Result<Event, DbError> {
    Ok(Event {
        id: row.get(0)?,
        kind: word(row, 1, EventKind::parse)?,
        asset_id: row.get(2)?,
        uploader_id: row.get(3)?,
        scope: word(row, 4, ScopeKey::parse)?,
        is_leaving: row.get(5)?,
        at: row.get(6)?,
    })
}

/// Where an asset is listed.
#[must_use]
pub fn scope_of(asset: &Asset) -> ScopeKey {
    let Asset { visibility, organization_id, uploader_id, uploader_is_superuser, .. } = asset;
    ScopeKey::of(*visibility, *organization_id, *uploader_id, *uploader_is_superuser)
}

/// Adds an event, with a greater id if its own is not greater than all before it. It is told when
/// the transaction is committed.
pub async fn append(tx: &Tx, event: &Event) -> Result<Id<Event>, DbError> {
    accounts::lock(tx, "events").await?;
    let id = match latest(tx).await? {
        Some(latest) if latest >= event.id => Id::new(Uuid::from_u128(latest.uuid().as_u128() + 1)),
        _ => event.id,
    };
    let sql = "INSERT INTO event (id, kind, asset_id, uploader_id, scope, is_leaving, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Event { id: _, kind, asset_id, uploader_id, scope, is_leaving, at } = event;
    let scope = scope.word();
    let args = args![id, kind.word(), *asset_id, *uploader_id, scope, *is_leaving, *at];
    tx.execute(sql, args).await?;
    Ok(id)
}

/// Adds that `after` changed, and, when it is no longer listed where it was, that it left.
pub async fn append_changed(
    tx: &Tx,
    ids: &Ids,
    now: Millis,
    was: ScopeKey,
    after: &Asset,
) -> Result<(), DbError> {
    let scope = scope_of(after);
    let event = Event {
        id: ids.next(),
        kind: EventKind::Updated,
        asset_id: after.id,
        uploader_id: after.uploader_id,
        scope,
        is_leaving: false,
        at: now,
    };
    // Nobody but the uploader listens to his own scope, and to him it is not gone.
    if was != scope && !matches!(was, ScopeKey::User(_)) {
        let kind = EventKind::Deleted;
        append(tx, &Event { id: ids.next(), kind, scope: was, is_leaving: true, ..event.clone() })
            .await?;
    }
    append(tx, &event).await.map(drop)
}

/// The events after `from` (which need not be there) of these scopes and of the uploader's own
/// assets, oldest first.
pub async fn after(
    db: &Db,
    from: Id<Event>,
    scopes: &[ScopeKey],
    uploader: Id<User>,
    limit: u32,
) -> Result<Vec<Event>, DbError> {
    let mut statement = Statement::default();
    let from = statement.bind(from);
    let uploader = statement.bind(uploader);
    let words: Vec<String> = scopes.iter().map(|scope| statement.bind(scope.word())).collect();
    // One range of an index for each scope, merged: nothing else is looked at.
    let mut arms: Vec<String> = words
        .iter()
        .map(|word| format!("SELECT {COLUMNS} FROM event WHERE scope = {word} AND id > {from}"))
        .collect();
    let elsewhere = match words.as_slice() {
        [] => String::new(),
        words => format!(" AND scope NOT IN ({})", words.join(", ")),
    };
    arms.push(format!(
        "SELECT {COLUMNS} FROM event WHERE uploader_id = {uploader} AND id > {from}{elsewhere}"
    ));
    let limit = statement.bind(limit);
    let sql = format!("{} ORDER BY 1 LIMIT {limit}", arms.join(" UNION ALL "));
    db.fetch(sql, statement.args, read).await
}

/// The events after `from` (which need not be there), of everybody, oldest first.
pub async fn all_after(db: &Db, from: Id<Event>, limit: u32) -> Result<Vec<Event>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM event WHERE id > $1 ORDER BY id LIMIT $2");
    db.fetch(sql, args![from, limit], read).await
}

/// The last event of all.
pub async fn latest_id(db: &Db) -> Result<Option<Id<Event>>, DbError> {
    latest(db).await
}

async fn latest(source: &impl Fetch) -> Result<Option<Id<Event>>, DbError> {
    let sql = "SELECT id FROM event ORDER BY id DESC LIMIT 1";
    source.fetch_optional(sql, args![], |row| row.get(0)).await
}

/// Removes at most `limit` events that happened before that time; how many went.
pub async fn sweep(tx: &Tx, before: Millis, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM event WHERE id IN
        (SELECT id FROM event WHERE at < $1 ORDER BY id LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}
