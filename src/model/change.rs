//! What changed about an event that people may have in their calendars: the note a newsletter tells it by.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::event::{Event, EventStatus, Place, When};
use super::meaning::words;

/// One change of an event, at the revision that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeNote {
    /// The `SEQUENCE` from which it holds.
    pub sequence: u32,
    pub at: DateTime<Utc>,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Change {
    /// Other days or other hours.
    Moved {
        from: When,
        to: When,
    },
    /// Another place, or one where there was none.
    Place {
        from: Option<Place>,
        to: Option<Place>,
    },
    Cancelled,
    /// It takes place after all.
    Reinstated,
}

/// What there is to tell of the way from one version of an event to the next. Nothing where neither was still ahead.
pub fn changes(from: &Event, to: &Event, now: DateTime<Utc>) -> Vec<Change> {
    if from.when.is_over_at() <= now && to.when.is_over_at() <= now {
        return Vec::new();
    }
    let cancelled = |event: &Event| event.status == EventStatus::Cancelled;
    let mut changes = Vec::new();
    match (cancelled(from), cancelled(to)) {
        (false, true) => return vec![Change::Cancelled],
        (true, true) => return changes,
        (true, false) => changes.push(Change::Reinstated),
        (false, false) => {}
    }
    if from.when != to.when {
        changes.push(Change::Moved { from: from.when.clone(), to: to.when.clone() });
    }
    if said(from.place.as_ref()) != said(to.place.as_ref()) {
        changes.push(Change::Place { from: from.place.clone(), to: to.place.clone() });
    }
    changes
}

/// The words of a place: a mended accent or a point on the map is no other place.
fn said(place: Option<&Place>) -> String {
    words(&place.map(Place::one_line).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn meeting(day: &str, place: Option<&str>, status: EventStatus) -> Event {
        let place = place.map(|name| Place { name: Some(name.to_owned()), ..Place::default() });
        Event { place, status, ..sample::event(sample::timed(&format!("{day} 09:30"), None)) }
    }

    #[test]
    fn each_change_that_matters_is_told_and_nothing_else() {
        use EventStatus::{Cancelled, Confirmed, Tentative};
        let now = sample::moment("2027-03-01T12:00:00Z").instant;
        let first = meeting("2027-03-12", Some("DINSIC"), Confirmed);
        let told = |to: &Event| -> Vec<&str> {
            changes(&first, to, now)
                .iter()
                .map(|change| match change {
                    Change::Moved { .. } => "moved",
                    Change::Place { .. } => "place",
                    Change::Cancelled => "cancelled",
                    Change::Reinstated => "reinstated",
                })
                .collect()
        };
        for (day, place, status, expected) in [
            ("2027-03-12", Some("DINSIC"), Confirmed, &[][..]),
            ("2027-03-12", Some("DINSIC"), Tentative, &[]),
            ("2027-03-12", Some("« Dinsic »"), Confirmed, &[]),
            ("2027-03-19", Some("DINSIC"), Confirmed, &["moved"]),
            ("2027-03-19", None, Confirmed, &["moved", "place"]),
            ("2027-03-19", None, Cancelled, &["cancelled"]),
        ] {
            assert_eq!(told(&meeting(day, place, status)), expected, "{day} {place:?} {status:?}");
        }
        let off = meeting("2027-03-12", Some("DINSIC"), Cancelled);
        assert_eq!(changes(&off, &first, now), [Change::Reinstated]);
    }

    #[test]
    fn nobody_is_told_of_what_is_over() {
        let now = sample::moment("2027-04-01T12:00:00Z").instant;
        let (was, is) =
            (meeting("2027-03-12", None, EventStatus::Confirmed), meeting("2027-03-13", None, EventStatus::Confirmed));
        assert_eq!(changes(&was, &is, now), []);
    }
}
