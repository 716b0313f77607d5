//! What `/metrics` shows, in Prometheus' text format.
//!
//! Owns: the recorder, the measurements of requests, and hooks that others use to set gauges when
//! a scrape comes (queue depth, blob bytes). Labels come from bounded sets: a route is a template,
//! and whatever matches none is one label.
//! Never: a label made from what a client sent.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::IntoResponse;
use axum::routing::get;
use futures::future::{BoxFuture, join_all};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::edge::request::RequestContext;

const REQUESTS: &str = "backlot_http_requests_total";
const SECONDS: &str = "backlot_http_request_duration_seconds";
const IN_FLIGHT: &str = "backlot_http_requests_in_flight";
const HOOK_MAX: Duration = Duration::from_secs(5);
const SECONDS_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Sets gauges when a scrape comes. One that takes over 5 seconds is left behind.
pub type Hook = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// The measurements, ready to be shown.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    hooks: Vec<Hook>,
}

impl Metrics {
    /// Makes the recorder, for [`metrics::set_global_recorder`], and what shows its content.
    ///
    /// # Errors
    /// The buckets are wrong, which a test rules out.
    pub fn new() -> Result<(PrometheusRecorder, Self), BuildError> {
        let suffix = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, SECONDS_BUCKETS)?;
        let recorder = builder.build_recorder();
        let metrics = Self { handle: recorder.handle(), hooks: Vec::new() };
        ::metrics::with_local_recorder(&recorder, describe);
        Ok((recorder, metrics))
    }

    /// Runs `hook` before each scrape.
    #[must_use]
    pub fn with_hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// The whole text, after all hooks have run.
    pub async fn render(&self) -> String {
        let hooks = self.hooks.iter().map(|hook| tokio::time::timeout(HOOK_MAX, hook()));
        if join_all(hooks).await.iter().any(Result::is_err) {
            tracing::warn!("a scrape went without some gauges: their hook took over 5 seconds");
        }
        self.handle.run_upkeep();
        self.handle.render()
    }

    /// `GET /metrics`.
    pub fn routes(self) -> Router {
        Router::new().route("/metrics", get(show)).with_state(self)
    }
}

async fn show(State(metrics): State<Metrics>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.render().await)
}

fn describe() {
    ::metrics::describe_counter!(REQUESTS, "Requests answered, by dialect, route, method, status.");
    ::metrics::describe_histogram!(SECONDS, "Seconds until the head of the answer.");
    ::metrics::describe_gauge!(IN_FLIGHT, "Requests whose answer is not wholly sent.");
}

pub(crate) fn request_begins() {
    gauge!(IN_FLIGHT).increment(1.0);
}

pub(crate) fn request_ends(context: &RequestContext, status: u16, seconds: f64) {
    gauge!(IN_FLIGHT).decrement(1.0);
    let dialect = context.dialect().unwrap_or("none");
    let route = context.route().unwrap_or("unmatched").to_owned();
    let method = method_label(context.method());
    histogram!(SECONDS, "dialect" => dialect, "route" => route.clone(), "method" => method)
        .record(seconds);
    let status = status.to_string();
    counter!(
        REQUESTS,
        "dialect" => dialect, "route" => route, "method" => method, "status" => status
    )
    .increment(1);
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scrape_shows_requests_and_what_the_hooks_set() {
        let (recorder, metrics) = Metrics::new().unwrap();
        let context = RequestContext::new("id".to_owned(), Method::GET, None);
        ::metrics::with_local_recorder(&recorder, || {
            request_begins();
            request_ends(&context, 404, 0.02);
        });
        let depth = ::metrics::with_local_recorder(&recorder, || gauge!("backlot_jobs_waiting"));
        let hook: Hook = Arc::new(move || {
            depth.set(7.0);
            Box::pin(std::future::ready(()))
        });
        let text = metrics.with_hook(hook).render().await;
        for line in [
            r#"backlot_http_requests_total{dialect="none",route="unmatched",method="GET",status="404"} 1"#,
            r#"backlot_http_request_duration_seconds_bucket{dialect="none",route="unmatched",method="GET",le="0.025"} 1"#,
            "backlot_http_requests_in_flight 0",
            "backlot_jobs_waiting 7",
            "# TYPE backlot_http_requests_total counter",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hook_that_hangs_does_not_hang_the_scrape() {
        let (_recorder, metrics) = Metrics::new().unwrap();
        let hangs: Hook = Arc::new(|| Box::pin(std::future::pending()));
        assert_eq!(metrics.with_hook(hangs).render().await, "");
    }

    #[test]
    fn odd_methods_share_a_label() {
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}
