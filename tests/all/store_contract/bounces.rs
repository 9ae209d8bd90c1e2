//! What comes back: what is counted, what is known already, and who is suppressed for it.

use chrono::{DateTime, TimeDelta, Utc};
use crieur::model::bounce::{About, BounceKind, Bounced, NewBounce, Status};
use crieur::model::delivery::{Claim, OnDoubt, Outcome};
use crieur::model::letter::LetterText;
use crieur::model::signup::{Choice, Known, NewSignup, Wording};
use crieur::model::subscription::NewSubscription;
use crieur::store::Store;

use super::{Place, address, begin_one, freeze, minute, new_issue, reader};

super::promises! {
    a_hard_bounce_suppresses_at_once
    a_complaint_suppresses_whatever_else_came_that_day
    a_report_counts_once_and_an_issue_once_a_day
    soft_bounces_suppress_when_they_go_on
    a_bounce_for_policy_never_counts
    nothing_comes_back_that_was_not_sent_or_long_ago
    a_broken_domain_loses_nobody
    what_waits_for_who_bounced_is_not_sent
    a_letter_that_comes_back_forgets_the_sign_up_and_counts_for_nothing
    a_complaint_about_a_letter_suppresses
}

fn at(day: i64) -> DateTime<Utc> {
    minute(60) + TimeDelta::days(day)
}

async fn come_back(store: &dyn Store, about: About, code: &str, report: &str, day: i64) -> Bounced {
    let status = Status::find(code);
    let kind = status.map_or(BounceKind::Complaint, Status::kind);
    let bounce = NewBounce { report: report.to_owned(), about, kind, status };
    store.record_bounce(&bounce, at(day)).await.expect("recorded")
}

/// Sends an issue to everybody who is there; gives back its id.
async fn sent(store: &dyn Store, number: u32) -> i64 {
    let issue = freeze(store, &new_issue(number, number, OnDoubt::Hold)).await;
    while store.next_due().await.expect("the outbox").is_some() {
        let claim = begin_one(store, 0).await;
        store.record_outcome(&claim, &Outcome::Sent, minute(0)).await.expect("recorded");
    }
    issue
}

async fn with_readers(place: &Place, addresses: &[&str]) -> std::sync::Arc<dyn Store> {
    let store = place.open().await;
    let readers: Vec<_> =
        addresses.iter().map(|text| NewSubscription { address: address(text), ..reader("x", "fr") }).collect();
    store.add_subscriptions(&readers, false, minute(-60)).await.expect("readers");
    store
}

async fn subscription(store: &dyn Store, text: &str) -> i64 {
    let all = store.subscriptions(None, 0, 1_000).await.expect("readers");
    all.iter().find(|one| one.address == address(text)).expect(text).id
}

async fn about(store: &dyn Store, issue: i64, text: &str) -> About {
    About::Delivery { issue, subscription: subscription(store, text).await }
}

async fn suppressed(store: &dyn Store) -> u64 {
    store.suppression_count().await.expect("a count")
}

async fn a_hard_bounce_suppresses_at_once(place: &Place) {
    let store = with_readers(place, &["a@b.fr", "c@d.fr"]).await;
    let issue = sent(&*store, 1).await;
    let gone = about(&*store, issue, "a@b.fr").await;
    assert_eq!(come_back(&*store, gone, "5.1.1", "r1", 0).await, Bounced::Suppressed);
    assert_eq!(
        (suppressed(&*store).await, store.readers("hebdo").await.expect("readers").values().sum::<u64>()),
        (1, 1)
    );
}

async fn a_complaint_suppresses_whatever_else_came_that_day(place: &Place) {
    let store = with_readers(place, &["a@b.fr"]).await;
    let issue = sent(&*store, 1).await;
    let reader = about(&*store, issue, "a@b.fr").await;
    assert_eq!(come_back(&*store, reader, "5.2.2", "r1", 0).await, Bounced::Counted);
    assert_eq!(come_back(&*store, reader, "", "r2", 0).await, Bounced::Suppressed);
}

/// H2, H4
async fn a_report_counts_once_and_an_issue_once_a_day(place: &Place) {
    let store = with_readers(place, &["a@b.fr"]).await;
    let issue = sent(&*store, 1).await;
    let reader = about(&*store, issue, "a@b.fr").await;
    assert_eq!(come_back(&*store, reader, "5.2.2", "r1", 0).await, Bounced::Counted);
    for replay in 0..100 {
        assert_eq!(come_back(&*store, reader, "5.2.2", "r1", replay / 20).await, Bounced::Known);
        assert_eq!(come_back(&*store, reader, "5.2.2", &format!("again {replay}"), 0).await, Bounced::Known);
    }
    assert_eq!(come_back(&*store, reader, "5.2.2", "r2", 1).await, Bounced::Counted);
    assert_eq!(suppressed(&*store).await, 0);
}

/// H9
async fn soft_bounces_suppress_when_they_go_on(place: &Place) {
    let store = with_readers(place, &["a@b.fr"]).await;
    let mut outcomes = Vec::new();
    for week in 0..4 {
        let issue = sent(&*store, week + 1).await;
        let reader = about(&*store, issue, "a@b.fr").await;
        outcomes.push(come_back(&*store, reader, "5.2.2", &format!("r{week}"), i64::from(week) * 7).await);
    }
    assert_eq!(outcomes, [Bounced::Counted, Bounced::Counted, Bounced::Counted, Bounced::Suppressed]);
}

