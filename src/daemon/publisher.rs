//! Loads, publishes and composes: one after the other, so that an issue never sees a half-loaded catalog.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::schedule::Ticks;
use super::watch::Changes;
use crate::app::{App, Decision, reading};
use crate::content::Loaded;
use crate::folder;
use crate::model::diagnostic::{Diagnostic, Severity};
use crate::model::health::Trouble;
use crate::model::time::Clock;
use crate::output::site::Site;
use crate::web::Web;

/// The folder is read again this often whatever the watcher says: events get lost.
const FULL_SCAN: Duration = Duration::from_mins(5);
/// After a publication failed or was held back: the disk may have room again, the store be free, the operator have said yes.
const RETRY: Duration = Duration::from_mins(1);

pub(super) struct Publisher {
    app: Arc<App>,
    web: Arc<Web>,
    clock: Clock,
    outbox_filled: Arc<Notify>,
    loaded: Option<Loaded>,
    next_change: Option<DateTime<Utc>>,
    /// Said already, so that a mistake is told once and not at every scan.
    told: Vec<Diagnostic>,
    /// Why the folder could not be loaded last time, said already.
    held: Option<String>,
    told_refused: Vec<Diagnostic>,
    tell_hubs: watch::Sender<Arc<Site>>,
}

impl Publisher {
    pub(super) fn new(
        app: Arc<App>,
        web: Arc<Web>,
        clock: Clock,
        outbox_filled: Arc<Notify>,
        tell_hubs: watch::Sender<Arc<Site>>,
    ) -> Self {
        Self {
            app,
            web,
            clock,
            outbox_filled,
            loaded: None,
            next_change: None,
            told: Vec::new(),
            told_refused: Vec::new(),
            held: None,
            tell_hubs,
        }
    }

    pub(super) async fn run(mut self, mut changes: Changes, mut ticks: Ticks, cancel: CancellationToken) {
        let mut scan_at = Instant::now() + FULL_SCAN;
        self.compose().await;
        loop {
            if scan_at <= Instant::now() {
                self.load_and_publish().await;
                self.compose().await;
                scan_at = Instant::now() + if self.held.is_some() { RETRY } else { FULL_SCAN };
            }
            tokio::select! {
                () = cancel.cancelled() => break,
                () = changes.settled() => scan_at = Instant::now(),
                () = ticks.next() => self.compose().await,
                () = tokio::time::sleep_until(scan_at) => {}
                () = self.until_next_change() => self.publish_if_changed().await,
            }
        }
        ticks.stop().await;
    }

    async fn publish_if_changed(&mut self) {
        if self.next_change.is_some_and(|at| at <= (self.clock)()) {
            self.publish().await;
        }
    }

    async fn until_next_change(&self) {
        match self.next_change {
            // wakes at least once a minute: the wall clock may be set meanwhile
            Some(at) => {
                let wait = (at - (self.clock)()).to_std().unwrap_or(Duration::ZERO);
                tokio::time::sleep(wait.min(Duration::from_mins(1))).await;
            }
            None => std::future::pending().await,
        }
    }

    pub(super) async fn load_and_publish(&mut self) {
        match self.app.load((self.clock)()).await {
            Ok(loaded) => {
                tell(&mut self.told, loaded.diagnostics.clone());
                self.held = None;
                self.web.vitals.read(reading(&loaded, (self.clock)()));
                self.loaded = Some(loaded);
                self.publish().await;
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if self.held.as_ref() != Some(&reason) {
                    tracing::error!("nothing is published, the last good site stays: {reason}");
                }
                self.web.vitals.held(&reason);
                self.held = Some(reason);
            }
        }
    }

    /// Publishes what was loaded last, as it should be seen now.
    async fn publish(&mut self) {
        let now = (self.clock)();
        let Some(loaded) = self.loaded.as_ref() else { return };
        let (begun, vitals) = (Instant::now(), self.web.vitals.clone());
        match self.app.publish(loaded, now).await {
            Ok(published) => {
                vitals.published(published.refused.clone());
                self.next_change = published.next_change;
                tell(&mut self.told_refused, published.refused);
                let site = Arc::new(published.site);
                // first: whoever asks over HTTP need not wait until every file is on the disk
                self.web.swap_in(site.clone());
                let documents = site.documents.len();
                let written = block_in_place(|| folder::write(&site, &self.app.config.publish.dir));
                vitals.publish_took(begun.elapsed());
                vitals.note(Trouble::Writing, written.as_ref().err().map(|error| format!("{error:#}")));
                match written {
                    Ok(folder::Written { changed: 0, removed: 0, .. }) => {}
                    Ok(written) => {
                        tracing::info!(documents, changed = written.changed, removed = written.removed, "published");
                    }
                    Err(error) => tracing::error!("published over HTTP only: {error:#}"),
                }
                // last: hubs come for it at once, and a web server beside us may serve the files
                self.tell_hubs.send_replace(site);
            }
            Err(error) => {
                tracing::error!("the last good site stays: {error:#}");
                vitals.publish_failed(format!("{error:#}"));
                // what was due stays due: without a pause it would be tried again at once, for ever
                self.next_change = now.checked_add_signed(TimeDelta::from_std(RETRY).unwrap_or_default());
            }
        }
    }

    async fn compose(&mut self) {
        let now = (self.clock)();
        let Some(loaded) = self.loaded.as_ref() else { return };
        match self.app.is_slot_open(now).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => return tracing::error!("no issue is composed: {error:#}"),
        }
        match self.app.compose(loaded, now).await {
            Ok(composed) => {
                for one in composed {
                    self.say(&one.newsletter, one.slot, &one.decision);
                }
            }
            Err(error) => tracing::error!("no issue is composed: {error:#}"),
        }
    }

    fn say(&self, newsletter: &str, slot: NaiveDateTime, decision: &Decision) {
        match decision {
            Decision::Frozen { number, recipients, .. } => {
                tracing::info!(newsletter, number, recipients, %slot, "issue frozen");
                self.outbox_filled.notify_one();
            }
            Decision::Empty => tracing::info!(newsletter, %slot, "nothing new: no issue"),
            Decision::Held { late_minutes } => {
                tracing::warn!(newsletter, %slot, late_minutes, "too late: held; `crieur send --at` its time sends it after all");
            }
            Decision::AlreadyDecided | Decision::NotYet | Decision::NoReaders => {}
        }
    }
}

/// Logs what is new among the diagnostics.
fn tell(told: &mut Vec<Diagnostic>, diagnostics: Vec<Diagnostic>) {
    for diagnostic in diagnostics.iter().filter(|diagnostic| !told.contains(diagnostic)) {
        let hint = diagnostic.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        match diagnostic.severity {
            Severity::Error => tracing::error!("{diagnostic}{hint}"),
            Severity::Warning => tracing::warn!("{diagnostic}{hint}"),
            Severity::Hint => tracing::info!("{diagnostic}{hint}"),
        }
    }
    *told = diagnostics;
}
