//! `subscribers erase`: what is kept of a person is gone, byte by byte.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::address;
use crate::app::App;
use crate::cli::exit::TRY_AGAIN;
use crate::cli::print::{counted, say, tell};

#[derive(Args)]
pub(in crate::cli) struct Erase {
    email: String,
    /// The person objected to being mailed: a keyed hash stays, so that no list brings them back
    #[arg(long)]
    objected: bool,
}

impl Erase {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let (erased, mails) = app.erase(&address(&self.email)?, self.objected, Utc::now()).await?;
        say!(
            "erased: {}, {} in the outbox folder; {} counted of nobody in particular",
            counted(erased.subscriptions, "subscription"),
            counted(mails, "mail"),
            counted(erased.deliveries, "delivery") + if erased.deliveries == 1 { " is" } else { " are" }
        );
        if erased.suppressed {
            say!("a keyed hash stays on the suppression list");
        }
        if !erased.bytes_gone {
            tell!("the bytes are still in the store's log: another process reads all the time; run this again");
            return Ok(ExitCode::from(TRY_AGAIN));
        }
        Ok(ExitCode::SUCCESS)
    }
}
