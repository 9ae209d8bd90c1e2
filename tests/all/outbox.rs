//! The outbox through a real store and against a real socket: what is recorded, and what arrived.

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use crieur::delivery::mailer::{Deadlines, Mailer};
use crieur::delivery::outbox::{Outbox, Step, Tally};
use crieur::model::delivery::{DeliveryState, OnDoubt};
use crieur::model::issue::{Audience, Hold, Masthead, NewIssue, Variant};
use crieur::model::settings::{MailSettings, MailTransport, Mailbox, SmtpSettings, Tls};
use crieur::model::subscription::{EmailAddress, NewSubscription};
use crieur::model::time::Clock;
use crieur::model::token::SigningKey;
use crieur::store::{Freeze, SqliteStore, Store};
use tokio_util::sync::CancellationToken;

use crate::support::smtp_sink::{Act, Sink};

const KEY: [u8; 32] = [7; 32];

/// A store with one frozen issue, and a mail section to send it with.
struct Story {
    _place: tempfile::TempDir,
    store: Arc<SqliteStore>,
    issue: i64,
    mail: MailSettings,
    deadlines: Deadlines,
}

fn frozen_at() -> DateTime<Utc> {
    "2019-04-08T07:00:00Z".parse().expect("an instant")
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

fn reader(number: usize) -> String {
    format!("reader{number}@example.org")
}

impl Story {
    async fn new(readers: usize, on_doubt: OnDoubt, port: u16) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&place.path().join("crieur.db")).await.expect("a store");
        store.signing_key(SigningKey::new(KEY)).await.expect("a key");
        let readers: Vec<_> = (0..readers).map(subscription).collect();
        store.add_subscriptions(&readers, false, frozen_at()).await.expect("readers");
        let frozen = store.freeze(&new_issue(on_doubt)).await.expect("freezing");
        let Freeze::Frozen { issue, .. } = frozen else { panic!("{frozen:?}") };
        let transport = MailTransport::Smtp(SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port,
            tls: Tls::None { anywhere: false },
            authorities: Vec::new(),
            credentials: None,
        });
        Self { _place: place, store: Arc::new(store), issue, mail: mail(transport), deadlines: Deadlines::default() }
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

