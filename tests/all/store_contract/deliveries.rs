//! Claiming, sending, recording: the outbox while all goes well, and while workers step on each other's feet.

use std::collections::HashSet;

use crieur::model::bounce::{About, BounceKind, NewBounce, Status};
use crieur::model::delivery::{Carries, Claim, DeliveryState, OnDoubt, Outcome, Withheld, next_attempt};
use crieur::model::issue::{Hold, NewIssue};
use crieur::model::subscription::NewSubscription;
use crieur::store::Store;

use super::{Place, address, begin_one, claim, claim_one, counts, freeze, frozen, minute, new_issue, reader, slot};

super::promises! {
    every_recipient_is_in_one_state_all_along
    no_delivery_is_claimed_twice_at_once
    the_oldest_issue_goes_first
    nobody_gets_an_issue_before_the_one_before_it
    an_issue_that_is_held_does_not_hold_up_the_next
    a_claim_names_its_reader
    a_deferred_delivery_comes_back_in_its_time
    a_delivery_put_off_too_often_is_refused
    nobody_who_left_is_sent_to
    nobody_who_is_suppressed_is_sent_to
    what_is_being_sent_cannot_be_called_back
    an_outcome_recorded_twice_counts_once
    a_lost_claim_neither_begins_nor_records
    sending_begins_once
    all_done_has_no_next_time
    what_is_given_back_is_as_free_as_before
    what_is_renewed_is_ours_for_longer_and_what_is_lost_stays_lost
    domains_and_issues_that_have_to_wait_are_passed_over
    a_domain_is_forgotten_with_its_reader
}

fn deferred() -> Outcome {
    Outcome::Deferred { reason: "451 try later".to_owned() }
}

async fn record(store: &dyn Store, claim: &crieur::model::delivery::Claim, outcome: Outcome, at: i64) {
    store.record_outcome(claim, &outcome, minute(at)).await.expect("recorded");
}

async fn every_recipient_is_in_one_state_all_along(place: &Place) {
    let (store, issue) = frozen(place, 7, OnDoubt::Hold).await;
    let sum = || async { store.delivery_counts(issue).await.expect("counts").values().sum::<u64>() };
    record(&*store, &begin_one(&*store, 0).await, Outcome::Sent, 0).await;
    assert_eq!(sum().await, 7);
    record(&*store, &begin_one(&*store, 0).await, deferred(), 0).await;
    record(&*store, &claim_one(&*store, 0).await, Outcome::Refused { reason: "550".to_owned() }, 0).await;
    record(&*store, &begin_one(&*store, 0).await, Outcome::Doubt { reason: "cut off".to_owned() }, 0).await;
    begin_one(&*store, 0).await;
    let leaving = claim_one(&*store, 0).await;
    store.unsubscribe(leaving.subscription().expect("an issue"), minute(0)).await.expect("left");
    assert_eq!(sum().await, 7);
    assert_eq!(
        store.delivery_counts(issue).await.expect("counts"),
        DeliveryState::ALL.into_iter().map(|state| (state, 1)).collect()
    );
}

async fn no_delivery_is_claimed_twice_at_once(place: &Place) {
    let (first, _) = frozen(place, 200, OnDoubt::Resend).await;
    let second = place.open().await;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let store = if worker % 2 == 0 { first.clone() } else { second.clone() };
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let claims = claim(&*store, 0, 7).await;
                    if claims.is_empty() {
                        return mine;
                    }
                    mine.extend(claims.iter().map(|claim| claim.delivery));
                }
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.expect("no panic"));
    }
    assert_eq!(claimed.len(), 200);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), 200);
}

async fn the_oldest_issue_goes_first(place: &Place) {
    let (store, _) = frozen(place, 2, OnDoubt::Resend).await;
    let mut older = new_issue(2, 1, OnDoubt::Resend);
    older.frozen_at = minute(-5);
    let older = freeze(&*store, &older).await;
    record(&*store, &begin_one(&*store, 0).await, Outcome::Doubt { reason: "cut off".to_owned() }, 0).await;
    let claims = claim(&*store, 5, 9).await;
    let issues: Vec<_> = claims.iter().map(|claim| claim.issue() == Some(older)).collect();
    assert_eq!(issues, [true, false, true], "the doubt comes last, whatever its issue");
}

