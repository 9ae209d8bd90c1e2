//! Text → model: how files of several generators become announcements. Knows nothing of outputs or the store.

pub mod assets;
pub mod dates;
pub mod explain;
pub mod folder;
pub mod front_matter;
pub mod lookup;
pub mod mapping;
pub mod markdown;
pub mod origins;
pub mod profile;
pub mod shortcodes;
#[cfg(test)]
mod tests;
mod typography;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};

use self::folder::Walk;
use self::mapping::Habits;
use crate::model::announcement::Announcement;
use crate::model::catalog::Catalog;
use crate::model::diagnostic::{Diagnostic, Position, Severity};

/// A folder loaded: what can be published, and everything there is to say about it.
#[derive(Debug, Default)]
pub struct Loaded {
    pub catalog: Catalog,
    /// Ordered by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// Bytes of files that were read without error and are new or changed since `last_good`.
    pub good: Vec<(String, Vec<u8>)>,
    /// Files of `last_good` that are gone.
    pub gone: Vec<String>,
    /// How many files were found, readable or not.
    pub files: usize,
}

impl Loaded {
    pub fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
}

/// Reads what a walk found. A file that cannot be read or understood keeps its last good version; the others go on.
pub fn load<S: BuildHasher>(walk: Walk, last_good: &HashMap<String, Vec<u8>, S>, habits: Habits) -> Loaded {
    let mut present: HashSet<String> = last_good.keys().filter(|path| walk.is_unknown(path)).cloned().collect();
    let mut announcements: Vec<_> =
        present.iter().filter_map(|path| again(path, last_good.get(path)?, habits)).collect();
    let found = walk.files.len();
    let mut loaded = Loaded { files: found, diagnostics: walk.diagnostics, ..Loaded::default() };
    for file in walk.files {
        let before = last_good.get(&file.path);
        match read_one(&file.path, file.bytes.as_deref(), habits, &mut loaded.diagnostics) {
            Some(announcement) => {
                announcements.push(announcement);
                if let Some(bytes) = file.bytes.ok().filter(|bytes| before != Some(bytes)) {
                    loaded.good.push((file.path.clone(), bytes));
                }
            }
            None => announcements.extend(before.and_then(|bytes| again(&file.path, bytes, habits))),
        }
        present.insert(file.path);
    }
    loaded.gone = last_good.keys().filter(|path| !present.contains(*path)).cloned().collect();
    let (catalog, clashes) = Catalog::new(announcements);
    loaded.catalog = catalog;
    loaded.diagnostics.extend(clashes);
    loaded.diagnostics.sort_by(|a, b| (&a.file, a.position, a.code).cmp(&(&b.file, b.position, b.code)));
    loaded
}

/// An error beside an announcement (an end before its start) does not keep it from being published.
fn read_one(
    path: &str,
    bytes: Result<&[u8], &Diagnostic>,
    habits: Habits,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Announcement> {
    let understood = match bytes {
        Ok(bytes) => catch_unwind(AssertUnwindSafe(|| mapping::read(path, bytes, habits)))
            .unwrap_or_else(|_| Err(vec![fault_of_ours(path)])),
        Err(error) => Err(vec![error.clone()]),
    };
    match understood {
        Ok(understood) => {
            diagnostics.extend(understood.diagnostics);
            let mut announcement = understood.announcement;
            if let Some(assets) = &habits.content.assets {
                diagnostics.extend(assets::measure(&mut announcement, assets, habits.site));
            }
            Some(announcement)
        }
        Err(errors) => {
            diagnostics.extend(errors);
            None
        }
    }
}

/// A panic over one file must not stop the others, let alone the daemon.
fn fault_of_ours(path: &str) -> Diagnostic {
    Diagnostic::error("reader-fault", Position::START, "crieur cannot read this file, which is a fault of its own")
        .with_hint("please report it with the file; until then, take out what was changed last")
        .in_file(path)
}

/// The last good version of a file, whose own diagnostics were told when it was new.
fn again(path: &str, bytes: &[u8], habits: Habits) -> Option<Announcement> {
    read_one(path, Ok(bytes), habits, &mut Vec::new())
}
