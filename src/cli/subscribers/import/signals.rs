//! A list that is broken off by SIGINT or SIGTERM.

use std::io;
use std::process::exit;
use std::sync::Arc;

use indicatif::ProgressBar;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::cli::exit::TRY_AGAIN;
use crate::cli::print::tell;

/// Forgets what came in when a signal comes, and ends the process: whoever reads may be waiting for the next line for ever.
pub(super) fn forget_on_them(app: &App, import: i64, progress: ProgressBar) -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let store = Arc::clone(&app.store);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        let forgotten = store.forget_import(import).await;
        progress.finish_and_clear();
        let told = match forgotten {
            Ok(true) => "stopped before the last row was read: nobody was subscribed".to_owned(),
            Ok(false) => {
                "the list was read to its end: the next issue, `serve`, `send` or `import` goes on with it".to_owned()
            }
            Err(error) => format!("stopped: {error}\n  hint: rows that came in are forgotten within a day"),
        };
        tell!("{told}");
        exit(i32::from(TRY_AGAIN))
    });
    Ok(())
}
