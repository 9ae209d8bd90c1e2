//! What subscribers may trust for years: one announcement is one item, whatever editors do to its file.

use std::collections::BTreeMap;

use crate::support::folder::Folder;

const EVENT: &str =
    "content/agenda/2019-04-08-expert-ux-tout-savoir-avant-de-candidater-pour-devenir-designer-dinteret-general.md";
const PRESS: &str =
    "content/espace-presse/2019-03-12-letat-souvre-a-lux-design-lancement-du-programme-designers-dinteret-general.md";
const SLUG: &str = "expert-ux-tout-savoir-avant-de-candidater-pour-devenir-designer-dinteret-general";
/// While both the press release and the event of 11 April are new.
const BEFORE: &str = "2019-04-09T08:00:00+02:00";
const LATER: &str = "2019-04-10T08:00:00+02:00";

fn build(folder: &Folder, at: &str) {
    folder.crieur(["build", "--at", at]).succeeds();
}

/// Each item of the Atom feed: id and `updated`.
fn items(folder: &Folder) -> BTreeMap<String, String> {
    let feed = feed_rs::parser::parse(folder.bytes("public/atom.xml").as_slice()).expect("a feed");
    let updated = |entry: &feed_rs::model::Entry| entry.updated.expect("updated").to_rfc3339();
    feed.entries.iter().map(|entry| (entry.id.clone(), updated(entry))).collect()
}

/// The lines of the event of 11 April in a calendar, unfolded.
fn event(folder: &Folder, path: &str) -> Vec<String> {
    let text = folder.read(path).replace("\r\n ", "");
    let events = text.split("BEGIN:VEVENT").skip(1);
    let event = events.filter(|event| event.contains("expert-ux")).last().expect("the event");
    event.lines().map(str::to_owned).collect()
}

fn has(event: &[String], line: &str) -> bool {
    event.iter().any(|given| given == line)
}

fn edit(folder: &Folder, file: &str, words: &str, others: &str) {
    let text = folder.read(file);
    assert!(text.contains(words), "{file} says nothing like `{words}`");
    folder.write(file, &text.replace(words, others));
}

#[test]
fn a_rename_a_retitle_a_move_a_correction_and_a_new_domain_bring_no_reader_a_new_item() {
    let folder = Folder::of_five();
    build(&folder, BEFORE);
    let first = items(&folder);
    let uid = event(&folder, "public/calendar.ics").into_iter().find(|line| line.starts_with("UID:")).expect("a UID");
    let same = |what: &str| {
        build(&folder, LATER);
        assert_eq!(items(&folder).keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>(), "{what}");
        assert!(has(&event(&folder, "public/calendar.ics"), &uid), "{what}");
    };

    edit(&folder, PRESS, "’", "'");
    same("a correction");
    assert_eq!(items(&folder), first, "a correction leaves `updated` alone");

    folder.rename(EVENT, "content/agenda/2019-04-08-expert-ux-autrement.md");
    same("a rename");
    let page = folder.read(&format!("public/agenda/{SLUG}/index.html"));
    assert!(
        page.contains("url=https://www.numerique.gouv.fr/agenda/expert-ux-autrement/"),
        "the old address leads on: {page}"
    );
    assert_eq!(folder.read(&format!("public/events/{SLUG}.ics")), folder.read("public/events/expert-ux-autrement.ics"));
    assert_eq!(items(&folder), first, "a rename leaves `updated` alone");

    folder.write(
        "content/actualites/2019-04-08-expert-ux-ailleurs.md",
        &folder.read("content/agenda/2019-04-08-expert-ux-autrement.md"),
    );
    folder.remove("content/agenda/2019-04-08-expert-ux-autrement.md");
    same("a move to another folder");

    edit(&folder, "crieur.toml", "https://www.numerique.gouv.fr", "https://nouveau.gouv.fr");
    same("a new domain");
    assert_eq!(items(&folder), first, "a new domain leaves `updated` alone");
    assert!(folder.read("public/atom.xml").contains("https://nouveau.gouv.fr/espace-presse/"));

    let title = folder.read(PRESS).lines().find(|line| line.starts_with("title:")).expect("a title").to_owned();
    edit(&folder, PRESS, &title, "title: Un tout autre titre");
    edit(&folder, PRESS, "\\n", "");
    same("a retitle");
    assert_ne!(items(&folder), first, "a new title is a change of meaning");
}

