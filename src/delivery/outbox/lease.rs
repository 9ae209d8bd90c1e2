//! How long claims are ours: by the wall clock, which other processes go by, and by one that nobody can put back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Of the claims that were made, or renewed, at one time.
#[derive(Debug)]
pub(super) struct Lease(Mutex<(DateTime<Utc>, Instant)>);

impl Lease {
    /// From now on.
    pub(super) fn new(now: DateTime<Utc>, length: Duration) -> Self {
        Self(Mutex::new(end(now, length)))
    }

    /// It was renewed in the store at this time.
    pub(super) fn renew(&self, now: DateTime<Utc>, length: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end(now, length);
    }

    /// Whether it lasts for so long yet, by both clocks.
    pub(super) fn lasts(&self, now: DateTime<Utc>, longest: Duration) -> bool {
        self.lasts_from(now, Instant::now(), longest)
    }

    fn lasts_from(&self, now: DateTime<Utc>, at: Instant, longest: Duration) -> bool {
        let (until, by) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wall(now, longest) <= until && at + longest <= by
    }
}

fn end(now: DateTime<Utc>, length: Duration) -> (DateTime<Utc>, Instant) {
    (wall(now, length), Instant::now() + length)
}

pub(super) fn wall(now: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    now + TimeDelta::from_std(length).unwrap_or(TimeDelta::days(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn a_lease_ends_by_whichever_clock_is_ahead() {
        let (minutes, begin) = (Duration::from_mins, Instant::now());
        let lease = Lease::new(NOW, minutes(60));
        assert!(lease.lasts_from(NOW, begin, minutes(60)) && !lease.lasts_from(NOW, begin, minutes(61)));
        assert!(!lease.lasts_from(NOW + TimeDelta::minutes(50), begin, minutes(20)), "the wall clock went on");
        let later = begin + minutes(50);
        assert!(!lease.lasts_from(NOW - TimeDelta::days(1), later, minutes(20)), "the wall clock was put back");
        lease.renew(NOW, minutes(90));
        assert!(lease.lasts_from(NOW, later, minutes(20)));
    }
}
