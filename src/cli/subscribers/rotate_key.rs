//! `subscribers rotate-key`: a new key for what is signed from now on.
//!
//! It stands here and not at the top because all the key signs is about subscribers: their links, the Message-IDs of their
//! mails, the hashes of the suppression list.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use crate::app::App;
use crate::cli::print::say;
use crate::daemon::take_charge;

#[derive(Args)]
pub(in crate::cli) struct RotateKey {}

impl RotateKey {
    /// Only where nobody else is in charge: a daemon would go on signing with the key it knows, and take links made with the
    /// new one for forged.
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let _charge = take_charge(app, Utc::now()).await?;
        let key = app.rotate_key().await?;
        say!("key {} signs from now on; links to unsubscribe that were sent stay good", key.number());
        say!(
            "links to confirm that were sent are void: their page says so and offers the form, which sends another at once"
        );
        Ok(ExitCode::SUCCESS)
    }
}
