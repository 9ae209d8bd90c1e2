//! Exactly the next issue, without changing anything: what is in, what is out and why, for how many.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, SubsecRound as _, Utc};

use super::App;
use super::draft::Draft;
use crate::model::announcement::Announcement;
use crate::model::issue::{FrozenIssue, Variant};
use crate::model::newsletter::{Newsletter, Rhythm};
use crate::model::schedule::Slot;
use crate::model::selection::{Sources, Verdict};
use crate::output::lint::{self, Finding};

/// What would go out.
#[derive(Debug)]
pub struct Preview {
    pub slot: Slot,
    pub number: u32,
    /// Why `send` would read nothing: too much is gone at once.
    pub held: Option<String>,
    /// Nothing is new: the slot would pass without a mail.
    pub empty: bool,
    /// Path, title and verdict of each announcement, newest first.
    pub verdicts: Vec<(String, String, Verdict)>,
    /// Titles of the events ahead, soonest first.
    pub upcoming: Vec<String>,
    /// Confirmed readers by the key of the variant they get.
    pub recipients: BTreeMap<String, u64>,
    /// Confirmed readers who get nothing: none of their topics is in it.
    pub without: u64,
    pub variants: Vec<Variant>,
    /// What a look through each variant found.
    pub findings: Vec<Vec<Finding>>,
    /// One mail a variant as it would be handed over, to a reader who does not exist.
    pub mails: Vec<Vec<u8>>,
}

impl App {
    /// # Errors
    /// Where the content folder cannot be read or the issue cannot be rendered.
    pub async fn preview(&self, newsletter: &Newsletter, now: DateTime<Utc>) -> anyhow::Result<Preview> {
        let (loaded, mut ledger) = self.read_with_ledger(now).await?;
        let held = self.held_back(&loaded, &ledger).map(|braked| braked.to_string());
        ledger.take_note(&loaded.catalog, now);
        let slot = self.slot_to_show(newsletter, now).await?;
        let cut_off = now.max(slot.due);
        let withdrawn = ledger.tombstones(cut_off);
        let sources = Sources { catalog: &loaded.catalog, ledger: &ledger, withdrawn: &withdrawn };
        let told = self.store.told(&newsletter.name).await?;
        let selection = newsletter.select(sources, told.as_ref(), cut_off);
        let verdict = |(it, verdict): &(&Announcement, Verdict)| (it.source.path.clone(), it.title.clone(), *verdict);
        let verdicts = selection.verdicts.iter().map(verdict).collect();
        let upcoming = selection.upcoming.iter().map(|announcement| announcement.title.clone()).collect();
        let is_empty = selection.is_empty();
        // one mail an announcement: the first of them
        let selection = match &newsletter.rhythm {
            Rhythm::Each => selection.one_by_one().into_iter().next().unwrap_or_default(),
            Rhythm::Scheduled(_) => selection,
        };
        let number = self.store.next_number(&newsletter.name).await?;
        let draft = Draft { newsletter, slot, number, selection: &selection, ledger: &ledger };
        let issue = self.issue_of(&draft, cut_off).await?;
        let mut recipients: BTreeMap<String, u64> =
            issue.variants.iter().map(|variant| (variant.key.clone(), 0)).collect();
        let mut without = 0;
        for (audience, count) in self.store.readers(&newsletter.name).await? {
            match issue.audiences.iter().find(|(known, _)| *known == audience) {
                Some((_, Some(key))) => *recipients.entry(key.clone()).or_default() += count,
                _ => without += count,
            }
        }
        let frozen = FrozenIssue {
            id: 0,
            newsletter: issue.newsletter,
            number,
            slot: issue.slot,
            frozen_at: issue.frozen_at,
            masthead: None,
            variants: issue.variants,
        };
        let findings = frozen.variants.iter().map(lint::look_through).collect();
        let mails = self.mails_to_nobody(&issue.masthead, &frozen)?;
        let variants = frozen.variants.into_iter();
        Ok(Preview {
            verdicts,
            upcoming,
            slot,
            number,
            held,
            recipients,
            without,
            empty: is_empty && (newsletter.skip_empty || newsletter.rhythm.schedule().is_none()),
            variants: variants.map(|variant| self.for_nobody(&issue.masthead, variant)).collect(),
            findings,
            mails,
        })
    }

    /// The slot that is due and open, else the next one.
    async fn slot_to_show(&self, newsletter: &Newsletter, now: DateTime<Utc>) -> anyhow::Result<Slot> {
        if newsletter.rhythm.schedule().is_none() {
            return Ok(Slot {
                local: now.with_timezone(&self.config.site.zone).naive_local().trunc_subsecs(0),
                due: now,
            });
        }
        self.open_slot(newsletter, now).await?.context("the schedule never comes due again")
    }
}
