//! Where secrets and addresses must not be: in what a process shows of itself, in what a crash leaves, in any log, in what
//! was erased.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::{MONDAY, due_newsletter};
use crate::support::folder::Folder;
use crate::support::mails::Mail;
use crate::support::poll::eventually;
use crate::support::served::TestApp;
use crate::support::smtp_sink::{Act, Sink};
use crate::support::state;

const CANARY: &str = "kanarienvogel";
const ADDRESS: &str = "kanarienvogel@example.org";
const PASSWORD: &str = "Sesam-öffne-dich-77";
const FORM: &str = "application/x-www-form-urlencoded";

/// A relay that wants a password and a TLS connection.
fn guarded(sink: &Sink) -> Folder {
    let folder = Folder::of_five();
    folder.write("password", PASSWORD);
    fs::set_permissions(folder.path("password"), fs::Permissions::from_mode(0o600)).expect("rights");
    let authority = Path::new("tests/fixtures/tls/authority.pem").canonicalize().expect("the authority");
    folder.and(&format!(
        "[mail]\nfrom = \"Crieur <crieur@example.org>\"\ntransport = \"smtp\"\nbounce_address = \"bounces@example.org\"\n\
         smtp = {{ host = \"localhost\", port = {}, tls = \"starttls\", ca_file = \"{}\", user = \"crieur\", \
         password_file = \"password\" }}\n",
        sink.address().port(),
        authority.display()
    ))
}

fn is_silent(what: &str, said: &[u8], secrets: &[&str]) {
    let said = String::from_utf8_lossy(said).to_lowercase();
    for secret in secrets {
        assert!(!said.contains(&secret.to_lowercase()), "{what} tells `{secret}`:\n{said}");
    }
}

/// I-8: one life with everything in it, as loud as it goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_is_told_without_an_address_a_token_or_a_password() {
    let refusal = format!("550 5.1.1 <{CANARY}2@example.org>: no such user {CANARY}2");
    let sink = Sink::builder().tls("good").auth("PLAIN", "crieur", PASSWORD);
    let sink = sink.rcpt("kanarienvogel2@example.org", refusal.as_str()).start().await;
    let folder = guarded(&sink);
    let app = TestApp::start(&folder, &["-vv", "serve"]);
    let form = format!("page_lang=fr&newsletter=communaute-ux&lang=fr&email={}", ADDRESS.replace('@', "%40"));
    assert_eq!(app.post("/subscribe", FORM, &form).status, 200);
    for wrong in [form.replace("%40", "%40%40"), form.replace("lang=fr", "lang=x"), "x".repeat(200_000), form.clone()] {
        app.post("/subscribe", FORM, &wrong);
    }
    let letter = Mail::parse(&sink.wait_for(1).await[0].message);
    let confirm = letter.text.split_whitespace().find(|word| word.contains("/confirm/")).expect("a link");
    let path = url::Url::parse(confirm).expect("an address").path().to_owned();
    assert_eq!(app.post(&path, FORM, "confirm=yes").status, 200);
    app.get(&format!("{path}x"));
    let mut said = app.log();
    drop(app);
    assert!(said.contains("a sign-up"), "the log is as loud as it goes: {said}");

    let mut run = |arguments: &[&str], stdin: &str| {
        let ended = folder.crieur(["-vv"].iter().chain(arguments).copied()).stdin(stdin).run();
        said.push_str(&ended.stderr);
        ended
    };
    run(&["subscribers", "add", "kanarienvogel2@example.org"], "");
    run(
        &["subscribers", "import", "-", "--consent-source", "x"],
        "email\n\"kanarienvogel3@example.org\nb@example.org\n",
    );
    run(&["send", "--at", MONDAY], "");
    let received = sink.messages();
    let issue = received.last().expect("the issue");
    let mail = Mail::parse(&issue.message);
    let bounced = include_str!("../../fixtures/bounces/postfix.eml")
        .replace("{VERP}", &issue.from)
        .replace("{LEAVE}", &mail.token())
        .replace("{STATUS}", "5.2.2");
    run(&["bounces", "ingest"], &bounced);
    run(&["bounces", "ingest"], &format!("From: {ADDRESS}\n\nno report {CANARY}"));
    run(&["issues", "list"], "");
    run(&["status"], "");
    run(&["subscribers", "erase", ADDRESS, "--objected"], "");
    fs::set_permissions(folder.path("password"), fs::Permissions::from_mode(0o644)).expect("rights");
    let refused = run(&["send"], "");
    assert_eq!(refused.code, 2, "I-7: {}", refused.stderr);
    assert!(refused.stderr.contains("others may read") && refused.stderr.contains("chmod 600"), "{}", refused.stderr);
    let secret = path.rsplit('/').next().expect("a token");
    let encoded = "AGNyaWV1cgBTZXNhbS"; // how AUTH PLAIN says it
    let verp = issue.from.split('@').next().expect("a local part").trim_start_matches("bounces+");
    is_silent("a log", said.as_bytes(), &[CANARY, secret, &mail.token(), PASSWORD, encoded, verp]);
}

