//! The sentences of the trait, in its order. Each is said in full in the file of its chapter.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};

use super::attempts::Mark;
use super::wiping::Tries;
use super::{
    SqliteStore, archive, attempts, audiences, bounces, doubts, erasing, erasures, figures, holds, imports, issues,
    keys, ledger, letters, memory, open, outbox, pauses, records, signup, subscribers, suppression, turns, wiping,
    wishes,
};
use crate::model::archive::Archive;
use crate::model::bounce::{Bounced, NewBounce};
use crate::model::delivery::{Claim, Doubt, Outcome, Resolution, Withheld};
use crate::model::issue::{Audience, FrozenIssue, Hold, Issue, IssueItem, IssueState, NewIssue};
use crate::model::letter::LetterText;
use crate::model::pause::{Cause, Pause};
use crate::model::reminder::{About, Reminder, Reminders};
use crate::model::revision::{Ledger, LedgerEntry};
use crate::model::selection::Told;
use crate::model::signup::{Choice, Confirmation, Known, NewSignup, SignedUp, Signup, Wish};
use crate::model::status::{DeliveryQuarter, ReaderQuarter, Reason};
use crate::model::subscriber::{Erased, Retained, SubscriberRecord};
use crate::model::subscription::{Added, EmailAddress, NewSubscription, Subscription, SubscriptionStatus};
use crate::model::token::SigningKey;
use crate::store::{Charge, DeliveryCounts, Freeze, InHand, LastPublish, Listed, Result, Store};

#[async_trait]
impl Store for SqliteStore {
    fn can_be_relied_upon(&self) -> Result<()> {
        self.lost.get().map_or(Ok(()), |reason| Err(self.unusable(reason.clone())))
    }

    async fn take_charge(&self, now: DateTime<Utc>) -> Result<Option<Charge>> {
        self.take_over(now).await
    }

    async fn who_is_in_charge(&self) -> Result<Option<String>> {
        Ok(open::in_charge(&self.path))
    }

    async fn pauses(&self) -> Result<Vec<Pause>> {
        self.explained(pauses::all(&self.readers).await)
    }

    async fn pause(&self, cause: Cause, reason: &str) -> Result<bool> {
        self.explained(pauses::begin_pause(&self.writer, cause, reason).await)
    }

    async fn end_pause(&self, cause: Cause, now: DateTime<Utc>) -> Result<bool> {
        // first: what is ended and not accepted would begin again
        self.explained(self.epoch.accept(&self.writer, now).await)?;
        self.explained(pauses::end_pause(&self.writer, cause).await)
    }

    async fn end_pause_of_a_clock_behind(&self, now: DateTime<Utc>) -> Result<bool> {
        self.trust_the_clock_again(now).await
    }

    async fn signing_key(&self, fresh: SigningKey) -> Result<SigningKey> {
        self.explained(keys::keep(&self.writer, &fresh).await)?;
        self.key().await
    }

    async fn ledger(&self) -> Result<Ledger> {
        self.explained(ledger::entries(&self.readers).await)
    }

    async fn ledger_since(&self, known: i64) -> Result<(i64, Vec<LedgerEntry>)> {
        self.explained(ledger::entries_since(&self.readers, known).await)
    }

    async fn take_note(&self, entries: &[LedgerEntry]) -> Result<()> {
        self.explained(ledger::take_note(&self.writer, entries).await)
    }

    async fn last_good(&self) -> Result<HashMap<String, String>> {
        self.explained(ledger::last_good(&self.readers).await)
    }

    async fn last_good_bytes(&self, paths: &BTreeSet<String>) -> Result<HashMap<String, Vec<u8>>> {
        self.explained(ledger::last_good_bytes(&self.readers, paths).await)
    }

    async fn keep_last_good(&self, good: &[(String, Vec<u8>)], gone: &[String]) -> Result<()> {
        self.explained(ledger::keep_last_good(&self.writer, good, gone).await)
    }

    async fn record_publish(&self, publish: &LastPublish) -> Result<()> {
        self.explained(ledger::record_publish(&self.writer, publish).await)
    }

    async fn last_publish(&self) -> Result<Option<LastPublish>> {
        self.explained(ledger::last_publish(&self.readers).await)
    }

    async fn reminders(&self, about: About, maker: &str, after: &str, limit: u32) -> Result<Vec<Reminder>> {
        self.explained(memory::reminders(&self.readers, about, maker, after, limit).await)
    }

