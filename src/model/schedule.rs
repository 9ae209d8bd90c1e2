//! When issues are due: a cron line on the site's wall clock.

use std::fmt;
use std::str::FromStr as _;

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{Cron, Direction};

use super::time::resolve_local;

/// A cron line (minute hour day-of-month month day-of-week) on the site's wall clock.
#[derive(Clone)]
pub struct Schedule {
    cron: Cron,
    line: String,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.line).finish()
    }
}

impl Schedule {
    /// # Errors
    /// The reason the line cannot be read, or that it never comes due.
    pub fn parse(line: &str) -> Result<Self, String> {
        let cron = Cron::from_str(line).map_err(|error| error.to_string())?;
        let schedule = Self { cron, line: line.to_owned() };
        // whether a day ever comes does not depend on where one begins to look
        match schedule.occurrence(NaiveDateTime::default(), Direction::Forward) {
            Some(_) => Ok(schedule),
            None => Err("it never comes due".to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.line
    }

    /// The latest slot that is due at `now`: local time in `zone`, by the wall clock. A time the clocks go over is due at
    /// the first instant after the gap; one that comes twice is due the first time, once.
    pub fn latest_slot(&self, now: DateTime<Utc>, zone: Tz) -> Option<Slot> {
        let mut local =
            self.occurrence(now.with_timezone(&zone).naive_local() + CHANGE_OF_CLOCK, Direction::Backward)?;
        loop {
            let slot = Slot::new(local, zone);
            if slot.due <= now {
                return Some(slot);
            }
            local = self.occurrence(local - TimeDelta::seconds(1), Direction::Backward)?;
        }
    }

    /// The first slot after `now`.
    pub fn next_slot(&self, now: DateTime<Utc>, zone: Tz) -> Option<Slot> {
        let mut local =
            self.occurrence(now.with_timezone(&zone).naive_local() - CHANGE_OF_CLOCK, Direction::Forward)?;
        loop {
            let slot = Slot::new(local, zone);
            if slot.due > now {
                return Some(slot);
            }
            local = self.occurrence(local + TimeDelta::seconds(1), Direction::Forward)?;
        }
    }

    /// croner reckons on the bare wall clock; what a change of clocks means is decided here (its own reverse search
    /// answers 01:59:59 for a slot in the gap).
    fn occurrence(&self, local: NaiveDateTime, direction: Direction) -> Option<NaiveDateTime> {
        // croner carries a fraction of a second over into what it finds: a slot would be another one at each look
        let from = local.and_utc().trunc_subsecs(0);
        let found = match direction {
            Direction::Forward => self.cron.find_next_occurrence(&from, true),
            Direction::Backward => self.cron.find_previous_occurrence(&from, true),
        };
        found.ok().map(|at| at.naive_utc())
    }
}

/// No zone's clocks were ever moved by more at once.
const CHANGE_OF_CLOCK: TimeDelta = TimeDelta::hours(25);

/// The local date and time for which an issue is due. (newsletter, `local`) is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub local: NaiveDateTime,
    pub due: DateTime<Utc>,
}

impl Slot {
    pub fn new(local: NaiveDateTime, zone: Tz) -> Self {
        Self { local, due: resolve_local(local, zone).instant() }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, NaiveDate, Weekday};

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn slot(line: &str, now: &str) -> String {
        let slot =
            Schedule::parse(line).expect("a schedule").latest_slot(utc(now), chrono_tz::Europe::Paris).expect("a slot");
        format!("{} = {}", slot.local, slot.due.format("%FT%RZ"))
    }

    #[test]
    fn slots_are_on_the_wall_clock() {
        for (line, now, expected) in [
            ("0 9 * * MON", "2019-04-08T10:00:00Z", "2019-04-08 09:00:00 = 2019-04-08T07:00Z"),
            ("0 9 * * MON", "2019-04-08T07:00:00Z", "2019-04-08 09:00:00 = 2019-04-08T07:00Z"),
            ("0 9 * * MON", "2019-04-08T07:00:00.25Z", "2019-04-08 09:00:00 = 2019-04-08T07:00Z"),
            ("0 9 * * MON", "2019-04-08T06:59:59Z", "2019-04-01 09:00:00 = 2019-04-01T07:00Z"),
            ("0 9 * * MON", "2019-01-14T09:00:00Z", "2019-01-14 09:00:00 = 2019-01-14T08:00Z"),
            // 02:30 does not exist on 28 March 2027: due at 03:00 local
            ("30 2 * * *", "2027-03-28T05:00:00Z", "2027-03-28 02:30:00 = 2027-03-28T01:00Z"),
            // 02:30 comes twice on 25 October 2026: the first
            ("30 2 * * *", "2026-10-25T05:00:00Z", "2026-10-25 02:30:00 = 2026-10-25T00:30Z"),
            ("30 2 * * *", "2026-10-25T01:00:00Z", "2026-10-25 02:30:00 = 2026-10-25T00:30Z"),
            ("30 2 * * *", "2026-10-25T00:29:00Z", "2026-10-24 02:30:00 = 2026-10-24T00:30Z"),
            ("0 0 29 2 *", "2027-03-01T00:00:00Z", "2024-02-29 00:00:00 = 2024-02-28T23:00Z"),
        ] {
            assert_eq!(slot(line, now), expected, "{line} at {now}");
        }
    }

