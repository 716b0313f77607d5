//! Reads settings into values that cannot be wrong, and gathers every mistake on the way.
//!
//! Each method answers `None` after it has noted a mistake, so that the caller reads all settings
//! before it gives up.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use backlot_library::fetch::AllowedHost;
use backlot_library::limiter::LimitRule;
use toml::Value;
use url::Url;

use super::layers::{Mistake, Settings, Source, is_secret};
use super::units;

pub(super) struct Reader<'a> {
    settings: &'a Settings,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a Settings, mistakes: Vec<Mistake>) -> Self {
        Self { settings, mistakes }
    }

    /// Notes that `key` is wrong.
    pub(super) fn wrong(&mut self, key: &str, message: impl Into<String>) {
        let source = match self.settings.get(key) {
            Some(setting) => setting.source.clone(),
            None => Source::Default,
        };
        self.mistakes.push(Mistake { setting: key.to_owned(), source, message: message.into() });
    }

    /// Any text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if is_secret(key) => Some(text),
            Value::String(text) => Some(text.trim().to_owned()),
            other => {
                let message = format!("must be a text in quotes, not {}", repeat(key, &other));
                self.wrong(key, message);
                None
            }
        }
    }

    /// A text that `parse` understands. Its error says what would be right.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(right) => {
                let message = format!("{right}, not {}", repeat(key, &Value::String(text)));
                self.wrong(key, message);
                None
            }
        }
    }

    /// As [`Self::parsed`]; the outer `None` is a mistake, the inner one is "not set".
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        if self.text(key)?.is_empty() {
            return Some(None);
        }
        self.parsed(key, parse).map(Some)
    }

    /// A whole number within `range`.
    pub(super) fn number<T>(&mut self, key: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i64> + PartialOrd + std::fmt::Display + Copy,
    {
        let value = self.value(key)?;
        let number = value.as_integer().and_then(|number| T::try_from(number).ok());
        match number.filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let (from, to) = (range.start(), range.end());
                let got = repeat(key, &value);
                self.wrong(key, format!("must be a whole number from {from} to {to}, not {got}"));
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, key: &str) -> Option<bool> {
        let value = self.value(key)?;
        let truth = value.as_bool();
        if truth.is_none() {
            self.wrong(key, format!("must be true or false, not {}", repeat(key, &value)));
        }
        truth
    }

    /// A size in bytes within `range`.
    pub(super) fn size(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let bytes = match &value {
            Value::Integer(bytes) => u64::try_from(*bytes).ok(),
            Value::String(text) => units::size(text),
            _ => None,
        };
        match bytes.filter(|bytes| range.contains(bytes)) {
            Some(bytes) => Some(bytes),
            None => {
                let (from, to) = (units::show_size(*range.start()), units::show_size(*range.end()));
                let got = repeat(key, &value);
                self.wrong(
                    key,
                    format!("must be a size from {from} to {to}, such as \"50 MiB\", not {got}"),
                );
                None
            }
        }
    }

    /// A duration within `range`.
    pub(super) fn duration(
        &mut self,
        key: &str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let value = self.value(key)?;
        let duration = value.as_str().and_then(units::duration);
        match duration.filter(|duration| range.contains(duration)) {
            Some(duration) => Some(duration),
            None => {
                let from = units::show_duration(*range.start());
                let to = units::show_duration(*range.end());
                let got = repeat(key, &value);
                self.wrong(
                    key,
                    format!("must be a duration from {from} to {to}, such as \"30s\", not {got}"),
                );
                None
            }
        }
    }

    /// A list whose every item `parse` understands; each that it does not is a mistake.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let Value::Array(items) = &value else {
            let got = repeat(key, &value);
            self.wrong(key, format!("must be a list in square brackets, not {got}"));
            return None;
        };
        let mut parsed = Vec::with_capacity(items.len());
        for item in items {
            let text = match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            match parse(&text) {
                Ok(item) => parsed.push(item),
                Err(right) => self.wrong(key, format!("each item {right}, not `{text}`")),
            }
        }
        (parsed.len() == items.len()).then_some(parsed)
    }

    fn value(&mut self, key: &str) -> Option<Value> {
        let value = self.settings.get(key).map(|setting| setting.value.clone());
        debug_assert!(value.is_some(), "`{key}` is not in the default file");
        value
    }
}

/// What was sent, if it may be repeated.
fn repeat(key: &str, value: &Value) -> String {
    match value {
        _ if is_secret(key) => "what was given".to_owned(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(text) if key.ends_with("_url") => {
            format!("`{}`", super::location::masked_url(text))
        }
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// An IP address and a port.
pub(super) fn address(raw: &str) -> Result<SocketAddr, String> {
    let numeric = raw.replacen("localhost:", "127.0.0.1:", 1);
    numeric
        .parse()
        .map_err(|_| "must be an IP address and a port such as \"127.0.0.1:8080\"".to_owned())
}

/// A base URL, without its trailing slash.
pub(super) fn base_url(raw: &str) -> Result<String, String> {
    let right = "must be an http or https URL without query and password";
    let url = Url::parse(raw).map_err(|_| right.to_owned())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !plain {
        return Err(right.to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A web origin, or `*`.
pub(super) fn origin(raw: &str) -> Result<String, String> {
    if raw == "*" {
        return Ok(raw.to_owned());
    }
    match Url::parse(raw) {
        Ok(url) if url.has_host() && url.origin().ascii_serialization() == raw => {
            Ok(raw.to_owned())
        }
        _ => Err("must be an origin such as \"https://studio.example.com\", or \"*\"".to_owned()),
    }
}

/// An internal host and the port on it.
pub(super) fn allowed_host(raw: &str) -> Result<AllowedHost, String> {
    AllowedHost::parse(raw).map_err(|_| "must be \"host:port\"".to_owned())
}

/// A rate limit.
pub(super) fn rate(raw: &str) -> Result<LimitRule, String> {
    LimitRule::parse(raw).map_err(|right| format!("is no rate: {right}"))
}

/// A port.
pub(super) fn port(raw: &str) -> Result<u16, String> {
    match raw.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("must be a port from 1 to 65535".to_owned()),
    }
}

/// A path to mount an API under.
pub(super) fn prefix(raw: &str) -> Result<String, String> {
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
    };
    match raw.strip_prefix('/') {
        Some(rest) if rest.split('/').all(plain) => Ok(raw.to_owned()),
        _ => {
            Err("must be a path such as \"/piktid\", with a slash only before each part".to_owned())
        }
    }
}

/// A host name without a port, and with or without a path to mount an API under there.
pub(super) fn host(raw: &str) -> Result<String, String> {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let (name, path) = raw.split_at(raw.find('/').unwrap_or(raw.len()));
    if name.split('.').all(label) && (path.is_empty() || prefix(path).is_ok()) {
        Ok(name.to_ascii_lowercase() + path)
    } else {
        let right = "must be a host name such as \"assets.example.com\", or one with a path such as \
                     \"example.com/api\"";
        Err(right.to_owned())
    }
}
