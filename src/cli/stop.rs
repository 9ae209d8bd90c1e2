//! Being told to stop while work is under way.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The first signal asks to stop: what was handed over is waited for. The second does not wait.
pub(super) fn stop_on_signals() -> (CancellationToken, CancellationToken) {
    let (cancel, at_once) = (CancellationToken::new(), CancellationToken::new());
    let asked = [cancel.clone(), at_once.clone()];
    tokio::spawn(async move {
        for token in asked {
            if asked_to_stop().await.is_err() {
                return;
            }
            token.cancel();
        }
    });
    (cancel, at_once)
}

/// Until SIGINT or SIGTERM comes.
pub(super) async fn asked_to_stop() -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