#[test]
fn a_moved_event_moves_in_calendars_and_a_deleted_one_comes_as_cancelled() {
    let folder = Folder::of_five();
    build(&folder, BEFORE);
    assert!(has(&event(&folder, "public/calendar.ics"), "SEQUENCE:0"));
    edit(&folder, EVENT, "2019-04-11", "2019-04-18");
    build(&folder, LATER);
    let moved = event(&folder, "public/calendar.ics");
    for line in [
        "SEQUENCE:1",
        "STATUS:CONFIRMED",
        "DTSTART;TZID=Europe/Paris:20190418T090000",
        "LAST-MODIFIED:20190410T060000Z",
    ] {
        assert!(has(&moved, line), "{line} in {moved:#?}");
    }
    let page = folder.read(&format!("public/agenda/{SLUG}/index.html"));
    assert!(page.contains("Reporté\u{a0}: 11\u{a0}→ 18\u{a0}avril"), "{page}");

    folder.remove(EVENT);
    build(&folder, "2019-04-12T08:00:00+02:00");
    for path in [
        "public/calendar.ics".to_owned(),
        format!("public/events/{SLUG}.ics"),
        "public/categories/atelier/calendar.ics".to_owned(),
    ] {
        let gone = event(&folder, &path);
        for line in ["SEQUENCE:2", "STATUS:CANCELLED", "DTSTAMP:20190412T060000Z"] {
            assert!(has(&gone, line), "{line} in {gone:#?}");
        }
        assert!(gone.iter().any(|line| line.starts_with("SUMMARY:[ANNULÉ] Expert UX")), "{gone:#?}");
    }
    assert!(!folder.read("public/atom.xml").contains("expert-ux"));
    // thirty days after its end it is not spoken of any more
    build(&folder, "2019-05-18T11:59:59+02:00");
    assert!(folder.read("public/calendar.ics").contains("CANCELLED"));
    build(&folder, "2019-05-18T12:00:00+02:00");
    assert!(!folder.read("public/calendar.ics").contains("CANCELLED"));
}

#[test]
fn the_calendar_of_one_event_outlives_its_name_and_makes_way_for_a_successor() {
    let folder = Folder::of_five();
    build(&folder, BEFORE);
    folder.rename(EVENT, "content/agenda/2019-04-08-expert-ux-autrement.md");
    build(&folder, BEFORE);
    folder.remove("content/agenda/2019-04-08-expert-ux-autrement.md");
    build(&folder, LATER);
    for slug in [SLUG, "expert-ux-autrement"] {
        assert!(folder.read(&format!("public/events/{slug}.ics")).contains("STATUS:CANCELLED"), "{slug}");
    }
    let next = "---\ntitle: Un autre atelier\nevent_start_date: 2019-05-20 14:00:00 +02:00\n---\n\nTout autre chose.\n";
    folder.write("content/agenda/2019-04-09-expert-ux-autrement.md", next);
    build(&folder, LATER);
    let calendar = folder.read("public/events/expert-ux-autrement.ics");
    assert!(calendar.contains("SUMMARY:Un autre atelier") && !calendar.contains("CANCELLED"), "{calendar}");
    for path in ["calendar.ics".to_owned(), format!("events/{SLUG}.ics")] {
        assert!(folder.read(&format!("public/{path}")).contains("STATUS:CANCELLED"), "{path}");
    }
}

#[test]
fn a_category_that_nothing_is_in_any_more_keeps_its_feeds() {
    let folder = Folder::of_five();
    folder.write("content/actualites/2019-02-02-fete.md", "---\ntitle: La fête\ncategories: [Fête]\n---\n\nTexte.\n");
    build(&folder, LATER);
    edit(&folder, "content/actualites/2019-02-02-fete.md", "Fête]", "Jeux]");
    build(&folder, LATER);
    for name in ["rss.xml", "atom.xml", "feed.json", "index.html"] {
        assert!(!folder.read(&format!("public/categories/fete/{name}")).contains("La fête"), "{name}");
    }
    assert!(!folder.read("public/feeds.opml").contains("categories/fete/"));
    assert!(!folder.read("public/index.html").contains("categories/fete/"));
    assert!(folder.read("public/categories/jeux/atom.xml").contains("La fête"));
}

#[test]
fn a_slip_in_the_date_calls_no_event_off() {
    let folder = Folder::of_five();
    build(&folder, BEFORE);
    let before = folder.read("public/calendar.ics");
    edit(&folder, EVENT, "event_start_date: 2019-04-11", "event_start_date: 2019-04-51");
    let build = folder.crieur(["build", "--at", LATER]).exits(1);
    assert!(build.stderr.contains("error["), "{}", build.stderr);
    assert_eq!(folder.read("public/calendar.ics"), before);
}

#[test]
fn a_slip_in_an_id_or_in_a_name_calls_no_event_off() {
    const OTHER: &str = "2018-10-26-lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat.md";
    let folder = Folder::of_five();
    build(&folder, BEFORE);
    let before = folder.files("public");
    let refused = |code: &str| {
        let build = folder.crieur(["build", "--at", LATER]).exits(1);
        assert!(build.stderr.contains(code), "{}", build.stderr);
        assert!(!folder.read("public/calendar.ics").contains("CANCELLED"), "{code}");
    };
    let text = folder.read(EVENT);
    let pin = "---\nid: tag:www.numerique.gouv.fr,2018-10-26:lancement-rejoignez-la-communaute-ux-experience-utilisateur-de-letat";
    folder.write(EVENT, &text.replacen("---", pin, 1));
    refused("error[id-clash]");
    folder.write(EVENT, &text);
    let same_name = format!("content/agenda/{}", OTHER.replace("2018-10-26", "2019-04-08"));
    folder.rename(EVENT, &same_name);
    refused("error[slug-clash]");
    folder.rename(&same_name, EVENT);
    build(&folder, LATER);
    assert_eq!(folder.files("public"), before);
    // deleted before the slip was mended, it was called off all the same
    folder.rename(EVENT, &same_name);
    refused("error[slug-clash]");
    folder.remove(&same_name);
    build(&folder, LATER);
    assert!(folder.read("public/calendar.ics").contains("CANCELLED"));
}

