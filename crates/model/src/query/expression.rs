//! A condition on assets put together with and, or and not.
//!
//! Owns: what can be asked of which attribute, so that no senseless question can be written down,
//! and how a condition becomes the parts of a [`Filter`] that an index answers.
//! Invariant: truth has two values. What is not known meets no condition, and therefore meets the
//! negation of every one.
//! Never: the syntax in which clients write it.

use std::ops::Bound;

use super::{Filter, TimeRange, TypeFilter};
use crate::account::{Organization, User};
use crate::asset::{Status, Visibility};
use crate::media::{MediaKind, words};
use crate::{Id, Millis};

words! {
    /// An attribute that is one text.
    TextAttribute {
        /// The id, hyphenated.
        Id = "id",
        /// Display name.
        Name = "name",
        /// File name.
        Filename = "filename",
        /// Free text.
        Description = "description",
        /// Asset type.
        Type = "asset_type",
        /// The word of its kind.
        Kind = "kind",
        /// The word of its status.
        Status = "status",
        /// The word of its visibility.
        Visibility = "visibility",
        /// Sniffed media type.
        MimeType = "mime_type",
        /// The uploader's id, hyphenated.
        Uploader = "uploader_id",
        /// The organisation's id, hyphenated.
        Organization = "organization_id",
        /// Author label.
        Author = "author_id",
        /// The parent's id, hyphenated.
        Parent = "parent_id",
        /// The root's id, hyphenated.
        Root = "root_id",
        /// The run.
        Inference = "inference_id",
        /// The model.
        Model = "model_id",
        /// Project label.
        Project = "project",
        /// Styling note.
        Note = "styling_note",
        /// `#rrggbb`.
        Color = "dominant_color",
    }
}

words! {
    /// An attribute that is one number.
    Measure {
        /// In bytes.
        Size = "size",
        /// In pixels.
        Width = "width",
        /// In pixels.
        Height = "height",
        /// Time of creation, in milliseconds.
        CreatedAt = "created_at",
        /// Time of the last change, in milliseconds.
        UpdatedAt = "updated_at",
    }
}

words! {
    /// An attribute that holds or does not.
    Truth {
        /// A person is in the picture.
        HasPerson = "has_person",
        /// Clothing is in the picture.
        HasClothing = "has_clothing",
    }
}

words! {
    /// An attribute that is a set of texts.
    Members {
        /// Tags; always known.
        Tags = "tags",
        /// Ids of collections, hyphenated; always known.
        Collections = "collections",
        /// Hints: descriptors of a person.
        PersonAttributes = "person_attributes",
        /// Hints: garments.
        ClothingItems = "clothing_items",
        /// Hints: broad content categories.
        Categories = "categories",
    }
}

/// Anything that can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// One text.
    Text(TextAttribute),
    /// One number.
    Measure(Measure),
    /// Holds or not.
    Truth(Truth),
    /// A set of texts.
    Members(Members),
    /// A generation parameter at a dotted path.
    Parameter(String),
}

impl From<TextAttribute> for Attribute {
    fn from(it: TextAttribute) -> Self {
        Self::Text(it)
    }
}

impl From<Measure> for Attribute {
    fn from(it: Measure) -> Self {
        Self::Measure(it)
    }
}

impl From<Truth> for Attribute {
    fn from(it: Truth) -> Self {
        Self::Truth(it)
    }
}

impl From<Members> for Attribute {
    fn from(it: Members) -> Self {
        Self::Members(it)
    }
}

/// A range of numbers; neither bound is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// From where on.
    pub from: Bound<f64>,
    /// Up to where.
    pub to: Bound<f64>,
}

impl Range {
    /// Exactly this number.
    #[must_use]
    pub const fn exactly(number: f64) -> Self {
        Self { from: Bound::Included(number), to: Bound::Included(number) }
    }

