//! `bounces`: delivery reports and complaints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use chrono::Utc;
use clap::{Args, Subcommand};

use super::exit::{CONTENT, UsageError};
use super::print::{say, tell};
use crate::app::{App, Taken};
use crate::delivery::bounce::source::{MOST_OF_AN_MBOX, Maildir, messages, read_all};

#[derive(Subcommand)]
pub(super) enum Bounces {
    /// Read delivery reports and complaints from a file, a pipe or a Maildir, and suppress who bounced enough
    Ingest(Ingest),
}

#[derive(Args)]
pub(super) struct Ingest {
    /// A message, an mbox, a Maildir (what is recorded is deleted from it, the rest moved to its `cur`), or `-`
    #[arg(default_value = "-", value_name = "FILE|-|MAILDIR")]
    source: PathBuf,
}

impl Bounces {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        match self {
            Self::Ingest(ingest) => ingest.run(&app).await,
        }
    }
}

impl Ingest {
    async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let (mut counts, mut is_unreadable) = (BTreeMap::new(), false);
        if self.source == Path::new("-") {
            let bytes = read_all(&mut std::io::stdin().lock(), MOST_OF_AN_MBOX).context("the pipe cannot be read")?;
            take_all(app, &bytes, &mut counts).await?;
        } else if self.source.is_dir() {
            let maildir = Maildir::at(&self.source).ok_or_else(|| {
                let shown = self.source.display();
                UsageError(format!("`{shown}` is no Maildir\n  hint: one has the folders `new` and `cur`"))
            })?;
            is_unreadable = empty(app, &maildir, &mut counts).await?;
        } else {
            let bytes = std::fs::File::open(&self.source)
                .and_then(|mut file| read_all(&mut file, MOST_OF_AN_MBOX))
                .map_err(|error| UsageError(format!("cannot read `{}`: {error}", self.source.display())))?;
            take_all(app, &bytes, &mut counts).await?;
        }
        report(&counts);
        // somebody may have written it; what stays in a Maildir is not lost, what came by a pipe is
        let is_lost = !self.source.is_dir() && counts.contains_key(&Taken::Other);
        Ok(if is_lost || is_unreadable { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS })
    }
}

async fn take_all(app: &App, bytes: &[u8], counts: &mut BTreeMap<Taken, usize>) -> anyhow::Result<()> {
    for message in messages(bytes) {
        let taken = app.take_report(message.to_vec(), Vec::new(), Utc::now()).await?;
        *counts.entry(taken).or_default() += 1;
    }
    Ok(())
}

/// Each file goes only when what it says is recorded; after a crash in between it is known already. Whether any cannot be
/// read: it stays where it is, and the rest goes on.
async fn empty(app: &App, maildir: &Maildir, counts: &mut BTreeMap<Taken, usize>) -> anyhow::Result<bool> {
    let mut is_unreadable = false;
    for file in maildir.files()? {
        let shown = file.display();
        let message = match Maildir::read(&file) {
            Ok(message) => message,
            Err(error) => {
                tell!("cannot read `{shown}`: {error}");
                is_unreadable = true;
                continue;
            }
        };
        let taken = app.take_report(message, Vec::new(), Utc::now()).await?;
        let tidied = if taken.is_settled() { Maildir::remove(&file) } else { maildir.keep(&file) };
        tidied.with_context(|| format!("cannot tidy `{shown}` away"))?;
        *counts.entry(taken).or_default() += 1;
    }
    Ok(is_unreadable)
}

fn report(counts: &BTreeMap<Taken, usize>) {
    let parts: Vec<String> = counts.iter().map(|(taken, count)| taken.counted(*count)).collect();
    say!("{}", if parts.is_empty() { "nothing to read".to_owned() } else { parts.join(", ") });
}
