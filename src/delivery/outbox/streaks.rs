//! Notices where a relay refuses an issue for what it is, not for whom it is to, or takes it and never says so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::bounce::{BounceKind, Status};
use crate::model::delivery::Outcome;

/// So many refusals for policy or content, or doubts, in a row, and the issue is held.
const TOO_MANY: u32 = 20;

/// Such answers in a row, by issue.
#[derive(Debug, Default)]
pub(super) struct Streaks(Mutex<HashMap<i64, u32>>);

impl Streaks {
    /// Counts how an attempt ended. `true` when it is the one too many.
    pub(super) fn note(&self, issue: i64, outcome: &Outcome) -> bool {
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Outcome::Deferred { reason } | Outcome::Refused { reason } if !is_about_the_mail(reason) => return false,
            // somebody took it
            Outcome::Sent => {
                streaks.remove(&issue);
                return false;
            }
            _ => {}
        }
        let streak = streaks.entry(issue).or_default();
        *streak += 1;
        let too_many = *streak == TOO_MANY;
        if too_many {
            streaks.remove(&issue);
        }
        too_many
    }
}

/// 5.6.x and 5.7.x (RFC 3463 §3.7, §3.8).
fn is_about_the_mail(reason: &str) -> bool {
    Status::find(reason).is_some_and(|status| status.class == 5 && status.kind() == BounceKind::Policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_of_the_mail_in_a_row_counts() {
        let (streaks, policy) = (Streaks::default(), Outcome::Deferred { reason: "550 5.7.1 blocked".to_owned() });
        let nobody = Outcome::Refused { reason: "550 5.1.1 nobody".to_owned() };
        for _ in 0..19 {
            assert!(!streaks.note(1, &policy) && !streaks.note(1, &nobody) && !streaks.note(2, &nobody));
        }
        assert!(!streaks.note(1, &Outcome::Sent));
        for _ in 0..19 {
            assert!(!streaks.note(1, &policy));
        }
        assert!(streaks.note(1, &policy) && !streaks.note(1, &policy));
        let doubt = Outcome::Doubt { reason: "the relay closed the connection".to_owned() };
        assert!(!(0..19).any(|_| streaks.note(2, &doubt)) && streaks.note(2, &doubt));
    }
}
