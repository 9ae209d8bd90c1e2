//! Signing up, confirming, preferences, and letters on their way through the outbox.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use crieur::model::delivery::{Carries, Claim, DeliveryState, OnDoubt, Outcome, Withheld};
use crieur::model::issue::Audience;
use crieur::model::letter::LetterText;
use crieur::model::signup::{Choice, Confirmation, Known, MOST_WISHES, NewSignup, SignedUp, Wish, Wording};
use crieur::model::subscription::NewSubscription;
use crieur::model::subscription::SubscriptionStatus::{self, Confirmed, Pending, Unsubscribed};
use crieur::model::token::SigningKey;
use crieur::store::{Freeze, Store};

use super::{NEWS, Place, address, begin_one, claim, claim_one, counts, freeze, frozen, minute, new_issue, reader};

super::promises! {
    nothing_is_mailed_to_before_it_is_confirmed
    a_letter_goes_out_while_issues_wait
    a_mailbox_gets_one_letter_a_day_and_three_in_all
    confirming_lets_the_mailbox_have_letters_again
    a_confirmation_counts_once
    an_old_link_brings_nobody_back
    whoever_left_may_come_back
    what_a_reader_has_is_not_changed_by_a_form
    another_key_does_not_make_a_mailbox_forget
    nobody_is_locked_out_by_what_strangers_entered
    a_reader_who_has_all_of_it_is_reminded
    a_suppressed_address_gets_no_letter
    a_sign_up_nobody_confirmed_is_forgotten
    receipts_name_the_wording
    preferences_change_topics_and_language_and_end_the_others
    letters_go_first
    a_letter_in_doubt_goes_out_once_more
    a_letter_nobody_needs_any_more_stays
    letters_are_claimed_and_retried_like_deliveries
    suppressing_stops_a_letter
    a_wish_is_carried_out_once_whoever_does_it
    a_wish_that_was_erased_or_is_too_old_is_not_carried_out
    so_many_wishes_wait_and_no_more
    other_topics_are_confirmed_like_another_newsletter
    a_letter_that_would_be_wrong_is_not_written
}

fn day(days: i64) -> DateTime<Utc> {
    minute(0) + TimeDelta::days(days)
}

fn choice(newsletter: &str, topics: &[&str]) -> Choice {
    Choice { newsletter: newsletter.to_owned(), topics: topics.iter().map(|topic| (*topic).to_owned()).collect() }
}

fn letter(subject: &str) -> LetterText {
    LetterText {
        lang: "fr".to_owned(),
        subject: subject.to_owned(),
        html: "<a href=\"%link%\">…</a>".to_owned(),
        text: "%link%".to_owned(),
        mark: "%link%".to_owned(),
    }
}

fn asking(name: &str, choices: &[Choice]) -> NewSignup {
    NewSignup {
        wish: None,
        address: address(&format!("{name}@example.org")),
        lang: "fr".to_owned(),
        choices: choices.to_vec(),
        known: Known::default(),
        wording: Wording("Nous gardons votre adresse.".to_owned()),
        letter: letter("Une lettre"),
    }
}

/// With what is known of them, as the web does it.
async fn send(store: &dyn Store, new: NewSignup, at: DateTime<Utc>) -> SignedUp {
    let known = store.known(&new.address).await.expect("read");
    store.sign_up(&NewSignup { known, ..new }, at).await.expect("an answer")
}

async fn sign_up(store: &dyn Store, name: &str, at: DateTime<Utc>) -> SignedUp {
    send(store, asking(name, &[choice(NEWS, &["agenda"])]), at).await
}

/// For all topics, as operators bring readers in.
async fn sign_up_for_all(store: &dyn Store, name: &str, at: DateTime<Utc>) -> SignedUp {
    send(store, asking(name, &[choice(NEWS, &[])]), at).await
}

/// The sign-up that the latest letter asks to confirm.
async fn asked(store: &dyn Store, at: DateTime<Utc>) -> i64 {
    let claims = store.claim(at, at + TimeDelta::minutes(10), 99).await.expect("claims");
    match claims.last().map(|claim| &claim.carries) {
        Some(Carries::Letter { signup: Some(signup), .. }) => *signup,
        other => panic!("{other:?}"),
    }
}

