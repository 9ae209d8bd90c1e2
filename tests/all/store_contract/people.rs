//! The operator's side: lists, one person's record, erasing, keeping for so long and no longer, another key.

use crieur::model::delivery::{DeliveryState, OnDoubt, Outcome};
use crieur::model::subscriber::{KEPT, Retained};
use crieur::model::subscription::{Added, NewSubscription, Subscription, SubscriptionStatus};
use crieur::model::token::SigningKey;
use crieur::store::Store;

use super::{NEWS, Place, add_readers, address, begin_one, claim, counts, freeze, frozen, minute, new_issue, reader};

super::promises! {
    a_list_is_subscribed_all_at_once
    a_row_gets_the_answer_it_would_get_without_doing_anything
    a_list_that_nobody_goes_on_with_is_taken_again
    who_leaves_while_a_list_comes_in_stays_away
    a_record_tells_everything
    of_who_was_erased_only_counts_are_left
    who_objected_stays_suppressed
    erasing_reaches_a_list_that_is_still_coming_in
    what_is_being_sent_to_who_is_erased_is_not_tried_again
    what_was_kept_for_long_enough_is_erased
    a_clock_that_leaps_is_believed_the_second_time
    a_new_key_leaves_suppressions_and_issues_as_they_are
    a_suppression_can_be_lifted
}

async fn all(store: &dyn Store) -> Vec<Subscription> {
    store.subscriptions(None, 0, 1000).await.expect("subscriptions")
}

fn list(names: &[&str]) -> Vec<NewSubscription> {
    names.iter().map(|name| reader(name, "fr")).collect()
}

async fn readers_of(store: &dyn Store) -> u64 {
    store.readers(NEWS).await.expect("readers").values().sum()
}

async fn a_list_is_subscribed_all_at_once(place: &Place) {
    let store = place.open().await;
    let import = store.begin_import("paper, 2019", minute(0)).await.expect("begun");
    let taken = store.import(import, &list(&["anne", "bob", "anne"]), minute(1)).await.expect("taken");
    assert_eq!(taken, [Added::Confirmed, Added::Confirmed, Added::Repeated]);
    let taken = store.import(import, &list(&["carl", "BOB"]), minute(2)).await.expect("taken");
    assert_eq!(taken, [Added::Confirmed, Added::Repeated], "rows are compared with those before");
    assert!(all(&*store).await.is_empty() && readers_of(&*store).await == 0, "nobody would get an issue yet");
    assert_eq!(store.finish_import(import, minute(3)).await.expect("finished"), Some(3));
    let names: Vec<_> = all(&*store).await.into_iter().filter_map(|it| it.name).collect();
    assert_eq!(names, ["anne", "bob", "carl"]);
    let anne = &all(&*store).await[0];
    assert_eq!((anne.status, anne.confirmed), (SubscriptionStatus::Confirmed, Some(minute(3))));
    assert_eq!(anne.consent_source, "paper, 2019");
    assert_eq!(store.finish_import(import, minute(4)).await.expect("asked again"), None);
    assert_eq!(readers_of(&*store).await, 3);
}

async fn a_row_gets_the_answer_it_would_get_without_doing_anything(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&list(&["anne", "left"]), false, minute(0)).await.expect("answers");
    store.unsubscribe(all(&*store).await[1].id, minute(1)).await.expect("left");
    store.suppress(&address("never@example.org"), "complaint", minute(1)).await.expect("suppressed");
    let rows = list(&["new", "anne", "left", "never", "new"]);
    let expected = [Added::Confirmed, Added::AlreadyConfirmed, Added::Unsubscribed, Added::Suppressed, Added::Repeated];
    assert_eq!(store.consider_import(&rows).await.expect("answers"), expected);
    let import = store.begin_import("list", minute(2)).await.expect("begun");
    assert_eq!(store.import(import, &rows, minute(2)).await.expect("answers"), expected);
    assert_eq!(store.finish_import(import, minute(3)).await.expect("finished"), Some(1));
    let statuses: Vec<_> = all(&*store).await.into_iter().map(|it| it.status).collect();
    assert_eq!(
        statuses,
        [SubscriptionStatus::Confirmed, SubscriptionStatus::Unsubscribed, SubscriptionStatus::Confirmed]
    );
}