/// H10
async fn a_bounce_for_policy_never_counts(place: &Place) {
    let store = with_readers(place, &["a@b.fr"]).await;
    let issue = sent(&*store, 1).await;
    let reader = about(&*store, issue, "a@b.fr").await;
    for day in 0..29 {
        assert_eq!(come_back(&*store, reader, "5.7.1", &format!("r{day}"), day).await, Bounced::Counted);
    }
    assert_eq!(suppressed(&*store).await, 0);
}

async fn nothing_comes_back_that_was_not_sent_or_long_ago(place: &Place) {
    let store = with_readers(place, &["a@b.fr"]).await;
    let issue = freeze(&*store, &new_issue(1, 1, OnDoubt::Hold)).await;
    let reader = about(&*store, issue, "a@b.fr").await;
    assert_eq!(come_back(&*store, reader, "5.1.1", "never sent", 0).await, Bounced::TooOld);
    let claim = begin_one(&*store, 0).await;
    store.record_outcome(&claim, &Outcome::Sent, minute(0)).await.expect("recorded");
    assert_eq!(come_back(&*store, reader, "5.1.1", "too late", 31).await, Bounced::TooOld);
    let nobody = About::Delivery { issue: 99, subscription: 99 };
    assert_eq!(come_back(&*store, nobody, "5.1.1", "nobody", 0).await, Bounced::TooOld);
    assert_eq!(come_back(&*store, About::Subscription(99), "5.1.1", "nobody", 0).await, Bounced::TooOld);
    assert_eq!(suppressed(&*store).await, 0);
}

/// H11
async fn a_broken_domain_loses_nobody(place: &Place) {
    let all: Vec<String> = (0..15).map(|number| format!("r{number}@down.example")).collect();
    let mut addresses: Vec<&str> = all.iter().map(String::as_str).collect();
    addresses.extend(["a@up.example", "b@up.example"]);
    let store = with_readers(place, &addresses).await;
    let issue = sent(&*store, 1).await;
    let elsewhere = about(&*store, issue, "a@up.example").await;
    assert_eq!(come_back(&*store, elsewhere, "5.1.1", "elsewhere", 0).await, Bounced::Suppressed);
    let mut outcomes = Vec::new();
    for text in &all {
        outcomes.push(come_back(&*store, about(&*store, issue, text).await, "5.1.1", text, 0).await);
    }
    assert_eq!(outcomes[8..], [vec![Bounced::Suppressed], vec![Bounced::DomainBroken; 6]].concat());
    assert_eq!(suppressed(&*store).await, 1, "only the one elsewhere");
    // a day later each of them is judged alone again
    let again = come_back(&*store, about(&*store, issue, &all[0]).await, "5.1.1", "later", 2).await;
    assert_eq!(again, Bounced::Suppressed);
}

async fn what_waits_for_who_bounced_is_not_sent(place: &Place) {
    let store = with_readers(place, &["a@b.fr"]).await;
    let first = sent(&*store, 1).await;
    freeze(&*store, &new_issue(2, 2, OnDoubt::Hold)).await;
    let reader = about(&*store, first, "a@b.fr").await;
    assert_eq!(come_back(&*store, reader, "5.1.1", "r1", 0).await, Bounced::Suppressed);
    assert_eq!(store.next_due().await.expect("the outbox"), None);
}

fn letter() -> LetterText {
    let [lang, subject, html, text, mark] = ["fr", "Confirmez", "%link%", "%link%", "%link%"].map(str::to_owned);
    LetterText { lang, subject, html, text, mark }
}

/// Signs an address up and has its letter sent.
async fn asked(store: &dyn Store, text: &str, day: i64) -> Claim {
    let new = NewSignup {
        wish: None,
        address: address(text),
        lang: "fr".to_owned(),
        choices: vec![Choice { newsletter: "hebdo".to_owned(), topics: Vec::new() }],
        known: Known::default(),
        wording: Wording("Nous gardons votre adresse.".to_owned()),
        letter: letter(),
    };
    store.sign_up(&new, at(day)).await.expect("an answer");
    let claims = store.claim(at(day), at(day) + TimeDelta::minutes(30), 9).await.expect("claims");
    let claim = claims.first().expect("the letter").clone();
    assert!(store.begin_sending(&claim, at(day)).await.expect("begun"));
    store.record_outcome(&claim, &Outcome::Sent, at(day)).await.expect("recorded");
    claim
}

/// H7
async fn a_letter_that_comes_back_forgets_the_sign_up_and_counts_for_nothing(place: &Place) {
    let store = place.open().await;
    let letter = About::Letter(asked(&*store, "a@b.fr", 0).await.delivery);
    assert_eq!(come_back(&*store, letter, "5.7.1", "policy", 0).await, Bounced::Counted);
    assert_eq!(store.subscriptions(None, 0, 9).await.expect("one").len(), 1);
    assert_eq!(come_back(&*store, letter, "5.1.1", "gone", 0).await, Bounced::Forgotten);
    assert_eq!(store.subscriptions(None, 0, 9).await.expect("none").len(), 0);
    assert_eq!(come_back(&*store, letter, "5.1.1", "gone", 0).await, Bounced::TooOld);
    assert_eq!(suppressed(&*store).await, 0);
}

async fn a_complaint_about_a_letter_suppresses(place: &Place) {
    let store = place.open().await;
    let letter = About::Letter(asked(&*store, "a@b.fr", 0).await.delivery);
    assert_eq!(come_back(&*store, letter, "", "spam", 0).await, Bounced::Suppressed);
    assert_eq!(suppressed(&*store).await, 1);
}
