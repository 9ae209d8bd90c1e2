//! The issues that have a page on the web, as the site is built with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use super::App;
use crate::model::issue::IssuePage;
use crate::store::{self, Listed};

impl App {
    /// Whether an issue has a page that the last site lacks: another process froze it, or had it approved.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn is_issue_page_due(&self) -> store::Result<bool> {
        let ids = self.known_pages().into_keys().collect();
        Ok(self.store.issue_pages(&ids).await?.iter().any(|listed| matches!(listed, Listed::Read(_))))
    }

    fn known_pages(&self) -> BTreeMap<i64, Arc<IssuePage>> {
        let known = self.issue_pages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.into_iter().map(|page| (page.issue, page)).collect()
    }

    /// All of them, oldest first. What is frozen never changes: each is read once.
    pub(super) async fn issue_pages(&self) -> store::Result<Vec<Arc<IssuePage>>> {
        let known = self.known_pages();
        let ids: BTreeSet<i64> = known.keys().copied().collect();
        let listed = self.store.issue_pages(&ids).await?.into_iter().filter_map(|listed| match listed {
            Listed::Known(id) => known.get(&id).cloned(),
            Listed::Read(page) => Some(Arc::new(page)),
        });
        let pages: Vec<Arc<IssuePage>> = listed.collect();
        self.issue_pages.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&pages);
        Ok(pages)
    }
}
