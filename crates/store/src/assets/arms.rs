//! The SQL by which each driver finds assets.
//!
//! A listing is one statement of several *arms*, one for each disjoint part, each in the order
//! asked for where its index has it. The engine merges them and stops after the page.

use backlot_model::asset::Visibility;
use backlot_model::query::{Direction, Order, Position, SortKey, SortValue, TimeRange};

use super::ask::{Ask, Part, Place};
use super::plan::Driver;
use super::row::asset_by;
use super::seq::{first_seq, last_seq};
use super::{leaves, text};
use crate::statement::Statement;

/// More arms than this are one arm that is sorted.
pub(super) const ARMS_MAX: usize = 100;

/// What an arm selects.
#[derive(Clone, Copy)]
pub(super) enum Head<'w> {
    /// `seq`, the sort value and the id, after a position.
    Keys(Order, Option<&'w Position>),
    /// One row each.
    One,
}

/// Where an arm finds assets.
struct Source {
    table: String,
    /// How asset `a` is reached from `table`, if it is another table.
    join: Option<&'static str>,
    /// Conditions answered by the index.
    entry: Vec<String>,
    /// Conditions on asset `a` that complete the part.
    place: Vec<String>,
    seq: &'static str,
    created: &'static str,
    id: &'static str,
}

/// Every arm of a listing that goes by `driver`.
pub(super) fn arms(
    ask: &Ask<'_>,
    driver: Driver,
    statement: &mut Statement,
    head: Head<'_>,
) -> Vec<String> {
    let sources = sources(ask, driver, statement, head.key());
    sources.into_iter().map(|source| arm(ask, driver, statement, &source, head)).collect()
}

