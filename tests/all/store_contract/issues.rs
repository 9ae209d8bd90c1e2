//! Slots and freezing.

use std::collections::{BTreeSet, HashMap};

use crieur::model::announcement::AnnouncementId;
use crieur::model::delivery::{Carries, Claim, DeliveryState, OnDoubt};
use crieur::model::issue::{Hold, IssueItem, IssueState, Section};
use crieur::store::{Freeze, Listed};

use super::{
    NEWS, Place, add_readers, address, audience, claim, counts, freeze, item, minute, new_issue, reader, slot, variant,
};

super::promises! {
    a_frozen_issue_has_a_delivery_for_each_confirmed_reader
    a_slot_is_frozen_once_by_however_many
    a_number_taken_meanwhile_is_refused
    a_held_slot_may_be_frozen_after_all
    a_closed_slot_stays_closed
    slots_are_listed_latest_first
    each_audience_gets_its_variant
    an_issue_without_variants_leaves_no_trace
    what_is_frozen_comes_back_whole
    told_is_what_frozen_issues_carried
    a_held_issue_does_not_go_out_until_it_is_released
    what_is_held_after_it_was_claimed_waits_with_the_rest
    an_issue_that_waits_for_approval_has_no_page_yet
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

async fn each_audience_gets_its_variant(place: &Place) {
    let store = place.open().await;
    let list = [("a", "de"), ("b", "en"), ("c", "fr")].map(|(name, lang)| reader(name, lang));
    store.add_subscriptions(&list, false, minute(0)).await.expect("added");
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    issue.variants = vec![variant("fr"), variant("en")];
    let to = |lang, key: &str| (audience(lang), Some(key.to_owned()));
    issue.audiences = vec![to("en", "en"), to("fr", "fr")];
    assert_eq!(store.freeze(&issue).await.expect("an answer"), Freeze::ReadersChanged, "nothing is there for `de`");
    assert_eq!(store.issue(NEWS, slot(8)).await.expect("read"), None, "it leaves no trace");
    issue.audiences.push(to("de", "fr"));
    freeze(&*store, &issue).await;
    let claims = claim(&*store, 0, 9).await.into_iter();
    let mut variants: Vec<_> = claims.map(|claim| (claim.address.clone(), variant_of(claim))).collect();
    variants.sort_by(|a, b| a.0.cmp(&b.0));
    let variants: Vec<_> = variants.into_iter().filter_map(|(_, variant)| variant).collect();
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
    let first = freeze(&*store, &issue).await;
    assert_eq!(store.issue_items(first).await.expect("items"), issue.items, "in their order");
    let moved = IssueItem { sequence: 3, ..item("new", Section::Changed) };
    let passed_over = IssueItem { sequence: 9, ..item("old", Section::Baseline) };
    (issue.number, issue.slot, issue.items) = (2, slot(15), vec![moved, passed_over]);
    freeze(&*store, &issue).await;
    let told = [("new", Some(3)), ("old", None)].map(|(id, shown)| (AnnouncementId::pinned(id), shown));
    assert_eq!(store.told(NEWS).await.expect("told"), Some(HashMap::from(told)));
}

async fn a_held_issue_does_not_go_out_until_it_is_released(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 2).await;
    let mut awaited = new_issue(1, 8, OnDoubt::Resend);
    awaited.hold = Some(Hold::Approval);
    let id = freeze(&*store, &awaited).await;
    let listed = store.issue_numbered(NEWS, 1).await.expect("read").expect("there");
    assert_eq!((listed.id, listed.hold, listed.hold_reason), (id, Some(Hold::Approval), None));
    assert!(claim(&*store, 0, 9).await.is_empty());
    assert_eq!(store.next_due().await.expect("due"), None);
    assert!(!store.release_issue(id, Hold::Operator).await.expect("an answer"));
    assert!(!store.hold_issue(id, Hold::Relay, None).await.expect("an answer"), "held for another reason");
    for reason in [Some("typo"), None] {
        assert!(
            store.hold_issue(id, Hold::Operator, reason).await.expect("an answer"),
            "the operator's word is stronger"
        );
        assert!(!store.hold_issue(id, Hold::Operator, Some("again")).await.expect("an answer"));
        assert!(!store.release_issue(id, Hold::Approval).await.expect("an answer"), "it is not what it waits for");
        let held = store.issue_numbered(NEWS, 1).await.expect("read").expect("there");
        assert!(held.hold == Some(Hold::Operator) && held.hold_reason.is_some(), "{held:?}");
        assert!(store.issue_pages(&BTreeSet::new()).await.expect("pages").is_empty());
        assert!(store.release_issue(id, Hold::Operator).await.expect("an answer"));
        let held = store.issue_numbered(NEWS, 1).await.expect("read").expect("there");
        assert_eq!((held.hold, held.hold_reason), (Some(Hold::Approval), None), "as before");
    }
    assert!(store.release_issue(id, Hold::Approval).await.expect("an answer"));
    assert!(!store.release_issue(id, Hold::Approval).await.expect("an answer"), "once");
    assert!(store.hold_issue(id, Hold::Operator, Some("typo")).await.expect("an answer"));
    let held = store.issue_numbered(NEWS, 1).await.expect("read").expect("there");
    assert_eq!((held.hold, held.hold_reason.as_deref()), (Some(Hold::Operator), Some("typo")));
    assert!(store.release_issue(id, Hold::Operator).await.expect("an answer"));
    assert_eq!(claim(&*store, 0, 9).await.len(), 2);
    store.close_slot(NEWS, slot(15), IssueState::Empty, minute(0)).await.expect("closed");
    let empty = store.issue(NEWS, slot(15)).await.expect("read").expect("there");
    assert!(!store.hold_issue(empty.id, Hold::Operator, None).await.expect("an answer"), "there is nothing to hold");
}

