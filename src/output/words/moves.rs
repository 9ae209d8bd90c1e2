//! What became of an event, in one short line: `Reporté : 12 → 19 mars`, `Déplacé : 9 h → 14 h`, `Nouveau lieu : A → B`.
//!
//! Only what differs is said: no hours where only the day moved, no month and no year that both have in common.

use chrono::{Datelike as _, NaiveDate, NaiveTime};

use super::Tongue;
use super::dates::{day_of_month, month, time, zone_words};
use crate::model::change::{Change, ChangeNote};
use crate::model::event::{Place, When};

const ARROW: &str = "\u{a0}→ ";

/// How an event's time changed, from what was published before to what holds now. `None` where readers see no difference.
pub fn moved(from: &When, to: &When, tongue: Tongue) -> Option<String> {
    let (old, new) = (Span::of(from), Span::of(to));
    let zones_differ = old.hours.is_some() && new.hours.is_some() && from.begins() != to.begins();
    let zones = (zones_differ && from.zone() != to.zone()).then(|| (from.zone(), to.zone()));
    let days_differ = (old.first, old.last) != (new.first, new.last);
    let hours_differ = old.hours != new.hours || zones.is_some();
    let hours = |span: &Span, zone| {
        let hours = span.hours_in_words(tongue);
        zone_of(zone, tongue).map_or_else(|| hours.clone(), |zone| format!("{hours} ({zone})"))
    };
    let (old_hours, new_hours) = (hours(&old, zones.map(|zones| zones.0)), hours(&new, zones.map(|zones| zones.1)));
    let what = match (days_differ, hours_differ) {
        (false, false) => return None,
        (true, false) => days_from_to(&old, &new, tongue),
        (false, true) => format!("{old_hours}{ARROW}{new_hours}"),
        (true, true) => {
            let (old_days, new_days) = each_in_full(&old, &new, tongue);
            format!("{old_days}, {old_hours}{ARROW}{new_days}, {new_hours}")
        }
    };
    Some(said(kind_of_move(&old, &new, tongue), &what, tongue))
}

/// Where it takes place now. `None` where that is the same or no longer known.
pub fn new_place(from: Option<&Place>, to: Option<&Place>, tongue: Tongue) -> Option<String> {
    let (old, new) = (from.cloned().unwrap_or_default(), to?.clone());
    if old == new || new == Place::default() {
        return None;
    }
    // one name with two addresses would say nothing
    let short = |place: &Place, other: &Place| match &place.name {
        Some(name) if other.name.as_ref() != Some(name) => name.clone(),
        Some(_) if place.address.is_some() && other.address.is_some() => place.address.clone().unwrap_or_default(),
        _ => place.one_line(),
    };
    let (before, now) = (short(&old, &new), short(&new, &old));
    let label = if tongue == Tongue::French { "Nouveau lieu" } else { "New place" };
    let what = if before.is_empty() { now } else { format!("{before}{ARROW}{now}") };
    Some(said(label, &what, tongue))
}

/// The lines of the last revision that changed anything about an event. A cancelled one says so in other ways.
pub fn latest_changes(changes: &[ChangeNote], tongue: Tongue) -> Vec<String> {
    let last = changes.last().map(|note| note.sequence);
    let latest = changes.iter().filter(|note| Some(note.sequence) == last);
    latest.filter_map(|note| change(&note.change, tongue)).collect()
}

/// One change in a line. That an event is cancelled is said beside its date.
pub fn change(change: &Change, tongue: Tongue) -> Option<String> {
    match change {
        Change::Moved { from, to } => moved(from, to, tongue),
        Change::Place { from, to } => new_place(from.as_ref(), to.as_ref(), tongue),
        Change::Reinstated => Some(tongue.words().reinstated.to_owned()),
        Change::Cancelled => None,
    }
}

fn said(label: &str, what: &str, tongue: Tongue) -> String {
    format!("{label}{} {what}", tongue.colon())
}

/// The days and the hours of an event, whatever its shape.
struct Span {
    first: NaiveDate,
    last: NaiveDate,
    /// `None` for whole days.
    hours: Option<(NaiveTime, Option<NaiveTime>)>,
}

