//! What is carried next: claims from the store, without what has to wait.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::lanes::{AT_HAND, LOOK, Ticket};
use super::lease::{Lease, wall};
use super::queue::Pick;
use super::round::{Job, Round, Texts};
use super::{Outbox, Unfinished};
use crate::model::delivery::{Carries, Claim, Withheld};
use crate::store::Result;

/// Claims a connection gets in one step; a crash frees them, so only the lease bounds their number.
const BATCH_PER_CONNECTION: usize = 25;

/// With a rate, no more is claimed than leaves in this many minutes.
const BATCH_MINUTES: usize = 10;

/// How many batches one look for mails to other domains brings: most of them may go to a few.
const BATCHES_BEYOND: u32 = 10;

impl Outbox {
    /// How long a claim is ours, and again whenever it is renewed: three times as long as the slowest relay may take to answer
    /// (an hour with the deadlines of RFC 5321). Nothing is handed over unless that answer would come within the lease, so a
    /// second sender can never meet the first.
    pub(super) fn lease(&self) -> Duration {
        self.mailer.longest_transmission() * 3
    }

    /// What has to wait now although it is due.
    fn withheld(&self, now: DateTime<Utc>) -> Withheld {
        let domains = self.lanes.paused(now).into_keys().collect();
        Withheld { issues: self.quiet_until(now).is_some(), domains, beyond: None }
    }

    /// When quiet hours end, where it is quiet.
    pub fn quiet_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.mail.quiet_hours.and_then(|hours| hours.until(now))
    }

    /// The first instant at which something may be due that need not wait.
    pub(super) async fn next_due(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let withheld = self.withheld(now);
        let free = self.store.next_due_without(&withheld).await?;
        let ends = self.lanes.paused(now).into_values().chain(self.quiet_until(now));
        let Some(end) = ends.min() else { return Ok(free) };
        let all = self.store.next_due().await?;
        Ok(free.into_iter().chain(all.map(|at| at.max(end))).min())
    }

    /// Claims what is due beside what has to wait and what goes to these domains.
    pub(super) async fn claim(&self, now: DateTime<Utc>, withheld: &Withheld, most: u32) -> Result<Vec<Job>> {
        let lease = Arc::new(Lease::new(now, self.lease()));
        let claims = self.store.claim_without(withheld, now, wall(now, self.lease()), most).await?;
        let texts = match self.texts(&claims).await {
            Ok(texts) => Arc::new(texts),
            Err(error) => {
                self.unfinished().claims.extend(claims);
                return Err(error);
            }
        };
        let job = |claim| Job { claim, lease: Arc::clone(&lease), texts: Arc::clone(&texts) };
        Ok(claims.into_iter().map(job).collect())
    }

    pub(super) async fn first_claims(&self, now: DateTime<Utc>) -> Result<Vec<Job>> {
        self.claim(now, &self.withheld(now), self.batch()).await
    }

    /// The next mail to carry, from the store where nothing else is left. `None` where this round is over.
    pub(super) async fn next_job(&self, round: &Round) -> Result<Option<(Job, Ticket)>> {
        loop {
            if self.retired.is_cancelled() {
                return Ok(None);
            }
            let mut freed = pin!(self.lanes.freed());
            freed.as_mut().enable();
            let until = match self.pick(round).await? {
                Pick::Found(job, ticket) => return Ok(Some((job, ticket))),
                Pick::Nothing => return Ok(None),
                Pick::Wait(until) => until,
            };
            // as often as others are looked for
            let latest = Instant::now() + LOOK;
            tokio::select! {
                () = round.cancel.cancelled() => return Ok(None),
                () = self.retired.cancelled() => return Ok(None),
                () = freed => {}
                () = tokio::time::sleep_until(until.map_or(latest, |until| until.min(latest))) => {}
            }
        }
    }

    async fn pick(&self, round: &Round) -> Result<Pick<Job>> {
        let now = (self.clock)();
        let withheld = self.withheld(now);
        self.give_back(round.take(&withheld)).await?;
        let found = self.next(round, now);
        if matches!(found, Pick::Found(..)) || round.is_over() {
            return Ok(found);
        }
        let _one_at_a_time = round.refilling.lock().await;
        match self.next(round, now) {
            Pick::Nothing if !round.is_over() && !round.is_dry() => {
                round.refill(self.claim(now, &withheld, self.batch()).await?);
                Ok(self.next(round, now))
            }
            // none of those in the queue may begin: somebody else's may
            Pick::Wait(until) => match round.look_beyond(&self.lanes) {
                Some(domains) => {
                    let mut withheld = withheld;
                    withheld.domains.extend(domains);
                    withheld.beyond = Some(AT_HAND);
                    let most = self.batch().saturating_mul(BATCHES_BEYOND);
                    let others = self.claim(now, &withheld, most).await?;
                    if others.is_empty() {
                        return Ok(Pick::Wait(until));
                    }
                    self.give_back(round.add(others, &self.lanes)).await?;
                    Ok(self.next(round, now))
                }
                None => Ok(Pick::Wait(until)),
            },
            found => Ok(found),
        }
    }

    fn next(&self, round: &Round, now: DateTime<Utc>) -> Pick<Job> {
        if round.is_over() { Pick::Nothing } else { round.next(&self.lanes, now) }
    }

    /// Where the store fails it is tried again with whatever else it could not be told.
    async fn give_back(&self, claims: Vec<Claim>) -> Result<()> {
        if claims.is_empty() {
            return Ok(());
        }
        let given_back = self.store.give_back(&claims).await;
        if given_back.is_err() {
            self.unfinished().claims.extend(claims);
        }
        given_back
    }

    /// Tells the store what it could not be told before.
    pub(super) async fn settle_unfinished(&self) -> Result<()> {
        loop {
            let Some((claim, outcome)) = self.unfinished().outcomes.pop() else { break };
            if let Err(error) = self.store.record_outcome(&claim, &outcome, (self.clock)()).await {
                self.unfinished().outcomes.push((claim, outcome));
                return Err(error);
            }
        }
        let claims = std::mem::take(&mut self.unfinished().claims);
        self.give_back(claims).await
    }

    pub(super) fn unfinished(&self) -> std::sync::MutexGuard<'_, Unfinished> {
        self.unfinished.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
}