async fn what_is_held_after_it_was_claimed_waits_with_the_rest(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 2).await;
    let id = freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let claims = claim(&*store, 0, 9).await;
    assert!(store.begin_sending(&claims[0], minute(0)).await.expect("an answer"));
    store.hold_issue(id, Hold::Relay, Some("550 5.7.1 policy")).await.expect("held");
    assert!(!store.begin_sending(&claims[1], minute(0)).await.expect("an answer"));
    let expected = counts([(DeliveryState::Waiting, 1), (DeliveryState::Sending, 1)]);
    assert_eq!(store.delivery_counts(id).await.expect("counts"), expected);
    store.release_issue(id, Hold::Relay).await.expect("released");
    let again = claim(&*store, 1, 9).await;
    assert_eq!((again.len(), again[0].delivery, again[0].attempts), (1, claims[1].delivery, 0));
}

async fn an_issue_that_waits_for_approval_has_no_page_yet(place: &Place) {
    let store = place.open().await;
    let first = freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let mut second = new_issue(2, 15, OnDoubt::Resend);
    (second.hold, second.frozen_at) = (Some(Hold::Approval), minute(9));
    let second = freeze(&*store, &second).await;
    let pages = store.issue_pages(&BTreeSet::new()).await.expect("pages");
    let [Listed::Read(page)] = &pages[..] else { panic!("{pages:?}") };
    assert_eq!((page.issue, page.number, page.slot, page.body.as_str()), (first, 1, slot(8), "<p>…</p>"));
    assert_eq!((page.lang.as_str(), page.host.as_deref()), ("fr", Some("www.example.org")));
    store.release_issue(second, Hold::Approval).await.expect("released");
    store.hold_issue(second, Hold::Operator, None).await.expect("held");
    let pages = store.issue_pages(&BTreeSet::from([first])).await.expect("pages");
    assert!(matches!(&pages[..], [Listed::Known(known), Listed::Read(page)] if *known == first && page.number == 2));
}

async fn newsletters_do_not_mix(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 3).await;
    let mut other = new_issue(1, 8, OnDoubt::Resend);
    "autre".clone_into(&mut other.newsletter);
    other.items.clear();
    assert!(matches!(store.freeze(&other).await, Ok(Freeze::Frozen { recipients: 0, .. })));
    assert_eq!(store.told("autre").await.expect("told"), Some(HashMap::new()), "an issue without items is one");
    assert_eq!(store.next_number(NEWS).await.expect("a number"), 1);
    assert_eq!(store.told(NEWS).await.expect("told"), None);
    assert!(store.issues(NEWS, 9).await.expect("issues").is_empty());
    freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
}
