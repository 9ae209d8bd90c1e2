//! What was read before, so that one saved file costs the reading of one file.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::folder::Stamp;
use super::mapping::Understood;
use crate::model::announcement::Announcement;
use crate::model::diagnostic::Diagnostic;
use crate::model::time::FIRST_SEEN;

/// A file may be written twice within one tick of a file system's clock, the coarsest of which has two seconds: a stamp that
/// is younger than this when it is taken proves nothing later.
const TICK_NANOS: i64 = 2_000_000_000;

/// What a file says: an announcement and what there is to tell of it, or why there is none.
pub type Said = Result<(Arc<Announcement>, Vec<Diagnostic>), Vec<Diagnostic>>;

/// What the files of the content folder said when they were last read. Holds for one configuration.
#[derive(Debug, Default)]
pub struct Memory {
    files: HashMap<String, Remembered>,
}

#[derive(Debug)]
struct Remembered {
    stamp: Stamp,
    /// The stamp was old enough when it was taken.
    is_proof: bool,
    hash: String,
    said: Said,
}

impl Memory {
    /// Whether a file with this stamp needs no reading.
    pub fn knows(&self, path: &str, stamp: &Stamp) -> bool {
        self.files.get(path).is_some_and(|file| file.is_proof && file.stamp == *stamp)
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
            self.files.remove(path);
            return;
        }
        let read = now.timestamp_nanos_opt().unwrap_or(i64::MIN);
        let is_proof = stamp.modified.max(stamp.changed).saturating_add(TICK_NANOS) < read;
        self.files.insert(path.to_owned(), Remembered { stamp, is_proof, hash, said: said.clone() });
    }

    pub(super) fn forget_all_but(&mut self, is_there: impl Fn(&str) -> bool) {
        self.files.retain(|path, _| is_there(path));
    }
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
}
