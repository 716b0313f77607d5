//! Conditions of any shape as SQL over asset `a`.
//!
//! Invariant: each piece is true or false, never NULL, so that a negation is the contrary; and it
//! stands in parentheses. Values are bound, never written out.

use std::ops::Bound;

use backlot_model::query::{Attribute, Expression, Members, Range, TextAttribute, Truth};

use super::ask::Keys;
use super::{leaves, row::tag_needle};
use crate::statement::Statement;

const TRUE: &str = "(1 = 1)";
const FALSE: &str = "(1 = 0)";
/// So many names of a path that are numbers may also be places in arrays.
const PLACES_MAX: usize = 4;

/// The condition that `expression` holds for asset `a`.
pub(super) fn condition(statement: &mut Statement, expression: &Expression) -> String {
    match expression {
        Expression::All(parts) => joined(statement, parts, " AND ", TRUE),
        Expression::Any(parts) => joined(statement, parts, " OR ", FALSE),
        Expression::Not(inner) => format!("(NOT {})", condition(statement, inner)),
        Expression::TextIs(_, values)
        | Expression::Holds(_, values)
        | Expression::ParameterIs(_, values)
            if values.is_empty() =>
        {
            FALSE.to_owned()
        }
        Expression::TextIs(attribute, values) => text_is(statement, *attribute, values),
        Expression::Within(measure, range) => {
            let column = format!("a.{}", measure.word());
            let mut tests = vec![format!("{column} IS NOT NULL")];
            tests.extend(within(statement, &column, *range));
            format!("({})", tests.join(" AND "))
        }
        Expression::TruthIs(truth, value) => truth_is(*truth, *value),
        Expression::Holds(members, values) => holds(statement, *members, values),
        Expression::ParameterIs(path, values) => {
            let pairs: Vec<String> =
                values.iter().map(|value| statement.bind(leaves::pair(path, value))).collect();
            Keys::OF_ROW.entry_of("asset_parameter", "pair", &pairs)
        }
        Expression::ParameterWithin(path, range) => either(statement, path, |statement, at| {
            let value = format!("json_extract(a.parameters, {at})");
            let mut tests = vec![format!("json_type(a.parameters, {at}) IN ('integer', 'real')")];
            tests.extend(within(statement, &value, *range));
            known_true(&tests.join(" AND "))
        }),
        Expression::CollectedBy { owner, organizations } => {
            let mut whose = vec![format!("c.owner_id = {}", statement.bind(*owner))];
            for organization in organizations {
                whose.push(format!("c.organization_id = {}", statement.bind(*organization)));
            }
            format!(
                "(a.collections > 0 AND EXISTS (SELECT 1 FROM collection_member x
                 JOIN collection c ON c.id = x.collection_id
                 WHERE x.asset_id = a.id AND ({})))",
                whose.join(" OR ")
            )
        }
        Expression::Known(attribute) => known(statement, attribute),
        Expression::Empty(attribute) => empty(statement, attribute),
    }
}

fn joined(statement: &mut Statement, parts: &[Expression], by: &str, of_none: &str) -> String {
    match parts {
        [] => of_none.to_owned(),
        parts => {
            let parts: Vec<String> = parts.iter().map(|it| condition(statement, it)).collect();
            format!("({})", parts.join(by))
        }
    }
}

/// What is unknown is not so.
fn known_true(test: &str) -> String {
    format!("coalesce({test}, {FALSE})")
}

fn text_is(statement: &mut Statement, attribute: TextAttribute, values: &[String]) -> String {
    let column = format!("a.{}", attribute.word());
    let test = statement.one_of(&column, values.iter().map(String::as_str));
    format!("({column} IS NOT NULL AND {test})")
}

fn within(statement: &mut Statement, value: &str, range: Range) -> Vec<String> {
    let from = match range.from {
        Bound::Included(from) => Some((">=", from)),
        Bound::Excluded(from) => Some((">", from)),
        Bound::Unbounded => None,
    };
    let to = match range.to {
        Bound::Included(to) => Some(("<=", to)),
        Bound::Excluded(to) => Some(("<", to)),
        Bound::Unbounded => None,
    };
    let bounds = from.into_iter().chain(to);
    bounds.map(|(sign, bound)| format!("{value} {sign} {}", statement.bind(bound))).collect()
}

