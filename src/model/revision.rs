//! The ledger: what has been published before, whether an edit changed its meaning, and what was withdrawn.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::announcement::{Announcement, AnnouncementId, Status};
use super::catalog::Catalog;
use super::change::{ChangeNote, changes};
use super::event::EventStatus;
use super::meaning::{differ, semantic_hash};
use super::shown::Shown;
use super::text::Label;
use super::time::FIRST_SEEN;
use super::token::sha256_hex;

/// How long after its end a withdrawn event is still said to be cancelled.
const CANCELLED_FOR: TimeDelta = TimeDelta::days(30);

/// One announcement as the ledger remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub id: AnnouncementId,
    /// The file it was last read from.
    pub path: String,
    pub semantic_hash: String,
    /// RFC 5545 §3.8.7.4: how often its meaning changed.
    pub sequence: u32,
    pub first_seen: DateTime<Utc>,
    /// When its meaning last changed; its publication until it does.
    pub modified: DateTime<Utc>,
    pub standing: Standing,
    pub shown: Shown,
    /// Of the announcement it was noted from (see `likeness`); empty where that is not known.
    pub likeness: String,
}

/// Where readers find an announcement now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Live,
    /// It left by its own dates: expired, or dated ahead again.
    Away,
    /// Its file is gone, or a draft again.
    Withdrawn,
}

impl Standing {
    pub const ALL: [Self; 3] = [Self::Live, Self::Away, Self::Withdrawn];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Away => "away",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What outputs say about an announcement's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    pub sequence: u32,
    /// Atom `updated`: what front matter says, else when the meaning last changed.
    pub updated: DateTime<Utc>,
    /// Calendar `LAST-MODIFIED` and `DTSTAMP`: never before the last change, whatever front matter says.
    pub stamp: DateTime<Utc>,
}

/// What has been published before. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: HashMap<AnnouncementId, Arc<LedgerEntry>>,
    /// Who reads the files, where that is known.
    maker: String,
}

impl Ledger {
    pub fn new(entries: impl IntoIterator<Item = LedgerEntry>) -> Self {
        Self::default().with(entries)
    }

    /// For one version of the reader with its configuration: what it noted from the same as before is not compared again.
    #[must_use]
    pub fn kept_by(self, maker: &str) -> Self {
        Self { maker: maker.to_owned(), ..self }
    }

    /// The same with other entries in the stead of those with their ids.
    #[must_use]
    pub fn with(mut self, entries: impl IntoIterator<Item = LedgerEntry>) -> Self {
        self.entries.extend(entries.into_iter().map(|entry| (entry.id.clone(), Arc::new(entry))));
        self
    }

    pub fn get(&self, id: &AnnouncementId) -> Option<&LedgerEntry> {
        self.entries.get(id).map(Arc::as_ref)
    }

    /// In no order.
    pub fn entries(&self) -> impl Iterator<Item = &LedgerEntry> {
        self.entries.values().map(Arc::as_ref)
    }

    /// Takes note of what readers see at `now` and returns the entries that are new or changed, to be stored. Idempotent.
    pub fn take_note(&mut self, catalog: &Catalog, now: DateTime<Utc>) -> Vec<LedgerEntry> {
        // whole seconds, as outputs say them: a second build must find what the first one meant
        let now = now.trunc_subsecs(0);
        let visible: HashMap<&AnnouncementId, &Announcement> =
            catalog.visible(now).map(|announcement| (&announcement.id, announcement)).collect();
        let shown = visible.values().filter_map(|announcement| self.shown(announcement, now));
        let meant = Meant::by(catalog);
        let left = self.entries().filter(|entry| !visible.contains_key(&entry.id) && !meant.leaves_out(entry));
        let left = left.map(|entry| entry.not_shown(meant.has(entry), now));
        let mut changed: Vec<LedgerEntry> =
            shown.chain(left).filter(|entry| self.get(&entry.id) != Some(entry)).collect();
        changed.sort_by(|a, b| a.id.cmp(&b.id));
        self.entries.extend(changed.iter().map(|entry| (entry.id.clone(), Arc::new(entry.clone()))));
        changed
    }

    /// The entry of an announcement that readers see; `None` where it is as it was.
    fn shown(&self, announcement: &Announcement, now: DateTime<Utc>) -> Option<LedgerEntry> {
        let likeness = if self.maker.is_empty() { String::new() } else { likeness(announcement, &self.maker) };
        match self.get(&announcement.id) {
            None => Some(LedgerEntry { likeness, ..LedgerEntry::first(announcement, now) }),
            Some(entry) if !likeness.is_empty() && entry.likeness == likeness && entry.standing == Standing::Live => {
                None
            }
            Some(entry) => Some(LedgerEntry { likeness, ..entry.shown_again(announcement, now) }),
        }
    }

