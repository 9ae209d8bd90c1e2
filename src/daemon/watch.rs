//! Tells when the content folder changed and has come to rest. What changed is found out by reading it: events get lost,
//! come twice, and say nothing of files written before their folder was watched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc;

/// How long nothing may happen before the folder is read: an editor's save is several events.
const SETTLE: Duration = Duration::from_millis(150);

pub(super) struct Changes {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    changes: mpsc::Receiver<()>,
}

impl Changes {
    pub(super) fn watch(dir: &Path) -> anyhow::Result<Self> {
        let (sender, changes) = mpsc::channel(1);
        let mut debouncer = new_debouncer(SETTLE, None, move |result: DebounceEventResult| {
            let worth_reading = match result {
                // reading the folder is itself an event of kind Access
                Ok(events) => events.iter().any(|event| !event.kind.is_access()),
                Err(_) => true,
            };
            if worth_reading {
                let _ = sender.try_send(());
            }
        })
        .context("the content folder cannot be watched")?;
        let dir: PathBuf = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        debouncer
            .watch(&dir, RecursiveMode::Recursive)
            .with_context(|| format!("the content folder `{}` cannot be watched", dir.display()))?;
        Ok(Self { _debouncer: debouncer, changes })
    }

    /// Until something changed and then nothing did for a moment.
    pub(super) async fn settled(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
