//! Every announcement by its title: a page of the years, and one page a year.

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use super::super::feed::{Entry, Feed};
use super::super::templates::{TemplateError, Templates};
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

/// The page of the years and each year's own, with their paths.
pub(super) fn pages(templates: &Templates, feed: &Feed) -> Result<Vec<(String, Vec<u8>)>, TemplateError> {
    let years = by_year(&feed.entries);
    let mut pages = vec![(ARCHIVE.to_owned(), archive(templates, feed, &years)?)];
    for (year, entries) in &years {
        pages.push((format!("{ARCHIVE}{year}/"), archive_of_year(templates, feed, *year, entries)?));
    }
    Ok(pages)
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

fn archive(templates: &Templates, feed: &Feed, years: &[(i32, Vec<&Entry>)]) -> Page {
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

fn archive_of_year(templates: &Templates, feed: &Feed, year: i32, entries: &[&Entry]) -> Page {
    let tongue = Tongue::of(&feed.site.lang);
    let count = tongue.announcements(entries.len());
    let title = format!("{} {year}", tongue.words().announcements_of);
    let mut frame = Frame::new(feed.site, &feed.site.lang, title, format!("{year} – {count}"));
    frame.canonical = Some(feed.site.own_url(&format!("{ARCHIVE}{year}/")));
    let months = grouped(entries.iter().copied(), |date| (date.month(), words::month(date, tongue)));
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
