//! Signing up on the web, confirming, and changing what one gets.

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{instant, optional_instant, topics, topics_text};
use super::subscribers::{end, suppression_hash, suppression_hashes};
use super::suppression::is_suppressed;
use super::{begin, letters, limits, wishes};
use crate::model::signup::{
    Asks, Choice, Confirmation, EXPIRES_AFTER, Known, Mailed, NewSignup, SignedUp, Signup, Wording,
};
use crate::model::subscription::EmailAddress;
use crate::model::token::SigningKey;

/// Where the receipts of the web come from.
const SOURCE: &str = "web";

pub(super) async fn sign_up(
    writer: &SqlitePool,
    key: &SigningKey,
    new: &NewSignup,
    now: DateTime<Utc>,
) -> sqlx::Result<SignedUp> {
    let (hash, limit) = (suppression_hash(key, &new.address), limits::hashes(key, &new.address));
    let mut transaction = begin(writer).await?;
    let at = match new.wish {
        Some(wish) => wishes::take(&mut transaction, wish).await?,
        None => Some(now),
    };
    let Some(at) = at else { return Ok(SignedUp::Gone) };
    if is_suppressed(&mut transaction, &suppression_hashes(key, &new.address)).await? {
        transaction.commit().await?;
        return Ok(SignedUp::Suppressed);
    }
    if known_of(&mut transaction, &new.address).await? != new.known {
        return Ok(SignedUp::Outdated);
    }
    let asks = new.known.asks(&new.choices);
    let known = find(&mut transaction, &new.address).await?;
    let since = acted(&mut transaction, known).await?;
    let mailed = limits::mailed(&mut transaction, &limit, since).await?;
    let may = |mailed: Mailed| if asks.is_nothing() { mailed.had_its_day(now) } else { mailed.may_have_another(now) };
    if !mailed.is_none_or(may) {
        transaction.commit().await?;
        return Ok(SignedUp::Limited);
    }
    let subscriber = match known {
        Some(subscriber) => subscriber,
        None => insert_subscriber(&mut transaction, &new.address, &hash).await?,
    };
    let answer = if asks.is_nothing() {
        letters::write(&mut transaction, subscriber, None, &new.letter, now).await?;
        SignedUp::Reminded
    } else {
        let signup = insert(&mut transaction, subscriber, new, &asks, at).await?;
        letters::write(&mut transaction, subscriber, Some(signup), &new.letter, now).await?;
        SignedUp::Asked
    };
    limits::count(&mut transaction, &limit, mailed, answer == SignedUp::Asked, now).await?;
    transaction.commit().await?;
    Ok(answer)
}

/// When a subscriber last acted by a link of their own, or the operator for them: what strangers caused before is forgotten.
async fn acted(connection: &mut SqliteConnection, subscriber: Option<i64>) -> sqlx::Result<Option<DateTime<Utc>>> {
    let row = sqlx::query(
        "SELECT max(max(coalesce(confirmed, 0), coalesce(unsubscribed, 0))) AS acted FROM subscription WHERE subscriber = ?",
    )
    .bind(subscriber)
    .fetch_one(connection)
    .await?;
    optional_instant(&row, "acted")
}

async fn find(connection: &mut SqliteConnection, address: &EmailAddress) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("SELECT id FROM subscriber WHERE key = ?").bind(address.key()).fetch_optional(connection).await
}

async fn insert_subscriber(connection: &mut SqliteConnection, address: &EmailAddress, hash: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("INSERT INTO subscriber (key, address, hash) VALUES (?, ?, ?) RETURNING id")
        .bind(address.key())
        .bind(address.as_str())
        .bind(hash)
        .fetch_one(connection)
        .await
}

pub(super) async fn known(readers: &SqlitePool, address: &EmailAddress) -> sqlx::Result<Known> {
    known_of(&mut *readers.acquire().await?, address).await
}

async fn known_of(connection: &mut SqliteConnection, address: &EmailAddress) -> sqlx::Result<Known> {
    let rows = sqlx::query(
        "SELECT newsletter, topics, status FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
         WHERE subscriber.key = ? AND status <> 'pending' ORDER BY newsletter",
    )
    .bind(address.key())
    .fetch_all(connection)
    .await?;
    let mut known = Known { confirmed: Vec::new(), stays: !rows.is_empty() };
    for row in &rows {
        if row.try_get::<&str, _>("status")? == "confirmed" {
            known.confirmed.push(Choice { newsletter: row.try_get("newsletter")?, topics: topics(row)? });
        }
    }
    Ok(known)
}