async fn status(store: &dyn Store, name: &str) -> Option<(SubscriptionStatus, Vec<String>)> {
    let wanted = address(&format!("{name}@example.org"));
    let all = store.subscriptions(Some(NEWS), 0, 99).await.expect("all");
    all.into_iter().find(|it| it.address == wanted).map(|it| (it.status, it.topics))
}

fn topics(slugs: &[&str]) -> Vec<String> {
    slugs.iter().map(|slug| (*slug).to_owned()).collect()
}

async fn a_letter_goes_out_while_issues_wait(place: &Place) {
    let store = place.open().await;
    assert_eq!(sign_up(&*store, "anne", minute(0)).await, SignedUp::Asked);
    let quiet = Withheld { issues: true, ..Withheld::default() };
    assert!(store.next_due_without(&quiet).await.expect("read").is_some());
    let here = Withheld { domains: ["example.org".to_owned()].into(), ..quiet.clone() };
    assert_eq!(store.next_due_without(&here).await.expect("read"), None);
    assert!(store.claim_without(&here, minute(0), minute(9), 9).await.expect("claims").is_empty());
    assert_eq!(store.claim_without(&quiet, minute(0), minute(9), 9).await.expect("claims").len(), 1);
}

async fn nothing_is_mailed_to_before_it_is_confirmed(place: &Place) {
    let store = place.open().await;
    assert_eq!(sign_up(&*store, "anne", minute(0)).await, SignedUp::Asked);
    assert_eq!(status(&*store, "anne").await, Some((Pending, topics(&["agenda"]))));
    assert!(store.readers(NEWS).await.expect("readers").is_empty());
    let signup = asked(&*store, minute(0)).await;
    let seen = store.signup(signup).await.expect("read").expect("there");
    assert_eq!((seen.choices, seen.confirmed), (vec![choice(NEWS, &["agenda"])], None));
    assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Pending), "looking changes nothing");
    assert_eq!(store.confirm(signup, minute(5)).await.expect("an answer"), Confirmation::Confirmed);
    assert_eq!(status(&*store, "anne").await, Some((Confirmed, topics(&["agenda"]))));
    let chose = Audience { lang: "fr".to_owned(), topics: topics(&["agenda"]) };
    assert_eq!(store.readers(NEWS).await.expect("readers"), BTreeMap::from([(chose.clone(), 1)]));

    // nothing in the issue is theirs: they are no recipients
    let mut issue = new_issue(1, 8, OnDoubt::Resend);
    assert_eq!(store.freeze(&issue).await.expect("an answer"), Freeze::ReadersChanged);
    issue.audiences.push((chose, None));
    assert!(matches!(store.freeze(&issue).await, Ok(Freeze::Frozen { recipients: 0, .. })));
}

async fn a_mailbox_gets_one_letter_a_day_and_three_in_all(place: &Place) {
    let store = place.open().await;
    for (days, name, expected) in [
        (0, "anne", SignedUp::Asked),
        (0, "Anne", SignedUp::Limited),
        (0, "anne+tag", SignedUp::Limited),
        (1, "anne+other", SignedUp::Asked),
        (2, "anne", SignedUp::Asked),
        (3, "anne", SignedUp::Limited),
        (400, "ANNE+again", SignedUp::Limited),
        (400, "berthe", SignedUp::Asked),
    ] {
        assert_eq!(sign_up(&*store, name, day(days)).await, expected, "{name} on day {days}");
        store.forget_expired_signups(day(days)).await.expect("forgotten");
    }
    let rows = store.subscriptions(None, 0, 99).await.expect("all").len();
    assert_eq!(rows, 1, "what is limited leaves no trace, what expired neither");
}

async fn confirming_lets_the_mailbox_have_letters_again(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", day(0)).await;
    store.confirm(asked(&*store, day(0)).await, day(0)).await.expect("confirmed");
    let other = asking("anne", &[choice("autre", &[])]);
    assert_eq!(send(&*store, other, day(0)).await, SignedUp::Asked);
}

async fn a_confirmation_counts_once(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", day(0)).await;
    let signup = asked(&*store, day(0)).await;
    let mut answers = Vec::new();
    let all: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let store = store.clone();
                async move { store.confirm(signup, day(1)).await.expect("an answer") }
            })
        })
        .collect();
    for one in all {
        answers.push(one.await.expect("no panic"));
    }
    let first = answers.iter().filter(|answer| **answer == Confirmation::Confirmed).count();
    let again = answers.iter().filter(|answer| **answer == Confirmation::AlreadyConfirmed).count();
    assert_eq!((first, again), (1, 7));
}

