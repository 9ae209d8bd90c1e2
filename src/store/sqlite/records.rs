//! Everything that is kept of one person.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{address, instant, named, optional_instant, slot, topics};
use super::subscribers::suppression_hashes;
use super::wishes;
use crate::model::delivery::DeliveryState;
use crate::model::subscriber::{Consent, DeliveryRecord, SubscriberRecord, SubscriptionRecord, Suppression};
use crate::model::subscription::{EmailAddress, SubscriptionStatus};
use crate::model::token::SigningKey;

/// In one transaction: nothing that is written meanwhile is seen by half.
pub(super) async fn one(
    readers: &SqlitePool,
    key: &SigningKey,
    wanted: &EmailAddress,
) -> sqlx::Result<Option<SubscriberRecord>> {
    let mut transaction = readers.begin().await?;
    let suppression = suppressed(&mut transaction, &suppression_hashes(key, wanted)).await?;
    let asked = wishes::of(&mut transaction, &wanted.key()).await?;
    let row = sqlx::query("SELECT id, address, name FROM subscriber WHERE key = ?")
        .bind(wanted.key())
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = row else {
        let is_known = suppression.is_some() || !asked.is_empty();
        let (address, name, subscriptions) = (wanted.clone(), None, Vec::new());
        return Ok(is_known.then_some(SubscriberRecord { address, name, subscriptions, asked, suppression }));
    };
    Ok(Some(SubscriberRecord {
        address: address(&row)?,
        name: row.try_get("name")?,
        subscriptions: subscriptions(&mut transaction, row.try_get("id")?).await?,
        asked,
        suppression,
    }))
}

async fn suppressed(connection: &mut SqliteConnection, hashes: &[String]) -> sqlx::Result<Option<Suppression>> {
    let row = sqlx::query("SELECT reason, at FROM suppression WHERE hash IN (SELECT value FROM json_each(?))")
        .bind(serde_json::json!(hashes).to_string())
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Suppression { reason: row.try_get("reason")?, at: instant(&row, "at")? })).transpose()
}

async fn subscriptions(connection: &mut SqliteConnection, subscriber: i64) -> sqlx::Result<Vec<SubscriptionRecord>> {
    let rows = sqlx::query("SELECT * FROM subscription WHERE subscriber = ? ORDER BY id")
        .bind(subscriber)
        .fetch_all(&mut *connection)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.try_get("id")?;
        found.push(SubscriptionRecord {
            id,
            newsletter: row.try_get("newsletter")?,
            lang: row.try_get("lang")?,
            topics: topics(row)?,
            status: named(row, "status", &SubscriptionStatus::ALL, SubscriptionStatus::as_str)?,
            created: instant(row, "created")?,
            confirmed: optional_instant(row, "confirmed")?,
            unsubscribed: optional_instant(row, "unsubscribed")?,
            consents: consents(connection, id).await?,
            deliveries: deliveries(connection, id).await?,
        });
    }
    Ok(found)
}

async fn consents(connection: &mut SqliteConnection, subscription: i64) -> sqlx::Result<Vec<Consent>> {
    let rows = sqlx::query(
        "SELECT consent.*, wording.text AS wording FROM consent LEFT JOIN wording ON wording.hash = consent.wording_hash
         WHERE subscription = ? ORDER BY id",
    )
    .bind(subscription)
    .fetch_all(connection)
    .await?;
    let consent = |row: &SqliteRow| {
        Ok(Consent {
            at: instant(row, "at")?,
            source: row.try_get("source")?,
            wording_hash: row.try_get("wording_hash")?,
            wording: row.try_get("wording")?,
            confirmed: optional_instant(row, "confirmed")?,
        })
    };
    rows.iter().map(consent).collect()
}

async fn deliveries(connection: &mut SqliteConnection, subscription: i64) -> sqlx::Result<Vec<DeliveryRecord>> {
    let rows = sqlx::query(
        "SELECT issue.number, issue.slot, delivery.state, delivery.changed_at, delivery.reason
         FROM delivery JOIN issue ON issue.id = delivery.issue WHERE delivery.subscription = ? ORDER BY delivery.id",
    )
    .bind(subscription)
    .fetch_all(connection)
    .await?;
    let delivery = |row: &SqliteRow| {
        Ok(DeliveryRecord {
            number: row.try_get("number")?,
            slot: slot(row, "slot")?,
            state: named(row, "state", &DeliveryState::ALL, DeliveryState::as_str)?,
            changed: instant(row, "changed_at")?,
            reason: row.try_get("reason")?,
        })
    };
    rows.iter().map(delivery).collect()
}
