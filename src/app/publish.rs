//! Step 2: catalog and ledger → the whole site as bytes, checked.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::block_in_place;

use super::App;
use crate::content::Loaded;
use crate::model::diagnostic::{Diagnostic, Severity};
use crate::output::site::{self, Site};
use crate::store::LastPublish;

/// A site built, and when it will have to be built again although nobody writes anything.
#[derive(Debug)]
pub struct Published {
    pub site: Arc<Site>,
    pub next_change: Option<DateTime<Utc>>,
    /// What did not pass the gate, and what became of it.
    pub refused: Vec<Diagnostic>,
}

impl App {
    /// Builds the site as readers should see it at `now` and takes note in the ledger of what is new or changed.
    ///
    /// # Errors
    /// `StoreError`; the caller keeps the last good site.
    pub async fn publish(&self, loaded: &Loaded, now: DateTime<Utc>) -> anyhow::Result<Published> {
        let catalog = &loaded.catalog;
        let mut ledger = self.ledger().await?;
        let changed = ledger.take_note(catalog, now);
        let withdrawn = ledger.tombstones(now);
        let archives = self.closed_archives().await?;
        let issues = self.issue_pages().await?;
        let previous = self.last_site().await;
        let source = site::Source {
            site: &self.config.site,
            publish: &self.config.publish,
            newsletters: &self.config.newsletters,
            templates: &self.templates,
            catalog,
            ledger: &ledger,
            withdrawn: &withdrawn,
            archives: &archives,
            issues: &issues,
            previous: Some(&previous),
            now,
        };
        let (site, refused) = self.with_last_good(block_in_place(|| site::build(source)), &previous);
        // only what passed the gate is remembered as published
        self.store.take_note(&changed).await?;
        self.keep_archives(&site.archives, &archives).await?;
        let count = |severity| loaded.count(severity) as u64;
        let publish = LastPublish {
            at: now,
            announcements: catalog.visible(now).count() as u64,
            documents: site.documents.len() as u64,
            errors: count(Severity::Error) + refused.len() as u64,
            warnings: count(Severity::Warning),
        };
        self.store.record_publish(&publish).await?;
        self.keep_documents(&site, &previous).await;
        let next_change = [catalog.next_change(now), ledger.next_change(now)].into_iter().flatten().min();
        Ok(Published { site, next_change, refused })
    }
}
