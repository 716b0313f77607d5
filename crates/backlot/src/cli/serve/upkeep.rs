//! Work that recurs while the server runs.

use std::time::Duration;

use backlot_library::Library;
use backlot_library::secret::{SystemRandom, random_bytes};
use tokio_util::sync::CancellationToken;

use crate::wiring::Opened;

/// How often credentials' last use is written and expired things are looked for; and up to half of
/// that again, so that processes that started together drift apart.
const UPKEEP_EVERY: Duration = Duration::from_secs(30);
/// Sweeping comes with every second upkeep, statistics of the database with every thousandth.
const SWEEP_EVERY: u64 = 2;
const OPTIMIZE_EVERY: u64 = 1_000;
/// Does it until the end.
pub(super) async fn keep_house(opened: Opened, shutdown: CancellationToken) {
    for round in 1_u64.. {
        let [dice] = random_bytes::<1>(&SystemRandom);
        let wait = UPKEEP_EVERY + UPKEEP_EVERY.mul_f32(f32::from(dice) / 512.0);
        if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
        if let Err(fault) = opened.library.accounts().tidy().await {
            tracing::error!(cause = ?fault.cause, "the upkeep of accounts failed: {fault}");
        }
        if round.is_multiple_of(SWEEP_EVERY) {
            sweep(&opened.library, &shutdown).await;
        }
        if round.is_multiple_of(OPTIMIZE_EVERY)
            && let Err(fault) = opened.optimize().await
        {
            tracing::error!(cause = ?fault.cause, "the database was not optimised: {fault}");
        }
    }
}

/// Sweeps until there is nothing left to take away.
async fn sweep(library: &Library, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        match library.sweep().await {
            Ok(swept) if swept.is_empty() => return,
            Ok(swept) => tracing::info!(?swept, "took away what has had its time"),
            Err(fault) => {
                tracing::error!(cause = ?fault.cause, "the sweep failed: {fault}");
                return;
            }
        }
    }
}
