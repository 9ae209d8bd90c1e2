//! Who an issue is for: readers by what they get, and a delivery for each when it is frozen.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::rows::{SUPPRESSED, topics, topics_text};
use crate::model::issue::{Audience, NewIssue};

/// Readers by what they get.
pub(super) async fn audiences<'e>(
    executor: impl sqlx::SqliteExecutor<'e>,
    newsletter: &str,
) -> sqlx::Result<BTreeMap<Audience, u64>> {
    let rows = sqlx::query(
        "SELECT subscription.lang, subscription.topics, count(*) AS count
         FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
         WHERE subscription.newsletter = ? AND subscription.status = 'confirmed'
           AND subscriber.hash NOT IN (SELECT hash FROM suppression)
         GROUP BY subscription.lang, subscription.topics",
    )
    .bind(newsletter)
    .fetch_all(executor)
    .await?;
    let audience =
        |row: &SqliteRow| Ok((Audience { lang: row.try_get("lang")?, topics: topics(row)? }, row.try_get("count")?));
    rows.iter().map(audience).collect()
}

/// A delivery for each confirmed reader whose audience gets a variant. `None` where a reader is of an audience that nothing
/// was decided for.
pub(super) async fn enqueue(
    connection: &mut SqliteConnection,
    issue: i64,
    new: &NewIssue,
) -> sqlx::Result<Option<u64>> {
    let now = audiences(&mut *connection, &new.newsletter).await?;
    if now.keys().any(|audience| new.audiences.iter().all(|(known, _)| known != audience)) {
        return Ok(None);
    }
    let mut recipients = 0;
    for (audience, variant) in &new.audiences {
        let Some(variant) = variant else { continue };
        recipients += enqueue_audience(connection, issue, new, audience, variant).await?;
    }
    Ok(Some(recipients))
}

async fn enqueue_audience(
    connection: &mut SqliteConnection,
    issue: i64,
    new: &NewIssue,
    audience: &Audience,
    variant: &str,
) -> sqlx::Result<u64> {
    let enqueued = sqlx::query(
        "INSERT INTO delivery (issue, subscription, variant, state, reason, changed_at, domain)
         SELECT ?1, subscription.id, ?2, iif(suppression.hash IS NULL, 'waiting', 'suppressed'),
            iif(suppression.hash IS NULL, NULL, ?3), ?4,
            iif(suppression.hash IS NULL, substr(subscriber.key, instr(subscriber.key, '@') + 1), NULL)
         FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
         LEFT JOIN suppression ON suppression.hash = subscriber.hash
         WHERE subscription.newsletter = ?5 AND subscription.status = 'confirmed'
           AND subscription.lang = ?6 AND subscription.topics = ?7
         ORDER BY subscription.id",
    )
    .bind(issue)
    .bind(variant)
    .bind(SUPPRESSED)
    .bind(new.frozen_at.timestamp_millis())
    .bind(&new.newsletter)
    .bind(&audience.lang)
    .bind(topics_text(&audience.topics))
    .execute(connection)
    .await?;
    Ok(enqueued.rows_affected())
}