    /// Whether `number` lies within.
    #[must_use]
    pub fn holds(self, number: f64) -> bool {
        let after = match self.from {
            Bound::Included(from) => number >= from,
            Bound::Excluded(from) => number > from,
            Bound::Unbounded => true,
        };
        let before = match self.to {
            Bound::Included(to) => number <= to,
            Bound::Excluded(to) => number < to,
            Bound::Unbounded => true,
        };
        after && before
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// All of these hold; of none, that is true.
    All(Vec<Expression>),
    /// One of these holds; of none, that is false.
    Any(Vec<Expression>),
    /// This does not hold.
    Not(Box<Expression>),
    /// The text is one of these, letter for letter.
    TextIs(TextAttribute, Vec<String>),
    /// The number lies within.
    Within(Measure, Range),
    /// It is known to be so.
    TruthIs(Truth, bool),
    /// One of these is a member.
    Holds(Members, Vec<String>),
    /// The parameter is a text, number or truth that is one of these, compared as
    /// [`Filter::parameters`] are.
    ParameterIs(String, Vec<String>),
    /// The parameter is a number and lies within.
    ParameterWithin(String, Range),
    /// It is in a collection of this user's, or of one of these organisations.
    CollectedBy {
        /// Who made the collection,
        owner: Id<User>,
        /// or whose it is.
        organizations: Vec<Id<Organization>>,
    },
    /// There is a value, an empty one included.
    Known(Attribute),
    /// The value is known and an empty text, a set without members, or an empty list or object.
    Empty(Attribute),
}

impl Filter {
    /// Adds a condition that must hold as well. What an index answers becomes a part of its own;
    /// the rest is tested on each asset that the other parts find.
    pub fn narrow(&mut self, expression: Expression) {
        let rest = match expression {
            Expression::All(parts) => return parts.into_iter().for_each(|part| self.narrow(part)),
            Expression::TextIs(attribute, values) => self.narrow_text(attribute, values),
            Expression::Within(Measure::CreatedAt, range) => {
                self.created = narrowed(self.created, range);
                None
            }
            Expression::Within(Measure::UpdatedAt, range) => {
                self.updated = narrowed(self.updated, range);
                None
            }
            Expression::Holds(members, values) => self.narrow_members(members, values),
            Expression::Not(inner) => match *inner {
                Expression::Holds(Members::Tags, mut tags) => {
                    self.tags_none.append(&mut tags);
                    None
                }
                other => Some(Expression::Not(Box::new(other))),
            },
            Expression::ParameterIs(path, mut values) if values.len() == 1 => {
                self.parameters.extend(values.pop().map(|value| (path, value)));
                None
            }
            other => Some(other),
        };
        let Some(rest) = rest else { return };
        self.expression = Some(match self.expression.take() {
            None => rest,
            Some(Expression::All(mut parts)) => {
                parts.push(rest);
                Expression::All(parts)
            }
            Some(other) => Expression::All(vec![other, rest]),
        });
    }

    /// What of the condition found no place.
    fn narrow_text(&mut self, attribute: TextAttribute, values: Vec<String>) -> Option<Expression> {
        let placed = match attribute {
            TextAttribute::Type if self.types.is_empty() && !values.is_empty() => {
                self.types = values.iter().cloned().map(TypeFilter::Exact).collect();
                true
            }
            TextAttribute::Kind => all_into(&mut self.kinds, &values, MediaKind::parse),
            TextAttribute::Status => all_into(&mut self.status, &values, Status::parse),
            TextAttribute::Visibility => all_into(&mut self.visibility, &values, Visibility::parse),
            _ => match values.as_slice() {
                [value] => self.narrow_label(attribute, value),
                _ => false,
            },
        };
        (!placed).then_some(Expression::TextIs(attribute, values))
    }

    fn narrow_label(&mut self, attribute: TextAttribute, value: &str) -> bool {
        match attribute {
            TextAttribute::Uploader => one_into(&mut self.uploader_id, Id::parse(value)),
            TextAttribute::Organization => one_into(&mut self.organization_id, Id::parse(value)),
            TextAttribute::Parent => one_into(&mut self.parent_id, Id::parse(value)),
            TextAttribute::Root => one_into(&mut self.root_id, Id::parse(value)),
            TextAttribute::Author => one_into(&mut self.author_id, Some(value.to_owned())),
            TextAttribute::Inference => one_into(&mut self.inference_id, Some(value.to_owned())),
            TextAttribute::Model => one_into(&mut self.model_id, Some(value.to_owned())),
            TextAttribute::Project => one_into(&mut self.project, Some(value.to_owned())),
            _ => false,
        }
    }

