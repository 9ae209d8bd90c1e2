//! The outbox through a real store and against a real socket: what is recorded, and what arrived.

mod domains;
mod leases;
mod relay;

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crieur::delivery::mailer::{Deadlines, Mailer};
use crieur::delivery::outbox::{Outbox, Step, Tally};
use crieur::model::delivery::{DeliveryState, OnDoubt};
use crieur::model::issue::{Audience, Masthead, NewIssue, Variant};
use crieur::model::settings::{MailSettings, MailTransport, Mailbox};
use crieur::model::subscription::NewSubscription;
use crieur::model::time::Clock;
use crieur::model::token::SigningKey;
use crieur::store::{Freeze, SqliteStore, Store};
use tokio_util::sync::CancellationToken;

use crate::support::sender::{address, in_clear, settings};
use crate::support::smtp_sink::{Act, Sink};

const KEY: [u8; 32] = [7; 32];

/// A store with one frozen issue, and a mail section to send it with.
struct Story {
    place: tempfile::TempDir,
    store: Arc<SqliteStore>,
    issue: i64,
    mail: MailSettings,
    deadlines: Deadlines,
}

fn frozen_at() -> DateTime<Utc> {
    "2019-04-08T07:00:00Z".parse().expect("an instant")
}

fn reader(number: usize) -> String {
    format!("reader{number}@example.org")
}

impl Story {
    async fn new(readers: usize, on_doubt: OnDoubt, port: u16) -> Self {
        let readers: Vec<_> = (0..readers).map(reader).collect();
        Self::to(&readers, on_doubt, port).await
    }

