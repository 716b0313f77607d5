//! JSON bodies that carry files as base64.
//!
//! Owns: driving the [`Scan`], and parsing what it leaves strictly: no key twice, nothing after
//! the end. Never: holds a file.

use std::fmt;

use backlot_model::{Fault, Kind};
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::edge::intake::body::{explain_type, refuse_nul};
use crate::edge::intake::scan::{Found, Scan};
use crate::edge::intake::{Content, FilePart, Incoming, IntakeLimits, Sink, TEXT_BYTES_MAX};

/// A JSON object that was read to its end; its files went to the sink.
#[derive(Debug)]
pub struct JsonForm {
    /// All fields; null where a file stood.
    pub fields: Map<String, Value>,
    /// The files, in the order they came.
    pub files: Vec<FilePart>,
}

impl JsonForm {
    /// Reads the fields as a `T`.
    ///
    /// # Errors
    /// The field that does not fit.
    pub fn parse<T: DeserializeOwned>(self) -> Result<(T, Vec<FilePart>), Fault> {
        let fields = serde_path_to_error::deserialize(Value::Object(self.fields));
        Ok((fields.map_err(|error| explain_type(&error))?, self.files))
    }
}

pub(super) async fn read<K: Sink>(
    incoming: Incoming,
    byte_fields: &[&str],
    limits: IntakeLimits,
    sink: &mut K,
) -> Result<JsonForm, Fault> {
    if incoming.content() != Content::Json {
        let message = "the body must be JSON, declared as `Content-Type: application/json`";
        return Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", message));
    }
    let mut reader = incoming.reader(body_bytes_max(limits))?;
    let mut scan = Scan::new(byte_fields, limits.file_bytes_max);
    let mut files = 0;
    while let Some(chunk) = reader.next().await? {
        for found in scan.feed(&chunk)? {
            match found {
                Found::Begin(part) => {
                    files += 1;
                    if files > limits.files_max {
                        return Err(one_too_many(&part.field, limits.files_max));
                    }
                    sink.begin(&part).await?;
                }
                Found::Bytes(bytes) => sink.write(bytes).await?,
            }
        }
    }
    let (skeleton, files) = scan.into_skeleton();
    Ok(JsonForm { fields: parse_strictly(&skeleton)?, files })
}

/// base64 takes 4/3 of the bytes; escapes and line breaks are allowed to add an eighth.
fn body_bytes_max(limits: IntakeLimits) -> u64 {
    let files = limits.file_bytes_max.saturating_mul(limits.files_max as u64);
    (files / 2).saturating_mul(3).saturating_add(TEXT_BYTES_MAX as u64 + 1_024)
}

fn one_too_many(field: &str, files_max: usize) -> Fault {
    let message = match files_max {
        1 => "only one file may be given".to_owned(),
        many => format!("at most {many} files may be given"),
    };
    Fault::invalid(&format!("body.{field}"), "length", message)
}

fn parse_strictly(skeleton: &[u8]) -> Result<Map<String, Value>, Fault> {
    if skeleton.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::invalid("body", "missing", "is required and must be JSON"));
    }
    refuse_nul(skeleton)?;
    match serde_json::from_slice::<Strict>(skeleton) {
        Ok(Strict(Value::Object(fields))) => Ok(fields),
        Ok(_) => Err(Fault::invalid("body", "type", "must be a JSON object")),
        // Its line and column are those of the skeleton, and would mislead.
        Err(error) => {
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            Err(Fault::invalid("body", "format", format!("must be JSON: {what}")))
        }
    }
}

/// Any JSON value in which no key stands twice.
struct Strict(Value);

