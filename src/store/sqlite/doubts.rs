//! Mails whose answer never came, as the operator sees and settles them.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::rows::{address, instant};
use crate::model::delivery::{Doubt, Resolution};

/// Why a mail is in doubt that was being sent when the process ended.
pub(super) const UNHEARD: &str = "the process ended before the answer came";

/// With `ended`, whoever was sending is gone, and what it had handed over is in doubt though nobody has recorded it yet.
pub(super) async fn list(readers: &SqlitePool, newsletter: Option<&str>, ended: bool) -> sqlx::Result<Vec<Doubt>> {
    let rows = sqlx::query(
        "SELECT delivery.*, issue.newsletter, issue.number, subscriber.address,
            delivery.doubts + (delivery.state = 'sending') = 1 AND issue.on_doubt = 'resend' AS resent_by_itself
         FROM delivery JOIN issue ON issue.id = delivery.issue
         JOIN subscription ON subscription.id = delivery.subscription
         JOIN subscriber ON subscriber.id = subscription.subscriber
         WHERE (delivery.state = 'doubt' OR ?2 AND delivery.state = 'sending') AND (?1 IS NULL OR issue.newsletter = ?1) ORDER BY delivery.id",
    )
    .bind(newsletter)
    .bind(ended)
    .fetch_all(readers)
    .await?;
    rows.iter().map(doubt).collect()
}

fn doubt(row: &SqliteRow) -> sqlx::Result<Doubt> {
    Ok(Doubt {
        delivery: row.try_get("id")?,
        newsletter: row.try_get("newsletter")?,
        number: row.try_get("number")?,
        address: address(row)?,
        since: instant(row, "changed_at")?,
        reason: row.try_get::<Option<String>, _>("reason")?.unwrap_or_else(|| UNHEARD.to_owned()),
        resent_by_itself: row.try_get("resent_by_itself")?,
    })
}

/// One that is claimed is being sent again: its answer settles it.
pub(super) async fn resolve(
    writer: &SqlitePool,
    delivery: i64,
    resolution: Resolution,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let (state, reason) = match resolution {
        Resolution::Sent => ("sent", None),
        Resolution::Again => ("waiting", Some("the operator has it sent once more")),
    };
    let resolved = sqlx::query(
        "UPDATE delivery SET state = ?, reason = ?, changed_at = ?, next_attempt = NULL, epoch = epoch + 1,
            deaths = 0
         WHERE id = ? AND state = 'doubt' AND lease_until IS NULL",
    )
    .bind(state)
    .bind(reason)
    .bind(now.timestamp_millis())
    .bind(delivery)
    .execute(writer)
    .await?;
    Ok(resolved.rows_affected() > 0)
}
