//! Subscribers, their subscriptions, the receipts of their consent, and who is never to be mailed again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{address, counts, instant, named, optional_instant, topics, topics_text};
use super::{begin, ids, outbox};
use crate::model::subscription::{Added, EmailAddress, NewSubscription, Subscription, SubscriptionStatus};
use crate::model::token::SigningKey;

/// What a suppression is found by once the address itself is erased.
pub(super) fn suppression_hash(key: &SigningKey, address: &EmailAddress) -> String {
    key.keyed_hash("suppression", &[address.key().as_bytes()], 32)
}

/// Under each key, the present one first: where only the hash of an address is left, it stands under the key of its time.
pub(super) fn suppression_hashes(key: &SigningKey, address: &EmailAddress) -> Vec<String> {
    key.all().map(|key| suppression_hash(key, address)).collect()
}

pub(super) async fn add(
    writer: &SqlitePool,
    key: &SigningKey,
    new: &[NewSubscription],
    bring_back: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Added>> {
    let mut transaction = begin(writer).await?;
    ids::move_on(&mut transaction, now).await?;
    let mut answers = Vec::with_capacity(new.len());
    for new in new {
        let hash = suppression_hash(key, &new.address);
        let known = find(&mut transaction, new, &suppression_hashes(key, &new.address)).await?;
        let answer = known.answer(bring_back);
        if answer == Added::Confirmed {
            confirm(&mut transaction, new, &hash, &known, now).await?;
        }
        answers.push(answer);
    }
    transaction.commit().await?;
    Ok(answers)
}

/// What the store knows of an address and its subscription to one newsletter.
struct Known {
    suppressed: bool,
    subscriber: Option<i64>,
    status: Option<SubscriptionStatus>,
}

impl Known {
    fn answer(&self, bring_back: bool) -> Added {
        match self.status {
            _ if self.suppressed => Added::Suppressed,
            Some(SubscriptionStatus::Confirmed) => Added::AlreadyConfirmed,
            Some(SubscriptionStatus::Unsubscribed) if !bring_back => Added::Unsubscribed,
            _ => Added::Confirmed,
        }
    }
}

async fn find(connection: &mut SqliteConnection, new: &NewSubscription, hashes: &[String]) -> sqlx::Result<Known> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM suppression WHERE hash IN (SELECT value FROM json_each(?1))) AS suppressed,
            subscriber.id, subscription.status
         FROM (SELECT 1) LEFT JOIN subscriber ON subscriber.key = ?2
         LEFT JOIN subscription ON subscription.subscriber = subscriber.id AND subscription.newsletter = ?3",
    )
    .bind(serde_json::json!(hashes).to_string())
    .bind(new.address.key())
    .bind(&new.newsletter)
    .fetch_one(connection)
    .await?;
    let subscribed = row.try_get::<Option<&str>, _>("status")?.is_some();
    Ok(Known {
        suppressed: row.try_get("suppressed")?,
        subscriber: row.try_get("id")?,
        status: subscribed.then(|| status(&row)).transpose()?,
    })
}

async fn confirm(
    connection: &mut SqliteConnection,
    new: &NewSubscription,
    hash: &str,
    known: &Known,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let subscriber = match known.subscriber {
        Some(id) => name_if_nameless(connection, id, new).await?,
        None => insert_subscriber(connection, new, hash).await?,
    };
    let subscription: i64 = sqlx::query_scalar(
        "INSERT INTO subscription (subscriber, newsletter, lang, topics, status, created, confirmed)
         VALUES (?1, ?2, ?3, ?5, 'confirmed', ?4, ?4)
         ON CONFLICT (subscriber, newsletter)
         DO UPDATE SET lang = excluded.lang, topics = excluded.topics, status = 'confirmed',
            confirmed = excluded.confirmed, unsubscribed = NULL
         RETURNING id",
    )
    .bind(subscriber)
    .bind(&new.newsletter)
    .bind(&new.lang)
    .bind(now.timestamp_millis())
    .bind(topics_text(&new.topics))
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO consent (subscription, at, newsletter, source) VALUES (?, ?, ?, ?)")
        .bind(subscription)
        .bind(now.timestamp_millis())
        .bind(&new.newsletter)
        .bind(&new.consent_source)
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_subscriber(connection: &mut SqliteConnection, new: &NewSubscription, hash: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("INSERT INTO subscriber (key, address, name, hash) VALUES (?, ?, ?, ?) RETURNING id")
        .bind(new.address.key())
        .bind(new.address.as_str())
        .bind(&new.name)
        .bind(hash)
        .fetch_one(connection)
        .await
}

/// A list that knows less than we do takes nobody's name away.
async fn name_if_nameless(connection: &mut SqliteConnection, id: i64, new: &NewSubscription) -> sqlx::Result<i64> {
    if new.name.is_some() {
        sqlx::query("UPDATE subscriber SET name = ? WHERE id = ? AND name IS NULL")
            .bind(&new.name)
            .bind(id)
            .execute(connection)
            .await?;
    }
    Ok(id)
}

/// Subscriptions as the operator sees them, with the source of their latest consent.
macro_rules! listed {
    ($which:literal) => {
        concat!(
            "SELECT subscription.*, subscriber.address, subscriber.name, coalesce(
                (SELECT source FROM consent WHERE subscription = subscription.id ORDER BY id DESC LIMIT 1), ''
             ) AS consent_source
             FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber ",
            $which
        )
    };
}

