//! `subscribers show`: everything that is kept of one person.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::address;
use super::table::for_terminal;
use crate::app::App;
use crate::cli::exit::CONTENT;
use crate::cli::print::say;
use crate::model::subscriber::{SubscriberRecord, SubscriptionRecord};

#[derive(Args)]
pub(in crate::cli) struct Show {
    email: String,
    /// `json` holds everything, to be handed out to the person (GDPR articles 15 and 20)
    #[arg(long, default_value = "human")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Show {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let record = app.store.subscriber(&address(&self.email)?).await?;
        match (&record, self.format) {
            (_, Format::Json) => say!("{}", serde_json::to_string_pretty(&json!(record))?),
            (Some(record), Format::Human) => print(record),
            (None, Format::Human) => say!("nothing is kept of this address"),
        }
        Ok(if record.is_some() { ExitCode::SUCCESS } else { ExitCode::from(CONTENT) })
    }
}

fn print(record: &SubscriberRecord) {
    say!("{}", for_terminal(record.address.as_str()));
    if let Some(name) = &record.name {
        say!("  name: {}", for_terminal(name));
    }
    if let Some(suppression) = &record.suppression {
        say!("  suppressed: {}, since {}", for_terminal(&suppression.reason), day(suppression.at));
    }
    for subscription in &record.subscriptions {
        print_subscription(subscription);
    }
}

fn print_subscription(one: &SubscriptionRecord) {
    say!("{}: {}, in {}", one.newsletter, one.status.as_str(), for_terminal(&one.lang));
    if !one.topics.is_empty() {
        say!("  topics: {}", for_terminal(&one.topics.join(", ")));
    }
    say!("  signed up: {}", day(one.created));
    for (what, at) in [("confirmed", one.confirmed), ("left", one.unsubscribed)] {
        if let Some(at) = at {
            say!("  {what}: {}", day(at));
        }
    }
    for consent in &one.consents {
        let wording = consent.wording_hash.as_ref().map(|hash| format!(", wording {hash}")).unwrap_or_default();
        say!("  consent: {}, {}{wording}", day(consent.at), for_terminal(&consent.source));
    }
    for delivery in &one.deliveries {
        let number = delivery.number.map(|number| format!("number {number}, ")).unwrap_or_default();
        let reason = delivery.reason.as_ref().map(|reason| format!(": {}", for_terminal(reason))).unwrap_or_default();
        say!(
            "  mail: {number}{}, {} {}{reason}",
            delivery.slot.format("%F %R"),
            delivery.state.as_str(),
            day(delivery.changed)
        );
    }
}

fn day(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%F %R UTC")
}
