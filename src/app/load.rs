//! Step 1: folder → catalog and diagnostics.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::task::block_in_place;

use super::App;
use crate::config::Config;
use crate::content::folder::{self, FolderError};
use crate::content::mapping::{self, Habits, Understood};
use crate::content::profile::Profile;
use crate::content::{self, Loaded};
use crate::model::diagnostic::Diagnostic;

impl App {
    /// Reads the content folder. One bad file never stops the rest: its last good version stays.
    ///
    /// # Errors
    /// `FolderError` where the folder itself cannot be read; nothing is concluded from that.
    pub async fn load(&self, now: DateTime<Utc>) -> anyhow::Result<Loaded> {
        let loaded = self.read(now).await?;
        self.must_not_be_emptied(&loaded)?;
        self.keep(loaded).await
    }

    /// As `load`, where the operator says that an empty folder is meant.
    ///
    /// # Errors
    /// As `load`.
    pub async fn load_confirmed(&self, now: DateTime<Utc>) -> anyhow::Result<Loaded> {
        let loaded = self.read(now).await?;
        self.keep(loaded).await
    }

    /// A folder that had announcements and has none is rather a disk that is not mounted.
    fn must_not_be_emptied(&self, loaded: &Loaded) -> Result<(), FolderError> {
        if loaded.files == 0 && !loaded.gone.is_empty() {
            return Err(FolderError::Emptied(self.config.content.dir.clone(), loaded.gone.len()));
        }
        Ok(())
    }

    async fn keep(&self, loaded: Loaded) -> anyhow::Result<Loaded> {
        if !loaded.good.is_empty() || !loaded.gone.is_empty() {
            self.store.keep_last_good(&loaded.good, &loaded.gone).await?;
        }
        Ok(loaded)
    }

    /// As `load`, but remembers nothing.
    pub(super) async fn read(&self, now: DateTime<Utc>) -> anyhow::Result<Loaded> {
        let last_good = self.store.last_good().await?;
        let first_seen = self.store.ledger().await?.first_seen_by_path();
        Ok(block_in_place(|| read_folder(&self.config, &self.profile, &last_good, &first_seen, now))?)
    }
}

/// Reads the folder of a configuration without any state: what `check` does.
///
/// # Errors
/// Where the folder itself cannot be read.
pub fn check(config: &Config, now: DateTime<Utc>) -> Result<Loaded, FolderError> {
    let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
    read_folder(config, &profile, &HashMap::new(), &HashMap::new(), now)
}

/// Reads one file by a configuration: its announcement with the origin of each field, or why there is none.
///
/// # Errors
/// Where the content folder cannot be read.
pub fn explain(config: &Config, path: &str, now: DateTime<Utc>) -> Result<Option<FileRead>, FolderError> {
    let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
    let walk = folder::walk(&config.content.dir, config.content.max_bytes)?;
    let first_seen = HashMap::new();
    let habits =
        Habits { site: &config.site, content: &config.content, profile: &profile, first_seen: &first_seen, now };
    Ok(walk.files.into_iter().find(|file| file.path == path).map(|file| match file.bytes {
        Ok(bytes) => mapping::read(path, &bytes, habits),
        Err(error) => Err(vec![error]),
    }))
}

/// What became of one file.
pub type FileRead = Result<Understood, Vec<Diagnostic>>;

fn read_folder(
    config: &Config,
    profile: &Profile,
    last_good: &HashMap<String, Vec<u8>>,
    first_seen: &HashMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Loaded, FolderError> {
    let walk = folder::walk(&config.content.dir, config.content.max_bytes)?;
    let habits = Habits { site: &config.site, content: &config.content, profile, first_seen, now };
    let mut loaded = content::load(walk, last_good, habits);
    for diagnostic in &mut loaded.diagnostics {
        diagnostic.file = config.content.dir.join(&diagnostic.file).display().to_string();
    }
    Ok(loaded)
}
