//! Knowing an announcement again: after a rename, a retitle, a move to another folder, under a new domain.
//!
//! An id is minted from the host, the first date and the first slug, and the ledger keeps it. What is read later is the same
//! announcement if its author pinned the id, or if its file is where the ledger saw it last and readers still have it. A file
//! at a new place, or where a withdrawn one stood, is one that is gone if it says the same: byte for byte, in meaning, or (of the same day) under the same
//! title or slug, or in most of its words. A copy is no move: what is still there keeps its id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::announcement::{Announcement, AnnouncementId};
use super::meaning::{semantic_hash, words};
use super::revision::{Ledger, LedgerEntry, Standing};
use super::time::FIRST_SEEN;

/// Share of the words two texts must have in common for one to be the other rewritten.
const ALIKE: f64 = 0.6;

impl Ledger {
    /// Gives announcements the identity and the former addresses the ledger has for them. `present` holds the paths of all
    /// files that are there, readable or not; `gone` what files that are not there any more said last.
    pub fn recognise(
        &self,
        announcements: &mut [Arc<Announcement>],
        present: &HashSet<String>,
        gone: &[Arc<Announcement>],
    ) {
        let by_path = self.by_path();
        let mut strangers = Vec::new();
        for (index, announcement) in announcements.iter_mut().enumerate() {
            match by_path.get(announcement.source.path.as_str()) {
                Some(entry) if may_adopt(announcement, entry) => adopt(announcement, entry),
                Some(_) => {}
                None if announcement.pinned || self.get(&announcement.id).is_some() => {}
                None => strangers.push(index),
            }
        }
        self.recognise_moved(announcements, &strangers, present, gone);
        for announcement in announcements {
            if let Some(entry) = self.get(&announcement.id) {
                add_former_addresses(announcement, entry);
            }
        }
    }

    /// When each file was first seen: what counts for those without a date.
    pub fn first_seen_by_path(&self) -> HashMap<String, DateTime<Utc>> {
        self.by_path().into_iter().map(|(path, entry)| (path.to_owned(), entry.first_seen)).collect()
    }

    /// What each file was known as; where one had several ids in its time, the one readers see.
    fn by_path(&self) -> HashMap<&str, &LedgerEntry> {
        let mut by_path: HashMap<&str, &LedgerEntry> = HashMap::new();
        let rank = |entry: &LedgerEntry| (entry.standing == Standing::Live, entry.first_seen, entry.id.clone());
        for entry in self.entries().filter(|entry| entry.standing != Standing::Withdrawn) {
            let known = by_path.entry(&entry.path).or_insert(entry);
            if rank(entry) > rank(known) {
                *known = entry;
            }
        }
        by_path
    }

    fn recognise_moved(
        &self,
        announcements: &mut [Arc<Announcement>],
        strangers: &[usize],
        present: &HashSet<String>,
        gone: &[Arc<Announcement>],
    ) {
        if strangers.is_empty() {
            return;
        }
        let taken: HashSet<AnnouncementId> = announcements.iter().map(|announcement| announcement.id.clone()).collect();
        let gone: HashMap<&str, &Announcement> = gone.iter().map(|it| (it.source.path.as_str(), it.as_ref())).collect();
        let is_gone = |entry: &LedgerEntry| !present.contains(&entry.path) || entry.standing == Standing::Withdrawn;
        let free = self.entries().filter(|entry| is_gone(entry) && !taken.contains(&entry.id));
        let mut free: Vec<Trace> = free.map(|entry| Trace::of(entry, gone.get(entry.path.as_str()).copied())).collect();
        // the order of a hash map must not decide
        free.sort_by(|a, b| (&a.entry.path, &a.entry.id).cmp(&(&b.entry.path, &b.entry.id)));
        let mut strangers: Vec<(usize, Trail)> =
            strangers.iter().map(|index| (*index, Trail::of(&announcements[*index]))).collect();
        for is_same in RULES {
            strangers.retain(|(index, trail)| {
                let Some(found) = free.iter().position(|trace| is_same(trail, trace)) else { return true };
                adopt(&mut announcements[*index], free.remove(found).entry);
                false
            });
        }
    }
}

