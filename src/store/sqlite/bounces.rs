//! What came back, and the suppressions that follow from it. When enough is enough is `model::bounce`'s to say.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::rows::SUPPRESSED;
use super::{begin, letters, outbox, signup};
use crate::model::bounce::{About, BounceKind, Bounced, KEPT, NewBounce, RETURNS_WITHIN, is_broken, is_enough};

/// The beginning of the reason a suppression for a hard bounce has; what a broken domain takes back is found by it.
const HARD: &str = "hard bounce";

pub(super) async fn record(writer: &SqlitePool, bounce: &NewBounce, now: DateTime<Utc>) -> sqlx::Result<Bounced> {
    let mut transaction = begin(writer).await?;
    forget_old(&mut transaction, now).await?;
    let outcome = record_in(&mut transaction, bounce, now).await?;
    transaction.commit().await?;
    Ok(outcome)
}

async fn record_in(connection: &mut SqliteConnection, bounce: &NewBounce, now: DateTime<Utc>) -> sqlx::Result<Bounced> {
    if let About::Letter(letter) = bounce.about {
        return letter_came_back(connection, letter, bounce.kind, now).await;
    }
    let Some(subscription) = sent_lately(connection, bounce.about, now).await? else { return Ok(Bounced::TooOld) };
    if !is_new(connection, bounce, subscription, now).await? {
        return Ok(Bounced::Known);
    }
    match bounce.kind {
        BounceKind::Complaint => suppress(connection, subscription, "complaint", now).await,
        BounceKind::Hard if is_domain_broken(connection, subscription, now).await? => {
            bring_back(connection, subscription, now).await?;
            Ok(Bounced::DomainBroken)
        }
        BounceKind::Hard => {
            let code = bounce.status.map(|status| format!(": {status}")).unwrap_or_default();
            suppress(connection, subscription, &format!("{HARD}{code}"), now).await
        }
        BounceKind::Soft if is_enough(&soft(connection, subscription).await?, now) => {
            suppress(connection, subscription, "soft bounces", now).await
        }
        BounceKind::Soft | BounceKind::Policy => Ok(Bounced::Counted),
    }
}

/// The subscription, where the mail is one that may still come back.
async fn sent_lately(connection: &mut SqliteConnection, about: About, now: DateTime<Utc>) -> sqlx::Result<Option<i64>> {
    match about {
        About::Delivery { issue, subscription } => {
            sqlx::query_scalar(
                "SELECT delivery.subscription FROM delivery JOIN issue ON issue.id = delivery.issue
                 WHERE delivery.issue = ? AND delivery.subscription = ? AND delivery.attempts + delivery.epoch > 0
                   AND max(issue.decided_at, delivery.changed_at) >= ?",
            )
            .bind(issue)
            .bind(subscription)
            .bind((now - RETURNS_WITHIN).timestamp_millis())
            .fetch_optional(connection)
            .await
        }
        About::Letter(_) => Ok(None),
        About::Subscription(subscription) => {
            sqlx::query_scalar("SELECT id FROM subscription WHERE id = ?")
                .bind(subscription)
                .fetch_optional(connection)
                .await
        }
    }
}

/// Takes note of report and bounce. `false` where either was known.
async fn is_new(
    connection: &mut SqliteConnection,
    bounce: &NewBounce,
    subscription: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let report = sqlx::query("INSERT INTO bounce_report (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(&bounce.report)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    if report.rows_affected() == 0 {
        return Ok(false);
    }
    let issue = match bounce.about {
        About::Delivery { issue, .. } => Some(issue),
        About::Letter(_) | About::Subscription(_) => None,
    };
    // a complaint is not kept back by a bounce of the same day
    let counted = sqlx::query(
        "INSERT INTO bounce (subscription, issue, day, kind, status, at, domain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, (
            SELECT substr(subscriber.key, instr(subscriber.key, '@') + 1)
            FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
            WHERE subscription.id = ?1 AND ?4 = 'hard'))
         ON CONFLICT DO UPDATE SET kind = excluded.kind, status = excluded.status, domain = excluded.domain
            WHERE bounce.kind <> excluded.kind AND excluded.kind IN ('hard', 'complaint') AND bounce.kind <> 'complaint'",
    )
    .bind(subscription)
    .bind(issue)
    .bind(now.timestamp().div_euclid(86_400))
    .bind(bounce.kind.as_str())
    .bind(bounce.status.map(|status| status.to_string()))
    .bind(now.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(counted.rows_affected() > 0)
}

/// When the reader's address bounced softly, over all newsletters, once a day.
async fn soft(connection: &mut SqliteConnection, subscription: i64) -> sqlx::Result<Vec<DateTime<Utc>>> {
    let at: Vec<i64> = sqlx::query_scalar(
        "SELECT min(bounce.at) FROM bounce JOIN subscription ON subscription.id = bounce.subscription
         WHERE bounce.kind = 'soft'
           AND subscription.subscriber = (SELECT subscriber FROM subscription WHERE id = ?)
         GROUP BY bounce.day",
    )
    .bind(subscription)
    .fetch_all(connection)
    .await?;
    Ok(at.into_iter().filter_map(DateTime::from_timestamp_millis).collect())
}

