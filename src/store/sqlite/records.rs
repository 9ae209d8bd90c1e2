//! Everything that is kept of one person.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{address, instant, named, optional_instant, slot, topics};
use super::subscribers::suppression_hashes;
use super::{limits, signup, wishes};
use crate::model::bounce::BounceKind;
use crate::model::delivery::DeliveryState;
use crate::model::signup::Mailed;
use crate::model::subscriber::{
    ArrivalRecord, BounceRecord, Consent, DeliveryRecord, LetterLimit, LetterRecord, SignupRecord, SubscriberRecord,
    SubscriptionRecord, Suppression,
};
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
    let mut record = SubscriberRecord {
        suppression,
        asked: wishes::of(&mut transaction, &wanted.key()).await?,
        letter_limit: limits::mailed(&mut transaction, &limits::hashes(key, wanted), None)
            .await?
            .map(|Mailed { letters, last }| LetterLimit { letters, last }),
        arrivals: arrivals(&mut transaction, wanted).await?,
        ..SubscriberRecord::of_nobody(wanted.clone())
    };
    let row = sqlx::query("SELECT id, address, name FROM subscriber WHERE key = ?")
        .bind(wanted.key())
        .fetch_optional(&mut *transaction)
        .await?;
    if let Some(row) = row {
        let id = row.try_get("id")?;
        record.address = address(&row)?;
        record.name = row.try_get("name")?;
        record.subscriptions = subscriptions(&mut transaction, id).await?;
        record.signups = signups(&mut transaction, id).await?;
        record.letters = letters(&mut transaction, id).await?;
    } else if record == SubscriberRecord::of_nobody(wanted.clone()) {
        return Ok(None);
    }
    Ok(Some(record))
}

async fn arrivals(connection: &mut SqliteConnection, wanted: &EmailAddress) -> sqlx::Result<Vec<ArrivalRecord>> {
    let rows = sqlx::query(
        "SELECT arrival.*, import.source, import.began FROM arrival JOIN import ON import.id = arrival.import
         WHERE arrival.key = ? ORDER BY arrival.id",
    )
    .bind(wanted.key())
    .fetch_all(connection)
    .await?;
    let arrival = |row: &SqliteRow| {
        Ok(ArrivalRecord {
            address: address(row)?,
            name: row.try_get("name")?,
            newsletter: row.try_get("newsletter")?,
            lang: row.try_get("lang")?,
            topics: topics(row)?,
            source: row.try_get("source")?,
            began: instant(row, "began")?,
        })
    };
    rows.iter().map(arrival).collect()
}

async fn signups(connection: &mut SqliteConnection, subscriber: i64) -> sqlx::Result<Vec<SignupRecord>> {
    let rows = sqlx::query(
        "SELECT signup.*, wording.text AS wording FROM signup JOIN wording ON wording.hash = signup.wording_hash
         WHERE subscriber = ? ORDER BY id",
    )
    .bind(subscriber)
    .fetch_all(&mut *connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(SignupRecord {
            at: instant(row, "at")?,
            lang: row.try_get("lang")?,
            choices: signup::choices(connection, row.try_get("id")?).await?,
            wording_hash: row.try_get("wording_hash")?,
            wording: row.try_get("wording")?,
            confirmed: optional_instant(row, "confirmed")?,
        });
    }
    Ok(found)
}

async fn letters(connection: &mut SqliteConnection, subscriber: i64) -> sqlx::Result<Vec<LetterRecord>> {
    let rows = sqlx::query(
        "SELECT letter.*, letter_text.subject, letter_text.lang, letter_text.text, letter_text.mark
         FROM letter JOIN letter_text ON letter_text.hash = letter.text_hash WHERE subscriber = ? ORDER BY id",
    )
    .bind(subscriber)
    .fetch_all(connection)
    .await?;
    let letter = |row: &SqliteRow| {
        let mark: &str = row.try_get("mark")?;
        Ok(LetterRecord {
            subject: row.try_get("subject")?,
            lang: row.try_get("lang")?,
            text: row.try_get::<&str, _>("text")?.replace(mark, "…"),
            asks_to_confirm: row.try_get::<Option<i64>, _>("signup")?.is_some(),
            written: instant(row, "written")?,
            state: named(row, "state", &DeliveryState::ALL, DeliveryState::as_str)?,
            attempts: row.try_get("attempts")?,
            changed: instant(row, "changed_at")?,
            next_attempt: optional_instant(row, "next_attempt")?,
            reason: row.try_get("reason")?,
        })
    };
    rows.iter().map(letter).collect()
}

async fn bounces(connection: &mut SqliteConnection, subscription: i64) -> sqlx::Result<Vec<BounceRecord>> {
    let rows = sqlx::query(
        "SELECT bounce.*, issue.number FROM bounce LEFT JOIN issue ON issue.id = bounce.issue
         WHERE subscription = ? ORDER BY bounce.at, bounce.id",
    )
    .bind(subscription)
    .fetch_all(connection)
    .await?;
    let bounce = |row: &SqliteRow| {
        Ok(BounceRecord {
            at: instant(row, "at")?,
            kind: named(row, "kind", &BounceKind::ALL, BounceKind::as_str)?,
            status: row.try_get("status")?,
            number: row.try_get("number")?,
        })
    };
    rows.iter().map(bounce).collect()
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
            bounces: bounces(connection, id).await?,
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
        "SELECT issue.number, issue.slot, issue.decided_at, variant.subject, delivery.*
         FROM delivery JOIN issue ON issue.id = delivery.issue
         JOIN variant ON variant.issue = delivery.issue AND variant.key = delivery.variant
         WHERE delivery.subscription = ? ORDER BY delivery.id",
    )
    .bind(subscription)
    .fetch_all(connection)
    .await?;
    let delivery = |row: &SqliteRow| {
        Ok(DeliveryRecord {
            number: row.try_get("number")?,
            slot: slot(row, "slot")?,
            frozen: instant(row, "decided_at")?,
            subject: row.try_get("subject")?,
            variant: row.try_get("variant")?,
            attempts: row.try_get("attempts")?,
            next_attempt: optional_instant(row, "next_attempt")?,
            state: named(row, "state", &DeliveryState::ALL, DeliveryState::as_str)?,
            changed: instant(row, "changed_at")?,
            reason: row.try_get("reason")?,
        })
    };
    rows.iter().map(delivery).collect()
}
