//! Reads on a thread of its own: a pipe may say nothing for long, and whoever waits for it can be told to stop meanwhile.

use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use super::rows::{Row, Rows};
use crate::cli::exit::UsageError;

/// Rows that are read before anybody takes them.
const AHEAD: usize = 1_000;

pub(super) enum Next {
    Row(Row),
    /// There are no more. Whether anything would help with rows that could not be read.
    End(Option<&'static str>),
}

/// All rows, up to the end or to an error. Nobody waits for the thread at the end of the process.
pub(super) fn read(mut rows: Rows) -> Receiver<Result<Next, UsageError>> {
    let (sender, receiver) = channel(AHEAD);
    thread::spawn(move || {
        loop {
            let next = rows.next().map(|row| row.map_or_else(|| Next::End(rows.hint()), Next::Row));
            let is_last = !matches!(next, Ok(Next::Row(_)));
            if sender.blocking_send(next).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}
