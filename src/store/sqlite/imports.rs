//! Lists that operators bring in, until their last row was read: `turns` subscribes them.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{named, topics_text};
use super::subscribers::{suppression_hash, suppression_hashes};
use super::{begin, turns};
use crate::model::subscriber::ABANDONED;
use crate::model::subscription::{Added, NewSubscription, SubscriptionStatus};
use crate::model::token::SigningKey;

/// This connection takes in lists. With a log of four megabytes each page of an index would be copied into the file many times.
/// What came by already is kept beside the state, as numbers that tell nobody's address.
const FOR_LISTS: [&str; 4] = [
    turns::TO_INSERT,
    "PRAGMA wal_autocheckpoint = 16384",
    "CREATE TEMP TABLE IF NOT EXISTS came (import INTEGER, hash INTEGER, PRIMARY KEY (import, hash)) WITHOUT ROWID",
    "DELETE FROM came",
];

pub(super) async fn start(writer: &SqlitePool, source: &str, now: DateTime<Utc>) -> sqlx::Result<i64> {
    turns::carry_out(writer, now).await?;
    for statement in FOR_LISTS {
        sqlx::query(statement).execute(writer).await?;
    }
    let mut transaction = begin(writer).await?;
    forget_abandoned(&mut transaction, now).await?;
    let id = sqlx::query_scalar("INSERT INTO import (source, began, touched) VALUES (?1, ?2, ?2) RETURNING id")
        .bind(source)
        .bind(now.timestamp_millis())
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(id)
}

pub(super) async fn forget(writer: &SqlitePool, import: i64) -> sqlx::Result<bool> {
    let mut transaction = begin(writer).await?;
    sqlx::query("DELETE FROM arrival WHERE import IN (SELECT id FROM import WHERE id = ? AND finished IS NULL)")
        .bind(import)
        .execute(&mut *transaction)
        .await?;
    let gone = sqlx::query("DELETE FROM import WHERE id = ? AND finished IS NULL")
        .bind(import)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(gone.rows_affected() > 0)
}

/// Nobody goes on with a list whose process ended.
pub(super) async fn forget_abandoned(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM arrival WHERE import IN (SELECT id FROM import WHERE finished IS NULL AND touched < ?)")
        .bind((now - ABANDONED).timestamp_millis())
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM import WHERE finished IS NULL AND touched < ?")
        .bind((now - ABANDONED).timestamp_millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// What each row would do. In a list that is not kept, rows are compared with each other only within `new`.
pub(super) async fn consider(
    readers: &SqlitePool,
    key: &SigningKey,
    new: &[NewSubscription],
) -> sqlx::Result<Vec<Added>> {
    answers(&mut *readers.acquire().await?, key, new).await
}

pub(super) async fn take(
    writer: &SqlitePool,
    key: &SigningKey,
    import: i64,
    new: &[NewSubscription],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Added>> {
    let mut transaction = begin(writer).await?;
    let mut answers = answers(&mut transaction, key, new).await?;
    repeated(&mut transaction, import, new, &mut answers).await?;
    let rows: Vec<_> = std::iter::zip(new, &answers)
        .filter(|(_, answer)| **answer == Added::Confirmed)
        .map(|(new, _)| {
            let hash = suppression_hash(key, &new.address);
            json!([
                new.address.key(),
                new.newsletter,
                new.address.as_str(),
                new.name,
                hash,
                new.lang,
                topics_text(&new.topics)
            ])
        })
        .collect();
    sqlx::query(
        "INSERT INTO arrival (import, key, newsletter, address, name, hash, lang, topics)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         FROM json_each(?2)",
    )
    .bind(import)
    .bind(serde_json::Value::from(rows).to_string())
    .execute(&mut *transaction)
    .await?;
    sqlx::query("UPDATE import SET touched = ? WHERE id = ?")
        .bind(now.timestamp_millis())
        .bind(import)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(answers)
}

/// All rows are looked up by one statement: a million of them would ask a million times otherwise.
async fn answers(
    connection: &mut SqliteConnection,
    key: &SigningKey,
    new: &[NewSubscription],
) -> sqlx::Result<Vec<Added>> {
    let asked: Vec<_> = new
        .iter()
        .map(|new| json!([new.address.key(), new.newsletter, suppression_hashes(key, &new.address)]))
        .collect();
    let rows = sqlx::query(
        "SELECT asked.value ->> 0 AS key, asked.value ->> 1 AS newsletter, subscription.status,
            EXISTS (
                SELECT 1 FROM suppression
                WHERE hash IN (SELECT hashes.value FROM json_each(asked.value, '$[2]') AS hashes)
            ) AS suppressed
         FROM json_each(?1) AS asked LEFT JOIN subscriber ON subscriber.key = asked.value ->> 0
         LEFT JOIN subscription
            ON subscription.subscriber = subscriber.id AND subscription.newsletter = asked.value ->> 1
         ORDER BY asked.key",
    )
    .bind(serde_json::Value::from(asked).to_string())
    .fetch_all(connection)
    .await?;
    let mut seen = HashSet::new();
    rows.iter().map(|row| answer(row, &mut seen)).collect()
}

/// Marks what would be taken but came with an earlier part of this list. One in 10¹⁹ of another address is mistaken for it.
async fn repeated(
    connection: &mut SqliteConnection,
    import: i64,
    new: &[NewSubscription],
    answers: &mut [Added],
) -> sqlx::Result<()> {
    let hashes: Vec<i64> = new.iter().map(short_hash).collect();
    let taken = std::iter::zip(&hashes, &*answers).filter(|(_, answer)| **answer == Added::Confirmed);
    let taken: Vec<i64> = taken.map(|(hash, _)| *hash).collect();
    let came: Vec<i64> =
        sqlx::query_scalar("SELECT hash FROM came WHERE import = ? AND hash IN (SELECT value FROM json_each(?))")
            .bind(import)
            .bind(json!(taken).to_string())
            .fetch_all(&mut *connection)
            .await?;
    let came: HashSet<i64> = came.into_iter().collect();
    for (hash, answer) in std::iter::zip(hashes, answers) {
        if *answer == Added::Confirmed && came.contains(&hash) {
            *answer = Added::Repeated;
        }
    }
    sqlx::query("INSERT INTO came (import, hash) SELECT ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING")
        .bind(import)
        .bind(json!(taken).to_string())
        .execute(connection)
        .await?;
    Ok(())
}

fn short_hash(new: &NewSubscription) -> i64 {
    let mut hasher = DefaultHasher::new();
    (new.address.key(), &new.newsletter).hash(&mut hasher);
    hasher.finish().cast_signed()
}

fn answer(row: &SqliteRow, seen: &mut HashSet<(String, String)>) -> sqlx::Result<Added> {
    let repeated = !seen.insert((row.try_get("key")?, row.try_get("newsletter")?));
    if repeated {
        return Ok(Added::Repeated);
    }
    if row.try_get("suppressed")? {
        return Ok(Added::Suppressed);
    }
    if row.try_get::<Option<&str>, _>("status")?.is_none() {
        return Ok(Added::Confirmed);
    }
    Ok(match named(row, "status", &SubscriptionStatus::ALL, SubscriptionStatus::as_str)? {
        SubscriptionStatus::Pending => Added::Confirmed,
        SubscriptionStatus::Confirmed => Added::AlreadyConfirmed,
        SubscriptionStatus::Unsubscribed => Added::Unsubscribed,
    })
}
