//! Lists that operators bring in. Rows wait in a place of their own until the last one was read; then all of them are
//! subscribed in one transaction, so that no issue is ever frozen for half a list.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{named, topics_text};
use super::subscribers::{suppression_hash, suppression_hashes};
use super::{begin, ids};
use crate::model::subscriber::ABANDONED;
use crate::model::subscription::{Added, NewSubscription, SubscriptionStatus};
use crate::model::token::SigningKey;

pub(super) async fn start(writer: &SqlitePool, source: &str, now: DateTime<Utc>) -> sqlx::Result<i64> {
    // addresses come in no order: with the two megabytes there are else, each batch writes the pages of the index many times
    sqlx::query("PRAGMA cache_size = -65536").execute(writer).await?;
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

/// Nobody goes on with a list whose process ended.
pub(super) async fn forget_abandoned(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM arrival WHERE import IN (SELECT id FROM import WHERE touched < ?)")
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
    answers(&mut *readers.acquire().await?, key, 0, new).await
}

pub(super) async fn take(
    writer: &SqlitePool,
    key: &SigningKey,
    import: i64,
    new: &[NewSubscription],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Added>> {
    let mut transaction = begin(writer).await?;
    let answers = answers(&mut transaction, key, import, new).await?;
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
    import: i64,
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
            ) AS suppressed,
            EXISTS (
                SELECT 1 FROM arrival
                WHERE import = ?2 AND key = asked.value ->> 0 AND arrival.newsletter = asked.value ->> 1
            ) AS repeated
         FROM json_each(?1) AS asked LEFT JOIN subscriber ON subscriber.key = asked.value ->> 0
         LEFT JOIN subscription
            ON subscription.subscriber = subscriber.id AND subscription.newsletter = asked.value ->> 1
         ORDER BY asked.key",
    )
    .bind(serde_json::Value::from(asked).to_string())
    .bind(import)
    .fetch_all(connection)
    .await?;
    let mut seen = HashSet::new();
    rows.iter().map(|row| answer(row, &mut seen)).collect()
}

fn answer(row: &SqliteRow, seen: &mut HashSet<(String, String)>) -> sqlx::Result<Added> {
    let repeated = !seen.insert((row.try_get("key")?, row.try_get("newsletter")?));
    if repeated || row.try_get("repeated")? {
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

/// What happened since a row was read counts: whoever left or was suppressed meanwhile stays so.
const SUBSCRIBE: [&str; 3] = [
    "INSERT INTO subscriber (key, address, name, hash)
     SELECT key, address, name, hash FROM arrival
     WHERE import = ?1 AND hash NOT IN (SELECT hash FROM suppression) ORDER BY key
     ON CONFLICT (key) DO UPDATE SET name = coalesce(subscriber.name, excluded.name)
        WHERE subscriber.name IS NULL AND excluded.name IS NOT NULL",
    "INSERT INTO subscription (subscriber, newsletter, lang, topics, status, created, confirmed)
     SELECT subscriber.id, arrival.newsletter, arrival.lang, arrival.topics, 'confirmed', ?2, ?2
     FROM arrival JOIN subscriber ON subscriber.key = arrival.key WHERE import = ?1 ORDER BY arrival.id
     ON CONFLICT (subscriber, newsletter) DO UPDATE SET lang = excluded.lang, topics = excluded.topics,
        status = 'confirmed', confirmed = ?2
        WHERE subscription.status = 'pending'",
    "INSERT INTO consent (subscription, at, newsletter, source)
     SELECT subscription.id, ?2, subscription.newsletter, import.source
     FROM arrival JOIN import ON import.id = arrival.import JOIN subscriber ON subscriber.key = arrival.key
     JOIN subscription
        ON subscription.subscriber = subscriber.id AND subscription.newsletter = arrival.newsletter
     WHERE import = ?1 AND subscription.status = 'confirmed' AND subscription.confirmed = ?2 ORDER BY subscription.id",
];

pub(super) async fn finish(writer: &SqlitePool, import: i64, now: DateTime<Utc>) -> sqlx::Result<Option<u64>> {
    let mut transaction = begin(writer).await?;
    let is_open: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM import WHERE id = ? AND finished IS NULL)")
        .bind(import)
        .fetch_one(&mut *transaction)
        .await?;
    if !is_open {
        return Ok(None);
    }
    ids::move_on(&mut transaction, now).await?;
    let mut subscribed = 0;
    for statement in SUBSCRIBE {
        let done = sqlx::query(statement).bind(import).bind(now.timestamp_millis()).execute(&mut *transaction).await?;
        // the last one writes a receipt for each
        subscribed = done.rows_affected();
    }
    sqlx::query("UPDATE import SET finished = ?2, touched = ?2 WHERE id = ?1")
        .bind(import)
        .bind(now.timestamp_millis())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    // nobody waits for this any more
    sweep(writer, import).await?;
    Ok(Some(subscribed))
}

/// A few at a time: whoever sends need not wait for a million rows to be wiped.
async fn sweep(writer: &SqlitePool, import: i64) -> sqlx::Result<()> {
    loop {
        let swept = sqlx::query(
            "DELETE FROM arrival WHERE id IN (SELECT id FROM arrival WHERE import = ? ORDER BY id LIMIT 20000)",
        )
        .bind(import)
        .execute(writer)
        .await?;
        if swept.rows_affected() == 0 {
            return Ok(());
        }
    }
}
