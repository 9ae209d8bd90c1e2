//! The state that outlives a process: ledger, subscribers, issues, outbox.
//!
//! Methods are sentences of the business, one transaction each. Times come in as arguments. Nothing above this room knows
//! which back end is there; every back end passes the one contract test in `tests/all/store_contract/`.

mod settle;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};

pub use self::sqlite::SqliteStore;
use crate::model::announcement::AnnouncementId;
use crate::model::archive::Archive;
use crate::model::bounce::{Bounced, NewBounce};
use crate::model::delivery::{Claim, DeliveryState, Outcome};
use crate::model::issue::{FrozenIssue, Issue, IssueState, NewIssue};
use crate::model::revision::{Ledger, LedgerEntry};
pub use crate::model::status::LastPublish;
use crate::model::status::{DeliveryQuarter, ReaderQuarter};
use crate::model::subscription::{Added, EmailAddress, NewSubscription, Subscription, SubscriptionStatus};
use crate::model::token::SigningKey;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state cannot be opened or trusted: exit code 4.
    #[error("the store `{place}` cannot be used: {reason}")]
    Unusable { place: String, reason: String },
    /// Something else holds it for now: exit code 75.
    #[error("the store is busy, try again: {0}")]
    Busy(String),
    #[error("the store failed: {0}")]
    Failed(#[from] sqlx::Error),
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Being the one process in charge of deliveries, until dropped.
#[derive(Debug)]
pub struct Charge {
    /// Holds an advisory file lock where the back end needs one.
    pub(crate) _lock: Option<std::fs::File>,
}

/// What became of an attempt to freeze an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    Frozen {
        issue: i64,
        recipients: u64,
    },
    /// The slot has an issue already, or was empty.
    SlotTaken,
    /// Another issue took the number meanwhile: compose again.
    NumberTaken,
}

/// How many deliveries of an issue are in each state. The sum is the number of recipients when it was frozen.
pub type DeliveryCounts = BTreeMap<DeliveryState, u64>;

#[async_trait]
pub trait Store: Send + Sync {
    // -- being in charge

    /// Takes charge of deliveries, or `None` where another process has it. Afterwards no delivery is claimed by a process
    /// that is gone: what was `sending` is in doubt, what was claimed is free.
    async fn take_charge(&self, now: DateTime<Utc>) -> Result<Option<Charge>>;

    /// The key for tokens and Message-IDs: the one kept, or `fresh` where there is none yet. Idempotent. Adding and
    /// suppressing addresses needs it: call this once after opening.
    async fn signing_key(&self, fresh: SigningKey) -> Result<SigningKey>;

    // -- ledger

    async fn ledger(&self) -> Result<Ledger>;

    /// Stores new and changed entries, all or none. Idempotent.
    async fn take_note(&self, entries: &[LedgerEntry]) -> Result<()>;

    /// The SHA-256 (hexadecimal) of the last good bytes of each file, by its path below the content folder.
    async fn last_good(&self) -> Result<HashMap<String, String>>;

    /// The last good bytes of these files; those without any are left out.
    async fn last_good_bytes(&self, paths: &BTreeSet<String>) -> Result<HashMap<String, Vec<u8>>>;

    /// Keeps the bytes of files that were read without error and forgets those that are gone, all or none.
    async fn keep_last_good(&self, good: &[(String, Vec<u8>)], gone: &[String]) -> Result<()>;

    async fn record_publish(&self, publish: &LastPublish) -> Result<()>;

    async fn last_publish(&self) -> Result<Option<LastPublish>>;

    // -- archives and hubs

    /// The digest of each closed archive, by its number: cheap, so that bytes are read only where they changed.
    async fn archive_digests(&self) -> Result<BTreeMap<u32, String>>;

    async fn archive(&self, number: u32) -> Result<Option<Archive>>;

    /// Keeps closed archives, all or none. One that is kept already stays as it is, unless the new one has fewer members (a
    /// takedown) or another base. Idempotent.
    async fn keep_archives(&self, archives: &[Archive]) -> Result<()>;

    /// What a hub was last told of each feed: its `ETag`, by the address of the feed.
    async fn told_hub(&self, hub: &str) -> Result<HashMap<String, String>>;

    /// Records that a hub was told of a feed. Idempotent.
    async fn record_told_hub(&self, hub: &str, topic: &str, etag: &str) -> Result<()>;

    // -- subscribers

