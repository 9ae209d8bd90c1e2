//! What was read before, so that one saved file costs the reading of one file, and a new process none.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::folder::Stamp;
use super::mapping::Understood;
use crate::model::announcement::Announcement;
use crate::model::diagnostic::Diagnostic;
use crate::model::reminder::{Reminder, Reminders};
use crate::model::time::FIRST_SEEN;

/// A file may be written twice within one tick of a file system's clock, the coarsest of which has two seconds: a stamp that
/// is younger than this when it is taken proves nothing later.
const TICK_NANOS: i64 = 2_000_000_000;

/// What a file says: an announcement and what there is to tell of it, or why there is none.
pub type Said = Result<(Arc<Announcement>, Vec<Diagnostic>), Vec<Diagnostic>>;

/// What the files of the content folder said when they were last read. Holds for one configuration and one version of the
/// reader.
#[derive(Debug, Default)]
pub struct Memory {
    files: HashMap<String, Remembered>,
    /// What became other than it is kept for the next process.
    changes: BTreeMap<String, Change>,
    /// How often the bytes of a file were read, and how often a file was parsed.
    pub(super) read: u64,
    pub(super) parsed: u64,
}

#[derive(Debug)]
struct Remembered {
    glance: Glance,
    hash: String,
    said: Said,
}

/// By which a file is known to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Glance {
    stamp: Stamp,
    /// The stamp was old enough when it was taken.
    is_proof: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Glance,
    Said,
    Gone,
}

/// `Said`, as it is written down.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    announcement: Option<Cow<'a, Announcement>>,
    diagnostics: Cow<'a, [Diagnostic]>,
}

impl Memory {
    /// Takes over what another process remembered. Of what cannot be understood nothing is known.
    pub fn learn(&mut self, reminders: Vec<Reminder>) {
        for reminder in reminders {
            match Remembered::of(&reminder) {
                Some(remembered) => drop(self.files.insert(reminder.path, remembered)),
                None => drop(self.changes.insert(reminder.path, Change::Gone)),
            }
        }
    }

    /// What is to be kept for the next process and was not told before, of so many files at the most.
    pub fn news(&mut self, most: usize) -> Reminders {
        let mut news = Reminders::default();
        while news.kept.len() + news.gone.len() < most {
            let Some((path, change)) = self.changes.pop_first() else { break };
            match self.files.get(&path) {
                Some(remembered) => news.kept.push(remembered.reminder(path, change)),
                None => news.gone.push(path),
            }
        }
        news
    }

    /// Whether a file with this stamp needs no reading.
    pub fn knows(&self, path: &str, stamp: &Stamp) -> bool {
        self.files.get(path).is_some_and(|file| file.glance.is_proof && file.glance.stamp == *stamp)
    }

    /// What a file that need not be read said.
    pub(super) fn recall(&self, path: &str) -> Option<Said> {
        self.files.get(path).map(|file| file.said.clone())
    }

    /// What bytes with this hash say, if they were at this path before.
    pub(super) fn recall_bytes(&self, path: &str, hash: &str) -> Option<Said> {
        self.files.get(path).filter(|file| file.hash == hash).map(|file| file.said.clone())
    }

    /// Keeps what a file said when it was read at `now`. What has no date of its own says another one each time until the
    /// ledger knows it: that is not kept.
    pub(super) fn keep(&mut self, path: &str, stamp: Stamp, hash: String, said: &Said, now: DateTime<Utc>) {
        let is_undated = matches!(said, Ok((announcement, _)) if announcement.published.origin == FIRST_SEEN);
        if is_undated {
            if self.files.remove(path).is_some() {
                self.changes.insert(path.to_owned(), Change::Gone);
            }
            return;
        }
        let read = now.timestamp_nanos_opt().unwrap_or(i64::MIN);
        let is_proof = stamp.modified.max(stamp.changed).saturating_add(TICK_NANOS) < read;
        let glance = Glance { stamp, is_proof };
        let change = match self.files.get(path) {
            Some(known) if known.hash != hash => Some(Change::Said),
            Some(known) => (known.glance != glance).then_some(Change::Glance),
            None => Some(Change::Said),
        };
        if let Some(change) = change {
            let told = self.changes.entry(path.to_owned()).or_insert(change);
            *told = change.max(*told).min(Change::Said);
        }
        self.files.insert(path.to_owned(), Remembered { glance, hash, said: said.clone() });
    }

    pub(super) fn forget_all_but(&mut self, is_there: impl Fn(&str) -> bool) {
        let changes = &mut self.changes;
        self.files.retain(|path, _| {
            let stays = is_there(path);
            if !stays {
                changes.insert(path.clone(), Change::Gone);
            }
            stays
        });
    }
}

impl Remembered {
    fn of(reminder: &Reminder) -> Option<Self> {
        let glance = serde_json::from_str(&reminder.stamp).ok()?;
        let Written { announcement, diagnostics } = serde_json::from_slice(reminder.said.as_deref()?).ok()?;
        let diagnostics = diagnostics.into_owned();
        let said = match announcement {
            Some(announcement) => Ok((Arc::new(announcement.into_owned()), diagnostics)),
            None => Err(diagnostics),
        };
        Some(Self { glance, hash: reminder.hash.clone(), said })
    }

