//! The clock's hand: a tick every few seconds on which the slots of newsletters are looked at.
//!
//! tokio-cron-scheduler freezes a zone's offset when a job is made (an hour off after a change of clocks), has no catch-up
//! and no guard against overlaps; so it ticks in UTC, and which slot is due is `model::newsletter`'s to say.

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler};

/// Every five seconds.
const EVERY: &str = "*/5 * * * * *";

pub(super) struct Ticks {
    scheduler: JobScheduler,
    ticks: mpsc::Receiver<()>,
}

impl Ticks {
    pub(super) async fn start() -> anyhow::Result<Self> {
        // room for one: a tick that finds the last one unread says nothing new
        let (sender, ticks) = mpsc::channel(1);
        let scheduler = JobScheduler::new().await.context("the schedule cannot be set up")?;
        let job = Job::new(EVERY, move |_, _| {
            let _ = sender.try_send(());
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, ticks })
    }

    pub(super) async fn next(&mut self) {
        if self.ticks.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Counts from the present hour again: after the clock was set back, the next tick would be as far away as it was set.
    pub(super) async fn restart(&mut self) {
        match Self::start().await {
            Ok(ticks) => std::mem::replace(self, ticks).stop().await,
            Err(error) => tracing::error!("the schedule goes by the former clock: {error:#}"),
        }
    }

    pub(super) async fn stop(&mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the schedule did not stop");
        }
    }
}
