//! Who is never to be mailed again. Of an address only a keyed hash is kept: it outlives the erasing of the address.
//!
//! A hash is made with the key of its time. Where the address is known, its hash is made anew with each new key
//! (`keys::rotate`); where only the hash is left, it goes on under its own key, so all keys are asked.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::rows::SUPPRESSED;
use super::subscribers::{suppression_hash, suppression_hashes};
use super::{begin, letters, outbox};
use crate::model::subscription::EmailAddress;
use crate::model::token::SigningKey;

pub(super) async fn is_suppressed(connection: &mut SqliteConnection, hashes: &[String]) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM suppression WHERE hash IN (SELECT value FROM json_each(?)))")
        .bind(serde_json::json!(hashes).to_string())
        .fetch_one(connection)
        .await
}

pub(super) async fn add(
    writer: &SqlitePool,
    key: &SigningKey,
    address: &EmailAddress,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    insert(&mut transaction, &suppression_hashes(key, address), reason, now).await?;
    let subscriptions: Vec<i64> = sqlx::query_scalar(
        "SELECT subscription.id FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
         WHERE subscriber.key = ?",
    )
    .bind(address.key())
    .fetch_all(&mut *transaction)
    .await?;
    for subscription in subscriptions {
        outbox::suppress(&mut transaction, subscription, SUPPRESSED, now).await?;
    }
    // where the address is known, its hash is that of the present key
    letters::suppress(&mut transaction, &suppression_hash(key, address), SUPPRESSED, now).await?;
    transaction.commit().await
}

/// Under the present key, unless it stands there under any.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    hashes: &[String],
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let Some(present) = hashes.first() else { return Ok(()) };
    if is_suppressed(connection, hashes).await? {
        return Ok(());
    }
    sqlx::query("INSERT INTO suppression (hash, reason, at) VALUES (?, ?, ?)")
        .bind(present)
        .bind(reason)
        .bind(now.timestamp_millis())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn lift(writer: &SqlitePool, key: &SigningKey, address: &EmailAddress) -> sqlx::Result<bool> {
    let lifted = sqlx::query("DELETE FROM suppression WHERE hash IN (SELECT value FROM json_each(?))")
        .bind(serde_json::json!(suppression_hashes(key, address)).to_string())
        .execute(writer)
        .await?;
    Ok(lifted.rows_affected() > 0)
}

pub(super) async fn count(readers: &SqlitePool) -> sqlx::Result<u64> {
    sqlx::query_scalar("SELECT count(*) FROM suppression").fetch_one(readers).await
}
