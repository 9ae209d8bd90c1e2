//! Step 4: claim by lease, build, send, record.

use std::sync::Arc;

use super::App;
use crate::delivery::mailer::Mailer;
use crate::delivery::message::Sender;
use crate::delivery::outbox::Outbox;
use crate::model::newsletter::Newsletter;
use crate::model::time::Clock;

impl App {
    /// The outbox, ready to be drained by whoever is in charge.
    ///
    /// # Errors
    /// Where the transport's settings cannot be used.
    pub fn outbox(&self, clock: Clock) -> anyhow::Result<Arc<Outbox>> {
        let titles =
            self.config.newsletters.iter().map(|newsletter| (newsletter.name.clone(), newsletter.title.clone()));
        Ok(Outbox::new(
            self.store.clone(),
            Mailer::new(&self.config.mail)?,
            self.config.site.clone(),
            self.config.mail.clone(),
            self.key.clone(),
            titles.collect(),
            clock,
        ))
    }

    pub(super) fn sender<'a>(&'a self, newsletter: &'a Newsletter) -> Sender<'a> {
        Sender { site: &self.config.site, mail: &self.config.mail, key: &self.key, title: &newsletter.title }
    }
}
