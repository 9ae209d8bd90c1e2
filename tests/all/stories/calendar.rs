//! Both events at the right hour, read with the icalendar crate.

use std::path::Path;

use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Europe::Paris;
use icalendar::{Calendar, CalendarDateTime, Component as _, DatePerhapsTime, Event, EventLike as _};

use crate::support::folder::Folder;

fn calendar(text: &str) -> Calendar {
    text.parse().expect("a calendar")
}

fn events(calendar: &Calendar) -> Vec<&Event> {
    calendar.components.iter().filter_map(icalendar::CalendarComponent::as_event).collect()
}

/// What a property says, wherever the parser keeps it.
fn values<'a>(event: &'a Event, name: &str) -> Vec<&'a str> {
    let several = event.multi_properties().get(name).into_iter().flatten().map(icalendar::Property::value);
    event.property_value(name).into_iter().chain(several).collect()
}

/// An instant given as a wall clock of a zone by its name.
fn instant(when: Option<DatePerhapsTime>) -> (DateTime<Utc>, NaiveDateTime) {
    let Some(DatePerhapsTime::DateTime(CalendarDateTime::WithTimezone { date_time, tzid })) = when else {
        panic!("{when:?}")
    };
    assert_eq!(tzid, "Europe/Paris");
    (Paris.from_local_datetime(&date_time).single().expect("one instant").to_utc(), date_time)
}

#[test]
fn both_events_stand_at_their_hour_in_paris() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let calendar = calendar(&folder.read("public/calendar.ics"));
    let mut events = events(&calendar);
    events.sort_by_key(|event| instant(event.get_start()));
    let [launch, morning] = &events[..] else { panic!("{} events", events.len()) };

    let (begin, wall) = instant(launch.get_start());
    assert_eq!(begin.to_rfc3339(), "2018-11-21T08:30:00+00:00");
    assert_eq!(wall.to_string(), "2018-11-21 09:30:00");
    assert_eq!(launch.get_end(), None);
    let location = launch.get_location().expect("a place");
    assert_eq!(location.replace("\\,", ","), "DINSIC, 20 avenue de Ségur - 75007 Paris");
    assert_eq!(values(launch, "CONTACT"), ["christine.balian@modernisation.gouv.fr"]);
    assert_eq!(values(launch, "ORGANIZER"), [""; 0], "who answers questions is no organizer");

    let (begin, wall) = instant(morning.get_start());
    assert_eq!(begin.to_rfc3339(), "2019-04-11T07:00:00+00:00");
    assert_eq!(wall.to_string(), "2019-04-11 09:00:00");
    assert_eq!(instant(morning.get_end()).0.to_rfc3339(), "2019-04-11T10:00:00+00:00");
    let location = morning.get_location().expect("a place");
    assert_eq!(location.replace("\\,", ","), "Bâtiment Ségur-Fontenoy, 20 avenue de Ségur - 75007 Paris");
}

#[test]
fn the_way_there_and_where_to_register_are_told() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let calendar = calendar(&folder.read("public/calendar.ics"));
    let description = |words: &str| {
        let found =
            events(&calendar).into_iter().find(|event| event.get_summary().is_some_and(|text| text.contains(words)));
        let text = found.and_then(Event::get_description).expect("a description").replace('\\', "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let launch = description("Lancement");
    assert!(launch.contains("Métro : Ligne 8 : École militaire, Ligne 10 : Ségur"), "{launch}");
    let morning = description("Expert UX");
    assert!(morning.contains("Métro : Ligne 13"), "{morning}");
    assert!(morning.contains("Bus : Lignes 28 et 80"), "{morning}");
    assert!(morning.contains("https://framaforms.org/inscription-pour-la-3eme-matinee"), "{morning}");
}

#[test]
fn outlook_gets_the_link_in_the_summary_and_every_event_its_category_s_colour() {
    let folder = Folder::of_five();
    let config = folder.read("crieur.toml");
    folder.write("crieur.toml", &config.replace("[publish]\n", "[publish]\ncolors = { Atelier = \"Teal\" }\n"));
    folder.crieur(["build"]).succeeds();
    let calendar = calendar(&folder.read("public/categories/atelier/calendar.ics"));
    assert_eq!(calendar.property_value("COLOR"), Some("teal"));
    let colors: Vec<&str> = events(&calendar).into_iter().flat_map(|event| values(event, "COLOR")).collect();
    assert!(colors.contains(&"teal") && colors.len() == 2, "{colors:?}");
    let html: Vec<&str> = events(&calendar).into_iter().flat_map(|event| values(event, "X-ALT-DESC")).collect();
    assert!(html.iter().all(|html| html.starts_with("<!DOCTYPE html>") && html.contains("<a href=")), "{html:?}");
    assert!(!html.is_empty());
}

#[test]
fn the_zone_is_defined_before_it_is_used_and_no_line_is_too_long() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let calendars = folder
        .files("public")
        .into_iter()
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|ending| ending == "ics"));
    let mut count = 0;
    for (name, bytes) in calendars {
        let text = String::from_utf8(bytes).expect("UTF-8");
        let zone = text.find("BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\n").unwrap_or_else(|| panic!("{name}: no zone"));
        assert!(zone < text.find("BEGIN:VEVENT").expect("an event"), "{name}");
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{name}");
        assert!(!events(&calendar(&text)).is_empty(), "{name}");
        count += 1;
    }
    assert!(count >= 5, "{count} calendars");
}
