//! `subscribers import`: takes over a list. A bad row is reported by line, never by what stands in it, and the rest goes in;
//! all of it at once, when the last row was read.

mod columns;
mod reading;
mod record;
mod rows;
mod source;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use indicatif::ProgressBar;

use self::columns::{Columns, Naming, Taken};
pub(super) use self::columns::{language, topics};
use self::reading::Next;
use self::rows::{Row, Rows};
use super::{consent_source, newsletter};
use crate::app::{App, Topics, has_words};
use crate::cli::exit::{CONTENT, TRY_AGAIN};
use crate::cli::print::{counted, say, tell};
use crate::cli::stop::asked_to_stop;
use crate::model::subscription::{Added, NewSubscription};

/// Rows that go into the store at once.
const BATCH: usize = 10_000;

/// Of rows that are fine but not taken, so many of each kind are named by line.
const NAMED: usize = 100;

#[derive(Args)]
pub(in crate::cli) struct Import {
    /// A CSV file with a header, or `-`
    file: PathBuf,
    /// Which newsletter; without it the file's own column, or the only one there is. With it, rows whose column names another
    /// one are passed over, or told by line where there is no such newsletter
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// Where these people's consent comes from, e.g. `paper forms, 2019`: kept with each of them
    #[arg(long, value_name = "TEXT")]
    consent_source: String,
    /// What a column holds where its title does not tell, e.g. `email=Contact`; fields: email, name, first-name, last-name,
    /// lang, newsletter, status, topics
    #[arg(long = "column", value_name = "FIELD=TITLE")]
    columns: Vec<String>,
    /// How the file is written, e.g. `windows-1252`; UTF-8 without it
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// What stands between cells, or `tab`; found out without it
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let source = consent_source(&self.consent_source)?;
        let (input, progress) = source::open(&self.file, self.encoding.as_deref())?;
        let mut rows = Rows::new(input, &self.file, self.delimiter.as_deref(), self.encoding.is_some())?;
        let columns = Columns::of(&rows.header, &self.columns, &rows.file)?;
        rows.are_used(|column| columns.used(column));
        let naming = self.naming(app, &columns).await?;
        let mut list = List {
            app,
            import: if self.dry_run { None } else { Some(app.store.begin_import(source, Utc::now()).await?) },
            seen: HashSet::new(),
            batch: Vec::with_capacity(BATCH),
            report: Report { file: rows.file.clone(), progress, counts: Counts::default() },
        };
        let taken = tokio::select! {
            taken = list.take(rows, &columns, &naming, source) => taken,
            stopped = asked_to_stop() => return list.stop(stopped).await,
        };
        match taken {
            Ok(hint) => list.finish(hint).await,
            Err(error) => {
                // where that fails as well, the next list does it
                let _ = list.forget().await;
                Err(error)
            }
        }
    }

    /// Which newsletter a row is for.
    async fn naming<'a>(&self, app: &'a App, columns: &Columns) -> anyhow::Result<Naming<'a>> {
        let all = &app.config.newsletters;
        let topics = if columns.has_topics() { app.topics(Utc::now()).await? } else { Topics::default() };
        if self.newsletter.is_none() && columns.has_newsletter() && !all.is_empty() {
            return Ok(Naming { all, only: None, topics });
        }
        Ok(Naming { all, only: Some(newsletter(app, self.newsletter.as_deref())?), topics })
    }
}

/// A list on its way into the store.
struct List<'a> {
    app: &'a App,
    /// `None` where nothing is to be done.
    import: Option<i64>,
    /// Where nothing is kept: what came by already, by its hash.
    seen: HashSet<u64>,
    batch: Vec<(u64, NewSubscription)>,
    report: Report,
}

