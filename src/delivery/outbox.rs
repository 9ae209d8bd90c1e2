//! Drains the deliveries that are due, each by the order that never loses one (DESIGN.md §8):
//! claim → MAIL, RCPT → commit `sending` → DATA → record the answer. No commit, no DATA.
//!
//! A step takes one batch; both the daemon's loop and the tests drain it. It decides nothing about when to come back.

mod pace;
mod relay;
mod worker;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::pace::Pace;
pub use self::relay::Relay;
use super::mailer::{Answer, Connection, Mailer};
use crate::model::delivery::{Carries, Claim, Outcome};
use crate::model::issue::{FrozenIssue, Masthead};
use crate::model::letter::LetterText;
use crate::model::settings::MailSettings;
use crate::model::time::Clock;
use crate::model::token::SigningKey;
use crate::store::{Result, Store, StoreError};

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
        let pace = Pace::new(mail.rate);
        let (tally, relay) = (watch::Sender::default(), relay::Counters::default());
        Arc::new(Self { store, mailer, mail, key, house, clock, pace, tally, relay })
    }

    /// The running total since this value was made, for a progress bar and metrics.
    pub fn tally(&self) -> watch::Receiver<Tally> {
        self.tally.subscribe()
    }

    /// Takes the place of another one: what is counted since the start goes on.
    pub fn count_on(&mut self, before: &Self) {
        (self.tally, self.relay) = (before.tally.clone(), before.relay.clone());
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

    /// Claims one batch and works through it on as many connections as are allowed.
    ///
    /// # Errors
    /// Where the store fails. What was being sent then is `sending` still, and in doubt once its lease ends.
    pub async fn step(self: &Arc<Self>, cancel: &CancellationToken) -> Result<Step> {
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
        let lease_until = now + LEASE;
        let claims = self.store.claim(now, lease_until, self.batch()).await?;
        if claims.is_empty() {
            first.connection.close().await;
            return Ok(Step::Idle { next });
        }
        let round = Arc::new(Round::new(self.texts(&claims).await?, claims, lease_until, cancel.clone()));
        self.work(&round, first).await;
        self.finish(&round).await
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
        let mut first = Some(first);
        for _ in 0..self.mail.connections.get().min(round.waiting()) {
            workers.spawn(worker::run(Arc::clone(self), Arc::clone(round), first.take()));
        }
        while let Some(ended) = workers.join_next().await {
            if ended.is_err() {
                // what it says may quote a mail
                tracing::error!("a delivery worker panicked");
                self.tally.send_modify(|tally| tally.panicked += 1);
            }
        }
    }

    /// What is still waiting when all workers are gone was let down by the relay.
    async fn finish(&self, round: &Round) -> Result<Step> {
        if let Some(error) = round.lock().failed.take() {
            return Err(error);
        }
        if round.cancel.is_cancelled() {
            return Ok(Step::Cancelled);
        }
        let Some(reason) = round.lock().halted.take() else { return Ok(Step::Worked) };
        let left: Vec<Claim> = round.lock().queue.drain(..).collect();
        if left.is_empty() {
            return Ok(Step::Worked);
        }
        for claim in left {
            self.record(&claim, &Outcome::Deferred { reason: reason.clone() }).await?;
        }
        Ok(Step::Unreachable { reason })
    }
}

/// A connection and whether it has carried anything yet.
struct Way {
    connection: Connection,
    fresh: bool,
    _open: relay::Open,
}

/// What the mails of a batch say.
#[derive(Default)]
struct Texts {
    issues: HashMap<i64, FrozenIssue>,
    letters: HashMap<String, LetterText>,
}

/// One batch while it is worked on.
struct Round {
    texts: Texts,
    lease_until: DateTime<Utc>,
    cancel: CancellationToken,
    state: Mutex<RoundState>,
}

struct RoundState {
    queue: VecDeque<Claim>,
    /// Why a worker could not go on.
    halted: Option<String>,
    /// No worker shall go on.
    stopped: bool,
    failed: Option<StoreError>,
}

impl Round {
    fn new(texts: Texts, claims: Vec<Claim>, lease_until: DateTime<Utc>, cancel: CancellationToken) -> Self {
        let state = RoundState { queue: claims.into(), halted: None, stopped: false, failed: None };
        Self { texts, lease_until, cancel, state: Mutex::new(state) }
    }

    /// A panic elsewhere leaves the state sound: every change to it is one assignment.
    fn lock(&self) -> MutexGuard<'_, RoundState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    fn next(&self) -> Option<Claim> {
        let mut state = self.lock();
        if state.stopped || self.cancel.is_cancelled() { None } else { state.queue.pop_front() }
    }

    /// For another worker, or another connection.
    fn put_back(&self, claim: Claim) {
        self.lock().queue.push_front(claim);
    }

    /// One worker gives up; the others go on while their connections last.
    fn give_up(&self, reason: String) {
        self.lock().halted = Some(reason);
    }

    /// The relay will not have us, on whatever connection.
    fn stop(&self, reason: String) {
        let mut state = self.lock();
        state.halted = Some(reason);
        state.stopped = true;
    }

    fn fail(&self, error: StoreError) {
        let mut state = self.lock();
        state.failed.get_or_insert(error);
        state.stopped = true;
    }
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
