//! `status`: what the daemon would tell.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;

use super::format::Format;
use super::print::{counted, say};
use crate::app::App;
use crate::model::issue::Issue;
use crate::model::pause::CONFIRM;
use crate::model::status::{NewsletterFigures, Status as Report};

#[derive(Args)]
pub(super) struct Status {
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
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
    let catalog = &report.reading.catalog;
    say!(
        "catalog        {} ({} visible, {} with an event), {}, {}",
        counted(catalog.announcements, "announcement"),
        catalog.visible,
        catalog.events,
        counted(catalog.errors, "error"),
        counted(catalog.warnings, "warning")
    );
    if let Some(held) = &report.reading.held {
        say!("held back      {}", held.replace("\n  hint: ", "; "));
    }
    let figures = &report.figures;
    for pause in &figures.pauses {
        say!("paused         no newsletter is sent: {}; if all is right: `{CONFIRM}`", pause.reason);
    }
    match &figures.last_publish {
        Some(last) => say!("last publish   {}: {}", local(last.at), counted(last.documents, "document")),
        None => say!("last publish   never"),
    }
    figures.newsletters.iter().for_each(|newsletter| print_newsletter(newsletter, &figures.held_issues));
    say!("outbox         {}", counts(figures.outbox.iter()));
    if let Some(until) = figures.quiet_until {
        say!("quiet hours    until {}: no issue goes out", local(until));
    }
    if figures.letters.values().any(|count| *count > 0) {
        say!("letters        {}", counts(figures.letters.iter()));
    }
    if !figures.refusals.is_empty() {
        say!("refused by     {} (last 30 days)", counts(figures.refusals.iter()));
    }
    say!("suppressions   {}", figures.suppressions);
}

fn print_newsletter(newsletter: &NewsletterFigures, held: &[Issue]) {
    say!("newsletter     {} ({})", newsletter.name, newsletter.title);
    if let Some(slot) = newsletter.next_slot {
        say!("  next slot    {}", slot.format("%F %R"));
    }
    if let Some(last) = &newsletter.last {
        let number = last.number.map(|number| format!(", number {number}")).unwrap_or_default();
        say!("  last slot    {}: {}{number}", last.slot.format("%F %R"), last.state.as_str());
    }
    for issue in held.iter().filter(|issue| issue.newsletter == newsletter.name) {
        let number = issue.number.unwrap_or_default();
        say!("  number {number:<5} {}", issue.why_held().unwrap_or_default());
    }
    say!("  subscribers  {}", counts(newsletter.subscribers.iter()));
}

/// `1 sent, 2 waiting`, or `none`.
fn counts<'a, K: std::fmt::Display + 'a>(all: impl Iterator<Item = (&'a K, &'a u64)>) -> String {
    let some: Vec<String> =
        all.filter(|(_, count)| **count > 0).map(|(name, count)| format!("{count} {name}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}
