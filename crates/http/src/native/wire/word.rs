//! The model's fixed sets of words, as JSON strings.

use std::borrow::Cow;
use std::fmt;

use backlot_library::listing::Ownership;
use backlot_library::tasks::TaskStatus;
use backlot_model::account::{Role, Scope};
use backlot_model::asset::{Status, Visibility};
use backlot_model::event::EventKind;
use backlot_model::media::MediaKind;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};
use utoipa::{PartialSchema, ToSchema};

/// A value of the model that one word stands for.
pub(in crate::native) trait Worded: Copy + 'static {
    /// What the set is called in the OpenAPI document.
    const SCHEMA: &'static str;
    /// Every value.
    fn all() -> &'static [Self];
    /// Its word.
    fn word(self) -> &'static str;
}

/// One word of a fixed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::native) struct Word<T>(pub(in crate::native) T);

macro_rules! worded {
    ($($alias:ident = $of:ty, $schema:literal;)+) => {$(
        impl Worded for $of {
            const SCHEMA: &'static str = $schema;
            fn all() -> &'static [Self] {
                Self::ALL
            }
            fn word(self) -> &'static str {
                self.word()
            }
        }
        pub(in crate::native) type $alias = Word<$of>;
    )+};
}

worded! {
    VisibilityWord = Visibility, "AssetVisibility";
    StatusWord = Status, "AssetStatus";
    KindWord = MediaKind, "MediaKind";
    EventWord = EventKind, "EventKind";
    RoleWord = Role, "OrganizationRole";
    ScopeWord = Scope, "KeyScope";
    TaskWord = TaskStatus, "TaskStatus";
}

/// The parts of what a caller can list. The model knows them only as questions.
impl Worded for Ownership {
    const SCHEMA: &'static str = "Ownership";

    fn all() -> &'static [Self] {
        &[Self::Mine, Self::Shared, Self::Default]
    }

    fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Shared => "shared",
            Self::Default => "default",
        }
    }
}

pub(in crate::native) type OwnershipWord = Word<Ownership>;

impl<T: Worded> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de, T: Worded> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor(std::marker::PhantomData))
    }
}

struct WordVisitor<T>(std::marker::PhantomData<T>);

impl<T: Worded> Visitor<'_> for WordVisitor<T> {
    type Value = Word<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_of::<T>())
    }

    // The words of serde's own message for enumerations, by which the edge knows the sort.
    fn visit_str<E: Error>(self, word: &str) -> Result<Word<T>, E> {
        let found = T::all().iter().copied().find(|it| it.word() == word);
        let unknown = || {
            let shown: String = word.chars().take(100).collect();
            E::custom(format_args!("unknown variant `{shown}`, expected {}", one_of::<T>()))
        };
        found.map(Word).ok_or_else(unknown)
    }
}

/// `one of a, b, c`.
fn one_of<T: Worded>() -> String {
    let words: Vec<&str> = T::all().iter().map(|it| it.word()).collect();
    format!("one of {}", words.join(", "))
}

impl<T: Worded> PartialSchema for Word<T> {
    fn schema() -> RefOr<Schema> {
        let words = T::all().iter().map(|it| it.word());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl<T: Worded> ToSchema for Word<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::SCHEMA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::intake::body::parse;

    #[derive(Debug, Deserialize)]
    struct Body {
        visibility: VisibilityWord,
    }

    #[test]
    fn a_word_of_the_set_is_its_value() {
        let body: Body = parse(br#"{"visibility":"public"}"#).unwrap();
        assert_eq!(body.visibility.0, Visibility::Public);
        assert_eq!(serde_json::json!(body.visibility), "public");
    }

    #[test]
    fn another_word_names_the_set() {
        let fault = parse::<Body>(br#"{"visibility":"secret"}"#).unwrap_err();
        let field = &fault.fields[0];
        assert_eq!(field.path, ["body", "visibility"]);
        assert_eq!((field.rule, field.input.as_deref()), ("enum", Some("secret")));
        assert!(field.message.contains("private, shared, unlisted, public"), "{}", field.message);
        let fault = parse::<Body>(br#"{"visibility":7}"#).unwrap_err();
        assert_eq!(fault.fields[0].rule, "type");
    }
}
