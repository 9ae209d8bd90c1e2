//! The state that outlives a process: ledger, subscribers, issues, outbox.
//!
//! Methods are sentences of the business, one transaction each. Times come in as arguments. Nothing above this room knows
//! which back end is there; every back end passes the one contract test in `tests/all/store_contract/`.

mod settle;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};

pub use self::sqlite::SqliteStore;
use crate::model::archive::Archive;
use crate::model::bounce::{Bounced, NewBounce};
use crate::model::delivery::{Claim, DeliveryState, Doubt, Outcome, Resolution, Withheld};
use crate::model::issue::{Audience, FrozenIssue, Hold, Issue, IssueItem, IssuePage, IssueState, NewIssue};
use crate::model::letter::LetterText;
use crate::model::pause::{Cause, Pause};
use crate::model::reminder::{About, Reminder, Reminders};
use crate::model::revision::{Ledger, LedgerEntry};
use crate::model::selection::Told;
use crate::model::signup::{Choice, Confirmation, Known, NewSignup, SignedUp, Signup, Wish};
pub use crate::model::status::LastPublish;
use crate::model::status::{DeliveryQuarter, ReaderQuarter, Reason};
use crate::model::subscriber::{Erased, Retained, SubscriberRecord};
use crate::model::subscription::{Added, EmailAddress, NewSubscription, Subscription, SubscriptionStatus};
use crate::model::token::SigningKey;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state cannot be opened or trusted: exit code 4.
    #[error("the store `{place}` cannot be used: {reason}")]
    Unusable { place: String, reason: String },
    /// Others than its owner may read it: exit code 2.
    #[error("the store `{place}` may be read by others (mode {mode:o})\n  hint: `chmod 600 {place}`")]
    Exposed { place: String, mode: u32 },
    /// Something else holds it for now: exit code 75.
    #[error("the store cannot be written now, try again: {0}")]
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

/// A mail being made ready to send, until dropped.
pub struct InHand {
    pub(crate) _until_dropped: Option<Box<dyn Send + Sync>>,
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
    /// Somebody came, or chose otherwise, for whom nothing is rendered: compose again.
    ReadersChanged,
    /// There is a pause.
    Paused,
}

/// An issue that has a page on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// By its id: read before.
    Known(i64),
    Read(IssuePage),
}

/// How many deliveries of an issue are in each state. The sum is the number of recipients when it was frozen.
pub type DeliveryCounts = BTreeMap<DeliveryState, u64>;

#[async_trait]
pub trait Store: Send + Sync {
    /// Whether what is written can still be relied upon. Once it cannot, nothing more is written: every later promise would
    /// stand on something that may not be on the disk.
    ///
    /// # Errors
    /// `Unusable`, from then on until the store is opened anew.
    fn can_be_relied_upon(&self) -> Result<()>;

    // -- being in charge

    /// Takes charge of deliveries, or `None` where another process has it. Afterwards no delivery is claimed by a process
    /// that is gone: what was `sending` is in doubt, what was claimed is free. Pauses where `now` is before the last mails.
    async fn take_charge(&self, now: DateTime<Utc>) -> Result<Option<Charge>>;

    /// Who is in charge, in words for the operator; `None` where nobody is known.
    async fn who_is_in_charge(&self) -> Result<Option<String>>;

    // -- pauses: nothing is claimed, nothing frozen

    /// Why nothing is mailed for now, the oldest first; nothing where all is well. A store that finds out that it is an older
    /// copy of itself, mails having left since it was made, pauses by itself: whatever it has open is in doubt then.
    async fn pauses(&self) -> Result<Vec<Pause>>;

    /// Pauses until that is ended; what is claimed already is gone through. `false` where it was paused for this before (that
    /// reason stays). Idempotent.
    async fn pause(&self, cause: Cause, reason: &str) -> Result<bool>;

    /// Goes on: this state and this clock are right. `false` where it was not paused for this. Idempotent.
    async fn end_pause(&self, cause: Cause, now: DateTime<Utc>) -> Result<bool>;

    /// Ends the pause of a clock that was behind when somebody took charge, if it shows a later time than the last mails by
    /// now. `false` where there is no such pause or the clock is still behind.
    async fn end_pause_of_a_clock_behind(&self, now: DateTime<Utc>) -> Result<bool>;

    /// The key for tokens and Message-IDs: the one kept, or `fresh` where there is none yet. Idempotent. Adding and
    /// suppressing addresses needs it: call this once after opening.
    async fn signing_key(&self, fresh: SigningKey) -> Result<SigningKey>;

