//! What comes back: from a pipe, a Maildir, and by LMTP into a running daemon.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::MONDAY;
use crate::support::folder::Folder;
use crate::support::mails::Mail;
use crate::support::served::TestApp;
use crate::support::smtp_sink::{Received, Sink};
use crate::support::state;

const POSTFIX: &str = include_str!("../../fixtures/bounces/postfix.eml");
const HUMAN: &str = include_str!("../../fixtures/bounces/human.eml");
const VACATION: &str = include_str!("../../fixtures/bounces/vacation.eml");

/// A report as Postfix writes it, about a mail that was sent.
fn report(sent: &Received, status: &str) -> String {
    let leave = Mail::parse(&sent.message).leave;
    POSTFIX
        .replace("{VERP}", &sent.from)
        .replace("{LEAVE}", leave.rsplit('/').next().expect("a token"))
        .replace("{STATUS}", status)
}

async fn sent_to(readers: &[&str], more: &str) -> (Folder, Vec<Received>) {
    let sink = Sink::builder().start().await;
    let more = format!("bounce_address = \"bounces@example.org\"\n{more}");
    let folder = Folder::of_five().relayed_by(sink.address().port(), &more);
    for reader in readers {
        folder.crieur(["subscribers", "add", reader]).succeeds();
    }
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    (folder, sink.messages())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_from_a_pipe_suppresses_its_reader_and_a_second_copy_changes_nothing() {
    let (folder, sent) = sent_to(&["ada@example.org", "jean@example.org"], "").await;
    let ada = sent.iter().find(|mail| mail.to == ["ada@example.org"]).expect("ada's mail");
    assert!(ada.from.starts_with("bounces+") && ada.from.ends_with("@example.org"), "{}", ada.from);
    let text = report(ada, "5.1.1");
    let piped = format!("From MAILER-DAEMON Mon Apr  8 12:00:03 2019\n{text}");
    let first = folder.crieur(["bounces", "ingest"]).stdin(piped.clone()).succeeds();
    assert_eq!(first.stdout.trim(), "1 suppressed");
    let second = folder.crieur(["bounces", "ingest", "-"]).stdin(piped).succeeds();
    assert_eq!(second.stdout.trim(), "1 known already");
    assert_eq!(reasons(&folder), ["hard bounce: 5.1.1"]);
    let forged = text.replace("bounces+", "bounces+a");
    let third =
        folder.crieur(["bounces", "ingest"]).stdin(forged.replace("/unsubscribe/", "/unsubscribe/x")).succeeds();
    assert_eq!(third.stdout.trim(), "1 about no mail of ours");
    // the mail server gives it back to whoever wrote it
    let letter = "From: j@example.org\nSubject: please unsubscribe\n\nhi\n";
    let fourth = folder.crieur(["bounces", "ingest"]).stdin(letter).exits(1);
    assert_eq!(fourth.stdout.trim(), "1 message that is no report we can read");
    let cut = text.replacen("\n\n", &format!("\n\n{}\n", "far too many words\n".repeat(20_000)), 1);
    folder.crieur(["bounces", "ingest"]).stdin(cut).exits(1);
}

/// H3, H4: nothing goes before it is recorded, and what is no report stays for people to read.
#[tokio::test(flavor = "multi_thread")]
async fn a_maildir_is_emptied_of_what_was_recorded_and_of_nothing_else() {
    let (folder, sent) = sent_to(&["ada@example.org", "jean@example.org"], "").await;
    let place = folder.path("returned");
    for name in ["new", "cur", "tmp"] {
        fs::create_dir_all(place.join(name)).expect("a Maildir");
    }
    let put = |name: &str, text: &str| fs::write(place.join("new").join(name), text).expect("a message");
    put("1", &report(&sent[0], "5.1.1"));
    put("2", &report(&sent[1], "5.7.1"));
    put("3", &VACATION.replace("{VERP}", &sent[0].from));
    put("4", HUMAN);
    put("5", "no mail at all");
    let dir = place.display().to_string();
    let said = folder.crieur(["bounces", "ingest", &dir]).succeeds().stdout;
    assert_eq!(said.trim(), "1 suppressed, 1 counted, 1 automatic reply, 2 messages that are no reports we can read");
    let names = |part: &str| {
        let mut names: Vec<_> = fs::read_dir(place.join(part))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    };
    assert_eq!((names("new"), names("cur")), (Vec::<String>::new(), vec!["4:2,".to_owned(), "5:2,".to_owned()]));
    let again = folder.crieur(["bounces", "ingest", &dir]).succeeds().stdout;
    assert_eq!(again.trim(), "nothing to read");
    let reasons = reasons(&folder);
    assert_eq!(reasons, ["hard bounce: 5.1.1"]);
}

fn reasons(folder: &Folder) -> Vec<String> {
    state::ask(&folder.path("state/crieur.db"), "SELECT reason FROM suppression")
}

/// Says lines, each as soon as the one before was answered; gives back the last line of each answer.
fn converse(stream: impl std::io::Read + std::io::Write, lines: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(stream);
    let mut answers = vec![answer(&mut stream)];
    for line in lines {
        stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("said");
        answers.push(answer(&mut stream));
    }
    answers
}

fn answer(stream: &mut impl std::io::BufRead) -> String {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("an answer");
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.trim_end().to_owned();
        }
    }
}

