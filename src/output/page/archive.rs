//! Every announcement by its title: a page of the years, and one page a year.

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use super::super::feed::{Entry, Feed};
use super::super::templates::Templates;
use super::super::view::LabelItem;
use super::super::words::{self, Tongue, capitalised};
use super::frame::Frame;
use super::lines::{Counted, Line};
use super::{Page, finish};

pub(super) const ARCHIVE: &str = "archive/";

#[derive(Debug, Serialize)]
struct ArchivePage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    /// On a year's page, where the others are.
    up: Option<String>,
    years: Vec<Counted>,
    months: Vec<Month>,
}

#[derive(Debug, Serialize)]
struct Month {
    id: String,
    name: String,
    lines: Vec<Line>,
}

/// What each year's page is made from, newest year first.
pub(super) fn years<'a>(feed: &Feed<'a>) -> Vec<(i32, Feed<'a>)> {
    let own = |(year, members): (i32, Vec<&Entry<'a>>)| {
        let entries = members.into_iter().copied().collect();
        (year, Feed { folder: format!("{ARCHIVE}{year}/"), entries, ..feed.clone() })
    };
    by_year(&feed.entries).into_iter().map(own).collect()
}

/// Newest year first.
fn by_year<'a, 'b>(entries: &'b [Entry<'a>]) -> Vec<(i32, Vec<&'b Entry<'a>>)> {
    grouped(entries.iter(), |date| date.year())
}

/// Neighbours that share what is asked of their date.
fn grouped<'a: 'b, 'b, Key: PartialEq>(
    entries: impl Iterator<Item = &'b Entry<'a>>,
    key: impl Fn(NaiveDate) -> Key,
) -> Vec<(Key, Vec<&'b Entry<'a>>)> {
    let mut groups: Vec<(Key, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        let own = key(entry.announcement.published.local_date());
        match groups.iter_mut().find(|(key, _)| *key == own) {
            Some((_, members)) => members.push(entry),
            None => groups.push((own, vec![entry])),
        }
    }
    groups
}

/// The page of the years.
pub(super) fn archive(templates: &Templates, feed: &Feed) -> Page {
    let years = by_year(&feed.entries);
    let tongue = Tongue::of(&feed.site.lang);
    let title = tongue.words().all_announcements.to_owned();
    let mut frame = Frame::new(feed.site, &feed.site.lang, title, feed.description.clone());
    frame.canonical = Some(feed.site.own_url(ARCHIVE));
    let year = |(year, entries): &(i32, Vec<&Entry>)| Counted {
        label: LabelItem { label: year.to_string(), url: feed.site.own_url(&format!("{ARCHIVE}{year}/")) },
        count: tongue.announcements(entries.len()),
    };
    let years = years.iter().map(year).collect();
    finish(templates, "page/archive.html", &ArchivePage { frame, up: None, years, months: vec![] })
}

/// The page of one year.
///
/// # Errors
/// A template that cannot be rendered.
pub fn year(templates: &Templates, feed: &Feed, year: i32) -> Page {
    let entries = &feed.entries;
    let tongue = Tongue::of(&feed.site.lang);
    let count = tongue.announcements(entries.len());
    let title = format!("{} {year}", tongue.words().announcements_of);
    let mut frame = Frame::new(feed.site, &feed.site.lang, title, format!("{year} – {count}"));
    frame.canonical = Some(feed.page_url());
    let months = grouped(entries.iter(), |date| (date.month(), words::month(date, tongue)));
    let months = months
        .into_iter()
        .map(|((number, name), members)| Month {
            id: format!("page.month-{number}"),
            name: capitalised(name),
            lines: members.iter().map(|entry| Line::new(entry, &frame, tongue)).collect(),
        })
        .collect();
    let up = Some(feed.site.own_url(ARCHIVE));
    finish(templates, "page/archive.html", &ArchivePage { frame, up, years: vec![], months })
}
