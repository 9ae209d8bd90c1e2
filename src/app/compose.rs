//! Step 3: freezes the issues that are due and puts their deliveries into the outbox.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};

use super::App;
use super::draft::Draft;
use crate::content::Loaded;
use crate::model::issue::IssueState;
use crate::model::newsletter::{Newsletter, Rhythm};
use crate::model::schedule::{Schedule, Slot};
use crate::model::selection::Sources;
use crate::output::templates::TemplateError;
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
        /// It waits for `issues approve`.
        awaits_approval: bool,
    },
    /// Nothing new: the slot passes without a mail.
    Empty,
    /// Later than `missed`: what it would have carried goes into the next issue, or out by `send --at` the slot.
    Held { late_minutes: i64 },
    /// The same, decided before.
    StillHeld,
    /// The slot had its issue already.
    AlreadyDecided,
    /// Nobody would get it: nothing is frozen, so that the first reader misses nothing.
    NoReaders,
    /// The latest slot lies too far back and none was decided before it: the newsletter begins with its next slot.
    NotYet,
    /// Nothing is frozen before the operator has looked (`model::pause`).
    Paused,
    /// It cannot be rendered: nothing is frozen, and it is tried again until it can, or is too late.
    Failed { reason: String },
}

impl App {
    /// Decides on the latest slot of each newsletter, and on what newsletters without slots have not told yet. Idempotent: a
    /// slot is decided once, whatever number of processes runs. Decides nothing while there is a pause. An issue that cannot be rendered stops no other newsletter.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn compose(&self, loaded: &Loaded, now: DateTime<Utc>) -> anyhow::Result<Vec<Composed>> {
        if !self.store.pauses().await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut ledger = self.ledger().await?;
        let changed = ledger.take_note(&loaded.catalog, now);
        self.store.take_note(&changed).await?;
        let withdrawn = ledger.tombstones(now);
        let sources = Sources { catalog: &loaded.catalog, ledger: &ledger, withdrawn: &withdrawn };
        let mut composed = Vec::new();
        for newsletter in &self.config.newsletters {
            match &newsletter.rhythm {
                Rhythm::Scheduled(schedule) => {
                    composed.extend(self.compose_slot(newsletter, schedule, sources, now).await?);
                }
                Rhythm::Each => composed.extend(self.compose_each(newsletter, sources, now).await?),
            }
        }
        Ok(composed)
    }

    /// Whether a slot is due on which `compose` has not decided: cheap enough to ask every few seconds. What newsletters
    /// without slots have to tell comes with a publication.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn is_slot_open(&self, now: DateTime<Utc>) -> anyhow::Result<bool> {
        for newsletter in &self.config.newsletters {
            let schedule = newsletter.rhythm.schedule();
            let Some(slot) = schedule.and_then(|it| it.latest_slot(now, self.config.site.zone)) else { continue };
            if matches!(self.without_reading(newsletter, slot, now).await?, None | Some(Decision::Held { .. })) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The slot that has its issue still to come: the one that is due, else the first ahead that was not decided before its
    /// time. `None` where the newsletter has no slots, or no more of them.
    pub(super) async fn open_slot(&self, newsletter: &Newsletter, now: DateTime<Utc>) -> anyhow::Result<Option<Slot>> {
        let Some(schedule) = newsletter.rhythm.schedule() else { return Ok(None) };
        if let Some(slot) = schedule.latest_slot(now, self.config.site.zone)
            && matches!(self.without_reading(newsletter, slot, now).await?, None | Some(Decision::NoReaders))
        {
            return Ok(Some(slot));
        }
        self.slot_ahead(newsletter, now).await
    }

    /// The first slot after `now` that was not decided before its time.
    pub(super) async fn slot_ahead(&self, newsletter: &Newsletter, now: DateTime<Utc>) -> anyhow::Result<Option<Slot>> {
        let Some(schedule) = newsletter.rhythm.schedule() else { return Ok(None) };
        let mut next = schedule.next_slot(now, self.config.site.zone);
        while let Some(slot) = next
            && self.store.issue(&newsletter.name, slot.local).await?.is_some_and(|it| it.state != IssueState::Held)
        {
            next = schedule.next_slot(slot.due, self.config.site.zone);
        }
        Ok(next)
    }

    async fn compose_slot(
        &self,
        newsletter: &Newsletter,
        schedule: &Schedule,
        sources: Sources<'_>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Option<Composed>> {
        let Some(slot) = schedule.latest_slot(now, self.config.site.zone) else { return Ok(None) };
        let decision = match self.without_reading(newsletter, slot, now).await? {
            None => self.freeze(newsletter, slot, sources, now).await?,
            Some(decision) => decision,
        };
        if matches!(decision, Decision::Held { .. }) {
            self.store.close_slot(&newsletter.name, slot.local, IssueState::Held, now).await?;
        }
        Ok(Some(Composed::new(newsletter, slot, decision)))
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
        match before.as_ref().map(|issue| issue.state) {
            Some(IssueState::Held) if late > newsletter.missed => return Ok(Some(Decision::StillHeld)),
            Some(IssueState::Frozen | IssueState::Empty) => return Ok(Some(Decision::AlreadyDecided)),
            _ => {}
        }
        // another schedule or zone has slots before the last one: whatever they had went out with that. One that was decided
        // ahead of its time (`send --at`) says nothing of those until then
        if before.is_none() && self.store.was_overtaken(name, slot.local, slot.due, now).await? {
            return Ok(Some(Decision::AlreadyDecided));
        }
        if late > newsletter.missed {
            // one that rested for a year begins anew: nobody waits for the slots between
            let last = self.store.slot_before(name, slot.local).await?;
            let began = last.is_some_and(|last| slot.local - last < TimeDelta::days(366));
            let held = Decision::Held { late_minutes: late.num_minutes() };
            return Ok(Some(if began { held } else { Decision::NotYet }));
        }
        Ok(self.store.readers(name).await?.is_empty().then_some(Decision::NoReaders))
    }

    async fn freeze(
        &self,
        newsletter: &Newsletter,
        slot: Slot,
        sources: Sources<'_>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Decision> {
        let name = &newsletter.name;
        loop {
            // first: an issue frozen after this is noticed by its number, so `told` can miss none
            let number = self.store.next_number(name).await?;
            let told = self.store.told(name).await?;
            let selection = newsletter.select(sources, told.as_ref(), now);
            if selection.is_empty() && newsletter.skip_empty {
                let closed = self.store.close_slot(name, slot.local, IssueState::Empty, now).await?;
                return Ok(if closed { Decision::Empty } else { Decision::AlreadyDecided });
            }
            let draft = Draft { newsletter, slot, number, selection: &selection, ledger: sources.ledger };
            if let Some(decision) = self.freeze_draft(&draft, now).await? {
                return Ok(decision);
            }
        }
    }

    /// One issue for each announcement not told yet, oldest first. Their slots are the moments they are frozen at.
    async fn compose_each(
        &self,
        newsletter: &Newsletter,
        sources: Sources<'_>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Vec<Composed>> {
        let name = &newsletter.name;
        let mut composed = Vec::new();
        let mut local = now.with_timezone(&self.config.site.zone).naive_local().trunc_subsecs(0);
        loop {
            let number = self.store.next_number(name).await?;
            let told = self.store.told(name).await?;
            let issues = newsletter.select(sources, told.as_ref(), now).one_by_one();
            let Some(selection) = issues.first() else { return Ok(composed) };
            while self.store.issue(name, local).await?.is_some() {
                local += TimeDelta::seconds(1);
            }
            let slot = Slot { local, due: now };
            if self.store.readers(name).await?.is_empty() {
                composed.push(Composed::new(newsletter, slot, Decision::NoReaders));
                return Ok(composed);
            }
            let draft = Draft { newsletter, slot, number, selection, ledger: sources.ledger };
            match self.freeze_draft(&draft, now).await? {
                Some(stopped @ (Decision::Failed { .. } | Decision::Paused)) => {
                    composed.push(Composed::new(newsletter, slot, stopped));
                    return Ok(composed);
                }
                Some(decision @ Decision::Frozen { .. }) => composed.push(Composed::new(newsletter, slot, decision)),
                _ => {}
            }
        }
    }

    /// `None` where another process was quicker with the number or the readers changed meanwhile: select again.
    async fn freeze_draft(&self, draft: &Draft<'_>, now: DateTime<Utc>) -> anyhow::Result<Option<Decision>> {
        let issue = match self.issue_of(draft, now).await {
            Ok(issue) => issue,
            Err(error) if error.is::<TemplateError>() => {
                return Ok(Some(Decision::Failed { reason: format!("{error:#}") }));
            }
            Err(error) => return Err(error),
        };
        Ok(match self.store.freeze(&issue).await? {
            Freeze::Frozen { issue, recipients } => Some(Decision::Frozen {
                issue,
                number: draft.number,
                recipients,
                awaits_approval: draft.newsletter.approval,
            }),
            Freeze::SlotTaken => Some(Decision::AlreadyDecided),
            Freeze::Paused => Some(Decision::Paused),
            Freeze::NumberTaken | Freeze::ReadersChanged => None,
        })
    }
}

impl Composed {
    fn new(newsletter: &Newsletter, slot: Slot, decision: Decision) -> Self {
        Self { newsletter: newsletter.name.clone(), slot: slot.local, decision }
    }
}