/// I-7
#[tokio::test(flavor = "multi_thread")]
async fn a_process_shows_no_secret_of_itself() {
    let sink = Sink::builder().tls("good").auth("PLAIN", "crieur", PASSWORD).start().await;
    let folder = guarded(&sink);
    folder.crieur(["subscribers", "add", ADDRESS]).succeeds();
    let app = folder.serve();
    let key = state::ask(&folder.path("state/crieur.db"), "SELECT lower(hex(bytes)) FROM signing_key").remove(0);
    for shown in ["cmdline", "environ", "comm"] {
        let shown = fs::read(format!("/proc/{}/{shown}", app.id())).expect("what a process shows");
        is_silent("a process", &shown, &[PASSWORD, CANARY, &key]);
    }
}

/// I-9
#[test]
fn a_crash_leaves_no_memory_behind() {
    let folder = Folder::of_five();
    let mut app = TestApp::start_under(&folder, &["sh", "-c", "ulimit -c unlimited; exec \"$@\"", "sh"]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", app.id())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // a SEGV that did not happen is passed over by the runtime of Rust
    app.signal("ABRT");
    let ended = app.ended();
    assert!(ended.signal() == Some(6) && !ended.core_dumped(), "{ended:?}");
}

/// I-1, beside a daemon and a reader of another process: what cannot be done yet is said, and done when asked again.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_beside_a_daemon_leaves_no_byte_once_nobody_reads() {
    let folder = Folder::of_five();
    let traces = || -> Vec<String> {
        let has = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|it| it.eq_ignore_ascii_case(CANARY.as_bytes()));
        folder.files("").into_iter().filter(|(_, bytes)| has(bytes)).map(|(name, _)| name).collect()
    };
    let app = folder.serve();
    folder.crieur(["subscribers", "add", ADDRESS, "--name", "Kanarienvogel"]).succeeds();
    assert_eq!(
        app.post("/subscribe", FORM, &format!("newsletter=communaute-ux&lang=fr&page_lang=fr&email={ADDRESS}")).status,
        200
    );
    eventually("the letter", || {
        (folder.path("outbox/new").is_dir() && !folder.files("outbox/new").is_empty()).then_some(())
    });
    assert!(!traces().is_empty(), "the scan finds what is there");
    let mut other =
        SqliteConnectOptions::new().filename(folder.path("state/crieur.db")).connect().await.expect("the state");
    let mut reading = other.begin().await.expect("a transaction");
    sqlx::query("SELECT count(*) FROM subscriber").fetch_one(&mut *reading).await.expect("a count");
    let not_yet = folder.crieur(["subscribers", "erase", ADDRESS]).exits(75);
    assert!(not_yet.stderr.contains("another process reads all the time; run this again"), "{}", not_yet.stderr);
    drop(reading);
    other.close().await.expect("closed");
    folder.crieur(["subscribers", "erase", ADDRESS]).succeeds();
    assert_eq!(traces(), [""; 0]);
    drop(app);
    assert_eq!(traces(), [""; 0], "nor does the daemon write it again");
}

/// I-4: the answer to RCPT comes when it is done.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_while_the_relay_is_asked_gets_nothing() {
    let gate = Act::Gate(Box::new("250 2.1.5 ok".into()));
    let sink = Sink::builder().rcpt(ADDRESS, gate).start().await;
    let folder = due_newsletter().relayed_by(sink.address().port(), "");
    for reader in [ADDRESS, "ada@example.org"] {
        folder.crieur(["subscribers", "add", reader]).succeeds();
    }
    let database = folder.path("state/crieur.db");
    let app = folder.serve();
    sink.reached().await;
    folder.crieur(["subscribers", "erase", ADDRESS]).succeeds();
    sink.open_gates();
    sink.wait_for(1).await;
    eventually("the end", || {
        let states = state::deliveries(&database);
        (states.get("sent") == Some(&1) && states.get("suppressed") == Some(&1)).then_some(())
    });
    drop(app);
    assert_eq!(sink.recipients(), ["ada@example.org"]);
    let left = state::ask(&database, "SELECT group_concat(address) FROM subscriber");
    assert!(!left[0].contains(CANARY), "{left:?}");
}
