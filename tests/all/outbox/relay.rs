//! A relay in trouble: nobody pays for it with an attempt, and nobody gets less for it.

use std::time::Duration;

use crieur::delivery::outbox::{Step, Tally};
use crieur::model::delivery::{DeliveryState, OnDoubt};
use crieur::model::issue::{Hold, NewIssue};
use crieur::store::Store as _;
use tokio_util::sync::CancellationToken;

use super::{Story, clock, frozen_at, new_issue, reader, sorted, subscription};
use crate::support::smtp_sink::{Act, Sink};

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
    assert_eq!((tally.sent, tally.deferred, sink.connections()), (1, 0, 2));
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 19), (DeliveryState::Sent, 1)]);
}

/// E4
#[tokio::test]
async fn a_refused_sender_stops_the_pass_and_refuses_nobody() {
    let sink = Sink::builder().mail("550 5.7.1 sender unknown").start().await;
    let story = Story::new(10, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (tally, step) = story.deliver(1).await;
    assert_eq!(step, Step::Unreachable { reason: "550 5.7.1 sender unknown".to_owned() });
    assert_eq!((tally, sink.connections()), (Tally::default(), 1));
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 10)]);
}

#[tokio::test]
async fn a_sender_that_is_put_off_costs_nobody_an_attempt() {
    let sink = (0..3).fold(Sink::builder(), |builder, _| builder.mail("451 4.1.8 sender domain not found"));
    let sink = sink.start().await;
    let story = Story::new(10, OnDoubt::Resend, sink.address().port()).await.connections(1);
    let (tally, step) = story.deliver(1).await;
    assert_eq!(step, Step::Unreachable { reason: "451 4.1.8 sender domain not found".to_owned() });
    assert_eq!((tally, sink.connections()), (Tally::default(), 3));
    assert_eq!(story.counts().await, [(DeliveryState::Waiting, 10)]);
    assert_eq!(story.deliver(2).await.0, Tally { sent: 10, ..Tally::default() });
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

/// E3: the same where a relay says so without a code, or of what it was handed. Whom it refused waits again.
#[tokio::test]
async fn a_list_is_not_used_up_by_what_is_said_of_the_mail() {
    for (at_the_end, answer) in
        [(false, "550 relay not permitted"), (true, "554 message rejected as spam"), (true, "552 5.3.4 too big")]
    {
        let sink = (0..60).fold(Sink::builder(), |builder, number| {
            let to = reader(number);
            if at_the_end { builder.after_dot_to(&to, answer) } else { builder.rcpt_once(&to, answer) }
        });
        let sink = sink.start().await;
        let story = Story::new(60, OnDoubt::Resend, sink.address().port()).await.connections(2);
        let (tally, _) = story.deliver(1).await;
        assert!((20..=22).contains(&(tally.refused + tally.deferred)) && tally.sent == 0, "{answer}: {tally:?}");
        let issue = story.store.issues("hebdo", 1).await.expect("issues").remove(0);
        assert_eq!((issue.hold, issue.hold_reason.as_deref()), (Some(Hold::Relay), Some(answer)));
        assert!(story.counts().await.iter().all(|(state, _)| *state != DeliveryState::Refused), "{answer}");
        assert_eq!(story.store.suppression_count().await.expect("a count"), 0);
    }
}

/// E7: it takes each mail and says so to nobody.
#[tokio::test]
async fn a_relay_that_never_says_it_took_a_mail_gets_twenty_and_none_of_them_twice() {
    let sink = Sink::builder().after_every_dot(Act::Drop).start().await;
    let story = Story::new(60, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let (tally, step) = story.deliver(1).await;
    assert_eq!(step, Step::Idle { next: None });
    assert!((20..=22).contains(&tally.doubt) && tally.sent == 0, "{tally:?}");
    let got = sorted(sink.recipients());
    assert_eq!(got.len() as u64, tally.doubt);
    assert!(got.windows(2).all(|two| two[0] != two[1]), "{got:?}");
    let issue = story.store.issues("hebdo", 1).await.expect("issues").remove(0);
    assert_eq!(issue.hold, Some(Hold::Relay));
    assert_eq!(story.deliver(60).await.0, Tally::default());
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
    let gate = Act::Gate(Box::new("250 at last".into()));
    let sink = Sink::builder().after_dot_to(&reader(0), gate).start().await;
    let story = Story::new(300, OnDoubt::Resend, sink.address().port()).await.connections(2);
    let outbox = story.outbox(clock(1));
    let mut tally = outbox.tally();
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    // more than one batch, on the other connection, before the slow answer
    tally.wait_for(|tally| tally.sent == 299).await.expect("the others");
    assert!(!delivering.is_finished());
    sink.open_gates();
    assert_eq!(delivering.await.expect("no panic").0.sent, 300);
}

/// E11, E12: it had few connections to give when the round began.
#[tokio::test]
async fn a_relay_that_has_recovered_gets_connections_again_while_there_is_work() {
    let gate = Act::Gate(Box::new("250 at last".into()));
    let mut builder = Sink::builder().after_dot_to(&reader(0), gate).greeting("220 hello");
    for _ in 0..7 {
        builder = builder.greeting("421 too many connections");
    }
    let sink = builder.start().await;
    let story = Story::new(30, OnDoubt::Resend, sink.address().port()).await.connections(8);
    let outbox = story.outbox(clock(1));
    let mut tally = outbox.tally();
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    // the one connection there was is busy
    let others = tally.wait_for(|tally| tally.sent == 29);
    tokio::time::timeout(Duration::from_secs(30), others).await.expect("in time").expect("the others");
    sink.open_gates();
    assert_eq!(delivering.await.expect("no panic").0.sent, 30);
}

/// An issue is frozen while a single mail is under way: it gets all connections, and does not wait for that answer.
#[tokio::test]
async fn a_round_that_begins_with_one_mail_grows_with_what_there_is_to_do() {
    let gate = || Act::Gate(Box::new("250 at last".into()));
    let builder = (0..3).fold(Sink::builder(), |builder, number| builder.after_dot_to(&reader(number), gate()));
    let sink = builder.start().await;
    let story = Story::new(1, OnDoubt::Resend, sink.address().port()).await.connections(4);
    let outbox = story.outbox(clock(1));
    let mut tally = outbox.tally();
    let delivering =
        tokio::spawn(async move { outbox.deliver_until_idle(&CancellationToken::new()).await.expect("it goes on") });
    sink.reached().await;
    let readers: Vec<_> = (1..=50).map(|number| subscription(&reader(number))).collect();
    story.store.add_subscriptions(&readers, false, frozen_at()).await.expect("readers");
    let next =
        NewIssue { number: 2, slot: "2019-04-15T09:00:00".parse().expect("a slot"), ..new_issue(OnDoubt::Resend) };
    story.store.freeze(&next).await.expect("freezing");
    // three connections wait for answers
    let others = tally.wait_for(|tally| tally.sent == 48);
    tokio::time::timeout(Duration::from_secs(30), others).await.expect("in time").expect("the others");
    sink.open_gates();
    assert_eq!(delivering.await.expect("no panic").0.sent, 52);
}
