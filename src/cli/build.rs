//! `build`: steps 1 and 2, into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::CONTENT;
use super::print::{counted, say, tell};
use super::time;
use crate::app::App;
use crate::folder;
use crate::model::diagnostic::{Diagnostic, Severity};

#[derive(Args)]
pub(super) struct Build {
    /// Where to; `[publish] dir` without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// An empty content folder is meant: withdraw what was in it
    #[arg(long)]
    confirm: bool,
    /// As if it were this time
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Build {
    pub(super) async fn run(&self, app: App) -> anyhow::Result<ExitCode> {
        let now = time::at(self.at.as_deref(), app.config.site.zone)?;
        let loaded = if self.confirm { app.load_confirmed(now).await? } else { app.load(now).await? };
        tell_content(&loaded.diagnostics);
        let published = app.publish(&loaded, now).await?;
        tell_content(&published.refused);
        let dir = self.out.as_ref().unwrap_or(&app.config.publish.dir);
        let written = folder::write(&published.site, dir)?;
        say!(
            "{} in {}: {} written, {} unchanged, {} removed",
            counted(published.site.documents.len(), "document"),
            dir.display(),
            written.changed,
            written.untouched,
            written.removed
        );
        let is_faulty = loaded.count(Severity::Error) > 0 || !published.refused.is_empty();
        Ok(if is_faulty { ExitCode::from(CONTENT) } else { ExitCode::SUCCESS })
    }
}

/// Errors and, unless `--quiet`, warnings of the content on stderr, one line each, with its hint.
pub(super) fn tell_content(diagnostics: &[Diagnostic]) {
    tell_from(if tracing::enabled!(tracing::Level::WARN) { Severity::Warning } else { Severity::Error }, diagnostics);
}

/// Errors only, for commands that are run again and again beside the same old warnings. Those are counted.
pub(super) fn tell_errors(diagnostics: &[Diagnostic]) {
    tell_from(Severity::Error, diagnostics);
    let warnings = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning).count();
    if warnings > 0 && tracing::enabled!(tracing::Level::WARN) {
        tell!("{} of the content: see `crieur check`", counted(warnings, "warning"));
    }
}

fn tell_from(least: Severity, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.severity >= least) {
        tell!("{diagnostic}");
        if let Some(hint) = &diagnostic.hint {
            tell!("  hint: {hint}");
        }
    }
}
