//! The life of the daemon: what it tells systemd, what SIGHUP changes, and what it says when things are taken from it.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::announcement;
use crate::support::folder::Folder;
use crate::support::poll::{PATIENCE, eventually};
use crate::support::rights::can;
use crate::support::served::TestApp;

/// What a service manager hears.
struct Manager(UnixDatagram);

impl Manager {
    fn beside(folder: &Folder) -> Self {
        let socket = UnixDatagram::bind(folder.path("notify")).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        Self(socket)
    }

    fn hears(&self) -> String {
        let mut message = [0; 512];
        let length = self.0.recv(&mut message).expect("a message within the deadline");
        String::from_utf8_lossy(&message[..length]).trim_end().to_owned()
    }

    /// The next message that is no sign of life.
    fn hears_news(&self) -> String {
        loop {
            let message = self.hears();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
    }
}

fn notified<'a>(folder: &'a Folder, watchdog_usec: &str) -> TestApp<'a> {
    let socket = format!("NOTIFY_SOCKET={}", folder.path("notify").display());
    TestApp::start_under(folder, &["env", &socket, &format!("WATCHDOG_USEC={watchdog_usec}")])
}

#[test]
fn systemd_is_told_of_the_start_each_sign_of_life_the_reload_and_the_end() {
    let folder = Folder::of_five();
    let manager = Manager::beside(&folder);
    let mut app = notified(&folder, "2000000");
    assert_eq!(manager.hears(), "READY=1");
    assert!(folder.path("public/atom.xml").exists(), "ready is who has published");
    for _ in 0..3 {
        assert_eq!(manager.hears(), "WATCHDOG=1");
    }
    app.hang_up();
    let reloading = manager.hears_news();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(manager.hears_news(), "READY=1");
    assert!(app.terminate().success());
    assert_eq!(manager.hears_news(), "STOPPING=1");
}

/// A15: whoever opens a file hangs, and that is the publisher; everything else goes on.
#[test]
fn a_publisher_that_hangs_feeds_no_watchdog() {
    const ATTACH: &str = "sleep 9 & strace -f -qq -o /dev/null -e trace=none -p $! & sleep 0.2; kill %1; wait %2";
    if !can("a system call that hangs (strace)", &["sh", "-c", ATTACH]) {
        return;
    }
    let folder = Folder::of_five();
    let manager = Manager::beside(&folder);
    let app = notified(&folder, "1000000");
    assert_eq!(manager.hears(), "READY=1");
    assert_eq!(manager.hears(), "WATCHDOG=1");
    let mut strace = Command::new("strace");
    let calls = ["-e", "trace=openat,openat2", "-e", "inject=openat,openat2:delay_enter=60000000"];
    strace.args(["-f", "-qq", "-o", "/dev/null"]).args(calls).args(["-p", &app.id().to_string()]);
    let mut strace = strace.spawn().expect("strace");
    manager.0.set_read_timeout(Some(Duration::from_secs(2))).expect("a deadline");
    let mut edits = 0;
    eventually("silence for eight times as long as a sign of life takes", || {
        edits += 1;
        let date = format!("2020-01-01 10:00:{edits:02} +02:00");
        folder.write("content/actualites/neuf.md", &announcement("Neuf", &date));
        // long enough for it to be noticed and read
        (0..12).any(|_| manager.0.recv(&mut [0; 512]).is_err()).then_some(())
    });
    assert_eq!(app.get("/atom.xml").status, 200, "the last site is served");
    strace.kill().expect("a signal");
    strace.wait().expect("its end");
    manager.0.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    assert_eq!(manager.hears(), "WATCHDOG=1", "it goes on");
}

#[test]
fn without_a_watchdog_none_is_fed() {
    let folder = Folder::of_five();
    let manager = Manager::beside(&folder);
    let mut app =
        TestApp::start_under(&folder, &["env", &format!("NOTIFY_SOCKET={}", folder.path("notify").display())]);
    assert_eq!(manager.hears(), "READY=1");
    app.terminate();
    assert_eq!(manager.hears(), "STOPPING=1");
}

