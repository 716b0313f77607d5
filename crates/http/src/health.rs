//! `/livez` and `/readyz`.
//!
//! Owns: running the checks, each under a deadline. Never: knows what is checked; tells the public
//! why a check failed (the log has it).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use futures::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const CHECK_MAX: Duration = Duration::from_secs(5);

/// Finds out whether one thing works; the error is for the log.
pub type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What must work for us to take requests.
#[derive(Clone)]
pub struct Health {
    checks: Vec<(&'static str, Check)>,
    shutdown: CancellationToken,
}

#[derive(Debug, Serialize)]
struct Report {
    status: &'static str,
    checks: BTreeMap<&'static str, &'static str>,
}

impl Health {
    /// Ready as long as `shutdown` has not begun.
    #[must_use]
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { checks: Vec::new(), shutdown }
    }

    /// Ready only while `check` succeeds within 5 seconds.
    #[must_use]
    pub fn with_check(mut self, name: &'static str, check: Check) -> Self {
        self.checks.push((name, check));
        self
    }

    /// `GET /livez` (the process answers) and `GET /readyz` (it can do its work).
    pub fn routes(self) -> Router {
        let live = async || "ok\n";
        Router::new().route("/livez", get(live)).route("/readyz", get(ready)).with_state(self)
    }

    async fn report(&self) -> Report {
        let runs = self.checks.iter().map(|(name, check)| async move {
            let outcome = timeout(CHECK_MAX, check()).await;
            let outcome = outcome.unwrap_or_else(|_| Err("took over 5 seconds".to_owned()));
            if let Err(error) = &outcome {
                tracing::warn!(check = name, error, "not ready: the check `{name}` failed");
            }
            (*name, if outcome.is_ok() { "ok" } else { "failed" })
        });
        let checks: BTreeMap<_, _> = join_all(runs).await.into_iter().collect();
        let all_ok = checks.values().all(|outcome| *outcome == "ok");
        let status = match (self.shutdown.is_cancelled(), all_ok) {
            (true, _) => "shutting down",
            (false, true) => "ready",
            (false, false) => "not ready",
        };
        Report { status, checks }
    }
}

async fn ready(State(health): State<Health>) -> (StatusCode, Json<Report>) {
    let report = health.report().await;
    let ready = report.status == "ready";
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: Result<(), String>) -> Check {
        Arc::new(move || Box::pin(std::future::ready(outcome.clone())))
    }

    #[tokio::test(start_paused = true)]
    async fn ready_means_that_every_check_holds_and_nobody_shuts_down() {
        let shutdown = CancellationToken::new();
        let health = Health::new(shutdown.clone()).with_check("database", check(Ok(())));
        assert_eq!(health.report().await.status, "ready");
        let secret = check(Err("password of db.internal".to_owned()));
        let hangs: Check = Arc::new(|| Box::pin(std::future::pending()));
        let failing = health.clone().with_check("blobs", secret).with_check("jobs", hangs);
        let (status, Json(report)) = ready(State(failing)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let shown = serde_json::to_value(&report).unwrap();
        let expected = serde_json::json!({
            "status": "not ready",
            "checks": {"blobs": "failed", "database": "ok", "jobs": "failed"},
        });
        assert_eq!(shown, expected);
        shutdown.cancel();
        assert_eq!(health.report().await.status, "shutting down");
    }
}
