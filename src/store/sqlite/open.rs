//! Opening the file: rights, settings, a look at its health, migrations; and the lock of the one in charge.
//!
//! Several processes may have the store open at once. Only deliveries need one in charge, and its lock is a file of its own:
//! the system frees it when the process ends, however it ends.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Sqlite};

use super::attempts::Marks;
use super::epoch::Epoch;
use super::in_hand::InHand;
use super::leaving::Leaving;
use super::{PATIENCE, SqliteStore, begin, erasures, explain};
use crate::store::{Result, StoreError};

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

const READERS: u32 = 4;

impl SqliteStore {
    /// Opens the store in the file `path`, which is made, with its folder, where there is none: for this user only.
    ///
    /// # Errors
    /// `Unusable` where the file cannot be read or written, is damaged, is no database, or was written by a newer version;
    /// `Exposed` where others may read it.
    pub async fn open(path: &Path) -> Result<Self> {
        make_private(path)
            .map_err(|error| StoreError::Unusable { place: path.display().to_string(), reason: error.to_string() })?;
        let settings = settings(path);
        let writer = connect_writer(path, &settings).await?;
        check_if_small(path, &writer).await?;
        check_rights(path)?;
        migrate(path, &writer).await?;
        // before anybody asks for readers
        let caught_up = erasures::catch_up(&writer, path).await;
        caught_up.map_err(|error| explain(path, error))?;
        let leaving = Leaving::beside(path);
        leaving.carry_out(&writer).await.map_err(|error| explain(path, error))?;
        let epoch = Epoch::beside(path);
        epoch.look(&writer).await.map_err(|error| explain(path, error))?;
        let readers =
            pool(READERS).connect_lazy_with(settings.pragma("query_only", "ON").pragma("cache_size", "-2000"));
        Ok(Self {
            path: path.to_owned(),
            writer,
            readers,
            leaving,
            in_hand: InHand::beside(path),
            epoch,
            marks: Marks::default(),
            lost: OnceLock::new(),
        })
    }
}

/// Not where others may read it, as a backup often is that was put back: what stood in it is known to them by now.
fn check_rights(path: &Path) -> Result<()> {
    let metadata = std::fs::metadata(path)
        .map_err(|error| StoreError::Unusable { place: path.display().to_string(), reason: error.to_string() })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if metadata.is_file() && mode & 0o077 != 0 {
        return Err(StoreError::Exposed { place: path.display().to_string(), mode });
    }
    Ok(())
}

/// `SQLite` gives its `-wal` and `-shm` files the rights of the database, so it is enough to make that one ourselves.
fn make_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    open_private(path).map(drop)
}

fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// FULL: in WAL mode, only then is a commit on the disk when it returns. `secure_delete` overwrites what is erased.
fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("secure_delete", "ON")
        // an issue for a million readers is one transaction: with less, its pages would go to the disk many times
        .pragma("cache_size", "-32768")
        .disable_statement_logging()
}

/// Connections stay as long as the store: making one anew would only cost time.
fn pool(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // whoever waited for so long is told that the store is busy; who waited for less got in
        .acquire_slow_threshold(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// A fresh file is switched to WAL under a lock that `SQLite` does not wait for: processes that open it at the same moment
/// would turn each other away.
async fn connect_writer(path: &Path, settings: &SqliteConnectOptions) -> Result<SqlitePool> {
    const TRIES: u32 = 100;
    let mut tries = 0;
    loop {
        let error = match pool(1).connect_with(settings.clone()).await {
            Ok(writer) => return Ok(writer),
            Err(error) => explain(path, error),
        };
        tries += 1;
        if tries == TRIES || !matches!(error, StoreError::Busy(_)) {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A state larger than this is looked through by whoever takes charge, not by every command: reading a gigabyte takes
/// seconds, and to show one person should not.
const SMALL: u64 = 32 << 20;

async fn check_if_small(path: &Path, writer: &SqlitePool) -> Result<()> {
    if is_small(path) { check_health(path, writer).await } else { Ok(()) }
}

/// What was too much to look through when it was opened.
pub(super) async fn check_all(path: &Path, writer: &SqlitePool) -> Result<()> {
    if is_small(path) { Ok(()) } else { check_health(path, writer).await }
}

fn is_small(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= SMALL)
}

async fn check_health(path: &Path, writer: &SqlitePool) -> Result<()> {
    let findings: Vec<String> =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_all(writer).await.map_err(|error| explain(path, error))?;
    if findings == ["ok"] {
        return Ok(());
    }
    let reason = format!("it is damaged, restore it from a backup ({})", findings.join("; ").replace('\n', " "));
    Err(StoreError::Unusable { place: path.display().to_string(), reason })
}

/// All migrations in one transaction that no other process can slip into: sqlx takes no lock of its own on `SQLite`.
async fn migrate(path: &Path, writer: &SqlitePool) -> Result<()> {
    let mut transaction = begin(writer).await.map_err(|error| explain(path, error))?;
    let done = MIGRATIONS.run_direct(None, &mut *transaction, false).await;
    done.map_err(|error| explain_migration(path, error))?;
    transaction.commit().await.map_err(|error| explain(path, error))
}

fn explain_migration(path: &Path, error: MigrateError) -> StoreError {
    let reason = match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => return explain(path, error),
        MigrateError::VersionMissing(version) => {
            format!("a newer version of crieur wrote it (its schema {version} is not known here)")
        }
        error => error.to_string(),
    };
    StoreError::Unusable { place: path.display().to_string(), reason }
}

/// The lock of the process in charge, with its number in the file so that others can name it; `None` where it is taken.
pub(super) fn lock_charge(database: &Path) -> Result<Option<File>> {
    let path = lock_path(database);
    let unusable =
        |error: io::Error| StoreError::Unusable { place: path.display().to_string(), reason: error.to_string() };
    let mut file = open_private(&path).map_err(unusable)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
        Ok(()) => {}
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(unusable)?;
    Ok(Some(file))
}

/// The number of the process that has the lock, as far as the file tells.
pub(super) fn in_charge(database: &Path) -> Option<String> {
    let number: u32 = std::fs::read_to_string(lock_path(database)).ok()?.trim().parse().ok()?;
    Some(format!("process {number}"))
}

/// Whether no process has the lock. It is tried for a moment, and not waited for.
pub(super) fn nobody_is_in_charge(database: &Path) -> bool {
    match File::open(lock_path(database)) {
        Ok(file) => file.try_lock_shared().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A commit that is not on the disk when it returns would break the promise of the outbox without any other test seeing it.
    #[tokio::test]
    async fn the_writing_connection_is_durable_and_strict() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("crieur.db")).await.expect("opens");
        let settings: (String, i64, i64, i64, i64) = sqlx::query_as(
            "SELECT journal_mode, synchronous, foreign_keys, secure_delete, timeout
             FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_secure_delete, pragma_busy_timeout",
        )
        .fetch_one(&store.writer)
        .await
        .expect("settings");
        assert_eq!(settings, ("wal".to_owned(), 2, 1, 1, 30_000));
    }
}
