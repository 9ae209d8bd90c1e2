//! What the operator wants to know at a glance.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;

use super::App;
use crate::content::Loaded;
use crate::content::folder::FolderError;
use crate::model::delivery::DeliveryState;
use crate::model::diagnostic::Severity;
use crate::model::issue::Issue;
use crate::model::subscription::SubscriptionStatus;
use crate::store::LastPublish;

#[derive(Debug, Serialize)]
pub struct Status {
    pub catalog: CatalogStatus,
    /// What keeps the folder as it is now from being published.
    pub held: Option<String>,
    pub last_publish: Option<LastPublish>,
    pub newsletters: Vec<NewsletterStatus>,
    /// Deliveries of all issues by state.
    pub outbox: BTreeMap<&'static str, u64>,
    pub suppressions: u64,
}

#[derive(Debug, Serialize)]
pub struct CatalogStatus {
    pub announcements: usize,
    pub visible: usize,
    pub events: usize,
    pub errors: usize,
    pub warnings: usize,
}

#[derive(Debug, Serialize)]
pub struct NewsletterStatus {
    pub name: String,
    pub title: String,
    /// Local time of the site.
    pub next_slot: Option<NaiveDateTime>,
    pub last: Option<Issue>,
    pub subscribers: BTreeMap<&'static str, u64>,
}

impl App {
    /// # Errors
    /// Where the store cannot be read.
    pub async fn status(&self, now: DateTime<Utc>) -> anyhow::Result<Status> {
        let (loaded, held) = match self.read_with_ledger(now).await {
            Ok((loaded, ledger)) => {
                let held = self.held_back(&loaded, &ledger).map(|braked| braked.to_string());
                (loaded, held)
            }
            // what became of the site and the mails is wanted most where the folder has vanished
            Err(error) if error.is::<FolderError>() => (Loaded::default(), Some(format!("{error:#}"))),
            Err(error) => return Err(error),
        };
        let visible: Vec<_> = loaded.catalog.visible(now).collect();
        let counts = self.store.outbox_counts().await?;
        Ok(Status {
            catalog: CatalogStatus {
                announcements: loaded.catalog.len(),
                visible: visible.len(),
                events: visible.iter().filter(|announcement| announcement.event.is_some()).count(),
                errors: loaded.count(Severity::Error),
                warnings: loaded.count(Severity::Warning),
            },
            held,
            last_publish: self.store.last_publish().await?,
            newsletters: self.newsletters(now).await?,
            outbox: DeliveryState::ALL
                .into_iter()
                .map(|state| (state.as_str(), counts.get(&state).copied().unwrap_or(0)))
                .collect(),
            suppressions: self.store.suppression_count().await?,
        })
    }

    async fn newsletters(&self, now: DateTime<Utc>) -> anyhow::Result<Vec<NewsletterStatus>> {
        let mut all = Vec::new();
        for newsletter in &self.config.newsletters {
            let subscribers = self.store.subscription_counts(&newsletter.name).await?;
            let count = |status: SubscriptionStatus| (status.as_str(), subscribers.get(&status).copied().unwrap_or(0));
            all.push(NewsletterStatus {
                name: newsletter.name.clone(),
                title: newsletter.title.clone(),
                next_slot: newsletter.schedule.next_slot(now, self.config.site.zone).map(|slot| slot.local),
                last: self.store.issues(&newsletter.name, 1).await?.into_iter().next(),
                subscribers: SubscriptionStatus::ALL.into_iter().map(count).collect(),
            });
        }
        Ok(all)
    }
}