async fn nobody_gets_an_issue_before_the_one_before_it(place: &Place) {
    let (store, first) = frozen(place, 2, OnDoubt::Resend).await;
    let second = freeze(&*store, &NewIssue { frozen_at: minute(1), ..new_issue(2, 15, OnDoubt::Resend) }).await;
    let claims = claim(&*store, 1, 9).await;
    assert_eq!(claims.iter().map(Claim::issue).collect::<Vec<_>>(), [Some(first), Some(first)]);
    for claim in &claims {
        assert!(store.begin_sending(claim, minute(1)).await.expect("begins"));
    }
    assert!(claim(&*store, 2, 9).await.is_empty(), "what is being sent has not arrived");
    record(&*store, &claims[0], Outcome::Sent, 2).await;
    let next = claim(&*store, 2, 9).await;
    assert_eq!(
        next.iter().map(|claim| (claim.issue(), claim.subscriber)).collect::<Vec<_>>(),
        [(Some(second), claims[0].subscriber)]
    );
    // put off for hours: the one after it need not wait for that
    record(&*store, &claims[1], Outcome::Deferred { reason: "451".to_owned() }, 2).await;
    assert_eq!(claim(&*store, 3, 9).await.len(), 1);
}

async fn an_issue_that_is_held_does_not_hold_up_the_next(place: &Place) {
    let (store, first) = frozen(place, 2, OnDoubt::Resend).await;
    freeze(&*store, &NewIssue { frozen_at: minute(1), ..new_issue(2, 15, OnDoubt::Resend) }).await;
    assert!(store.hold_issue(first, Hold::Operator, None).await.expect("held"));
    assert_eq!(claim(&*store, 1, 9).await.len(), 2);
}

async fn a_claim_names_its_reader(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("Anne", "fr")], false, minute(0)).await.expect("added");
    let issue = freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let claim = claim_one(&*store, 0).await;
    let subscription = store.subscriptions(None, 0, 1).await.expect("one")[0].id;
    let variant = "fr".to_owned();
    assert_eq!((claim.carries, claim.attempts), (Carries::Issue { issue, subscription, variant }, 0));
    assert_eq!((claim.address, claim.name.as_deref()), (address("Anne@example.org"), Some("Anne")));
}

async fn a_deferred_delivery_comes_back_in_its_time(place: &Place) {
    let (store, _) = frozen(place, 1, OnDoubt::Resend).await;
    record(&*store, &claim_one(&*store, 0).await, deferred(), 1).await;
    let due = next_attempt(1, minute(1)).expect("a second attempt");
    assert_eq!(store.next_due().await.expect("read"), Some(due));
    let before = due - chrono::TimeDelta::milliseconds(1);
    assert!(store.claim(before, before, 9).await.expect("claims").is_empty());
    let again = store.claim(due, minute(60), 9).await.expect("claims");
    assert_eq!(again.iter().map(|claim| claim.attempts).collect::<Vec<_>>(), [1]);
}

async fn a_delivery_put_off_too_often_is_refused(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    let mut attempts = 0;
    while let Some(due) = store.next_due().await.expect("read") {
        let claims = store.claim(due, due + chrono::TimeDelta::minutes(10), 1).await.expect("claims");
        assert_eq!(claims[0].attempts, attempts);
        store.record_outcome(&claims[0], &deferred(), due).await.expect("recorded");
        attempts += 1;
    }
    assert_eq!(attempts, 12);
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Refused, 1)]));
}

async fn nobody_who_left_is_sent_to(place: &Place) {
    let (store, issue) = frozen(place, 3, OnDoubt::Resend).await;
    let (claimed, put_off) = (claim_one(&*store, 0).await, claim_one(&*store, 0).await);
    record(&*store, &put_off, deferred(), 0).await;
    for id in store.subscriptions(None, 0, 9).await.expect("all").iter().map(|it| it.id) {
        store.unsubscribe(id, minute(1)).await.expect("left");
    }
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Suppressed, 3)]));
    assert!(!store.begin_sending(&claimed, minute(1)).await.expect("an answer"));
    record(&*store, &claimed, deferred(), 1).await;
    assert!(claim(&*store, 600, 9).await.is_empty());
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Suppressed, 3)]));
}

async fn nobody_who_is_suppressed_is_sent_to(place: &Place) {
    let (store, issue) = frozen(place, 2, OnDoubt::Resend).await;
    let claimed = claim_one(&*store, 0).await;
    store.suppress(&claimed.address, "complaint", minute(0)).await.expect("suppressed");
    assert!(!store.begin_sending(&claimed, minute(0)).await.expect("an answer"));
    let expected = counts([(DeliveryState::Suppressed, 1), (DeliveryState::Waiting, 1)]);
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), expected);
}

