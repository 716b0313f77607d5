//! Generated pages are committed as they would be made now.

use std::fs;

use super::settle;
use crate::docs::PAGES;
use crate::workspace::root;

#[test]
fn generated_pages_are_current() {
    let root = root();
    let is_stale = |page: &&crate::docs::Page| {
        let committed = fs::read_to_string(root.join(page.path)).unwrap_or_default();
        committed != (page.make)(&root).unwrap()
    };
    let complaints: Vec<String> =
        PAGES.iter().filter(is_stale).map(|page| page.path.to_owned()).collect();
    settle("run `cargo xtask docs` and commit what it writes", &complaints);
}
