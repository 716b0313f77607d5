//! Generated pages are committed as they would be made now.

use std::fs;

use super::settle;
use crate::docs::{Page, pages};
use crate::workspace::root;

#[test]
fn generated_pages_are_current() {
    let root = root();
    let is_stale = |page: &Page| {
        let committed = fs::read_to_string(root.join(&page.path)).unwrap_or_default();
        committed != page.text
    };
    let complaints: Vec<String> =
        pages(&root).unwrap().into_iter().filter(is_stale).map(|page| page.path).collect();
    settle("run `cargo xtask docs` and commit what it writes", &complaints);
}
