//! When and where, by the time rules.

use super::*;

#[test]
fn offsets_are_trusted_or_not_as_the_folder_says() {
    let file = b"---\ntitle: x\ndate: 2019-07-01 10:00:00 -0500\n---\n";
    let mut content = settings(ProfileName::Numerique);
    let loaded = load_with(&content, &[("a/x.md", file)], &[]);
    assert_eq!(loaded.catalog.all()[0].published.instant.to_rfc3339(), "2019-07-01T15:00:00+00:00");
    assert_eq!(told(&loaded), ["offset-contradicts-zone:3:7"]);
    content.folders.push(FolderRule {
        pattern: globset::Glob::new("a/**").expect("a pattern").compile_matcher(),
        kind: None,
        url: None,
        lang: None,
        zone: None,
        offset: OffsetPolicy::WallClock,
        defaults: serde_json::Map::new(),
    });
    let loaded = load_with(&content, &[("a/x.md", file)], &[]);
    assert_eq!(loaded.catalog.all()[0].published.instant.to_rfc3339(), "2019-07-01T08:00:00+00:00");
    assert_eq!(told(&loaded), [""; 0]);
}

/// The shape of an event's time, from its front matter lines.
fn when(front: &str) -> (String, Vec<String>) {
    let loaded = load_one(&format!("title: x\ndate: 2019-01-09\n{front}"), "");
    let event = &loaded.catalog.all()[0].event;
    let when = event.as_ref().map(|event| serde_json::to_value(&event.when).expect("an event"));
    let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let shown = when.map_or("none".to_owned(), |when| match when["shape"].as_str() {
        Some("timed") => format!("{} {}", text(&when, "start"), text(&when, "end")),
        Some("daily") => ["first", "last", "from", "to"].map(|key| text(&when, key)).join(" "),
        _ => format!("{} {}", text(&when, "first"), text(&when, "last")),
    });
    (shown, told(&loaded))
}

#[test]
fn the_time_rules_hold() {
    let row = |hours: &str| format!("champs_informations:\n- intitule: 'Horaires '\n  contenu: {hours}\n");
    for (front, expected, codes) in [
        ("event_start_date: 2019-04-11 09:30".to_owned(), "2019-04-11T09:30:00 -", &[][..]),
        (format!("event_start_date: 2019-04-11\n{}", row("9h-12h")), "2019-04-11T09:00:00 2019-04-11T12:00:00", &[]),
        (
            format!("event_start_date: 2019-04-11 00:00:00 +02:00\n{}", row("De 9h30 à 17h")),
            "2019-04-11T09:30:00 2019-04-11T17:00:00",
            &[],
        ),
        (
            format!("event_start_date: 2019-04-11 09:00\n{}", row("9h-12h")),
            "2019-04-11T09:00:00 2019-04-11T12:00:00",
            &[],
        ),
        (
            format!("event_start_date: 2019-04-11 10:00\n{}", row("9h-12h")),
            "2019-04-11T09:00:00 2019-04-11T12:00:00",
            &["hours-contradict-date"],
        ),
        (format!("event_start_date: 2019-04-11\n{}", row("20h-2h")), "2019-04-11T20:00:00 2019-04-12T02:00:00", &[]),
        (format!("event_start_date: 2019-04-11\n{}", row("le matin")), "2019-04-11 2019-04-11", &["hours-unreadable"]),
        ("event_start_date: 2019-04-11".to_owned(), "2019-04-11 2019-04-11", &[]),
        ("event_start_date: 2019-04-11\nevent_end_date: 2019-04-13".to_owned(), "2019-04-11 2019-04-13", &[]),
        (
            format!("event_start_date: 2019-04-11\nevent_end_date: 2019-04-13\n{}", row("9h-17h")),
            "2019-04-11 2019-04-13 09:00:00 17:00:00",
            &[],
        ),
        (
            "event_start_date: 2019-04-11 18:00\nevent_end_date: 2019-04-11 20:00".to_owned(),
            "2019-04-11T18:00:00 2019-04-11T20:00:00",
            &[],
        ),
        ("event_start_date: 2019-04-11 18:00\nevent_end_date: 2019-04-11".to_owned(), "2019-04-11T18:00:00 -", &[]),
        ("event_end_date: 2019-04-13".to_owned(), "none", &["end-without-start"]),
        (
            "event_start_date: 2019-04-11 18:00\nevent_end_date: 2019-04-10 20:00".to_owned(),
            "2019-04-11T18:00:00 -",
            &["end-before-start"],
        ),
        ("event_start_date: 2018-04-11 18:00".to_owned(), "2018-04-11T18:00:00 -", &["event-before-announcement"]),
        ("event_start_date: 2027-03-28 02:30".to_owned(), "2027-03-28T03:00:00 -", &["hour-skipped"]),
        ("event_start_date: 2026-10-25 02:30".to_owned(), "2026-10-25T02:30:00 -", &["hour-twice"]),
        ("event_start_date: soon".to_owned(), "none", &["date-unreadable"]),
    ] {
        let (shown, told) = when(&front);
        assert_eq!(shown, expected, "{front}");
        let told: Vec<&str> = told.iter().filter_map(|told| told.split(':').next()).collect();
        assert_eq!(told, codes, "{front}");
    }
}

