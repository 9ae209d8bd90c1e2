//! What was asked on forms and answered, and is not yet looked at.

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{address, decode, instant};
use super::subscribers::suppression_hash;
use crate::model::signup::{Choice, EXPIRES_AFTER, MOST_WISHES, Wish, Wording};
use crate::model::subscriber::Asked;
use crate::model::token::SigningKey;

/// One statement, the same whatever is known of the address.
pub(super) async fn note(writer: &SqlitePool, wish: &Wish, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let choices: Vec<(&String, &Vec<String>)> =
        wish.choices.iter().map(|choice| (&choice.newsletter, &choice.topics)).collect();
    let noted = sqlx::query(
        "INSERT INTO wish (key, address, lang, page_lang, choices, at, wording)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?8 WHERE (SELECT count(*) FROM wish) < ?7",
    )
    .bind(wish.address.key())
    .bind(wish.address.as_str())
    .bind(&wish.lang)
    .bind(&wish.page_lang)
    .bind(serde_json::json!(choices).to_string())
    .bind(now.timestamp_millis())
    .bind(MOST_WISHES)
    .bind(wish.wording.as_ref().map(|Wording(text)| text))
    .execute(writer)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// One that cannot be read (another version took other addresses) is passed over, and forgotten in its time.
pub(super) async fn after(readers: &SqlitePool, mut after: i64) -> sqlx::Result<Option<(i64, Wish)>> {
    loop {
        let rows =
            sqlx::query("SELECT * FROM wish WHERE id > ? ORDER BY id LIMIT 20").bind(after).fetch_all(readers).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        after = last.try_get("id")?;
        let readable = rows.iter().find_map(|row| Some((row.try_get("id").ok()?, wish(row).ok()?)));
        if readable.is_some() {
            return Ok(readable);
        }
    }
}

fn wish(row: &SqliteRow) -> sqlx::Result<Wish> {
    let choices: Vec<(String, Vec<String>)> =
        serde_json::from_str(row.try_get("choices")?).map_err(|error| decode("choices", error))?;
    Ok(Wish {
        address: address(row)?,
        lang: row.try_get("lang")?,
        page_lang: row.try_get("page_lang")?,
        choices: choices.into_iter().map(|(newsletter, topics)| Choice { newsletter, topics }).collect(),
        wording: row.try_get::<Option<String>, _>("wording")?.map(Wording),
    })
}

/// Those of one person.
pub(super) async fn of(connection: &mut SqliteConnection, key: &str) -> sqlx::Result<Vec<Asked>> {
    let rows = sqlx::query("SELECT * FROM wish WHERE key = ? ORDER BY id").bind(key).fetch_all(connection).await?;
    let asked = |row: &SqliteRow| {
        let Wish { address, lang, page_lang, choices, wording } = wish(row)?;
        let wording = wording.map(|Wording(text)| text);
        Ok(Asked { at: instant(row, "at")?, address, lang, page_lang, choices, wording })
    };
    rows.iter().map(asked).collect()
}

/// Takes a wish off the list, to be carried out in the same transaction; when it was asked. `None` where it is gone: erased,
/// or carried out by another.
pub(super) async fn take(connection: &mut SqliteConnection, id: i64) -> sqlx::Result<Option<DateTime<Utc>>> {
    let row = sqlx::query("DELETE FROM wish WHERE id = ? RETURNING at").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(|row| instant(row, "at")).transpose()
}

pub(super) async fn forget_expired(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    let expired = (now - EXPIRES_AFTER).timestamp_millis();
    sqlx::query("DELETE FROM wish WHERE at <= ?").bind(expired).execute(connection).await?;
    Ok(())
}

pub(super) async fn forget(connection: &mut SqliteConnection, key: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM wish WHERE key = ?").bind(key).execute(connection).await?;
    Ok(())
}

/// Those of everybody whose hash under `key` is named, and what cannot be read: nobody could say whose it is.
pub(super) async fn forget_hashed(
    connection: &mut SqliteConnection,
    key: &SigningKey,
    is_named: impl Fn(&str) -> bool,
) -> sqlx::Result<()> {
    let rows = sqlx::query("SELECT id, address FROM wish").fetch_all(&mut *connection).await?;
    for row in &rows {
        if address(row).map_or(true, |address| is_named(&suppression_hash(key, &address))) {
            take(connection, row.try_get("id")?).await?;
        }
    }
    Ok(())
}
