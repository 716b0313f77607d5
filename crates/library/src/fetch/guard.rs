//! Which URLs are fetched: the rules that need no network, and what may be excepted from them.

use std::net::IpAddr;

use backlot_model::Millis;
use url::{Host, Url};

use super::address::{AddressClass, address_class};
use super::trouble::Trouble;

/// A URL that is longer is refused, in bytes.
pub const URL_BYTES_MAX: usize = 8_192;

/// The rules and deadlines of a [`super::Fetcher`].
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// Hosts that are fetched from whatever their address and port (`BACKLOT_FETCH_ALLOW`).
    pub allow: Vec<AllowedHost>,
    /// Ports beside 80 and 443.
    pub extra_ports: Vec<u16>,
    /// To resolve the name, connect, and agree on TLS; for each redirect anew.
    pub connect_ms: Millis,
    /// From then to the head of the answer; for each redirect anew.
    pub first_byte_ms: Millis,
    /// From the call to the last byte, redirects included.
    pub total_ms: Millis,
    /// How many redirects are followed.
    pub redirects_max: u32,
    /// How we introduce ourselves.
    pub user_agent: String,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            extra_ports: Vec::new(),
            connect_ms: 5_000,
            first_byte_ms: 15_000,
            total_ms: 120_000,
            redirects_max: 5,
            user_agent: concat!("Backlot/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// A host and a port that are excepted from the rules on addresses and ports, and from no other.
///
/// The host is compared with the one in the URL: a name excepts no address, and an address no
/// name that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: Host,
    port: u16,
}

impl AllowedHost {
    /// Reads `host:port`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let wrong = || format!("`{raw}` is not host:port, for example 127.0.0.1:9000");
        let (host, port) = raw.rsplit_once(':').ok_or_else(wrong)?;
        let host = Host::parse(host).map_err(|_| wrong())?;
        let port = port.parse().map_err(|_| wrong())?;
        if port == 0 { Err(wrong()) } else { Ok(Self { host, port }) }
    }

    /// Reads a list with commas between; empty entries are passed over.
    ///
    /// # Errors
    /// As [`AllowedHost::parse`], for the first wrong entry.
    pub fn parse_list(raw: &str) -> Result<Vec<Self>, String> {
        raw.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Self::parse).collect()
    }
}

impl FetchConfig {
    /// Reads a URL and holds it against every rule that needs no network.
    pub(super) fn parse_url(&self, raw: &str) -> Result<Url, Trouble> {
        if raw.len() > URL_BYTES_MAX {
            return Err(Trouble::refused(format!("it is over {URL_BYTES_MAX} bytes")));
        }
        let url =
            Url::parse(raw).map_err(|why| Trouble::refused(format!("it is no URL: {why}")))?;
        self.hold(url)
    }

    /// Where a redirect from `from` leads, held against the same rules, and never from https to
    /// http: what was asked for over a secure connection does not come over an open one.
    pub(super) fn parse_redirect(&self, from: &Url, location: &[u8]) -> Result<Url, Trouble> {
        let led = |why: Trouble| why.behind_a_redirect();
        let location = std::str::from_utf8(location).ok().filter(|it| it.len() <= URL_BYTES_MAX);
        let to = location.and_then(|location| from.join(location).ok());
        let to = to.ok_or_else(|| led(Trouble::refused("it is no URL")))?;
        let to = self.hold(to).map_err(led)?;
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err(led(Trouble::refused("it leaves https")));
        }
        Ok(to)
    }

    fn hold(&self, url: Url) -> Result<Url, Trouble> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Trouble::refused("only http and https are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Trouble::refused("it must not carry a user name or password"));
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if !(port == 80 || port == 443 || self.extra_ports.contains(&port) || self.excepts(&url)) {
            return Err(Trouble::refused(format!("port {port} is not fetched from")));
        }
        // A literal address needs no resolver, so it is refused wherever it is first seen.
        if let Some(address) = literal(&url) {
            self.check_addresses(&url, &[address])?;
        }
        Ok(url)
    }

    /// Whether every one of `addresses` is one that `url` may be fetched from.
    pub(super) fn check_addresses(&self, url: &Url, addresses: &[IpAddr]) -> Result<(), Trouble> {
        if self.excepts(url) {
            return Ok(());
        }
        let classes = || addresses.iter().map(|&address| address_class(address));
        match classes().find(|class| !class.is_public()) {
            None => Ok(()),
            Some(class) if literal(url).is_some() => {
                Err(Trouble::refused(format!("the address is {}", AddressClass::words(class))))
            }
            // Not which: it is the asker's business that we refuse, not what our names mean.
            Some(_) => Err(Trouble::refused("its host has an address that is not public")),
        }
    }

    fn excepts(&self, url: &Url) -> bool {
        let (host, port) = (url.host().map(|host| host.to_owned()), url.port_or_known_default());
        let is_it = |it: &AllowedHost| host.as_ref() == Some(&it.host) && port == Some(it.port);
        self.allow.iter().any(is_it)
    }
}

