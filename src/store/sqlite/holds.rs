//! Issues that are kept from going out, and those that are on the web.

use std::collections::BTreeSet;

use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::issues::masthead;
use super::rows::{instant, slot};
use crate::model::issue::{Hold, IssuePage};
use crate::store::Listed;

/// What the reason begins with where the operator held what nobody has approved: released, it waits for that again.
const NOT_APPROVED: &str = "not approved yet";

pub(super) async fn hold(writer: &SqlitePool, issue: i64, hold: Hold, reason: Option<&str>) -> sqlx::Result<bool> {
    let updated = sqlx::query(
        "UPDATE issue SET hold = ?1,
                hold_reason = iif(hold = 'approval', ?4 || iif(?2 IS NULL, '', ': ' || ?2), ?2)
             WHERE id = ?3 AND state = 'frozen' AND (hold IS NULL OR (hold = 'approval' AND ?1 = 'operator'))",
    )
    .bind(hold.as_str())
    .bind(reason)
    .bind(issue)
    .bind(NOT_APPROVED)
    .execute(writer)
    .await?;
    Ok(updated.rows_affected() > 0)
}

pub(super) async fn release(writer: &SqlitePool, issue: i64, hold: Hold) -> sqlx::Result<bool> {
    let released = sqlx::query(
        "UPDATE issue SET hold = iif(hold = 'operator' AND hold_reason LIKE ?3 || '%', 'approval', NULL), hold_reason = NULL
         WHERE id = ?1 AND hold = ?2",
    )
    .bind(issue)
    .bind(hold.as_str())
    .bind(NOT_APPROVED)
    .execute(writer)
    .await?;
    Ok(released.rows_affected() > 0)
}

pub(super) async fn pages(readers: &SqlitePool, known: &BTreeSet<i64>) -> sqlx::Result<Vec<Listed>> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM issue WHERE state = 'frozen' AND page <> '' AND hold IS NOT 'approval'
            AND NOT (hold IS 'operator' AND coalesce(hold_reason, '') LIKE ? || '%')
         ORDER BY decided_at, id",
    )
    .bind(NOT_APPROVED)
    .fetch_all(readers)
    .await?;
    let mut listed = Vec::with_capacity(ids.len());
    for id in ids {
        if known.contains(&id) {
            listed.push(Listed::Known(id));
            continue;
        }
        let row = sqlx::query(
            "SELECT issue.*, variant.lang, variant.subject FROM issue JOIN variant ON variant.issue = issue.id
             WHERE issue.id = ? ORDER BY variant.position LIMIT 1",
        )
        .bind(id)
        .fetch_one(readers)
        .await?;
        listed.push(Listed::Read(page(&row)?));
    }
    Ok(listed)
}

fn page(row: &SqliteRow) -> sqlx::Result<IssuePage> {
    Ok(IssuePage {
        issue: row.try_get("id")?,
        newsletter: row.try_get("newsletter")?,
        number: row.try_get("number")?,
        slot: slot(row, "slot")?,
        frozen_at: instant(row, "decided_at")?,
        lang: row.try_get("lang")?,
        subject: row.try_get("subject")?,
        host: masthead(row)?.map(|masthead| masthead.host),
        body: row.try_get("page")?,
    })
}