    /// Whether its file is gone, or a draft again.
    pub fn is_withdrawn(&self, id: &AnnouncementId) -> bool {
        self.get(id).is_some_and(|entry| entry.standing == Standing::Withdrawn)
    }

    /// Entries whose file is at another place now. Idempotent once they are stored.
    pub fn moved(&self, catalog: &Catalog) -> Vec<LedgerEntry> {
        let moved = |it: &std::sync::Arc<Announcement>| {
            let entry = self.get(&it.id).filter(|entry| entry.path != it.source.path)?;
            Some(LedgerEntry { path: it.source.path.clone(), ..entry.clone() })
        };
        catalog.all().iter().filter_map(moved).collect()
    }

    /// What readers see and a publication of `catalog` would take from them, and how much they see in all. What leaves by
    /// its own dates is not taken.
    pub fn withdrawals(&self, catalog: &Catalog) -> (Vec<&LedgerEntry>, usize) {
        let meant = Meant::by(catalog);
        let live: Vec<&LedgerEntry> = self.entries().filter(|entry| entry.standing == Standing::Live).collect();
        let total = live.len();
        let mut withdrawn: Vec<_> =
            live.into_iter().filter(|entry| !meant.has(entry) && !meant.leaves_out(entry)).collect();
        withdrawn.sort_by(|a, b| a.path.cmp(&b.path));
        (withdrawn, total)
    }

    /// Every label that ever had a feed, by slug: whoever subscribed to it must not find it gone.
    pub fn labels(&self, of: fn(&Shown) -> &[Label]) -> Vec<Label> {
        let mut labels: Vec<&Label> = self.entries().flat_map(|entry| of(&entry.shown)).collect();
        labels.sort();
        labels.sort_by(|a, b| a.slug.cmp(&b.slug));
        labels.dedup_by(|a, b| a.slug == b.slug);
        labels.into_iter().cloned().collect()
    }

    /// Withdrawn events as calendars show them, until `CANCELLED_FOR` after their end; soonest first.
    pub fn tombstones(&self, now: DateTime<Utc>) -> Vec<Announcement> {
        let mut tombstones: Vec<Announcement> = self
            .entries()
            .filter(|entry| entry.forgotten_at().is_some_and(|at| now < at))
            .filter_map(LedgerEntry::tombstone)
            .collect();
        tombstones.sort_by(|a, b| (a.published.instant, &a.id).cmp(&(b.published.instant, &b.id)));
        tombstones
    }

    /// The next instant at which a tombstone leaves.
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.entries().filter_map(LedgerEntry::forgotten_at).filter(|at| *at > now).min()
    }

    /// An `updated` in front matter wins over the ledger's; without either an announcement is as old as its publication.
    pub fn revision(&self, announcement: &Announcement) -> Revision {
        let known = self.get(&announcement.id);
        let published = announcement.published.instant;
        let modified = known.map_or(published, |entry| entry.modified.max(published));
        let updated = announcement.updated.as_ref().map_or(modified, |moment| moment.instant);
        Revision { sequence: known.map_or(0, |entry| entry.sequence), updated, stamp: updated.max(modified) }
    }

    /// What changed about its event since it was first shown, oldest first.
    pub fn changes(&self, id: &AnnouncementId) -> &[ChangeNote] {
        self.get(id).map_or(&[], |entry| &entry.shown.changes)
    }
}

/// What is meant for readers, now or at another time, as far as it is published by itself.
struct Meant<'a> {
    ids: HashSet<&'a AnnouncementId>,
    /// By its id or, where that may be a slip, by its file.
    left_out: (HashSet<&'a AnnouncementId>, HashSet<&'a str>),
}

impl<'a> Meant<'a> {
    fn by(catalog: &'a Catalog) -> Self {
        let is_meant = |it: &&std::sync::Arc<Announcement>| it.status == Status::Published;
        let left_out = || catalog.left_out().iter().filter(is_meant);
        Self {
            ids: catalog.all().iter().filter(is_meant).map(|it| &it.id).collect(),
            left_out: left_out().map(|it| (&it.id, it.source.path.as_str())).unzip(),
        }
    }

    fn has(&self, entry: &LedgerEntry) -> bool {
        self.ids.contains(&entry.id)
    }

