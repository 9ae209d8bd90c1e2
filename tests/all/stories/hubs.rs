//! A hub that listens on a socket: told of each feed that changed, and of nothing else.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::announcement;
use crate::support::folder::Folder;
use crate::support::poll::eventually;

const SITE: &str = "https://www.numerique.gouv.fr/";

/// Answers each request with the next of its answers, the last for ever, and keeps what was asked.
struct StubHub {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StubHub {
    fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        thread::spawn(move || {
            for (turn, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let answer = answers.get(turn).or(answers.last()).expect("an answer");
                let request = read(&stream);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let _ = write!(&stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
            }
        });
        Self { port, asked }
    }

    fn of_five(&self) -> Folder {
        let hub = format!("dir = \"public\"\nwebsub_hubs = [\"http://127.0.0.1:{}/hub?key=a\"]", self.port);
        Folder::of_five().but("dir = \"public\"", &hub)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it was told of each feed, by its path.
    fn told(&self) -> BTreeMap<String, usize> {
        let mut told = BTreeMap::new();
        for request in self.asked() {
            let (head, form) = request.split_once("\r\n\r\n").expect("a body");
            assert!(head.starts_with("POST /hub?key=a HTTP/1.1"), "{head}");
            let fields: BTreeMap<_, _> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            assert_eq!(fields["hub.mode"], "publish");
            let path = fields["hub.url"].strip_prefix(SITE).expect("one of ours").to_owned();
            *told.entry(path).or_default() += 1;
        }
        told
    }

    fn forget(&self) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn read(stream: &TcpStream) -> String {
    let (mut stream, mut request, mut length) = (BufReader::new(stream), String::new(), 0);
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).expect("a line") == 0 {
            return request;
        }
        let last = request.lines().last().unwrap_or_default().to_lowercase();
        length = last.strip_prefix("content-length: ").map_or(length, |length| length.parse().expect("a number"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body");
    request + std::str::from_utf8(&body).expect("UTF-8")
}

#[test]
fn a_hub_is_told_once_of_each_feed_that_changed() {
    let hub = StubHub::start(&["204 No Content"]);
    let folder = hub.of_five();
    let mut app = folder.serve();
    app.until_logged("hub told");
    let feeds = hub.told();
    for path in ["rss.xml", "atom.xml", "feed.json", "categories/atelier/atom.xml", "tags/ux/rss.xml"] {
        assert_eq!(feeds.get(path), Some(&1), "{feeds:?}");
    }
    assert!(feeds.keys().all(|path| !path.contains("calendar") && !path.contains("archive/")), "{feeds:?}");
    for path in ["/rss.xml", "/atom.xml", "/feed.json"] {
        assert!(app.text(path).contains("/hub?key=a"), "{path} names its hub");
    }

    hub.forget();
    app.terminate();
    app.restart();
    folder.write("content/actualites/2021-05-06-sixieme.md", &announcement("Sixième", "2021-05-06 10:00:00 +02:00"));
    let changed =
        ["rss.xml", "atom.xml", "feed.json"].map(|name| [name.to_owned(), format!("categories/article/{name}")]);
    let changed: BTreeMap<String, usize> = changed.into_iter().flatten().map(|path| (path, 1)).collect();
    eventually("the changed feeds", || (hub.told().len() >= changed.len()).then_some(()));
    assert_eq!(hub.told(), changed, "a restart alone tells nothing");
}

#[test]
fn a_hub_that_fails_is_tried_again_and_a_redirect_is_not_followed() {
    let other = StubHub::start(&["204 No Content"]);
    let elsewhere: &'static str =
        Box::leak(format!("307 Temporary Redirect\r\nLocation: http://127.0.0.1:{}/", other.port).into_boxed_str());
    let answers: &'static [&'static str] = Box::leak(Box::new([elsewhere, "503 Service Unavailable", "202 Accepted"]));
    let hub = StubHub::start(answers);
    let folder = hub.of_five();
    // the first failure is one round, the next is another: both pauses are those of `RETRIES`
    let app = folder.serve();
    app.until_logged("the hub was not told, it is tried a few times more: it answered 307");
    assert_eq!(app.get("/atom.xml").status, 200, "publishing waits for nobody");
    eventually("another try", || (hub.asked().len() > 1).then_some(()));
    assert!(other.asked().is_empty());
    assert_eq!(app.log().matches("was not told").count(), 1);
}
