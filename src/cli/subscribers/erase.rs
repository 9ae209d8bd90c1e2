//! `subscribers erase`: what is kept of a person is gone, byte by byte.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::address;
use crate::app::App;
use crate::cli::exit::TRY_AGAIN;
use crate::cli::print::{counted, say, tell};
use crate::model::subscriber::Erased;

#[derive(Args)]
pub(in crate::cli) struct Erase {
    email: String,
    /// The person objected to being mailed: a keyed hash stays, so that no list brings them back
    #[arg(long)]
    objected: bool,
}

impl Erase {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let address = address(&self.email)?;
        let is_known = app.store.subscriber(&address).await?.is_some();
        // also where nothing is known: the bytes of an earlier try may be left
        let (erased, mails) = app.erase(&address, self.objected, Utc::now()).await?;
        if is_known || mails > 0 {
            print(&erased, mails);
        } else {
            say!("nothing was kept of this address");
        }
        if erased.suppressed {
            say!("a keyed hash stays on the suppression list");
        }
        if !erased.bytes_gone {
            tell!("the bytes are still in the store's log: another process reads all the time; run this again");
            return Ok(ExitCode::from(TRY_AGAIN));
        }
        // also where there was nobody: what was asked for holds, as after a second try
        Ok(ExitCode::SUCCESS)
    }
}

fn print(erased: &Erased, mails: usize) {
    let deliveries = match erased.deliveries {
        0 => String::new(),
        1 => "; 1 delivery is counted of nobody in particular".to_owned(),
        several => format!("; {} are counted of nobody in particular", counted(several, "delivery")),
    };
    let subscriptions = counted(erased.subscriptions, "subscription");
    say!("erased: {subscriptions}, {} in the outbox folder{deliveries}", counted(mails, "mail"));
}
