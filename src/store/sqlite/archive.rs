//! The closed archives, and what hubs were told of the feeds.

use std::collections::{BTreeMap, HashMap};

use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::begin;
use super::rows::decode;
use crate::model::announcement::AnnouncementId;
use crate::model::archive::Archive;

pub(super) async fn digests(readers: &SqlitePool) -> sqlx::Result<BTreeMap<u32, String>> {
    let rows: Vec<(u32, String)> = sqlx::query_as("SELECT number, digest FROM archive").fetch_all(readers).await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn one(readers: &SqlitePool, number: u32) -> sqlx::Result<Option<Archive>> {
    let row = sqlx::query("SELECT * FROM archive WHERE number = ?").bind(number).fetch_optional(readers).await?;
    row.as_ref().map(archive).transpose()
}

fn archive(row: &SqliteRow) -> sqlx::Result<Archive> {
    Ok(Archive {
        number: row.try_get("number")?,
        members: members(row.try_get("members")?)?,
        base: row.try_get("base")?,
        atom: row.try_get::<Vec<u8>, _>("atom")?.into(),
        json: row.try_get::<Vec<u8>, _>("json")?.into(),
    })
}

fn members(text: &str) -> sqlx::Result<Vec<AnnouncementId>> {
    serde_json::from_str(text).map_err(|_| decode("members", "no list of ids"))
}

pub(super) async fn keep(writer: &SqlitePool, archives: &[Archive]) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    for archive in archives {
        let kept: Option<(String, String)> = sqlx::query_as("SELECT members, base FROM archive WHERE number = ?")
            .bind(archive.number)
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some((kept, base)) = kept
            && base == archive.base
            && members(&kept)?.len() <= archive.members.len()
        {
            continue;
        }
        let members = serde_json::to_string(&archive.members).map_err(|error| decode("members", error))?;
        sqlx::query("INSERT OR REPLACE INTO archive VALUES (?, ?, ?, ?, ?, ?)")
            .bind(archive.number)
            .bind(members)
            .bind(&archive.base)
            .bind(archive.digest())
            .bind(archive.atom.as_ref())
            .bind(archive.json.as_ref())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

pub(super) async fn told_hub(readers: &SqlitePool, hub: &str) -> sqlx::Result<HashMap<String, String>> {
    let told = sqlx::query_as("SELECT topic, etag FROM hub_told WHERE hub = ?").bind(hub);
    Ok(told.fetch_all(readers).await?.into_iter().collect())
}

pub(super) async fn record_told_hub(writer: &SqlitePool, hub: &str, topic: &str, etag: &str) -> sqlx::Result<()> {
    let told = sqlx::query("INSERT OR REPLACE INTO hub_told VALUES (?, ?, ?)").bind(hub).bind(topic).bind(etag);
    told.execute(writer).await?;
    Ok(())
}
