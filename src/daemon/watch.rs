//! Tells when the content folder is worth reading. What changed is found out by reading it: events get lost, come twice,
//! and say nothing of files written before their folder was watched.
//!
//! Three ways beside each other, so that none has to be trusted: events of the system; every few seconds a look whether the
//! folder is still the same one (a mount, a link that was turned, a folder put in its place: no event tells of those); and
//! where events do not work, the stamps of all files, compared every few seconds.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::block_in_place;

use super::settle::Settle;
use crate::content::settling;
use crate::content::shape::{self, Identity};
use crate::model::health::Trouble;
use crate::web::Vitals;

/// Between two looks whether the folder is the same one.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks at the stamps of all files, at least.
const POLL: Duration = Duration::from_secs(3);
/// Looking at stamps may take this part of all time, one in so many: a large folder on a slow server is looked at less often.
const POLL_SHARE: u32 = 20;

/// Whether stamps are compared, and what they were.
#[derive(Debug, Default)]
struct Stamps {
    read: u64,
    last: u64,
}

impl Stamps {
    /// Whether the folder is to be read: it is not what was read, and it came to rest.
    fn is_due(&mut self, now: u64) -> bool {
        let came_to_rest = std::mem::replace(&mut self.last, now) == now;
        came_to_rest && self.read != now
    }
}

#[derive(Default)]
struct Shared {
    settle: Mutex<Settle>,
    woken: Notify,
}

impl Shared {
    fn settle(&self) -> MutexGuard<'_, Settle> {
        self.settle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Changes {
    dir: PathBuf,
    /// Where it leads: events name files below it.
    real: PathBuf,
    max_bytes: u64,
    root: Option<Identity>,
    watcher: Option<RecommendedWatcher>,
    shared: Arc<Shared>,
    polled: Option<Stamps>,
    look_at: Instant,
    poll_at: Instant,
    vitals: Arc<Vitals>,
}

impl Changes {
    /// Nothing is watched before the first `begin`.
    pub(super) fn of(dir: &Path, max_bytes: u64, vitals: Arc<Vitals>) -> Self {
        let now = Instant::now();
        Self {
            dir: dir.to_owned(),
            real: shape::real(dir),
            max_bytes,
            root: None,
            watcher: None,
            shared: Arc::default(),
            polled: None,
            look_at: now + LOOK,
            poll_at: now + POLL,
            vitals,
        }
    }

