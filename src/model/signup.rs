//! Signing up on the web by double opt-in: what is asked, what becomes of it, and how many mails it may cause.
//!
//! ```text
//! form ──▶ sign-up ──letter──▶ confirmed: subscriptions, each with its receipt
//!             └── seven days without an answer: forgotten, the address with it
//! ```

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::letter::LetterText;
use super::subscription::{EmailAddress, Subscription, SubscriptionStatus};
use super::token::sha256_hex;

/// A sign-up that is not confirmed by then is forgotten.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::days(7);

/// A newsletter and what of it: slugs of categories, none for everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub newsletter: String,
    pub topics: Vec<String>,
}

/// What somebody asked on a form, checked; nothing is known yet of the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub address: EmailAddress,
    pub lang: String,
    /// The language of the page whose words were agreed to.
    pub page_lang: String,
    pub choices: Vec<Choice>,
    /// The words that page showed; unknown of what was noted before they were kept.
    pub wording: Option<Wording>,
}

/// Wishes that are answered and not yet carried out; beyond, nobody's is taken.
pub const MOST_WISHES: i64 = 1000;

impl Choice {
    /// Whether both are the same, in whatever order.
    fn is_same(&self, other: &Self) -> bool {
        let all_in = |one: &Self, other: &Self| one.topics.iter().all(|topic| other.topics.contains(topic));
        self.newsletter == other.newsletter && all_in(self, other) && all_in(other, self)
    }
}

/// The words somebody agreed to, exactly as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording(pub String);

impl Wording {
    /// What a receipt names it by: SHA-256 in hexadecimal.
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

/// What is known of somebody who signs up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// What they get, by the names of newsletters.
    pub confirmed: Vec<Choice>,
    /// Whether the address is kept though nothing more is confirmed: of readers, and of whoever left.
    pub stays: bool,
}

/// What a sign-up asks of somebody: to confirm what begins and what changes, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    pub begins: Vec<Choice>,
    /// Newsletters they get already, with other topics.
    pub changes: Vec<Choice>,
}

impl Known {
    pub fn asks(&self, choices: &[Choice]) -> Asks {
        let mut asks = Asks::default();
        for choice in choices {
            match self.confirmed.iter().find(|had| had.newsletter == choice.newsletter) {
                None => asks.begins.push(choice.clone()),
                Some(had) if !had.is_same(choice) => asks.changes.push(choice.clone()),
                Some(_) => {}
            }
        }
        asks
    }
}

impl Asks {
    pub fn is_nothing(&self) -> bool {
        self.begins.is_empty() && self.changes.is_empty()
    }

    /// All that waits to be confirmed.
    pub fn all(&self) -> impl Iterator<Item = &Choice> {
        self.begins.iter().chain(&self.changes)
    }
}

/// What somebody asked on a form, and the letter that follows from it if it may.
#[derive(Debug, Clone)]
pub struct NewSignup {
    /// The wish it carries out, if it was noted before.
    pub wish: Option<i64>,
    pub address: EmailAddress,
    pub lang: String,
    pub choices: Vec<Choice>,
    /// What was known when the letter was written.
    pub known: Known,
    pub wording: Wording,
    /// Where something is asked of them, its mark stands for the link that confirms it; else for the one to the preferences.
    pub letter: LetterText,
}

/// What a sign-up caused. Never told to whoever signed up: it says what we know of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedUp {
    /// A letter asks to confirm.
    Asked,
    /// A letter says that there is nothing to confirm.
    Reminded,
    /// Nothing: the mailbox had its letters.
    Limited,
    /// Nothing: the address is never mailed again.
    Suppressed,
    /// Nothing: the wish is gone, erased or carried out before.
    Gone,
    /// Nothing yet: something else is known by now, so the letter would be wrong.
    Outdated,
}

/// A sign-up as its confirmation page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signup {
    pub id: i64,
    pub subscriber: i64,
    pub at: DateTime<Utc>,
    pub lang: String,
    pub choices: Vec<Choice>,
    pub confirmed: Option<DateTime<Utc>>,
}

impl Signup {
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.confirmed.is_none() && now >= self.at + EXPIRES_AFTER
    }

    /// What confirming it would still bring about: what was confirmed otherwise or left since it was asked for stays as it is.
    pub fn open_choices(&self, has: &[Subscription]) -> Vec<Choice> {
        let is_open = |it: &Subscription| match it.status {
            SubscriptionStatus::Pending => true,
            SubscriptionStatus::Confirmed => it.confirmed.is_some_and(|at| at <= self.at),
            SubscriptionStatus::Unsubscribed => it.unsubscribed.is_some_and(|at| at < self.at),
        };
        let is_wanted = |choice: &&Choice| has.iter().find(|it| it.newsletter == choice.newsletter).is_none_or(is_open);
        self.choices.iter().filter(is_wanted).cloned().collect()
    }
}