async fn a_list_that_nobody_goes_on_with_is_taken_again(place: &Place) {
    let store = place.open().await;
    let dead = store.begin_import("list", minute(0)).await.expect("begun");
    store.import(dead, &list(&["anne", "bob"]), minute(0)).await.expect("taken");
    let import = store.begin_import("list", minute(1)).await.expect("begun");
    let taken = store.import(import, &list(&["anne", "bob"]), minute(1)).await.expect("taken");
    assert_eq!(taken, [Added::Confirmed, Added::Confirmed]);
    assert_eq!(store.finish_import(import, minute(2)).await.expect("finished"), Some(2));
    store.begin_import("another", minute(60 * 25)).await.expect("begun");
    assert_eq!(store.finish_import(dead, minute(60 * 25)).await.expect("asked"), None, "forgotten after a day");
}

async fn who_leaves_while_a_list_comes_in_stays_away(place: &Place) {
    let store = place.open().await;
    let import = store.begin_import("list", minute(0)).await.expect("begun");
    store.import(import, &list(&["anne", "bob"]), minute(0)).await.expect("taken");
    store.add_subscriptions(&list(&["anne"]), false, minute(1)).await.expect("signed up meanwhile");
    store.unsubscribe(all(&*store).await[0].id, minute(2)).await.expect("left");
    store.suppress(&address("bob@example.org"), "complaint", minute(2)).await.expect("suppressed");
    assert_eq!(store.finish_import(import, minute(3)).await.expect("finished"), Some(0));
    assert!(readers_of(&*store).await == 0);
    assert_eq!(all(&*store).await.len(), 1, "of a suppressed address nothing is kept");
}

async fn a_record_tells_everything(place: &Place) {
    let (store, _) = frozen(place, 1, OnDoubt::Resend).await;
    assert_eq!(store.subscriber(&address("nobody@example.org")).await.expect("read"), None);
    let sent = begin_one(&*store, 1).await;
    store.record_outcome(&sent, &Outcome::Sent, minute(2)).await.expect("recorded");
    store.unsubscribe(sent.subscription().expect("an issue"), minute(3)).await.expect("left");
    store.suppress(&address("reader0@example.org"), "complaint", minute(4)).await.expect("suppressed");
    let record = store.subscriber(&address("READER0@example.org")).await.expect("read").expect("somebody");
    assert_eq!((record.address.as_str(), record.name.as_deref()), ("reader0@example.org", Some("reader0")));
    assert_eq!(record.suppression.expect("suppressed").reason, "complaint");
    let one = &record.subscriptions[0];
    assert_eq!((one.newsletter.as_str(), one.unsubscribed), (NEWS, Some(minute(3))));
    assert_eq!((one.consents[0].at, one.consents[0].source.as_str()), (minute(-60), "operator"));
    assert_eq!((one.deliveries[0].number, one.deliveries[0].state), (Some(1), DeliveryState::Sent));
}

async fn of_who_was_erased_only_counts_are_left(place: &Place) {
    let (store, issue) = frozen(place, 2, OnDoubt::Resend).await;
    let refused = begin_one(&*store, 1).await;
    let reason = "550 5.1.1 no such user reader0".to_owned();
    store.record_outcome(&refused, &Outcome::Refused { reason }, minute(2)).await.expect("recorded");
    let erased = store.erase(&address("Reader0@example.org"), false, minute(3)).await.expect("erased");
    assert_eq!((erased.subscriptions, erased.deliveries), (1, 1));
    assert!(!erased.suppressed && erased.bytes_gone);
    let erased = store.erase(&address("reader1@example.org"), false, minute(3)).await.expect("erased");
    assert_eq!((erased.subscriptions, erased.deliveries), (1, 1));
    let expected = counts([(DeliveryState::Refused, 1), (DeliveryState::Suppressed, 1)]);
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), expected, "every recipient has a state still");
    assert!(all(&*store).await.is_empty() && readers_of(&*store).await == 0);
    assert_eq!(store.subscriber(&address("reader0@example.org")).await.expect("read"), None);
    assert!(claim(&*store, 100, 10).await.is_empty());
    assert_eq!(store.next_due().await.expect("read"), None);
    let again = store.erase(&address("reader0@example.org"), false, minute(4)).await.expect("erased");
    assert_eq!((again.subscriptions, again.deliveries), (0, 0));
    let back = store.add_subscriptions(&list(&["reader0"]), false, minute(5)).await.expect("answers");
    assert_eq!(back, [Added::Confirmed], "nobody remembers");
}