    /// Until it is time to `begin` reading. May be dropped and asked again.
    pub(super) async fn settled(&mut self) {
        loop {
            let now = Instant::now();
            if self.is_due(now) || self.is_another_folder(now) || self.is_due_by_stamps(now) {
                return;
            }
            let due = self.shared.settle().due();
            let wake = due.into_iter().chain([self.look_at]).chain(self.polled.as_ref().map(|_| self.poll_at)).min();
            let wake = wake.unwrap_or(self.look_at);
            tokio::select! {
                () = self.shared.woken.notified() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let is_due = || self.shared.settle().due().is_some_and(|due| due <= now);
        if !is_due() {
            return false;
        }
        let closed = self.shared.settle().closed(now);
        let half = |path: PathBuf| settling::patience_with(&path, self.max_bytes).map(|patience| (path, patience));
        let half: Vec<_> = block_in_place(|| closed.into_iter().filter_map(half).collect());
        for (path, patience) in half {
            self.shared.settle().more_patience(&path, patience);
        }
        is_due()
    }

    fn is_another_folder(&mut self, now: Instant) -> bool {
        if now < self.look_at {
            return false;
        }
        self.look_at = now + LOOK;
        let root = block_in_place(|| shape::identity(&self.dir));
        let is_another = root != self.root;
        if is_another {
            // what was watched is elsewhere now
            self.watcher = None;
            self.root = root;
        }
        is_another
    }

    fn is_due_by_stamps(&mut self, now: Instant) -> bool {
        let Some(stamps) = self.polled.as_mut().filter(|_| now >= self.poll_at) else { return false };
        let is_due = stamps.is_due(block_in_place(|| shape::fingerprint(&self.dir)));
        self.poll_at = Instant::now() + POLL.max(now.elapsed() * POLL_SHARE);
        is_due
    }

    /// The folder is read now: whatever happens from here on is told by the next `settled`. Returns the files, below the
    /// folder, that are still being written.
    pub(super) fn begin(&mut self) -> HashSet<String> {
        let waits = self.shared.settle().take(Instant::now());
        self.watch();
        if let Some(stamps) = &mut self.polled {
            let now = shape::fingerprint(&self.dir);
            *stamps = Stamps { read: now, last: now };
        }
        let below = |path: &PathBuf| Some(path.strip_prefix(&self.real).ok()?.to_str()?.to_owned());
        waits.iter().filter_map(below).collect()
    }

    /// A file below the folder was found half written: it is read again later.
    pub(super) fn wait_for(&self, path: &str, patience: Duration) {
        self.shared.settle().wait_for(self.real.join(path), patience, Instant::now());
    }

    /// Watches every folder that is there now. One that is watched already stays so.
    fn watch(&mut self) {
        let root = shape::identity(&self.dir);
        if self.watcher.is_none() || root != self.root {
            (self.root, self.real) = (root, shape::real(&self.dir));
            self.watcher = None;
        }
        if root.is_none() {
            return;
        }
        let trouble = match self.watch_folders() {
            Err(reason) => Some(reason),
            Ok(()) => {
                shape::shared_file_system(&self.dir).map(|kind| format!("others may write to it unheard ({kind})"))
            }
        };
        if let Some(reason) = trouble {
            if self.vitals.note(Trouble::Polling, Some(reason.clone())) {
                tracing::warn!(
                    "the content folder is looked through every few seconds instead of being watched: {reason}"
                );
            }
            self.polled.get_or_insert_default();
        } else {
            if self.vitals.note(Trouble::Polling, None) {
                tracing::info!("the content folder is watched again");
            }
            self.polled = None;
        }
    }

    fn watch_folders(&mut self) -> Result<(), String> {
        let shared = self.shared.clone();
        let watcher = match &mut self.watcher {
            Some(watcher) => watcher,
            none => none.insert(notify::recommended_watcher(move |event| take_note(&shared, event)).map_err(tell)?),
        };
        let mut failure = None;
        shape::folders(&self.real, &mut |folder| {
            // each for itself: notify gives up on a whole tree where one folder in it vanishes meanwhile
            let outcome = watcher.watch(folder, RecursiveMode::NonRecursive);
            if let Some(error) = outcome.err().filter(|error| !is_gone_or_closed(error)) {
                failure = failure.take().or(Some(tell(error)));
            }
        });
        failure.map_or(Ok(()), Err)
    }
}

fn take_note(shared: &Shared, event: notify::Result<notify::Event>) {
    match event {
        // we read the files ourselves
        Ok(event)
            if matches!(event.kind, EventKind::Access(AccessKind::Open(_) | AccessKind::Close(AccessMode::Read))) =>
        {
            return;
        }
        Ok(event) => shared.settle().take_note(&event, Instant::now()),
        Err(_) => shared.settle().lost_events(Instant::now()),
    }
    shared.woken.notify_one();
}

/// Nothing to watch there; what can be read of it is told by reading.
fn is_gone_or_closed(error: &notify::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => matches!(error.kind(), NotADirectory | NotFound | PermissionDenied),
        _ => false,
    }
}

fn tell(error: notify::Error) -> String {
    match error.kind {
        ErrorKind::MaxFilesWatch => "the limit `fs.inotify.max_user_watches` is reached".to_owned(),
        kind => notify::Error::new(kind).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_a_reason_to_read_once_they_came_to_rest() {
        let mut stamps = Stamps { read: 1, last: 1 };
        let answers = [1, 2, 3, 3].map(|now| stamps.is_due(now));
        assert_eq!(answers, [false, false, false, true]);
        stamps = Stamps { read: 3, last: 3 };
        assert!(!stamps.is_due(3) && !stamps.is_due(4) && !stamps.is_due(3));
    }
}
