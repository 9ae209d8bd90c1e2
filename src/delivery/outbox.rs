//! Drains the deliveries that are due, each by the order that never loses one (DESIGN.md §8):
//! claim → MAIL, RCPT → commit `sending` → DATA → record the answer. No commit, no DATA.
//!
//! A step takes one batch; both the daemon's loop and the tests drain it. It decides nothing about when to come back.

mod pace;
mod relay;
mod round;
mod streaks;
mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::pace::Pace;
pub use self::relay::Relay;
use self::round::{Job, Round, Texts};
use self::streaks::Streaks;
use super::mailer::{Answer, Connection, Mailer};
use crate::model::delivery::{Carries, Claim, Outcome};
use crate::model::issue::Masthead;
use crate::model::settings::MailSettings;
use crate::model::time::Clock;
use crate::model::token::SigningKey;
use crate::store::{Result, Store};

/// How long a claim is ours. Nothing renews it: a worker hands nothing over unless the slowest relay could still answer
/// within the lease (20 minutes with the deadlines of RFC 5321), so a second sender can never meet the first.
const LEASE: TimeDelta = TimeDelta::hours(1);

/// Claims a connection gets in one step; a crash frees them, so only the lease bounds their number.
const BATCH_PER_CONNECTION: usize = 25;

/// With a rate, no more is claimed than leaves in this many minutes.
const BATCH_MINUTES: usize = 10;

/// How many deliveries ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub sent: u64,
    pub deferred: u64,
    pub refused: u64,
    pub doubt: u64,
    /// Claimed but not to be sent after all: the reader left, was suppressed, or the claim ran out.
    pub skipped: u64,
    /// Lost to a fault of ours; in doubt or free again when the lease ends.
    pub panicked: u64,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Sent => self.sent += 1,
            Outcome::Deferred { .. } => self.deferred += 1,
            Outcome::Refused { .. } => self.refused += 1,
            Outcome::Doubt { .. } => self.doubt += 1,
        }
    }
}

/// What became of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A batch is done; there may be more.
    Worked,
    /// Nothing is due. `next` may have passed where another process holds what is left.
    Idle { next: Option<DateTime<Utc>> },
    /// The relay does not answer or will not have us: come back later. Nothing is claimed while it is so; what had been
    /// claimed before is deferred.
    Unreachable { reason: String },
    /// Stopped on request.
    Cancelled,
}

/// What mails are made of and where they go.
pub struct Outbox {
    store: Arc<dyn Store>,
    mailer: Mailer,
    mail: MailSettings,
    key: SigningKey,
    house: Masthead,
    clock: Clock,
    pace: Pace,
    tally: watch::Sender<Tally>,
    relay: relay::Counters,
    /// How many connections the relay lets us have, as far as we know.
    allowed: AtomicUsize,
    streaks: Streaks,
    unfinished: Arc<Mutex<Unfinished>>,
}

/// What the store has still to be told, because it failed when it was.
#[derive(Debug, Default)]
struct Unfinished {
    /// Answers that were heard.
    outcomes: Vec<(Claim, Outcome)>,
    /// Claims that nothing was done with.
    claims: Vec<Claim>,
}

impl Outbox {
    /// `house` is who writes letters, and issues that were frozen without a masthead of their own.
    pub fn new(
        store: Arc<dyn Store>,
        mailer: Mailer,
        mail: MailSettings,
        key: SigningKey,
        house: Masthead,
        clock: Clock,
    ) -> Arc<Self> {
        Arc::new(Self {
            allowed: AtomicUsize::new(mail.connections.get()),
            pace: Pace::new(mail.rate),
            tally: watch::Sender::default(),
            relay: relay::Counters::default(),
            streaks: Streaks::default(),
            unfinished: Arc::default(),
            store,
            mailer,
            mail,
            key,
            house,
            clock,
        })
    }

    /// The running total since this value was made, for a progress bar and metrics.
    pub fn tally(&self) -> watch::Receiver<Tally> {
        self.tally.subscribe()
    }

    /// Takes the place of another one: what is counted since the start goes on, and what it could not finish is ours.
    pub fn count_on(&mut self, before: &Self) {
        (self.tally, self.relay) = (before.tally.clone(), before.relay.clone());
        self.unfinished = Arc::clone(&before.unfinished);
    }

    /// The connections there are and were.
    pub fn relay(&self) -> Relay {
        self.relay.read()
    }

    async fn connect(&self) -> std::result::Result<Way, Answer> {
        let connected = self.mailer.connect().await.inspect_err(|_| self.relay.failed());
        connected.map(|connection| Way { connection, fresh: true, _open: self.relay.opened() })
    }

    /// Takes batch after batch until nothing is due, the relay is gone, or `cancel` is triggered: then no further message
    /// is handed over, and the answers to those that were are awaited for half a minute.
    pub async fn deliver_until_idle(self: &Arc<Self>, cancel: &CancellationToken) -> Result<(Tally, Step)> {
        let before = *self.tally.borrow();
        loop {
            let step = self.step(cancel).await?;
            if step != Step::Worked {
                return Ok((difference(*self.tally.borrow(), before), step));
            }
        }
    }