impl List<'_> {
    /// Takes all rows, and says what would help with those that could not be read.
    async fn take(
        &mut self,
        rows: Rows,
        columns: &Columns,
        naming: &Naming<'_>,
        source: &str,
    ) -> anyhow::Result<Option<&'static str>> {
        let mut rows = reading::read(rows);
        loop {
            let Row { line, cells } = match rows.recv().await.context("the list could not be read on")?? {
                Next::Row(row) => row,
                Next::End(hint) => return Ok(hint),
            };
            match cells.and_then(|cells| columns.read(&cells, naming, source)) {
                Ok(Taken::Subscription(new)) => self.push(line, new).await?,
                Ok(Taken::NotSubscribed) => self.report.passed_over(line, Passed::NotSubscribed),
                Ok(Taken::Elsewhere) => self.report.passed_over(line, Passed::Elsewhere),
                Err(reason) => self.report.bad(line, &reason),
            }
        }
    }

    async fn push(&mut self, line: u64, new: NewSubscription) -> anyhow::Result<()> {
        if self.import.is_none() && !self.seen.insert(short_hash(&new)) {
            self.report.passed_over(line, Passed::Repeated);
            return Ok(());
        }
        self.batch.push((line, new));
        if self.batch.len() == BATCH { self.store().await } else { Ok(()) }
    }

    async fn store(&mut self) -> anyhow::Result<()> {
        let (lines, new): (Vec<u64>, Vec<NewSubscription>) = self.batch.drain(..).unzip();
        let wordless: Vec<bool> = new.iter().map(|new| !has_words(&new.lang)).collect();
        let store = &self.app.store;
        let answers = match self.import {
            Some(import) => store.import(import, &new, Utc::now()).await?,
            None => store.consider_import(&new).await?,
        };
        for ((line, wordless), answer) in lines.into_iter().zip(wordless).zip(answers) {
            match answer {
                Added::Confirmed => {
                    self.report.counts.taken += 1;
                    self.report.counts.wordless += u64::from(wordless);
                }
                Added::AlreadyConfirmed => self.report.passed_over(line, Passed::Known),
                Added::Suppressed => self.report.passed_over(line, Passed::Suppressed),
                Added::Unsubscribed => self.report.passed_over(line, Passed::Left),
                Added::Repeated => self.report.passed_over(line, Passed::Repeated),
            }
        }
        Ok(())
    }

    async fn stop(self, stopped: io::Result<()>) -> anyhow::Result<ExitCode> {
        self.report.progress.finish_and_clear();
        self.forget().await?;
        stopped?;
        tell!("stopped: nobody of this list was subscribed, and nothing of it is kept");
        Ok(ExitCode::from(TRY_AGAIN))
    }

    async fn forget(&self) -> anyhow::Result<()> {
        if let Some(import) = self.import {
            self.app.store.forget_import(import).await?;
        }
        Ok(())
    }

    async fn finish(mut self, hint: Option<&str>) -> anyhow::Result<ExitCode> {
        self.store().await?;
        if let Some(import) = self.import {
            let Some(subscribed) = self.app.store.finish_import(import, Utc::now()).await? else {
                tell!("the list was forgotten meanwhile: a new signing key; run this again");
                return Ok(ExitCode::from(TRY_AGAIN));
            };
            self.report.counts.taken = subscribed;
        }
        self.report.finish(hint, self.import.is_none());
        Ok(if self.report.counts.bad > 0 { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS })
    }
}

/// One in 10¹⁹ of another address: a dry run may be wrong that often.
fn short_hash(new: &NewSubscription) -> u64 {
    let mut hasher = DefaultHasher::new();
    (new.address.key(), &new.newsletter).hash(&mut hasher);
    hasher.finish()
}

/// Why a row that is fine is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    Known,
    Repeated,
    Left,
    Suppressed,
    NotSubscribed,
    Elsewhere,
}

impl Passed {
    const ALL: [Self; 6] =
        [Self::Known, Self::Repeated, Self::Left, Self::Suppressed, Self::NotSubscribed, Self::Elsewhere];

    fn because(self) -> &'static str {
        match self {
            Self::Known => "subscribed already",
            Self::Repeated => "twice in the list",
            Self::Left => "left before",
            Self::Suppressed => "on the suppression list",
            Self::NotSubscribed => "not subscribed in the list",
            Self::Elsewhere => "of another newsletter",
        }
    }
}

/// What became of the rows.
#[derive(Default)]
struct Counts {
    taken: u64,
    /// Of these, in a language that mails cannot be written in.
    wordless: u64,
    passed: [usize; Passed::ALL.len()],
    bad: usize,
}

struct Report {
    file: String,
    progress: ProgressBar,
    counts: Counts,
}

impl Report {
    fn bad(&mut self, line: u64, reason: &str) {
        self.counts.bad += 1;
        self.say(line, reason);
    }

    fn passed_over(&mut self, line: u64, why: Passed) {
        let count = &mut self.counts.passed[why as usize];
        *count += 1;
        if *count <= NAMED {
            self.say(line, why.because());
        }
    }

    /// The row is named, what stands in it is not.
    fn say(&self, line: u64, what: &str) {
        self.progress.suspend(|| tell!("{}:{line}: {what}", self.file));
    }

    fn finish(&self, hint: Option<&str>, dry_run: bool) {
        self.progress.finish_and_clear();
        let counts = Passed::ALL.into_iter().zip(self.counts.passed);
        for (why, count) in counts.clone().filter(|(_, count)| *count > NAMED) {
            tell!("{}: {}, and {} more", self.file, why.because(), count - NAMED);
        }
        if let Some(hint) = hint {
            let known = if self.counts.taken > 0 && !dry_run { "; rows that went in are known again" } else { "" };
            tell!("  hint: {hint}{known}");
        }
        if self.counts.wordless > 0 {
            let rows = counted(self.counts.wordless, "row");
            tell!("{}: {rows} in languages without words: the mails are in the newsletter's", self.file);
        }
        let shown: Vec<String> = counts
            .filter(|(why, count)| *count > 0 || !matches!(why, Passed::NotSubscribed | Passed::Elsewhere))
            .map(|(why, count)| format!("{count} {}, ", why.because()))
            .collect();
        let done = if dry_run { "would be subscribed" } else { "subscribed" };
        say!("{} {done}, {}{} not taken", self.counts.taken, shown.concat(), counted(self.counts.bad, "row"));
    }
}
