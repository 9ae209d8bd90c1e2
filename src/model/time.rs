//! Wall-clock times and instants: how a local time becomes an instant, and what is done where it does not exist or comes twice.

use std::sync::Arc;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// What tells the time to those who work for long; everything else gets `now` as an argument.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How exact a date was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Day,
    Second,
}

/// The origin of a date that is the moment a file was first seen.
pub const FIRST_SEEN: &str = "first-seen";

/// A point in time as an announcement gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub instant: DateTime<Utc>,
    /// The site's (or the folder's) zone, for dates shown to people.
    pub zone: Tz,
    pub precision: Precision,
    /// The front matter key, `filename`, `path` or `first-seen`.
    pub origin: String,
}

impl Moment {
    /// The date people in its zone read on the wall.
    pub fn local_date(&self) -> NaiveDate {
        self.local().date()
    }

    /// The wall-clock time in its zone.
    pub fn local(&self) -> NaiveDateTime {
        self.instant.with_timezone(&self.zone).naive_local()
    }
}

/// What became of a wall-clock time in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    Exact(DateTime<Utc>),
    /// The clocks went over it: the first instant after the gap is taken.
    Gap(DateTime<Utc>),
    /// It came twice: the first is taken.
    Fold(DateTime<Utc>),
}

impl Resolved {
    pub fn instant(self) -> DateTime<Utc> {
        match self {
            Self::Exact(at) | Self::Gap(at) | Self::Fold(at) => at,
        }
    }
}

/// The instant of a wall-clock time: 02:30 that does not exist is 03:00, one that comes twice is the first.
pub fn resolve_local(local: NaiveDateTime, zone: Tz) -> Resolved {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Resolved::Exact(at.with_timezone(&Utc)),
        LocalResult::Ambiguous(first, second) => Resolved::Fold(first.min(second).with_timezone(&Utc)),
        LocalResult::None => Resolved::Gap(end_of_gap(local, zone)),
    }
}

/// Walks to the first minute that exists. Gaps are at most a day (Samoa left one out in 2011).
fn end_of_gap(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let minute = local - TimeDelta::nanoseconds(i64::from(chrono::Timelike::nanosecond(&local)));
    let minute = minute - TimeDelta::seconds(i64::from(chrono::Timelike::second(&minute)));
    (1..=24 * 60 + 1)
        .filter_map(|minutes| zone.from_local_datetime(&(minute + TimeDelta::minutes(minutes))).earliest())
        .map(|at| at.with_timezone(&Utc))
        .next()
        .unwrap_or_else(|| local.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris(y: i32, m: u32, d: u32, h: u32, min: u32) -> Resolved {
        let local = NaiveDate::from_ymd_opt(y, m, d).and_then(|d| d.and_hms_opt(h, min, 0)).expect("a real time");
        resolve_local(local, chrono_tz::Europe::Paris)
    }

    #[test]
    fn an_hour_that_does_not_exist_is_the_first_after_the_gap() {
        let Resolved::Gap(at) = paris(2027, 3, 28, 2, 30) else { panic!("02:30 does not exist on that day") };
        assert_eq!(at.to_rfc3339(), "2027-03-28T01:00:00+00:00"); // 03:00 in Paris
    }

    #[test]
    fn an_hour_that_comes_twice_is_the_first() {
        let Resolved::Fold(at) = paris(2026, 10, 25, 2, 30) else { panic!("02:30 comes twice on that day") };
        assert_eq!(at.to_rfc3339(), "2026-10-25T00:30:00+00:00"); // still summer time
    }

    #[test]
    fn a_whole_day_left_out_ends_on_the_next() {
        let local = NaiveDate::from_ymd_opt(2011, 12, 30).and_then(|d| d.and_hms_opt(0, 0, 0)).expect("a date");
        let Resolved::Gap(at) = resolve_local(local, chrono_tz::Pacific::Apia) else { panic!("Samoa had no such day") };
        assert_eq!(at.to_rfc3339(), "2011-12-30T10:00:00+00:00");
    }
}
