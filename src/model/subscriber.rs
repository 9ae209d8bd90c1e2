//! One person as the operator sees them, the rules for a person's name, and how long what is known of them is kept.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Serialize;

use super::bounce::BounceKind;
use super::delivery::DeliveryState;
use super::signup::Choice;
use super::subscription::{EmailAddress, SubscriptionStatus};

/// Everything that is kept of one address (GDPR articles 15 and 20). A suppression outlives the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriberRecord {
    pub address: EmailAddress,
    pub name: Option<String>,
    pub subscriptions: Vec<SubscriptionRecord>,
    /// What was asked on a form and is not carried out yet: for a moment, as a rule.
    pub asked: Vec<Asked>,
    /// What was asked for on the form, oldest first.
    pub signups: Vec<SignupRecord>,
    /// Mails that are no issue's, oldest first.
    pub letters: Vec<LetterRecord>,
    /// How many letters the form caused to this mailbox since its owner last answered one.
    pub letter_limit: Option<LetterLimit>,
    /// Rows of lists that are still coming in.
    pub arrivals: Vec<ArrivalRecord>,
    pub suppression: Option<Suppression>,
}

impl SubscriberRecord {
    pub fn of_nobody(address: EmailAddress) -> Self {
        Self {
            address,
            name: None,
            subscriptions: Vec::new(),
            asked: Vec::new(),
            signups: Vec::new(),
            letters: Vec::new(),
            letter_limit: None,
            arrivals: Vec::new(),
            suppression: None,
        }
    }

    /// Soft bounces of all newsletters, once a day each: what their score is made of.
    pub fn soft_bounces(&self) -> Vec<DateTime<Utc>> {
        let all = self.subscriptions.iter().flat_map(|subscription| &subscription.bounces);
        let mut by_day = BTreeMap::new();
        for bounce in all.filter(|bounce| bounce.kind == BounceKind::Soft) {
            let first = by_day.entry(bounce.at.date_naive()).or_insert(bounce.at);
            *first = bounce.at.min(*first);
        }
        by_day.into_values().collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionRecord {
    pub id: i64,
    pub newsletter: String,
    pub lang: String,
    /// Slugs of categories; none for everything.
    pub topics: Vec<String>,
    pub status: SubscriptionStatus,
    pub created: DateTime<Utc>,
    pub confirmed: Option<DateTime<Utc>>,
    pub unsubscribed: Option<DateTime<Utc>>,
    /// Oldest first.
    pub consents: Vec<Consent>,
    /// Oldest first.
    pub deliveries: Vec<DeliveryRecord>,
    /// Mails that came back, oldest first.
    pub bounces: Vec<BounceRecord>,
}

/// What was asked for on the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignupRecord {
    pub at: DateTime<Utc>,
    pub lang: String,
    pub choices: Vec<Choice>,
    pub wording_hash: String,
    pub wording: String,
    /// When the letter was answered; a sign-up that never is goes after a week.
    pub confirmed: Option<DateTime<Utc>>,
}

/// A letter: it asks to confirm a sign-up, or leads to the preferences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterRecord {
    pub subject: String,
    pub lang: String,
    /// Its plain text, without what is personal in it.
    pub text: String,
    pub asks_to_confirm: bool,
    pub written: DateTime<Utc>,
    pub state: DeliveryState,
    pub attempts: u32,
    pub changed: DateTime<Utc>,
    pub next_attempt: Option<DateTime<Utc>>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LetterLimit {
    pub letters: u32,
    pub last: DateTime<Utc>,
}

/// A row of a list that is not all there yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArrivalRecord {
    pub address: EmailAddress,
    pub name: Option<String>,
    pub newsletter: String,
    pub lang: String,
    pub topics: Vec<String>,
    pub source: String,
    pub began: DateTime<Utc>,
}

/// A mail that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BounceRecord {
    pub at: DateTime<Utc>,
    pub kind: BounceKind,
    pub status: Option<String>,
    /// The issue it was a mail of.
    pub number: Option<u32>,
}

