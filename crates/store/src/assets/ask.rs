//! What a query asks for, worked out: the parts to look in, and the conditions on each row.

use backlot_model::Id;
use backlot_model::account::Organization;
use backlot_model::asset::{ASSET_TYPES, Visibility};
use backlot_model::query::{Filter, Reach, ScopeKey, TimeRange, TypeFilter};

use super::expression::condition;
use super::leaves;
use super::plan::Driver;
use super::row::{listed_under, tag_needle};
use super::text::{self, Hits};
use crate::db::{DbError, Fetch};
use crate::statement::{Statement, one_of_words};

/// Where one part of a listing lies. Parts of a listing are disjoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The assets listed under this word.
    Scope(String),
    /// Of this uploader.
    Uploader(String),
    /// Public ones.
    Public,
    /// All.
    Everything,
}

/// One part of a listing.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) place: Place,
    /// Only these; empty means that nothing needs to be tested.
    pub(super) visibility: Vec<Visibility>,
}

/// A query's reach and filter, without contradictions: those leave no parts.
pub(super) struct Ask<'q> {
    pub(super) parts: Vec<Part>,
    pub(super) filter: &'q Filter,
    /// The types asked for, families resolved; none asks for any.
    pub(super) types: Option<Vec<&'q str>>,
    /// How the index answers the search, if there is one and it knows the assets asked for.
    pub(super) hits: Option<Hits>,
}

/// Where the columns are by which `asset_tag` and `asset_parameter` are keyed.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) scope: &'static str,
    pub(super) created: &'static str,
    pub(super) id: &'static str,
}

impl<'q> Ask<'q> {
    pub(super) fn of(reach: &Reach, filter: &'q Filter) -> Self {
        let types = types_of(&filter.types);
        let parts = match &types {
            Some(types) if types.is_empty() => Vec::new(),
            _ => parts_of(reach, filter),
        };
        Self { parts, filter, types, hits: None }
    }

    /// The same, with the search looked up. What nothing is found by leaves no parts.
    pub(super) async fn looked_up(
        source: &impl Fetch,
        reach: &Reach,
        filter: &'q Filter,
    ) -> Result<Self, DbError> {
        let mut ask = Self::of(reach, filter);
        // Deleted assets are not in the index.
        if let Some(search) = &filter.text
            && !filter.deleted
            && !ask.parts.is_empty()
        {
            ask.hits = text::hits(source, search).await?;
            if ask.hits.is_none() {
                ask.parts.clear();
            }
        }
        Ok(ask)
    }

    /// Whether every part is one scope, which filters are indexed by.
    pub(super) fn is_by_scope(&self) -> bool {
        self.parts.iter().all(|part| matches!(part.place, Place::Scope(_)))
    }

    /// Whether everything public and live is asked for, which some filters are indexed by.
    pub(super) fn is_public(&self) -> bool {
        !self.filter.deleted && matches!(self.parts.as_slice(), [Part { place: Place::Public, .. }])
    }

    /// The condition that asset `a` lies in `part`.
    pub(super) fn in_part(&self, statement: &mut Statement, part: &Part) -> Vec<String> {
        let mut tests = Vec::new();
        match &part.place {
            Place::Scope(scope) => tests.push(format!("a.scope = {}", statement.bind(scope))),
            Place::Uploader(id) => tests.push(format!("a.uploader_id = {}", statement.bind(id))),
            Place::Public => tests.push("a.visibility = 'public'".to_owned()),
            Place::Everything => {}
        }
        if !matches!(part.place, Place::Scope(_)) {
            let state = if self.filter.deleted { "IS NOT NULL" } else { "IS NULL" };
            tests.push(format!("a.deleted_at {state}"));
        }
        tests.extend(self.visibility_test(part));
        tests
    }

    /// The condition on the visibility of asset `a`, if the part has one. Written out, so that the
    /// planner sees that a partial index holds it.
    pub(super) fn visibility_test(&self, part: &Part) -> Option<String> {
        let words: Vec<&'static str> = part.visibility.iter().map(|it| it.word()).collect();
        (!words.is_empty()).then(|| one_of_words("a.visibility", &words))
    }

