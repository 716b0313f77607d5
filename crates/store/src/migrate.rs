//! Forward-only migrations, embedded in the binary.
//!
//! Owns: the order of migrations and the table `schema_migration`, which tells what was applied.
//! Each migration is one transaction, recorded inside it. A published migration never changes:
//! its checksum is compared at every start.
//! Never: goes back. A database that a newer version has migrated is refused.

use backlot_model::clock::Millis;
use backlot_model::fault::Fault;
use sha2::{Digest as _, Sha256};

use crate::args;
use crate::db::{Db, DbError, Fetch, Tx};

/// One step of the schema. Text shared by the engines runs first, the engine's own after it.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number; the list is in growing order.
    pub version: i64,
    /// What it brings, in a word.
    pub name: &'static str,
    /// For every engine.
    pub shared: &'static str,
    /// For SQLite only.
    pub sqlite: &'static str,
    /// For PostgreSQL only.
    pub postgres: &'static str,
}

/// The schema of this version.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "core",
        shared: include_str!("../migrations/0001_core.sql"),
        sqlite: include_str!("../migrations/0001_core.sqlite.sql"),
        postgres: "",
    },
    Migration {
        version: 2,
        name: "jobs",
        shared: include_str!("../migrations/0002_jobs.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 3,
        name: "alias",
        shared: include_str!("../migrations/0003_alias.sql"),
        sqlite: "",
        postgres: "",
    },
];

/// What was found, or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The number of the migration.
    pub version: i64,
    /// Its name.
    pub name: String,
}

/// Where a database stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it has, oldest first.
    pub applied: Vec<Applied>,
    /// What [`run`] would apply, in this order.
    pub pending: Vec<Applied>,
}

/// Why a database cannot be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer version of the program has been here.
    #[error(
        "the database has migration {found} `{name}`, which this version does not know: \
         it was migrated by a newer version, start that one"
    )]
    Newer {
        /// The first unknown migration.
        found: i64,
        /// Its name.
        name: String,
    },
    /// The text of a migration is not the one that was applied.
    #[error("migration {version} `{name}` is not the one that was applied to this database")]
    Changed {
        /// The migration.
        version: i64,
        /// Its name.
        name: &'static str,
    },
    /// A migration is missing before one that was applied.
    #[error("migration {version} `{name}` is missing although later ones were applied")]
    Gap {
        /// The missing migration.
        version: i64,
        /// Its name.
        name: &'static str,
    },
    /// A migration failed and was undone; those before it stay.
    #[error("migration {version} `{name}` failed and was undone: {error}")]
    Failed {
        /// The migration.
        version: i64,
        /// Its name.
        name: &'static str,
        /// What the database said.
        error: DbError,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<MigrateError> for Fault {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Db(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

/// Tells where the database stands, and changes nothing.
pub async fn check(db: &Db, migrations: &[Migration]) -> Result<Standing, MigrateError> {
    let applied = match has_table(db).await? {
        true => records(db).await?,
        false => Vec::new(),
    };
    stand(migrations, &applied, db.engine_name())
}

/// Applies what is pending, each in its own transaction, and tells what was applied.
///
/// Several processes may do this at once: each migration is applied by one of them.
pub async fn run(
    db: &Db,
    migrations: &[Migration],
    now_ms: Millis,
) -> Result<Vec<Applied>, MigrateError> {
    let mut done = Vec::new();
    check(db, migrations).await?;
    for migration in migrations {
        let tx = db.begin().await?;
        tx.execute_script(TABLE).await?;
        let applied = records(&tx).await?;
        let standing = stand(migrations, &applied, tx.engine_name())?;
        if standing.pending.first().is_none_or(|next| next.version != migration.version) {
            continue;
        }
        apply(&tx, migration, now_ms).await?;
        tx.commit().await.map_err(|error| failed(migration, error))?;
        tracing::info!(version = migration.version, name = migration.name, "migrated");
        done.push(migration.described());
    }
    Ok(done)
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    version    BIGINT NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    checksum   TEXT   NOT NULL,
    applied_at BIGINT NOT NULL
)";

async fn apply(tx: &Tx, migration: &Migration, now_ms: Millis) -> Result<(), MigrateError> {
    let engine = tx.engine_name();
    let run = async {
        tx.execute_script(migration.shared).await?;
        tx.execute_script(migration.own(engine)).await?;
        let (version, name) = (migration.version, migration.name);
        let checksum = migration.checksum(engine);
        let sql = "INSERT INTO schema_migration (version, name, checksum, applied_at)
                   VALUES ($1, $2, $3, $4)";
        tx.execute(sql, args![version, name, checksum, now_ms]).await
    };
    match run.await {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(migration, error)),
    }
}

fn failed(migration: &Migration, error: DbError) -> MigrateError {
    MigrateError::Failed { version: migration.version, name: migration.name, error }
}

struct Record {
    version: i64,
    name: String,
    checksum: String,
}

async fn has_table(db: &Db) -> Result<bool, DbError> {
    let sql = match db.engine_name() {
        "sqlite" => "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'",
        _ => "SELECT 1 WHERE to_regclass('schema_migration') IS NOT NULL",
    };
    Ok(db.fetch_optional(sql, args![], |_| Ok(())).await?.is_some())
}

async fn records(db: &impl Fetch) -> Result<Vec<Record>, DbError> {
    let sql = "SELECT version, name, checksum FROM schema_migration ORDER BY version";
    db.fetch(sql, args![], |row| {
        Ok(Record { version: row.get(0)?, name: row.get(1)?, checksum: row.get(2)? })
    })
    .await
}

/// What was applied has to be a beginning of the list, with the same texts.
fn stand(
    migrations: &[Migration],
    records: &[Record],
    engine: &str,
) -> Result<Standing, MigrateError> {
    for record in records {
        match migrations.iter().find(|migration| migration.version == record.version) {
            None => {
                let (found, name) = (record.version, record.name.clone());
                return Err(MigrateError::Newer { found, name });
            }
            Some(known) if known.checksum(engine) != record.checksum => {
                return Err(MigrateError::Changed { version: known.version, name: known.name });
            }
            Some(_) => {}
        }
    }
    let (before, pending) = migrations.split_at(records.len());
    for (migration, record) in before.iter().zip(records) {
        if migration.version != record.version {
            return Err(MigrateError::Gap { version: migration.version, name: migration.name });
        }
    }
    let described =
        |migrations: &[Migration]| migrations.iter().map(Migration::described).collect();
    Ok(Standing { applied: described(before), pending: described(pending) })
}

impl Migration {
    fn described(&self) -> Applied {
        Applied { version: self.version, name: self.name.to_owned() }
    }

    fn own(&self, engine: &str) -> &'static str {
        match engine {
            "sqlite" => self.sqlite,
            _ => self.postgres,
        }
    }

    /// SHA-256 over the texts that run on `engine`, in hexadecimal.
    fn checksum(&self, engine: &str) -> String {
        let mut hash = Sha256::new();
        for text in [self.shared, self.own(engine)] {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        hex::encode(hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_the_folder_is_a_migration() {
        let mut expected = Vec::new();
        for migration in MIGRATIONS {
            let stem = format!("{:04}_{}", migration.version, migration.name);
            expected.push((format!("{stem}.sql"), migration.shared.to_owned()));
            for (engine, own) in [("postgres", migration.postgres), ("sqlite", migration.sqlite)] {
                if !own.is_empty() {
                    expected.push((format!("{stem}.{engine}.sql"), own.to_owned()));
                }
            }
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read_to_string(path).unwrap())
            })
            .collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert!(found == expected, "a file is not embedded, or under another name");
    }
}
