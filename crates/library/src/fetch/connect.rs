//! From a checked URL to the head of an answer: names, connections, TLS, one HTTP/1.1 request.
//!
//! The connection is opened to a socket address out of the list that was checked, so nothing
//! between the check and the connection resolves the name again. There is no pool, no proxy, no
//! cookie and no decompression here to be switched off.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Position, Url};

use super::trouble::Trouble;
use backlot_model::Fault;

/// How many of a host's addresses are tried.
const ADDRESSES_TRIED_MAX: usize = 8;
/// The head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Header fields of an answer.
const HEADERS_MAX: usize = 100;

/// Finds the addresses of a name.
pub trait Resolver: Send + Sync {
    /// All addresses of `host`, in the order in which they should be tried.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The machine's resolver.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Opens connections; a seam for tests, which see exactly where a fetch goes.
pub(super) trait Dialer: Send + Sync {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>>;
}

pub(super) struct TcpDialer;

impl Dialer for TcpDialer {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

/// An answer and the task that reads it; dropping both closes the connection.
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    pub(super) reader: AbortOnDropHandle<()>,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Trusts what the machine trusts, else (in a container without certificates) Mozilla's list.
pub(super) fn tls_config() -> Result<Arc<ClientConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    tls_config_trusting(roots)
}

pub(super) fn tls_config_trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Fault::internal)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Connects to the first of `addresses` that answers, and agrees on TLS where `url` asks for it.
async fn connect(
    dialer: &dyn Dialer,
    tls: &Arc<ClientConfig>,
    url: &Url,
    addresses: &[IpAddr],
    deadline: Instant,
) -> Result<Box<dyn Wire>, Trouble> {
    let port = url.port_or_known_default().unwrap_or(0);
    let tried = &addresses[..addresses.len().min(ADDRESSES_TRIED_MAX)];
    let mut last = Trouble::lasting("its host has no address");
    for (at, &address) in tried.iter().enumerate() {
        // Each gets its share of what is left, so that one dead address does not eat it all.
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(tried.len() - at).unwrap_or(1);
        last = match timeout(share, dialer.dial(SocketAddr::new(address, port))).await {
            Ok(Ok(stream)) => return secure(stream, tls, url, deadline).await,
            Ok(Err(cause)) => Trouble::transient("its host cannot be reached").because(cause),
            Err(_) => Trouble::transient("its host cannot be reached in time"),
        };
    }
    Err(last)
}

async fn secure(
    stream: TcpStream,
    tls: &Arc<ClientConfig>,
    url: &Url,
    deadline: Instant,
) -> Result<Box<dyn Wire>, Trouble> {
    if url.scheme() != "https" {
        return Ok(Box::new(stream));
    }
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
        Some(Host::Ipv4(address)) => Some(ServerName::from(IpAddr::from(address))),
        Some(Host::Ipv6(address)) => Some(ServerName::from(IpAddr::from(address))),
        None => None,
    };
    let name = name.ok_or_else(|| Trouble::lasting("its host cannot have a certificate"))?;
    match timeout_at(deadline, TlsConnector::from(Arc::clone(tls)).connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(cause)) => Err(Trouble::lasting("no secure connection came about").because(cause)),
        Err(_) => Err(Trouble::transient("no secure connection came about in time")),
    }
}

/// What one hop needs beside its URL and addresses.
pub(super) struct Hop<'a> {
    pub(super) dialer: &'a dyn Dialer,
    pub(super) tls: &'a Arc<ClientConfig>,
    pub(super) user_agent: &'a str,
    /// When the connection must stand.
    pub(super) connect_by: Instant,
    /// How long the head of the answer may take from then.
    pub(super) first_byte: Duration,
}

/// Asks one of the checked `addresses` for `url`.
pub(super) async fn ask(hop: &Hop<'_>, url: &Url, addresses: &[IpAddr]) -> Result<Answer, Trouble> {
    let request = request(url, hop.user_agent)?;
    let wire = connect(hop.dialer, hop.tls, url, addresses, hop.connect_by).await?;
    let answered = timeout(hop.first_byte, exchange(wire, request)).await;
    answered.unwrap_or_else(|_| Err(Trouble::transient("its host does not answer in time")))
}

async fn exchange(wire: Box<dyn Wire>, request: Request<Empty<Bytes>>) -> Result<Answer, Trouble> {
    let broken = |cause: hyper::Error| {
        let trouble = if cause.is_parse() {
            Trouble::lasting("its host does not speak HTTP as it should")
        } else {
            Trouble::transient("its host broke off")
        };
        trouble.because(cause)
    };
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(wire))
        .await
        .map_err(broken)?;
    // Errors of the connection come out of the answer and its body as well.
    let reader = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await.map_err(broken)?;
    Ok(Answer { response, reader })
}

fn request(url: &Url, user_agent: &str) -> Result<Request<Empty<Bytes>>, Trouble> {
    Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, user_agent)
        .header(ACCEPT, "*/*")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|cause| Trouble::lasting("it cannot be asked for over HTTP").because(cause))
}
