//! What is read, what is refused and where, and that nothing makes it panic.

use std::ops::Bound;

use backlot_model::query::{
    Attribute, Expression, Measure, Members, Range, TextAttribute as Text, Truth,
};
use proptest::prelude::*;

use super::{DEPTH_MAX, FILTER_BYTES_MAX, Vocabulary, parse};

const ID: &str = "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";

fn vocabulary() -> Vocabulary {
    let status = [("success", vec!["ready"]), ("pending", vec!["processing"])];
    let status = status
        .map(|(word, stored)| (word.to_owned(), stored.into_iter().map(str::to_owned).collect()));
    Vocabulary::new(|raw| (raw == "2026-01-01").then_some(1_767_225_600_000))
        .with("name", Text::Name)
        .with("type", Text::Type)
        .with("parentId", Text::Parent)
        .with_words("status", Text::Status, status.to_vec())
        .with("width", Measure::Width)
        .with("createdAt", Measure::CreatedAt)
        .with("tags", Members::Tags)
        .with("hasPerson", Truth::HasPerson)
        .with_parameters("metadata.")
}

fn read(text: &str) -> Expression {
    match parse(text, &vocabulary()) {
        Ok(Some(expression)) => expression,
        other => unreachable!("{text}: {other:?}"),
    }
}

fn wrong(text: &str) -> (usize, String) {
    let mistake = parse(text, &vocabulary()).unwrap_err();
    (mistake.column, mistake.said)
}

fn is(attribute: Text, value: &str) -> Expression {
    Expression::TextIs(attribute, vec![value.to_owned()])
}

fn not(inner: Expression) -> Expression {
    Expression::Not(Box::new(inner))
}

fn width(from: Bound<f64>, to: Bound<f64>) -> Expression {
    Expression::Within(Measure::Width, Range { from, to })
}

#[test]
fn blank_filters_ask_for_nothing() {
    assert_eq!(parse("", &vocabulary()), Ok(None));
    assert_eq!(parse(" \n\t", &vocabulary()), Ok(None));
}

#[test]
fn every_comparison_is_read() {
    use Bound::{Excluded, Included, Unbounded};
    assert_eq!(read("name = a"), is(Text::Name, "a"));
    assert_eq!(read("name!=a"), not(is(Text::Name, "a")));
    assert_eq!(read("width<7"), width(Unbounded, Excluded(7.0)));
    assert_eq!(read("width <= 7"), width(Unbounded, Included(7.0)));
    assert_eq!(read("width > -1.5"), width(Excluded(-1.5), Unbounded));
    assert_eq!(read("width >= 1e3"), width(Included(1_000.0), Unbounded));
    assert_eq!(read("width 1 TO 2"), width(Included(1.0), Included(2.0)));
    assert_eq!(read("width = 5"), width(Included(5.0), Included(5.0)));
    let both = Expression::Any(vec![read("width = 5"), read("width = 6")]);
    assert_eq!(read("width IN [5, 6]"), both);
    let tags = |words: &[&str]| {
        Expression::Holds(Members::Tags, words.iter().map(|&word| word.to_owned()).collect())
    };
    assert_eq!(read("tags IN [b, a, b,]"), tags(&["a", "b"]));
    assert_eq!(read("tags not in [a]"), not(tags(&["a"])));
    assert_eq!(read("tags IN []"), tags(&[]));
    assert_eq!(read("hasPerson = TRUE"), Expression::TruthIs(Truth::HasPerson, true));
    let name = || Attribute::Text(Text::Name);
    assert_eq!(read("name EXISTS"), Expression::Known(name()));
    assert_eq!(read("name NOT EXISTS"), not(Expression::Known(name())));
    assert_eq!(read("name IS NULL"), read("name NOT EXISTS"));
    assert_eq!(read("name is not null"), not(read("name IS NULL")));
    assert_eq!(read("name IS EMPTY"), Expression::Empty(name()));
    assert_eq!(read("name IS NOT EMPTY"), not(Expression::Empty(name())));
}

#[test]
fn values_are_what_the_attribute_takes() {
    assert_eq!(read("status = success"), is(Text::Status, "ready"));
    assert_eq!(read(&format!("parentId = asset_{}", ID.replace('-', ""))), is(Text::Parent, ID));
    let at = 1_767_225_600_000.0;
    let later = Expression::Within(
        Measure::CreatedAt,
        Range { from: Bound::Excluded(at), to: Bound::Unbounded },
    );
    assert_eq!(read("createdAt > 2026-01-01"), later);
    assert_eq!(read("createdAt > 1767225600000"), later);
    let seed = |value: &str| Expression::ParameterIs("a.0.seed".to_owned(), vec![value.to_owned()]);
    assert_eq!(read("metadata.a.0.seed = 42"), seed("42"));
    let range = Range { from: Bound::Unbounded, to: Bound::Excluded(4.0) };
    let steps = Expression::ParameterWithin("steps".to_owned(), range);
    assert_eq!(read("metadata.steps < 4"), steps);
}

