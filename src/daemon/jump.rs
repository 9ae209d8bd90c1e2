//! Notices when the wall clock is set, or the machine slept: then whatever was waited for by the other clock is looked at anew.
//! A wall clock that goes astray from the time since the machine started is another matter: it is not believed.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Clocks that are kept right drift by less than this between two looks.
const DRIFT: TimeDelta = TimeDelta::seconds(2);

/// Both clocks when they were last looked at.
#[derive(Debug)]
pub(super) struct Clocks {
    wall: DateTime<Utc>,
    steady: Instant,
}

impl Clocks {
    pub(super) fn new(wall: DateTime<Utc>, steady: Instant) -> Self {
        Self { wall, steady }
    }

    /// By how much the wall clock went astray since the last look, if it did.
    pub(super) fn jump(&mut self, wall: DateTime<Utc>, steady: Instant) -> Option<TimeDelta> {
        let passed = steady.saturating_duration_since(self.steady);
        let by = (wall - self.wall) - TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
        *self = Self { wall, steady };
        (by.abs() > DRIFT).then_some(by)
    }
}

/// Where the wall clock should be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    wall: DateTime<Utc>,
    since_boot: Duration,
}

impl Expected {
    /// From a moment on at which the wall clock is believed.
    pub(super) fn from(wall: DateTime<Utc>, since_boot: Duration) -> Self {
        Self { wall, since_boot }
    }

    pub(super) fn at(&self, since_boot: Duration) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(since_boot.saturating_sub(self.since_boot)).unwrap_or(TimeDelta::MAX);
        self.wall.checked_add_signed(passed).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Time since the machine started, sleep included: nobody can set it.
pub(super) fn since_boot() -> Duration {
    let passed = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(passed).unwrap_or_default()
}

/// Until an instant of the wall clock, but never longer than until it is worth another look at that clock.
pub(super) fn nap(until: Option<DateTime<Utc>>, now: DateTime<Utc>, longest: Duration) -> Duration {
    until.map_or(longest, |until| (until - now).to_std().unwrap_or(Duration::ZERO).min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_drifts_is_not() {
        let (wall, steady) = (DateTime::from_timestamp(1_000_000, 0).expect("an instant"), Instant::now());
        let mut clocks = Clocks::new(wall, steady);
        let mut look = |wall_seconds: i64, steady_seconds: u64| {
            let by = clocks.jump(wall + TimeDelta::seconds(wall_seconds), steady + Duration::from_secs(steady_seconds));
            by.map(|by| by.num_seconds())
        };
        assert_eq!(look(5, 5), None);
        assert_eq!(look(7, 6), None);
        assert_eq!(look(3_607, 6), Some(3_600), "set forward, or asleep");
        assert_eq!(look(3_608, 7), None);
        assert_eq!(look(9, 8), Some(-3_600), "set back");
    }

    #[test]
    fn where_the_wall_clock_should_be_is_known_by_the_time_that_passed() {
        let wall = DateTime::from_timestamp(1_000_000, 0).expect("an instant");
        let expected = Expected::from(wall, Duration::from_secs(50));
        assert_eq!(expected.at(Duration::from_secs(3_650)), wall + TimeDelta::hours(1));
        assert_eq!(expected.at(Duration::ZERO), wall, "never back");
        assert!(since_boot() > Duration::ZERO && since_boot() <= since_boot());
    }

    #[test]
    fn what_is_due_is_slept_for_exactly_and_never_for_long() {
        let now = DateTime::from_timestamp(1_000_000, 0).expect("an instant");
        let second = Duration::from_secs(1);
        assert_eq!(nap(None, now, second), second);
        assert_eq!(nap(Some(now + TimeDelta::milliseconds(40)), now, second), Duration::from_millis(40));
        assert_eq!(nap(Some(now + TimeDelta::days(1)), now, second), second);
        assert_eq!(nap(Some(now - TimeDelta::days(1)), now, second), Duration::ZERO);
    }
}
