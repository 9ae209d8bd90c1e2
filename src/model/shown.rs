//! How an announcement was last shown to readers, as the ledger keeps it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::announcement::Announcement;
use super::change::ChangeNote;
use super::event::{Event, EventStatus};
use super::text::{Label, RichText};

/// Characters of the body that stand for the summary of an event that has none.
const TEASER_CHARS: usize = 500;

/// How an announcement was last shown to readers: what it is known again by, and what is left to say of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    pub title: String,
    /// The local date of its publication.
    pub day: NaiveDate,
    pub slug: String,
    /// Site path of its page.
    pub address: String,
    /// Site paths its page had before, oldest first.
    pub former_addresses: Vec<String>,
    /// Every category and tag it ever had: their feeds are subscribed to, whatever becomes of the label.
    pub categories: Vec<Label>,
    pub tags: Vec<Label>,
    /// Slugs it had before, oldest first: its calendar is still asked for by them.
    pub former_slugs: Vec<String>,
    /// The announcement as it was when it last carried an event, without its body.
    pub event: Option<Box<Announcement>>,
    /// That event does not take place any more as far as readers know.
    pub is_cancelled: bool,
    /// Oldest first.
    pub changes: Vec<ChangeNote>,
}

impl Shown {
    /// How it is shown after `self`.
    pub(super) fn next(mut self, announcement: &Announcement) -> Self {
        remember(&mut self.former_addresses, &self.address, announcement.url.path());
        remember(&mut self.former_slugs, &self.slug, &announcement.slug);
        gather(&mut self.categories, &announcement.categories);
        gather(&mut self.tags, &announcement.tags);
        if announcement.event.is_some() {
            self.event = Some(Box::new(without_body(announcement)));
        }
        Self {
            title: announcement.title.clone(),
            day: announcement.published.local_date(),
            slug: announcement.slug.clone(),
            address: announcement.url.path().to_owned(),
            is_cancelled: self.event.is_some() && announcement.event.is_none(),
            ..self
        }
    }

    /// The event as readers know it.
    pub(super) fn event_as_told(&self) -> Option<Event> {
        let mut event = self.event.as_ref()?.event.clone()?;
        if self.is_cancelled {
            event.status = EventStatus::Cancelled;
        }
        Some(event)
    }
}

/// Puts what it was before among the former ones, if it is another now; what it is again leaves them.
fn remember(former: &mut Vec<String>, before: &str, is: &str) {
    if !before.is_empty() && before != is && !former.iter().any(|known| known == before) {
        former.push(before.to_owned());
    }
    former.retain(|known| known != is);
}

fn gather(known: &mut Vec<Label>, labels: &[Label]) {
    for label in labels {
        if known.iter().all(|known| known.slug != label.slug) {
            known.push(label.clone());
        }
    }
}

/// A calendar says the summary, or else the beginning of the body.
fn without_body(announcement: &Announcement) -> Announcement {
    let summary = announcement.summary.clone().unwrap_or_else(|| {
        let text = announcement.teaser(TEASER_CHARS);
        RichText { html: String::new(), source: String::new(), text }
    });
    Announcement {
        summary: Some(summary),
        body: RichText::default(),
        extra: serde_json::Map::new(),
        ..announcement.clone()
    }
}