#[test]
fn quotes_keep_what_is_inside() {
    assert_eq!(read(r#"name = "a \"b\" \\ \c""#), is(Text::Name, r#"a "b" \ \c"#));
    assert_eq!(read("'name' = 'AND ) = \"'"), is(Text::Name, "AND ) = \""));
    assert_eq!(read("name = ''"), is(Text::Name, ""));
    assert_eq!(read("name = 日本/a.b-c:1"), is(Text::Name, "日本/a.b-c:1"));
    assert_eq!(read("name = or"), is(Text::Name, "or"));
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    let [a, b, c] = ["a", "b", "c"].map(|word| is(Text::Name, word));
    let read = |text: &str| {
        read(&text.replace('A', "name=a").replace('B', "name=b").replace('C', "name=c"))
    };
    let and = |one: &Expression, two: &Expression| Expression::All(vec![one.clone(), two.clone()]);
    let or = |one: &Expression, two: &Expression| Expression::Any(vec![one.clone(), two.clone()]);
    assert_eq!(read("A or B and C"), or(&a, &and(&b, &c)));
    assert_eq!(read("(A or B) and C"), and(&or(&a, &b), &c));
    assert_eq!(read("not A and B"), and(&not(a.clone()), &b));
    assert_eq!(read("not (A and B)"), not(and(&a, &b)));
    assert_eq!(read("A and B and C"), Expression::All(vec![a, b, c]));
}

#[test]
fn mistakes_say_where_and_what_would_be_right() {
    for (text, column, part) in [
        ("nme = a", 1, "`nme` is unknown; there are name, type, parentId"),
        ("name = a AND nme = b", 14, "metadata.<name>"),
        ("name", 5, "must be followed by =, !="),
        ("name a", 6, "must be followed by"),
        ("name =", 7, "a value must stand here, not the end"),
        ("name = a b", 10, "AND or OR must stand before `b`"),
        ("name = (", 8, "not `(`"),
        ("(name = a", 1, "this `(` is never closed"),
        ("(name = a b)", 11, "AND, OR or `)`"),
        ("name = a)", 9, "closes nothing"),
        ("name = 'a", 8, "this ' is never closed"),
        ("日本 name", 1, "unknown"),
        ("name = '日本' !", 13, "`!` is no operator"),
        ("name < 1", 8, "`name` is no number"),
        ("name 1 TO 2", 6, "`name` is no number"),
        ("width < x", 9, "compared with a number, not `x`"),
        ("width < NaN", 9, "compared with a number"),
        ("width < inf", 9, "compared with a number"),
        ("createdAt < x", 13, "a time such as"),
        ("hasPerson = 1", 13, "true or false"),
        ("status = ready", 10, "one of success, pending"),
        ("parentId = 7", 12, "compared with an id"),
        ("name IN a", 9, "a list such as [a, b]"),
        ("name IN [a b]", 12, "`,` or `]`"),
        ("name IN [a", 11, "`,` or `]` must stand before the end"),
        ("name IN [,]", 10, "a value must stand here"),
        ("name NOT a", 10, "IN or EXISTS must follow NOT"),
        ("name IS a", 9, "NULL or EMPTY must follow IS"),
        ("AND name = a", 1, "unknown"),
        ("metadata. = a", 1, "unknown"),
        ("metadata.a..b = a", 1, "unknown"),
    ] {
        let (at, said) = wrong(text);
        assert_eq!(at, column, "{text}: {said}");
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn size_and_depth_have_limits() {
    let deep = |n: usize| format!("{}name=a{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(read(&deep(DEPTH_MAX)), is(Text::Name, "a"));
    assert!(wrong(&deep(DEPTH_MAX + 1)).1.contains("deep"));
    assert!(wrong(&format!("{}name=a", "NOT ".repeat(1_000))).1.contains("deep"));
    let many = vec!["name=a"; 101].join(" OR ");
    assert!(wrong(&many).1.contains("100 conditions"));
    let many = vec!["a"; 501].join(",");
    assert!(wrong(&format!("name IN [{many}]")).1.contains("500 values"));
    assert!(wrong(&" ".repeat(FILTER_BYTES_MAX + 1)).1.contains("bytes"));
}

#[test]
fn a_mistake_is_a_fault_of_its_field() {
    let fault = parse("x = 1", &vocabulary()).unwrap_err().at("body.filter");
    assert_eq!(fault.fields[0].path, ["body", "filter"]);
    assert!(fault.message.starts_with("body.filter: column 1: `x` is unknown"), "{fault}");
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(
        text in prop_oneof![
            any::<String>(),
            prop::collection::vec(
                prop::sample::select(vec![
                    "name", "width", "tags", "=", "!=", "<", "(", ")", "[", "]", ",", "IN", "NOT",
                    "AND", "OR", "IS", "NULL", "EMPTY", "TO", "EXISTS", "1", "'a'", "\"", "日",
                ]),
                0..30,
            ).prop_map(|words| words.join(" ")),
        ],
    ) {
        if let Err(mistake) = parse(&text, &vocabulary()) {
            prop_assert!(mistake.column >= 1 && mistake.column <= text.chars().count() + 1);
        }
    }
}