    async fn remember(&self, about: About, maker: &str, reminders: &Reminders) -> Result<()> {
        self.explained(memory::remember(&self.writer, about, maker, reminders).await)
    }

    async fn archive_digests(&self) -> Result<BTreeMap<u32, String>> {
        self.explained(archive::digests(&self.readers).await)
    }

    async fn archive(&self, number: u32) -> Result<Option<Archive>> {
        self.explained(archive::one(&self.readers, number).await)
    }

    async fn keep_archives(&self, archives: &[Archive]) -> Result<()> {
        self.explained(archive::keep(&self.writer, archives).await)
    }

    async fn told_hub(&self, hub: &str) -> Result<HashMap<String, String>> {
        self.explained(archive::told_hub(&self.readers, hub).await)
    }

    async fn record_told_hub(&self, hub: &str, topic: &str, etag: &str) -> Result<()> {
        self.explained(archive::record_told_hub(&self.writer, hub, topic, etag).await)
    }

    async fn add_subscriptions(
        &self,
        new: &[NewSubscription],
        bring_back: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Added>> {
        self.explained(subscribers::add(&self.writer, &self.key().await?, new, bring_back, now).await)
    }

    async fn subscriptions(&self, newsletter: Option<&str>, after: i64, limit: u32) -> Result<Vec<Subscription>> {
        self.explained(subscribers::page(&self.readers, newsletter, after, limit).await)
    }

    async fn subscription(&self, id: i64) -> Result<Option<Subscription>> {
        self.explained(subscribers::one(&self.readers, id).await)
    }

    async fn unsubscribe(&self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        self.unsubscribe_or_note(id, now).await
    }

    async fn subscription_counts(&self, newsletter: &str) -> Result<HashMap<SubscriptionStatus, u64>> {
        self.explained(subscribers::count_by_status(&self.readers, newsletter).await)
    }

    async fn readers(&self, newsletter: &str) -> Result<BTreeMap<Audience, u64>> {
        self.explained(audiences::audiences(&self.readers, newsletter).await)
    }

    async fn suppress(&self, address: &EmailAddress, reason: &str, now: DateTime<Utc>) -> Result<()> {
        self.explained(suppression::add(&self.writer, &self.key().await?, address, reason, now).await)
    }

    async fn suppression_count(&self) -> Result<u64> {
        self.explained(suppression::count(&self.readers).await)
    }

    async fn note_wish(&self, wish: &Wish, now: DateTime<Utc>) -> Result<bool> {
        self.explained(wishes::note(&self.writer, wish, now).await)
    }

    async fn wish_after(&self, after: i64) -> Result<Option<(i64, Wish)>> {
        self.explained(wishes::after(&self.readers, after).await)
    }

    async fn known(&self, address: &EmailAddress) -> Result<Known> {
        self.explained(signup::known(&self.readers, address).await)
    }

    async fn sign_up(&self, new: &NewSignup, now: DateTime<Utc>) -> Result<SignedUp> {
        self.explained(signup::sign_up(&self.writer, &self.key().await?, new, now).await)
    }

    async fn signup(&self, id: i64) -> Result<Option<Signup>> {
        self.explained(signup::one(&self.readers, id).await)
    }

    async fn confirm(&self, signup: i64, now: DateTime<Utc>) -> Result<Confirmation> {
        self.explained(signup::confirm(&self.writer, &self.key().await?, signup, now).await)
    }

    async fn forget_expired_signups(&self, now: DateTime<Utc>) -> Result<u64> {
        self.explained(signup::forget_expired(&self.writer, now).await)
    }

    async fn subscriptions_of(&self, subscriber: i64) -> Result<Vec<Subscription>> {
        self.explained(subscribers::of_subscriber(&self.readers, subscriber).await)
    }

    async fn change_preferences(
        &self,
        subscriber: i64,
        lang: &str,
        kept: &[Choice],
        ended: &[String],
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.explained(signup::change_preferences(&self.writer, subscriber, lang, kept, ended, now).await)
    }

    async fn wording(&self, hash: &str) -> Result<Option<String>> {
        self.explained(signup::wording(&self.readers, hash).await)
    }

    async fn letter_text(&self, hash: &str) -> Result<Option<LetterText>> {
        self.explained(letters::text(&self.readers, hash).await)
    }

    async fn letter_counts(&self) -> Result<DeliveryCounts> {
        self.explained(letters::count_by_state(&self.readers).await)
    }

    async fn issue(&self, newsletter: &str, slot: NaiveDateTime) -> Result<Option<Issue>> {
        self.explained(issues::one(&self.readers, newsletter, slot).await)
    }

    async fn issues(&self, newsletter: &str, limit: u32) -> Result<Vec<Issue>> {
        self.explained(issues::latest(&self.readers, newsletter, limit).await)
    }

    async fn slot_before(&self, newsletter: &str, slot: NaiveDateTime) -> Result<Option<NaiveDateTime>> {
        self.explained(issues::before(&self.readers, newsletter, slot).await)
    }

    async fn was_overtaken(
        &self,
        newsletter: &str,
        slot: NaiveDateTime,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        self.explained(issues::was_overtaken(&self.readers, newsletter, slot, since, until).await)
    }

    async fn told(&self, newsletter: &str) -> Result<Option<Told>> {
        self.explained(issues::told(&self.readers, newsletter).await)
    }

    async fn next_number(&self, newsletter: &str) -> Result<u32> {
        self.explained(issues::next_number(&self.readers, newsletter).await)
    }

    async fn freeze(&self, issue: &NewIssue) -> Result<Freeze> {
        self.explained(issues::freeze(&self.writer, issue).await)
    }

    async fn close_slot(
        &self,
        newsletter: &str,
        slot: NaiveDateTime,
        state: IssueState,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.explained(issues::close_slot(&self.writer, newsletter, slot, state, now).await)
    }

    async fn frozen_issue(&self, issue: i64) -> Result<Option<FrozenIssue>> {
        self.explained(issues::frozen(&self.readers, issue).await)
    }

    async fn issue_numbered(&self, newsletter: &str, number: u32) -> Result<Option<Issue>> {
        self.explained(issues::numbered(&self.readers, newsletter, number).await)
    }

    async fn issue_items(&self, issue: i64) -> Result<Vec<IssueItem>> {
        self.explained(issues::items(&self.readers, issue).await)
    }

    async fn held_issues(&self) -> Result<Vec<Issue>> {
        self.explained(issues::held(&self.readers).await)
    }

    async fn hold_issue(&self, issue: i64, hold: Hold, reason: Option<&str>) -> Result<bool> {
        self.explained(holds::hold(&self.writer, issue, hold, reason).await)
    }

    async fn release_issue(&self, issue: i64, hold: Hold) -> Result<bool> {
        self.explained(holds::release(&self.writer, issue, hold).await)
    }

    async fn issue_pages(&self, known: &BTreeSet<i64>) -> Result<Vec<Listed>> {
        self.explained(holds::pages(&self.readers, known).await)
    }

    async fn claim_without(
        &self,
        withheld: &Withheld,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Claim>> {
        self.claim_unless_paused(withheld, now, lease_until, limit).await
    }

    fn take_in_hand(&self, claim: &Claim) -> InHand {
        InHand { _until_dropped: Some(Box::new(self.in_hand.take(claim))) }
    }

    async fn take_back_refusals(&self, claims: &[Claim], now: DateTime<Utc>) -> Result<()> {
        self.explained(attempts::take_back_refusals(&self.writer, claims, now).await)
    }

    async fn begin_sending(&self, claim: &Claim, now: DateTime<Utc>) -> Result<bool> {
        self.explained(self.marks.make(&self.writer, Mark::Begin(claim.clone()), now).await)
    }

    async fn give_back(&self, claims: &[Claim]) -> Result<()> {
        self.explained(outbox::give_back(&self.writer, claims).await)
    }

    async fn record_outcome(&self, claim: &Claim, outcome: &Outcome, now: DateTime<Utc>) -> Result<()> {
        let mark = Mark::End(claim.clone(), outcome.clone());
        self.explained(self.marks.make(&self.writer, mark, now).await).map(drop)
    }

    async fn doubts(&self, newsletter: Option<&str>) -> Result<Vec<Doubt>> {
        self.explained(doubts::list(&self.readers, newsletter, open::nobody_is_in_charge(&self.path)).await)
    }

    async fn resolve_doubt(&self, delivery: i64, resolution: Resolution, now: DateTime<Utc>) -> Result<bool> {
        self.explained(doubts::resolve(&self.writer, delivery, resolution, now).await)
    }

    async fn renew(&self, claims: &[Claim], now: DateTime<Utc>, lease_until: DateTime<Utc>) -> Result<()> {
        self.explained(outbox::renew(&self.writer, claims, now, lease_until).await)
    }

    async fn next_due_without(&self, withheld: &Withheld) -> Result<Option<DateTime<Utc>>> {
        if self.explained(pauses::any(&self.readers).await)? {
            return Ok(None);
        }
        self.explained(outbox::next_due(&self.readers, withheld).await)
    }

    async fn delivery_counts(&self, issue: i64) -> Result<DeliveryCounts> {
        self.explained(outbox::count_by_state(&self.readers, Some(issue)).await)
    }

    async fn outbox_counts(&self) -> Result<DeliveryCounts> {
        self.explained(outbox::count_by_state(&self.readers, None).await)
    }

    async fn record_bounce(&self, bounce: &NewBounce, now: DateTime<Utc>) -> Result<Bounced> {
        self.explained(bounces::record(&self.writer, bounce, now).await)
    }

    async fn deliveries_since(&self, since: DateTime<Utc>) -> Result<Vec<DeliveryQuarter>> {
        self.explained(figures::deliveries_since(&self.readers, since).await)
    }

    async fn refusals_since(&self, since: DateTime<Utc>) -> Result<BTreeMap<String, u64>> {
        self.explained(figures::refusals_since(&self.readers, since).await)
    }

    async fn reasons(&self, issue: Option<i64>, since: DateTime<Utc>) -> Result<Vec<Reason>> {
        self.explained(figures::reasons(&self.readers, issue, since).await)
    }

    async fn readers_since(&self, newsletter: &str, since: DateTime<Utc>) -> Result<Vec<ReaderQuarter>> {
        self.explained(figures::readers_since(&self.readers, newsletter, since).await)
    }

    async fn lift_suppression(&self, address: &EmailAddress) -> Result<bool> {
        self.explained(suppression::lift(&self.writer, &self.key().await?, address).await)
    }

    async fn begin_import(&self, source: &str, now: DateTime<Utc>) -> Result<i64> {
        self.explained(imports::start(&self.writer, source, now).await)
    }

    async fn consider_import(&self, new: &[NewSubscription]) -> Result<Vec<Added>> {
        self.explained(imports::consider(&self.readers, &self.key().await?, new).await)
    }

    async fn import(&self, import: i64, new: &[NewSubscription], now: DateTime<Utc>) -> Result<Vec<Added>> {
        self.explained(imports::take(&self.writer, &self.key().await?, import, new, now).await)
    }

    async fn forget_import(&self, import: i64) -> Result<bool> {
        self.explained(imports::forget(&self.writer, import).await)
    }

    async fn finish_import(&self, import: i64, now: DateTime<Utc>) -> Result<Option<u64>> {
        self.explained(turns::finish(&self.writer, import, now).await)
    }

    async fn subscriber(&self, address: &EmailAddress) -> Result<Option<SubscriberRecord>> {
        self.explained(records::one(&self.readers, &self.key().await?, address).await)
    }

    async fn erase(&self, address: &EmailAddress, objected: bool, now: DateTime<Utc>) -> Result<Erased> {
        let (key, log) = (self.key().await?, erasures::Log::of(&self.path));
        let erased = self.explained(erasures::erase(&self.writer, &log, &key, address, objected, now).await)?;
        let traces = vec![address.key(), address.as_str().to_owned()];
        let bytes_gone = self.explained(wiping::wipe(&self.writer, &self.path, traces).await)?;
        Ok(Erased { bytes_gone, ..erased })
    }

    async fn retain(&self, now: DateTime<Utc>) -> Result<Retained> {
        self.explained(turns::carry_out(&self.writer, now).await)?;
        let retained = self.explained(erasing::retain(&self.writer, now).await)?;
        let bytes_gone = self.explained(wiping::empty_log(&self.writer, Tries::Once).await)?;
        Ok(Retained { bytes_gone, ..retained })
    }

    async fn rotate_key(&self, fresh: SigningKey) -> Result<SigningKey> {
        self.explained(keys::rotate(&self.writer, &fresh).await)?;
        self.key().await
    }
}
