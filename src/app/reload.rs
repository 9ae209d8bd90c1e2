//! Another configuration while everything runs, and whether the state is still where it was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Makers;
use super::{App, templates};
use crate::config::{Config, StoreLocation};
use crate::content::profile::Profile;
use crate::content::shape;
use crate::output::site::Site;
use crate::store::StoreError;

impl App {
    /// Reads configuration and templates anew, on the same store. What was read of the content is forgotten: it may mean
    /// something else now.
    ///
    /// # Errors
    /// What is wrong with either; this one goes on as it is.
    pub fn reloaded(&self) -> anyhow::Result<Self> {
        let config = Config::load(&self.config.file)?;
        if config.store != self.config.store {
            tracing::warn!("`[store]` is another one now: that takes a restart");
        }
        let (templates, own) = templates(&config.templates)?;
        let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
        let previous = self.previous.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // last good versions stay; other settings and templates make other documents of the same
        let previous = Arc::new(Site { made_from: HashMap::new(), ..Site::clone(&previous) });
        Ok(Self {
            store: self.store.clone(),
            templates,
            key: self.key.clone(),
            makers: Makers::new(&config, &profile, &own),
            profile,
            memory: Mutex::default(),
            ledger: Mutex::default(),
            archives: Mutex::default(),
            issue_pages: Mutex::default(),
            previous: Mutex::new(previous),
            state: self.state,
            // the store stays the one that is open, and its place is where that is
            config: Config { store: self.config.store.clone(), ..config },
        })
    }

    /// Whether the state file is still the one that was opened, and keeps what is written to it. One that was moved or deleted
    /// would take everything we write and lose it when we end.
    ///
    /// # Errors
    /// `StoreError` where it is not.
    pub fn state_is_in_place(&self) -> Result<(), StoreError> {
        self.store.can_be_relied_upon()?;
        let StoreLocation::Sqlite(path) = &self.config.store;
        if shape::identity(path) == self.state {
            return Ok(());
        }
        let reason = "it was moved, deleted or replaced while it was open".to_owned();
        Err(StoreError::Unusable { place: path.display().to_string(), reason })
    }
}
