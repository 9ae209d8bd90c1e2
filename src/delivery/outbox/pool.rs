//! The workers of a round, from their start until the last is gone.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lease::wall;
use super::round::Round;
use super::{Outbox, Step, Way, worker};
use crate::model::delivery::{Claim, Outcome};
use crate::store::Result;

impl Outbox {
    /// Runs the workers, the first on the connection that is open already. Each is a task of its own: one that panics
    /// takes no other along.
    pub(super) async fn work(self: &Arc<Self>, round: &Arc<Round>, first: Way) {
        let mut workers = JoinSet::new();
        let mut numbers = HashMap::new();
        let mut first = Some(first);
        for number in 0..self.allowed.load(Ordering::Relaxed).min(round.waiting()) {
            let worker = worker::run(Arc::clone(self), Arc::clone(round), number, first.take());
            numbers.insert(workers.spawn(worker).id(), number);
        }
        let pause = self.lease() / 4;
        let mut renewal = tokio::time::interval_at(Instant::now() + pause, pause);
        loop {
            let ended = tokio::select! {
                ended = workers.join_next() => ended,
                _ = renewal.tick() => {
                    self.renew(round).await;
                    continue;
                }
            };
            let Some(ended) = ended else { break };
            let Err(error) = ended else { continue };
            // what it says may quote a mail
            tracing::error!("a delivery worker panicked");
            self.tally.send_modify(|tally| tally.panicked += 1);
            if let Some((claim, sending)) = numbers.get(&error.id()).and_then(|number| round.dropped_by(*number)) {
                self.record_panic(round, claim, sending).await;
            }
        }
        self.adapt(round);
    }

    /// One connection less for each that the relay would not open, one more after a round without any.
    fn adapt(&self, round: &Round) {
        let (now, most) = (self.allowed.load(Ordering::Relaxed), self.mail.connections.get());
        let allowed = match round.unopened() {
            0 => most.min(now + 1),
            unopened => now.saturating_sub(unopened).max(1),
        };
        self.allowed.store(allowed, Ordering::Relaxed);
    }

    /// What a worker had in hand when it panicked is tried again by the schedule, which ends.
    async fn record_panic(&self, round: &Round, claim: Claim, sending: bool) {
        let reason = "a fault in crieur itself".to_owned();
        let outcome = if sending { Outcome::Doubt { reason } } else { Outcome::Deferred { reason } };
        if let Err(error) = self.record(round, &claim, &outcome).await {
            round.fail(error);
        }
    }

    /// What is still waiting when all workers are gone was let down by the relay, or waits for the store or the next start:
    /// it is as free as before, and has lost no attempt.
    pub(super) async fn finish(&self, round: &Round) -> Result<Step> {
        let (left, held) = round.leave();
        let halted = round.halted();
        let (failed, cancelled) = (round.failed(), round.cancel.is_cancelled());
        let is_left = !left.is_empty();
        self.unfinished().claims.extend(left.into_iter().chain(held));
        // what fails now is tried again at the next step
        let settled = self.settle_unfinished().await;
        match (failed, halted) {
            (Some(error), _) => Err(error),
            (None, _) if cancelled => Ok(Step::Cancelled),
            (None, Some(reason)) if is_left || round.is_over() => Ok(Step::Unreachable { reason }),
            _ => settled.map(|()| Step::Worked),
        }
    }

    /// Nobody else may claim what a round has, however long it takes. Where that fails, claims end when they would have: then
    /// nothing more of them is handed over.
    async fn renew(&self, round: &Round) {
        let (claims, leases): (Vec<_>, Vec<_>) = round.claims().into_iter().unzip();
        let now = (self.clock)();
        match self.store.renew(&claims, now, wall(now, self.lease())).await {
            Ok(()) => leases.iter().for_each(|lease| lease.renew(now, self.lease())),
            Err(error) => tracing::warn!(%error, "claims could not be renewed"),
        }
    }
}
