//! What a fetched file is called: a hint out of `Content-Disposition` or the URL, made harmless.

use backlot_model::limits::NAME_CHARS_MAX;
use percent_encoding::percent_decode_str;
use url::Url;

/// The last piece of the URL's path. Only a name: without folders, control characters and leading
/// dots, at most 255 characters.
pub(super) fn in_path(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    harmless(&percent_decode_str(last).decode_utf8_lossy())
}

/// The name that an answer gives, as harmless. RFC 6266: `filename*` (UTF-8 only) wins over
/// `filename`.
pub(super) fn disposed(disposition: &str) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    for (name, value) in parameters(disposition) {
        if name.eq_ignore_ascii_case("filename*") {
            extended = extended.or_else(|| extended_value(&value));
        } else if name.eq_ignore_ascii_case("filename") {
            plain = plain.or(Some(value));
        }
    }
    extended.as_deref().and_then(harmless).or_else(|| plain.as_deref().and_then(harmless))
}

/// RFC 8187: `UTF-8'language'percent-encoded`.
fn extended_value(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let charset = parts.next()?;
    let encoded = parts.nth(1)?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decode_str(encoded).decode_utf8().ok().map(Into::into)
}

/// The `name=value` pairs after the first semicolon, quotes and backslashes undone.
fn parameters(disposition: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = disposition.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, tail)) = rest.split_once('=') {
        let name = name.trim_matches([' ', '\t', ';']);
        let tail = tail.trim_start();
        let (value, after) = match tail.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = tail.find(';').unwrap_or(tail.len());
                (tail[..end].trim_end().to_owned(), &tail[end..])
            }
        };
        found.push((name, value));
        rest = after;
    }
    found
}

/// A quoted string whose opening quote is gone, and what follows its closing one.
fn unquoted(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

fn harmless(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let clean: String = name.chars().filter(|character| !character.is_control()).collect();
    let clean: String = clean.trim().trim_start_matches('.').chars().take(NAME_CHARS_MAX).collect();
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(disposition: &str) -> Option<String> {
        disposed(disposition)
    }

    fn from_url(path: &str) -> Option<String> {
        in_path(&Url::parse(&format!("http://example.com{path}")).unwrap())
    }

    #[test]
    fn a_disposition_gives_its_name() {
        for (disposition, name) in [
            ("attachment; filename=cat.jpg", "cat.jpg"),
            ("attachment;filename=\"a cat.jpg\"; size=3", "a cat.jpg"),
            ("inline; size=3; FILENAME = \"c\\\"a\\\\t;.jpg\"", "t;.jpg"),
            ("attachment; filename=\"x=y;z.jpg\"; a=b", "x=y;z.jpg"),
            ("attachment; filename=\"cat.jpg", "cat.jpg"),
            ("attachment; filename=a.jpg; filename*=UTF-8''k%C3%A4tzchen.jpg", "kätzchen.jpg"),
            ("attachment; filename*=utf-8'de'%E2%82%AC.jpg; filename=b.jpg", "€.jpg"),
            ("attachment; filename*=iso-8859-1''%A3.jpg; filename=b.jpg", "b.jpg"),
            ("attachment; filename*=UTF-8''%ff.jpg; filename=b.jpg", "b.jpg"),
        ] {
            assert_eq!(named(disposition).as_deref(), Some(name), "{disposition}");
        }
    }

    #[test]
    fn a_name_is_made_harmless() {
        for (disposition, name) in [
            ("attachment; filename=\"../../etc/passwd\"", "passwd"),
            ("attachment; filename=\"C:\\\\Temp\\\\cat.jpg\"", "cat.jpg"),
            ("attachment; filename*=UTF-8''..%2F..%2Fcat.jpg", "cat.jpg"),
            ("attachment; filename*=UTF-8''a%0D%0Ab%00.jpg", "ab.jpg"),
            ("attachment; filename=.htaccess", "htaccess"),
        ] {
            assert_eq!(named(disposition).as_deref(), Some(name), "{disposition}");
        }
        let long = named(&format!("attachment; filename={}.jpg", "é".repeat(500))).unwrap();
        assert_eq!(long.chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn without_one_the_path_names_the_file() {
        assert_eq!(from_url("/a/b/my%20cat.jpg?x=y.png").as_deref(), Some("my cat.jpg"));
        assert_eq!(from_url("/a/..%2Fb.jpg").as_deref(), Some("b.jpg"));
        assert_eq!(from_url("/a/%ff.jpg").as_deref(), Some("\u{fffd}.jpg"));
        for path in ["", "/", "/a/", "/%00", "/..."] {
            assert_eq!(from_url(path), None, "{path}");
        }
        assert_eq!(named("attachment"), None);
        assert_eq!(named("attachment; filename=\"\""), None);
    }

    proptest! {
        #[test]
        fn no_disposition_breaks_the_parser(raw in r#"(;|=|"|\\|'|%|filename|\*|UTF-8|é|.){0,30}"#) {
            if let Some(name) = named(&raw) {
                prop_assert!(!name.contains(['/', '\\', '\0', '\n']));
                prop_assert!(!name.is_empty() && !name.starts_with('.'));
            }
        }
    }
}
