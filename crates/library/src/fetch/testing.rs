//! Hosts on loopback that say what a test tells them to, under any name and address.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::connect::{Dialer, tls_config_trusting};
use super::{FetchConfig, Fetcher, Resolver};

/// An address that is public, for names of the tests.
pub(super) const PUBLIC: &str = "93.184.215.14";

/// What a host does with one request.
pub(super) enum Say {
    /// Writes this and closes.
    Bytes(Vec<u8>),
    /// Writes this and then keeps the line open and silent.
    Hang(Vec<u8>),
}

/// An answer with this head line and these header lines.
pub(super) fn head(lines: &str, body: &[u8]) -> Say {
    let mut bytes = format!("HTTP/1.1 {}\r\n\r\n", lines.replace('\n', "\r\n")).into_bytes();
    bytes.extend(body);
    Say::Bytes(bytes)
}

/// A redirect to `location`.
pub(super) fn to(location: &str) -> Say {
    head(&format!("302 Found\nlocation: {location}\ncontent-length: 0"), b"")
}

/// A file.
pub(super) fn file(body: &[u8]) -> Say {
    head(&format!("200 OK\ncontent-length: {}", body.len()), body)
}

/// A listener on loopback, and every request that reached it.
pub(super) struct Host {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Answers every request, given as its text, with what `say` says.
    pub(super) async fn start(say: impl Fn(&str) -> Say + Send + Sync + 'static) -> Self {
        Self::listen(None, say).await
    }

    /// The same over TLS.
    pub(super) async fn start_secure(
        certificate: &Certificate,
        say: impl Fn(&str) -> Say + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(certificate.acceptor()), say).await
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        say: impl Fn(&str) -> Say + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, say) = (Arc::clone(&requests), Arc::new(say));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, say, tls) = (Arc::clone(&seen), Arc::clone(&say), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &seen, &*say).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &seen, &*say).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<String>>,
    say: &(dyn Fn(&str) -> Say + Send + Sync),
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    seen.lock().unwrap().push(request.clone());
    // The fetcher may have hung up by now, which is its right.
    match say(&request) {
        Say::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Say::Hang(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            let _ = stream.read_u8().await;
        }
    }
}

/// A certificate that signed itself.
pub(super) struct Certificate {
    pub(super) public: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificate {
    pub(super) fn of(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        Self { public: made.cert.der().clone(), key: made.signing_key.serialize_der() }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.public.clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Names with answers that change from call to call; the last one stays.
#[derive(Default)]
pub(super) struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let found = answers.get_mut(host).map(|answers| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        });
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// Leads connections for some addresses to hosts of the test; all others are unreachable.
#[derive(Default)]
pub(super) struct Roads {
    lead: Mutex<HashMap<SocketAddr, SocketAddr>>,
    dialed: Mutex<Vec<SocketAddr>>,
}

impl Dialer for Roads {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        self.dialed.lock().unwrap().push(address);
        let leads_to = self.lead.lock().unwrap().get(&address).copied();
        Box::pin(async move {
            match leads_to {
                Some(address) => TcpStream::connect(address).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

/// A small Internet of its own.
#[derive(Default)]
pub(super) struct Net {
    names: Arc<Names>,
    roads: Arc<Roads>,
    pub(super) config: FetchConfig,
    trusted: Vec<CertificateDer<'static>>,
}

impl Net {
    /// `name` has these addresses (with spaces between), and each call the next of the list.
    pub(super) fn name(self, name: &str, answers: &[&str]) -> Self {
        let parse = |list: &&str| list.split(' ').map(|it| it.parse().unwrap()).collect();
        let answers = answers.iter().map(parse).collect();
        self.names.answers.lock().unwrap().insert(name.to_owned(), answers);
        self
    }

    /// Connections to `address` reach `host`.
    pub(super) fn road(self, address: &str, host: &Host) -> Self {
        self.roads.lead.lock().unwrap().insert(address.parse().unwrap(), host.address);
        self
    }

    /// `http://a.test` is a public name that leads to `host`.
    pub(super) fn of(host: &Host) -> Self {
        Self::default().name("a.test", &[PUBLIC]).road(&format!("{PUBLIC}:80"), host)
    }

    pub(super) fn trusting(mut self, certificate: &Certificate) -> Self {
        self.trusted.push(certificate.public.clone());
        self
    }

    pub(super) fn config(mut self, change: impl FnOnce(&mut FetchConfig)) -> Self {
        change(&mut self.config);
        self
    }

    pub(super) fn fetcher(&self) -> Fetcher {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(self.trusted.iter().cloned());
        Fetcher {
            config: self.config.clone(),
            resolver: Arc::clone(&self.names) as Arc<dyn Resolver>,
            dialer: Arc::clone(&self.roads) as Arc<dyn Dialer>,
            tls: tls_config_trusting(roots).unwrap(),
        }
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.names.asked.lock().unwrap().clone()
    }

    pub(super) fn dialed(&self) -> Vec<String> {
        self.roads.dialed.lock().unwrap().iter().map(SocketAddr::to_string).collect()
    }
}
