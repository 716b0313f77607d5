//! Text search on SQLite: what is indexed, and how a search becomes conditions.
//!
//! A word is found where it is a substring of one field, both folded; see `terms` for how.

use std::collections::{BTreeSet, HashSet};

use backlot_model::asset::Asset;
use backlot_model::query::{TextField, TextSearch, fold};

use super::{leaves, terms};
use crate::args;
use crate::db::{Arg, DbError, Fetch, Row, Tx};
use crate::statement::Statement;

/// A search for part of more words than this goes by trigrams instead of words.
const WORDS_MAX: usize = 300;
/// How many words are listed by one statement.
const WORDS_AT_ONCE: usize = 32;

/// The searchable fields of an asset, folded, in the order of [`TextField`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields([String; 7]);

impl Fields {
    pub(super) fn of(asset: &Asset) -> Self {
        let or_empty = |text: Option<&String>| text.map_or("", String::as_str).to_owned();
        let field = |field: &TextField| match field {
            TextField::Name => asset.name.clone(),
            TextField::Filename => asset.filename.clone(),
            TextField::Tags => asset.tags.join("\n"),
            TextField::Project => or_empty(asset.project.as_ref()),
            TextField::Note => or_empty(asset.styling_note.as_ref()),
            TextField::Description => or_empty(asset.description.as_ref()),
            TextField::Prompt => leaves::prompt(&asset.parameters).unwrap_or_default(),
        };
        let fields = [
            TextField::Name,
            TextField::Filename,
            TextField::Tags,
            TextField::Project,
            TextField::Note,
            TextField::Description,
            TextField::Prompt,
        ];
        Self(fields.each_ref().map(|it| fold(&field(it))))
    }
}

/// What the index says about whose an asset is.
pub(super) fn places(scope: &str, uploader_id: &str, visibility: &str) -> String {
    [of_scope(scope), of_uploader(uploader_id), of_visibility(visibility)].join(" ")
}

pub(super) fn of_scope(word: &str) -> String {
    terms::of_place('s', word)
}

pub(super) fn of_uploader(id: &str) -> String {
    terms::of_place('u', id)
}

pub(super) fn of_visibility(word: &str) -> String {
    terms::of_place('v', word)
}

/// Writes the fields of an asset, and lists their words.
pub(super) async fn put_fields(tx: &Tx, seq: i64, fields: &Fields) -> Result<(), DbError> {
    let [name, filename, tags, project, note, description, prompt] = &fields.0;
    let sql = "INSERT INTO asset_text
        (seq, name, filename, tags, project, note, description, prompt)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (seq) DO UPDATE SET name = excluded.name, filename = excluded.filename,
            tags = excluded.tags, project = excluded.project, note = excluded.note,
            description = excluded.description, prompt = excluded.prompt";
    let args = args![seq, name, filename, tags, project, note, description, prompt];
    tx.execute(sql, args).await?;
    let words: BTreeSet<&str> =
        fields.0.iter().flat_map(|field| terms::listed_words(field)).collect();
    for some in Vec::from_iter(words).chunks(WORDS_AT_ONCE) {
        list_words(tx, some).await?;
    }
    Ok(())
}

/// The statement always has the same number of places, so that it stays prepared: the last word is
/// repeated.
async fn list_words(tx: &Tx, words: &[&str]) -> Result<(), DbError> {
    let Some(last) = words.last() else { return Ok(()) };
    let filled = words.iter().chain(std::iter::repeat(last)).take(WORDS_AT_ONCE);
    let args: Vec<Arg> = filled.map(|word| Arg::from(*word)).collect();
    let places: Vec<String> = (1..=WORDS_AT_ONCE).map(|place| format!("(${place})")).collect();
    let sql = format!(
        "INSERT INTO text_word (word) VALUES {} ON CONFLICT (word) DO NOTHING RETURNING id, word",
        places.join(", ")
    );
    let read = |row: &Row<'_>| Ok((row.get::<i64>(0)?, row.get::<String>(1)?));
    let new = tx.fetch(sql, args, read).await?;
    if new.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO text_word_fts (rowid, word) VALUES ($1, $2)";
    let rows = new.iter().map(|(id, word)| args![*id, terms::of_listed(word)]).collect();
    tx.execute_many(sql, rows).await.map(drop)
}

pub(super) async fn remove_fields(tx: &Tx, seq: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM asset_text WHERE seq = $1", args![seq]).await.map(drop)
}

/// Makes an asset be found by its fields, within its places.
pub(super) async fn put_indexed(
    tx: &Tx,
    seq: i64,
    fields: &Fields,
    places: &str,
) -> Result<(), DbError> {
    let mut args = args![seq];
    args.extend(fields.0.iter().map(|field| Arg::from(terms::of_field(field))));
    args.push(places.into());
    let sql = "INSERT INTO asset_fts
        (rowid, name, filename, tags, project, note, description, prompt, place)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    tx.execute(sql, args).await.map(drop)
}

pub(super) async fn remove_indexed(tx: &Tx, seq: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM asset_fts WHERE rowid = $1", args![seq]).await.map(drop)
}

/// A search as the index can answer it.
#[derive(Debug, Clone)]
pub(super) struct Hits {
    /// A query of the index that finds at least what is searched for.
    pub(super) query: String,
    /// Whether it finds nothing else.
    pub(super) is_exact: bool,
    /// The first and last term of the shortest word, when all are short: those have many terms,
    /// which are all read before the first hit comes.
    pub(super) range: Option<(String, String)>,
}