    // -- ledger

    async fn ledger(&self) -> Result<Ledger>;

    /// The entries noted after number `known`, and the number of the last: what was taken note of again has a new one.
    async fn ledger_since(&self, known: i64) -> Result<(i64, Vec<LedgerEntry>)>;

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

    // -- memory: what spares the next process work, and may be lost without harm

    /// A page of what `maker` remembers, by ascending path, those after `after` only; nothing where it was another maker's.
    async fn reminders(&self, about: About, maker: &str, after: &str, limit: u32) -> Result<Vec<Reminder>>;

    /// Remembers and forgets, all or none; what another maker remembered is forgotten. A new stamp alone counts only for the
    /// bytes it belongs to. Idempotent.
    async fn remember(&self, about: About, maker: &str, reminders: &Reminders) -> Result<()>;

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

    /// Ends a subscription; what waits for it in the outbox is suppressed. `false` where there is no such subscription. Where
    /// nothing can be written, or not at once (100 ms), it may be noted elsewhere, to be carried out before anything is
    /// claimed. Idempotent: the first date stays.
    async fn unsubscribe(&self, id: i64, now: DateTime<Utc>) -> Result<bool>;

    async fn subscription_counts(&self, newsletter: &str) -> Result<HashMap<SubscriptionStatus, u64>>;

    /// How many confirmed readers that are not suppressed each audience has: what an issue is rendered for.
    async fn readers(&self, newsletter: &str) -> Result<BTreeMap<Audience, u64>>;

    /// Never mails an address again, whether it is a subscriber's or not; what waits for it in the outbox is suppressed. Only
    /// a keyed hash of it is kept, with the reason (which must not contain it). Idempotent: the first reason and date stay.
    async fn suppress(&self, address: &EmailAddress, reason: &str, now: DateTime<Utc>) -> Result<()>;

    async fn suppression_count(&self) -> Result<u64>;

    // -- signing up: what readers do on the web

    /// Notes what was asked on a form, before it is answered: the same work for every address. `false` where as many wait as
    /// may (`MOST_WISHES`). Durable when it returns.
    async fn note_wish(&self, wish: &Wish, now: DateTime<Utc>) -> Result<bool>;

    /// The oldest wish after number `after` that is not carried out, with its number.
    async fn wish_after(&self, after: i64) -> Result<Option<(i64, Wish)>>;

    /// What is known of whoever has this address.
    async fn known(&self, address: &EmailAddress) -> Result<Known>;

    /// Takes note of a sign-up and writes the letter that follows from it, or nothing where the mailbox had its letters
    /// (`Mailed`) or the address is suppressed. What a reader has already is not touched. A wish it carries out is forgotten
    /// in the same transaction, so that each is carried out once. Nothing happens where something else than `new.known` is
    /// known by now.
    async fn sign_up(&self, new: &NewSignup, now: DateTime<Utc>) -> Result<SignedUp>;

    async fn signup(&self, id: i64) -> Result<Option<Signup>>;

    /// Confirms what a sign-up asked for, each newsletter with its receipt, and forgets how many letters the mailbox had: what
    /// begins, and other topics. What its reader confirmed otherwise or left since it was asked for stays as it is. Idempotent.
    async fn confirm(&self, signup: i64, now: DateTime<Utc>) -> Result<Confirmation>;

    /// Forgets the sign-ups nobody confirmed in time, with the addresses that nothing else is known of; how many there were.
    async fn forget_expired_signups(&self, now: DateTime<Utc>) -> Result<u64>;

    /// What one subscriber has, had or waits for.
    async fn subscriptions_of(&self, subscriber: i64) -> Result<Vec<Subscription>>;

    /// Changes what a reader gets, all or none: the language and the topics of each newsletter kept; those in `ended` end, others
    /// stay as they are, none begins. Idempotent.
    async fn change_preferences(
        &self,
        subscriber: i64,
        lang: &str,
        kept: &[Choice],
        ended: &[String],
        now: DateTime<Utc>,
    ) -> Result<()>;

    /// The wording a receipt names by its hash.
    async fn wording(&self, hash: &str) -> Result<Option<String>>;

    /// What a letter says, by the hash a claim names.
    async fn letter_text(&self, hash: &str) -> Result<Option<LetterText>>;

    async fn letter_counts(&self) -> Result<DeliveryCounts>;

    // -- issues

    async fn issue(&self, newsletter: &str, slot: NaiveDateTime) -> Result<Option<Issue>>;

