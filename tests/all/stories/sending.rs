//! What may happen to a process while it sends: it is stopped, killed at any system call, killed by one mail each time, or its
//! disk is full. Nobody is lost, nobody gets more than two, and copies are alike.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::{Command, Stdio};

use chrono::{TimeDelta, Utc};
use chrono_tz::Europe::Paris;

use super::{MONDAY, due_newsletter};
use crate::support::cli::executable;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::rights::{Mounted, can, can_mount};
use crate::support::smtp_sink::{Act, Received, Sink};
use crate::support::state;

fn reader(number: usize) -> String {
    format!("reader{number}@example.org")
}

fn add_readers(folder: &Folder, count: usize) {
    let csv = (0..count).fold("email\n".to_owned(), |csv, number| format!("{csv}{}\n", reader(number)));
    folder.crieur(["subscribers", "import", "-", "--consent-source", "forms"]).stdin(csv).succeeds();
}

fn deliveries(folder: &Folder) -> BTreeMap<String, usize> {
    state::deliveries(&folder.path("state/crieur.db"))
}

fn all(state: &str, count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(state.to_owned(), count)])
}

/// How many copies each reader got; they are the same to the octet (I5).
fn copies(messages: &[Received]) -> BTreeMap<String, usize> {
    let mut first: BTreeMap<String, (usize, Vec<u8>)> = BTreeMap::new();
    for received in messages {
        let (count, message) = first.entry(received.to[0].clone()).or_insert((0, received.message.clone()));
        *count += 1;
        assert_eq!(*message, received.message, "another mail to {}", received.to[0]);
    }
    first.into_iter().map(|(to, (count, _))| (to, count)).collect()
}

fn signal(process: u32, name: &str) {
    let told = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
    assert!(told.expect("a shell").success());
}

#[test]
fn in_quiet_hours_send_and_status_say_until_when() {
    let local = |hours: i64| (Utc::now() + TimeDelta::hours(hours)).with_timezone(&Paris).format("%H:%M");
    let quiet = format!("[mail]\nquiet_hours = \"{}-{}\"", local(-2), local(2));
    let folder = Folder::of_five().and(&quiet);
    add_readers(&folder, 3);
    let ended = folder.crieur(["send", "--at", MONDAY]).exits(75);
    assert!(ended.stdout.contains("0 sent") && ended.stderr.contains("quiet hours until"), "{ended:?}");
    assert_eq!(deliveries(&folder), all("waiting", 3));
    let status = folder.crieur(["status"]).succeeds().stdout;
    assert!(status.contains("quiet hours    until"), "{status}");
    folder.write("crieur.toml", &folder.read("crieur.toml").replace(&quiet, ""));
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(folder.mails().len(), 3);
}

/// A8: what was handed over is waited for, nothing more is.
#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_is_told_to_stop_waits_for_the_answers_and_leaves_no_doubt() {
    for name in ["TERM", "INT"] {
        let sink = Sink::builder().after_every_dot(Act::Gate(Box::new("250 taken".into()))).start().await;
        let folder = Folder::of_five().relayed_by(sink.address().port(), "connections = 2");
        add_readers(&folder, 200);
        let mut child = folder.crieur(["send", "--at", MONDAY]).spawn();
        sink.wait_for(2).await;
        signal(child.id(), name);
        assert!(child.try_wait().expect("its state").is_none(), "it waits for the answers");
        sink.open_gates();
        let (ended, _) = eventually("its end", || child.try_wait().expect("its state"));
        assert_eq!(ended.code(), Some(75));
        let sent = sink.messages().len();
        // some more may have left before the signal was heard
        assert!(sent < 100, "{sent}");
        assert_eq!(
            deliveries(&folder),
            [all("sent", sent), all("waiting", 200 - sent)].into_iter().flatten().collect()
        );
        folder.crieur(["send", "--at", MONDAY]).succeeds();
        assert!(copies(&sink.messages()).len() == 200 && copies(&sink.messages()).values().all(|count| *count == 1));
    }
}

/// A9: the second signal does not wait.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_ends_a_send_at_once_and_leaves_a_doubt_a_connection() {
    let sink = Sink::builder().after_every_dot(Act::Gate(Box::new("250 taken".into()))).start().await;
    let folder = Folder::of_five().relayed_by(sink.address().port(), "connections = 3");
    add_readers(&folder, 20);
    let mut child = folder.crieur(["send", "--at", MONDAY]).spawn();
    sink.wait_for(3).await;
    let ended = eventually("its end", || {
        // one that comes before the first was noticed counts as the same
        signal(child.id(), "TERM");
        child.try_wait().expect("its state")
    });
    assert_eq!(ended.0.code(), Some(75));
    assert_eq!(deliveries(&folder), [all("sending", 3), all("waiting", 17)].into_iter().flatten().collect());
    let doubts = folder.crieur(["issues", "doubts"]).succeeds().stdout;
    assert_eq!(doubts.lines().filter(|line| line.contains("is sent once more")).count(), 3, "{doubts}");
    let settled = doubts.split('\t').next().expect("its number");
    folder.crieur(["issues", "resolve", settled, "--sent"]).succeeds();
    sink.open_gates();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(deliveries(&folder), all("sent", 20));
    let copies = copies(&sink.messages());
    assert_eq!((copies.len(), copies.values().filter(|count| **count == 2).count()), (20, 2));
}

