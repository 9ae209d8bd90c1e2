//! Pages that list announcements: home, a category or tag, all of them by name.
//!
//! However much there is, a page stays one that people can read: a number of announcements with their summaries, more by
//! their titles, and the way to all of them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::feed::{Entry, Feed};
use super::super::templates::{TemplateError, Templates};
use super::super::view::{Item, LabelItem};
use super::super::words::Tongue;
use super::archive::{self, ARCHIVE};
use super::frame::{Feeds, Frame};
use super::lines::{Counted, Line};
use super::{NewsletterItem, Page, finish};
use crate::model::newsletter::Newsletter;
use crate::model::text::Label;

/// With their summaries.
const CARDS: usize = 20;
/// Events ahead with all they need.
const AHEAD: usize = 10;
/// By their titles alone, below those.
const TITLES: usize = 200;
/// The most used tags and categories; all of them have a page of their own.
const LABELS: usize = 24;

/// What the pages about the whole site are made from.
#[derive(Debug, Clone, Copy)]
pub struct Overview<'a> {
    /// Everything visible, newest first.
    pub feed: &'a Feed<'a>,
    pub categories: &'a [(Label, usize)],
    pub tags: &'a [(Label, usize)],
    pub newsletters: &'a [Newsletter],
    /// Decides which events are ahead.
    pub now: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct Listing<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    /// What sort of label the page is about.
    kind: &'static str,
    /// Where all of its sort are listed.
    kind_url: String,
    heading: String,
    count: String,
    feeds: Feeds,
    upcoming: Vec<Item>,
    later: Vec<Line>,
    latest: Vec<Item>,
    older: Vec<Line>,
    /// Where everything is, if not here.
    archive: Option<Link>,
    categories: Vec<Counted>,
    all_categories: Option<Link>,
    tags: Vec<Counted>,
    all_tags: Option<Link>,
    newsletters: Vec<NewsletterItem<'a>>,
}

#[derive(Debug, Serialize)]
struct Link {
    label: String,
    url: String,
}

#[derive(Debug, Serialize)]
struct LabelsPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    labels: Vec<Counted>,
}

/// Home, all categories, all tags and, where home does not show everything, the archive: each with its path; those of its years come from `years`.
///
/// # Errors
/// A template that cannot be rendered.
pub fn overviews(templates: &Templates, of: &Overview) -> Result<Vec<(String, Vec<u8>)>, TemplateError> {
    let mut pages = vec![(String::new(), home(templates, of)?)];
    for (folder, labels) in [("categories", of.categories), ("tags", of.tags)] {
        if !labels.is_empty() {
            pages.push((format!("{folder}/"), all_labels(templates, of.feed, folder, labels)?));
        }
    }
    if of.feed.entries.len() > CARDS {
        pages.push((ARCHIVE.to_owned(), archive::archive(templates, of.feed)?));
    }
    Ok(pages)
}

/// What the pages of the years are made from, where there are any.
pub fn years<'a>(feed: &Feed<'a>) -> Vec<(i32, Feed<'a>)> {
    if feed.entries.len() > CARDS { archive::years(feed) } else { Vec::new() }
}

/// The home page. Events that are not over come first.
fn home(templates: &Templates, of: &Overview) -> Page {
    let (site, tongue) = (of.feed.site, Tongue::of(&of.feed.site.lang));
    let t = tongue.words();
    let mut frame = Frame::new(site, &site.lang, String::new(), of.feed.description.clone());
    frame.canonical = Some(of.feed.page_url());
    "#page.subscribe".clone_into(&mut frame.subscribe);
    let mut page = listing(of.feed, frame, Feeds::new(site, "", &of.feed.title, true), of.now);
    page.heading = tongue.shown(&site.title);
    let all = |labels: &[(Label, usize)], folder: &str, words: &str| {
        (labels.len() > LABELS)
            .then(|| Link { label: format!("{words} ({})", labels.len()), url: site.own_url(&format!("{folder}/")) })
    };
    page.categories = most_used(of.categories, of.feed, "categories");
    page.all_categories = all(of.categories, "categories", t.all_categories);
    page.tags = most_used(of.tags, of.feed, "tags");
    page.all_tags = all(of.tags, "tags", t.all_tags);
    page.newsletters =
        of.newsletters.iter().map(|newsletter| NewsletterItem::new(newsletter, site, &[], tongue)).collect();
    finish(templates, "page/home.html", &page)
}

