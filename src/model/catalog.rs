//! The catalog: all announcements as loaded at one moment, newest first, ids and addresses unique, immutable.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::announcement::{Announcement, AnnouncementId};
use super::diagnostic::{Diagnostic, Position};
use super::text::Label;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    announcements: Vec<Arc<Announcement>>,
    /// Those that claim what is another's. They are not published, and not withdrawn either: their authors meant them to be
    /// there.
    left_out: Vec<Arc<Announcement>>,
}

impl Catalog {
    /// Orders the announcements, newest first. Where two claim one id or one address, the one readers know keeps it (`holder`
    /// tells the file an id was last read from), else the first published; the other is left out, with an error that names
    /// both. Where authors pinned one id to two files nobody knows yet, both are left out: either could be meant.
    pub fn new<'a>(
        announcements: impl IntoIterator<Item = impl Into<Arc<Announcement>>>,
        holder: impl Fn(&AnnouncementId) -> Option<&'a str>,
    ) -> (Self, Vec<Diagnostic>) {
        let is_known = |it: &Announcement| holder(&it.id) == Some(it.source.path.as_str());
        let mut announcements: Vec<Arc<Announcement>> = announcements.into_iter().map(Into::into).collect();
        announcements.sort_by(|a, b| (!is_known(a), age(a)).cmp(&(!is_known(b), age(b))));
        let mut diagnostics = Vec::new();
        let (announcements, mut left_out) = without_rival_pins(announcements, is_known, &mut diagnostics);
        let mut ids = HashMap::new();
        let mut addresses = HashMap::new();
        let mut kept: Vec<Arc<Announcement>> = Vec::with_capacity(announcements.len());
        for announcement in announcements {
            let rival = ids
                .get(&announcement.id)
                .map(|index| (index, "id-clash", format!("the id `{}`", announcement.id)))
                .or_else(|| {
                    let path = announcement.url.path();
                    addresses.get(place(path)).map(|index| (index, "slug-clash", format!("the address `{path}`")))
                });
            if let Some((index, code, what)) = rival {
                let first: &Arc<Announcement> = &kept[*index];
                diagnostics.push(clash(&announcement, first, code, &what));
                left_out.push(announcement);
                continue;
            }
            ids.insert(announcement.id.clone(), kept.len());
            addresses.insert(place(announcement.url.path()).to_owned(), kept.len());
            kept.push(announcement);
        }
        let mut slugs = HashSet::new();
        let mut announcements: Vec<_> = kept.into_iter().map(|it| with_own_slug(it, &mut slugs)).collect();
        announcements.sort_by(|a, b| age(b).cmp(&age(a)));
        (Self { announcements, left_out }, diagnostics)
    }

    /// Newest first.
    pub fn all(&self) -> &[Arc<Announcement>] {
        &self.announcements
    }

    /// What is not published for the sake of another, in no order.
    pub fn left_out(&self) -> &[Arc<Announcement>] {
        &self.left_out
    }

    pub fn len(&self) -> usize {
        self.announcements.len()
    }

    pub fn is_empty(&self) -> bool {
        self.announcements.is_empty()
    }

    pub fn get(&self, id: &AnnouncementId) -> Option<&Announcement> {
        self.announcements.iter().find(|announcement| announcement.id == *id).map(Arc::as_ref)
    }

    /// What readers may see at `now`, newest first.
    pub fn visible(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Announcement> {
        self.announcements.iter().map(Arc::as_ref).filter(move |announcement| announcement.is_visible(now))
    }

    /// The next instant at which an announcement appears or expires by itself.
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.announcements.iter().filter_map(|announcement| announcement.next_change(now)).min()
    }
}

/// `/a`, `/a/` and `/a/index.html` are one page.
fn place(path: &str) -> &str {
    path.strip_suffix("/index.html").unwrap_or(path).trim_end_matches('/')
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
fn with_own_slug(mut announcement: Arc<Announcement>, slugs: &mut HashSet<String>) -> Arc<Announcement> {
    if !slugs.insert(announcement.slug.clone()) {
        let dated = format!("{}-{}", announcement.slug, announcement.published.local_date());
        let numbered = (2..).map(|number| format!("{dated}-{number}"));
        let own = std::iter::once(dated.clone()).chain(numbered).find(|slug| slugs.insert(slug.clone()));
        Arc::make_mut(&mut announcement).slug = own.unwrap_or(dated);
    }
    announcement
}

/// Oldest first; the id decides between two of one instant, so that the order never depends on the file system.
fn age(announcement: &Announcement) -> (DateTime<Utc>, &str, &str) {
    (announcement.published.instant, announcement.id.as_str(), &announcement.source.path)
}

/// Takes out the files that have one pinned id among them and of which none is known by it: the rest, and those.
fn without_rival_pins(
    announcements: Vec<Arc<Announcement>>,
    is_known: impl Fn(&Announcement) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Arc<Announcement>>, Vec<Arc<Announcement>>) {
    let mut files: HashMap<AnnouncementId, Vec<String>> = HashMap::new();
    let mut known = HashSet::new();
    for announcement in announcements.iter().filter(|announcement| announcement.pinned) {
        files.entry(announcement.id.clone()).or_default().push(announcement.source.path.clone());
        known.extend(is_known(announcement).then(|| announcement.id.clone()));
    }
    let is_rival = |it: &Arc<Announcement>| it.pinned && files[&it.id].len() > 1 && !known.contains(&it.id);
    let (rivals, rest): (Vec<_>, Vec<_>) = announcements.into_iter().partition(is_rival);
    for rival in &rivals {
        let others = files[&rival.id].iter().filter(|path| **path != rival.source.path);
        let others = others.map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let message = format!("the id `{}` is that of {others} too: none of them is published", rival.id);
        diagnostics.push(
            Diagnostic::error("id-clash", Position::START, message)
                .with_hint("give one of them another `id:`, or none")
                .in_file(&rival.source.path),
        );
    }
    (rest, rivals)
}

fn clash(late: &Announcement, first: &Announcement, code: &'static str, what: &str) -> Diagnostic {
    let message = format!("{what} is already taken by `{}`, which was there first", first.source.path);
    Diagnostic::error(code, Position::START, message)
        .with_hint("give this file another name, or a `slug:` or `id:` of its own")
        .in_file(&late.source.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn one_page_is_one_address_however_it_is_written() {
        let at = |name: &str, address: &str| {
            let url = sample::url(&format!("https://www.example.org/{address}"));
            Announcement { url, ..sample::announcement(name) }
        };
        for other in ["a", "a/index.html"] {
            let (catalog, clashes) = Catalog::new(vec![at("x", "a/"), at("y", other), at("z", "a.html")], |_| None);
            assert_eq!((catalog.len(), clashes.len()), (2, 1), "{other}");
        }
    }

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
            let (catalog, clashes) = Catalog::new(vec![on(9, "b"), on(2, "a"), on(9, "a"), on(1, "a")], |_| None);
            let slugs: Vec<&str> = catalog.all().iter().rev().map(|one| one.slug.as_str()).collect();
            assert_eq!(slugs, ["fete", "fete-2019-01-02", "fete-2019-01-09", "fete-2019-01-09-2"]);
            assert_eq!(clashes, []);
        }
    }
}
