//! What every store promises, whatever is behind it. Each promise is a function that is run once for each back end.

mod archives;
mod bounces;
mod deliveries;
mod figures;
mod issues;
mod ledger;
mod memory;
mod pauses;
mod people;
mod recovery;
mod signup;
mod sqlite_file;
mod subscribers;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use crieur::model::announcement::AnnouncementId;
use crieur::model::delivery::{Claim, DeliveryState, OnDoubt};
use crieur::model::issue::{Audience, IssueItem, Masthead, NewIssue, Section, Variant};
use crieur::model::settings::Mailbox;
use crieur::model::subscription::{EmailAddress, NewSubscription};
use crieur::model::token::SigningKey;
use crieur::store::{DeliveryCounts, Freeze, SqliteStore, Store};

/// Runs each promise against each back end, in a test of its own.
macro_rules! promises {
    ($($promise:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $promise() {
                    super::$promise(&crate::store_contract::Place::sqlite()).await;
                }
            )*
        }
    };
}
pub(crate) use promises;

/// Where a fresh state is, to be opened as often as a test likes: each opening stands for another process.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Every byte there is of it.
    pub fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path().join("state")).expect("the state");
        files.flat_map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes")).collect()
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        let store = SqliteStore::open(&self.folder.path().join("state/crieur.db")).await.expect("the store opens");
        store.signing_key(SigningKey::new([7; 32])).await.expect("a key");
        Arc::new(store)
    }
}

pub const NEWS: &str = "hebdo";

/// Minutes after a fixed moment.
pub fn minute(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_secs(1_554_706_800).expect("an instant") + TimeDelta::minutes(minutes)
}

/// Nine o'clock on a day of April.
pub fn slot(day: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2019, 4, day).and_then(|day| day.and_hms_opt(9, 0, 0)).expect("a slot")
}

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

pub fn reader(name: &str, lang: &str) -> NewSubscription {
    NewSubscription {
        address: address(&format!("{name}@example.org")),
        name: Some(name.to_owned()),
        lang: lang.to_owned(),
        newsletter: NEWS.to_owned(),
        topics: Vec::new(),
        consent_source: "operator".to_owned(),
    }
}

/// Adds so many confirmed readers of French.
pub async fn add_readers(store: &dyn Store, count: usize) {
    let readers: Vec<_> = (0..count).map(|number| reader(&format!("reader{number}"), "fr")).collect();
    store.add_subscriptions(&readers, false, minute(-60)).await.expect("readers");
}

pub fn variant(lang: &str) -> Variant {
    Variant {
        key: lang.to_owned(),
        lang: lang.to_owned(),
        subject: format!("News in {lang}"),
        html: "<p>…</p>".to_owned(),
        text: "…".to_owned(),
        unsubscribe_mark: "%leave%".to_owned(),
        preferences_mark: String::new(),
        calendar: None,
    }
}

/// Readers of a language who want everything.
pub fn audience(lang: &str) -> Audience {
    Audience { lang: lang.to_owned(), topics: Vec::new() }
}

pub fn item(id: &str, section: Section) -> IssueItem {
    IssueItem { announcement: AnnouncementId::pinned(id), sequence: 0, section }
}

pub fn new_issue(number: u32, day: u32, on_doubt: OnDoubt) -> NewIssue {
    NewIssue {
        newsletter: NEWS.to_owned(),
        slot: slot(day),
        frozen_at: minute(0),
        number,
        on_doubt,
        hold: None,
        masthead: Masthead {
            title: "L’hebdo".to_owned(),
            from: Mailbox { name: Some("L’équipe".to_owned()), address: address("equipe@example.org") },
            reply_to: None,
            public_url: "https://www.example.org/".parse().expect("an address"),
            host: "www.example.org".to_owned(),
        },
        templates: "0".repeat(64),
        page: "<p>…</p>".to_owned(),
        items: vec![item("tag:a", Section::New)],
        variants: vec![variant("fr")],
        audiences: vec![(audience("fr"), Some("fr".to_owned()))],
    }
}

pub async fn freeze(store: &dyn Store, issue: &NewIssue) -> i64 {
    match store.freeze(issue).await.expect("freezing") {
        Freeze::Frozen { issue, .. } => issue,
        other => panic!("{other:?}"),
    }
}

/// A store with an issue for so many readers.
pub async fn frozen(place: &Place, readers: usize, on_doubt: OnDoubt) -> (Arc<dyn Store>, i64) {
    let store = place.open().await;
    add_readers(&*store, readers).await;
    let issue = freeze(&*store, &new_issue(1, 8, on_doubt)).await;
    (store, issue)
}

/// Claims for ten minutes.
pub async fn claim(store: &dyn Store, at: i64, limit: u32) -> Vec<Claim> {
    store.claim(minute(at), minute(at + 10), limit).await.expect("claims")
}

pub async fn claim_one(store: &dyn Store, at: i64) -> Claim {
    let mut claims = claim(store, at, 1).await;
    claims.pop().expect("a delivery that is due")
}

/// Claims one delivery and commits to sending it.
pub async fn begin_one(store: &dyn Store, at: i64) -> Claim {
    let claim = claim_one(store, at).await;
    assert!(store.begin_sending(&claim, minute(at)).await.expect("begins"));
    claim
}

pub fn counts<const N: usize>(states: [(DeliveryState, u64); N]) -> DeliveryCounts {
    states.into_iter().collect()
}
