//! Named text fields: a query string, a URL-encoded form, the text parts of a multipart form.
//!
//! Owns: [`Fields`] and its readers, each of which names the field and says what would be right.
//! A field that nobody asks for is ignored; one that is asked for and bad is never dropped.
//! Never: knows which fields a call has.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Millis};

use crate::edge::dialect::Refusal;
use crate::edge::time;

/// How many fields one query or form may hold.
pub const FIELDS_MAX: usize = 1_000;

/// Fields in the order they were sent; names may repeat.
#[derive(Debug, Clone)]
pub struct Fields {
    root: &'static str,
    /// `None` stands for a value that is not UTF-8.
    pairs: Vec<(String, Option<String>)>,
}

impl Fields {
    /// Fields already taken apart; `root` (`query`, `body`) begins the path of every fault.
    #[must_use]
    pub fn new(root: &'static str, pairs: Vec<(String, String)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name, Some(value))).collect();
        Self { root, pairs }
    }

    /// Reads `a=1&b=2`, percent-decoded, `+` as a blank.
    ///
    /// # Errors
    /// More than [`FIELDS_MAX`] fields, at `root`.
    pub fn parse(root: &'static str, raw: &[u8]) -> Result<Self, Fault> {
        let pieces = || raw.split(|b| *b == b'&').filter(|piece| !piece.is_empty());
        if pieces().count() > FIELDS_MAX {
            let message = format!("must hold at most {FIELDS_MAX} fields");
            return Err(Fault::invalid(root, "length", message));
        }
        let pairs = pieces().map(|piece| {
            let split = piece.iter().position(|b| *b == b'=');
            let (name, value) = match split {
                Some(at) => (&piece[..at], &piece[at + 1..]),
                None => (piece, &[][..]),
            };
            let name = String::from_utf8_lossy(&decode(name)).into_owned();
            (name, String::from_utf8(decode(value)).ok())
        });
        Ok(Self { root, pairs: pairs.collect() })
    }

