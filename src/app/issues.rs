//! Issues as the operator looks at them: one by its number, with its items, its mails and what became of them.

use chrono::DateTime;

use super::App;
use crate::delivery::message::{self, Sender};
use crate::model::delivery::{Carries, Claim};
use crate::model::issue::{FrozenIssue, Issue, IssueItem, Masthead, Variant};
use crate::model::newsletter::Newsletter;
use crate::model::status::Reason;
use crate::model::subscription::EmailAddress;
use crate::output::lint::{self, Finding};
use crate::store::DeliveryCounts;

/// A frozen issue, whole.
#[derive(Debug)]
pub struct IssueInFull {
    pub issue: Issue,
    pub items: Vec<IssueItem>,
    pub deliveries: DeliveryCounts,
    /// The commonest words of the relay about those that are deferred or refused.
    pub reasons: Vec<Reason>,
    /// With the addresses of a subscription that does not exist.
    pub variants: Vec<Variant>,
    /// What a look through each variant finds.
    pub findings: Vec<Vec<Finding>>,
    /// One mail a variant as it is handed over, to a reader who does not exist.
    pub mails: Vec<Vec<u8>>,
}

impl App {
    /// `None` where the newsletter has no issue of this number.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn issue_in_full(&self, newsletter: &Newsletter, number: u32) -> anyhow::Result<Option<IssueInFull>> {
        let Some(issue) = self.store.issue_numbered(&newsletter.name, number).await? else { return Ok(None) };
        let Some(frozen) = self.store.frozen_issue(issue.id).await? else { return Ok(None) };
        let masthead = frozen.masthead.clone().unwrap_or_else(|| self.masthead(&newsletter.title));
        Ok(Some(IssueInFull {
            items: self.store.issue_items(issue.id).await?,
            deliveries: self.store.delivery_counts(issue.id).await?,
            reasons: self.store.reasons(Some(issue.id), DateTime::UNIX_EPOCH).await?,
            findings: frozen.variants.iter().map(lint::look_through).collect(),
            mails: self.mails_to_nobody(&masthead, &frozen)?,
            variants: frozen.variants.into_iter().map(|variant| self.for_nobody(&masthead, variant)).collect(),
            issue,
        }))
    }

    /// A variant with the links of a reader who does not exist.
    pub(super) fn for_nobody(&self, masthead: &Masthead, mut variant: Variant) -> Variant {
        let links = [
            (&variant.unsubscribe_mark, format!("unsubscribe/{}", self.key.subscription_token(0))),
            (&variant.preferences_mark, format!("preferences/{}", self.key.preferences_token(0))),
        ];
        for (mark, path) in links.into_iter().filter(|(mark, _)| !mark.is_empty()) {
            let link = masthead.own_url(&path);
            variant.html = variant.html.replace(mark, &link);
            variant.text = variant.text.replace(mark, &link);
        }
        variant
    }

    pub(super) fn mails_to_nobody(&self, masthead: &Masthead, issue: &FrozenIssue) -> anyhow::Result<Vec<Vec<u8>>> {
        let nobody = |variant: &Variant| Claim {
            delivery: 0,
            epoch: 0,
            carries: Carries::Issue { issue: issue.id, subscription: 0, variant: variant.key.clone() },
            subscriber: 0,
            address: EmailAddress::parse("lecteur@example.org").expect("a fixed address parses"),
            name: None,
            attempts: 0,
        };
        let sender = Sender { masthead, key: &self.key };
        issue.variants.iter().map(|variant| Ok(message::build(&sender, issue, &nobody(variant))?)).collect()
    }
}