    /// Whether it is only not published because of a clash: a slip in an `id:` or in a file's name calls no event off, and
    /// nothing changes for it until that is mended.
    fn leaves_out(&self, entry: &LedgerEntry) -> bool {
        let (ids, paths) = &self.left_out;
        !self.has(entry) && (ids.contains(&entry.id) || paths.contains(entry.path.as_str()))
    }
}

impl LedgerEntry {
    fn first(announcement: &Announcement, now: DateTime<Utc>) -> Self {
        Self {
            id: announcement.id.clone(),
            path: announcement.source.path.clone(),
            semantic_hash: semantic_hash(announcement),
            sequence: 0,
            first_seen: first_seen(announcement, now),
            modified: announcement.published.instant,
            standing: Standing::Live,
            shown: Shown::default().next(announcement),
            likeness: String::new(),
        }
    }

    fn shown_again(&self, announcement: &Announcement, now: DateTime<Utc>) -> Self {
        let semantic_hash = semantic_hash(announcement);
        let was_cancelled = self.shown.is_cancelled;
        let mut next = Self {
            path: announcement.source.path.clone(),
            standing: Standing::Live,
            shown: self.shown.clone().next(announcement),
            ..self.clone()
        };
        if differ(&self.semantic_hash, &semantic_hash) || was_cancelled != next.shown.is_cancelled {
            next.bump(now);
        }
        next.semantic_hash = semantic_hash;
        next.note_changes(self, now);
        next
    }

    fn not_shown(&self, is_published: bool, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        if is_published {
            next.standing = Standing::Away;
            return next;
        }
        next.standing = Standing::Withdrawn;
        // what left by its own dates was not cancelled
        if self.standing == Standing::Live && next.shown.event.is_some() && !next.shown.is_cancelled {
            next.shown.is_cancelled = true;
            next.bump(now);
            next.note_changes(self, now);
        }
        // what nobody will be told of any more is not kept either
        if next.told_until().is_some_and(|until| until <= now) {
            next.shown.event = None;
        }
        next
    }

    fn bump(&mut self, now: DateTime<Utc>) {
        self.sequence += 1;
        self.modified = now;
    }

    fn note_changes(&mut self, before: &Self, now: DateTime<Utc>) {
        let (Some(from), Some(to)) = (before.shown.event_as_told(), self.shown.event_as_told()) else { return };
        let sequence = self.sequence;
        let notes = changes(&from, &to, now).into_iter().map(|change| ChangeNote { sequence, at: now, change });
        self.shown.changes.extend(notes);
    }

    /// Until when there may be something to tell of its event once it is withdrawn.
    fn told_until(&self) -> Option<DateTime<Utc>> {
        self.shown.event.as_ref()?.event.as_ref()?.when.is_over_at().checked_add_signed(CANCELLED_FOR)
    }

    /// The instant from which a withdrawn event is not spoken of any more.
    fn forgotten_at(&self) -> Option<DateTime<Utc>> {
        self.told_until().filter(|_| self.shown.is_cancelled)
    }

    fn tombstone(&self) -> Option<Announcement> {
        let mut announcement = self.shown.event.as_deref()?.clone();
        announcement.id = self.id.clone();
        announcement.updated = None;
        if let Some(event) = &mut announcement.event {
            event.status = EventStatus::Cancelled;
        }
        Some(announcement)
    }
}

/// One number for all that an entry is made of: what the file says by the reader's rules, and what ledger, catalog and the
/// folder of assets made of that. Much cheaper than a semantic hash.
fn likeness(announcement: &Announcement, maker: &str) -> String {
    let Announcement { id, source, slug, url, aliases, published, attachments, .. } = announcement;
    let (instant, lengths) = (published.instant.to_string(), attachments.iter().map(|it| format!("{:?}", it.bytes)));
    let own = [maker, &source.path, &source.hash, id.as_str(), slug, url.as_str(), &instant].map(str::to_owned);
    sha256_hex(
        own.into_iter().chain(lengths).chain(aliases.iter().cloned()).collect::<Vec<_>>().join("\u{1f}").as_bytes(),
    )
}

/// What is dated by it keeps the date it was shown with: reading and publishing may lie on two sides of a second, or of
/// midnight, and its id has the day in it.
fn first_seen(announcement: &Announcement, now: DateTime<Utc>) -> DateTime<Utc> {
    if announcement.published.origin == FIRST_SEEN { announcement.published.instant } else { now }
}

#[cfg(test)]
mod tests;
