//! Step 3: freezes the issues that are due and puts their deliveries into the outbox.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::App;
use crate::content::Loaded;
use crate::model::catalog::Catalog;
use crate::model::issue::{IssueItem, IssueState, NewIssue, Section, Variant};
use crate::model::newsletter::{Newsletter, Selection, Slot};
use crate::model::revision::Ledger;
use crate::output::email::{self, IssueView};
use crate::output::feed::Entry;
use crate::output::words::Tongue;
use crate::store::Freeze;

/// What became of a newsletter's slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    pub newsletter: String,
    pub slot: NaiveDateTime,
    pub decision: Decision,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Frozen {
        issue: i64,
        number: u32,
        recipients: u64,
    },
    /// Nothing new: the slot passes without a mail.
    Empty,
    /// Later than `missed`: what it would have carried goes into the next issue, or out by `send --at` the slot.
    Held {
        late_minutes: i64,
    },
    /// The slot had its issue already.
    AlreadyDecided,
    /// Nobody would get it: nothing is frozen, so that the first reader misses nothing.
    NoReaders,
    /// The latest slot lies too far back and none was decided before it: the newsletter begins with its next slot.
    NotYet,
}

impl App {
    /// Decides on the latest slot of each newsletter. Idempotent: a slot is decided once, whatever number of processes runs.
    ///
    /// # Errors
    /// Where an issue cannot be rendered (nothing of it is frozen), or the store fails.
    pub async fn compose(&self, loaded: &Loaded, now: DateTime<Utc>) -> anyhow::Result<Vec<Composed>> {
        let mut ledger = self.ledger().await?;
        let changed = ledger.take_note(&loaded.catalog, now);
        self.store.take_note(&changed).await?;
        let mut composed = Vec::new();
        for newsletter in &self.config.newsletters {
            if let Some(slot) = newsletter.schedule.latest_slot(now, self.config.site.zone) {
                let decision = self.decide(newsletter, slot, &loaded.catalog, &ledger, now).await?;
                composed.push(Composed { newsletter: newsletter.name.clone(), slot: slot.local, decision });
            }
        }
        Ok(composed)
    }