    /// Takes batch after batch, on as many connections as are allowed, until nothing is due or all connections are lost. A
    /// worker that waits for a slow answer keeps no other from the next batch.
    ///
    /// # Errors
    /// Where the store fails. What was being sent then is `sending` still, and in doubt once its lease ends.
    pub async fn step(self: &Arc<Self>, cancel: &CancellationToken) -> Result<Step> {
        self.settle_unfinished().await?;
        let now = (self.clock)();
        let next = self.store.next_due().await?;
        if next.is_none_or(|next| next > now) {
            return Ok(Step::Idle { next });
        }
        // connected before anything is claimed: a relay that is down costs nobody an attempt
        let first = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Step::Cancelled),
            connected = self.connect() => match connected {
                Ok(way) => way,
                Err(answer) => return Ok(Step::Unreachable { reason: answer.to_string() }),
            },
        };
        let round = Arc::new(Round::new(self.claim(now).await?, cancel.clone()));
        if round.waiting() == 0 {
            first.connection.close().await;
            return Ok(Step::Idle { next });
        }
        self.work(&round, first).await;
        self.finish(&round).await
    }

    async fn claim(&self, now: DateTime<Utc>) -> Result<Vec<Job>> {
        let lease_until = now + LEASE;
        let claims = self.store.claim(now, lease_until, self.batch()).await?;
        let texts = match self.texts(&claims).await {
            Ok(texts) => Arc::new(texts),
            Err(error) => {
                self.unfinished().claims.extend(claims);
                return Err(error);
            }
        };
        let job = |claim| Job { claim, lease_until, texts: Arc::clone(&texts) };
        Ok(claims.into_iter().map(job).collect())
    }

    /// The next mail to carry, from the store where nothing else is left. `None` where this round is over.
    async fn next_job(&self, round: &Round) -> Result<Option<Job>> {
        loop {
            if let Some(job) = round.next() {
                return Ok(Some(job));
            }
            let _one_at_a_time = round.refilling.lock().await;
            if round.is_over() {
                return Ok(None);
            }
            if round.waiting() == 0 {
                round.refill(self.claim((self.clock)()).await?);
            }
        }
    }

    fn unfinished(&self) -> MutexGuard<'_, Unfinished> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the store what it could not be told before.
    async fn settle_unfinished(&self) -> Result<()> {
        loop {
            let Some((claim, outcome)) = self.unfinished().outcomes.pop() else { break };
            if let Err(error) = self.store.record_outcome(&claim, &outcome, (self.clock)()).await {
                self.unfinished().outcomes.push((claim, outcome));
                return Err(error);
            }
        }
        let claims = std::mem::take(&mut self.unfinished().claims);
        let given_back = if claims.is_empty() { Ok(()) } else { self.store.give_back(&claims).await };
        if given_back.is_err() {
            self.unfinished().claims.extend(claims);
        }
        given_back
    }

    fn batch(&self) -> u32 {
        let most = self.mail.connections.get().saturating_mul(BATCH_PER_CONNECTION);
        let paced = self
            .mail
            .rate
            .map_or(usize::MAX, |rate| usize::try_from(rate.get()).unwrap_or(usize::MAX).saturating_mul(BATCH_MINUTES));
        u32::try_from(most.min(paced)).unwrap_or(u32::MAX)
    }

    async fn texts(&self, claims: &[Claim]) -> Result<Texts> {
        let mut texts = Texts::default();
        for claim in claims {
            match &claim.carries {
                Carries::Issue { issue, .. } if !texts.issues.contains_key(issue) => {
                    texts.issues.extend(self.store.frozen_issue(*issue).await?.map(|found| (*issue, found)));
                }
                Carries::Letter { text, .. } if !texts.letters.contains_key(text) => {
                    texts.letters.extend(self.store.letter_text(text).await?.map(|found| (text.clone(), found)));
                }
                _ => {}
            }
        }
        Ok(texts)
    }

    /// Runs the workers, the first on the connection that is open already. Each is a task of its own: one that panics
    /// takes no other along.
    async fn work(self: &Arc<Self>, round: &Arc<Round>, first: Way) {
        let mut workers = JoinSet::new();
        let mut numbers = HashMap::new();
        let mut first = Some(first);
        for number in 0..self.allowed.load(Ordering::Relaxed).min(round.waiting()) {
            let worker = worker::run(Arc::clone(self), Arc::clone(round), number, first.take());
            numbers.insert(workers.spawn(worker).id(), number);
        }
        while let Some(ended) = workers.join_next().await {
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

    /// What is still waiting when all workers are gone was let down by the relay, or waits for the store or the next start.
    async fn finish(&self, round: &Round) -> Result<Step> {
        let left = round.leave();
        let halted = round.halted();
        let (failed, cancelled) = (round.failed(), round.cancel.is_cancelled());
        if let (None, false, Some(reason)) = (&failed, cancelled, &halted) {
            for (index, claim) in left.waiting.iter().enumerate() {
                if let Err(error) = self.record(round, claim, &Outcome::Deferred { reason: reason.clone() }).await {
                    self.unfinished().claims.extend(left.waiting[index + 1..].iter().chain(&left.held).cloned());
                    return Err(error);
                }
            }
        } else {
            self.unfinished().claims.extend(left.waiting.iter().cloned());
        }
        self.unfinished().claims.extend(left.held);
        // what fails now is tried again at the next step
        let settled = self.settle_unfinished().await;
        match (failed, halted) {
            (Some(error), _) => Err(error),
            (None, _) if cancelled => Ok(Step::Cancelled),
            (None, Some(reason)) if !left.waiting.is_empty() => Ok(Step::Unreachable { reason }),
            _ => settled.map(|()| Step::Worked),
        }
    }
}

/// A connection and whether it has carried anything yet.
struct Way {
    connection: Connection,
    fresh: bool,
    _open: relay::Open,
}

fn difference(now: Tally, before: Tally) -> Tally {
    Tally {
        sent: now.sent - before.sent,
        deferred: now.deferred - before.deferred,
        refused: now.refused - before.refused,
        doubt: now.doubt - before.doubt,
        skipped: now.skipped - before.skipped,
        panicked: now.panicked - before.panicked,
    }
}
