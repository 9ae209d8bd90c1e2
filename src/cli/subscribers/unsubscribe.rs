//! `subscribers unsubscribe`: for whoever asked the operator instead of clicking.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::address;
use crate::app::App;
use crate::cli::exit::CONTENT;
use crate::cli::newsletters::unknown;
use crate::cli::print::{counted, say};
use crate::model::subscription::SubscriptionStatus;

#[derive(Args)]
pub(in crate::cli) struct Unsubscribe {
    email: String,
    /// Only this newsletter; all of them without it
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
}

impl Unsubscribe {
    /// A newsletter that is no longer in the configuration can be left, too.
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let record = app.store.subscriber(&address(&self.email)?).await?;
        let subscriptions = record.map(|record| record.subscriptions).unwrap_or_default();
        let meant: Vec<_> = subscriptions
            .iter()
            .filter(|it| self.newsletter.as_ref().is_none_or(|name| *name == it.newsletter))
            .collect();
        if let Some(name) =
            self.newsletter.as_deref().filter(|name| meant.is_empty() && app.config.newsletter(name).is_none())
        {
            return Err(unknown(name, app).into());
        }
        if meant.is_empty() {
            say!("no such subscription");
            return Ok(ExitCode::from(CONTENT));
        }
        let mut ended = 0;
        for subscription in meant {
            app.store.unsubscribe(subscription.id, Utc::now()).await?;
            ended += usize::from(subscription.status != SubscriptionStatus::Unsubscribed);
        }
        if ended == 0 {
            say!("left before");
        } else {
            say!("{} ended", counted(ended, "subscription"));
        }
        Ok(ExitCode::SUCCESS)
    }
}
