//! Slots and freezing.

use std::collections::HashSet;

use crieur::model::announcement::AnnouncementId;
use crieur::model::delivery::{Carries, Claim, DeliveryState, OnDoubt};
use crieur::model::issue::{IssueState, Section};
use crieur::store::Freeze;

use super::{NEWS, Place, add_readers, address, claim, counts, freeze, item, minute, new_issue, reader, slot, variant};

super::promises! {
    a_frozen_issue_has_a_delivery_for_each_confirmed_reader
    a_slot_is_frozen_once_by_however_many
    a_number_taken_meanwhile_is_refused
    a_held_slot_may_be_frozen_after_all
    a_closed_slot_stays_closed
    slots_are_listed_latest_first
    a_reader_whose_language_has_no_variant_gets_the_first
    an_issue_without_variants_leaves_no_trace
    what_is_frozen_comes_back_whole
    told_is_what_frozen_issues_carried
    newsletters_do_not_mix
}

async fn a_frozen_issue_has_a_delivery_for_each_confirmed_reader(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 10).await;
    let gone = store.subscriptions(None, 0, 1).await.expect("one")[0].id;
    store.unsubscribe(gone, minute(0)).await.expect("left");
    store.suppress(&address("reader5@example.org"), "hard bounce", minute(0)).await.expect("suppressed");
    let Freeze::Frozen { issue, recipients } = store.freeze(&new_issue(1, 8, OnDoubt::Resend)).await.expect("frozen")
    else {
        panic!("not frozen")
    };
    assert_eq!(recipients, 9);
    let expected = counts([(DeliveryState::Waiting, 8), (DeliveryState::Suppressed, 1)]);
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), expected);
    assert_eq!(store.outbox_counts().await.expect("counts"), expected);
    store.add_subscriptions(&[reader("late", "fr")], false, minute(1)).await.expect("added");
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), expected, "who comes later is not in it");
}

async fn a_slot_is_frozen_once_by_however_many(place: &Place) {
    add_readers(&*place.open().await, 3).await;
    let stores = [place.open().await, place.open().await];
    let attempts: Vec<_> = (0..20)
        .map(|index| {
            let store = stores[index % 2].clone();
            tokio::spawn(async move { store.freeze(&new_issue(1, 8, OnDoubt::Resend)).await.expect("an answer") })
        })
        .collect();
    let mut frozen = 0;
    for attempt in attempts {
        match attempt.await.expect("no panic") {
            Freeze::Frozen { .. } => frozen += 1,
            answer => assert_eq!(answer, Freeze::SlotTaken),
        }
    }
    assert_eq!(frozen, 1);
    let counted = stores[0].outbox_counts().await.expect("counts");
    assert_eq!(counted, counts([(DeliveryState::Waiting, 3)]));
}

async fn a_number_taken_meanwhile_is_refused(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.next_number(NEWS).await.expect("a number"), 1);
    freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    assert_eq!(store.next_number(NEWS).await.expect("a number"), 2);
    for number in [0, 1, 3] {
        let answer = store.freeze(&new_issue(number, 15, OnDoubt::Resend)).await.expect("an answer");
        assert_eq!(answer, Freeze::NumberTaken);
    }
    assert_eq!(store.issue(NEWS, slot(15)).await.expect("read"), None);
    freeze(&*store, &new_issue(2, 15, OnDoubt::Resend)).await;
}

async fn a_held_slot_may_be_frozen_after_all(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 2).await;
    assert!(store.close_slot(NEWS, slot(8), IssueState::Held, minute(0)).await.expect("held"));
    let held = store.issue(NEWS, slot(8)).await.expect("read").expect("there");
    assert_eq!((held.state, held.number, held.decided_at), (IssueState::Held, None, minute(0)));
    assert_eq!(store.told(NEWS).await.expect("told"), None);
    let mut late = new_issue(1, 8, OnDoubt::Hold);
    late.frozen_at = minute(30);
    let issue = freeze(&*store, &late).await;
    let frozen = store.issue(NEWS, slot(8)).await.expect("read").expect("there");
    assert_eq!((frozen.id, frozen.state, frozen.number), (issue, IssueState::Frozen, Some(1)));
    assert_eq!((frozen.id, frozen.decided_at), (held.id, minute(30)));
    assert_eq!(store.freeze(&new_issue(2, 8, OnDoubt::Hold)).await.expect("an answer"), Freeze::SlotTaken);
    assert_eq!(claim(&*store, 30, 9).await.len(), 2);
}

