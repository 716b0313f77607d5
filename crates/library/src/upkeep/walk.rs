//! Finding the files under the paths that an operator names.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// What a walk comes upon.
#[derive(Debug)]
pub enum Found {
    /// A file, and its size in bytes.
    File(PathBuf, u64),
    /// Something that cannot be looked at, and why.
    Unreadable(PathBuf, io::Error),
}

/// Calls `visit` with every file at or under `roots`, folders in the order of their names; ends
/// early when it answers false.
///
/// Links are followed, but no folder is entered twice, so links in a circle end. Under a root, names
/// that begin with a dot are passed over. Sockets and other things that are no files are, too.
pub fn walk(roots: &[PathBuf], mut visit: impl FnMut(Found) -> bool) {
    let mut entered = HashSet::new();
    let mut waiting: Vec<PathBuf> = roots.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        let went_on = match look(&path, &mut entered) {
            Ok(Thing::File(bytes)) => visit(Found::File(path, bytes)),
            Ok(Thing::Folder(inside)) => {
                waiting.extend(inside.into_iter().rev());
                true
            }
            Ok(Thing::Other) => true,
            Err(error) => visit(Found::Unreadable(path, error)),
        };
        if !went_on {
            return;
        }
    }
}

enum Thing {
    File(u64),
    Folder(Vec<PathBuf>),
    /// A folder that was entered before, or nothing that has bytes.
    Other,
}

fn look(path: &Path, entered: &mut HashSet<PathBuf>) -> io::Result<Thing> {
    let metadata = path.metadata()?;
    if metadata.is_file() {
        return Ok(Thing::File(metadata.len()));
    }
    if !metadata.is_dir() || !entered.insert(path.canonicalize()?) {
        return Ok(Thing::Other);
    }
    let mut inside = Vec::new();
    for entry in path.read_dir()? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            inside.push(entry.path());
        }
    }
    inside.sort_unstable();
    Ok(Thing::Folder(inside))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(roots: &[PathBuf]) -> (Vec<String>, usize) {
        let (mut names, mut unreadable) = (Vec::new(), 0);
        walk(roots, |found| {
            match found {
                Found::File(path, _) => {
                    names.push(path.file_name().unwrap().to_string_lossy().into_owned());
                }
                Found::Unreadable(..) => unreadable += 1,
            }
            true
        });
        (names, unreadable)
    }

    #[test]
    fn folders_are_entered_once_and_hidden_names_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join(".pictures");
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::create_dir(root.join(".cache")).unwrap();
        for name in ["b/c/3", "b/2", "a", ".hidden", ".cache/4"] {
            fs::write(root.join(name), name).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&root, root.join("b/c/loop")).unwrap();
            std::os::unix::fs::symlink(root.join("nowhere"), root.join("z")).unwrap();
        }
        let (found, unreadable) = names(&[root.clone(), root.join("b")]);
        assert_eq!(found, ["a", "2", "3"]);
        assert_eq!(unreadable, usize::from(cfg!(unix)));
        assert_eq!(names(&[root.join(".hidden"), root.join("missing")]).0, [".hidden"]);
    }

    #[test]
    fn a_walk_ends_when_nobody_wants_more() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["1", "2", "3"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        let mut seen = 0;
        walk(&[dir.path().to_owned()], |_| {
            seen += 1;
            seen < 2
        });
        assert_eq!(seen, 2);
    }
}
