//! What comes back after a relay took a mail: what it says of the address, and when an address has bounced enough.
//!
//! | kind | by | what follows |
//! |---|---|---|
//! | hard | no such mailbox or domain: 5.1.0 to 5.1.3, 5.1.6, 5.1.10, 5.2.1, 5.4.4 | suppressed at once |
//! | soft | all other final failures: full (5.2.2), given up after days of 4.x, 5.0.0 | counts 1; suppressed from 3 on |
//! | policy | X.3.x, X.5.x, X.6.x, X.7.x, 5.1.7, 5.1.8, 5.2.3: a system, a block list, content, size, the sender | never counts against the person |
//! | complaint | a report of abuse by the reader (RFC 5965) | suppressed at once |
//!
//! A letter that asks to confirm a sign-up never counts: what is not there cannot confirm, so the sign-up is forgotten.
//!
//! A soft bounce counts for half after 60 days, and the bounces that suffice have to span two weeks. Of each issue one bounce
//! a day counts. Where within a day more than half of a domain's readers, and at least ten, bounce hard, that domain is
//! broken and not its readers: none of them is suppressed, and who was that day comes back.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BounceKind {
    Hard,
    Soft,
    Policy,
    Complaint,
}

impl BounceKind {
    pub const ALL: [Self; 4] = [Self::Hard, Self::Soft, Self::Policy, Self::Complaint];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Policy => "policy",
            Self::Complaint => "complaint",
        }
    }
}

/// An enhanced status code (RFC 3463 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub class: u16,
    pub subject: u16,
    pub detail: u16,
}

impl Status {
    /// The first code in a text, such as `550 5.1.1 no such user` or `5.0.0 (undefined)`.
    pub fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let mut numbers = word.split('.').map(|number| Some(number).filter(|it| it.len() <= 3)?.parse().ok());
        let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
        (matches!(class, 2 | 4 | 5) && numbers.next().is_none()).then_some(Self { class, subject, detail })
    }

    /// Whether it says nothing but the class.
    pub fn is_vague(self) -> bool {
        (self.subject, self.detail) == (0, 0)
    }

    /// What a final failure with this code says.
    pub fn kind(self) -> BounceKind {
        match (self.class, self.subject, self.detail) {
            (_, 3 | 5..=7, _) | (5, 1, 7 | 8) | (5, 2, 3) => BounceKind::Policy,
            (5, 1, 0..=3 | 6 | 10) | (5, 2, 1) | (5, 4, 4) => BounceKind::Hard,
            _ => BounceKind::Soft,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What a mail that came back was about. Only who has our key can make a report name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A mail of an issue, by the return path it went out with.
    Delivery { issue: i64, subscription: i64 },
    /// A letter, by its return path.
    Letter(i64),
    /// Some mail to this subscription, by the link to leave in it.
    Subscription(i64),
}

/// A bounce to be recorded.
#[derive(Debug, Clone)]
pub struct NewBounce {
    /// SHA-256 (hexadecimal) of the report: the same one is counted once, however often it comes.
    pub report: String,
    pub about: About,
    pub kind: BounceKind,
    /// e.g. `5.1.1`; holds nothing else.
    pub status: Option<Status>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounced {
    /// Recorded; the reader stays.
    Counted,
    /// Recorded, and enough: the address is suppressed.
    Suppressed,
    /// Recorded, and so many of this domain's readers bounced today that all of them stay.
    DomainBroken,
    /// It was a letter; the sign-up it asked to confirm is forgotten.
    Forgotten,
    /// This report was recorded before, or one of the same issue and day.
    Known,
    /// There is no such delivery, or it was so long ago that nobody still tries.
    TooOld,
}

/// How long after its issue was frozen a mail may come back: our three days, a relay's five, and patience.
pub const RETURNS_WITHIN: TimeDelta = TimeDelta::days(30);

/// How long bounces are kept; older ones weigh nothing any more.
pub const KEPT: TimeDelta = TimeDelta::days(400);

const HALF_LIFE_DAYS: f64 = 60.0;
const ENOUGH: f64 = 3.0;
const SPAN: TimeDelta = TimeDelta::days(14);

/// Whether soft bounces at these instants, at most one a day, are enough to suppress.
pub fn is_enough(soft: &[DateTime<Utc>], now: DateTime<Utc>) -> bool {
    let spans = soft.iter().max().zip(soft.iter().min()).is_some_and(|(last, first)| *last - *first >= SPAN);
    spans && score(soft, now) >= ENOUGH
}

/// What soft bounces at these instants weigh together.
pub fn score(soft: &[DateTime<Utc>], now: DateTime<Utc>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "minutes of a few hundred days")]
    let weight = |at: &DateTime<Utc>| 0.5_f64.powf(((now - at).num_minutes().max(0) as f64) / 1440.0 / HALF_LIFE_DAYS);
    // a sum of none would be -0.0
    soft.iter().map(weight).fold(0.0, |all, one| all + one)
}

/// Whether a domain is broken: of so many readers there, so many bounced hard within a day.
pub fn is_broken(readers: u64, bounced: u64) -> bool {
    bounced >= 10 && bounced * 2 > readers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_and_says_who_is_to_blame() {
        use BounceKind::{Hard, Policy, Soft};
        for (text, code, kind) in [
            ("5.1.1", "5.1.1", Hard),
            ("5.1.1 (bad destination mailbox address)", "5.1.1", Hard),
            ("smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound", "5.1.10", Hard),
            ("550-5.7.26 unauthenticated mail", "5.7.26", Policy),
            ("552 5.2.2 over quota", "5.2.2", Soft),
            ("4.4.7", "4.4.7", Soft),
            ("5.0.0", "5.0.0", Soft),
            ("5.6.0 content", "5.6.0", Policy),
            ("552 5.3.4 too big", "5.3.4", Policy),
            ("5.1.8 sender", "5.1.8", Policy),
            ("5.4.6 loop", "5.4.6", Soft),
            ("x 192.0.2.1 said: 550 5.2.1 disabled", "5.2.1", Hard),
        ] {
            let status = Status::find(text).expect(text);
            assert_eq!((status.to_string().as_str(), status.kind()), (code, kind), "{text}");
        }
        for text in ["", "550 no", "3.1.1", "5.1", "5.1.1.1", "5.1.99999", "5..1", "é5.1"] {
            assert_eq!(Status::find(text), None, "{text}");
        }
    }

    /// Weekly, daily and monthly newsletters to a mailbox that stays full.
    #[test]
    fn soft_bounces_add_up_and_fade() {
        let start = DateTime::UNIX_EPOCH;
        let enough_after = |every: i64| {
            (1..40).find(|count| {
                let at: Vec<_> = (0..*count).map(|index| start + TimeDelta::days(every * index)).collect();
                is_enough(&at, at[at.len() - 1])
            })
        };
        assert_eq!((enough_after(7), enough_after(1), enough_after(30)), (Some(4), Some(15), Some(7)));
        assert_eq!(enough_after(90), None);
        assert!(!is_enough(&[], start));
    }

    #[test]
    fn a_domain_is_broken_where_most_of_many_bounce() {
        assert!(is_broken(10, 10) && is_broken(100, 51));
        assert!(!is_broken(9, 9) && !is_broken(100, 50));
    }
}