/// What is known of an announcement whose file is not where it was.
struct Trace<'a> {
    entry: &'a LedgerEntry,
    /// Of the file's last bytes, where they are at hand.
    hash: Option<&'a str>,
    /// The words of its title.
    title: String,
    words: HashMap<String, usize>,
}

impl<'a> Trace<'a> {
    fn of(entry: &'a LedgerEntry, last: Option<&'a Announcement>) -> Self {
        let hash = last.map(|it| it.source.hash.as_str());
        Self { entry, hash, title: words(&entry.shown.title), words: last.map(counted).unwrap_or_default() }
    }
}

/// What a file says that nobody knows yet.
struct Trail {
    hash: String,
    semantic_hash: String,
    title: String,
    slug: String,
    day: Option<chrono::NaiveDate>,
    words: HashMap<String, usize>,
}

impl Trail {
    fn of(announcement: &Announcement) -> Self {
        let dated = announcement.published.origin != FIRST_SEEN;
        Self {
            hash: announcement.source.hash.clone(),
            semantic_hash: semantic_hash(announcement),
            title: words(&announcement.title),
            slug: announcement.slug.clone(),
            day: dated.then(|| announcement.published.local_date()),
            words: counted(announcement),
        }
    }

    /// A file without a date of its own has none that could differ.
    fn is_of_the_day(&self, entry: &LedgerEntry) -> bool {
        self.day.is_none_or(|day| day == entry.shown.day)
    }
}

/// How a file at a new place is known again, the surest way first. All but the first want the same day: a meeting that
/// comes every month in the same words is another one each time.
const RULES: [fn(&Trail, &Trace) -> bool; 4] = [
    |trail, trace| trace.hash == Some(trail.hash.as_str()),
    |trail, trace| trail.semantic_hash == trace.entry.semantic_hash && trail.is_of_the_day(trace.entry),
    |trail, trace| {
        let is_named_so = trail.slug == trace.entry.shown.slug || trail.title == trace.title;
        is_named_so && trail.is_of_the_day(trace.entry)
    },
    |trail, trace| trail.is_of_the_day(trace.entry) && in_common(&trail.words, &trace.words) >= ALIKE,
];

/// Each word of the summary and the body with how often it comes.
fn counted(announcement: &Announcement) -> HashMap<String, usize> {
    let pieces = announcement.summary.iter().chain([&announcement.body]);
    let mut counted = HashMap::new();
    for word in pieces.flat_map(|piece| words(&piece.text).split(' ').map(str::to_owned).collect::<Vec<_>>()) {
        *counted.entry(word).or_default() += 1;
    }
    counted
}

/// The Sørensen–Dice coefficient of two bags of words.
fn in_common(a: &HashMap<String, usize>, b: &HashMap<String, usize>) -> f64 {
    let total: usize = a.values().sum::<usize>() + b.values().sum::<usize>();
    let common: usize = a.iter().map(|(word, count)| b.get(word).map_or(0, |other| *count.min(other))).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share of words")]
    let share = 2.0 * common as f64 / total.max(1) as f64;
    share
}

/// An id the author pins holds, whatever was known before; one that is no URI stands on the site's address, and keeps the
/// site it was first published on.
fn may_adopt(announcement: &Announcement, entry: &LedgerEntry) -> bool {
    let pin = |id: &AnnouncementId| id.as_str().split_once("/#").map(|(_, pin)| pin.to_owned());
    !announcement.pinned || pin(&announcement.id).is_some_and(|own| pin(&entry.id) == Some(own))
}

fn adopt(announcement: &mut Arc<Announcement>, entry: &LedgerEntry) {
    if announcement.id != entry.id {
        Arc::make_mut(announcement).id = entry.id.clone();
    }
    if announcement.published.origin == FIRST_SEEN && announcement.published.instant != entry.first_seen {
        Arc::make_mut(announcement).published.instant = entry.first_seen;
    }
}

fn add_former_addresses(announcement: &mut Arc<Announcement>, entry: &LedgerEntry) {
    let own = announcement.url.path().to_owned();
    for address in entry.shown.former_addresses.iter().chain([&entry.shown.address]) {
        if !address.is_empty() && *address != own && !announcement.aliases.contains(address) {
            Arc::make_mut(announcement).aliases.push(address.clone());
        }
    }
}

#[cfg(test)]
mod tests;
