//! Fetching what users point at: the one place from which the server follows a stranger's URL.
//!
//! The guard holds for every URL on the way: http or https, no user information, ports 80, 443 and
//! the configured ones; the name is resolved once, *every* address must be public
//! ([`address_class`]), and the connection goes to one of just these. A redirect is a new URL with
//! a new check; at most five are followed, none from https to http. Connecting, the head of the
//! answer and the whole have deadlines, the body has a cap that is held while it streams. Proxies
//! of the environment, cookies and compressed answers are not known here.
//!
//! Never: what the bytes are (ingest sniffs them) or who may import (the caller asks policy).

mod address;
mod connect;
mod filename;
mod guard;
mod trouble;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use backlot_model::{Fault, Millis};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_ENCODING, HeaderMap, HeaderName, LOCATION};
use hyper::{Response, StatusCode};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use connect::{Answer, Dialer, Hop, TcpDialer};
use trouble::Trouble;

pub use address::{AddressClass, address_class};
pub use connect::{Resolver, SystemResolver};
pub use guard::{AllowedHost, FetchConfig, URL_BYTES_MAX};
pub use trouble::is_transient;

/// Fetches URLs that users give. Cheap to share behind an [`Arc`]; keeps no connection.
pub struct Fetcher {
    config: FetchConfig,
    resolver: Arc<dyn Resolver>,
    dialer: Arc<dyn Dialer>,
    tls: Arc<ClientConfig>,
}

/// A file on its way in.
pub struct Fetched {
    /// What its host calls it: a name without folders or control characters.
    pub filename: Option<String>,
    /// The bytes. Ends with an error where the file ends early, grows over the cap (`too-large`)
    /// or takes too long (`fetch-failed`). Dropping it closes the connection.
    pub body: BoxStream<'static, Result<Bytes, Fault>>,
}

/// What a URL calls its file: a name without folders or control characters.
pub(crate) fn filename_in(url: &Url) -> Option<String> {
    filename::in_path(url)
}

impl Fetcher {
    /// A fetcher under these rules, with the machine's resolver and trusted certificates.
    ///
    /// # Errors
    /// `internal` when TLS cannot be set up.
    pub fn new(config: FetchConfig) -> Result<Self, Fault> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// The same with another resolver.
    ///
    /// # Errors
    /// As [`Fetcher::new`].
    pub fn with_resolver(config: FetchConfig, resolver: Arc<dyn Resolver>) -> Result<Self, Fault> {
        let tls = connect::tls_config()?;
        Ok(Self { config, resolver, dialer: Arc::new(TcpDialer), tls })
    }

    /// Whether the guard would fetch `url` now, without fetching: for refusing at once what a job
    /// will fetch later. A name that cannot be resolved passes: that is a failure of the fetch,
    /// not a refusal. Fetching checks anew.
    ///
    /// # Errors
    /// `fetch-refused`, with the class of the refusal.
    pub async fn check(&self, url: &str) -> Result<Url, Fault> {
        let url = self.config.parse_url(url)?;
        match timeout(duration(self.config.connect_ms), self.addresses(&url)).await {
            Ok(Err(refused @ Trouble::Refused { .. })) => Err(refused.into()),
            _ => Ok(url),
        }
    }

    /// Fetches `url` up to the head of the answer; the body streams from what is returned.
    ///
    /// # Errors
    /// `fetch-refused` when the guard says no here or at a redirect, `fetch-failed` when the host
    /// gives no file (see [`is_transient`]), `too-large` when it announces more than `cap_bytes`.
    pub async fn fetch(&self, url: &str, cap_bytes: u64) -> Result<Fetched, Fault> {
        let deadline = Instant::now() + duration(self.config.total_ms);
        let first = self.config.parse_url(url)?;
        let answer = timeout_at(deadline, self.follow(first))
            .await
            .unwrap_or_else(|_| Err(Trouble::transient("it takes too long")))?;
        Ok(accept(answer, cap_bytes, deadline)?)
    }

