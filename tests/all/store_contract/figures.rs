//! What charts are drawn from: counts by quarters of an hour.

use std::collections::BTreeMap;

use crieur::model::delivery::{DeliveryState, OnDoubt, Outcome};
use crieur::model::status::{DeliveryQuarter, ReaderQuarter};

use super::{NEWS, Place, add_readers, begin_one, claim_one, frozen, minute, reader};

super::promises! {
    deliveries_are_counted_by_state_and_quarter_of_an_hour
    refusals_are_counted_by_code_and_nothing_else_of_them_is_told
    the_changes_of_readers_add_up_to_their_number
}

async fn deliveries_are_counted_by_state_and_quarter_of_an_hour(place: &Place) {
    let (store, _) = frozen(place, 4, OnDoubt::Hold).await;
    for at in [1, 2, 20] {
        let claim = begin_one(&*store, at).await;
        store.record_outcome(&claim, &Outcome::Sent, minute(at)).await.expect("recorded");
    }
    let of = |state, from, count| DeliveryQuarter { from: minute(from), state, count };
    let all = store.deliveries_since(minute(5)).await.expect("counts");
    let expected = [of(DeliveryState::Sent, 0, 2), of(DeliveryState::Waiting, 0, 1), of(DeliveryState::Sent, 15, 1)];
    assert_eq!(all, expected, "from the quarter of `since` on");
    assert_eq!(store.deliveries_since(minute(15)).await.expect("counts"), expected[2..]);
    assert!(store.deliveries_since(minute(60)).await.expect("counts").is_empty());
}

async fn refusals_are_counted_by_code_and_nothing_else_of_them_is_told(place: &Place) {
    let (store, _) = frozen(place, 4, OnDoubt::Hold).await;
    for reason in ["550 5.1.1 no reader0 here, id 1", "550 5.1.1 gone, id 2", "552 reader2@example.org is full", "no"] {
        let claim = claim_one(&*store, 0).await;
        let outcome = Outcome::Refused { reason: reason.to_owned() };
        store.record_outcome(&claim, &outcome, minute(3)).await.expect("recorded");
    }
    let expected = [("5.1.1", 2), ("552", 1), ("other", 1)].map(|(code, count)| (code.to_owned(), count));
    assert_eq!(store.refusals_since(minute(0)).await.expect("counts"), BTreeMap::from(expected));
    assert!(store.refusals_since(minute(4)).await.expect("counts").is_empty());
}

async fn the_changes_of_readers_add_up_to_their_number(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 3).await;
    store.add_subscriptions(&[reader("late", "fr")], false, minute(31)).await.expect("answers");
    let first = store.subscriptions(None, 0, 1).await.expect("a page")[0].id;
    store.unsubscribe(first, minute(50)).await.expect("left");
    let of = |from, change| ReaderQuarter { from: minute(from), change };
    let all = store.readers_since(NEWS, minute(0)).await.expect("counts");
    assert_eq!(all, [of(0, 3), of(30, 1), of(45, -1)], "what came before is in the first quarter");
    assert!(store.readers_since("autre", minute(0)).await.expect("counts").is_empty());
}
