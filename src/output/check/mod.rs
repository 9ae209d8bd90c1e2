//! The publish gate: each document is read back, by something other than what wrote it, before it goes out.
//!
//! XML by roxmltree and a strict walk (the crates that write feeds also read characters that XML forbids), calendars and
//! JSON by readers of our own, pages by html5ever: never by what wrote them.

mod calendar;
mod json;
mod json_text;
mod page;
mod xml;

use std::collections::HashSet;
use std::fmt;

pub use self::calendar::check_calendar;
pub use self::json::check_json;
pub use self::page::check_page;
pub use self::xml::check_xml;
use super::feed::Feed;
use super::item;
use crate::model::announcement::Announcement;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// The id of the item it was found in: an Atom id, guid, JSON id or UID.
    pub item: Option<String>,
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)?;
        self.item.as_ref().map_or(Ok(()), |item| write!(f, " (in `{item}`)"))
    }
}

impl Fault {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, item: None, what: what.into() }
    }

    fn in_item(mut self, item: Option<&str>) -> Self {
        self.item = self.item.or_else(|| item.map(str::to_owned));
        self
    }

    /// The announcement it was found in, where the document got far enough to say which.
    pub fn culprit<'a>(&self, feed: &Feed<'a>) -> Option<&'a Announcement> {
        let item = self.item.as_deref()?;
        let is_meant = |announcement: &Announcement| {
            item == item::clean_line(announcement.id.as_str())
                || item == item::iri(announcement, feed.site)
                || item == super::calendar::uid(announcement, feed.site)
        };
        feed.entries.iter().map(|entry| entry.announcement).find(|announcement| is_meant(announcement))
    }
}

/// The ids met so far in a document.
#[derive(Default)]
struct Ids(HashSet<String>);

impl Ids {
    /// An id must be there and be the only one of its kind.
    fn take(&mut self, id: &str) -> Result<(), String> {
        if id.trim().is_empty() {
            return Err("an item has an empty id".to_owned());
        }
        if self.0.insert(id.to_owned()) { Ok(()) } else { Err("two items have one id".to_owned()) }
    }
}

/// The text of a document, or the offset of the first byte that is not UTF-8.
fn utf_8(document: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(document).map_err(|error| {
        let offset = error.valid_up_to();
        Fault::new(line_at(document, offset), format!("byte {offset} is not UTF-8"))
    })
}

/// The line, from 1, that an offset is in.
fn line_at(document: &[u8], offset: usize) -> usize {
    document[..offset].split(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::{Setting, meeting, nasty};
    use crate::output::{atom, calendar, json_feed, rss};

    type Gate = fn(&[u8]) -> Result<(), Fault>;

    /// What a disk or a bug may make of a document.
    #[test]
    fn the_gate_stands_whatever_comes() {
        let (setting, announcements) = (Setting::new(), [meeting(), nasty()]);
        let feed = setting.feed(&announcements);
        let gates: [(Vec<u8>, Gate); 4] = [
            (rss::write(&feed).expect("RSS"), check_xml),
            (atom::write(&feed).expect("Atom"), check_xml),
            (json_feed::write(&feed).expect("JSON Feed"), check_json),
            (calendar::write(&feed).bytes, check_calendar),
        ];
        for (document, gate) in gates {
            assert_eq!(gate(&document), Ok(()));
            for at in (0..document.len()).step_by(29) {
                assert!(gate(&document[..at]).is_err(), "cut at {at}");
                let mut changed = document.clone();
                for byte in [b'<', b'&', b'"', b'\r', b'\n', 0, 0xff] {
                    changed[at] = byte;
                    let told = gate(&changed);
                    assert!(byte != 0xff || told.is_err(), "no UTF-8 at {at}");
                }
            }
        }
    }
}
