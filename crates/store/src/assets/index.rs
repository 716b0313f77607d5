//! The rows that stand for indexes over assets, and how they follow a change.
//!
//! Owns: `asset_count`, `asset_tag`, `tag_count`, `asset_parameter`, `asset_text`, `asset_fts`,
//! `text_word`, and
//! the asset counts of collections. Invariant: what they hold is a function of the assets and the
//! scopes in their rows; [`follow`] takes away what the state before asked for and adds what the
//! state after asks for.

use std::collections::BTreeSet;

use backlot_model::asset::{Asset, Visibility};

use super::{leaves, text};
use crate::args;
use crate::db::{Arg, DbError, Tx};

/// A state of an asset, with the scope that its row has in it.
#[derive(Clone, Copy)]
pub(super) struct State<'a> {
    pub(super) asset: &'a Asset,
    pub(super) scope: &'a str,
}

/// What the index tables have to hold for one asset.
struct Entries {
    scope: String,
    count: CountKey,
    tags: BTreeSet<TagEntry>,
    pairs: BTreeSet<(i64, String)>,
    text: text::Fields,
    /// The places of the full-text row; none while the asset is deleted.
    places: Option<String>,
}

type CountKey = (String, String, &'static str, String, &'static str, &'static str, bool);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct TagEntry {
    tag: String,
    scope: String,
    uploader_id: String,
    visibility: &'static str,
    is_deleted: bool,
}

impl Entries {
    fn of(state: State<'_>) -> Self {
        let State { asset, scope } = state;
        let scope = scope.to_owned();
        let uploader_id = asset.uploader_id.to_string();
        let visibility = asset.visibility.word();
        let is_deleted = asset.deleted_at.is_some();
        let tag = |tag: &String| TagEntry {
            tag: tag.clone(),
            scope: scope.clone(),
            uploader_id: uploader_id.clone(),
            visibility,
            is_deleted,
        };
        Self {
            count: (
                scope.clone(),
                uploader_id.clone(),
                visibility,
                asset.asset_type.clone(),
                asset.status.word(),
                asset.kind.word(),
                is_deleted,
            ),
            tags: asset.tags.iter().map(tag).collect(),
            pairs: leaves::pairs(&asset.parameters)
                .into_iter()
                .map(|pair| (pair, scope.clone()))
                .collect(),
            text: text::Fields::of(asset),
            places: (!is_deleted).then(|| text::places(&scope, &uploader_id, visibility)),
            scope,
        }
    }
}

/// Makes the index rows of the asset with this `seq` follow from one state to another; `None` is
/// not being there.
pub(super) async fn follow(
    tx: &Tx,
    seq: i64,
    before: Option<State<'_>>,
    after: Option<State<'_>>,
) -> Result<(), DbError> {
    let Some(State { asset, .. }) = after.or(before) else { return Ok(()) };
    let key = Key { seq, created_at: asset.created_at, id: asset.id.to_string() };
    let at = asset.updated_at;
    let (before, after) = (before.map(Entries::of), after.map(Entries::of));
    follow_counts(tx, before.as_ref(), after.as_ref()).await?;
    follow_tags(tx, &key, at, before.as_ref(), after.as_ref()).await?;
    follow_pairs(tx, &key, before.as_ref(), after.as_ref()).await?;
    follow_text(tx, &key, before.as_ref(), after.as_ref()).await?;
    follow_collections(tx, &key, before.as_ref(), after.as_ref()).await
}

struct Key {
    seq: i64,
    created_at: i64,
    id: String,
}

async fn follow_counts(
    tx: &Tx,
    before: Option<&Entries>,
    after: Option<&Entries>,
) -> Result<(), DbError> {
    let (before, after) = (before.map(|it| &it.count), after.map(|it| &it.count));
    if before == after {
        return Ok(());
    }
    let args = |(scope, uploader, visibility, asset_type, status, kind, is_deleted): &CountKey| {
        args![scope, uploader, *visibility, asset_type, *status, *kind, *is_deleted]
    };
    if let Some(key) = before {
        let same = "scope = $1 AND uploader_id = $2 AND visibility = $3 AND asset_type = $4
            AND status = $5 AND kind = $6 AND is_deleted = $7";
        let sql = format!("UPDATE asset_count SET n = n - 1 WHERE {same}");
        tx.execute(sql, args(key)).await?;
        let sql = format!("DELETE FROM asset_count WHERE {same} AND n <= 0");
        tx.execute(sql, args(key)).await?;
    }
    if let Some(key) = after {
        let sql = "INSERT INTO asset_count
            (scope, uploader_id, visibility, asset_type, status, kind, is_deleted, n)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
            ON CONFLICT (scope, uploader_id, visibility, asset_type, status, kind)
            DO UPDATE SET n = asset_count.n + 1";
        tx.execute(sql, args(key)).await?;
    }
    Ok(())
}

