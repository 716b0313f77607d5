//! The thread that writes, and the transactions that take turns on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::super::{DbError, DbErrorKind};
use super::connection::Conn;
use super::error::from_io;
use super::options::SqliteOptions;
use super::{Job, acquire, answer, closed, job, run_caught};

/// The one place writes go through. Turns are given in the order they were asked for.
pub(super) struct Writer {
    commands: mpsc::Sender<Command>,
    turn: Arc<Semaphore>,
    wait: Duration,
    ended: watch::Receiver<bool>,
}

enum Command {
    Run(Job),
    Stop,
}

impl Writer {
    /// Starts the thread. At its end it waits for `readers`, so that the last connection to close
    /// is the one that may fold the log into the file.
    pub(super) fn spawn(
        conn: Conn,
        readers: Vec<JoinHandle<()>>,
        options: &SqliteOptions,
    ) -> Result<Self, DbError> {
        let (commands, inbox) = mpsc::channel();
        let (has_ended, ended) = watch::channel(false);
        let thread = std::thread::Builder::new().name("sqlite-write".to_owned());
        thread
            .spawn(move || {
                while let Ok(Command::Run(job)) = inbox.recv() {
                    run_caught(job, &conn);
                }
                finish(conn, readers);
                has_ended.send_replace(true);
            })
            .map_err(|error| from_io("cannot start the writer", ".".as_ref(), error))?;
        let turn = Arc::new(Semaphore::new(1));
        Ok(Self { commands, turn, wait: options.wait(), ended })
    }

    pub(super) async fn begin(&self) -> Result<WriteTx, DbError> {
        let turn = acquire(&self.turn, self.wait).await?;
        // Made before it begins, so that it is undone when this future is dropped meanwhile.
        let tx = WriteTx {
            commands: self.commands.clone(),
            turn: Some(turn),
            is_lost: AtomicBool::new(false),
        };
        tx.send(Conn::begin).await?;
        Ok(tx)
    }

    /// Runs `work`, which begins and ends its own transaction, in a turn of its own.
    pub(super) async fn once<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let turn = acquire(&self.turn, self.wait).await?;
        let (job, reply) = job(move |conn| {
            let result = work(conn);
            drop(turn);
            result
        });
        self.commands.send(Command::Run(job)).map_err(|_| closed())?;
        answer(reply.await)
    }

    /// Waits for the running transaction, refuses new ones, ends the thread.
    pub(super) async fn close(&self) -> Result<(), DbError> {
        match acquire(&self.turn, self.wait).await {
            Ok(_turn) => {
                self.turn.close();
                // Fails only when the thread has ended already.
                let _ = self.commands.send(Command::Stop);
            }
            Err(error) if !self.turn.is_closed() => return Err(error),
            Err(_) => {}
        }
        let mut ended = self.ended.clone();
        // Fails only when the thread has gone, which is what is waited for.
        let _ = ended.wait_for(|&ended| ended).await;
        Ok(())
    }
}

fn finish(conn: Conn, readers: Vec<JoinHandle<()>>) {
    for reader in readers {
        if reader.join().is_err() {
            tracing::error!("a reader of the database died");
        }
    }
    conn.rollback();
    if let Err(error) = conn.optimize() {
        tracing::warn!(%error, "could not refresh the statistics of the database");
    }
    if let Err((_, error)) = conn.raw.close() {
        tracing::error!(%error, "could not close the database");
    }
}

/// A writing transaction: it has the turn until it is committed or undone.
pub(crate) struct WriteTx {
    commands: mpsc::Sender<Command>,
    turn: Option<OwnedSemaphorePermit>,
    /// A statement failed, or was given up before it answered.
    is_lost: AtomicBool,
}

impl WriteTx {
    /// Runs `work` inside the transaction, unless it is lost.
    pub(in crate::db) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        if self.is_lost.load(Ordering::Relaxed) {
            return Err(lost());
        }
        let unless_done = LoseUnlessDone(&self.is_lost);
        // After some errors SQLite has ended the transaction by itself, and a statement would be
        // committed alone.
        let result = self
            .send(move |conn| match conn.in_transaction() {
                true => work(conn),
                false => Err(lost()),
            })
            .await?;
        std::mem::forget(unless_done);
        Ok(result)
    }

    pub(in crate::db) async fn commit(mut self) -> Result<(), DbError> {
        if self.is_lost.load(Ordering::Relaxed) {
            return Err(lost());
        }
        self.end(Conn::commit).await
    }

    pub(in crate::db) async fn rollback(mut self) -> Result<(), DbError> {
        self.end(|conn| {
            conn.rollback();
            Ok(())
        })
        .await
    }

    /// Runs `last` in any case, even when nobody waits for it, and passes the turn on.
    async fn end(
        &mut self,
        last: impl FnOnce(&Conn) -> Result<(), DbError> + Send + 'static,
    ) -> Result<(), DbError> {
        let turn = self.turn.take();
        let (sender, reply) = oneshot::channel();
        let job = Box::new(move |conn: &Conn| {
            let result = last(conn);
            drop(turn);
            let _ = sender.send(result);
        });
        self.commands.send(Command::Run(job)).map_err(|_| closed())?;
        answer(reply.await)
    }

    async fn send<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Conn) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (job, reply) = job(work);
        self.commands.send(Command::Run(job)).map_err(|_| closed())?;
        answer(reply.await)
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            let job = Box::new(move |conn: &Conn| {
                conn.rollback();
                drop(turn);
            });
            // Fails only when the thread has ended, and its transaction with it.
            let _ = self.commands.send(Command::Run(job));
        }
    }
}

struct LoseUnlessDone<'a>(&'a AtomicBool);

impl Drop for LoseUnlessDone<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn lost() -> DbError {
    let message = "the transaction is lost: an earlier statement failed or was given up";
    DbError::new(DbErrorKind::Aborted, message)
}
