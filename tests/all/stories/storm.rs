//! Much at once: hundreds of writers, whole checkouts, more events than the system keeps, and events that never come.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::announcement;
use crate::support::chance::Chance;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::rights::can;
use crate::support::served::TestApp;

const DATE: &str = "2021-05-06 10:00:00 +02:00";
/// More of them by the environment variable of the same name.
const CRIEUR_TEST_WRITERS: usize = 300;
/// So many at a time.
const HANDS: usize = 50;

fn text_of(number: usize) -> String {
    announcement(&format!("Lent {number}"), DATE) + &format!("\nUne ligne.\n\nLa fin de {number}.\n")
}

/// Writes one file in parts, with pauses shorter than an editor would notice: held open to the end, or opened again for each
/// part. Whoever closes a file after a whole line seems to be done, so those stop within one.
fn write_slowly(folder: &Folder, number: usize) {
    let mut chance = Chance::seeded(number as u64);
    let (path, text) = (folder.path(&format!("content/actualites/lent-{number}.md")), text_of(number));
    let mut held = chance.below(2).eq(&0).then(|| File::create(&path).expect("a file"));
    let mut at = 0;
    while at < text.len() {
        let mut end = (at + 20 + usize::try_from(chance.below(120)).expect("a few")).min(text.len());
        while !text.is_char_boundary(end) || held.is_none() && end < text.len() && text.as_bytes()[end - 1] == b'\n' {
            end += 1;
        }
        if let Some(file) = &mut held {
            file.write_all(&text.as_bytes()[at..end]).expect("written");
        } else {
            let file = OpenOptions::new().append(true).create(true).open(&path);
            file.and_then(|mut file| file.write_all(&text.as_bytes()[at..end])).expect("written");
        }
        at = end;
        // how slowly somebody writes, not something to wait for
        thread::sleep(Duration::from_millis(5 + chance.below(100)));
    }
}

/// Every item of the feed that is one of ours is there to its last line; how many there are.
fn whole_items(feed: &str) -> usize {
    let items = feed.split("<entry>").skip(1).filter(|item| item.contains("/lent-"));
    let number = |item: &str| {
        let digits = item.split_once("/lent-").map_or("", |(_, rest)| rest);
        digits.split(|at: char| !at.is_ascii_digit()).next().unwrap_or_default().to_owned()
    };
    items
        .map(|item| {
            let end = format!("La fin de {}.", number(item));
            assert!(item.contains(&end), "half an item is in the feed:\n{item}");
        })
        .count()
}

fn told(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn of_hundreds_of_files_that_are_written_slowly_no_half_is_ever_in_a_feed() {
    let writers = told("CRIEUR_TEST_WRITERS").unwrap_or(CRIEUR_TEST_WRITERS);
    let folder = Folder::of_five().but("dir = \"public\"", "dir = \"public\"\nlimit = 2000");
    let app = folder.serve();
    let (next, begin) = (AtomicUsize::new(0), Instant::now());
    let (over, is_over) = mpsc::channel::<()>();
    let are_writing = AtomicBool::new(true);
    let looks = thread::scope(|scope| {
        let (app, are_writing) = (&app, &are_writing);
        let reader = scope.spawn(move || {
            let mut looks = 0;
            loop {
                // read at any moment, however little is at rest
                if are_writing.load(Ordering::Relaxed) {
                    app.hang_up();
                }
                whole_items(&app.text("/atom.xml"));
                looks += 1;
                // looks on until it is over
                if is_over.recv_timeout(Duration::from_millis(50)) != Err(RecvTimeoutError::Timeout) {
                    return looks;
                }
            }
        });
        let hands: Vec<_> = (0..HANDS)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= writers {
                            return;
                        }
                        write_slowly(&folder, number);
                    }
                })
            })
            .collect();
        for hand in hands {
            hand.join().expect("a writer");
        }
        are_writing.store(false, Ordering::Relaxed);
        println!("{writers} files written: {:?}", begin.elapsed());
        eventually("all of them", || (whole_items(&app.text("/atom.xml")) == writers).then_some(()));
        drop(over);
        reader.join().expect("no half")
    });
    println!("{looks} looks, all there: {:?}", begin.elapsed());
    assert!(!app.log().contains("lent-"), "nothing to complain about:\n{}", app.log());
}

/// As many as the environment variable of the same name says.
const CRIEUR_TEST_FILES: usize = 300;

fn git(folder: &Folder, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder.path("content"))
        .output()
        .expect("git");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Both branches have the same files with other texts, and some of their own.
fn branches(folder: &Folder, files: usize) {
    let write = |number: usize, branch: &str| {
        let text = announcement(&format!("{branch} {number}"), "2020-05-06 10:00:00 +02:00");
        folder.write(&format!("content/import/{}/2020-05-06-numero-{number}.md", number % 40), &text);
    };
    git(folder, &["init", "-q"]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "five"]);
    git(folder, &["checkout", "-qb", "many"]);
    (0..files).for_each(|number| write(number, "Premier"));
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "many"]);
    git(folder, &["checkout", "-qb", "others"]);
    (0..files).for_each(|number| write(number, "Second"));
    git(folder, &["commit", "-qam", "others"]);
    git(folder, &["checkout", "-q", "main"]);
}

