//! The catalog: all announcements as loaded at one moment, newest first, ids and addresses unique, immutable.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::announcement::{Announcement, AnnouncementId};
use super::diagnostic::{Diagnostic, Position};
use super::text::Label;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    announcements: Vec<Announcement>,
}

impl Catalog {
    /// Orders the announcements, newest first. Where two claim one id or one address, the first published keeps it and
    /// the other is left out, with an error that names both.
    pub fn new(mut announcements: Vec<Announcement>) -> (Self, Vec<Diagnostic>) {
        announcements.sort_by(|a, b| age(a).cmp(&age(b)));
        let mut diagnostics = Vec::new();
        let mut ids = HashMap::new();
        let mut addresses = HashMap::new();
        let mut slugs = HashSet::new();
        let mut kept: Vec<Announcement> = Vec::with_capacity(announcements.len());
        for announcement in announcements {
            let rival = ids
                .get(&announcement.id)
                .map(|index| (index, "id-clash", format!("the id `{}`", announcement.id)))
                .or_else(|| {
                    let path = announcement.url.path();
                    addresses.get(path).map(|index| (index, "slug-clash", format!("the address `{path}`")))
                });
            if let Some((index, code, what)) = rival {
                let first: &Announcement = &kept[*index];
                diagnostics.push(clash(&announcement, first, code, &what));
                continue;
            }
            let announcement = with_own_slug(announcement, &mut slugs);
            ids.insert(announcement.id.clone(), kept.len());
            addresses.insert(announcement.url.path().to_owned(), kept.len());
            kept.push(announcement);
        }
        kept.reverse();
        (Self { announcements: kept }, diagnostics)
    }

    /// Newest first.
    pub fn all(&self) -> &[Announcement] {
        &self.announcements
    }

    pub fn len(&self) -> usize {
        self.announcements.len()
    }

    pub fn is_empty(&self) -> bool {
        self.announcements.is_empty()
    }

    pub fn get(&self, id: &AnnouncementId) -> Option<&Announcement> {
        self.announcements.iter().find(|announcement| announcement.id == *id)
    }

    /// What readers may see at `now`, newest first.
    pub fn visible(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Announcement> {
        self.announcements.iter().filter(move |announcement| announcement.is_visible(now))
    }

    /// The next instant at which an announcement appears or expires by itself.
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.announcements.iter().filter_map(|announcement| announcement.next_change(now)).min()
    }
}

/// Groups announcements by a kind of label, keeping their order. The spelling of the newest is shown.
pub fn by_label<'a>(
    announcements: &[&'a Announcement],
    labels: impl Fn(&'a Announcement) -> &'a [Label],
) -> Vec<(Label, Vec<&'a Announcement>)> {
    let mut groups: BTreeMap<&str, (Label, Vec<&Announcement>)> = BTreeMap::new();
    for announcement in announcements {
        for label in labels(announcement) {
            let (_, members) = groups.entry(&label.slug).or_insert_with(|| (label.clone(), Vec::new()));
            if members.last().is_none_or(|last| last.id != announcement.id) {
                members.push(announcement);
            }
        }
    }
    groups.into_values().collect()
}

/// Slugs name the calendars of events: where two differ in their dates only, the later one says its own.
fn with_own_slug(mut announcement: Announcement, slugs: &mut HashSet<String>) -> Announcement {
    if !slugs.insert(announcement.slug.clone()) {
        let dated = format!("{}-{}", announcement.slug, announcement.published.local_date());
        let mut numbered = (2..).map(|number| format!("{dated}-{number}"));
        announcement.slug.clone_from(&dated);
        while !slugs.insert(announcement.slug.clone()) {
            announcement.slug = numbered.next().unwrap_or_default();
        }
    }
    announcement
}

/// Oldest first; the id decides between two of one instant, so that the order never depends on the file system.
fn age(announcement: &Announcement) -> (DateTime<Utc>, &str, &str) {
    (announcement.published.instant, announcement.id.as_str(), &announcement.source.path)
}

fn clash(late: &Announcement, first: &Announcement, code: &'static str, what: &str) -> Diagnostic {
    let message = format!("{what} is already taken by `{}`, which was published first", first.source.path);
    Diagnostic::error(code, Position::START, message)
        .with_hint("give this file another name, or a `slug:` or `id:` of its own")
        .in_file(&late.source.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn later_ones_with_the_same_slug_say_their_date() {
        let on = |day: u32, folder: &str| {
            let mut announcement = sample::announcement("fete");
            announcement.published = sample::moment(&format!("2019-01-{day:02}T10:00:00Z"));
            announcement.id = AnnouncementId::pinned(&format!("tag:{folder}{day}"));
            announcement.url = sample::url(&format!("https://www.example.org/{folder}/{day}/"));
            announcement
        };
        for _ in 0..2 {
            let (catalog, clashes) = Catalog::new(vec![on(9, "b"), on(2, "a"), on(9, "a"), on(1, "a")]);
            let slugs: Vec<&str> = catalog.all().iter().rev().map(|one| one.slug.as_str()).collect();
            assert_eq!(slugs, ["fete", "fete-2019-01-02", "fete-2019-01-09", "fete-2019-01-09-2"]);
            assert_eq!(clashes, []);
        }
    }
}