/// The receipt of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    pub at: DateTime<Utc>,
    pub source: String,
    /// The SHA-256 of the wording that was shown; none where an operator brought the address in.
    pub wording_hash: Option<String>,
    /// That wording.
    pub wording: Option<String>,
    /// When the mail that asked back was answered.
    pub confirmed: Option<DateTime<Utc>>,
}

/// One mail to this person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryRecord {
    pub number: Option<u32>,
    pub slot: NaiveDateTime,
    /// When it was decided that they get it.
    pub frozen: DateTime<Utc>,
    pub subject: String,
    /// What of the issue they get: language and topics.
    pub variant: String,
    pub state: DeliveryState,
    pub attempts: u32,
    /// When it came to this state: when it was sent, where it was.
    pub changed: DateTime<Utc>,
    pub next_attempt: Option<DateTime<Utc>>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub at: DateTime<Utc>,
    pub address: EmailAddress,
    pub lang: String,
    /// The language of the page whose words were agreed to.
    pub page_lang: String,
    pub choices: Vec<Choice>,
    /// The words that page showed.
    pub wording: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// What erasing somebody took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    pub subscriptions: u64,
    /// Mails that are still counted, of nobody in particular.
    pub deliveries: u64,
    /// Whether the address is on the suppression list afterwards.
    pub suppressed: bool,
    /// Whether the bytes have left the state: not where another process was reading all the time.
    pub bytes_gone: bool,
}

/// How many subscriptions the retention job erased, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    /// Their readers left long ago.
    pub left: u64,
    /// Nothing was heard of them, nor sent to them, for long.
    pub silent: u64,
    /// Whether the bytes of all that was erased until now have left the state: not where another process was reading.
    pub bytes_gone: bool,
}

/// The consent to a subscription is kept while it lasts and for this long after it ended, to prove what was agreed to; and
/// one whose reader did nothing and was sent nothing for this long has ended by itself (three years, as the CNIL has it).
pub const KEPT: TimeDelta = TimeDelta::days(3 * 365 + 1);

/// Rows of a list that nobody goes on with are forgotten after this.
pub const ABANDONED: TimeDelta = TimeDelta::hours(24);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("the name has a control character")]
    Control,
    #[error("the name has characters that could not be read: another encoding?")]
    Unreadable,
    #[error("the name is longer than {MAX_NAME} characters")]
    Length,
}

/// Of a person's name, in characters.
const MAX_NAME: usize = 200;

/// A person's name on one line, as it may stand in a header; `None` where it is empty.
///
/// # Errors
/// Where it has control characters, turns the direction of writing around, or is over-long.
pub fn person_name(text: &str) -> Result<Option<String>, NameError> {
    let name = text.trim();
    if name.contains('\u{fffd}') {
        return Err(NameError::Unreadable);
    }
    if name.chars().any(|c| c.is_control() || turns_text(c)) {
        return Err(NameError::Control);
    }
    if name.chars().count() > MAX_NAME {
        return Err(NameError::Length);
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

/// Line and paragraph separators, the byte order mark, and what embeds, overrides or isolates a direction of writing. Joiners
/// are left alone: names in Persian and Hindi need them.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_in_a_header() {
        for (given, kept) in
            [("  Ada ", Some("Ada")), ("", None), (" \u{a0}", None), ("Zoë O’Neil, Dr.", Some("Zoë O’Neil, Dr."))]
        {
            assert_eq!(person_name(given).expect(given).as_deref(), kept);
        }
        for (given, error) in [
            ("Ada\r\nBcc: x@example.org", NameError::Control),
            ("Ada\0", NameError::Control),
            ("Ada\tB", NameError::Control),
            ("Ada\u{85}B", NameError::Control),
            ("Ada \u{202e}gro.elpmaxe", NameError::Control),
            ("Zo\u{fffd}", NameError::Unreadable),
            (&"a".repeat(201), NameError::Length),
        ] {
            assert_eq!(person_name(given), Err(error), "{given:?}");
        }
    }
}
