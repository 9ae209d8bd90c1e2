//! Lets a mail server hand over what came back, where `[mail] bounce_lmtp` says.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::app::App;
use crate::delivery::bounce::lmtp::{Desk, Receipt};
use crate::delivery::bounce::verp;
use crate::model::subscription::EmailAddress;
use crate::model::time::Clock;

/// Works with whatever configuration holds at the moment.
pub(super) struct Reports {
    pub apps: watch::Receiver<Arc<App>>,
    pub clock: Clock,
}

#[async_trait]
impl Desk for Reports {
    fn is_ours(&self, recipient: &str) -> bool {
        let app = self.apps.borrow().clone();
        let own = app.config.mail.bounce_address.as_ref().map(EmailAddress::as_str);
        own.is_some_and(|own| own.eq_ignore_ascii_case(recipient)) || verp::find(&app.key, recipient).is_some()
    }

    async fn take(&self, message: Vec<u8>, recipients: Vec<String>) -> Receipt {
        let app = self.apps.borrow().clone();
        match app.take_report(message, recipients, (self.clock)()).await {
            Ok(taken) if taken.is_settled() => Receipt::Taken,
            Ok(_) => Receipt::Refused,
            Err(error) => {
                tracing::error!(%error, "a report waits with the mail server");
                Receipt::NotNow
            }
        }
    }
}
