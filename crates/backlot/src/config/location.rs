//! Where rows and bytes lie, as one text each: `sqlite:PATH`, `file:PATH`.
//!
//! Owns: reading such a text into something that cannot be half right, and naming an engine that
//! this version does not have.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where the records lie.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server: understood, and refused by [`DatabaseUrl::sqlite_path`].
    Postgres(String),
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH`, `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(raw: &str) -> Result<Self, String> {
        match raw.split_once(':') {
            Some(("sqlite", rest)) => match path_of(rest) {
                Some(path) if path == Path::new(":memory:") => {
                    Err("a database in memory would lose everything; give a file: \"sqlite:PATH\""
                        .to_owned())
                }
                Some(path) => Ok(Self::Sqlite(path)),
                None => Err("the path is missing; write \"sqlite:PATH\"".to_owned()),
            },
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(raw.to_owned()))
            }
            _ => Err("must be \"sqlite:PATH\"".to_owned()),
        }
    }

    /// The file of the database.
    ///
    /// # Errors
    /// A sentence that names the engine this version does not have.
    pub fn sqlite_path(&self) -> Result<&Path, String> {
        match self {
            Self::Sqlite(path) => Ok(path),
            Self::Postgres(_) => {
                Err("PostgreSQL is not supported by this version; use \"sqlite:PATH\"".to_owned())
            }
        }
    }
}

/// The password of a server is not shown.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => f.write_str(&masked_url(url)),
        }
    }
}

/// Where the bytes lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobUrl {
    /// A folder.
    Folder(PathBuf),
    /// A bucket: understood, and refused by [`BlobUrl::folder`].
    S3(String),
}

impl BlobUrl {
    /// Reads `file:PATH`, `file://PATH` or `s3://BUCKET/…`.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(raw: &str) -> Result<Self, String> {
        match raw.split_once(':') {
            Some(("file", rest)) => match path_of(rest) {
                Some(path) => Ok(Self::Folder(path)),
                None => Err("the path is missing; write \"file:PATH\"".to_owned()),
            },
            Some(("s3", rest)) if rest.starts_with("//") => Ok(Self::S3(raw.to_owned())),
            _ => Err("must be \"file:PATH\"".to_owned()),
        }
    }

    /// The folder of the bytes.
    ///
    /// # Errors
    /// A sentence that names the store this version does not have.
    pub fn folder(&self) -> Result<&Path, String> {
        match self {
            Self::Folder(path) => Ok(path),
            Self::S3(_) => Err("S3 is not supported by this version; use \"file:PATH\"".to_owned()),
        }
    }
}

/// `raw` without the password and the query that a URL may carry.
pub(super) fn masked_url(raw: &str) -> String {
    let Some((scheme, rest)) = raw.split_once("://") else {
        return raw.to_owned();
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?***"),
        None => (rest, ""),
    };
    // A password may hold an `@`; the host begins after the last one.
    match rest.rsplit_once('@') {
        Some((user_info, host)) => {
            let user = user_info.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}{query}")
        }
        None => format!("{scheme}://{rest}{query}"),
    }
}

fn path_of(rest: &str) -> Option<PathBuf> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    (!path.is_empty()).then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_says_why_not() {
        let sqlite = |path: &str| Ok(DatabaseUrl::Sqlite(PathBuf::from(path)));
        assert_eq!(DatabaseUrl::parse("sqlite:a.db"), sqlite("a.db"));
        assert_eq!(DatabaseUrl::parse("sqlite:///var/a.db"), sqlite("/var/a.db"));
        for raw in ["sqlite:", "sqlite::memory:", "mysql://h/d", "a.db", "postgres:x"] {
            assert!(DatabaseUrl::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn engines_of_other_versions_are_named() {
        let postgres = DatabaseUrl::parse("postgres://u:secret@db/x").unwrap();
        assert!(postgres.sqlite_path().unwrap_err().contains("PostgreSQL"));
        assert!(!format!("{postgres:?}").contains("secret"));
        let s3 = BlobUrl::parse("s3://bucket/x").unwrap();
        assert!(s3.folder().unwrap_err().contains("S3"));
        let folder = BlobUrl::parse("file:/srv/blobs").unwrap();
        assert_eq!(folder.folder(), Ok(Path::new("/srv/blobs")));
        assert!(BlobUrl::parse("gs://bucket").is_err());
    }

    #[test]
    fn passwords_and_queries_of_urls_are_masked() {
        for (raw, shown) in [
            ("postgres://u:p@ss@db:5432/x?sslmode=require", "postgres://u:***@db:5432/x?***"),
            ("postgres://db/x", "postgres://db/x"),
            ("sqlite:a.db", "sqlite:a.db"),
        ] {
            assert_eq!(masked_url(raw), shown);
        }
    }
}
