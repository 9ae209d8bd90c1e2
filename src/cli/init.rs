//! `init`: something to begin with. Never overwrites.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::exit::UsageError;
use super::print::say;

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;

#[derive(Args)]
pub(super) struct Init {
    /// Where to begin
    #[arg(default_value = ".")]
    dir: PathBuf,
}

const CONFIG: &str = include_str!("init/crieur.toml");
const SAMPLE: &str = include_str!("init/welcome.md");

impl Init {
    /// `config` decides on the name of the configuration file.
    pub(super) fn run(&self, config: &Path) -> anyhow::Result<ExitCode> {
        let name = config.file_name().unwrap_or("crieur.toml".as_ref());
        let today = Utc::now().date_naive();
        let sample = self.dir.join("content").join(format!("{today}-welcome.md"));
        let content = self.dir.join("content");
        let has_content = content.is_dir() && fs::read_dir(&content)?.next().is_some();
        write_new(&self.dir.join(name), CONFIG)?;
        if has_content {
            say!("kept     {} (it has files already)", content.display());
        } else {
            write_new(&sample, &SAMPLE.replace("{today}", &today.to_string()))?;
        }
        say!("\nNext: look through {}, then run `crieur serve`.", self.dir.join(name).display());
        Ok(ExitCode::SUCCESS)
    }
}

fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let shown = file.display();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| UsageError(format!("cannot create `{}`: {error}", folder.display())))?;
    }
    match OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut new) => {
            new.write_all(text.as_bytes()).with_context(|| format!("cannot write `{shown}`"))?;
            say!("created  {shown}");
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            say!("kept     {shown} (it is there already)");
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("cannot write `{shown}`")),
    }
}
