//! `serve`: the daemon.

use std::net::SocketAddr;
use std::process::ExitCode;

use super::print::say;
use super::system_clock;
use crate::app::App;
use crate::daemon::Daemon;

pub(super) async fn run(app: App) -> anyhow::Result<ExitCode> {
    let daemon = Daemon::start(app, system_clock()).await?;
    daemon.run(announce).await?;
    Ok(ExitCode::SUCCESS)
}

/// Says where the site is, and in a second line where the status page is, as data: a script can read it.
fn announce(address: SocketAddr, admin: Option<SocketAddr>) {
    say!("http://{address}/");
    if let Some(admin) = admin {
        say!("http://{admin}/");
    }
}