/// The sign-up and, where there is no subscription yet, one that waits. Whoever left has left until it is confirmed.
async fn insert(
    connection: &mut SqliteConnection,
    subscriber: i64,
    new: &NewSignup,
    asks: &Asks,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let Wording(text) = &new.wording;
    let wording = new.wording.hash();
    sqlx::query("INSERT INTO wording (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(&wording)
        .bind(text)
        .execute(&mut *connection)
        .await?;
    let signup: i64 =
        sqlx::query_scalar("INSERT INTO signup (subscriber, at, lang, wording_hash) VALUES (?, ?, ?, ?) RETURNING id")
            .bind(subscriber)
            .bind(at.timestamp_millis())
            .bind(&new.lang)
            .bind(&wording)
            .fetch_one(&mut *connection)
            .await?;
    for choice in asks.all() {
        let topics = topics_text(&choice.topics);
        sqlx::query("INSERT INTO signup_choice (signup, newsletter, topics) VALUES (?, ?, ?)")
            .bind(signup)
            .bind(&choice.newsletter)
            .bind(&topics)
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO subscription (subscriber, newsletter, lang, topics, status, created)
             VALUES (?, ?, ?, ?, 'pending', ?) ON CONFLICT (subscriber, newsletter) DO NOTHING",
        )
        .bind(subscriber)
        .bind(&choice.newsletter)
        .bind(&new.lang)
        .bind(&topics)
        .bind(at.timestamp_millis())
        .execute(&mut *connection)
        .await?;
    }
    Ok(signup)
}

pub(super) async fn one(readers: &SqlitePool, id: i64) -> sqlx::Result<Option<Signup>> {
    find_signup(&mut *readers.acquire().await?, id).await
}

async fn find_signup(connection: &mut SqliteConnection, id: i64) -> sqlx::Result<Option<Signup>> {
    let Some(row) = sqlx::query("SELECT * FROM signup WHERE id = ?").bind(id).fetch_optional(&mut *connection).await?
    else {
        return Ok(None);
    };
    Ok(Some(Signup {
        id,
        subscriber: row.try_get("subscriber")?,
        at: instant(&row, "at")?,
        lang: row.try_get("lang")?,
        choices: choices(connection, id).await?,
        confirmed: optional_instant(&row, "confirmed")?,
    }))
}

pub(super) async fn choices(connection: &mut SqliteConnection, signup: i64) -> sqlx::Result<Vec<Choice>> {
    let rows = sqlx::query("SELECT newsletter, topics FROM signup_choice WHERE signup = ? ORDER BY newsletter")
        .bind(signup)
        .fetch_all(connection)
        .await?;
    let choice = |row: &SqliteRow| Ok(Choice { newsletter: row.try_get("newsletter")?, topics: topics(row)? });
    rows.iter().map(choice).collect()
}

