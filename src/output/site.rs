//! The site: every published document, built whole and checked before it is swapped in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;

use super::feed::{Entry, Feed};
use super::opml::Outline;
use super::templates::{TemplateError, Templates};
use super::{OutputError, atom, calendar, check, json_feed, opml, page, rss};
use crate::model::announcement::Announcement;
use crate::model::catalog::{Catalog, by_label};
use crate::model::newsletter::Newsletter;
use crate::model::revision::Ledger;
use crate::model::settings::{PublishSettings, SiteSettings};
use crate::model::text::Label;
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
    pub bytes: Vec<u8>,
    pub content_type: &'static str,
    /// Strong, with its quotes (RFC 9110 §8.8.3).
    pub etag: String,
}

/// All documents of one moment by their path, decoded, without a leading `/`. A page's path ends with `/` or is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    pub documents: BTreeMap<String, Document>,
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
    /// Events that were withdrawn, as calendars still show them.
    pub withdrawn: &'a [Announcement],
    /// Decides what is visible and which events are ahead.
    pub now: DateTime<Utc>,
}

/// Why a site was not published; the last good one stays.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("`/{path}` does not hold what it should: {fault}{}", from.as_ref().map(|file| format!(" (from `{file}`)")).unwrap_or_default())]
    Gate { path: String, fault: check::Fault, from: Option<String> },
}

/// Builds every document and reads each back before any is published.
///
/// # Errors
/// The first document that cannot be written or does not pass, with the announcement at fault where it is known.
pub fn build(source: Source) -> Result<Site, SiteError> {
    let mut builder = Builder { source, documents: BTreeMap::new(), outlines: Vec::new() };
    builder.everything()?;
    Ok(Site { documents: builder.documents })
}

impl Site {
    /// The document at a path as requested, decoded and without a leading `/`.
    pub fn get(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }
}

struct Builder<'a> {
    source: Source<'a>,
    documents: BTreeMap<String, Document>,
    outlines: Vec<Outline>,
}

impl<'a> Builder<'a> {
    fn everything(&mut self) -> Result<(), SiteError> {
        let Source { site, catalog, ledger, now, templates, withdrawn, .. } = self.source;
        let visible: Vec<&Announcement> = catalog.visible(now).collect();
        let entry = |announcement: &'a Announcement| Entry { announcement, revision: ledger.revision(announcement) };
        let entries: Vec<Entry> = visible.iter().map(|announcement| entry(announcement)).collect();
        self.announcement_pages(&entries)?;
        self.event_calendars(&entries)?;
        let gone: Vec<Entry> = withdrawn.iter().map(entry).collect();
        self.event_calendars(&gone)?;
        let categories = by_label(&visible, |announcement| &announcement.categories);
        let tags = by_label(&visible, |announcement| &announcement.tags);
        let whole = self.feed(site.title.clone(), String::new(), entries);
        self.feeds(&whole)?;
        for (folder, groups) in [("categories", &categories), ("tags", &tags)] {
            for (label, members) in groups {
                self.label(folder, label, members.iter().map(|announcement| entry(announcement)).collect())?;
            }
        }
        let labels: Vec<Label> = categories.iter().chain(&tags).map(|(label, _)| label.clone()).collect();
        for newsletter in self.source.newsletters {
            let bytes = page::newsletter(templates, site, newsletter, &labels)?;
            self.page(format!("newsletters/{}/", newsletter.name), bytes);
        }
        self.overviews(&whole, &counted(&categories), &counted(&tags))?;
        self.add("style.css".to_owned(), page::stylesheet(templates), CSS);
        let list = opml::write(&site.title, &self.outlines)?;
        gate("feeds.opml", check::check_xml(&list), None)?;
        self.add("feeds.opml".to_owned(), list, OPML);
        Ok(())
    }

    /// A feed about some entries, newest first.
    fn feed(&self, title: String, folder: String, entries: Vec<Entry<'a>>) -> Feed<'a> {
        let Source { site, publish, .. } = self.source;
        Feed { site, publish, title, description: site.description.clone(), folder, entries }
    }

    fn label(&mut self, folder: &str, label: &Label, entries: Vec<Entry<'a>>) -> Result<(), SiteError> {
        let title = format!("{} – {}", self.source.site.title, label.label);
        let feed = self.feed(title, format!("{folder}/{}/", label.slug), entries);
        self.feeds(&feed)?;
        let bytes = page::label(self.source.templates, &feed, label, self.source.now)?;
        self.page(feed.folder.clone(), bytes);
        Ok(())
    }

    /// The three feeds of a folder, bounded, and its calendar where it has events or is the site's own.
    fn feeds(&mut self, whole: &Feed<'a>) -> Result<(), SiteError> {
        let mut feed = whole.clone();
        feed.entries.truncate(self.source.publish.limit);
        for (name, bytes, content_type) in [
            ("rss.xml", rss::write(&feed)?, RSS),
            ("atom.xml", atom::write(&feed)?, ATOM),
            ("feed.json", json_feed::write(&feed)?, JSON_FEED),
        ] {
            let path = format!("{}{name}", feed.folder);
            let checked = if name == "feed.json" { check::check_json(&bytes) } else { check::check_xml(&bytes) };
            gate(&path, checked, Some(&feed))?;
            self.add(path, bytes, content_type);
        }
        self.outlines.push(Outline {
            title: feed.title.clone(),
            feed_url: feed.document_url("atom.xml"),
            page_url: feed.page_url(),
            lang: feed.site.lang.clone(),
        });
        let mut calendar = whole.clone();
        calendar.entries.extend(self.withdrawn_from(&whole.folder));
        if whole.folder.is_empty() || calendar.entries.iter().any(|entry| entry.announcement.event.is_some()) {
            self.calendar(&calendar)?;
        }
        Ok(())
    }

    /// Withdrawn events that stood in a folder.
    fn withdrawn_from(&self, folder: &str) -> Vec<Entry<'a>> {
        let Source { withdrawn, ledger, .. } = self.source;
        let has = |kind: &str, labels: &[Label]| labels.iter().any(|label| folder == format!("{kind}/{}/", label.slug));
        let stood_in =
            |it: &&Announcement| folder.is_empty() || has("categories", &it.categories) || has("tags", &it.tags);
        let entry = |announcement: &'a Announcement| Entry { announcement, revision: ledger.revision(announcement) };
        withdrawn.iter().filter(stood_in).map(entry).collect()
    }