    fn narrow_members(&mut self, members: Members, values: Vec<String>) -> Option<Expression> {
        let placed = match (members, values.as_slice()) {
            (Members::Tags, [tag]) => {
                self.tags_all.push(tag.clone());
                true
            }
            (Members::Collections, [id]) => one_into(&mut self.collection_id, Id::parse(id)),
            _ => false,
        };
        (!placed).then_some(Expression::Holds(members, values))
    }
}

/// Fills a list that says nothing yet with every one of `words`, if all are known.
fn all_into<T>(list: &mut Vec<T>, words: &[String], parse: fn(&str) -> Option<T>) -> bool {
    let read: Option<Vec<T>> = words.iter().map(|word| parse(word)).collect();
    match read {
        Some(read) if list.is_empty() && !read.is_empty() => {
            *list = read;
            true
        }
        _ => false,
    }
}

/// Fills what says nothing yet.
fn one_into<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let free = slot.is_none() && value.is_some();
    if free {
        *slot = value;
    }
    free
}

/// The same range with exclusive whole bounds, within what was asked for before.
fn narrowed(before: TimeRange, range: Range) -> TimeRange {
    let after = match range.from {
        Bound::Included(from) => Some(whole(from.ceil()).saturating_sub(1)),
        Bound::Excluded(from) => Some(whole(from.floor())),
        Bound::Unbounded => None,
    };
    let until = match range.to {
        Bound::Included(to) => Some(whole(to.floor()).saturating_add(1)),
        Bound::Excluded(to) => Some(whole(to.ceil())),
        Bound::Unbounded => None,
    };
    let least = |one: Option<Millis>, other| one.into_iter().chain(other).min();
    let most = |one: Option<Millis>, other| one.into_iter().chain(other).max();
    TimeRange { after: most(before.after, after), before: least(before.before, until) }
}

/// The nearest time there is.
#[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
fn whole(number: f64) -> Millis {
    number as Millis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn what_an_index_answers_becomes_a_part_of_its_own() {
        let parent = "0190f2c4-a7e0-7d1b-8a55-0c2f6b0f4a11";
        let mut filter = Filter::default();
        filter.narrow(Expression::All(vec![
            Expression::TextIs(TextAttribute::Type, texts(&["face", "template"])),
            Expression::TextIs(TextAttribute::Parent, texts(&[parent])),
            Expression::Holds(Members::Tags, texts(&["a"])),
            Expression::Not(Box::new(Expression::Holds(Members::Tags, texts(&["b", "c"])))),
            Expression::ParameterIs("seed".to_owned(), texts(&["42"])),
        ]));
        let wanted = Filter {
            types: texts(&["face", "template"]).into_iter().map(TypeFilter::Exact).collect(),
            parent_id: Id::parse(parent),
            tags_all: texts(&["a"]),
            tags_none: texts(&["b", "c"]),
            parameters: vec![("seed".to_owned(), "42".to_owned())],
            ..Filter::default()
        };
        assert_eq!(filter, wanted);
    }

    #[test]
    fn what_finds_no_place_is_kept() {
        let model = |word: &str| Expression::TextIs(TextAttribute::Model, texts(&[word]));
        let no_status = Expression::TextIs(TextAttribute::Status, texts(&["odd"]));
        let mut filter = Filter::default();
        filter.narrow(model("a"));
        filter.narrow(model("b"));
        filter.narrow(no_status.clone());
        assert_eq!(filter.model_id.as_deref(), Some("a"));
        assert!(filter.status.is_empty());
        assert_eq!(filter.expression, Some(Expression::All(vec![model("b"), no_status])));
    }

    #[test]
    fn bounds_of_time_become_exclusive_and_whole() {
        let mut filter = Filter::default();
        let range = |from, to| Expression::Within(Measure::CreatedAt, Range { from, to });
        filter.narrow(range(Bound::Included(10.0), Bound::Included(20.5)));
        assert_eq!(filter.created, TimeRange { after: Some(9), before: Some(21) });
        filter.narrow(range(Bound::Excluded(10.5), Bound::Excluded(1e300)));
        assert_eq!(filter.created, TimeRange { after: Some(10), before: Some(21) });
        filter.narrow(range(Bound::Unbounded, Bound::Excluded(19.5)));
        assert_eq!(filter.created, TimeRange { after: Some(10), before: Some(20) });
        assert_eq!(filter.expression, None);
    }

    #[test]
    fn a_range_knows_its_ends() {
        let range = Range { from: Bound::Included(1.0), to: Bound::Excluded(2.0) };
        let held = [0.9, 1.0, 1.5, 2.0].map(|number| range.holds(number));
        assert_eq!(held, [false, true, true, false]);
        assert!(Range::exactly(3.0).holds(3.0));
    }
}
