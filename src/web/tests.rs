//! The server on real sockets, with deadlines short enough to wait for.

mod swaps;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Limits, Server, Web, router};
use crate::model::sample;
use crate::model::token::SigningKey;
use crate::output::site::{ATOM, Document, HTML, Site};
use crate::output::templates::Templates;
use crate::store::SqliteStore;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

struct Host {
    web: Arc<Web>,
    address: SocketAddr,
    cancel: CancellationToken,
    serving: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Host {
    async fn start(limits: Limits) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&dir.path().join("crieur.db")).await.expect("a store");
        let clock = Arc::new(|| DateTime::UNIX_EPOCH);
        let (templates, key) = (Templates::built_in(), SigningKey::new([7; 32]));
        let web = Web::new(sample::site(), Vec::new(), templates, Arc::new(store), key, clock);
        let web = Arc::new(web.with_hubs(vec![sample::url("https://hub.example.org/")]));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = listener.local_addr().expect("an address");
        let cancel = CancellationToken::new();
        let router = router(web.clone(), limits.body);
        let server = Server { limits, trusted_proxies: Vec::new() };
        let serving = tokio::spawn(server.serve(listener, router, cancel.clone()));
        Self { web, address, cancel, serving, _dir: dir }
    }

    async fn of(limits: Limits, documents: &[(&str, &str, &'static str)]) -> Self {
        let host = Self::start(limits).await;
        host.publish(documents);
        host
    }

    fn publish(&self, documents: &[(&str, &str, &'static str)]) {
        let document = |(path, text, kind): &(&str, &str, &'static str)| {
            ((*path).to_owned(), Document::new((*text).to_owned(), kind))
        };
        let documents = documents.iter().map(document).collect();
        self.web.swap_in(Arc::new(Site { documents, ..Site::default() }));
    }

    /// More than the system keeps for a reader who takes nothing.
    fn publish_big(&self, length: usize) {
        let document =
            Document { bytes: vec![b'a'; length].into(), content_type: "image/png", etag: "\"a\"".to_owned() };
        let documents = [("big".to_owned(), document)].into();
        self.web.swap_in(Arc::new(Site { documents, ..Site::default() }));
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Sends bytes as they are and reads until the connection is closed.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.expect("written");
        to_its_end(&mut stream).await.expect("an answer")
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        self.say(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").as_bytes()).await
    }
}

async fn to_its_end(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("")
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split_once("\r\n\r\n")?.0;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

const FEED: &[(&str, &str, &str)] = &[("atom.xml", "<feed/>", ATOM), ("", "<p>", HTML), ("a/b/", "<p>b", HTML)];

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused_and_the_connection_closed() {
    let host = Host::of(Limits::default(), FEED).await;
    let hidden = "GET /atom.xml HTTP/1.1\r\nHost: a\r\n\r\n";
    for (head, expected) in [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", "400"),
        ("GET / HTTP/1.1\nHost: a\n\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "400"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        // HTTP/2 is the proxy's: neither its preface nor the wish to change over begins it
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n", "413"),
        ("POST /unsubscribe/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"),
    ] {
        let answer = host.say(format!("{head}{hidden}").as_bytes()).await;
        assert_eq!((status(&answer), header(&answer, "connection")), (expected, Some("close")), "{head:?}\n{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "what hides behind it is not answered: {answer}");
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{answer}");
    }
}

#[tokio::test]
async fn too_much_is_refused_with_its_own_status() {
    let host = Host::of(Limits::default(), FEED).await;
    let long = "a".repeat(1_000_000);
    let chunks = format!("4000\r\n{}\r\n", "a".repeat(0x4000)).repeat(3);
    for (request, expected) in [
        (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), "414"),
        (format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[..9_000]), "414"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(10_000)), "431"),
        (format!("POST /unsubscribe/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"), "413"),
        (format!("POST /unsubscribe/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{long}"), "413"),
    ] {
        let answer = host.say(request.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{}", &request[..60]);
    }
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let host = Host::of(Limits::default(), FEED).await;
    let get = "GET /atom.xml HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET http://evil.example/atom.xml?x HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
    let answer = host.say(format!("\r\n{get}{get}{last}").as_bytes()).await;
    assert_eq!((answer.matches("200 OK").count(), answer.matches("<feed/>").count()), (3, 3), "{answer}");
    assert!(!answer.contains("evil"), "{answer}");
}

#[tokio::test]
async fn nothing_that_is_sent_packed_is_unpacked_and_nothing_is_changed_over() {
    let host = Host::of(Limits::default(), FEED).await;
    // a thousand zeros in gzip: taken as they are, they are no form
    let bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x63\x60\x18\x05\xa3\x60\x14\x0c\x77\x00\x00";
    let head = "POST /unsubscribe/x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let head = format!("{head}Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let answer = host.say(&[head.as_bytes(), bomb].concat()).await;
    assert!(status(&answer).starts_with('4'), "{answer}");
    let change = "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    assert_eq!(status(&host.get("/atom.xml", change).await), "200");
}

#[tokio::test]
async fn methods_and_odd_targets_have_their_answers() {
    let host = Host::of(Limits::default(), FEED).await;
    for (request, expected, allow) in [
        ("DELETE /atom.xml", "405", Some("GET, HEAD")),
        ("OPTIONS *", "405", Some("GET, HEAD")),
        ("CONNECT a:80", "405", Some("GET, HEAD")),
        ("TRACE /", "405", Some("GET, HEAD")),
        ("PUT /unsubscribe/x", "405", Some("GET,HEAD,POST")),
        ("POST /healthz", "405", Some("GET,HEAD")),
        ("GET *", "404", None),
        ("GET http://a", "200", None),
        ("GET //atom.xml", "404", None),
        ("GET /%61tom.xml", "200", None),
        ("GET /atom.xml%00", "404", None),
        ("GET /a%2fb/", "404", None),
        ("GET /a/..;/atom.xml", "404", None),
        ("GET /a\\..\\atom.xml", "404", None),
        ("GET /a/../atom.xml", "404", None),
        ("GET /a/b", "301", None),
    ] {
        let answer = host.say(format!("{request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!((status(&answer), header(&answer, "allow")), (expected, allow), "{request}\n{answer}");
    }
}

#[tokio::test]
async fn who_does_not_finish_asking_is_cut_off() {
    let limits = Limits { head: Duration::from_millis(50), body: Duration::from_millis(50), ..Limits::default() };
    let host = Host::of(limits, FEED).await;
    for (begun, expected) in [
        ("", ""),
        ("GET /atom.xml HT", ""),
        ("GET /atom.xml HTTP/1.1\r\nHost: a\r\nX: ", ""),
        ("POST /unsubscribe/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nLi", "408"),
        ("POST /unsubscribe/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nLi", "408"),
    ] {
        assert_eq!(status(&host.say(begun.as_bytes()).await), expected, "{begun:?}");
    }
    // also who sends a little now and then: what is waited for is that the other side hangs up
    let (mut reader, mut writer) = host.connect().await.into_split();
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let mut heard = Vec::new();
    let hung_up = async {
        tokio::select! {
            _ = reader.read_to_end(&mut heard) => {}
            () = async { while writer.write_all(b"G").await.is_ok() { pace.tick().await; } } => {}
        }
    };
    tokio::time::timeout(PATIENCE, hung_up).await.expect("it is never cut off");
}

#[tokio::test]
async fn who_takes_nothing_is_cut_off() {
    let limits = Limits { stall: Duration::from_millis(50), ..Limits::default() };
    let host = Host::start(limits).await;
    host.publish_big(32 * 1024 * 1024);
    let mut stream = host.connect().await;
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
    // nothing is read here, and nothing there while the answer waits: writing more than both sides hold ends when the other
    // side gives up, with an error
    let flood = vec![b'\n'; 64 * 1024 * 1024];
    let ended = tokio::time::timeout(PATIENCE, stream.write_all(&flood)).await.expect("it is never cut off");
    assert!(ended.is_err(), "all of it was taken");
}

#[tokio::test]
async fn a_connection_has_its_time() {
    let limits = Limits { life: Duration::from_millis(50), drain: Duration::from_millis(50), ..Limits::default() };
    let host = Host::of(limits, FEED).await;
    let mut stream = host.connect().await;
    stream.write_all(b"GET /atom.xml HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
    assert_eq!(status(&to_its_end(&mut stream).await.expect("an answer")), "200");
}

#[tokio::test]
async fn a_thousand_who_say_nothing_keep_nobody_out() {
    // of this process: a thousand sockets and their other ends need descriptors
    let limits = Limits { connections: 400, ..Limits::of_this_process() };
    let host = Host::of(limits, FEED).await;
    let mut silent = Vec::new();
    for _ in 0..1000 {
        let mut stream = host.connect().await;
        stream.write_all(b"GET /atom.xml HTTP/1.1\r\nHo").await.expect("written");
        silent.push(stream);
    }
    for _ in 0..50 {
        assert_eq!(status(&host.get("/atom.xml", "").await), "200");
    }
}

#[tokio::test]
async fn answers_under_way_are_finished_when_it_stops() {
    let length = 32 * 1024 * 1024;
    let host = Host::start(Limits::default()).await;
    host.publish_big(length);
    let mut stream = host.connect().await;
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("written");
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.expect("its begin");
    host.cancel.cancel();
    let answer = to_its_end(&mut stream).await.expect("the rest");
    assert!(answer.ends_with(&"a".repeat(1000)) && answer.len() > length, "{} bytes", answer.len());
    tokio::time::timeout(PATIENCE, host.serving).await.expect("its end").expect("no panic");
    assert!(TcpStream::connect(host.address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn feeds_name_hubs_and_pages_do_not() {
    let host = Host::of(Limits::default(), FEED).await;
    let feed = host.get("/atom.xml", "").await;
    let links: Vec<&str> = feed.lines().filter_map(|line| line.strip_prefix("link: ")).collect();
    let itself = format!("<{}>; rel=\"self\"", host.web.site.own_url("atom.xml"));
    assert_eq!(links, ["<https://hub.example.org/>; rel=\"hub\"", &itself]);
    assert_eq!(header(&host.get("/", "").await, "link"), None);
}

#[tokio::test]
async fn a_document_has_a_validator_for_each_coding() {
    let text = "<p>Une annonce.</p>".repeat(1000);
    let host = Host::of(Limits::default(), &[("atom.xml", &text, ATOM), ("b", "short", HTML)]).await;
    let until_packed = async {
        while header(&host.get("/atom.xml", "Accept-Encoding: br\r\n").await, "content-encoding") != Some("br") {}
    };
    tokio::time::timeout(PATIENCE, until_packed).await.expect("it is packed");
    let mut etags = Vec::new();
    for (accepted, coding) in
        [("", None), ("gzip", Some("gzip")), ("gzip, br", Some("br")), ("br;q=0.1, gzip", Some("gzip"))]
    {
        let wish = format!("Accept-Encoding: {accepted}\r\n");
        let answer = host.get("/atom.xml", &wish).await;
        assert_eq!((header(&answer, "content-encoding"), header(&answer, "vary")), (coding, Some("Accept-Encoding")));
        let etag = header(&answer, "etag").expect("a validator").to_owned();
        let again = host.get("/atom.xml", &format!("{wish}If-None-Match: {etag}\r\n")).await;
        assert_eq!((status(&again), header(&again, "etag")), ("304", Some(&*etag)), "{accepted}");
        assert_eq!(header(&again, "content-security-policy"), None, "the feed's own stays");
        etags.push(etag);
    }
    assert!(etags[0] != etags[1] && etags[1] != etags[2] && etags[0] != etags[2] && etags[1] == etags[3], "{etags:?}");
    let other = host.get("/atom.xml", &format!("If-None-Match: {}\r\n", etags[1])).await;
    assert_eq!(status(&other), "200", "who does not take gzip is not sent back to a copy in gzip");
    let range = host.get("/atom.xml", "Range: bytes=0-9\r\n").await;
    assert!(status(&range) == "200" && range.ends_with(&text), "a range is a wish");
    assert_eq!(header(&host.get("/b", "Accept-Encoding: br\r\n").await, "content-encoding"), None);
}
