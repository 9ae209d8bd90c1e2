//! What the live feed of the whole site carries and what its archives hold (RFC 5005 §4).
//!
//! An archive closes when `[publish] limit` announcements are in no closed one: the oldest of them become the next. After
//! that it is copied, never written: an edit, a backdated post, another template change nothing in it. Two things do:
//! a takedown (whoever withdraws an announcement must be able to get rid of it), and another public address (its documents
//! then stand elsewhere, and their links must lead there).

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::document::{ATOM, Document, JSON_FEED};
use super::feed::Entry;
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
        [(format!("archive/{number}.xml"), self.atom.clone()), (format!("archive/{number}.json"), self.json.clone())]
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
            // where one was left out for claiming the id of another, that other comes last and counts
            by_id: catalog.left_out().iter().chain(catalog.all()).map(|it| (&it.id, it.as_ref())).collect(),
        }
    }

    /// The members of the archives that close now, each newest first. `entries` are all that readers may see, newest first.
    pub(super) fn closing(&self, entries: &[Entry<'a>], size: usize) -> Vec<Vec<Entry<'a>>> {
        let mut loose: Vec<Entry> = self.loose(entries).collect();
        loose.reverse();
        let mut groups: Vec<Vec<Entry>> = loose.chunks_exact(size.max(1)).map(<[Entry]>::to_vec).collect();
        for group in &mut groups {
            group.reverse();
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::revision::Revision;
    use crate::model::sample::{announcement, moment};

    /// So many announcements, one a day, the first the oldest.
    fn catalog(count: usize) -> Catalog {
        let dated = |day: usize| {
            let mut it = announcement(&format!("n{day}"));
            it.published = moment(&format!("2019-01-{day:02}T10:00:00Z"));
            it
        };
        Catalog::new((1..=count).map(dated), |_| None).0
    }

    fn entries(catalog: &Catalog) -> Vec<Entry<'_>> {
        let updated = DateTime::UNIX_EPOCH;
        let entry = |announcement| Entry { announcement, revision: Revision { sequence: 0, updated, stamp: updated } };
        catalog.all().iter().map(AsRef::as_ref).map(entry).collect()
    }

    fn slugs(entries: &[Entry]) -> Vec<String> {
        entries.iter().map(|entry| entry.announcement.slug.clone()).collect()
    }

    fn closed(number: u32, members: &[&Announcement]) -> Closed {
        let members = members.iter().map(|announcement| announcement.id.clone()).collect();
        let base = "https://a.example/".to_owned();
        Closed::new(Archive { number, members, base, atom: "x".into(), json: "y".into() })
    }

    fn now() -> DateTime<Utc> {
        "2020-01-01T00:00:00Z".parse().expect("an instant")
    }

    #[test]
    fn the_oldest_that_are_in_none_fill_archives_and_the_live_feed_has_the_rest() {
        let catalog = catalog(8);
        let entries = entries(&catalog);
        let shelf = Shelf::new(&[], &catalog);
        let closing: Vec<_> = shelf.closing(&entries, 3).iter().map(|group| slugs(group)).collect();
        assert_eq!(closing, [["n3", "n2", "n1"], ["n6", "n5", "n4"]]);
        assert_eq!(slugs(&shelf.live(&entries, 6, 3)), ["n8", "n7", "n6"]);
        assert_eq!(slugs(&shelf.live(&entries, 0, 3)), ["n8", "n7", "n6"], "where nothing could be closed");
    }

    #[test]
    fn a_post_dated_back_is_in_the_live_feed_until_an_archive_takes_it() {
        let catalog = catalog(7);
        let all = catalog.all();
        let archives = [closed(1, &[&all[4], &all[3], &all[2]])];
        let (entries, shelf) = (entries(&catalog), Shelf::new(&archives, &catalog));
        // n1 and n2 came late, n6 and n7 are new
        assert_eq!(slugs(&shelf.live(&entries, 0, 5)), ["n7", "n6", "n5", "n2", "n1"]);
        assert_eq!(slugs(&shelf.closing(&entries, 4)[0]), ["n7", "n6", "n2", "n1"]);
        assert!(shelf.closing(&entries, 5).is_empty());
    }

    #[test]
    fn only_a_takedown_or_another_address_changes_an_archive() {
        let catalog = catalog(3);
        let all = catalog.all();
        let one = closed(1, &[&all[0], &all[1], &all[2]]);
        let base = one.archive.base.clone();
        let fate = |all: Vec<Arc<Announcement>>, base: &str, now| {
            let catalog = Catalog::new(all, |_| None).0;
            match Shelf::new(&[], &catalog).fate(&one.archive, base, now) {
                Fate::Kept => None,
                Fate::Rewritten { members, lasting } => Some((members.len(), lasting)),
            }
        };
        let changed = |change: &dyn Fn(&mut Announcement)| {
            let mut all = all.to_vec();
            change(Arc::make_mut(&mut all[0]));
            all
        };
        let edited = changed(&|it| it.title = "Other".to_owned());
        let expired = changed(&|it| it.expires = Some(moment("2019-02-01T10:00:00Z")));
        let draft = changed(&|it| it.status = Status::Draft);
        assert_eq!(fate(edited, &base, now()), None);
        assert_eq!(fate(expired, &base, now()), None);
        assert_eq!(fate(draft, &base, now()), Some((2, true)));
        assert_eq!(fate(all[1..].to_vec(), &base, now()), Some((2, true)));
        assert_eq!(fate(all.to_vec(), "https://b.example/", now()), Some((3, true)));
        let earlier = all[1].published.instant;
        assert_eq!(fate(all.to_vec(), &base, earlier), Some((2, false)), "as if it were earlier");
    }
}