#[test]
fn withdrawing_much_at_once_waits_for_the_operators_word() {
    let folder = Folder::of_five();
    build(&folder, LATER);
    let before = folder.files("public");
    folder.rename("content/agenda", "aside");
    for _ in 0..2 {
        let refused = folder.crieur(["build", "--at", LATER]).exits(1);
        assert!(refused.stderr.contains("2 of 4 announcements would be withdrawn"), "{}", refused.stderr);
        assert!(refused.stderr.contains("build --confirm"), "{}", refused.stderr);
        assert_eq!(folder.files("public"), before);
    }
    folder.rename("content", "elsewhere");
    folder.crieur(["build", "--at", LATER]).exits(2);
    assert_eq!(folder.files("public"), before);
    let status = folder.crieur(["status"]).succeeds();
    assert!(status.stdout.contains("cannot be read") && status.stdout.contains("last publish"), "{}", status.stdout);
    folder.rename("elsewhere", "content");
    let status = folder.crieur(["status"]).succeeds();
    assert!(status.stdout.contains("held back") && status.stdout.contains("build --confirm"), "{}", status.stdout);
    folder.crieur(["build", "--confirm", "--at", LATER]).succeeds();
    assert_eq!(items(&folder).len(), 2);
    build(&folder, LATER);
    // one at a time is an editor at work
    for file in ["content/actualites/2019-01-09-rejoignez-la-communaute-ux-services-publics-en-ligne.md", PRESS] {
        folder.remove(file);
        build(&folder, LATER);
    }
    assert!(!folder.crieur(["status"]).succeeds().stdout.contains("held back"));
}

#[test]
fn a_copy_with_the_same_id_takes_nothing_from_the_original() {
    let folder = Folder::of_five();
    let pinned = "---\ntitle: Avec un id\nid: 42\ndate: 2019-02-02\n---\n\nTexte.\n";
    folder.write("content/actualites/un.md", pinned);
    build(&folder, LATER);
    let first = items(&folder);
    assert!(first.contains_key("https://www.numerique.gouv.fr/#42"), "{first:?}");
    // even where the copy would come first by its name and its date
    folder.write("content/actualites/autre.md", &pinned.replace("2019-02-02", "2019-02-01").replace("Avec", "Copie"));
    let refused = folder.crieur(["build", "--at", LATER]).exits(1);
    for part in ["content/actualites/autre.md:1:1: error[id-clash]", "`actualites/un.md`"] {
        assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
    }
    assert_eq!(items(&folder), first);

    // where nobody knows yet which is meant, neither is published
    let folder = Folder::of_five();
    folder.write("content/actualites/un.md", pinned);
    folder.write("content/actualites/autre.md", pinned);
    let refused = folder.crieur(["build", "--at", LATER]).exits(1);
    for part in ["autre.md:1:1: error[id-clash]", "un.md:1:1: error[id-clash]"] {
        assert!(refused.stderr.contains(part), "{part} in {}", refused.stderr);
    }
    assert_eq!(items(&folder).len(), 4, "five, one of them later");
}

#[test]
fn a_late_file_with_an_early_date_takes_no_address_that_readers_know() {
    let folder = Folder::of_five();
    folder.write("content/actualites/2019-02-02-fete.md", "---\ntitle: La fête\n---\n\nTexte.\n");
    build(&folder, LATER);
    let first = items(&folder);
    folder.write("content/actualites/2019-02-01-fete.md", "---\ntitle: L’intruse\n---\n\nTexte.\n");
    let refused = folder.crieur(["build", "--at", LATER]).exits(1);
    assert!(refused.stderr.contains("2019-02-01-fete.md:1:1: error[slug-clash]"), "{}", refused.stderr);
    assert_eq!(items(&folder), first);
}

#[test]
fn two_builds_are_byte_identical_and_what_did_not_change_keeps_its_time() {
    let (one, two) = (Folder::of_five(), Folder::of_five());
    build(&one, BEFORE);
    build(&two, BEFORE);
    assert_eq!(one.files("public"), two.files("public"));
    let modified = |folder: &Folder| {
        std::fs::metadata(folder.path("public/atom.xml")).and_then(|file| file.modified()).expect("a time")
    };
    let before = modified(&one);
    let again = one.crieur(["build", "--at", LATER]).succeeds();
    assert!(again.stdout.contains("0 removed"), "{}", again.stdout);
    assert_eq!(modified(&one), before);
    assert_eq!(one.files("public")["atom.xml"], two.files("public")["atom.xml"]);
}