async fn follow_tags(
    tx: &Tx,
    key: &Key,
    at: i64,
    before: Option<&Entries>,
    after: Option<&Entries>,
) -> Result<(), DbError> {
    let none = BTreeSet::new();
    let before = before.map_or(&none, |it| &it.tags);
    let after = after.map_or(&none, |it| &it.tags);
    let gone: Vec<&TagEntry> = before.difference(after).collect();
    let new: Vec<&TagEntry> = after.difference(before).collect();
    let sql = "DELETE FROM asset_tag
        WHERE tag = $1 AND scope = $2 AND created_at = $3 AND id = $4";
    let each = gone.iter().map(|it| args![&it.tag, &it.scope, key.created_at, &key.id]);
    many(tx, sql, each.collect()).await?;
    let sql = "INSERT INTO asset_tag (tag, scope, created_at, id, seq, is_public)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let public = Visibility::Public.word();
    let each = new.iter().map(|it| {
        let is_public = it.visibility == public && !it.is_deleted;
        args![&it.tag, &it.scope, key.created_at, &key.id, key.seq, is_public]
    });
    many(tx, sql, each.collect()).await?;

    let counted = |it: &&&TagEntry| !it.is_deleted;
    let same = "scope = $1 AND tag = $2 AND uploader_id = $3 AND visibility = $4";
    let uncount: Vec<Vec<Arg>> = gone
        .iter()
        .filter(counted)
        .map(|it| args![&it.scope, &it.tag, &it.uploader_id, it.visibility])
        .collect();
    many(tx, &format!("UPDATE tag_count SET n = n - 1 WHERE {same}"), uncount.clone()).await?;
    many(tx, &format!("DELETE FROM tag_count WHERE {same} AND n <= 0"), uncount).await?;
    let sql = "INSERT INTO tag_count
        (scope, tag, uploader_id, visibility, n, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 1, $5, $5)
        ON CONFLICT (scope, tag, uploader_id, visibility) DO UPDATE SET
            n = tag_count.n + 1,
            updated_at = CASE WHEN excluded.updated_at > tag_count.updated_at
                THEN excluded.updated_at ELSE tag_count.updated_at END";
    let each = new
        .iter()
        .filter(counted)
        .map(|it| args![&it.scope, &it.tag, &it.uploader_id, it.visibility, at]);
    many(tx, sql, each.collect()).await
}

async fn follow_pairs(
    tx: &Tx,
    key: &Key,
    before: Option<&Entries>,
    after: Option<&Entries>,
) -> Result<(), DbError> {
    let none = BTreeSet::new();
    let before = before.map_or(&none, |it| &it.pairs);
    let after = after.map_or(&none, |it| &it.pairs);
    let sql = "DELETE FROM asset_parameter
        WHERE pair = $1 AND scope = $2 AND created_at = $3 AND id = $4";
    let each =
        before.difference(after).map(|(pair, scope)| args![*pair, scope, key.created_at, &key.id]);
    many(tx, sql, each.collect()).await?;
    let sql = "INSERT INTO asset_parameter (pair, scope, created_at, id, seq)
        VALUES ($1, $2, $3, $4, $5)";
    let each = after
        .difference(before)
        .map(|(pair, scope)| args![*pair, scope, key.created_at, &key.id, key.seq]);
    many(tx, sql, each.collect()).await
}

async fn follow_text(
    tx: &Tx,
    key: &Key,
    before: Option<&Entries>,
    after: Option<&Entries>,
) -> Result<(), DbError> {
    if before.map(|it| &it.text) != after.map(|it| &it.text) {
        match after {
            Some(entries) => text::put_fields(tx, key.seq, &entries.text).await?,
            None => text::remove_fields(tx, key.seq).await?,
        }
    }
    let indexed = |it: &Entries| it.places.clone().map(|places| (it.text.clone(), places));
    let (before, after) = (before.and_then(indexed), after.and_then(indexed));
    if before == after {
        return Ok(());
    }
    if before.is_some() {
        text::remove_indexed(tx, key.seq).await?;
    }
    match after {
        Some((fields, places)) => text::put_indexed(tx, key.seq, &fields, &places).await,
        None => Ok(()),
    }
}

/// A collection counts the members that are not deleted.
async fn follow_collections(
    tx: &Tx,
    key: &Key,
    before: Option<&Entries>,
    after: Option<&Entries>,
) -> Result<(), DbError> {
    let lives = |it: Option<&Entries>| it.is_some_and(|it| !it.scope.starts_with('-'));
    let by: i64 = match (lives(before), lives(after)) {
        (true, false) => -1,
        (false, true) => 1,
        _ => return Ok(()),
    };
    let sql = "UPDATE collection SET asset_count = asset_count + $1
        WHERE id IN (SELECT collection_id FROM collection_member WHERE asset_id = $2)";
    tx.execute(sql, args![by, &key.id]).await.map(|_| ())
}

async fn many(tx: &Tx, sql: &str, rows: Vec<Vec<Arg>>) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    tx.execute_many(sql.to_owned(), rows).await.map(|_| ())
}
