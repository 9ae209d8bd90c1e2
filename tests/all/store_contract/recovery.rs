//! What lost processes and lost answers leave behind.

use crieur::model::delivery::{Claim, DeliveryState, OnDoubt, Outcome, Resolution};
use crieur::store::Store;

use super::{Place, begin_one, claim, claim_one, freeze, frozen, minute, new_issue};

super::promises! {
    one_process_is_in_charge
    a_crash_leaves_doubts_for_what_was_being_sent_only
    taking_charge_fences_off_the_dead
    a_doubt_goes_out_once_more_and_last
    a_second_doubt_is_held_for_ever
    with_on_doubt_hold_a_doubt_is_never_sent_again
    a_lease_that_lapses_while_sending_leaves_a_doubt
    a_late_answer_settles_the_doubt_it_left
    a_lapsed_claim_of_a_doubt_does_not_settle_it
    a_doubt_whose_reader_left_is_suppressed
    what_a_process_died_of_goes_last_and_alone_and_then_to_the_operator
    what_lived_through_an_attempt_is_no_suspect
    many_crashes_lose_nobody_and_send_at_most_twice
}

async fn states(store: &dyn Store, issue: i64) -> Vec<(DeliveryState, u64)> {
    store.delivery_counts(issue).await.expect("counts").into_iter().collect()
}

/// Another process takes charge, the one before being gone.
async fn take_over(place: &Place, at: i64) -> std::sync::Arc<dyn Store> {
    let store = place.open().await;
    let charge = store.take_charge(minute(at)).await.expect("an answer");
    assert!(charge.is_some(), "nobody else is in charge");
    store
}

async fn record(store: &dyn Store, claim: &Claim, outcome: Outcome, at: i64) {
    store.record_outcome(claim, &outcome, minute(at)).await.expect("recorded");
}

async fn one_process_is_in_charge(place: &Place) {
    let (store, other) = (place.open().await, place.open().await);
    let charge = store.take_charge(minute(0)).await.expect("an answer").expect("in charge");
    assert!(other.take_charge(minute(0)).await.expect("an answer").is_none());
    assert!(store.take_charge(minute(0)).await.expect("an answer").is_none(), "not even twice by itself");
    assert!(other.issues("hebdo", 1).await.is_ok(), "others may look");
    assert!(other.who_is_in_charge().await.expect("an answer").is_some(), "and see who it is");
    drop(charge);
    assert!(other.take_charge(minute(0)).await.expect("an answer").is_some());
}

async fn a_crash_leaves_doubts_for_what_was_being_sent_only(place: &Place) {
    let (store, issue) = frozen(place, 5, OnDoubt::Hold).await;
    record(&*store, &begin_one(&*store, 0).await, Outcome::Sent, 0).await;
    record(&*store, &claim_one(&*store, 0).await, Outcome::Deferred { reason: "451".to_owned() }, 0).await;
    begin_one(&*store, 0).await;
    claim_one(&*store, 0).await;
    drop(store);
    let store = take_over(place, 1).await;
    let expected = [
        (DeliveryState::Waiting, 2),
        (DeliveryState::Sent, 1),
        (DeliveryState::Deferred, 1),
        (DeliveryState::Doubt, 1),
    ];
    assert_eq!(states(&*store, issue).await, expected);
    assert_eq!(claim(&*store, 1, 9).await.len(), 2, "what was claimed is free at once");
}

async fn taking_charge_fences_off_the_dead(place: &Place) {
    let (store, issue) = frozen(place, 2, OnDoubt::Hold).await;
    let (sending, claimed) = (begin_one(&*store, 0).await, claim_one(&*store, 0).await);
    let other = take_over(place, 1).await;
    assert!(!store.begin_sending(&claimed, minute(1)).await.expect("an answer"));
    record(&*store, &claimed, Outcome::Sent, 1).await;
    record(&*store, &sending, Outcome::Deferred { reason: "451".to_owned() }, 1).await;
    assert_eq!(states(&*other, issue).await, [(DeliveryState::Waiting, 1), (DeliveryState::Doubt, 1)]);
}