/// A4, A5, A12: one mail kills the process whenever it is handed over. The second time it is left to the operator.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_kills_the_process_each_time_is_tried_twice_and_the_others_go_out() {
    let poison = reader(3);
    let gate = || Act::Gate(Box::new("250 taken".into()));
    let sink = Sink::builder().after_dot_to(&poison, gate()).after_dot_to(&poison, gate()).start().await;
    let folder = Folder::of_five().relayed_by(sink.address().port(), "connections = 1");
    add_readers(&folder, 10);
    for death in 1..=2 {
        let mut child = folder.crieur(["send", "--at", MONDAY]).spawn();
        eventually("the mail", || {
            (sink.recipients().iter().filter(|to| **to == poison).count() == death).then_some(())
        });
        child.kill().expect("a signal");
        child.wait().expect("its end");
        if death == 1 {
            assert_eq!(sink.messages().len(), 4, "it was the fourth");
        }
    }
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(deliveries(&folder), [all("sent", 9), all("doubt", 1)].into_iter().flatten().collect());
    assert_eq!(
        copies(&sink.messages()),
        (0..10).map(|number| (reader(number), if number == 3 { 2 } else { 1 })).collect()
    );
    let doubts = folder.crieur(["issues", "doubts"]).succeeds().stdout;
    assert!(doubts.contains(&poison), "{doubts}");
}

/// A12: one mail kills the process before anything of it is handed over. The others go out, it is tried alone, and then it is
/// the operator's.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_kills_the_process_while_it_is_made_ready_holds_nobody_up() {
    let poison = reader(3);
    let sink = Sink::builder().rcpt(&poison, Act::Gate(Box::new("250 fine".into()))).start().await;
    let folder = Folder::of_five().relayed_by(sink.address().port(), "connections = 1");
    add_readers(&folder, 10);
    for (death, sent) in [3, 3, 9, 9, 9].into_iter().enumerate() {
        let mut child = folder.crieur(["send", "--at", MONDAY]).spawn();
        sink.reached_by(death + 1).await;
        child.kill().expect("a signal");
        child.wait().expect("its end");
        assert_eq!(sink.messages().len(), sent, "after death {}", death + 1);
    }
    let ended = folder.crieur(["send", "--at", MONDAY]).exits(0);
    assert!(ended.stderr.contains("died each time"), "{ended:?}");
    assert_eq!(deliveries(&folder), [all("sent", 9), all("doubt", 1)].into_iter().flatten().collect());
    let doubts = folder.crieur(["issues", "doubts"]).succeeds().stdout;
    assert!(doubts.contains(&poison) && doubts.contains("died each time"), "{doubts}");
    sink.open_gates();
    let number = doubts.split('\t').next().expect("its number");
    folder.crieur(["issues", "resolve", number, "--again"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert_eq!(copies(&sink.messages()), (0..10).map(|number| (reader(number), 1)).collect());
}

/// A13: the machine stands still while the relay says that it may go on. When it wakes up the relay has been silent for too
/// long or has answered at once, whichever is looked at first; by a clock that does not run meanwhile it has answered. Then its
/// claim is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_stopped_for_too_long_puts_no_final_dot() {
    const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    if !can("a clock that goes on while a process is stopped (Debian's faketime)", &["test", "-e", FAKETIME]) {
        return;
    }
    for (stands_still, otherwise) in [("0", "no answer in time"), ("1", "not handed over whole")] {
        let sink = Sink::builder().data(Act::Gate(Box::new("354 go on".into()))).start().await;
        let folder = Folder::of_five().relayed_by(sink.address().port(), "connections = 1");
        add_readers(&folder, 1);
        folder.write("clock", "+0\n");
        let mut under = Command::new(executable());
        under.args(["-vv", "send", "--at", MONDAY]).current_dir(folder.root()).env("LD_PRELOAD", FAKETIME);
        under.env("FAKETIME_TIMESTAMP_FILE", folder.path("clock")).env("FAKETIME_NO_CACHE", "1");
        under.env("FAKETIME_DONT_FAKE_MONOTONIC", stands_still).stdout(Stdio::null());
        let mut child = under.stderr(File::create(folder.path("log")).expect("a log")).spawn().expect("the binary");
        sink.reached().await;
        signal(child.id(), "STOP");
        folder.write("clock", "+2h\n");
        sink.open_gates();
        signal(child.id(), "CONT");
        let (ended, _) = eventually("its end", || child.try_wait().expect("its state"));
        assert_eq!((ended.code(), sink.messages().len()), (Some(75), 0));
        assert_eq!(deliveries(&folder), all("deferred", 1));
        let log = folder.read("log");
        assert!(log.contains("not handed over whole") || log.contains(otherwise), "{log}");
    }
}

