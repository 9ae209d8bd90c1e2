//! Loads, publishes and composes: one after the other, so that an issue never sees a half-loaded catalog.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::jump::{Clocks, nap};
use super::pauses::Trust;
use super::schedule::Ticks;
use super::systemd::{Part, Pulse};
use super::watch::Changes;
use crate::app::{App, Composed, Decision, reading};
use crate::content::folder::Stamp;
use crate::content::{Loaded, settling};
use crate::delivery::outbox::Outbox;
use crate::folder::{Mirror, Written};
use crate::model::diagnostic::{Diagnostic, Severity};
use crate::model::health::Trouble;
use crate::model::time::Clock;
use crate::output::site::Site;
use crate::web::{Front, Web};

/// The folder is read again this often whatever the watcher says, and every published file looked at: events get lost.
const FULL_SCAN: Duration = Duration::from_mins(5);
/// After a publication failed or was held back: the disk may have room again, the store be free, the operator have said yes.
const RETRY: Duration = Duration::from_mins(1);
/// Between two looks at the wall clock.
const CLOCK_LOOK: Duration = Duration::from_secs(1);

/// Where what is made goes to.
pub(super) struct Outlets {
    pub front: Front,
    pub apps: watch::Sender<Arc<App>>,
    pub outboxes: watch::Sender<Arc<Outbox>>,
    pub sites: watch::Sender<Arc<Site>>,
    pub outbox_filled: Arc<Notify>,
}

pub(super) struct Publisher {
    pub(super) app: Arc<App>,
    pub(super) web: Arc<Web>,
    pub(super) clock: Clock,
    pub(super) changes: Changes,
    pub(super) mirror: Mirror,
    pub(super) outlets: Outlets,
    trust: Trust,
    pulse: Arc<Pulse>,
    loaded: Option<Loaded>,
    next_change: Option<DateTime<Utc>>,
    scan_at: Instant,
    /// Something was published that newsletters without slots may have to tell.
    is_news: bool,
    /// Said already, so that a mistake is told once and not at every scan.
    told: Vec<Diagnostic>,
    told_refused: Vec<Diagnostic>,
    told_failed: Vec<Composed>,
}

impl Publisher {
    pub(super) fn new(app: Arc<App>, web: Arc<Web>, clock: Clock, outlets: Outlets, pulse: Arc<Pulse>) -> Self {
        let content = &app.config.content;
        Self {
            changes: Changes::of(&content.dir, content.max_bytes, web.vitals.clone()),
            mirror: Mirror::of(&app.config.publish.dir),
            trust: Trust::from(clock()),
            app,
            web,
            clock,
            outlets,
            pulse,
            loaded: None,
            next_change: None,
            scan_at: Instant::now() + FULL_SCAN,
            is_news: false,
            told: Vec::new(),
            told_refused: Vec::new(),
            told_failed: Vec::new(),
        }
    }

    pub(super) async fn run(mut self, mut ticks: Ticks, reload: Arc<Notify>, cancel: CancellationToken) {
        let mut clocks = Clocks::new((self.clock)(), std::time::Instant::now());
        self.compose().await;
        loop {
            self.pulse.beat(Part::Publisher);
            if let Some(by) = clocks.jump((self.clock)(), std::time::Instant::now()) {
                tracing::warn!(
                    seconds = by.num_seconds(),
                    "the clock was set, or the machine slept: everything is looked at anew"
                );
                self.is_paused().await;
                self.scan_at = Instant::now();
                ticks.restart().await;
            }
            if self.scan_at <= Instant::now() {
                self.mirror.distrust();
                self.load_and_publish().await;
                self.compose().await;
            }
            let nap = nap(self.next_change, (self.clock)(), CLOCK_LOOK);
            tokio::select! {
                () = cancel.cancelled() => break,
                () = reload.notified() => self.reload().await,
                () = self.changes.settled() => {
                    self.load_and_publish().await;
                    self.compose().await;
                }
                () = ticks.next() => {
                    self.publish_if_issued().await;
                    self.compose().await;
                }
                () = self.pulse.wait() => {}
                () = tokio::time::sleep_until(self.scan_at.min(Instant::now() + nap)) => self.publish_if_changed().await,
            }
        }
        ticks.stop().await;
    }

