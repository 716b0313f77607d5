//! The SQL by which each driver finds assets.
//!
//! A listing is one statement of several *arms*, one for each disjoint part, each in the order
//! asked for where its index has it. The engine merges them and stops after the page.

use backlot_model::asset::Visibility;
use backlot_model::query::{Direction, Order, Position, SortKey, SortValue, TimeRange};

use super::ask::{Ask, Keys, Part, Place, range};
use super::leaves;
use super::plan::Driver;
use super::row::asset_by;
use super::seq::{first_seq, last_seq};
use super::text::Hits;
use crate::statement::Statement;

/// More arms than this are one arm that is sorted.
pub(super) const ARMS_MAX: usize = 100;

/// What an arm selects.
#[derive(Clone, Copy)]
pub(super) enum Head<'w> {
    /// `seq`, the sort value and the id, after a position, and the sort values of further orders.
    Keys(Order, Option<&'w Position>, &'w [Order]),
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
    /// Where the index has the scope, if it has.
    scope: Option<&'static str>,
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
    let sources = Finder { ask, statement, whole: true }.sources(driver, head.key());
    sources.into_iter().map(|source| arm(ask, driver, statement, &source, head)).collect()
}

/// The bare entries of `driver`, without what is tested on the assets.
pub(super) fn entries(ask: &Ask<'_>, driver: Driver, statement: &mut Statement) -> String {
    if let (Driver::Text, Some(Hits { range: Some((first, last)), .. })) = (driver, &ask.hits) {
        let (first, last) = (statement.bind(first), statement.bind(last));
        return format!("SELECT 1 FROM asset_term WHERE term >= {first} AND term < {last}");
    }
    let key = if let Driver::Range(key) = driver { key } else { SortKey::CreatedAt };
    let sources = Finder { ask, statement, whole: false }.sources(driver, key);
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
            Head::Keys(order, ..) => order.key,
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
    let column = |key: SortKey| match key {
        SortKey::CreatedAt => source.created,
        SortKey::UpdatedAt => "a.updated_at",
        SortKey::Filename => "a.filename_folded",
        SortKey::Size => "a.size_sort",
    };
    let sort = column(head.key());
    let further = if let Head::Keys(_, _, then) = head { then } else { &[] };
    let (created, id) = (source.created, source.id);
    // The index's own entry will do where nothing else is asked for.
    let reads_row = !on_row.is_empty() || sort != created || !further.is_empty();
    match source.scope.filter(|_| !reads_row) {
        Some(scope) => {
            let keys = Keys { scope, created, id };
            tests.extend(ask.member_tests(statement, driver, Some(keys)));
        }
        None => on_row.extend(ask.member_tests(statement, driver, None)),
    }
    let columns = match head {
        Head::Keys(order, after, _) => {
            if let Some(position) = after {
                tests.push(beyond(statement, sort, source.id, order, position));
            }
            let further = further.iter().map(|order| format!(", {}", column(order.key)));
            let further = further.collect::<String>();
            format!("{} AS seq, {sort} AS sort, {} AS id{further}", source.seq, source.id)
        }
        Head::One => "1".to_owned(),
    };
    let by_entry = created != "a.created_at"
        || matches!(head, Head::One) && ask.filter.created == TimeRange::default();
    let join = match source.join {
        Some(join) if reads_row || !on_row.is_empty() || !by_entry => join,
        _ => "",
    };
    tests.extend(on_row);
    format!("SELECT {columns} FROM {} {join}{}", source.table, whole(&tests))
}