pub(super) async fn page(
    readers: &SqlitePool,
    newsletter: Option<&str>,
    after: i64,
    limit: u32,
) -> sqlx::Result<Vec<Subscription>> {
    let rows = sqlx::query(listed!(
        "WHERE subscription.id > ?1 AND (?2 IS NULL OR subscription.newsletter = ?2) AND subscriber.erased IS NULL
         ORDER BY subscription.id LIMIT ?3"
    ))
    .bind(after)
    .bind(newsletter)
    .bind(limit)
    .fetch_all(readers)
    .await?;
    rows.iter().map(subscription).collect()
}

/// All that one subscriber has or had, by newsletter.
pub(super) async fn of_subscriber(readers: &SqlitePool, subscriber: i64) -> sqlx::Result<Vec<Subscription>> {
    let rows = sqlx::query(listed!("WHERE subscriber.id = ? ORDER BY subscription.newsletter"))
        .bind(subscriber)
        .fetch_all(readers)
        .await?;
    rows.iter().map(subscription).collect()
}

pub(super) async fn one(readers: &SqlitePool, id: i64) -> sqlx::Result<Option<Subscription>> {
    let row = sqlx::query(listed!("WHERE subscription.id = ?")).bind(id).fetch_optional(readers).await?;
    row.as_ref().map(subscription).transpose()
}

fn subscription(row: &SqliteRow) -> sqlx::Result<Subscription> {
    Ok(Subscription {
        id: row.try_get("id")?,
        address: address(row)?,
        name: row.try_get("name")?,
        lang: row.try_get("lang")?,
        newsletter: row.try_get("newsletter")?,
        topics: topics(row)?,
        status: status(row)?,
        consent_source: row.try_get("consent_source")?,
        created: instant(row, "created")?,
        confirmed: optional_instant(row, "confirmed")?,
        unsubscribed: optional_instant(row, "unsubscribed")?,
    })
}

pub(super) fn status(row: &SqliteRow) -> sqlx::Result<SubscriptionStatus> {
    named(row, "status", &SubscriptionStatus::ALL, SubscriptionStatus::as_str)
}

pub(super) async fn unsubscribe(writer: &SqlitePool, id: i64, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let mut transaction = begin(writer).await?;
    let found = end(&mut transaction, id, now).await?;
    transaction.commit().await?;
    Ok(found)
}

/// Ends a subscription and what waits for it in the outbox.
pub(super) async fn end(connection: &mut SqliteConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let found = sqlx::query(
        "UPDATE subscription SET status = 'unsubscribed', unsubscribed = coalesce(unsubscribed, ?2) WHERE id = ?1",
    )
    .bind(id)
    .bind(now.timestamp_millis())
    .execute(&mut *connection)
    .await?;
    outbox::suppress(connection, id, "the reader left", now).await?;
    Ok(found.rows_affected() > 0)
}

/// The same for whoever left at that time, unless they came back since.
pub(super) async fn end_if_older(connection: &mut SqliteConnection, id: i64, left: DateTime<Utc>) -> sqlx::Result<()> {
    let came_back: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM subscription WHERE id = ? AND confirmed > ?)")
            .bind(id)
            .bind(left.timestamp_millis())
            .fetch_one(&mut *connection)
            .await?;
    if !came_back {
        end(connection, id, left).await?;
    }
    Ok(())
}

pub(super) async fn count_by_status(
    readers: &SqlitePool,
    newsletter: &str,
) -> sqlx::Result<HashMap<SubscriptionStatus, u64>> {
    let rows =
        sqlx::query("SELECT status AS name, count(*) AS count FROM subscription WHERE newsletter = ? GROUP BY status")
            .bind(newsletter)
            .fetch_all(readers)
            .await?;
    counts(&rows, &SubscriptionStatus::ALL, SubscriptionStatus::as_str)
}
