//! When issues are due: the Sundays on which clocks change, a machine that was away, a schedule that is edited.

use super::announcement;
use crate::support::folder::Folder;

const READER: &str = "reader@example.org";
const SECRET: &str = "Sous embargo";

/// Due at this cron line, with an announcement of that day that nobody has been told of.
fn due(schedule: &str, news: &str) -> Folder {
    let folder = Folder::of_five().but("0 9 * * MON", schedule).but("look_back = \"31d\"", "look_back = \"3d\"");
    folder.crieur(["subscribers", "add", READER]).succeeds();
    folder.write("content/actualites/neuf.md", &announcement("Tout neuf", news));
    folder
}

fn send(folder: &Folder, at: &str) -> String {
    folder.crieur(["send", "--at", at]).succeeds().stdout
}

#[test]
fn an_hour_that_the_clocks_go_over_is_due_at_three_once() {
    let folder = due("30 2 * * *", "2027-03-27 12:00:00 +01:00");
    let early = send(&folder, "2027-03-28T01:59:59+01:00");
    assert!(early.contains("2027-03-27 02:30"), "yesterday's: {early}");
    folder.mails();
    for (at, sent) in [("2027-03-28T03:00:00+02:00", "1 sent"), ("2027-03-28T03:30:00+02:00", "0 sent")] {
        let said = send(&folder, at);
        assert!(said.contains("2027-03-28 02:30") && said.contains(sent), "{at}: {said}");
    }
}

#[test]
fn an_hour_that_comes_twice_is_due_the_first_time_once() {
    let folder = due("30 2 * * *", "2026-10-24 12:00:00 +02:00");
    for (at, sent) in [("2026-10-25T02:30:00+02:00", "1 sent"), ("2026-10-25T02:30:00+01:00", "0 sent")] {
        folder.write("content/actualites/encore.md", &announcement(at, "2026-10-24 13:00:00 +02:00"));
        let said = send(&folder, at);
        assert!(said.contains("2026-10-25 02:30") && said.contains(sent), "{at}: {said}");
    }
    assert_eq!(folder.mails().len(), 1);
}

#[test]
fn ten_slots_that_were_missed_are_one_issue_with_all_that_is_new() {
    let folder = due("0 9 * * *", "2021-03-01 08:00:00 +01:00");
    send(&folder, "2021-03-01T09:00:00+01:00");
    for day in 2..12 {
        let file = format!("content/actualites/j{day}.md");
        folder.write(&file, &announcement(&format!("Jour {day}"), &format!("2021-03-{day:02} 08:00:00 +01:00")));
    }
    let said = send(&folder, "2021-03-11T11:00:00+01:00");
    assert!(said.contains("2021-03-11 09:00") && said.contains("1 sent"), "{said}");
    let mails = folder.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().any(|mail| (2..12).all(|day| mail.words().contains(&format!("Jour {day}")))));
}

/// A clock of this machine that went back pauses (`pauses`); this is one that was set by hand.
#[test]
fn an_earlier_time_than_the_last_issue_has_tells_nobody_twice() {
    let folder = due("0 9 * * *", "2021-03-01 08:00:00 +01:00");
    send(&folder, "2021-03-02T09:00:00+01:00");
    assert_eq!(folder.only_mail().subject, "Tout neuf");
    folder.write("content/actualites/encore.md", &announcement("Encore", "2021-02-28 08:00:00 +01:00"));
    send(&folder, "2021-03-01T09:00:00+01:00");
    let subjects: Vec<String> = folder.mails().into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.len() == 2 && subjects.contains(&"Encore".to_owned()), "{subjects:?}");
}

