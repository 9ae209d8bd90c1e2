//! What spares the next process work.

use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::begin;
use crate::model::reminder::{About, Reminder, Reminders};

pub(super) async fn reminders(
    readers: &SqlitePool,
    about: About,
    maker: &str,
    after: &str,
    limit: u32,
) -> sqlx::Result<Vec<Reminder>> {
    let page = sqlx::query(
        "SELECT path, stamp, hash, said FROM memory JOIN memory_maker USING (about)
         WHERE about = ? AND maker = ? AND path > ? ORDER BY path LIMIT ?",
    );
    let rows = page.bind(about.as_str()).bind(maker).bind(after).bind(limit).fetch_all(readers).await?;
    rows.iter().map(reminder).collect()
}

fn reminder(row: &SqliteRow) -> sqlx::Result<Reminder> {
    let [path, stamp, hash] = ["path", "stamp", "hash"].map(|column| row.try_get(column));
    Ok(Reminder { path: path?, stamp: stamp?, hash: hash?, said: row.try_get("said")? })
}

pub(super) async fn remember(
    writer: &SqlitePool,
    about: About,
    maker: &str,
    reminders: &Reminders,
) -> sqlx::Result<()> {
    let about = about.as_str();
    let mut transaction = begin(writer).await?;
    let before = sqlx::query_scalar("SELECT maker FROM memory_maker WHERE about = ?").bind(about);
    let before: Option<String> = before.fetch_optional(&mut *transaction).await?;
    if before.as_deref() != Some(maker) {
        sqlx::query("DELETE FROM memory WHERE about = ?").bind(about).execute(&mut *transaction).await?;
        let new =
            sqlx::query("INSERT INTO memory_maker VALUES (?, ?) ON CONFLICT DO UPDATE SET maker = excluded.maker");
        new.bind(about).bind(maker).execute(&mut *transaction).await?;
    }
    for path in &reminders.gone {
        let gone = sqlx::query("DELETE FROM memory WHERE about = ? AND path = ?").bind(about).bind(path);
        gone.execute(&mut *transaction).await?;
    }
    for Reminder { path, stamp, hash, said } in &reminders.kept {
        let kept = match said {
            Some(said) => sqlx::query(
                "INSERT INTO memory (said, stamp, hash, about, path) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET stamp = excluded.stamp, hash = excluded.hash, said = excluded.said",
            )
            .bind(said),
            // another process may have remembered other bytes meanwhile, which had another stamp
            None => sqlx::query("UPDATE memory SET stamp = ? WHERE hash = ? AND about = ? AND path = ?"),
        };
        kept.bind(stamp).bind(hash).bind(about).bind(path).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
