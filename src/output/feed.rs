//! What a feed or calendar is about: the one description that RSS, Atom, JSON Feed and iCalendar are all written from.

use crate::model::announcement::Announcement;
use crate::model::revision::Revision;
use crate::model::settings::{FeedContent, PublishSettings, SiteSettings};

/// An announcement with its history.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub announcement: &'a Announcement,
    pub revision: Revision,
}

/// Which of a feed's documents is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The live feed, with what `[publish] content` says.
    Main,
    /// The live feed with summaries only, beside the main one.
    Summary,
    /// A closed archive of the live feed, by its number (RFC 5005 §4).
    Archive(u32),
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
    pub variant: Variant,
    /// The closed archive that goes on where this document ends.
    pub previous: Option<u32>,
}

impl Feed<'_> {
    /// Absolute address of one of the feed's documents, e.g. `atom.xml`.
    pub fn document_url(&self, name: &str) -> String {
        self.site.own_url(&format!("{}{name}", self.folder))
    }

    /// Site path of the document of this variant: of `atom` and `xml` it makes `atom.xml`, `atom-summary.xml`, `archive/3.xml`.
    pub fn path(&self, stem: &str, ending: &str) -> String {
        let folder = &self.folder;
        match self.variant {
            Variant::Main => format!("{folder}{stem}.{ending}"),
            Variant::Summary => format!("{folder}{stem}-summary.{ending}"),
            Variant::Archive(number) => archive_path(number, ending),
        }
    }

    /// Absolute address of the document of this variant.
    pub fn own_url(&self, stem: &str, ending: &str) -> String {
        self.site.own_url(&self.path(stem, ending))
    }

    /// Absolute address of the archive that goes on where this document ends.
    pub fn previous_url(&self, ending: &str) -> Option<String> {
        self.previous.map(|number| self.site.own_url(&archive_path(number, ending)))
    }

    /// What the feed of summaries is called beside the main one.
    pub fn summary_title(&self) -> String {
        let word = if self.site.lang.starts_with("fr") { "résumés" } else { "summaries" };
        format!("{} ({word})", self.title)
    }

    /// Whether it carries whole bodies.
    pub fn is_full(&self) -> bool {
        self.variant != Variant::Summary && self.publish.content != FeedContent::Summary
    }

    /// Absolute address of the page people read.
    pub fn page_url(&self) -> String {
        self.site.own_url(&self.folder)
    }
}

fn archive_path(number: u32, ending: &str) -> String {
    format!("archive/{number}.{ending}")
}
