//! A newsletter's schedule in words: `chaque lundi à 9 h`. Lines nobody would say aloud have none.

use chrono::{NaiveTime, Weekday};

use super::Tongue;
use super::dates::{day_of_month, time, weekday};
use crate::model::newsletter::Rhythm;
use crate::model::schedule::Schedule;

/// How often a newsletter appears.
pub fn rhythm(rhythm: &Rhythm, tongue: Tongue) -> String {
    match (rhythm, tongue) {
        (Rhythm::Each, Tongue::French) => "à chaque annonce".to_owned(),
        (Rhythm::Each, Tongue::English) => "with every announcement".to_owned(),
        (Rhythm::Scheduled(line), _) => {
            schedule(line, tongue).unwrap_or_else(|| tongue.words().schedule_irregular.to_owned())
        }
    }
}

/// `None` where nobody would say the cron line aloud.
fn schedule(schedule: &Schedule, tongue: Tongue) -> Option<String> {
    let line = schedule.as_str().replace('?', "*");
    let fields: Vec<&str> = line.split_whitespace().collect();
    let &[minute, hour, day, "*", week_day] = fields.as_slice() else { return None };
    if let Some(often) = interval([minute, hour, day, week_day], tongue) {
        return Some(often);
    }
    let days = match (day, week_day) {
        ("*", "*") => every_day(tongue).to_owned(),
        ("*", days) => nth_days(days, tongue).or_else(|| week_days(days, tongue))?,
        (day, "*") => month_days(day, tongue)?,
        _ => return None,
    };
    let times = tongue.list(&times(minute, hour, tongue)?);
    Some(match tongue {
        Tongue::French => format!("{days} à {times}"),
        Tongue::English => format!("{days} at {times}"),
    })
}

/// Several times a day, every day, at even distances.
fn interval(fields: [&str; 4], tongue: Tongue) -> Option<String> {
    let step = |field: &str, whole: u32| {
        let step: u32 = field.strip_prefix("*/")?.parse().ok()?;
        (step > 1 && whole.is_multiple_of(step)).then_some(step)
    };
    Some(match (fields, tongue) {
        ([minute, "*", "*", "*"], Tongue::French) if minute.parse::<u32>().is_ok() => "toutes les heures".to_owned(),
        ([minute, "*", "*", "*"], Tongue::English) if minute.parse::<u32>().is_ok() => "every hour".to_owned(),
        ([minutes, "*", "*", "*"], Tongue::French) => format!("toutes les {}\u{a0}minutes", step(minutes, 60)?),
        ([minutes, "*", "*", "*"], Tongue::English) => format!("every {} minutes", step(minutes, 60)?),
        ([_, hours, "*", "*"], Tongue::French) => format!("toutes les {}\u{a0}heures", step(hours, 24)?),
        ([_, hours, "*", "*"], Tongue::English) => format!("every {} hours", step(hours, 24)?),
        _ => return None,
    })
}

/// So many that they can be read in one breath.
fn times(minute: &str, hour: &str, tongue: Tongue) -> Option<Vec<String>> {
    const MOST: usize = 4;
    let minute: u32 = minute.parse().ok()?;
    let at = |hour: &str| Some(time(NaiveTime::from_hms_opt(hour.parse().ok()?, minute, 0)?, tongue));
    let times: Vec<String> = hour.split(',').map(at).collect::<Option<_>>()?;
    (times.len() <= MOST).then_some(times)
}

fn every_day(tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::French => "chaque jour",
        Tongue::English => "every day",
    }
}

fn week_days(field: &str, tongue: Tongue) -> Option<String> {
    let named = |day: Weekday| weekday(day, tongue).to_owned();
    let mut days = Vec::new();
    for part in field.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (parse_day(first)?, parse_day(last)?);
        let between = std::iter::successors(Some(first), |day| (*day != last).then(|| day.succ()));
        days.extend(between.filter(|day| !days.contains(day)).collect::<Vec<_>>());
    }
    if days.len() == 7 {
        return Some(every_day(tongue).to_owned());
    }
    let (first, last) = (named(*days.first()?), named(*days.last()?));
    let is_one_range = field.contains('-') && !field.contains(',') && days.len() > 2;
    let days = tongue.list(&days.into_iter().map(named).collect::<Vec<_>>());
    Some(match (tongue, is_one_range) {
        (Tongue::French, true) => format!("du {first} au {last}"),
        (Tongue::English, true) => format!("from {first} to {last}"),
        (Tongue::French, false) => format!("chaque {days}"),
        (Tongue::English, false) => format!("every {days}"),
    })
}

/// `MON#1`, `FRI#L`: by their place in the month.
fn nth_days(field: &str, tongue: Tongue) -> Option<String> {
    let mut day = None;
    let mut places = Vec::new();
    for part in field.split(',') {
        let (name, place) = part.split_once('#')?;
        let this = parse_day(name)?;
        if day.is_some_and(|day| day != this) {
            return None;
        }
        day = Some(this);
        places.push(nth(place, tongue)?);
    }
    let day = weekday(day?, tongue);
    Some(match tongue {
        Tongue::French => format!("le {} {day} de chaque mois", places.join(" et le ")),
        Tongue::English => {
            let places: Vec<String> = places.into_iter().map(str::to_owned).collect();
            format!("on the {} {day} of every month", tongue.list(&places))
        }
    })
}

