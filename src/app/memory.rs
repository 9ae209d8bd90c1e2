//! What outlives the process so that the next one has less to do: what files said, what documents were made from, and the
//! ledger as far as it is known. The first two can be found out again: where they fail, that is told and nothing else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::block_in_place;

use super::App;
use crate::config::Config;
use crate::content::memory::Memory;
use crate::content::profile::Profile;
use crate::folder::LastPublication;
use crate::model::reminder::{About, Reminder, Reminders};
use crate::model::revision::Ledger;
use crate::model::settings::{ContentSettings, PublishSettings};
use crate::model::token::sha256_hex;
use crate::output::site::{Document, MadeFrom, Site};
use crate::store;

/// Reminders read or written at once.
const PAGE: u32 = 500;

/// Who made what is remembered: another version, or the same with another configuration or templates, makes other things of
/// the same files.
#[derive(Debug, Clone)]
pub(super) struct Makers {
    /// Of announcements.
    reader: String,
    /// Of documents.
    writer: String,
}

impl Makers {
    pub(super) fn new(config: &Config, profile: &Profile, own_templates: &str) -> Self {
        // where things are changes nothing about them: commands may say it in another way than the daemon
        let content = ContentSettings {
            dir: "content".into(),
            assets: None,
            max_bytes: 0,
            max_withdrawn: 0.0,
            ..config.content.clone()
        };
        let publish = PublishSettings { dir: "public".into(), ..config.publish.clone() };
        let (site, newsletters) = (&config.site, &config.newsletters);
        let reader = format!("{} {site:?} {content:?} {profile:?}", env!("CRIEUR_FINGERPRINT"));
        let writer = format!("{reader} {publish:?} {newsletters:?} {own_templates:?}");
        Self { reader: sha256_hex(reader.as_bytes()), writer: sha256_hex(writer.as_bytes()) }
    }

    fn of(&self, about: About) -> &str {
        match about {
            About::Files => &self.reader,
            About::Documents => &self.writer,
        }
    }
}

impl App {
    /// Everything noted in the ledger until now; only what is new is read.
    pub(super) async fn ledger(&self) -> store::Result<Ledger> {
        let (known, ledger) = locked(&self.ledger).clone();
        let (last, new) = self.store.ledger_since(known).await?;
        let ledger = if known == 0 { ledger.kept_by(&self.makers.reader) } else { ledger };
        let ledger = ledger.with(new);
        *locked(&self.ledger) = (last, ledger.clone());
        Ok(ledger)
    }

    /// Learns what another process knew of the content folder, the first time.
    pub(super) async fn recall_files(&self) {
        if locked(&self.memory).is_some() {
            return;
        }
        let (mut memory, mut after) = (Memory::default(), String::new());
        while let Some(last) = self.recall(About::Files, &after, |page| memory.learn(page)).await {
            after = last;
        }
        locked(&self.memory).get_or_insert(memory);
    }

    /// Keeps what became known of the content folder for the next process.
    pub(super) async fn keep_files(&self) {
        loop {
            let news = locked(&self.memory).as_mut().map(|memory| memory.news(PAGE as usize)).unwrap_or_default();
            if news.is_empty() || !self.remember(About::Files, &news).await {
                return;
            }
        }
    }

    /// The site that was published last: at first what is left of it on the disk, byte for byte as it was made.
    pub(super) async fn last_site(&self) -> Arc<Site> {
        let known = locked(&self.previous).clone();
        if !known.documents.is_empty() {
            return known;
        }
        let files = LastPublication::of(&self.config.publish.dir);
        let (mut site, mut after) = (Site::default(), String::new());
        let mut learn = |page: Vec<Reminder>| page.into_iter().for_each(|one| recall_document(&mut site, one, &files));
        while let Some(last) = self.recall(About::Documents, &after, &mut learn).await {
            after = last;
        }
        let site = Arc::new(site);
        *locked(&self.previous) = site.clone();
        site
    }

    /// Keeps for the next process what the documents of a site were made from.
    pub(super) async fn keep_documents(&self, site: &Site, before: &Site) {
        let is_known = |path: &String, document: &Document| {
            let same = before.documents.get(path).is_some_and(|before| before.etag == document.etag);
            same && before.made_from.get(path) == site.made_from.get(path)
        };
        let made = site.made_from.iter().filter_map(|(path, made)| Some((path, made, site.documents.get(path)?)));
        let new = made.filter(|(path, _, document)| !is_known(path, document));
        let kept = new.map(|(path, made, document)| Reminder {
            path: path.clone(),
            stamp: made.to_string(),
            hash: document.etag.clone(),
            said: Some(document.content_type.into()),
        });
        let gone = before.made_from.keys().filter(|path| !site.made_from.contains_key(*path)).cloned();
        let reminders = Reminders { kept: kept.collect(), gone: gone.collect() };
        if !reminders.is_empty() {
            self.remember(About::Documents, &reminders).await;
        }
    }

    /// Learns one page of reminders; the last path of it, if there may be more.
    async fn recall(&self, about: About, after: &str, learn: impl FnOnce(Vec<Reminder>)) -> Option<String> {
        let page = self.store.reminders(about, self.makers.of(about), after, PAGE).await;
        let page = page.inspect_err(|error| tracing::warn!("what was remembered is found out anew: {error}")).ok()?;
        let last = page.last().map(|reminder| reminder.path.clone());
        block_in_place(|| learn(page));
        last
    }

    /// `false` where that failed: the next process has to find it out anew.
    async fn remember(&self, about: About, reminders: &Reminders) -> bool {
        let kept = self.store.remember(about, self.makers.of(about), reminders).await;
        kept.inspect_err(|error| tracing::warn!("the next start will take longer: {error}")).is_ok()
    }
}

/// Takes a document over if its file still has the bytes that were made.
fn recall_document(site: &mut Site, reminder: Reminder, files: &LastPublication) {
    let Reminder { path, stamp, hash, said } = reminder;
    let Ok(made_from) = stamp.parse::<MadeFrom>() else { return };
    let document = said.and_then(|said| Document::of_type(files.bytes(&path)?, &said));
    site.made_from.insert(path.clone(), made_from);
    if let Some(document) = document.filter(|document| document.etag == hash) {
        site.documents.insert(path, document);
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