/// What became of a word.
struct Meaning {
    query: String,
    is_exact: bool,
}

/// Finds out how the index can answer a search; `None` when nothing at all is found.
pub(super) async fn hits(
    source: &impl Fetch,
    search: &TextSearch,
) -> Result<Option<Hits>, DbError> {
    let is_short = |word: &str| word.chars().count() < 3;
    if search.words.iter().all(|word| is_short(word)) {
        let each = search.words.iter().map(|word| format!("{}*", terms::of_trigram(word)));
        let query = within(search, each);
        let longest = search.words.iter().max_by_key(|word| word.chars().count());
        let range = longest.map(|word| {
            let first = terms::of_trigram(word);
            // Greater than any hexadecimal digit.
            let last = format!("{first}g");
            (first, last)
        });
        return Ok(Some(Hits { query, is_exact: true, range }));
    }
    let long: Vec<&str> =
        search.words.iter().map(String::as_str).filter(|word| !is_short(word)).collect();
    let Some(meanings) = meanings(source, search, &long).await? else { return Ok(None) };
    // Short words are tested on the rows that the others find.
    let is_exact =
        long.len() == search.words.len() && meanings.iter().all(|meaning| meaning.is_exact);
    let query = within(search, meanings.into_iter().map(|meaning| meaning.query));
    Ok(Some(Hits { query, is_exact, range: None }))
}

/// All of the queries, each in one of the fields of the search.
fn within(search: &TextSearch, queries: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<&str> = search.fields.iter().map(|field| field.word()).collect();
    let columns = match fields.len() {
        // No word is a term of `place`.
        all if all == TextField::ALL.len() => String::new(),
        _ => format!("{{{}}} : ", fields.join(" ")),
    };
    let queries: Vec<String> =
        queries.into_iter().map(|query| format!("{columns}({query})")).collect();
    queries.join(" AND ")
}

async fn meanings(
    source: &impl Fetch,
    search: &TextSearch,
    words: &[&str],
) -> Result<Option<Vec<Meaning>>, DbError> {
    let mut statement = Statement::default();
    let mut arms = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if word.chars().count() >= terms::WORD_CHARS_MIN {
            arms.extend(look_up(&mut statement, search, place, word));
        }
    }
    let mut listed: Vec<HashSet<String>> = vec![HashSet::new(); words.len()];
    let mut unlisted = vec![false; words.len()];
    if !arms.is_empty() {
        let read = |row: &Row<'_>| Ok((row.get::<usize>(0)?, row.get::<Option<String>>(1)?));
        for (place, word) in source.fetch(arms.join(" UNION ALL "), statement.args, read).await? {
            match word {
                Some(word) => drop(listed[place].insert(word)),
                None => unlisted[place] = true,
            }
        }
    }
    let found = words.iter().zip(&listed).zip(unlisted);
    Ok(found.map(|((word, listed), unlisted)| meaning(word, listed, unlisted)).collect())
}

/// Finds the listed words that contain `word`, and whether a field with an unlisted one may.
fn look_up(
    statement: &mut Statement,
    search: &TextSearch,
    place: usize,
    word: &str,
) -> Vec<String> {
    let mut arms = Vec::new();
    if word.chars().count() <= terms::WORD_CHARS_MAX {
        let query = statement.bind(terms::cover(word).join(" AND "));
        let wanted = statement.bind(word);
        arms.push(format!(
            "SELECT * FROM (SELECT {place}, w.word
             FROM text_word_fts f CROSS JOIN text_word w ON w.id = f.rowid
             WHERE f.text_word_fts MATCH {query} AND instr(w.word, {wanted}) > 0
             LIMIT {})",
            WORDS_MAX + 1
        ));
    }
    let query = statement.bind(within(search, [unlisted_query(word)]));
    arms.push(format!(
        "SELECT * FROM (SELECT {place}, NULL FROM asset_fts
         WHERE asset_fts MATCH {query} LIMIT 1)"
    ));
    arms
}

fn unlisted_query(word: &str) -> String {
    format!("{} AND {}", terms::UNLISTED, terms::cover(word).join(" AND "))
}

/// `None` when the word is nowhere.
fn meaning(word: &str, listed: &HashSet<String>, unlisted: bool) -> Option<Meaning> {
    if word.chars().count() < terms::WORD_CHARS_MIN {
        return Some(Meaning { query: terms::of_trigram(word), is_exact: true });
    }
    if listed.len() > WORDS_MAX {
        return Some(Meaning { query: terms::cover(word).join(" AND "), is_exact: false });
    }
    let mut queries: Vec<String> = listed.iter().map(|word| terms::of_word(word)).collect();
    queries.sort_unstable();
    if unlisted {
        queries.push(format!("({})", unlisted_query(word)));
    }
    (!queries.is_empty()).then(|| Meaning { query: queries.join(" OR "), is_exact: !unlisted })
}

/// The condition that every word stands in one of the fields of asset `a`.
pub(super) fn row_test(statement: &mut Statement, search: &TextSearch) -> String {
    let mut tests = Vec::new();
    for word in &search.words {
        let word = statement.bind(word);
        let fields = search.fields.iter();
        let fields: Vec<String> =
            fields.map(|field| format!("instr(x.{}, {word}) > 0", field.word())).collect();
        tests.push(format!("({})", fields.join(" OR ")));
    }
    let tests = tests.join(" AND ");
    format!("EXISTS (SELECT 1 FROM asset_text x WHERE x.seq = a.seq AND {tests})")
}
