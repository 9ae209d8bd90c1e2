//! `serve`: the daemon.

use std::io::Write as _;
use std::process::ExitCode;

use super::system_clock;
use crate::app::App;
use crate::daemon::Daemon;

pub(super) async fn run(app: App) -> anyhow::Result<ExitCode> {
    let daemon = Daemon::start(app, system_clock()).await?;
    println!("http://{}/", daemon.address()?);
    std::io::stdout().flush()?;
    daemon.run().await?;
    Ok(ExitCode::SUCCESS)
}
