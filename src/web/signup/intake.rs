//! What is done about a sign-up once it is noted and answered. Whoever waits for the answer learns nothing from how long that
//! takes: it is given before anything is looked up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::model::letter::LetterText;
use crate::model::newsletter::Newsletter;
use crate::model::signup::{Choice, NewSignup, Wish};
use crate::output::email::letter::{self, LetterView};
use crate::output::page::forms::wording;
use crate::output::templates::TemplateError;
use crate::store::StoreError;
use crate::web::Web;

/// How long somebody waits for his sign-up to be noted; beyond, he is told to come back.
const NOTED_WITHIN: Duration = Duration::from_secs(5);
/// Between the answer and the look: what is done for one sign-up does not slow the answer to the next one of the same sender.
const PAUSE: Duration = Duration::from_millis(300);
/// Where the store is busy. What is left then is carried out with the next sign-up, or at the next start.
const TRIES: u32 = 5;

pub(super) struct Intake {
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
        Self { tasks: TaskTracker::new(), turn: Mutex::default() }
    }

    /// Notes a wish, which outlives us from then on; `false` where that cannot be done now.
    pub(super) async fn take(&self, web: &Arc<Web>, wish: &Wish) -> bool {
        match timeout(NOTED_WITHIN, web.store.note_wish(wish, (web.clock)())).await {
            Ok(Ok(true)) => {
                self.wake(web);
                return true;
            }
            Ok(Ok(false)) => tracing::error!("sign-ups are turned away: too many wait to be carried out"),
            Ok(Err(error)) => tracing::error!(%error, "a sign-up is turned away: the store does not take it"),
            Err(_) => tracing::error!("a sign-up is turned away: the store is busy"),
        }
        false
    }

    /// Carries out what was noted, in a moment.
    pub(super) fn wake(&self, web: &Arc<Web>) {
        let web = Arc::clone(web);
        self.tasks.spawn(async move {
            sleep(PAUSE).await;
            let mut letters = web.signups.intake.turn.lock().await;
            if let Err(error) = web.carry_out(&mut letters).await {
                tracing::error!(%error, "sign-ups wait: the store does not take them");
            }
        });
    }

    /// Waits until all that was answered is carried out.
    pub(super) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Web {
    async fn carry_out(&self, letters: &mut Letters) -> Result<(), StoreError> {
        let mut done = 0;
        while let Some((number, wish)) = self.store.wish_after(done).await? {
            done = number;
            match self.new_signup(number, &wish, letters) {
                Ok(Some(new)) => self.sign_up(&new).await?,
                Ok(None) => tracing::warn!("a sign-up waits: none of its newsletters is there any more"),
                Err(error) => tracing::error!(%error, "a sign-up waits: its letter cannot be written"),
            }
        }
        Ok(())
    }

    async fn sign_up(&self, new: &NewSignup) -> Result<(), StoreError> {
        for attempt in 1.. {
            match self.store.sign_up(new, (self.clock)()).await {
                Ok(answer) => {
                    tracing::debug!(?answer, "a sign-up");
                    self.outbox_filled.notify_one();
                    break;
                }
                Err(StoreError::Busy(_)) if attempt < TRIES => sleep(PAUSE * attempt).await,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// `None` where nothing of it is on offer any more.
    fn new_signup(&self, number: i64, wish: &Wish, letters: &mut Letters) -> Result<Option<NewSignup>, TemplateError> {
        let newsletter = |choice: &Choice| self.newsletter(&choice.newsletter);
        let choices: Vec<Choice> = wish.choices.iter().filter(|it| newsletter(it).is_some()).cloned().collect();
        let newsletters: Vec<&Newsletter> = choices.iter().filter_map(newsletter).collect();
        if newsletters.is_empty() {
            return Ok(None);
        }
        let names = newsletters.iter().map(|newsletter| newsletter.name.clone()).collect();
        let key = (names, wish.lang.clone());
        if !letters.contains_key(&key) {
            if letters.len() == MOST_LETTERS {
                letters.clear();
            }
            letters.insert(key.clone(), self.letters(&newsletters, &wish.lang)?);
        }
        let [confirmation, reminder] = letters[&key].clone();
        Ok(Some(NewSignup {
            wish: Some(number),
            address: wish.address.clone(),
            lang: wish.lang.clone(),
            wording: wording(&wish.page_lang, &newsletters),
            choices,
            confirmation,
            reminder,
        }))
    }

    fn letters(&self, newsletters: &[&Newsletter], lang: &str) -> Result<[LetterText; 2], TemplateError> {
        let mark = self.key.keyed_hash("letter-mark", &[], 18).replace(['-', '_'], "0");
        let view = LetterView { site: &self.site, newsletters, lang, mark: &format!("crieur{mark}") };
        Ok([letter::confirmation(&self.templates, &view)?, letter::reminder(&self.templates, &view)?])
    }
}
