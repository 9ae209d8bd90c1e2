//! `status`: what the daemon would tell.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::print::{counted, say};
use crate::app::{App, Status as Report};

#[derive(Args)]
pub(super) struct Status {
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Status {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        let report = app.status(Utc::now()).await?;
        match self.format {
            Format::Human => print(&report, |at| at.with_timezone(&app.config.site.zone).format("%F %R").to_string()),
            Format::Json => say!("{}", serde_json::to_string_pretty(&report)?),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(report: &Report, local: impl Fn(DateTime<Utc>) -> String) {
    let catalog = &report.catalog;
    say!(
        "catalog        {} ({} visible, {} with an event), {}, {}",
        counted(catalog.announcements, "announcement"),
        catalog.visible,
        catalog.events,
        counted(catalog.errors, "error"),
        counted(catalog.warnings, "warning")
    );
    if let Some(held) = &report.held {
        say!("held back      {}", held.replace("\n  hint: ", "; "));
    }
    match &report.last_publish {
        Some(last) => say!("last publish   {}: {} documents", local(last.at), last.documents),
        None => say!("last publish   never"),
    }
    for newsletter in &report.newsletters {
        say!("newsletter     {} ({})", newsletter.name, newsletter.title);
        if let Some(slot) = newsletter.next_slot {
            say!("  next slot    {}", slot.format("%F %R"));
        }
        if let Some(last) = &newsletter.last {
            let number = last.number.map(|number| format!(", number {number}")).unwrap_or_default();
            say!("  last slot    {}: {}{number}", last.slot.format("%F %R"), last.state.as_str());
        }
        say!("  subscribers  {}", counts(newsletter.subscribers.iter().map(|(name, count)| (*name, *count))));
    }
    say!("outbox         {}", counts(report.outbox.iter().map(|(name, count)| (*name, *count))));
    say!("suppressions   {}", report.suppressions);
}

/// `1 sent, 2 waiting`, or `none`.
fn counts(all: impl Iterator<Item = (&'static str, u64)>) -> String {
    let some: Vec<String> =
        all.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}
