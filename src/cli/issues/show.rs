//! `issues show`: one issue, whole, also as a folder that a team can look through.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{Which, held, newsletter, told, unknown};
use crate::app::{App, IssueInFull};
use crate::cli::print::say;
use crate::model::newsletter::Newsletter;

#[derive(Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    which: Which,
    /// Also write it there: issue.json, and each variant as .eml, .html and .txt
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Show {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let newsletter = newsletter(app, self.which.newsletter.as_deref())?;
        let number = self.which.number;
        let issue = app.issue_in_full(newsletter, number).await?.ok_or_else(|| unknown(app, newsletter, number))?;
        print(newsletter, number, &issue);
        if let Some(dir) = &self.out {
            write(dir, &issue)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(newsletter: &Newsletter, number: u32, it: &IssueInFull) {
    let (slot, frozen) = (it.issue.slot.format("%F %R"), it.issue.decided_at.format("%FT%TZ"));
    say!("{}, number {number}, {slot} (frozen {frozen}){}", newsletter.title, held(&it.issue));
    for item in &it.items {
        say!("  {:<9} {} (revision {})", item.section.as_str(), item.announcement, item.sequence);
    }
    say!("  {}", told(&it.deliveries));
    for reason in &it.reasons {
        say!("    {} {}: {}", reason.count, reason.state.as_str(), reason.said);
    }
    for (variant, findings) in it.variants.iter().zip(&it.findings) {
        say!("variant {}: {} bytes of HTML", variant.key, variant.html.len());
        say!("  subject: {}", variant.subject);
        if let Some(calendar) = &variant.calendar {
            say!("  attached: its events as a calendar file, {} bytes", calendar.len());
        }
        for finding in findings {
            say!("  look at this: {}", finding.what);
        }
    }
}

/// The same issue gives the same bytes: a folder under version control shows what differs.
fn write(dir: &Path, it: &IssueInFull) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    let save = |name: String, bytes: &[u8]| {
        let file = dir.join(name);
        std::fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
        say!("wrote {}", file.display());
        anyhow::Ok(())
    };
    let variants = it
        .variants
        .iter()
        .map(|variant| serde_json::json!({ "key": variant.key, "lang": variant.lang, "subject": variant.subject }));
    let about = serde_json::json!({
        "newsletter": it.issue.newsletter,
        "number": it.issue.number,
        "slot": it.issue.slot,
        "frozen_at": it.issue.decided_at,
        "items": it.items,
        "variants": variants.collect::<Vec<_>>(),
    });
    save("issue.json".to_owned(), format!("{}\n", serde_json::to_string_pretty(&about)?).as_bytes())?;
    for (variant, mail) in it.variants.iter().zip(&it.mails) {
        save(format!("{}.eml", variant.key), mail)?;
        save(format!("{}.html", variant.key), variant.html.as_bytes())?;
        save(format!("{}.txt", variant.key), variant.text.as_bytes())?;
        if let Some(calendar) = &variant.calendar {
            save(format!("{}.ics", variant.key), calendar.as_bytes())?;
        }
    }
    Ok(())
}
