//! What the live feed of the whole site carries and what its archives hold (RFC 5005 §4).
//!
//! An archive closes when `[publish] limit` announcements are in no closed one: the oldest of them become the next. After
//! that it is copied, never written: an edit, a backdated post, another template change nothing in it. Two things do:
//! a takedown (whoever withdraws an announcement must be able to get rid of it), and another public address (its documents
//! then stand elsewhere, and their links must lead there).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::feed::Entry;
use super::site::{ATOM, Document, JSON_FEED};
use crate::model::announcement::{Announcement, AnnouncementId, Status};
use crate::model::archive::Archive;
use crate::model::catalog::Catalog;

/// A closed archive with its documents, ready to be copied out.
#[derive(Debug, Clone)]
pub struct Closed {
    pub archive: Archive,
    /// `Archive::digest` of it.
    pub digest: String,
    atom: Document,
    json: Document,
}

impl Closed {
    pub fn new(archive: Archive) -> Self {
        Self {
            digest: archive.digest(),
            atom: Document::new(archive.atom.clone(), ATOM),
            json: Document::new(archive.json.clone(), JSON_FEED),
            archive,
        }
    }

    /// Site paths and documents.
    pub(super) fn documents(&self) -> [(String, Document); 2] {
        let number = self.archive.number;
        [
            (format!("archive/{number}.xml"), self.atom.clone()),
            (format!("archive/{number}.json"), self.json.clone()),
        ]
    }
}

/// Which announcements are in a closed archive, and which may still be shown from one.
pub(super) struct Shelf<'a> {
    archived: HashSet<&'a AnnouncementId>,
    by_id: HashMap<&'a AnnouncementId, &'a Announcement>,
}

/// What becomes of a closed archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate<'a> {
    /// Copied as it is.
    Kept,
    /// Written anew with these. Where `lasting` is false, only for now: the others come back at their hour.
    Rewritten { members: Vec<&'a Announcement>, lasting: bool },
}

impl<'a> Shelf<'a> {
    pub(super) fn new(closed: &'a [Closed], catalog: &'a Catalog) -> Self {
        Self {
            archived: closed.iter().flat_map(|one| &one.archive.members).collect(),
            by_id: catalog.all().iter().map(|announcement| (&announcement.id, announcement)).collect(),
        }
    }

    /// The members of the archives that close now, each newest first. `entries` are all that readers may see, newest first.
    pub(super) fn closing(&self, entries: &[Entry<'a>], size: usize) -> Vec<Vec<Entry<'a>>> {
        let mut loose: Vec<Entry> = self.loose(entries).collect();
        loose.reverse();
        let mut groups: Vec<Vec<Entry>> = loose.chunks_exact(size.max(1)).map(<[Entry]>::to_vec).collect();
        groups.iter_mut().for_each(|group| group.reverse());
        groups
    }

    /// What the live feed carries, newest first: whatever is in no archive yet, so that nothing is in neither (a post dated
    /// back comes late), filled up to `limit` with the newest others.
    pub(super) fn live(&self, entries: &[Entry<'a>], just_closed: usize, limit: usize) -> Vec<Entry<'a>> {
        let loose: Vec<&AnnouncementId> = self.loose(entries).map(|entry| &entry.announcement.id).collect();
        let open: HashSet<&AnnouncementId> =
            loose.into_iter().rev().skip(just_closed).map(|id| id as &AnnouncementId).collect();
        let mut room = limit.saturating_sub(open.len());
        let mut carried = entries.to_vec();
        carried.retain(|entry| {
            let fills = !open.contains(&entry.announcement.id) && room > 0;
            room -= usize::from(fills);
            fills || open.contains(&entry.announcement.id)
        });
        carried.truncate(limit);
        carried
    }

    fn loose<'e>(&'e self, entries: &'e [Entry<'a>]) -> impl Iterator<Item = Entry<'a>> {
        entries.iter().copied().filter(|entry| !self.archived.contains(&entry.announcement.id))
    }

    /// An announcement that has expired stays in its archive: it was meant to leave the live feed. One whose file is gone, or
    /// that is a draft again, is withdrawn. One dated ahead of `now` is not shown before its hour.
    pub(super) fn fate(&self, archive: &Archive, base: &str, now: DateTime<Utc>) -> Fate<'a> {
        let known = archive.members.iter().filter_map(|id| self.by_id.get(id).copied());
        let kept: Vec<&Announcement> = known.filter(|one| one.status == Status::Published).collect();
        let shown: Vec<&Announcement> = kept.iter().copied().filter(|one| one.published.instant <= now).collect();
        if shown.len() == archive.members.len() && archive.base == base {
            return Fate::Kept;
        }
        Fate::Rewritten { lasting: shown.len() == kept.len(), members: shown }
    }
}
