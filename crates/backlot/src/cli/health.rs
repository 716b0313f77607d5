//! `backlot health`: asks a running server whether it is ready.
//!
//! Plain HTTP/1.1 over a socket, so that a container's health check needs nothing else.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use url::Url;

use super::exit::{Exit, Failure};
use super::{Place, output};

const TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Ask a running server whether it is ready
#[derive(Debug, Args)]
#[command(after_help = "\
Exits 0 when the server is ready, 3 when it cannot be reached or says that it is not.

Examples:
  backlot health
  backlot health --url http://10.0.0.7:8080 --json")]
pub struct HealthCommand {
    /// The server, over plain HTTP [default: the listening address of the settings]
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// Print JSON: {"ready", "url", "status", "detail"}
    #[arg(long)]
    json: bool,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    body: String,
}

impl HealthCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => url_of(place.load()?.config.server.listen)?,
        };
        let answer = ask(&url);
        let ready = matches!(&answer, Ok(Answer { status: 200, .. }));
        let (status, detail) = match answer {
            Ok(answer) => (Some(answer.status), answer.body.trim().to_owned()),
            Err(failure) if failure.exit == Exit::Usage => return Err(failure),
            Err(failure) => (None, failure.message),
        };
        if self.json {
            let detail = serde_json::from_str(&detail).unwrap_or_else(|_| json!(detail));
            output::print_json(&json!({
                "ready": ready, "url": url.as_str(), "status": status, "detail": detail,
            }))?;
        } else if ready {
            output::print(&format!("ready: {url}\n"))?;
        } else {
            output::complain(&format!("{url} is not ready: {detail}"));
        }
        Ok(if ready { Exit::Done } else { Exit::Unavailable })
    }
}

/// A server that listens on every address is asked on the loopback one.
fn url_of(listen: SocketAddr) -> Result<Url, Failure> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    Url::parse(&format!("http://{address}/"))
        .map_err(|error| Failure::new(Exit::Usage, format!("http://{address}/: {error}")))
}

fn ask(url: &Url) -> Result<Answer, Failure> {
    let usage = |message: &str| Failure::new(Exit::Usage, format!("--url {url}: {message}"));
    if url.scheme() != "http" {
        return Err(usage("must begin with http://; ask the server itself, not its proxy"));
    }
    let host = url.host_str().ok_or_else(|| usage("names no host"))?;
    let port = url.port_or_known_default().unwrap_or(80);
    let away = |error: std::io::Error| Failure::new(Exit::Unavailable, error.to_string());
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses = (bare_host, port).to_socket_addrs().map_err(away)?;
    let address = addresses
        .next()
        .ok_or_else(|| Failure::new(Exit::Unavailable, format!("{host} has no address")))?;
    exchange(address, &format!("{host}:{port}")).map_err(away)
}

fn exchange(address: SocketAddr, host: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!(
        "GET /readyz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         user-agent: backlot/{}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, "the answer is not HTTP")
    })
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut words = head.split(' ');
    let is_http = words.next()?.starts_with("HTTP/1.");
    let status = words.next()?.parse().ok()?;
    is_http.then(|| Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server that gives one answer, once.
    fn answering(answer: &'static str) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = url_of(listener.local_addr().unwrap()).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 512];
            let count = stream.read(&mut asked).unwrap();
            assert!(asked[..count].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        url
    }

    fn exit_of(url: &Url) -> Exit {
        let command = HealthCommand { url: Some(url.clone()), json: false };
        command.run(&Place::default()).unwrap()
    }

    #[test]
    fn ready_is_zero_and_everything_else_is_unavailable() {
        let ready = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        assert_eq!(exit_of(&ready), Exit::Done);
        let draining = answering("HTTP/1.1 503 Service Unavailable\r\n\r\ndraining");
        assert_eq!(exit_of(&draining), Exit::Unavailable);
        assert_eq!(exit_of(&answering("SSH-2.0-x\r\n\r\n")), Exit::Unavailable);
        // Port 1 is nobody's.
        assert_eq!(exit_of(&Url::parse("http://127.0.0.1:1/").unwrap()), Exit::Unavailable);
    }

    #[test]
    fn only_plain_http_can_be_asked() {
        let failure = ask(&Url::parse("https://example.com/").unwrap()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }

    #[test]
    fn a_server_on_every_address_is_asked_on_loopback() {
        let url = |listen: &str| url_of(listen.parse().unwrap()).unwrap().to_string();
        assert_eq!(url("0.0.0.0:8080"), "http://127.0.0.1:8080/");
        assert_eq!(url("[::]:8080"), "http://[::1]:8080/");
        assert_eq!(url("10.0.0.1:1"), "http://10.0.0.1:1/");
    }
}
