//! Tags with how often they are given.

use std::collections::BTreeMap;

use backlot_model::Millis;
use backlot_model::query::{Filter, Reach};

use super::ask::{Ask, Place};
use crate::db::{Db, DbError, Fetch, Row};
use crate::statement::{Statement, one_of_words};

/// A tag and how many live assets have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The tag.
    pub tag: String,
    /// How many assets have it; at least 1.
    pub count: u64,
    /// When it was first given.
    pub created_at: Millis,
    /// When it was last given.
    pub updated_at: Millis,
}

/// The tags of the live assets within `reach`, by name (code points), beginning after `after`.
pub async fn tag_histogram(
    db: &Db,
    reach: &Reach,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<TagCount>, DbError> {
    let filter = Filter::default();
    let ask = Ask::of(reach, &filter);
    if ask.parts.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut statement = Statement::default();
    let after = statement.bind(after.unwrap_or_default());
    let limit_place = statement.bind(limit);
    let mut arms = Vec::new();
    for part in &ask.parts {
        let mut tests = vec![format!("tag > {after}")];
        // Everything but a scope is read by the index of tags.
        let index = match &part.place {
            Place::Scope(scope) => {
                tests.push(format!("scope = {}", statement.bind(scope)));
                ""
            }
            Place::Uploader(id) => {
                tests.push(format!("uploader_id = {}", statement.bind(id)));
                " INDEXED BY tag_count_tag"
            }
            Place::Public => {
                tests.push("visibility = 'public'".to_owned());
                " INDEXED BY tag_count_tag"
            }
            Place::Everything => " INDEXED BY tag_count_tag",
        };
        let words: Vec<&'static str> = part.visibility.iter().map(|it| it.word()).collect();
        if !words.is_empty() {
            tests.push(one_of_words("visibility", &words));
        }
        arms.push(format!(
            "SELECT * FROM (SELECT tag, sum(n), min(created_at), max(updated_at)
             FROM tag_count{index} WHERE {} GROUP BY tag ORDER BY tag LIMIT {limit_place})",
            tests.join(" AND ")
        ));
    }
    let read = |row: &Row<'_>| {
        let (tag, count) = (row.get(0)?, row.get(1)?);
        Ok(TagCount { tag, count, created_at: row.get(2)?, updated_at: row.get(3)? })
    };
    let found = db.fetch(arms.join(" UNION ALL "), statement.args, read).await?;
    Ok(merge(found, usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// Each arm has its first `limit` tags; so the first `limit` of all are complete in all arms.
fn merge(found: Vec<TagCount>, limit: usize) -> Vec<TagCount> {
    let mut merged: BTreeMap<String, TagCount> = BTreeMap::new();
    for it in found {
        merged
            .entry(it.tag.clone())
            .and_modify(|known| {
                known.count += it.count;
                known.created_at = known.created_at.min(it.created_at);
                known.updated_at = known.updated_at.max(it.updated_at);
            })
            .or_insert(it);
    }
    merged.into_values().take(limit).collect()
}