    /// The single value of `name`, as sent (it may be empty).
    ///
    /// # Errors
    /// Sent more than once, not UTF-8, or holding U+0000.
    pub fn one(&self, name: &str) -> Result<Option<&str>, FieldFault> {
        let mut values = self.values(name);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(self.fault(name, "type", "must be given only once"));
        }
        self.text(name, value).map(Some)
    }

    /// The single value of `name`.
    ///
    /// # Errors
    /// As [`Self::one`], and when it is missing or empty.
    pub fn required(&self, name: &str) -> Result<&str, FieldFault> {
        match self.one(name)? {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(self.fault(name, "missing", "is required")),
        }
    }

    /// Every value of `name` and of `name[]`, as sent.
    ///
    /// # Errors
    /// One of them is not UTF-8, or holds U+0000.
    pub fn all(&self, name: &str) -> Result<Vec<&str>, FieldFault> {
        self.values(name).map(|value| self.text(name, value)).collect()
    }

    /// Every value of `name` and `name[]`; a value that is a JSON array of strings stands for its
    /// items. Blank items are left out. `None` when the field was not sent.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, FieldFault> {
        self.split_all(name, |value, items| match serde_json::from_str::<Vec<String>>(value) {
            Ok(array) => items.extend(array),
            Err(_) => items.push(value.to_owned()),
        })
    }

    /// As [`Self::list`], and every value is split at commas.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub fn csv(&self, name: &str) -> Result<Option<Vec<String>>, FieldFault> {
        self.split_all(name, |value, items| match serde_json::from_str::<Vec<String>>(value) {
            Ok(array) => items.extend(array),
            Err(_) => items.extend(value.split(',').map(str::to_owned)),
        })
    }

    /// A whole number within `range`.
    ///
    /// # Errors
    /// As [`Self::one`]; not a whole number; out of range.
    pub fn integer(
        &self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, FieldFault> {
        let Some(raw) = self.one(name)? else { return Ok(None) };
        let (low, high) = (*range.start(), *range.end());
        let right = match (low, high) {
            (low, i64::MAX) => format!("must be a whole number, {low} or more"),
            (low, high) => format!("must be a whole number between {low} and {high}"),
        };
        match raw.trim().parse::<i64>() {
            Ok(value) if range.contains(&value) => Ok(Some(value)),
            Ok(_) => Err(self.fault(name, "range", right).with_input(raw)),
            Err(_) => Err(self.fault(name, "type", right).with_input(raw)),
        }
    }

    /// One of a fixed set of words, case-sensitive.
    ///
    /// # Errors
    /// As [`Self::one`]; none of the words.
    pub fn choice<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, FieldFault> {
        let Some(raw) = self.one(name)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == raw) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let message = format!("must be one of {}", words.join(", "));
                Err(self.fault(name, "enum", message).with_input(raw))
            }
        }
    }

    /// `true` or `false` (also `1` or `0`), whatever the case.
    ///
    /// # Errors
    /// As [`Self::one`]; neither of them.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, FieldFault> {
        let Some(raw) = self.one(name)? else { return Ok(None) };
        match raw.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(self.fault(name, "type", "must be true or false").with_input(raw)),
        }
    }

    /// A time; see [`time::parse`] for the shapes.
    ///
    /// # Errors
    /// As [`Self::one`]; no time.
    pub fn time(&self, name: &str) -> Result<Option<Millis>, FieldFault> {
        let Some(raw) = self.one(name)? else { return Ok(None) };
        time::parse_field(&format!("{}.{name}", self.root), raw).map(Some)
    }

    /// A text of at most `chars_max` characters.
    ///
    /// # Errors
    /// As [`Self::one`]; too long.
    pub fn text_up_to(&self, name: &str, chars_max: usize) -> Result<Option<&str>, FieldFault> {
        let Some(raw) = self.one(name)? else { return Ok(None) };
        if raw.chars().count() > chars_max {
            let message = format!("must have at most {chars_max} characters");
            return Err(self.fault(name, "length", message).with_input(raw));
        }
        Ok(Some(raw))
    }

    /// A JSON document.
    ///
    /// # Errors
    /// As [`Self::one`]; not JSON.
    pub fn json(&self, name: &str) -> Result<Option<serde_json::Value>, FieldFault> {
        let Some(raw) = self.one(name)? else { return Ok(None) };
        let value = serde_json::from_str(raw);
        value
            .map(Some)
            .map_err(|error| self.fault(name, "format", format!("must be JSON: {error}")))
    }

    /// The fields whose names begin with `prefix` and go on: the rest of the name, and the value.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub fn beginning_with(&self, prefix: &str) -> Result<Vec<(&str, &str)>, FieldFault> {
        let named = self.pairs.iter().filter_map(|(name, value)| {
            let rest = name.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
            Some((name, rest, value))
        });
        named.map(|(name, rest, value)| Ok((rest, self.text(name, value)?))).collect()
    }

    /// A fault at the field `name`.
    #[must_use]
    pub fn fault(&self, name: &str, rule: &'static str, message: impl Into<String>) -> FieldFault {
        let path = vec![self.root.to_owned(), name.to_owned()];
        FieldFault { path, message: message.into(), rule, input: None }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &Option<String>> {
        let named = move |sent: &str| sent == name || sent.strip_suffix("[]") == Some(name);
        self.pairs.iter().filter(move |(sent, _)| named(sent)).map(|(_, value)| value)
    }

    fn text<'f>(&self, name: &str, value: &'f Option<String>) -> Result<&'f str, FieldFault> {
        match value {
            Some(value) if !value.contains('\0') => Ok(value),
            Some(_) => Err(self.fault(name, "format", "must not hold the character U+0000")),
            None => Err(self.fault(name, "format", "must be UTF-8")),
        }
    }

    fn split_all(
        &self,
        name: &str,
        split: impl Fn(&str, &mut Vec<String>),
    ) -> Result<Option<Vec<String>>, FieldFault> {
        let values = self.all(name)?;
        if values.is_empty() {
            return Ok(None);
        }
        let mut items = Vec::new();
        values.into_iter().for_each(|value| split(value, &mut items));
        let trimmed = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
        Ok(Some(trimmed.map(str::to_owned).collect()))
    }
}

/// Percent-decodes; a `%` that no two hexadecimal digits follow stands for itself.
fn decode(raw: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let byte = match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (b'+', _) => b' ',
            _ => *first,
        };
        decoded.push(byte);
    }
    decoded
}

/// Extracts the query string.
#[derive(Debug)]
pub struct Query(pub Fields);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let raw = parts.uri.query().unwrap_or_default();
        Ok(Self(Fields::parse("query", raw.as_bytes())?))
    }
}

/// Collects the faults of several fields, so that a client hears of all of them at once.
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldFault>);

impl Checks {
    /// Keeps the value, or notes the fault and goes on with the default.
    pub fn take<T: Default>(&mut self, read: Result<T, FieldFault>) -> T {
        read.unwrap_or_else(|fault| {
            self.0.push(fault);
            T::default()
        })
    }

