//! `serve`: the daemon.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use super::system_clock;
use crate::app::App;
use crate::daemon::Daemon;

pub(super) async fn run(app: App) -> anyhow::Result<ExitCode> {
    let daemon = Daemon::start(app, system_clock()).await?;
    daemon.run(announce).await?;
    Ok(ExitCode::SUCCESS)
}

/// Says where the site is, as data: a script can read it. A closed stdout is no reason to stop.
fn announce(address: SocketAddr) {
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "http://{address}/").and_then(|()| stdout.flush());
}
