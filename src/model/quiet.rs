//! Quiet hours: when no issue goes out, on the site's wall clock.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::time::resolve_local;

/// From one wall-clock time to another, over midnight where the second is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: NaiveTime,
    to: NaiveTime,
    zone: Tz,
}

impl QuietHours {
    /// Reads `21:00-07:00`; `None` where it is anything else or covers no time.
    pub fn parse(text: &str, zone: Tz) -> Option<Self> {
        let (from, to) = text.split_once(['-', '–'])?;
        let (from, to) = (time(from)?, time(to)?);
        (from != to).then_some(Self { from, to, zone })
    }

    /// When it ends, where `now` is within it. An hour the clocks go over counts as if it were there, one that comes twice is
    /// quiet twice.
    pub fn until(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.covers(now) {
            return None;
        }
        let today = now.with_timezone(&self.zone).date_naive();
        let ends =
            (0..=2).map(|days| resolve_local((today + TimeDelta::days(days)).and_time(self.to), self.zone).instant());
        // where the end comes twice, the second may be meant: an hour or half of one later
        ends.flat_map(|end| [end, end + TimeDelta::minutes(30), end + TimeDelta::hours(1)])
            .find(|end| *end > now && !self.covers(*end))
    }

    fn covers(self, at: DateTime<Utc>) -> bool {
        let time = at.with_timezone(&self.zone).time();
        if self.from < self.to { (self.from..self.to).contains(&time) } else { time >= self.from || time < self.to }
    }
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_end_when_the_wall_clock_says_so() {
        // in Paris the clocks go from 02:00 to 03:00 on 28 March 2027, and from 03:00 to 02:00 on 31 October 2027
        for (hours, now, until) in [
            ("21:00-07:00", "2027-01-10T19:59:59Z", None),
            ("21:00-07:00", "2027-01-10T20:00:00Z", Some("2027-01-11T06:00:00Z")),
            ("21:00-07:00", "2027-01-11T05:59:59Z", Some("2027-01-11T06:00:00Z")),
            ("21:00-07:00", "2027-01-11T06:00:00Z", None),
            ("12:30 - 14:00", "2027-07-01T11:00:00Z", Some("2027-07-01T12:00:00Z")),
            ("12:30-14:00", "2027-07-01T12:00:00Z", None),
            ("00:00-06:00", "2027-01-10T23:00:00Z", Some("2027-01-11T05:00:00Z")),
            ("18:00-00:00", "2027-01-10T20:00:00Z", Some("2027-01-10T23:00:00Z")),
            // the night is an hour shorter
            ("21:00-07:00", "2027-03-27T21:00:00Z", Some("2027-03-28T05:00:00Z")),
            // its end does not exist: it is at 03:00
            ("21:00-02:30", "2027-03-27T21:00:00Z", Some("2027-03-28T01:00:00Z")),
            // quiet hours that do not exist that night
            ("02:00-03:00", "2027-03-28T00:59:59Z", None),
            ("02:00-03:00", "2027-03-28T01:00:00Z", None),
            // and an hour longer
            ("21:00-07:00", "2027-10-30T20:00:00Z", Some("2027-10-31T06:00:00Z")),
            // 02:30 comes twice, and between them it is 02:00 again
            ("21:00-02:30", "2027-10-30T20:00:00Z", Some("2027-10-31T00:30:00Z")),
            ("21:00-02:30", "2027-10-31T00:45:00Z", None),
            ("21:00-02:30", "2027-10-31T01:10:00Z", Some("2027-10-31T01:30:00Z")),
            ("02:00-03:00", "2027-10-31T00:10:00Z", Some("2027-10-31T02:00:00Z")),
        ] {
            let hours = QuietHours::parse(hours, chrono_tz::Europe::Paris).expect("hours");
            let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant");
            assert_eq!(hours.until(at(now)), until.map(at), "{hours:?} at {now}");
        }
    }

    #[test]
    fn what_is_no_pair_of_times_is_refused() {
        for bad in ["", "21:00", "21:00-", "21-07", "24:00-07:00", "21:00-21:00", "21:00-07:60", "a-b"] {
            assert_eq!(QuietHours::parse(bad, Tz::UTC), None, "{bad}");
        }
    }
}
