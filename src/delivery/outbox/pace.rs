//! At most so many messages a minute, evenly spaced, over all connections.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Pace {
    gap: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(per_minute: Option<NonZeroU32>) -> Self {
        let gap = per_minute.map(|rate| Duration::from_mins(1) / rate.get());
        Self { gap, next: Mutex::new(None) }
    }

    /// Waits for the next free place. Time that nobody used is not saved up.
    pub(super) async fn wait(&self) {
        let Some(gap) = self.gap else { return };
        let place = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let place = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(place + gap);
            place
        };
        tokio::time::sleep_until(place).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_evenly_spaced_and_not_saved_up() {
        let pace = Pace::new(NonZeroU32::new(60 * 50));
        let start = Instant::now();
        for _ in 0..4 {
            pace.wait().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(60));
        Pace::new(None).wait().await;
    }
}