/// G9
async fn an_old_link_brings_nobody_back(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", day(0)).await;
    let first = asked(&*store, day(0)).await;
    sign_up(&*store, "anne", day(1)).await;
    let second = asked(&*store, day(1)).await;
    store.confirm(second, day(1)).await.expect("confirmed");
    let id = store.subscriptions(None, 0, 9).await.expect("all")[0].id;
    store.unsubscribe(id, day(2)).await.expect("left");
    for (signup, expected) in [(second, Confirmation::AlreadyConfirmed), (first, Confirmation::Overtaken)] {
        assert_eq!(store.confirm(signup, day(3)).await.expect("an answer"), expected);
        assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Unsubscribed));
    }
}

async fn whoever_left_may_come_back(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("anne", "fr")], false, day(0)).await.expect("added");
    let id = store.subscriptions(None, 0, 9).await.expect("all")[0].id;
    store.unsubscribe(id, day(1)).await.expect("left");
    assert_eq!(sign_up(&*store, "anne", day(2)).await, SignedUp::Asked);
    let signup = asked(&*store, day(2)).await;
    assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Unsubscribed), "until it is confirmed");
    assert_eq!(store.forget_expired_signups(day(10)).await.expect("forgotten"), 1);
    assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Unsubscribed), "and that is not forgotten");
    assert_eq!(store.confirm(signup, day(10)).await.expect("an answer"), Confirmation::Expired);
    sign_up(&*store, "anne", day(11)).await;
    store.confirm(asked(&*store, day(11)).await, day(11)).await.expect("confirmed");
    assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Confirmed));
}

async fn what_a_reader_has_is_not_changed_by_a_form(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("anne", "en")], false, day(0)).await.expect("added");
    let both = asking("anne", &[choice(NEWS, &[]), choice("autre", &[])]);
    assert_eq!(send(&*store, both, day(1)).await, SignedUp::Asked);
    let signup = asked(&*store, day(1)).await;
    let asked_for = store.signup(signup).await.expect("read").expect("there").choices;
    assert_eq!(asked_for, [choice("autre", &[])], "only what is not there yet is to be confirmed");
    store.confirm(signup, day(1)).await.expect("confirmed");
    let kept = &store.subscriptions(Some(NEWS), 0, 9).await.expect("all")[0];
    assert_eq!((kept.lang.as_str(), kept.topics.len(), kept.consent_source.as_str()), ("en", 0, "operator"));
}

async fn a_reader_who_has_all_of_it_is_reminded(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("anne", "fr")], false, day(0)).await.expect("added");
    assert_eq!(sign_up_for_all(&*store, "anne", day(0)).await, SignedUp::Reminded);
    assert_eq!(sign_up_for_all(&*store, "anne", day(0)).await, SignedUp::Limited, "under the same limits");
    let claim = begin_one(&*store, 0).await;
    let Carries::Letter { text, signup: None, .. } = claim.carries else { panic!("{:?}", claim.carries) };
    assert_eq!(store.letter_text(&text).await.expect("read"), Some(letter("Une lettre")));
}

async fn another_key_does_not_make_a_mailbox_forget(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("paul", "fr")], false, day(0)).await.expect("added");
    assert_eq!(sign_up_for_all(&*store, "paul", day(1)).await, SignedUp::Reminded);
    for days in 0..2 {
        assert_eq!(sign_up(&*store, "anne", day(days)).await, SignedUp::Asked);
    }
    store.rotate_key(SigningKey::new([8; 32])).await.expect("another key");
    assert_eq!(sign_up_for_all(&*store, "paul", day(1)).await, SignedUp::Limited);
    assert_eq!(sign_up(&*store, "anne", day(1)).await, SignedUp::Asked, "her link died with its key");
    assert_eq!(sign_up(&*store, "anne", day(1)).await, SignedUp::Limited);
    for days in [2, 3] {
        assert_eq!(sign_up(&*store, "anne", day(days)).await, SignedUp::Asked);
    }
    assert_eq!(sign_up(&*store, "anne", day(4)).await, SignedUp::Limited, "three in all");
    let erased = store.erase(&address("anne@example.org"), false, day(4)).await.expect("erased");
    assert!(!erased.suppressed);
    assert_eq!(sign_up(&*store, "anne", day(4)).await, SignedUp::Asked, "nothing is kept of whoever was erased");
}

