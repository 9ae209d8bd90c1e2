//! The publish gate: each document is read back, by something other than what wrote it, before it goes out.
//!
//! XML by a strict walk over quick-xml's events (the crates that write feeds also read characters that XML forbids),
//! calendars by a reader of content lines of our own, JSON by typed reading of what clients must find.

mod calendar;
mod json;
mod xml;

use std::collections::HashSet;
use std::fmt;

pub use self::calendar::check_calendar;
pub use self::json::check_json;
pub use self::xml::check_xml;
use super::feed::Feed;
use super::item;

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

    /// The file of the announcement it was found in, where the document got far enough to say which.
    pub fn source<'a>(&self, feed: &Feed<'a>) -> Option<&'a str> {
        let item = self.item.as_deref()?;
        let entries = feed.entries.iter().map(|entry| entry.announcement);
        let is_meant = |ids: [String; 3]| ids.iter().any(|id| id == item);
        entries
            .into_iter()
            .find(|announcement| {
                let id = item::clean_line(announcement.id.as_str());
                is_meant([id, item::iri(announcement, feed.site), super::calendar::uid(announcement, feed.site)])
            })
            .map(|announcement| announcement.source.path.as_str())
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
        let line = document[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault::new(line, format!("byte {} is not UTF-8", error.valid_up_to()))
    })
}
