//! The lists of `deny.toml`, enforced without `cargo deny`, which takes minutes to install.

use std::fs;
use std::process::Command;

use serde_json::Value;
use toml::Table;

use super::settle;
use crate::workspace::root;

fn rules() -> Table {
    fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn texts(rules: &Table, section: &str, key: &str) -> Vec<String> {
    let list = rules[section][key].as_array().unwrap();
    list.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// All packages that a build on this machine can contain, whatever its features.
fn packages() -> Vec<Value> {
    let host = Command::new(env!("CARGO")).args(["-vV"]).output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--all-features"])
        .args(["--filter-platform", host])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().clone();
    assert!(packages.len() > 50, "the dependencies were not found");
    packages
}

#[test]
fn licences_bans_and_sources_are_as_deny_toml_says() {
    let rules = rules();
    let licences = texts(&rules, "licenses", "allow");
    let registries = texts(&rules, "sources", "allow-registry");
    let bans = rules["bans"]["deny"].as_array().unwrap();
    let banned: Vec<&str> = bans.iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    let mut complaints = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        if banned.contains(&name) {
            complaints.push(format!("{name} is banned"));
        }
        let Some(source) = package["source"].as_str() else { continue };
        if !registries.iter().any(|registry| source == format!("registry+{registry}")) {
            complaints.push(format!("{name} comes from {source}"));
        }
        let licence = package["license"].as_str().unwrap_or("no licence at all");
        if !is_allowed(licence, &licences) {
            complaints.push(format!("{name} is under {licence}"));
        }
    }
    settle("dependencies keep to deny.toml", &complaints);
}

fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let Ok(expression) = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX) else {
        return false;
    };
    expression.evaluate(|required| allowed.iter().any(|licence| *licence == required.to_string()))
}

#[test]
fn a_choice_of_licences_needs_one_and_a_sum_needs_all() {
    let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned()];
    for (licence, is_fine) in [
        ("MIT OR GPL-3.0-only", true),
        ("MIT/Apache-2.0", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR ISC) AND Apache-2.0", true),
        ("AGPL-3.0-or-later", false),
        ("whatever you like", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), is_fine, "{licence}");
    }
}
