//! `doctor`: what stands in the way of publishing and sending, before readers find out.

use std::process::ExitCode;

use chrono::Utc;
use clap::Args;

use super::exit;
use super::format::Format;
use super::print::say;
use crate::app;
use crate::config::Config;
use crate::model::checkup::{Checkup, Verdict};

#[derive(Args)]
pub(super) struct Doctor {
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

impl Doctor {
    /// Exit code 1 where anything does not work.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let checkup = app::checkup(config, Utc::now()).await;
        match self.format {
            Format::Human => print(&checkup),
            Format::Json => say!("{}", serde_json::to_string_pretty(&checkup)?),
        }
        Ok(if checkup.worst() == Verdict::Error { ExitCode::from(exit::CONTENT) } else { ExitCode::SUCCESS })
    }
}

fn print(checkup: &Checkup) {
    for finding in &checkup.findings {
        say!("{:8} {:15} {}", finding.verdict.as_str(), finding.about, finding.message.replace('\n', "; "));
        if let Some(hint) = &finding.hint {
            say!("{:24} hint: {hint}", "");
        }
    }
    if !checkup.records.is_empty() {
        say!("\nto publish in the DNS:");
        checkup.records.iter().for_each(|record| say!("{}", record.zone_line()));
    }
}
