//! The operator's wish that the server ends.

use tokio_util::sync::CancellationToken;

use crate::cli::exit::{Exit, Failure};

/// The first signal asks for an end, the second one does not wait for it.
pub(super) fn stop_on_signals(shutdown: CancellationToken) -> Result<(), Failure> {
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot take signals: {error}")))?;
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: running requests are finished; again to stop at once");
        shutdown.cancel();
        signals.next().await;
        tracing::warn!("stopping at once");
        std::process::exit(i32::from(Exit::Failed as u8));
    });
    Ok(())
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without signals there is no end but the process's own.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
