//! The ledger's rules: what has been published before, and whether an edit changed its meaning.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::announcement::{Announcement, AnnouncementId};
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
    let meaning_changed = known.is_some_and(|entry| entry.semantic_hash != semantic_hash);
    let (id, path) = (announcement.id.clone(), announcement.source.path.clone());
    match known {
        None => LedgerEntry {
            id,
            path,
            semantic_hash,
            sequence: 0,
            first_seen: now,
            modified: announcement.published.instant,
        },
        Some(entry) if meaning_changed => {
            LedgerEntry { path, semantic_hash, sequence: entry.sequence + 1, modified: now, ..entry.clone() }
        }
        Some(entry) => LedgerEntry { path, ..entry.clone() },
    }
}

/// A hash of what an announcement says: title, summary, words of the body, links, attachments, event. Typography, white
/// space, the order of attributes and punctuation are no part of it.
pub fn semantic_hash(announcement: &Announcement) -> String {
    let mut said = vec![words(&announcement.title)];
    said.push(announcement.summary.as_ref().map_or_else(String::new, |summary| words(&summary.text)));
    said.push(words(&announcement.body.text));
    let pieces = announcement.summary.iter().chain([&announcement.body]);
    said.extend(pieces.flat_map(|piece| links(&piece.html)).collect::<BTreeSet<_>>().into_iter().map(str::to_owned));
    said.extend(announcement.attachments.iter().map(|attachment| attachment.href.to_string()));
    said.push(serde_json::to_string(&announcement.event).expect("an event has string keys only"));
    sha256_hex(said.join("\u{1f}").as_bytes())
}

fn words(text: &str) -> String {
    let plain = deunicode::deunicode(text);
    plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The targets of links in our own sanitised HTML, where attributes are always in double quotes.
fn links(html: &str) -> impl Iterator<Item = &str> {
    html.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next())
}
