//! An editor at work while the daemon runs.

use std::time::Duration;

use super::announcement;
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::served::TestApp;

const FILE: &str = "content/actualites/2021-05-06-sixieme.md";
const BROKEN: &str =
    "---\ntitle: Sixième [encore]\ndate: 2021-05-06 10:00:00 +02:00\ncategories: [Article\n---\n\nCassé.\n";

/// What the README promises on an idle machine. Here others run beside us: it is measured and told, and only a multiple fails.
fn tell(what: &str, took: Duration) {
    let seen = if took < Duration::from_secs(1) { "within the second" } else { "LATE: more than a second" };
    println!("{what}: {took:?}, {seen}");
    assert!(took < Duration::from_secs(5), "{what}: {took:?}");
}

fn entries(app: &TestApp) -> usize {
    app.text("/atom.xml").matches("<entry>").count()
}

#[test]
fn a_saved_file_is_in_the_feed_within_a_second_a_broken_one_keeps_its_old_version_a_deleted_one_goes() {
    let folder = Folder::of_five();
    let app = folder.serve();
    assert_eq!(entries(&app), 5);

    folder.write(FILE, &announcement("Sixième", "2021-05-06 10:00:00 +02:00"));
    tell("a new file", app.until("/atom.xml", |feed| feed.contains("<title>Sixième</title>")));
    assert_eq!(entries(&app), 6);
    eventually("the file", || folder.read("public/atom.xml").contains("<title>Sixième</title>").then_some(()));
    let id = "tag:www.numerique.gouv.fr,2021-05-06:sixieme";
    assert!(app.text("/atom.xml").contains(id));

    folder.write(FILE, BROKEN);
    app.until_logged("2021-05-06-sixieme.md:4:13: error[");
    // the others go on while one is broken
    folder.write("content/actualites/2021-05-07-septieme.md", &announcement("Septième", "2021-05-07 10:00:00 +02:00"));
    tell("a new file beside a broken one", app.until("/atom.xml", |feed| feed.contains("<title>Septième</title>")));
    assert!(app.text("/atom.xml").contains("Le corps de Sixième."), "the last good version stays");
    let check = folder.crieur(["check"]).exits(1);
    assert!(check.stdout.contains("2021-05-06-sixieme.md:4:13: error["), "{}", check.stdout);

    folder.write(FILE, &announcement("Sixième, mise à jour", "2021-05-06 10:00:00 +02:00"));
    tell("a mended file", app.until("/atom.xml", |feed| feed.contains("<title>Sixième, mise à jour</title>")));
    assert!(app.text("/atom.xml").contains(id), "the id stays");
    folder.crieur(["check"]).succeeds();

    folder.remove(FILE);
    tell("a deleted file", app.until("/atom.xml", |feed| !feed.contains("Sixième")));
    assert_eq!(entries(&app), 6);
    assert_eq!(app.get("/actualites/sixieme/").status, 404);
}

#[test]
fn a_save_by_renaming_over_is_seen() {
    let folder = Folder::of_five();
    folder.write(FILE, &announcement("Sixième", "2021-05-06 10:00:00 +02:00"));
    let app = folder.serve();
    for turn in 1..=3 {
        // as vim does: the old file moves to a backup, the new one takes its name, the backup goes
        let swap = "content/actualites/.2021-05-06-sixieme.md.swp";
        folder.write(swap, "swap");
        folder.rename(FILE, &format!("{FILE}~"));
        folder.write("content/actualites/4913", "");
        folder.remove("content/actualites/4913");
        folder.write(FILE, &announcement(&format!("Sixième {turn}"), "2021-05-06 10:00:00 +02:00"));
        folder.remove(&format!("{FILE}~"));
        tell(
            "a save as vim does",
            app.until("/atom.xml", |feed| feed.contains(&format!("<title>Sixième {turn}</title>"))),
        );
        // as others do: a temporary file is renamed over
        folder.write(
            "content/actualites/.sixieme.tmp",
            &announcement(&format!("Autre {turn}"), "2021-05-06 10:00:00 +02:00"),
        );
        folder.rename("content/actualites/.sixieme.tmp", FILE);
        tell("a rename over", app.until("/atom.xml", |feed| feed.contains(&format!("<title>Autre {turn}</title>"))));
        folder.remove(swap);
        assert_eq!(entries(&app), 6);
    }
}

#[test]
fn a_file_written_at_once_into_a_new_folder_is_seen() {
    let folder = Folder::of_five();
    let app = folder.serve();
    for turn in 0..5 {
        let title = format!("Profond {turn}");
        folder.write(
            &format!("content/neuf/{turn}/bas/2021-05-06-profond-{turn}.md"),
            &announcement(&title, "2021-05-06"),
        );
        tell("a new folder", app.until("/atom.xml", |feed| feed.contains(&format!("<title>{title}</title>"))));
    }
}

#[test]
fn a_content_folder_that_is_away_for_a_while_costs_nothing() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let before = app.text("/atom.xml");
    folder.rename("content", "elsewhere");
    app.until_logged("the last good site stays");
    assert_eq!(app.text("/atom.xml"), before);
    assert_eq!(folder.read("public/atom.xml"), before);
    folder.rename("elsewhere", "content");
    folder.write(FILE, &announcement("Sixième", "2021-05-06"));
    app.until("/atom.xml", |feed| feed.contains("<title>Sixième</title>"));
    assert_eq!(entries(&app), 6);
}

/// An unmounted disk leaves an empty folder behind.
#[test]
fn a_folder_that_is_suddenly_empty_withdraws_nothing_until_the_operator_says_so() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let before = app.text("/atom.xml");
    for name in ["agenda", "actualites", "espace-presse"] {
        folder.rename(&format!("content/{name}"), &format!("aside-{name}"));
    }
    app.until_logged("5 of 5 announcements would be withdrawn at once");
    assert_eq!(app.text("/atom.xml"), before);
    let refused = folder.crieur(["build"]).exits(1);
    assert!(refused.stderr.contains("build --confirm"), "{}", refused.stderr);
    assert!(folder.read("public/atom.xml").contains("<entry>"));
    drop(app);
    folder.crieur(["build", "--confirm"]).succeeds();
    assert!(!folder.read("public/atom.xml").contains("<entry>"));
    folder.crieur(["build"]).succeeds();
}
