//! Dates and times in words: `mercredi 21 novembre 2018, 9 h 30`, `Thursday 11 April 2019, from 9:00 to 12:00`.
//!
//! The blanks inside a time are no-break, so that a line never ends between `9` and `h`.

use chrono::{Datelike as _, NaiveDate, NaiveTime, Timelike as _, Weekday};
use chrono_tz::Tz;

use super::Tongue;
use crate::model::event::When;

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SHORT_FR: [&str; 12] =
    ["janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];
const SHORT_EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"];
const DAYS_FR: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) fn weekday(day: Weekday, tongue: Tongue) -> &'static str {
    let index = day.num_days_from_monday() as usize;
    match tongue {
        Tongue::French => DAYS_FR[index],
        Tongue::English => DAYS_EN[index],
    }
}

/// The first of a month is an ordinal in French.
pub(super) fn day_of_month(day: u32, tongue: Tongue) -> String {
    match (tongue, day) {
        (Tongue::French, 1) => "1er".to_owned(),
        _ => day.to_string(),
    }
}

pub fn month(date: NaiveDate, tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::French => MONTHS_FR[date.month0() as usize],
        Tongue::English => MONTHS_EN[date.month0() as usize],
    }
}

/// For the leaf of a calendar.
pub fn month_short(date: NaiveDate, tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::French => SHORT_FR[date.month0() as usize],
        Tongue::English => SHORT_EN[date.month0() as usize],
    }
}

/// `8 avril 2019`.
pub fn date(date: NaiveDate, tongue: Tongue) -> String {
    format!("{}\u{a0}{} {}", day_of_month(date.day(), tongue), month(date, tongue), date.year())
}

/// `lundi 8 avril 2019`.
pub fn day(day: NaiveDate, tongue: Tongue) -> String {
    format!("{} {}", weekday(day.weekday(), tongue), date(day, tongue))
}

/// `9 h 30`, `9:30`.
pub(super) fn time(time: NaiveTime, tongue: Tongue) -> String {
    match (tongue, time.minute()) {
        (Tongue::French, 0) => format!("{}\u{a0}h", time.hour()),
        (Tongue::French, minute) => format!("{}\u{a0}h\u{a0}{minute:02}", time.hour()),
        (Tongue::English, minute) => format!("{}:{minute:02}", time.hour()),
    }
}

/// An event's time in words, in its own zone, which is named where it is not `home`.
pub fn when(when: &When, home: Tz, tongue: Tongue) -> String {
    let words = match when {
        When::AllDay { first, last, .. } => days(*first, *last, tongue),
        When::Timed { start, end: None, .. } => {
            format!("{}, {}", day(start.date(), tongue), time(start.time(), tongue))
        }
        When::Timed { start, end: Some(end), .. } if start.date() == end.date() => {
            format!("{}, {}", day(start.date(), tongue), hours(start.time(), end.time(), tongue))
        }
        When::Timed { start, end: Some(end), .. } => {
            let at = |at: &chrono::NaiveDateTime| format!("{}, {}", day(at.date(), tongue), time(at.time(), tongue));
            from_to(&at(start), &format!(", {}", to(&at(end), tongue)), tongue)
        }
        When::Daily { first, last, from, to, .. } if first == last => {
            format!("{}, {}", days(*first, *last, tongue), hours(*from, *to, tongue))
        }
        When::Daily { first, last, from, to, .. } => {
            let every_day = if tongue == Tongue::French { "tous les jours" } else { "every day" };
            format!("{}, {every_day} {}", days(*first, *last, tongue), hours(*from, *to, tongue))
        }
    };
    if when.zone() == home { words } else { format!("{words} ({})", zone_words(when.zone(), tongue)) }
}

/// `de 9 h à 12 h`; an end at the start is no end.
fn hours(from: NaiveTime, to: NaiveTime, tongue: Tongue) -> String {
    match tongue {
        _ if from == to => time(from, tongue),
        Tongue::French => format!("de {} à {}", time(from, tongue), time(to, tongue)),
        Tongue::English => format!("from {} to {}", time(from, tongue), time(to, tongue)),
    }
}

