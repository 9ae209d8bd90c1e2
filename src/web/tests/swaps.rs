//! A hundred thousand answers while a thousand sites take each other's place: each is of one site, and none is missing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Host, Limits, header};
use crate::output::site::Document;

const ANSWERS: usize = 100_000;
const SWAPS: usize = 1_000;
const CLIENTS: usize = 4;
/// Asked for at once on a connection.
const BATCH: usize = 25;
const PATHS: [&str; 2] = ["a", "b"];
/// Nothing that is packed: that has tests of its own and would be most of the work.
const KIND: &str = "image/png";

/// A site of which every document says its number at both ends. Another number has other lengths.
fn generation(number: usize) -> [Document; 2] {
    PATHS.map(|path| Document::new(format!("{number} {} {path} {number}", "x".repeat(2_000 + number % 17 * 100)), KIND))
}

struct Course {
    generations: Vec<[Document; 2]>,
    answers: AtomicUsize,
    swapped: AtomicUsize,
    /// There are more answers.
    more: Notify,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_torn_and_none_is_missing_while_sites_are_swapped() {
    let host = Host::start(Limits::default()).await;
    let course = Arc::new(Course {
        generations: (0..=SWAPS).map(generation).collect(),
        answers: AtomicUsize::new(0),
        swapped: AtomicUsize::new(0),
        more: Notify::new(),
    });
    let publish = |number: usize| {
        let [a, b] = &course.generations[number];
        let text = |document: &Document| String::from_utf8(document.bytes.to_vec()).expect("UTF-8");
        host.publish(&[(PATHS[0], &text(a), KIND), (PATHS[1], &text(b), KIND)]);
    };
    publish(0);
    let clients: Vec<JoinHandle<usize>> =
        (0..CLIENTS).map(|client| tokio::spawn(ask(host.address, PATHS[client % 2], Arc::clone(&course)))).collect();
    for number in 1..=SWAPS {
        // so that they are spread over all answers
        while course.answers.load(Ordering::Relaxed) < number * (ANSWERS / (SWAPS + 1)) {
            course.more.notified().await;
        }
        publish(number);
        course.swapped.store(number, Ordering::Release);
    }
    let mut seen = 0;
    for client in clients {
        seen += client.await.expect("no torn answer");
    }
    let answers = course.answers.load(Ordering::Relaxed);
    assert!(answers >= ANSWERS && seen > SWAPS, "{answers} answers of {seen} sites");
}

/// Asks for a document until all have enough; how many sites its answers were of.
async fn ask(address: SocketAddr, path: &str, course: Arc<Course>) -> usize {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let question = format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(BATCH);
    let document = PATHS.iter().position(|known| *known == path).expect("a path");
    let (mut bytes, mut last, mut seen) = (Vec::new(), 0, 1);
    while course.answers.load(Ordering::Relaxed) < ANSWERS || course.swapped.load(Ordering::Acquire) < SWAPS {
        stream.write_all(question.as_bytes()).await.expect("written");
        for _ in 0..BATCH {
            // what is served by now; an answer may be newer, but never older than one before
            let number = loop {
                if let Some((number, length)) = whole(&bytes, document, &course.generations) {
                    bytes.drain(..length);
                    break number;
                }
                assert_ne!(stream.read_buf(&mut bytes).await.expect("bytes"), 0, "closed");
            };
            assert!(number >= last, "an older site after a newer one");
            seen += usize::from(number > last);
            last = number;
            course.answers.fetch_add(1, Ordering::Relaxed);
        }
        course.more.notify_one();
    }
    seen
}

/// The first answer, once all of it is there: of which site it is, and its length. Everything in it must be of that one.
fn whole(bytes: &[u8], document: usize, generations: &[[Document; 2]]) -> Option<(usize, usize)> {
    // only heads are searched, and they are short
    let start = std::str::from_utf8(&bytes[..bytes.len().min(4_096)]).expect("ASCII");
    let (head, _) = start.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let with_end = &start[..head.len() + 4];
    let length: usize = header(with_end, "content-length").and_then(|length| length.parse().ok()).expect("a length");
    let body = bytes.get(with_end.len()..with_end.len() + length)?;
    let number = body.split(|byte| *byte == b' ').next().expect("a part");
    let number: usize = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok()).expect("a number");
    let expected = &generations[number][document];
    assert!(body == &expected.bytes[..], "of two sites: {}", String::from_utf8_lossy(body));
    assert_eq!(header(with_end, "etag"), Some(expected.etag.as_str()), "another's validator");
    Some((number, with_end.len() + length))
}
