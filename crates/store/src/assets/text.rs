//! Text search on SQLite: what is indexed, and how a search becomes conditions.
//!
//! A word is found where it is a substring of one field, both folded. Words of three characters
//! and more are phrases of FTS5's trigrams, which keep every character. Shorter words are ranges
//! of its terms; for that, each indexed field ends in two line feeds, so that its last characters
//! begin a trigram as well. No word has white space, so none is found across that.

use backlot_model::asset::Asset;
use backlot_model::query::{TextField, TextSearch, fold};
use sha2::{Digest as _, Sha256};

use super::leaves;
use crate::args;
use crate::db::{DbError, Tx};
use crate::statement::Statement;

/// The tokenizer stops at NUL and takes these two for U+FFFD.
const UNINDEXED: [char; 3] = ['\0', '\u{FFFE}', '\u{FFFF}'];
/// Stands for all of [`UNINDEXED`], in text and query.
const STAND_IN: &str = "\u{10FFFD}";
/// How many characters a term of the index has.
const TRIGRAM: usize = 3;

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
        Self(fields.each_ref().map(|it| indexable(&fold(&field(it)))))
    }
}

fn indexable(text: &str) -> String {
    match text.contains(UNINDEXED) {
        true => text.replace(UNINDEXED, STAND_IN),
        false => text.to_owned(),
    }
}

/// The codes of scope, uploader and visibility in the full-text index.
pub(super) fn codes(scope: &str, uploader_id: &str, visibility: &str) -> [String; 3] {
    [scope, uploader_id, visibility].map(code)
}

/// Three characters, so exactly one term: 60 bits of a SHA-256. Two scopes of a million share one
/// with a chance of 1 in a million; a listing looks at the row as well.
fn code(word: &str) -> String {
    let hash = Sha256::digest(word);
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash[..8]);
    let bits = u64::from_le_bytes(bits);
    let character = |shift: u32| {
        // 20 bits from U+10000 on: always a character.
        let scalar = 0x1_0000 + u32::try_from(bits >> shift & 0xF_FFFF).unwrap_or(0);
        char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    [0, 20, 40].map(character).iter().collect()
}

pub(super) async fn put_fields(tx: &Tx, seq: i64, fields: &Fields) -> Result<(), DbError> {
    let [name, filename, tags, project, note, description, prompt] = &fields.0;
    let sql = "INSERT INTO asset_text
        (seq, name, filename, tags, project, note, description, prompt)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (seq) DO UPDATE SET name = excluded.name, filename = excluded.filename,
            tags = excluded.tags, project = excluded.project, note = excluded.note,
            description = excluded.description, prompt = excluded.prompt";
    let args = args![seq, name, filename, tags, project, note, description, prompt];
    tx.execute(sql, args).await.map(|_| ())
}

pub(super) async fn remove_fields(tx: &Tx, seq: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM asset_text WHERE seq = $1", args![seq]).await.map(|_| ())
}

pub(super) async fn put_indexed(
    tx: &Tx,
    seq: i64,
    fields: &Fields,
    codes: &[String; 3],
) -> Result<(), DbError> {
    let padded = fields.0.each_ref().map(|field| match field.is_empty() {
        true => String::new(),
        false => format!("{field}\n\n"),
    });
    let mut args = args![seq];
    args.extend(padded.iter().chain(codes).map(Into::into));
    let sql = "INSERT INTO asset_fts (rowid, name, filename, tags, project, note, description,
            prompt, scope, uploader, visibility)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    tx.execute(sql, args).await.map(|_| ())
}

pub(super) async fn remove_indexed(tx: &Tx, seq: i64) -> Result<(), DbError> {
    tx.execute("DELETE FROM asset_fts WHERE rowid = $1", args![seq]).await.map(|_| ())
}

/// The words the trigram index can find, as one query of it; `None` when all are too short.
///
/// `places` narrows it to assets; an empty one is everything.
pub(super) fn match_query(search: &TextSearch, places: &str) -> Option<String> {
    let columns: Vec<&str> = search.fields.iter().map(|&field| column(field)).collect();
    let columns = columns.join(" ");
    let mut terms: Vec<String> = search
        .words
        .iter()
        .filter(|word| is_long(word))
        .map(|word| format!("{{{columns}}} : {}", quoted(&indexable(word))))
        .collect();
    if terms.is_empty() {
        return None;
    }
    if !places.is_empty() {
        terms.push(format!("({places})"));
    }
    Some(terms.join(" AND "))
}

/// The condition that a code stands in one of the columns `scope`, `uploader`, `visibility`.
pub(super) fn has_code(column: &str, word: &str) -> String {
    format!("{column} : {}", quoted(&code(word)))
}

fn quoted(phrase: &str) -> String {
    format!("\"{}\"", phrase.replace('"', "\"\""))
}

/// Whether the trigram index can find `word`.
pub(super) fn is_long(word: &str) -> bool {
    word.chars().nth(TRIGRAM - 1).is_some()
}

/// The first and last possible terms of the index that begin with a short word.
pub(super) fn term_range(word: &str) -> (String, String) {
    let first = indexable(word);
    let last = format!("{first}\u{10FFFF}\u{10FFFF}");
    (first, last)
}

/// The condition that every word `wanted` picks stands in one of the fields of asset `a`.
pub(super) fn row_test(
    statement: &mut Statement,
    search: &TextSearch,
    wanted: impl Fn(&str) -> bool,
) -> Option<String> {
    let mut tests = Vec::new();
    for word in search.words.iter().filter(|word| wanted(word)) {
        let word = statement.bind(indexable(word));
        let fields = search.fields.iter();
        let fields: Vec<String> =
            fields.map(|&field| format!("instr(x.{}, {word}) > 0", column(field))).collect();
        tests.push(format!("({})", fields.join(" OR ")));
    }
    if tests.is_empty() {
        return None;
    }
    let tests = tests.join(" AND ");
    Some(format!("EXISTS (SELECT 1 FROM asset_text x WHERE x.seq = a.seq AND {tests})"))
}

const fn column(field: TextField) -> &'static str {
    field.word()
}
