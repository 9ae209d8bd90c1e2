//! Notices where a relay refuses an issue for what it is, not for whom it is to, or takes it and never says so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::blame::is_about_the_reader;
use crate::model::delivery::{Claim, Outcome};

/// So many refusals of the mail itself, or doubts, in a row, and the issue is held.
const TOO_MANY: u32 = 20;

/// Such answers in a row, by issue.
#[derive(Debug, Default)]
pub(super) struct Streaks(Mutex<HashMap<i64, Streak>>);

#[derive(Debug, Default)]
struct Streak {
    length: u32,
    /// Whom it refused for good.
    refused: Vec<Claim>,
}

impl Streaks {
    /// Counts how an attempt ended. When it is one too many, those who were refused on the way to it: it was not about them.
    /// Answers to what was under way meanwhile are as well.
    pub(super) fn note(&self, claim: &Claim, outcome: &Outcome) -> Option<Vec<Claim>> {
        let issue = claim.issue()?;
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_refused = matches!(outcome, Outcome::Refused { .. });
        match outcome {
            // what is refused for good and tried again all the same
            Outcome::Deferred { reason } if !reason.starts_with('5') => return None,
            Outcome::Refused { reason } if is_about_the_reader(reason) => return None,
            // somebody took it
            Outcome::Sent => {
                streaks.remove(&issue);
                return None;
            }
            _ => {}
        }
        let streak = streaks.entry(issue).or_default();
        streak.length += 1;
        streak.refused.extend(is_refused.then(|| claim.clone()));
        (streak.length >= TOO_MANY).then(|| std::mem::take(&mut streak.refused))
    }

    /// Whatever goes out from now on was let go on.
    pub(super) fn begin_anew(&self) {
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streaks.retain(|_, streak| streak.length < TOO_MANY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::delivery::Carries;
    use crate::model::subscription::EmailAddress;

    #[test]
    fn only_what_is_said_of_the_mail_in_a_row_counts() {
        let streaks = Streaks::default();
        let policy = Outcome::Deferred { reason: "550 5.7.1 blocked".to_owned() };
        let spam = Outcome::Refused { reason: "554 message rejected as spam".to_owned() };
        let nobody = Outcome::Refused { reason: "550 5.1.1 nobody".to_owned() };
        let later = Outcome::Deferred { reason: "450 4.2.0 later".to_owned() };
        let too_many = |issue: i64, outcome: &Outcome| streaks.note(&claim(issue), outcome);
        for _ in 0..19 {
            for (issue, outcome) in [(1, &policy), (1, &nobody), (1, &later), (2, &nobody)] {
                assert!(too_many(issue, outcome).is_none());
            }
        }
        assert!(too_many(1, &Outcome::Sent).is_none());
        for index in 0..19 {
            assert!(too_many(1, if index < 5 { &spam } else { &policy }).is_none());
        }
        assert_eq!(too_many(1, &policy).map(|refused| refused.len()), Some(5));
        assert_eq!(too_many(1, &spam).map(|refused| refused.len()), Some(1), "it was under way");
        streaks.begin_anew();
        assert!(too_many(1, &policy).is_none());
        let doubt = Outcome::Doubt { reason: "the relay closed the connection".to_owned() };
        assert!(!(0..19).any(|_| too_many(2, &doubt).is_some()) && too_many(2, &doubt).is_some());
    }

    fn claim(issue: i64) -> Claim {
        Claim {
            delivery: 1,
            epoch: 1,
            carries: Carries::Issue { issue, subscription: 1, variant: "fr".to_owned() },
            subscriber: 1,
            address: EmailAddress::parse("a@example.org").expect("an address"),
            name: None,
            attempts: 0,
        }
    }
}