fn codes(answers: &[String]) -> Vec<&str> {
    answers.iter().map(|answer| answer.get(..3).unwrap_or_default()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_hands_reports_over_by_lmtp() {
    let (folder, sent) = sent_to(&["ada@example.org"], "bounce_lmtp = \"./lmtp.sock\"").await;
    let served = TestApp::start(&folder, &["serve"]);
    let connect = || {
        let stream = UnixStream::connect(folder.path("lmtp.sock")).expect("the daemon listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
        stream
    };
    let to = format!("RCPT TO:<{}>", sent[0].from);
    let text = format!("{}\r\n.", report(&sent[0], "5.1.1").replace('\n', "\r\n"));
    let answers = converse(
        connect(),
        &["LHLO mail", "MAIL FROM:<>", "RCPT TO:<nobody@example.org>", "DATA", &to, "DATA", &text, "QUIT"],
    );
    assert_eq!(codes(&answers), ["220", "250", "250", "550", "503", "250", "354", "250", "221"]);
    // the same by another hand, a letter, and what is out of order
    let letter = format!("{}\r\n.", HUMAN.replace('\n', "\r\n"));
    let plain = "RCPT TO:<bounces@example.org>";
    let answers = converse(
        connect(),
        &[
            "EHLO mail",
            "MAIL FROM:<x@y>",
            "LHLO mail",
            "MAIL FROM:<>",
            plain,
            "DATA",
            &text,
            "MAIL FROM:<a@b.fr>",
            plain,
            "DATA",
            &letter,
            "QUIT",
        ],
    );
    assert_eq!(
        codes(&answers),
        ["220", "500", "503", "250", "250", "250", "354", "250", "250", "250", "354", "550", "221"]
    );
    drop(served);
    assert_eq!(reasons(&folder), ["hard bounce: 5.1.1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_in_the_middle_of_a_message_holds_no_stop_up() {
    let (folder, sent) = sent_to(&["ada@example.org"], "bounce_lmtp = \"run/lmtp.sock\"").await;
    let mut served = TestApp::start(&folder, &["serve"]);
    let mut stream = UnixStream::connect(folder.path("run/lmtp.sock")).expect("the daemon made the folder and listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
    let said = format!("LHLO mail\r\nMAIL FROM:<>\r\nRCPT TO:<{}>\r\nDATA\r\n", sent[0].from);
    stream.write_all(said.as_bytes()).expect("said");
    let mut answers =
        BufReader::new(stream.try_clone().expect("the same")).lines().map(|line| line.expect("an answer"));
    assert!(answers.any(|answer| answer.starts_with("354")));
    stream.write_all(b"Subject: it goes on for").expect("said");
    let begin = Instant::now();
    assert!(served.terminate().success());
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(answers.any(|answer| answer.starts_with("421")), "the mail server keeps it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_too_long_is_refused_and_the_next_one_taken() {
    let port = free_port();
    let (folder, sent) = sent_to(&["ada@example.org"], &format!("bounce_lmtp = \"127.0.0.1:{port}\"")).await;
    let _served = TestApp::start(&folder, &["serve"]);
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the daemon listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
    let to = format!("RCPT TO:<{}>", sent[0].from);
    let long = format!("{}\r\n.", "a line of some length, again and again\r\n".repeat(120_000));
    let text = format!("{}\r\n.", report(&sent[0], "5.1.1").replace('\n', "\r\n"));
    let answers =
        converse(stream, &["LHLO mail", "MAIL FROM:<>", &to, "DATA", &long, "MAIL FROM:<>", &to, "DATA", &text]);
    assert_eq!(codes(&answers), ["220", "250", "250", "250", "354", "552", "250", "250", "354", "250"]);
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
