//! Which way dependencies point: `model <- {imaging, store} <- library <- http <- backlot`.

use std::fs;

use toml::Table;

use super::sources::{all, words};
use super::{Source, settle};
use crate::workspace::root;

/// Each crate, and the crates of ours it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("imaging", &["model"]),
    ("store", &["model"]),
    ("library", &["model", "imaging", "store"]),
    ("http", &["model", "library"]),
    ("backlot", &["model", "imaging", "store", "library", "http"]),
];

/// Crates of others that belong to one layer, and where they may be named.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("object_store", &["store"]),
    ("image", &["imaging"]),
    ("fast_image_resize", &["imaging"]),
    ("libwebp-sys", &["imaging"]),
    ("turbojpeg", &["imaging"]),
    ("reqwest", &["library"]),
    ("axum", &["http", "backlot"]),
    // The library's only HTTP is that of the fetcher, as a client.
    ("hyper", &["library", "http", "backlot"]),
    ("http", &["library", "http", "backlot"]),
    ("tower", &["http", "backlot"]),
    ("tower-http", &["http"]),
    ("utoipa", &["http"]),
    ("utoipa-axum", &["http"]),
    ("struson", &["http"]),
    ("clap", &["backlot"]),
    ("tracing-subscriber", &["backlot"]),
];

const DIALECTS: &str = "crates/http/src/dialects/";

/// What of the http crate all dialects share.
const SHARED: &[&str] = &["app", "door", "edge"];

fn manifest(name: &str) -> Table {
    let path = root().join("crates").join(name).join("Cargo.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn names(manifest: &Table, section: &str) -> Vec<String> {
    let section = manifest.get(section).and_then(toml::Value::as_table);
    section.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn the_arrow_table_names_every_crate() {
    let mut folders: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut known: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(folders, known, "a new crate needs its place in ARROWS");
}

#[test]
fn our_crates_depend_only_downwards() {
    let mut complaints = Vec::new();
    for (name, allowed) in ARROWS {
        let manifest = manifest(name);
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for dependency in names(&manifest, section) {
                let Some(ours) = dependency.strip_prefix("backlot-") else { continue };
                if !allowed.contains(&ours) && ours != *name {
                    complaints.push(format!("{name} must not know {ours} ({section})"));
                }
            }
        }
    }
    settle("model <- {imaging, store} <- library <- http <- backlot", &complaints);
}

#[test]
fn drivers_codecs_and_frameworks_stay_in_their_layer() {
    let mut complaints = Vec::new();
    for (name, _) in ARROWS {
        for dependency in names(&manifest(name), "dependencies") {
            let home = HOMES.iter().find(|(theirs, _)| *theirs == dependency);
            if let Some((_, homes)) = home
                && !homes.contains(name)
            {
                complaints.push(format!("{name} names {dependency}, which belongs to {homes:?}"));
            }
        }
    }
    settle("a crate of others is named in the layer that needs it", &complaints);
}

#[test]
fn the_model_has_no_serialised_form() {
    let manifest = manifest("model");
    let sections = ["dependencies", "dev-dependencies"];
    let named = sections.iter().flat_map(|section| names(&manifest, section));
    let complaints: Vec<String> = named.filter(|name| name.starts_with("serde")).collect();
    settle("wire formats belong to the dialects and rows to store", &complaints);
}

#[test]
fn sources_name_no_layer_they_must_not_know() {
    // Manifests keep crates apart; these are paths that a re-export could carry across.
    let forbidden: &[(&str, &[&str])] = &[
        ("crates/model/src/", &["serde", "tokio", "axum", "rusqlite"]),
        ("crates/imaging/src/", &["tokio", "axum", "rusqlite", "reqwest"]),
        ("crates/store/src/", &["axum", "reqwest", "backlot_library"]),
        ("crates/library/src/", &["axum", "rusqlite", "object_store", "StatusCode", "HeaderMap"]),
        ("crates/http/src/", &["backlot_store", "backlot_imaging", "rusqlite", "object_store"]),
    ];
    let mut complaints = Vec::new();
    for source in all() {
        // The fetcher is a client of other servers.
        if source.path.starts_with("crates/library/src/fetch") {
            continue;
        }
        for (_, names) in forbidden.iter().filter(|(folder, _)| source.path.starts_with(folder)) {
            let found = source.code_words().find(|word| names.contains(word));
            if let Some(word) = found {
                complaints.push(format!("{} names {word}", source.path));
            }
        }
    }
    settle("a layer does not name what belongs to another", &complaints);
}

#[test]
fn a_dialect_knows_the_edge_the_library_the_model_and_itself() {
    let sources = all();
    let within: Vec<&Source> =
        sources.iter().filter(|source| source.path.starts_with(DIALECTS)).collect();
    let dialect_of = |source: &Source| {
        let inside = &source.path[DIALECTS.len()..];
        inside.split_once('/').map(|(name, _)| name.to_owned())
    };
    let mut names: Vec<String> = within.iter().filter_map(|source| dialect_of(source)).collect();
    names.dedup();
    let mut complaints = Vec::new();
    for source in within {
        let Some(own) = dialect_of(source) else { continue };
        for other in names.iter().filter(|name| **name != own) {
            if words(&source.code).any(|word| word == other) {
                complaints.push(format!("{} names {other}", source.path));
            }
        }
        complaints.extend(foreign_paths(source, &own));
    }
    settle(
        "a dialect imports the model, the library, crate::{app, door, edge} and itself",
        &complaints,
    );
}

/// Paths of the http crate that a dialect must not use.
fn foreign_paths(source: &Source, own: &str) -> Vec<String> {
    let itself = format!("dialects::{own}");
    let follows = source.code.match_indices("crate::").map(|(at, found)| {
        let rest = &source.code[at + found.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    });
    follows
        .filter(|path| !SHARED.iter().any(|shared| path.starts_with(shared)))
        .filter(|path| !path.starts_with(&itself))
        .map(|path| format!("{} uses crate::{path}", source.path))
        .collect()
}

#[test]
fn foreign_paths_are_found() {
    let check = |code: &str| {
        let path = format!("{DIALECTS}oak/mod.rs");
        foreign_paths(&Source { path, text: String::new(), code: code.to_owned() }, "oak").len()
    };
    assert_eq!(check("use crate::edge::Caller; use crate::dialects::oak::wire;"), 0);
    assert_eq!(check("use crate::native::assets; use crate::{edge, media};"), 2);
}
