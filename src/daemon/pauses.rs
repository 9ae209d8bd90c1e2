//! Pauses nothing gets past: a clock that cannot be believed, and what the store found out by itself.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::jump::{Expected, since_boot};
use crate::model::health::Trouble;
use crate::model::pause::{CONFIRM, Cause, Pause, astray};
use crate::store::{Result, Store};
use crate::web::Vitals;

/// The wall clock as we watch it.
pub(super) struct Trust {
    expected: Expected,
    /// We paused, and did not go on yet.
    is_lost: bool,
}

impl Trust {
    pub(super) fn from(wall: DateTime<Utc>) -> Self {
        Self { expected: Expected::from(wall, since_boot()), is_lost: false }
    }

    /// Whether nothing may be composed for now; the operator is told once.
    pub(super) async fn is_paused(&mut self, store: &dyn Store, vitals: &Vitals, wall: DateTime<Utc>) -> bool {
        let pauses = match self.weigh(store, wall, since_boot()).await {
            Ok(pauses) => pauses,
            Err(error) => {
                tracing::error!(%error, "whether newsletters may be sent cannot be told");
                return true;
            }
        };
        let reasons: Vec<&str> = pauses.iter().map(|pause| pause.reason.as_str()).collect();
        let reason = (!pauses.is_empty()).then(|| reasons.join("; "));
        if vitals.note(Trouble::Paused, reason.clone()) {
            if let Some(reason) = reason {
                tracing::error!("no newsletter is sent: {reason}; if all is right: `{CONFIRM}`");
            } else {
                tracing::info!("newsletters are sent again");
            }
        }
        !pauses.is_empty()
    }

    /// Pauses when the clock goes astray, and goes on when it is back. Where the operator ended the pause, this clock is the
    /// right one.
    async fn weigh(&mut self, store: &dyn Store, wall: DateTime<Utc>, since_boot: Duration) -> Result<Vec<Pause>> {
        // first: the clock was wrong when we began to watch it
        if store.end_pause_of_a_clock_behind(wall).await? {
            *self = Self { expected: Expected::from(wall, since_boot), is_lost: false };
        }
        let reason = astray(wall, self.expected.at(since_boot));
        match (&reason, self.is_lost) {
            (Some(reason), false) => {
                store.pause(Cause::Clock, reason).await?;
                self.is_lost = true;
            }
            (None, true) => {
                store.end_pause(Cause::Clock, wall).await?;
                self.is_lost = false;
            }
            _ => {}
        }
        let pauses = store.pauses().await?;
        if self.is_lost && pauses.iter().all(|pause| pause.cause != Cause::Clock) {
            *self = Self { expected: Expected::from(wall, since_boot), is_lost: false };
        }
        Ok(pauses)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::store::SqliteStore;

    #[tokio::test]
    async fn a_clock_that_jumps_pauses_until_it_is_back_or_confirmed() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("crieur.db")).await.expect("opens");
        let wall: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().expect("an instant");
        let mut trust = Trust { expected: Expected::from(wall, Duration::ZERO), is_lost: false };
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let year = TimeDelta::days(365);
        let mut weigh = async |by: TimeDelta, passed: u64| {
            let shown = wall + by + TimeDelta::from_std(minutes(passed)).expect("minutes");
            let pauses = trust.weigh(&store, shown, minutes(passed)).await.expect("an answer");
            pauses.into_iter().map(|pause| pause.cause).collect::<Vec<_>>()
        };
        assert_eq!(weigh(TimeDelta::zero(), 600).await, [], "ten hours of sleep");
        assert_eq!(weigh(TimeDelta::minutes(59), 601).await, []);
        assert_eq!(weigh(year, 602).await, [Cause::Clock]);
        assert_eq!(weigh(year, 700).await, [Cause::Clock]);
        assert_eq!(weigh(TimeDelta::zero(), 701).await, [], "it is back");
        assert_eq!(weigh(-TimeDelta::days(1), 702).await, [Cause::Clock]);
        assert!(store.end_pause(Cause::Clock, wall).await.expect("an answer"), "by the operator");
        assert_eq!(weigh(-TimeDelta::days(1), 703).await, [], "this one is right");
        assert_eq!(weigh(TimeDelta::zero(), 704).await, [Cause::Clock], "and that one no longer");
    }

    #[tokio::test]
    async fn a_clock_that_was_behind_at_the_start_is_believed_once_it_is_set() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("crieur.db")).await.expect("opens");
        let wall: DateTime<Utc> = "2026-11-22T10:00:00Z".parse().expect("an instant");
        drop(store.take_charge(wall).await.expect("in charge"));
        let behind = wall - TimeDelta::days(300);
        drop(store.take_charge(behind).await.expect("in charge"));
        let mut trust = Trust { expected: Expected::from(behind, Duration::ZERO), is_lost: false };
        let minute = Duration::from_mins(1);
        let still = trust.weigh(&store, behind + TimeDelta::minutes(1), minute).await.expect("an answer");
        assert_eq!(still.len(), 1, "{still:?}");
        let set = trust.weigh(&store, wall + TimeDelta::minutes(2), 2 * minute).await.expect("an answer");
        assert_eq!(set, [], "it is set");
        let jumps = trust.weigh(&store, wall + TimeDelta::days(365), 3 * minute).await.expect("an answer");
        assert_eq!(jumps.len(), 1, "from then on it is watched");
        drop(store.take_charge(wall + TimeDelta::days(366)).await.expect("in charge"));
        assert_eq!(store.pauses().await.expect("read").len(), 1, "a jump is not forgotten by a restart");
    }
}