/// Costs as much as there were hard bounces there, however many readers a domain has.
async fn is_domain_broken(
    connection: &mut SqliteConnection,
    subscription: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let since = (now - TimeDelta::days(1)).timestamp_millis();
    let bounced: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT subscription) FROM bounce WHERE kind = 'hard' AND at > ?2
           AND domain = (SELECT domain FROM bounce WHERE subscription = ?1 AND kind = 'hard' AND at > ?2 LIMIT 1)",
    )
    .bind(subscription)
    .bind(since)
    .fetch_one(&mut *connection)
    .await?;
    let bounced = bounced.unsigned_abs();
    if !is_broken(0, bounced) {
        return Ok(false);
    }
    // as many as decide it
    let readers: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (
            SELECT 1 FROM subscriber JOIN subscription ON subscription.subscriber = subscriber.id
            WHERE subscriber.erased IS NULL AND subscription.status = 'confirmed'
              AND substr(subscriber.key, instr(subscriber.key, '@')) = (
                SELECT substr(key, instr(key, '@')) FROM subscriber
                WHERE id = (SELECT subscriber FROM subscription WHERE id = ?1))
            LIMIT ?2)",
    )
    .bind(subscription)
    .bind(i64::try_from(bounced * 2).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await?;
    Ok(is_broken(readers.unsigned_abs(), bounced))
}

/// Who was suppressed before it showed that the whole domain is broken.
async fn bring_back(connection: &mut SqliteConnection, subscription: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM suppression WHERE at > ?2 AND substr(reason, 1, length(?3)) = ?3 AND hash IN (
            SELECT subscriber.hash FROM bounce JOIN subscription ON subscription.id = bounce.subscription
            JOIN subscriber ON subscriber.id = subscription.subscriber
            WHERE bounce.kind = 'hard' AND bounce.at > ?2
              AND bounce.domain = (SELECT domain FROM bounce WHERE subscription = ?1 AND kind = 'hard' AND at > ?2 LIMIT 1))",
    )
    .bind(subscription)
    .bind((now - TimeDelta::days(1)).timestamp_millis())
    .bind(HARD)
    .execute(connection)
    .await?;
    Ok(())
}

async fn suppress(
    connection: &mut SqliteConnection,
    subscription: i64,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Bounced> {
    let subscriber: i64 = sqlx::query_scalar("SELECT subscriber FROM subscription WHERE id = ?")
        .bind(subscription)
        .fetch_one(&mut *connection)
        .await?;
    suppress_subscriber(connection, subscriber, reason, now).await
}

async fn suppress_subscriber(
    connection: &mut SqliteConnection,
    subscriber: i64,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Bounced> {
    let hash: String = sqlx::query_scalar("SELECT hash FROM subscriber WHERE id = ?")
        .bind(subscriber)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO suppression (hash, reason, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(&hash)
        .bind(reason)
        .bind(now.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    let subscriptions: Vec<i64> = sqlx::query_scalar("SELECT id FROM subscription WHERE subscriber = ?")
        .bind(subscriber)
        .fetch_all(&mut *connection)
        .await?;
    for subscription in subscriptions {
        outbox::suppress(connection, subscription, SUPPRESSED, now).await?;
    }
    letters::suppress(connection, &hash, SUPPRESSED, now).await?;
    Ok(Bounced::Suppressed)
}

/// Somebody entered an address that is not there, or not theirs: neither counts against whoever has it.
async fn letter_came_back(
    connection: &mut SqliteConnection,
    letter: i64,
    kind: BounceKind,
    now: DateTime<Utc>,
) -> sqlx::Result<Bounced> {
    let row: Option<(i64, Option<i64>)> =
        sqlx::query_as("SELECT subscriber, signup FROM letter WHERE id = ? AND written >= ?")
            .bind(letter)
            .bind((now - RETURNS_WITHIN).timestamp_millis())
            .fetch_optional(&mut *connection)
            .await?;
    let Some((subscriber, signup)) = row else { return Ok(Bounced::TooOld) };
    if kind == BounceKind::Complaint {
        return suppress_subscriber(connection, subscriber, "complaint", now).await;
    }
    if kind == BounceKind::Policy {
        return Ok(Bounced::Counted);
    }
    let forgotten = sqlx::query("DELETE FROM signup WHERE id = ? AND confirmed IS NULL")
        .bind(signup)
        .execute(&mut *connection)
        .await?;
    if forgotten.rows_affected() == 0 {
        return Ok(Bounced::Counted);
    }
    signup::forget_if_unknown(connection, subscriber).await?;
    Ok(Bounced::Forgotten)
}

async fn forget_old(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    for (sql, kept) in
        [("DELETE FROM bounce WHERE at < ?", KEPT), ("DELETE FROM bounce_report WHERE at < ?", RETURNS_WITHIN * 2)]
    {
        sqlx::query(sql).bind((now - kept).timestamp_millis()).execute(&mut *connection).await?;
    }
    Ok(())
}
