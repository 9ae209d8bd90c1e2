//! Lines to stdout and stderr that never panic: a reader that closes its pipe, or a full disk under a log, is no reason to
//! stop sending.

use std::fmt::{Arguments, Display};
use std::io::Write as _;

use crate::model::pause::{CONFIRM, Pause};

/// A line of data.
macro_rules! say {
    ($($arg:tt)*) => { $crate::cli::print::to_stdout(format_args!($($arg)*)) };
}

/// A line about what goes on.
macro_rules! tell {
    ($($arg:tt)*) => { $crate::cli::print::to_stderr(format_args!($($arg)*)) };
}

pub(super) use {say, tell};

/// Why nothing is sent, and what ends it.
pub(super) fn tell_pauses(pauses: &[Pause]) {
    for pause in pauses {
        tell!("no newsletter is sent: {}\n  hint: if all is right: `{CONFIRM}`", pause.reason);
    }
}

/// `1 error`, `2 errors`.
pub(super) fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

pub(super) fn to_stdout(line: Arguments) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

pub(super) fn to_stderr(line: Arguments) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
