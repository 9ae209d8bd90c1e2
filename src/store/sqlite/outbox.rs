//! The outbox: deliveries and letters, and who has claimed them. How an attempt ends: `attempts`.
//!
//! A claim is a lease and an epoch. The epoch moves with each claim and whenever one is taken back, so a worker that comes
//! too late finds its row at another epoch. One exception is meant: a lease that lapses while `sending` leaves the epoch
//! alone, so that the worker's answer, should it still come before anybody claims the doubt, settles it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::claims::Table;
use super::doubts::UNHEARD;
use super::in_hand::InHand;
use super::rows::{counts, optional_instant};
use super::{begin, claims, ids, in_hand, letters};
use crate::model::delivery::{Carries, Claim, DeliveryState, Withheld};
use crate::store::DeliveryCounts;

/// The reason of a delivery whose reader is gone.
pub(super) const ERASED: &str = "the reader was erased";

/// What waits for a subscription will not be sent. What is being sent cannot be called back.
pub(super) async fn suppress(
    connection: &mut SqliteConnection,
    subscription: i64,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE delivery SET state = 'suppressed', reason = ?, changed_at = ?, lease_until = NULL, next_attempt = NULL
         WHERE subscription = ? AND state IN ('waiting', 'deferred', 'doubt')",
    )
    .bind(reason)
    .bind(now.timestamp_millis())
    .bind(subscription)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes back all claims: those who made them are gone.
pub(super) async fn take_back_all(writer: &SqlitePool, in_hand: &InHand, now: DateTime<Utc>) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    ids::move_on(&mut transaction, now).await?;
    in_hand::count_deaths(&mut transaction, in_hand).await?;
    for table in Table::ALL {
        sqlx::query(table.says("UPDATE {outbox} SET epoch = epoch + 1 WHERE lease_until IS NOT NULL"))
            .execute(&mut *transaction)
            .await?;
    }
    lapse(&mut transaction, i64::MAX, UNHEARD, now).await?;
    transaction.commit().await
}

