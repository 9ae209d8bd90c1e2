//! Text → model: how files of several generators become announcements. Knows nothing of outputs or the store.

pub mod assets;
pub mod dates;
#[cfg(test)]
pub(crate) mod effort;
pub mod explain;
pub mod folder;
pub mod front_matter;
pub mod lookup;
pub mod mapping;
pub mod markdown;
pub mod memory;
pub mod origins;
pub mod profile;
pub mod settling;
pub mod shape;
pub mod shortcodes;
#[cfg(test)]
mod tests;
mod typography;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use self::folder::{SourceFile, Walk};
use self::mapping::Habits;
use self::memory::{Memory, Said};
use crate::model::announcement::{Announcement, AnnouncementId};
use crate::model::catalog::Catalog;
use crate::model::diagnostic::{Diagnostic, Position, Severity};
use crate::model::revision::Ledger;
use crate::model::token::sha256_hex;

/// A folder loaded: what can be published, and everything there is to say about it.
#[derive(Debug, Default)]
pub struct Loaded {
    pub catalog: Catalog,
    /// Ordered by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// Bytes of files that were read without error and are not the last good ones.
    pub good: Vec<(String, Vec<u8>)>,
    /// Files of the last good ones that are gone.
    pub gone: Vec<String>,
    /// How many files were found, readable or not.
    pub files: usize,
    /// How often the bytes of a file were read, and how often a file was parsed, since the memory began.
    pub read: u64,
    pub parsed: u64,
}

impl Loaded {
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}

/// The files of a folder read; what they do not say themselves is still to be looked up in their last good versions.
#[derive(Debug, Default)]
pub struct Reading {
    announcements: Vec<Arc<Announcement>>,
    loaded: Loaded,
    /// Paths that were found, and those nothing is known about.
    present: HashSet<String>,
    /// Files that have no announcement to show, or one without the event it may have had.
    failed: Vec<(String, Option<Arc<Announcement>>)>,
    unknown: Vec<String>,
}

/// The SHA-256 (hexadecimal) of the last good bytes of each file.
pub type Hashes = HashMap<String, String>;

/// The last good bytes of files.
pub type LastGood = HashMap<String, Vec<u8>>;

/// Reads what a walk found; what `memory` knows is not read again.
pub fn read(walk: Walk, last_good: &Hashes, memory: &mut Memory, habits: Habits) -> Reading {
    let unknown = last_good.keys().filter(|path| walk.is_unknown(path)).cloned().collect();
    let present: HashSet<String> = walk.files.iter().map(|file| file.path.clone()).collect();
    memory.forget_all_but(|path| present.contains(path));
    let loaded = Loaded { files: walk.files.len(), diagnostics: walk.diagnostics, ..Loaded::default() };
    let mut reading = Reading { loaded, present, unknown, ..Reading::default() };
    reading.present.extend(reading.unknown.iter().cloned());
    for file in walk.files {
        reading.take(file, last_good, memory, habits);
    }
    (reading.loaded.read, reading.loaded.parsed) = (memory.read, memory.parsed);
    reading.loaded.gone = last_good.keys().filter(|path| !reading.present.contains(*path)).cloned().collect();
    reading.loaded.gone.sort();
    reading
}

impl Reading {
    fn take(&mut self, file: SourceFile, last_good: &Hashes, memory: &mut Memory, habits: Habits) {
        let SourceFile { path, stamp, bytes } = file;
        let (said, bytes) = match bytes {
            Ok(None) => (memory.recall(&path).unwrap_or_else(|| Err(Vec::new())), None),
            Ok(Some(bytes)) => {
                let hash = sha256_hex(&bytes);
                memory.read += 1;
                let said = memory.recall_bytes(&path, &hash).unwrap_or_else(|| {
                    memory.parsed += 1;
                    understand(&path, &bytes, habits)
                });
                let is_new = last_good.get(&path) != Some(&hash);
                memory.keep(&path, stamp, hash, &said, habits.now);
                (said, is_new.then_some(bytes))
            }
            Err(error) => (Err(vec![error]), None),
        };
        let known = last_good.contains_key(&path);
        match said {
            Ok((announcement, diagnostics)) => {
                let has_errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
                self.loaded.diagnostics.extend(diagnostics);
                // a slip in its date must not call an event off in everybody's calendar
                if has_errors && announcement.event.is_none() && known {
                    self.failed.push((path, Some(announcement)));
                } else {
                    self.announcements.push(announcement);
                    self.loaded.good.extend(bytes.map(|bytes| (path, bytes)));
                }
            }
            Err(diagnostics) => {
                self.loaded.diagnostics.extend(diagnostics);
                self.failed.extend(known.then_some((path, None)));
            }
        }
    }

    /// The files whose last good bytes are asked for, to `finish` with.
    pub fn wants(&self) -> BTreeSet<String> {
        let failed = self.failed.iter().map(|(path, _)| path);
        failed.chain(&self.unknown).chain(&self.loaded.gone).cloned().collect()
    }

    /// Puts the catalog together. What cannot be read keeps its last good version; what was published before is known again
    /// by `history`, whatever its file is called now.
    pub fn finish(mut self, last_good: &LastGood, history: &Ledger, habits: Habits) -> Loaded {
        // the last good version of a file, whose own diagnostics were told when it was new
        let again = |path: &String| understand(path, last_good.get(path)?, habits).ok().map(|(last, _)| last);
        for (path, now) in &self.failed {
            let last = again(path).filter(|last| now.is_none() || last.event.is_some());
            self.announcements.extend(last.or_else(|| now.clone()));
        }
        self.announcements.extend(self.unknown.iter().filter_map(again));
        let gone: Vec<_> = self.loaded.gone.iter().filter_map(again).collect();
        let Self { mut announcements, mut loaded, present, .. } = self;
        history.recognise(&mut announcements, &present, &gone);
        if let Some(assets) = &habits.content.assets {
            for announcement in announcements.iter_mut().filter(|announcement| !announcement.attachments.is_empty()) {
                loaded.diagnostics.extend(assets::measure(Arc::make_mut(announcement), assets, habits.site));
            }
        }
        let holder = |id: &AnnouncementId| history.get(id).map(|entry| entry.path.as_str());
        let (catalog, clashes) = Catalog::new(announcements, holder);
        loaded.catalog = catalog;
        loaded.diagnostics.extend(clashes);
        loaded.diagnostics.sort_by(|a, b| (&a.file, a.position, &a.code).cmp(&(&b.file, b.position, &b.code)));
        loaded
    }
}

/// An error beside an announcement (an end before its start) does not keep it from being published.
fn understand(path: &str, bytes: &[u8], habits: Habits) -> Said {
    let understood = catch_unwind(AssertUnwindSafe(|| mapping::read(path, bytes, habits)));
    memory::said(understood.unwrap_or_else(|_| Err(vec![fault_of_ours(path)])))
}

/// A panic over one file must not stop the others, let alone the daemon.
fn fault_of_ours(path: &str) -> Diagnostic {
    Diagnostic::error("reader-fault", Position::START, "crieur cannot read this file, which is a fault of its own")
        .with_hint("please report it with the file; until then, take out what was changed last")
        .in_file(path)
}
