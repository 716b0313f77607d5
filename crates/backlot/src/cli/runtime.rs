//! Running a command that works on a library.

use std::future::Future;

use super::exit::{Exit, Failure};
use crate::config::Config;
use crate::logging;
use crate::wiring::{Expect, Opened, open, open_to_work};

/// Threads for work that blocks: disk and decoding. Each costs a stack and an allocator's arena.
const BLOCKING_THREADS_MAX: usize = 32;

/// Runs `future` on a runtime of its own.
pub(super) fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start: {error}")))?
        .block_on(future)
}

/// Runs `work` on the library that the settings name, and closes it afterwards.
pub(super) fn with_library<T>(
    config: &Config,
    expect: Expect,
    work: impl AsyncFnOnce(&Opened) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_opened(config, open(config, expect), work)
}

/// The same for a command that runs jobs.
pub(super) fn with_library_to_work<T>(
    config: &Config,
    expect: Expect,
    work: impl AsyncFnOnce(&Opened) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_opened(config, open_to_work(config, expect), work)
}

fn with_opened<T>(
    config: &Config,
    opened: impl Future<Output = Result<Opened, Failure>>,
    work: impl AsyncFnOnce(&Opened) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // A command says itself what went wrong; the log is for what nobody asked about.
    logging::start_quiet(&config.log);
    block_on(async {
        let opened = opened.await?;
        let done = work(&opened).await;
        let closed = opened.close().await;
        let done = done?;
        closed?;
        Ok(done)
    })
}