#[test]
fn an_issue_made_ahead_of_its_time_silences_no_slot_before_it() {
    for (ahead, becomes) in [("2021-03-05T10:00:00+01:00", "1 sent"), ("2029-03-05T10:00:00+01:00", "0 sent")] {
        // the far one finds nothing of these days any more
        let folder = due("0 9 * * *", "2021-03-03 08:00:00 +01:00").but("upcoming = \"30d\"", "");
        let said = send(&folder, ahead);
        assert!(said.contains(becomes), "{said}");
        let before = folder.mails().len();
        folder.write("content/actualites/encore.md", &announcement("Encore", "2021-03-02 08:00:00 +01:00"));
        let at = "2021-03-03T10:00:00+01:00";
        let shown = folder.crieur(["preview", "communaute-ux", "--at", at]).succeeds().stdout;
        assert!(shown.contains("2021-03-03 09:00") && shown.contains("in   Encore"), "{shown}");
        let said = send(&folder, at);
        assert!(said.contains("1 sent"), "{said}");
        assert_eq!(folder.mails().len(), before + 1);
        // the slots of both are decided: what comes next is the first that is not
        let shown = folder.crieur(["preview", "communaute-ux", "--at", "2021-03-04T10:00:00+01:00"]).succeeds().stdout;
        assert!(shown.contains("2021-03-04 09:00"), "{shown}");
        send(&folder, "2021-03-04T10:00:00+01:00");
        let next = if ahead.starts_with("2021") { "2021-03-06 09:00" } else { "2021-03-05 09:00" };
        let shown = folder.crieur(["preview", "communaute-ux", "--at", "2021-03-04T11:00:00+01:00"]).succeeds().stdout;
        assert!(shown.contains(next), "{shown}");
    }
}

#[test]
fn another_zone_or_schedule_leaves_what_is_done_done() {
    let folder = due("0 9 * * *", "2021-03-01 08:00:00 +01:00").but("upcoming = \"30d\"", "skip_empty = false");
    send(&folder, "2021-03-01T09:00:00+01:00");
    // nine o'clock there is another instant of the same slot
    let folder = folder.but("timezone = \"Europe/Paris\"", "timezone = \"Europe/London\"");
    assert!(send(&folder, "2021-03-01T09:00:00+00:00").contains("done before"));
    // the morning's new hour lies before the old one, which had its issue
    let folder = folder.but("0 9 * * *", "0 8 * * *");
    assert!(send(&folder, "2021-03-01T10:00:00+00:00").contains("done before"));
    assert_eq!(folder.mails().len(), 1);
    let next = folder.crieur(["status"]).succeeds().stdout;
    assert!(next.contains("next slot") && next.contains(" 08:00"), "{next}");
}

#[test]
fn an_announcement_dated_back_and_merged_late_is_in_the_next_issue() {
    let folder = due("0 9 * * *", "2021-03-01 08:00:00 +01:00");
    send(&folder, "2021-03-01T09:00:00+01:00");
    folder.write("content/actualites/tardif.md", &announcement("Tardif", "2020-06-01 08:00:00 +02:00"));
    send(&folder, "2021-03-02T09:00:00+01:00");
    assert!(folder.mails().iter().any(|mail| mail.subject == "Tardif"));
}

#[test]
fn an_announcement_dated_ahead_is_on_no_surface_before() {
    let folder = due("0 9 * * *", "2021-03-01 08:00:00 +01:00");
    let event = "event_start_date: 2021-03-10 10:00:00 +01:00";
    folder.write(
        "content/agenda/embargo.md",
        &format!("---\ntitle: {SECRET}\ndate: 2021-03-01 12:00:00 +01:00\n{event}\ncategories:\n- Secret\ntags:\n- Cache\n---\n\nLe corps.\n"),
    );
    folder.crieur(["send", "--at", "2021-03-01T09:00:00+01:00"]).succeeds();
    let mail = folder.only_mail();
    assert!(!mail.raw.contains("embargo") && !mail.html.contains(SECRET) && !mail.text.contains(SECRET));
    let build = |at: &str| {
        folder.crieur(["build", "--at", at]).succeeds();
        folder.files("public")
    };
    let before = build("2021-03-01T11:59:59+01:00");
    for (name, bytes) in &before {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for trace in ["embargo", "secret", "cache/"] {
            assert!(!text.contains(trace) && !name.contains(trace), "`{trace}` in {name}");
        }
    }
    let after = build("2021-03-01T12:00:00+01:00");
    for name in [
        "atom.xml",
        "rss.xml",
        "feed.json",
        "calendar.ics",
        "index.html",
        "agenda/embargo/index.html",
        "events/embargo.ics",
        "categories/secret/atom.xml",
    ] {
        let text = String::from_utf8_lossy(&after[name]).into_owned();
        assert!(text.contains(SECRET), "{name}");
        assert!(before.get(name).is_none_or(|bytes| *bytes != after[name]), "another ETag: {name}");
    }
}
