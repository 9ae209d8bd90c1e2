//! The issues that have a page on the web, as the site is built with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use super::App;
use crate::model::issue::IssuePage;
use crate::store::{self, Listed};

impl App {
    /// All of them, oldest first. What is frozen never changes: each is read once.
    pub(super) async fn issue_pages(&self) -> store::Result<Vec<Arc<IssuePage>>> {
        let known = self.issue_pages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known: BTreeMap<i64, Arc<IssuePage>> = known.into_iter().map(|page| (page.issue, page)).collect();
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
