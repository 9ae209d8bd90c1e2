//! A second process after a restart: what did not change is neither read nor parsed nor written anew.

use std::fs::File;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::announcement;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::state::spoil;

const FILE: &str = "content/actualites/2021-05-06-sixieme.md";

/// Five announcements whose stamps are old enough to prove something, one that has no date, and one that cannot be read.
fn settled() -> Folder {
    let folder = Folder::of_five();
    folder.write("content/actualites/casse.md", "---\ntitle: [\n---\n\nCassé.\n");
    folder.write(FILE, &announcement("Sixième", "2021-05-06 10:00:00 +02:00"));
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    for name in folder.files("content").keys() {
        let file = File::options().write(true).open(folder.path("content").join(name)).expect(name);
        file.set_modified(hour_ago).expect(name);
    }
    folder
}

/// What `status` had to do to know the folder: files found, read and parsed.
fn work(folder: &Folder) -> [u64; 3] {
    let said: Value =
        serde_json::from_str(&folder.crieur(["status", "--format", "json"]).succeeds().stdout).expect("JSON");
    ["found", "read", "parsed"].map(|what| said["files"][what].as_u64().expect("a count"))
}

/// Builds until nothing has to be read any more: a stamp proves nothing until the clock of the file system went on.
fn build_until_known(folder: &Folder) {
    eventually("stamps that are old enough", || {
        folder.crieur(["build"]).exits(1);
        (work(folder)[1] == 0).then_some(())
    });
}

#[test]
fn a_second_process_parses_nothing_and_tells_the_same() {
    let folder = settled();
    let first = folder.crieur(["build"]).exits(1);
    // the stamps may be too young to prove anything, the bytes are not
    assert_eq!(work(&folder)[2], 0);
    let second = folder.crieur(["build"]).exits(1);
    assert_eq!(second.stderr, first.stderr, "the mistake in the broken file, remembered");
    assert!(first.stderr.contains("casse.md:"), "{}", first.stderr);
    build_until_known(&folder);
    assert_eq!(work(&folder), [7, 0, 0]);
}

#[test]
fn a_warm_start_makes_the_site_a_cold_one_makes() {
    let folder = settled();
    build_until_known(&folder);
    folder.write(FILE, &announcement("Sixième, mise à jour", "2021-05-06 10:00:00 +02:00"));
    assert_eq!(work(&folder), [7, 1, 1], "only what was saved");
    folder.crieur(["build"]).exits(1);
    let warm = folder.files("public");
    assert!(folder.read("public/atom.xml").contains("Sixième, mise à jour"));
    // the same state without what it remembers
    folder.rename("public", "warm");
    forget(&folder);
    assert_eq!(work(&folder), [7, 7, 7]);
    folder.crieur(["build"]).exits(1);
    for (name, bytes) in folder.files("public") {
        assert!(warm[&name] == bytes, "{name} is another one after a cold start");
    }
    assert_eq!(folder.files("public").len(), warm.len());
}

#[test]
fn another_configuration_has_everything_read_anew() {
    let folder = settled();
    build_until_known(&folder);
    let folder = folder.but("profile = \"numerique\"", "profile = \"numerique\"\ntypography = \"language\"");
    assert_eq!(work(&folder), [7, 7, 7]);
    folder.crieur(["build"]).exits(1);
    assert_eq!(work(&folder)[2], 0);
    // which newsletters there are changes nothing about what files say
    let folder = folder.but("upcoming = \"30d\"", "upcoming = \"20d\"");
    assert_eq!(work(&folder)[2], 0);
}

#[test]
fn a_touched_file_is_read_and_its_bytes_decide() {
    let folder = settled();
    build_until_known(&folder);
    let file = File::options().write(true).open(folder.path(FILE)).expect("the file");
    file.set_modified(SystemTime::now() - Duration::from_mins(1)).expect("touched");
    assert_eq!(work(&folder), [7, 1, 0]);
}

#[test]
fn what_is_spoilt_in_memory_or_on_the_disk_is_made_anew() {
    let folder = settled();
    build_until_known(&folder);
    let good = folder.files("public");
    spoil(
        &folder.path("state/crieur.db"),
        "UPDATE memory SET said = x'7b', stamp = 'x' WHERE path LIKE '%2021-05-06-sixieme.md'",
    );
    spoil(&folder.path("state/crieur.db"), "UPDATE memory SET stamp = 'zz' WHERE path = 'atom.xml'");
    folder.write("public/rss.xml", "somebody");
    assert_eq!(work(&folder), [7, 1, 1]);
    folder.crieur(["build"]).exits(1);
    assert!(folder.files("public") == good);
    assert_eq!(work(&folder)[2], 0);
}

fn forget(folder: &Folder) {
    spoil(&folder.path("state/crieur.db"), "DELETE FROM memory");
}

#[test]
fn a_daemon_that_is_restarted_knows_the_folder() {
    let folder = settled().but("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"");
    build_until_known(&folder);
    let mut app = folder.serve();
    let parsed = |metrics: &str| metrics.contains("crieur_content_files_total{what=\"parsed\"} 0");
    assert!(parsed(app.ask_admin("GET", "/metrics", &[]).text()));
    let before = app.text("/atom.xml");
    assert!(app.terminate().success());
    app.restart();
    assert!(parsed(app.ask_admin("GET", "/metrics", &[]).text()));
    assert_eq!(app.text("/atom.xml"), before);
}
