//! How a list that was read to its end is subscribed.
//!
//! ```text
//! rows ──▶ arrival ──the last one was read──▶ decided ──in turns──▶ subscribed, each with its receipt
//! ```
//!
//! Nobody is subscribed before the last row was read. From then on all of them are, as far as issues are concerned: none is
//! frozen before the last turn, and whoever freezes, takes charge, erases by a log or begins another list takes the turns
//! that a process which died left over. Between two turns others write: readers sign up and leave.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;

use super::wiping::{self, Tries};
use super::{begin, ids};

/// Addresses come in no order: with less, each turn would read and write the pages of an index many times.
pub(super) const TO_INSERT: &str = "PRAGMA cache_size = -65536";

/// Rows that are subscribed at once: whoever signs up or leaves meanwhile waits for so many, a second or two.
const TURN: usize = 20_000;

// What happened since a row was read counts: whoever left or was suppressed meanwhile stays so. `?1` are the rows of a turn,
// `?2` is when the list was decided on.
const PEOPLE: &str = "INSERT INTO subscriber (key, address, name, hash)
     SELECT key, address, name, hash FROM arrival
     WHERE id IN (SELECT value FROM json_each(?1)) AND hash NOT IN (SELECT hash FROM suppression)
     ORDER BY key
     ON CONFLICT (key) DO UPDATE SET name = coalesce(subscriber.name, excluded.name)
        WHERE subscriber.name IS NULL AND excluded.name IS NOT NULL";
const SUBSCRIPTIONS: &str =
    "INSERT INTO subscription (subscriber, newsletter, lang, topics, status, created, confirmed)
     SELECT subscriber.id, arrival.newsletter, arrival.lang, arrival.topics, 'confirmed', ?2, ?2
     FROM arrival JOIN subscriber ON subscriber.key = arrival.key
     WHERE arrival.id IN (SELECT value FROM json_each(?1)) AND subscriber.hash NOT IN (SELECT hash FROM suppression)
     ORDER BY arrival.id
     ON CONFLICT (subscriber, newsletter) DO UPDATE SET lang = excluded.lang, topics = excluded.topics,
        status = 'confirmed', confirmed = ?2
        WHERE subscription.status = 'pending'";
/// One for each that was subscribed.
const RECEIPTS: &str = "INSERT INTO consent (subscription, at, newsletter, source)
     SELECT DISTINCT subscription.id, ?2, subscription.newsletter, import.source
     FROM arrival JOIN import ON import.id = arrival.import JOIN subscriber ON subscriber.key = arrival.key
     JOIN subscription
        ON subscription.subscriber = subscriber.id AND subscription.newsletter = arrival.newsletter
     WHERE arrival.id IN (SELECT value FROM json_each(?1))
        AND subscription.status = 'confirmed' AND subscription.confirmed = ?2 ORDER BY subscription.id";
const TAKEN: &str = "DELETE FROM arrival WHERE id IN (SELECT value FROM json_each(?1))";

pub(super) async fn finish(writer: &SqlitePool, import: i64, now: DateTime<Utc>) -> sqlx::Result<Option<u64>> {
    let mut transaction = begin(writer).await?;
    ids::move_on(&mut transaction, now).await?;
    let decided = sqlx::query("UPDATE import SET finished = ?2, touched = ?2 WHERE id = ?1 AND finished IS NULL")
        .bind(import)
        .bind(now.timestamp_millis())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    if decided.rows_affected() == 0 {
        return Ok(None);
    }
    let subscribed = move_in(writer, import, now.timestamp_millis()).await?;
    // tried again once a day
    wiping::empty_log(writer, Tries::Once).await?;
    Ok(Some(subscribed))
}

/// Takes the turns that are left of lists that were decided on. Costs nothing where there is none.
pub(super) async fn carry_out(writer: &SqlitePool, now: DateTime<Utc>) -> sqlx::Result<()> {
    // not within the loop's head: there it would keep the one connection to the end of the loop
    let decided = decided(&mut *writer.acquire().await?).await?;
    for (import, decided) in decided {
        tracing::info!(import, "a list that was broken off is subscribed to its end");
        let mut transaction = begin(writer).await?;
        ids::move_on(&mut transaction, now).await?;
        transaction.commit().await?;
        move_in(writer, import, decided).await?;
    }
    Ok(())
}

/// The same at once, for those who need nobody to come between.
pub(super) async fn carry_out_within(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    for (import, decided) in decided(connection).await? {
        for turn in arrivals(connection, import).await?.chunks(TURN) {
            take_turn(connection, turn, decided).await?;
        }
        moved(connection, import).await?;
    }
    Ok(())
}

/// Lists of which not all are subscribed yet, and when it was decided that they are.
async fn decided(connection: &mut SqliteConnection) -> sqlx::Result<Vec<(i64, i64)>> {
    sqlx::query_as("SELECT id, finished FROM import WHERE finished IS NOT NULL AND moved IS NULL")
        .fetch_all(connection)
        .await
}

/// Whether an issue would be for half a list.
pub(super) async fn are_underway(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    Ok(!decided(connection).await?.is_empty())
}

async fn move_in(writer: &SqlitePool, import: i64, decided: i64) -> sqlx::Result<u64> {
    let mut subscribed = 0;
    let rows = arrivals(&mut *writer.acquire().await?, import).await?;
    for turn in rows.chunks(TURN) {
        let mut transaction = begin(writer).await?;
        subscribed += take_turn(&mut transaction, turn, decided).await?;
        transaction.commit().await?;
    }
    moved(&mut *writer.acquire().await?, import).await?;
    Ok(subscribed)
}

/// What is sorted stays in memory up to the size of the cache; with this one the most of a long list goes to the disk.
const TO_SORT: &str = "PRAGMA cache_size = -4096";

/// By address, turn by turn: neighbours among the subscribers come in together. Within a turn the list keeps its order.
async fn arrivals(connection: &mut SqliteConnection, import: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query(TO_SORT).execute(&mut *connection).await?;
    let sorted = sqlx::query_scalar("SELECT id FROM arrival WHERE import = ? ORDER BY key")
        .bind(import)
        .fetch_all(&mut *connection)
        .await;
    sqlx::query(TO_INSERT).execute(connection).await?;
    sorted
}

/// Rows that another process subscribed meanwhile are passed over.
async fn take_turn(connection: &mut SqliteConnection, rows: &[i64], decided: i64) -> sqlx::Result<u64> {
    let rows = json!(rows).to_string();
    sqlx::query(PEOPLE).bind(&rows).execute(&mut *connection).await?;
    sqlx::query(SUBSCRIPTIONS).bind(&rows).bind(decided).execute(&mut *connection).await?;
    let receipts = sqlx::query(RECEIPTS).bind(&rows).bind(decided).execute(&mut *connection).await?;
    sqlx::query(TAKEN).bind(&rows).execute(connection).await?;
    Ok(receipts.rows_affected())
}

async fn moved(connection: &mut SqliteConnection, import: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE import SET moved = finished WHERE id = ?").bind(import).execute(connection).await?;
    Ok(())
}
