//! What the operator wants to know at a glance.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::App;
use crate::content::Loaded;
use crate::content::folder::FolderError;
use crate::model::delivery::DeliveryState;
use crate::model::diagnostic::Severity;
use crate::model::newsletter::Newsletter;
use crate::model::status::{
    self, CatalogFigures, Figures, FileFigures, IssueFigures, NewsletterFigures, Reading, Status, deliveries_by_day,
    readers_by_day,
};
use crate::model::subscription::SubscriptionStatus;
use crate::store::DeliveryCounts;

/// Slots of a newsletter whose deliveries are told one by one.
const ISSUES: u32 = 5;

impl App {
    /// Reads the folder for it, and remembers nothing of that.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn status(&self, now: DateTime<Utc>) -> anyhow::Result<Status> {
        let reading = match self.read_with_ledger(now).await {
            Ok((loaded, ledger)) => {
                let held = self.held_back(&loaded, &ledger).map(|braked| braked.to_string());
                Reading { held, ..reading(&loaded, now) }
            }
            // what became of the site and the mails is wanted most where the folder has vanished
            Err(error) if error.is::<FolderError>() => {
                Reading { held: Some(format!("{error:#}")), ..Reading::default() }
            }
            Err(error) => return Err(error),
        };
        self.status_of(reading, now).await
    }

    /// The same of a folder that was read already.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn status_of(&self, reading: Reading, now: DateTime<Utc>) -> anyhow::Result<Status> {
        Ok(Status { version: env!("CARGO_PKG_VERSION"), at: now, reading, figures: self.figures(now).await? })
    }

    async fn figures(&self, now: DateTime<Utc>) -> anyhow::Result<Figures> {
        let zone = self.config.site.zone;
        let days = status::days(now, zone);
        let mut newsletters = Vec::new();
        for newsletter in &self.config.newsletters {
            newsletters.push(self.newsletter_figures(newsletter, &days, now).await?);
        }
        Ok(Figures {
            pauses: self.store.pauses().await?,
            held_issues: self.store.held_issues().await?,
            last_publish: self.store.last_publish().await?,
            newsletters,
            outbox: by_state(&self.store.outbox_counts().await?),
            letters: by_state(&self.store.letter_counts().await?),
            quiet_until: self.config.mail.quiet_hours.and_then(|hours| hours.until(now)),
            suppressions: self.store.suppression_count().await?,
            deliveries: deliveries_by_day(&self.store.deliveries_since(status::horizon(now)).await?, &days, zone),
            refusals: self.store.refusals_since(status::horizon(now)).await?,
        })
    }

    async fn newsletter_figures(
        &self,
        newsletter: &Newsletter,
        days: &[NaiveDate],
        now: DateTime<Utc>,
    ) -> anyhow::Result<NewsletterFigures> {
        let zone = self.config.site.zone;
        let name = &newsletter.name;
        let subscribers = self.store.subscription_counts(name).await?;
        let count = |status: SubscriptionStatus| (status.as_str(), subscribers.get(&status).copied().unwrap_or(0));
        let slots = self.store.issues(name, ISSUES).await?;
        let mut issues = Vec::new();
        for issue in &slots {
            let Some(number) = issue.number else { continue };
            let deliveries = by_state(&self.store.delivery_counts(issue.id).await?);
            issues.push(IssueFigures { number, slot: issue.slot, deliveries });
        }
        let next = self.slot_ahead(newsletter, now).await?;
        Ok(NewsletterFigures {
            name: name.clone(),
            title: newsletter.title.clone(),
            next_slot: next.map(|slot| slot.local),
            next_due: next.map(|slot| slot.due),
            last: slots.into_iter().next(),
            subscribers: SubscriptionStatus::ALL.into_iter().map(count).collect(),
            issues,
            readers: readers_by_day(&self.store.readers_since(name, status::horizon(now)).await?, days, zone),
        })
    }
}

/// What a folder that was read has in it, as readers should see it at `now`.
pub fn reading(loaded: &Loaded, now: DateTime<Utc>) -> Reading {
    let visible: Vec<_> = loaded.catalog.visible(now).collect();
    Reading {
        catalog: CatalogFigures {
            announcements: loaded.catalog.len(),
            visible: visible.len(),
            events: visible.iter().filter(|announcement| announcement.event.is_some()).count(),
            errors: loaded.count(Severity::Error),
            warnings: loaded.count(Severity::Warning),
        },
        files: FileFigures { found: loaded.files, read: loaded.read, parsed: loaded.parsed },
        held: None,
        diagnostics: loaded.diagnostics.clone(),
    }
}

/// Every state, also where nothing is in it.
fn by_state(counts: &DeliveryCounts) -> BTreeMap<&'static str, u64> {
    let count = |state: DeliveryState| (state.as_str(), counts.get(&state).copied().unwrap_or(0));
    DeliveryState::ALL.into_iter().map(count).collect()
}
