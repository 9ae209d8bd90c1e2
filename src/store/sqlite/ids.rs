//! Ids that are never given twice, also where an older copy of the state is put back: links and mails that were sent meanwhile
//! name rows by them, and must not come to name somebody else.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

/// What tokens, return paths and Message-IDs name.
const NAMED: [&str; 6] = ["subscriber", "subscription", "signup", "letter", "issue", "delivery"];
/// Ids given in a second at most, for good: whatever was given before this second is below what is given after it.
const PER_SECOND: i64 = 4096;

/// Has the next ids begin beyond all that may have been given before `now`.
pub(super) async fn move_on(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    for table in NAMED {
        sqlx::query(
            "INSERT INTO sqlite_sequence (name, seq)
             SELECT ?1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
        )
        .bind(table)
        .execute(&mut *connection)
        .await?;
        sqlx::query("UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1 AND seq < ?2")
            .bind(table)
            .bind(now.timestamp().saturating_mul(PER_SECOND))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
