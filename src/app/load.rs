//! Step 1: folder → catalog and diagnostics.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::task::block_in_place;

use super::App;
use super::memory::locked;
use crate::config::Config;
use crate::content::folder::{self, FolderError, Stamp};
use crate::content::mapping::{self, Habits, Understood};
use crate::content::memory::Memory;
use crate::content::profile::Profile;
use crate::content::{self, Loaded};
use crate::model::diagnostic::Diagnostic;
use crate::model::revision::Ledger;

impl App {
    /// Reads the content folder. One bad file never stops the rest: its last good version stays. What is renamed keeps its
    /// identity, and the ledger learns its new place.
    ///
    /// # Errors
    /// `FolderError` where the folder itself cannot be read, `Braked` where too much would be withdrawn at once; nothing is
    /// concluded from either.
    pub async fn load(&self, now: DateTime<Utc>) -> anyhow::Result<Loaded> {
        self.load_settled(now, &|_, _| false).await
    }

    /// As `load`, but files that `waits` is true for, by path below the content folder and stamp, are still being written:
    /// they say what they said last, and where that is nothing, nothing.
    ///
    /// # Errors
    /// As `load`.
    pub async fn load_settled(&self, now: DateTime<Utc>, waits: &Waits<'_>) -> anyhow::Result<Loaded> {
        let (loaded, ledger) = self.read_with_ledger_settled(now, waits).await?;
        if let Some(held) = self.held_back(&loaded, &ledger) {
            return Err(held.into());
        }
        self.keep(loaded, &ledger).await
    }

    /// As `load`, where the operator says that what is gone is meant to be.
    ///
    /// # Errors
    /// As `load`, without `Braked`.
    pub async fn load_confirmed(&self, now: DateTime<Utc>) -> anyhow::Result<Loaded> {
        let (loaded, ledger) = self.read_with_ledger(now).await?;
        self.keep(loaded, &ledger).await
    }

    /// The mass-change brake. A folder that had announcements and has none is rather a disk that is not mounted, and a large
    /// part of it gone rather a wrong branch than an editor's wish. One announcement may always go.
    pub(super) fn held_back(&self, loaded: &Loaded, ledger: &Ledger) -> Option<Braked> {
        let (withdrawn, live) = ledger.withdrawals(&loaded.catalog);
        let emptied = loaded.files == 0 && !loaded.gone.is_empty();
        #[expect(clippy::cast_precision_loss, reason = "a share of announcements")]
        let many = withdrawn.len() > 1 && withdrawn.len() as f64 > self.config.content.max_withdrawn * live as f64;
        (emptied || many).then(|| Braked {
            dir: self.config.content.dir.display().to_string(),
            withdrawn: withdrawn.len().max(if emptied { loaded.gone.len() } else { 0 }),
            live: live.max(loaded.gone.len()),
            first: withdrawn.first().map_or_else(|| loaded.gone[0].clone(), |entry| entry.path.clone()),
        })
    }

    async fn keep(&self, loaded: Loaded, ledger: &Ledger) -> anyhow::Result<Loaded> {
        // first: the last bytes of a file that is gone are what it is known again by
        let moved = ledger.moved(&loaded.catalog);
        if !moved.is_empty() {
            self.store.take_note(&moved).await?;
        }
        if !loaded.good.is_empty() || !loaded.gone.is_empty() {
            self.store.keep_last_good(&loaded.good, &loaded.gone).await?;
        }
        self.keep_files().await;
        Ok(loaded)
    }

    /// As `load`, but remembers nothing and holds nothing back.
    pub(super) async fn read(&self, now: DateTime<Utc>) -> anyhow::Result<Loaded> {
        Ok(self.read_with_ledger(now).await?.0)
    }

    pub(super) async fn read_with_ledger(&self, now: DateTime<Utc>) -> anyhow::Result<(Loaded, Ledger)> {
        self.read_with_ledger_settled(now, &|_, _| false).await
    }

    async fn read_with_ledger_settled(
        &self,
        now: DateTime<Utc>,
        waits: &Waits<'_>,
    ) -> anyhow::Result<(Loaded, Ledger)> {
        let hashes = self.store.last_good().await?;
        let ledger = self.ledger().await?;
        self.recall_files().await;
        let first_seen = ledger.first_seen_by_path();
        let habits = habits(&self.config, &self.profile, &first_seen, now);
        let reading = block_in_place(|| {
            let mut memory = locked(&self.memory);
            let memory = memory.get_or_insert_default();
            let content = &self.config.content;
            let walk = folder::walk(&content.dir, content.max_bytes, &|path, stamp| {
                memory.knows(path, stamp) || waits(path, stamp)
            })?;
            Ok::<_, FolderError>(content::read(walk, &hashes, memory, habits))
        })?;
        let bytes = self.store.last_good_bytes(&reading.wants()).await?;
        let loaded = block_in_place(|| reading.finish(&bytes, &ledger, habits));
        Ok((with_whole_paths(loaded, &self.config), ledger))
    }
}

/// Whether a file is still being written.
pub type Waits<'a> = dyn Fn(&str, &Stamp) -> bool + Sync + 'a;

/// More would be withdrawn at once than `[content] max_withdrawn` allows: the last good site stays.
#[derive(Debug, thiserror::Error)]
#[error(
    "{withdrawn} of {live} announcements would be withdrawn at once (`{first}` first): none of them is, and no other is published, in \
     case the folder `{dir}` is not what it should be\n  hint: if they are gone for good, `crieur build --confirm` says so"
)]
pub struct Braked {
    dir: String,
    pub withdrawn: usize,
    pub live: usize,
    first: String,
}

/// Reads the folder of a configuration without any state: what `check` does.
///
/// # Errors
/// Where the folder itself cannot be read.
pub fn check(config: &Config, now: DateTime<Utc>) -> Result<Loaded, FolderError> {
    let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
    let first_seen = HashMap::new();
    let habits = habits(config, &profile, &first_seen, now);
    let walk = folder::walk(&config.content.dir, config.content.max_bytes, &|_, _| false)?;
    let reading = content::read(walk, &HashMap::new(), &mut Memory::default(), habits);
    Ok(with_whole_paths(reading.finish(&HashMap::new(), &Ledger::default(), habits), config))
}

/// Reads one file by a configuration: its announcement with the origin of each field, or why there is none.
///
/// # Errors
/// Where the content folder cannot be read.
pub fn explain(config: &Config, path: &str, now: DateTime<Utc>) -> Result<Option<FileRead>, FolderError> {
    let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
    let walk = folder::walk(&config.content.dir, config.content.max_bytes, &|other, _| other != path)?;
    let first_seen = HashMap::new();
    let habits = habits(config, &profile, &first_seen, now);
    let file = walk.files.into_iter().find(|file| file.path == path);
    Ok(file.map(|file| mapping::read(path, &file.bytes.map_err(|error| vec![error])?.unwrap_or_default(), habits)))
}

/// What became of one file.
pub type FileRead = Result<Understood, Vec<Diagnostic>>;

fn habits<'a>(
    config: &'a Config,
    profile: &'a Profile,
    first_seen: &'a HashMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Habits<'a> {
    Habits { site: &config.site, content: &config.content, profile, first_seen, now }
}

/// Diagnostics name files as the operator would from where they stand.
fn with_whole_paths(mut loaded: Loaded, config: &Config) -> Loaded {
    for diagnostic in &mut loaded.diagnostics {
        diagnostic.file = config.content.dir.join(&diagnostic.file).display().to_string();
    }
    loaded
}