fn subscription(number: usize) -> NewSubscription {
    NewSubscription {
        address: address(&reader(number)),
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

fn mail(transport: MailTransport) -> MailSettings {
    MailSettings {
        from: Mailbox { name: Some("L’équipe".to_owned()), address: address("equipe@example.org") },
        reply_to: None,
        bounce_address: Some(address("retours@example.org")),
        bounce_lmtp: None,
        transport,
        connections: NonZeroUsize::new(4).expect("four"),
        rate: None,
        domain_rate: None,
        domain_rates: std::collections::BTreeMap::new(),
        quiet_hours: None,
        dkim: Vec::new(),
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
    let (tally, _) = story.deliver(1).await;
    assert_eq!((tally.sent, tally.doubt), (3, 1));
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

/// E12
#[tokio::test]
async fn a_relay_that_is_down_costs_nobody_an_attempt() {
    let sink = Sink::builder().start().await;
    let port = sink.address().port();
    drop(sink);
    tokio::task::yield_now().await;
    let story = Story::new(5, OnDoubt::Resend, port).await;
    for minutes in 0..20 {
        let (tally, step) = story.deliver(minutes).await;
        assert_eq!(tally, Tally::default());
        assert!(matches!(&step, Step::Unreachable { reason } if reason.starts_with("connection failed")), "{step:?}");
    }
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 5)]);
}

/// E12: it goes away while a batch is under way.
#[tokio::test]
async fn a_relay_that_goes_away_is_tried_no_more_in_this_pass() {
    let closing = |builder: crate::support::smtp_sink::Builder| builder.greeting("421 closing");
    let mut builder = Sink::builder().close_after(1).greeting("220 hello");
    for _ in 0..10 {
        builder = closing(builder);
    }
    let sink = builder.start().await;
    let story = Story::new(20, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (tally, step) = story.deliver(1).await;
    assert!(matches!(step, Step::Unreachable { .. }), "{step:?}");
    assert_eq!((tally.sent, tally.deferred, sink.connections()), (1, 19, 2));
}

/// E4
#[tokio::test]
async fn a_refused_sender_stops_the_pass_and_refuses_nobody() {
    let sink = Sink::builder().mail("550 5.7.1 sender unknown").start().await;
    let story = Story::new(10, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (tally, step) = story.deliver(1).await;
    assert_eq!(step, Step::Unreachable { reason: "550 5.7.1 sender unknown".to_owned() });
    assert_eq!((tally.refused, tally.deferred, sink.connections()), (0, 10, 1));
}

/// E20
#[tokio::test]
async fn a_relay_that_closes_every_so_often_loses_and_doubles_nobody() {
    let sink = Sink::builder().close_after(7).start().await;
    let story = Story::new(100, OnDoubt::Resend, sink.address().port()).await;
    let (tally, _) = story.deliver(1).await;
    assert_eq!(tally, Tally { sent: 100, ..Tally::default() });
    assert_eq!(sorted(sink.recipients()), sorted((0..100).map(reader).collect()));
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
async fn a_stop_hands_nothing_more_over_and_waits_for_what_was() {
    let late = Act::After(Duration::from_millis(100), Box::new("250 taken".into()));
    let sink = Sink::builder().after_every_dot(late).start().await;
    let story = Story::new(20, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let cancel = CancellationToken::new();
    let outbox = story.outbox(clock(1));
    let delivering = tokio::spawn({
        let cancel = cancel.clone();
        async move { outbox.deliver_until_idle(&cancel).await.expect("the store holds") }
    });
    sink.wait_for(2).await;
    cancel.cancel();
    let (tally, step) = delivering.await.expect("no panic");
    assert_eq!(step, Step::Cancelled);
    let handed_over = sink.messages().len() as u64;
    assert!((2..=4).contains(&handed_over), "{handed_over}");
    assert_eq!(tally, Tally { sent: handed_over, ..Tally::default() });
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 20 - handed_over), (DeliveryState::Sent, handed_over)]);
}

/// A clock is the one thing a test can make a worker panic with.
#[tokio::test]
async fn a_worker_that_panics_takes_nobody_along() {
    let sink = Sink::builder().start().await;
    let story = Story::new(20, OnDoubt::Resend, sink.address().port()).await.connections(3);
    let asked = AtomicUsize::new(0);
    let clock: Clock = Arc::new(move || {
        assert_ne!(asked.fetch_add(1, Ordering::Relaxed), 8, "the clock stopped");
        frozen_at()
    });
    let (tally, step) = story.outbox(clock).deliver_until_idle(&CancellationToken::new()).await.expect("it goes on");
    assert_eq!(tally.panicked, 1);
    assert!(is_idle(&step), "{step:?}");
    // what it had in hand is put off, or goes out once more where it may have left already
    assert_eq!(tally.sent + tally.deferred, 20, "{tally:?}");
    assert!((19..=21).contains(&sink.messages().len()));
    let open = story.counts().await.into_iter().filter(|(state, _)| *state == DeliveryState::Sending).count();
    assert_eq!(open, 0);
}

/// E3: nobody is refused for what the issue is, and most are not even tried.
#[tokio::test]
async fn an_issue_the_relay_finds_bad_is_held_after_twenty_in_a_row() {
    let mut builder = Sink::builder();
    for number in 0..100 {
        builder = builder.rcpt_once(&reader(number), "550 5.7.1 blocked for its content");
    }
    let sink = builder.start().await;
    let story = Story::new(100, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let (tally, step) = story.deliver(1).await;
    assert!((20..=22).contains(&tally.deferred), "{tally:?}");
    assert_eq!((tally.refused, tally.sent, step), (0, 0, Step::Idle { next: None }));
    let issue = story.store.issues("hebdo", 1).await.expect("issues").remove(0);
    assert_eq!(
        (issue.hold, issue.hold_reason.as_deref()),
        (Some(Hold::Relay), Some("550 5.7.1 blocked for its content"))
    );
    assert_eq!(story.deliver(10).await.0, Tally::default());
    assert_eq!(story.store.suppression_count().await.expect("a count"), 0);
    assert!(story.store.release_issue(story.issue, Hold::Relay).await.expect("released"));
    assert!(story.deliver(10).await.0.deferred >= 20, "those who were not asked before");
}

/// E18
#[tokio::test]
async fn an_issue_too_large_for_the_relay_is_held_before_the_first_mail() {
    let sink = Sink::builder().extension("SIZE 500").start().await;
    let story = Story::new(30, OnDoubt::Resend, sink.address().port()).await;
    let (tally, step) = story.deliver(1).await;
    assert_eq!((tally, step), (Tally::default(), Step::Idle { next: None }));
    let issue = story.store.issues("hebdo", 1).await.expect("issues").remove(0);
    assert!(issue.hold_reason.expect("a reason").starts_with("the relay takes mails of 500 octets at most"));
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 30)]);
    assert!(sink.messages().is_empty());
}

