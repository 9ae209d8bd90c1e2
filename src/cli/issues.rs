//! `issues`: what was frozen, and whether it goes out.

mod doubts;
mod resume;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::doubts::{Doubts, Resolve};
use self::resume::Resume;
use self::show::Show;
use super::exit::{CONTENT, UsageError};
use super::newsletters::{named, one as newsletter, switch};
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
    /// Of one newsletter only
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// How many slots of each
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
                let is_watched = app.store.who_is_in_charge().await?.is_some();
                let (what, code) = match (approved, issue.hold) {
                    (true, _) if is_watched => ("approved: it goes out now".to_owned(), ExitCode::SUCCESS),
                    (true, _) => {
                        ("approved: it goes out with the next `crieur send` or `serve`".to_owned(), ExitCode::SUCCESS)
                    }
                    (false, Some(_)) => {
                        let switch = switch(app.config.newsletters.len(), &newsletter.name);
                        let hint = format!("hint: `crieur issues resume {}{switch}`", which.number);
                        (format!("is held, and not approved\n  {hint}"), ExitCode::from(CONTENT))
                    }
                    (false, None) => ("did not wait for approval".to_owned(), ExitCode::SUCCESS),
                };
                say!("{}, issue {}: {what}", newsletter.name, which.number);
                Ok(code)
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
            None => Err(unknown(app, newsletter, self.number).into()),
        }
    }
}

/// A number the newsletter has not come to.
fn unknown(app: &App, newsletter: &Newsletter, number: u32) -> UsageError {
    let (name, switch) = (&newsletter.name, switch(app.config.newsletters.len(), &newsletter.name));
    UsageError(format!("`{name}` has no issue {number}\n  hint: `crieur issues list{switch}` shows those there are"))
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
        let newsletters = named(app, self.newsletter.as_deref())?;
        tell_pauses(&app.store.pauses().await?);
        for newsletter in newsletters {
            let whose = if newsletters.len() > 1 { format!("{}, ", newsletter.name) } else { String::new() };
            for issue in app.store.issues(&newsletter.name, self.limit).await? {
                let slot = issue.slot.format("%F %R");
                match issue.number {
                    None => say!("{whose}{slot}  {}", issue.state.as_str()),
                    Some(number) => {
                        let deliveries = told(&app.store.delivery_counts(issue.id).await?);
                        say!("{whose}{slot}  number {number}: {deliveries}{}", held(&issue));
                    }
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