/// The bare entries of `driver`, without what is tested on the assets.
pub(super) fn entries(ask: &Ask<'_>, driver: Driver, statement: &mut Statement) -> String {
    let key = if let Driver::Range(key) = driver { key } else { SortKey::CreatedAt };
    let sources = sources(ask, driver, statement, key);
    let each = sources.iter().map(|source| {
        let mut tests = source.entry.clone();
        if driver == Driver::Range(SortKey::CreatedAt) {
            tests.extend(range(statement, "a.created_at", ask.filter.created));
        }
        if driver == Driver::Range(SortKey::UpdatedAt) {
            tests.extend(range(statement, "a.updated_at", ask.filter.updated));
        }
        format!("SELECT 1 FROM {}{}", source.table, whole(&tests))
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Whether the arms of a driver with several values are few enough to be merged.
pub(super) fn fit(ask: &Ask<'_>, driver: Driver) -> bool {
    ask.parts.len() * values(ask, driver).len() <= ARMS_MAX
}

impl Head<'_> {
    const fn key(self) -> SortKey {
        match self {
            Head::Keys(order, _) => order.key,
            Head::One => SortKey::CreatedAt,
        }
    }
}

fn arm(
    ask: &Ask<'_>,
    driver: Driver,
    statement: &mut Statement,
    source: &Source,
    head: Head<'_>,
) -> String {
    let mut on_row = source.place.clone();
    on_row.extend(ask.tests(statement, driver));
    on_row.extend(range(statement, "a.updated_at", ask.filter.updated));
    let mut tests = source.entry.clone();
    tests.extend(range(statement, source.created, ask.filter.created));
    if driver == Driver::Text {
        tests.extend(hits_within(ask, statement, head));
    }
    let sort = match head.key() {
        SortKey::CreatedAt => source.created,
        SortKey::UpdatedAt => "a.updated_at",
        SortKey::Filename => "a.filename_folded",
        SortKey::Size => "a.size_sort",
    };
    let columns = match head {
        Head::Keys(order, after) => {
            if let Some(position) = after {
                tests.push(beyond(statement, sort, source.id, order, position));
            }
            format!("{} AS seq, {sort} AS sort, {} AS id", source.seq, source.id)
        }
        Head::One => "1".to_owned(),
    };
    let join = match source.join {
        Some(join) if !on_row.is_empty() || sort != source.created => join,
        _ => "",
    };
    tests.extend(on_row);
    format!("SELECT {columns} FROM {} {join}{}", source.table, whole(&tests))
}

/// Hits come in the order of creation, to the second: where to begin and to end with them.
fn hits_within(ask: &Ask<'_>, statement: &mut Statement, head: Head<'_>) -> Vec<String> {
    let (mut from, mut to) = (ask.filter.created.after, ask.filter.created.before);
    if let Head::Keys(order, Some(position)) = head
        && order.key == SortKey::CreatedAt
        && let SortValue::Number(value) = position.value
    {
        match order.direction {
            Direction::Ascending => from = Some(from.map_or(value, |from| from.max(value))),
            Direction::Descending => to = Some(to.map_or(value, |to| to.min(value))),
        }
    }
    let from = from.map(|it| format!("f.rowid >= {}", statement.bind(first_seq(it))));
    let to = to.map(|it| format!("f.rowid <= {}", statement.bind(last_seq(it))));
    from.into_iter().chain(to).collect()
}

fn whole(tests: &[String]) -> String {
    match tests {
        [] => String::new(),
        tests => format!(" WHERE {}", tests.join(" AND ")),
    }
}

/// Strictly after `position` in the order.
fn beyond(
    statement: &mut Statement,
    sort: &str,
    id: &str,
    order: Order,
    position: &Position,
) -> String {
    let value = match &position.value {
        SortValue::Number(value) => statement.bind(*value),
        SortValue::Text(value) => statement.bind(value),
    };
    let sign = match order.direction {
        Direction::Ascending => '>',
        Direction::Descending => '<',
    };
    format!("({sort}, {id}) {sign} ({value}, {})", statement.bind(position.id))
}

fn range(statement: &mut Statement, column: &str, range: TimeRange) -> Vec<String> {
    let after = range.after.map(|it| format!("{column} > {}", statement.bind(it)));
    let before = range.before.map(|it| format!("{column} < {}", statement.bind(it)));
    after.into_iter().chain(before).collect()
}

fn sources(ask: &Ask<'_>, driver: Driver, statement: &mut Statement, key: SortKey) -> Vec<Source> {
    let key = if let Driver::Range(key) = driver { key } else { key };
    match driver {
        Driver::Order | Driver::Range(_) if ask.parts.len() > ARMS_MAX => {
            let place = vec![ask.in_any_part(statement)];
            vec![Source::asset("asset a".to_owned(), place, Vec::new())]
        }
        Driver::Order | Driver::Range(_) => {
            let parts = ask.parts.iter();
            parts.map(|part| in_order(ask, statement, part, key)).collect()
        }
        Driver::Tag(place) => by_tag(ask, statement, &ask.filter.tags_all[place]),
        Driver::Parameter(place) => by_parameter(ask, statement, place),
        Driver::Collection => by_collection(ask, statement),
        Driver::Text => by_text(ask, statement),
        Driver::Gram(place) => by_gram(ask, statement, place),
        Driver::Uploader => by_uploader(ask, statement, key),
        _ => by_column(ask, driver, statement),
    }
}

impl Source {
    fn asset(table: String, entry: Vec<String>, place: Vec<String>) -> Self {
        let (seq, created, id) = ("a.seq", "a.created_at", "a.id");
        Self { table, join: None, entry, place, seq, created, id }
    }
}

fn in_order(ask: &Ask<'_>, statement: &mut Statement, part: &Part, key: SortKey) -> Source {
    let deleted = ask.filter.deleted;
    let by_creation = key == SortKey::CreatedAt;
    let suffix = match key {
        SortKey::CreatedAt => "created",
        SortKey::UpdatedAt => "updated",
        SortKey::Filename => "filename",
        SortKey::Size => "size",
    };
    let index = match &part.place {
        Place::Scope(_) if by_creation && part.visibility == [Visibility::Unlisted] => {
            "asset_scope_unlisted".to_owned()
        }
        Place::Scope(_) if by_creation && part.visibility == [Visibility::Public] => {
            "asset_scope_public".to_owned()
        }
        Place::Scope(_) => format!("asset_scope_{suffix}"),
        Place::Uploader(_) if deleted => "asset_uploader_deleted".to_owned(),
        Place::Uploader(_) => format!("asset_uploader_{suffix}"),
        Place::Public | Place::Everything if deleted => "asset_deleted_created".to_owned(),
        Place::Public => format!("asset_public_{suffix}"),
        Place::Everything => format!("asset_all_{suffix}"),
    };
    let entry = ask.in_part(statement, part);
    Source::asset(asset_by(&index), entry, Vec::new())
}

fn by_tag(ask: &Ask<'_>, statement: &mut Statement, tag: &str) -> Vec<Source> {
    let source = |statement: &mut Statement, part: &Part| {
        let mut entry = vec![format!("t.tag = {}", statement.bind(tag))];
        let mut place = Vec::new();
        let mut table = "asset_tag t";
        match &part.place {
            Place::Scope(scope) => {
                entry.push(format!("t.scope = {}", statement.bind(scope)));
                place.extend(ask.visibility_test(part));
            }
            Place::Public if !ask.filter.deleted => {
                table = "asset_tag t INDEXED BY asset_tag_public";
                entry.push("t.is_public = 1".to_owned());
            }
            _ => place.extend(ask.in_part(statement, part)),
        }
        Source {
            table: table.to_owned(),
            join: Some("CROSS JOIN asset a ON a.seq = t.seq"),
            entry,
            place,
            seq: "t.seq",
            created: "t.created_at",
            id: "t.id",
        }
    };
    ask.parts.iter().map(|part| source(statement, part)).collect()
}

fn by_parameter(ask: &Ask<'_>, statement: &mut Statement, place: usize) -> Vec<Source> {
    let (path, value) = &ask.filter.parameters[place];
    let pair = leaves::pair(path, value);
    let source = |statement: &mut Statement, part: &Part| {
        let mut entry = vec![format!("p.pair = {}", statement.bind(pair))];
        let mut place = Vec::new();
        match &part.place {
            Place::Scope(scope) => {
                entry.push(format!("p.scope = {}", statement.bind(scope)));
                place.extend(ask.visibility_test(part));
            }
            _ => place.extend(ask.in_part(statement, part)),
        }
        Source {
            table: "asset_parameter p".to_owned(),
            join: Some("CROSS JOIN asset a ON a.seq = p.seq"),
            entry,
            place,
            seq: "p.seq",
            created: "p.created_at",
            id: "p.id",
        }
    };
    ask.parts.iter().map(|part| source(statement, part)).collect()
}

fn by_collection(ask: &Ask<'_>, statement: &mut Statement) -> Vec<Source> {
    let Some(id) = ask.filter.collection_id else { return Vec::new() };
    vec![Source {
        table: "collection_member m".to_owned(),
        join: Some("CROSS JOIN asset a ON a.seq = m.seq"),
        entry: vec![format!("m.collection_id = {}", statement.bind(id))],
        place: vec![ask.in_any_part(statement)],
        seq: "m.seq",
        created: "m.created_at",
        id: "m.asset_id",
    }]
}

fn by_text(ask: &Ask<'_>, statement: &mut Statement) -> Vec<Source> {
    let search = ask.filter.text.as_ref();
    let Some(query) = search.and_then(|it| text::match_query(it, &ask.coded_places())) else {
        return Vec::new();
    };
    vec![Source {
        table: "asset_fts f".to_owned(),
        join: Some("CROSS JOIN asset a ON a.seq = f.rowid"),
        entry: vec![format!("f.asset_fts MATCH {}", statement.bind(query))],
        place: Vec::new(),
        seq: "f.rowid",
        created: "a.created_at",
        id: "a.id",
    }]
}

fn by_gram(ask: &Ask<'_>, statement: &mut Statement, place: usize) -> Vec<Source> {
    let Some(search) = &ask.filter.text else { return Vec::new() };
    let (first, last) = text::term_range(&search.words[place]);
    let (first, last) = (statement.bind(first), statement.bind(last));
    vec![Source {
        table: format!(
            "(SELECT DISTINCT doc FROM asset_gram WHERE term >= {first} AND term <= {last}) g"
        ),
        join: Some("CROSS JOIN asset a ON a.seq = g.doc"),
        entry: Vec::new(),
        place: vec![ask.in_any_part(statement)],
        seq: "g.doc",
        created: "a.created_at",
        id: "a.id",
    }]
}

fn by_uploader(ask: &Ask<'_>, statement: &mut Statement, key: SortKey) -> Vec<Source> {
    let Some(id) = ask.filter.uploader_id else { return Vec::new() };
    let uploader = Part { place: Place::Uploader(id.to_string()), visibility: Vec::new() };
    let mut source = in_order(ask, statement, &uploader, key);
    source.place = vec![ask.in_any_part(statement)];
    vec![source]
}

/// The values a column driver looks for, and the column's names.
fn values(ask: &Ask<'_>, driver: Driver) -> Vec<String> {
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    match driver {
        Driver::Type => owned(ask.types.clone().unwrap_or_default()),
        Driver::Kind => owned(ask.filter.kinds.iter().map(|it| it.word()).collect()),
        Driver::Status => owned(ask.filter.status.iter().map(|it| it.word()).collect()),
        driver => ask
            .equal_columns()
            .into_iter()
            .filter(|(it, ..)| *it == driver)
            .map(|(.., value)| value)
            .collect(),
    }
}

fn by_column(ask: &Ask<'_>, driver: Driver, statement: &mut Statement) -> Vec<Source> {
    let (column, index) = match driver {
        Driver::Parent => ("parent_id", "asset_parent"),
        Driver::Inference => ("inference_id", "asset_inference"),
        Driver::Root => ("root_id", "asset_root"),
        Driver::Model if ask.is_public() => ("model_id", "asset_public_model"),
        Driver::Model => ("model_id", "asset_model"),
        Driver::Author if ask.is_public() => ("author_id", "asset_public_author"),
        Driver::Author => ("author_id", "asset_author"),
        Driver::Project => ("project", "asset_project"),
        Driver::Organization => ("organization_id", "asset_organization"),
        Driver::Type if ask.is_public() => ("asset_type", "asset_public_type"),
        Driver::Type => ("asset_type", "asset_type"),
        Driver::Kind => ("kind", "asset_kind"),
        _ => ("status", "asset_status"),
    };
    let table = asset_by(index);
    let column = format!("a.{column}");
    let values = values(ask, driver);
    let chunk = if fit(ask, driver) { 1 } else { values.len().max(1) };
    let mut sources = Vec::new();
    for part in &ask.parts {
        for some in values.chunks(chunk) {
            let mut entry = vec![statement.one_of(&column, some.iter().map(String::as_str))];
            if driver == Driver::Status {
                entry.push("a.status <> 'ready'".to_owned());
            }
            let mut place = Vec::new();
            match part.place {
                Place::Scope(_) => entry.extend(ask.in_part(statement, part)),
                Place::Public if ask.is_public() => entry.extend(ask.in_part(statement, part)),
                _ => place.extend(ask.in_part(statement, part)),
            }
            sources.push(Source::asset(table.clone(), entry, place));
        }
    }
    sources
}