    /// All events of a folder, but for the oldest where they are too many for one document.
    fn calendar(&mut self, feed: &Feed<'a>) -> Result<(), SiteError> {
        let path = format!("{}calendar.ics", feed.folder);
        let calendar = calendar::write(feed);
        gate(&path, check::check_calendar(&calendar.bytes), Some(feed))?;
        if calendar.rolled_out > 0 {
            tracing::info!(path, events = calendar.rolled_out, "the oldest events have no room in this calendar");
        }
        self.add(path, calendar.bytes, CALENDAR);
        Ok(())
    }

    fn event_calendars(&mut self, entries: &[Entry<'a>]) -> Result<(), SiteError> {
        for entry in entries.iter().filter(|entry| entry.announcement.event.is_some()).copied() {
            let path = format!("events/{}.ics", entry.announcement.slug);
            let bytes = calendar::write_event(self.source.site, self.source.publish, &entry);
            let feed = self.feed(String::new(), String::new(), vec![entry]);
            gate(&path, check::check_calendar(&bytes), Some(&feed))?;
            self.add(path, bytes, CALENDAR);
        }
        Ok(())
    }

    fn announcement_pages(&mut self, entries: &[Entry<'a>]) -> Result<(), SiteError> {
        let Source { site, templates, .. } = self.source;
        for entry in entries {
            let Some(path) = page_path(entry.announcement, site) else { continue };
            let bytes = page::announcement(templates, site, entry)?;
            self.page(path, bytes);
        }
        Ok(())
    }

    fn overviews(
        &mut self,
        feed: &Feed<'a>,
        categories: &[(Label, usize)],
        tags: &[(Label, usize)],
    ) -> Result<(), SiteError> {
        let Source { newsletters, templates, now, .. } = self.source;
        for (path, bytes) in page::overviews(templates, &page::Overview { feed, categories, tags, newsletters, now })? {
            self.page(path, bytes);
        }
        Ok(())
    }

    fn page(&mut self, path: String, bytes: Vec<u8>) {
        self.add(path, bytes, HTML);
    }

    fn add(&mut self, path: String, bytes: Vec<u8>, content_type: &'static str) {
        let etag = format!("\"{}\"", &sha256_hex(&bytes)[..32]);
        self.documents.insert(path, Document { bytes, content_type, etag });
    }
}

fn counted(groups: &[(Label, Vec<&Announcement>)]) -> Vec<(Label, usize)> {
    groups.iter().map(|(label, members)| (label.clone(), members.len())).collect()
}

/// Keeps a document that another parser cannot read from being published, and names the announcement at fault.
fn gate(path: &str, checked: Result<(), check::Fault>, feed: Option<&Feed>) -> Result<(), SiteError> {
    checked.map_err(|fault| {
        let from = feed.and_then(|feed| fault.source(feed)).map(str::to_owned);
        SiteError::Gate { path: path.to_owned(), fault, from }
    })
}

/// Where an announcement's own page stands below crieur's root, or `None` where the path belongs to one of crieur's own documents.
fn page_path(announcement: &Announcement, site: &SiteSettings) -> Option<String> {
    let own = ["", "rss.xml", "atom.xml", "feed.json", "calendar.ics", "feeds.opml", "style.css"];
    let path = percent_decode_str(announcement.url.path()).decode_utf8().ok()?;
    let path = path.strip_prefix(site.url.path()).unwrap_or(&path).trim_start_matches('/');
    let reserved: BTreeSet<&str> = own.into_iter().collect();
    let in_own_folder =
        ["categories/", "tags/", "events/", "newsletters/", "archive/"].iter().any(|folder| path.starts_with(folder));
    let traverses = path.split('/').any(|part| matches!(part, "." | "..")) || path.contains('\0');
    let last = path.rsplit('/').next().unwrap_or_default();
    (!reserved.contains(path) && !in_own_folder && !traverses)
        .then(|| if last.is_empty() || last.contains('.') { path.to_owned() } else { format!("{path}/") })
}
