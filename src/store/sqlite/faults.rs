//! What an error of `SQLite` means to whoever asked.

use std::path::Path;

use crate::store::StoreError;

/// Says of an error what the caller can do about it, by the primary result codes of <https://www.sqlite.org/rescode.html>.
pub(super) fn explain(path: &Path, error: sqlx::Error) -> StoreError {
    let database = error.as_database_error();
    let code = database.and_then(|error| error.code()?.parse::<i32>().ok()).map(|code| code & 0xff);
    let reason = match (code, &error) {
        // SQLITE_BUSY, SQLITE_LOCKED
        (Some(5 | 6), _) | (_, sqlx::Error::PoolTimedOut) => {
            return StoreError::Busy("another process is writing".to_owned());
        }
        // SQLITE_FULL
        (Some(13), _) => return StoreError::Busy("the disk is full".to_owned()),
        // SQLITE_READONLY, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_NOTADB
        (Some(8), _) => "it may not be written",
        (Some(10), _) => "reading or writing it failed",
        (Some(11), _) => "it is damaged, restore it from a backup",
        (Some(14), _) => "it cannot be opened",
        (Some(26), _) => "it is no crieur database",
        _ => return StoreError::Failed(error),
    };
    let reason = database.map_or_else(|| reason.to_owned(), |error| format!("{reason} ({})", error.message()));
    StoreError::Unusable { place: path.display().to_string(), reason }
}

/// `SQLITE_IOERR_FSYNC`, `SQLITE_IOERR_DIR_FSYNC`.
pub(super) fn is_failed_sync(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "1034" | "1290"))
}