    fn reminder(&self, path: String, change: Change) -> Reminder {
        let stamp = serde_json::to_string(&self.glance).expect("numbers");
        let said = (change != Change::Glance).then(|| written(&self.said));
        Reminder { path, stamp, hash: self.hash.clone(), said }
    }
}

fn written(said: &Said) -> Vec<u8> {
    let (announcement, diagnostics) = match said {
        Ok((announcement, diagnostics)) => (Some(Cow::Borrowed(announcement.as_ref())), diagnostics),
        Err(diagnostics) => (None, diagnostics),
    };
    let written = Written { announcement, diagnostics: Cow::Borrowed(diagnostics) };
    serde_json::to_vec(&written).expect("an announcement has string keys only")
}

/// Takes apart what the mapping understood.
pub(super) fn said(understood: Result<Understood, Vec<Diagnostic>>) -> Said {
    understood.map(|understood| (Arc::new(understood.announcement), understood.diagnostics))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn stamp(seconds: i64) -> Stamp {
        Stamp { len: 3, modified: seconds * 1_000_000_000, changed: seconds * 1_000_000_000, inode: 7 }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn a_file_with_the_stamp_it_had_is_not_read_again_unless_it_was_young_then() {
        let mut memory = Memory::default();
        memory.keep(
            "a.md",
            stamp(100),
            "hash".to_owned(),
            &Ok((Arc::new(sample::announcement("x")), Vec::new())),
            at(103),
        );
        assert!(memory.knows("a.md", &stamp(100)));
        assert!(!memory.knows("a.md", &stamp(101)) && !memory.knows("b.md", &stamp(100)));
        // it may be written again within the same tick
        memory.keep(
            "a.md",
            stamp(100),
            "hash".to_owned(),
            &Ok((Arc::new(sample::announcement("x")), Vec::new())),
            at(102),
        );
        assert!(!memory.knows("a.md", &stamp(100)));
        assert!(memory.recall_bytes("a.md", "hash").is_some() && memory.recall_bytes("a.md", "other").is_none());
        memory.forget_all_but(|path| path != "a.md");
        assert!(memory.recall("a.md").is_none());
    }

    #[test]
    fn what_has_no_date_of_its_own_is_read_each_time() {
        let mut undated = sample::announcement("x");
        FIRST_SEEN.clone_into(&mut undated.published.origin);
        let mut memory = Memory::default();
        memory.keep("a.md", stamp(1), "hash".to_owned(), &Ok((Arc::new(undated), Vec::new())), at(100));
        assert!(memory.recall("a.md").is_none());
    }

    #[test]
    fn the_next_process_knows_what_this_one_knew_and_is_told_each_thing_once() {
        let mut memory = Memory::default();
        let told =
            Diagnostic::warning("no-title", crate::model::diagnostic::Position::START, "untitled").in_file("b.md");
        let good: Said = Ok((Arc::new(sample::announcement("x")), vec![told.clone()]));
        let broken: Said = Err(vec![told]);
        memory.keep("a.md", stamp(1), "hash".to_owned(), &good, at(100));
        memory.keep("b.md", stamp(1), "hash".to_owned(), &broken, at(100));
        let (first, second, none) = (memory.news(1), memory.news(1), memory.news(1));
        assert_eq!((first.kept.len(), second.kept.len(), none.is_empty()), (1, 1, true));
        let mut next = Memory::default();
        next.learn([first.kept, second.kept].concat());
        assert_eq!((next.recall("a.md"), next.recall("b.md")), (Some(good.clone()), Some(broken)));
        assert!(next.knows("a.md", &stamp(1)) && next.news(9).is_empty());
        // another stamp of the same bytes, other bytes, and a file that is gone
        next.keep("a.md", stamp(2), "hash".to_owned(), &good, at(100));
        let news = next.news(9);
        assert_eq!((news.kept.len(), news.kept[0].said.as_ref(), news.gone.len()), (1, None, 0));
        next.keep("a.md", stamp(3), "other".to_owned(), &good, at(100));
        next.keep("a.md", stamp(4), "other".to_owned(), &good, at(100));
        next.forget_all_but(|path| path != "b.md");
        let news = next.news(9);
        assert!(news.kept.len() == 1 && news.kept[0].said.is_some());
        assert_eq!(news.gone, ["b.md"]);
    }

    #[test]
    fn what_cannot_be_understood_is_not_remembered_and_does_not_stay() {
        let mut memory = Memory::default();
        memory.keep("a.md", stamp(1), "hash".to_owned(), &Err(Vec::new()), at(100));
        let good = memory.news(1).kept.remove(0);
        let spoilt = [
            Reminder { said: Some(b"{}".to_vec()), ..good.clone() },
            Reminder { said: None, ..good.clone() },
            Reminder { stamp: "x".to_owned(), ..good },
        ];
        for reminder in spoilt {
            let mut memory = Memory::default();
            memory.learn(vec![reminder]);
            assert!(memory.recall("a.md").is_none());
            assert_eq!(memory.news(9).gone, ["a.md"]);
        }
    }
}