/// Ends the claims whose lease was over at `until`.
async fn lapse(connection: &mut SqliteConnection, until: i64, reason: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    for table in Table::ALL {
        sqlx::query(table.says(
            "UPDATE {outbox} SET state = 'doubt', doubts = doubts + 1, attempts = attempts + 1, lease_until = NULL,
                next_attempt = NULL, reason = ?, changed_at = ?
             WHERE lease_until <= ? AND state = 'sending'",
        ))
        .bind(reason)
        .bind(now.timestamp_millis())
        .bind(until)
        .execute(&mut *connection)
        .await?;
        sqlx::query(table.says("UPDATE {outbox} SET lease_until = NULL, epoch = epoch + 1 WHERE lease_until <= ?"))
            .bind(until)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// What was being sent to somebody who was erased meanwhile is not tried again. A lease is over within the hour.
async fn suppress_late(connection: &mut SqliteConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE delivery SET state = 'suppressed', reason = ?1, changed_at = ?2, next_attempt = NULL
         WHERE state IN ('waiting', 'deferred', 'doubt') AND lease_until IS NULL AND subscription IN (
            SELECT subscription.id FROM subscriber JOIN subscription ON subscription.subscriber = subscriber.id
            WHERE subscriber.erased >= ?3)",
    )
    .bind(ERASED)
    .bind(now.timestamp_millis())
    .bind((now - TimeDelta::days(2)).timestamp_millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// What is due, oldest issue first. `CROSS JOIN` has `SQLite` walk the issues in that order, so it need not sort them all.
macro_rules! due {
    ($which:literal) => {
        concat!(
            "SELECT delivery.*, subscription.subscriber, subscriber.address, subscriber.name
             FROM issue CROSS JOIN delivery ON delivery.issue = issue.id
             JOIN subscription ON subscription.id = delivery.subscription
             JOIN subscriber ON subscriber.id = subscription.subscriber
             WHERE issue.state = 'frozen' AND issue.hold IS NULL AND delivery.lease_until IS NULL
               AND coalesce(delivery.domain, '') NOT IN (SELECT value FROM json_each(?3)) AND ",
            $which,
            // nobody gets an issue while the one before it is on its way to them
            " AND NOT EXISTS (
                SELECT 1 FROM delivery AS former JOIN issue AS before ON before.id = former.issue
                WHERE former.subscription = delivery.subscription AND former.state IN ('waiting', 'sending')
                  AND before.hold IS NULL AND (before.decided_at, before.id) < (issue.decided_at, issue.id))",
            " ORDER BY issue.decided_at, issue.id, delivery.id LIMIT ?2"
        )
    };
}

pub(super) async fn claim(
    writer: &SqlitePool,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: u32,
    withheld: &Withheld,
) -> sqlx::Result<Vec<Claim>> {
    let (at, limit) = (now.timestamp_millis(), limit as usize);
    let domains = &as_json(&withheld.domains);
    let mut transaction = begin(writer).await?;
    lapse(&mut transaction, at, "the lease was over before the answer came", now).await?;
    suppress_late(&mut transaction, now).await?;
    // first: somebody is waiting for them; but half of what is claimed at most, so that whoever floods the form with
    // addresses does not hold up an issue
    let most = if withheld.issues { limit } else { limit.div_ceil(2) };
    let mut claims = claims::find(&mut transaction, letters::DUE, at, most, domains, letters::carries).await?;
    let open = due!(
        "delivery.deaths < ?4 AND delivery.state IN ('waiting', 'deferred')
           AND (delivery.state = 'waiting' OR delivery.next_attempt <= ?1)"
    );
    // a limit of none finds none
    let rest = |claims: &[Claim]| if withheld.issues { 0 } else { limit - claims.len() };
    let room = rest(&claims);
    claims.extend(claims::find(&mut transaction, open, at, room, domains, carries).await?);
    let doubted = due!(
        "delivery.deaths < ?4 AND delivery.state = 'doubt' AND delivery.doubts = 1 AND issue.on_doubt = 'resend'
           AND coalesce(delivery.next_attempt, 0) <= ?1"
    );
    let room = rest(&claims);
    claims.extend(claims::find(&mut transaction, doubted, at, room, domains, carries).await?);
    let room = limit - claims.len();
    claims.extend(claims::find(&mut transaction, letters::DOUBTED, at, room, domains, letters::carries).await?);
    if claims.is_empty() && nothing_is_claimed(&mut transaction).await? {
        // one that may kill us takes no other along, and tells by that which one it is
        claims.extend(claims::find(&mut transaction, letters::SUSPECTS, at, 1, domains, letters::carries).await?);
        let suspects = due!(
            "delivery.deaths >= ?4 AND (delivery.state = 'waiting' OR delivery.state = 'deferred' AND delivery.next_attempt <= ?1
               OR delivery.state = 'doubt' AND delivery.doubts = 1 AND issue.on_doubt = 'resend'
                  AND coalesce(delivery.next_attempt, 0) <= ?1)"
        );
        let room = usize::from(!withheld.issues && claims.is_empty());
        claims.extend(claims::find(&mut transaction, suspects, at, room, domains, carries).await?);
    }
    if let Some(most) = withheld.beyond {
        keep_of_each_domain(most, &mut claims);
    }
    for claim in &claims {
        sqlx::query(Table::of(claim).says("UPDATE {outbox} SET epoch = ?, lease_until = ? WHERE id = ?"))
            .bind(claim.epoch)
            .bind(lease_until.timestamp_millis())
            .bind(claim.delivery)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(claims)
}

async fn nothing_is_claimed(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT 1 FROM delivery WHERE lease_until IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM letter WHERE lease_until IS NOT NULL)",
    )
    .fetch_one(connection)
    .await
}

fn keep_of_each_domain(most: usize, claims: &mut Vec<Claim>) {
    let mut kept = HashMap::<String, usize>::new();
    claims.retain(|claim| {
        let kept = kept.entry(claim.address.domain().to_owned()).or_default();
        *kept += 1;
        *kept <= most
    });
}

fn carries(row: &SqliteRow) -> sqlx::Result<Carries> {
    Ok(Carries::Issue {
        issue: row.try_get("issue")?,
        subscription: row.try_get("subscription")?,
        variant: row.try_get("variant")?,
    })
}

