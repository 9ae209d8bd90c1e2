//! The four steps every command shares: load, publish, compose, deliver. Commands decide which, the daemon decides when.

mod archives;
mod bounces;
mod compose;
mod deliver;
mod doctor;
mod draft;
mod gate;
mod issue_pages;
mod issues;
mod load;
mod memory;
mod people;
mod preview;
mod publish;
mod reload;
mod status;
mod topics;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;

pub use self::bounces::Taken;
pub use self::compose::{Composed, Decision};
pub use self::doctor::checkup;
pub use self::issues::IssueInFull;
pub use self::load::{Braked, Waits, check, explain};
use self::memory::Makers;
pub use self::preview::Preview;
pub use self::publish::Published;
pub use self::status::reading;
pub use self::topics::{Topics, UnknownTopic, has_words};
use crate::config::{Config, StoreLocation};
use crate::content::memory::Memory;
use crate::content::profile::Profile;
use crate::content::shape::{self, Identity};
use crate::model::issue::IssuePage;
use crate::model::revision::Ledger;
use crate::model::token::SigningKey;
use crate::output::archive::Closed;
use crate::output::site::Site;
use crate::output::templates::Templates;
use crate::store::{SqliteStore, Store};

/// Everything the steps work with.
pub struct App {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub templates: Templates,
    pub key: SigningKey,
    profile: Profile,
    makers: Makers,
    /// What the content folder said last; `None` before it was asked for the first time.
    memory: Mutex<Option<Memory>>,
    /// As far as it was read, and up to which number that is.
    ledger: Mutex<(i64, Ledger)>,
    /// Closed archives as the store has them: megabytes that hardly ever change, read once.
    archives: Mutex<Vec<Closed>>,
    /// Issues that are on the web, likewise.
    issue_pages: Mutex<Vec<Arc<IssuePage>>>,
    /// What was published last: for documents that do not pass the gate, and for those that need not be written again.
    previous: Mutex<Arc<Site>>,
    /// Which file the state is in.
    state: Option<Identity>,
}

impl App {
    /// Opens the store a configuration names and reads the operator's templates.
    ///
    /// # Errors
    /// `StoreError` where the store cannot be used, `TemplateError` where a template of the operator's is wrong.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let StoreLocation::Sqlite(path) = &config.store;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path).await?);
        let state = shape::identity(path);
        let (templates, own) = templates(&config.templates)?;
        let key = store.signing_key(SigningKey::new(random_bytes()?)).await?;
        let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
        Ok(Self {
            makers: Makers::new(&config, &profile, &own),
            config,
            store,
            templates,
            key,
            profile,
            memory: Mutex::default(),
            ledger: Mutex::default(),
            archives: Mutex::default(),
            issue_pages: Mutex::default(),
            previous: Mutex::default(),
            state,
        })
    }
}

/// The compiled-in templates with those of a folder in their stead, and the text of the latter.
fn templates(folder: &Path) -> anyhow::Result<(Templates, String)> {
    let mut own = BTreeMap::new();
    for part in ["page", "email", "admin"] {
        let Ok(entries) = std::fs::read_dir(folder.join(part)) else { continue };
        for entry in entries {
            let file = entry?.path();
            let Some(name) = file.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.'))
            else {
                continue;
            };
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
            own.insert(format!("{part}/{name}"), text);
        }
    }
    Ok((Templates::with_overrides(&own)?, format!("{own:?}")))
}

/// From the operating system.
fn random_bytes() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    Ok(bytes)
}
