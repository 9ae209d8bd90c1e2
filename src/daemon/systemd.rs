//! What systemd is told, where it asked to be: `sd_notify(3)`. The watchdog is fed by the loops that do the work, each from
//! inside itself: a timer beside them would go on feeding it after they got stuck.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sd_notify::NotifyState;

/// Tells the service manager, if there is one that listens.
pub(super) fn tell(state: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

/// RELOADING=1 as `Type=notify-reload` wants it, with the time it began.
pub(super) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(since) => tell(&[NotifyState::Reloading, since]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Loops that have to be alive for the daemon to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Publisher,
    Deliveries,
}

/// Feeds the watchdog once every part has shown a sign of life since it was fed last.
#[derive(Debug)]
pub(super) struct Pulse {
    /// `WATCHDOG_USEC`: after this long without a sign we are killed.
    patience: Option<Duration>,
    alive: Mutex<Vec<Part>>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { patience: sd_notify::watchdog_enabled(), alive: Mutex::default() }
    }

    /// A sign of life.
    pub(super) fn beat(&self, part: Part) {
        if self.patience.is_some() && self.is_complete_with(part) {
            tell(&[NotifyState::Watchdog]);
        }
    }

    fn is_complete_with(&self, part: Part) -> bool {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if !alive.contains(&part) {
            alive.push(part);
        }
        let is_complete = alive.len() == 2;
        if is_complete {
            alive.clear();
        }
        is_complete
    }

    /// Until the next sign of life is wanted of a loop that has nothing else to do.
    pub(super) async fn wait(&self) {
        match self.patience {
            Some(patience) => tokio::time::sleep(patience / 4).await,
            None => std::future::pending().await,
        }
    }

    /// Shows signs of life for as long as work takes that has deadlines of its own.
    pub(super) async fn during<T>(&self, part: Part, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            self.beat(part);
            tokio::select! {
                done = &mut work => return done,
                () = self.wait() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_loop_alone_does_not_feed_the_watchdog() {
        let pulse = Pulse { patience: Some(Duration::from_secs(1)), alive: Mutex::default() };
        assert!(!pulse.is_complete_with(Part::Publisher) && !pulse.is_complete_with(Part::Publisher));
        assert!(pulse.is_complete_with(Part::Deliveries));
        assert!(!pulse.is_complete_with(Part::Deliveries), "each has to come again");
        assert!(pulse.is_complete_with(Part::Publisher));
    }
}
