//! What of an issue there is room for in one mail: events first, then what is new, then titles, then a number.

use serde::Serialize;

use super::super::feed::Entry;
use super::super::view::Item;
use super::super::words::{self, Tongue};
use super::{ChangedEntry, IssueView};
use crate::model::text::shorten;

const TITLE_CHARS: usize = 250;

#[derive(Debug, Clone, Serialize)]
struct Part {
    #[serde(flatten)]
    item: Item,
    /// An event ahead that was announced before is shown without its summary.
    detailed: bool,
    /// `Reporté : 12 → 19 mars`.
    changes: Vec<String>,
}

/// Events under one heading; never empty.
#[derive(Debug, Clone, Serialize)]
struct Section {
    heading: &'static str,
    items: Vec<Part>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Parts {
    /// What changed, then what is ahead.
    events: Vec<Section>,
    new: Vec<Part>,
    /// Shown by their titles, where all in full would be too much for one mail.
    others: Vec<Part>,
}

/// How many items fit in full, and how many of the others by their titles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    in_full: usize,
    by_title: usize,
}

impl Part {
    fn new(entry: &Entry, view: &IssueView, tongue: Tongue, detailed: bool) -> Self {
        let mut item = Item::new(entry, view.site, tongue.document_lang(view.lang), tongue);
        item.title = shorten(&item.title, TITLE_CHARS);
        Self { item, detailed, changes: Vec::new() }
    }

    fn changed(changed: &ChangedEntry, view: &IssueView, tongue: Tongue) -> Self {
        let lines = changed.changes.iter().filter_map(|change| words::change(change, tongue));
        let mut part = Self { changes: lines.collect(), ..Self::new(&changed.entry, view, tongue, false) };
        part.item.withdrawn = changed.is_withdrawn;
        part
    }

    fn typeset(self) -> Self {
        Self { item: self.item.typeset(), ..self }
    }
}

impl Parts {
    pub(super) fn new(view: &IssueView, tongue: Tongue) -> Self {
        let among = |entries: &[Entry], entry: &Entry| {
            entries.iter().any(|other| other.announcement.id == entry.announcement.id)
        };
        let changed = view.contents.changed.iter().map(|changed| Part::changed(changed, view, tongue)).collect();
        let upcoming =
            view.contents.upcoming.iter().map(|entry| Part::new(entry, view, tongue, among(&view.contents.new, entry)));
        let new = view.contents.new.iter().filter(|entry| !among(&view.contents.upcoming, entry));
        let t = tongue.words();
        let events = [(t.changed, changed), (t.upcoming, upcoming.collect())];
        Self {
            events: events.into_iter().filter_map(|(heading, items)| Section::new(heading, items)).collect(),
            new: new.map(|entry| Part::new(entry, view, tongue, true)).collect(),
            others: Vec::new(),
        }
    }

    /// What there is room for, events first, and how many are left out.
    pub(super) fn within(&self, room: Room) -> (Self, usize) {
        let (mut left, mut over) = (room.in_full, Vec::new());
        let mut fitting = |parts: &[Part]| {
            let (fit, rest) = parts.split_at(left.min(parts.len()));
            left -= fit.len();
            over.extend(rest.iter().cloned());
            fit.to_vec()
        };
        let sections = self.events.iter().filter_map(|section| Section::new(section.heading, fitting(&section.items)));
        let events = sections.collect();
        let new = fitting(&self.new);
        let left_out = over.len().saturating_sub(room.by_title);
        over.truncate(room.by_title);
        (Self { events, new, others: over }, left_out)
    }

    /// As people read them: no line begins with a mark that French sets apart.
    pub(super) fn typeset(self) -> Self {
        let all = |parts: Vec<Part>| parts.into_iter().map(Part::typeset).collect();
        let events = self.events.into_iter().map(|it| Section { items: all(it.items), ..it }).collect();
        Self { events, new: all(self.new), others: all(self.others) }
    }
}

impl Section {
    fn new(heading: &'static str, items: Vec<Part>) -> Option<Self> {
        (!items.is_empty()).then_some(Self { heading, items })
    }
}

impl Room {
    /// Never more fit: an item takes a kilobyte at least, a title two hundred bytes.
    pub(super) const MOST: Self = Self { in_full: 100, by_title: 500 };

    pub(super) fn less(self) -> Option<Self> {
        match self {
            Self { in_full: 0, by_title: 0 } => None,
            Self { in_full: 0, by_title } => Some(Self { in_full: 0, by_title: by_title / 2 }),
            Self { in_full, by_title } => Some(Self { in_full: in_full / 2, by_title }),
        }
    }
}
