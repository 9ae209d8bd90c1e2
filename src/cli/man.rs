//! `man`: the manual pages, made from what `--help` says.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man as Page;

use super::Arguments;
use super::print::{self, say};

#[derive(Args)]
pub(super) struct Man {
    /// Write a page for each command, `crieur-serve.1` and so on, into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    /// # Errors
    /// Where the folder cannot be written.
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut command = Arguments::command();
        command.build();
        let Some(folder) = &self.out else {
            print::bytes_to_stdout(&page(command)?);
            return Ok(ExitCode::SUCCESS);
        };
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        for command in with_subcommands(command) {
            let file = folder.join(format!("{}.1", command.get_display_name().unwrap_or("crieur")));
            std::fs::write(&file, page(command)?).with_context(|| format!("cannot write `{}`", file.display()))?;
            say!("{}", file.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Page::new(command).render(&mut bytes)?;
    Ok(bytes)
}

/// The command and all below it; `help`, which only repeats the others, has no page.
fn with_subcommands(command: Command) -> Vec<Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help").cloned();
    let below: Vec<_> = below.flat_map(with_subcommands).collect();
    std::iter::once(command).chain(below).collect()
}