impl<'de> de::Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                let key: String = key.chars().take(100).collect();
                return Err(de::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::edge::intake::testing::{Kept, from_stream, incoming};

    const FIELDS: &[&str] = &["image", "images.*.base64"];
    const LIMITS: IntakeLimits = IntakeLimits { file_bytes_max: 1 << 20, files_max: 2 };

    fn run(body: &[u8], cuts: &[usize], limits: IntakeLimits) -> (Result<JsonForm, Fault>, Kept) {
        let mut sink = Kept::default();
        let read =
            incoming("application/json", body, cuts).json_with_bytes(FIELDS, limits, &mut sink);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let form = runtime.unwrap().block_on(read);
        (form, sink)
    }

    fn ok(body: &str) -> (JsonForm, Kept) {
        let (form, sink) = run(body.as_bytes(), &[3], LIMITS);
        (form.unwrap(), sink)
    }

    fn fault(body: &str) -> (String, String) {
        let fault = run(body.as_bytes(), &[3], LIMITS).0.unwrap_err();
        (fault.fields[0].path.join("."), fault.message)
    }

    /// Any JSON value, with keys and strings that look like what the scan looks for.
    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("image".to_owned()),
            Just("images".to_owned()),
            Just("base64".to_owned()),
            "[\\\\\"{}\\[\\],: a-z\u{e9}\n]{0,12}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            word.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(word.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_fields_and_files(
            before in any_json(),
            after in any_json(),
            file in prop::collection::vec(any::<u8>(), 0..300),
            second in prop::collection::vec(any::<u8>(), 20..60),
            escaped in any::<bool>(),
            pretty in any::<bool>(),
            cuts in prop::collection::vec(1usize..30, 1..6),
        ) {
            let first = STANDARD.encode(&file);
            let document = json!({
                "before": before,
                "image": first,
                "images": [{"name": "x"}, {"base64": format!("data:image/png;base64,{}", URL_SAFE_NO_PAD.encode(&second))}],
                "after": after,
            });
            let mut text = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            if escaped {
                text = text.replace('/', "\\/");
            }
            let (form, sink) = run(text.as_bytes(), &cuts, LIMITS);
            let form = form.unwrap();
            let mut expected = document;
            expected["image"] = Value::Null;
            expected["images"][1]["base64"] = Value::Null;
            prop_assert_eq!(Value::Object(form.fields), expected);
            prop_assert_eq!(&sink.files, &[file, second]);
            prop_assert_eq!(form.files[1].declared_type.as_deref(), Some("image/png"));
            prop_assert_eq!(&form.files[1].field, "images.1.base64");
        }

        #[test]
        fn a_document_cut_short_is_refused(keep in 0usize..60, cut in 1usize..9) {
            let text = r#"{"a":[1,"x"],"image":"AAAAAAAAAAAAAAAAAAAAAAAAAAAA","b":{"c":null}}"#;
            let (form, _) = run(&text.as_bytes()[..keep], &[cut], LIMITS);
            prop_assert_eq!(form.unwrap_err().kind, Kind::Invalid);
        }

        #[test]
        fn any_bytes_end_in_fields_or_a_fault(
            bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), Just(b'{'), Just(b':'), any::<u8>()], 0..60),
        ) {
            let body = [br#"{"image":"#, bytes.as_slice()].concat();
            // Of two faults, which is told first may depend on how the bytes come.
            let one = run(&body, &[1], LIMITS).0.map(|form| form.fields).ok();
            let whole = run(&body, &[99], LIMITS).0.map(|form| form.fields).ok();
            prop_assert_eq!(one, whole);
        }
    }

    #[test]
    fn data_urls_base64_and_other_urls_are_told_apart() {
        let (form, sink) = ok(r#"{"image":"DATA:Image/JPEG;x=y;base64,AAEC"}"#);
        assert_eq!(form.files[0].declared_type.as_deref(), Some("image/jpeg"));
        assert_eq!(sink.files, [[0, 1, 2]]);
        assert_eq!(form.fields["image"], Value::Null);
        let (form, sink) = ok(r#"{"im\u0061ge":"\u0041AEC"}"#);
        assert_eq!((sink.files, form.files.len()), (vec![vec![0, 1, 2]], 1));
        for url in ["https://a.example/cat.png?x=%22", "s3:\u{2f}x", "blob:abc"] {
            let (form, sink) = ok(&json!({ "image": url }).to_string());
            assert_eq!(form.fields["image"], url);
            assert!(sink.files.is_empty() && form.files.is_empty());
        }
        let (form, _) = ok(r#"{"image":"http\u003a//x"}"#);
        assert_eq!(form.fields["image"], "http://x");
        let (form, sink) = ok(r#"{"image":null,"images":[],"nested":{"image":"not bytes here!"}}"#);
        assert!(sink.files.is_empty());
        assert_eq!(form.fields["nested"]["image"], "not bytes here!");
        let (form, sink) = ok(r#" {"image":""} "#);
        assert_eq!((sink.files, form.files[0].bytes), (vec![vec![]], 0));
    }

    #[test]
    fn bad_base64_names_its_field() {
        for (body, why) in [
            (r#"{"image":"AA*A"}"#, "a character that base64 does not have"),
            (r#"{"image":"AAAAAAAAAAAAAAAAAAAAAAAAA"}"#, "in the middle of a byte"),
            (r#"{"image":"data:image/png,AAAA"}"#, "`;base64`"),
            (r#"{"image":"data:image/png;base64"}"#, "has no comma"),
            (r#"{"image":"AAAAAAAAAAAAAAAAAAAA\u00e9"}"#, "a character"),
            (r#"{"image":"AAAAAAAAAAAAAAAAAAAA\x41"}"#, "an escape"),
            ("{\"image\":\"AAAAAAAAAAAAAAAAAAAA\nAA\"}", "line breaks must be escaped"),
        ] {
            let (path, message) = fault(body);
            assert_eq!(path, "body.image", "{body}");
            assert!(message.contains(why), "{body}: {message}");
        }
        assert!(ok(r#"{"image":"AAAAAAAAAAAAAAAAAAAA\r\nAAAA"}"#).1.files[0].len() == 18);
    }

    #[test]
    fn what_is_not_one_strict_object_is_refused() {
        for (body, why) in [
            ("", "must be JSON"),
            ("  ", "must be JSON"),
            ("[]", "must be a JSON object"),
            (r#""x""#, "must be a JSON object"),
            ("{} x", "trailing characters"),
            (r#"{"a":1,"a":2}"#, "the key `a` stands twice"),
            (r#"{"b":{"a":1,"a":2}}"#, "the key `a` stands twice"),
            (r#"{"image":"AAAA","image":"AAAA"}"#, "the key `image` stands twice"),
            (r#"{"a":1,}"#, "trailing comma"),
            (r#"{"image" "AAAA"}"#, "expected"),
            (r#"{"a":"\u0000"}"#, "U+0000"),
        ] {
            let (_, message) = fault(body);
            assert!(message.contains(why), "{body}: {message}");
        }
    }

    #[test]
    fn limits_hold() {
        let text = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
        assert!(run(text(TEXT_BYTES_MAX - 100).as_bytes(), &[999], LIMITS).0.is_ok());
        let large = run(text(TEXT_BYTES_MAX).as_bytes(), &[999], LIMITS).0.unwrap_err();
        assert_eq!(large.kind, Kind::TooLarge);
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(run(deep(63).as_bytes(), &[9], LIMITS).0.is_ok());
        assert!(fault(&deep(64)).1.contains("must not nest deeper than 64"));
        let file = format!(r#"{{"image":"{}"}}"#, STANDARD.encode([7; 11]));
        let ten = IntakeLimits::one_file(10);
        let large = run(file.as_bytes(), &[9], ten).0.unwrap_err();
        assert_eq!(
            (large.kind, large.fields[0].path.join(".")),
            (Kind::TooLarge, "body.image".into())
        );
        let many = r#"{"image":"AAAA","images":[{"base64":"AAAA"}]}"#;
        let many = run(many.as_bytes(), &[9], IntakeLimits::one_file(10)).0.unwrap_err();
        assert_eq!(many.message, "body.images.0.base64: only one file may be given");
    }

    #[tokio::test]
    async fn bytes_pass_through_as_they_come() {
        let chunks = [Bytes::from_static(br#"{"image":""#)]
            .into_iter()
            .chain(std::iter::repeat_n(Bytes::from_static(&[b'A'; 8_000]), 500))
            .chain([Bytes::from_static(br#"","name":"cat"}"#)]);
        let request = from_stream("application/json", futures::stream::iter(chunks.map(Ok)));
        let mut sink = Kept::default();
        let limits = IntakeLimits::one_file(3_000_000);
        let form = request.json_with_bytes(FIELDS, limits, &mut sink).await.unwrap();
        assert_eq!((form.files[0].bytes, &form.fields["name"]), (3_000_000, &json!("cat")));
        assert!(sink.largest_write <= 8_000);
    }

    #[test]
    fn the_fields_become_a_type() {
        #[derive(Debug, serde::Deserialize)]
        struct Upload {
            name: String,
            image: Option<String>,
        }
        let (form, _) = run(br#"{"name":"cat","image":"AAAA"}"#, &[9], LIMITS);
        let (upload, files) = form.unwrap().parse::<Upload>().unwrap();
        assert_eq!((upload.name.as_str(), upload.image, files.len()), ("cat", None, 1));
        let (form, _) = run(br#"{"name":7}"#, &[9], LIMITS);
        let fault = form.unwrap().parse::<Upload>().unwrap_err();
        assert_eq!(fault.fields[0].path, ["body", "name"]);
    }
}
