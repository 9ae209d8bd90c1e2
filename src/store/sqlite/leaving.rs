//! Leaving while the state cannot be written, or not at once: it is noted in a file beside the state, and carried out before
//! anything is sent. Whoever presses the button is told so soon and once, and is not asked to come back.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqlitePool;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::subscribers::{self, end_if_older};
use super::{SqliteStore, begin};
use crate::store::Result;

/// How long whoever leaves waits for the state; then it is noted beside it.
const LEAVES_WITHIN: Duration = Duration::from_millis(100);

/// The file. Whoever writes shares a lock of it with the others who do; whoever takes it away has the lock alone.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    noted: PathBuf,
    /// What is being carried out: also after a crash in the middle of it.
    taken: PathBuf,
}

impl Leaving {
    pub(super) fn beside(database: &Path) -> Self {
        let named = |ending: &str| {
            let mut name = OsString::from(database);
            name.push(ending);
            PathBuf::from(name)
        };
        Self { noted: named(".leaving"), taken: named(".leaving-taken") }
    }

    /// Durable when it returns.
    pub(super) fn note(&self, subscription: i64, now: DateTime<Utc>) -> io::Result<()> {
        let line = format!("{subscription} {}\n", now.timestamp_millis());
        loop {
            let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.noted)?;
            file.lock_shared()?;
            // another process may have taken it away before we had the lock
            if is_at(&file, &self.noted)? {
                file.write_all(line.as_bytes())?;
                return file.sync_data();
            }
        }
    }

    /// Ends what was noted, all or none: whoever came back since stays. Idempotent.
    pub(super) async fn carry_out(&self, writer: &SqlitePool) -> sqlx::Result<()> {
        let Some(lines) = self.take()? else { return Ok(()) };
        let mut transaction = begin(writer).await?;
        for (subscription, at) in lines.lines().filter_map(noted) {
            end_if_older(&mut transaction, subscription, at).await?;
        }
        transaction.commit().await?;
        match fs::remove_file(&self.taken) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn take(&self) -> io::Result<Option<String>> {
        if !self.taken.exists() {
            let file = match File::open(&self.noted) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            };
            file.lock()?;
            match fs::rename(&self.noted, &self.taken) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                renamed => renamed?,
            }
        }
        fs::read_to_string(&self.taken).map(Some)
    }
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match fs::metadata(path) {
        Ok(there) => Ok(identity(there) == identity(file.metadata()?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl SqliteStore {
    pub(super) async fn unsubscribe_or_note(&self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        let writer = self.writer.clone();
        // goes on where it takes longer: then it is done as soon as it can be
        let ending = tokio::spawn(async move { subscribers::unsubscribe(&writer, id, now).await });
        let failed = match timeout(LEAVES_WITHIN, ending).await {
            Ok(Ok(Ok(found))) => return Ok(found),
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => sqlx::Error::WorkerCrashed,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        // what was noted is as good as done: it is carried out before anything is sent
        let leaving = self.leaving.clone();
        match spawn_blocking(move || leaving.note(id, now)).await {
            Ok(Ok(())) => {
                let error = self.explained::<()>(Err(failed)).err().map(|error| error.to_string());
                tracing::warn!(error, subscription = id, "a reader left, which is noted beside the state");
                Ok(true)
            }
            _ => self.explained(Err(failed)),
        }
    }
}

/// A line that a crash cut short names nobody.
fn noted(line: &str) -> Option<(i64, DateTime<Utc>)> {
    let (subscription, at) = line.split_once(' ')?;
    Some((subscription.parse().ok()?, DateTime::from_timestamp_millis(at.parse().ok()?)?))
}