    /// The condition that asset `a` lies in one of the parts.
    pub(super) fn in_any_part(&self, statement: &mut Statement) -> String {
        let scopes: Option<Vec<&str>> = self
            .parts
            .iter()
            .map(|part| match &part.place {
                Place::Scope(scope) if part.visibility.is_empty() => Some(scope.as_str()),
                _ => None,
            })
            .collect();
        match scopes {
            Some(scopes) => statement.one_of("a.scope", scopes),
            None => {
                let parts: Vec<String> = self
                    .parts
                    .iter()
                    .map(|part| self.in_part(statement, part).join(" AND "))
                    .collect();
                format!("({})", parts.join(" OR "))
            }
        }
    }

    /// The places as a query of the full-text index; empty for everything.
    fn places(&self) -> String {
        let terms = |part: &Part| {
            let place = match &part.place {
                Place::Scope(scope) => Some(text::of_scope(scope)),
                Place::Uploader(id) => Some(text::of_uploader(id)),
                Place::Public => Some(text::of_visibility(Visibility::Public.word())),
                Place::Everything => None,
            };
            let visible = part.visibility.iter().map(|it| text::of_visibility(it.word()));
            let visible = Vec::from_iter(visible).join(" OR ");
            let visible = (!visible.is_empty()).then(|| format!("({visible})"));
            Vec::from_iter(place.into_iter().chain(visible)).join(" AND ")
        };
        let parts: Vec<String> = self.parts.iter().map(terms).collect();
        match parts.iter().any(String::is_empty) {
            true => String::new(),
            false => format!("place : (({}))", parts.join(") OR (")),
        }
    }

    /// What finds the hits of the search within the parts.
    pub(super) fn query_of_hits(&self) -> Option<String> {
        let hits = self.hits.as_ref()?;
        let places = self.places();
        Some(match places.is_empty() {
            true => hits.query.clone(),
            false => format!("{} AND {places}", hits.query),
        })
    }

    /// What remains to be tested on asset `a` when `driver` has found it: everything but the part,
    /// the ranges of time, what it is a member of, and what the driver itself stands for.
    pub(super) fn tests(&self, statement: &mut Statement, driver: Driver) -> Vec<String> {
        let filter = self.filter;
        let mut tests = Vec::new();
        if let Some(types) = &self.types
            && driver != Driver::Type
        {
            tests.push(statement.one_of("a.asset_type", types.iter().copied()));
        }
        if !filter.status.is_empty() && driver != Driver::Status {
            let words: Vec<&'static str> = filter.status.iter().map(|it| it.word()).collect();
            tests.push(one_of_words("a.status", &words));
        }
        if !filter.kinds.is_empty() && driver != Driver::Kind {
            let words: Vec<&'static str> = filter.kinds.iter().map(|it| it.word()).collect();
            tests.push(one_of_words("a.kind", &words));
        }
        self.equal_tests(statement, driver, &mut tests);
        self.row_tests(statement, driver, &mut tests);
        tests
    }

    fn equal_tests(&self, statement: &mut Statement, driver: Driver, tests: &mut Vec<String>) {
        for (it, column, value) in self.equal_columns() {
            if driver != it {
                tests.push(format!("a.{column} = {}", statement.bind(value)));
            }
        }
    }

    /// The columns that have to be equal to something, the most selective kind first.
    pub(super) fn equal_columns(&self) -> Vec<(Driver, &'static str, String)> {
        let filter = self.filter;
        let id = |id: Option<String>, driver, column| id.map(|id| (driver, column, id));
        [
            id(filter.parent_id.map(|id| id.to_string()), Driver::Parent, "parent_id"),
            id(filter.inference_id.clone(), Driver::Inference, "inference_id"),
            id(filter.root_id.map(|id| id.to_string()), Driver::Root, "root_id"),
            id(filter.model_id.clone(), Driver::Model, "model_id"),
            id(filter.author_id.clone(), Driver::Author, "author_id"),
            id(filter.project.clone(), Driver::Project, "project"),
            id(filter.uploader_id.map(|id| id.to_string()), Driver::Uploader, "uploader_id"),
            id(
                filter.organization_id.map(|id| id.to_string()),
                Driver::Organization,
                "organization_id",
            ),
        ]
        .into_iter()
        .flatten()
        .filter(|(driver, ..)| !self.is_implied(*driver))
        .collect()
    }