#[test]
fn a_checkout_of_another_branch_is_few_publications_and_ends_as_a_cold_start_does() {
    if !can("a checkout", &["git", "--version"]) {
        return;
    }
    let files =
        std::env::var("CRIEUR_TEST_FILES").ok().and_then(|files| files.parse().ok()).unwrap_or(CRIEUR_TEST_FILES);
    let folder = Folder::of_five();
    branches(&folder, files);
    let mut app = folder.serve();
    let publications = || app.log().matches(" published ").count();
    for (branch, word) in [("many", "Premier"), ("others", "Second")] {
        let before = publications();
        git(&folder, &["checkout", "-q", branch]);
        let last_write = Instant::now();
        let page = |number: usize| format!("/import/{}/numero-{number}/", number % 40);
        for number in [0, files / 2, files - 1] {
            app.until(&page(number), |page| page.contains(&format!("{word} {number}")));
        }
        let took = last_write.elapsed();
        let other = if word == "Premier" { "Second" } else { "Premier" };
        app.until("/atom.xml", |feed| {
            feed.contains(&format!("<title>{word} ")) && !feed.contains(&format!("<title>{other} "))
        });
        let made = publications() - before;
        println!("{files} files of branch {branch}: all there {took:?} after the last write, {made} publications");
        // a checkout may take longer than the ten seconds after which nobody waits for quiet
        assert!(made <= 4, "{made} publications");
    }
    assert!(app.terminate().success());
    folder.rename("public", "warm");
    folder.crieur(["build"]).succeeds();
    assert!(folder.files("public") == folder.files("warm"), "a cold start makes another site");
}

#[test]
fn when_more_happens_than_the_system_keeps_nothing_is_missed() {
    let kept = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("a limit");
    let kept: usize = kept.trim().parse().expect("a number");
    let folder = Folder::of_five();
    let app = folder.serve();
    app.signal("STOP");
    // opening, writing and closing are two events and more, and the same one twice in a row is one
    for turn in 0..=kept / 2 {
        fs::write(folder.path(&format!("content/.{}", turn % 2)), "x").expect("a file");
    }
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Malgré tout", DATE));
    app.signal("CONT");
    let took = app.until("/atom.xml", |feed| feed.contains("<title>Malgré tout</title>"));
    println!("after {kept} events and more: {took:?}");
    assert!(took < Duration::from_secs(30), "{took:?}");
}

/// A file that is changed through a mapping of its memory is changed without an event. The daemon's clock runs sixty times as
/// fast, so that its five minutes are five seconds.
#[test]
fn what_no_event_tells_of_is_found_by_the_scan_that_comes_anyway() {
    const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    if !can("a write without an event", &["python3", "--version"]) {
        return;
    }
    if !can("a clock that runs faster (Debian's faketime)", &["test", "-e", FAKETIME]) {
        return;
    }
    let folder = Folder::of_five();
    let file = "content/actualites/2021-05-06-a.md";
    folder.write(file, &announcement("Avant", DATE));
    let app = TestApp::start_under(&folder, &["env", "FAKETIME=+0 x60", &format!("LD_PRELOAD={FAKETIME}")]);
    app.until("/atom.xml", |feed| feed.contains("<title>Avant</title>"));
    let script = "import mmap, sys, time
f = open(sys.argv[1], 'r+b')
m = mmap.mmap(f.fileno(), 0)
at = m.find(b'title: Avant')
m[at:at + 12] = b'title: Apres'
m.flush()
sys.stdin.read()";
    let mut writer = Command::new("python3")
        .args(["-c", script])
        .arg(folder.path(file))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    let took = app.until("/atom.xml", |feed| feed.contains("<title>Apres</title>"));
    println!("found without an event: {took:?}");
    // a scan once an hour would find it too, in a minute
    assert!(took < Duration::from_secs(40), "{took:?}");
    // only now is the file closed, which is an event
    drop(writer.stdin.take());
    assert!(writer.wait().expect("its end").success());
}

#[test]
fn whatever_is_written_into_folders_that_are_just_made_is_found() {
    const HANDS: u64 = 4;
    const TURNS: u64 = 25;
    let folder = Folder::of_five().but("dir = \"public\"", "dir = \"public\"\nlimit = 2000");
    let app = folder.serve();
    thread::scope(|scope| {
        for hand in 0..HANDS {
            let folder = &folder;
            scope.spawn(move || {
                let mut chance = Chance::seeded(hand);
                for turn in 0..TURNS {
                    let text = announcement(&format!("Course {hand}.{turn}"), DATE);
                    let name = format!("2021-05-06-course-{hand}-{turn}.md");
                    let deep = "d/".repeat(1 + usize::try_from(chance.below(3)).expect("a few"));
                    let new = format!("content/course/{hand}/{turn}/{deep}");
                    if chance.below(3) == 0 {
                        // made elsewhere and moved in
                        folder.write(&format!("aside/{hand}/{turn}/{name}"), &text);
                        fs::create_dir_all(folder.path(&new)).expect("folders");
                        folder.rename(&format!("aside/{hand}/{turn}"), &format!("{new}moved"));
                    } else {
                        folder.write(&format!("{new}{name}"), &text);
                    }
                    // how fast somebody works, not something to wait for
                    thread::sleep(Duration::from_millis(chance.below(40)));
                }
            });
        }
    });
    let all = usize::try_from(HANDS * TURNS).expect("a few");
    app.until("/atom.xml", |feed| feed.matches("<title>Course ").count() == all);
}
