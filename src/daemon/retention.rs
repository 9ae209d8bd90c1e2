//! Once a day, what was kept of people for long enough is erased.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
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
            // what failed, met a pause or was read by others meanwhile is tried again at the next look
            match retain(&app, now).await {
                Ok(is_done) => due = if is_done { now + EVERY } else { now },
                Err(error) => tracing::error!("nothing is erased for its age: {error:#}"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Whether all that is old enough is gone. Not by a clock that is not believed.
async fn retain(app: &App, now: DateTime<Utc>) -> anyhow::Result<bool> {
    if !app.store.pauses().await?.is_empty() {
        return Ok(false);
    }
    Ok(app.retain(now).await?.bytes_gone)
}
