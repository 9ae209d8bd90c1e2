//! Mails that are due, whatever they carry, as whoever claims them gets them.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use super::rows::address;
use crate::model::delivery::{Carries, Claim};

/// The two tables whose mails leave by the outbox. From `state` on, their rows are alike.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Delivery,
    Letter,
}

impl Table {
    pub(super) const ALL: [Self; 2] = [Self::Delivery, Self::Letter];

    pub(super) fn of(claim: &Claim) -> Self {
        match claim.carries {
            Carries::Issue { .. } => Self::Delivery,
            Carries::Letter { .. } => Self::Letter,
        }
    }

    /// A statement about this one of the two. Nothing but our own words is in it.
    pub(super) fn says(self, statement: &'static str) -> AssertSqlSafe<String> {
        let name = match self {
            Self::Delivery => "delivery",
            Self::Letter => "letter",
        };
        AssertSqlSafe(statement.replace("{outbox}", name))
    }
}

/// After so many deaths (`in_hand`) a mail goes last, and alone.
const SUSPECT: i64 = 2;

/// Runs a query of what is due at `now` (`?1`), at most `limit` rows (`?2`), not for these domains (`?3`, a JSON array);
/// `?4` deaths make a suspect; `carries` tells what a row has to say.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    sql: &'static str,
    now: i64,
    limit: usize,
    domains: &str,
    carries: fn(&SqliteRow) -> sqlx::Result<Carries>,
) -> sqlx::Result<Vec<Claim>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query(sql).bind(now).bind(limit).bind(domains).bind(SUSPECT).fetch_all(connection).await?;
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
