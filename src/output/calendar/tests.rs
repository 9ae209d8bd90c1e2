//! Calendars as a client reads them: the hours, the ids, and that nothing an author writes becomes a property.

use std::collections::BTreeSet;

use chrono_tz::{Africa, America, Asia, Europe, Tz, UTC};

use crate::model::announcement::{Announcement, AnnouncementId};
use crate::model::color::Color;
use crate::model::event::{EventStatus, When};
use crate::model::sample::{announcement, day, event, label, local, rich, timed, url};
use crate::model::text::{RichText, slugify};
use crate::output::calendar::{uid, write, write_event};
use crate::output::check::check_calendar;
use crate::output::tests::{Setting, assert_kept, days, entry, meeting, nasty};

fn at(when: When) -> Announcement {
    let mut it = announcement(&slugify(&format!("{} {}", when.zone(), when.first_day())));
    it.event = Some(event(when));
    it
}

/// The event's own file, unfolded, with plain line ends.
fn written(announcement: &Announcement) -> String {
    let document = write_event(&Setting::new().site, &Setting::new().publish, &entry(announcement));
    assert_eq!(check_calendar(&document), Ok(()));
    String::from_utf8(document).expect("UTF-8").replace("\r\n ", "").replace("\r\n", "\n")
}

fn lines<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    let event = &document[document.find("BEGIN:VEVENT").expect("an event")..];
    event.lines().filter(|line| line.starts_with(name)).collect()
}

#[test]
fn hours_are_those_on_the_wall() {
    for (when, expected) in [
        (timed("2019-04-11 09:00", Some("2019-04-11 12:00")), "DTSTART:20190411T090000 DTEND:20190411T120000"),
        (timed("2018-11-21 09:30", None), "DTSTART:20181121T093000"),
        (timed("2018-11-21 00:00", Some("2018-11-22 00:00")), "DTSTART:20181121T000000 DTEND:20181122T000000"),
        (timed("2018-12-31 22:00", Some("2019-01-01 02:00")), "DTSTART:20181231T220000 DTEND:20190101T020000"),
        // an end that is not after the start is no end
        (timed("2018-11-21 09:30", Some("2018-11-21 09:30")), "DTSTART:20181121T093000"),
        // 02:30 that does not exist is 03:00; clients would each make something else of it
        (timed("2027-03-28 02:30", Some("2027-03-28 04:00")), "DTSTART:20270328T030000 DTEND:20270328T040000"),
        (timed("2027-03-28 02:15", Some("2027-03-28 02:45")), "DTSTART:20270328T030000"),
        // 02:30 that comes twice is the first (RFC 5545 §3.3.5), said in a way no client takes for the second
        (timed("2026-10-25 01:00", Some("2026-10-25 02:30")), "DTSTART:20261024T230000Z DTEND:20261025T003000Z"),
        // local mean time, nine minutes and 21 seconds ahead of Greenwich
        (timed("1900-01-01 12:00", None), "DTSTART:19000101T115039Z"),
    ] {
        let document = written(&at(when));
        let times = [lines(&document, "DTSTART"), lines(&document, "DTEND")].concat().join(" ");
        assert_eq!(times.replace(";TZID=Europe/Paris", ""), expected);
    }
}

#[test]
fn whole_days_end_on_the_day_after() {
    let when = When::AllDay { first: day("2019-12-31"), last: day("2019-12-31"), zone: Europe::Paris };
    let document = written(&at(when));
    assert_eq!(lines(&document, "DTSTART"), ["DTSTART;VALUE=DATE:20191231"]);
    assert_eq!(lines(&document, "DTEND"), ["DTEND;VALUE=DATE:20200101"]);
}

#[test]
fn daily_hours_recur_and_may_run_past_midnight() {
    let nightly = |first: &str, last: &str| {
        let (from, to) = (local("2000-01-01 20:00").time(), local("2000-01-01 02:00").time());
        written(&at(When::Daily { first: day(first), last: day(last), from, to, zone: Europe::Paris }))
    };
    let document = nightly("2019-12-30", "2020-01-02");
    assert_eq!(lines(&document, "DTEND"), ["DTEND;TZID=Europe/Paris:20191231T020000"]);
    assert_eq!(lines(&document, "RRULE"), ["RRULE:FREQ=DAILY;COUNT=4"]);
    assert!(lines(&nightly("2019-12-30", "2019-12-30"), "RRULE").is_empty());
}

