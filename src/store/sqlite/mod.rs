//! `SQLite`: one file, one daemon in charge, any number of commands beside it.
//!
//! One connection writes, each transaction `BEGIN IMMEDIATE`; a few others read what is committed. The sentences of the
//! trait stand in `sentences`; each is said in full in the file of its chapter.

mod archive;
mod attempts;
mod audiences;
mod bounces;
mod charge;
mod claims;
mod doubts;
mod epoch;
mod erasing;
mod erasures;
mod faults;
mod figures;
mod holds;
mod ids;
mod imports;
mod in_hand;
mod issues;
mod keys;
mod leaving;
mod ledger;
mod letters;
mod limits;
mod memory;
mod open;
mod outbox;
mod pauses;
mod records;
mod rows;
mod sentences;
mod signup;
mod subscribers;
mod suppression;
mod turns;
mod wiping;
mod wishes;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};

use self::attempts::Marks;
use self::epoch::Epoch;
use self::faults::{explain, is_failed_sync};
use self::in_hand::InHand;
use self::leaving::Leaving;
use super::{Result, StoreError};
use crate::model::token::SigningKey;

/// How long a statement waits for another process that is writing.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store in one `SQLite` file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    leaving: Leaving,
    in_hand: InHand,
    epoch: Epoch,
    marks: Marks,
    /// Why nothing is written any more, once that is so.
    lost: OnceLock<String>,
}

/// IMMEDIATE: a transaction that reads first and writes then would fail, not wait, where another process wrote between.
///
/// On a full disk `SQLite` takes a transaction back by itself, and sqlx goes on waiting for the end of it: such a connection is
/// of no more use, another one is.
async fn begin(writer: &SqlitePool) -> sqlx::Result<Transaction<'static, Sqlite>> {
    const BEGIN: &str = "BEGIN IMMEDIATE";
    match writer.begin_with(BEGIN).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            writer.acquire().await?.close().await?;
            writer.begin_with(BEGIN).await
        }
        begun => begun,
    }
}

impl SqliteStore {
    /// Waits for what is under way and leaves one tidy file behind. Dropping the store loses nothing either.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn explained<T>(&self, result: sqlx::Result<T>) -> Result<T> {
        result.map_err(|error| {
            if is_failed_sync(&error) {
                self.give_up(&error);
            }
            match (self.lost.get(), error) {
                (Some(reason), sqlx::Error::PoolClosed) => self.unusable(reason.clone()),
                (_, error) => explain(&self.path, error),
            }
        })
    }

    /// Nothing more is written: the system forgets what it failed to put on the disk, and a second try to sync the same file
    /// would be told that all is well. Those who write later are turned away; reading goes on.
    fn give_up(&self, error: &sqlx::Error) {
        let reason = format!("what was written did not reach the disk, so nothing more is ({error})");
        if self.lost.set(reason).is_ok() {
            // as long as somebody reads, closing the writer leaves the log alone; the next start takes over what is whole in it
            std::mem::forget(self.readers.clone());
            drop(self.writer.close());
        }
    }

    fn unusable(&self, reason: String) -> StoreError {
        StoreError::Unusable { place: self.path.display().to_string(), reason }
    }

    async fn key(&self) -> Result<SigningKey> {
        self.explained(keys::all(&self.readers).await)?
            .ok_or_else(|| self.unusable("it has no signing key yet".to_owned()))
    }
}