    async fn follow(&self, mut url: Url) -> Result<Answer, Trouble> {
        for hops in 0..=self.config.redirects_max {
            let asked = self.hop(&url).await;
            let answer = asked.map_err(|trouble| match hops {
                0 => trouble,
                _ => trouble.behind_a_redirect(),
            })?;
            match redirect(&answer.response)? {
                Some(location) => url = self.config.parse_redirect(&url, location)?,
                None => return Ok(answer),
            }
        }
        Err(Trouble::lasting("it redirects too often"))
    }

    async fn hop(&self, url: &Url) -> Result<Answer, Trouble> {
        let connect_by = Instant::now() + duration(self.config.connect_ms);
        let addresses = timeout_at(connect_by, self.addresses(url))
            .await
            .unwrap_or_else(|_| Err(Trouble::transient("the name of its host takes too long")))?;
        let hop = Hop {
            dialer: &*self.dialer,
            tls: &self.tls,
            user_agent: &self.config.user_agent,
            connect_by,
            first_byte: duration(self.config.first_byte_ms),
        };
        connect::ask(&hop, url, &addresses).await
    }

    /// The addresses of the URL's host, every one of them checked.
    async fn addresses(&self, url: &Url) -> Result<Vec<IpAddr>, Trouble> {
        let addresses = match guard::literal(url) {
            Some(address) => vec![address],
            None => {
                let found = self.resolver.resolve(url.host_str().unwrap_or_default()).await;
                found.map_err(|cause| {
                    Trouble::transient("the name of its host is not known").because(cause)
                })?
            }
        };
        self.config.check_addresses(url, &addresses)?;
        Ok(addresses)
    }
}

fn duration(ms: Millis) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// Where the answer sends us; `None` when it is a file.
fn redirect(response: &Response<Incoming>) -> Result<Option<&[u8]>, Trouble> {
    let status = response.status();
    match status.as_u16() {
        // Not 206: nobody asked for a part, and a part is not the file.
        200 | 203 => Ok(None),
        301 | 302 | 303 | 307 | 308 => match response.headers().get(LOCATION) {
            Some(location) => Ok(Some(location.as_bytes())),
            None => Err(Trouble::lasting("it redirects to nowhere")),
        },
        code => {
            let transient = status.is_server_error()
                || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
            let why = format!("its host answered {code}");
            Err(if transient { Trouble::transient(why) } else { Trouble::lasting(why) })
        }
    }
}

fn accept(answer: Answer, cap_bytes: u64, deadline: Instant) -> Result<Fetched, Trouble> {
    let headers = answer.response.headers();
    if !text(headers, CONTENT_ENCODING).is_none_or(|it| it.eq_ignore_ascii_case("identity")) {
        return Err(Trouble::lasting("its host compresses the file, which nobody asked for"));
    }
    let content_length = answer.response.body().size_hint().exact();
    if content_length.is_some_and(|bytes| bytes > cap_bytes) {
        return Err(Trouble::TooLarge { cap_bytes });
    }
    let filename = text(headers, CONTENT_DISPOSITION).as_deref().and_then(filename::disposed);
    let Answer { response, reader } = answer;
    let body =
        Body { incoming: response.into_body(), left: cap_bytes, cap_bytes, deadline, reader };
    Ok(Fetched { filename, body: body.stream() })
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}

/// A body under its cap and deadline.
struct Body {
    incoming: Incoming,
    left: u64,
    cap_bytes: u64,
    deadline: Instant,
    #[expect(dead_code, reason = "reads the connection for as long as it is held")]
    reader: AbortOnDropHandle<()>,
}

impl Body {
    fn stream(self) -> BoxStream<'static, Result<Bytes, Fault>> {
        let next = |mut body: Self| async move {
            let bytes = body.next().await?;
            Ok(bytes.map(|bytes| (bytes, body)))
        };
        stream::try_unfold(self, next).boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            let frame = timeout_at(self.deadline, self.incoming.frame());
            let frame = match frame.await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(cause))) => {
                    return Err(Trouble::transient("its host broke off").because(cause));
                }
                Err(_) => return Err(Trouble::transient("it takes too long")),
            };
            // Trailers are no part of the file.
            let Ok(bytes) = frame.into_data() else { continue };
            let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
                return Err(Trouble::TooLarge { cap_bytes: self.cap_bytes });
            };
            self.left = left;
            return Ok(Some(bytes));
        }
    }
}
