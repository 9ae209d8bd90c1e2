//! Claims: for how long they are ours, and what becomes of them when we stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use crieur::delivery::mailer::Deadlines;
use crieur::delivery::outbox::{Step, Tally};
use crieur::model::delivery::{DeliveryState, OnDoubt};
use crieur::model::time::Clock;
use crieur::store::{SqliteStore, Store as _};
use tokio_util::sync::CancellationToken;

use super::{Story, clock, frozen_at, is_idle};
use crate::support::smtp_sink::{Act, Sink};

#[tokio::test]
async fn a_stop_hands_nothing_more_over_and_waits_for_what_was() {
    let gate = Act::Gate(Box::new("250 taken".into()));
    let sink = Sink::builder().after_every_dot(gate).start().await;
    let story = Story::new(20, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let cancel = CancellationToken::new();
    let outbox = story.outbox(clock(1));
    let delivering = tokio::spawn({
        let cancel = cancel.clone();
        async move { outbox.deliver_until_idle(&cancel).await.expect("the store holds") }
    });
    sink.wait_for(2).await;
    cancel.cancel();
    sink.open_gates();
    let (tally, step) = delivering.await.expect("no panic");
    assert_eq!(step, Step::Cancelled);
    assert_eq!((sink.messages().len(), tally), (2, Tally { sent: 2, ..Tally::default() }));
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 18), (DeliveryState::Sent, 2)]);
}

/// What was claimed and not carried is free for the next start, not an hour later.
#[tokio::test]
async fn a_stop_gives_back_what_it_did_not_carry() {
    let gate = Act::Gate(Box::new("250 taken".into()));
    let sink = Sink::builder().after_every_dot(gate).start().await;
    let story = Story::new(20, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (cancel, outbox) = (CancellationToken::new(), story.outbox(clock(1)));
    let delivering = tokio::spawn({
        let cancel = cancel.clone();
        async move { outbox.deliver_until_idle(&cancel).await.expect("the store holds") }
    });
    sink.wait_for(1).await;
    cancel.cancel();
    sink.open_gates();
    let (before, _) = delivering.await.expect("no panic");
    assert_eq!((before.sent, story.deliver(1).await.0.sent), (1, 19));
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
    assert_eq!(tally.sent + tally.deferred + tally.doubt, 20, "{tally:?}");
    assert!((19..=21).contains(&sink.messages().len()));
    let open = story.counts().await.into_iter().filter(|(state, _)| *state == DeliveryState::Sending).count();
    assert_eq!(open, 0);
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

/// E8: a batch takes longer than a lease, and each answer almost as long as it may.
#[tokio::test]
async fn a_relay_that_takes_its_time_for_each_mail_keeps_the_claims_of_all() {
    const READERS: usize = 16;
    let late = Act::After(Duration::from_millis(300), Box::new("250 taken".into()));
    let sink = Sink::builder().after_every_dot(late).start().await;
    let mut story = Story::new(READERS, OnDoubt::Resend, sink.address().port()).await.connections(1);
    // a lease of 3.6 seconds for what takes five
    let short = Duration::from_millis(100);
    story.deadlines =
        Deadlines { command: short, data: short, body: short, answer: Duration::from_millis(900), ..story.deadlines };
    let outbox = story.outbox(Arc::new(Utc::now));
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    let other = SqliteStore::open(&story.place.path().join("crieur.db")).await.expect("another process");
    for taken in 1..=READERS {
        sink.wait_for(taken).await;
        let now = Utc::now();
        let stolen = other.claim(now, now + TimeDelta::minutes(1), 99).await.expect("claims");
        assert!(stolen.is_empty(), "after {taken}: {stolen:?}");
    }
    let (tally, step) = delivering.await.expect("no panic");
    assert_eq!((tally, step), (Tally { sent: READERS as u64, ..Tally::default() }, Step::Idle { next: None }));
    assert_eq!(sink.messages().len(), READERS);
}

/// A13: the machine stands still between the mark and the final dot.
#[tokio::test]
async fn no_final_dot_follows_once_the_lease_could_end_before_its_answer() {
    let sink = Sink::builder().data(Act::Gate(Box::new("354 go on".into()))).start().await;
    let story = Story::new(1, OnDoubt::Hold, sink.address().port()).await;
    let stood_still = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stood_still);
    let clock: Clock =
        Arc::new(move || frozen_at() + TimeDelta::minutes(if seen.load(Ordering::Acquire) { 55 } else { 0 }));
    let outbox = story.outbox(clock);
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    sink.reached().await;
    assert_eq!(story.counts().await, [(DeliveryState::Sending, 1)]);
    stood_still.store(true, Ordering::Release);
    sink.open_gates();
    let (tally, _) = delivering.await.expect("no panic");
    assert_eq!(tally, Tally { deferred: 1, ..Tally::default() });
    assert!(sink.messages().is_empty());
    assert_eq!(story.counts().await, [(DeliveryState::Deferred, 1)]);
}

/// C6: whatever the wall clock does, what is claimed is carried once.
#[tokio::test]
async fn a_clock_that_is_put_back_in_the_middle_costs_nobody_a_mail_or_gives_two() {
    let sink = Sink::builder().start().await;
    let story = Story::new(60, OnDoubt::Resend, sink.address().port()).await;
    let asked = AtomicUsize::new(0);
    let clock: Clock = Arc::new(move || {
        let back = if asked.fetch_add(1, Ordering::Relaxed) > 40 { TimeDelta::days(1) } else { TimeDelta::zero() };
        frozen_at() + TimeDelta::days(2) - back
    });
    let (tally, _) = story.outbox(clock).deliver_until_idle(&CancellationToken::new()).await.expect("it goes on");
    assert_eq!(tally, Tally { sent: 60, ..Tally::default() });
    assert_eq!(sink.messages().len(), 60);
}