    #[test]
    fn the_next_slot_is_after_now() {
        let schedule = Schedule::parse("30 2 * * *").expect("a schedule");
        for (now, due) in [
            ("2027-03-28T00:59:00Z", "2027-03-28T01:00:00+00:00"),
            ("2027-03-28T01:00:00Z", "2027-03-29T00:30:00+00:00"),
            ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00+00:00"),
        ] {
            let slot = schedule.next_slot(utc(now), chrono_tz::Europe::Paris).expect("a slot");
            assert_eq!(slot.due.to_rfc3339(), due, "after {now}");
        }
    }

    /// Every due time of a schedule from 1970 to 2100, in local time.
    fn all(line: &str, zone: Tz) -> Vec<NaiveDateTime> {
        let schedule = Schedule::parse(line).expect("a schedule");
        let (mut now, end) = (utc("1969-12-31T00:00:00Z"), utc("2101-01-02T00:00:00Z"));
        let mut slots = Vec::new();
        while let Some(slot) = schedule.next_slot(now, zone).filter(|slot| slot.due < end) {
            assert!(slot.due > now, "{line}: {slot:?} after {now}");
            let latest = schedule.latest_slot(slot.due, zone);
            assert_eq!(latest, Some(slot), "{line} in {zone}: due, and looked at that moment");
            slots.push(slot.local);
            now = slot.due;
        }
        slots
    }

    #[test]
    fn from_1970_to_2100_every_slot_comes_once() {
        let days = |is_wanted: fn(NaiveDate) -> bool| {
            let first = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day");
            let all = first.iter_days().take_while(|day| day.year() <= 2100);
            all.filter(move |day| is_wanted(*day)).collect::<Vec<_>>()
        };
        for (line, is_wanted) in [
            ("0 9 29 2 *", (|day| day.month() == 2 && day.day() == 29) as fn(NaiveDate) -> bool),
            ("0 9 31 * *", |day| day.day() == 31),
            // weeks 52, 53 and 1 follow each other like any others
            ("30 2 * * MON", |day| day.weekday() == Weekday::Mon),
            ("59 23 31 12 *", |day| day.month() == 12 && day.day() == 31),
        ] {
            for zone in [chrono_tz::Europe::Paris, chrono_tz::America::Sao_Paulo, chrono_tz::Pacific::Apia] {
                let slots = all(line, zone).into_iter().map(|local| local.date());
                let slots: Vec<NaiveDate> = slots.filter(|day| (1970..=2100).contains(&day.year())).collect();
                assert_eq!(slots, days(is_wanted), "{line} in {zone}");
            }
        }
    }

    #[test]
    fn where_the_rules_of_a_zone_change_only_the_instant_does() {
        let schedule = Schedule::parse("0 9 * * MON").expect("a schedule");
        let now = utc("2019-04-08T12:00:00Z");
        let [paris, london] = [chrono_tz::Europe::Paris, chrono_tz::Europe::London]
            .map(|zone| (schedule.latest_slot(now, zone).expect("one"), schedule.next_slot(now, zone).expect("one")));
        assert_eq!(
            (paris.0.local, paris.1.local),
            (london.0.local, london.1.local),
            "the slot that is done stays done"
        );
        assert_eq!((london.1.due - paris.1.due).num_hours(), 1, "the next is at nine by the new rules");
    }

    #[test]
    fn a_line_that_is_no_schedule_is_refused() {
        for line in ["", "each monday", "61 9 * * *", "0 9 * *"] {
            assert!(Schedule::parse(line).is_err(), "{line:?}");
        }
    }
}
