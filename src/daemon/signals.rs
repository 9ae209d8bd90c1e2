//! SIGTERM and SIGINT: the first asks to stop, the second stops.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// From when this is made, neither signal ends the process by itself.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Until SIGTERM or SIGINT comes, or came since it was last asked.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Lets `work` finish unless a further signal comes.
    pub(super) async fn or_at_once(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = self.next() => tracing::warn!("stopped at once"),
        }
    }
}