impl Span {
    fn of(when: &When) -> Self {
        let hours = match when {
            When::AllDay { .. } => None,
            When::Timed { start, end, .. } => {
                Some((start.time(), end.filter(|end| end != start).map(|end| end.time())))
            }
            When::Daily { from, to, .. } => Some((*from, Some(*to).filter(|to| to != from))),
        };
        Self { first: when.first_day(), last: when.last_day(), hours }
    }

    fn hours_in_words(&self, tongue: Tongue) -> String {
        match self.hours {
            None if tongue == Tongue::French => "toute la journée".to_owned(),
            None => "all day".to_owned(),
            Some((from, None)) => time(from, tongue),
            Some((from, Some(to))) => format!("{}–{}", time(from, tongue), time(to, tongue)),
        }
    }

    /// `12`, `12–13`; the month only where asked for or two of them are needed, the year likewise.
    fn days_in_words(&self, with_month: bool, with_year: bool, tongue: Tongue) -> String {
        let with_year = with_year || self.first.year() != self.last.year();
        let day = |date: NaiveDate, with_month: bool, with_year: bool| {
            let mut words = day_of_month(date.day(), tongue);
            if with_month {
                words = format!("{words}\u{a0}{}", month(date, tongue));
            }
            if with_year { format!("{words}\u{a0}{}", date.year()) } else { words }
        };
        let last = day(self.last, with_month, with_year);
        if self.first == self.last {
            return last;
        }
        if month_of(self.first) == month_of(self.last) {
            return format!("{}–{last}", day(self.first, false, false));
        }
        let years_differ = self.first.year() != self.last.year();
        format!("{} – {}", day(self.first, true, years_differ), day(self.last, true, with_year))
    }
}

fn month_of(date: NaiveDate) -> (i32, u32) {
    (date.year(), date.month())
}

fn zone_of(zone: Option<chrono_tz::Tz>, tongue: Tongue) -> Option<String> {
    zone.map(|zone| zone_words(zone, tongue))
}

/// `12 → 19 mars`, `28 mars → 4 avril`, `28 décembre 2018 → 4 janvier 2019`.
fn days_from_to(old: &Span, new: &Span, tongue: Tongue) -> String {
    let one_month = [old.last, new.first, new.last].iter().all(|date| month_of(*date) == month_of(old.first));
    if !one_month {
        let (old, new) = each_in_full(old, new, tongue);
        return format!("{old}{ARROW}{new}");
    }
    format!("{}{ARROW}{}", old.days_in_words(false, false, tongue), new.days_in_words(true, false, tongue))
}

/// Each with its month, and with its year where they are not of one year.
fn each_in_full(old: &Span, new: &Span, tongue: Tongue) -> (String, String) {
    let years_differ = old.last.year() != new.last.year() || old.first.year() != new.first.year();
    (old.days_in_words(true, years_differ, tongue), new.days_in_words(true, years_differ, tongue))
}