    /// Whether every asset of the parts meets that condition anyway.
    fn is_implied(&self, driver: Driver) -> bool {
        let word = match driver {
            Driver::Uploader => self.filter.uploader_id.map(ScopeKey::User),
            Driver::Organization => self.filter.organization_id.map(ScopeKey::Organization),
            _ => None,
        };
        let word = word.map(|scope| listed_under(scope, self.filter.deleted));
        let is_same = |part: &Part| match &part.place {
            Place::Scope(scope) => word.as_ref() == Some(scope),
            Place::Uploader(_) => driver == Driver::Uploader,
            Place::Public | Place::Everything => false,
        };
        self.parts.iter().all(is_same)
    }

    fn row_tests(&self, statement: &mut Statement, driver: Driver, tests: &mut Vec<String>) {
        let filter = self.filter;
        for (range, column) in [(filter.width, "width"), (filter.height, "height")] {
            if let Some(min) = range.min {
                tests.push(format!("a.{column} >= {}", statement.bind(min)));
            }
            if let Some(max) = range.max {
                tests.push(format!("a.{column} <= {}", statement.bind(max)));
            }
        }
        if let Some(expression) = &filter.expression {
            tests.push(statement.once(|statement| condition(statement, expression)));
        }
        if let Some(search) = &filter.text {
            let is_exact = self.hits.as_ref().is_some_and(|hits| hits.is_exact);
            if !(driver == Driver::Text && is_exact) {
                tests.push(text::row_test(statement, search));
            }
        }
    }

    /// What remains to be tested of tags, parameters and collection: by `keys`, so that the row
    /// need not be read, or on asset `a`.
    pub(super) fn member_tests(
        &self,
        statement: &mut Statement,
        driver: Driver,
        keys: Option<Keys>,
    ) -> Vec<String> {
        let filter = self.filter;
        let mut tests = Vec::new();
        let mut tagged = |statement: &mut Statement, tag: &String, is_there: bool| {
            tests.push(match keys {
                Some(keys) => {
                    let entry = keys.entry("asset_tag", "tag", &statement.bind(tag));
                    format!("{}{entry}", if is_there { "" } else { "NOT " })
                }
                None => {
                    let needle = statement.bind(tag_needle(tag));
                    format!("instr(a.tags, {needle}) {}", if is_there { "> 0" } else { "= 0" })
                }
            });
        };
        for (place, tag) in filter.tags_all.iter().enumerate() {
            if driver != Driver::Tag(place) {
                tagged(statement, tag, true);
            }
        }
        for tag in &filter.tags_none {
            tagged(statement, tag, false);
        }
        let keys = keys.unwrap_or(Keys::OF_ROW);
        for (place, (path, value)) in filter.parameters.iter().enumerate() {
            if driver != Driver::Parameter(place) {
                let pair = statement.bind(leaves::pair(path, value));
                tests.push(keys.entry("asset_parameter", "pair", &pair));
            }
        }
        if let Some(collection) = filter.collection_id
            && driver != Driver::Collection
        {
            let (collection, Keys { created, id, .. }) = (statement.bind(collection), keys);
            tests.push(format!(
                "EXISTS (SELECT 1 FROM collection_member x WHERE x.collection_id = {collection}
                 AND x.created_at = {created} AND x.asset_id = {id})"
            ));
        }
        tests
    }

    /// Every condition on asset `a`, its place included, for statements that find assets by other
    /// means than a driver's.
    pub(super) fn every_test(&self, statement: &mut Statement) -> String {
        let mut tests = vec![self.in_any_part(statement)];
        tests.extend(self.tests(statement, Driver::Order));
        tests.extend(self.member_tests(statement, Driver::Order, None));
        tests.extend(range(statement, "a.created_at", self.filter.created));
        tests.extend(range(statement, "a.updated_at", self.filter.updated));
        tests.join(" AND ")
    }

    /// The organisation asked for, when the parts hold nothing else.
    pub(super) fn implied_organization(&self) -> Option<Id<Organization>> {
        self.filter.organization_id.filter(|_| self.is_implied(Driver::Organization))
    }

    /// Whether only what `asset_count` counts by is asked for.
    pub(super) fn is_counted(&self) -> bool {
        let plain = Filter {
            visibility: self.filter.visibility.clone(),
            types: self.filter.types.clone(),
            status: self.filter.status.clone(),
            kinds: self.filter.kinds.clone(),
            uploader_id: self.filter.uploader_id,
            organization_id: self.implied_organization(),
            deleted: self.filter.deleted,
            ..Filter::default()
        };
        *self.filter == plain
    }
}