async fn nobody_is_locked_out_by_what_strangers_entered(place: &Place) {
    let store = place.open().await;
    store.add_subscriptions(&[reader("anne", "fr")], false, day(0)).await.expect("added");
    for days in 0..5 {
        assert_eq!(sign_up_for_all(&*store, "anne", day(days)).await, SignedUp::Reminded, "once a day, however long");
    }
    let subscription = store.subscriptions(None, 0, 9).await.expect("all")[0].id;
    store.unsubscribe(subscription, day(5)).await.expect("left");
    assert_eq!(sign_up(&*store, "anne", day(5)).await, SignedUp::Asked);
    for days in [6, 7] {
        sign_up(&*store, "anne", day(days)).await;
    }
    assert_eq!(sign_up(&*store, "anne", day(8)).await, SignedUp::Limited);
    store.add_subscriptions(&[reader("anne", "fr")], true, day(9)).await.expect("the operator brings her back");
    store.unsubscribe(subscription, day(10)).await.expect("left again");
    assert_eq!(sign_up(&*store, "anne", day(10)).await, SignedUp::Asked);
}

async fn a_suppressed_address_gets_no_letter(place: &Place) {
    let store = place.open().await;
    store.suppress(&address("anne@example.org"), "complaint", day(0)).await.expect("suppressed");
    assert_eq!(sign_up(&*store, "Anne", day(0)).await, SignedUp::Suppressed);
    assert_eq!(store.next_due().await.expect("read"), None);
    assert!(store.subscriptions(None, 0, 9).await.expect("all").is_empty(), "and nothing is kept of it");
}

/// G10
async fn a_sign_up_nobody_confirmed_is_forgotten(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", day(0)).await;
    let signup = asked(&*store, day(0)).await;
    let almost = day(7) - TimeDelta::milliseconds(1);
    assert_eq!(store.forget_expired_signups(almost).await.expect("forgotten"), 0);
    assert_eq!(store.confirm(signup, day(7)).await.expect("an answer"), Confirmation::Expired);
    assert_eq!(store.forget_expired_signups(day(7)).await.expect("forgotten"), 1);
    assert_eq!(store.confirm(signup, day(7)).await.expect("an answer"), Confirmation::Expired);
    assert!(store.subscriptions(None, 0, 9).await.expect("all").is_empty());
    assert_eq!((store.signup(signup).await.expect("read"), store.next_due().await.expect("read")), (None, None));
}

/// I-12
async fn receipts_name_the_wording(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", day(0)).await;
    let wording = Wording("Nous gardons votre adresse.".to_owned());
    store.confirm(asked(&*store, day(0)).await, day(1)).await.expect("confirmed");
    assert_eq!(store.wording(&wording.hash()).await.expect("read"), Some(wording.0));
    assert_eq!(store.wording("0").await.expect("read"), None);
    let listed = &store.subscriptions(None, 0, 9).await.expect("all")[0];
    assert_eq!((listed.consent_source.as_str(), listed.created, listed.confirmed), ("web", day(0), Some(day(1))));
}

