//! How files in an archive are called.
//!
//! Owns: the template, what its words stand for, and that every name is safe to unpack anywhere:
//! no absolute path, no `..`, no character that a file system refuses, no name twice.

use std::collections::{HashMap, HashSet};

use backlot_model::asset::Asset;
use backlot_model::clock::{DAY_MS, SECOND_MS};
use backlot_model::{Fault, Millis};
use serde_json::{Map, Value};

/// A file name with its extension, in characters.
const FILE_CHARS_MAX: usize = 128;
/// A folder, in characters.
const FOLDER_CHARS_MAX: usize = 64;
/// How deep folders may nest.
const FOLDERS_MAX: usize = 8;
/// A template, in characters.
const TEMPLATE_CHARS_MAX: usize = 500;
/// How many words of a prompt or description make up a name.
const WORDS_MAX: usize = 8;
/// Words that say nothing.
const FUNCTION_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it",
    "its", "of", "on", "or", "that", "the", "this", "to", "was", "with",
];
/// What stands between words, and goes with a word that is left out.
const SEPARATORS: &[char] = &['-', '_', ' ', '.', ','];

/// What a word of a template stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Token {
    Id,
    Seed,
    Num,
    Prompt,
    Generator,
    Description,
}

impl Token {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "id" => Self::Id,
            "seed" => Self::Seed,
            "num" => Self::Num,
            "prompt" => Self::Prompt,
            "generator" => Self::Generator,
            "description" => Self::Description,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Token(Token),
}

/// A template that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// Folders, then the file.
    parts: Vec<Vec<Piece>>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// `invalid` at `body.template`.
    pub(super) fn parse(raw: &str) -> Result<Self, Fault> {
        let wrong = |rule, said: String| Err(Fault::invalid("body.template", rule, said));
        if raw.chars().count() > TEMPLATE_CHARS_MAX {
            return wrong("length", format!("must have at most {TEMPLATE_CHARS_MAX} characters"));
        }
        let mut parts = Vec::new();
        for part in raw.split('/').filter(|part| !part.trim().is_empty()) {
            let (mut pieces, mut rest) = (Vec::new(), part);
            while let Some((text, after)) = rest.split_once('<') {
                let Some((word, after)) = after.split_once('>') else {
                    return wrong("format", "`<` must be followed by a word and `>`".to_owned());
                };
                let Some(token) = Token::parse(word.trim()) else {
                    let known = "<id>, <seed>, <num>, <prompt>, <generator>, <description>";
                    return wrong("enum", format!("knows {known}, and not <{word}>"));
                };
                pieces.extend([Piece::Text(text.to_owned()), Piece::Token(token)]);
                rest = after;
            }
            pieces.push(Piece::Text(rest.to_owned()));
            parts.push(pieces);
        }
        if parts.len() > FOLDERS_MAX + 1 {
            return wrong("length", format!("must have at most {FOLDERS_MAX} folders"));
        }
        Ok(Self { parts })
    }

    /// A name without extension. `words` is how many words of prompt and description may stand in
    /// each part.
    fn render(&self, facts: &Facts, extension: &str, flat: bool) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut parts = Vec::new();
        for (place, pieces) in self.parts.iter().enumerate() {
            let is_file = place + 1 == self.parts.len();
            let chars_max = match is_file || flat {
                true => FILE_CHARS_MAX - extension.chars().count() - 1,
                false => FOLDER_CHARS_MAX,
            };
            let before = seen.clone();
            let mut words = WORDS_MAX;
            let part = loop {
                seen = before.clone();
                let part = render_part(pieces, facts, &mut seen, words);
                if words == 0 || part.chars().count() <= chars_max {
                    break part;
                }
                words -= 1;
            };
            let part: String = part.chars().take(chars_max).collect();
            let part = part.trim_matches(SEPARATORS).to_owned();
            if !part.is_empty() {
                parts.push(sanitised(&part));
            }
        }
        parts
    }
}

fn render_part(pieces: &[Piece], facts: &Facts, seen: &mut HashSet<Token>, words: usize) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Token(token) => {
                let value = facts.value(*token, words);
                if value.is_empty() || !seen.insert(*token) {
                    out.truncate(out.trim_end_matches(SEPARATORS).len());
                } else {
                    out.push_str(&value);
                }
            }
        }
    }
    out
}

