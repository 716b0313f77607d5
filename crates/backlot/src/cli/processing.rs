//! Making thumbnails of what a command has brought in.

use std::time::Duration;

use backlot_library::Library;
use backlot_library::jobs::Workers;
use backlot_model::Millis;
use backlot_model::account::Caller;

use super::exit::Failure;

/// How often is asked whether all is done.
const POLL: Duration = Duration::from_millis(100);
/// How long a worker may finish the job in hand; afterwards its lease runs out.
const STOP_WAIT: Duration = Duration::from_secs(30);

/// Workers of this process, unless a server has its own.
pub(super) struct Processing {
    library: Library,
    workers: Option<Workers>,
}

impl Processing {
    pub(super) fn start(library: &Library, is_served: bool) -> Self {
        let workers = (!is_served).then(|| Workers::start(library));
        Self { library: library.clone(), workers }
    }

    /// Waits until everything that `owner` made since then is ready or failed, if this process sees
    /// to it. How many are left to the server.
    pub(super) async fn finish(self, owner: &Caller, since: Millis) -> Result<u64, Failure> {
        if self.workers.is_none() {
            return Ok(self.library.processing_since(owner, since).await?);
        }
        Self::wait(&self.library, owner, since).await?;
        self.stop().await;
        Ok(0)
    }

    /// Waits until everything that `owner` made since then is ready or failed.
    pub(super) async fn wait(
        library: &Library,
        owner: &Caller,
        since: Millis,
    ) -> Result<(), Failure> {
        while library.processing_since(owner, since).await? > 0 {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Lets each worker finish the job in hand.
    pub(super) async fn stop(self) {
        if let Some(workers) = self.workers {
            workers.stop(STOP_WAIT).await;
        }
    }
}