async fn preferences_change_topics_and_language_and_end_the_others(place: &Place) {
    let store = place.open().await;
    let other = NewSubscription { newsletter: "autre".to_owned(), ..reader("anne", "fr") };
    store.add_subscriptions(&[reader("anne", "fr"), other], false, day(0)).await.expect("added");
    freeze(&*store, &new_issue(1, 8, OnDoubt::Resend)).await;
    let subscriber = claim_one(&*store, 0).await.subscriber;
    let has = || async {
        let all = store.subscriptions_of(subscriber).await.expect("all");
        all.into_iter().map(|it| (it.newsletter, it.status, it.lang, it.topics)).collect::<Vec<_>>()
    };
    let en = |newsletter: &str, status, slugs| (newsletter.to_owned(), status, "en".to_owned(), topics(slugs));
    let kept = [choice(NEWS, &["agenda", "presse"]), choice("autre", &[]), choice("third", &[])];
    let both = [NEWS, "autre"].map(str::to_owned);
    store.change_preferences(subscriber, "fr", &[], &["third".to_owned()], day(1)).await.expect("changed");
    assert!(has().await.iter().all(|it| it.1 == Confirmed), "what is not named stays");
    store.change_preferences(subscriber, "en", &kept, &[], day(1)).await.expect("changed");
    assert_eq!(has().await, [en("autre", Confirmed, &[]), en(NEWS, Confirmed, &["agenda", "presse"])], "none begins");
    for _ in 0..2 {
        store.change_preferences(subscriber, "en", &kept[1..2], &both, day(2)).await.expect("changed");
        let expected = [en("autre", Confirmed, &[]), en(NEWS, Unsubscribed, &["agenda", "presse"])];
        assert_eq!(has().await, expected);
    }
    store.change_preferences(subscriber, "fr", &kept, &[], day(3)).await.expect("changed");
    assert_eq!(has().await[1].1, Unsubscribed, "whoever left comes back by a sign-up only");
    assert_eq!(store.next_due().await.expect("read"), None, "what waited for it is suppressed");
}

fn is_letter(claim: &Claim) -> bool {
    matches!(claim.carries, Carries::Letter { .. })
}

async fn letters_go_first(place: &Place) {
    let (store, _) = frozen(place, 3, OnDoubt::Resend).await;
    sign_up(&*store, "zoe", minute(0)).await;
    let claims = claim(&*store, 0, 2).await;
    assert_eq!(claims.iter().map(is_letter).collect::<Vec<_>>(), [true, false]);
    assert_eq!(claims[0].address, address("zoe@example.org"));
}

async fn a_letter_in_doubt_goes_out_once_more(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", minute(0)).await;
    for at in [1, 6] {
        let claim = begin_one(&*store, at).await;
        let outcome = Outcome::Doubt { reason: "cut off".to_owned() };
        store.record_outcome(&claim, &outcome, minute(at)).await.expect("recorded");
    }
    assert!(claim(&*store, 60, 9).await.is_empty(), "two copies at most");
    assert_eq!(store.letter_counts().await.expect("counts"), counts([(DeliveryState::Doubt, 1)]));
    assert_eq!(store.next_due().await.expect("read"), None);
}

async fn a_letter_nobody_needs_any_more_stays(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", minute(0)).await;
    let doubted = begin_one(&*store, 0).await;
    let Carries::Letter { signup: Some(signup), .. } = doubted.carries else { panic!("{:?}", doubted.carries) };
    store
        .record_outcome(&doubted, &Outcome::Doubt { reason: "cut off".to_owned() }, minute(0))
        .await
        .expect("recorded");
    store.confirm(signup, minute(1)).await.expect("confirmed");
    let again = claim_one(&*store, 5).await;
    assert!(!store.begin_sending(&again, minute(5)).await.expect("an answer"), "it did arrive");
    sign_up(&*store, "berthe", minute(6)).await;
    let late = store.claim(day(8), day(9), 1).await.expect("claims");
    assert!(!store.begin_sending(&late[0], day(8)).await.expect("an answer"), "its link is dead");
    assert_eq!(store.letter_counts().await.expect("counts"), counts([(DeliveryState::Suppressed, 2)]));
}

async fn letters_are_claimed_and_retried_like_deliveries(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", minute(0)).await;
    let slow = claim_one(&*store, 0).await;
    assert!(claim(&*store, 5, 9).await.is_empty(), "its lease holds");
    let quick = claim_one(&*store, 10).await;
    assert!(!store.begin_sending(&slow, minute(10)).await.expect("an answer"), "the claim was lost");
    let deferred = Outcome::Deferred { reason: "451".to_owned() };
    store.record_outcome(&quick, &deferred, minute(10)).await.expect("recorded");
    assert_eq!(store.next_due().await.expect("read"), Some(minute(15)));
    let begun = begin_one(&*store, 15).await;
    assert_eq!(begun.attempts, 1);
    let reopened = place.open().await;
    drop(store);
    let charge = reopened.take_charge(minute(16)).await.expect("an answer");
    assert!(charge.is_some());
    assert_eq!(
        reopened.letter_counts().await.expect("counts"),
        counts([(DeliveryState::Doubt, 1)]),
        "the process died"
    );
    reopened.record_outcome(&begin_one(&*reopened, 17).await, &Outcome::Sent, minute(17)).await.expect("recorded");
    assert_eq!(reopened.letter_counts().await.expect("counts"), counts([(DeliveryState::Sent, 1)]));
    assert_eq!(reopened.outbox_counts().await.expect("counts"), counts([]), "no delivery of an issue");
}

