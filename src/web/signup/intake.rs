//! What is done about a sign-up once it is noted and answered. Whoever waits for the answer learns nothing from how long that
//! takes: it is given before anything is looked up.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::signup::{Choice, Known, NewSignup, SignedUp, Wish};
use crate::output::email::letter::{self, LetterView, Pick};
use crate::output::page::offers::{Offer, wording};
use crate::output::templates::TemplateError;
use crate::store::StoreError;
use crate::web::Web;

/// How long somebody waits for his sign-up to be noted; beyond, he is told to come back.
const NOTED_WITHIN: Duration = Duration::from_secs(5);
/// Between the answer and the look: what is done for one sign-up does not slow the answer to the next one of the same sender.
const PAUSE: Duration = Duration::from_millis(300);
/// For one sign-up, where the store is busy or what is known of its address changes.
const TRIES: u32 = 5;
/// Where the store takes nothing.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

pub(super) struct Intake {
    tasks: TaskTracker,
    /// Held by the one that is looked at: a thousand at once would keep deliveries waiting for the store.
    turn: Mutex<()>,
    ending: CancellationToken,
    /// The wishes that wait for another configuration: whoever signs up has them looked at again, and nobody told again.
    told: std::sync::Mutex<HashSet<i64>>,
}

impl Intake {
    pub(super) fn new() -> Self {
        Self {
            tasks: TaskTracker::new(),
            turn: Mutex::default(),
            ending: CancellationToken::new(),
            told: std::sync::Mutex::default(),
        }
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
            let intake = &web.signups.intake;
            loop {
                let turn = intake.turn.lock().await;
                let Err(error) = web.carry_out_all().await else { return };
                drop(turn);
                tracing::error!(%error, "sign-ups wait: the store does not take them");
                tokio::select! {
                    () = intake.ending.cancelled() => return,
                    () = sleep(AGAIN_AFTER) => {}
                }
            }
        });
    }

    /// Whether it was not yet said of a wish that it waits.
    fn is_new(&self, number: i64) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(number)
    }

    /// Waits until all that was answered is carried out, if the store takes it: else the next start does.
    pub(super) async fn finish(&self) {
        self.ending.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Web {
    async fn carry_out_all(&self) -> Result<(), StoreError> {
        let mut last = 0;
        while let Some((number, wish)) = self.store.wish_after(last).await? {
            last = number;
            self.carry_out(number, &wish).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, number: i64, wish: &Wish) -> Result<(), StoreError> {
        for attempt in 1..=TRIES {
            let known = self.store.known(&wish.address).await?;
            let new = match self.new_signup(number, wish, known) {
                Ok(Some(new)) => new,
                Ok(None) => {
                    if self.signups.intake.is_new(number) {
                        tracing::warn!("a sign-up waits: none of its newsletters is there any more");
                    }
                    return Ok(());
                }
                Err(error) => {
                    if self.signups.intake.is_new(number) {
                        tracing::error!(%error, "a sign-up waits: its letter cannot be written");
                    }
                    return Ok(());
                }
            };
            match self.store.sign_up(&new, (self.clock)()).await {
                Ok(SignedUp::Outdated) => {}
                Ok(answer) => {
                    tracing::debug!(?answer, "a sign-up");
                    self.outbox_filled.notify_one();
                    return Ok(());
                }
                Err(StoreError::Busy(_)) if attempt < TRIES => sleep(PAUSE * attempt).await,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// `None` where nothing of it is on offer any more.
    fn new_signup(&self, number: i64, wish: &Wish, known: Known) -> Result<Option<NewSignup>, TemplateError> {
        let labels = self.labels();
        let offers = self.offers(&labels);
        let is_there = |choice: &&Choice| !picks(&offers, std::slice::from_ref(choice)).is_empty();
        let choices: Vec<Choice> = wish.choices.iter().filter(is_there).cloned().collect();
        if choices.is_empty() {
            return Ok(None);
        }
        let agreed: Vec<Offer> = picks(&offers, &choices).iter().map(|pick| pick.offer).collect();
        let asks = known.asks(&choices);
        let asked = picks(&offers, if asks.is_nothing() { &choices } else { &asks.begins });
        let mark = self.key.keyed_hash("letter-mark", &[], 18).replace(['-', '_'], "0");
        let view = LetterView {
            site: &self.site,
            asked: &asked,
            changes: &picks(&offers, &asks.changes),
            stays: known.stays,
            lang: &wish.lang,
            mark: &format!("crieur{mark}"),
        };
        let write = if asks.is_nothing() { letter::reminder } else { letter::confirmation };
        let letter = write(&self.templates, &view)?;
        Ok(Some(NewSignup {
            wish: Some(number),
            address: wish.address.clone(),
            lang: wish.lang.clone(),
            wording: wish.wording.clone().unwrap_or_else(|| wording(&wish.page_lang, &agreed)),
            choices,
            known,
            letter,
        }))
    }
}

/// The choices that are on offer.
pub(super) fn picks<'a>(offers: &[Offer<'a>], choices: &'a [Choice]) -> Vec<Pick<'a>> {
    let offer = |choice: &Choice| offers.iter().find(|offer| offer.newsletter.name == choice.newsletter).copied();
    choices.iter().filter_map(|choice| Some(Pick { offer: offer(choice)?, topics: &choice.topics })).collect()
}