/// The page of one category or tag.
///
/// # Errors
/// A template that cannot be rendered.
pub fn label(templates: &Templates, feed: &Feed, label: &Label, now: DateTime<Utc>) -> Page {
    let tongue = Tongue::of(&feed.site.lang);
    let t = tongue.words();
    let is_tag = feed.folder.starts_with("tags/");
    let count = tongue.announcements(feed.entries.len());
    let description = format!("{} – {count}", label.label);
    let mut frame = Frame::new(feed.site, &feed.site.lang, tongue.shown(&label.label), description);
    frame.canonical = Some(feed.page_url());
    "#page.subscribe".clone_into(&mut frame.subscribe);
    let has_events = feed.entries.iter().any(|entry| entry.announcement.event.is_some());
    let feeds = Feeds::new(feed.site, &feed.folder, &feed.title, has_events);
    frame.autodiscovery.insert(0, feeds.clone());
    let mut page = listing(feed, frame, feeds, now);
    page.heading = tongue.shown(&label.label);
    page.count = count;
    page.kind = if is_tag { t.tag } else { t.category };
    page.kind_url = feed.site.own_url(if is_tag { "tags/" } else { "categories/" });
    finish(templates, "page/label.html", &page)
}

/// Events ahead, soonest first; and everything, newest first; as many as a page holds.
fn listing<'a>(feed: &'a Feed, frame: Frame<'a>, feeds: Feeds, now: DateTime<Utc>) -> Listing<'a> {
    let tongue = Tongue::of(&feed.site.lang);
    let item = |entry: &&Entry| Item::new(entry, feed.site, frame.lang, tongue).typeset();
    let mut ahead: Vec<(DateTime<Utc>, &Entry)> = feed
        .entries
        .iter()
        .filter_map(|entry| {
            let when = &entry.announcement.event.as_ref()?.when;
            (when.is_over_at() > now).then(|| (when.begins(), entry))
        })
        .collect();
    ahead.sort_by_key(|(begins, _)| *begins);
    let ahead: Vec<&Entry> = ahead.into_iter().map(|(_, entry)| entry).collect();
    let (soon, later) = ahead.split_at(ahead.len().min(AHEAD));
    // what is shown above with all it needs is not shown a second time
    let all: Vec<&Entry> = feed
        .entries
        .iter()
        .filter(|entry| !soon.iter().any(|shown| shown.announcement.id == entry.announcement.id))
        .collect();
    let (latest, older) = all.split_at(all.len().min(CARDS));
    let is_home = feed.folder.is_empty();
    let by_title = if is_home { &[] } else { &older[..older.len().min(TITLES)] };
    let archive = (by_title.len() < older.len())
        .then(|| Link { label: tongue.words().all_announcements.to_owned(), url: feed.site.own_url(ARCHIVE) });
    Listing {
        kind: "",
        kind_url: String::new(),
        heading: String::new(),
        count: String::new(),
        feeds,
        upcoming: soon.iter().map(item).collect(),
        later: later.iter().take(TITLES).map(|entry| Line::of_event(entry, &frame, tongue)).collect(),
        latest: latest.iter().map(item).collect(),
        older: by_title.iter().map(|entry| Line::new(entry, &frame, tongue)).collect(),
        archive,
        categories: vec![],
        all_categories: None,
        tags: vec![],
        all_tags: None,
        newsletters: vec![],
        frame,
    }
}

/// The most used first; those used as often keep their order.
fn most_used(labels: &[(Label, usize)], feed: &Feed, folder: &str) -> Vec<Counted> {
    let mut labels: Vec<&(Label, usize)> = labels.iter().collect();
    labels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    labels.into_iter().take(LABELS).map(|(label, count)| counted(label, *count, feed, folder)).collect()
}

fn counted(label: &Label, count: usize, feed: &Feed, folder: &str) -> Counted {
    Counted {
        label: LabelItem::new(label, folder, feed.site).typeset(&feed.site.lang),
        count: Tongue::of(&feed.site.lang).announcements(count),
    }
}

/// Every category or every tag, in the order of the alphabet.
fn all_labels(templates: &Templates, feed: &Feed, folder: &str, labels: &[(Label, usize)]) -> Page {
    let t = Tongue::of(&feed.site.lang).words();
    let title = if folder == "tags" { t.tags } else { t.categories };
    let mut frame = Frame::new(feed.site, &feed.site.lang, title.to_owned(), feed.description.clone());
    frame.canonical = Some(feed.site.own_url(&format!("{folder}/")));
    let labels = labels.iter().map(|(label, count)| counted(label, *count, feed, folder)).collect();
    finish(templates, "page/labels.html", &LabelsPage { frame, labels })
}
