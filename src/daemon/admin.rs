//! What the admin listener is told when it asks.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::app::App;
use crate::delivery::outbox::Outbox;
use crate::model::health::Trouble;
use crate::model::status::{Reading, Status, Traffic};
use crate::model::time::Clock;
use crate::web::Vitals;
use crate::web::admin::Teller;

pub(super) struct Desk {
    pub apps: watch::Receiver<Arc<App>>,
    pub outboxes: watch::Receiver<Arc<Outbox>>,
    pub vitals: Arc<Vitals>,
    pub clock: Clock,
    pub started: DateTime<Utc>,
}

#[async_trait]
impl Teller for Desk {
    async fn status(&self, reading: Reading) -> Option<Status> {
        let app = self.apps.borrow().clone();
        match app.status_of(reading, (self.clock)()).await {
            Ok(status) => Some(status),
            Err(error) => {
                tracing::error!("the status cannot be told: {error:#}");
                self.vitals.note(Trouble::Store, Some(format!("{error:#}")));
                None
            }
        }
    }

    fn traffic(&self) -> Traffic {
        let outbox = self.outboxes.borrow().clone();
        let (tally, relay) = (*outbox.tally().borrow(), outbox.relay());
        Traffic {
            started: self.started,
            sent: tally.sent,
            deferred: tally.deferred,
            refused: tally.refused,
            doubt: tally.doubt,
            skipped: tally.skipped,
            relay_open: relay.open,
            relay_opened: relay.opened,
            relay_failed: relay.failed,
            domains_paused: outbox.paused_domains() as u64,
        }
    }
}
