//! The workers of a round, from their start until the last is gone.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lease::wall;
use super::round::Round;
use super::{Outbox, Step, Way, worker};
use crate::model::delivery::{Claim, Outcome};
use crate::store::Result;

/// How often a round looks whether it may have a connection more, and whether there is more to do than its workers ask for.
const TICK: Duration = Duration::from_secs(5);

/// The workers of a round, and the number of each.
#[derive(Default)]
struct Crew {
    workers: JoinSet<()>,
    numbers: HashMap<tokio::task::Id, usize>,
    hired: usize,
}

impl Outbox {
    /// Runs the workers, the first on the connection that is open already, and more of them as there is more to do. Each is
    /// a task of its own: one that panics takes no other along.
    pub(super) async fn work(self: &Arc<Self>, round: &Arc<Round>, first: Way) {
        let (mut crew, mut first) = (Crew::default(), Some(first));
        let mut unopened = 0;
        let pause = self.lease() / 4;
        let mut renewal = tokio::time::interval_at(Instant::now() + pause, pause);
        let mut tick = tokio::time::interval_at(Instant::now() + TICK, TICK);
        self.hire(round, &mut crew, round.waiting(), &mut first);
        loop {
            let ended = tokio::select! {
                ended = crew.workers.join_next_with_id() => ended,
                () = round.refilled.notified() => {
                    self.lower(round, &mut unopened);
                    self.hire(round, &mut crew, round.waiting(), &mut first);
                    continue;
                }
                _ = tick.tick() => {
                    if !self.lower(round, &mut unopened) {
                        self.raise();
                    }
                    // all may be busy with slow answers while more has become due
                    round.look_again();
                    self.hire(round, &mut crew, round.waiting().max(1), &mut first);
                    continue;
                }
                _ = renewal.tick() => {
                    self.renew(round).await;
                    continue;
                }
            };
            let Some(ended) = ended else { break };
            self.lower(round, &mut unopened);
            let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, ())| *id);
            let number = crew.numbers.remove(&id);
            if ended.is_ok() {
                continue;
            }
            // what it says may quote a mail
            tracing::error!("a delivery worker panicked");
            self.tally.send_modify(|tally| tally.panicked += 1);
            if let Some((claim, sending)) = number.and_then(|number| round.dropped_by(number)) {
                self.record_panic(round, claim, sending).await;
            }
        }
        if round.unopened() == 0 {
            self.raise();
        }
    }

    /// Has so many more at work, as far as there may be so many connections.
    fn hire(self: &Arc<Self>, round: &Arc<Round>, crew: &mut Crew, wanted: usize, first: &mut Option<Way>) {
        if !round.takes_more() {
            return;
        }
        let most = if self.lanes.are_all_put_off() { 1 } else { self.allowed.load(Ordering::Relaxed) };
        let free = most.saturating_sub(crew.workers.len());
        for _ in 0..free.min(wanted) {
            let number = crew.hired;
            let worker = worker::run(Arc::clone(self), Arc::clone(round), number, first.take());
            crew.numbers.insert(crew.workers.spawn(worker).id(), number);
            crew.hired += 1;
        }
    }

    /// One connection less for each that the relay would not open since this was last seen. Whether there was any.
    fn lower(&self, round: &Round, seen: &mut usize) -> bool {
        let unopened = round.unopened() - std::mem::replace(seen, round.unopened());
        let allowed = self.allowed.load(Ordering::Relaxed).saturating_sub(unopened).max(1);
        self.allowed.store(allowed, Ordering::Relaxed);
        unopened > 0
    }

    /// One connection more.
    fn raise(&self) {
        let allowed = self.mail.connections.get().min(self.allowed.load(Ordering::Relaxed) + 1);
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