#[test]
fn a_uid_is_made_of_the_id_alone() {
    let mut setting = Setting::new();
    let mut it = meeting();
    let before = uid(&it, &setting.site);
    assert!(before.ends_with("@www.example.org") && before.is_ascii(), "{before}");
    it.title = "Autre titre".to_owned();
    it.slug = "autre".to_owned();
    it.url = url("https://neuf.example.org/autre/");
    setting.site.url = url("https://neuf.example.org/");
    setting.site.public_url = url("https://neuf.example.org/");
    assert_eq!(uid(&it, &setting.site), before);
    it.id = AnnouncementId::pinned("autre");
    assert_ne!(uid(&it, &setting.site), before);
}

#[test]
fn nothing_an_author_writes_becomes_a_property() {
    let known: BTreeSet<&str> = [
        "ATTACH",
        "BEGIN",
        "CATEGORIES",
        "COLOR",
        "CONFERENCE",
        "CONTACT",
        "CREATED",
        "DESCRIPTION",
        "DTEND",
        "DTSTAMP",
        "DTSTART",
        "END",
        "IMAGE",
        "LAST-MODIFIED",
        "LOCATION",
        "SEQUENCE",
        "STATUS",
        "SUMMARY",
        "TRANSP",
        "UID",
        "URL",
        "X-ALT-DESC",
    ]
    .into();
    let document = written(&nasty());
    let names = lines(&document, "").into_iter().filter_map(|line| line.split([':', ';']).next());
    assert_eq!(names.collect::<BTreeSet<_>>(), known);
    assert_eq!(document.matches("\nBEGIN:VEVENT").count(), 1);
    assert_eq!(
        lines(&document, "ATTACH"),
        ["ATTACH;FMTTYPE=\"x/y';X=1: EVIL:1\":https://www.example.org/a;b,c%22d.odt"]
    );
}

#[test]
fn another_parser_finds_every_event_and_its_text() {
    let setting = Setting::new();
    let announcements: Vec<Announcement> =
        days().into_iter().chain([meeting(), nasty(), announcement("sans")]).collect();
    let document = String::from_utf8(write(&setting.feed(&announcements)).bytes).expect("UTF-8");
    let calendar: icalendar::Calendar = document.parse().expect("icalendar reads it");
    let events: Vec<_> = calendar.components.iter().filter_map(icalendar::CalendarComponent::as_event).collect();
    let titles: Vec<_> = events.iter().filter_map(|event| icalendar::Component::get_summary(*event)).collect();
    assert_eq!(titles.len(), 4);
    assert_eq!(titles[0], "[ANNULÉ] Titre de conges");
    assert_eq!(titles[2], "Expert UX : tout savoir avant de candidater !");
}

#[test]
fn the_calendar_speaks_the_language_of_the_announcement() {
    let mut it = meeting();
    assert!(written(&it).contains("\\nInscription\u{a0}: https://framaforms"), "{}", written(&it));
    it.lang = "en-GB".to_owned();
    let english = written(&it);
    assert!(
        english.contains("Getting there\\nMétro: Ligne 13") && english.contains("\\nRegistration: https"),
        "{english}"
    );
}

#[test]
fn an_event_file_has_no_name_that_outlook_would_make_a_calendar_of() {
    let document = written(&meeting());
    assert!(!document.contains("CALNAME") && document.contains("METHOD:PUBLISH"), "{document}");
}

