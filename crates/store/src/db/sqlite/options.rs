//! The limits of the SQLite engine.

use std::time::Duration;

/// How a SQLite file is served. The defaults hold a million assets within 40 MB at rest.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Connections that read, one thread each; at least 2, so that a snapshot never takes the last.
    pub readers: usize,
    /// Page cache of the writing connection, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection, in KiB.
    pub reader_cache_kib: u32,
    /// How much of the file is mapped into memory, in bytes; 0 for none. Mapped pages are shared
    /// by all connections and counted as resident by the system.
    pub mmap_bytes: u64,
    /// How long a read waits for a reader and a transaction for its turn, in milliseconds.
    pub wait_ms_max: u64,
    /// How long one read may run, in milliseconds.
    pub read_ms_max: u64,
    /// How long a snapshot may stand idle between two reads, in milliseconds.
    pub snapshot_idle_ms_max: u64,
    /// How many reads may wait for a reader; the next one is refused as busy.
    pub waiting_reads_max: usize,
    /// Whether a commit survives a power cut. Anything else is for tests.
    pub durability: Durability,
}

/// What a commit promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut.
    PowerCut,
    /// It survives the end of the process only: for tests.
    Process,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            readers: cores.clamp(2, 4),
            writer_cache_kib: 8 << 10,
            reader_cache_kib: 4 << 10,
            mmap_bytes: 0,
            wait_ms_max: 5_000,
            read_ms_max: 30_000,
            snapshot_idle_ms_max: 30_000,
            waiting_reads_max: 1_024,
            durability: Durability::PowerCut,
        }
    }
}

impl SqliteOptions {
    pub(super) fn reader_count(&self) -> usize {
        self.readers.max(2)
    }

    pub(super) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms_max)
    }

    /// A read waits for a reader and then runs.
    pub(super) fn read_wait(&self) -> Duration {
        self.wait() + Duration::from_millis(self.read_ms_max)
    }

    pub(super) fn snapshot_idle(&self) -> Duration {
        Duration::from_millis(self.snapshot_idle_ms_max)
    }
}
