//! How far sending has come, noted in the state and in a file beside it. A copy of the state that is put back knows less than
//! the file: mails left that it knows nothing of, so none leaves before the operator has looked.
//!
//! ```text
//! 17 1763805600000 3fZk1Qxy
//! ```
//!
//! How often mails were taken from the outbox, when last, and by which state (its first key). The state is written first: the
//! file is never ahead of a state that is the newest there is, wherever a crash comes between the two. The number moves on
//! before mails leave, and once more when they have left: a copy made in between is older as well.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use sqlx::SqliteExecutor;
use sqlx::sqlite::SqlitePool;

use super::{begin, erasures, keys, pauses};
use crate::model::pause::Cause;

#[derive(Debug)]
pub(super) struct Epoch {
    path: PathBuf,
    /// Mails were taken since it was noted that all have left.
    is_out: AtomicBool,
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Noted {
    epoch: i64,
    at: DateTime<Utc>,
    state: String,
}

impl Epoch {
    pub(super) fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".epoch");
        Self { path: PathBuf::from(name), is_out: AtomicBool::new(false) }
    }

    /// Pauses a state that is older than what was sent. Costs two looks where it is not.
    pub(super) async fn look(&self, writer: &SqlitePool) -> sqlx::Result<()> {
        // first: what was noted before the state is asked is never ahead of it
        let noted = self.read()?;
        let (epoch, at) = here(writer).await?;
        let state = this_state(writer).await?;
        let reason = match noted {
            Some(Ok(noted)) if noted.epoch > epoch && Some(&noted.state) == state.as_ref() => {
                let of = if epoch == 0 { "no mail".to_owned() } else { format!("those until {}", at.format("%F %RZ")) };
                format!(
                    "an older copy of the state was put back: mails left until {}, it knows of {of}",
                    noted.at.format("%F %RZ")
                )
            }
            Some(Err(())) => format!(
                "`{}` is damaged: whether mails left that the state does not know of cannot be told",
                self.path.display()
            ),
            _ => return Ok(()),
        };
        let mut transaction = begin(writer).await?;
        if pauses::begin_pause(&mut *transaction, Cause::Restored, &reason).await? {
            pauses::doubt_all(&mut transaction).await?;
        }
        transaction.commit().await
    }

    /// Notes that mails are about to leave, or that those that were have left. Durable when it returns.
    pub(super) async fn note(&self, writer: &SqlitePool, leaving: bool, now: DateTime<Utc>) -> sqlx::Result<()> {
        if leaving || self.is_out.load(Ordering::Relaxed) {
            self.move_on(writer, now).await?;
            self.is_out.store(leaving, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) async fn move_on(&self, writer: &SqlitePool, now: DateTime<Utc>) -> sqlx::Result<()> {
        self.put(writer, 0, now).await
    }

    /// The operator says that this state is the one to go on with: from now on it is the newest.
    pub(super) async fn accept(&self, writer: &SqlitePool, now: DateTime<Utc>) -> sqlx::Result<()> {
        let noted = self.read()?.and_then(Result::ok).map_or(0, |noted| noted.epoch);
        self.put(writer, noted, now).await
    }

    /// Beyond `least` and all before.
    async fn put(&self, writer: &SqlitePool, least: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
        let epoch = sqlx::query_scalar("UPDATE sending SET epoch = max(epoch, ?) + 1, at = ? RETURNING epoch")
            .bind(least)
            .bind(now.timestamp_millis())
            .fetch_one(writer)
            .await?;
        // without a key nobody can be mailed
        let Some(state) = this_state(writer).await? else { return Ok(()) };
        Ok(self.write(&Noted { epoch, at: now, state })?)
    }

    /// `None` where there is no file; an error in it where it says nothing.
    fn read(&self) -> io::Result<Option<Result<Noted, ()>>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(std::str::from_utf8(&bytes).ok().and_then(noted).ok_or(()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whole or not at all. That the new name is on the disk is not waited for: what was there before is behind the state too.
    fn write(&self, noted: &Noted) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".epoch-").tempfile_in(folder)?;
        writeln!(file, "{} {} {}", noted.epoch, noted.at.timestamp_millis(), noted.state)?;
        file.as_file().sync_data()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

fn noted(line: &str) -> Option<Noted> {
    let mut words = line.strip_suffix('\n')?.split(' ');
    let (epoch, at, state) = (words.next()?, words.next()?, words.next()?);
    let at = DateTime::from_timestamp_millis(at.parse().ok()?)?;
    Some(Noted { epoch: epoch.parse().ok()?, at, state: state.to_owned() })
}

/// How far this state has come, and when.
pub(super) async fn here(executor: impl SqliteExecutor<'_>) -> sqlx::Result<(i64, DateTime<Utc>)> {
    let (epoch, at): (i64, i64) = sqlx::query_as("SELECT epoch, at FROM sending").fetch_one(executor).await?;
    Ok((epoch, DateTime::from_timestamp_millis(at).unwrap_or_default()))
}

/// Tells this state and its copies from others.
async fn this_state(writer: &SqlitePool) -> sqlx::Result<Option<String>> {
    Ok(keys::all(writer).await?.as_ref().map(erasures::fingerprint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_again_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let epoch = Epoch::beside(&folder.path().join("crieur.db"));
        assert_eq!(epoch.read().expect("an answer"), None);
        let at = DateTime::from_timestamp_millis(1_763_805_600_123).expect("an instant");
        let line = Noted { epoch: 17, at, state: "3fZk1Qxy".to_owned() };
        epoch.write(&line).expect("written");
        assert_eq!(epoch.read().expect("an answer"), Some(Ok(line)));
        for damaged in ["", "17", "17 1763805600123 3fZk", "x 1763805600123 3fZk1Qxy\n", "17 1 \u{fffd}"] {
            fs::write(folder.path().join("crieur.db.epoch"), damaged).expect("written");
            assert_eq!(epoch.read().expect("an answer"), Some(Err(())), "{damaged:?}");
        }
    }
}
