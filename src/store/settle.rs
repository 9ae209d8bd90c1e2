//! What the outcome of an attempt makes of a delivery's row: one rule for all back ends.

use chrono::{DateTime, Utc};

use crate::model::delivery::{DeliveryState, Outcome, next_attempt};

/// A delivery's row at the epoch of the claim that reports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub state: DeliveryState,
    /// Whether the claim still holds.
    pub claimed: bool,
    pub attempts: u32,
    pub doubts: u32,
}

/// The row afterwards.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub state: DeliveryState,
    pub attempts: u32,
    pub doubts: u32,
    pub next_attempt: Option<DateTime<Utc>>,
    pub reason: Option<String>,
}

/// `None` where there is nothing to settle: the outcome is recorded already, or the delivery was suppressed meanwhile.
///
/// An answer that comes after its lease lapsed finds a doubt, which was counted as one and as an attempt: a known end takes
/// the doubt back, and neither is counted twice.
pub(crate) fn settle(standing: Standing, outcome: &Outcome, now: DateTime<Utc>) -> Option<Settled> {
    let late = !standing.claimed;
    if late && standing.state != DeliveryState::Doubt {
        return None;
    }
    let attempts = standing.attempts + u32::from(!late);
    let known = !matches!(outcome, Outcome::Doubt { .. });
    let doubts = match (late, known) {
        (false, false) => standing.doubts + 1,
        (true, true) => standing.doubts.saturating_sub(1),
        _ => standing.doubts,
    };
    let (state, next_attempt) = match outcome {
        Outcome::Sent => (DeliveryState::Sent, None),
        Outcome::Refused { .. } => (DeliveryState::Refused, None),
        // a relay that took it and lost its answer should be well again before it gets it once more
        Outcome::Doubt { .. } => (DeliveryState::Doubt, next_attempt(1, now)),
        Outcome::Deferred { .. } => match next_attempt(attempts, now) {
            Some(at) => (DeliveryState::Deferred, Some(at)),
            None => (DeliveryState::Refused, None),
        },
    };
    Some(Settled { state, attempts, doubts, next_attempt, reason: reason(outcome) })
}

/// Servers may be wordy.
fn reason(outcome: &Outcome) -> Option<String> {
    const CHARACTERS: usize = 500;
    outcome.reason().map(|reason| reason.chars().take(CHARACTERS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn told(word: &str) -> Outcome {
        let reason = word.to_owned();
        match word {
            "deferred" => Outcome::Deferred { reason },
            "refused" => Outcome::Refused { reason },
            "doubt" => Outcome::Doubt { reason },
            _ => Outcome::Sent,
        }
    }

    #[test]
    fn an_outcome_is_counted_once() {
        use DeliveryState::{Deferred, Doubt, Refused, Sending, Sent, Suppressed, Waiting};
        // state, claimed, doubts before; outcome; state, attempts and doubts after one attempt before
        for (state, claimed, doubts, outcome, after) in [
            (Sending, true, 0, "sent", Some((Sent, 2, 0))),
            (Sending, true, 0, "deferred", Some((Deferred, 2, 0))),
            (Waiting, true, 0, "deferred", Some((Deferred, 2, 0))),
            (Waiting, true, 0, "refused", Some((Refused, 2, 0))),
            (Sending, true, 0, "doubt", Some((Doubt, 2, 1))),
            (Sending, true, 1, "doubt", Some((Doubt, 2, 2))),
            (Doubt, true, 1, "deferred", Some((Deferred, 2, 1))),
            (Doubt, false, 1, "sent", Some((Sent, 1, 0))),
            (Doubt, false, 1, "deferred", Some((Deferred, 1, 0))),
            (Doubt, false, 1, "doubt", Some((Doubt, 1, 1))),
            (Deferred, false, 0, "deferred", None),
            (Sent, false, 0, "refused", None),
            (Suppressed, false, 0, "sent", None),
        ] {
            let standing = Standing { state, claimed, attempts: 1, doubts };
            let settled = settle(standing, &told(outcome), NOW).map(|it| (it.state, it.attempts, it.doubts));
            assert_eq!(settled, after, "{outcome} of {standing:?}");
        }
    }

    #[test]
    fn what_is_put_off_too_often_is_refused_with_the_last_reason() {
        let standing = Standing { state: DeliveryState::Sending, claimed: true, attempts: 11, doubts: 0 };
        let settled = settle(standing, &told("deferred"), NOW).expect("settled");
        assert_eq!(
            (settled.state, settled.next_attempt, settled.reason.as_deref()),
            (DeliveryState::Refused, None, Some("deferred"))
        );
    }

    #[test]
    fn a_wordy_reason_is_cut() {
        let standing = Standing { state: DeliveryState::Sending, claimed: true, attempts: 0, doubts: 0 };
        let settled = settle(standing, &Outcome::Refused { reason: "é".repeat(9000) }, NOW).expect("settled");
        assert_eq!(settled.reason.map(|reason| reason.chars().count()), Some(500));
    }
}
