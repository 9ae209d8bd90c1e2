//! Domains that take little: they get little, and nobody else waits for them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use crieur::delivery::outbox::{Step, Tally};
use crieur::model::delivery::{DeliveryState, OnDoubt};
use crieur::model::quiet::QuietHours;
use crieur::model::time::Clock;
use tokio_util::sync::CancellationToken;

use super::{Story, frozen_at, reader, sorted};
use crate::support::smtp_sink::{Act, Builder, Sink};

const TOO_MANY: &str = "451 4.7.650 too many messages from you";

fn at(domain: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("reader{number}@{domain}")).collect()
}

fn answering(readers: &[String], answer: &str) -> Builder {
    readers.iter().fold(Sink::builder(), |builder, reader| builder.rcpt(reader, answer))
}

/// A clock that tells the minutes since the issue was frozen.
fn minutes() -> (Arc<AtomicI64>, Clock) {
    let minutes = Arc::new(AtomicI64::new(1));
    let read = Arc::clone(&minutes);
    (minutes, Arc::new(move || frozen_at() + TimeDelta::minutes(read.load(Ordering::Acquire))))
}

/// E11, E22: of a domain that has had enough one mail after each pause is tried.
#[tokio::test]
async fn a_domain_that_takes_no_more_waits_and_the_others_go_on() {
    let (slow, others) = (at("slow.fr", 40), at("example.org", 40));
    let sink = answering(&slow, TOO_MANY).start().await;
    let readers = slow.iter().zip(&others).flat_map(|(slow, other)| [slow.clone(), other.clone()]).collect::<Vec<_>>();
    let story = Story::to(&readers, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let (minutes, clock) = minutes();
    let outbox = story.outbox(clock);
    let (mut tried, mut next) = (0, 1);
    for (round, pause) in [5, 10, 20, 40, 60, 60].into_iter().enumerate() {
        minutes.store(next, Ordering::Release);
        let (tally, step) = outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds");
        next += pause;
        assert_eq!(tally.sent, if round == 0 { 40 } else { 0 });
        assert_eq!(step, Step::Idle { next: Some(frozen_at() + TimeDelta::minutes(next)) });
        // three answers make two rounds of a room of two, the second mail under way may make four
        assert!(if round == 0 { (3..=4).contains(&tally.deferred) } else { tally.deferred == 1 }, "{round}: {tally:?}");
        tried += tally.deferred;
    }
    assert_eq!(sorted(sink.recipients()), sorted(others));
    assert!(tried <= 9, "{tried}");
}

/// Thousands of mails to one slow domain stand before the others.
#[tokio::test]
async fn a_slow_domain_starves_nobody() {
    let (slow, others) = (at("slow.fr", 3_000), at("example.org", 30));
    let sink = Sink::builder().start().await;
    let readers = [slow, others.clone()].concat();
    let mut story = Story::to(&readers, OnDoubt::Resend, sink.address().port()).await;
    story.mail.domain_rates.insert("slow.fr".to_owned(), NonZeroU32::new(60).expect("one a second"));
    let (outbox, cancel) = (story.outbox(super::clock(1)), CancellationToken::new());
    let mut tally = outbox.tally();
    let begin = Instant::now();
    let stop = cancel.clone();
    let delivering = tokio::spawn(async move { outbox.deliver_until_idle(&stop).await.expect("the store holds") });
    tally.wait_for(|tally| tally.sent > 30).await.expect("mails");
    let seconds = begin.elapsed().as_secs();
    cancel.cancel();
    let (tally, _) = delivering.await.expect("no panic");
    let got = sink.recipients();
    assert!(others.iter().all(|other| got.contains(other)), "after {seconds} s: {got:?}");
    assert!(tally.sent - 30 <= seconds + 3, "one a second: {tally:?} in {seconds} s");
    assert_eq!(story.counts().await[0], (DeliveryState::Waiting, 3_030 - tally.sent));
}

#[tokio::test]
async fn each_domain_has_a_rate_of_its_own() {
    let readers = [at("a.fr", 5), at("b.fr", 5)].concat();
    let sink = Sink::builder().start().await;
    let mut story = Story::to(&readers, OnDoubt::Resend, sink.address().port()).await;
    story.mail.domain_rate = NonZeroU32::new(60 * 10);
    let begin = Instant::now();
    assert_eq!(story.deliver(1).await.0.sent, 10);
    assert!(begin.elapsed() >= Duration::from_millis(400));
}

/// E22: the relay takes nothing more today, whomever it is for. It took nothing from the start: how many are put off beside a
/// mail that it is still taking depends on which answer comes first.
#[tokio::test]
async fn a_relay_that_puts_everything_off_is_left_alone_and_few_attempts_are_lost() {
    let readers: Vec<_> = (0..200).map(|number| format!("reader@{number}.example.org")).collect();
    let sink = readers.iter().fold(Sink::builder(), |builder, reader| {
        (0..3).fold(builder, |builder, _| builder.rcpt_once(reader, "452 4.5.3 daily quota exceeded"))
    });
    let sink = sink.start().await;
    let story = Story::to(&readers, OnDoubt::Resend, sink.address().port()).await.connections(4);
    let (minutes, clock) = minutes();
    let outbox = story.outbox(clock);
    let (tally, step) = outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds");
    assert_eq!(step, Step::Unreachable { reason: "452 4.5.3 daily quota exceeded".to_owned() });
    assert!(tally.sent == 0 && (20..=24).contains(&tally.deferred), "{tally:?}");
    let (tally, _) = outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds");
    assert!(tally.sent == 0 && tally.deferred == 1, "it is only looked at: {tally:?}");
    // until the next day has come
    for minute in 60 * 24.. {
        minutes.store(minute, Ordering::Release);
        let (_, step) = outbox.deliver_until_idle(&CancellationToken::new()).await.expect("the store holds");
        if step == (Step::Idle { next: None }) {
            break;
        }
        assert!(minute < 60 * 72, "{step:?}, {:?}", story.counts().await);
    }
    assert_eq!(story.counts().await, [(DeliveryState::Sent, 200)]);
    assert_eq!(sorted(sink.recipients()), sorted(readers));
}

/// E1: a greylist says nothing of the domain.
#[tokio::test]
async fn a_domain_that_greylists_everybody_once_lets_everybody_in_next_time() {
    for answer in ["450 4.7.1 Greylisted, come back", "450 4.2.0 try again later"] {
        let sink = (0..50).fold(Sink::builder(), |builder, number| builder.rcpt_once(&reader(number), answer));
        let sink = sink.start().await;
        let story = Story::new(50, OnDoubt::Resend, sink.address().port()).await;
        assert_eq!(story.deliver(1).await.0, Tally { deferred: 50, ..Tally::default() });
        assert_eq!(story.deliver(6).await.0, Tally { sent: 50, ..Tally::default() });
    }
}

#[tokio::test]
async fn in_quiet_hours_issues_wait_for_their_end() {
    let sink = Sink::builder().start().await;
    let mut story = Story::new(4, OnDoubt::Resend, sink.address().port()).await;
    // it was frozen at seven, UTC
    story.mail.quiet_hours = QuietHours::parse("21:00-09:30", chrono_tz::Europe::Paris);
    let end = frozen_at() + TimeDelta::minutes(30);
    for minute in [0, 29] {
        assert_eq!(story.deliver(minute).await, (Tally::default(), Step::Idle { next: Some(end) }));
    }
    assert_eq!(sink.connections(), 0);
    let (tally, step) = story.deliver(30).await;
    assert_eq!((tally.sent, step), (4, Step::Idle { next: None }));
}

/// They begin while a batch is under way.
#[tokio::test]
async fn what_is_claimed_when_quiet_hours_begin_waits_as_well() {
    let gate = Act::Gate(Box::new("250 taken".into()));
    let sink = Sink::builder().after_dot_to(&reader(3), gate).start().await;
    let mut story = Story::new(30, OnDoubt::Resend, sink.address().port()).await.connections(1);
    story.mail.quiet_hours = QuietHours::parse("09:02-10:00", chrono_tz::Europe::Paris);
    let (minutes, clock) = minutes();
    let outbox = story.outbox(clock);
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    sink.reached().await;
    minutes.store(2, Ordering::Release);
    sink.open_gates();
    let (tally, step) = delivering.await.expect("no panic");
    assert_eq!(tally, Tally { sent: 4, ..Tally::default() });
    assert_eq!(step, Step::Idle { next: Some(frozen_at() + TimeDelta::hours(1)) });
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 26), (DeliveryState::Sent, 4)]);
}
