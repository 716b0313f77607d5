//! Prints settings with their sources, secrets masked.

use serde_json::{Map, json};

use super::layers::{Settings, environment_name};

/// As a settings file, each line with its source behind it.
#[must_use]
pub fn as_toml(settings: &Settings) -> String {
    let mut text = String::new();
    let mut section = "";
    for setting in settings.iter() {
        let (in_section, name) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
        if in_section != section {
            section = in_section;
            text.push_str(&format!("\n[{section}]\n"));
        }
        text.push_str(&format!("{name} = {}  # {}\n", setting.shown(), setting.source));
    }
    text
}

/// As an object: dotted name → value, source, and the variable that would set it.
#[must_use]
pub fn as_json(settings: &Settings) -> serde_json::Value {
    let one = |setting: &super::Setting| {
        let entry = json!({
            "value": setting.shown(),
            "source": setting.source.to_string(),
            "environment": environment_name(&setting.key),
        });
        (setting.key.clone(), entry)
    };
    serde_json::Value::Object(settings.iter().map(one).collect::<Map<_, _>>())
}
