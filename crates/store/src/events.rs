//! What happened to assets, in the order of the events' ids.
//!
//! Owns: the table `event`. An id is made inside the transaction that appends it; of two processes,
//! one may commit an older id after a newer one, so a reader looks back a little.

use backlot_model::account::User;
use backlot_model::event::{Event, EventKind};
use backlot_model::query::ScopeKey;
use backlot_model::{Id, Millis};

use crate::args;
use crate::assets::row::word;
use crate::db::{Db, DbError, Fetch, Row, Tx};
use crate::statement::Statement;

const COLUMNS: &str = "id, kind, asset_id, uploader_id, scope, at";

fn read(row: &Row<'_>) -> Result<Event, DbError> {
    Ok(Event {
        id: row.get(0)?,
        kind: word(row, 1, EventKind::parse)?,
        asset_id: row.get(2)?,
        uploader_id: row.get(3)?,
        scope: word(row, 4, ScopeKey::parse)?,
        at: row.get(5)?,
    })
}

/// Adds an event. It is told when the transaction is committed.
pub async fn append(tx: &Tx, event: &Event) -> Result<(), DbError> {
    let sql = "INSERT INTO event (id, kind, asset_id, uploader_id, scope, at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let scope = event.scope.word();
    let args =
        args![event.id, event.kind.word(), event.asset_id, event.uploader_id, scope, event.at];
    tx.execute(sql, args).await.map(drop)
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
    db.fetch_optional("SELECT id FROM event ORDER BY id DESC LIMIT 1", args![], |row| row.get(0))
        .await
}

/// Removes at most `limit` events that happened before that time; how many went.
pub async fn sweep(tx: &Tx, before: Millis, limit: u32) -> Result<u64, DbError> {
    let sql = "DELETE FROM event WHERE id IN
        (SELECT id FROM event WHERE at < $1 ORDER BY id LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}
