//! `backlot serve`: the server, from its first breath to its last.
//!
//! Owns: the order of starting and stopping, what a newcomer is told, and the work that recurs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backlot_http::app::App;
use backlot_http::edge::intake::reader::Pace;
use backlot_http::edge::metrics::{Hook, Metrics};
use backlot_http::edge::observe::Observer;
use backlot_http::edge::place::Place as HttpPlace;
use backlot_http::edge::shell::{Origins, wrap};
use backlot_http::health::{Check, Health};
use backlot_http::server::{Drained, ServeOptions};
use backlot_imaging::OutputFormat;
use backlot_library::Library;
use backlot_library::accounts::NewKey;
use backlot_library::jobs::Workers;
use backlot_library::secret::{Secret, SystemRandom, random_bytes};
use backlot_library::upkeep::describe_measurements;
use backlot_model::account::Caller;
use backlot_model::clock::SystemClock;
use backlot_model::{Fault, Ids};
use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};
use super::runtime::block_on;
use super::{Place, output};
use crate::config::{Config, Mount};
use crate::logging;
use crate::painting::{Motif, paint};
use crate::wiring::{Expect, Opened, ServingLock, open};

/// How often credentials' last use is written and expired things are looked for; and up to half of
/// that again, so that processes that started together drift apart.
const UPKEEP_EVERY: Duration = Duration::from_secs(30);
/// Sweeping comes with every second upkeep, statistics of the database with every thousandth.
const SWEEP_EVERY: u64 = 2;
const OPTIMIZE_EVERY: u64 = 1_000;
/// The first picture of a newcomer.
const WELCOME_FILE: &str = "welcome.jpg";
const WELCOME_SIZE: (u32, u32) = (960, 640);

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

/// What a newcomer has to know, and is told once.
struct Newcomer {
    email: String,
    /// None when the operator chose it himself.
    password: Option<Secret>,
    token: Secret,
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
    let opened = open(config, Expect::LibraryOrNew).await?;
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

/// Sees to it that there is an administrator. A new one gets an API key, too, for the first upload.
async fn welcome(library: &Library, config: &Config) -> Result<Option<Newcomer>, Failure> {
    let accounts = library.accounts();
    let password = config.admin.password.as_deref().map(Secret::new);
    let made = accounts.ensure_first_admin(config.admin.email.as_deref(), password).await?;
    let Some(admin) = made else { return Ok(None) };
    let new = NewKey {
        name: "first start".to_owned(),
        scopes: None,
        expires_at: None,
        organization_id: None,
    };
    let key = accounts.create_key(&Caller::platform(), admin.user.id, new).await?;
    let (email, password) = (admin.user.email, admin.made_up_password);
    Ok(Some(Newcomer { email, password, token: key.token }))
}

/// How clients on this machine reach the server, unless the settings say it.
fn reached_as(config: &Config, address: std::net::SocketAddr) -> String {
    if let Some(url) = &config.server.public_url {
        return url.clone();
    }
    let host = match address.ip() {
        ip if !ip.is_unspecified() => address.to_string(),
        std::net::IpAddr::V4(_) => format!("127.0.0.1:{}", address.port()),
        std::net::IpAddr::V6(_) => format!("[::1]:{}", address.port()),
    };
    format!("http://{host}")
}

fn announce(
    config: &Config,
    url: &str,
    address: &str,
    newcomer: Option<&Newcomer>,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        let admin = newcomer.map(
            |it| json!({"email": it.email, "password": it.password.as_ref().map(Secret::expose)}),
        );
        let key = newcomer.map(|it| Value::from(it.token.expose()));
        let line = json!({"url": url, "address": address, "admin": admin, "key": key});
        return output::print(&format!("{line}\n"));
    }
    output::print(&format!("listening on {url}\n"))?;
    let Some(newcomer) = newcomer else { return Ok(()) };
    let password = match &newcomer.password {
        Some(password) => format!("{}  (shown this once)", password.expose()),
        None => "as the settings say".to_owned(),
    };
    let token = newcomer.token.expose();
    output::print(&format!(
        "\n  library   {}\n  admin     {}\n  password  {password}\n  API key   {token}  \
         (shown this once)\n\n",
        config.data_dir.display(),
        newcomer.email,
    ))?;
    let base = match &config.dialects.native.host {
        Some(host) => format!("http://{host}"),
        None => format!("{url}{}", config.dialects.native.prefix),
    };
    let picture = quoted(&welcome_picture(&config.data_dir));
    output::print(&format!(
        "Upload a first picture:\n\n  curl -H 'Authorization: Bearer {token}' -F file=@{picture} \
         {base}/assets\n\nDocumentation of every API: {url}/docs\n"
    ))
}

/// A picture for the first upload, made now. When that fails, the newcomer has one of his own.
fn welcome_picture(data_dir: &Path) -> PathBuf {
    let path = data_dir.join(WELCOME_FILE);
    let made = paint(Motif::Landscape, 7, WELCOME_SIZE, OutputFormat::Jpeg)
        .and_then(|bytes| std::fs::write(&path, bytes).map_err(Fault::internal));
    match made.and_then(|()| path.canonicalize().map_err(Fault::internal)) {
        Ok(path) => path,
        Err(fault) => {
            tracing::warn!(cause = ?fault.cause, "the welcome picture could not be made");
            PathBuf::from("picture.jpg")
        }
    }
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The first signal asks for an end, the second one does not wait for it.
fn stop_on_signals(shutdown: CancellationToken) -> Result<(), Failure> {
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

/// Work that recurs, until the end.
async fn keep_house(opened: Opened, shutdown: CancellationToken) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_path_is_one_word() {
        assert_eq!(quoted(Path::new("/srv/a-b_c.jpg")), "/srv/a-b_c.jpg");
        assert_eq!(quoted(Path::new("/it's here")), r"'/it'\''s here'");
    }

    #[test]
    fn a_server_on_every_address_is_told_as_loopback() {
        let mut config = crate::config::load(&crate::config::Inputs::default()).unwrap().config;
        let told = |config: &Config, address: &str| reached_as(config, address.parse().unwrap());
        assert_eq!(told(&config, "0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(told(&config, "[::]:80"), "http://[::1]:80");
        assert_eq!(told(&config, "10.0.0.1:80"), "http://10.0.0.1:80");
        config.server.public_url = Some("https://a.example".to_owned());
        assert_eq!(told(&config, "0.0.0.0:80"), "https://a.example");
    }
}
