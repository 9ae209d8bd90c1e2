//! What is done about a sign-up once it is answered. Whoever waits for the answer learns nothing from how long that takes:
//! it was given before anything was looked up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio_util::task::TaskTracker;

use crate::model::letter::LetterText;
use crate::model::newsletter::Newsletter;
use crate::model::signup::{Choice, NewSignup};
use crate::model::subscription::EmailAddress;
use crate::output::email::letter::{self, LetterView};
use crate::output::page::forms::wording;
use crate::output::templates::TemplateError;
use crate::store::StoreError;
use crate::web::Web;

/// Sign-ups that are answered and not yet looked at; beyond, nobody's is taken.
const MOST: usize = 1000;
/// Between the answer and the look: what is done for one sign-up does not slow the answer to the next one of the same sender.
const PAUSE: Duration = Duration::from_millis(300);
/// Where the store is busy.
const TRIES: u32 = 5;

/// What somebody asked, checked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) address: EmailAddress,
    pub(super) lang: String,
    /// The language of the page whose words were agreed to.
    pub(super) page_lang: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Intake {
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    /// Held by the one that is looked at: a thousand at once would keep deliveries waiting for the store.
    turn: Mutex<Letters>,
}

/// Letters by newsletters and language: most people ask for the same.
type Letters = HashMap<(Vec<String>, String), [LetterText; 2]>;

/// What people can combine is soon more than what they do.
const MOST_LETTERS: usize = 64;

impl Intake {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), tasks: TaskTracker::new(), turn: Mutex::default() }
    }

    /// Takes note in the background; `false` where too much waits already.
    pub(super) fn take(&self, web: &Arc<Web>, asked: Asked) -> bool {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return false };
        let web = Arc::clone(web);
        self.tasks.spawn(async move {
            tokio::time::sleep(PAUSE).await;
            let mut letters = web.signups.intake.turn.lock().await;
            web.record(&asked, &mut letters).await;
            drop(place);
        });
        true
    }

    /// Waits until all that was answered is looked at.
    pub(super) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Web {
    async fn record(&self, asked: &Asked, letters: &mut Letters) {
        let new = match self.new_signup(asked, letters) {
            Ok(new) => new,
            Err(error) => return tracing::error!(%error, "a sign-up is lost: its letter cannot be written"),
        };
        for attempt in 1.. {
            match self.store.sign_up(&new, (self.clock)()).await {
                Ok(answer) => {
                    tracing::debug!(?answer, "a sign-up");
                    self.outbox_filled.notify_one();
                    return;
                }
                Err(StoreError::Busy(_)) if attempt < TRIES => tokio::time::sleep(PAUSE * attempt).await,
                Err(error) => return tracing::error!(%error, "a sign-up is lost: the store does not take it"),
            }
        }
    }

    fn new_signup(&self, asked: &Asked, letters: &mut Letters) -> Result<NewSignup, TemplateError> {
        let newsletters: Vec<&Newsletter> =
            asked.choices.iter().filter_map(|choice| self.newsletter(&choice.newsletter)).collect();
        let names = newsletters.iter().map(|newsletter| newsletter.name.clone()).collect();
        let key = (names, asked.lang.clone());
        if !letters.contains_key(&key) {
            if letters.len() == MOST_LETTERS {
                letters.clear();
            }
            letters.insert(key.clone(), self.letters(&newsletters, &asked.lang)?);
        }
        let [confirmation, reminder] = letters[&key].clone();
        Ok(NewSignup {
            address: asked.address.clone(),
            lang: asked.lang.clone(),
            choices: asked.choices.clone(),
            wording: wording(&asked.page_lang, &newsletters),
            confirmation,
            reminder,
        })
    }

    fn letters(&self, newsletters: &[&Newsletter], lang: &str) -> Result<[LetterText; 2], TemplateError> {
        let mark = self.key.keyed_hash("letter-mark", &[], 18).replace(['-', '_'], "0");
        let view = LetterView { site: &self.site, newsletters, lang, mark: &format!("crieur{mark}") };
        Ok([letter::confirmation(&self.templates, &view)?, letter::reminder(&self.templates, &view)?])
    }
}