/// What became of an attempt to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    Confirmed,
    /// Confirmed before; nothing changed.
    AlreadyConfirmed,
    /// All of it was confirmed otherwise or left since it was asked for; nothing changed.
    Overtaken,
    /// Too late, or forgotten: sign up again.
    Expired,
}

/// How many letters a mailbox got on account of forms since its owner last confirmed one, and when the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mailed {
    pub letters: u32,
    pub last: DateTime<Utc>,
}

impl Mailed {
    /// One in 24 hours, three in all: whoever enters another's address can do no more than that.
    pub fn may_have_another(self, now: DateTime<Utc>) -> bool {
        const LETTERS: u32 = 3;
        self.letters < LETTERS && self.had_its_day(now)
    }

    /// The last one was not today. A letter that asks nothing has no other limit: it goes to readers who confirmed.
    pub fn had_its_day(self, now: DateTime<Utc>) -> bool {
        const PAUSE: TimeDelta = TimeDelta::hours(24);
        now >= self.last + PAUSE || now < self.last - PAUSE
    }
}

/// What mailbox an address most likely leads to: for limits only, never to find or to mail anybody. Case, and what follows
/// a `+`, tell mailboxes apart almost nowhere; dots do so except at Gmail, which has two names.
pub fn mailbox(address: &EmailAddress) -> String {
    let (local, domain) = (address.local_part().to_lowercase(), address.domain());
    let local = local.split_once('+').map_or(local.as_str(), |(before, _)| before);
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
        _ => format!("{local}@{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    #[test]
    fn only_what_begins_or_changes_is_asked() {
        let choice = |newsletter: &str, topics: &[&str]| Choice {
            newsletter: newsletter.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        };
        let known = Known { confirmed: vec![choice("a", &["x", "y"]), choice("b", &[])], stays: true };
        for (choices, begins, changes) in [
            (vec![choice("a", &["y", "x"]), choice("b", &[])], vec![], vec![]),
            (vec![choice("c", &[]), choice("b", &[])], vec![choice("c", &[])], vec![]),
            (vec![choice("a", &["x"])], vec![], vec![choice("a", &["x"])]),
            (vec![choice("a", &[])], vec![], vec![choice("a", &[])]),
            (vec![choice("b", &["z"]), choice("c", &["z"])], vec![choice("c", &["z"])], vec![choice("b", &["z"])]),
        ] {
            let asks = known.asks(&choices);
            assert_eq!(asks, Asks { begins, changes }, "{choices:?}");
            assert_eq!(asks.is_nothing(), asks.all().next().is_none());
        }
    }

    #[test]
    fn one_letter_a_day_and_three_in_all() {
        for (letters, hours, may) in
            [(0, 0, false), (1, 23, false), (1, 24, true), (2, 25, true), (3, 25, false), (3, 99_999, false)]
        {
            let mailed = Mailed { letters, last: hour(0) };
            assert_eq!(mailed.may_have_another(hour(hours)), may, "{letters} letters, {hours} hours later");
        }
        let ahead = Mailed { letters: 1, last: hour(1000) };
        assert!(ahead.may_have_another(hour(0)), "a clock that was a month ahead locks nobody out for a month");
    }

    #[test]
    fn variants_of_one_mailbox_count_as_one() {
        for (address, expected) in [
            ("Anne@Example.org", "anne@example.org"),
            ("anne+news@example.org", "anne@example.org"),
            ("anne+a+b@example.org", "anne@example.org"),
            ("an.ne@example.org", "an.ne@example.org"),
            ("A.n.ne+x@gmail.com", "anne@gmail.com"),
            ("anne@googlemail.com", "anne@gmail.com"),
            ("+anne@example.org", "@example.org"),
        ] {
            assert_eq!(mailbox(&EmailAddress::parse(address).expect(address)), expected);
        }
    }

    #[test]
    fn a_sign_up_lives_seven_days() {
        let signup =
            Signup { id: 1, subscriber: 1, at: hour(0), lang: "fr".to_owned(), choices: Vec::new(), confirmed: None };
        assert!(!signup.is_expired(hour(7 * 24 - 1)));
        assert!(signup.is_expired(hour(7 * 24)));
        assert!(!Signup { confirmed: Some(hour(1)), ..signup }.is_expired(hour(7 * 24)));
    }
}