    /// Notes a fault.
    pub fn note(&mut self, fault: FieldFault) {
        self.0.push(fault);
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// All noted faults in one.
    pub fn done(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::invalid_fields(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Fields {
        Fields::parse("query", raw.as_bytes()).unwrap()
    }

    fn rule<T: std::fmt::Debug>(read: Result<T, FieldFault>) -> &'static str {
        read.unwrap_err().rule
    }

    #[test]
    fn lists_come_in_every_spelling() {
        for raw in [
            "tags=a&tags=b",
            "tags[]=a&tags[]=b",
            "tags%5B%5D=a&tags=b",
            "tags=[%22a%22,%22b%22]",
            "tags=a&tags=&tags=+b+",
        ] {
            let expected = Some(vec!["a".to_owned(), "b".to_owned()]);
            assert_eq!(query(raw).list("tags").unwrap(), expected, "{raw}");
            assert_eq!(query(raw).csv("tags").unwrap(), expected, "{raw}");
        }
        assert_eq!(query("t=a,+b,,c").csv("t").unwrap().unwrap(), ["a", "b", "c"]);
        assert_eq!(query("t=a,b").list("t").unwrap().unwrap(), ["a,b"]);
        assert_eq!(query("t=").csv("t").unwrap(), Some(Vec::new()));
        assert_eq!(query("u=1").csv("t").unwrap(), None);
    }

    #[test]
    fn numbers_choices_flags_and_times_are_checked() {
        let fields = query("n=5&big=101&word=x&low=asc&yes=TRUE&no=0&at=2024-01-15&empty=");
        assert_eq!(fields.integer("n", 1..=100).unwrap(), Some(5));
        assert_eq!(fields.integer("absent", 1..=100).unwrap(), None);
        assert_eq!(rule(fields.integer("big", 1..=100)), "range");
        assert_eq!(rule(fields.integer("word", 1..=100)), "type");
        assert_eq!(rule(fields.integer("empty", 1..=100)), "type");
        let orders = [("asc", 1), ("desc", 2)];
        assert_eq!(fields.choice("low", &orders).unwrap(), Some(1));
        let fault = fields.choice("word", &orders).unwrap_err();
        assert_eq!((fault.rule, fault.message.as_str()), ("enum", "must be one of asc, desc"));
        assert_eq!(fields.flag("yes").unwrap(), Some(true));
        assert_eq!(fields.flag("no").unwrap(), Some(false));
        assert_eq!(rule(fields.flag("word")), "type");
        assert!(fields.time("at").unwrap().is_some());
        assert_eq!(fields.time("word").unwrap_err().path, ["query", "word"]);
        assert_eq!(fields.text_up_to("word", 1).unwrap(), Some("x"));
        assert_eq!(rule(fields.text_up_to("at", 9)), "length");
        assert_eq!(rule(fields.required("empty")), "missing");
        assert_eq!(rule(fields.json("word")), "format");
    }

    #[test]
    fn a_scalar_given_twice_is_a_fault() {
        assert_eq!(rule(query("n=1&n=1").integer("n", 1..=9)), "type");
        assert_eq!(rule(query("n=1&n[]=1").one("n")), "type");
    }

    #[test]
    fn what_is_not_text_is_a_fault_only_where_it_is_asked_for() {
        let fields = query("bad=%FF&nul=a%00b&good=%C3%A9+%2B%zz");
        assert_eq!(fields.one("good").unwrap(), Some("é +%zz"));
        assert_eq!(rule(fields.one("bad")), "format");
        assert_eq!(rule(fields.csv("bad")), "format");
        assert_eq!(rule(fields.one("nul")), "format");
    }

    #[test]
    fn families_of_fields_are_found_by_their_beginning() {
        let fields = query("parameters.seed=7&parameters.=x&parameter=y&parameters.a.b=8");
        let found = fields.beginning_with("parameters.").unwrap();
        assert_eq!(found, [("seed", "7"), ("a.b", "8")]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let fields = query("limit=x&order=up");
        let mut checks = Checks::default();
        assert_eq!(checks.take(fields.integer("limit", 1..=9)), None);
        assert_eq!(checks.take(fields.choice("order", &[("asc", ())])), None);
        checks.note(fields.fault("types", "type", "goes not with type"));
        assert_eq!(checks.done().unwrap_err().fields.len(), 3);
        assert!(Checks::default().done().is_ok());
    }

    #[test]
    fn too_many_fields_are_refused() {
        let raw = "a&".repeat(FIELDS_MAX + 1);
        assert!(Fields::parse("query", raw.as_bytes()).is_err());
        assert!(Fields::parse("query", &raw.as_bytes()[2..]).is_ok());
    }
}
