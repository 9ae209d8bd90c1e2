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

/// `None` where the cron line is more than a time on days of the week or of the month.
fn schedule(schedule: &Schedule, tongue: Tongue) -> Option<String> {
    let fields: Vec<&str> = schedule.as_str().split_whitespace().collect();
    let &[minute, hour, day, "*", week_day] = fields.as_slice() else { return None };
    let at = time(NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)?, tongue);
    let days = match (day, week_day) {
        ("*", "*") => every_day(tongue).to_owned(),
        ("*", days) => week_days(days, tongue)?,
        (day, "*") => month_days(day, tongue)?,
        _ => return None,
    };
    Some(match tongue {
        Tongue::French => format!("{days} à {at}"),
        Tongue::English => format!("{days} at {at}"),
    })
}

fn every_day(tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::French => "chaque jour",
        Tongue::English => "every day",
    }
}

fn week_days(field: &str, tongue: Tongue) -> Option<String> {
    if let Some((first, last)) = field.split_once('-') {
        let (first, last) = (weekday(parse_day(first)?, tongue), weekday(parse_day(last)?, tongue));
        return Some(match tongue {
            Tongue::French => format!("du {first} au {last}"),
            Tongue::English => format!("from {first} to {last}"),
        });
    }
    let days: Option<Vec<String>> =
        field.split(',').map(|day| Some(weekday(parse_day(day)?, tongue).to_owned())).collect();
    let days = tongue.list(&days?);
    Some(match tongue {
        Tongue::French => format!("chaque {days}"),
        Tongue::English => format!("every {days}"),
    })
}

fn month_days(field: &str, tongue: Tongue) -> Option<String> {
    let days: Option<Vec<String>> = field
        .split(',')
        .map(|day| day.parse().ok().filter(|day| (1..=31).contains(day)).map(|day| day_of_month(day, tongue)))
        .collect();
    let days = days?;
    Some(match tongue {
        Tongue::French => {
            format!("{} {} de chaque mois", if days.len() > 1 { "les" } else { "le" }, tongue.list(&days))
        }
        Tongue::English => format!("on day {} of every month", tongue.list(&days)),
    })
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
            ("0 9 1 * *", Some("le 1er de chaque mois à 9 h"), Some("on day 1 of every month at 9:00")),
            (
                "0 9 1,15 * *",
                Some("les 1er et 15 de chaque mois à 9 h"),
                Some("on day 1 and 15 of every month at 9:00"),
            ),
            ("*/5 * * * *", None, None),
            ("0 9 1 1 *", None, None),
            ("0 9 * * MON#1", None, None),
        ] {
            let parsed = Schedule::parse(line).expect("a schedule");
            let words = |tongue| schedule(&parsed, tongue).map(|words| words.replace('\u{a0}', " "));
            assert_eq!(words(Tongue::French).as_deref(), french, "{line}");
            assert_eq!(words(Tongue::English).as_deref(), english, "{line}");
        }
    }
}