    /// The same for these readers, in this order.
    async fn to(readers: &[String], on_doubt: OnDoubt, port: u16) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&place.path().join("crieur.db")).await.expect("a store");
        store.signing_key(SigningKey::new(KEY)).await.expect("a key");
        let readers: Vec<_> = readers.iter().map(|reader| subscription(reader)).collect();
        store.add_subscriptions(&readers, false, frozen_at()).await.expect("readers");
        let frozen = store.freeze(&new_issue(on_doubt)).await.expect("freezing");
        let Freeze::Frozen { issue, .. } = frozen else { panic!("{frozen:?}") };
        Self { place, store: Arc::new(store), issue, mail: mail(port), deadlines: Deadlines::default() }
    }

    fn connections(mut self, connections: usize) -> Self {
        self.mail.connections = NonZeroUsize::new(connections).expect("at least one");
        self
    }

    fn outbox(&self, clock: Clock) -> Arc<Outbox> {
        let mailer = Mailer::with_deadlines(&self.mail, self.deadlines).expect("sound settings");
        Outbox::new(self.store.clone(), mailer, self.mail.clone(), SigningKey::new(KEY), masthead(), clock)
    }

    /// Delivers so many minutes after the issue was frozen.
    async fn deliver(&self, minutes: i64) -> (Tally, Step) {
        let outbox = self.outbox(clock(minutes));
        outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds")
    }

    async fn counts(&self) -> Vec<(DeliveryState, u64)> {
        let counts = self.store.delivery_counts(self.issue).await.expect("counts");
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

fn clock(minutes: i64) -> Clock {
    Arc::new(move || frozen_at() + TimeDelta::minutes(minutes))
}

fn subscription(reader: &str) -> NewSubscription {
    NewSubscription {
        address: address(reader),
        name: None,
        lang: "fr".to_owned(),
        newsletter: "hebdo".to_owned(),
        topics: Vec::new(),
        consent_source: "operator".to_owned(),
    }
}

fn new_issue(on_doubt: OnDoubt) -> NewIssue {
    NewIssue {
        newsletter: "hebdo".to_owned(),
        slot: "2019-04-08T09:00:00".parse().expect("a slot"),
        frozen_at: frozen_at(),
        number: 1,
        on_doubt,
        hold: None,
        masthead: masthead(),
        templates: String::new(),
        page: String::new(),
        items: Vec::new(),
        variants: vec![Variant {
            key: "fr".to_owned(),
            lang: "fr".to_owned(),
            subject: "L’hebdo".to_owned(),
            html: "<p>Bonjour</p>%leave%".to_owned(),
            text: "Bonjour %leave%".to_owned(),
            unsubscribe_mark: "%leave%".to_owned(),
            preferences_mark: String::new(),
            calendar: None,
        }],
        audiences: vec![(Audience { lang: "fr".to_owned(), topics: Vec::new() }, Some("fr".to_owned()))],
    }
}

fn mail(port: u16) -> MailSettings {
    MailSettings {
        from: Mailbox { name: Some("L’équipe".to_owned()), address: address("equipe@example.org") },
        bounce_address: Some(address("retours@example.org")),
        connections: NonZeroUsize::new(4).expect("four"),
        ..settings(in_clear(port))
    }
}

fn masthead() -> Masthead {
    Masthead {
        title: "L’hebdo".to_owned(),
        from: Mailbox { name: None, address: address("crieur@example.org") },
        reply_to: None,
        public_url: "https://www.example.org/".parse().expect("an address"),
        host: "www.example.org".to_owned(),
    }
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

fn is_idle(step: &Step) -> bool {
    matches!(step, Step::Idle { .. })
}

#[tokio::test]
async fn everybody_gets_one_mail_over_as_many_connections_as_are_allowed() {
    let sink = Sink::builder().start().await;
    let story = Story::new(230, OnDoubt::Resend, sink.address().port()).await;
    let (tally, step) = story.deliver(1).await;
    assert_eq!((tally.sent, step), (230, Step::Idle { next: None }));
    assert_eq!(sorted(sink.recipients()), sorted((0..230).map(reader).collect()));
    let from: HashSet<String> = sink.messages().into_iter().map(|message| message.from).collect();
    assert_eq!(from.len(), 230, "each mail has a return path of its own");
    assert!(from.iter().all(|from| from.starts_with("retours+") && from.ends_with("@example.org")));
    assert_eq!(story.counts().await, [(DeliveryState::Sent, 230)]);
}

/// E2
#[tokio::test]
async fn a_refusal_is_recorded_and_the_connection_goes_on() {
    let sink = Sink::builder().rcpt(&reader(1), "550 5.1.1 no such user").start().await;
    let story = Story::new(4, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (tally, step) = story.deliver(1).await;
    assert_eq!((tally.sent, tally.refused), (3, 1));
    assert!(is_idle(&step), "{step:?}");
    assert_eq!((sink.recipients().len(), sink.connections()), (3, 1));
}

#[tokio::test]
async fn a_greylisted_reader_gets_it_at_the_next_attempt() {
    let sink = Sink::builder().rcpt_once(&reader(0), "450 4.7.1 come back").start().await;
    let story = Story::new(1, OnDoubt::Resend, sink.address().port()).await;
    let (tally, step) = story.deliver(1).await;
    assert_eq!((tally.deferred, step), (1, Step::Idle { next: Some(frozen_at() + TimeDelta::minutes(6)) }));
    assert_eq!(story.deliver(6).await.0.sent, 1);
}

/// E7, A4
#[tokio::test]
async fn a_doubted_message_goes_out_once_more_last_and_the_same() {
    let sink = Sink::builder().after_dot_to(&reader(0), Act::Drop).start().await;
    let story = Story::new(3, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (tally, step) = story.deliver(1).await;
    assert_eq!((tally.sent, tally.doubt), (2, 1));
    assert_eq!(step, Step::Idle { next: Some(frozen_at() + TimeDelta::minutes(6)) });
    assert_eq!(story.deliver(5).await.0, Tally::default(), "not at once");
    assert_eq!(story.deliver(6).await.0.sent, 1);
    let messages = sink.messages();
    let order: Vec<_> = messages.iter().map(|message| message.to[0].clone()).collect();
    assert_eq!(order, [reader(0), reader(1), reader(2), reader(0)]);
    assert_eq!(messages[0].message, messages[3].message);
    assert_eq!(story.counts().await, [(DeliveryState::Sent, 3)]);
}

/// E7 with `on_doubt = "hold"`: never a second copy.
#[tokio::test]
async fn a_doubted_message_on_hold_stays_with_the_operator() {
    let sink = Sink::builder().after_dot_to(&reader(0), Act::Drop).start().await;
    let story = Story::new(2, OnDoubt::Hold, sink.address().port()).await;
    story.deliver(1).await;
    story.deliver(60 * 24).await;
    assert_eq!(sorted(sink.recipients()), [reader(0), reader(1)]);
    assert_eq!(story.counts().await, [(DeliveryState::Sent, 1), (DeliveryState::Doubt, 1)]);
}

#[tokio::test]
async fn who_left_after_the_claim_gets_nothing() {
    let sink = Sink::builder().start().await;
    let story = Story::new(3, OnDoubt::Resend, sink.address().port()).await;
    let left = story.store.subscriptions(None, 0, 10).await.expect("readers")[1].id;
    story.store.unsubscribe(left, frozen_at()).await.expect("gone");
    assert_eq!(story.deliver(1).await.0.sent, 2);
    assert_eq!(sorted(sink.recipients()), [reader(0), reader(2)]);
}

#[tokio::test]
async fn a_rate_is_kept_over_all_connections() {
    let sink = Sink::builder().start().await;
    let mut story = Story::new(6, OnDoubt::Resend, sink.address().port()).await;
    story.mail.rate = NonZeroU32::new(60 * 20);
    let start = std::time::Instant::now();
    assert_eq!(story.deliver(1).await.0.sent, 6);
    assert!(start.elapsed() >= Duration::from_millis(250));
}

#[tokio::test]
async fn mails_land_in_a_folder_where_there_is_no_relay() {
    let mut story = Story::new(3, OnDoubt::Resend, 1).await;
    let place = tempfile::tempdir().expect("a folder");
    story.mail.transport = MailTransport::Folder { dir: place.path().join("outbox") };
    assert_eq!(story.deliver(1).await.0.sent, 3);
    assert_eq!(files(&place.path().join("outbox/new")), 3);
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir).expect("a folder").count()
}
