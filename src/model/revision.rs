//! The ledger's rules: what has been published before, and whether an edit changed its meaning.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::announcement::{Announcement, AnnouncementId};
use super::text::RichText;
use super::time::FIRST_SEEN;
use super::token::sha256_hex;

/// One announcement as the ledger remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// What outputs say about an announcement's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    pub sequence: u32,
    /// Atom `updated`, calendar `LAST-MODIFIED` and `DTSTAMP`.
    pub updated: DateTime<Utc>,
}

/// What has been published before.
#[derive(Debug, Clone, Default)]
pub struct Ledger(HashMap<AnnouncementId, LedgerEntry>);

impl Ledger {
    pub fn new(entries: impl IntoIterator<Item = LedgerEntry>) -> Self {
        Self(entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect())
    }

    /// Takes note of what readers see at `now` and returns the entries that are new or changed, to be stored.
    pub fn take_note<'a>(
        &mut self,
        visible: impl Iterator<Item = &'a Announcement>,
        now: DateTime<Utc>,
    ) -> Vec<LedgerEntry> {
        let mut changed = Vec::new();
        for announcement in visible {
            let entry = next_entry(self.0.get(&announcement.id), announcement, now);
            if self.0.get(&announcement.id) != Some(&entry) {
                self.0.insert(announcement.id.clone(), entry.clone());
                changed.push(entry);
            }
        }
        changed
    }

    /// When each file was first seen: what counts for those without a date.
    pub fn first_seen_by_path(&self) -> HashMap<String, DateTime<Utc>> {
        self.0.values().map(|entry| (entry.path.clone(), entry.first_seen)).collect()
    }

    /// An `updated` in front matter wins over the ledger's; without either an announcement is as old as its publication.
    pub fn revision(&self, announcement: &Announcement) -> Revision {
        let known = self.0.get(&announcement.id);
        let updated = announcement.updated.as_ref().map(|moment| moment.instant);
        Revision {
            sequence: known.map_or(0, |entry| entry.sequence),
            updated: updated.or_else(|| known.map(|entry| entry.modified)).unwrap_or(announcement.published.instant),
        }
    }
}

fn next_entry(known: Option<&LedgerEntry>, announcement: &Announcement, now: DateTime<Utc>) -> LedgerEntry {
    let semantic_hash = semantic_hash(announcement);
    let meaning_changed = known.is_some_and(|entry| differ(&entry.semantic_hash, &semantic_hash));
    let (id, path) = (announcement.id.clone(), announcement.source.path.clone());
    match known {
        None => LedgerEntry {
            id,
            path,
            semantic_hash,
            sequence: 0,
            first_seen: first_seen(announcement, now),
            modified: announcement.published.instant,
        },
        Some(entry) if meaning_changed => {
            LedgerEntry { path, semantic_hash, sequence: entry.sequence + 1, modified: now, ..entry.clone() }
        }
        Some(entry) => LedgerEntry { path, semantic_hash, ..entry.clone() },
    }
}

/// What is dated by it keeps the date it was shown with: reading and publishing may lie on two sides of a second, or of
/// midnight, and its id has the day in it.
fn first_seen(announcement: &Announcement, now: DateTime<Utc>) -> DateTime<Utc> {
    if announcement.published.origin == FIRST_SEEN { announcement.published.instant } else { now }
}

/// Which rules a hash was made by. With new rules every hash changes and no meaning does.
const RULES: &str = "2:";

fn differ(before: &str, after: &str) -> bool {
    before.starts_with(RULES) && before != after
}

/// A hash of what an announcement says: title, summary, words of the body, links, attachments, event. Typography, white
/// space, the order of attributes and punctuation are no part of it.
pub fn semantic_hash(announcement: &Announcement) -> String {
    let pieces: Vec<&RichText> = announcement.summary.iter().chain([&announcement.body]).collect();
    let mut said = vec![words(&announcement.title)];
    said.extend(pieces.iter().map(|piece| words(&shown(&piece.html))));
    said.extend(
        pieces.iter().flat_map(|piece| links(&piece.html)).collect::<BTreeSet<_>>().into_iter().map(str::to_owned),
    );
    said.extend(announcement.attachments.iter().map(|attachment| attachment.href.to_string()));
    said.push(serde_json::to_string(&announcement.event).expect("an event has string keys only"));
    format!("{RULES}{}", sha256_hex(said.join("\u{1f}").as_bytes()))
}

/// What readers see of our own sanitised HTML: the text between tags, which stand for a blank, references decoded:
/// `&nbsp;` is no word.
fn shown(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for piece in html.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    html_escape::decode_html_entities(&text).into_owned()
}

fn words(text: &str) -> String {
    let plain = deunicode::deunicode(text).to_lowercase();
    plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The targets of links in our own sanitised HTML, where attributes are always in double quotes.
fn links(html: &str) -> impl Iterator<Item = &str> {
    html.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn now() -> DateTime<Utc> {
        "2026-01-02T03:04:05Z".parse().expect("an instant")
    }

    fn written(title: &str, html: &str) -> Announcement {
        let mut announcement = sample::announcement("x");
        title.clone_into(&mut announcement.title);
        announcement.body.html = html.to_owned();
        announcement
    }

    #[test]
    fn a_correction_changes_nothing_and_a_change_of_meaning_does() {
        let first = written("Réunion d'information", "<p>On se voit le <a href=\"https://a/\">12</a> !</p>");
        for (title, html, sequence) in [
            (
                "Réunion d’information",
                "<p class=\"x\">On  se voit&nbsp;le <a href=\"https://a/\">12</a>&#8239;!</p>",
                0,
            ),
            ("Reunion d'Information", "<div>on se voit le <a href=\"https://a/\">12</a></div>", 0),
            ("Réunion d'information", "<p>On se voit le <a href=\"https://a/\">19</a> !</p>", 1),
            ("Réunion d'information", "<p>On se voit le <a href=\"https://b/\">12</a> !</p>", 1),
        ] {
            let mut ledger = Ledger::default();
            assert_eq!(ledger.take_note([&first].into_iter(), first.published.instant).len(), 1);
            assert_eq!(ledger.take_note([&first].into_iter(), now()), []);
            let next = written(title, html);
            ledger.take_note([&next].into_iter(), now());
            let revision = ledger.revision(&next);
            assert_eq!(revision.sequence, sequence, "{title} {html}");
            assert_eq!(revision.updated, if sequence == 0 { first.published.instant } else { now() });
        }
    }

    #[test]
    fn a_file_without_a_date_keeps_the_moment_it_was_read() {
        let mut announcement = written("t", "<p>b</p>");
        let dated = Ledger::default().take_note([&announcement].into_iter(), now()).remove(0);
        assert_eq!(dated.first_seen, now());
        FIRST_SEEN.clone_into(&mut announcement.published.origin);
        let undated = Ledger::default().take_note([&announcement].into_iter(), now()).remove(0);
        assert_eq!(undated.first_seen, announcement.published.instant);
    }

    #[test]
    fn new_rules_for_the_hash_are_no_change_of_meaning() {
        let announcement = written("t", "<p>b</p>");
        let mut ledger = Ledger::default();
        let mut entry = ledger.take_note([&announcement].into_iter(), now()).remove(0);
        entry.semantic_hash = "0:of older rules".to_owned();
        let mut ledger = Ledger::new([entry]);
        let changed = ledger.take_note([&announcement].into_iter(), now());
        assert_eq!((changed.len(), changed[0].sequence), (1, 0));
    }
}
