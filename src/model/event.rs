//! The event an announcement may carry: when, where, how to get there. A `VEVENT` (RFC 5545 §3.6.1) once published.

use std::fmt;

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
    /// No part of what is kept or compared where there is none: the ledger knows events from before there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
}

/// A point on the earth, in millionths of a degree: what a calendar's `GEO` has room for (RFC 5545 §3.8.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geo {
    latitude: i32,
    longitude: i32,
}

impl Geo {
    /// From degrees north and east; `None` where there is no such place on earth.
    pub fn from_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let millionths = |degrees: f64, most: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "at most 180 millions")]
            (degrees.abs() <= most).then(|| (degrees * 1e6).round() as i32)
        };
        Some(Self { latitude: millionths(latitude, 90.0)?, longitude: millionths(longitude, 180.0)? })
    }
}

impl fmt::Display for Geo {
    /// `48.850000;2.308000`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let degrees = |millionths: i32| f64::from(millionths) / 1e6;
        write!(f, "{:.6};{:.6}", degrees(self.latitude), degrees(self.longitude))
    }
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

impl EventStatus {
    /// What authors, schema.org and other calendars call it; `None` for a word that says nothing of an event.
    pub fn named(word: &str) -> Option<Self> {
        match super::text::slugify(word).trim_start_matches("https-schema-org-") {
            "confirmed" | "confirme" | "confirmee" | "eventscheduled" | "scheduled" | "false" | "no" | "non" => {
                Some(Self::Confirmed)
            }
            "cancelled" | "canceled" | "annule" | "annulee" | "eventcancelled" | "true" | "yes" | "oui" => {
                Some(Self::Cancelled)
            }
            "tentative" | "provisional" | "a-confirmer" | "provisoire" | "postponed" | "eventpostponed" | "reporte"
            | "reportee" => Some(Self::Tentative),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_written_with_six_decimals_and_lies_on_earth() {
        let written = |latitude, longitude| Geo::from_degrees(latitude, longitude).map(|geo| geo.to_string());
        assert_eq!(written(48.85, 2.308).as_deref(), Some("48.850000;2.308000"));
        assert_eq!(written(-33.868_820_1, -0.000_000_1).as_deref(), Some("-33.868820;0.000000"));
        assert_eq!(written(90.1, 0.0), None);
        assert_eq!(written(0.0, f64::NAN), None);
    }

    #[test]
    fn a_place_without_a_point_is_kept_as_it_was_before_there_were_points() {
        let place = Place { name: Some("n".to_owned()), ..Place::default() };
        assert_eq!(serde_json::to_string(&place).expect("JSON"), r#"{"name":"n","address":null}"#);
        assert_eq!(serde_json::from_str::<Place>(r#"{"name":"n","address":null}"#).expect("a place"), place);
    }

    #[test]
    fn what_became_of_an_event_is_said_in_many_words() {
        for (word, status) in [
            ("Annulé", Some(EventStatus::Cancelled)),
            ("https://schema.org/EventCancelled", Some(EventStatus::Cancelled)),
            ("TENTATIVE", Some(EventStatus::Tentative)),
            ("à confirmer", Some(EventStatus::Tentative)),
            ("false", Some(EventStatus::Confirmed)),
            ("published", None),
        ] {
            assert_eq!(EventStatus::named(word), status, "{word}");
        }
    }

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
