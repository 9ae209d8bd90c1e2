//! `preview`: exactly the next issue; changes nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::newsletters::one as newsletter;
use super::print::{counted, say};
use super::time;
use crate::app::{App, Preview as Next};
use crate::model::newsletter::Newsletter;
use crate::model::selection::Verdict;

#[derive(Args)]
pub(super) struct Preview {
    /// The newsletter's name
    newsletter: String,
    /// As if it were this time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Also write each variant there as .eml, .html and .txt
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Preview {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        let newsletter = newsletter(&app, Some(&self.newsletter))?;
        let now = time::at(self.at.as_deref(), app.config.site.zone)?;
        let next = app.preview(newsletter, now).await?;
        print(newsletter, &next);
        if let Some(dir) = &self.out {
            write(dir, &newsletter.name, &next)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(newsletter: &Newsletter, next: &Next) {
    let (title, has_slots) = (&newsletter.title, newsletter.rhythm.schedule().is_some());
    say!("{title}, number {}, {}", next.number, next.slot.local.format("%F %R"));
    if let Some(held) = &next.held {
        say!("  `send` would refuse: {held}");
    }
    if next.empty {
        say!("  nothing new: {}", if has_slots { "this slot passes without a mail" } else { "no mail for now" });
    }
    for (path, title, verdict) in &next.verdicts {
        say!(
            "  {:<4} {title} ({path}){}",
            if matches!(verdict, Verdict::New | Verdict::Changed) { "in" } else { "out" },
            reason(*verdict)
        );
    }
    for title in &next.upcoming {
        say!("  upcoming: {title}");
    }
    if next.without > 0 && !next.empty {
        let get = if next.without == 1 { "gets" } else { "get" };
        say!("  nothing of their topics is in it: {} {get} no mail", counted(next.without, "reader"));
    }
    for (variant, findings) in next.variants.iter().zip(&next.findings) {
        let recipients = next.recipients.get(&variant.key).copied().unwrap_or(0);
        let (recipients, size) = (counted(recipients, "recipient"), counted(variant.html.len(), "byte"));
        say!("variant {}: {recipients}, {size} of HTML", variant.key);
        say!("  subject: {}", variant.subject);
        if let Some(calendar) = &variant.calendar {
            say!("  attached: its events as a calendar file, {} bytes", calendar.len());
        }
        for finding in findings {
            say!("  look at this: {}", finding.what);
        }
    }
}

fn reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::New => "",
        Verdict::Changed => ": told before, changed since",
        Verdict::AlreadyTold => ": in an earlier issue",
        Verdict::BeforeLookBack => ": older than the first issue looks back",
        Verdict::PassedOver => ": older than the first issue looked back",
        Verdict::OtherSubject => ": other categories and tags",
        Verdict::Draft => ": a draft",
        Verdict::Ahead => ": dated ahead",
        Verdict::Expired => ": expired",
    }
}

fn write(dir: &Path, name: &str, next: &Next) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    for (variant, mail) in next.variants.iter().zip(&next.mails) {
        let stem = format!("{name}-{}-{}", next.number, variant.key);
        for (ending, bytes) in
            [("eml", mail.as_slice()), ("html", variant.html.as_bytes()), ("txt", variant.text.as_bytes())]
        {
            let file = dir.join(format!("{stem}.{ending}"));
            std::fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
            say!("wrote {}", file.display());
        }
        if let Some(calendar) = &variant.calendar {
            let file = dir.join(format!("{stem}.ics"));
            std::fs::write(&file, calendar).with_context(|| format!("cannot write `{}`", file.display()))?;
            say!("wrote {}", file.display());
        }
    }
    Ok(())
}
