//! `check`: step 1 alone, and every diagnostic; `--explain` where each field of one file came from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::exit::{CONTENT, UsageError};
use super::print::{counted, say, tell};
use crate::app;
use crate::config::Config;
use crate::content::explain::{self, Explained};
use crate::model::diagnostic::{Diagnostic, Severity};
use crate::model::text::{one_line, shorten};

/// Characters of a value or a source line that are shown.
const SHOWN: usize = 120;

#[derive(Args)]
pub(super) struct Check {
    /// Files and folders to speak about; everything without them
    paths: Vec<PathBuf>,
    /// How diagnostics are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// For one file: each field with its value and the key, line and rule it came from
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    explain: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `file:line:column: severity[code]: message`, the line itself, the hint
    Human,
    /// One JSON object a line
    Json,
}

impl Check {
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        if let Some(file) = &self.explain {
            return self.explain(file, config);
        }
        let wanted = self.paths.iter().map(|path| find(path, config)).collect::<Result<Vec<_>, _>>()?;
        let loaded = app::check(config, Utc::now())?;
        let is_wanted = |diagnostic: &&Diagnostic| {
            let file = absolute(Path::new(&diagnostic.file));
            wanted.is_empty() || wanted.iter().any(|path| file.starts_with(path))
        };
        let diagnostics: Vec<&Diagnostic> = loaded.diagnostics.iter().filter(is_wanted).collect();
        self.print(&diagnostics)?;
        let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        if self.format == Format::Human {
            tell!(
                "{}, {}, {}, {}",
                counted(loaded.catalog.len(), "announcement"),
                counted(count(Severity::Error), "error"),
                counted(count(Severity::Warning), "warning"),
                counted(count(Severity::Hint), "hint")
            );
        }
        Ok(code(count(Severity::Error)))
    }

    fn explain(&self, file: &Path, config: &Config) -> anyhow::Result<ExitCode> {
        let found = find(file, config)?;
        let path = found.strip_prefix(absolute(&config.content.dir)).unwrap_or(&found);
        let read = app::explain(config, &path.to_string_lossy(), Utc::now())?
            .ok_or_else(|| UsageError(format!("`{}` is no announcement", file.display())))?;
        let mut diagnostics = match read {
            Ok(understood) => {
                for explained in explain::explain(&understood) {
                    self.print_field(&explained)?;
                }
                understood.diagnostics
            }
            Err(diagnostics) => diagnostics,
        };
        for diagnostic in &mut diagnostics {
            diagnostic.file = config.content.dir.join(path).display().to_string();
        }
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        if self.format == Format::Human {
            self.print(&diagnostics.iter().collect::<Vec<_>>())?;
        }
        Ok(code(errors))
    }

    fn print_field(&self, explained: &Explained) -> anyhow::Result<()> {
        if self.format == Format::Json {
            say!("{}", serde_json::to_string(explained)?);
            return Ok(());
        }
        let text = explained.value.as_str().map_or_else(|| explained.value.to_string(), str::to_owned);
        say!("{:<19} {}", explained.field, shorten(&one_line(&text), SHOWN));
        let places: Vec<String> =
            explained.from.iter().map(|origin| format!("{} on line {}", origin.key, origin.position.line)).collect();
        if places.is_empty() {
            say!("{:<19}   {}", "", explained.rule);
        } else {
            say!("{:<19}   from {}, by `{}`", "", places.join(", "), explained.rule);
        }
        Ok(())
    }

    fn print(&self, diagnostics: &[&Diagnostic]) -> anyhow::Result<()> {
        let mut sources = HashMap::new();
        for diagnostic in diagnostics {
            match self.format {
                Format::Human => print_for_people(diagnostic, &mut sources),
                Format::Json => say!("{}", serde_json::to_string(diagnostic)?),
            }
        }
        Ok(())
    }
}

/// The diagnostic, the line it is about with a caret below, and the hint.
fn print_for_people(diagnostic: &Diagnostic, sources: &mut HashMap<String, String>) {
    say!("{diagnostic}");
    let source = sources.entry(diagnostic.file.clone()).or_insert_with_key(|file| {
        // what was passed over is not shown either: a link may lead to anything
        let is_file = std::fs::symlink_metadata(file).is_ok_and(|file| file.is_file());
        let bytes = if is_file { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let line = source.lines().nth(diagnostic.position.line - 1).unwrap_or_default();
    if !line.trim().is_empty() {
        let number = diagnostic.position.line.to_string();
        // a window around the place where the line is long; tabs would move the caret
        let start = diagnostic.position.column.saturating_sub(SHOWN / 2).saturating_sub(1);
        let shown: String =
            line.chars().skip(start).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let caret = " ".repeat(diagnostic.position.column.saturating_sub(1).saturating_sub(start).min(SHOWN));
        say!("  {number} | {shown}\n  {} | {caret}^", " ".repeat(number.len()));
    }
    if let Some(hint) = &diagnostic.hint {
        say!("  hint: {hint}");
    }
}

fn code(errors: usize) -> ExitCode {
    if errors > 0 { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS }
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
