//! How an asset stands in its row.

use std::collections::HashMap;

use backlot_model::Id;
use backlot_model::account::User;
use backlot_model::asset::{Asset, Collected, Lineage, Lock, Status, Visibility};
use backlot_model::media::{Detected, Digest, MediaKind};
use backlot_model::query::{ScopeKey, fold};
use serde::{Deserialize, Serialize};

use crate::args;
use crate::db::{Arg, DbError, Fetch, Row, texts};

/// What [`decode`] reads, in its order.
pub(super) const COLUMNS: &str = "a.seq, a.collections, a.id, a.uploader_id, a.organization_id, \
    a.project, a.name, a.filename, a.description, a.asset_type, a.kind, a.status, a.error, \
    a.visibility, a.tags, a.styling_note, a.detected, a.parent_id, a.root_id, a.inference_id, \
    a.model_id, a.author_id, a.parameters, a.digest, a.size, a.mime_type, a.width, a.height, \
    a.dominant_color, a.thumbhash, a.has_thumbnails, a.access_epoch, a.version, a.created_at, \
    a.updated_at, a.deleted_at, a.thumbnail_id, a.is_hidden, a.lock_id, a.locked_until";

/// How many [`COLUMNS`] there are.
pub(super) const WIDTH: usize = 40;

/// The columns that change, with the values of [`mutable`] in the same order.
pub(super) const MUTABLE: &[&str] = &[
    "scope",
    "visibility",
    "status",
    "asset_type",
    "kind",
    "updated_at",
    "deleted_at",
    "size",
    "size_sort",
    "width",
    "height",
    "organization_id",
    "parent_id",
    "root_id",
    "inference_id",
    "model_id",
    "author_id",
    "project",
    "digest",
    "mime_type",
    "dominant_color",
    "thumbhash",
    "has_thumbnails",
    "access_epoch",
    "name",
    "filename",
    "filename_folded",
    "tags",
    "error",
    "styling_note",
    "description",
    "detected",
    "parameters",
    "thumbnail_id",
    "is_hidden",
    "lock_id",
    "locked_until",
];

/// Asset `a`, read through one index. SQLite keeps to it or refuses; it has no statistics of a
/// fresh table, and a plan must not depend on when it last made some.
pub(super) fn asset_by(index: &str) -> String {
    format!("asset a INDEXED BY {index}")
}

/// An asset as its row has it: without what stands in other tables.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) asset: Asset,
    is_collected: bool,
}

/// Where the asset is listed: the word of its scope, behind a `-` while it is deleted.
pub(super) fn scope_word(asset: &Asset) -> String {
    let scope = ScopeKey::of(
        asset.visibility,
        asset.organization_id,
        asset.uploader_id,
        asset.uploader_is_superuser,
    );
    listed_under(scope, asset.deleted_at.is_some())
}

/// The word under which a scope's live or deleted assets are listed.
pub(super) fn listed_under(scope: ScopeKey, deleted: bool) -> String {
    match deleted {
        true => format!("-{}", scope.word()),
        false => scope.word(),
    }
}

pub(super) fn size_sort(asset: &Asset) -> i64 {
    asset.size.map_or(0, |size| i64::try_from(size).unwrap_or(i64::MAX))
}

/// The values of [`MUTABLE`].
pub(super) fn mutable(asset: &Asset) -> Result<Vec<Arg>, DbError> {
    let lineage = &asset.lineage;
    Ok(args![
        scope_word(asset),
        asset.visibility.word(),
        asset.status.word(),
        &asset.asset_type,
        asset.kind.word(),
        asset.updated_at,
        asset.deleted_at,
        asset.size.map(|_| size_sort(asset)),
        size_sort(asset),
        asset.width,
        asset.height,
        asset.organization_id,
        lineage.parent_id,
        lineage.root_id,
        &lineage.inference_id,
        &lineage.model_id,
        &lineage.author_id,
        &asset.project,
        asset.digest.map(|digest| digest.to_string()),
        &asset.mime_type,
        &asset.dominant_color,
        asset.thumbhash.as_ref().map(hex::encode),
        asset.has_thumbnails,
        asset.access_epoch,
        &asset.name,
        &asset.filename,
        fold(&asset.filename),
        tags_to_json(&asset.tags),
        &asset.error,
        &asset.styling_note,
        &asset.description,
        asset.detected.as_ref().map(detected_to_json),
        &asset.parameters,
        asset.thumbnail_id,
        asset.is_hidden,
        asset.lock.map(|lock| lock.id),
        asset.lock.map(|lock| lock.until),
    ])
}