    /// Slots and what became of them, latest first.
    async fn issues(&self, newsletter: &str, limit: u32) -> Result<Vec<Issue>>;

    /// The latest slot before this one that something became of.
    async fn slot_before(&self, newsletter: &str, slot: NaiveDateTime) -> Result<Option<NaiveDateTime>>;

    /// Whether something became of a slot later than this one between `since` and `until`, both included.
    async fn was_overtaken(
        &self,
        newsletter: &str,
        slot: NaiveDateTime,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool>;

    /// What earlier issues carried and at which revision, or passed over as too old; `None` before the first.
    async fn told(&self, newsletter: &str) -> Result<Option<Told>>;

    /// The number the next issue will have, from 1.
    async fn next_number(&self, newsletter: &str) -> Result<u32>;

    /// Freezes an issue and puts one delivery for each confirmed reader whose audience gets a variant into the outbox (a
    /// suppressed one is recorded as such), all or none. (newsletter, slot) is unique; a held slot may be frozen after all.
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

    /// The issue of this number.
    async fn issue_numbered(&self, newsletter: &str, number: u32) -> Result<Option<Issue>>;

    /// What an issue carries, in its order.
    async fn issue_items(&self, issue: i64) -> Result<Vec<IssueItem>>;

    /// The frozen issues that do not go out for now, of all newsletters, earliest slot first.
    async fn held_issues(&self) -> Result<Vec<Issue>>;

    /// Keeps a frozen issue from going out until it is released: what is not handed over yet waits, what is being handed over
    /// cannot be called back. The operator may hold what waits for approval. `false` where it was held before otherwise (that reason stays) or is no
    /// frozen issue. Idempotent.
    async fn hold_issue(&self, issue: i64, hold: Hold, reason: Option<&str>) -> Result<bool>;

    /// Lets a frozen issue that is held for this go out; one that waited for approval when it was held waits for it again. `false` where it was not. Idempotent.
    async fn release_issue(&self, issue: i64, hold: Hold) -> Result<bool>;

    /// The pages of the frozen issues of all newsletters, oldest first, without those that wait for approval; those whose id
    /// is `known` come without being read again.
    async fn issue_pages(&self, known: &BTreeSet<i64>) -> Result<Vec<Listed>>;

    // -- outbox

    /// Claims mails that are due and not `withheld`: letters (half of them at most, where issues may go), then deliveries,
    /// oldest issue first, doubts to be re-sent last. Nobody gets an issue of a newsletter while the one before it waits for
    /// them or is being sent. A claim is good until `lease_until`; what another worker let lapse is
    /// free again (what it was sending is in doubt). `limit` counts what is withheld as `beyond`. However many mails to the domains withheld wait: the others are found as
    /// fast.
    async fn claim_without(
        &self,
        withheld: &Withheld,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Claim>>;

    /// The same with nothing withheld.
    async fn claim(&self, now: DateTime<Utc>, lease_until: DateTime<Utc>, limit: u32) -> Result<Vec<Claim>> {
        self.claim_without(&Withheld::default(), now, lease_until, limit).await
    }

    /// Makes claims that still hold good until `lease_until`, also while they are being sent. One that is lost stays lost.
    async fn renew(&self, claims: &[Claim], now: DateTime<Utc>, lease_until: DateTime<Utc>) -> Result<()>;

    /// Says that a claimed mail is being made ready, for as long as what comes back lives. Outlives the process, not the
    /// machine. Of each mail that a process had in hand when it died, whoever takes charge next counts a death; after two it
    /// is claimed last and alone, after five it is left to the operator as a doubt. An outcome forgets its deaths.
    fn take_in_hand(&self, claim: &Claim) -> InHand;

    /// Has those who were refused for good wait again: it was not about them. Idempotent.
    async fn take_back_refusals(&self, claims: &[Claim], now: DateTime<Utc>) -> Result<()>;

    /// Commits `sending` before DATA. `false`: do not send, the claim was lost, its issue is held, its reader left or was
    /// suppressed, or its sign-up is confirmed or expired. Durable when it returns.
    async fn begin_sending(&self, claim: &Claim, now: DateTime<Utc>) -> Result<bool>;

    /// Gives claims back that nothing was done with: they are as free as before. One that is being sent stays so, and one
    /// that is lost already is left alone. Idempotent.
    async fn give_back(&self, claims: &[Claim]) -> Result<()>;

    /// Records how the attempt ended and when the next is due; one put off too often is refused. Nothing is recorded for a
    /// claim that was lost or whose reader left meanwhile. An answer that comes after the lease lapsed settles the doubt it
    /// left, if nobody has claimed that since. Idempotent.
    async fn record_outcome(&self, claim: &Claim, outcome: &Outcome, now: DateTime<Utc>) -> Result<()>;

    /// What may or may not have arrived, oldest first: also what was being sent by a process that is gone.
    async fn doubts(&self, newsletter: Option<&str>) -> Result<Vec<Doubt>>;

    /// Settles one by the operator's word. `false` where it is in doubt no longer, or is just being sent again.
    async fn resolve_doubt(&self, delivery: i64, resolution: Resolution, now: DateTime<Utc>) -> Result<bool>;

    /// The first instant at which `claim` may find something, or `None` when all is done. Where something waits for its
    /// first attempt, an instant long past, whatever time its issue was frozen for.
    async fn next_due(&self) -> Result<Option<DateTime<Utc>>> {
        self.next_due_without(&Withheld::default()).await
    }

    /// The same for `claim_without`.
    async fn next_due_without(&self, withheld: &Withheld) -> Result<Option<DateTime<Utc>>>;

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

    /// The commonest reasons, a handful, of deliveries (of one issue) that came to be deferred or refused since then.
    async fn reasons(&self, issue: Option<i64>, since: DateTime<Utc>) -> Result<Vec<Reason>>;

    /// How the number of a newsletter's confirmed readers changed, by quarters of an hour in order; all that came before
    /// `since` is in its quarter. The sum is their number now. Of whoever left and came back only the return is known.
    async fn readers_since(&self, newsletter: &str, since: DateTime<Utc>) -> Result<Vec<ReaderQuarter>>;

    // -- people: the operator's side

    /// Takes an address off the suppression list, because its owner asked for it. `false` where it was not on it.
    async fn lift_suppression(&self, address: &EmailAddress) -> Result<bool>;

    /// Begins to take over a list whose readers consented as `source` says. What comes in is not subscribed before
    /// `finish_import`: a list is one thing, and no issue is frozen for half of it. One that nobody goes on with is forgotten
    /// after a day.
    async fn begin_import(&self, source: &str, now: DateTime<Utc>) -> Result<i64>;

    /// What `import` would answer, without doing anything; rows of other calls are not compared.
    async fn consider_import(&self, new: &[NewSubscription]) -> Result<Vec<Added>>;

    /// Takes in some rows of a list, all or none; one answer each, in their order. Suppressed addresses, and whoever left,
    /// are not taken.
    async fn import(&self, import: i64, new: &[NewSubscription], now: DateTime<Utc>) -> Result<Vec<Added>>;

    /// Forgets what came in with a list that is not to be finished. `false` where it is finished.
    async fn forget_import(&self, import: i64) -> Result<bool>;

    /// Subscribes everybody who came in with a list, with a receipt each; how many there were. Whoever left or was suppressed
    /// meanwhile stays so. `None` where the list is finished, or was forgotten meanwhile. Once begun it is done: where the
    /// process ends in the middle, the next one goes on; no issue is frozen before, and nobody else waits for all of it.
    async fn finish_import(&self, import: i64, now: DateTime<Utc>) -> Result<Option<u64>>;

    /// Everything that is kept of an address; `None` where that is nothing.
    async fn subscriber(&self, address: &EmailAddress) -> Result<Option<SubscriberRecord>>;

    /// Forgets a person: address, name, subscriptions, receipts of consent. Deliveries stay countable, of nobody; what waits is
    /// suppressed. If they objected, a keyed hash stays on the suppression list, as it does where it was there before. The
    /// bytes are gone from the disk when it returns, unless `bytes_gone` says otherwise, and a backup that is put back forgets
    /// the person again when it is opened. Idempotent.
    async fn erase(&self, address: &EmailAddress, objected: bool, now: DateTime<Utc>) -> Result<Erased>;

    /// Erases what was kept for longer than `model::subscriber::KEPT`, and lists nobody went on with; and sees to it that
    /// nothing of what was erased until now, by whomever, is left on the disk, unless `bytes_gone` says otherwise. Idempotent.
    async fn retain(&self, now: DateTime<Utc>) -> Result<Retained>;

    /// Has `fresh` sign from now on; the keys before it go on opening what they signed, and suppressions go on holding. Only
    /// for whoever is in charge: others would go on with the key they know.
    async fn rotate_key(&self, fresh: SigningKey) -> Result<SigningKey>;
}
