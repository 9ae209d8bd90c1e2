//! `build`: the same folder gives the same site, wherever and however often.

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use crate::support::folder::Folder;

fn modified(folder: &Folder) -> BTreeMap<String, SystemTime> {
    let time = |name: &str| fs::metadata(folder.path(&format!("public/{name}"))).and_then(|file| file.modified());
    folder.files("public").into_keys().map(|name| (name.clone(), time(&name).expect("a time"))).collect()
}

#[test]
fn building_twice_changes_no_byte_and_touches_no_file() {
    let folder = Folder::of_five();
    folder.write("content/actualites/sans-date.md", "---\ntitle: Sans date\n---\n\nVu maintenant.\n");
    folder.crieur(["build"]).succeeds();
    let (files, times) = (folder.files("public"), modified(&folder));
    let again = folder.crieur(["build"]).succeeds();
    assert!(again.stdout.contains(" 0 written,") && again.stdout.contains(" 0 removed"), "{}", again.stdout);
    assert_eq!(folder.files("public"), files);
    assert_eq!(modified(&folder), times);
}

#[test]
fn another_folder_with_a_fresh_state_gets_the_same_bytes() {
    let (one, other) = (Folder::of_five(), Folder::of_five());
    one.crieur(["build"]).succeeds();
    other.crieur(["build", "--out", "elsewhere/site"]).succeeds();
    assert_eq!(other.files("elsewhere/site"), one.files("public"));
    assert!(!other.path("public").exists());
}

#[test]
fn when_it_is_built_does_not_show() {
    let (one, other) = (Folder::of_five(), Folder::of_five());
    one.crieur(["build", "--at", "2021-01-01"]).succeeds();
    other.crieur(["build", "--at", "2031-12-31T23:59:59Z"]).succeeds();
    assert_eq!(one.files("public"), other.files("public"));
}

#[test]
fn a_build_as_if_it_were_earlier_knows_nothing_of_later_announcements() {
    let folder = Folder::of_five();
    folder.crieur(["build", "--at", "2019-03-12T11:03:59+01:00"]).succeeds();
    assert_eq!(folder.read("public/atom.xml").matches("<entry>").count(), 2);
    folder.crieur(["build", "--at", "2019-03-12T11:04:00+01:00"]).succeeds();
    assert_eq!(folder.read("public/atom.xml").matches("<entry>").count(), 3);
}

#[test]
fn pages_and_lists_stand_where_the_design_says() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let files = folder.files("public");
    for path in [
        "index.html",
        "rss.xml",
        "atom.xml",
        "feed.json",
        "calendar.ics",
        "feeds.opml",
        "categories/appel-a-defis/index.html",
        "categories/appel-a-defis/atom.xml",
        "categories/atelier/calendar.ics",
        "tags/ux/rss.xml",
        "events/lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat.ics",
        "agenda/lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat/index.html",
        "newsletters/communaute-ux/index.html",
    ] {
        assert!(files.contains_key(path), "{path}");
    }
    assert!(!files.contains_key("categories/appel-a-defis/calendar.ics"), "it has no event");
}

#[test]
fn a_page_that_is_gone_leaves_the_folder_and_foreign_files_stay() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    folder.write("public/robots.txt", "not ours");
    folder.remove("content/actualites/2019-01-09-rejoignez-la-communaute-ux-services-publics-en-ligne.md");
    folder.crieur(["build"]).succeeds();
    assert!(!folder.path("public/actualites/rejoignez-la-communaute-ux-services-publics-en-ligne").exists());
    assert!(!folder.read("public/rss.xml").contains("Rejoignez la communauté UX–"));
    assert_eq!(folder.read("public/robots.txt"), "not ours");
}
