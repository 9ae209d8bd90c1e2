//! One worker: takes claims one by one and carries each through on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::round::{Job, Round};
use super::{Outbox, Way, about};
use crate::delivery::bounce::verp;
use crate::delivery::dkim;
use crate::delivery::mailer::{Answer, Connection};
use crate::delivery::message::{self, Sender};
use crate::model::delivery::{Carries, Claim, Outcome};
use crate::store::Result;

/// How long the answer to a message that is handed over is awaited once a stop was asked for.
const GRACE: Duration = Duration::from_secs(30);

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

pub(super) async fn run(outbox: Arc<Outbox>, round: Arc<Round>, number: usize, way: Option<Way>) {
    if let Err(error) = drain(&outbox, &round, number, way).await {
        round.fail(error);
    }
}

async fn drain(outbox: &Outbox, round: &Round, number: usize, mut way: Option<Way>) -> Result<()> {
    let mut lost = 0;
    // the ticket is over when what it is for is recorded
    while let Some((job, _ticket)) = outbox.next_job(round).await? {
        let Some(mut current) = outbox.way_for(round, way.take()).await else {
            round.put_back(job);
            return Ok(());
        };
        round.take_in_hand(number, &job, false);
        let in_hand = outbox.store.take_in_hand(&job.claim);
        let next = outbox.carry(round, number, &mut current, job).await;
        drop(in_hand);
        round.out_of_hand(number);
        match next? {
            Next::Again => {
                lost = 0;
                way = current.connection.is_usable().then_some(Way { fresh: false, ..current });
            }
            Next::Reconnect => {}
            Next::Lost(reason) => {
                lost += 1;
                if lost == LOST_IN_A_ROW {
                    round.lose(reason);
                    return Ok(());
                }
            }
            Next::End => return Ok(()),
        }
    }
    if let Some(way) = way {
        way.connection.close().await;
    }
    Ok(())
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
            () = self.retired.cancelled() => None,
            way = ready => match way {
                Ok(way) => Some(way),
                Err(Answer::Unwelcome(reason)) => {
                    round.stop(reason);
                    None
                }
                Err(answer) => {
                    round.count_unopened();
                    round.give_up(answer.to_string());
                    None
                }
            },
        }
    }

    /// Carries one claim as far as it goes.
    async fn carry(&self, round: &Round, number: usize, way: &mut Way, job: Job) -> Result<Next> {
        let mail = match self.build(&job).await {
            Ok(mail) => mail,
            Err(reason) => {
                tracing::error!(delivery = job.claim.delivery, reason, "a mail could not be built");
                self.record(round, &job.claim, &Outcome::Deferred { reason }).await?;
                return Ok(Next::Again);
            }
        };
        if let Some(reason) = too_large(&way.connection, &mail) {
            return self.not_for_this_relay(round, job, reason).await;
        }
        let from = verp::return_path(&self.mail, &self.key, about(&job.claim));
        let answer = tokio::select! {
            biased;
            () = round.cancel.cancelled() => {
                round.put_back(job);
                return Ok(Next::End);
            }
            answer = way.connection.envelope(&from, &job.claim.address) => answer,
        };
        match answer {
            Ok(()) => self.hand_over(round, number, &mut way.connection, job, &mail).await,
            Err(answer) => self.not_taken(round, way.fresh, job, answer).await,
        }
    }

    /// An issue the relay says it cannot take is held before anybody's mail is tried; a letter is refused.
    async fn not_for_this_relay(&self, round: &Round, job: Job, reason: String) -> Result<Next> {
        match job.claim.issue() {
            Some(issue) => {
                self.hold(round, issue, &reason).await?;
                round.put_back(job);
            }
            None => self.record(round, &job.claim, &Outcome::Refused { reason }).await?,
        }
        Ok(Next::Again)
    }

    /// The whole mail, signed where it is to be.
    async fn build(&self, Job { claim, texts, .. }: &Job) -> std::result::Result<Vec<u8>, String> {
        let sender = |masthead| Sender { masthead, key: &self.key };
        let (built, at) = match &claim.carries {
            Carries::Issue { issue, .. } => {
                let issue = texts.issues.get(issue).ok_or("the issue is not in the store")?;
                let masthead = issue.masthead.as_ref().unwrap_or(&self.house);
                (message::build(&sender(masthead), issue, claim), issue.frozen_at)
            }
            Carries::Letter { text, written, .. } => {
                let text = texts.letters.get(text).ok_or("the letter is not in the store")?;
                (message::letter(&sender(&self.house), text, claim), *written)
            }
        };
        self.sign(built.map_err(|error| error.to_string())?, at).await
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

    async fn not_taken(&self, round: &Round, fresh: bool, job: Job, answer: Answer) -> Result<Next> {
        let (outcome, next) = match answer {
            Answer::Deferred(reason) => (Outcome::Deferred { reason }, Next::Again),
            Answer::Refused(reason) => (Outcome::Refused { reason }, Next::Again),
            Answer::Lost(reason) if fresh => (Outcome::Deferred { reason: reason.clone() }, Next::Lost(reason)),
            // perhaps another connection is better off
            Answer::NotNow(reason) => {
                round.put_back(job);
                return Ok(Next::Lost(reason));
            }
            // a relay may close a connection that has carried enough
            Answer::Lost(_) => {
                round.put_back(job);
                return Ok(Next::Reconnect);
            }
            Answer::Unwelcome(reason) => {
                round.put_back(job);
                round.stop(reason);
                return Ok(Next::End);
            }
        };
        self.record(round, &job.claim, &outcome).await?;
        Ok(next)
    }

    /// The envelope is taken: commits `sending`, hands the message over, records the answer.
    async fn hand_over(
        &self,
        round: &Round,
        number: usize,
        connection: &mut Connection,
        job: Job,
        mail: &[u8],
    ) -> Result<Next> {
        if round.cancel.is_cancelled() {
            round.put_back(job);
            return Ok(Next::End);
        }
        let now = (self.clock)();
        let longest = self.mailer.longest_transmission();
        if !job.lease.lasts(now, longest) || !self.begin_sending(&job.claim, now).await? {
            self.tally.send_modify(|tally| tally.skipped += 1);
            connection.forget_envelope().await;
            return Ok(Next::Again);
        }
        round.take_in_hand(number, &job, true);
        let (lease, clock, longest) = (Arc::clone(&job.lease), Arc::clone(&self.clock), self.mailer.longest_answer());
        let may_still = Arc::new(move || lease.lasts(clock(), longest));
        let outcome = tokio::select! {
            biased;
            outcome = connection.transmit_while(mail, may_still) => Some(outcome),
            () = stopped(round) => None,
        };
        let next = if outcome.is_some() { Next::Again } else { Next::End };
        let outcome = outcome.unwrap_or_else(|| cut_short(connection));
        self.record(round, &job.claim, &outcome).await?;
        Ok(next)
    }

    /// Where the store fails nobody knows whether the mark was made; what was not marked is given back.
    async fn begin_sending(&self, claim: &Claim, now: DateTime<Utc>) -> Result<bool> {
        let begun = self.store.begin_sending(claim, now).await;
        if begun.is_err() {
            self.unfinished().claims.push(claim.clone());
        }
        begun
    }
}

fn too_large(connection: &Connection, mail: &[u8]) -> Option<String> {
    let most = connection.most_octets().filter(|most| mail.len() as u64 > *most)?;
    Some(format!("the relay takes mails of {most} octets at most, this one has {}", mail.len()))
}

async fn stopped(round: &Round) {
    round.cancel.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

fn cut_short(connection: &Connection) -> Outcome {
    let reason = "stopped before the relay answered".to_owned();
    if connection.may_have_delivered() { Outcome::Doubt { reason } } else { Outcome::Deferred { reason } }
}
