//! `preview` and `status`: looking without touching.

use super::{MONDAY, announcement};
use crate::support::folder::Folder;
use crate::support::mails::Mail;
use crate::support::state::tables;
use std::path::Path;

#[test]
fn a_preview_shows_exactly_the_next_issue_and_changes_nothing() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder.write("content/actualites/a-venir.md", &announcement("À venir", "2019-04-20 10:00:00 +02:00"));
    let database = folder.path("state/crieur.db");
    let before = tables(&database);
    assert!(before["subscription"].len() == 1 && before.contains_key("ledger"), "{:?}", before.keys());

    let shown = folder.crieur(["preview", "communaute-ux", "--at", MONDAY, "--out", "seen"]).succeeds();
    assert_eq!(tables(&database), before);
    assert_eq!(folder.mails().len(), 0);
    assert!(shown.stdout.starts_with("Communauté UX, number 1, 2019-04-08 09:00\n"), "{}", shown.stdout);
    for words in [
        "  in   L’État s’ouvre à l’UX design",
        "  in   Expert UX",
        "  out  Rejoignez la communauté UX–services publics en ligne ! (actualites/2019-01-09-",
        ": older than the first issue looks back",
        "  out  À venir (actualites/a-venir.md): dated ahead",
        "  upcoming: Expert UX",
        "variant fr: 1 recipient,",
    ] {
        assert!(shown.stdout.contains(words), "no `{words}` in\n{}", shown.stdout);
    }

    let files = folder.files("seen");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["communaute-ux-1-fr.eml", "communaute-ux-1-fr.html", "communaute-ux-1-fr.txt"]);
    let previewed = Mail::parse(&files["communaute-ux-1-fr.eml"]);
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let sent = folder.only_mail();
    assert_eq!(previewed.subject, sent.subject);
    assert_eq!(impersonal(&previewed.text), impersonal(&sent.text));
    assert_eq!(impersonal(&previewed.html), impersonal(&sent.html));
}

/// Without the tokens of its reader.
fn impersonal(text: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    ["/unsubscribe/", "/preferences/"].iter().fold(text.to_owned(), |text, path| {
        let mut pieces = text.split(path);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| format!("{text}{path}{}", piece.trim_start_matches(is_token)))
    })
}

#[test]
fn a_preview_says_first_that_a_send_would_refuse() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    for name in
        folder.files("content").keys().filter(|name| Path::new(name).extension().is_some_and(|end| end == "md")).take(2)
    {
        folder.remove(&format!("content/{name}"));
    }
    let shown = folder.crieur(["preview", "communaute-ux", "--at", MONDAY]).succeeds().stdout;
    assert!(shown.lines().nth(1).is_some_and(|line| line.contains("`send` would refuse: ")), "{shown}");
}

#[test]
fn what_the_first_issue_passed_over_was_in_no_issue() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.only_mail();
    let shown = folder.crieur(["preview", "communaute-ux", "--at", "2019-04-15T12:00:00+02:00"]).succeeds().stdout;
    assert!(
        shown.contains(": older than the first issue looked back") && shown.contains(": in an earlier issue"),
        "{shown}"
    );
}

#[test]
fn a_newsletter_without_slots_that_has_nothing_to_tell_says_nothing_of_topics() {
    let folder = Folder::of_five().but("schedule = \"0 9 * * MON\"", "schedule = \"each\"");
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    let shown = folder.crieur(["preview", "communaute-ux", "--at", "2018-01-01T12:00:00Z"]).succeeds().stdout;
    assert!(shown.contains("nothing new: no mail for now") && !shown.contains("topics"), "{shown}");
}

#[test]
fn the_feed_of_a_newsletter_is_there_before_its_first_issue() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let feed = feed_rs::parser::parse(&folder.bytes("public/newsletters/communaute-ux/rss.xml")[..]).expect("a feed");
    assert!(feed.entries.is_empty());
}

#[test]
fn a_preview_needs_neither_readers_nor_news() {
    let folder = Folder::of_five();
    let shown = folder.crieur(["preview", "communaute-ux", "--at", "2018-01-01T12:00:00Z"]).succeeds();
    assert!(shown.stdout.contains("variant fr: 0 recipients"), "{}", shown.stdout);
}

#[test]
fn a_time_no_mail_can_carry_is_wrong_usage() {
    let folder = Folder::of_five();
    for at in ["1960-01-01", "0001-01-01", "9999-12-31"] {
        folder.crieur(["preview", "communaute-ux", "--at", at]).exits(2);
    }
}

#[test]
fn status_tells_people_and_machines_how_things_stand() {
    let folder = Folder::of_five();
    let new = folder.crieur(["status"]).succeeds();
    assert!(new.stdout.contains("last publish   never"), "{}", new.stdout);
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder.crieur(["build"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    folder.only_mail();
    let database = folder.path("state/crieur.db");
    let before = tables(&database);
    let human = folder.crieur(["status"]).succeeds().stdout;
    for words in
        ["5 announcements (5 visible, 2 with an event), 0 errors, 4 warnings", "number 1", "1 sent", "1 confirmed"]
    {
        assert!(human.contains(words), "no `{words}` in\n{human}");
    }
    let json = folder.crieur(["status", "--format", "json"]).succeeds().stdout;
    // a reader of JSON keeps one of two
    let mut keys: Vec<_> =
        json.lines().filter(|line| line.starts_with("  \"")).map(|line| line.split(':').next()).collect();
    keys.sort_unstable();
    assert!(keys.len() > 5 && keys.windows(2).all(|two| two[0] != two[1]), "{keys:?}");
    let status: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(status["catalog"]["events"], 2);
    assert_eq!(status["outbox"]["sent"], 1);
    assert_eq!(status["newsletters"][0]["subscribers"]["confirmed"], 1);
    assert!(!json.contains("reader@"), "{json}");
    assert_eq!(tables(&database), before, "looking changes nothing");
}
