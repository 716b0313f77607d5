//! The threads that read, and snapshots, which keep one of them for several reads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::super::{DbError, DbErrorKind};
use super::connection::Conn;
use super::error::from_io;
use super::options::SqliteOptions;
use super::{Job, answer, closed, job, run_caught};

/// A bounded queue of reads and the threads that take from it.
pub(super) struct Readers {
    queue: Mutex<Queue>,
    arrived: Condvar,
    waiting_max: usize,
    read_max: Duration,
}

struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Readers {
    pub(super) fn new(options: &SqliteOptions) -> Self {
        Self {
            queue: Mutex::new(Queue { jobs: VecDeque::new(), is_closed: false }),
            arrived: Condvar::new(),
            waiting_max: options.waiting_reads_max,
            read_max: Duration::from_millis(options.read_ms_max),
        }
    }

    /// Starts a thread that serves the queue with `conn` until it is closed.
    pub(super) fn spawn(readers: &Arc<Self>, conn: Conn) -> Result<JoinHandle<()>, DbError> {
        let readers = Arc::clone(readers);
        let thread = std::thread::Builder::new().name("sqlite-read".to_owned());
        thread
            .spawn(move || {
                while let Some(job) = readers.next() {
                    conn.may_run(readers.read_max);
                    run_caught(job, &conn);
                    // A snapshot ends here, however it ended.
                    conn.rollback();
                }
            })
            .map_err(|error| from_io("cannot start a reader", ".".as_ref(), error))
    }

    pub(super) fn push(&self, job: Job) -> Result<(), DbError> {
        let mut queue = self.lock();
        if queue.is_closed {
            return Err(closed());
        }
        if queue.jobs.len() >= self.waiting_max {
            return Err(DbError::new(DbErrorKind::Busy, "too many reads are waiting"));
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    /// Lets the threads finish what is queued and end.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.is_closed {
                return None;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading transaction that has a reader for itself.
pub(crate) struct Snapshot {
    jobs: mpsc::Sender<Job>,
    wait: Duration,
    /// So that snapshots never take every reader.
    _place: OwnedSemaphorePermit,
}

impl Snapshot {
    pub(super) async fn begin(
        readers: &Readers,
        place: OwnedSemaphorePermit,
        options: &SqliteOptions,
    ) -> Result<Self, DbError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (idle_max, read_max) = (options.snapshot_idle(), readers.read_max);
        let snapshot = Self { jobs, wait: options.read_wait(), _place: place };
        readers.push(Box::new(move |conn| {
            while let Ok(job) = inbox.recv_timeout(idle_max) {
                conn.may_run(read_max);
                run_caught(job, conn);
            }
        }))?;
        snapshot.send(Conn::begin_read).await?;
        Ok(snapshot)
    }

    /// Runs `work` in the snapshot.
    pub(in crate::db) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        self.send(move |conn| match conn.in_transaction() {
            true => work(conn),
            false => Err(DbError::new(DbErrorKind::Aborted, "the snapshot has ended")),
        })
        .await
    }

    async fn send<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (job, reply) = job(work);
        if self.jobs.send(job).is_err() {
            return Err(DbError::new(DbErrorKind::Aborted, "the snapshot stood idle too long"));
        }
        match tokio::time::timeout(self.wait, reply).await {
            Ok(reply) => answer(reply),
            Err(_) => Err(DbError::new(DbErrorKind::Busy, "waited too long for a reader")),
        }
    }
}