/// Hits come in the order of creation, to the second: where to begin and to end with them.
fn hits_within(ask: &Ask<'_>, statement: &mut Statement, head: Head<'_>) -> Vec<String> {
    let (mut from, mut to) = (ask.filter.created.after, ask.filter.created.before);
    if let Head::Keys(order, Some(position), _) = head
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

/// Finds the sources of a driver.
struct Finder<'a, 'q> {
    ask: &'a Ask<'q>,
    statement: &'a mut Statement,
    /// Whether conditions on asset `a` are wanted as well.
    whole: bool,
}

impl Finder<'_, '_> {
    fn sources(&mut self, driver: Driver, key: SortKey) -> Vec<Source> {
        let key = if let Driver::Range(key) = driver { key } else { key };
        match driver {
            Driver::Order | Driver::Range(_) if self.ask.parts.len() > ARMS_MAX => {
                let entry = vec![self.ask.in_any_part(self.statement)];
                vec![Source::asset("asset a".to_owned(), entry, Vec::new())]
            }
            Driver::Order | Driver::Range(_) => {
                let ask = self.ask;
                ask.parts.iter().map(|part| self.in_order(part, key)).collect()
            }
            Driver::Tag(place) => self.by_tag(place),
            Driver::Parameter(place) => self.by_parameter(place),
            Driver::Collection => self.by_collection(),
            Driver::Text => self.by_text(),
            Driver::Uploader => self.by_uploader(key),
            _ => self.by_column(driver),
        }
    }

    /// The conditions that asset `a` lies in `part`, if wanted.
    fn place(&mut self, part: &Part) -> Vec<String> {
        match self.whole {
            true => self.ask.in_part(self.statement, part),
            false => Vec::new(),
        }
    }

    /// The condition that asset `a` lies in one of the parts, if wanted.
    fn any_place(&mut self) -> Vec<String> {
        self.whole.then(|| self.ask.in_any_part(self.statement)).into_iter().collect()
    }

    fn in_order(&mut self, part: &Part, key: SortKey) -> Source {
        let index = order_index(part, key, self.ask.filter.deleted);
        let entry = self.ask.in_part(self.statement, part);
        let source = Source::asset(asset_by(&index), entry, Vec::new());
        // With a visibility to be tested, the row is read anyway.
        match part.place {
            Place::Scope(_) if part.visibility.is_empty() => source.with_scope(),
            _ => source,
        }
    }

    fn by_tag(&mut self, place: usize) -> Vec<Source> {
        let ask = self.ask;
        let tag = &ask.filter.tags_all[place];
        let mut sources = Vec::new();
        for part in &ask.parts {
            let mut entry = vec![format!("t.tag = {}", self.statement.bind(tag))];
            let mut place = Vec::new();
            let mut table = "asset_tag t";
            match &part.place {
                Place::Scope(scope) => {
                    entry.push(format!("t.scope = {}", self.statement.bind(scope)));
                    place.extend(ask.visibility_test(part));
                }
                Place::Public if !ask.filter.deleted => {
                    table = "asset_tag t INDEXED BY asset_tag_public";
                    entry.push("t.is_public = 1".to_owned());
                }
                _ => place = self.place(part),
            }
            sources.push(Source {
                table: table.to_owned(),
                join: Some("CROSS JOIN asset a ON a.seq = t.seq"),
                entry,
                place,
                seq: "t.seq",
                scope: Some("t.scope"),
                created: "t.created_at",
                id: "t.id",
            });
        }
        sources
    }

    fn by_parameter(&mut self, place: usize) -> Vec<Source> {
        let ask = self.ask;
        let (path, value) = &ask.filter.parameters[place];
        let pair = leaves::pair(path, value);
        let mut sources = Vec::new();
        for part in &ask.parts {
            let mut entry = vec![format!("p.pair = {}", self.statement.bind(pair))];
            let mut place = Vec::new();
            match &part.place {
                Place::Scope(scope) => {
                    entry.push(format!("p.scope = {}", self.statement.bind(scope)));
                    place.extend(ask.visibility_test(part));
                }
                _ => place = self.place(part),
            }
            sources.push(Source {
                table: "asset_parameter p".to_owned(),
                join: Some("CROSS JOIN asset a ON a.seq = p.seq"),
                entry,
                place,
                seq: "p.seq",
                scope: Some("p.scope"),
                created: "p.created_at",
                id: "p.id",
            });
        }
        sources
    }

    fn by_collection(&mut self) -> Vec<Source> {
        let Some(id) = self.ask.filter.collection_id else { return Vec::new() };
        vec![Source {
            table: "collection_member m".to_owned(),
            join: Some("CROSS JOIN asset a ON a.seq = m.seq"),
            entry: vec![format!("m.collection_id = {}", self.statement.bind(id))],
            place: self.any_place(),
            seq: "m.seq",
            scope: None,
            created: "m.created_at",
            id: "m.asset_id",
        }]
    }

    /// The index says itself whose the hits are.
    fn by_text(&mut self) -> Vec<Source> {
        let Some(query) = self.ask.query_of_hits() else { return Vec::new() };
        vec![Source {
            table: "asset_fts f".to_owned(),
            join: Some("CROSS JOIN asset a ON a.seq = f.rowid"),
            entry: vec![format!("f.asset_fts MATCH {}", self.statement.bind(query))],
            place: Vec::new(),
            seq: "f.rowid",
            scope: None,
            created: "a.created_at",
            id: "a.id",
        }]
    }

    fn by_uploader(&mut self, key: SortKey) -> Vec<Source> {
        let Some(id) = self.ask.filter.uploader_id else { return Vec::new() };
        let uploader = Part { place: Place::Uploader(id.to_string()), visibility: Vec::new() };
        let source = self.in_order(&uploader, key);
        vec![Source { place: self.any_place(), ..source }]
    }

    fn by_column(&mut self, driver: Driver) -> Vec<Source> {
        let ask = self.ask;
        let (column, index) = column_index(driver, ask.is_public());
        let column = format!("a.{column}");
        let values = values(ask, driver);
        let chunk = if fit(ask, driver) { 1 } else { values.len().max(1) };
        let mut sources = Vec::new();
        for part in &ask.parts {
            for some in values.chunks(chunk) {
                let some = some.iter().map(String::as_str);
                let mut entry = vec![self.statement.one_of(&column, some)];
                if driver == Driver::Status {
                    entry.push("a.status <> 'ready'".to_owned());
                }
                let is_indexed = matches!(part.place, Place::Scope(_)) || ask.is_public();
                let place = match is_indexed {
                    true => {
                        entry.extend(ask.in_part(self.statement, part));
                        Vec::new()
                    }
                    false => self.place(part),
                };
                let source = Source::asset(asset_by(index), entry, place);
                sources.push(match part.place {
                    Place::Scope(_) if part.visibility.is_empty() => source.with_scope(),
                    _ => source,
                });
            }
        }
        sources
    }
}

impl Source {
    fn asset(table: String, entry: Vec<String>, place: Vec<String>) -> Self {
        let (seq, created, id) = ("a.seq", "a.created_at", "a.id");
        Self { table, join: None, entry, place, seq, scope: None, created, id }
    }

    /// The index has the scope.
    fn with_scope(self) -> Self {
        Self { scope: Some("a.scope"), ..self }
    }
}

/// The index that has the assets of `part` in the order of `key`. Few are deleted at a time, so
/// that outside of scopes those are sorted when not asked for in the order of creation.
fn order_index(part: &Part, key: SortKey, deleted: bool) -> String {
    let by_creation = key == SortKey::CreatedAt;
    let suffix = match key {
        SortKey::CreatedAt => "created",
        SortKey::UpdatedAt => "updated",
        SortKey::Filename => "filename",
        SortKey::Size => "size",
    };
    let name = match &part.place {
        Place::Scope(_) if by_creation && part.visibility == [Visibility::Unlisted] => {
            "asset_scope_unlisted"
        }
        Place::Scope(_) if by_creation && part.visibility == [Visibility::Public] => {
            "asset_scope_public"
        }
        Place::Scope(_) => return format!("asset_scope_{suffix}"),
        Place::Uploader(_) if deleted => "asset_uploader_deleted",
        Place::Uploader(_) => return format!("asset_uploader_{suffix}"),
        Place::Public | Place::Everything if deleted => "asset_deleted_created",
        Place::Public => return format!("asset_public_{suffix}"),
        Place::Everything => return format!("asset_all_{suffix}"),
    };
    name.to_owned()
}

/// The column that a driver compares, and its index.
fn column_index(driver: Driver, is_public: bool) -> (&'static str, &'static str) {
    match driver {
        Driver::Parent => ("parent_id", "asset_parent"),
        Driver::Inference => ("inference_id", "asset_inference"),
        Driver::Root => ("root_id", "asset_root"),
        Driver::Model if is_public => ("model_id", "asset_public_model"),
        Driver::Model => ("model_id", "asset_model"),
        Driver::Author if is_public => ("author_id", "asset_public_author"),
        Driver::Author => ("author_id", "asset_author"),
        Driver::Project => ("project", "asset_project"),
        Driver::Organization => ("organization_id", "asset_organization"),
        Driver::Type if is_public => ("asset_type", "asset_public_type"),
        Driver::Type => ("asset_type", "asset_type"),
        Driver::Kind => ("kind", "asset_kind"),
        _ => ("status", "asset_status"),
    }
}

/// The values a column driver looks for.
fn values(ask: &Ask<'_>, driver: Driver) -> Vec<String> {
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    let mut values: Vec<String> = match driver {
        Driver::Type => owned(ask.types.clone().unwrap_or_default()),
        Driver::Kind => owned(ask.filter.kinds.iter().map(|it| it.word()).collect()),
        Driver::Status => owned(ask.filter.status.iter().map(|it| it.word()).collect()),
        driver => ask
            .equal_columns()
            .into_iter()
            .filter(|(it, ..)| *it == driver)
            .map(|(.., value)| value)
            .collect(),
    };
    // A value asked for twice would be found twice.
    values.sort_unstable();
    values.dedup();
    values
}
