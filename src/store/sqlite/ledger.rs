//! The ledger, the last good bytes of each file, the last publish, and the signing key.

use std::collections::{BTreeSet, HashMap};

use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::begin;
use super::rows::{decode, instant, named};
use crate::model::announcement::AnnouncementId;
use crate::model::revision::{Ledger, LedgerEntry, Standing};
use crate::model::token::{SigningKey, sha256_hex};
use crate::store::LastPublish;

pub(super) async fn keep_key(writer: &SqlitePool, fresh: &SigningKey) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO signing_key (id, bytes) VALUES (1, ?) ON CONFLICT DO NOTHING")
        .bind(fresh.bytes().as_slice())
        .execute(writer)
        .await?;
    Ok(())
}

pub(super) async fn key(pool: &SqlitePool) -> sqlx::Result<Option<SigningKey>> {
    let kept: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM signing_key").fetch_optional(pool).await?;
    kept.map(|bytes| bytes.try_into().map(SigningKey::new).map_err(|_| decode("bytes", "not 32 bytes"))).transpose()
}

pub(super) async fn entries(readers: &SqlitePool) -> sqlx::Result<Ledger> {
    Ok(Ledger::new(entries_since(readers, i64::MIN).await?.1))
}

pub(super) async fn entries_since(readers: &SqlitePool, known: i64) -> sqlx::Result<(i64, Vec<LedgerEntry>)> {
    let rows = sqlx::query("SELECT * FROM ledger WHERE noted > ?").bind(known).fetch_all(readers).await?;
    let mut last = known;
    for row in &rows {
        last = last.max(row.try_get("noted")?);
    }
    Ok((last, rows.iter().map(entry).collect::<sqlx::Result<_>>()?))
}

fn entry(row: &SqliteRow) -> sqlx::Result<LedgerEntry> {
    Ok(LedgerEntry {
        id: AnnouncementId::pinned(row.try_get("id")?),
        path: row.try_get("path")?,
        semantic_hash: row.try_get("semantic_hash")?,
        sequence: row.try_get("sequence")?,
        first_seen: instant(row, "first_seen")?,
        modified: instant(row, "modified")?,
        standing: named(row, "standing", &Standing::ALL, Standing::as_str)?,
        shown: serde_json::from_str(row.try_get("shown")?).map_err(|error| decode("shown", error))?,
        likeness: row.try_get("likeness")?,
    })
}

pub(super) async fn take_note(writer: &SqlitePool, entries: &[LedgerEntry]) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    for entry in entries {
        sqlx::query(
            "INSERT OR REPLACE INTO ledger
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(noted), 0) + 1 FROM ledger), ?)",
        )
        .bind(entry.id.as_str())
        .bind(&entry.path)
        .bind(&entry.semantic_hash)
        .bind(entry.sequence)
        .bind(entry.first_seen.timestamp_millis())
        .bind(entry.modified.timestamp_millis())
        .bind(entry.standing.as_str())
        .bind(serde_json::to_string(&entry.shown).expect("what was shown has string keys only"))
        .bind(&entry.likeness)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

pub(super) async fn last_good(readers: &SqlitePool) -> sqlx::Result<HashMap<String, String>> {
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT path, hash FROM source").fetch_all(readers).await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn last_good_bytes(
    readers: &SqlitePool,
    paths: &BTreeSet<String>,
) -> sqlx::Result<HashMap<String, Vec<u8>>> {
    let mut found = HashMap::new();
    for path in paths {
        let bytes: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT bytes FROM source WHERE path = ?").bind(path).fetch_optional(readers).await?;
        found.extend(bytes.map(|bytes| (path.clone(), bytes)));
    }
    Ok(found)
}

pub(super) async fn keep_last_good(
    writer: &SqlitePool,
    good: &[(String, Vec<u8>)],
    gone: &[String],
) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    for path in gone {
        sqlx::query("DELETE FROM source WHERE path = ?").bind(path).execute(&mut *transaction).await?;
    }
    for (path, bytes) in good {
        sqlx::query("INSERT OR REPLACE INTO source VALUES (?, ?, ?)")
            .bind(path)
            .bind(bytes)
            .bind(sha256_hex(bytes))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

pub(super) async fn record_publish(writer: &SqlitePool, publish: &LastPublish) -> sqlx::Result<()> {
    let [announcements, documents, errors, warnings] =
        [publish.announcements, publish.documents, publish.errors, publish.warnings]
            .map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    sqlx::query("INSERT OR REPLACE INTO last_publish VALUES (1, ?, ?, ?, ?, ?)")
        .bind(publish.at.timestamp_millis())
        .bind(announcements)
        .bind(documents)
        .bind(errors)
        .bind(warnings)
        .execute(writer)
        .await?;
    Ok(())
}

pub(super) async fn last_publish(readers: &SqlitePool) -> sqlx::Result<Option<LastPublish>> {
    let row = sqlx::query("SELECT * FROM last_publish").fetch_optional(readers).await?;
    row.map(|row| {
        Ok(LastPublish {
            at: instant(&row, "at")?,
            announcements: row.try_get("announcements")?,
            documents: row.try_get("documents")?,
            errors: row.try_get("errors")?,
            warnings: row.try_get("warnings")?,
        })
    })
    .transpose()
}