    /// Whether `compose` would change anything: cheap enough to ask every few seconds.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn is_slot_open(&self, now: DateTime<Utc>) -> anyhow::Result<bool> {
        for newsletter in &self.config.newsletters {
            let Some(slot) = newsletter.schedule.latest_slot(now, self.config.site.zone) else { continue };
            if matches!(self.without_reading(newsletter, slot, now).await?, None | Some(Decision::Held { .. })) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What can be decided without looking at a single announcement; `None` where an issue may be due.
    async fn without_reading(
        &self,
        newsletter: &Newsletter,
        slot: Slot,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Decision>> {
        let name = &newsletter.name;
        let late = now - slot.due;
        let before = self.store.issue(name, slot.local).await?;
        if before.is_some_and(|issue| issue.state != IssueState::Held || late > newsletter.missed) {
            return Ok(Some(Decision::AlreadyDecided));
        }
        if late > newsletter.missed {
            let last = self.store.issues(name, 1).await?.first().map(|last| last.slot);
            // one that rested for a year begins anew: nobody waits for the slots between
            let began = last.is_some_and(|last| last < slot.local && slot.local - last < TimeDelta::days(366));
            let held = Decision::Held { late_minutes: late.num_minutes() };
            return Ok(Some(if began { held } else { Decision::NotYet }));
        }
        Ok(self.store.readers(name).await?.is_empty().then_some(Decision::NoReaders))
    }

    async fn decide(
        &self,
        newsletter: &Newsletter,
        slot: Slot,
        catalog: &Catalog,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Decision> {
        match self.without_reading(newsletter, slot, now).await? {
            None => self.freeze(newsletter, slot, catalog, ledger, now).await,
            Some(decision) => {
                if matches!(decision, Decision::Held { .. }) {
                    self.store.close_slot(&newsletter.name, slot.local, IssueState::Held, now).await?;
                }
                Ok(decision)
            }
        }
    }

    async fn freeze(
        &self,
        newsletter: &Newsletter,
        slot: Slot,
        catalog: &Catalog,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Decision> {
        let name = &newsletter.name;
        loop {
            // first: an issue frozen after this is noticed by its number, so `told` can miss none
            let number = self.store.next_number(name).await?;
            let told = self.store.told(name).await?;
            let selection = newsletter.select(catalog, told.as_ref(), now);
            if selection.new.is_empty() && newsletter.skip_empty {
                let closed = self.store.close_slot(name, slot.local, IssueState::Empty, now).await?;
                return Ok(if closed { Decision::Empty } else { Decision::AlreadyDecided });
            }
            let issue = NewIssue {
                newsletter: name.clone(),
                slot: slot.local,
                frozen_at: now,
                number,
                on_doubt: newsletter.on_doubt,
                items: items(&selection, ledger),
                variants: self.variants(newsletter, slot, number, &selection, ledger).await?,
            };
            match self.store.freeze(&issue).await? {
                Freeze::Frozen { issue, recipients } => return Ok(Decision::Frozen { issue, number, recipients }),
                Freeze::SlotTaken => return Ok(Decision::AlreadyDecided),
                Freeze::NumberTaken => {}
            }
        }
    }

    /// One mail a language, the newsletter's own first: it is for those whose language has none.
    pub(super) async fn variants(
        &self,
        newsletter: &Newsletter,
        slot: Slot,
        number: u32,
        selection: &Selection<'_>,
        ledger: &Ledger,
    ) -> anyhow::Result<Vec<Variant>> {
        let readers = self.store.readers(&newsletter.name).await?;
        // readers of a language without words of its own get the newsletter's
        let has_words = |lang: &String| Tongue::of(lang).words().lang == lang;
        let others = readers.into_keys().filter(|lang| *lang != newsletter.lang && has_words(lang));
        let new = entries(&selection.new, ledger);
        let upcoming = entries(&selection.upcoming, ledger);
        let mark = self.unsubscribe_mark(newsletter, slot);
        let mut variants = Vec::new();
        for lang in std::iter::once(newsletter.lang.clone()).chain(others) {
            let view = IssueView {
                site: &self.config.site,
                newsletter,
                number,
                slot: slot.local,
                lang: &lang,
                new: &new,
                upcoming: &upcoming,
                unsubscribe_mark: &mark,
                web_url: None,
            };
            variants.push(email::issue(&self.templates, &view)?);
        }
        Ok(variants)
    }

    /// Letters and digits that nobody who writes announcements can foresee.
    fn unsubscribe_mark(&self, newsletter: &Newsletter, slot: Slot) -> String {
        let slot = slot.local.to_string();
        let hash = self.key.keyed_hash("unsubscribe-mark", &[newsletter.name.as_bytes(), slot.as_bytes()], 18);
        format!("crieur{}", hash.replace(['-', '_'], "0"))
    }
}

fn entries<'a>(announcements: &[&'a crate::model::announcement::Announcement], ledger: &Ledger) -> Vec<Entry<'a>> {
    announcements.iter().map(|announcement| Entry { announcement, revision: ledger.revision(announcement) }).collect()
}

fn items(selection: &Selection, ledger: &Ledger) -> Vec<IssueItem> {
    let sections = [
        (Section::New, &selection.new),
        (Section::Upcoming, &selection.upcoming),
        (Section::Baseline, &selection.baseline),
    ];
    let item = |section, announcement: &&crate::model::announcement::Announcement| IssueItem {
        announcement: announcement.id.clone(),
        sequence: ledger.revision(announcement).sequence,
        section,
    };
    sections
        .into_iter()
        .flat_map(|(section, announcements)| announcements.iter().map(move |announcement| item(section, announcement)))
        .collect()
}
