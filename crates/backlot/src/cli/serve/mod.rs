//! `backlot serve`: the server, from its first breath to its last.
//!
//! Owns: the order of starting and stopping, what a newcomer is told, and the work that recurs.

mod signals;
mod upkeep;
mod welcome;

use std::sync::Arc;

use backlot_http::app::App;
use backlot_http::edge::intake::reader::Pace;
use backlot_http::edge::metrics::{Hook, Metrics};
use backlot_http::edge::observe::Observer;
use backlot_http::edge::place::Place as HttpPlace;
use backlot_http::edge::shell::{Origins, wrap};
use backlot_http::health::{Check, Health};
use backlot_http::server::{Drained, ServeOptions};
use backlot_library::Library;
use backlot_library::jobs::Workers;
use backlot_library::upkeep::describe_measurements;
use backlot_model::Ids;
use backlot_model::clock::SystemClock;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Place;
use super::exit::{Exit, Failure};
use super::runtime::block_on;
use crate::config::{Config, Mount};
use crate::logging;
use crate::wiring::{Expect, Opened, ServingLock, open_to_work};
use signals::stop_on_signals;
use upkeep::keep_house;
use welcome::{announce, reached_as, welcome};

/// Serve the library
#[derive(Debug, Args)]
#[command(after_help = "\
Makes the library at the first start, with an administrator whose password is shown once (or is what
BACKLOT_ADMIN_EMAIL and BACKLOT_ADMIN_PASSWORD say), and prints a first upload to paste. SIGTERM or
Ctrl-C stops it: no new requests are taken, running ones are finished.

The first line on standard output is `listening on URL` as soon as requests are answered; the log goes
to standard error.

Examples:
  backlot serve
  backlot serve --data-dir /srv/backlot --listen 0.0.0.0:8080 --public-url https://assets.example.com
  backlot serve --listen 127.0.0.1:0 --json | jq -r .url")]
pub struct ServeCommand {
    /// The address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The URL under which clients reach the server [default: follows each request's Host]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Print one JSON object in place of words: {"url", "address", "admin", "key"}
    #[arg(long)]
    json: bool,
}

impl ServeCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let given = [
            ("listen", "--listen", &self.listen),
            ("public_url", "--public-url", &self.public_url),
        ];
        let flags = given.into_iter().filter_map(|(setting, flag, value)| {
            value.as_ref().map(|value| (setting, flag, value.clone()))
        });
        let config = place.load_with(flags.collect())?.config;
        logging::start(&config.log);
        block_on(serve(&config, self.json))
    }
}

async fn serve(config: &Config, as_json: bool) -> Result<Exit, Failure> {
    let _lock = ServingLock::take(config).await?;
    let listener = listen(config).await?;
    let opened = open_to_work(config, Expect::LibraryOrNew).await?;
    let done = serve_opened(config, &opened, listener, as_json).await;
    let closed = opened.close().await;
    let exit = done?;
    closed?;
    tracing::info!("stopped");
    Ok(exit)
}

async fn serve_opened(
    config: &Config,
    opened: &Opened,
    listener: TcpListener,
    as_json: bool,
) -> Result<Exit, Failure> {
    let library = &opened.library;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
    let newcomer = welcome(library, config).await?;
    // The lock says that no other server is at work.
    let taken = library.take_over_jobs().await?;
    if taken > 0 {
        tracing::info!(jobs = taken, "took over the jobs of a server that died");
    }
    let shutdown = CancellationToken::new();
    let router = router(config, library, &shutdown)?;
    opened.models.measure();
    if opened.models.all_loaded() {
        library.follow_models().await?;
    } else {
        // What a model that cannot be read today found before is not thrown away.
        tracing::warn!("not every model is in use; what models found before stays as it is");
    }
    stop_on_signals(shutdown.clone())?;
    let workers = Workers::start(library);
    let upkeep = tokio::spawn(keep_house(opened.clone(), shutdown.clone()));
    let reached = reached_as(config, address);
    tracing::info!(%address, data_dir = %config.data_dir.display(), "listening");
    announce(config, &reached, &address.to_string(), newcomer.as_ref(), as_json)?;
    let options = ServeOptions {
        connections_max: config.server.connections_max,
        head_timeout: config.server.head_timeout,
        drain_timeout: config.server.shutdown_timeout,
        ..ServeOptions::default()
    };
    let served = backlot_http::server::serve(listener, router, shutdown.clone(), options).await;
    shutdown.cancel();
    workers.stop(config.server.shutdown_timeout).await;
    // It ends by itself at the next point where nothing is half done.
    if let Err(error) = upkeep.await {
        tracing::error!(%error, "the upkeep has died");
    }
    match served {
        Ok(Drained::Wholly | Drained::CutOff(_)) => Ok(Exit::Done),
        Err(error) => Err(Failure::new(Exit::Unavailable, format!("cannot serve: {error}"))),
    }
}