/// Reads [`COLUMNS`].
pub(super) fn decode(row: &Row<'_>) -> Result<Stored, DbError> {
    let asset = Asset {
        id: row.get(2)?,
        uploader_id: row.get(3)?,
        uploader_name: String::new(),
        uploader_is_superuser: false,
        organization_id: row.get(4)?,
        project: row.get(5)?,
        name: row.get(6)?,
        filename: row.get(7)?,
        description: row.get(8)?,
        asset_type: row.get(9)?,
        kind: word(row, 10, MediaKind::parse)?,
        status: word(row, 11, Status::parse)?,
        error: row.get(12)?,
        visibility: word(row, 13, Visibility::parse)?,
        tags: tags_from_json(row, 14)?,
        styling_note: row.get(15)?,
        detected: detected_from_json(row, 16)?,
        lineage: Lineage {
            parent_id: row.get(17)?,
            root_id: row.get(18)?,
            inference_id: row.get(19)?,
            model_id: row.get(20)?,
            author_id: row.get(21)?,
        },
        parameters: row.get(22)?,
        collections: Vec::new(),
        digest: digest(row, 23)?,
        size: row.get(24)?,
        mime_type: row.get(25)?,
        width: row.get(26)?,
        height: row.get(27)?,
        dominant_color: row.get(28)?,
        thumbhash: hex_bytes(row, 29)?,
        has_thumbnails: row.get(30)?,
        access_epoch: row.get(31)?,
        version: row.get(32)?,
        created_at: row.get(33)?,
        updated_at: row.get(34)?,
        deleted_at: row.get(35)?,
        thumbnail_id: row.get(36)?,
        is_hidden: row.get(37)?,
        lock: lock(row, 38, 39)?,
    };
    Ok(Stored { seq: row.get(0)?, is_collected: row.get::<i64>(1)? > 0, asset })
}

fn lock(row: &Row<'_>, id: usize, until: usize) -> Result<Option<Lock>, DbError> {
    let (id, until) = (row.get::<Option<Id<Lock>>>(id)?, row.get::<Option<i64>>(until)?);
    Ok(id.zip(until).map(|(id, until)| Lock { id, until }))
}

/// Reads a word of one of the model's sets.
pub(crate) fn word<T>(
    row: &Row<'_>,
    index: usize,
    parse: fn(&str) -> Option<T>,
) -> Result<T, DbError> {
    parse(row.get(index)?).ok_or_else(|| DbError::column(index, "an unknown word"))
}

/// Reads a digest, if there is one.
pub(crate) fn digest(row: &Row<'_>, index: usize) -> Result<Option<Digest>, DbError> {
    match row.get::<Option<&str>>(index)? {
        None => Ok(None),
        Some(text) => match Digest::parse(text) {
            Some(digest) => Ok(Some(digest)),
            None => Err(DbError::column(index, "not a SHA-256")),
        },
    }
}

/// Reads bytes that stand as hexadecimal text.
pub(crate) fn hex_bytes(row: &Row<'_>, index: usize) -> Result<Option<Vec<u8>>, DbError> {
    match row.get::<Option<&str>>(index)? {
        None => Ok(None),
        Some(text) => hex::decode(text).map(Some).map_err(|error| DbError::column(index, error)),
    }
}

/// A JSON array with a line feed before each member. JSON escapes line feeds inside of strings, so
/// that [`tag_needle`] is found where the tag is a member, and nowhere else.
pub(super) fn tags_to_json(tags: &[String]) -> String {
    let mut json = String::from("[");
    for (place, tag) in tags.iter().enumerate() {
        json.push_str(if place == 0 { "\n" } else { ",\n" });
        json.push_str(&serde_json::Value::from(tag.as_str()).to_string());
    }
    json.push(']');
    json
}

/// What stands in the column `tags` exactly when `tag` is a member.
pub(super) fn tag_needle(tag: &str) -> String {
    format!("\n{}", serde_json::Value::from(tag))
}

fn tags_from_json(row: &Row<'_>, index: usize) -> Result<Vec<String>, DbError> {
    match row.get::<&str>(index)? {
        "[]" => Ok(Vec::new()),
        json => serde_json::from_str(json).map_err(|error| DbError::column(index, error)),
    }
}

