//! `subscribers`: who gets what.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use chrono::Utc;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{CONTENT, UsageError};
use super::newsletters::one as newsletter;
use super::print::{say, tell};
use crate::app::App;
use crate::model::newsletter::Newsletter;
use crate::model::subscription::{Added, EmailAddress, NewSubscription};

/// Rows that go into the store at once.
const BATCH: usize = 1_000;

#[derive(Subcommand)]
pub(super) enum Subscribers {
    /// Add one address, confirmed at once on the operator's word
    Add(Add),
    /// List subscriptions: address, newsletter, status, since, name
    List(List),
    /// Take over a list: CSV with a header that has at least `email`
    Import(Import),
}

#[derive(Args)]
pub(super) struct Add {
    email: String,
    /// Which newsletter; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// The person's name
    #[arg(long)]
    name: Option<String>,
    /// The language of the mails, e.g. `fr`; the newsletter's without it
    #[arg(long)]
    lang: Option<String>,
}

#[derive(Args)]
pub(super) struct List {
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
}

#[derive(Args)]
pub(super) struct Import {
    /// A CSV file, or `-`
    file: PathBuf,
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    /// Where these people's consent comes from; the file's name without it
    #[arg(long, value_name = "TEXT")]
    consent_source: Option<String>,
}

impl Subscribers {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run(&app).await,
            Self::List(list) => list.run(&app).await,
            Self::Import(import) => import.run(&app).await,
        }
    }
}

impl Add {
    async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let newsletter = newsletter(app, self.newsletter.as_deref())?;
        let address = EmailAddress::parse(&self.email).map_err(|error| UsageError(error.to_string()))?;
        let new = NewSubscription {
            address,
            name: self.name.clone(),
            lang: self.lang.clone().unwrap_or_else(|| newsletter.lang.clone()),
            newsletter: newsletter.name.clone(),
            consent_source: "operator".to_owned(),
        };
        let added = app.store.add_subscriptions(&[new], true, Utc::now()).await?;
        let suppressed = added.contains(&Added::Suppressed);
        match added.first() {
            Some(Added::AlreadyConfirmed) => say!("already subscribed to {}", newsletter.title),
            Some(Added::Suppressed) => say!("not added: this address is on the suppression list"),
            _ => say!("subscribed to {}", newsletter.title),
        }
        Ok(if suppressed { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS })
    }
}

impl List {
    async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        if let Some(name) = &self.newsletter {
            newsletter(app, Some(name))?;
        }
        let mut after = 0;
        loop {
            let page = app.store.subscriptions(self.newsletter.as_deref(), after, 1_000).await?;
            let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
            after = last.id;
            for one in &page {
                let since = one.unsubscribed.or(one.confirmed).unwrap_or(one.created).format("%F");
                let name = one.name.as_deref().unwrap_or("");
                say!("{}\t{}\t{}\t{since}\t{name}", one.address.as_str(), one.newsletter, one.status.as_str());
            }
        }
    }
}

/// What became of the rows.
#[derive(Default)]
struct Counts {
    confirmed: usize,
    known: usize,
    suppressed: usize,
    left: usize,
    bad: usize,
}

