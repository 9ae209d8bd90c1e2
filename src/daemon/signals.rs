//! SIGTERM and SIGINT: the first asks to stop, the second stops.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

fn listen(kind: SignalKind) -> anyhow::Result<Signal> {
    signal(kind).context("signals cannot be listened to")
}

/// Until SIGTERM or SIGINT comes.
pub(super) async fn wait() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Lets `work` finish unless a further signal comes.
pub(super) async fn or_at_once(work: impl Future<Output = ()>) -> anyhow::Result<()> {
    tokio::select! {
        () = work => Ok(()),
        signal = wait() => {
            tracing::warn!("stopped at once");
            signal
        }
    }
}