async fn who_objected_stays_suppressed(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 1).await;
    assert!(store.erase(&address("reader0@example.org"), true, minute(1)).await.expect("erased").suppressed);
    assert!(store.erase(&address("unknown@example.org"), true, minute(1)).await.expect("erased").suppressed);
    let answers = store.add_subscriptions(&list(&["Reader0", "unknown"]), true, minute(2)).await.expect("answers");
    assert_eq!(answers, [Added::Suppressed, Added::Suppressed]);
    let record = store.subscriber(&address("reader0@example.org")).await.expect("read").expect("a suppression");
    assert!(record.subscriptions.is_empty() && record.suppression.is_some());
    // whoever complained before need not say it again
    store.suppress(&address("loud@example.org"), "complaint", minute(3)).await.expect("suppressed");
    assert!(store.erase(&address("loud@example.org"), false, minute(4)).await.expect("erased").suppressed);
}

async fn erasing_reaches_a_list_that_is_still_coming_in(place: &Place) {
    let store = place.open().await;
    let import = store.begin_import("list", minute(0)).await.expect("begun");
    store.import(import, &list(&["anne", "bob"]), minute(0)).await.expect("taken");
    store.erase(&address("anne@example.org"), false, minute(1)).await.expect("erased");
    assert_eq!(store.finish_import(import, minute(2)).await.expect("finished"), Some(1));
    assert_eq!(all(&*store).await[0].name.as_deref(), Some("bob"));
}

async fn what_is_being_sent_to_who_is_erased_is_not_tried_again(place: &Place) {
    let (store, issue) = frozen(place, 3, OnDoubt::Resend).await;
    let (taken, put_off, lost) =
        (begin_one(&*store, 1).await, begin_one(&*store, 1).await, begin_one(&*store, 1).await);
    for name in ["reader0", "reader1", "reader2"] {
        store.erase(&address(&format!("{name}@example.org")), false, minute(2)).await.expect("erased");
    }
    store.record_outcome(&taken, &Outcome::Sent, minute(3)).await.expect("recorded");
    let reason = "451 later".to_owned();
    store.record_outcome(&put_off, &Outcome::Deferred { reason }, minute(3)).await.expect("recorded");
    let reason = "no answer".to_owned();
    store.record_outcome(&lost, &Outcome::Doubt { reason }, minute(3)).await.expect("recorded");
    assert!(claim(&*store, 4, 10).await.is_empty());
    assert_eq!(store.next_due().await.expect("read"), None);
    let expected = counts([(DeliveryState::Sent, 1), (DeliveryState::Suppressed, 2)]);
    assert_eq!(store.delivery_counts(issue).await.expect("counts"), expected);
}

fn erased(left: u64, silent: u64) -> Retained {
    Retained { left, silent, bytes_gone: true }
}

