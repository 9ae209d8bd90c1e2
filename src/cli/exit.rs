//! Exit codes: 0 done; 1 content or check errors; 2 usage or configuration; 3 another daemon holds the store; 4 store
//! unusable; 75 try again. Never 101.

use std::process::ExitCode;

use super::print::tell;
use crate::app::Braked;
use crate::config::ConfigError;
use crate::content::folder::FolderError;
use crate::daemon::AlreadyRunning;
use crate::folder::Unwritable;
use crate::output::templates::TemplateError;
use crate::store::StoreError;

/// For `--help` and the manual page.
pub(super) const MEANINGS: &str = "Exit codes: 0 done; 1 errors in the content, or not everything was taken; 2 wrong usage \
    or configuration; 3 another daemon is in charge of the store; 4 the store or the folder to write cannot be used; \
    75 try again later.";

/// Errors in the content, or rows that were not taken.
pub(super) const CONTENT: u8 = 1;
/// Wrong use or a wrong configuration.
pub(super) const USAGE: u8 = 2;
const HELD: u8 = 3;
const STORE: u8 = 4;
/// `EX_TEMPFAIL` of sysexits.h.
pub(super) const TRY_AGAIN: u8 = 75;

/// Something the caller asked for cannot be: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct UsageError(pub String);

/// Prints an error and says by its kind how the process ends.
pub(super) fn failed(error: &anyhow::Error) -> ExitCode {
    tell!("error: {error:#}");
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    let is = |matches: fn(&(dyn std::error::Error + 'static)) -> bool| error.chain().any(matches);
    if let Some(store) = error.chain().find_map(|cause| cause.downcast_ref::<StoreError>()) {
        return match store {
            StoreError::Exposed { .. } => USAGE,
            StoreError::Unusable { .. } | StoreError::Failed(_) => STORE,
            StoreError::Busy(_) => TRY_AGAIN,
        };
    }
    if is(<dyn std::error::Error + 'static>::is::<AlreadyRunning>) {
        HELD
    } else if is(<dyn std::error::Error + 'static>::is::<Unwritable>) {
        STORE
    } else if is(|cause| {
        cause.is::<ConfigError>()
            || cause.is::<UsageError>()
            || cause.is::<TemplateError>()
            || cause.is::<FolderError>()
    }) {
        USAGE
    } else if is(<dyn std::error::Error + 'static>::is::<Braked>) {
        CONTENT
    } else {
        TRY_AGAIN
    }
}
