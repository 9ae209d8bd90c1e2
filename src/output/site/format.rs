//! The formats a feed comes in: how each is written, how it is read back, and where it stands.

use super::super::check::{self, Fault};
use super::super::feed::Feed;
use super::super::{OutputError, atom, calendar, json_feed, rss};
use super::{ATOM, CALENDAR, JSON_FEED, RSS};
use crate::model::announcement::Announcement;

#[derive(Clone, Copy)]
pub(super) struct Format {
    stem: &'static str,
    ending: &'static str,
    pub(super) content_type: &'static str,
    write: fn(&Feed) -> Result<Vec<u8>, OutputError>,
    check: fn(&[u8]) -> Result<(), Fault>,
}

pub(super) const RSS_FEED: Format =
    Format { stem: "rss", ending: "xml", content_type: RSS, write: rss::write, check: check::check_xml };
pub(super) const ATOM_FEED: Format =
    Format { stem: "atom", ending: "xml", content_type: ATOM, write: atom::write, check: check::check_xml };
pub(super) const JSON: Format =
    Format { stem: "feed", ending: "json", content_type: JSON_FEED, write: json_feed::write, check: check::check_json };
pub(super) const EVENTS: Format = Format {
    stem: "calendar",
    ending: "ics",
    content_type: CALENDAR,
    write: |feed| {
        let calendar = calendar::write(feed);
        if calendar.rolled_out > 0 {
            let path = feed.path("calendar", "ics");
            tracing::info!(path, events = calendar.rolled_out, "the oldest events have no room in this calendar");
        }
        Ok(calendar.bytes)
    },
    check: check::check_calendar,
};
/// A calendar of one event; its path is the announcement's.
pub(super) const EVENT: Format = Format {
    write: |feed| {
        let entry = feed.entries.first().ok_or_else(|| OutputError::in_format("calendar")("it has no event"))?;
        Ok(calendar::write_event(feed.site, feed.publish, entry))
    },
    ..EVENTS
};

/// Why a document did not pass.
#[derive(Debug)]
pub(super) struct Trouble<'a> {
    pub(super) fault: String,
    pub(super) culprit: Option<&'a Announcement>,
}

impl Format {
    pub(super) fn path(&self, feed: &Feed) -> String {
        feed.path(self.stem, self.ending)
    }

    /// Writes the document and reads it back.
    pub(super) fn document<'a>(&self, feed: &Feed<'a>) -> Result<Vec<u8>, Trouble<'a>> {
        self.attempt(feed).map_err(|(fault, culprit)| Trouble { fault, culprit: culprit.or_else(|| self.tried(feed)) })
    }

    fn attempt<'a>(&self, feed: &Feed<'a>) -> Result<Vec<u8>, (String, Option<&'a Announcement>)> {
        let bytes = (self.write)(feed).map_err(|error| (error.to_string(), None))?;
        match (self.check)(&bytes) {
            Ok(()) => Ok(bytes),
            Err(fault) => Err((fault.to_string(), fault.culprit(feed))),
        }
    }

    /// Where the document does not say whose fault it is: the first entry with which alone it fails, too.
    fn tried<'a>(&self, feed: &Feed<'a>) -> Option<&'a Announcement> {
        let alone = |entry| Feed { entries: vec![entry], ..feed.clone() };
        if self.attempt(&Feed { entries: Vec::new(), ..feed.clone() }).is_err() && self.stem != EVENTS.stem {
            return None;
        }
        feed.entries.iter().find(|entry| self.attempt(&alone(**entry)).is_err()).map(|entry| entry.announcement)
    }
}