/// The hours near each change of the clocks, in zones with and without rules; `tests/clients/check.py` compares what their
/// `VTIMEZONE` makes of them with the real zone.
#[test]
fn zones_of_all_sorts_are_defined() {
    let zoned = |zone: Tz, start: &str| at(When::Timed { start: local(start), end: None, zone });
    let announcements = [
        zoned(Europe::Paris, "2026-03-29 03:00"),
        zoned(Europe::Paris, "2026-03-29 01:59"),
        zoned(Europe::Paris, "2026-10-25 01:30"),
        zoned(Europe::Paris, "2026-10-25 03:00"),
        zoned(Europe::Dublin, "2026-07-01 12:00"),
        zoned(America::New_York, "2006-03-20 12:00"),
        zoned(America::New_York, "2026-03-08 03:30"),
        zoned(America::Santiago, "2025-07-01 12:00"),
        zoned(America::St_Johns, "2025-07-01 12:00"),
        zoned(Africa::Casablanca, "2024-03-20 12:00"),
        zoned(Asia::Jerusalem, "2025-03-29 12:00"),
        zoned(Asia::Kolkata, "2025-03-29 12:00"),
        zoned(UTC, "2025-03-29 12:00"),
    ];
    let setting = Setting::new();
    let mut announcements = announcements.to_vec();
    for (number, announcement) in announcements.iter_mut().enumerate() {
        announcement.id = AnnouncementId::pinned(&format!("tag:example.org,2026:{number}"));
    }
    let document = write(&setting.feed(&announcements)).bytes;
    assert_eq!(check_calendar(&document), Ok(()));
    assert_kept("zones.ics", &document);
}

#[test]
fn what_is_not_certain_says_so_in_its_title_once() {
    for (status, lang, title, expected) in [
        (EventStatus::Cancelled, "fr", "Fête", "SUMMARY:[ANNULÉ] Fête"),
        (EventStatus::Cancelled, "en", "Party", "SUMMARY:[CANCELLED] Party"),
        (EventStatus::Cancelled, "fr", "[ANNULÉ] Fête", "SUMMARY:[ANNULÉ] Fête"),
        (EventStatus::Tentative, "fr", "Fête", "SUMMARY:[À CONFIRMER] Fête"),
        (EventStatus::Tentative, "en", "Party", "SUMMARY:[TENTATIVE] Party"),
    ] {
        let mut it = at(timed("2026-01-02 10:00", None));
        (it.lang, it.title) = (lang.to_owned(), title.to_owned());
        it.event.iter_mut().for_each(|event| event.status = status);
        assert_eq!(lines(&written(&it), "SUMMARY"), [expected]);
        let transparency = if status == EventStatus::Cancelled { "TRANSP:TRANSPARENT" } else { "TRANSP:OPAQUE" };
        assert_eq!(lines(&written(&it), "TRANSP"), [transparency]);
    }
}

#[test]
fn only_an_address_makes_an_organizer() {
    for (organizer, expected) in [
        ("DINUM", None),
        ("christine.balian@example.org", Some("ORGANIZER:mailto:christine.balian@example.org")),
        ("\"DINUM, UX\" <ux@example.org>", Some("ORGANIZER;CN=\"DINUM, UX\":mailto:ux@example.org")),
        ("DINUM\r\nX:y <ux@example.org>", Some("ORGANIZER;CN=\"DINUM X:y\":mailto:ux@example.org")),
        ("a@b\r\nX-EVIL:1", None),
        ("two@example.org, three@example.org", None),
    ] {
        let mut it = at(timed("2026-01-02 10:00", None));
        it.event.iter_mut().for_each(|event| event.organizer = Some(organizer.to_owned()));
        assert_eq!(lines(&written(&it), "ORGANIZER").first().copied(), expected);
    }
}

#[test]
fn a_category_has_its_colour_and_its_calendar_too() {
    let mut setting = Setting::new();
    let announcements = [at(timed("2026-01-02 10:00", None))];
    let calendar = |setting: &Setting| {
        let mut feed = setting.feed(&announcements);
        feed.folder = "categories/atelier/".to_owned();
        String::from_utf8(write(&feed).bytes).expect("UTF-8")
    };
    let own = format!("\r\nCOLOR:{}\r\n", setting.publish.color("atelier").as_str());
    assert_eq!(calendar(&setting).matches(&own).count(), 2, "{own}");
    setting.publish.colors.extend(Color::named("teal").map(|teal| ("atelier".to_owned(), teal)));
    assert_eq!(calendar(&setting).matches("\r\nCOLOR:teal\r\n").count(), 2);
    // what the operator chose comes before what nobody chose, wherever the label stands
    let second = Announcement { categories: vec![label("Autre"), label("Atelier")], ..announcements[0].clone() };
    let tagged = Announcement { categories: vec![label("Autre")], tags: vec![label("Atelier")], ..second.clone() };
    for event in [second, tagged] {
        let all = String::from_utf8(write(&setting.feed(&[event])).bytes).expect("UTF-8");
        assert_eq!(all.matches("\r\nCOLOR:teal\r\n").count(), 1, "{all}");
    }
}