fn truth_is(truth: Truth, value: bool) -> String {
    known_true(&format!("json_type(a.detected, '$.{}') = '{value}'", truth.word()))
}

fn holds(statement: &mut Statement, members: Members, values: &[String]) -> String {
    match members {
        Members::Tags => {
            let needles = values.iter().map(|tag| statement.bind(tag_needle(tag)));
            let tests = needles.map(|needle| format!("instr(a.tags, {needle}) > 0"));
            format!("({})", Vec::from_iter(tests).join(" OR "))
        }
        Members::Collections => {
            let test = statement.one_of("x.collection_id", values.iter().map(String::as_str));
            format!(
                "(a.collections > 0 AND EXISTS (SELECT 1 FROM collection_member x
                 WHERE x.asset_id = a.id AND {test}))"
            )
        }
        hint => {
            let test = statement.one_of("x.value", values.iter().map(String::as_str));
            let word = hint.word();
            format!("EXISTS (SELECT 1 FROM json_each(a.detected, '$.{word}') x WHERE {test})")
        }
    }
}

fn known(statement: &mut Statement, attribute: &Attribute) -> String {
    match attribute {
        Attribute::Text(it) => format!("(a.{} IS NOT NULL)", it.word()),
        Attribute::Measure(it) => format!("(a.{} IS NOT NULL)", it.word()),
        Attribute::Truth(it) => {
            let kind = format!("json_type(a.detected, '$.{}')", it.word());
            known_true(&format!("{kind} IN ('true', 'false')"))
        }
        Attribute::Members(Members::Tags | Members::Collections) => TRUE.to_owned(),
        Attribute::Members(it) => {
            known_true(&format!("json_type(a.detected, '$.{}') = 'array'", it.word()))
        }
        Attribute::Parameter(path) => either(statement, path, |_, at| {
            known_true(&format!("json_type(a.parameters, {at}) <> 'null'"))
        }),
    }
}

fn empty(statement: &mut Statement, attribute: &Attribute) -> String {
    match attribute {
        Attribute::Text(it) => known_true(&format!("a.{} = ''", it.word())),
        Attribute::Measure(_) | Attribute::Truth(_) => FALSE.to_owned(),
        Attribute::Members(Members::Tags) => "(a.tags = '[]')".to_owned(),
        Attribute::Members(Members::Collections) => "(a.collections = 0)".to_owned(),
        Attribute::Members(it) => {
            known_true(&format!("json_array_length(a.detected, '$.{}') = 0", it.word()))
        }
        Attribute::Parameter(path) => either(statement, path, |_, at| {
            let inside = format!("SELECT 1 FROM json_each(a.parameters, {at})");
            let test = format!(
                "CASE json_type(a.parameters, {at})
                 WHEN 'text' THEN json_extract(a.parameters, {at}) = ''
                 WHEN 'array' THEN NOT EXISTS ({inside})
                 WHEN 'object' THEN NOT EXISTS ({inside})
                 ELSE {FALSE} END"
            );
            known_true(&test)
        }),
    }
}

/// The condition that `test` holds for the parameter at one of the places that a dotted path can
/// mean: a number names a member of an object as well as one of an array.
fn either(
    statement: &mut Statement,
    path: &str,
    mut test: impl FnMut(&mut Statement, &str) -> String,
) -> String {
    let mut places = vec!["$".to_owned()];
    let mut numbers = 0;
    for name in path.split('.') {
        let number = name.parse::<u32>().ok().filter(|it| it.to_string() == name);
        numbers += usize::from(number.is_some());
        let number = number.filter(|_| numbers <= PLACES_MAX);
        let further = |place: &String| {
            let member = format!("{place}.\"{name}\"");
            std::iter::once(member).chain(number.map(|number| format!("{place}[{number}]")))
        };
        places = places.iter().flat_map(further).collect();
    }
    let tests = places.into_iter().map(|place| {
        let at = statement.bind(place);
        test(statement, &at)
    });
    format!("({})", Vec::from_iter(tests).join(" OR "))
}
