//! The signing keys: the newest signs, each goes on opening what it signed.

use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::rows::{address, decode};
use super::subscribers::suppression_hash;
use super::{begin, limits, turns};
use crate::model::token::SigningKey;

/// Rows whose hash is made anew at once.
const BATCH: i64 = 5_000;

pub(super) async fn keep(writer: &SqlitePool, fresh: &SigningKey) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO signing_key (kid, bytes, since_issue) VALUES (1, ?, 0) ON CONFLICT DO NOTHING")
        .bind(fresh.bytes().as_slice())
        .execute(writer)
        .await?;
    Ok(())
}

/// The present key with those before it; `None` where there is none yet.
pub(super) async fn all(pool: &SqlitePool) -> sqlx::Result<Option<SigningKey>> {
    let rows = sqlx::query("SELECT * FROM signing_key ORDER BY kid").fetch_all(pool).await?;
    let keys: Vec<SigningKey> = rows.iter().map(key).collect::<sqlx::Result<_>>()?;
    Ok(keys.into_iter().reduce(SigningKey::followed_by))
}

fn key(row: &SqliteRow) -> sqlx::Result<SigningKey> {
    let bytes: Vec<u8> = row.try_get("bytes")?;
    let bytes = bytes.try_into().map_err(|_| decode("bytes", "not 32 bytes"))?;
    Ok(SigningKey::numbered(row.try_get("kid")?, bytes, row.try_get("since_issue")?))
}

/// Hashes are made anew wherever the address is known, so that a suppression stands under the hash its subscriber has.
pub(super) async fn rotate(writer: &SqlitePool, fresh: &SigningKey) -> sqlx::Result<()> {
    let former = all(writer).await?;
    let mut transaction = begin(writer).await?;
    if let Some(former) = &former {
        forget_limits(&mut transaction, former).await?;
    }
    sqlx::query(
        "INSERT INTO signing_key (kid, bytes, since_issue)
         SELECT coalesce(max(kid), 0) + 1, ?, (SELECT coalesce(max(id), 0) FROM issue) FROM signing_key",
    )
    .bind(fresh.bytes().as_slice())
    .execute(&mut *transaction)
    .await?;
    // what is on its way in carries hashes of the former key
    turns::carry_out_within(&mut transaction).await?;
    rehash_subscribers(&mut transaction, fresh).await?;
    sqlx::query("DELETE FROM arrival").execute(&mut *transaction).await?;
    sqlx::query("UPDATE import SET finished = touched, moved = touched WHERE finished IS NULL")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// Links to confirm die with their key: whoever waits for one may ask for another at once.
async fn forget_limits(connection: &mut SqliteConnection, former: &SigningKey) -> sqlx::Result<()> {
    let waiting = sqlx::query(
        "SELECT DISTINCT address FROM subscriber JOIN signup ON signup.subscriber = subscriber.id WHERE confirmed IS NULL",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &waiting {
        limits::forget(connection, &limits::hashes(former, &address(row)?)).await?;
    }
    Ok(())
}

async fn rehash_subscribers(connection: &mut SqliteConnection, fresh: &SigningKey) -> sqlx::Result<()> {
    let mut after = 0_i64;
    loop {
        let rows =
            sqlx::query("SELECT id, address, hash FROM subscriber WHERE id > ? AND erased IS NULL ORDER BY id LIMIT ?")
                .bind(after)
                .bind(BATCH)
                .fetch_all(&mut *connection)
                .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.try_get("id")?;
        let mut hashes = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, former): (i64, &str) = (row.try_get("id")?, row.try_get("hash")?);
            hashes.push(serde_json::json!([id, former, suppression_hash(fresh, &address(row)?)]));
        }
        let hashes = serde_json::Value::from(hashes).to_string();
        for statement in [
            "UPDATE subscriber SET hash = renewed.value ->> 2 FROM json_each(?) AS renewed
             WHERE subscriber.id = renewed.value ->> 0",
            "UPDATE suppression SET hash = renewed.value ->> 2 FROM json_each(?) AS renewed
             WHERE suppression.hash = renewed.value ->> 1",
        ] {
            sqlx::query(statement).bind(&hashes).execute(&mut *connection).await?;
        }
    }
}