#[test]
fn outlook_gets_html_where_the_summary_has_more_to_say_than_its_text() {
    let mut it = meeting();
    assert!(!written(&it).contains("X-ALT-DESC"));
    it.summary = Some(RichText {
        html: "<p>Le <a href=\"https://a.example/?b=1&amp;c=2\">programme</a>; venez, tous</p>\n".to_owned(),
        text: "Le programme (https://a.example/?b=1&c=2); venez, tous".to_owned(),
        ..rich("")
    });
    let document = written(&it);
    let html = lines(&document, "X-ALT-DESC")[0];
    assert!(html.starts_with("X-ALT-DESC;FMTTYPE=text/html:<!DOCTYPE html><html><body><p>Le <a href="), "{html}");
    assert!(html.contains("b=1&amp\\;c=2\">programme</a>\\; venez\\, tous</p>"), "{html}");
    assert!(html.contains("<br>Métro\u{a0}: Ligne 13") && html.ends_with("</body></html>"), "{html}");
}

#[test]
fn utc_has_a_form_of_its_own() {
    let daily = |zone| When::Daily {
        first: day("2026-03-01"),
        last: day("2026-03-03"),
        from: local("2000-01-01 09:00").time(),
        to: local("2000-01-01 10:00").time(),
        zone,
    };
    let document = written(&at(daily(UTC)));
    assert_eq!(lines(&document, "DTSTART"), ["DTSTART:20260301T090000Z"]);
    assert_eq!(lines(&document, "DTEND"), ["DTEND:20260301T100000Z"]);
    assert!(!document.contains("VTIMEZONE"), "{document}");
    assert!(written(&at(daily(Tz::Etc__GMTPlus3))).contains("TZID=Etc/GMT+3"));
}

#[test]
fn a_calendar_too_large_for_google_loses_its_oldest_events() {
    let setting = Setting::new();
    let many: Vec<Announcement> = (0..1500)
        .map(|number: i64| {
            let when = day("2020-01-01") + chrono::TimeDelta::days(number);
            let mut it = at(When::AllDay { first: when, last: when, zone: Europe::Paris });
            it.id = AnnouncementId::pinned(&format!("tag:example.org,2026:{number}"));
            it.summary = Some(rich(&"mot ".repeat(200)));
            it
        })
        .collect();
    let calendar = write(&setting.feed(&many));
    assert_eq!(check_calendar(&calendar.bytes), Ok(()));
    let kept = many.len() - calendar.rolled_out;
    assert!((500..1200).contains(&kept) && calendar.bytes.len() > 990_000, "{kept} in {}", calendar.bytes.len());
    let text = String::from_utf8_lossy(&calendar.bytes);
    let days: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("DTSTART;VALUE=DATE:")).collect();
    assert_eq!(days.len(), kept);
    let newest = day("2020-01-01") + chrono::TimeDelta::days(1499);
    assert_eq!(days.iter().max().copied(), Some(newest.format("%Y%m%d").to_string().as_str()));
    let oldest = newest - chrono::TimeDelta::days(i64::try_from(kept).expect("few") - 1);
    assert_eq!(days.iter().min().copied(), Some(oldest.format("%Y%m%d").to_string().as_str()));
}

#[test]
fn years_no_calendar_can_write_are_left_out_and_stamps_are_moved_into_range() {
    for (first, is_there) in [("0001-12-31", false), ("0002-01-01", true), ("9998-12-31", true), ("9999-01-01", false)]
    {
        let when = When::AllDay { first: day(first), last: day(first), zone: Europe::Paris };
        assert_eq!(written(&at(when)).contains("BEGIN:VEVENT"), is_there, "{first}");
    }
    let mut it = at(timed("2026-01-02 10:00", None));
    it.published.instant = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    assert!(written(&it).contains("\nCREATED:99991231T000000Z\n"));
}
