//! How much work a bound allows, for tests: the processor time of this thread, which does not grow while others work.

use std::time::{Duration, Instant};

/// Where the system does not tell the processor time, the time on the wall stands for it.
pub(crate) fn effort(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    let before = spent();
    work();
    match (before, spent()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => begin.elapsed(),
    }
}

/// Its first number is nanoseconds on a processor (Linux, sched-stats).
fn spent() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split(' ').next()?.parse().ok()?))
}
