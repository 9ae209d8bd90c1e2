//! One round of building: every document of the site, without the announcements that are left out.

use std::collections::HashSet;

use bytes::Bytes;

use super::super::archive::{Closed, Fate, Shelf};
use super::super::feed::{Entry, Feed, Variant};
use super::super::opml::{self, Outline};
use super::super::templates::TemplateError;
use super::super::{check, page};
use super::format::{ATOM_FEED, EVENT, EVENTS, Format, JSON, RSS_FEED, Trouble};
use super::made_from::MadeFrom;
use super::paths::page_path;
use super::{CSS, Document, HTML, OPML, Refused, Site, Source};
use crate::model::announcement::{Announcement, AnnouncementId};
use crate::model::archive::Archive;
use crate::model::catalog::by_label;
use crate::model::settings::FeedContent;
use crate::model::text::Label;

pub(super) struct Builder<'a> {
    pub(super) source: Source<'a>,
    left_out: &'a HashSet<AnnouncementId>,
    done: Site,
    outlines: Vec<Outline>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(source: Source<'a>, left_out: &'a HashSet<AnnouncementId>) -> Self {
        Self { source, left_out, done: Site::default(), outlines: Vec::new() }
    }

    pub(super) fn build(mut self) -> Site {
        let Source { site, catalog, now, templates, ledger, .. } = self.source;
        let mut visible: Vec<&Announcement> = catalog.visible(now).collect();
        // pages for all: one that spoils the feeds may well have a page
        let shown = self.entries(&visible);
        self.announcement_pages(&shown);
        visible.retain(|announcement| !self.left_out.contains(&announcement.id));
        let entries = self.entries(&visible);
        let withdrawn = self.withdrawn_from("");
        // first: where an event has taken the place of one that was withdrawn, its calendar is its own
        self.event_calendars(&[&withdrawn[..], &entries].concat());
        let categories = by_label(&visible, |announcement| &announcement.categories);
        let tags = by_label(&visible, |announcement| &announcement.tags);
        let whole = self.feed(site.title.clone(), String::new(), entries);
        self.whole(&whole);
        self.labels("categories", &categories, &ledger.labels(|shown| &shown.categories));
        self.labels("tags", &tags, &ledger.labels(|shown| &shown.tags));
        let labels: Vec<Label> = categories.iter().chain(&tags).map(|(label, _)| label.clone()).collect();
        self.newsletters(&labels, &whole.entries);
        self.overviews(&whole, &counted(&categories), &counted(&tags));
        self.add("style.css".to_owned(), page::stylesheet(templates), CSS);
        self.list();
        // last: nothing that stands somewhere now is hidden by what stood there once
        self.former_addresses(&shown);
        self.done
    }

    /// The labels of a folder with what they hold, and those that once held something: their feeds are subscribed to.
    fn labels(&mut self, folder: &str, groups: &[(Label, Vec<&'a Announcement>)], ever: &[Label]) {
        for (label, members) in groups {
            self.label(folder, label, self.entries(members));
        }
        let is_empty = |label: &&Label| groups.iter().all(|(used, _)| used.slug != label.slug);
        for label in ever.iter().filter(is_empty) {
            self.label(folder, label, Vec::new());
        }
    }

    fn entries(&self, announcements: &[&'a Announcement]) -> Vec<Entry<'a>> {
        let ledger = self.source.ledger;
        let entry = |announcement: &&'a Announcement| Entry { announcement, revision: ledger.revision(announcement) };
        announcements.iter().map(entry).collect()
    }

    /// A feed about some entries, newest first.
    fn feed(&self, title: String, folder: String, entries: Vec<Entry<'a>>) -> Feed<'a> {
        let Source { site, publish, .. } = self.source;
        let description = site.description.clone();
        Feed { site, publish, title, description, folder, entries, variant: Variant::Main, previous: None }
    }

    /// The site's own feeds, with their archives.
    fn whole(&mut self, whole: &Feed<'a>) {
        let Source { catalog, publish, archives, .. } = self.source;
        let shelves = Shelf::new(archives, catalog);
        self.closed_archives(&shelves, whole);
        let mut number = archives.last().map_or(0, |last| last.archive.number);
        let mut just_closed = 0;
        for members in shelves.closing(&whole.entries, publish.limit) {
            let size = members.len();
            let Some(archive) = self.archive(whole, number + 1, members) else { break };
            self.keep(archive);
            (number, just_closed) = (number + 1, just_closed + size);
        }
        let entries = shelves.live(&whole.entries, just_closed, publish.limit);
        self.feeds(&Feed { entries, previous: (number > 0).then_some(number), ..whole.clone() });
        self.calendar(whole);
    }

    /// Withdrawn events that stood in a folder.
    fn withdrawn_from(&self, folder: &str) -> Vec<Entry<'a>> {
        let has = |kind: &str, labels: &[Label]| labels.iter().any(|label| folder == format!("{kind}/{}/", label.slug));
        let stood_in = |it: &&Announcement| {
            let is_left_out = self.left_out.contains(&it.id);
            !is_left_out && (folder.is_empty() || has("categories", &it.categories) || has("tags", &it.tags))
        };
        self.entries(&self.source.withdrawn.iter().filter(stood_in).collect::<Vec<_>>())
    }

    fn closed_archives(&mut self, shelves: &Shelf<'a>, whole: &Feed<'a>) {
        for closed in self.source.archives {
            let fate = shelves.fate(&closed.archive, self.source.site.public_url.as_str(), self.source.now);
            let anew = match fate {
                Fate::Kept => None,
                Fate::Rewritten { mut members, lasting } => {
                    members.retain(|announcement| !self.left_out.contains(&announcement.id));
                    let entries = self.entries(&members);
                    self.archive(whole, closed.archive.number, entries).map(|archive| (archive, lasting))
                }
            };
            match anew {
                None => self.done.documents.extend(closed.documents()),
                Some((archive, true)) => self.keep(archive),
                Some((archive, false)) => self.done.documents.extend(Closed::new(archive).documents()),
            }
        }
    }

    /// Writes an archive, or refuses it.
    fn archive(&mut self, whole: &Feed<'a>, number: u32, entries: Vec<Entry<'a>>) -> Option<Archive> {
        let previous = number.checked_sub(1).filter(|number| *number > 0);
        let feed = Feed { entries, variant: Variant::Archive(number), previous, ..whole.clone() };
        let [atom, json] = [ATOM_FEED, JSON].map(|format| match format.document(&feed) {
            Ok(bytes) => Some(Bytes::from(bytes)),
            Err(trouble) => {
                self.refuse(format.path(&feed), format.content_type, trouble);
                None
            }
        });
        Some(Archive {
            number,
            members: feed.entries.iter().map(|entry| entry.announcement.id.clone()).collect(),
            base: feed.site.public_url.to_string(),
            atom: atom?,
            json: json?,
        })
    }

    fn keep(&mut self, archive: Archive) {
        self.done.documents.extend(Closed::new(archive.clone()).documents());
        self.done.archives.push(archive);
    }

    fn label(&mut self, folder: &str, label: &Label, entries: Vec<Entry<'a>>) {
        let title = format!("{} – {}", self.source.site.title, label.label);
        let feed = self.feed(title, format!("{folder}/{}/", label.slug), entries);
        let mut bounded = feed.clone();
        bounded.entries.truncate(self.source.publish.limit);
        self.feeds(&bounded);
        let withdrawn = !self.withdrawn_from(&feed.folder).is_empty();
        if withdrawn || feed.entries.iter().any(|entry| entry.announcement.event.is_some()) {
            self.calendar(&feed);
        }
        let Source { templates, now, .. } = self.source;
        let page = || page::label(templates, &feed, label, now);
        self.page(feed.folder.clone(), MadeFrom::feed(&feed, now), page, &feed.entries);
    }

    /// The feeds of a folder in each format, and with `content = "both"` their summaries beside them.
    fn feeds(&mut self, feed: &Feed<'a>) {
        self.variant(feed);
        if self.source.publish.content == FeedContent::Both {
            // no archives of its own: they belong to the main feed
            let title = feed.summary_title();
            self.variant(&Feed { variant: Variant::Summary, previous: None, title, ..feed.clone() });
        }
    }

    fn variant(&mut self, feed: &Feed<'a>) {
        let made_from = MadeFrom::feed(feed, self.source.now);
        for format in [RSS_FEED, ATOM_FEED, JSON] {
            self.write(format.path(feed), format, feed, made_from);
        }
        if feed.entries.is_empty() && !feed.folder.is_empty() {
            return;
        }
        self.outlines.push(Outline {
            title: feed.title.clone(),
            feed_url: feed.own_url("atom", "xml"),
            page_url: feed.page_url(),
            lang: feed.site.lang.clone(),
        });
    }

    /// All events of a folder, the withdrawn ones too.
    fn calendar(&mut self, feed: &Feed<'a>) {
        // the others are none of its business: it need not be written again for their sake
        let events = feed.entries.iter().filter(|entry| entry.announcement.event.is_some()).copied();
        let entries = events.chain(self.withdrawn_from(&feed.folder)).collect();
        let feed = Feed { entries, ..feed.clone() };
        self.write(EVENTS.path(&feed), EVENTS, &feed, MadeFrom::feed(&feed, self.source.now));
    }

    /// A calendar for each event, also under its former names: whoever subscribed to one must hear of what becomes of it.
    /// Where two had one name, the last has it.
    fn event_calendars(&mut self, entries: &[Entry<'a>]) {
        let mut former = Vec::new();
        for entry in entries.iter().filter(|entry| entry.announcement.event.is_some()).copied() {
            let it = entry.announcement;
            let feed = self.feed(String::new(), String::new(), vec![entry]);
            self.write(event_path(&it.slug), EVENT, &feed, MadeFrom::feed(&feed, self.source.now));
            let slugs = self.source.ledger.get(&it.id).map_or(&[][..], |known| &known.shown.former_slugs);
            let calendar = self.done.documents.get(&event_path(&it.slug));
            former.extend(calendar.into_iter().flat_map(|it| slugs.iter().map(|slug| (event_path(slug), it.clone()))));
        }
        for (path, calendar) in former.into_iter().rev() {
            self.done.documents.entry(path).or_insert(calendar);
        }
    }

    fn announcement_pages(&mut self, entries: &[Entry<'a>]) {
        let Source { site, templates, ledger, .. } = self.source;
        for entry in entries {
            let Some(path) = page_path(entry.announcement.url.path(), site) else { continue };
            let changes = ledger.changes(&entry.announcement.id);
            let page = || page::announcement(templates, site, entry, changes);
            self.page(path, MadeFrom::page(entry, changes), page, std::slice::from_ref(entry));
        }
    }

    /// Pages that lead from where an announcement stood to where it stands.
    fn former_addresses(&mut self, entries: &[Entry<'a>]) {
        let Source { site, templates, .. } = self.source;
        for entry in entries {
            let it = entry.announcement;
            let Some(own) = page_path(it.url.path(), site) else { continue };
            for path in it.aliases.iter().filter_map(|alias| page_path(alias, site)).filter(|path| *path != own) {
                if !self.done.documents.contains_key(&path) {
                    let page = || page::moved(templates, site, it.url.as_str(), &it.title);
                    self.page(path, MadeFrom::way_to(it), page, std::slice::from_ref(entry));
                }
            }
        }
    }

    /// Pages about everything: they are made of the same and are all as they were, or none is known to be.
    fn overviews(&mut self, feed: &Feed<'a>, categories: &[(Label, usize)], tags: &[(Label, usize)]) {
        let Source { newsletters, templates, now, previous, .. } = self.source;
        for (year, feed) in page::years(feed) {
            let page = || page::year(templates, &feed, year);
            self.page(feed.folder.clone(), MadeFrom::feed(&feed, now), page, &feed.entries);
        }
        let made_from = MadeFrom::feed(feed, now);
        if let Some(previous) = previous.filter(|previous| previous.made_from.get("") == Some(&made_from)) {
            for path in previous.made_from.iter().filter(|(_, from)| **from == made_from).map(|(path, _)| path) {
                self.reuse(path.clone(), made_from);
            }
            return;
        }
        match page::overviews(templates, &page::Overview { feed, categories, tags, newsletters, now }) {
            Ok(pages) => {
                for (path, bytes) in pages {
                    self.page(path, made_from, || Ok(bytes), &feed.entries);
                }
            }
            Err(error) => self.page(String::new(), made_from, || Err(error), &feed.entries),
        }
    }

    fn list(&mut self) {
        let written = opml::write(&self.source.site.title, &self.outlines).map_err(|error| error.to_string());
        let checked = written.and_then(|list| match check::check_xml(&list) {
            Ok(()) => Ok(list),
            Err(fault) => Err(fault.to_string()),
        });
        match checked {
            Ok(list) => self.add("feeds.opml".to_owned(), list, OPML),
            Err(fault) => self.refuse("feeds.opml".to_owned(), OPML, Trouble { fault, culprit: None }),
        }
    }

    fn write(&mut self, path: String, format: Format, feed: &Feed<'a>, made_from: MadeFrom) {
        if self.reuse(path.clone(), made_from) {
            return;
        }
        match format.document(feed) {
            Ok(bytes) => self.add_made(path, made_from, Document::new(bytes, format.content_type)),
            Err(trouble) => self.refuse(path, format.content_type, trouble),
        }
    }

    /// A page that fails costs nobody a place in the feeds: only the page itself is refused.
    pub(super) fn page(
        &mut self,
        path: String,
        made_from: MadeFrom,
        write: impl FnOnce() -> Result<Vec<u8>, TemplateError>,
        shows: &[Entry<'a>],
    ) {
        if self.reuse(path.clone(), made_from) {
            return;
        }
        let checked = write().map_err(|error| error.to_string()).and_then(|bytes| match check::check_page(&bytes) {
            Ok(Some(line)) if !speak_of_templates(shows, self.source) => {
                Err(format!("line {line}: a mark of a template was left over"))
            }
            Ok(_) => Ok(bytes),
            Err(fault) => Err(fault.to_string()),
        });
        match checked {
            Ok(bytes) => self.add_made(path, made_from, Document::new(bytes, HTML)),
            Err(fault) => self.refuse(path, HTML, Trouble { fault, culprit: None }),
        }
    }

    /// Takes a document over from the previous site, if it was made from the same.
    pub(super) fn reuse(&mut self, path: String, made_from: MadeFrom) -> bool {
        let previous = self.source.previous.filter(|previous| previous.made_from.get(&path) == Some(&made_from));
        let Some(document) = previous.and_then(|previous| previous.documents.get(&path)) else { return false };
        self.add_made(path, made_from, document.clone());
        true
    }

    pub(super) fn add_made(&mut self, path: String, made_from: MadeFrom, document: Document) {
        self.done.made_from.insert(path.clone(), made_from);
        self.done.documents.insert(path, document);
    }

    pub(super) fn refuse(&mut self, path: String, content_type: &'static str, trouble: Trouble) {
        let Trouble { fault, culprit } = trouble;
        let culprit = culprit.map(|announcement| (announcement.id.clone(), announcement.source.path.clone()));
        self.done.refused.push(Refused { path, content_type, fault, culprit });
    }

    fn add(&mut self, path: String, bytes: Vec<u8>, content_type: &'static str) {
        self.done.documents.insert(path, Document::new(bytes, content_type));
    }
}

/// Whether `{{` or `{%` on a page is the authors' own: posts about templates show some.
fn speak_of_templates(shows: &[Entry], source: Source) -> bool {
    let is_mark = |text: &str| text.contains("{{") || text.contains("{%");
    let own = [&source.site.title, &source.site.description].into_iter();
    let own = own.chain(source.newsletters.iter().map(|newsletter| &newsletter.title));
    let of = |entry: &Entry| serde_json::to_string(entry.announcement).is_ok_and(|text| is_mark(&text));
    own.into_iter().any(|text| is_mark(text)) || shows.iter().any(of)
}

fn event_path(slug: &str) -> String {
    format!("events/{slug}.ics")
}

fn counted(groups: &[(Label, Vec<&Announcement>)]) -> Vec<(Label, usize)> {
    groups.iter().map(|(label, members)| (label.clone(), members.len())).collect()
}
