//! `issues`: what was frozen, and whether it goes out.

mod doubts;
mod resume;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::doubts::{Doubts, Resolve};
use self::resume::Resume;
use self::show::Show;
use super::exit::UsageError;
use super::newsletters::one as newsletter;
use super::print::{say, tell_pauses};
use crate::app::App;
use crate::model::delivery::DeliveryState;
use crate::model::issue::{Hold, Issue};
use crate::model::newsletter::Newsletter;
use crate::store::DeliveryCounts;

#[derive(Subcommand)]
pub(super) enum Issues {
    /// List slots and what became of them, latest first
    List(List),
    /// Show an issue: what it carries, its mails, what became of them
    Show(Show),
    /// Let an issue of a newsletter with `approval = true` go out
    Approve(Which),
    /// Keep an issue from going out further
    Hold(HoldIt),
    /// Let an issue go on that was held, by hand or because the relay refused it; or, with --confirm, all sending
    Resume(Resume),
    /// List the mails that may or may not have arrived, by name
    Doubts(Doubts),
    /// Settle mails in doubt by hand
    Resolve(Resolve),
}

#[derive(Args)]
pub(super) struct List {
    /// Which newsletter; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// How many slots
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
}

/// One issue of one newsletter.
#[derive(Args)]
pub(super) struct Which {
    /// The issue's number
    number: u32,
    /// Which newsletter; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
}

#[derive(Args)]
pub(super) struct HoldIt {
    #[command(flatten)]
    which: Which,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Issues {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run(&app).await,
            Self::Show(show) => show.run(&app).await,
            Self::Approve(which) => {
                let (newsletter, issue) = which.find(&app).await?;
                let approved = app.store.release_issue(issue.id, Hold::Approval).await?;
                let what = match (approved, issue.hold) {
                    (true, _) => "approved: it goes out now",
                    (false, Some(_)) => "is held\n  hint: `crieur issues resume`",
                    (false, None) => "did not wait for approval",
                };
                say!("{}, issue {}: {what}", newsletter.name, which.number);
                Ok(ExitCode::SUCCESS)
            }
            Self::Hold(hold) => hold.run(&app).await,
            Self::Resume(resume) => resume.run(&app).await,
            Self::Doubts(doubts) => doubts.run(&app).await,
            Self::Resolve(resolve) => resolve.run(&app).await,
        }
    }
}

impl Which {
    async fn find<'a>(&self, app: &'a App) -> anyhow::Result<(&'a Newsletter, Issue)> {
        let newsletter = newsletter(app, self.newsletter.as_deref())?;
        match app.store.issue_numbered(&newsletter.name, self.number).await? {
            Some(issue) => Ok((newsletter, issue)),
            None => Err(unknown(newsletter, self.number).into()),
        }
    }
}

/// A number the newsletter has not come to.
fn unknown(newsletter: &Newsletter, number: u32) -> UsageError {
    UsageError(format!(
        "`{}` has no issue {number}\n  hint: `crieur issues list` shows those there are",
        newsletter.name
    ))
}

impl HoldIt {
    async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let (newsletter, issue) = self.which.find(app).await?;
        if is_over(&app.store.delivery_counts(issue.id).await?) {
            say!(
                "{}, issue {}: nothing is left to hold, all its mails were sent or given up",
                newsletter.name,
                self.which.number
            );
            return Ok(ExitCode::SUCCESS);
        }
        let held = app.store.hold_issue(issue.id, Hold::Operator, self.reason.as_deref()).await?;
        let what = if held { "held; what is being handed over now cannot be called back" } else { "was held already" };
        say!("{}, issue {}: {what}", newsletter.name, self.which.number);
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether no mail of an issue can go out any more. One that is in doubt may be sent again.
fn is_over(counts: &DeliveryCounts) -> bool {
    let left = [DeliveryState::Waiting, DeliveryState::Sending, DeliveryState::Deferred, DeliveryState::Doubt];
    left.iter().all(|state| counts.get(state).is_none_or(|count| *count == 0))
}

impl List {
    async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let newsletter = newsletter(app, self.newsletter.as_deref())?;
        tell_pauses(&app.store.pauses().await?);
        for issue in app.store.issues(&newsletter.name, self.limit).await? {
            let slot = issue.slot.format("%F %R");
            match issue.number {
                None => say!("{slot}  {}", issue.state.as_str()),
                Some(number) => {
                    let deliveries = told(&app.store.delivery_counts(issue.id).await?);
                    say!("{slot}  number {number}: {deliveries}{}", held(&issue));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// `, held (operator: a slip in the date)`.
fn held(issue: &Issue) -> String {
    issue.why_held().map(|why| format!(", {why}")).unwrap_or_default()
}

/// `2 sent, 1 in doubt`.
fn told(counts: &DeliveryCounts) -> String {
    let some =
        DeliveryState::ALL.iter().filter_map(|state| Some((state, counts.get(state).filter(|count| **count > 0)?)));
    let words: Vec<String> = some.map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    if words.is_empty() { "no reader".to_owned() } else { words.join(", ") }
}
