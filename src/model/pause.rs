//! Pauses: nothing is mailed and no issue frozen, because what crieur would go by may be wrong. Sites go on being published.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// An older copy of the state was put back: mails went out that it knows nothing of.
    Restored,
    /// The wall clock jumped.
    Clock,
}

impl Cause {
    pub const ALL: [Self; 2] = [Self::Restored, Self::Clock];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Clock => "clock",
        }
    }
}

/// Until the operator says that all is right, or the clock is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    pub cause: Cause,
    pub reason: String,
}

/// What says that all is right.
pub const CONFIRM: &str = "crieur issues resume --confirm";

/// A clock is believed that is no further off: summer time taken for local time is an hour, a wrong year is not.
const BELIEVED: TimeDelta = TimeDelta::hours(1);

/// Why a clock is not believed that shows `now` where it should show `expected`.
pub fn astray(now: DateTime<Utc>, expected: DateTime<Utc>) -> Option<String> {
    ((now - expected).abs() > BELIEVED).then(|| {
        format!("the clock shows {}, where it should show {}", now.format("%F %RZ"), expected.format("%F %RZ"))
    })
}

/// What tells the reason of a clock that was behind from that of one that jumped.
const BEHIND: &str = ", before the last mails at ";

impl Pause {
    /// Whether it began because a clock was behind when somebody took charge. Such a clock is right again once it is not
    /// behind any more; of one that jumped, nobody can tell after a restart.
    pub fn is_of_a_clock_behind(&self) -> bool {
        self.cause == Cause::Clock && self.reason.contains(BEHIND)
    }
}

/// The same of a clock that may have gone on for any time since it showed `last`, but not back.
pub fn went_back(now: DateTime<Utc>, last: DateTime<Utc>) -> Option<String> {
    (last - now > BELIEVED)
        .then(|| format!("the clock shows {}{BEHIND}{}", now.format("%F %RZ"), last.format("%F %RZ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_clock_is_believed_within_an_hour() {
        let expected = at("2026-11-22T10:00:00Z");
        for (now, believed, later) in [
            ("2026-11-22T11:00:00Z", true, true),
            ("2026-11-22T11:00:01Z", false, true),
            ("2027-11-22T10:00:00Z", false, true),
            ("2026-11-22T09:00:00Z", true, true),
            ("2026-11-21T10:00:00Z", false, false),
        ] {
            assert_eq!(astray(at(now), expected).is_none(), believed, "{now}");
            assert_eq!(went_back(at(now), expected).is_none(), later, "{now} at a start");
        }
    }
}
