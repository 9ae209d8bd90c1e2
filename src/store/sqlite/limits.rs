//! How many letters a mailbox got on account of forms: a keyed hash of it, no address.

use chrono::{DateTime, Utc};
use sqlx::{Row as _, SqliteConnection};

use super::rows::instant;
use crate::model::signup::{Mailed, mailbox};
use crate::model::subscription::EmailAddress;
use crate::model::token::SigningKey;

/// What the letters to a mailbox are counted by: under the present key first, then under those before it. Another key does
/// not make a mailbox forget.
pub(super) fn hashes(key: &SigningKey, address: &EmailAddress) -> Vec<String> {
    let mailbox = mailbox(address);
    key.all().map(|key| key.keyed_hash("signup-limit", &[mailbox.as_bytes()], 32)).collect()
}

/// The letters since `since`, the last instant at which the mailbox's owner is known to have acted.
pub(super) async fn mailed(
    connection: &mut SqliteConnection,
    hashes: &[String],
    since: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Mailed>> {
    let rows = sqlx::query(
        "SELECT mails, last FROM signup_limit WHERE hash IN (SELECT value FROM json_each(?)) AND last >= ?",
    )
    .bind(serde_json::json!(hashes).to_string())
    .bind(since.map_or(i64::MIN, |since| since.timestamp_millis()))
    .fetch_all(connection)
    .await?;
    let mut all: Option<Mailed> = None;
    for row in &rows {
        let (letters, last): (u32, _) = (row.try_get("mails")?, instant(row, "last")?);
        all = Some(match all {
            Some(known) => Mailed { letters: known.letters + letters, last: known.last.max(last) },
            None => Mailed { letters, last },
        });
    }
    Ok(all)
}

/// Counts a letter in place of those there were before `since`. One that asks nothing is only remembered for its day.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    hashes: &[String],
    before: Option<Mailed>,
    asks: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    forget(connection, hashes).await?;
    let Some(hash) = hashes.first() else { return Ok(()) };
    sqlx::query("INSERT INTO signup_limit (hash, mails, last) VALUES (?, ?, ?)")
        .bind(hash)
        .bind(before.map_or(0, |before| before.letters) + u32::from(asks))
        .bind(now.timestamp_millis())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn forget(connection: &mut SqliteConnection, hashes: &[String]) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM signup_limit WHERE hash IN (SELECT value FROM json_each(?))")
        .bind(serde_json::json!(hashes).to_string())
        .execute(connection)
        .await?;
    Ok(())
}
