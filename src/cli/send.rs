//! `send`: steps 1, 3 and 4, until nothing is left to do.

mod deliver;
mod follow;

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::build::tell_errors;
use super::exit::{CONTENT, TRY_AGAIN};
use super::newsletters::{one as newsletter, switch};
use super::print::{counted, say, tell_pauses};
use super::time;
use crate::app::{App, Composed, Decision};

#[derive(Args)]
pub(super) struct Send {
    /// Only this newsletter
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// Compose as if it were this time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Send {
    pub(super) async fn run(&self, mut app: App) -> anyhow::Result<ExitCode> {
        let among = app.config.newsletters.len();
        if let Some(name) = &self.newsletter {
            newsletter(&app, Some(name))?;
            app.config.newsletters.retain(|newsletter| newsletter.name == *name);
        }
        let now = time::at(self.at.as_deref(), app.config.site.zone)?;
        let loaded = app.load(now).await?;
        tell_errors(&loaded.diagnostics);
        // first: whoever takes charge finds out whether this state, and this clock, may be gone by
        let charge = app.store.take_charge(Utc::now()).await?;
        let pauses = app.store.pauses().await?;
        if !pauses.is_empty() {
            tell_pauses(&pauses);
            return Ok(ExitCode::from(TRY_AGAIN));
        }
        let composed = app.compose(&loaded, now).await?;
        for one in &composed {
            say!("{}", describe(one, among));
        }
        let code = match charge {
            Some(_charge) => deliver::deliver(&app, among, Utc::now()).await?,
            None => follow::wait_for_daemon(&app, &composed).await?,
        };
        let failed = composed.iter().any(|one| matches!(one.decision, Decision::Failed { .. }));
        Ok(if failed { ExitCode::from(CONTENT) } else { code })
    }
}

fn describe(one: &Composed, among: usize) -> String {
    let switch = switch(among, &one.newsletter);
    let what = match &one.decision {
        Decision::Frozen { number, recipients, awaits_approval: false, .. } => {
            format!("issue {number} frozen for {}", counted(*recipients, "recipient"))
        }
        Decision::Frozen { number, recipients, .. } => format!(
            "issue {number} frozen for {}, waits for approval\n  hint: `crieur issues show {number}{switch}`, then `crieur issues approve {number}{switch}`",
            counted(*recipients, "recipient")
        ),
        Decision::Empty => "nothing new, no issue".to_owned(),
        Decision::Held { late_minutes } => {
            format!("{} late: held\n  hint: `--at` its time sends it after all", counted(*late_minutes, "minute"))
        }
        Decision::StillHeld => "held since it came too late\n  hint: `--at` its time sends it after all".to_owned(),
        Decision::Paused => "paused, no issue".to_owned(),
        Decision::AlreadyDecided => "done before".to_owned(),
        Decision::Failed { reason } => format!("no issue: {reason}"),
        Decision::NoReaders => "no confirmed subscriber, no issue yet".to_owned(),
        Decision::NotYet => "too long ago; the newsletter begins with its next slot".to_owned(),
    };
    format!("{}, {}: {what}", one.newsletter, one.slot.format("%F %R"))
}
