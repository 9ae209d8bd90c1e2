//! Once a day, what was kept of people for long enough is erased.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::model::time::Clock;

const EVERY: TimeDelta = TimeDelta::days(1);
/// The wall clock decides, and a machine may have slept.
const LOOK: Duration = Duration::from_mins(15);

/// At the start and every day after, until `cancel`.
pub(super) async fn run(apps: watch::Receiver<Arc<App>>, clock: Clock, cancel: CancellationToken) {
    let mut due = clock();
    loop {
        let now = clock();
        if due <= now {
            let app = apps.borrow().clone();
            // what failed is tried again at the next look
            match app.retain(now).await {
                Ok(retained) if retained.bytes_gone => due = now + EVERY,
                Ok(_) => {}
                Err(error) => tracing::error!("nothing is erased for its age: {error:#}"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}