/// `du samedi 30 mars au lundi 1er avril 2019`: month and year are said once where they are the same.
fn days(first: NaiveDate, last: NaiveDate, tongue: Tongue) -> String {
    if first == last {
        return day(first, tongue);
    }
    let short = format!("{} {}", weekday(first.weekday(), tongue), day_of_month(first.day(), tongue));
    let begin = if first.year() != last.year() {
        day(first, tongue)
    } else if first.month() != last.month() {
        format!("{short}\u{a0}{}", month(first, tongue))
    } else {
        short
    };
    from_to(&begin, &format!(" {}", to(&day(last, tongue), tongue)), tongue)
}

fn from_to(begin: &str, rest: &str, tongue: Tongue) -> String {
    match tongue {
        Tongue::French => format!("du {begin}{rest}"),
        Tongue::English => format!("from {begin}{rest}"),
    }
}

fn to(end: &str, tongue: Tongue) -> String {
    match tongue {
        Tongue::French => format!("au {end}"),
        Tongue::English => format!("to {end}"),
    }
}

/// A zone is known to people by its city: `America/New_York` → `heure de New York`.
pub(super) fn zone_words(zone: Tz, tongue: Tongue) -> String {
    let city = zone.name().rsplit('/').next().unwrap_or_default().replace('_', " ");
    match tongue {
        _ if city == "UTC" => city,
        Tongue::French => format!("heure de {city}"),
        Tongue::English => format!("{city} time"),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Paris;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn timed(start: &str, end: Option<&str>) -> When {
        let at = |text: &str| text.parse().expect("a time");
        When::Timed { start: at(start), end: end.map(at), zone: Paris }
    }

    fn clock(hour: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour")
    }

    #[test]
    fn times_are_worded_as_people_say_them() {
        let all_day = |first: &str, last: &str| When::AllDay { first: day(first), last: day(last), zone: Paris };
        let daily = When::Daily {
            first: day("2019-04-02"),
            last: day("2019-04-04"),
            from: clock(9),
            to: clock(17),
            zone: Paris,
        };
        for (when_, french, english) in [
            (
                timed("2018-11-21T09:30:00", None),
                "mercredi 21 novembre 2018, 9 h 30",
                "Wednesday 21 November 2018, 9:30",
            ),
            (
                timed("2019-04-11T09:00:00", Some("2019-04-11T12:00:00")),
                "jeudi 11 avril 2019, de 9 h à 12 h",
                "Thursday 11 April 2019, from 9:00 to 12:00",
            ),
            (
                timed("2019-04-11T18:00:00", Some("2019-04-12T02:05:00")),
                "du jeudi 11 avril 2019, 18 h, au vendredi 12 avril 2019, 2 h 05",
                "from Thursday 11 April 2019, 18:00, to Friday 12 April 2019, 2:05",
            ),
            (all_day("2019-04-01", "2019-04-01"), "lundi 1er avril 2019", "Monday 1 April 2019"),
            (
                all_day("2019-04-02", "2019-04-04"),
                "du mardi 2 au jeudi 4 avril 2019",
                "from Tuesday 2 to Thursday 4 April 2019",
            ),
            (
                all_day("2019-03-30", "2019-04-01"),
                "du samedi 30 mars au lundi 1er avril 2019",
                "from Saturday 30 March to Monday 1 April 2019",
            ),
            (
                all_day("2018-12-31", "2019-01-01"),
                "du lundi 31 décembre 2018 au mardi 1er janvier 2019",
                "from Monday 31 December 2018 to Tuesday 1 January 2019",
            ),
            (
                daily,
                "du mardi 2 au jeudi 4 avril 2019, tous les jours de 9 h à 17 h",
                "from Tuesday 2 to Thursday 4 April 2019, every day from 9:00 to 17:00",
            ),
        ] {
            assert_eq!(when(&when_, Paris, Tongue::French).replace('\u{a0}', " "), french);
            assert_eq!(when(&when_, Paris, Tongue::English).replace('\u{a0}', " "), english);
        }
    }

    #[test]
    fn another_zone_is_named() {
        let event = timed("2018-11-21T09:30:00", None);
        let words = when(&event, chrono_tz::America::New_York, Tongue::French);
        assert!(words.ends_with("9\u{a0}h\u{a0}30 (heure de Paris)"), "{words}");
    }
}
