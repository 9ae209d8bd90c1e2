//! `issues doubts` and `issues resolve`: mails whose answer never came.

use std::process::ExitCode;

use chrono::Utc;
use clap::{ArgGroup, Args};

use crate::app::App;
use crate::cli::exit::CONTENT;
use crate::cli::print::{counted, say, tell};
use crate::model::delivery::Resolution;

#[derive(Args)]
pub(in crate::cli) struct Doubts {
    /// Only this newsletter's
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
}

#[derive(Args)]
#[command(group = ArgGroup::new("end").args(["sent", "again"]).required(true))]
pub(in crate::cli) struct Resolve {
    /// Which mails: the first column of `issues doubts`
    #[arg(required = true)]
    delivery: Vec<i64>,
    /// They arrived: nothing more is sent
    #[arg(long)]
    sent: bool,
    /// They did not: send once more
    #[arg(long)]
    again: bool,
}

impl Doubts {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        if let Some(name) = &self.newsletter {
            super::newsletter(app, Some(name))?;
        }
        for doubt in app.store.doubts(self.newsletter.as_deref()).await? {
            let since = doubt.since.with_timezone(&app.config.site.zone).format("%F %R");
            let then = if doubt.resent_by_itself { "is sent once more" } else { "waits for you" };
            say!(
                "{}\t{}\t{} {}\t{since}\t{then}\t{}",
                doubt.delivery,
                doubt.address.as_str(),
                doubt.newsletter,
                doubt.number,
                doubt.reason
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Resolve {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let resolution = if self.sent { Resolution::Sent } else { Resolution::Again };
        // where nobody else is: what the last process was sending when it ended is in doubt from now on
        let _charge = app.store.take_charge(Utc::now()).await?;
        let mut settled = 0;
        for delivery in &self.delivery {
            if app.store.resolve_doubt(*delivery, resolution, Utc::now()).await? {
                settled += 1;
            } else {
                tell!("{delivery} is not in doubt");
            }
        }
        say!("{} settled", counted(settled, "mail"));
        Ok(if settled == self.delivery.len() { ExitCode::SUCCESS } else { ExitCode::from(CONTENT) })
    }
}
