//! What goes into an issue: new is what no earlier issue carried, whatever its date; what readers were told before and has
//! changed since is told again, with what changed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::announcement::{Announcement, AnnouncementId, Status};
use super::catalog::Catalog;
use super::change::{Change, net};
use super::issue::Audience;
use super::newsletter::Newsletter;
use super::revision::Ledger;

/// The revision at which earlier issues of a newsletter last showed an announcement; `None` where it was only passed over
/// as too old for the first one.
pub type Told = HashMap<AnnouncementId, Option<u32>>;

/// Why an announcement is in an issue, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    New,
    Changed,
    /// In an earlier issue.
    AlreadyTold,
    /// Older than the first issue looks back.
    BeforeLookBack,
    /// The first issue passed it over for that.
    PassedOver,
    OtherSubject,
    Draft,
    Ahead,
    Expired,
}

/// What an issue would carry at one moment.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// New to the newsletter's readers, newest first.
    pub new: Vec<&'a Announcement>,
    /// Told before and changed since; events, soonest first. Cancelled ones are among them, withdrawn or not.
    pub changed: Vec<Changed<'a>>,
    /// Events ahead, soonest first; not those that changed.
    pub upcoming: Vec<&'a Announcement>,
    /// Too old for the first issue: counted as told, so that the second does not bring them up.
    pub baseline: Vec<&'a Announcement>,
    /// Newest first; what was withdrawn is last.
    pub verdicts: Vec<(&'a Announcement, Verdict)>,
}

/// An event with what is to be told of it to whoever knew it as it was.
#[derive(Debug, Clone)]
pub struct Changed<'a> {
    pub announcement: &'a Announcement,
    pub changes: Vec<Change>,
}

/// What an issue is selected from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    pub catalog: &'a Catalog,
    pub ledger: &'a Ledger,
    /// Events that were withdrawn, as calendars still show them.
    pub withdrawn: &'a [Announcement],
}

impl Selection<'_> {
    /// Whether there is nothing to tell: what is ahead was told before.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty()
    }

    /// Whether there is anything to tell an audience.
    pub fn has_news_for(&self, audience: &Audience) -> bool {
        let changed = self.changed.iter().map(|changed| changed.announcement);
        self.new.iter().copied().chain(changed).any(|announcement| audience.wants(announcement))
    }

    /// One issue for each thing to tell, oldest first; what is passed over goes with the first.
    pub fn one_by_one(mut self) -> Vec<Self> {
        let new = self.new.into_iter().rev().map(|announcement| Self { new: vec![announcement], ..Self::default() });
        let changed = self.changed.into_iter().map(|changed| Self { changed: vec![changed], ..Self::default() });
        let mut issues: Vec<Self> = new.chain(changed).collect();
        if let Some(first) = issues.first_mut() {
            first.baseline.append(&mut self.baseline);
        }
        issues
    }
}

impl Newsletter {
    /// Selects for an issue frozen at `cut_off`. `told` holds what earlier issues carried; `None` before the first.
    pub fn select<'a>(&self, sources: Sources<'a>, told: Option<&Told>, cut_off: DateTime<Utc>) -> Selection<'a> {
        let mut selection = Selection::default();
        for announcement in sources.catalog.all().iter().map(AsRef::as_ref) {
            let mut verdict = self.judge(announcement, told, cut_off);
            if verdict == Verdict::AlreadyTold
                && let Some(changed) = changed(announcement, sources.ledger, told, cut_off)
            {
                verdict = Verdict::Changed;
                selection.changed.push(changed);
            } else if self.is_upcoming(announcement, cut_off) {
                selection.upcoming.push(announcement);
            }
            match verdict {
                Verdict::New => selection.new.push(announcement),
                Verdict::BeforeLookBack => selection.baseline.push(announcement),
                _ => {}
            }
            selection.verdicts.push((announcement, verdict));
        }
        for announcement in sources.withdrawn.iter().filter(|announcement| self.is_about(announcement)) {
            if let Some(changed) = changed(announcement, sources.ledger, told, cut_off) {
                selection.changed.push(changed);
                selection.verdicts.push((announcement, Verdict::Changed));
            }
        }
        selection.changed.sort_by_key(|changed| begins(changed.announcement));
        selection.upcoming.sort_by_key(|announcement| begins(announcement));
        selection
    }

    fn judge(&self, announcement: &Announcement, told: Option<&Told>, cut_off: DateTime<Utc>) -> Verdict {
        if announcement.status == Status::Draft {
            Verdict::Draft
        } else if announcement.published.instant > cut_off {
            Verdict::Ahead
        } else if !announcement.is_visible(cut_off) {
            Verdict::Expired
        } else if !self.is_about(announcement) {
            Verdict::OtherSubject
        } else {
            match told {
                Some(told) if told.get(&announcement.id) == Some(&None) => Verdict::PassedOver,
                Some(told) if told.contains_key(&announcement.id) => Verdict::AlreadyTold,
                None if announcement.published.instant < cut_off - self.look_back => Verdict::BeforeLookBack,
                _ => Verdict::New,
            }
        }
    }

    fn is_upcoming(&self, announcement: &Announcement, cut_off: DateTime<Utc>) -> bool {
        let is_ahead = |begins: DateTime<Utc>, over: DateTime<Utc>| over > cut_off && begins <= cut_off + self.upcoming;
        announcement.is_visible(cut_off)
            && self.is_about(announcement)
            && announcement.event.as_ref().is_some_and(|event| is_ahead(event.when.begins(), event.when.is_over_at()))
    }
}

/// What changed since an event was last told. Nothing where it is over, or was never told.
fn changed<'a>(
    announcement: &'a Announcement,
    ledger: &Ledger,
    told: Option<&Told>,
    cut_off: DateTime<Utc>,
) -> Option<Changed<'a>> {
    let told = told?.get(&announcement.id).copied().flatten()?;
    announcement.event.as_ref().filter(|event| event.when.is_over_at() > cut_off)?;
    let changes = net(ledger.changes(&announcement.id).iter().filter(|note| note.sequence > told));
    (!changes.is_empty()).then_some(Changed { announcement, changes })
}

fn begins(announcement: &Announcement) -> Option<DateTime<Utc>> {
    announcement.event.as_ref().map(|event| event.when.begins())
}

#[cfg(test)]
mod tests;
