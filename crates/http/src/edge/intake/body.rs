//! Small bodies, read whole: JSON into a type, URL-encoded forms into fields.
//!
//! Owns: [`Body`], [`UrlForm`], and faults that name the field which does not fit.
//! Never: takes a file.

use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Kind};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::edge::dialect::Refusal;
use crate::edge::fields::Fields;
use crate::edge::intake::{Content, Incoming, TEXT_BYTES_MAX};

/// Extracts a JSON body of at most 1 MiB.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Ok(incoming) = Incoming::from_request(request, state).await;
        Ok(Self(incoming.json().await?))
    }
}

/// Extracts a URL-encoded form of at most 1 MiB; the faults of its fields are under `body`.
#[derive(Debug)]
pub struct UrlForm(pub Fields);

impl<S: Sync> FromRequest<S> for UrlForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Ok(incoming) = Incoming::from_request(request, state).await;
        Ok(Self(incoming.url_form().await?))
    }
}

impl Incoming {
    /// Reads a JSON body of at most 1 MiB.
    ///
    /// # Errors
    /// Not declared as JSON, empty, broken, or a field that does not fit.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Fault> {
        self.json_up_to(TEXT_BYTES_MAX as u64).await
    }

    /// Reads a JSON body whole that may hold a picture of `image_bytes_max` bytes in base64 among
    /// its texts. Where the picture is to be kept, stream it by [`Incoming::json_with_bytes`].
    ///
    /// # Errors
    /// As [`Incoming::json`].
    pub async fn json_with_image<T: DeserializeOwned>(
        self,
        image_bytes_max: u64,
    ) -> Result<T, Fault> {
        let encoded = (image_bytes_max / 3).saturating_add(1).saturating_mul(4);
        self.json_up_to(encoded.saturating_add(TEXT_BYTES_MAX as u64)).await
    }

    async fn json_up_to<T: DeserializeOwned>(self, bytes_max: u64) -> Result<T, Fault> {
        let undeclared = self.content() == Content::Undeclared;
        if self.content() != Content::Json && !(undeclared && self.content_length() == Some(0)) {
            let message = "the body must be JSON, declared as `Content-Type: application/json`";
            return Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", message));
        }
        let bytes = self.reader(bytes_max)?.whole().await?;
        parse(&bytes)
    }

    /// Reads a URL-encoded form of at most 1 MiB.
    ///
    /// # Errors
    /// Not declared as one, or too many fields.
    pub async fn url_form(self) -> Result<Fields, Fault> {
        if self.content() != Content::UrlEncoded {
            let message = "the body must be `Content-Type: application/x-www-form-urlencoded`";
            return Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", message));
        }
        let bytes = self.reader(TEXT_BYTES_MAX as u64)?.whole().await?;
        Fields::parse("body", &bytes)
    }
}

/// Reads a JSON object into a type. An array is none, though serde would read a struct from it.
///
/// # Errors
/// Empty, not JSON, or a field that does not fit: named, with `body` first.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::invalid("body", "missing", "is required and must be JSON"));
    }
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Fault::invalid("body", "type", "must be a JSON object, not an array"));
    }
    refuse_nul(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value = read.map_err(|error| {
        if error.inner().is_data() { explain_type(&error) } else { broken(error.inner()) }
    })?;
    deserializer.end().map_err(|error| broken(&error))?;
    Ok(value)
}

/// A `T` inside a body that stands as a JSON object. By itself, serde also reads the fields of a
/// struct from an array, in the order in which they happen to be declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(Object)
    }
}

/// Refuses the character U+0000 in any string or key: databases cannot hold it.
pub(crate) fn refuse_nul(json: &[u8]) -> Result<(), Fault> {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        if rest[at..].starts_with(br"\u0000") {
            return Err(Fault::invalid("body", "format", "must not hold the character U+0000"));
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    Ok(())
}

fn broken(error: &serde_json::Error) -> Fault {
    Fault::invalid("body", "format", format!("must be JSON: {error}"))
}

/// Names the field that does not fit its type.
pub(crate) fn explain_type<E: StdError>(error: &serde_path_to_error::Error<E>) -> Fault {
    use serde_path_to_error::Segment;

    let mut path = vec!["body".to_owned()];
    path.extend(error.path().iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }));
    let text = error.inner().to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if let Some(field) = quoted_after(text, "missing field ") {
        path.push(field.to_owned());
        let fault =
            FieldFault { path, message: "is required".into(), rule: "missing", input: None };
        return Fault::invalid_fields(vec![fault]);
    }
    let message = match text.split_once(", expected ") {
        Some((found, expected)) => format!("must be {expected} ({found})"),
        None => text.to_owned(),
    };
    let input = quoted_after(text, "unknown variant ").map(str::to_owned);
    Fault::invalid_fields(vec![FieldFault { path, message, rule: rule_of(text), input }])
}

fn rule_of(text: &str) -> &'static str {
    let starts = |word: &str| text.starts_with(word);
    match () {
        () if starts("invalid type") => "type",
        () if starts("unknown variant") => "enum",
        () if starts("invalid length") => "length",
        () if starts("invalid value") => "range",
        () => "format",
    }
}

fn quoted_after<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.strip_prefix(words)?.strip_prefix('`')?.split('`').next()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the faults are looked at")]
    struct Asset {
        name: String,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        size: Option<Size>,
        #[serde(default)]
        kind: Option<Sort>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the faults are looked at")]
    struct Size {
        width: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Sort {
        Face,
        Template,
    }

    fn fault(json: &str) -> (String, &'static str, String) {
        let fault = parse::<Asset>(json.as_bytes()).unwrap_err();
        let field = &fault.fields[0];
        (field.path.join("."), field.rule, field.message.clone())
    }

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        for (json, path, rule) in [
            ("", "body", "missing"),
            (" \n", "body", "missing"),
            ("{}", "body.name", "missing"),
            (r#"{"name":7}"#, "body.name", "type"),
            (r#"{"name":"a","tags":["x",3]}"#, "body.tags.1", "type"),
            (r#"{"name":"a","size":{}}"#, "body.size.width", "missing"),
            (r#"{"name":"a","size":{"width":300}}"#, "body.size.width", "range"),
            (r#"{"name":"a","kind":"dog"}"#, "body.kind", "enum"),
            (r#"{"name":"a","name":"b"}"#, "body", "format"),
            (r#"{"name":"a"} x"#, "body", "format"),
            (r#"{"name":"a""#, "body", "format"),
            (r#"{"name":"a\u0000"}"#, "body", "format"),
            ("[]", "body", "type"),
            (r#"["a",[]]"#, "body", "type"),
            (r#""a""#, "body", "type"),
            ("null", "body", "type"),
            ("\u{feff}{}", "body", "format"),
        ] {
            let (found_path, found_rule, message) = fault(json);
            assert_eq!((found_path.as_str(), found_rule), (path, rule), "{json}: {message}");
        }
        assert!(fault(r#"{"name":"a","kind":"dog"}"#).2.contains("`face`"));
    }

    #[test]
    fn an_escaped_backslash_before_u0000_is_only_text() {
        assert!(parse::<Asset>(br#"{"name":"a\\u0000"}"#).is_ok());
        assert!(refuse_nul(br"\\\u0000").is_err());
        assert!(refuse_nul(br"\").is_ok());
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let fault = parse::<serde_json::Value>(format!("{{\"a\":{deep}}}").as_bytes()).unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
    }
}