/// What a name can tell of an asset.
struct Facts {
    id: String,
    seed: String,
    num: String,
    prompt: Vec<String>,
    generator: String,
    description: Vec<String>,
}

impl Facts {
    fn of(asset: &Asset, num: usize) -> Self {
        // What was stored is an object; it was checked when it came.
        let parameters: Map<String, Value> =
            serde_json::from_str(&asset.parameters).unwrap_or_default();
        let text = |name: &str| match parameters.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let generator = match text("generator") {
            none if none.is_empty() => asset.lineage.model_id.clone().unwrap_or_default(),
            said => said,
        };
        Self {
            id: asset.id.dressed("asset"),
            seed: text("seed"),
            num: num.to_string(),
            prompt: slug(&text("prompt")),
            generator,
            description: slug(asset.description.as_deref().unwrap_or_default()),
        }
    }

    fn value(&self, token: Token, words: usize) -> String {
        let joined = |all: &[String]| all[..all.len().min(words)].join("_");
        match token {
            Token::Id => self.id.clone(),
            Token::Seed => self.seed.clone(),
            Token::Num => self.num.clone(),
            Token::Prompt => joined(&self.prompt),
            Token::Generator => self.generator.clone(),
            Token::Description => joined(&self.description),
        }
    }
}

/// The words of a text that say something, in lower case.
fn slug(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !FUNCTION_WORDS.contains(word))
        .take(WORDS_MAX)
        .map(|word| word.chars().take(FOLDER_CHARS_MAX).collect())
        .collect()
}

/// The names of all files, in the order of the assets; no two are the same where case does not
/// matter.
pub(super) fn all(template: &Template, assets: &[Asset], flat: bool) -> Vec<String> {
    let mut runs: HashMap<&str, usize> = HashMap::new();
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(assets.len());
    for asset in assets {
        let run = asset.lineage.inference_id.as_deref().unwrap_or_default();
        let num = runs.entry(run).or_default();
        *num += 1;
        let facts = Facts::of(asset, *num);
        let extension = backlot_imaging::extension(asset.mime_type.as_deref().unwrap_or_default());
        let mut parts = template.render(&facts, extension, flat);
        if parts.is_empty() {
            parts.push(facts.id.clone());
        }
        let stem = if flat { parts.join("-") } else { parts.pop().unwrap_or_default() };
        let folder =
            if flat { String::new() } else { parts.iter().map(|it| format!("{it}/")).collect() };
        names.push(untaken(&mut taken, &folder, &stem, extension));
    }
    names
}

fn untaken(taken: &mut HashSet<String>, folder: &str, stem: &str, extension: &str) -> String {
    for n in 1.. {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        let room = FILE_CHARS_MAX - extension.chars().count() - 1 - number.len();
        let stem: String = stem.chars().take(room).collect();
        let name = format!("{folder}{stem}{number}.{extension}");
        if taken.insert(name.to_lowercase()) {
            return name;
        }
    }
    unreachable!("there are more numbers than names")
}

/// A name that every file system takes.
pub(super) fn sanitised(raw: &str) -> String {
    let safe = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    let name: String = raw.chars().map(safe).collect();
    let name = name.trim().trim_matches('.').trim();
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']))
    };
    let is_device = matches!(&*stem, "con" | "prn" | "aux" | "nul");
    match name {
        "" => "_".to_owned(),
        _ if is_device || numbered("com") || numbered("lpt") => format!("_{name}"),
        _ => name.to_owned(),
    }
}

/// What an archive is called when nobody says.
pub(super) fn dated(now: Millis) -> String {
    let (year, month, day) = civil(now);
    format!("{year:04}{month:02}{day:02}-export")
}

/// A time as ZIP keeps it: UTC, in steps of two seconds, from 1980 on.
pub(super) fn zip_time(at: Millis) -> zip::DateTime {
    let (year, month, day) = civil(at);
    let seconds = at.rem_euclid(DAY_MS) / SECOND_MS;
    let part = |value: i64| u8::try_from(value).unwrap_or_default();
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let year = u16::try_from(year).unwrap_or_default();
    zip::DateTime::from_date_and_time(
        year,
        part(month),
        part(day),
        part(hour),
        part(minute),
        part(second),
    )
    .unwrap_or_default()
}

