//! How an attempt ended: told to the store, and to those who watch for relays, domains and issues in trouble.

use std::time::Duration;

use super::round::Round;
use super::{Outbox, about};
use crate::model::bounce::{Bounced, NewBounce, Status};
use crate::model::delivery::{Claim, Outcome};
use crate::model::destination::Reaction;
use crate::model::issue::Hold;
use crate::store::{Result, StoreError};

/// How often an outcome is recorded anew where the store is busy: an answer that was heard should not end as a doubt.
const RECORD_TRIES: u32 = 5;

impl Outbox {
    /// Where the store fails, what was heard is kept, to be recorded as soon as it can be.
    pub(super) async fn record(&self, round: &Round, claim: &Claim, outcome: &Outcome) -> Result<()> {
        let outcome = &outcome.without(&claim.address);
        self.note_reaction(round, claim, outcome);
        let mut tries = 1;
        loop {
            match self.store.record_outcome(claim, outcome, (self.clock)()).await {
                Err(StoreError::Busy(_)) if tries < RECORD_TRIES => {
                    tokio::time::sleep(Duration::from_millis(100) * tries).await;
                    tries += 1;
                }
                Err(error) => {
                    self.unfinished().outcomes.push((claim.clone(), outcome.clone()));
                    return Err(error);
                }
                Ok(()) => break,
            }
        }
        if let Outcome::Refused { reason } = outcome {
            self.count_refusal(claim, reason).await?;
        }
        // a doubt of our own making says nothing of the relay
        let is_cut = round.cancel.is_cancelled() && matches!(outcome, Outcome::Doubt { .. });
        tracing::debug!(delivery = claim.delivery, subscriber = claim.subscriber, ?outcome, "an attempt ended");
        self.tally.send_modify(|tally| tally.count(outcome));
        let too_many = if is_cut { None } else { self.streaks.note(claim, outcome) };
        if let (Some(refused), Some(issue), Some(reason)) = (too_many, claim.issue(), outcome.reason()) {
            self.hold(round, issue, reason).await?;
            self.store.take_back_refusals(&refused, (self.clock)()).await?;
        }
        Ok(())
    }

    /// A relay that refuses an address says the same as a report that comes back later.
    async fn count_refusal(&self, claim: &Claim, reason: &str) -> Result<()> {
        let Some(status) = Status::find(reason) else { return Ok(()) };
        let about = about(claim);
        let report = format!("refused {about:?} {}", claim.epoch);
        let bounce = NewBounce { report, about, kind: status.kind(), status: Some(status) };
        if self.store.record_bounce(&bounce, (self.clock)()).await? == Bounced::DomainBroken {
            let domain = claim.address.domain();
            if self.lanes.tell_broken(domain) {
                tracing::warn!(domain, "most readers of a domain bounce: none of them is suppressed");
            }
        }
        Ok(())
    }

    /// A domain that takes no more for now waits, and so does all where that is the relay's answer to everything.
    fn note_reaction(&self, round: &Round, claim: &Claim, outcome: &Outcome) {
        let domain = claim.address.domain();
        let news = self.lanes.note(domain, Reaction::of(outcome), (self.clock)());
        let Outcome::Deferred { reason } = outcome else { return };
        if let Some(until) = news.paused_until {
            let until = until.format("%FT%TZ");
            tracing::warn!(domain, %until, reason, "a domain takes no more for now");
        }
        if news.everywhere {
            round.stop(reason.clone());
        }
    }

    /// Nothing more of this issue goes out until the operator says so. Said once.
    pub(super) async fn hold(&self, round: &Round, issue: i64, reason: &str) -> Result<()> {
        round.hold(issue);
        if self.store.hold_issue(issue, Hold::Relay, Some(reason)).await? {
            let held = self.store.held_issues().await?.into_iter().find(|held| held.id == issue);
            let (newsletter, number) = held.map(|held| (held.newsletter, held.number.unwrap_or_default())).unzip();
            tracing::error!(
                newsletter,
                number,
                reason,
                "the relay does not take this issue, so it is held: see `crieur issues`"
            );
        }
        Ok(())
    }
}