#[test]
fn a_bare_date_is_a_whole_day_also_where_its_midnight_does_not_exist() {
    let content = settings(ProfileName::Jekyll);
    let rule = FolderRule {
        pattern: globset::Glob::new("**").expect("a pattern").compile_matcher(),
        kind: None,
        url: None,
        lang: None,
        zone: Some(chrono_tz::America::Sao_Paulo),
        offset: OffsetPolicy::Trust,
        defaults: serde_json::Map::new(),
    };
    let content = ContentSettings { folders: vec![rule], ..content };
    let file = b"---\ntitle: x\ndate: 2018-01-09\nevent_date: 2018-11-04\n---\n";
    let loaded = load_with(&content, &[("a.md", file)], &[]);
    let event = loaded.catalog.all()[0].event.clone().expect("an event");
    assert_eq!(
        event.when,
        When::AllDay {
            first: sample::day("2018-11-04"),
            last: sample::day("2018-11-04"),
            zone: chrono_tz::America::Sao_Paulo
        }
    );
}

#[test]
fn where_on_earth_it_is_may_be_said_in_many_ways() {
    for (front, expected) in [
        ("latitude: 48.85\nlongitude: 2.308", Some("48.850000;2.308000")),
        ("geo: {lat: 48.85, lon: -2.308}", Some("48.850000;-2.308000")),
        ("geo: {lat: '48.85', lng: '2.308'}", Some("48.850000;2.308000")),
        ("geo: 48.85, 2.308", Some("48.850000;2.308000")),
        ("coordinates: [48.85, 2.308]", Some("48.850000;2.308000")),
        ("geo: 95, 2", None),
        ("geo: Paris, France", None),
        ("geo: [1, 2, 3]", None),
        ("latitude: 48.85", None),
    ] {
        let event = one(&format!("title: x\nevent_start_date: 2019-04-11\n{front}"), "").event.expect("an event");
        let geo = event.place.and_then(|place| place.geo).map(|geo| geo.to_string());
        assert_eq!(geo.as_deref(), expected, "{front}");
    }
}

#[test]
fn an_event_may_be_called_off_in_its_front_matter() {
    for (front, expected) in [
        ("event_status: annulé", EventStatus::Cancelled),
        ("cancelled: true", EventStatus::Cancelled),
        ("cancelled: false", EventStatus::Confirmed),
        ("event_status: Tentative", EventStatus::Tentative),
        ("event_status: whatever", EventStatus::Confirmed),
    ] {
        let event = one(&format!("title: x\nevent_start_date: 2019-04-11\n{front}"), "").event.expect("an event");
        assert_eq!(event.status, expected, "{front}");
    }
}

#[test]
fn prose_is_hinted_at_and_never_parsed() {
    let loaded = load_one("title: x\nevent_start_date: 2019-04-11 09:30", "**9h30-11h30 :** accueil");
    assert_eq!(when("event_start_date: 2019-04-11 09:30").0, "2019-04-11T09:30:00 -");
    assert_eq!(told(&loaded), ["event-without-end:3:19"]);
    assert!(one("title: x", "Rendez-vous le 12 mars 2019 de 9h à 12h").event.is_none());
}

