//! Drains the outbox whenever something is due.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::systemd::{Part, Pulse};
use crate::delivery::outbox::{Outbox, Step};
use crate::model::health::Trouble;
use crate::model::issue::Issue;
use crate::model::time::Clock;
use crate::web::Vitals;

/// `send` in another process and the passing of time fill the outbox too: looked at this often.
const LOOK: Duration = Duration::from_secs(5);
/// After the relay turned us away.
const RELAY_PAUSE: Duration = Duration::from_mins(1);
/// After the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(10);

/// Drains the outbox, or the one that took its place, until `cancel`.
pub(super) async fn run(
    mut outboxes: watch::Receiver<Arc<Outbox>>,
    vitals: Arc<Vitals>,
    clock: Clock,
    filled: Arc<Notify>,
    pulse: Arc<Pulse>,
    cancel: CancellationToken,
) {
    while !cancel.is_cancelled() {
        let outbox = outboxes.borrow_and_update().clone();
        let delivering = with_news(&outbox, &vitals, outbox.deliver_until_idle(&cancel));
        let pause = match pulse.during(Part::Deliveries, Box::pin(delivering)).await {
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
                note_held(&outbox, &vitals).await;
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
        let rest = async {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = filled.notified() => {}
                _ = outboxes.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        };
        pulse.during(Part::Deliveries, rest).await;
    }
}

/// A round may last for hours: what became of the relay, and of issues, is told meanwhile.
async fn with_news<T>(outbox: &Outbox, vitals: &Vitals, delivering: impl Future<Output = T>) -> T {
    let mut delivering = pin!(delivering);
    let before = outbox.tally().borrow().sent;
    loop {
        tokio::select! {
            done = &mut delivering => return done,
            () = tokio::time::sleep(LOOK) => {
                if outbox.tally().borrow().sent > before {
                    vitals.note(Trouble::Relay, None);
                }
                note_held(outbox, vitals).await;
            }
        }
    }
}

/// An issue the relay refuses waits for the operator, who has to hear of it.
async fn note_held(outbox: &Outbox, vitals: &Vitals) {
    match outbox.held_by_relay().await {
        Ok(held) => {
            vitals.note(Trouble::Issue, held.first().map(|issue| format!("{}, {}", issue.newsletter, in_words(issue))));
        }
        Err(error) => {
            vitals.note(Trouble::Store, Some(error.to_string()));
        }
    }
}

fn in_words(issue: &Issue) -> String {
    format!("number {}: {}", issue.number.unwrap_or_default(), issue.why_held().unwrap_or_default())
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
        // another one has taken its place, or we stop
        Step::Cancelled => Duration::ZERO,
        Step::Unreachable { .. } => RELAY_PAUSE,
    }
}