    async fn publish_if_changed(&mut self) {
        if self.next_change.is_some_and(|at| at <= (self.clock)()) {
            self.publish().await;
            self.compose().await;
        }
    }

    /// A mail that leads to the page of its issue is on its way, whoever froze it.
    async fn publish_if_issued(&mut self) {
        match self.app.is_issue_page_due().await {
            Ok(false) => {}
            Ok(true) => self.publish().await,
            Err(error) => tracing::warn!(%error, "pages of issues wait"),
        }
    }

    /// The first publication. What was copied into the folder just before we were started should be in it.
    pub(super) async fn begin(&mut self) {
        let (now, content) = ((self.clock)(), &self.app.config.content);
        let rest = block_in_place(|| settling::rest_of_folder(&content.dir, content.max_bytes, now));
        tokio::time::sleep(rest).await;
        self.load_and_publish().await;
    }

    pub(super) async fn load_and_publish(&mut self) {
        let waits = block_in_place(|| self.changes.begin());
        let (begun, content, half) = ((self.clock)(), &self.app.config.content, Mutex::new(Vec::new()));
        let is_half = |path: &str, stamp: &Stamp| {
            let now = (self.clock)();
            let rest = || settling::rest(&content.dir.join(path), stamp, content.max_bytes, now);
            let rest = || rest().or_else(|| settling::written_since(begun, stamp, now));
            waits.contains(path)
                || rest().is_some_and(|rest| {
                    half.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), rest));
                    true
                })
        };
        let loaded = self.app.load_settled(begun, &is_half).await;
        for (path, rest) in half.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.changes.wait_for(&path, rest);
        }
        self.scan_at = Instant::now() + FULL_SCAN;
        match loaded {
            Ok(loaded) => {
                tell(&mut self.told, loaded.diagnostics.clone());
                if self.web.vitals.read(reading(&loaded, (self.clock)())) {
                    tracing::info!("the content folder can be published again");
                }
                self.loaded = Some(loaded);
                self.publish().await;
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if self.web.vitals.held(&reason) {
                    tracing::error!("nothing is published, the last good site stays: {reason}");
                }
                self.scan_at = Instant::now() + RETRY;
            }
        }
    }

    /// Publishes what was loaded last, as it should be seen now.
    async fn publish(&mut self) {
        let now = (self.clock)();
        let Some(loaded) = self.loaded.as_ref() else { return };
        let begun = Instant::now();
        match self.app.publish(loaded, now).await {
            Ok(published) => {
                if self.web.vitals.published(published.refused.clone()) {
                    tracing::info!("sites are made again");
                }
                self.next_change = published.next_change;
                self.is_news = true;
                tell(&mut self.told_refused, published.refused);
                let site = published.site;
                // first: whoever asks over HTTP need not wait until every file is on the disk
                self.web.swap_in(site.clone());
                self.write(&site);
                self.web.vitals.publish_took(begun.elapsed());
                // last: hubs come for it at once, and a web server beside us may serve the files
                self.outlets.sites.send_replace(site);
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if self.web.vitals.publish_failed(&reason) {
                    tracing::error!("the last good site stays: {reason}");
                }
                // what was due stays due: without a pause it would be tried again at once, for ever
                self.next_change = now.checked_add_signed(TimeDelta::from_std(RETRY).unwrap_or_default());
            }
        }
    }

    fn write(&mut self, site: &Site) {
        let written = block_in_place(|| self.mirror.write(site));
        if written.is_ok() && self.web.vitals.note(Trouble::Writing, None) {
            tracing::info!("files can be written again");
        }
        match written {
            Ok(Written { changed: 0, removed: 0, .. }) => {}
            Ok(written) => {
                let documents = site.documents.len();
                tracing::info!(documents, changed = written.changed, removed = written.removed, "published");
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if self.web.vitals.note(Trouble::Writing, Some(reason.clone())) {
                    tracing::error!("published over HTTP only: {reason}");
                }
                self.scan_at = Instant::now() + RETRY;
            }
        }
    }

    /// What was said holds for another configuration.
    pub(super) fn forget_what_was_told(&mut self) {
        self.told.clear();
        self.told_refused.clear();
    }

    async fn is_paused(&mut self) -> bool {
        self.trust.is_paused(&*self.app.store, &self.web.vitals, (self.clock)()).await
    }

    pub(super) async fn compose(&mut self) {
        if self.is_paused().await {
            return;
        }
        let now = (self.clock)();
        // a folder that is held back may be half a folder, and what was in it an hour ago is no news: issues wait for it
        let Some(loaded) = self.loaded.as_ref().filter(|_| !self.web.vitals.health().has(Trouble::Held)) else {
            return;
        };
        match self.app.is_slot_open(now).await {
            Ok(false) if !self.is_news => return,
            Ok(_) => {}
            Err(error) => return tracing::error!("no issue is composed: {error:#}"),
        }
        match self.app.compose(loaded, now).await {
            Ok(composed) => {
                self.is_news = false;
                if composed.iter().any(|one| matches!(one.decision, Decision::Frozen { .. })) {
                    // first: the mails lead to its page
                    self.publish().await;
                }
                self.say(composed);
            }
            Err(error) => tracing::error!("no issue is composed: {error:#}"),
        }
    }

    /// A failure is told once, and tried again at each look.
    fn say(&mut self, composed: Vec<Composed>) {
        for one in &composed {
            let (newsletter, slot) = (&one.newsletter, one.slot);
            match &one.decision {
                Decision::Frozen { number, recipients, awaits_approval, .. } => {
                    let then = if *awaits_approval { ", waits for `crieur issues approve`" } else { "" };
                    tracing::info!(newsletter, number, recipients, %slot, "issue frozen{then}");
                    self.outlets.outbox_filled.notify_one();
                }
                Decision::Empty => tracing::info!(newsletter, %slot, "nothing new: no issue"),
                Decision::Held { late_minutes } => {
                    tracing::warn!(newsletter, %slot, late_minutes, "too late: held; `crieur send --at` its time sends it after all");
                }
                Decision::Failed { reason } if !self.told_failed.contains(one) => {
                    tracing::error!(newsletter, %slot, "no issue can be made: {reason}");
                }
                Decision::Failed { .. }
                | Decision::AlreadyDecided
                | Decision::StillHeld
                | Decision::NotYet
                | Decision::NoReaders
                | Decision::Paused => {}
            }
        }
        self.told_failed = composed;
        self.told_failed.retain(|one| matches!(one.decision, Decision::Failed { .. }));
        let reason = |one: &Composed| match &one.decision {
            Decision::Failed { reason } => Some(format!("{}, {}: {reason}", one.newsletter, one.slot.format("%F %R"))),
            _ => None,
        };
        self.web.vitals.note(Trouble::Composing, self.told_failed.iter().find_map(reason));
        self.is_news |= !self.told_failed.is_empty();
    }
}

/// Logs what is new among the diagnostics.
fn tell(told: &mut Vec<Diagnostic>, diagnostics: Vec<Diagnostic>) {
    let before: HashSet<&Diagnostic> = told.iter().collect();
    for diagnostic in diagnostics.iter().filter(|diagnostic| !before.contains(diagnostic)) {
        let hint = diagnostic.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        match diagnostic.severity {
            Severity::Error => tracing::error!("{diagnostic}{hint}"),
            Severity::Warning => tracing::warn!("{diagnostic}{hint}"),
            Severity::Hint => tracing::info!("{diagnostic}{hint}"),
        }
    }
    *told = diagnostics;
}
