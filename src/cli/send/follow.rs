//! Looks on while another process delivers.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::app::{App, Composed, Decision};
use crate::cli::exit::{CONTENT, TRY_AGAIN};
use crate::cli::print::{say, tell};
use crate::cli::stop::stop_on_signals;
use crate::model::delivery::DeliveryState;
use crate::store::DeliveryCounts;

/// How long the daemon may send nothing before we stop looking on.
const PATIENCE: Duration = Duration::from_mins(2);

/// A daemon is in charge: what was enqueued is its to deliver. Looks on until it has, or nothing moves any more.
pub(super) async fn wait_for_daemon(app: &App, composed: &[Composed]) -> anyhow::Result<ExitCode> {
    let (cancel, _) = stop_on_signals();
    tell!("another crieur is in charge of this store and delivers");
    let mut code = ExitCode::SUCCESS;
    for one in composed {
        // what waits for approval is not waited for
        let Decision::Frozen { issue, recipients, awaits_approval: false, .. } = one.decision else { continue };
        let counts = settled(app, issue, &cancel).await?;
        let count = |state| counts.get(&state).copied().unwrap_or(0);
        say!(
            "{} of {recipients} sent, {} deferred, {} refused, {} in doubt",
            count(DeliveryState::Sent),
            count(DeliveryState::Deferred),
            count(DeliveryState::Refused),
            count(DeliveryState::Doubt)
        );
        if under_way(&counts) + count(DeliveryState::Deferred) + count(DeliveryState::Doubt) > 0 {
            code = ExitCode::from(TRY_AGAIN);
        } else if count(DeliveryState::Refused) > 0 {
            code = ExitCode::from(CONTENT);
        }
    }
    Ok(code)
}

fn under_way(counts: &DeliveryCounts) -> u64 {
    [DeliveryState::Waiting, DeliveryState::Sending].iter().filter_map(|state| counts.get(state)).sum()
}

/// The deliveries of an issue once none is under way, or as they were when nothing had moved for a while.
async fn settled(app: &App, issue: i64, cancel: &CancellationToken) -> anyhow::Result<DeliveryCounts> {
    let mut counts = app.store.delivery_counts(issue).await?;
    let mut moved = Instant::now();
    while under_way(&counts) > 0 && moved.elapsed() < PATIENCE && !cancel.is_cancelled() {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(Duration::from_millis(250)) => {}
        }
        let now = app.store.delivery_counts(issue).await?;
        if now != counts {
            (counts, moved) = (now, Instant::now());
        }
    }
    Ok(counts)
}
