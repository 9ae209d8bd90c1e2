//! Waiting for what happens in another process, which sends us no event: a condition is asked again and again until it holds,
//! and fails at a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest any story waits: far more than is needed, so that a busy machine fails no test.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Asks until the answer is there and says how long that took.
///
/// # Panics
/// Where it is not there within [`PATIENCE`].
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> (T, Duration) {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return (found, begin.elapsed());
        }
        assert!(begin.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(PAUSE);
    }
}