/// E11
#[tokio::test]
async fn a_relay_that_takes_few_connections_is_asked_for_few() {
    let sink = Sink::builder().at_most(3).start().await;
    let story = Story::new(200, OnDoubt::Resend, sink.address().port()).await.connections(12);
    let outbox = story.outbox(clock(1));
    let (tally, _) = outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds");
    assert_eq!((tally.sent, tally.deferred), (200, 0));
    let first = sink.connections();
    assert!(first <= 12, "{first}");
    let next =
        NewIssue { number: 2, slot: "2019-04-15T09:00:00".parse().expect("a slot"), ..new_issue(OnDoubt::Resend) };
    story.store.freeze(&next).await.expect("freezing");
    let (tally, _) = outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds");
    assert_eq!(tally.sent, 200);
    assert!(sink.connections() - first <= 5, "{}", sink.connections() - first);
}

/// E10: one reader's server is so slow that the relay waits for it; the others are done long before.
#[tokio::test]
async fn one_slow_answer_holds_nobody_else_up() {
    let slow = Act::After(Duration::from_secs(2), Box::new("250 at last".into()));
    let sink = Sink::builder().after_dot_to(&reader(0), slow).start().await;
    let story = Story::new(300, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let outbox = story.outbox(clock(1));
    let mut tally = outbox.tally();
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    // more than one batch, on the other connection, before the slow answer
    tally.wait_for(|tally| tally.sent == 299).await.expect("the others");
    assert!(!delivering.is_finished());
    assert_eq!(delivering.await.expect("no panic").0.sent, 300);
}

/// What was claimed and not carried is free for the next start, not an hour later.
#[tokio::test]
async fn a_stop_gives_back_what_it_did_not_carry() {
    let late = Act::After(Duration::from_millis(100), Box::new("250 taken".into()));
    let sink = Sink::builder().after_every_dot(late).start().await;
    let story = Story::new(20, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (cancel, outbox) = (CancellationToken::new(), story.outbox(clock(1)));
    let delivering = tokio::spawn({
        let cancel = cancel.clone();
        async move { outbox.deliver_until_idle(&cancel).await.expect("the store holds") }
    });
    sink.wait_for(1).await;
    cancel.cancel();
    let (before, _) = delivering.await.expect("no panic");
    assert_eq!(before.sent + story.deliver(1).await.0.sent, 20);
}

#[tokio::test]
async fn nothing_is_handed_over_that_could_be_answered_after_the_lease() {
    let sink = Sink::builder().start().await;
    let story = Story::new(2, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let asked = AtomicUsize::new(0);
    // the batch is claimed at once, and the first envelope takes fifty minutes
    let clock: Clock = Arc::new(move || {
        frozen_at() + TimeDelta::minutes(if asked.fetch_add(1, Ordering::Relaxed) == 0 { 0 } else { 50 })
    });
    let (tally, _) = story.outbox(clock).deliver_until_idle(&CancellationToken::new()).await.expect("it goes on");
    assert_eq!(tally, Tally { skipped: 2, ..Tally::default() });
    assert!(sink.messages().is_empty());
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
