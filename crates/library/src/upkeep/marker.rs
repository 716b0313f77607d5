//! The bond between records and bytes: one id, written in both at the first start and compared at
//! each start, so that a wrong or unmounted volume is noticed before anything is written to it.

use std::fmt;

use backlot_model::media::Digest;
use backlot_model::{Fault, Ids, Kind};
use backlot_store::blobs::Blobs;
use backlot_store::db::{Db, Fetch};
use backlot_store::settings;

use crate::Library;

/// Where the database keeps the id.
const SETTING: &str = "store-id";

/// Why records and bytes do not belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerTrouble {
    /// The store has no marker: it is empty, or its volume is not mounted.
    Missing,
    /// The store is that of another library.
    Other {
        /// The id in the store.
        found: String,
        /// The id in the database.
        expected: String,
    },
    /// The database is new, and the store has files already.
    NewDatabase {
        /// The id in the store.
        found: String,
    },
}

impl fmt::Display for MarkerTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "the store of the files does not have the marker that was written when the library \
                 was made: its volume is not mounted, or it is another folder",
            ),
            Self::Other { found, expected } => write!(
                f,
                "the store of the files belongs to another library (its marker is `{found}`, the \
                 database's `{expected}`)"
            ),
            Self::NewDatabase { found } => write!(
                f,
                "the database is new, but the store of the files holds those of a library \
                 already (`{found}`)"
            ),
        }
    }
}

impl std::error::Error for MarkerTrouble {}

impl From<MarkerTrouble> for Fault {
    fn from(trouble: MarkerTrouble) -> Self {
        Self::new(Kind::Unavailable, "storage-unavailable", trouble.to_string()).because(trouble)
    }
}

/// Compares the ids of records and bytes; writes one to both when both are new. Its id.
///
/// # Errors
/// A [`MarkerTrouble`], as the fault's cause; storage and database faults.
pub async fn bind(db: &Db, blobs: &Blobs, ids: &Ids) -> Result<String, Fault> {
    if settings::get(db, SETTING).await?.is_some() {
        return compare(db, blobs).await;
    }
    // Of two processes that start at once, one waits here.
    let tx = db.begin().await?;
    if settings::get(&tx, SETTING).await?.is_some() {
        drop(tx);
        return compare(db, blobs).await;
    }
    let id = match blobs.marker().await? {
        // The first start may have ended between the two markers.
        Some(found) if is_empty(blobs).await? => found,
        Some(found) => return Err(MarkerTrouble::NewDatabase { found }.into()),
        None => {
            let id = ids.next::<Digest>().to_string();
            blobs.write_marker(&id).await?;
            id
        }
    };
    settings::put(&tx, SETTING, &id).await?;
    tx.commit().await?;
    Ok(id)
}

/// The id of the library in `db`; `None` when it was never bound to a store.
pub(super) async fn id_of(db: &impl Fetch) -> Result<Option<String>, Fault> {
    Ok(settings::get(db, SETTING).await?)
}

async fn compare(db: &Db, blobs: &Blobs) -> Result<String, Fault> {
    let Some(expected) = id_of(db).await? else {
        return Err(Fault::internal("the database has no store id"));
    };
    match blobs.marker().await? {
        Some(found) if found == expected => Ok(expected),
        Some(found) => Err(MarkerTrouble::Other { found, expected }.into()),
        None => Err(MarkerTrouble::Missing.into()),
    }
}

async fn is_empty(blobs: &Blobs) -> Result<bool, Fault> {
    for prefix in 0..=u8::MAX {
        let listing = blobs.list(prefix).await?;
        if !listing.blobs.is_empty() || !listing.strays.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Library {
    /// Whether the store of the files is there and the right one.
    ///
    /// # Errors
    /// As [`bind`].
    pub async fn check_bytes(&self) -> Result<(), Fault> {
        compare(self.db(), self.blobs()).await.map(drop)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Database faults.
    pub async fn check_records(&self) -> Result<(), Fault> {
        id_of(self.db()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use backlot_model::HandClock;
    use backlot_store::testing::{disk, sqlite};

    use super::*;

    fn trouble(fault: Fault) -> MarkerTrouble {
        let cause = fault.cause.unwrap();
        cause.downcast_ref::<MarkerTrouble>().unwrap().clone()
    }

    async fn fresh_store() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open_disk(&folder.path().join("blobs"), Default::default());
        (folder, blobs)
    }

    #[tokio::test]
    async fn records_and_bytes_are_bound_at_the_first_start() {
        let ids = Ids::new(Arc::new(HandClock::default()));
        let (db, (_folder, blobs)) = (sqlite().await, fresh_store().await);
        let id = bind(&db, &blobs, &ids).await.unwrap();
        assert_eq!(blobs.marker().await.unwrap(), Some(id.clone()));
        assert_eq!(bind(&db, &blobs, &ids).await.unwrap(), id);
        let (_other_folder, unmounted) = fresh_store().await;
        let refused = bind(&db, &unmounted, &ids).await.unwrap_err();
        assert_eq!(trouble(refused), MarkerTrouble::Missing);
        let expected = id.clone();
        let other = disk().await;
        let refused = bind(&db, &other, &ids).await.unwrap_err();
        assert_eq!(trouble(refused), MarkerTrouble::Other { found: "test".into(), expected });
    }

    #[tokio::test]
    async fn a_new_database_takes_an_empty_store_and_no_other() {
        let ids = Ids::new(Arc::new(HandClock::default()));
        let (db, blobs) = (sqlite().await, disk().await);
        let mut staging = blobs.stage(10);
        staging.write(b"bytes").await.unwrap();
        let staged = staging.finish().await.unwrap();
        let digest = staged.digest();
        blobs.commit(staged).await.unwrap();
        let refused = bind(&db, &blobs, &ids).await.unwrap_err();
        assert_eq!(trouble(refused), MarkerTrouble::NewDatabase { found: "test".into() });
        blobs.delete(digest).await.unwrap();
        assert_eq!(bind(&db, &blobs, &ids).await.unwrap(), "test");
    }
}