async fn what_is_being_sent_cannot_be_called_back(place: &Place) {
    let (store, issue) = frozen(place, 3, OnDoubt::Resend).await;
    let (sent, put_off) = (begin_one(&*store, 0).await, begin_one(&*store, 0).await);
    let bounced = begin_one(&*store, 0).await;
    for claim in [&sent, &put_off] {
        store.unsubscribe(claim.subscription().expect("an issue"), minute(0)).await.expect("left");
    }
    store.suppress(&bounced.address, "hard bounce", minute(0)).await.expect("suppressed");
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Sending, 3)]));
    record(&*store, &sent, Outcome::Sent, 1).await;
    record(&*store, &put_off, deferred(), 1).await;
    record(&*store, &bounced, deferred(), 1).await;
    for again in claim(&*store, 60, 9).await {
        assert!(!store.begin_sending(&again, minute(60)).await.expect("an answer"), "no second attempt begins");
    }
    let expected = counts([(DeliveryState::Sent, 1), (DeliveryState::Suppressed, 2)]);
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), expected);
    assert_eq!(store.next_due().await.expect("read"), None);
}

async fn an_outcome_recorded_twice_counts_once(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    let claim = begin_one(&*store, 0).await;
    for at in [0, 3] {
        record(&*store, &claim, deferred(), at).await;
    }
    assert_eq!(store.next_due().await.expect("read"), next_attempt(1, minute(0)));
    let again = begin_one(&*store, 60).await;
    assert_eq!(again.attempts, 1);
    record(&*store, &claim, Outcome::Sent, 60).await;
    assert_eq!(
        store.delivery_counts(issue).await.expect("counts"),
        counts([(DeliveryState::Sending, 1)]),
        "the word of an earlier claim does not count"
    );
}

async fn a_lost_claim_neither_begins_nor_records(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    let slow = claim_one(&*store, 0).await;
    assert!(claim(&*store, 9, 1).await.is_empty(), "its lease holds for ten minutes");
    assert!(!store.begin_sending(&slow, minute(10)).await.expect("an answer"), "and not longer");
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Waiting, 1)]));
    let quick = claim_one(&*store, 10).await;
    assert!(quick.delivery == slow.delivery && quick.epoch > slow.epoch);
    assert!(!store.begin_sending(&slow, minute(10)).await.expect("an answer"));
    record(&*store, &slow, Outcome::Refused { reason: "550".to_owned() }, 10).await;
    assert!(store.begin_sending(&quick, minute(10)).await.expect("an answer"), "who has it now goes on");
    record(&*store, &quick, Outcome::Sent, 11).await;
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Sent, 1)]));
}

async fn sending_begins_once(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    let claim = begin_one(&*store, 0).await;
    assert!(!store.begin_sending(&claim, minute(0)).await.expect("an answer"));
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Sending, 1)]));
}

async fn all_done_has_no_next_time(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.next_due().await.expect("read"), None);
    store.close_slot(super::NEWS, slot(1), crieur::model::issue::IssueState::Empty, minute(0)).await.expect("closed");
    assert_eq!(store.next_due().await.expect("read"), None);
    let (store, _) = frozen(place, 1, OnDoubt::Resend).await;
    let due = store.next_due().await.expect("read").expect("one waits");
    assert!(due < minute(0), "due at once, also where it was frozen for a time to come: {due}");
    let claim = begin_one(&*store, 2).await;
    assert_eq!(store.next_due().await.expect("read"), Some(minute(12)), "when its lease lapses");
    record(&*store, &claim, Outcome::Sent, 3).await;
    assert_eq!(store.next_due().await.expect("read"), None);
}

async fn what_is_renewed_is_ours_for_longer_and_what_is_lost_stays_lost(place: &Place) {
    let (store, _) = frozen(place, 3, OnDoubt::Hold).await;
    let claims = claim(&*store, 0, 3).await;
    assert!(store.begin_sending(&claims[0], minute(1)).await.expect("begun"));
    store.renew(&claims[..2], minute(9), minute(30)).await.expect("renewed");
    let free = claim(&*store, 20, 9).await;
    assert_eq!(free.iter().map(|claim| claim.delivery).collect::<Vec<_>>(), [claims[2].delivery]);
    assert!(store.begin_sending(&claims[1], minute(29)).await.expect("an answer"), "it is still ours");
    // another one has it, or it lapsed
    store.renew(&claims[2..], minute(20), minute(90)).await.expect("nothing");
    assert!(!store.begin_sending(&claims[2], minute(21)).await.expect("an answer"));
    store.renew(&claims, minute(30), minute(90)).await.expect("nothing");
    assert_eq!(claim(&*store, 30, 9).await.len(), 1);
    assert_eq!(store.doubts(None).await.expect("doubts").len(), 2, "what was being sent when its lease ended");
}