#[derive(Serialize, Deserialize)]
struct DetectedRow {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    has_person: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    has_clothing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    person_attributes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    clothing_items: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    categories: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    sources: Vec<(String, String)>,
}

fn detected_to_json(detected: &Detected) -> String {
    let it = detected.clone();
    let row = DetectedRow {
        has_person: it.has_person,
        has_clothing: it.has_clothing,
        person_attributes: it.person_attributes,
        clothing_items: it.clothing_items,
        categories: it.categories,
        sources: it.sources,
    };
    // Strings and booleans always serialise; an empty object reads back as nothing known.
    serde_json::to_string(&row).unwrap_or_else(|_| "{}".to_owned())
}

fn detected_from_json(row: &Row<'_>, index: usize) -> Result<Option<Detected>, DbError> {
    let Some(json) = row.get::<Option<&str>>(index)? else { return Ok(None) };
    let it: DetectedRow =
        serde_json::from_str(json).map_err(|error| DbError::column(index, error))?;
    Ok(Some(Detected {
        has_person: it.has_person,
        has_clothing: it.has_clothing,
        person_attributes: it.person_attributes,
        clothing_items: it.clothing_items,
        categories: it.categories,
        sources: it.sources,
    }))
}

/// Adds what stands in other tables, uploaders and collections, with one query for all.
pub(super) async fn complete(
    source: &impl Fetch,
    rows: Vec<Stored>,
) -> Result<Vec<Asset>, DbError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut uploaders: Vec<Id<User>> = rows.iter().map(|row| row.asset.uploader_id).collect();
    uploaders.sort_unstable();
    uploaders.dedup();
    let collected = rows.iter().filter(|row| row.is_collected).map(|row| row.asset.id);
    let sql = format!(
        "SELECT 0, u.id, u.username, u.is_superuser, NULL, NULL FROM account u WHERE u.id IN ({})
         UNION ALL
         SELECT 1, m.asset_id, m.collection_id, 0, c.owner_id, c.organization_id
         FROM collection_member m JOIN collection c ON c.id = m.collection_id
         WHERE m.asset_id IN ({})",
        source.each_text(1),
        source.each_text(2)
    );
    let found = source
        .fetch(sql, vec![texts(uploaders), texts(collected)], |row| match row.get::<i64>(0)? {
            0 => Ok(Extra::Uploader(row.get(1)?, row.get(2)?, row.get(3)?)),
            _ => {
                let (id, owner_id, organization_id) = (row.get(2)?, row.get(4)?, row.get(5)?);
                Ok(Extra::Member(row.get(1)?, Collected { id, owner_id, organization_id }))
            }
        })
        .await?;
    Ok(join(rows, found))
}

enum Extra {
    Uploader(Id<User>, String, bool),
    Member(Id<Asset>, Collected),
}

fn join(rows: Vec<Stored>, extras: Vec<Extra>) -> Vec<Asset> {
    let mut names = HashMap::new();
    let mut members: HashMap<Id<Asset>, Vec<Collected>> = HashMap::new();
    for extra in extras {
        match extra {
            Extra::Uploader(id, name, is_superuser) => {
                names.insert(id, (name, is_superuser));
            }
            Extra::Member(asset, collection) => members.entry(asset).or_default().push(collection),
        }
    }
    rows.into_iter()
        .map(|row| {
            let mut asset = row.asset;
            if let Some((name, is_superuser)) = names.get(&asset.uploader_id) {
                asset.uploader_name.clone_from(name);
                asset.uploader_is_superuser = *is_superuser;
            }
            if let Some(mut collections) = members.remove(&asset.id) {
                collections.sort_unstable();
                asset.collections = collections;
            }
            asset
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_where_it_is_a_member_and_nowhere_else() {
        let tags = ["a", ",", "x\"y", "\n", "\\", "b c", ""].map(str::to_owned);
        let json = tags_to_json(&tags);
        for tag in &tags {
            assert!(json.contains(&tag_needle(tag)), "{tag:?} in {json}");
        }
        for tag in ["x", "y", "b", "c", "b c\"", "\"", "]", "[", ",\n", "a\",\n\",", "x\"", "n"] {
            assert!(!json.contains(&tag_needle(tag)), "{tag:?} in {json}");
        }
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), tags);
    }
}
