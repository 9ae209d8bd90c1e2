//! Leaving while the state cannot be written: it is noted in a file beside the state, and carried out before anything is sent.
//! Whoever presses the button is told once that it is done, and is not asked to come back.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqlitePool;

use super::begin;
use super::subscribers::end;

/// The file, and who may be at it. Only the process in charge serves readers, so a lock within it is enough.
#[derive(Debug)]
pub(super) struct Leaving {
    noted: PathBuf,
    /// What is being carried out: also after a crash in the middle of it.
    taken: PathBuf,
    lock: Mutex<()>,
}

impl Leaving {
    pub(super) fn beside(database: &Path) -> Self {
        let named = |ending: &str| {
            let mut name = OsString::from(database);
            name.push(ending);
            PathBuf::from(name)
        };
        Self { noted: named(".leaving"), taken: named(".leaving-taken"), lock: Mutex::default() }
    }

    /// Durable when it returns.
    pub(super) fn note(&self, subscription: i64, now: DateTime<Utc>) -> io::Result<()> {
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.noted)?;
        writeln!(file, "{subscription} {}", now.timestamp_millis())?;
        file.sync_data()
    }

    /// Ends what was noted, all or none. Idempotent.
    pub(super) async fn carry_out(&self, writer: &SqlitePool) -> sqlx::Result<()> {
        let Some(lines) = self.take()? else { return Ok(()) };
        let mut transaction = begin(writer).await?;
        for (subscription, at) in lines.lines().filter_map(noted) {
            end(&mut transaction, subscription, at).await?;
        }
        transaction.commit().await?;
        Ok(fs::remove_file(&self.taken)?)
    }

    fn take(&self) -> io::Result<Option<String>> {
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.taken.exists() {
            match fs::rename(&self.noted, &self.taken) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                renamed => renamed?,
            }
        }
        fs::read_to_string(&self.taken).map(Some)
    }
}

/// A line that a crash cut short names nobody.
fn noted(line: &str) -> Option<(i64, DateTime<Utc>)> {
    let (subscription, at) = line.split_once(' ')?;
    Some((subscription.parse().ok()?, DateTime::from_timestamp_millis(at.parse().ok()?)?))
}
