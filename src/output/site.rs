//! The site: every published document, each read back before it goes out.
//!
//! One faulty document does not stop the rest: it is refused, and its last good version stays. An announcement that spoils
//! the documents it is in is left out of them, and they are written again without it.

mod builder;
mod format;

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use self::builder::Builder;
use super::archive::Closed;
use super::templates::Templates;
use crate::model::announcement::AnnouncementId;
use crate::model::archive::Archive;
use crate::model::catalog::Catalog;
use crate::model::newsletter::Newsletter;
use crate::model::revision::Ledger;
use crate::model::settings::{PublishSettings, SiteSettings};
use crate::model::token::sha256_hex;

pub const RSS: &str = "application/rss+xml; charset=utf-8";
pub const ATOM: &str = "application/atom+xml; charset=utf-8";
pub const JSON_FEED: &str = "application/feed+json; charset=utf-8";
pub const CALENDAR: &str = "text/calendar; charset=utf-8";
pub const OPML: &str = "text/x-opml; charset=utf-8";
pub const HTML: &str = "text/html; charset=utf-8";
pub const CSS: &str = "text/css; charset=utf-8";

/// Announcements left out of one site before whatever still fails is only refused: each costs building it again.
const MOST_LEFT_OUT: usize = 20;

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

    /// Whether hubs are told when it changes: feeds are, calendars and pages are not.
    pub fn is_feed(&self) -> bool {
        [RSS, ATOM, JSON_FEED].contains(&self.content_type)
    }
}

/// A document that is not published as it was written, or an announcement that is in no document for its sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Site path of the document.
    pub path: String,
    pub content_type: &'static str,
    /// With the line of the document.
    pub fault: String,
    /// The announcement at fault, and its file, where they are known.
    pub culprit: Option<(AnnouncementId, String)>,
}

/// All documents of one moment by their path, decoded, without a leading `/`. A page's path ends with `/` or is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    pub documents: BTreeMap<String, Document>,
    /// What did not pass the gate. What did once the announcement at fault was left out is among the documents all the same.
    pub refused: Vec<Refused>,
    /// Archives closed or written anew with this site, to be kept once it is published.
    pub archives: Vec<Archive>,
}

/// What a site is made from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub site: &'a SiteSettings,
    pub publish: &'a PublishSettings,
    pub newsletters: &'a [Newsletter],
    pub templates: &'a Templates,
    pub catalog: &'a Catalog,
    pub ledger: &'a Ledger,
    /// By number, without a gap.
    pub archives: &'a [Closed],
    /// Decides what is visible and which events are ahead.
    pub now: DateTime<Utc>,
}

/// Builds every document and reads each back; what does not pass is told in `Site::refused`.
pub fn build(source: Source) -> Site {
    let mut refused: Vec<Refused> = Vec::new();
    loop {
        let left_out: HashSet<AnnouncementId> = culprits(&refused).cloned().collect();
        let mut site = Builder::new(source, &left_out).build();
        let is_enough =
            left_out.len() >= MOST_LEFT_OUT || culprits(&site.refused).all(|culprit| left_out.contains(culprit));
        refused.retain(|earlier| site.refused.iter().all(|later| later.path != earlier.path));
        refused.append(&mut site.refused);
        if is_enough {
            return Site { refused, ..site };
        }
    }
}

fn culprits(refused: &[Refused]) -> impl Iterator<Item = &AnnouncementId> {
    refused.iter().filter_map(|refused| refused.culprit.as_ref().map(|(id, _)| id))
}

impl Site {
    /// The document at a path as requested, decoded and without a leading `/`.
    pub fn get(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }
}
