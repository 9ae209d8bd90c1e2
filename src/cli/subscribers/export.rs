//! `subscribers export`: a CSV for spreadsheets and other programs, readable by its owner only.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::list::write;
use super::table::{Format, Table};
use super::{Status, newsletter};
use crate::app::App;
use crate::cli::exit::UsageError;
use crate::cli::print::{counted, tell};

#[derive(Args)]
pub(in crate::cli) struct Export {
    /// The file to write; it must not be there yet. To stdout without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "NAME")]
    newsletter: Option<String>,
    #[arg(long)]
    status: Option<Status>,
}

impl Export {
    pub(super) async fn run(&self, app: &App) -> anyhow::Result<ExitCode> {
        if let Some(name) = &self.newsletter {
            newsletter(app, Some(name))?;
        }
        let Some(path) = &self.out else {
            let table = Table::new(BufWriter::new(io::stdout().lock()), Format::Csv);
            return match write(app, self.newsletter.as_deref(), self.status, table).await {
                Err(error) if !error.is::<io::Error>() => Err(error),
                _ => Ok(ExitCode::SUCCESS),
            };
        };
        let table = Table::new(BufWriter::new(create(path)?), Format::Csv);
        let (file, rows) = match write(app, self.newsletter.as_deref(), self.status, table).await {
            Ok(written) => written,
            Err(error) => {
                // half a list would be taken for the whole
                let _ = std::fs::remove_file(path);
                return Err(error.context(format!("cannot write `{}`", path.display())));
            }
        };
        file.get_ref().sync_all().with_context(|| format!("cannot write `{}`", path.display()))?;
        tell!("{} in {}", counted(rows, "subscription"), path.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// For this user only, whatever the umask is; never over another file.
fn create(path: &Path) -> Result<File, UsageError> {
    let hint = |error: &io::Error| {
        if error.kind() == io::ErrorKind::AlreadyExists { "\n  hint: nothing is overwritten" } else { "" }
    };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| UsageError(format!("cannot write `{}`: {error}{}", path.display(), hint(&error))))
}