impl Import {
    async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        let newsletter = newsletter(app, self.newsletter.as_deref())?;
        let shown = self.file.display().to_string();
        let mut input = BufReader::new(self.open()?);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(delimiter(input.fill_buf().with_context(|| format!("cannot read `{shown}`"))?))
            // CR LF is left to `trim`: as a line end of its own it shifts the line numbers by one
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(input);
        let columns = Columns::of(reader.headers().with_context(|| format!("`{shown}` is no CSV"))?, &shown)?;
        let source = self.consent_source.clone().unwrap_or_else(|| format!("import {shown}"));
        let progress = progress();
        let mut counts = Counts::default();
        let mut batch = Vec::with_capacity(BATCH);
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                // an empty line that ends in CR LF
                Ok(true) if record.len() == 1 && record[0].is_empty() => {}
                Ok(true) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    match columns.read(&record, newsletter, &source) {
                        Ok(new) => batch.push(new),
                        // the row is named, the address in it is not
                        Err(reason) => counts.reject(&progress, &shown, line, &reason),
                    }
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    counts.reject(&progress, &shown, line, "the row is no CSV in UTF-8");
                    if error.is_io_error() {
                        break;
                    }
                }
            }
            if batch.len() == BATCH {
                counts.store(app, &mut batch).await?;
                progress.inc(BATCH as u64);
            }
        }
        counts.store(app, &mut batch).await?;
        progress.finish_and_clear();
        say!(
            "{} subscribed, {} already were, {} left before, {} suppressed, {} rows not taken",
            counts.confirmed,
            counts.known,
            counts.left,
            counts.suppressed,
            counts.bad
        );
        Ok(if counts.bad > 0 { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS })
    }

    fn open(&self) -> anyhow::Result<Box<dyn std::io::Read>> {
        if self.file == Path::new("-") {
            return Ok(Box::new(std::io::stdin()));
        }
        let file = std::fs::File::open(&self.file)
            .map_err(|error| UsageError(format!("cannot read `{}`: {error}", self.file.display())))?;
        Ok(Box::new(file))
    }
}

impl Counts {
    fn reject(&mut self, progress: &ProgressBar, file: &str, line: u64, reason: &str) {
        self.bad += 1;
        progress.suspend(|| tell!("{file}:{line}: {reason}"));
    }

    async fn store(&mut self, app: &App, batch: &mut Vec<NewSubscription>) -> anyhow::Result<()> {
        for added in app.store.add_subscriptions(batch, false, Utc::now()).await? {
            match added {
                Added::Confirmed => self.confirmed += 1,
                Added::AlreadyConfirmed => self.known += 1,
                Added::Suppressed => self.suppressed += 1,
                Added::Unsubscribed => self.left += 1,
            }
        }
        batch.clear();
        Ok(())
    }
}

/// What stands between the cells: spreadsheets put semicolons where the comma is the decimal sign, some put tabs.
fn delimiter(begin: &[u8]) -> u8 {
    let header = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| header.split(|byte| *byte == delimiter).count();
    // of equals the last one wins
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Which column holds what.
struct Columns {
    email: usize,
    name: Option<usize>,
    lang: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord, file: &str) -> Result<Self, UsageError> {
        // by the names' order, not the columns': `adresse` before `email` is where somebody lives
        let find = |names: &[&str]| {
            let is = |title: &str, name| title.trim_start_matches('\u{feff}').trim().to_lowercase() == name;
            names.iter().find_map(|name| header.iter().position(|title| is(title, *name)))
        };
        let email = find(&["email", "e-mail", "mail", "courriel", "address", "adresse"]).ok_or_else(|| {
            UsageError(format!(
                "{file}:1: no column is named `email`\n  hint: begin the file with a line such as `email,name`"
            ))
        })?;
        Ok(Self { email, name: find(&["name", "nom"]), lang: find(&["lang", "language", "langue"]) })
    }

    fn read(&self, row: &csv::StringRecord, newsletter: &Newsletter, source: &str) -> Result<NewSubscription, String> {
        let cell = |column: Option<usize>| {
            column.and_then(|column| row.get(column)).map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned)
        };
        let email = cell(Some(self.email)).ok_or("the row has no address")?;
        Ok(NewSubscription {
            address: EmailAddress::parse(&email).map_err(|error| error.to_string())?,
            name: cell(self.name),
            lang: cell(self.lang).unwrap_or_else(|| newsletter.lang.clone()),
            newsletter: newsletter.name.clone(),
            consent_source: source.to_owned(),
        })
    }
}

/// Shown only where stderr is a terminal.
pub(super) fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {human_pos} done, {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