async fn suppressing_stops_a_letter(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", minute(0)).await;
    let claimed = claim_one(&*store, 0).await;
    let Carries::Letter { signup: Some(signup), .. } = claimed.carries else { panic!("{:?}", claimed.carries) };
    store.suppress(&address("anne@example.org"), "objection", minute(1)).await.expect("suppressed");
    assert!(!store.begin_sending(&claimed, minute(1)).await.expect("an answer"));
    assert_eq!(store.letter_counts().await.expect("counts"), counts([(DeliveryState::Suppressed, 1)]));
    assert_eq!(store.confirm(signup, minute(2)).await.expect("an answer"), Confirmation::Expired);
    assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Pending));
}

fn wish(name: &str) -> Wish {
    Wish {
        address: address(&format!("{name}@example.org")),
        lang: "fr".to_owned(),
        page_lang: "en".to_owned(),
        choices: vec![choice(NEWS, &["agenda"]), choice("autre", &[])],
        wording: Some(Wording("These very words.".to_owned())),
    }
}

/// Notes one; its number.
async fn noted(store: &dyn Store, name: &str, at: DateTime<Utc>) -> i64 {
    assert!(store.note_wish(&wish(name), at).await.expect("an answer"));
    let mut last = 0;
    while let Some((number, _)) = store.wish_after(last).await.expect("read") {
        last = number;
    }
    last
}

async fn carry_out(store: &dyn Store, number: i64, name: &str, at: DateTime<Utc>) -> SignedUp {
    let new = NewSignup { wish: Some(number), ..asking(name, &[choice(NEWS, &[])]) };
    send(store, new, at).await
}

async fn a_wish_is_carried_out_once_whoever_does_it(place: &Place) {
    let store = place.open().await;
    let (anne, berthe) = (noted(&*store, "anne", minute(0)).await, noted(&*store, "berthe", minute(1)).await);
    let other = place.open().await;
    assert_eq!(
        other.wish_after(0).await.expect("read"),
        Some((anne, wish("anne"))),
        "the oldest first, as it was noted"
    );
    assert_eq!(other.wish_after(anne).await.expect("read"), Some((berthe, wish("berthe"))));
    assert_eq!(carry_out(&*other, anne, "anne", minute(60)).await, SignedUp::Asked);
    assert_eq!(carry_out(&*store, anne, "anne", minute(60)).await, SignedUp::Gone);
    let signup = store.signup(asked(&*store, minute(60)).await).await.expect("read").expect("there");
    assert_eq!(signup.at, minute(0), "asked when the form was sent");
    // also where nothing follows
    store.suppress(&address("berthe@example.org"), "complaint", minute(2)).await.expect("suppressed");
    assert_eq!(carry_out(&*store, berthe, "berthe", minute(60)).await, SignedUp::Suppressed);
    let again = noted(&*store, "anne", minute(61)).await;
    assert!(again > berthe, "numbers are never used again");
    assert_eq!(carry_out(&*store, again, "anne", minute(61)).await, SignedUp::Limited);
    assert_eq!(store.wish_after(0).await.expect("read"), None);
}

async fn a_wish_that_was_erased_or_is_too_old_is_not_carried_out(place: &Place) {
    let store = place.open().await;
    let (anne, berthe) = (noted(&*store, "Anne", day(0)).await, noted(&*store, "berthe", day(1)).await);
    let record = store.subscriber(&address("ANNE@example.org")).await.expect("read").expect("what waits is shown");
    let newsletters: Vec<_> = record.asked[0].choices.iter().map(|choice| choice.newsletter.as_str()).collect();
    assert_eq!((record.asked[0].at, newsletters), (day(0), vec![NEWS, "autre"]));
    store.erase(&address("anne@example.org"), false, day(1)).await.expect("erased");
    assert_eq!(store.subscriber(&address("anne@example.org")).await.expect("read"), None);
    assert_eq!(carry_out(&*store, anne, "anne", day(1)).await, SignedUp::Gone);
    store.forget_expired_signups(day(7)).await.expect("forgotten");
    assert_eq!(store.wish_after(0).await.expect("read").map(|it| it.0), Some(berthe));
    store.forget_expired_signups(day(8)).await.expect("forgotten");
    assert_eq!(store.wish_after(0).await.expect("read"), None);
    assert!(store.subscriptions(None, 0, 99).await.expect("all").is_empty());
}