    /// Confirms each address for its newsletter, all or none; one answer each, in their order. Suppressed addresses stay
    /// suppressed and, unless `bring_back`, whoever left stays away. Idempotent.
    async fn add_subscriptions(
        &self,
        new: &[NewSubscription],
        bring_back: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Added>>;

    /// A page of subscriptions by ascending id, those after `after` only.
    async fn subscriptions(&self, newsletter: Option<&str>, after: i64, limit: u32) -> Result<Vec<Subscription>>;

    async fn subscription(&self, id: i64) -> Result<Option<Subscription>>;

    /// Ends a subscription; what waits for it in the outbox is suppressed. `false` where there is no such subscription.
    /// Idempotent: the first date stays.
    async fn unsubscribe(&self, id: i64, now: DateTime<Utc>) -> Result<bool>;

    async fn subscription_counts(&self, newsletter: &str) -> Result<HashMap<SubscriptionStatus, u64>>;

    /// How many confirmed readers that are not suppressed each language has: the variants an issue needs.
    async fn readers(&self, newsletter: &str) -> Result<BTreeMap<String, u64>>;

    /// Never mails an address again, whether it is a subscriber's or not; what waits for it in the outbox is suppressed. Only
    /// a keyed hash of it is kept, with the reason (which must not contain it). Idempotent: the first reason and date stay.
    async fn suppress(&self, address: &EmailAddress, reason: &str, now: DateTime<Utc>) -> Result<()>;

    async fn suppression_count(&self) -> Result<u64>;

    // -- issues

    async fn issue(&self, newsletter: &str, slot: NaiveDateTime) -> Result<Option<Issue>>;

    /// Slots and what became of them, latest first.
    async fn issues(&self, newsletter: &str, limit: u32) -> Result<Vec<Issue>>;

    /// What earlier issues carried or passed over as too old; `None` before the first.
    async fn told(&self, newsletter: &str) -> Result<Option<HashSet<AnnouncementId>>>;

    /// The number the next issue will have, from 1.
    async fn next_number(&self, newsletter: &str) -> Result<u32>;

    /// Freezes an issue and puts one delivery for each confirmed reader that is not suppressed into the outbox (a suppressed
    /// one is recorded as such), all or none. A reader whose language has no variant gets the first. (newsletter, slot) is
    /// unique; a held slot may be frozen after all.
    async fn freeze(&self, issue: &NewIssue) -> Result<Freeze>;

    /// Records that a slot was empty or comes too late. `false` where the slot is decided already.
    async fn close_slot(
        &self,
        newsletter: &str,
        slot: NaiveDateTime,
        state: IssueState,
        now: DateTime<Utc>,
    ) -> Result<bool>;

    async fn frozen_issue(&self, issue: i64) -> Result<Option<FrozenIssue>>;

    // -- outbox

    /// Claims deliveries that are due, oldest issue first, doubts to be re-sent last. A claim is good until `lease_until`;
    /// what another worker let lapse is free again (what it was sending is in doubt).
    async fn claim(&self, now: DateTime<Utc>, lease_until: DateTime<Utc>, limit: u32) -> Result<Vec<Claim>>;

    /// Commits `sending` before DATA. `false`: do not send, the claim was lost, or its reader left or was suppressed.
    /// Durable when it returns.
    async fn begin_sending(&self, claim: &Claim, now: DateTime<Utc>) -> Result<bool>;

    /// Records how the attempt ended and when the next is due; one put off too often is refused. Nothing is recorded for a
    /// claim that was lost or whose reader left meanwhile. An answer that comes after the lease lapsed settles the doubt it
    /// left, if nobody has claimed that since. Idempotent.
    async fn record_outcome(&self, claim: &Claim, outcome: &Outcome, now: DateTime<Utc>) -> Result<()>;

    /// The first instant at which `claim` may find something, or `None` when all is done. Where something waits for its
    /// first attempt, an instant long past, whatever time its issue was frozen for.
    async fn next_due(&self) -> Result<Option<DateTime<Utc>>>;

    async fn delivery_counts(&self, issue: i64) -> Result<DeliveryCounts>;

    /// Over all issues.
    async fn outbox_counts(&self) -> Result<DeliveryCounts>;

    // -- bounces

    /// Records what came back and suppresses the address where that is enough (`model::bounce`), in one transaction. Each
    /// report is counted once, and of each issue one bounce a day; a worse one of the same day takes its place. Nothing is
    /// recorded about a mail we never sent or one of long ago. Durable when it returns.
    async fn record_bounce(&self, bounce: &NewBounce, now: DateTime<Utc>) -> Result<Bounced>;

    // -- figures: counts only, nobody can be told from them

    /// How many deliveries came to the state they are in, by quarters of an hour from the one of `since` on, in order.
    async fn deliveries_since(&self, since: DateTime<Utc>) -> Result<Vec<DeliveryQuarter>>;

    /// How many deliveries were refused since then, by `reason_code`.
    async fn refusals_since(&self, since: DateTime<Utc>) -> Result<BTreeMap<String, u64>>;

    /// How the number of a newsletter's confirmed readers changed, by quarters of an hour in order; all that came before
    /// `since` is in its quarter. The sum is their number now. Of whoever left and came back only the return is known.
    async fn readers_since(&self, newsletter: &str, since: DateTime<Utc>) -> Result<Vec<ReaderQuarter>>;
}
