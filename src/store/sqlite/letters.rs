//! Letters: their texts, and what tells them from deliveries in the outbox.

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{counts, instant};
use crate::model::delivery::{Carries, Claim, DeliveryState};
use crate::model::letter::LetterText;
use crate::model::signup::EXPIRES_AFTER;
use crate::store::DeliveryCounts;

/// Puts a letter into the outbox, and its text where it is not there yet.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    subscriber: i64,
    signup: Option<i64>,
    text: &LetterText,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let hash = text.hash();
    sqlx::query(
        "INSERT INTO letter_text (hash, lang, subject, html, text, mark) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(&hash)
    .bind(&text.lang)
    .bind(&text.subject)
    .bind(&text.html)
    .bind(&text.text)
    .bind(&text.mark)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO letter (subscriber, signup, text_hash, written, state, changed_at)
         VALUES (?1, ?2, ?3, ?4, 'waiting', ?4)",
    )
    .bind(subscriber)
    .bind(signup)
    .bind(&hash)
    .bind(now.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn text(readers: &SqlitePool, hash: &str) -> sqlx::Result<Option<LetterText>> {
    let row = sqlx::query("SELECT * FROM letter_text WHERE hash = ?").bind(hash).fetch_optional(readers).await?;
    let text = |row: &SqliteRow| {
        Ok(LetterText {
            lang: row.try_get("lang")?,
            subject: row.try_get("subject")?,
            html: row.try_get("html")?,
            text: row.try_get("text")?,
            mark: row.try_get("mark")?,
        })
    };
    row.as_ref().map(text).transpose()
}

/// What waits for a suppressed address will not be sent.
pub(super) async fn suppress(
    connection: &mut SqliteConnection,
    hash: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE letter SET state = 'suppressed', reason = ?1, changed_at = ?2, lease_until = NULL, next_attempt = NULL
         WHERE subscriber IN (SELECT id FROM subscriber WHERE hash = ?3) AND state IN ('waiting', 'deferred', 'doubt')",
    )
    .bind(reason)
    .bind(now.timestamp_millis())
    .bind(hash)
    .execute(connection)
    .await?;
    Ok(())
}

macro_rules! due {
    ($which:literal) => {
        concat!(
            "SELECT letter.*, subscriber.address, subscriber.name
             FROM letter JOIN subscriber ON subscriber.id = letter.subscriber
             WHERE letter.lease_until IS NULL
               AND substr(subscriber.key, instr(subscriber.key, '@') + 1) NOT IN (SELECT value FROM json_each(?3)) AND ",
            $which,
            " ORDER BY letter.id LIMIT ?2"
        )
    };
}

pub(super) const DUE: &str = due!(
    "letter.deaths < ?4 AND letter.state IN ('waiting', 'deferred') AND (letter.state = 'waiting' OR letter.next_attempt <= ?1)"
);

/// A letter whose fate is unknown goes out once more: whoever waits for it can do nothing without it.
pub(super) const DOUBTED: &str = due!(
    "letter.deaths < ?4 AND letter.state = 'doubt' AND letter.doubts = 1 AND coalesce(letter.next_attempt, 0) <= ?1"
);

/// Those a process died of.
pub(super) const SUSPECTS: &str = due!(
    "letter.deaths >= ?4 AND (letter.state = 'waiting' OR letter.state = 'deferred' AND letter.next_attempt <= ?1
       OR letter.state = 'doubt' AND letter.doubts = 1 AND coalesce(letter.next_attempt, 0) <= ?1)"
);

pub(super) fn carries(row: &SqliteRow) -> sqlx::Result<Carries> {
    Ok(Carries::Letter {
        text: row.try_get("text_hash")?,
        signup: row.try_get("signup")?,
        written: instant(row, "written")?,
    })
}

/// Claim, lease, suppression and whether there is still something to say are looked at in the statement that commits.
pub(super) async fn begin_sending(
    connection: &mut SqliteConnection,
    claim: &Claim,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let begun = sqlx::query(
        "UPDATE letter SET state = 'sending', changed_at = ?3
         WHERE id = ?1 AND epoch = ?2 AND lease_until > ?3 AND state IN ('waiting', 'deferred', 'doubt')
           AND EXISTS (
             SELECT 1 FROM subscriber
             WHERE subscriber.id = letter.subscriber AND subscriber.hash NOT IN (SELECT hash FROM suppression))
           AND iif(signup IS NULL,
             EXISTS (
               SELECT 1 FROM subscription
               WHERE subscription.subscriber = letter.subscriber AND subscription.status = 'confirmed'),
             EXISTS (
               SELECT 1 FROM signup WHERE signup.id = letter.signup AND signup.confirmed IS NULL AND signup.at > ?4))",
    )
    .bind(claim.delivery)
    .bind(claim.epoch)
    .bind(now.timestamp_millis())
    .bind((now - EXPIRES_AFTER).timestamp_millis())
    .execute(connection)
    .await?;
    Ok(begun.rows_affected() == 1)
}

pub(super) async fn count_by_state(readers: &SqlitePool) -> sqlx::Result<DeliveryCounts> {
    let rows =
        sqlx::query("SELECT state AS name, count(*) AS count FROM letter GROUP BY state").fetch_all(readers).await?;
    counts(&rows, &DeliveryState::ALL, DeliveryState::as_str)
}