async fn listen(config: &Config) -> Result<TcpListener, Failure> {
    let address = config.server.listen;
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!(
            "cannot listen on {address}: {error}; give another address by --listen or \
             BACKLOT_LISTEN"
        );
        Failure::new(Exit::Unavailable, message)
    })
}

/// All routes, with the layers around them.
fn router(
    config: &Config,
    library: &Library,
    shutdown: &CancellationToken,
) -> Result<axum::Router, Failure> {
    let wrong = |message: String| Failure::new(Exit::Usage, message);
    let (recorder, metrics) =
        Metrics::new().map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("measurements go to a recorder that was there before");
    }
    describe_measurements();
    let origins = Origins::parse(config.server.cors_origins.iter().map(String::as_str));
    let dialects = &config.dialects;
    let places = [
        ("native", &dialects.native),
        ("piktid", &dialects.piktid),
        ("productai", &dialects.productai),
        ("scenario", &dialects.scenario),
        ("youthumb", &dialects.youthumb),
    ];
    let places: Result<Vec<_>, String> =
        places.into_iter().map(|(name, mount)| Ok((name, place_of(mount)?))).collect();
    let places = places.map_err(wrong)?;
    let placed = |name: &str| {
        places.iter().find(|(known, _)| *known == name).map(|(_, place)| place.clone())
    };
    let shared =
        health(library, shutdown).routes().merge(metrics.with_hook(gauges(library)).routes());
    let app = App::new(library.clone(), config.server.public_url.as_deref());
    let router = backlot_http::router::router(&app, placed, shared).map_err(wrong)?;
    let pace = Pace { stall_max: config.server.body_idle_timeout, ..Pace::default() };
    let observer = Observer {
        ids: Arc::new(Ids::new(Arc::new(SystemClock))),
        pace,
        trust_forwarded: config.server.trust_forwarded,
    };
    Ok(wrap(router, observer, origins.map_err(wrong)?))
}

/// A host name takes the place of the prefix.
fn place_of(mount: &Mount) -> Result<HttpPlace, String> {
    HttpPlace::parse(mount.host.as_deref().unwrap_or(&mount.prefix))
}

fn health(library: &Library, shutdown: &CancellationToken) -> Health {
    let records = library.clone();
    let records: Check = Arc::new(move || {
        let library = records.clone();
        Box::pin(async move { library.check_records().await.map_err(|fault| fault.to_string()) })
    });
    let bytes = library.clone();
    let bytes: Check = Arc::new(move || {
        let library = bytes.clone();
        Box::pin(async move { library.check_bytes().await.map_err(|fault| fault.to_string()) })
    });
    Health::new(shutdown.clone()).with_check("database", records).with_check("files", bytes)
}

fn gauges(library: &Library) -> Hook {
    let library = library.clone();
    Arc::new(move || {
        let library = library.clone();
        Box::pin(async move {
            if let Err(fault) = library.measure().await {
                tracing::warn!(%fault, "a scrape went without some gauges");
            }
        })
    })
}
