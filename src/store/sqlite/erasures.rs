//! Erasing one person, and the log of that, beside the state: a backup that is put back knows people who asked to be erased after it was made,
//! and forgets them again before anything is sent.
//!
//! ```text
//! 2026-11-22T10:00:00Z 3fZk1Qxy mJ8vTtWkq… erased
//! ```
//!
//! When, by which first key, whom (the hash of a suppression under that key, which every backup has, so that it can be put
//! on the suppression list too), and `erased` or `objected`. How far the log was carried out stands in the state.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::sqlite::SqlitePool;
use sqlx::{Row as _, SqliteConnection};

use super::rows::address;
use super::subscribers::{suppression_hash, suppression_hashes};
use super::wiping::{self, Tries};
use super::{begin, erasing, keys, limits, suppression, turns, wishes};
use crate::model::subscriber::Erased;
use crate::model::subscription::EmailAddress;
use crate::model::token::SigningKey;

/// The reason of a suppression.
const OBJECTED: &str = "erased, and objected to being mailed";

/// Where the log of a database is.
#[derive(Debug, Clone)]
pub(super) struct Log {
    path: PathBuf,
}

/// What stands in one line.
#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    at: DateTime<Utc>,
    key: &'a str,
    hash: &'a str,
    objected: bool,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".erasures");
        Self { path: PathBuf::from(name) }
    }

    fn length(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// Durable when it returns; how long the log is then. Whoever calls holds the lock of the one writer.
    pub(super) fn append(
        &self,
        key: &SigningKey,
        address: &EmailAddress,
        objected: bool,
        now: DateTime<Utc>,
    ) -> io::Result<u64> {
        let line = format!(
            "{} {} {} {}\n",
            now.to_rfc3339_opts(SecondsFormat::Secs, true),
            fingerprint(key),
            suppression_hash(first(key), address),
            if objected { "objected" } else { "erased" }
        );
        let is_new = !self.path.exists();
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        // a line that was cut off is none, and takes none with it
        let start = if self.ends_in_a_line()? { "" } else { "\n" };
        file.write_all(format!("{start}{line}").as_bytes())?;
        file.sync_all()?;
        if is_new && let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(file.metadata()?.len())
    }

    fn ends_in_a_line(&self) -> io::Result<bool> {
        Ok(fs::read(&self.path)?.last().is_none_or(|last| *last == b'\n'))
    }

    /// The whole lines from a place on.
    fn since(&self, place: u64) -> io::Result<String> {
        let bytes = fs::read(&self.path)?;
        let new = usize::try_from(place).ok().and_then(|place| bytes.get(place..)).unwrap_or_default();
        Ok(String::from_utf8_lossy(new).into_owned())
    }
}

fn first(key: &SigningKey) -> &SigningKey {
    key.all().last().unwrap_or(key)
}

/// Tells a state and its copies from others, by the key they began with.
pub(super) fn fingerprint(key: &SigningKey) -> String {
    first(key).keyed_hash("fingerprint", &[], 6)
}

fn entry(line: &str) -> Option<Entry<'_>> {
    let mut words = line.split_ascii_whitespace();
    let (at, key, hash, kind) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let at = DateTime::parse_from_rfc3339(at).ok()?.with_timezone(&Utc);
    let objected = match kind {
        "objected" => true,
        "erased" => false,
        _ => return None,
    };
    Some(Entry { at, key, hash, objected })
}

/// Everything of one address. The log is written first: what was begun is finished when the store is opened again.
pub(super) async fn erase(
    writer: &SqlitePool,
    log: &Log,
    key: &SigningKey,
    address: &EmailAddress,
    objected: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Erased> {
    let hashes = suppression_hashes(key, address);
    let mut transaction = begin(writer).await?;
    let length = log.append(key, address, objected, now)?;
    let mut erased = match find(&mut transaction, &address.key()).await? {
        Some(subscriber) => erasing::subscriber_gone(&mut transaction, subscriber, now).await?,
        None => Erased::default(),
    };
    sqlx::query("DELETE FROM arrival WHERE key = ?").bind(address.key()).execute(&mut *transaction).await?;
    wishes::forget(&mut transaction, &address.key()).await?;
    limits::forget(&mut transaction, &limits::hashes(key, address)).await?;
    if objected {
        suppression::insert(&mut transaction, &hashes, OBJECTED, now).await?;
    }
    erased.suppressed = suppression::is_suppressed(&mut transaction, &hashes).await?;
    carried_out(&mut transaction, length).await?;
    transaction.commit().await?;
    Ok(erased)
}

/// How much of the log is carried out.
async fn carried_out(connection: &mut SqliteConnection, length: u64) -> sqlx::Result<()> {
    sqlx::query("UPDATE erasures SET applied = ?")
        .bind(i64::try_from(length).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(())
}

async fn find(connection: &mut SqliteConnection, key: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("SELECT id FROM subscriber WHERE key = ?").bind(key).fetch_optional(connection).await
}

/// Carries out what the log says beyond what this state knows of. Costs nothing where there is nothing.
pub(super) async fn catch_up(writer: &SqlitePool, database: &Path) -> sqlx::Result<()> {
    let log = Log::of(database);
    let length = log.length();
    let applied: i64 = sqlx::query_scalar("SELECT applied FROM erasures").fetch_one(writer).await?;
    let applied = u64::try_from(applied).unwrap_or(0);
    if applied == length {
        return Ok(());
    }
    let key = keys::all(writer).await?;
    let mut transaction = begin(writer).await?;
    if let Some(key) = key.filter(|_| length > applied) {
        carry_out(&mut transaction, &key, &log.since(applied)?).await?;
    }
    // also where it is shorter: another log is there now
    carried_out(&mut transaction, length).await?;
    transaction.commit().await?;
    wiping::empty_log(writer, Tries::ForAWhile).await.map(drop)
}

async fn carry_out(connection: &mut SqliteConnection, key: &SigningKey, lines: &str) -> sqlx::Result<()> {
    let first = first(key);
    let ours = fingerprint(key);
    // a list in the backup may bring them in
    turns::carry_out_within(connection).await?;
    let wanted: HashMap<&str, Entry> =
        lines.lines().filter_map(entry).filter(|entry| entry.key == ours).map(|entry| (entry.hash, entry)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for entry in wanted.values().filter(|entry| entry.objected) {
        suppression::insert(connection, &[entry.hash.to_owned()], OBJECTED, entry.at).await?;
    }
    wishes::forget_hashed(connection, first, |hash| wanted.contains_key(hash)).await?;
    let mut after = 0_i64;
    loop {
        let rows =
            sqlx::query("SELECT id, address FROM subscriber WHERE id > ? AND erased IS NULL ORDER BY id LIMIT 5000")
                .bind(after)
                .fetch_all(&mut *connection)
                .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.try_get("id")?;
        for row in &rows {
            if let Some(entry) = wanted.get(suppression_hash(first, &address(row)?).as_str()) {
                erasing::subscriber_gone(connection, row.try_get("id")?, entry.at).await?;
            }
        }
    }
}
