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
        self.warn_of_foreign_signatures();
        Ok(Outbox::new(
            self.store.clone(),
            Mailer::new(&self.config.mail)?,
            self.config.mail.clone(),
            self.key.clone(),
            self.masthead(&self.config.site.title),
            clock,
        ))
    }

    /// DMARC only counts a signature whose domain is that of From, or shares its organisation (RFC 7489 §3.1.1).
    fn warn_of_foreign_signatures(&self) {
        let from = self.config.mail.from.address.domain();
        for key in &self.config.mail.dkim {
            if !are_related(from, &key.domain) {
                tracing::warn!(
                    domain = key.domain,
                    from,
                    "`mail.dkim` signs for another domain than `mail.from` has: DMARC will not count it"
                );
            }
        }
    }
}

/// One is the other, or below it.
fn are_related(from: &str, domain: &str) -> bool {
    let below = |lower: &str, upper: &str| lower.strip_suffix(upper).is_some_and(|rest| rest.ends_with('.'));
    from == domain || below(from, domain) || below(domain, from)
}

#[cfg(test)]
mod tests {
    use super::are_related;

    #[test]
    fn a_domain_is_related_to_those_above_and_below_it() {
        for (from, domain, related) in [
            ("example.org", "example.org", true),
            ("news.example.org", "example.org", true),
            ("example.org", "mail.example.org", true),
            ("example.org", "anexample.org", false),
            ("example.org", "example.com", false),
        ] {
            assert_eq!(are_related(from, domain), related, "{from} {domain}");
        }
    }
}
