//! A delivery: one issue for one subscriber, and the rules of what happens next to it.
//!
//! ```text
//! waiting ──claim──▶ sending ──250──▶ sent
//!    ▲                 ├──4xx──▶ deferred ──(its time comes)──▶ claimed again
//!    │                 ├──5xx──▶ refused
//!    │                 └──no answer──▶ doubt ──(on_doubt = "resend", once)──▶ claimed again, last
//!    └── suppressed: never sent, with the reason
//! ```

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::subscription::EmailAddress;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    Waiting,
    Sending,
    Sent,
    Deferred,
    Refused,
    Doubt,
    Suppressed,
}

impl DeliveryState {
    pub const ALL: [Self; 7] =
        [Self::Waiting, Self::Sending, Self::Sent, Self::Deferred, Self::Refused, Self::Doubt, Self::Suppressed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Refused => "refused",
            Self::Doubt => "doubt",
            Self::Suppressed => "suppressed",
        }
    }
}

/// What to do with a message whose final answer never came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDoubt {
    /// Once more, last, with the same Message-ID: nobody is forgotten, nobody gets more than two copies.
    #[default]
    Resend,
    /// Never a second copy; the operator decides.
    Hold,
}

/// A mail claimed by one worker until `lease_until`; `epoch` fences off a worker whose lease was lost.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Among the deliveries or among the letters, as `carries` says.
    pub delivery: i64,
    pub epoch: i64,
    pub carries: Carries,
    pub subscriber: i64,
    pub address: EmailAddress,
    pub name: Option<String>,
    /// Attempts made before this one.
    pub attempts: u32,
}

/// What has to wait although it is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Of every issue; letters go, since somebody waits for them.
    pub issues: bool,
    /// Mails to these domains, in lower case ASCII.
    pub domains: BTreeSet<String>,
    /// Of those to each other domain, all after so many.
    pub beyond: Option<usize>,
}

impl Withheld {
    pub fn covers(&self, claim: &Claim) -> bool {
        (self.issues && claim.issue().is_some()) || self.domains.contains(claim.address.domain())
    }
}

/// A mail that may or may not have arrived, as the operator sees it.
#[derive(Debug, Clone)]
pub struct Doubt {
    pub delivery: i64,
    pub newsletter: String,
    pub number: u32,
    pub address: EmailAddress,
    pub since: DateTime<Utc>,
    pub reason: String,
    /// Whether it goes out once more without anybody's word.
    pub resent_by_itself: bool,
}

/// What the operator knows of a mail in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It arrived.
    Sent,
    /// It did not, or a second copy does no harm.
    Again,
}

impl Claim {
    /// The subscription whose issue it carries.
    pub fn subscription(&self) -> Option<i64> {
        match &self.carries {
            Carries::Issue { subscription, .. } => Some(*subscription),
            Carries::Letter { .. } => None,
        }
    }

    /// The issue it carries.
    pub fn issue(&self) -> Option<i64> {
        match &self.carries {
            Carries::Issue { issue, .. } => Some(*issue),
            Carries::Letter { .. } => None,
        }
    }
}

/// What a claimed mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carries {
    Issue {
        issue: i64,
        subscription: i64,
        /// The key of the variant this reader gets.
        variant: String,
    },
    Letter {
        /// The hash of its text.
        text: String,
        /// The sign-up it asks to confirm; `None` where it leads to the preferences.
        signup: Option<i64>,
        written: DateTime<Utc>,
    },
}

/// How one attempt ended, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The final 250 was read: the relay's own promise applies now.
    Sent,
    /// A 4xx, or the connection failed before the message was committed to: tried again later.
    Deferred { reason: String },
    /// A 5xx: not tried again.
    Refused { reason: String },
    /// The message was handed over and no answer came.
    Doubt { reason: String },
}

impl Outcome {
    /// Why it was not sent.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Sent => None,
            Self::Deferred { reason } | Self::Refused { reason } | Self::Doubt { reason } => Some(reason),
        }
    }

    /// The same where the relay's words no longer name the reader: some repeat an address without its domain.
    #[must_use]
    pub fn without(&self, address: &EmailAddress) -> Self {
        let clean = |reason: &str| without_name(reason, address.local_part());
        match self {
            Self::Sent => Self::Sent,
            Self::Deferred { reason } => Self::Deferred { reason: clean(reason) },
            Self::Refused { reason } => Self::Refused { reason: clean(reason) },
            Self::Doubt { reason } => Self::Doubt { reason: clean(reason) },
        }
    }
}

/// Puts `…` for each word that is the name, in any case.
fn without_name(text: &str, name: &str) -> String {
    let within = |c: char| c.is_alphanumeric() || name.contains(c);
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !within(c)) {
        let word = piece.trim_end_matches(|c| !within(c));
        let is_name = word.trim_end_matches('.').eq_ignore_ascii_case(name);
        clean.push_str(if is_name { "…" } else { word });
        clean.push_str(&piece[word.len()..]);
    }
    clean
}

/// When the attempt after the `attempts`-th is due, or `None` when it was the last.
///
/// | after attempt | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 |
/// |---|---|---|---|---|---|---|---|---|---|---|---|
/// | wait | 5 min | 10 min | 20 min | 40 min | 1 h 20 | 3 h | 6 h | 12 h | 16 h | 16 h | 16 h |
///
/// Three days in all. RFC 5321 §4.5.4.1 asks for at least 30 minutes once a first quick try has failed and for four to five
/// days in all; an announcement older than three days is no news, and a greylisting server opens within minutes.
pub fn next_attempt(attempts: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    const MINUTES: [i64; 11] = [5, 10, 20, 40, 80, 180, 360, 720, 960, 960, 960];
    let index = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    MINUTES.get(index).map(|minutes| now + TimeDelta::minutes(*minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_not_named_by_the_first_half_of_the_address() {
        let address = EmailAddress::parse("Jean.d-arc@example.org").expect("an address");
        for (said, shown) in [
            ("550 no such user jean.d-arc", "550 no such user …"),
            ("550 \"JEAN.D-ARC\": unknown", "550 \"…\": unknown"),
            ("550 unknown: jean.d-arc.", "550 unknown: …"),
            ("550 5.1.1 jean is not jean.d-arcs", "550 5.1.1 jean is not jean.d-arcs"),
            ("", ""),
        ] {
            let reason = said.to_owned();
            assert_eq!(Outcome::Refused { reason }.without(&address), Outcome::Refused { reason: shown.to_owned() });
        }
    }

    #[test]
    fn the_schedule_ends_after_three_days() {
        let start = DateTime::UNIX_EPOCH;
        let (mut now, mut attempts) = (start, 0);
        while let Some(next) = {
            attempts += 1;
            next_attempt(attempts, now)
        } {
            assert!(next > now);
            now = next;
        }
        assert_eq!(attempts, 12);
        assert_eq!((now - start).num_hours(), 71);
    }
}
