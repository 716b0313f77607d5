//! The fetcher against hosts that behave in every way they should not.

use backlot_model::Kind;
use futures::TryStreamExt as _;

use super::testing::{Certificate, Host, Net, PUBLIC, Say, file, head, to};
use super::*;

const CAP: u64 = 1_000;

async fn bytes_of(fetched: Fetched) -> Result<Vec<u8>, Fault> {
    let chunks: Vec<Bytes> = fetched.body.try_collect().await?;
    Ok(chunks.concat())
}

async fn get(net: &Net, url: &str) -> Result<Vec<u8>, Fault> {
    bytes_of(net.fetcher().fetch(url, CAP).await?).await
}

async fn refusal(net: &Net, url: &str) -> String {
    let fault = get(net, url).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (Kind::Invalid, "fetch-refused"), "{fault}");
    assert!(!is_transient(&fault));
    fault.message
}

async fn failure(net: &Net, url: &str) -> (String, bool) {
    let fault = get(net, url).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (Kind::Invalid, "fetch-failed"), "{fault}");
    (fault.message.clone(), is_transient(&fault))
}

#[tokio::test]
async fn a_file_comes_with_what_its_host_says_of_it() {
    let host = Host::start(|_| {
        let lines = "200 OK\ncontent-type: image/jpeg\ncontent-length: 3\n\
                     content-disposition: attachment; filename=\"cat.jpg\"";
        head(lines, b"abc")
    });
    let host = host.await;
    let net = Net::of(&host);
    let fetched = net.fetcher().fetch("http://a.test/x/y?z=1#part", CAP).await.unwrap();
    assert_eq!(fetched.filename.as_deref(), Some("cat.jpg"));
    assert_eq!(bytes_of(fetched).await.unwrap(), b"abc");
    let request = host.requests().concat();
    assert!(request.starts_with("GET /x/y?z=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("host: a.test\r\n"), "{request}");
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
    assert!(request.contains("user-agent: Backlot/"), "{request}");
    assert!(!request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn a_real_connection_to_an_excepted_host_works() {
    let host = Host::start(|_| file(b"abc")).await;
    let allow = AllowedHost::parse_list(&host.address.to_string()).unwrap();
    let fetcher = Fetcher::new(FetchConfig { allow, ..FetchConfig::default() }).unwrap();
    let url = format!("http://{}/a.jpg", host.address);
    fetcher.check(&url).await.unwrap();
    let fetched = fetcher.fetch(&url, CAP).await.unwrap();
    assert_eq!(fetched.filename, None);
    assert_eq!(bytes_of(fetched).await.unwrap(), b"abc");
    let strict = Fetcher::new(FetchConfig::default()).unwrap();
    assert_eq!(strict.check(&url).await.unwrap_err().code, "fetch-refused");
    assert_eq!(host.requests().len(), 1);
}

#[tokio::test]
async fn the_machines_resolver_is_checked_like_any_other() {
    let fetcher = Fetcher::new(FetchConfig::default()).unwrap();
    for url in ["http://localhost/", "http://LOCALHOST:443/"] {
        assert_eq!(fetcher.check(url).await.unwrap_err().code, "fetch-refused", "{url}");
    }
}

#[tokio::test]
async fn the_connection_goes_to_a_checked_address_and_the_name_is_asked_once() {
    let host = Host::start(|_| file(b"abc")).await;
    // Whoever asked a second time would be led to this machine.
    let net = Net::of(&host).name("a.test", &[PUBLIC, "127.0.0.1"]);
    assert_eq!(get(&net, "http://a.test/").await.unwrap(), b"abc");
    assert_eq!(net.asked(), ["a.test"]);
    assert_eq!(net.dialed(), [format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn a_name_that_turns_bad_after_the_check_is_refused() {
    let host = Host::start(|_| file(b"abc")).await;
    let net = Net::of(&host).name("a.test", &[PUBLIC, "127.0.0.1"]);
    let fetcher = net.fetcher();
    fetcher.check("http://a.test/").await.unwrap();
    let fault = fetcher.fetch("http://a.test/", CAP).await.map(drop).unwrap_err();
    assert_eq!(fault.code, "fetch-refused");
    assert!(net.dialed().is_empty() && host.requests().is_empty());
}

#[tokio::test]
async fn one_address_that_is_not_public_refuses_the_name() {
    for bad in ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "fd00::1"] {
        let net = Net::default().name("a.test", &[&format!("{PUBLIC} {bad}")]);
        let why = refusal(&net, "http://a.test/").await;
        assert!(why.contains("not public") && !why.contains(bad), "{why}");
        assert!(net.fetcher().check("http://a.test/").await.is_err());
        assert!(net.dialed().is_empty());
    }
}

#[tokio::test]
async fn literal_addresses_are_checked_without_a_resolver() {
    let net = Net::default();
    for url in ["http://127.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://[::1]/"] {
        assert!(refusal(&net, url).await.contains("loopback"), "{url}");
        assert!(net.fetcher().check(url).await.is_err(), "{url}");
    }
    assert!(net.asked().is_empty() && net.dialed().is_empty());
}

#[tokio::test]
async fn a_name_that_is_not_known_passes_the_check_and_fails_the_fetch() {
    let net = Net::default();
    net.fetcher().check("http://nowhere.test/").await.unwrap();
    let (why, transient) = failure(&net, "http://nowhere.test/").await;
    assert!(why.contains("name of its host") && transient, "{why}");
    let empty = Net::default().name("a.test", &[PUBLIC]);
    assert!(failure(&empty, "http://a.test/").await.0.contains("cannot be reached"));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_is_dead() {
    let host = Host::start(|_| file(b"abc")).await;
    let net = Net::of(&host).name("a.test", &[&format!("8.8.8.8 {PUBLIC}")]);
    assert_eq!(get(&net, "http://a.test/").await.unwrap(), b"abc");
    assert_eq!(net.dialed(), ["8.8.8.8:80", &format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn a_redirect_is_followed_to_its_file() {
    let host = Host::start(|request| match request.split(' ').nth(1) {
        Some("/") => to("/b/c"),
        Some("/b/c") => to("//b.test/cat.jpg?d"),
        _ => file(b"abc"),
    });
    let host = host.await;
    let net = Net::of(&host).name("b.test", &["8.8.4.4"]).road("8.8.4.4:80", &host);
    let fetched = net.fetcher().fetch("http://a.test/", CAP).await.unwrap();
    assert_eq!(bytes_of(fetched).await.unwrap(), b"abc");
    assert_eq!(net.asked(), ["a.test", "a.test", "b.test"], "each hop is resolved anew");
}

#[tokio::test]
async fn a_redirect_to_where_we_do_not_fetch_is_refused() {
    for (location, why) in [
        ("http://127.0.0.1/", "loopback"),
        ("http://0x7f.1/", "loopback"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("http://inner.test/", "not public"),
        ("http://a.test:22/", "port 22"),
        ("http://x:y@a.test/", "user name"),
        ("file:///etc/passwd", "only http"),
    ] {
        let host = Host::start(move |_| to(location)).await;
        let net = Net::of(&host).name("inner.test", &["192.168.0.1"]);
        let told = refusal(&net, "http://a.test/").await;
        assert!(told.contains(why) && told.contains("redirects"), "{location}: {told}");
        assert_eq!(net.dialed().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn a_name_that_turns_bad_between_redirects_is_refused() {
    let host = Host::start(|_| to("/again")).await;
    let net = Net::of(&host).name("a.test", &[PUBLIC, "127.0.0.1"]);
    assert!(refusal(&net, "http://a.test/").await.contains("not public"));
    assert_eq!(net.dialed(), [format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_sixth() {
    let host = Host::start(|request| match request.split(' ').nth(1) {
        Some("/5") => file(b"abc"),
        Some(path) => to(&format!("/{}", path.trim_start_matches('/').parse::<i32>().unwrap() + 1)),
        None => to("/0"),
    });
    let host = host.await;
    let net = Net::of(&host);
    assert_eq!(get(&net, "http://a.test/0").await.unwrap(), b"abc");
    let (why, transient) = failure(&net, "http://a.test/-1").await;
    assert!(why.contains("too often") && !transient, "{why}");
    assert_eq!(host.requests().len(), 12);
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let host = Host::start(|_| to("/")).await;
    let net = Net::of(&host);
    assert!(failure(&net, "http://a.test/").await.0.contains("too often"));
    assert_eq!(host.requests().len(), 6);
}

#[tokio::test]
async fn a_body_over_the_cap_is_cut_off_however_it_comes() {
    let body = vec![7; 1_001];
    let announced = Host::start({
        let body = body.clone();
        move |_| file(&body)
    });
    let until_close = Host::start({
        let body = body.clone();
        move |_| head("200 OK", &body)
    });
    let chunked = Host::start(move |_| {
        let mut chunks = b"3e9\r\n".to_vec();
        chunks.extend(&body);
        chunks.extend(b"\r\n0\r\n\r\n");
        head("200 OK\ntransfer-encoding: chunked", &chunks)
    });
    for (host, early) in
        [(announced.await, true), (until_close.await, false), (chunked.await, false)]
    {
        let net = Net::of(&host);
        let fetched = net.fetcher().fetch("http://a.test/", CAP).await;
        assert_eq!(fetched.is_err(), early);
        let fault = match fetched {
            Ok(fetched) => bytes_of(fetched).await.unwrap_err(),
            Err(fault) => fault,
        };
        assert_eq!((fault.kind, fault.code), (Kind::TooLarge, "too-large"));
        assert!(fault.message.contains("1000 bytes"), "{fault}");
        let roomy = net.fetcher().fetch("http://a.test/", CAP + 1).await.unwrap();
        assert_eq!(bytes_of(roomy).await.unwrap().len(), 1_001);
    }
}

#[tokio::test]
async fn a_length_that_lies_never_gives_another_file() {
    let short = Host::start(|_| head("200 OK\ncontent-length: 100", b"abc")).await;
    let (why, transient) = failure(&Net::of(&short), "http://a.test/").await;
    assert!(why.contains("broke off") && transient, "{why}");
    let long = Host::start(|_| head("200 OK\ncontent-length: 3", b"abcdef")).await;
    assert_eq!(get(&Net::of(&long), "http://a.test/").await.unwrap(), b"abc");
    let cut = Host::start(|_| head("200 OK\ntransfer-encoding: chunked", b"9\r\nabc")).await;
    assert!(failure(&Net::of(&cut), "http://a.test/").await.0.contains("broke off"));
    for lines in [
        "200 OK\ncontent-length: 3\ncontent-length: 4",
        "200 OK\ncontent-length: -1",
        "200 OK\ncontent-length: 99999999999999999999999",
    ] {
        let host = Host::start(move |_| head(lines, b"abc")).await;
        assert!(failure(&Net::of(&host), "http://a.test/").await.0.contains("HTTP"), "{lines}");
    }
}

#[tokio::test]
async fn what_is_no_file_says_so_without_what_the_host_said() {
    for (lines, why, transient) in [
        ("404 Not Found", "answered 404", false),
        ("204 No Content", "answered 204", false),
        ("206 Partial Content\ncontent-range: bytes 0-2/9", "answered 206", false),
        ("401 Unauthorized", "answered 401", false),
        ("408 Request Timeout", "answered 408", true),
        ("429 Too Many Requests", "answered 429", true),
        ("500 Oops", "answered 500", true),
        ("302 Found", "to nowhere", false),
        ("304 Not Modified", "answered 304", false),
        ("200 OK\ncontent-encoding: gzip", "compresses", false),
        ("200 OK\nbroken header", "HTTP", false),
    ] {
        let host = Host::start(move |_| head(lines, b"a secret of the host")).await;
        let (told, again) = failure(&Net::of(&host), "http://a.test/").await;
        assert!(told.contains(why) && !told.contains("secret"), "{lines}: {told}");
        assert_eq!(again, transient, "{lines}");
    }
    let mute = Host::start(|_| Say::Bytes(Vec::new())).await;
    assert!(failure(&Net::of(&mute), "http://a.test/").await.0.contains("broke off"));
    let rude = Host::start(|_| Say::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec())).await;
    let told = failure(&Net::of(&rude), "http://a.test/").await.0;
    assert!(told.contains("HTTP") && !told.contains("SSH"), "{told}");
}

#[tokio::test]
async fn an_endless_head_is_not_read_for_ever() {
    let host = Host::start(|_| {
        let mut endless = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
        endless.resize(1 << 20, b'a');
        Say::Hang(endless)
    });
    let host = host.await;
    assert!(failure(&Net::of(&host), "http://a.test/").await.0.contains("HTTP"));
}

#[tokio::test]
async fn every_deadline_ends_a_silent_host() {
    let silent = Host::start(|_| Say::Hang(Vec::new())).await;
    let net = Net::of(&silent).config(|config| config.first_byte_ms = 30);
    let (why, transient) = failure(&net, "http://a.test/").await;
    assert!(why.contains("does not answer in time") && transient, "{why}");

    let net = Net::of(&silent).config(|config| config.total_ms = 30);
    assert!(failure(&net, "http://a.test/").await.0.contains("takes too long"));

    let stalls = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_vec();
    let stalling = Host::start(move |_| Say::Hang(stalls.clone())).await;
    let net = Net::of(&stalling).config(|config| config.total_ms = 200);
    assert!(failure(&net, "http://a.test/").await.0.contains("takes too long"));

    // The connection stands, but TLS never comes about: nothing says hello back.
    let mute = Host::start(|_| Say::Hang(Vec::new())).await;
    let net = Net::of(&mute).road(&format!("{PUBLIC}:443"), &mute);
    let net = net.config(|config| config.connect_ms = 30);
    assert!(failure(&net, "https://a.test/").await.0.contains("in time"));
}

#[tokio::test]
async fn https_is_checked_by_name_although_the_address_is_pinned() {
    let certificate = Certificate::of("a.test");
    let host = Host::start_secure(&certificate, |_| file(b"abc")).await;
    let secure = format!("{PUBLIC}:443");
    let net = Net::of(&host).road(&secure, &host).trusting(&certificate);
    assert_eq!(get(&net, "https://a.test/").await.unwrap(), b"abc");
    assert_eq!(net.dialed(), [&*secure]);
    let net = net.name("b.test", &[PUBLIC]);
    let (why, transient) = failure(&net, "https://b.test/").await;
    assert!(why.contains("no secure connection") && !transient, "{why}");
    let stranger = Net::of(&host).road(&secure, &host);
    assert!(failure(&stranger, "https://a.test/").await.0.contains("no secure connection"));
}

#[tokio::test]
async fn a_redirect_never_leaves_https() {
    let certificate = Certificate::of("a.test");
    let host = Host::start_secure(&certificate, |_| to("http://a.test/")).await;
    let net = Net::of(&host).road(&format!("{PUBLIC}:443"), &host).trusting(&certificate);
    assert!(refusal(&net, "https://a.test/").await.contains("leaves https"));
    assert_eq!(net.dialed().len(), 1);
}
