//! Exactly the next issue, without changing anything: what is in, what is out and why, for how many.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::App;
use crate::delivery::message;
use crate::model::delivery::Claim;
use crate::model::issue::{FrozenIssue, Variant};
use crate::model::newsletter::{Newsletter, Slot, Verdict};
use crate::model::subscription::EmailAddress;

/// What would go out.
#[derive(Debug)]
pub struct Preview {
    pub slot: Slot,
    pub number: u32,
    /// Nothing is new: the slot would pass without a mail.
    pub empty: bool,
    /// Path, title and verdict of each announcement, newest first.
    pub verdicts: Vec<(String, String, Verdict)>,
    /// Titles of the events ahead, soonest first.
    pub upcoming: Vec<String>,
    /// Confirmed readers by the key of the variant they get.
    pub recipients: BTreeMap<String, u64>,
    pub variants: Vec<Variant>,
    /// One mail a variant as it would be handed over, to a reader who does not exist.
    pub mails: Vec<Vec<u8>>,
}

impl App {
    /// # Errors
    /// Where the content folder cannot be read or the issue cannot be rendered.
    pub async fn preview(&self, newsletter: &Newsletter, now: DateTime<Utc>) -> anyhow::Result<Preview> {
        let loaded = self.read(now).await?;
        let mut ledger = self.ledger().await?;
        ledger.take_note(&loaded.catalog, now);
        let slot = self.slot_to_show(newsletter, now).await?;
        let told = self.store.told(&newsletter.name).await?;
        let cut_off = now.max(slot.due);
        let selection = newsletter.select(&loaded.catalog, told.as_ref(), cut_off);
        let number = self.store.next_number(&newsletter.name).await?;
        let variants = self.variants(newsletter, slot, number, &selection, &ledger).await?;
        let mut recipients: BTreeMap<String, u64> = variants.iter().map(|variant| (variant.key.clone(), 0)).collect();
        for (lang, count) in self.store.readers(&newsletter.name).await? {
            let key = variants.iter().find(|variant| variant.lang == lang).or(variants.first());
            *recipients.entry(key.map(|variant| variant.key.clone()).unwrap_or_default()).or_default() += count;
        }
        let mails = self.mails(newsletter, slot, number, cut_off, &variants)?;
        let title = |announcement: &&crate::model::announcement::Announcement| announcement.title.clone();
        Ok(Preview {
            verdicts: selection
                .verdicts
                .iter()
                .map(|(announcement, verdict)| (announcement.source.path.clone(), announcement.title.clone(), *verdict))
                .collect(),
            upcoming: selection.upcoming.iter().map(title).collect(),
            slot,
            number,
            recipients,
            empty: selection.new.is_empty() && newsletter.skip_empty,
            variants: variants.into_iter().map(|variant| self.for_nobody(variant)).collect(),
            mails,
        })
    }

    /// A variant with the unsubscribe address of a subscription that does not exist.
    fn for_nobody(&self, mut variant: Variant) -> Variant {
        let leave = self.config.site.own_url(&format!("unsubscribe/{}", self.key.subscription_token(0)));
        variant.html = variant.html.replace(&variant.unsubscribe_mark, &leave);
        variant.text = variant.text.replace(&variant.unsubscribe_mark, &leave);
        variant
    }

    /// The slot that is due and open, else the next one.
    async fn slot_to_show(&self, newsletter: &Newsletter, now: DateTime<Utc>) -> anyhow::Result<Slot> {
        let zone = self.config.site.zone;
        if let Some(slot) =
            newsletter.schedule.latest_slot(now, zone).filter(|slot| now - slot.due <= newsletter.missed)
            && self.store.issue(&newsletter.name, slot.local).await?.is_none()
        {
            return Ok(slot);
        }
        newsletter.schedule.next_slot(now, zone).context("the schedule never comes due again")
    }

    fn mails(
        &self,
        newsletter: &Newsletter,
        slot: Slot,
        number: u32,
        frozen_at: DateTime<Utc>,
        variants: &[Variant],
    ) -> anyhow::Result<Vec<Vec<u8>>> {
        let issue = FrozenIssue {
            id: 0,
            newsletter: newsletter.name.clone(),
            number,
            slot: slot.local,
            frozen_at,
            variants: variants.to_vec(),
        };
        let nobody = |variant: &Variant| Claim {
            delivery: 0,
            epoch: 0,
            issue: 0,
            subscription: 0,
            address: EmailAddress::parse("lecteur@example.org").expect("a fixed address parses"),
            name: None,
            variant: variant.key.clone(),
            attempts: 0,
        };
        let sender = self.sender(newsletter);
        variants.iter().map(|variant| Ok(message::build(&sender, &issue, &nobody(variant))?)).collect()
    }
}
