//! `subscribers`: who gets what, from the operator's side.

mod add;
mod erase;
mod export;
mod import;
mod list;
mod rotate_key;
mod show;
mod table;
mod unsubscribe;

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::UsageError;
use super::newsletters::one as newsletter;
use crate::app::App;
use crate::model::subscription::{EmailAddress, SubscriptionStatus};

#[derive(Subcommand)]
pub(super) enum Subscribers {
    /// Add one address, confirmed at once on the operator's word
    ///
    /// Exit code 1 where it is suppressed or its reader left, 2 where topic, newsletter or language are unknown.
    Add(add::Add),
    /// List subscriptions: address, newsletter, status, since, name
    List(list::List),
    /// Everything that is kept of one person, also for handing out to them
    ///
    /// Exit code 1 where nothing is.
    Show(show::Show),
    /// Take over a list: CSV with a header that has at least `email`
    ///
    /// Rows that are wrong are told by line on stderr, and the rest goes in: no address, a topic or newsletter there is not, a
    /// language that is no tag, a status whose word is not known, a quote that nobody closed (the lines below it are read as rows of their own). Correct them
    /// and import the same file again: what went in is known. Nobody is subscribed before the last row was read. Exit code 1
    /// where a row was not taken for a fault; whoever is subscribed already, left or is suppressed is counted and no fault.
    Import(import::Import),
    /// Write subscriptions as CSV, safe for spreadsheets and readable by `import`
    Export(export::Export),
    /// End a person's subscriptions
    ///
    /// Exit code 1 where there is none, 2 where there is no such newsletter, neither here nor among the person's.
    Unsubscribe(unsubscribe::Unsubscribe),
    /// Erase a person: what is kept of them is gone, byte by byte
    ///
    /// Exit code 1 where nothing was kept of the address, except with `--objected`; 75 where another process was reading the
    /// state all the time: run it again.
    Erase(erase::Erase),
    /// Sign links with a new key; links that were sent stay good
    RotateKey(rotate_key::RotateKey),
}

impl Subscribers {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run(&app).await,
            Self::List(list) => list.run(&app).await,
            Self::Show(show) => show.run(&app).await,
            Self::Import(import) => import.run(&app).await,
            Self::Export(export) => export.run(&app).await,
            Self::Unsubscribe(unsubscribe) => unsubscribe.run(&app).await,
            Self::Erase(erase) => erase.run(&app).await,
            Self::RotateKey(rotate) => rotate.run(&app).await,
        }
    }
}

/// An address given on the command line. The error does not repeat it.
fn address(given: &str) -> Result<EmailAddress, UsageError> {
    EmailAddress::parse(given).map_err(|error| UsageError(error.to_string()))
}

/// What is kept as the source of somebody's consent.
fn consent_source(given: &str) -> Result<&str, UsageError> {
    let source = given.trim();
    if source.is_empty() || source.chars().any(char::is_control) {
        return Err(UsageError("`--consent-source` has to say where the consent comes from, in one line".to_owned()));
    }
    Ok(source)
}

/// A status as the operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Pending,
    Confirmed,
    Unsubscribed,
}

impl Status {
    fn is(self, status: SubscriptionStatus) -> bool {
        match self {
            Self::Pending => status == SubscriptionStatus::Pending,
            Self::Confirmed => status == SubscriptionStatus::Confirmed,
            Self::Unsubscribed => status == SubscriptionStatus::Unsubscribed,
        }
    }
}

/// Shown only where stderr is a terminal.
pub(super) fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {human_pos} done, {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
