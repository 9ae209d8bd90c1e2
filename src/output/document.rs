//! One published document: its bytes, what they are, and how HTTP tells one state of them from another.

use bytes::Bytes;

use crate::model::token::sha256_hex;

pub const RSS: &str = "application/rss+xml; charset=utf-8";
pub const ATOM: &str = "application/atom+xml; charset=utf-8";
pub const JSON_FEED: &str = "application/feed+json; charset=utf-8";
pub const CALENDAR: &str = "text/calendar; charset=utf-8";
pub const OPML: &str = "text/x-opml; charset=utf-8";
pub const HTML: &str = "text/html; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";

/// One document, ready to be copied out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub bytes: Bytes,
    pub content_type: &'static str,
    /// Strong, with its quotes (RFC 9110 §8.8.3).
    pub etag: String,
}

impl Document {
    pub fn new(bytes: impl Into<Bytes>, content_type: &'static str) -> Self {
        let bytes = bytes.into();
        let etag = format!("\"{}\"", &sha256_hex(&bytes)[..32]);
        Self { bytes, content_type, etag }
    }

    /// A document of one of our media types, by its name.
    pub fn of_type(bytes: Vec<u8>, content_type: &[u8]) -> Option<Self> {
        let known = [RSS, ATOM, JSON_FEED, CALENDAR, OPML, HTML, CSS];
        let content_type = known.into_iter().find(|known| known.as_bytes() == content_type)?;
        Some(Self::new(bytes, content_type))
    }

    /// Whether hubs are told when it changes: feeds are, calendars and pages are not.
    pub fn is_feed(&self) -> bool {
        [RSS, ATOM, JSON_FEED].contains(&self.content_type)
    }
}
