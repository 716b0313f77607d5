//! The layers that settings come from, laid over one another.
//!
//! Owns: the compiled-in defaults, finding and reading `backlot.toml`, the environment and the
//! flags, and remembering for each setting which of them had the last word.
//! Never: judges values; that is the reader's work.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::location::masked_url;

/// The defaults, with the comments that document them.
pub const DEFAULT_FILE: &str = include_str!("config.default.toml");

const ENVIRONMENT_PREFIX: &str = "BACKLOT_";
/// Names the settings file, so it is no setting itself.
const ENVIRONMENT_CONFIG: &str = "BACKLOT_CONFIG";
const FILE_NAME: &str = "backlot.toml";

/// What the process was started with.
#[derive(Debug, Default, Clone)]
pub struct Inputs {
    /// `--config`: the settings file, which must then be there.
    pub config: Option<PathBuf>,
    /// Settings given as flags: `("data_dir", "--data-dir", value)`.
    pub flags: Vec<(&'static str, &'static str, String)>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// Where a setting's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// A settings file.
    File(PathBuf),
    /// A variable of this name.
    Environment(String),
    /// A flag of this name.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What is wrong with one setting, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The setting (`limits.image_max`), or the file where it is none of them.
    pub setting: String,
    /// Who said it.
    pub source: Source,
    /// What was wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.setting, self.source, self.message)
    }
}

/// One setting as it is in force.
#[derive(Clone)]
pub struct Setting {
    /// Its dotted name.
    pub key: String,
    /// Its value; in the type that was written, which need not be the right one.
    pub value: Value,
    /// Who had the last word.
    pub source: Source,
}

impl Setting {
    /// The value in TOML, secrets masked.
    #[must_use]
    pub fn shown(&self) -> Value {
        match &self.value {
            Value::String(text) if text.is_empty() => self.value.clone(),
            Value::String(_) if is_secret(&self.key) => Value::String("***".to_owned()),
            Value::String(text) if self.key.ends_with("_url") => Value::String(masked_url(text)),
            other => other.clone(),
        }
    }
}

/// As it is shown: secrets stay masked.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.key, self.shown(), self.source)
    }
}

/// Whether the value must never be repeated.
pub(super) fn is_secret(key: &str) -> bool {
    key.ends_with("password") || key.ends_with("secret")
}

/// All settings, in the order of the default file.
#[derive(Debug, Clone)]
pub struct Settings {
    settings: Vec<Setting>,
}

impl Settings {
    /// The compiled-in defaults.
    #[must_use]
    #[expect(clippy::expect_used, reason = "compiled in; a test reads it")]
    pub fn defaults() -> Self {
        let table: Table = DEFAULT_FILE.parse().expect("the default settings are TOML");
        let mut settings = Vec::new();
        flatten("", table, &mut |key, value| {
            settings.push(Setting { key, value, source: Source::Default });
        });
        Self { settings }
    }

    /// Lays file, environment and flags over the defaults.
    ///
    /// Returns the warnings; pushes what cannot be used to `mistakes`.
    pub(super) fn gather(inputs: &Inputs, mistakes: &mut Vec<Mistake>) -> (Self, Vec<String>) {
        let mut settings = Self::defaults();
        // Flags and environment say where the data directory is, and that is where the file may
        // lie; so they are laid twice.
        let mut above = settings.clone();
        let warnings = above.lay_environment(inputs, mistakes);
        above.lay_flags(inputs);
        if let Some(path) = find_file(inputs, &above, mistakes) {
            settings.lay_file(&path, mistakes);
            settings.check_file_place(&path, &above, mistakes);
        }
        for setting in above.settings {
            if setting.source != Source::Default {
                settings.put(&setting.key, setting.value, setting.source);
            }
        }
        (settings, warnings)
    }

