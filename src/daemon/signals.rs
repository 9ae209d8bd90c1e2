//! SIGTERM and SIGINT: the first asks to stop, the second stops. SIGHUP asks for the configuration to be read again.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Stop,
    Reload,
}

/// From when this is made, none of them ends the process by itself.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Until a signal comes, or came since it was last asked.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Lets `work` finish unless a further signal asks to stop.
    pub(super) async fn or_at_once(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = async { while self.next().await != Asked::Stop {} } => tracing::warn!("stopped at once"),
        }
    }
}
