//! `subscribers list`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use clap::Args;

use super::table::{Format, Table};
use super::{Status, newsletter};
use crate::app::App;

#[derive(Args)]
pub(in crate::cli) struct List {
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    #[arg(long)]
    status: Option<Status>,
    #[arg(long, default_value = "tsv")]
    format: Format,
}

/// Subscriptions that are read at once.
const PAGE: u32 = 1_000;

impl List {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        if let Some(name) = &self.newsletter {
            newsletter(app, Some(name))?;
        }
        let out = BufWriter::new(io::stdout().lock());
        match write(app, self.newsletter.as_deref(), self.status, Table::new(out, self.format)).await {
            // whoever closes the pipe has seen enough
            Err(error) if !error.is::<io::Error>() => Err(error),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

/// Writes the subscriptions that are meant, page by page; how many there are.
pub(super) async fn write<W: io::Write>(
    app: &App,
    newsletter: Option<&str>,
    status: Option<Status>,
    table: io::Result<Table<W>>,
) -> anyhow::Result<(W, u64)> {
    let mut table = table?;
    let mut after = 0;
    loop {
        let page = app.store.subscriptions(newsletter, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(table.finish()?) };
        after = last.id;
        for one in page.iter().filter(|one| status.is_none_or(|status| status.is(one.status))) {
            table.row(one)?;
        }
    }
}
