//! What an operator does: starting and stopping, accounts, import, upkeep, and sudden death.

mod accounts;
mod backup;
mod crash;
mod demo;
mod import;
mod serve;
mod verify;

use std::path::{Path, PathBuf};

use backlot::painting::{Motif, paint};
use backlot_imaging::OutputFormat;

/// A small picture of its own for each seed.
pub(crate) fn picture(seed: u64) -> Vec<u8> {
    paint(Motif::Discs, seed, (96, 64), OutputFormat::Jpeg).unwrap()
}

/// Writes small pictures with these names into `folder`.
fn write_pictures(folder: &Path, names: &[&str]) {
    for (seed, name) in (1..).zip(names) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, picture(seed)).unwrap();
    }
}

/// Every file under `folder`, sorted.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
