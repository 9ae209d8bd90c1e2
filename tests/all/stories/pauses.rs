//! What crieur would go by may be wrong: an older copy of the state, a clock that jumps. Nothing is mailed before the operator
//! has looked, and feeds go on.

use std::fs;

use chrono::Utc;

use super::{MONDAY, announcement, due_newsletter};
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::rights::can;
use crate::support::served::TestApp;

const READER: &str = "reader@example.org";
const CONFIRM: [&str; 3] = ["issues", "resume", "--confirm"];
const NEXT_MONDAY: &str = "2019-04-15T09:00:00+02:00";
const MONDAY_AFTER: &str = "2019-04-22T09:00:00+02:00";

/// An issue was sent after a copy of the state was made, which is put back.
fn restored() -> Folder {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", READER]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let backup = ["state/crieur.db", "state/crieur.db-wal"].map(|name| (name, fs::read(folder.path(name)).ok()));
    folder.write("content/actualites/frais.md", &announcement("Frais", "2019-04-12 10:00:00 +02:00"));
    folder.crieur(["send", "--at", NEXT_MONDAY]).succeeds();
    assert_eq!(folder.mails().len(), 2);
    let second = Utc::now().timestamp();
    // whatever is sent after this has ids of its own: they go by the second
    eventually("another second", || (Utc::now().timestamp() > second).then_some(()));
    for name in ["state/crieur.db-wal", "state/crieur.db-shm"] {
        let _ = fs::remove_file(folder.path(name));
    }
    for (name, bytes) in backup {
        if let Some(bytes) = bytes {
            fs::write(folder.path(name), bytes).expect(name);
        }
    }
    folder
}

#[test]
fn an_older_copy_of_the_state_mails_nobody_before_the_operator_has_looked() {
    let folder = restored();
    for at in [NEXT_MONDAY, MONDAY_AFTER] {
        let held = folder.crieur(["send", "--at", at]).exits(75);
        assert!(held.stderr.contains("an older copy of the state was put back"), "{}", held.stderr);
        assert!(held.stderr.contains("crieur issues resume --confirm"), "{}", held.stderr);
    }
    let status = folder.crieur(["status"]).succeeds().stdout;
    assert!(status.contains("paused") && status.contains("an older copy"), "{status}");
    let list = folder.crieur(["issues", "list"]).succeeds();
    assert!(list.stderr.contains("an older copy") && !list.stdout.contains("number 2"), "{}", list.stdout);
    assert_eq!(folder.mails().len(), 2, "neither the issue it forgot nor a later one");

    let confirmed = folder.crieur(CONFIRM).succeeds();
    assert!(confirmed.stdout.contains("sending goes on"), "{}", confirmed.stdout);
    let sent = folder.crieur(["send", "--at", MONDAY_AFTER]).succeeds();
    assert!(sent.stdout.contains("1 sent"), "{}", sent.stdout);
    assert_eq!(folder.mails().len(), 3);
    assert!(folder.crieur(CONFIRM).succeeds().stdout.contains("was not paused"));
}

#[test]
fn a_daemon_on_an_older_copy_publishes_and_sends_nothing() {
    let folder = restored().but("[http]", "[http]\nadmin_listen = \"127.0.0.1:0\"");
    let app = folder.serve();
    app.until("/healthz", |text| text.contains("no newsletter is sent before the operator has looked"));
    app.until_logged("crieur issues resume --confirm");
    assert_eq!(app.get("/readyz").status, 200, "feeds go on");
    folder.write("content/actualites/neuf.md", &announcement("Neuf", "2019-04-20 10:00:00 +02:00"));
    app.until("/atom.xml", |feed| feed.contains("<title>Neuf</title>"));
    let metrics = app.ask_admin("GET", "/metrics", &[]);
    assert!(metrics.text().contains("crieur_degraded{trouble=\"paused\"} 1"), "{}", metrics.text());
    assert!(app.ask_admin("GET", "/", &[]).text().contains("crieur issues resume --confirm"));
    folder.crieur(CONFIRM).succeeds();
    app.until("/healthz", |text| text == "ok\n");
}

/// The daemon's clock is set by a file, the time since the machine started is not.
#[test]
fn a_clock_that_jumps_a_year_sends_nothing_until_it_is_back() {
    const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    if !can("a clock that jumps (Debian's faketime)", &["test", "-e", FAKETIME]) {
        return;
    }
    let folder = Folder::of_five().but("schedule = \"0 9 * * MON\"", "schedule = \"*/5 * * * *\"");
    folder.crieur(["subscribers", "add", READER]).succeeds();
    folder.write("clock", "+0\n");
    let app = TestApp::start_under(
        &folder,
        &[
            "env",
            &format!("FAKETIME_TIMESTAMP_FILE={}", folder.path("clock").display()),
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            &format!("LD_PRELOAD={FAKETIME}"),
        ],
    );
    assert_eq!(app.text("/healthz"), "ok\n");
    folder.write("clock", "+1y\n");
    app.until("/healthz", |text| text.contains("no newsletter is sent"));
    folder.write("content/actualites/neuf.md", &announcement("Neuf", "2020-01-01 10:00:00 +02:00"));
    app.until("/atom.xml", |feed| feed.contains("<title>Neuf</title>"));
    folder.write("clock", "+0\n");
    app.until("/healthz", |text| text == "ok\n");
}

#[test]
fn a_clock_that_was_set_back_before_the_last_mails_sends_nothing() {
    const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    if !can("a clock that was set back (Debian's faketime)", &["test", "-e", FAKETIME]) {
        return;
    }
    let folder = due_newsletter();
    folder.crieur(["subscribers", "add", READER]).succeeds();
    folder.crieur(["send"]).succeeds();
    folder.only_mail();
    let yesterday = || {
        let command = ["env", "FAKETIME=-1d", &format!("LD_PRELOAD={FAKETIME}")].map(str::to_owned);
        let mut under = std::process::Command::new(&command[0]);
        under.args(&command[1..]).arg(crate::support::cli::executable()).arg("send").current_dir(folder.root());
        under.output().expect("the binary")
    };
    let held = yesterday();
    assert_eq!(held.status.code(), Some(75));
    assert!(String::from_utf8_lossy(&held.stderr).contains("before the last mails"), "{held:?}");
    assert_eq!(yesterday().status.code(), Some(75), "it is still behind");
    folder.crieur(["send"]).succeeds();
    assert_eq!(yesterday().status.code(), Some(75), "and behind again");
    eventually("it goes on", || folder.crieur(CONFIRM).succeeds().stdout.contains("goes on").then_some(()));
    assert_eq!(yesterday().status.code(), Some(75), "the hour that was confirmed is today's");
    assert_eq!(folder.mails().len(), 1);
}
