//! `check`: step 1 alone, and every diagnostic.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::exit::{CONTENT, UsageError};
use crate::app;
use crate::config::Config;
use crate::model::diagnostic::{Diagnostic, Severity};

#[derive(Args)]
pub(super) struct Check {
    /// Files and folders to speak about; everything without them
    paths: Vec<PathBuf>,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `file:line:column: severity[code]: message`, then the hint
    Human,
    /// One JSON object a line
    Json,
}

impl Check {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        for path in &self.paths {
            find(path, config)?;
        }
        let loaded = app::check(config, Utc::now())?;
        let diagnostics: Vec<&Diagnostic> =
            loaded.diagnostics.iter().filter(|diagnostic| self.is_about(diagnostic, config)).collect();
        for diagnostic in &diagnostics {
            self.print(diagnostic)?;
        }
        let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        let errors = count(Severity::Error);
        if self.format == Format::Human {
            eprintln!(
                "{} announcements, {errors} errors, {} warnings, {} hints",
                loaded.catalog.len(),
                count(Severity::Warning),
                count(Severity::Hint)
            );
        }
        Ok(if errors > 0 { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS })
    }

    fn print(&self, diagnostic: &Diagnostic) -> anyhow::Result<()> {
        match self.format {
            Format::Human => {
                println!("{diagnostic}");
                if let Some(hint) = &diagnostic.hint {
                    println!("  hint: {hint}");
                }
            }
            Format::Json => println!("{}", serde_json::to_string(diagnostic)?),
        }
        Ok(())
    }

    fn is_about(&self, diagnostic: &Diagnostic, config: &Config) -> bool {
        let file = absolute(Path::new(&diagnostic.file));
        self.paths.is_empty()
            || self.paths.iter().any(|path| find(path, config).is_ok_and(|wanted| file.starts_with(wanted)))
    }
}

/// A path as given, from here or from the content folder.
fn find(path: &Path, config: &Config) -> Result<PathBuf, UsageError> {
    let content = absolute(&config.content.dir);
    [absolute(path), content.join(path)]
        .into_iter()
        .find(|found| found.exists() && found.starts_with(&content))
        .ok_or_else(|| {
            UsageError(format!("`{}` is not in the content folder `{}`", path.display(), config.content.dir.display()))
        })
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