/// A2, at some system calls; `CRIEUR_TEST_KILLS=1000` for many.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_system_call_of_a_send_nobody_is_lost_and_nobody_gets_three() {
    const READERS: usize = 4;
    if !can("a process that is killed at a system call", &["strace", "-f", "-qq", "-e", "trace=none", "true"]) {
        return;
    }
    let kills: usize = std::env::var("CRIEUR_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12);
    let sink = Sink::builder().start().await;
    let prepared = Folder::of_five().relayed_by(sink.address().port(), "connections = 2");
    add_readers(&prepared, READERS);
    let calls = "trace=%network,write,pwrite64,fsync,fdatasync,ftruncate";
    let send = |folder: &Folder, inject: &str| {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "trace", "-e", calls, "-e", inject, "--"]).arg(executable());
        let ended = strace.args(["-q", "send", "--at", MONDAY]).current_dir(folder.root()).output().expect("strace");
        (ended.status.success(), folder.read("trace"))
    };
    let copy = || {
        let folder = Folder::empty();
        let from = format!("{}/.", prepared.root().display());
        assert!(Command::new("cp").args(["-a", &from, "."]).current_dir(folder.root()).status().expect("cp").success());
        folder
    };
    // a thread counts its own calls: the longest of them tells how many there are
    let (well, trace) = send(&copy(), "signal=none");
    assert!(well && sink.messages().len() == READERS, "{trace}");
    let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
    trace.lines().filter_map(|line| line.split(' ').next()).for_each(|id| *threads.entry(id).or_default() += 1);
    let most = threads.into_values().max().expect("calls");
    let (mut killed, mut before) = (0, sink.messages().len());
    for kill in 0..kills.min(most) {
        let (folder, call) = (copy(), 1 + kill * most / kills.min(most));
        let names = calls.trim_start_matches("trace=");
        let (well, _) = send(&folder, &format!("inject={names}:signal=KILL:when={call}"));
        killed += usize::from(!well);
        let database = folder.path("state/crieur.db");
        assert_eq!(state::faults(&database), [""; 0], "call {call}");
        let left = deliveries(&folder);
        assert!(left.is_empty() || left.values().sum::<usize>() == READERS, "call {call}: {left:?}");
        assert!(left.get("sending").copied().unwrap_or(0) <= 2, "call {call}: {left:?}");
        folder.crieur(["send", "--at", MONDAY]).succeeds();
        assert_eq!(deliveries(&folder), all("sent", READERS), "call {call}");
        let got = copies(&sink.messages()[before..]);
        before = sink.messages().len();
        assert!(got.len() == READERS && got.values().all(|copies| *copies <= 2), "call {call}: {got:?}");
    }
    println!("killed {killed} times at {most} system calls of a thread");
    assert!(killed * 2 > kills.min(most), "{killed}");
}

/// What fills the small disk the state is on, to its last octet.
fn fill(disk: &Mounted) {
    disk.inside(
        "dd if=/dev/zero of=state/filler bs=4k 2> /dev/null; dd if=/dev/zero of=state/filler2 bs=1 2> /dev/null; true",
    );
}

/// B1, B2: the disk is full when a mail is to be marked, or when its answer is to be recorded.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_handed_over_unmarked_and_what_was_answered_is_not_sent_again() {
    const READERS: usize = 8;
    if !can_mount() {
        return;
    }
    let gate = || Act::Gate(Box::new("250 fine".into()));
    for (sink, handed_over) in
        [(Sink::builder().rcpt_once(&reader(3), gate()), 3), (Sink::builder().after_dot_to(&reader(3), gate()), 4)]
    {
        let sink = sink.start().await;
        let folder = due_newsletter().relayed_by(sink.address().port(), "connections = 1");
        add_readers(&folder, READERS);
        fs::rename(folder.path("state"), folder.path("before")).expect("renamed");
        fs::create_dir(folder.path("state")).expect("a folder");
        let prepared = "mount -t tmpfs -o size=12m,mode=700 none state && cp -p before/* state/";
        let disk = Mounted::serve(&folder, prepared);
        sink.reached().await;
        fill(&disk);
        sink.open_gates();
        disk.app.until("/healthz", |health| health.contains("the store fails"));
        assert_eq!(sink.messages().len(), handed_over, "nothing without its mark");
        assert_eq!(disk.app.get("/atom.xml").status, 200);
        disk.inside("rm state/filler state/filler2");
        eventually("all mails", || (sink.messages().len() >= READERS).then_some(()));
        disk.app.until("/healthz", |health| health == "ok\n");
        assert_eq!(copies(&sink.messages()), (0..READERS).map(|number| (reader(number), 1)).collect());
        let status = disk.app.log();
        assert!(!status.contains("in doubt"), "{status}");
        eventually("the ledger", || {
            disk.inside("rm -rf copy && mkdir copy && cp state/crieur.db* copy/");
            (state::deliveries(&folder.path("copy/crieur.db")) == all("sent", READERS)).then_some(())
        });
    }
}
