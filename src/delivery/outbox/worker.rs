//! One worker: takes claims one by one and carries each through on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Outbox, Round, Way};
use crate::delivery::bounce::verp;
use crate::delivery::dkim;
use crate::delivery::mailer::{Answer, Connection};
use crate::delivery::message::{self, Sender};
use crate::model::bounce::{About, NewBounce, Status};
use crate::model::delivery::{Claim, Outcome};
use crate::store::{Result, StoreError};

/// How long the answer to a message that is handed over is awaited once a stop was asked for.
const GRACE: Duration = Duration::from_secs(30);

/// How often an outcome is recorded anew where the store is busy: an answer that was heard should not end as a doubt.
const RECORD_TRIES: u32 = 5;

/// What follows a claim.
enum Next {
    /// The same connection carries the next one.
    Again,
    /// Another connection has to.
    Reconnect,
    /// Another connection has to, though this one was new.
    Lost(String),
    /// Nothing more from this worker.
    End,
}

/// How many new connections in a row may be lost at the envelope before a worker gives up. One may be lost because of one
/// recipient; so many are lost because of the relay.
const LOST_IN_A_ROW: u32 = 3;

pub(super) async fn run(outbox: Arc<Outbox>, round: Arc<Round>, mut way: Option<Way>) {
    let mut lost = 0;
    while let Some(claim) = round.next() {
        let Some(mut current) = outbox.way_for(&round, way.take()).await else {
            round.put_back(claim);
            return;
        };
        match outbox.carry(&round, &mut current, claim).await {
            Ok(Next::Again) => {
                lost = 0;
                way = current.connection.is_usable().then_some(Way { fresh: false, ..current });
            }
            Ok(Next::Reconnect) => {}
            Ok(Next::Lost(reason)) => {
                lost += 1;
                if lost == LOST_IN_A_ROW {
                    round.give_up(reason);
                    return;
                }
            }
            Ok(Next::End) => return,
            Err(error) => {
                round.fail(error);
                return;
            }
        }
    }
    if let Some(way) = way {
        way.connection.close().await;
    }
}

impl Outbox {
    /// Waits for the pace and sees to a connection; `None` where this worker has to stop.
    async fn way_for(&self, round: &Round, way: Option<Way>) -> Option<Way> {
        let ready = async {
            self.pace.wait().await;
            match way {
                Some(way) => Ok(way),
                None => self.connect().await,
            }
        };
        tokio::select! {
            biased;
            () = round.cancel.cancelled() => None,
            way = ready => match way {
                Ok(way) => Some(way),
                Err(Answer::Unwelcome(reason)) => {
                    round.stop(reason);
                    None
                }
                Err(answer) => {
                    round.give_up(answer.to_string());
                    None
                }
            },
        }
    }

    /// Carries one claim as far as it goes.
    async fn carry(&self, round: &Round, way: &mut Way, claim: Claim) -> Result<Next> {
        let mail = match self.build(round, &claim).await {
            Ok(mail) => mail,
            Err(reason) => {
                tracing::error!(delivery = claim.delivery, reason, "a mail could not be built");
                self.record(&claim, &Outcome::Deferred { reason }).await?;
                return Ok(Next::Again);
            }
        };
        let from = verp::return_path(&self.mail, &self.key, claim.issue, claim.subscription);
        let answer = tokio::select! {
            biased;
            () = round.cancel.cancelled() => {
                round.put_back(claim);
                return Ok(Next::End);
            }
            answer = way.connection.envelope(&from, &claim.address) => answer,
        };
        match answer {
            Ok(()) => self.hand_over(round, &mut way.connection, claim, &mail).await,
            Err(answer) => self.not_taken(round, way.fresh, claim, answer).await,
        }
    }

    /// The whole mail, signed where it is to be.
    async fn build(&self, round: &Round, claim: &Claim) -> std::result::Result<Vec<u8>, String> {
        let issue = round.issues.get(&claim.issue).ok_or("the issue is not in the store")?;
        let title = self.titles.get(&issue.newsletter).unwrap_or(&self.site.title);
        let sender = Sender { site: &self.site, mail: &self.mail, key: &self.key, title };
        let mail = message::build(&sender, issue, claim).map_err(|error| error.to_string())?;
        self.sign(mail, issue.frozen_at).await
    }

