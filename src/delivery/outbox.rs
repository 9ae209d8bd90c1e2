//! Drains the deliveries that are due, each by the order that never loses one (DESIGN.md §8):
//! claim → MAIL, RCPT → commit `sending` → DATA → record the answer. No commit, no DATA.
//!
//! A step takes one batch; both the daemon's loop and the tests drain it. It decides nothing about when to come back.

mod lanes;
mod lease;
mod pace;
mod pool;
mod queue;
mod record;
mod relay;
mod round;
mod streaks;
mod supply;
mod worker;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::lanes::Lanes;
use self::pace::Pace;
pub use self::relay::Relay;
use self::round::Round;
use self::streaks::Streaks;
use super::mailer::{Answer, Connection, Mailer};
use crate::model::bounce::About;
use crate::model::delivery::{Carries, Claim, Outcome};
use crate::model::issue::{Hold, Issue, Masthead};
use crate::model::settings::MailSettings;
use crate::model::time::Clock;
use crate::model::token::SigningKey;
use crate::store::{Result, Store};

/// Between two tries to record what is left.
const SETTLE_PAUSE: Duration = Duration::from_secs(2);

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
    /// Nothing is due, or what is due has to wait until `next`: for the end of quiet hours, or of the pause of a domain.
    /// `next` may have passed where another process holds what is left.
    Idle { next: Option<DateTime<Utc>> },
    /// The relay does not answer or will not have us: come back later. Nothing is claimed while it is so; what had been
    /// claimed before is deferred.
    Unreachable { reason: String },
    /// Stopped on request, or retired.
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
    lanes: Arc<Lanes>,
    tally: watch::Sender<Tally>,
    relay: relay::Counters,
    /// How many connections the relay lets us have, as far as we know.
    allowed: AtomicUsize,
    streaks: Streaks,
    unfinished: Arc<Mutex<Unfinished>>,
    retired: CancellationToken,
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
            lanes: Lanes::new(&mail),
            tally: watch::Sender::default(),
            relay: relay::Counters::default(),
            streaks: Streaks::default(),
            unfinished: Arc::default(),
            retired: CancellationToken::new(),
            store,
            mailer,
            mail,
            key,
            house,
            clock,
        })
    }

    /// The issues that the relay refuses as a whole: they wait for the operator.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn held_by_relay(&self) -> Result<Vec<Issue>> {
        let mut held = self.store.held_issues().await?;
        held.retain(|issue| issue.hold == Some(Hold::Relay));
        Ok(held)
    }

    /// The running total since this value was made, for a progress bar and metrics.
    pub fn tally(&self) -> watch::Receiver<Tally> {
        self.tally.subscribe()
    }

    /// Takes the place of another one: what is counted since the start goes on, what it could not finish is ours, and domains
    /// that it left alone are left alone.
    pub fn count_on(&mut self, before: &Self) {
        (self.tally, self.relay) = (before.tally.clone(), before.relay.clone());
        self.unfinished = Arc::clone(&before.unfinished);
        self.lanes.go_on_from(&before.lanes);
    }

    /// The connections there are and were.
    pub fn relay(&self) -> Relay {
        self.relay.read()
    }

    /// Tries for so long to tell the store what it could not be told.
    pub async fn settle_within(&self, patience: Duration) {
        let until = Instant::now() + patience;
        while self.settle_unfinished().await.is_err() && Instant::now() < until {
            tokio::time::sleep(SETTLE_PAUSE).await;
        }
    }

    /// How many answers were heard and not recorded. If it stays so, their mails are in doubt at the next start.
    pub fn unrecorded(&self) -> usize {
        self.unfinished().outcomes.len()
    }

    /// Another one takes its place: no further mail is begun, and the answers to those under way are awaited for as long as
    /// ever.
    pub fn retire(&self) {
        self.retired.cancel();
    }

    /// How many domains take no more for now.
    pub fn paused_domains(&self) -> usize {
        self.lanes.paused((self.clock)()).len()
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
            let step = if self.retired.is_cancelled() { Step::Cancelled } else { self.step(cancel).await? };
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
        let next = self.next_due(now).await?;
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
        self.streaks.begin_anew();
        let round = Arc::new(Round::new(self.first_claims(now).await?, cancel.clone()));
        if round.waiting() == 0 {
            first.connection.close().await;
            return Ok(Step::Idle { next });
        }
        self.work(&round, first).await;
        self.finish(&round).await
    }
}

/// A connection and whether it has carried anything yet.
struct Way {
    connection: Connection,
    fresh: bool,
    _open: relay::Open,
}

/// What a report that comes back names.
fn about(claim: &Claim) -> About {
    match claim.carries {
        Carries::Issue { issue, subscription, .. } => About::Delivery { issue, subscription },
        Carries::Letter { .. } => About::Letter(claim.delivery),
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
