//! Mails that are due, whatever they carry, as whoever claims them gets them.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::rows::address;
use crate::model::delivery::{Carries, Claim};

/// Runs a query of what is due at `now` (`?1`), at most `limit` rows (`?2`), not for these domains (`?3`, a JSON array);
/// `carries` tells what a row has to say.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    sql: &'static str,
    now: i64,
    limit: usize,
    domains: &str,
    carries: fn(&SqliteRow) -> sqlx::Result<Carries>,
) -> sqlx::Result<Vec<Claim>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(sql).bind(now).bind(limit).bind(domains).fetch_all(connection).await?;
    rows.iter().map(|row| claim(row, carries(row)?)).collect()
}

fn claim(row: &SqliteRow, carries: Carries) -> sqlx::Result<Claim> {
    Ok(Claim {
        delivery: row.try_get("id")?,
        epoch: row.try_get::<i64, _>("epoch")? + 1,
        carries,
        subscriber: row.try_get("subscriber")?,
        address: address(row)?,
        name: row.try_get("name")?,
        attempts: row.try_get("attempts")?,
    })
}