    /// All of them, in the order of the default file.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// The setting of this dotted name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    fn put(&mut self, key: &str, value: Value, source: Source) {
        if let Some(setting) = self.settings.iter_mut().find(|setting| setting.key == key) {
            setting.value = value;
            setting.source = source;
        }
    }

    fn lay_file(&mut self, path: &Path, mistakes: &mut Vec<Mistake>) {
        let source = Source::File(path.to_owned());
        let mut wrong = |setting: &str, message: String| {
            let setting = setting.to_owned();
            mistakes.push(Mistake { setting, source: source.clone(), message });
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return wrong("settings file", format!("cannot be read: {error}")),
        };
        let table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return wrong("settings file", format!("is not TOML: {error}")),
        };
        flatten("", table, &mut |key, value| {
            let section = format!("{key}.");
            if self.get(&key).is_some() {
                self.put(&key, value, source.clone());
            } else if !self.settings.iter().any(|setting| setting.key.starts_with(&section)) {
                wrong(&key, self.unknown(&key));
            } else if !value.is_table() {
                wrong(&key, format!("is a section; write [{key}] and its settings below"));
            }
        });
    }

    /// A file that lies in the data directory cannot say that the directory is another.
    fn check_file_place(&self, path: &Path, above: &Self, mistakes: &mut Vec<Mistake>) {
        let (Some(said), Some(used)) = (self.get("data_dir"), above.get("data_dir")) else {
            return;
        };
        let Value::String(used) = &used.value else { return };
        let lies_in_it = path == Path::new(used).join(FILE_NAME);
        if lies_in_it && said.source != Source::Default && said.value.as_str() != Some(used) {
            mistakes.push(Mistake {
                setting: "data_dir".to_owned(),
                source: said.source.clone(),
                message: format!(
                    "a file inside the data directory {used} cannot name another one; \
                     take the line out, or use --config"
                ),
            });
        }
    }

    fn lay_environment(&mut self, inputs: &Inputs, mistakes: &mut Vec<Mistake>) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, value) in &inputs.environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(ENVIRONMENT_PREFIX))
            else {
                continue;
            };
            if name == ENVIRONMENT_CONFIG {
                continue;
            }
            let found = self.settings.iter().find(|setting| environment_name(&setting.key) == name);
            let Some(setting) = found else {
                warnings.push(format!("{name} is no setting and has no effect{}", self.near(name)));
                continue;
            };
            let key = setting.key.clone();
            let source = Source::Environment(name.to_owned());
            match value.to_str() {
                Some(text) => {
                    let value = typed_like(&setting.value, text);
                    self.put(&key, value, source);
                }
                None => mistakes.push(Mistake {
                    setting: key,
                    source,
                    message: "is not UTF-8".to_owned(),
                }),
            }
        }
        warnings
    }

    fn lay_flags(&mut self, inputs: &Inputs) {
        for (key, flag, value) in &inputs.flags {
            self.put(key, Value::String(value.clone()), Source::Flag(flag));
        }
    }

    fn unknown(&self, key: &str) -> String {
        let near = closest(key, self.settings.iter().map(|setting| setting.key.as_str()));
        match near {
            Some(near) => format!("there is no such setting; did you mean {near}?"),
            None => "there is no such setting; `backlot config` lists all of them".to_owned(),
        }
    }

    fn near(&self, name: &str) -> String {
        let names: Vec<String> =
            self.settings.iter().map(|setting| environment_name(&setting.key)).collect();
        match closest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean {near}?"),
            None => String::new(),
        }
    }
}

/// `fetch.allow` is `BACKLOT_FETCH_ALLOW`.
#[must_use]
pub fn environment_name(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

fn find_file(inputs: &Inputs, above: &Settings, mistakes: &mut Vec<Mistake>) -> Option<PathBuf> {
    if let Some(path) = &inputs.config {
        return Some(path.clone());
    }
    let named = inputs.environment.iter().find(|(name, _)| name == ENVIRONMENT_CONFIG);
    if let Some((_, path)) = named.filter(|(_, path)| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    let data_dir = above.get("data_dir").and_then(|setting| setting.value.as_str());
    let places = [data_dir.map(|dir| Path::new(dir).join(FILE_NAME)), Some(FILE_NAME.into())];
    for place in places.into_iter().flatten() {
        match place.try_exists() {
            Ok(true) => return Some(place),
            Ok(false) => {}
            Err(error) => mistakes.push(Mistake {
                setting: "settings file".to_owned(),
                source: Source::File(place),
                message: format!("cannot be looked at: {error}"),
            }),
        }
    }
    None
}

/// Calls `leaf` with each dotted name and value; an empty section is a leaf too.
fn flatten(prefix: &str, table: Table, leaf: &mut impl FnMut(String, Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if !inner.is_empty() => flatten(&key, inner, leaf),
            other => leaf(key, other),
        }
    }
}

/// A text from the environment in the type of the default; left a text where it does not fit, so
/// that the reader says what would be right.
fn typed_like(default: &Value, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    match default {
        Value::Integer(_) => text.trim().parse().map_or_else(|_| as_text(), Value::Integer),
        Value::Boolean(_) => text.trim().parse().map_or_else(|_| as_text(), Value::Boolean),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => as_text(),
    }
}

/// The name most like `name`, if any is like it at all.
fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.len() / 4).max(1);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
