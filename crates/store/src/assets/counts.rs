//! Exact totals.
//!
//! What `asset_count` and `tag_count` count by is summed from them; anything else is counted in
//! the index of its most selective condition.

use backlot_model::query::Filter;

use super::arms::{self, Head};
use super::ask::{Ask, Place};
use super::plan::{self, Driver};
use crate::db::{Arg, DbError, Fetch};
use crate::statement::{Statement, one_of_words};

/// How many assets `ask` finds.
pub(super) async fn count(source: &impl Fetch, ask: &Ask<'_>) -> Result<u64, DbError> {
    if ask.parts.is_empty() {
        return Ok(0);
    }
    let (sql, args) = statement(source, ask).await?;
    source.fetch_one(sql, args, |row| row.get(0)).await
}

/// The statement that counts, and its arguments.
pub(super) async fn statement(
    source: &impl Fetch,
    ask: &Ask<'_>,
) -> Result<(String, Vec<Arg>), DbError> {
    let mut statement = Statement::default();
    let sql = if ask.is_counted() {
        format!("SELECT {}", sum(ask, &mut statement, true))
    } else if let Some((tag, is_there)) = lone_tag(ask) {
        let tagged = tag_sum(ask, &mut statement, tag);
        match is_there {
            true => format!("SELECT {tagged}"),
            false => format!("SELECT {} - {tagged}", sum(ask, &mut statement, true)),
        }
    } else {
        let driver = plan::for_count(source, ask).await?;
        counted(ask, &mut statement, driver)
    };
    Ok((sql, statement.args))
}

fn counted(ask: &Ask<'_>, statement: &mut Statement, driver: Driver) -> String {
    let arms = arms::arms(ask, driver, statement, Head::One);
    let each: Vec<String> =
        arms.iter().map(|arm| format!("(SELECT count(*) FROM ({arm}))")).collect();
    format!("SELECT {}", each.join(" + "))
}

/// The total, counted in one certain way.
#[cfg(feature = "testing")]
pub(super) async fn count_by(
    source: &impl Fetch,
    ask: &Ask<'_>,
    driver: Driver,
) -> Result<u64, DbError> {
    let mut statement = Statement::default();
    let sql = counted(ask, &mut statement, driver);
    source.fetch_one(sql, statement.args, |row| row.get(0)).await
}

/// A sum over `asset_count`: of the parts, and with `narrowed` of what else it counts by.
pub(super) fn sum(ask: &Ask<'_>, statement: &mut Statement, narrowed: bool) -> String {
    let mut tests = Vec::new();
    if narrowed {
        if let Some(types) = &ask.types {
            tests.push(statement.one_of("asset_type", types.iter().copied()));
        }
        let words: Vec<&'static str> = ask.filter.status.iter().map(|it| it.word()).collect();
        if !words.is_empty() {
            tests.push(one_of_words("status", &words));
        }
        let words: Vec<&'static str> = ask.filter.kinds.iter().map(|it| it.word()).collect();
        if !words.is_empty() {
            tests.push(one_of_words("kind", &words));
        }
        if let Some(uploader) = ask.filter.uploader_id {
            tests.push(format!("uploader_id = {}", statement.bind(uploader)));
        }
    }
    let deleted = format!("is_deleted = {}", i64::from(ask.filter.deleted));
    each_part(ask, statement, "asset_count", &deleted, &tests)
}

/// The only tag asked for or excluded, when nothing else is asked for that `tag_count` does not
/// count by.
fn lone_tag<'q>(ask: &Ask<'q>) -> Option<(&'q str, bool)> {
    let filter = ask.filter;
    let (tag, is_there) = match (filter.tags_all.as_slice(), filter.tags_none.as_slice()) {
        ([tag], []) => (tag, true),
        ([], [tag]) => (tag, false),
        _ => return None,
    };
    let plain = Filter {
        visibility: filter.visibility.clone(),
        uploader_id: filter.uploader_id,
        organization_id: ask.implied_organization(),
        tags_all: filter.tags_all.clone(),
        tags_none: filter.tags_none.clone(),
        ..Filter::default()
    };
    (*filter == plain).then_some((tag, is_there))
}

fn tag_sum(ask: &Ask<'_>, statement: &mut Statement, tag: &str) -> String {
    let mut tests = vec![format!("tag = {}", statement.bind(tag))];
    if let Some(uploader) = ask.filter.uploader_id {
        tests.push(format!("uploader_id = {}", statement.bind(uploader)));
    }
    each_part(ask, statement, "tag_count", "1 = 1", &tests)
}

fn each_part(
    ask: &Ask<'_>,
    statement: &mut Statement,
    table: &str,
    state: &str,
    tests: &[String],
) -> String {
    let mut sums = Vec::new();
    for part in &ask.parts {
        let mut all = match &part.place {
            Place::Scope(scope) => vec![format!("scope = {}", statement.bind(scope))],
            Place::Uploader(id) => {
                vec![format!("uploader_id = {}", statement.bind(id)), state.to_owned()]
            }
            Place::Public => vec!["visibility = 'public'".to_owned(), state.to_owned()],
            Place::Everything => vec![state.to_owned()],
        };
        let words: Vec<&'static str> = part.visibility.iter().map(|it| it.word()).collect();
        if !words.is_empty() {
            all.push(one_of_words("visibility", &words));
        }
        all.extend_from_slice(tests);
        let all = all.join(" AND ");
        sums.push(format!("(SELECT coalesce(sum(n), 0) FROM {table} WHERE {all})"));
    }
    format!("({})", sums.join(" + "))
}