/// Year, month and day of a time, in UTC, by the proleptic Gregorian calendar.
fn civil(at: Millis) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of a year.
    let days = at.div_euclid(DAY_MS) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts() -> Facts {
        Facts {
            id: "asset_1".to_owned(),
            seed: "42".to_owned(),
            num: "3".to_owned(),
            prompt: slug("A cat, dancing on the moon with its 7 very best friends and a dog"),
            generator: "flux".to_owned(),
            description: Vec::new(),
        }
    }

    fn named(template: &str, flat: bool) -> String {
        Template::parse(template).unwrap().render(&facts(), "png", flat).join("/")
    }

    #[test]
    fn words_stand_for_what_is_known() {
        for (template, name) in [
            ("<id>", "asset_1"),
            ("<prompt>", "cat_dancing_moon_7_very_best_friends_dog"),
            ("<seed>-<num>-<generator>", "42-3-flux"),
            ("<description>-<id>", "asset_1"),
            ("<id>-<description>", "asset_1"),
            ("<seed>_<seed>_<id>", "42_asset_1"),
            ("<generator>/<seed>", "flux/42"),
            ("<generator>/<description>", "flux"),
            ("plain", "plain"),
            ("", ""),
            ("../../<id>", "asset_1"),
            ("a:b*<id>", "a_b_asset_1"),
            ("con/<id>", "_con/asset_1"),
        ] {
            assert_eq!(named(template, false), name, "{template}");
        }
    }

    #[test]
    fn a_template_with_unknown_words_is_refused() {
        for template in ["<nonsense>", "<id", "<>", &"x".repeat(501), "1/2/3/4/5/6/7/8/9/10"] {
            let fault = Template::parse(template).unwrap_err();
            assert_eq!(fault.fields[0].path, ["body", "template"], "{template}");
        }
    }

    #[test]
    fn long_prompts_are_cut_first() {
        let long = Facts { prompt: vec!["x".repeat(30); 8], ..facts() };
        let template = Template::parse("<prompt>/<prompt>-<id>").unwrap();
        let parts = template.render(&long, "png", false);
        assert_eq!(parts[0].chars().count(), 61);
        assert_eq!(parts[1], "asset_1");
        let template = Template::parse("<prompt>-<id>").unwrap();
        let [part] = &template.render(&long, "png", false)[..] else { unreachable!() };
        assert!(part.ends_with("-asset_1") && part.chars().count() <= 124, "{part}");
    }

    #[test]
    fn equal_names_are_numbered() {
        let mut taken = HashSet::new();
        let names: Vec<_> =
            ["cat", "Cat", "cat", "cat-2"].map(|it| untaken(&mut taken, "", it, "png")).into();
        assert_eq!(names, ["cat.png", "Cat-2.png", "cat-3.png", "cat-2-2.png"]);
        let long = "x".repeat(300);
        let names = [(); 2].map(|()| untaken(&mut taken, "a/", &long, "png"));
        assert!(names.iter().all(|name| name.len() == 2 + FILE_CHARS_MAX), "{names:?}");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(1_709_164_800_000), (2024, 2, 29));
        assert_eq!(civil(1_709_251_200_000), (2024, 3, 1));
        assert_eq!(dated(1_767_225_599_999), "20251231-export");
        assert_eq!(zip_time(1_767_225_599_999).to_string(), "2025-12-31 23:59:58");
        assert_eq!(zip_time(0), zip::DateTime::default());
    }

    proptest! {
        #[test]
        fn every_name_is_safe_to_unpack(template in "[a-z<>/.:\\\\ -]{0,40}", prompt in ".{0,80}") {
            let Ok(template) = Template::parse(&template) else { return Ok(()) };
            let facts = Facts { prompt: slug(&prompt), generator: prompt, ..facts() };
            for part in template.render(&facts, "png", false) {
                prop_assert!(!part.is_empty() && part != "." && part != "..");
                prop_assert!(!part.contains(['/', '\\', ':', '\0']), "{part}");
                prop_assert!(part.chars().count() <= FILE_CHARS_MAX);
            }
        }
    }
}
