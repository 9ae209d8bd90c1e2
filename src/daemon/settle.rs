//! Decides when the content folder is worth reading and which of its files are not, because somebody is still writing them.
//! Knows events and moments; reads nothing.
//!
//! A file renamed into place is whole. One written in place is whole once its writer closed it and let it be for a moment:
//! it may be opened again for more.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind};

use crate::content::folder::{is_announcement, is_ignored};

/// How long nothing may happen before the folder is read: a save is several events, a checkout thousands.
const QUIET: Duration = Duration::from_millis(200);
/// Where it never gets quiet, the folder is read all the same.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// After a file was closed: the next part of it may follow.
const CLOSED: Duration = Duration::from_millis(450);
/// After the last write to a file that was never closed: its writer may be slow, or we may have missed the end.
const HELD_OPEN: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Settle {
    /// Announcements that were written in place and are not known to be whole.
    files: HashMap<PathBuf, Written>,
    burst: Option<Burst>,
}

#[derive(Debug)]
struct Written {
    is_open: bool,
    last: Instant,
    /// How long to wait from then on.
    patience: Duration,
}

impl Written {
    fn whole_at(&self) -> Instant {
        self.last + if self.is_open { HELD_OPEN } else { self.patience }
    }
}

/// Events since the folder was read last.
#[derive(Debug)]
struct Burst {
    first: Instant,
    last: Instant,
    /// Something other than a file that is being written.
    other: bool,
    /// Something left its place: it may be found again in a file that is being written.
    took_away: bool,
}

impl Settle {
    pub(super) fn take_note(&mut self, event: &Event, now: Instant) {
        if event.need_rescan() {
            return self.lost_events(now);
        }
        let is_rename_told_twice = event.kind == EventKind::Modify(ModifyKind::Name(RenameMode::Both));
        let Some(path) = event.paths.first().filter(|_| !is_rename_told_twice) else { return };
        if name(path).is_some_and(is_ignored) {
            return;
        }
        let is_text = name(path).is_some_and(is_announcement);
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Create(CreateKind::File)
                if is_text =>
            {
                self.written(path, false, now);
            }
            EventKind::Access(_) => {}
            EventKind::Modify(ModifyKind::Data(_)) if is_text => self.written(path, true, now),
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                self.files.remove(path);
                self.moved(path, now);
                let burst = self.burst(now);
                (burst.other, burst.took_away) = (true, true);
            }
            EventKind::Modify(ModifyKind::Name(_)) => {
                self.files.remove(path);
                self.moved(path, now);
                self.burst(now).other = true;
            }
            _ => self.burst(now).other = true,
        }
    }

    /// Events were lost: anything may have happened, and nobody will tell that a file was closed.
    pub(super) fn lost_events(&mut self, now: Instant) {
        for file in self.files.values_mut() {
            (file.is_open, file.last) = (false, now);
        }
        self.burst(now).other = true;
    }

    /// A folder was moved with all that is in it: that a file in it was closed may be told under another name.
    fn moved(&mut self, folder: &Path, now: Instant) {
        for (_, file) in self.files.iter_mut().filter(|(path, _)| path.starts_with(folder)) {
            (file.is_open, file.last) = (false, now);
        }
    }

    /// Waits for a file on other grounds than events.
    pub(super) fn wait_for(&mut self, path: PathBuf, patience: Duration, now: Instant) {
        self.files.entry(path).or_insert(Written { is_open: false, last: now, patience });
    }

    fn written(&mut self, path: &Path, is_open: bool, now: Instant) {
        self.files.insert(path.to_owned(), Written { is_open, last: now, patience: CLOSED });
        self.burst(now);
    }

    fn burst(&mut self, now: Instant) -> &mut Burst {
        let burst = self.burst.get_or_insert(Burst { first: now, last: now, other: false, took_away: false });
        burst.last = now;
        burst
    }

    /// When the folder is to be read, as far as is known now.
    pub(super) fn due(&self) -> Option<Instant> {
        let whole = || self.files.values().map(Written::whole_at);
        let Some(burst) = &self.burst else { return whole().min() };
        let wanted = match burst {
            Burst { took_away: true, .. } => whole().max(),
            Burst { other: true, .. } => None,
            _ => whole().min(),
        };
        let quiet = burst.last + QUIET;
        Some(wanted.map_or(quiet, |wanted| wanted.max(quiet)).min(burst.first + MAX_WAIT))
    }

    /// Files that seem whole by `now`, to be looked into.
    pub(super) fn closed(&self, now: Instant) -> Vec<PathBuf> {
        let is_new = |file: &Written| !file.is_open && file.patience == CLOSED && file.whole_at() <= now;
        self.files.iter().filter(|(_, file)| is_new(file)).map(|(path, _)| path.clone()).collect()
    }

    /// Waits longer for a file, from its last write on.
    pub(super) fn more_patience(&mut self, path: &Path, patience: Duration) {
        if let Some(file) = self.files.get_mut(path) {
            file.patience = file.patience.max(patience);
        }
    }

    /// The folder is read now: which files are not whole yet.
    pub(super) fn take(&mut self, now: Instant) -> HashSet<PathBuf> {
        self.burst = None;
        self.files.retain(|_, file| file.whole_at() > now);
        self.files.keys().cloned().collect()
    }
}

fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    const CREATE: EventKind = EventKind::Create(CreateKind::File);
    const WRITE: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CLOSE: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const READ: EventKind = EventKind::Access(AccessKind::Open(AccessMode::Any));
    const FROM: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    const TO: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));
    const REMOVE: EventKind = EventKind::Remove(RemoveKind::File);
    const CHMOD: EventKind = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));

    /// When it is read after events at these milliseconds, and what it waits for then.
    fn read_after(events: &[(u64, EventKind, &str)]) -> Option<(u128, Vec<String>)> {
        let (mut settle, begin) = (Settle::default(), Instant::now());
        for (at, kind, path) in events {
            settle.take_note(&Event::new(*kind).add_path(path.into()), begin + Duration::from_millis(*at));
        }
        let due = settle.due()?;
        let waits = settle.take(due).iter().map(|path| path.display().to_string()).collect();
        Some(((due - begin).as_millis(), waits))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what is compared is an option")]
    fn at(millis: u128, waits: &[&str]) -> Option<(u128, Vec<String>)> {
        Some((millis, waits.iter().map(|path| (*path).to_owned()).collect()))
    }

    #[test]
    fn a_renamed_file_is_whole_at_once_and_a_written_one_after_it_was_closed() {
        assert_eq!(read_after(&[(0, FROM, ".a.tmp"), (0, TO, "a.md")]), at(200, &[]));
        assert_eq!(read_after(&[(0, CREATE, "a.md"), (1, WRITE, "a.md"), (2, CLOSE, "a.md")]), at(452, &[]));
        // it is opened again in time
        assert_eq!(read_after(&[(0, CLOSE, "a.md"), (400, WRITE, "a.md"), (401, CLOSE, "a.md")]), at(851, &[]));
        assert_eq!(read_after(&[(0, WRITE, "a.md")]), at(10_000, &["a.md"]), "as long as its writer holds it");
        assert_eq!(read_after(&[(0, CHMOD, "a.md"), (100, REMOVE, "b.md")]), at(300, &[]));
    }

    #[test]
    fn others_do_not_wait_for_a_slow_writer_unless_what_is_gone_may_be_in_its_file() {
        assert_eq!(read_after(&[(0, WRITE, "a.md"), (50, TO, "b.md")]), at(250, &["a.md"]));
        // `cp a.md b.md; rm a.md`
        assert_eq!(read_after(&[(0, WRITE, "b.md"), (1, CLOSE, "b.md"), (2, REMOVE, "a.md")]), at(451, &[]));
    }

    #[test]
    fn nobody_waits_for_the_end_of_a_file_whose_folder_was_moved() {
        let moved = [(0, WRITE, "neuf/a.md"), (1, FROM, "neuf"), (2, TO, "ailleurs"), (3, CLOSE, "ailleurs/a.md")];
        assert_eq!(read_after(&moved), at(453, &[]));
        // what only begins alike was not moved
        assert_eq!(read_after(&[(0, WRITE, "neuf.md"), (1, TO, "neuf")]), at(201, &["neuf.md"]));
    }

    #[test]
    fn what_editors_leave_about_and_reading_are_no_change() {
        for (kind, path) in [(READ, "a.md"), (CREATE, "a.md~"), (WRITE, ".a.md.swp"), (CLOSE, "a.png")] {
            assert_eq!(read_after(&[(0, kind, path)]), None, "{path}");
        }
    }

    #[test]
    fn it_never_gets_quiet_and_is_read_all_the_same() {
        let events: Vec<_> = (0..200).map(|turn| (turn * 100, WRITE, "picture.png")).collect();
        assert_eq!(read_after(&events), at(10_000, &[]));
    }

    #[test]
    fn lost_events_are_a_reason_to_read_everything_and_to_wait_for_nobody() {
        let (mut settle, begin) = (Settle::default(), Instant::now());
        settle.take_note(&Event::new(WRITE).add_path("a.md".into()), begin);
        settle.take_note(&Event::new(EventKind::Other).set_flag(Flag::Rescan), begin);
        assert_eq!(settle.due(), Some(begin + QUIET));
        assert!(settle.take(begin + CLOSED).is_empty());
    }

    #[test]
    fn a_file_that_looks_half_written_gets_more_time_from_its_last_write_on() {
        let (mut settle, begin) = (Settle::default(), Instant::now());
        settle.take_note(&Event::new(CLOSE).add_path("a.md".into()), begin);
        assert!(settle.closed(begin).is_empty());
        assert_eq!(settle.closed(begin + CLOSED), [PathBuf::from("a.md")]);
        settle.more_patience(Path::new("a.md"), Duration::from_secs(2));
        assert_eq!(settle.due(), Some(begin + Duration::from_secs(2)));
        assert!(settle.closed(begin + Duration::from_secs(2)).is_empty(), "it was looked into");
        assert_eq!(settle.take(begin + CLOSED).len(), 1);
        assert_eq!(settle.due(), Some(begin + Duration::from_secs(2)), "it is read later");
    }
}
