//! What a document is made from, as one number: where it is the number it was, so is the document, and nothing is written.
//!
//! Holds for one version of crieur, one configuration and one set of templates.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher};
use std::num::ParseIntError;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::super::feed::{Entry, Feed};
use crate::model::announcement::Announcement;
use crate::model::change::ChangeNote;
use crate::model::issue::IssuePage;
use crate::model::text::Label;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeFrom(u64);

impl MadeFrom {
    /// A feed or calendar, or a page about one: what it is called, what it carries, and which events are over at `now`.
    pub(super) fn feed(feed: &Feed, now: DateTime<Utc>) -> Self {
        Self::of(|hasher| {
            (&feed.title, &feed.folder, feed.previous, feed.path("", "")).hash(hasher);
            for entry in &feed.entries {
                add_entry(entry, hasher);
                let event = entry.announcement.event.as_ref();
                event.map(|event| event.when.is_over_at() > now).hash(hasher);
            }
        })
    }

    /// A page about one announcement.
    pub(super) fn page(entry: &Entry, changes: &[ChangeNote]) -> Self {
        Self::of(|hasher| {
            add_entry(entry, hasher);
            for note in changes {
                (note.sequence, note.at).hash(hasher);
            }
        })
    }

    /// A page that leads to where an announcement stands.
    pub(super) fn way_to(announcement: &Announcement) -> Self {
        Self::of(|hasher| (announcement.url.as_str(), &announcement.title, &announcement.lang).hash(hasher))
    }

    /// What speaks of a newsletter: its subjects, and issues, of which each is frozen under its id.
    pub(super) fn newsletter(labels: &[Label], issues: &[&IssuePage]) -> Self {
        Self::of(|hasher| {
            labels.hash(hasher);
            for issue in issues {
                issue.issue.hash(hasher);
            }
        })
    }

    fn of(add: impl FnOnce(&mut DefaultHasher)) -> Self {
        let mut hasher = DefaultHasher::new();
        add(&mut hasher);
        Self(hasher.finish())
    }
}

impl fmt::Display for MadeFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for MadeFrom {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// An announcement says what its file says, but for what the ledger, the catalog and the folder of assets made of it.
fn add_entry(entry: &Entry, hasher: &mut impl Hasher) {
    let (it, revision) = (entry.announcement, entry.revision);
    (&it.source.path, &it.source.hash, it.id.as_str(), &it.slug, &it.aliases).hash(hasher);
    (it.published.instant, revision.sequence, revision.updated, revision.stamp).hash(hasher);
    it.attachments.len().hash(hasher);
    for attachment in &it.attachments {
        attachment.bytes.hash(hasher);
    }
    // a tombstone has the file's hash and less to say
    (it.body.html.len(), it.event.as_ref().map(|event| event.status as u8)).hash(hasher);
}