async fn domains_and_issues_that_have_to_wait_are_passed_over(place: &Place) {
    let store = place.open().await;
    let to = |name: &str| NewSubscription { address: address(name), ..reader("x", "fr") };
    let names = ["a@slow.fr", "b@example.org", "c@slow.fr", "d@SLOW.fr", "e@not-slow.fr"];
    store.add_subscriptions(&names.map(to), false, minute(-1)).await.expect("readers");
    freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let found = async |withheld: &Withheld| {
        let claims = store.claim_without(withheld, minute(0), minute(10), 9).await.expect("claims");
        store.give_back(&claims).await.expect("given back");
        claims.into_iter().map(|claim| claim.address.as_str().to_owned()).collect::<Vec<_>>()
    };
    let slow = Withheld { domains: ["slow.fr".to_owned()].into(), ..Withheld::default() };
    assert_eq!(found(&slow).await, ["b@example.org", "e@not-slow.fr"]);
    assert_eq!(found(&Withheld { issues: true, ..Withheld::default() }).await, [""; 0]);
    assert_eq!(found(&Withheld::default()).await.len(), 5);
    let none = Withheld { domains: ["slow.fr", "example.org", "not-slow.fr"].map(str::to_owned).into(), ..slow };
    let few = Withheld { beyond: Some(1), ..Withheld::default() };
    assert_eq!(found(&few).await, ["a@slow.fr", "b@example.org", "e@not-slow.fr"]);
    assert_eq!(store.next_due_without(&none).await.expect("read"), None);
    assert_eq!(store.next_due_without(&Withheld { issues: true, ..Withheld::default() }).await.expect("read"), None);
    assert!(store.next_due().await.expect("read").is_some());
}

async fn a_domain_is_forgotten_with_its_reader(place: &Place) {
    let store = place.open().await;
    let jeanne = NewSubscription { address: address("jeanne@jeanne-d-arc.fr"), ..reader("x", "fr") };
    store.add_subscriptions(&[jeanne], false, minute(-1)).await.expect("a reader");
    let issue = freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let claim = begin_one(&*store, 0).await;
    record(&*store, &claim, Outcome::Sent, 0).await;
    let Carries::Issue { subscription, .. } = claim.carries else { panic!("{claim:?}") };
    let status = Status::find("5.1.1");
    let about = About::Delivery { issue, subscription };
    let bounce = NewBounce { report: "hash".to_owned(), about, kind: BounceKind::Hard, status };
    store.record_bounce(&bounce, minute(1)).await.expect("recorded");
    store.erase(&address("jeanne@jeanne-d-arc.fr"), false, minute(1)).await.expect("erased");
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), counts([(DeliveryState::Sent, 1)]));
    assert!(!place.bytes().windows(12).any(|bytes| bytes == b"jeanne-d-arc"), "a domain may be one person's");
}

async fn what_is_given_back_is_as_free_as_before(place: &Place) {
    let (store, _) = frozen(place, 3, OnDoubt::Hold).await;
    let claims = claim(&*store, 0, 3).await;
    assert!(store.begin_sending(&claims[0], minute(0)).await.expect("begun"));
    for _ in 0..2 {
        store.give_back(&claims).await.expect("given back");
    }
    assert!(!store.begin_sending(&claims[1], minute(0)).await.expect("an answer"), "it is nobody's now");
    let again = claim(&*store, 0, 3).await;
    let ids: Vec<_> = again.iter().map(|claim| (claim.delivery, claim.attempts)).collect();
    assert_eq!(ids, [(claims[1].delivery, 0), (claims[2].delivery, 0)], "what is being sent stays so");
    // a claim of somebody else is not given back by us
    store.give_back(&claims).await.expect("given back");
    assert!(store.begin_sending(&again[0], minute(0)).await.expect("an answer"));
    store.record_outcome(&claims[0], &Outcome::Sent, minute(0)).await.expect("recorded");
}
