//! Finds out whether a path lies on a network file system.

use std::path::{Path, PathBuf};

use super::super::{DbError, DbErrorKind};

/// SQLite's log needs memory shared by all its users, which these do not give.
const NETWORK: &[&str] = &[
    "afs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// Refuses a database file on a network file system, where the system tells (Linux).
pub(super) fn refuse_network(database: &Path) -> Result<(), DbError> {
    let folder = match database.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (Ok(mounts), Ok(folder)) =
        (std::fs::read_to_string("/proc/self/mountinfo"), folder.canonicalize())
    else {
        // Not Linux, or no such folder: opening the file will tell.
        return Ok(());
    };
    match file_system(&mounts, &folder) {
        Some(kind) if NETWORK.contains(&kind) => {
            let message = format!(
                "{} lies on a network file system ({kind}), where SQLite does not work: \
                 put the database on a local disk or use PostgreSQL",
                database.display()
            );
            Err(DbError::new(DbErrorKind::WrongFile, message))
        }
        _ => Ok(()),
    }
}

/// The type of the file system `path` lies on: that of the longest mount point above it, the last
/// one mounted when several share a place.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((mount, rest)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (mount.split(' ').nth(4), rest.split(' ').next()) else {
            continue;
        };
        let point = unescape(point);
        let depth = point.components().count();
        if path.starts_with(&point) && found.is_none_or(|(deepest, _)| depth >= deepest) {
            found = Some((depth, kind));
        }
    }
    found.map(|(_, kind)| kind)
}

/// Mount points are written with spaces, tabs and backslashes as `\040` and so on.
fn unescape(point: &str) -> PathBuf {
    let point = point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
    PathBuf::from(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /srv rw - nfs4 box:/export rw
41 40 254:2 / /srv/local rw - xfs /dev/vdb rw
42 22 0:36 / /mnt/two\\040words rw master:3 - cifs //box/share rw
43 22 0:37 / /data rw - ext4 /dev/vdc rw
44 43 0:38 / /data rw - nfs box:/data rw";

    #[test]
    fn the_deepest_and_last_mount_counts() {
        let kinds = [
            ("/home/me", "ext4"),
            ("/srv", "nfs4"),
            ("/srv/library", "nfs4"),
            ("/srv/local/db", "xfs"),
            ("/srvx", "ext4"),
            ("/mnt/two words/db", "cifs"),
            ("/data/db", "nfs"),
        ];
        for (path, kind) in kinds {
            assert_eq!(file_system(MOUNTS, Path::new(path)), Some(kind), "{path}");
        }
    }

    #[test]
    fn a_local_folder_is_fine() {
        refuse_network(&std::env::temp_dir().join("backlot.db")).unwrap();
    }
}
