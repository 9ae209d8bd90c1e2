//! `send` through a real SMTP server that refuses, defers, or sees us die.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::{MONDAY, due_newsletter};
use crate::support::folder::Folder;
use crate::support::mails::Mail;
use crate::support::rights::{can, can_mount, mounted};
use crate::support::smtp_sink::{Act, Received, Sink};
use crate::support::state;

const READERS: usize = 200;

fn relayed(sink: &Sink, more: &str, readers: impl IntoIterator<Item = String>) -> Folder {
    let folder = Folder::of_five().relayed_by(sink.address().port(), more);
    let csv = readers.into_iter().fold("email\n".to_owned(), |mut csv, reader| {
        writeln!(csv, "{reader}").expect("text");
        csv
    });
    folder.crieur(["subscribers", "import", "-", "--consent-source", "forms"]).stdin(csv).succeeds();
    folder
}

fn deliveries(folder: &Folder) -> BTreeMap<String, usize> {
    state::deliveries(&folder.path("state/crieur.db"))
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_and_greylisted_readers_are_told_apart_and_the_others_get_their_mail() {
    let sink = Sink::builder()
        .rcpt("gone@example.org", "550 5.1.1 no such user")
        .rcpt("grey@example.org", "451 4.7.1 greylisted, try again later")
        .start()
        .await;
    let folder = relayed(&sink, "", ["gone", "ada", "grey", "jean"].map(|name| format!("{name}@example.org")));
    let sent = folder.crieur(["send", "--at", MONDAY]).exits(75);
    assert!(sent.stdout.contains("2 sent, 1 deferred, 1 refused, 0 in doubt"), "{}", sent.stdout);
    assert!(sent.stderr.contains("1 deferred: 451 4.7.1 greylisted"), "{}", sent.stderr);
    let shown = folder.crieur(["issues", "show", "1"]).succeeds().stdout;
    assert!(shown.contains("1 refused: 550 5.1.1 no such user"), "{shown}");
    assert_eq!(sorted(sink.recipients()), ["ada@example.org", "jean@example.org"]);
    let expected = [("deferred", 1), ("refused", 1), ("sent", 2)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(deliveries(&folder), BTreeMap::from(expected));

    // too early for the greylisted one, and never again for the refused one
    let again = folder.crieur(["send", "--at", MONDAY]).exits(75);
    assert!(again.stdout.contains("0 sent, 0 deferred, 0 refused"), "{}", again.stdout);
    assert!(again.stderr.contains("1 mail left, to be tried again from "), "{}", again.stderr);
    assert_eq!(sink.messages().len(), 2);
}

/// One mail in ten seconds, until the operator has it otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn another_rate_counts_at_once_also_for_what_is_under_way() {
    let sink = Sink::builder().start().await;
    let folder = due_newsletter().relayed_by(sink.address().port(), "rate = 6");
    let csv = (0..40).fold("email\n".to_owned(), |csv, number| format!("{csv}reader{number}@example.org\n"));
    folder.crieur(["subscribers", "import", "-", "--consent-source", "forms"]).stdin(csv).succeeds();
    let app = folder.serve();
    sink.wait_for(1).await;
    folder.write("crieur.toml", &folder.read("crieur.toml").replace("rate = 6", "rate = 6000"));
    app.hang_up();
    let got = sink.wait_for(40).await;
    assert_eq!(got.iter().map(|mail| &mail.to[0]).collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(got.len(), 40, "each once");
}

/// E7: whoever runs it by hand or from cron hears of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_leaves_a_mail_in_doubt_is_no_success() {
    for on_doubt in ["resend", "hold"] {
        let sink = Sink::builder().after_dot_to("ada@example.org", Act::Drop).start().await;
        let folder = relayed(&sink, "", ["ada", "jean"].map(|name| format!("{name}@example.org")))
            .but("[[newsletter]]", &format!("[[newsletter]]\non_doubt = \"{on_doubt}\""));
        let sent = folder.crieur(["send", "--at", MONDAY]).exits(75);
        assert!(sent.stdout.contains("1 sent, 0 deferred, 0 refused, 1 in doubt"), "{}", sent.stdout);
        assert!(sent.stderr.contains("1 mail in doubt"), "{}", sent.stderr);
        assert_eq!(sink.recipients().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_only_refused_makes_one() {
    let sink = Sink::builder().rcpt("gone@example.org", "550 5.1.1 no such user").start().await;
    let folder = relayed(&sink, "", ["gone", "ada"].map(|name| format!("{name}@example.org")));
    folder.crieur(["send", "--at", MONDAY]).exits(1);
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(sink.recipients(), ["ada@example.org"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_is_the_mail_with_its_envelope() {
    let sink = Sink::builder().start().await;
    let more = "bounce_address = \"bounces@example.org\"\nreply_to = \"editors@example.org\"";
    let folder = relayed(&sink, more, ["ada@example.org".to_owned()]);
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let [received] = &sink.messages()[..] else { panic!("one message") };
    assert!(received.from.starts_with("bounces+") && received.from.ends_with("@example.org"), "{}", received.from);
    assert_eq!(received.to, ["ada@example.org"]);
    let mail = Mail::parse(&received.message);
    assert_eq!((mail.to.as_str(), mail.header("Reply-To").as_str()), ("ada@example.org", "editors@example.org"));
    assert!(mail.words().contains("Jeudi 11 avril 2019, de 9 h à 12 h"));
    assert!(!folder.path("outbox").exists(), "nothing goes into the folder where there is a relay");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_crashes_in_the_middle_nobody_is_lost_and_nobody_gets_more_than_two() {
    let sink = Sink::builder().start().await;
    let readers = (0..READERS).map(|number| format!("reader{number}@example.org"));
    let folder = relayed(&sink, "connections = 4", readers.clone());
    for messages in [1, 40, 77, 120, 163] {
        let mut child = folder.crieur(["send", "--at", MONDAY]).spawn();
        sink.wait_for(messages).await;
        child.kill().expect("a signal");
        child.wait().expect("its end");
        let database = folder.path("state/crieur.db");
        assert_eq!(state::faults(&database), [""; 0]);
        let counts = state::deliveries(&database);
        assert!(counts.is_empty() || counts.values().sum::<usize>() == READERS, "{counts:?}");
    }
    assert!(sink.messages().len() < READERS, "the crashes came too late to tell anything");
    folder.crieur(["send", "--at", MONDAY]).succeeds();

    assert_eq!(deliveries(&folder), BTreeMap::from([("sent".to_owned(), READERS)]));
    let copies = copies(&sink.messages());
    assert_eq!(sorted(copies.keys().cloned().collect()), sorted(readers.collect()), "nobody is lost");
    let twice = copies.values().filter(|ids| ids.len() == 2).count();
    println!("{twice} of {READERS} got a second copy over 5 crashes with 4 connections");
    assert!(copies.values().all(|ids| ids.len() <= 2), "{copies:?}");
    assert!(twice <= 5 * 4, "at most one a connection and crash: {twice}");
    for ids in copies.values() {
        assert!(ids.iter().all(|id| *id == ids[0]), "a second copy has the same Message-ID");
    }
}

/// The Message-IDs each reader got.
/// E18: what waits for the operator is said wherever they look.
#[tokio::test(flavor = "multi_thread")]
async fn an_issue_the_relay_will_not_have_is_said_by_send_status_and_health() {
    let sink = Sink::builder().extension("SIZE 1000").start().await;
    let folder = due_newsletter().relayed_by(sink.address().port(), "");
    folder.crieur(["subscribers", "add", "ada@example.org"]).succeeds();
    let sent = folder.crieur(["send"]).exits(1);
    assert!(sent.stderr.contains("held (relay: ") && sent.stderr.contains("issues resume 1"), "{}", sent.stderr);
    let status = folder.crieur(["status"]).succeeds().stdout;
    assert!(status.contains("number 1     held (relay: "), "{status}");
    let app = folder.serve();
    app.until("/healthz", |health| health.contains("an issue is held, the relay refuses it"));
    folder.crieur(["issues", "resume", "1"]).succeeds();
    assert!(!folder.crieur(["status"]).succeeds().stdout.contains("held (relay"));
}

/// E24: of the addresses a relay has, one where nobody answers costs its share of the time, and the next one is tried.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_nobody_answers_is_passed_over() {
    // a queue for one connection that nobody takes from: what comes after it is not answered
    const HOLE: &str = "import socket, sys
hole = socket.socket(socket.AF_INET6)
hole.bind(('::1', int(sys.argv[1])))
hole.listen(0)
waiting = [socket.socket(socket.AF_INET6) for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(('::1', int(sys.argv[1])))
print('there', flush=True)
sys.stdin.read()
";
    const BOTH: &str = "printf '::1 localhost\\n127.0.0.1 localhost\\n' > hosts && mount --bind hosts /etc/hosts";
    let sink = Sink::builder().start().await;
    let port = sink.address().port().to_string();
    if !can_mount()
        || !can("IPv6", &["python3", "-c", "import socket; socket.socket(socket.AF_INET6).bind(('::1', 0))"])
    {
        return;
    }
    let mut hole = Command::new("python3")
        .args(["-c", HOLE, &port])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    BufReader::new(hole.stdout.take().expect("its output")).read_line(&mut String::new()).expect("a line");
    let folder = Folder::of_five()
        .and(&format!("[mail]\nsmtp = {{ host = \"localhost\", port = {port}, tls = \"none\" }}\nconnections = 1\n"));
    folder.crieur(["subscribers", "add", "ada@example.org"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).under(&mounted(BOTH)).succeeds();
    assert_eq!(sink.recipients(), ["ada@example.org"]);
    hole.kill().expect("killed");
    hole.wait().expect("its end");
}

fn copies(messages: &[Received]) -> BTreeMap<String, Vec<String>> {
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for received in messages {
        let [to] = &received.to[..] else { panic!("one reader a message") };
        let mail = Mail::parse(&received.message);
        assert_eq!(mail.to, *to);
        copies.entry(to.clone()).or_default().push(mail.message_id);
    }
    copies
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