fn nth(place: &str, tongue: Tongue) -> Option<&'static str> {
    const FRENCH: [&str; 5] = ["premier", "deuxième", "troisième", "quatrième", "cinquième"];
    const ENGLISH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    if place.eq_ignore_ascii_case("L") {
        return Some(if tongue == Tongue::French { "dernier" } else { "last" });
    }
    let place = place.parse::<usize>().ok()?.checked_sub(1)?;
    if tongue == Tongue::French { FRENCH.get(place) } else { ENGLISH.get(place) }.copied()
}

fn month_days(field: &str, tongue: Tongue) -> Option<String> {
    if field.eq_ignore_ascii_case("L") {
        return Some(match tongue {
            Tongue::French => "le dernier jour de chaque mois".to_owned(),
            Tongue::English => "on the last day of every month".to_owned(),
        });
    }
    let number = |day: &str| day.parse().ok().filter(|day| (1..=31).contains(day));
    let days: Vec<u32> = field.split(',').map(number).collect::<Option<_>>()?;
    Some(match tongue {
        Tongue::French => {
            let article = if days.len() > 1 { "les" } else { "le" };
            let days: Vec<String> = days.into_iter().map(|day| day_of_month(day, tongue)).collect();
            format!("{article} {} de chaque mois", tongue.list(&days))
        }
        Tongue::English => {
            let days: Vec<String> = days.into_iter().map(ordinal).collect();
            format!("on the {} of every month", tongue.list(&days))
        }
    })
}

fn ordinal(day: u32) -> String {
    let ending = match (day % 10, day / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// A name or a number; Sunday is 0 and 7.
fn parse_day(day: &str) -> Option<Weekday> {
    match day {
        "0" | "7" => Some(Weekday::Sun),
        "1" => Some(Weekday::Mon),
        "2" => Some(Weekday::Tue),
        "3" => Some(Weekday::Wed),
        "4" => Some(Weekday::Thu),
        "5" => Some(Weekday::Fri),
        "6" => Some(Weekday::Sat),
        name => name.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_said_as_people_would() {
        for (line, french, english) in [
            ("0 9 * * MON", Some("chaque lundi à 9 h"), Some("every Monday at 9:00")),
            ("30 18 * * *", Some("chaque jour à 18 h 30"), Some("every day at 18:30")),
            ("0 8 * * 1-5", Some("du lundi au vendredi à 8 h"), Some("from Monday to Friday at 8:00")),
            ("0 8 * * TUE,THU", Some("chaque mardi et jeudi à 8 h"), Some("every Tuesday and Thursday at 8:00")),
            (
                "0 8 * * MON-WED,FRI",
                Some("chaque lundi, mardi, mercredi et vendredi à 8 h"),
                Some("every Monday, Tuesday, Wednesday and Friday at 8:00"),
            ),
            ("0 8 * * sat-sun", Some("chaque samedi et dimanche à 8 h"), Some("every Saturday and Sunday at 8:00")),
            ("0 8 * * 0-6", Some("chaque jour à 8 h"), Some("every day at 8:00")),
            ("0 9 1 * *", Some("le 1er de chaque mois à 9 h"), Some("on the 1st of every month at 9:00")),
            ("0 9 22 * *", Some("le 22 de chaque mois à 9 h"), Some("on the 22nd of every month at 9:00")),
            (
                "0 9 1,15 * *",
                Some("les 1er et 15 de chaque mois à 9 h"),
                Some("on the 1st and 15th of every month at 9:00"),
            ),
            ("0 9 L * *", Some("le dernier jour de chaque mois à 9 h"), Some("on the last day of every month at 9:00")),
            (
                "0 9 * * MON#1",
                Some("le premier lundi de chaque mois à 9 h"),
                Some("on the first Monday of every month at 9:00"),
            ),
            (
                "0 9 * * TUE#1,TUE#3",
                Some("le premier et le troisième mardi de chaque mois à 9 h"),
                Some("on the first and third Tuesday of every month at 9:00"),
            ),
            (
                "0 9 * * FRI#L",
                Some("le dernier vendredi de chaque mois à 9 h"),
                Some("on the last Friday of every month at 9:00"),
            ),
            ("0 9,17 * * *", Some("chaque jour à 9 h et 17 h"), Some("every day at 9:00 and 17:00")),
            (
                "30 8,12,18 * * MON",
                Some("chaque lundi à 8 h 30, 12 h 30 et 18 h 30"),
                Some("every Monday at 8:30, 12:30 and 18:30"),
            ),
            ("0 * * * *", Some("toutes les heures"), Some("every hour")),
            ("0 */6 * * *", Some("toutes les 6 heures"), Some("every 6 hours")),
            ("*/5 * * * *", Some("toutes les 5 minutes"), Some("every 5 minutes")),
            ("0 9 ? * ?", Some("chaque jour à 9 h"), Some("every day at 9:00")),
            ("*/7 * * * *", None, None),
            ("0 9-17 * * *", None, None),
            ("0 9 1 1 *", None, None),
            ("0 9 13 * FRI", None, None),
            ("0 9 * * MON#1,TUE#2", None, None),
            ("0 0 9 * * MON", None, None),
        ] {
            let parsed = Schedule::parse(line).expect("a schedule");
            let words = |tongue| schedule(&parsed, tongue).map(|words| words.replace('\u{a0}', " "));
            assert_eq!(words(Tongue::French).as_deref(), french, "{line}");
            assert_eq!(words(Tongue::English).as_deref(), english, "{line}");
        }
    }
}