pub(super) async fn confirm(
    writer: &SqlitePool,
    key: &SigningKey,
    id: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Confirmation> {
    let mut transaction = begin(writer).await?;
    let Some(signup) = find_signup(&mut transaction, id).await? else { return Ok(Confirmation::Expired) };
    if signup.confirmed.is_some() {
        return Ok(Confirmation::AlreadyConfirmed);
    }
    let (address, hash): (String, String) = sqlx::query_as("SELECT address, hash FROM subscriber WHERE id = ?")
        .bind(signup.subscriber)
        .fetch_one(&mut *transaction)
        .await?;
    if signup.is_expired(now) || is_suppressed(&mut transaction, &[hash]).await? {
        return Ok(Confirmation::Expired);
    }
    let mut brought_about = false;
    for choice in &signup.choices {
        brought_about |= confirm_choice(&mut transaction, &signup, choice, now).await?;
    }
    if !brought_about {
        return Ok(Confirmation::Overtaken);
    }
    sqlx::query("UPDATE signup SET confirmed = ? WHERE id = ?")
        .bind(now.timestamp_millis())
        .bind(id)
        .execute(&mut *transaction)
        .await?;
    if let Ok(address) = EmailAddress::parse(&address) {
        // its owner wanted the letters: they were no bombing
        limits::forget(&mut transaction, &limits::hashes(key, &address)).await?;
    }
    transaction.commit().await?;
    Ok(Confirmation::Confirmed)
}

/// Whether anything came of it. Whoever left after this was asked for meant to leave: an old link does not bring anybody back.
async fn confirm_choice(
    connection: &mut SqliteConnection,
    signup: &Signup,
    choice: &Choice,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let subscription: Option<i64> = sqlx::query_scalar(
        "INSERT INTO subscription (subscriber, newsletter, lang, topics, status, created, confirmed)
         VALUES (?1, ?2, ?3, ?4, 'confirmed', ?5, ?6)
         ON CONFLICT (subscriber, newsletter)
         DO UPDATE SET lang = excluded.lang, topics = excluded.topics, status = 'confirmed', unsubscribed = NULL,
            confirmed = iif(status = 'confirmed', confirmed, excluded.confirmed)
         WHERE status = 'pending' OR (status = 'unsubscribed' AND unsubscribed < ?5)
            OR (status = 'confirmed' AND confirmed <= ?5)
         RETURNING id",
    )
    .bind(signup.subscriber)
    .bind(&choice.newsletter)
    .bind(&signup.lang)
    .bind(topics_text(&choice.topics))
    .bind(signup.at.timestamp_millis())
    .bind(now.timestamp_millis())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(subscription) = subscription else { return Ok(false) };
    sqlx::query(
        "INSERT INTO consent (subscription, at, newsletter, source, wording_hash, confirmed)
         SELECT ?, at, ?, ?, wording_hash, ? FROM signup WHERE id = ?",
    )
    .bind(subscription)
    .bind(&choice.newsletter)
    .bind(SOURCE)
    .bind(now.timestamp_millis())
    .bind(signup.id)
    .execute(connection)
    .await?;
    Ok(true)
}

pub(super) async fn forget_expired(writer: &SqlitePool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let mut transaction = begin(writer).await?;
    let forgotten: Vec<i64> =
        sqlx::query_scalar("DELETE FROM signup WHERE confirmed IS NULL AND at <= ? RETURNING subscriber")
            .bind((now - EXPIRES_AFTER).timestamp_millis())
            .fetch_all(&mut *transaction)
            .await?;
    for subscriber in &forgotten {
        forget_if_unknown(&mut transaction, *subscriber).await?;
    }
    wishes::forget_expired(&mut transaction, now).await?;
    sqlx::query("DELETE FROM letter_text WHERE NOT EXISTS (SELECT 1 FROM letter WHERE text_hash = letter_text.hash)")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(forgotten.len() as u64)
}

/// What only waited for a sign-up goes with it, and an address that was known for nothing else.
pub(super) async fn forget_if_unknown(connection: &mut SqliteConnection, subscriber: i64) -> sqlx::Result<()> {
    for statement in [
        "DELETE FROM subscription WHERE subscriber = ?1 AND status = 'pending' AND NOT EXISTS (
            SELECT 1 FROM signup JOIN signup_choice ON signup_choice.signup = signup.id
            WHERE signup.subscriber = ?1 AND signup.confirmed IS NULL
              AND signup_choice.newsletter = subscription.newsletter)",
        "DELETE FROM subscriber WHERE id = ?1
            AND NOT EXISTS (SELECT 1 FROM subscription WHERE subscription.subscriber = ?1)
            AND NOT EXISTS (SELECT 1 FROM signup WHERE signup.subscriber = ?1)",
    ] {
        sqlx::query(statement).bind(subscriber).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn change_preferences(
    writer: &SqlitePool,
    subscriber: i64,
    lang: &str,
    kept: &[Choice],
    ended: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    let confirmed: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, newsletter FROM subscription WHERE subscriber = ? AND status = 'confirmed'")
            .bind(subscriber)
            .fetch_all(&mut *transaction)
            .await?;
    for (id, newsletter) in confirmed {
        if let Some(choice) = kept.iter().find(|choice| choice.newsletter == newsletter) {
            sqlx::query("UPDATE subscription SET lang = ?, topics = ? WHERE id = ?")
                .bind(lang)
                .bind(topics_text(&choice.topics))
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        } else if ended.contains(&newsletter) {
            end(&mut transaction, id, now).await?;
        }
    }
    transaction.commit().await
}

pub(super) async fn wording(readers: &SqlitePool, hash: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT text FROM wording WHERE hash = ?").bind(hash).fetch_optional(readers).await
}