    /// RSA takes about a millisecond: not on the threads that keep all connections going.
    async fn sign(&self, mail: Vec<u8>, at: DateTime<Utc>) -> std::result::Result<Vec<u8>, String> {
        if self.mail.dkim.is_empty() {
            return Ok(mail);
        }
        let keys = self.mail.dkim.clone();
        let signing = tokio::task::spawn_blocking(move || dkim::signed(&mail, &keys, at));
        signing.await.unwrap_or_else(|_| Err("signing failed".to_owned()))
    }

    async fn not_taken(&self, round: &Round, fresh: bool, claim: Claim, answer: Answer) -> Result<Next> {
        let (outcome, next) = match answer {
            Answer::Deferred(reason) => (Outcome::Deferred { reason }, Next::Again),
            Answer::Refused(reason) => (Outcome::Refused { reason }, Next::Again),
            Answer::Lost(reason) if fresh => (Outcome::Deferred { reason: reason.clone() }, Next::Lost(reason)),
            // a relay may close a connection that has carried enough
            Answer::Lost(_) => {
                round.put_back(claim);
                return Ok(Next::Reconnect);
            }
            Answer::Unwelcome(reason) => {
                round.put_back(claim);
                round.stop(reason);
                return Ok(Next::End);
            }
        };
        self.record(&claim, &outcome).await?;
        Ok(next)
    }

    /// The envelope is taken: commits `sending`, hands the message over, records the answer.
    async fn hand_over(&self, round: &Round, connection: &mut Connection, claim: Claim, mail: &[u8]) -> Result<Next> {
        if round.cancel.is_cancelled() {
            round.put_back(claim);
            return Ok(Next::End);
        }
        let now = (self.clock)();
        let longest = TimeDelta::from_std(self.mailer.longest_transmission()).unwrap_or(super::LEASE);
        if now + longest > round.lease_until || !self.store.begin_sending(&claim, now).await? {
            self.tally.send_modify(|tally| tally.skipped += 1);
            connection.forget_envelope().await;
            return Ok(Next::Again);
        }
        let outcome = tokio::select! {
            biased;
            outcome = connection.transmit(mail) => Some(outcome),
            () = stopped(round) => None,
        };
        let next = if outcome.is_some() { Next::Again } else { Next::End };
        let outcome = outcome.unwrap_or_else(|| cut_short(connection));
        self.record(&claim, &outcome).await?;
        Ok(next)
    }

    pub(super) async fn record(&self, claim: &Claim, outcome: &Outcome) -> Result<()> {
        let outcome = &outcome.without(&claim.address);
        let mut tries = 1;
        loop {
            match self.store.record_outcome(claim, outcome, (self.clock)()).await {
                Err(StoreError::Busy(_)) if tries < RECORD_TRIES => {
                    tokio::time::sleep(Duration::from_millis(100) * tries).await;
                    tries += 1;
                }
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        if let Outcome::Refused { reason } = outcome {
            self.count_refusal(claim, reason).await?;
        }
        tracing::debug!(delivery = claim.delivery, subscription = claim.subscription, ?outcome, "an attempt ended");
        self.tally.send_modify(|tally| tally.count(outcome));
        Ok(())
    }
}

impl Outbox {
    /// A relay that refuses an address says the same as a report that comes back later.
    async fn count_refusal(&self, claim: &Claim, reason: &str) -> Result<()> {
        let Some(status) = Status::find(reason) else { return Ok(()) };
        let about = About::Delivery { issue: claim.issue, subscription: claim.subscription };
        let report = format!("refused {} {}", claim.delivery, claim.epoch);
        let bounce = NewBounce { report, about, kind: status.kind(), status: Some(status) };
        self.store.record_bounce(&bounce, (self.clock)()).await.map(drop)
    }
}

async fn stopped(round: &Round) {
    round.cancel.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

fn cut_short(connection: &Connection) -> Outcome {
    let reason = "stopped before the relay answered".to_owned();
    if connection.may_have_delivered() { Outcome::Doubt { reason } } else { Outcome::Deferred { reason } }
}