pub(super) async fn give_back(writer: &SqlitePool, claims: &[Claim]) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    for claim in claims {
        sqlx::query(Table::of(claim).says(
            "UPDATE {outbox} SET lease_until = NULL, epoch = epoch + 1
             WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state IN ('waiting', 'deferred', 'doubt')",
        ))
        .bind(claim.delivery)
        .bind(claim.epoch)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

/// `?1`: whether issues wait. `?2`: the domains that do, as a JSON array.
const NEXT_DUE: &str = "SELECT min(at) AS at FROM (
    -- what waits is due at once, also where `send --at` froze it for a time to come
    SELECT min(coalesce(delivery.next_attempt, 0)) AS at FROM delivery JOIN issue ON issue.id = delivery.issue
    WHERE NOT ?1 AND delivery.state IN ('waiting', 'deferred') AND delivery.lease_until IS NULL AND issue.hold IS NULL
      AND coalesce(delivery.domain, '') NOT IN (SELECT value FROM json_each(?2))
    UNION ALL
    SELECT min(coalesce(delivery.next_attempt, delivery.changed_at)) FROM delivery JOIN issue ON issue.id = delivery.issue
    WHERE NOT ?1 AND delivery.state = 'doubt' AND delivery.lease_until IS NULL
      AND delivery.doubts = 1 AND issue.on_doubt = 'resend' AND issue.hold IS NULL
      AND coalesce(delivery.domain, '') NOT IN (SELECT value FROM json_each(?2))
    UNION ALL
    SELECT min(lease_until) FROM delivery WHERE lease_until IS NOT NULL
    UNION ALL
    SELECT min(coalesce(letter.next_attempt, 0)) FROM letter JOIN subscriber ON subscriber.id = letter.subscriber
    WHERE letter.state IN ('waiting', 'deferred') AND letter.lease_until IS NULL
      AND substr(subscriber.key, instr(subscriber.key, '@') + 1) NOT IN (SELECT value FROM json_each(?2))
    UNION ALL
    SELECT min(coalesce(letter.next_attempt, letter.changed_at)) FROM letter JOIN subscriber ON subscriber.id = letter.subscriber
    WHERE letter.state = 'doubt' AND letter.lease_until IS NULL AND letter.doubts = 1
      AND substr(subscriber.key, instr(subscriber.key, '@') + 1) NOT IN (SELECT value FROM json_each(?2))
    UNION ALL
    SELECT min(lease_until) FROM letter WHERE lease_until IS NOT NULL)";

pub(super) async fn next_due(readers: &SqlitePool, withheld: &Withheld) -> sqlx::Result<Option<DateTime<Utc>>> {
    let due = sqlx::query(NEXT_DUE).bind(withheld.issues).bind(as_json(&withheld.domains));
    optional_instant(&due.fetch_one(readers).await?, "at")
}

fn as_json(domains: &BTreeSet<String>) -> String {
    domains.iter().map(String::as_str).collect::<serde_json::Value>().to_string()
}

/// What was lost meanwhile stays lost.
pub(super) async fn renew(
    writer: &SqlitePool,
    claims: &[Claim],
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    for claim in claims {
        sqlx::query(
            Table::of(claim)
                .says("UPDATE {outbox} SET lease_until = ?4 WHERE id = ?1 AND epoch = ?2 AND lease_until > ?3"),
        )
        .bind(claim.delivery)
        .bind(claim.epoch)
        .bind(now.timestamp_millis())
        .bind(lease_until.timestamp_millis())
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

pub(super) async fn count_by_state(readers: &SqlitePool, issue: Option<i64>) -> sqlx::Result<DeliveryCounts> {
    let rows = match issue {
        Some(issue) => {
            sqlx::query("SELECT state AS name, count(*) AS count FROM delivery WHERE issue = ? GROUP BY state")
                .bind(issue)
                .fetch_all(readers)
                .await?
        }
        None => {
            sqlx::query("SELECT state AS name, count(*) AS count FROM delivery GROUP BY state")
                .fetch_all(readers)
                .await?
        }
    };
    counts(&rows, &DeliveryState::ALL, DeliveryState::as_str)
}