fn kind_of_move(old: &Span, new: &Span, tongue: Tongue) -> &'static str {
    let (later, earlier, dates, moved, hours) = match tongue {
        Tongue::French => ("Reporté", "Avancé", "Nouvelles dates", "Déplacé", "Nouvel horaire"),
        Tongue::English => ("Postponed", "Brought forward", "New dates", "Moved", "New hours"),
    };
    let start = |span: &Span| span.hours.map(|(from, _)| from);
    match () {
        () if new.first > old.first => later,
        () if new.first < old.first => earlier,
        () if new.last != old.last => dates,
        () if start(old).is_some() && start(new).is_some() && start(old) != start(new) => moved,
        () => hours,
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::New_York;
    use chrono_tz::Europe::{Brussels, Paris};
    use chrono_tz::Tz;

    use super::*;

    fn all_day(first: &str, last: &str) -> When {
        let day = |text: &str| text.parse().expect("a date");
        When::AllDay { first: day(first), last: day(last), zone: Paris }
    }

    fn timed_in(start: &str, end: Option<&str>, zone: Tz) -> When {
        let at = |text: &str| text.parse().expect("a time");
        When::Timed { start: at(start), end: end.map(at), zone }
    }

    fn timed(start: &str, end: Option<&str>) -> When {
        timed_in(start, end, Paris)
    }

    fn daily(first: &str, last: &str, from: u32, to: u32) -> When {
        let day = |text: &str| text.parse().expect("a date");
        let clock = |hour| NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
        When::Daily { first: day(first), last: day(last), from: clock(from), to: clock(to), zone: Paris }
    }

    #[test]
    fn a_move_is_said_in_as_few_words_as_are_clear() {
        let nine = || timed("2019-03-12T09:00:00", None);
        let morning = || timed("2019-03-12T09:00:00", Some("2019-03-12T12:00:00"));
        for (from, to, french, english) in [
            (nine(), timed("2019-03-19T09:00:00", None), "Reporté : 12 → 19 mars", "Postponed: 12 → 19 March"),
            (nine(), timed("2019-03-05T09:00:00", None), "Avancé : 12 → 5 mars", "Brought forward: 12 → 5 March"),
            (
                nine(),
                timed("2019-04-01T09:00:00", None),
                "Reporté : 12 mars → 1er avril",
                "Postponed: 12 March → 1 April",
            ),
            (
                timed("2018-12-28T09:00:00", None),
                timed("2019-01-04T09:00:00", None),
                "Reporté : 28 décembre 2018 → 4 janvier 2019",
                "Postponed: 28 December 2018 → 4 January 2019",
            ),
            (
                nine(),
                timed("2020-03-12T09:00:00", None),
                "Reporté : 12 mars 2019 → 12 mars 2020",
                "Postponed: 12 March 2019 → 12 March 2020",
            ),
            (nine(), timed("2019-03-12T14:00:00", None), "Déplacé : 9 h → 14 h", "Moved: 9:00 → 14:00"),
            (
                morning(),
                timed("2019-03-12T14:30:00", Some("2019-03-12T17:00:00")),
                "Déplacé : 9 h–12 h → 14 h 30–17 h",
                "Moved: 9:00–12:00 → 14:30–17:00",
            ),
            (
                morning(),
                timed("2019-03-12T09:00:00", Some("2019-03-12T13:00:00")),
                "Nouvel horaire : 9 h–12 h → 9 h–13 h",
                "New hours: 9:00–12:00 → 9:00–13:00",
            ),
            (nine(), morning(), "Nouvel horaire : 9 h → 9 h–12 h", "New hours: 9:00 → 9:00–12:00"),
            (
                nine(),
                timed("2019-03-19T14:00:00", None),
                "Reporté : 12 mars, 9 h → 19 mars, 14 h",
                "Postponed: 12 March, 9:00 → 19 March, 14:00",
            ),
            (
                all_day("2019-03-12", "2019-03-12"),
                nine(),
                "Nouvel horaire : toute la journée → 9 h",
                "New hours: all day → 9:00",
            ),
            (
                all_day("2019-03-12", "2019-03-13"),
                all_day("2019-03-12", "2019-03-14"),
                "Nouvelles dates : 12–13 → 12–14 mars",
                "New dates: 12–13 → 12–14 March",
            ),
            (
                all_day("2019-03-12", "2019-03-13"),
                all_day("2019-03-30", "2019-04-01"),
                "Reporté : 12–13 mars → 30 mars – 1er avril",
                "Postponed: 12–13 March → 30 March – 1 April",
            ),
            (
                all_day("2018-12-30", "2018-12-31"),
                all_day("2018-12-31", "2019-01-01"),
                "Reporté : 30–31 décembre 2018 → 31 décembre 2018 – 1er janvier 2019",
                "Postponed: 30–31 December 2018 → 31 December 2018 – 1 January 2019",
            ),
            (
                daily("2019-04-02", "2019-04-04", 9, 17),
                daily("2019-04-09", "2019-04-11", 9, 17),
                "Reporté : 2–4 → 9–11 avril",
                "Postponed: 2–4 → 9–11 April",
            ),
            (
                daily("2019-04-02", "2019-04-04", 9, 17),
                daily("2019-04-02", "2019-04-04", 10, 18),
                "Déplacé : 9 h–17 h → 10 h–18 h",
                "Moved: 9:00–17:00 → 10:00–18:00",
            ),
            (
                nine(),
                timed_in("2019-03-12T09:00:00", None, New_York),
                "Nouvel horaire : 9 h (heure de Paris) → 9 h (heure de New York)",
                "New hours: 9:00 (Paris time) → 9:00 (New York time)",
            ),
        ] {
            let words = |tongue| moved(&from, &to, tongue).map(|words| words.replace('\u{a0}', " "));
            assert_eq!(words(Tongue::French).as_deref(), Some(french));
            assert_eq!(words(Tongue::English).as_deref(), Some(english));
        }
    }

    #[test]
    fn what_readers_cannot_see_is_no_move() {
        let day = all_day("2019-03-12", "2019-03-12");
        let When::AllDay { first, last, .. } = day else { unreachable!("made so") };
        for (from, to) in [
            (day, When::AllDay { first, last, zone: New_York }),
            (timed("2019-03-12T09:00:00", None), timed_in("2019-03-12T09:00:00", None, Brussels)),
            (timed("2019-03-12T09:00:00", None), timed("2019-03-12T09:00:00", Some("2019-03-12T09:00:00"))),
            (timed("2019-03-12T09:00:00", Some("2019-03-12T12:00:00")), daily("2019-03-12", "2019-03-12", 9, 12)),
        ] {
            assert_eq!(moved(&from, &to, Tongue::French), None);
        }
    }

    #[test]
    fn a_new_place_is_named_by_what_tells_it_from_the_old() {
        let place = |name: Option<&str>, address: Option<&str>| Place {
            name: name.map(str::to_owned),
            address: address.map(str::to_owned),
            geo: None,
        };
        let segur = place(Some("Ségur"), Some("20 avenue de Ségur"));
        for (from, to, said) in [
            (Some(&segur), Some(&place(Some("Liberté"), Some("1 rue X"))), Some("Nouveau lieu : Ségur → Liberté")),
            (
                Some(&segur),
                Some(&place(Some("Ségur"), Some("22 avenue de Ségur"))),
                Some("Nouveau lieu : 20 avenue de Ségur → 22 avenue de Ségur"),
            ),
            (Some(&segur), Some(&place(None, Some("1 rue X"))), Some("Nouveau lieu : Ségur → 1 rue X")),
            (None, Some(&segur), Some("Nouveau lieu : Ségur")),
            (Some(&segur), Some(&segur), None),
            (Some(&segur), None, None),
        ] {
            let words = new_place(from, to, Tongue::French).map(|words| words.replace('\u{a0}', " "));
            assert_eq!(words.as_deref(), said);
        }
        assert_eq!(new_place(None, Some(&segur), Tongue::English).as_deref(), Some("New place: Ségur"));
    }

    #[test]
    fn only_the_last_revision_is_told() {
        let note = |sequence, change| ChangeNote { sequence, at: chrono::DateTime::UNIX_EPOCH, change };
        let moved = |from: &str, to: &str| Change::Moved {
            from: crate::model::sample::timed(&format!("2019-03-{from} 09:00"), None),
            to: crate::model::sample::timed(&format!("2019-03-{to} 09:00"), None),
        };
        let place =
            Change::Place { from: None, to: Some(Place { name: Some("Ségur".to_owned()), ..Place::default() }) };
        let notes =
            [note(1, moved("12", "19")), note(2, moved("19", "20")), note(2, place), note(3, Change::Cancelled)];
        assert_eq!(latest_changes(&notes, Tongue::French), [""; 0]);
        let lines = latest_changes(&notes[..3], Tongue::French);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("Reporté") && lines[0].contains("20"), "{lines:?}");
        assert_eq!(lines[1], "Nouveau lieu\u{a0}: Ségur");
    }
}
