//! Pauses: as long as there is one, nothing is claimed and nothing frozen.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::rows::named;
use super::{SqliteStore, outbox};
use crate::model::delivery::{Claim, Withheld};
use crate::model::pause::{Cause, Pause};
use crate::store::{Result, Store as _};

pub(super) async fn all(readers: &SqlitePool) -> sqlx::Result<Vec<Pause>> {
    let rows = sqlx::query("SELECT * FROM pause ORDER BY rowid").fetch_all(readers).await?;
    let pause = |row| {
        Ok(Pause {
            cause: named(row, "cause", &Cause::ALL, Cause::as_str)?,
            reason: sqlx::Row::try_get(row, "reason")?,
        })
    };
    rows.iter().map(pause).collect()
}

pub(super) async fn any(executor: impl SqliteExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pause)").fetch_one(executor).await
}

pub(super) async fn begin_pause(executor: impl SqliteExecutor<'_>, cause: Cause, reason: &str) -> sqlx::Result<bool> {
    let begun = sqlx::query("INSERT INTO pause (cause, reason) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(cause.as_str())
        .bind(reason)
        .execute(executor)
        .await?;
    Ok(begun.rows_affected() > 0)
}

pub(super) async fn end_pause(executor: impl SqliteExecutor<'_>, cause: Cause) -> sqlx::Result<bool> {
    let ended = sqlx::query("DELETE FROM pause WHERE cause = ?").bind(cause.as_str()).execute(executor).await?;
    Ok(ended.rows_affected() > 0)
}

/// Whatever an older copy has open may have been sent since it was made: it is in doubt, like a mail whose answer was lost,
/// and what was in doubt may have gone out once more.
pub(super) async fn doubt_all(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    for statement in [
        "UPDATE delivery SET state = 'doubt', doubts = doubts + 1, epoch = epoch + 1, lease_until = NULL,
            next_attempt = NULL, reason = 'an older copy of the state was put back: it may have been sent since'
         WHERE state IN ('waiting', 'sending', 'deferred', 'doubt')",
        "UPDATE letter SET state = 'doubt', doubts = doubts + 1, epoch = epoch + 1, lease_until = NULL,
            next_attempt = NULL, reason = 'an older copy of the state was put back: it may have been sent since'
         WHERE state IN ('waiting', 'sending', 'deferred', 'doubt')",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

impl SqliteStore {
    /// Whoever left beside the state has left before, and an older copy is noticed.
    pub(super) async fn claim_unless_paused(
        &self,
        withheld: &Withheld,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Claim>> {
        self.explained(self.leaving.carry_out(&self.writer).await)?;
        self.explained(self.epoch.look(&self.writer).await)?;
        if self.explained(any(&self.readers).await)? {
            return Ok(Vec::new());
        }
        let claims = self.explained(outbox::claim(&self.writer, now, lease_until, limit, withheld).await)?;
        if let Err(error) = self.epoch.note(&self.writer, !claims.is_empty(), now).await {
            self.give_back(&claims).await?;
            return self.explained(Err(error));
        }
        Ok(claims)
    }
}