#[test]
fn in_a_folder_of_events_hugos_date_is_the_events() {
    let file = b"---\ntitle: x\ndate: 2027-03-01T18:00:00+01:00\nend_date: 2027-03-01T20:00:00+01:00\nvenue: {name: Salle, address: Rue}\n---\n";
    let loaded = load_with(&settings(ProfileName::Hugo), &[("events/x.md", file)], &[]);
    let announcement = &loaded.catalog.all()[0];
    assert!(announcement.is_visible("2026-11-22T12:00:00Z".parse().expect("an instant")), "not held until it begins");
    let event = announcement.event.as_ref().expect("an event");
    assert_eq!(event.when.begins().to_rfc3339(), "2027-03-01T17:00:00+00:00");
    assert_eq!(event.place.as_ref().map(crate::model::event::Place::one_line).as_deref(), Some("Salle, Rue"));
}

#[test]
fn keys_of_their_own_make_an_event_in_any_folder_of_hugo() {
    let file =
        b"---\ntitle: x\ndate: 2026-05-02\nevent_start: 2026-06-21\nevent_end: 2026-06-26\nlocation: Lyon\n---\n";
    let loaded = load_with(&settings(ProfileName::Hugo), &[("talk/x.md", file), ("events/y.md", file)], &[]);
    for announcement in loaded.catalog.all() {
        let event = announcement.event.as_ref().expect("an event");
        assert_eq!(event.when.begins().to_rfc3339(), "2026-06-20T22:00:00+00:00");
        assert_eq!(announcement.published.local_date().to_string(), "2026-05-02");
    }
    assert_eq!(loaded.catalog.len(), 2);
}

fn event_told(front: &str) -> Vec<String> {
    let front = format!("title: t\ndate: 2019-01-01 10:00:00 +01:00\n{front}");
    told(&load_one(&front, ""))
}

#[test]
fn hours_that_clocks_skip_or_show_twice_are_told() {
    let row = "champs_informations:\n- intitule: Horaires\n  contenu: 2h30-4h";
    assert_eq!(event_told(&format!("event_start_date: 2026-03-29\n{row}")), ["hour-skipped:7:12"]);
    assert_eq!(event_told(&format!("event_start_date: 2026-10-25\n{row}")), ["hour-twice:7:12"]);
    assert_eq!(event_told("event_start_date: 2026-10-25 02:30:00 +02:00"), [""; 0]);
    assert_eq!(event_told("event_start_date: 2026-10-25 02:30:00 +01:00"), ["hour-twice:4:19"]);
}

#[test]
fn hours_that_contradict_each_other_are_told() {
    let row = |label: &str, hours: &str| format!("\n- intitule: {label}\n  contenu: {hours}");
    let days = "event_start_date: 2019-04-11\nchamps_informations:";
    let two = format!("{days}{}{}", row("Horaires", "9h-12h"), row("Horaires", "14h-17h"));
    assert_eq!(event_told(&two), ["hours-twice:9:12"]);
    assert_eq!(event_told(&format!("{days}{}", row("Heures", "9h-12h"))), ["hours-unlabelled:7:12"]);
    let clocks = "event_start_date: 2019-04-11 09:30\nevent_end_date: 2019-04-11 18:00\nchamps_informations:";
    assert_eq!(event_told(&format!("{clocks}{}", row("Horaires", "9h30-17h"))), ["hours-contradict-date:8:12"]);
    assert_eq!(event_told(&format!("{clocks}{}", row("Horaires", "9h30-18h"))), [""; 0]);
}

#[test]
fn an_event_that_begins_before_its_announcement_is_hinted_at() {
    for dates in ["event_start_date: 2018-04-11", "event_start_date: 2018-12-30\nevent_end_date: 2019-02-01"] {
        assert_eq!(event_told(dates), ["event-before-announcement:4:19"], "{dates}");
    }
}
