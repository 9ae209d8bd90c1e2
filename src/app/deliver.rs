//! Step 4: claim by lease, build, send, record.

use std::sync::Arc;

use super::App;
use crate::delivery::mailer::Mailer;
use crate::delivery::outbox::Outbox;
use crate::model::time::Clock;

impl App {
    /// The outbox, ready to be drained by whoever is in charge.
    ///
    /// # Errors
    /// Where the transport's settings cannot be used.
    pub fn outbox(&self, clock: Clock) -> anyhow::Result<Arc<Outbox>> {
        Ok(Outbox::new(
            self.store.clone(),
            Mailer::new(&self.config.mail)?,
            self.config.mail.clone(),
            self.key.clone(),
            self.masthead(&self.config.site.title),
            clock,
        ))
    }
}
