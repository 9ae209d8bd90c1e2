//! The event an announcement may carry: when, where, how to get there. A `VEVENT` (RFC 5545 §3.6.1) once published.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use url::Url;

use super::time::resolve_local;

/// When an event takes place, in the local time of its zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "kebab-case")]
pub enum When {
    /// Whole days, `last` inclusive (a `DTEND` is the day after, RFC 5545 §3.8.2.2).
    AllDay { first: NaiveDate, last: NaiveDate, zone: Tz },
    /// From a wall-clock time to another, where the end is known.
    Timed { start: NaiveDateTime, end: Option<NaiveDateTime>, zone: Tz },
    /// The same hours every day from `first` to `last`, inclusive.
    Daily { first: NaiveDate, last: NaiveDate, from: NaiveTime, to: NaiveTime, zone: Tz },
}

impl When {
    pub fn zone(&self) -> Tz {
        match self {
            Self::AllDay { zone, .. } | Self::Timed { zone, .. } | Self::Daily { zone, .. } => *zone,
        }
    }

    /// The first local date of the event.
    pub fn first_day(&self) -> NaiveDate {
        match self {
            Self::AllDay { first, .. } | Self::Daily { first, .. } => *first,
            Self::Timed { start, .. } => start.date(),
        }
    }

    /// The last local date of the event.
    pub fn last_day(&self) -> NaiveDate {
        match self {
            Self::AllDay { last, .. } | Self::Daily { last, .. } => *last,
            Self::Timed { start, end, .. } => end.unwrap_or(*start).date(),
        }
    }

    /// The instant the event begins; a whole day begins at its local midnight.
    pub fn begins(&self) -> DateTime<Utc> {
        match self {
            Self::AllDay { first, zone, .. } => resolve_local(first.and_time(NaiveTime::MIN), *zone).instant(),
            Self::Timed { start, zone, .. } => resolve_local(*start, *zone).instant(),
            Self::Daily { first, from, zone, .. } => resolve_local(first.and_time(*from), *zone).instant(),
        }
    }

    /// The instant from which the event is over. A timed event without an end is over when its day is.
    pub fn is_over_at(&self) -> DateTime<Utc> {
        let midnight_after = |day: NaiveDate, zone| {
            resolve_local(day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN), zone).instant()
        };
        match self {
            Self::AllDay { last, zone, .. } => midnight_after(*last, *zone),
            Self::Timed { end: Some(end), zone, .. } => resolve_local(*end, *zone).instant(),
            Self::Timed { start, end: None, zone } => midnight_after(start.date(), *zone),
            Self::Daily { last, to, zone, .. } => resolve_local(last.and_time(*to), *zone).instant(),
        }
    }
}

/// Where it takes place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub name: Option<String>,
    pub address: Option<String>,
}

impl Place {
    /// Name and address on one line, as a calendar's `LOCATION` wants it.
    pub fn one_line(&self) -> String {
        [self.name.as_deref(), self.address.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// One way to get there: "Métro", with its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub mode: Option<String>,
    pub lines: Vec<String>,
}

impl Access {
    /// `Métro : Ligne 8, Ligne 10`, with the colon of the language (French sets a no-break space before it).
    pub fn one_line(&self, lang: &str) -> String {
        let lines = self.lines.join(" ; ");
        match &self.mode {
            Some(mode) if lang.starts_with("fr") => format!("{mode}\u{a0}: {lines}"),
            Some(mode) => format!("{mode}: {lines}"),
            None => lines,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    #[default]
    Confirmed,
    Tentative,
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub when: When,
    pub place: Option<Place>,
    pub online: Option<Url>,
    pub access: Vec<Access>,
    pub registration: Option<Url>,
    pub organizer: Option<String>,
    pub status: EventStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 3, d).expect("a real date")
    }

    #[test]
    fn a_whole_day_is_over_at_the_next_local_midnight() {
        let zone = chrono_tz::Europe::Paris;
        let when = When::AllDay { first: day(27), last: day(28), zone };
        assert_eq!(when.begins().to_rfc3339(), "2027-03-26T23:00:00+00:00");
        // the last day is 23 hours long: summer time begins on it
        assert_eq!(when.is_over_at().to_rfc3339(), "2027-03-28T22:00:00+00:00");
    }

    #[test]
    fn a_timed_event_without_an_end_lasts_until_its_day_is_over() {
        let start = day(10).and_hms_opt(9, 30, 0).expect("a real time");
        let when = When::Timed { start, end: None, zone: chrono_tz::Europe::Paris };
        assert_eq!(when.is_over_at().to_rfc3339(), "2027-03-10T23:00:00+00:00");
    }
}