/// The address that a URL spells out, however oddly (`0x7f.1`, `2130706433`, `017700000001`).
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(raw: &str) -> Result<Url, String> {
        let config = FetchConfig { extra_ports: vec![8443], ..FetchConfig::default() };
        config.parse_url(raw).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn what_may_be_fetched_passes() {
        for raw in [
            "http://example.com/a.jpg",
            "https://example.com",
            "https://EXAMPLE.com:443/a?b#c",
            "http://example.com:443/",
            "https://example.com:8443/",
            "http://8.8.8.8/",
            "http://[2606:4700::1111]/",
            "https://bücher.example/",
        ] {
            assert!(parse(raw).is_ok(), "{raw}: {:?}", parse(raw));
        }
    }

    #[test]
    fn each_refusal_says_why() {
        for (raw, why) in [
            ("", "no URL"),
            ("example.com/a.jpg", "no URL"),
            ("http://", "no URL"),
            ("http://example.com:99999/", "no URL"),
            ("file:///etc/passwd", "only http and https"),
            ("ftp://example.com/", "only http and https"),
            ("gopher://example.com/", "only http and https"),
            ("data:image/png;base64,AAAA", "only http and https"),
            ("javascript:alert(1)", "only http and https"),
            ("http://ann@example.com/", "user name"),
            ("http://:secret@example.com/", "user name"),
            ("http://8.8.8.8@127.0.0.1/", "user name"),
            ("http://example.com:22/", "port 22"),
            ("http://example.com:0/", "port 0"),
            ("https://example.com:8080/", "port 8080"),
            ("http://127.0.0.1/", "a loopback address"),
            ("http://10.0.0.1/", "is private"),
            ("http://169.254.169.254/latest/meta-data/", "link-local"),
            ("http://[::1]/", "a loopback address"),
            ("http://[fd00:ec2::254]/", "unique-local"),
            ("http://[::ffff:192.168.0.1]/", "is private"),
            ("http://0/", "unspecified"),
        ] {
            let refusal = parse(raw).unwrap_err();
            assert!(refusal.contains(why), "{raw}: {refusal}");
        }
        let long = format!("http://example.com/{}", "a".repeat(URL_BYTES_MAX));
        assert!(parse(&long).unwrap_err().contains("over 8192 bytes"));
    }

    #[test]
    fn an_address_in_an_odd_spelling_is_that_address() {
        for host in [
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0x7F.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
            "[::7f00:1]",
            "[0:0:0:0:0:ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
        ] {
            let refusal = parse(&format!("http://{host}/")).unwrap_err();
            assert!(refusal.contains("a loopback address"), "{host}: {refusal}");
        }
    }

    #[test]
    fn an_exception_is_for_its_host_and_port_alone() {
        let allow = AllowedHost::parse_list("127.0.0.1:9000, [::1]:9000,,cdn.test:80").unwrap();
        let config = FetchConfig { allow, ..FetchConfig::default() };
        let passes = |raw: &str| config.parse_url(raw).is_ok();
        assert!(passes("http://127.0.0.1:9000/a"));
        assert!(passes("https://0x7f.1:9000/a"), "the same host, oddly spelled");
        assert!(passes("http://[0:0::1]:9000/a"));
        assert!(!passes("http://127.0.0.1:9001/a"));
        assert!(!passes("http://127.0.0.1/a"));
        assert!(!passes("http://127.0.0.2:9000/a"));
        assert!(!passes("http://localhost:9000/a"));
        assert!(!passes("http://ann@127.0.0.1:9000/a"), "other rules stand");
        let inner = "10.0.0.1".parse().unwrap();
        let cdn = config.parse_url("http://cdn.test/a").unwrap();
        assert!(config.check_addresses(&cdn, &[inner]).is_ok());
        let cdn = config.parse_url("https://cdn.test/a").unwrap();
        assert!(config.check_addresses(&cdn, &[inner]).is_err());
    }

    #[test]
    fn a_malformed_exception_is_explained() {
        for raw in ["localhost", "localhost:", ":80", "a b:80", "::1:80", "x:0", "x:70000"] {
            let why = AllowedHost::parse(raw).unwrap_err();
            assert!(why.contains("is not host:port"), "{raw}: {why}");
        }
        assert_eq!(AllowedHost::parse_list("").unwrap(), []);
    }

    #[test]
    fn one_bad_address_among_good_ones_refuses_the_host() {
        let config = FetchConfig::default();
        let url = config.parse_url("http://example.com/").unwrap();
        let good = "8.8.8.8".parse().unwrap();
        let bad = "10.0.0.1".parse().unwrap();
        assert!(config.check_addresses(&url, &[good, good]).is_ok());
        let why = config.check_addresses(&url, &[good, bad]).unwrap_err().to_string();
        assert!(why.contains("not public") && !why.contains("private"), "{why}");
    }

    #[test]
    fn a_redirect_is_held_to_the_same_rules() {
        let config = FetchConfig::default();
        let from = config.parse_url("https://example.com/a/b?c").unwrap();
        let to = |location: &[u8]| {
            let url = config.parse_redirect(&from, location);
            url.map(String::from).map_err(|trouble| trouble.to_string())
        };
        assert_eq!(to(b"d").unwrap(), "https://example.com/a/d");
        assert_eq!(to(b"//cdn.example/x").unwrap(), "https://cdn.example/x");
        for (location, why) in [
            (&b"http://example.com/a"[..], "leaves https"),
            (b"file:///etc/passwd", "only http"),
            (b"https://127.0.0.1/", "loopback"),
            (b"https://x:y@example.com/", "user name"),
            (b"https://example.com:22/", "port 22"),
            (b"https://", "no URL"),
            (b"\xff\xfe", "no URL"),
        ] {
            let refusal = to(location).unwrap_err();
            assert!(refusal.contains(why) && refusal.contains("redirect"), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_rules(raw in ".{0,80}") {
            if let Ok(url) = parse(&raw) {
                prop_assert!(matches!(url.scheme(), "http" | "https"));
            }
            let _ = AllowedHost::parse_list(&raw);
        }

        #[test]
        fn no_spelling_of_a_denied_address_passes(octets: [u8; 4], form in 0_u8..5) {
            let address = std::net::Ipv4Addr::from(octets);
            let number = u32::from(address);
            let [a, b, c, d] = octets;
            let host = match form {
                0 => address.to_string(),
                1 => number.to_string(),
                2 => format!("{number:#x}"),
                3 => format!("0{a:o}.0x{b:x}.{}", u16::from(c) << 8 | u16::from(d)),
                _ => format!("[{}]", address.to_ipv6_mapped()),
            };
            let passed = parse(&format!("http://{host}/")).is_ok();
            prop_assert_eq!(passed, address_class(address.into()).is_public(), "{}", host);
        }
    }
}