async fn a_closed_slot_stays_closed(place: &Place) {
    let store = place.open().await;
    let close = |day, state| {
        let store = store.clone();
        async move { store.close_slot(NEWS, slot(day), state, minute(0)).await.expect("an answer") }
    };
    assert!(close(8, IssueState::Empty).await);
    assert!(!close(8, IssueState::Empty).await && !close(8, IssueState::Held).await);
    assert_eq!(store.freeze(&new_issue(1, 8, OnDoubt::Resend)).await.expect("an answer"), Freeze::SlotTaken);
    freeze(&*store, &new_issue(1, 15, OnDoubt::Resend)).await;
    assert!(!close(15, IssueState::Empty).await, "a frozen slot is decided");
    assert!(store.close_slot(NEWS, slot(22), IssueState::Frozen, minute(0)).await.is_err(), "only `freeze` freezes");
}

async fn slots_are_listed_latest_first(place: &Place) {
    let store = place.open().await;
    store.close_slot(NEWS, slot(15), IssueState::Empty, minute(0)).await.expect("closed");
    freeze(&*store, &new_issue(1, 22, OnDoubt::Resend)).await;
    store.close_slot(NEWS, slot(8), IssueState::Held, minute(0)).await.expect("closed");
    let listed = |limit| {
        let store = store.clone();
        async move { store.issues(NEWS, limit).await.expect("issues").into_iter().map(|it| it.slot).collect::<Vec<_>>() }
    };
    assert_eq!(listed(9).await, [slot(22), slot(15), slot(8)]);
    assert_eq!(listed(2).await, [slot(22), slot(15)]);
}

fn variant_of(claim: Claim) -> Option<String> {
    match claim.carries {
        Carries::Issue { variant, .. } => Some(variant),
        Carries::Letter { .. } => None,
    }
}

async fn a_reader_whose_language_has_no_variant_gets_the_first(place: &Place) {
    let store = place.open().await;
    let list = [("a", "de"), ("b", "en"), ("c", "fr")].map(|(name, lang)| reader(name, lang));
    store.add_subscriptions(&list, false, minute(0)).await.expect("added");
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    issue.variants = vec![variant("fr"), variant("en")];
    freeze(&*store, &issue).await;
    let variants: Vec<_> = claim(&*store, 0, 9).await.into_iter().filter_map(variant_of).collect();
    assert_eq!(variants, ["fr", "en", "fr"]);
}

async fn an_issue_without_variants_leaves_no_trace(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 2).await;
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    issue.variants.clear();
    assert!(store.freeze(&issue).await.is_err(), "there is nothing to send");
    assert_eq!(store.issue(NEWS, slot(8)).await.expect("read"), None);
    assert_eq!(store.told(NEWS).await.expect("told"), None);
    freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
}

async fn what_is_frozen_comes_back_whole(place: &Place) {
    let store = place.open().await;
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    issue.variants = vec![variant("fr"), variant("en"), variant("de")];
    let id = freeze(&*store, &issue).await;
    let frozen = place.open().await.frozen_issue(id).await.expect("read").expect("there");
    assert_eq!((frozen.id, frozen.newsletter.as_str(), frozen.number), (id, NEWS, 1));
    assert_eq!((frozen.slot, frozen.frozen_at), (slot(8), minute(0)));
    assert_eq!(frozen.variants, issue.variants);
    store.close_slot(NEWS, slot(15), IssueState::Empty, minute(0)).await.expect("closed");
    let empty = store.issue(NEWS, slot(15)).await.expect("read").expect("there");
    assert!(store.frozen_issue(empty.id).await.expect("read").is_none(), "an empty slot is no frozen issue");
}

async fn told_is_what_frozen_issues_carried(place: &Place) {
    let store = place.open().await;
    store.close_slot(NEWS, slot(1), IssueState::Empty, minute(0)).await.expect("closed");
    assert_eq!(store.told(NEWS).await.expect("told"), None, "an empty slot is not the first issue");
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    issue.items = vec![item("new", Section::New), item("new", Section::Upcoming), item("old", Section::Baseline)];
    freeze(&*store, &issue).await;
    (issue.number, issue.slot, issue.items) = (2, slot(15), Vec::new());
    freeze(&*store, &issue).await;
    let told = ["new", "old"].map(AnnouncementId::pinned);
    assert_eq!(store.told(NEWS).await.expect("told"), Some(HashSet::from(told)));
}

async fn newsletters_do_not_mix(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 3).await;
    let mut other = new_issue(1, 8, OnDoubt::Resend);
    "autre".clone_into(&mut other.newsletter);
    other.items.clear();
    assert!(matches!(store.freeze(&other).await, Ok(Freeze::Frozen { recipients: 0, .. })));
    assert_eq!(store.told("autre").await.expect("told"), Some(HashSet::new()), "an issue without items is one");
    assert_eq!(store.next_number(NEWS).await.expect("a number"), 1);
    assert_eq!(store.told(NEWS).await.expect("told"), None);
    assert!(store.issues(NEWS, 9).await.expect("issues").is_empty());
    freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
}