async fn what_was_kept_for_long_enough_is_erased(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&list(&["left", "silent", "mailed"]), false, minute(0)).await.expect("answers");
    let ids: Vec<i64> = all(&*store).await.into_iter().map(|it| it.id).collect();
    store.unsubscribe(ids[0], minute(10)).await.expect("left");
    let (long, day) = (KEPT.num_minutes(), 24 * 60);
    // each year somebody looks
    let mut at = minute(0);
    while at < minute(long) {
        assert_eq!(store.retain(at).await.expect("looked"), erased(0, 0), "{at}");
        at += chrono::TimeDelta::days(365);
    }
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    issue.frozen_at = minute(1);
    store.unsubscribe(ids[1], minute(2)).await.expect("away while the issue is frozen");
    freeze(&*store, &issue).await;
    store.add_subscriptions(&list(&["silent"]), true, minute(3)).await.expect("back");
    let mailed = begin_one(&*store, day).await;
    store.record_outcome(&mailed, &Outcome::Sent, minute(day)).await.expect("recorded");
    let retained = store.retain(minute(long + 60)).await.expect("looked");
    assert_eq!(retained, erased(1, 1));
    let names: Vec<_> = all(&*store).await.into_iter().filter_map(|it| it.name).collect();
    assert_eq!(names, ["mailed"]);
    assert_eq!(store.retain(minute(long + 60)).await.expect("looked"), erased(0, 0));
    assert_eq!(store.retain(minute(long + 2 * day)).await.expect("looked"), erased(0, 1));
    assert_eq!(store.outbox_counts().await.expect("counts"), counts([(DeliveryState::Sent, 1)]));
}

async fn a_clock_that_leaps_is_believed_the_second_time(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 3).await;
    store.retain(minute(0)).await.expect("looked");
    let years = 10 * 365 * 24 * 60;
    assert_eq!(store.retain(minute(years)).await.expect("looked"), erased(0, 0));
    assert_eq!(store.retain(minute(0)).await.expect("looked"), erased(0, 0), "the clock was set right");
    assert_eq!(all(&*store).await.len(), 3);
    store.retain(minute(years)).await.expect("looked");
    assert_eq!(store.retain(minute(years + 1440)).await.expect("looked").silent, 3);
}

async fn a_new_key_leaves_suppressions_and_issues_as_they_are(place: &Place) {
    let (store, issue) = frozen(place, 2, OnDoubt::Resend).await;
    let old = store.signing_key(SigningKey::new([1; 32])).await.expect("a key");
    for gone in ["unknown@example.org", "reader0@example.org"] {
        store.suppress(&address(gone), "complaint", minute(1)).await.expect("suppressed");
    }
    let key = store.rotate_key(SigningKey::new([9; 32])).await.expect("rotated");
    assert_eq!(key.number(), 2);
    assert!(key == place.open().await.signing_key(SigningKey::new([1; 32])).await.expect("a key"));
    assert_eq!(key.open_subscription_token(&old.subscription_token(5)), Some(5));
    assert_eq!(old.open_subscription_token(&key.subscription_token(5)), None);
    assert!(key.of_issue(issue) == &old, "an issue keeps the key it was frozen under");
    let answers = store.add_subscriptions(&list(&["unknown", "reader0", "reader1", "new"]), true, minute(2)).await;
    let expected = [Added::Suppressed, Added::Suppressed, Added::AlreadyConfirmed, Added::Confirmed];
    assert_eq!(answers.expect("answers"), expected, "also where only the hash is known");
    for gone in ["unknown@example.org", "reader0@example.org"] {
        store.suppress(&address(gone), "again", minute(3)).await.expect("suppressed");
    }
    assert_eq!(store.suppression_count().await.expect("a count"), 2);
    assert_eq!(readers_of(&*store).await, 2);
    let next = freeze(&*store, &new_issue(2, 9, OnDoubt::Resend)).await;
    assert_eq!(key.of_issue(next).number(), 2);
    let states = store.delivery_counts(next).await.expect("counts");
    assert_eq!(states, counts([(DeliveryState::Waiting, 2), (DeliveryState::Suppressed, 1)]));
}

async fn a_suppression_can_be_lifted(place: &Place) {
    let store = place.open().await;
    store.suppress(&address("anne@example.org"), "hard bounce", minute(0)).await.expect("suppressed");
    store.rotate_key(SigningKey::new([9; 32])).await.expect("rotated");
    assert!(store.lift_suppression(&address("Anne@example.org")).await.expect("lifted"));
    assert!(!store.lift_suppression(&address("anne@example.org")).await.expect("nothing there"));
    let answers = store.add_subscriptions(&list(&["anne"]), false, minute(1)).await.expect("answers");
    assert_eq!(answers, [Added::Confirmed]);
}
