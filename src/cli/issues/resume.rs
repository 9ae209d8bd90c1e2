//! `issues resume`: a held issue goes on; with `--confirm`, all sending.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::Which;
use crate::app::App;
use crate::cli::exit::UsageError;
use crate::cli::newsletters::switch;
use crate::cli::print::say;
use crate::model::issue::Hold;

#[derive(Args)]
pub(in crate::cli) struct Resume {
    /// The issue's number
    #[arg(required_unless_present = "confirm")]
    number: Option<u32>,
    /// Which newsletter; may be left out where there is only one
    #[arg(long, value_name = "NAME", conflicts_with = "confirm")]
    newsletter: Option<String>,
    /// The restored state, or the clock, that paused all sending is right
    #[arg(long, conflicts_with = "number")]
    confirm: bool,
}

impl Resume {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        match self.number {
            Some(number) => resume(app, &Which { number, newsletter: self.newsletter.clone() }).await?,
            None if self.confirm => confirm(app).await?,
            None => return Err(UsageError("which issue?".to_owned()).into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn resume(app: &App, which: &Which) -> anyhow::Result<()> {
    let (newsletter, issue) = which.find(app).await?;
    let mut resumed = false;
    for hold in [Hold::Operator, Hold::Relay] {
        resumed |= app.store.release_issue(issue.id, hold).await?;
    }
    let now = app.store.issue_numbered(&newsletter.name, which.number).await?.and_then(|issue| issue.hold);
    let (name, number) = (&newsletter.name, which.number);
    let what = match (resumed, now) {
        (true, Some(Hold::Approval)) => "is held no longer, and waits for approval",
        (true, _) => "goes on",
        (false, Some(Hold::Approval)) => "waits for approval",
        (false, _) => "was not held",
    };
    say!("{name}, issue {number}: {what}");
    if now == Some(Hold::Approval) {
        say!("  hint: `crieur issues approve {number}{}`", switch(app.config.newsletters.len(), name));
    }
    Ok(())
}

async fn confirm(app: &App) -> anyhow::Result<()> {
    let pauses = app.store.pauses().await?;
    for pause in &pauses {
        app.store.end_pause(pause.cause, Utc::now()).await?;
        say!("confirmed: {}", pause.reason);
    }
    say!("{}", if pauses.is_empty() { "sending was not paused" } else { "sending goes on" });
    Ok(())
}