#[test]
fn a_hang_up_takes_over_configuration_and_templates_and_nothing_else_does() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let page = "/actualites/rejoignez-la-communaute-ux-services-publics-en-ligne/";
    let etag = app.get(page).header("etag").to_owned();
    assert!(app.text("/atom.xml").contains("<title>numerique.gouv.fr</title>"));
    let config = folder.read("crieur.toml");
    folder.write("crieur.toml", &config.replacen("title = \"numerique.gouv.fr\"", "title = \"Autre titre\"", 1));
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/page/announcement.html");
    let template = fs::read_to_string(template).expect("a template");
    folder.write("templates/page/announcement.html", &template.replace("</article>", "<p>Pied neuf</p></article>"));
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Publié", "2021-05-06"));
    app.until("/atom.xml", |feed| feed.contains("<title>Publié</title>"));
    assert!(app.text("/atom.xml").contains("<title>numerique.gouv.fr</title>"), "nobody asked for it");
    assert_eq!(app.get(page).header("etag"), etag);

    app.hang_up();
    app.until("/atom.xml", |feed| feed.contains("<title>Autre titre</title>"));
    app.until(page, |page| page.contains("Pied neuf"));
    eventually("the file", || folder.read("public/atom.xml").contains("<title>Autre titre</title>").then_some(()));

    folder.write("crieur.toml", "[site]\ntitel = 1\n");
    app.hang_up();
    app.until_logged("the former configuration holds: crieur.toml:2:1");
    folder.write("content/actualites/2021-05-06-b.md", &announcement("Ensuite", "2021-05-06"));
    app.until("/atom.xml", |feed| {
        feed.contains("<title>Ensuite</title>") && feed.contains("<title>Autre titre</title>")
    });

    folder.write("crieur.toml", &config.replace("127.0.0.1:0", "127.0.0.1:1"));
    folder.write("templates/page/announcement.html", "{% if %}");
    app.hang_up();
    eventually("a second complaint", || {
        (app.log().matches("the former configuration holds").count() == 2).then_some(())
    });
    fs::remove_dir_all(folder.path("templates")).expect("removed");
    app.hang_up();
    app.until_logged("`listen` in `[http]` is another one now");
    app.until("/atom.xml", |feed| feed.contains("<title>numerique.gouv.fr</title>"));
    assert_eq!(app.get(page).header("etag"), etag);
}

#[test]
fn a_state_that_is_taken_away_stops_the_daemon_with_four() {
    for (from, to) in [("state", "elsewhere"), ("state/crieur.db", "crieur.db")] {
        let folder = Folder::of_five();
        let mut app = folder.serve();
        folder.rename(from, to);
        assert_eq!(app.ended().code(), Some(4));
        assert!(app.log().contains("it was moved, deleted or replaced while it was open"), "{}", app.log());
    }
}

#[test]
fn what_was_left_half_written_is_swept_at_the_start_and_what_others_changed_is_mended() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let before = folder.files("public");
    folder.write("public/.crieur-Xyz", "half");
    folder.write("public/agenda/.crieur-Xyz", "not ours: nothing of ours lies there");
    let page = before.keys().find(|name| name.starts_with("actualites/")).expect("a page");
    let beside = folder.path("public").join(page).parent().expect("a folder").join(".crieur-Abc");
    fs::write(&beside, "half").expect("a file");
    folder.write("public/atom.xml", "somebody's");
    let app = folder.serve();
    assert!(!folder.path("public/.crieur-Xyz").exists() && !beside.exists());
    folder.remove("public/agenda/.crieur-Xyz");
    assert_eq!(folder.files("public"), before);
    drop(app);
}

#[test]
fn an_output_folder_that_cannot_be_written_is_four_at_the_start_and_later_the_site_is_served_without() {
    let folder = Folder::of_five();
    folder.write("public", "a file where a folder should be");
    folder.crieur(["serve"]).exits(4);
    folder.remove("public");
    let app = folder.serve();
    fs::remove_dir_all(folder.path("public")).expect("removed");
    folder.write("public", "a file where a folder should be");
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Publié", "2021-05-06"));
    app.until("/atom.xml", |feed| feed.contains("<title>Publié</title>"));
    app.until_logged("published over HTTP only");
    folder.remove("public");
    folder.write("content/actualites/2021-05-06-b.md", &announcement("Écrit", "2021-05-06"));
    app.until_logged("files can be written again");
    assert!(folder.read("public/atom.xml").contains("<title>Écrit</title>"));
}

#[test]
fn unchanged_files_keep_their_time_when_one_announcement_changes() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let page = "public/actualites/rejoignez-la-communaute-ux-services-publics-en-ligne/index.html";
    let modified = |name: &str| fs::metadata(folder.path(name)).and_then(|file| file.modified()).expect(name);
    let (page_before, feed_before) = (modified(page), modified("public/atom.xml"));
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Publié", "2021-05-06"));
    let is_new = || (modified("public/atom.xml") > feed_before + Duration::from_millis(1)).then_some(());
    eventually("the feed on the disk", is_new);
    app.until_logged(" published documents=");
    assert_eq!(modified(page), page_before);
}