/// Dies with this mail in hand.
fn die_of(store: std::sync::Arc<dyn Store>, claim: &Claim) {
    std::mem::forget(store.take_in_hand(claim));
    drop(store);
}

async fn what_a_process_died_of_goes_last_and_alone_and_then_to_the_operator(place: &Place) {
    let (mut store, issue) = frozen(place, 3, OnDoubt::Resend).await;
    let mut poison = None;
    for death in 0..2 {
        let claims = claim(&*store, death, 9).await;
        assert_eq!(claims.len(), 3, "it may have been chance");
        let poison = *poison.get_or_insert(claims[0].delivery);
        assert_eq!(claims[0].delivery, poison);
        // the others are made ready and done with
        drop(store.take_in_hand(&claims[1]));
        die_of(store, &claims[0]);
        store = take_over(place, death + 1).await;
    }
    let poison = poison.expect("one");
    let others = claim(&*store, 2, 9).await;
    assert_eq!(others.len(), 2);
    assert!(claim(&*store, 2, 9).await.is_empty(), "it would take others along");
    for claim in &others {
        assert!(store.begin_sending(claim, minute(2)).await.expect("begins"));
        record(&*store, claim, Outcome::Sent, 2).await;
    }
    for death in 2..5 {
        assert!(store.next_due().await.expect("read").is_some_and(|due| due <= minute(death)));
        let suspects = claim(&*store, death, 9).await;
        assert_eq!(suspects.iter().map(|claim| claim.delivery).collect::<Vec<_>>(), [poison]);
        die_of(store, &suspects[0]);
        store = take_over(place, death + 1).await;
    }
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Sent, 2), (DeliveryState::Doubt, 1)]);
    assert_eq!(store.next_due().await.expect("read"), None);
    let doubts = store.doubts(None).await.expect("doubts");
    assert!(doubts[0].reason.contains("died each time") && !doubts[0].resent_by_itself, "{doubts:?}");
    assert!(store.resolve_doubt(poison, Resolution::Again, minute(6)).await.expect("resolved"));
    assert_eq!(claim(&*store, 6, 9).await.len(), 1);
}

async fn what_lived_through_an_attempt_is_no_suspect(place: &Place) {
    let (mut store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    for round in 0..6 {
        let claim = claim_one(&*store, round * 500).await;
        if round % 2 == 0 {
            die_of(store, &claim);
            store = take_over(place, round * 500 + 1).await;
        } else {
            record(&*store, &claim, Outcome::Deferred { reason: "451".to_owned() }, round * 500).await;
        }
    }
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Deferred, 1)]);
}

async fn a_doubt_goes_out_once_more_and_last(place: &Place) {
    let (store, issue) = frozen(place, 3, OnDoubt::Resend).await;
    let doubted = begin_one(&*store, 0).await;
    drop(store);
    let store = take_over(place, 1).await;
    let claims = claim(&*store, 1, 9).await;
    assert_eq!(claims.len(), 3);
    assert_eq!((claims[2].delivery, claims[2].attempts), (doubted.delivery, 1));
    for claim in &claims {
        assert!(store.begin_sending(claim, minute(1)).await.expect("begins"));
        record(&*store, claim, Outcome::Sent, 1).await;
    }
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Sent, 3)]);
}

async fn a_second_doubt_is_held_for_ever(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    record(&*store, &begin_one(&*store, 0).await, Outcome::Doubt { reason: "cut off".to_owned() }, 0).await;
    assert_eq!(store.next_due().await.expect("read"), Some(minute(5)));
    assert!(claim(&*store, 4, 9).await.is_empty(), "not at once");
    // put off between its two doubts: that does not make it forget the first
    record(&*store, &begin_one(&*store, 5).await, Outcome::Deferred { reason: "451".to_owned() }, 5).await;
    begin_one(&*store, 60).await;
    let store = take_over(place, 61).await;
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Doubt, 1)]);
    assert!(claim(&*store, 10_000, 9).await.is_empty());
    assert_eq!(store.next_due().await.expect("read"), None);
}

