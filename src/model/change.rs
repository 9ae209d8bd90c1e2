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

/// What several notes come to for whoever knows of none of them: an event that moved twice moved once, one that moved back
/// did not. Oldest first.
pub fn net<'a>(notes: impl Iterator<Item = &'a ChangeNote>) -> Vec<Change> {
    let (mut moved, mut placed, mut standing) = (None, None, None);
    for note in notes {
        match &note.change {
            Change::Moved { from, to } => moved = Some((moved.map_or(from, |(first, _)| first), to)),
            Change::Place { from, to } => placed = Some((placed.map_or(from, |(first, _)| first), to)),
            change @ (Change::Cancelled | Change::Reinstated) => {
                standing = Some((standing.map_or(change, |(first, _)| first), change));
            }
        }
    }
    // cancelled and back again is as it was
    let standing = standing.filter(|(first, last)| first == last).map(|(_, last)| last.clone());
    if standing == Some(Change::Cancelled) {
        return vec![Change::Cancelled];
    }
    let moved = moved.filter(|(from, to)| from != to).map(|(from, to)| (from.clone(), to.clone()));
    let placed = placed.filter(|(from, to)| said(from.as_ref()) != said(to.as_ref()));
    let moved = moved.map(|(from, to)| Change::Moved { from, to });
    let placed = placed.map(|(from, to)| Change::Place { from: from.clone(), to: to.clone() });
    standing.into_iter().chain(moved).chain(placed).collect()
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
    fn what_changed_twice_is_told_once_and_what_is_as_it_was_is_not() {
        use EventStatus::{Cancelled, Confirmed};
        let now = sample::moment("2027-03-01T12:00:00Z").instant;
        let versions = |list: &[(&str, Option<&str>, EventStatus)]| -> Vec<Change> {
            let events: Vec<Event> = list.iter().map(|(day, place, status)| meeting(day, *place, *status)).collect();
            let steps = events.windows(2).zip(1..);
            let notes = steps.flat_map(|(pair, sequence)| {
                let note = move |change| ChangeNote { sequence, at: now, change };
                changes(&pair[0], &pair[1], now).into_iter().map(note)
            });
            net(notes.collect::<Vec<_>>().iter())
        };
        let first = ("2027-03-12", Some("DINSIC"), Confirmed);
        let (later, last) = (("2027-03-19", Some("DINSIC"), Confirmed), ("2027-03-26", Some("Mairie"), Confirmed));
        let off = ("2027-03-19", Some("DINSIC"), Cancelled);
        let at = |(day, place, status)| meeting(day, place, status);
        assert_eq!(versions(&[first, later, last]), changes(&at(first), &at(last), now));
        assert_eq!(versions(&[first, later, first]), []);
        assert_eq!(versions(&[first, off]), [Change::Cancelled]);
        assert_eq!(versions(&[first, later, off, later]), changes(&at(first), &at(later), now));
        assert_eq!(versions(&[off, later, off]), []);
        assert_eq!(versions(&[off, later]), [Change::Reinstated]);
    }

    #[test]
    fn nobody_is_told_of_what_is_over() {
        let now = sample::moment("2027-04-01T12:00:00Z").instant;
        let (was, is) =
            (meeting("2027-03-12", None, EventStatus::Confirmed), meeting("2027-03-13", None, EventStatus::Confirmed));
        assert_eq!(changes(&was, &is, now), []);
    }
}
