//! What happens to the folder besides an editor's saves: slow writers, whole checkouts, folders that are replaced, moved or
//! mounted, and systems on which nothing can be watched.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime};

use super::announcement;
use crate::support::chance::Chance;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::rights::can;
use crate::support::served::TestApp;

const DATE: &str = "2021-05-06 10:00:00 +02:00";

fn has(feed: &str, title: &str) -> bool {
    feed.contains(&format!("<title>{title}</title>"))
}

fn until_shown(app: &TestApp, title: &str) {
    app.until("/atom.xml", |feed| has(feed, title));
}

fn publications(app: &TestApp) -> usize {
    app.log().matches(" published ").count()
}

/// A writer that keeps its file open, and one that comes back for each part, both with pauses longer than any debouncing.
#[test]
fn of_a_file_that_is_written_slowly_no_half_is_ever_published() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let mut chance = Chance::seeded(7);
    for turn in 0..4 {
        let path = folder.path(&format!("content/actualites/2021-05-06-lent-{turn}.md"));
        let text = announcement(&format!("Lent {turn}"), DATE) + "\nLa fin.\n";
        let mut held = (turn % 2 == 0).then(|| File::create(&path).expect("a file"));
        let mut at = 0;
        while at < text.len() {
            let most = text.len() - at;
            let mut end = at + 1 + usize::try_from(chance.below(40)).expect("a few").min(most - 1);
            // whoever closes the file after a whole line seems to be done
            while held.is_none()
                && end < text.len()
                && (text.as_bytes()[end - 1] == b'\n' || !text.is_char_boundary(end))
            {
                end += 1;
            }
            let part = &text.as_bytes()[at..end];
            if let Some(file) = &mut held {
                file.write_all(part).expect("written");
            } else {
                let file = fs::OpenOptions::new().append(true).create(true).open(&path);
                file.and_then(|mut file| file.write_all(part)).expect("written");
            }
            at = end;
            // how slowly somebody writes, not something to wait for
            thread::sleep(Duration::from_millis(100 + chance.below(450)));
            let feed = app.text("/atom.xml");
            assert!(
                at == text.len() || !feed.contains(&format!("lent-{turn}")),
                "half a file is in the feed: {}",
                &text[..at]
            );
        }
        drop(held);
        app.until("/atom.xml", |feed| feed.contains(&format!("Lent {turn}")) && feed.contains("La fin."));
    }
    assert!(!app.log().contains("lent-"), "nothing to complain about:\n{}", app.log());
}

/// No event told of it: the daemon did not run yet. So its time has to, which here stays that of half a second ago.
#[test]
fn what_is_half_written_when_the_daemon_starts_is_left_for_later() {
    let folder = Folder::of_five();
    let name = "content/actualites/2021-05-06-lent.md";
    let text = announcement("Lent", DATE);
    let (half, rest) = text.split_at(text.find("date").expect("a date"));
    folder.write(name, half);
    let file = File::options().append(true).open(folder.path(name)).expect("it");
    let (started, has_started) = mpsc::channel::<()>();
    let app = thread::scope(|scope| {
        let file = &file;
        scope.spawn(move || {
            // where the daemon does not start, its sender is dropped as well
            while has_started.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
                file.set_modified(SystemTime::now() - Duration::from_millis(500)).expect("a time");
            }
        });
        let app = folder.serve();
        drop(started);
        app
    });
    (&file).write_all(rest.as_bytes()).expect("written");
    drop(file);
    app.until("/atom.xml", |feed| feed.contains("<title>Lent</title>"));
    assert!(!app.log().contains("-lent.md"), "nothing to complain about:\n{}", app.log());
}

#[test]
fn an_announcement_that_is_copied_slowly_and_removed_after_keeps_its_id() {
    let folder = Folder::of_five();
    let before = "content/actualites/2021-05-06-avant.md";
    folder.write(before, &announcement("Avant", DATE));
    let app = folder.serve();
    folder.write("content/actualites/apres.md", &folder.read(before));
    folder.remove(before);
    app.until("/actualites/apres/", |_| true);
    let feed = app.text("/atom.xml");
    assert!(feed.contains("tag:www.numerique.gouv.fr,2021-05-06:avant"), "{feed}");
    assert!(feed.contains("/actualites/apres/"));
}

#[test]
fn a_checkout_of_thousands_of_files_is_one_publication() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let before = publications(&app);
    for number in 0..2_000 {
        let text = announcement(&format!("Numéro {number}"), "2020-05-06 10:00:00 +02:00");
        folder.write(&format!("content/import/{}/2020-05-06-numero-{number}.md", number % 40), &text);
    }
    app.until("/import/39/numero-1999/", |_| true);
    // while this was written the disk may have kept us waiting for longer than it takes to seem done
    let made = publications(&app) - before;
    println!("2,000 files: {made} publications");
    assert!((1..=3).contains(&made), "{made} publications");
    assert_eq!(app.get("/import/0/numero-0/").status, 200);
}

