//! What charts are drawn from: counts by quarters of an hour. They only read, and leave the zone to whoever draws.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::rows::{instant, named};
use crate::model::delivery::DeliveryState;
use crate::model::status::{DeliveryQuarter, QUARTER, ReaderQuarter, Reason, reason_code};

pub(super) async fn deliveries_since(readers: &SqlitePool, since: DateTime<Utc>) -> sqlx::Result<Vec<DeliveryQuarter>> {
    let rows = sqlx::query(
        "SELECT changed_at - changed_at % ?2 AS quarter, state, count(*) AS count FROM delivery
         WHERE changed_at >= ?1 - ?1 % ?2 GROUP BY quarter, state ORDER BY quarter, state",
    )
    .bind(since.timestamp_millis())
    .bind(QUARTER)
    .fetch_all(readers)
    .await?;
    let quarter = |row: &SqliteRow| {
        Ok(DeliveryQuarter {
            from: instant(row, "quarter")?,
            state: named(row, "state", &DeliveryState::ALL, DeliveryState::as_str)?,
            count: row.try_get("count")?,
        })
    };
    rows.iter().map(quarter).collect()
}

/// By their beginnings, where the codes stand: what follows holds a number of the relay's own, so there may be as many
/// reasons as deliveries.
pub(super) async fn refusals_since(readers: &SqlitePool, since: DateTime<Utc>) -> sqlx::Result<BTreeMap<String, u64>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT substr(coalesce(reason, ''), 1, 40) AS beginning, count(*) FROM delivery
         WHERE state = 'refused' AND changed_at >= ? GROUP BY beginning",
    )
    .bind(since.timestamp_millis())
    .fetch_all(readers)
    .await?;
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    for (beginning, count) in rows {
        *refused.entry(reason_code(&beginning).to_owned()).or_default() += u64::try_from(count).unwrap_or(0);
    }
    Ok(refused)
}

/// So many are told.
const REASONS: i64 = 5;

pub(super) async fn reasons(
    readers: &SqlitePool,
    issue: Option<i64>,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<Reason>> {
    let rows = sqlx::query(
        "SELECT state AS name, reason, count(*) AS count FROM delivery
         WHERE state IN ('deferred', 'refused') AND reason IS NOT NULL AND changed_at >= ?1 AND (?2 IS NULL OR issue = ?2)
         GROUP BY state, reason ORDER BY count(*) DESC, reason LIMIT ?3",
    )
    .bind(since.timestamp_millis())
    .bind(issue)
    .bind(REASONS)
    .fetch_all(readers)
    .await?;
    let reason = |row: &SqliteRow| {
        Ok(Reason {
            state: named(row, "name", &DeliveryState::ALL, DeliveryState::as_str)?,
            said: row.try_get("reason")?,
            count: u64::try_from(row.try_get::<i64, _>("count")?).unwrap_or(0),
        })
    };
    rows.iter().map(reason).collect()
}

pub(super) async fn readers_since(
    readers: &SqlitePool,
    newsletter: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<ReaderQuarter>> {
    let rows = sqlx::query(
        "SELECT max(at, ?2) - max(at, ?2) % ?3 AS quarter, sum(change) AS change FROM (
            SELECT confirmed AS at, 1 AS change FROM subscription
            WHERE newsletter = ?1 AND confirmed IS NOT NULL AND status <> 'pending'
            UNION ALL
            SELECT unsubscribed, -1 FROM subscription
            WHERE newsletter = ?1 AND confirmed IS NOT NULL AND status = 'unsubscribed')
         GROUP BY quarter ORDER BY quarter",
    )
    .bind(newsletter)
    .bind(since.timestamp_millis())
    .bind(QUARTER)
    .fetch_all(readers)
    .await?;
    rows.iter()
        .map(|row| Ok(ReaderQuarter { from: instant(row, "quarter")?, change: row.try_get("change")? }))
        .collect()
}