async fn so_many_wishes_wait_and_no_more(place: &Place) {
    let store = place.open().await;
    for number in 0..MOST_WISHES {
        assert!(store.note_wish(&wish(&format!("reader{number}")), minute(0)).await.expect("an answer"));
    }
    assert!(!store.note_wish(&wish("anne"), minute(0)).await.expect("an answer"));
    let (first, _) = store.wish_after(0).await.expect("read").expect("there");
    carry_out(&*store, first, "reader0", minute(0)).await;
    assert!(store.note_wish(&wish("anne"), minute(0)).await.expect("an answer"), "there is room again");
}

async fn other_topics_are_confirmed_like_another_newsletter(place: &Place) {
    let store = place.open().await;
    sign_up(&*store, "anne", day(0)).await;
    store.confirm(asked(&*store, day(0)).await, day(0)).await.expect("confirmed");
    let more = || asking("anne", &[choice(NEWS, &["agenda", "presse"])]);
    assert_eq!(send(&*store, more(), day(1)).await, SignedUp::Asked);
    let signup = asked(&*store, day(1)).await;
    assert_eq!(status(&*store, "anne").await, Some((Confirmed, topics(&["agenda"]))), "until it is confirmed");
    store.confirm(signup, day(2)).await.expect("confirmed");
    assert_eq!(status(&*store, "anne").await, Some((Confirmed, topics(&["agenda", "presse"]))));
    let record = store.subscriber(&address("anne@example.org")).await.expect("read").expect("there");
    let receipts: Vec<_> = record.subscriptions[0].consents.iter().map(|it| (it.at, it.confirmed)).collect();
    assert_eq!(receipts, [(day(0), Some(day(0))), (day(1), Some(day(2)))]);
    assert_eq!(record.subscriptions[0].confirmed, Some(day(0)), "a reader since then");
    assert_eq!(send(&*store, more(), day(3)).await, SignedUp::Reminded, "nothing would change");
    // strangers cannot send more of these letters than of others
    for (days, expected) in [(4, SignedUp::Asked), (5, SignedUp::Asked), (6, SignedUp::Asked), (7, SignedUp::Limited)] {
        assert_eq!(sign_up(&*store, "anne", day(days)).await, expected, "day {days}");
    }
    // what she confirmed since stays
    let old = asked(&*store, day(7)).await;
    store.change_preferences(1, "fr", &[], &[NEWS.to_owned()], day(7)).await.expect("left");
    store.confirm(old, day(7)).await.expect("an answer");
    assert_eq!(status(&*store, "anne").await.map(|it| it.0), Some(Unsubscribed));
}

async fn a_letter_that_would_be_wrong_is_not_written(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.known(&address("anne@example.org")).await.expect("read"), Known::default());
    let number = noted(&*store, "anne", day(0)).await;
    store.add_subscriptions(&[reader("anne", "fr")], false, day(0)).await.expect("added");
    let new = NewSignup { wish: Some(number), ..asking("anne", &[choice(NEWS, &[])]) };
    assert_eq!(store.sign_up(&new, day(0)).await.expect("an answer"), SignedUp::Outdated);
    let known = store.known(&new.address).await.expect("read");
    assert_eq!(known, Known { confirmed: vec![choice(NEWS, &[])], stays: true });
    assert_eq!(store.sign_up(&NewSignup { known, ..new }, day(0)).await.expect("an answer"), SignedUp::Reminded);
    let id = store.subscriptions(None, 0, 9).await.expect("all")[0].id;
    store.unsubscribe(id, day(1)).await.expect("left");
    let known = store.known(&address("anne@example.org")).await.expect("read");
    assert_eq!(known, Known { confirmed: vec![], stays: true }, "whoever left is still known");
}
