//! What it takes to erase people, and the time after which they are.
//!
//! A delivery outlives its reader, so that every recipient of an issue still has one state. What it stands on then is an empty
//! place: a subscription that has ended, of a subscriber without address or name.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::SqlitePool;
use sqlx::{Row as _, SqliteConnection};

use super::{begin, imports, outbox};
use crate::model::status::reason_code;
use crate::model::subscriber::{Erased, KEPT, Retained};

/// Between two looks no clock moves on like this.
const LEAP: TimeDelta = TimeDelta::days(400);

/// Subscriptions the retention job erases in one transaction.
const BATCH: i64 = 500;

/// All subscriptions of a subscriber, and the subscriber.
pub(super) async fn subscriber_gone(
    connection: &mut SqliteConnection,
    subscriber: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Erased> {
    let subscriptions: Vec<i64> = sqlx::query_scalar("SELECT id FROM subscription WHERE subscriber = ?")
        .bind(subscriber)
        .fetch_all(&mut *connection)
        .await?;
    let mut deliveries = 0;
    for subscription in &subscriptions {
        deliveries += subscription_gone(connection, *subscription, now).await?;
    }
    sqlx::query("DELETE FROM subscriber WHERE id = ?").bind(subscriber).execute(connection).await?;
    Ok(Erased { subscriptions: subscriptions.len() as u64, deliveries, ..Erased::default() })
}

/// One subscription with the receipts of its consent; how many deliveries are left of it.
async fn subscription_gone(
    connection: &mut SqliteConnection,
    subscription: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    outbox::suppress(connection, subscription, outbox::ERASED, now).await?;
    let deliveries = without_words(connection, subscription).await?;
    sqlx::query("DELETE FROM consent WHERE subscription = ?").bind(subscription).execute(&mut *connection).await?;
    if deliveries == 0 {
        sqlx::query("DELETE FROM subscription WHERE id = ?").bind(subscription).execute(connection).await?;
    } else {
        empty_place(connection, subscription, now).await?;
    }
    Ok(deliveries)
}

/// A relay's words may name a person; their code does not.
async fn without_words(connection: &mut SqliteConnection, subscription: i64) -> sqlx::Result<u64> {
    let rows = sqlx::query("SELECT id, state, reason FROM delivery WHERE subscription = ?")
        .bind(subscription)
        .fetch_all(&mut *connection)
        .await?;
    // a domain may be one person's
    for forget in [
        "UPDATE delivery SET domain = NULL WHERE subscription = ?",
        "UPDATE bounce SET domain = NULL WHERE subscription = ?",
    ] {
        sqlx::query(forget).bind(subscription).execute(&mut *connection).await?;
    }
    for row in &rows {
        let Some(reason) = row.try_get::<Option<&str>, _>("reason")? else { continue };
        if row.try_get::<&str, _>("state")? != "suppressed" {
            sqlx::query("UPDATE delivery SET reason = ? WHERE id = ?")
                .bind(reason_code(reason))
                .bind(row.try_get::<i64, _>("id")?)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(rows.len() as u64)
}

/// The address of an empty place is under `.invalid` (RFC 2606 §2): nothing could be sent there, and nothing is.
async fn empty_place(connection: &mut SqliteConnection, subscription: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    let subscriber: i64 = sqlx::query_scalar(
        "INSERT INTO subscriber (key, address, hash, erased)
         VALUES ('erased:' || ?1, 'erased-' || ?1 || '@erased.invalid', 'erased:' || ?1, ?2) RETURNING id",
    )
    .bind(subscription)
    .bind(now.timestamp_millis())
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE subscription SET subscriber = ?2, status = 'unsubscribed', lang = 'und', topics = '[]',
            unsubscribed = coalesce(unsubscribed, ?3)
         WHERE id = ?1",
    )
    .bind(subscription)
    .bind(subscriber)
    .bind(now.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(())
}

const LEFT: &str = "SELECT subscription.id FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
    WHERE subscription.status = 'unsubscribed' AND subscription.unsubscribed < ?1 AND subscriber.erased IS NULL
    ORDER BY subscription.id LIMIT ?2";

const SILENT: &str = "SELECT id FROM subscription
    WHERE status = 'confirmed' AND max(created, coalesce(confirmed, created)) < ?1 AND NOT EXISTS (
        SELECT 1 FROM delivery WHERE subscription = subscription.id AND state = 'sent' AND changed_at >= ?1)
    ORDER BY id LIMIT ?2";

/// Erases what was kept for long enough.
pub(super) async fn retain(writer: &SqlitePool, now: DateTime<Utc>) -> sqlx::Result<Retained> {
    let mut transaction = begin(writer).await?;
    imports::forget_abandoned(&mut transaction, now).await?;
    let before: Option<i64> =
        sqlx::query_scalar("SELECT looked FROM retention").fetch_optional(&mut *transaction).await?;
    sqlx::query("INSERT OR REPLACE INTO retention (id, looked) VALUES (1, ?)")
        .bind(now.timestamp_millis())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    // a clock that is years ahead would erase everybody: it is believed the second time
    if before.is_some_and(|before| (now.timestamp_millis() - before).abs() > LEAP.num_milliseconds()) {
        return Ok(Retained::default());
    }
    let before = now - KEPT;
    Ok(Retained {
        left: all_of(writer, LEFT, before, now).await?,
        silent: all_of(writer, SILENT, before, now).await?,
        ..Retained::default()
    })
}

async fn all_of(
    writer: &SqlitePool,
    which: &'static str,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let mut erased = 0;
    loop {
        let mut transaction = begin(writer).await?;
        let found: Vec<i64> =
            sqlx::query_scalar(which).bind(before.timestamp_millis()).bind(BATCH).fetch_all(&mut *transaction).await?;
        for subscription in &found {
            let subscriber: i64 = sqlx::query_scalar("SELECT subscriber FROM subscription WHERE id = ?")
                .bind(subscription)
                .fetch_one(&mut *transaction)
                .await?;
            subscription_gone(&mut transaction, *subscription, now).await?;
            sqlx::query(
                "DELETE FROM subscriber
                 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM subscription WHERE subscriber = ?1)
                    AND NOT EXISTS (SELECT 1 FROM signup WHERE subscriber = ?1 AND confirmed IS NULL)",
            )
            .bind(subscriber)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        if found.is_empty() {
            return Ok(erased);
        }
        erased += found.len() as u64;
    }
}