impl Keys {
    pub(super) const OF_ROW: Self = Self { scope: "a.scope", created: "a.created_at", id: "a.id" };

    /// The condition that `table` has an entry for the asset and this value.
    fn entry(self, table: &str, column: &str, value: &str) -> String {
        self.entry_of(table, column, &[value.to_owned()])
    }

    /// The same for one of several values, of which there is at least one.
    pub(super) fn entry_of(self, table: &str, column: &str, values: &[String]) -> String {
        let Self { scope, created, id } = self;
        let values = values.join(", ");
        format!(
            "EXISTS (SELECT 1 FROM {table} x WHERE x.{column} IN ({values}) AND x.scope = {scope}
             AND x.created_at = {created} AND x.id = {id})"
        )
    }
}

/// The conditions that `column` lies within `range`.
pub(super) fn range(statement: &mut Statement, column: &str, range: TimeRange) -> Vec<String> {
    let after = range.after.map(|it| format!("{column} > {}", statement.bind(it)));
    let before = range.before.map(|it| format!("{column} < {}", statement.bind(it)));
    after.into_iter().chain(before).collect()
}

fn types_of(filters: &[TypeFilter]) -> Option<Vec<&str>> {
    if filters.is_empty() {
        return None;
    }
    let mut types = Vec::new();
    for filter in filters {
        match filter {
            TypeFilter::Exact(word) => types.push(word.as_str()),
            TypeFilter::Family(start) => {
                types.extend(ASSET_TYPES.iter().filter(|word| word.starts_with(start.as_str())));
            }
        }
    }
    types.sort_unstable();
    types.dedup();
    Some(types)
}

fn parts_of(reach: &Reach, filter: &Filter) -> Vec<Part> {
    let asked = |allowed: &[Visibility]| -> Option<Vec<Visibility>> {
        let both: Vec<Visibility> = Visibility::ALL
            .iter()
            .copied()
            .filter(|it| allowed.is_empty() || allowed.contains(it))
            .filter(|it| filter.visibility.is_empty() || filter.visibility.contains(it))
            .collect();
        (!both.is_empty()).then_some(both)
    };
    let whole = |place| {
        let visibility = asked(&[])?;
        let all = visibility.len() == Visibility::ALL.len();
        Some(Part { place, visibility: if all { Vec::new() } else { visibility } })
    };
    match reach {
        Reach::Branches(branches) => branches
            .iter()
            .filter(|branch| scope_agrees(branch.scope, filter))
            .filter_map(|branch| {
                let possible = possible_in(branch.scope);
                let mut visibility = asked(&branch.visibility)?;
                visibility.retain(|it| possible.contains(it));
                let place = Place::Scope(listed_under(branch.scope, filter.deleted));
                match visibility.len() {
                    0 => None,
                    n if n == possible.len() => Some(Part { place, visibility: Vec::new() }),
                    _ => Some(Part { place, visibility }),
                }
            })
            .collect(),
        Reach::Uploader(id) if filter.uploader_id.is_some_and(|it| it != *id) => Vec::new(),
        Reach::Uploader(id) => whole(Place::Uploader(id.to_string())).into_iter().collect(),
        Reach::Public => match asked(&[Visibility::Public]) {
            Some(_) => vec![Part { place: Place::Public, visibility: Vec::new() }],
            None => Vec::new(),
        },
        Reach::Everything => whole(Place::Everything).into_iter().collect(),
    }
}

/// What a scope can hold.
const fn possible_in(scope: ScopeKey) -> &'static [Visibility] {
    match scope {
        ScopeKey::Platform => &[Visibility::Public],
        ScopeKey::Organization(_) => &[Visibility::Shared, Visibility::Public],
        ScopeKey::User(_) => Visibility::ALL,
    }
}

fn scope_agrees(scope: ScopeKey, filter: &Filter) -> bool {
    match scope {
        ScopeKey::Platform => true,
        ScopeKey::Organization(id) => filter.organization_id.is_none_or(|it| it == id),
        ScopeKey::User(id) => filter.uploader_id.is_none_or(|it| it == id),
    }
}
