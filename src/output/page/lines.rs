//! What lists are made of, where a title or a name is all there is room for.

use serde::Serialize;

use super::super::feed::Entry;
use super::super::view::LabelItem;
use super::super::words::{self, Tongue};
use super::frame::Frame;
use crate::model::issue::IssuePage;
use crate::model::settings::SiteSettings;

/// A label, or a year, and how many announcements there are of it.
#[derive(Debug, Serialize)]
pub(super) struct Counted {
    #[serde(flatten)]
    pub label: LabelItem,
    pub count: String,
}

/// An announcement by its title.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    title: String,
    url: String,
    lang: Option<String>,
    date: String,
    datetime: String,
}

impl Line {
    pub fn new(entry: &Entry, frame: &Frame, tongue: Tongue) -> Self {
        let it = entry.announcement;
        Self {
            title: words::shown(&it.title, &it.lang),
            url: it.url.to_string(),
            lang: (!it.lang.is_empty() && it.lang != frame.lang).then(|| it.lang.clone()),
            date: words::date(it.published.local_date(), tongue),
            datetime: it.published.local_date().to_string(),
        }
    }

    /// An issue of a newsletter by its number and subject.
    pub fn of_issue(issue: &IssuePage, site: &SiteSettings, tongue: Tongue) -> Self {
        let day = issue.slot.date();
        let title = words::shown(&issue.subject, &issue.lang);
        Self {
            title: format!("{}{} {title}", tongue.number(issue.number), tongue.colon()),
            url: site.own_url(&issue.path()),
            lang: None,
            date: words::date(day, tongue),
            datetime: day.to_string(),
        }
    }

    /// By the day it begins.
    pub fn of_event(entry: &Entry, frame: &Frame, tongue: Tongue) -> Self {
        let line = Self::new(entry, frame, tongue);
        match &entry.announcement.event {
            Some(event) => {
                let first = event.when.first_day();
                Self { date: words::date(first, tongue), datetime: first.to_string(), ..line }
            }
            None => line,
        }
    }
}
