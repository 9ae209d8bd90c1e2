//! Drains the outbox whenever something is due.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::delivery::outbox::{Outbox, Step};
use crate::model::health::Trouble;
use crate::model::time::Clock;
use crate::web::Vitals;

/// `send` in another process and the passing of time fill the outbox too: looked at this often.
const LOOK: Duration = Duration::from_secs(5);
/// After the relay turned us away.
const RELAY_PAUSE: Duration = Duration::from_mins(1);
/// After the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(10);

pub(super) async fn run(
    outbox: Arc<Outbox>,
    vitals: Arc<Vitals>,
    clock: Clock,
    filled: Arc<Notify>,
    cancel: CancellationToken,
) {
    while !cancel.is_cancelled() {
        let pause = match outbox.deliver_until_idle(&cancel).await {
            Ok((tally, step)) => {
                if tally != crate::delivery::outbox::Tally::default() {
                    tracing::info!(
                        sent = tally.sent,
                        deferred = tally.deferred,
                        refused = tally.refused,
                        doubt = tally.doubt,
                        "delivered"
                    );
                }
                vitals.note(Trouble::Store, None);
                vitals.note(Trouble::Relay, unreachable(&step));
                if let Step::Unreachable { reason } = &step {
                    tracing::warn!(reason, "the relay takes no mail; what waits is tried again");
                }
                pause_after(&step, &clock)
            }
            Err(error) => {
                tracing::error!(%error, "deliveries wait");
                vitals.note(Trouble::Store, Some(error.to_string()));
                STORE_PAUSE
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = filled.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn unreachable(step: &Step) -> Option<String> {
    match step {
        Step::Unreachable { reason } => Some(reason.clone()),
        _ => None,
    }
}

fn pause_after(step: &Step, clock: &Clock) -> Duration {
    match step {
        Step::Idle { next: Some(next) } => {
            (*next - clock()).to_std().unwrap_or(Duration::ZERO).clamp(Duration::from_secs(1), LOOK)
        }
        Step::Idle { next: None } | Step::Worked => LOOK,
        _ => RELAY_PAUSE,
    }
}
