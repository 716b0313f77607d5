//! Generation parameters as pairs of path and value, which filters ask for.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// How many leaves of one asset are indexed; the first ones in the order of the text.
pub const LEAVES_MAX: usize = 64;

/// The scalar leaves of a JSON object, each with its dotted path: members by name, members of
/// arrays by number (`loras.0.name`). `null` is no leaf. A text that is no JSON has none.
pub(super) fn leaves(json: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if json != "{}"
        && let Ok(value) = serde_json::from_str(json)
    {
        collect(&value, &mut String::new(), &mut found);
    }
    found
}

fn collect(value: &Value, path: &mut String, found: &mut Vec<(String, String)>) {
    if found.len() == LEAVES_MAX {
        return;
    }
    match value {
        Value::Null => {}
        Value::Bool(value) => found.push((path.clone(), value.to_string())),
        Value::Number(value) => found.push((path.clone(), value.to_string())),
        Value::String(value) => found.push((path.clone(), value.clone())),
        Value::Array(members) => {
            for (place, member) in members.iter().enumerate() {
                within(path, &place.to_string(), member, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                within(path, name, member, found);
            }
        }
    }
}

fn within(path: &mut String, name: &str, member: &Value, found: &mut Vec<(String, String)>) {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    path.push_str(name);
    collect(member, path, found);
    path.truncate(length);
}

/// The prompt: `prompt` at the top, when it is a string.
pub(super) fn prompt(json: &str) -> Option<String> {
    if json == "{}" {
        return None;
    }
    match serde_json::from_str::<Value>(json).ok()?.get_mut("prompt")?.take() {
        Value::String(prompt) => Some(prompt),
        _ => None,
    }
}

/// One key for a path and a value: the first 64 bits of a SHA-256. Two different pairs share it
/// with a chance of 1 in 10^19.
///
/// Numbers that are equal are the same value however they are written, as number or as string:
/// `42`, `42.0`, `"42"` and `4.2e1`. Whole numbers beyond 64 bits are compared by their digits.
pub(super) fn pair(path: &str, value: &str) -> i64 {
    let mut hash = Sha256::new();
    hash.update(path.len().to_le_bytes());
    hash.update(path);
    hash.update(canonical(value));
    let mut bits = [0; 8];
    bits.copy_from_slice(&hash.finalize()[..8]);
    i64::from_le_bytes(bits)
}

/// Every key of an asset's parameters, without repeats.
pub(super) fn pairs(json: &str) -> Vec<i64> {
    let mut pairs: Vec<i64> = leaves(json).iter().map(|(path, value)| pair(path, value)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn canonical(value: &str) -> String {
    let starts = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    // JSON allows white space around a number, which is a different value.
    if !starts || !value.ends_with(|last: char| last.is_ascii_digit()) {
        return value.to_owned();
    }
    match serde_json::from_str::<Value>(value) {
        Ok(Value::Number(number)) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => whole.to_string(),
            (_, Some(whole), _) => whole.to_string(),
            (.., Some(0.0)) => "0".to_owned(),
            (.., Some(real)) if value.contains(['.', 'e', 'E']) => real.to_string(),
            _ => value.to_owned(),
        },
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_found_at_dotted_paths() {
        let json = r#"{"seed":42,"loras":[{"name":"a","weight":0.5}],"hires":true,"none":null}"#;
        let found = leaves(json);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        let wanted =
            [("seed", "42"), ("loras.0.name", "a"), ("loras.0.weight", "0.5"), ("hires", "true")];
        assert_eq!(found, wanted);
        assert!(leaves("no json").is_empty());
    }

    #[test]
    fn leaves_are_bounded() {
        let json = serde_json::json!({"all": (0..1_000).collect::<Vec<_>>()}).to_string();
        assert_eq!(leaves(&json).len(), LEAVES_MAX);
    }

    #[test]
    fn equal_numbers_are_one_value_however_they_are_written() {
        for same in ["4200e-2", "42.0", "4.2e1", "42.000"] {
            assert_eq!(pair("seed", same), pair("seed", "42"), "{same}");
        }
        assert_eq!(pair("x", "-0.0"), pair("x", "0"));
        assert_eq!(pair("x", "-0"), pair("x", "0"));
        assert_eq!(pair("x", "18446744073709551615"), pair("x", "18446744073709551615"));
        let different = [
            "42",
            "042",
            "42 ",
            "-42",
            "42.5",
            "4242",
            "18446744073709551615",
            "18446744073709551616",
            "18446744073709551617",
            "",
            "true",
        ];
        let mut pairs = different.map(|value| pair("x", value)).to_vec();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), different.len());
        assert_ne!(pair("a", "bc"), pair("ab", "c"));
    }

    #[test]
    fn only_a_string_is_a_prompt() {
        assert_eq!(prompt(r#"{"prompt":"a cat"}"#).as_deref(), Some("a cat"));
        assert_eq!(prompt(r#"{"prompt":7}"#), None);
        assert_eq!(prompt("{}"), None);
        assert_eq!(prompt("[1]"), None);
    }
}
