//! Versions in HTTP: `ETag`, `If-Match`, `If-None-Match`.
//!
//! Owns: their syntax and comparison (RFC 9110 § 8.8.3, § 13.1). What a version is, the caller
//! says. Never: changes anything; an atomic check against a row belongs to the library, which
//! gets the versions that [`Matching`] lists.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use backlot_model::{Fault, Kind};

/// A strong entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// A tag for this version. Characters that a tag cannot carry are left out, so build versions
    /// from digits, letters and hyphens.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self(version.chars().filter(|c| c.is_ascii_graphic() && *c != '"').collect())
    }

    /// The header's value: the version in quotes.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        // Only graphic ASCII is inside, so this cannot fail; an empty tag is still a tag.
        HeaderValue::from_str(&format!("\"{}\"", self.0))
            .unwrap_or(HeaderValue::from_static("\"\""))
    }
}

/// A condition of the client on the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matching {
    /// There is no condition.
    Absent,
    /// `*`: any version that exists.
    Any,
    /// One of these versions, unquoted. Weak tags in `If-Match` never match and are left out, so
    /// the list may be empty: then nothing matches.
    OneOf(Vec<String>),
}

impl Matching {
    /// The `If-Match` condition; weak tags never match there.
    #[must_use]
    pub fn if_match(headers: &HeaderMap) -> Self {
        Self::read(headers, &header::IF_MATCH, false)
    }

    /// The `If-None-Match` condition; weak tags match there like strong ones.
    #[must_use]
    pub fn if_none_match(headers: &HeaderMap) -> Self {
        Self::read(headers, &header::IF_NONE_MATCH, true)
    }

    /// Whether `tag` is among the versions; an absent condition names none.
    #[must_use]
    pub fn names(&self, tag: &ETag) -> bool {
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&tag.0),
        }
    }

    /// As an `If-Match` condition: a fault when there is one and `tag` is not among its versions.
    ///
    /// # Errors
    /// [`Kind::PreconditionFailed`].
    pub fn require(&self, tag: &ETag) -> Result<(), Fault> {
        if *self == Self::Absent || self.names(tag) {
            return Ok(());
        }
        let message = "this has changed since the version that `If-Match` names; read it again";
        Err(Fault::new(Kind::PreconditionFailed, "version-mismatch", message))
    }

    fn read(headers: &HeaderMap, name: &HeaderName, weak_counts: bool) -> Self {
        let mut versions = Vec::new();
        let mut present = false;
        for value in headers.get_all(name) {
            present = true;
            let raw = value.to_str().unwrap_or_default().trim();
            if raw == "*" {
                return Self::Any;
            }
            collect_tags(raw, weak_counts, &mut versions);
        }
        if present { Self::OneOf(versions) } else { Self::Absent }
    }
}

/// Reads `"a", W/"b", "c"`; stops at what is no tag. A bare word is taken as a tag, since clients
/// forget the quotes.
fn collect_tags(raw: &str, weak_counts: bool, versions: &mut Vec<String>) {
    let mut rest = raw.trim_start_matches([',', ' ', '\t']);
    while !rest.is_empty() {
        let (weak, tail) = match rest.strip_prefix("W/") {
            Some(tail) => (true, tail),
            None => (false, rest),
        };
        let (tag, after) = match tail.strip_prefix('"') {
            Some(quoted) => match quoted.split_once('"') {
                Some(split) => split,
                None => return,
            },
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        if !weak || weak_counts {
            versions.push(tag.trim().to_owned());
        }
        rest = after.trim_start_matches([',', ' ', '\t']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn if_match(value: &str) -> Matching {
        Matching::if_match(&headers(header::IF_MATCH, value))
    }

    #[test]
    fn lists_weak_tags_and_stars_are_read() {
        let list = |versions: &[&str]| {
            Matching::OneOf(versions.iter().map(|version| (*version).to_owned()).collect())
        };
        assert_eq!(Matching::if_match(&HeaderMap::new()), Matching::Absent);
        assert_eq!(if_match("*"), Matching::Any);
        assert_eq!(if_match(r#""a", "b,c" ,"d""#), list(&["a", "b,c", "d"]));
        assert_eq!(if_match(r#"W/"a""#), list(&[]));
        assert_eq!(if_match("bare"), list(&["bare"]));
        assert_eq!(if_match(r#""open"#), list(&[]));
        let weak = headers(header::IF_NONE_MATCH, r#"W/"a", "b""#);
        assert_eq!(Matching::if_none_match(&weak), list(&["a", "b"]));
    }

    #[test]
    fn only_another_version_is_a_failed_precondition() {
        let tag = ETag::new("v-7");
        assert_eq!(tag.header(), "\"v-7\"");
        assert!(Matching::Absent.require(&tag).is_ok());
        assert!(if_match("*").require(&tag).is_ok());
        assert!(if_match(r#""v-6", "v-7""#).require(&tag).is_ok());
        for other in [r#""v-6""#, r#"W/"v-7""#, ""] {
            assert_eq!(if_match(other).require(&tag).unwrap_err().kind, Kind::PreconditionFailed);
        }
    }

    #[test]
    fn a_tag_cannot_break_its_header() {
        assert_eq!(ETag::new("a\"b\r\nc é").header(), "\"abc\"");
    }
}
