//! What the attributes and their values are called by the clients of one wire format.

use backlot_model::query::{Attribute, Measure, Members, TextAttribute, Truth};
use backlot_model::{Id, Millis};

/// One attribute as clients call it.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) name: String,
    pub(super) attribute: Attribute,
    pub(super) words: Vec<(String, Vec<String>)>,
}

/// Every attribute that clients of a wire format can ask about.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    fields: Vec<Field>,
    prefixes: Vec<&'static str>,
    /// Reads a time; the edge knows how its clients write them.
    pub(super) time: fn(&str) -> Option<Millis>,
}

impl Vocabulary {
    /// Without attributes. `time` reads what a client writes for a time; whole numbers are
    /// milliseconds since 1970 in any case.
    #[must_use]
    pub const fn new(time: fn(&str) -> Option<Millis>) -> Self {
        Self { fields: Vec::new(), prefixes: Vec::new(), time }
    }

    /// Adds an attribute under a name.
    #[must_use]
    pub fn with(self, name: &str, attribute: impl Into<Attribute>) -> Self {
        self.with_words(name, attribute, Vec::new())
    }

    /// Adds an attribute whose values have other words here: each word of the client's with the
    /// stored ones that it stands for. Other words are mistakes.
    #[must_use]
    pub fn with_words(
        mut self,
        name: &str,
        attribute: impl Into<Attribute>,
        words: Vec<(String, Vec<String>)>,
    ) -> Self {
        self.fields.push(Field { name: name.to_owned(), attribute: attribute.into(), words });
        self
    }

    /// Lets `prefix` and a dotted path (`parameters.` and `loras.0.name`) name a generation
    /// parameter. A name of its own goes first.
    #[must_use]
    pub fn with_parameters(mut self, prefix: &'static str) -> Self {
        self.prefixes.push(prefix);
        self
    }

    pub(super) fn find(&self, name: &str) -> Option<Field> {
        let known = self.fields.iter().find(|field| field.name == name).cloned();
        known.or_else(|| {
            let path = self.prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))?;
            let attribute = is_path(path).then(|| Attribute::Parameter(path.to_owned()))?;
            Some(Field { name: name.to_owned(), attribute, words: Vec::new() })
        })
    }

    /// Every name there is, for a message.
    pub(super) fn names(&self) -> String {
        let own = self.fields.iter().map(|field| field.name.clone());
        let open = self.prefixes.iter().map(|prefix| format!("{prefix}<name>"));
        Vec::from_iter(own.chain(open)).join(", ")
    }
}

/// Names separated by single dots, of characters that need no escape anywhere.
fn is_path(path: &str) -> bool {
    let plain = |it: char| it.is_alphanumeric() || matches!(it, '_' | '-');
    path.chars().count() <= 255
        && path.split('.').all(|name| !name.is_empty() && name.chars().all(plain))
}

impl Field {
    /// The stored texts that a text of the client's stands for; else what would be right.
    pub(super) fn stored(&self, text: &str) -> Result<Vec<String>, String> {
        if !self.words.is_empty() {
            let found = self.words.iter().find(|(word, _)| word == text);
            return found.map(|(_, stored)| stored.clone()).ok_or_else(|| {
                let all: Vec<&str> = self.words.iter().map(|(word, _)| word.as_str()).collect();
                format!(
                    "`{text}` is no value of `{}`, which is one of {}",
                    self.name,
                    all.join(", ")
                )
            });
        }
        if !self.is_id() {
            return Ok(vec![text.to_owned()]);
        }
        match Id::<()>::parse(text) {
            Some(id) => Ok(vec![id.to_string()]),
            None => Err(format!("`{}` is compared with an id, not with `{text}`", self.name)),
        }
    }

    fn is_id(&self) -> bool {
        use TextAttribute as Text;
        match self.attribute {
            Attribute::Text(it) => {
                [Text::Id, Text::Uploader, Text::Organization, Text::Parent, Text::Root]
                    .contains(&it)
            }
            Attribute::Members(it) => it == Members::Collections,
            Attribute::Measure(_) | Attribute::Truth(_) | Attribute::Parameter(_) => false,
        }
    }

    pub(super) fn is_time(&self) -> bool {
        matches!(self.attribute, Attribute::Measure(Measure::CreatedAt | Measure::UpdatedAt))
    }

    pub(super) fn is_truth(&self) -> Option<Truth> {
        if let Attribute::Truth(truth) = self.attribute { Some(truth) } else { None }
    }
}
