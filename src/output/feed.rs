//! What a feed or calendar is about: the one description that RSS, Atom, JSON Feed and iCalendar are all written from.

use crate::model::announcement::Announcement;
use crate::model::revision::Revision;
use crate::model::settings::{PublishSettings, SiteSettings};

/// An announcement with its history.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub announcement: &'a Announcement,
    pub revision: Revision,
}

/// A feed (or calendar) about the whole site, one category or one tag.
#[derive(Debug, Clone)]
pub struct Feed<'a> {
    pub site: &'a SiteSettings,
    pub publish: &'a PublishSettings,
    /// "Communauté UX" or "Communauté UX – Atelier".
    pub title: String,
    pub description: String,
    /// Site path of the folder its documents stand in: empty, or `categories/atelier/`.
    pub folder: String,
    /// Newest first, already bounded by `[publish] limit` for feeds.
    pub entries: Vec<Entry<'a>>,
}

impl Feed<'_> {
    /// Absolute address of one of the feed's documents, e.g. `atom.xml`.
    pub fn document_url(&self, name: &str) -> String {
        self.site.own_url(&format!("{}{name}", self.folder))
    }

    /// Absolute address of the page people read.
    pub fn page_url(&self) -> String {
        self.site.own_url(&self.folder)
    }
}