#[test]
fn another_folder_in_its_place_is_watched_like_the_first() {
    let folder = Folder::of_five();
    let app = folder.serve();
    folder.rename("content", "former");
    assert!(
        Command::new("cp").args(["-r", "former", "copy"]).current_dir(folder.root()).status().expect("cp").success()
    );
    folder.rename("copy", "content");
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Dans la copie", DATE));
    until_shown(&app, "Dans la copie");
    folder.write("content/actualites/2021-05-06-b.md", &announcement("Encore", DATE));
    until_shown(&app, "Encore");
    folder.write("former/actualites/2021-05-06-c.md", &announcement("Ailleurs", DATE));
    folder.write("content/actualites/2021-05-06-d.md", &announcement("Ici", DATE));
    until_shown(&app, "Ici");
    assert!(!has(&app.text("/atom.xml"), "Ailleurs"));
}

#[test]
fn a_link_that_is_turned_to_another_folder_is_followed() {
    let folder = Folder::of_five();
    folder.rename("content", "one");
    assert!(Command::new("cp").args(["-r", "one", "two"]).current_dir(folder.root()).status().expect("cp").success());
    folder.write("two/actualites/2021-05-06-deux.md", &announcement("Deux", DATE));
    symlink("one", folder.path("content")).expect("a link");
    let app = folder.serve();
    folder.write("one/actualites/2021-05-06-un.md", &announcement("Un", DATE));
    until_shown(&app, "Un");
    symlink("two", folder.path("next")).expect("a link");
    folder.rename("next", "content");
    until_shown(&app, "Deux");
    folder.write("two/actualites/2021-05-06-trois.md", &announcement("Trois", DATE));
    until_shown(&app, "Trois");
}

#[test]
fn a_folder_that_is_not_there_yet_is_waited_for() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let before = folder.files("public");
    folder.rename("content", "elsewhere");
    let app = folder.serve();
    app.until_logged("nothing is published, the last good site stays");
    assert_eq!((app.get("/readyz").status, folder.files("public") == before), (503, true));
    folder.rename("elsewhere", "content");
    eventually("the site", || (app.get("/readyz").status == 200).then_some(()));
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Enfin", DATE));
    until_shown(&app, "Enfin");
}

#[test]
fn folders_that_come_and_go_are_watched_wherever_they_are() {
    let folder = Folder::of_five().but("[content]", "[content]\nmax_withdrawn = 1.0");
    let app = folder.serve();
    folder.write("content/a/b/2021-05-06-x.md", &announcement("X", DATE));
    until_shown(&app, "X");
    folder.rename("content/a", "content/c");
    app.until("/c/b/x/", |_| true);
    folder.write("content/c/b/2021-05-06-y.md", &announcement("Y", DATE));
    until_shown(&app, "Y");
    folder.rename("content/c", "outside");
    app.until("/atom.xml", |feed| !has(feed, "X"));
    folder.write("outside/b/2021-05-06-z.md", &announcement("Z", DATE));
    folder.rename("outside", "content/c");
    until_shown(&app, "Z");
    folder.write("content/c/b/2021-05-06-z.md", &announcement("Z bis", DATE));
    until_shown(&app, "Z bis");
}

#[test]
fn where_nothing_can_be_watched_changes_are_found_by_looking_and_health_says_so() {
    if !can("limits on watching", &["unshare", "-Ur", "sh", "-c", "echo 1 > /proc/sys/user/max_inotify_watches"]) {
        return;
    }
    for (limit, most) in [("max_inotify_instances", 0), ("max_inotify_watches", 0), ("max_inotify_watches", 1)] {
        let folder = Folder::of_five();
        let limited = format!("echo {most} > /proc/sys/user/{limit}; exec \"$@\"");
        let app = TestApp::start_under(&folder, &["unshare", "-Ur", "sh", "-c", &limited, "sh"]);
        assert_eq!(app.log().matches("instead of being watched").count(), 1, "{}", app.log());
        assert_eq!(app.text("/healthz"), "degraded: the content folder is polled, not watched\n");
        folder.write("content/actualites/2021-05-06-a.md", &announcement("Trouvé", DATE));
        until_shown(&app, "Trouvé");
        folder.write("content/neuf/2021-05-06-b.md", &announcement("Aussi", DATE));
        until_shown(&app, "Aussi");
        assert_eq!(app.log().matches("instead of being watched").count(), 1, "{}", app.log());
    }
}