async fn with_on_doubt_hold_a_doubt_is_never_sent_again(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Hold).await;
    begin_one(&*store, 0).await;
    let store = take_over(place, 1).await;
    assert!(claim(&*store, 10_000, 9).await.is_empty());
    assert_eq!(store.next_due().await.expect("read"), None);
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Doubt, 1)]);
    let resent = freeze(&*store, &new_issue(2, 15, OnDoubt::Resend)).await;
    assert_eq!(claim(&*store, 1, 9).await.iter().map(Claim::issue).collect::<Vec<_>>(), [Some(resent)]);
}

async fn a_lease_that_lapses_while_sending_leaves_a_doubt(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    let lapsed = begin_one(&*store, 0).await;
    assert!(claim(&*store, 9, 9).await.is_empty());
    let again = claim_one(&*store, 10).await;
    assert_eq!((again.delivery, again.attempts), (lapsed.delivery, 1));
    record(&*store, &lapsed, Outcome::Sent, 11).await;
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Doubt, 1)], "too late: somebody has claimed it since");
    assert!(store.begin_sending(&again, minute(11)).await.expect("begins"));
    assert!(claim(&*store, 20, 9).await.is_empty(), "lost for the second time");
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Doubt, 1)]);
}

async fn a_late_answer_settles_the_doubt_it_left(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    let late = begin_one(&*store, 0).await;
    assert!(claim(&*store, 10, 0).await.is_empty(), "its lease lapses, nobody claims the doubt");
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Doubt, 1)]);
    record(&*store, &late, Outcome::Deferred { reason: "451".to_owned() }, 11).await;
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Deferred, 1)]);
    let again = begin_one(&*store, 30).await;
    assert_eq!(again.attempts, 1);
    record(&*store, &again, Outcome::Doubt { reason: "cut off".to_owned() }, 30).await;
    assert_eq!(claim(&*store, 35, 9).await.len(), 1, "a refusal that was read is no doubt: this is the first");
}

/// Its answer is about an attempt that never began, not about the one that is in doubt.
async fn a_lapsed_claim_of_a_doubt_does_not_settle_it(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Resend).await;
    record(&*store, &begin_one(&*store, 0).await, Outcome::Doubt { reason: "cut off".to_owned() }, 0).await;
    let slow = claim_one(&*store, 5).await;
    assert!(claim(&*store, 15, 0).await.is_empty(), "its lease lapses, nobody claims the doubt");
    record(&*store, &slow, Outcome::Deferred { reason: "451".to_owned() }, 16).await;
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Doubt, 1)]);
}

async fn a_doubt_whose_reader_left_is_suppressed(place: &Place) {
    let (store, issue) = frozen(place, 1, OnDoubt::Hold).await;
    let doubted = begin_one(&*store, 0).await;
    let store = take_over(place, 1).await;
    store.unsubscribe(doubted.subscription().expect("an issue"), minute(2)).await.expect("left");
    assert_eq!(states(&*store, issue).await, [(DeliveryState::Suppressed, 1)]);
}

/// One process after the other dies, each at another step, until nothing is left to do.
async fn many_crashes_lose_nobody_and_send_at_most_twice(place: &Place) {
    const READERS: u64 = 30;
    let (mut store, issue) = frozen(place, 30, OnDoubt::Resend).await;
    let mut copies = std::collections::HashMap::<i64, u32>::new();
    for life in 0..200 {
        let mut steps = life % 5;
        for claim in claim(&*store, life, 4).await {
            let begun = steps > 0 && store.begin_sending(&claim, minute(life)).await.expect("an answer");
            steps -= 1;
            if begun {
                *copies.entry(claim.delivery).or_default() += 1;
            }
            if begun && steps > 0 {
                record(&*store, &claim, Outcome::Sent, life).await;
            }
            steps -= 1;
        }
        drop(store);
        store = take_over(place, life).await;
        assert_eq!(states(&*store, issue).await.iter().map(|(_, count)| count).sum::<u64>(), READERS);
    }
    assert_eq!(store.next_due().await.expect("read"), None);
    assert_eq!(copies.len() as u64, READERS, "nobody is forgotten");
    assert!(copies.values().all(|copies| *copies <= 2), "{copies:?}");
}
