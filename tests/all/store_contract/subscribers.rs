//! Subscribing, leaving, being suppressed.

use std::collections::{BTreeMap, HashMap};

use crieur::model::subscription::{Added, Subscription, SubscriptionStatus};
use crieur::store::Store;

use super::{NEWS, Place, add_readers, address, audience, minute, reader};

super::promises! {
    each_address_gets_its_answer_in_order
    adding_again_changes_nothing
    an_address_is_the_same_in_capitals
    a_list_of_thousands_goes_in_at_once
    pages_follow_each_other
    who_left_stays_away_until_asked_back
    leaving_twice_keeps_the_first_date
    a_suppressed_address_stays_suppressed
    readers_are_counted_by_language
}

async fn all(store: &dyn Store) -> Vec<Subscription> {
    store.subscriptions(None, 0, 1000).await.expect("subscriptions")
}

async fn each_address_gets_its_answer_in_order(place: &Place) {
    let store = place.open().await;
    store.suppress(&address("never@example.org"), "complaint", minute(0)).await.expect("suppressed");
    let list = ["anne", "never", "anne", "bob"].map(|name| reader(name, "fr"));
    let answers = store.add_subscriptions(&list, false, minute(0)).await.expect("answers");
    assert_eq!(answers, [Added::Confirmed, Added::Suppressed, Added::AlreadyConfirmed, Added::Confirmed]);
    let names: Vec<_> = all(&*store).await.into_iter().filter_map(|it| it.name).collect();
    assert_eq!(names, ["anne", "bob"], "of a suppressed address nothing is kept");
}

async fn adding_again_changes_nothing(place: &Place) {
    let store = place.open().await;
    let mut anne = reader("anne", "fr");
    store.add_subscriptions(std::slice::from_ref(&anne), false, minute(0)).await.expect("answers");
    let before = format!("{:?}", all(&*store).await);
    (anne.name, anne.consent_source) = (Some("Another".to_owned()), "list.csv".to_owned());
    let answers = store.add_subscriptions(&[anne], true, minute(9)).await.expect("answers");
    assert_eq!(answers, [Added::AlreadyConfirmed]);
    assert_eq!(format!("{:?}", all(&*store).await), before);
}

async fn an_address_is_the_same_in_capitals(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("Anne", "fr")], false, minute(0)).await.expect("answers");
    let answers = store.add_subscriptions(&[reader("aNNE", "fr")], false, minute(0)).await.expect("answers");
    assert_eq!(answers, [Added::AlreadyConfirmed]);
    assert_eq!(all(&*store).await[0].address, address("Anne@example.org"), "the address is mailed as it was given");
}

async fn a_list_of_thousands_goes_in_at_once(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 5000).await;
    let counts = store.subscription_counts(NEWS).await.expect("counts");
    assert_eq!(counts, HashMap::from([(SubscriptionStatus::Confirmed, 5000)]));
}

async fn pages_follow_each_other(place: &Place) {
    let store = place.open().await;
    let mut list: Vec<_> = ["a", "b", "c", "d"].map(|name| reader(name, "fr")).into();
    "autre".clone_into(&mut list[1].newsletter);
    store.add_subscriptions(&list, false, minute(0)).await.expect("answers");
    let first = store.subscriptions(Some(NEWS), 0, 2).await.expect("a page");
    let second = store.subscriptions(Some(NEWS), first[1].id, 2).await.expect("a page");
    let names: Vec<_> = first.iter().chain(&second).filter_map(|it| it.name.as_deref()).collect();
    assert_eq!(names, ["a", "c", "d"]);
    assert_eq!(all(&*store).await.len(), 4);
    let one = store.subscription(second[0].id).await.expect("read").expect("there");
    assert_eq!(
        (one.name.as_deref(), one.status, one.confirmed),
        (Some("d"), SubscriptionStatus::Confirmed, Some(minute(0)))
    );
    assert!(store.subscription(999).await.expect("read").is_none());
}

async fn who_left_stays_away_until_asked_back(place: &Place) {
    let store = place.open().await;
    let mut anne = [reader("anne", "fr")];
    store.add_subscriptions(&anne, false, minute(0)).await.expect("answers");
    let id = all(&*store).await[0].id;
    store.unsubscribe(id, minute(1)).await.expect("left");
    (anne[0].lang, anne[0].consent_source) = ("en".to_owned(), "asked by telephone".to_owned());
    assert_eq!(store.add_subscriptions(&anne, false, minute(2)).await.expect("answers"), [Added::Unsubscribed]);
    assert_eq!(all(&*store).await[0].status, SubscriptionStatus::Unsubscribed);
    assert_eq!(store.add_subscriptions(&anne, true, minute(3)).await.expect("answers"), [Added::Confirmed]);
    let back = &all(&*store).await[0];
    assert_eq!((back.id, back.status, back.lang.as_str()), (id, SubscriptionStatus::Confirmed, "en"));
    assert_eq!((back.created, back.confirmed, back.unsubscribed), (minute(0), Some(minute(3)), None));
    assert_eq!(back.consent_source, "asked by telephone");
}

async fn leaving_twice_keeps_the_first_date(place: &Place) {
    let store = place.open().await;
    add_readers(&*store, 1).await;
    let id = all(&*store).await[0].id;
    assert!(store.unsubscribe(id, minute(1)).await.expect("left"));
    assert!(store.unsubscribe(id, minute(2)).await.expect("left"));
    assert_eq!(all(&*store).await[0].unsubscribed, Some(minute(1)));
    assert!(!store.unsubscribe(id + 1, minute(2)).await.expect("nobody left"));
}

async fn a_suppressed_address_stays_suppressed(place: &Place) {
    let store = place.open().await;
    for at in [0, 1] {
        store.suppress(&address("Anne@example.org"), "hard bounce", minute(at)).await.expect("suppressed");
    }
    assert_eq!(store.suppression_count().await.expect("a count"), 1);
    let answers = store.add_subscriptions(&[reader("anne", "fr")], true, minute(2)).await.expect("answers");
    assert_eq!(answers, [Added::Suppressed]);
}

async fn readers_are_counted_by_language(place: &Place) {
    let store = place.open().await;
    let list = [("a", "fr"), ("b", "fr"), ("c", "en"), ("d", "de"), ("e", "fr")].map(|(name, lang)| reader(name, lang));
    store.add_subscriptions(&list, false, minute(0)).await.expect("answers");
    store.unsubscribe(all(&*store).await[0].id, minute(1)).await.expect("left");
    store.suppress(&address("d@example.org"), "hard bounce", minute(1)).await.expect("suppressed");
    let readers = store.readers(NEWS).await.expect("readers");
    assert_eq!(readers, BTreeMap::from([(audience("en"), 1), (audience("fr"), 2)]));
    let counts = store.subscription_counts(NEWS).await.expect("counts");
    let expected = [(SubscriptionStatus::Confirmed, 4), (SubscriptionStatus::Unsubscribed, 1)];
    assert_eq!(counts, HashMap::from(expected));
    assert!(store.readers("autre").await.expect("readers").is_empty());
}
