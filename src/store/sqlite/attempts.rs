//! One attempt to send: the mark before the message is handed over, and how it ended.
//!
//! Several connections send at once, and each mark has to be on the disk before anything goes on. A sync costs the same for one
//! of them and for many, so those that wait for one are marked together by the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex as Turn, oneshot};

use super::claims::Table;
use super::rows::named;
use super::{begin, letters};
use crate::model::delivery::{Carries, Claim, DeliveryState, Outcome};
use crate::store::settle::{Settled, Standing, settle};

/// What is to be marked of a claim.
#[derive(Debug, Clone)]
pub(super) enum Mark {
    Begin(Claim),
    End(Claim, Outcome),
}

/// A mark that waits for its commit. Whoever wants it may have gone.
#[derive(Debug)]
struct Wanted {
    mark: Mark,
    now: DateTime<Utc>,
    made: oneshot::Sender<bool>,
}

/// The marks that wait for the next commit, and whose turn it is to make it.
#[derive(Debug, Default)]
pub(super) struct Marks {
    wanted: Mutex<Vec<Wanted>>,
    turn: Turn<()>,
}

impl Marks {
    /// Makes a mark, durably when it returns: by itself, or along with those that others wanted meanwhile. `false` where it
    /// was a beginning that may not be.
    pub(super) async fn make(&self, writer: &SqlitePool, mark: Mark, now: DateTime<Utc>) -> sqlx::Result<bool> {
        loop {
            let (made, mut answer) = oneshot::channel();
            self.wanted().push(Wanted { mark: mark.clone(), now, made });
            let _turn = self.turn.lock().await;
            match answer.try_recv() {
                Ok(made) => return Ok(made),
                Err(TryRecvError::Empty) => {
                    let together = std::mem::take(&mut *self.wanted());
                    commit(writer, together).await?;
                    if let Ok(made) = answer.try_recv() {
                        return Ok(made);
                    }
                }
                // the commit it was part of failed: it may be another mark's fault
                Err(TryRecvError::Closed) => {}
            }
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Vec<Wanted>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them or none; who gets no answer finds out for itself.
async fn commit(writer: &SqlitePool, together: Vec<Wanted>) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    let mut answers = Vec::with_capacity(together.len());
    for Wanted { mark, now, made } in together {
        // a mark nobody waits for is of a mail nobody will hand over
        if made.is_closed() {
            continue;
        }
        let is_made = match &mark {
            Mark::Begin(claim) => begin_sending(&mut transaction, claim, now).await?,
            Mark::End(claim, outcome) => record_outcome(&mut transaction, claim, outcome, now).await.map(|()| true)?,
        };
        answers.push((made, is_made));
    }
    transaction.commit().await?;
    for (made, is_made) in answers {
        let _ = made.send(is_made);
    }
    Ok(())
}

/// Claim, lease, reader and suppression are looked at in the statement that commits to sending.
async fn begin_sending(connection: &mut SqliteConnection, claim: &Claim, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let begun = match claim.carries {
        Carries::Issue { .. } => begin_delivery(connection, claim, now).await?,
        Carries::Letter { .. } => letters::begin_sending(connection, claim, now).await?,
    };
    if !begun {
        if claim.issue().is_some() {
            put_back_if_held(connection, claim).await?;
        }
        suppress_if_ours(connection, claim, now).await?;
    }
    Ok(begun)
}

async fn begin_delivery(connection: &mut SqliteConnection, claim: &Claim, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let begun = sqlx::query(
        "UPDATE delivery SET state = 'sending', changed_at = ?3
         WHERE id = ?1 AND epoch = ?2 AND lease_until > ?3 AND state IN ('waiting', 'deferred', 'doubt')
           AND issue NOT IN (SELECT id FROM issue WHERE hold IS NOT NULL)
           AND EXISTS (
             SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber
             WHERE subscription.id = delivery.subscription AND subscription.status = 'confirmed'
               AND subscriber.hash NOT IN (SELECT hash FROM suppression))",
    )
    .bind(claim.delivery)
    .bind(claim.epoch)
    .bind(now.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// What was claimed just before its issue was held waits with the rest of it.
async fn put_back_if_held(connection: &mut SqliteConnection, claim: &Claim) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE delivery SET lease_until = NULL, epoch = epoch + 1
         WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state IN ('waiting', 'deferred', 'doubt')
           AND issue IN (SELECT id FROM issue WHERE hold IS NOT NULL)",
    )
    .bind(claim.delivery)
    .bind(claim.epoch)
    .execute(connection)
    .await?;
    Ok(())
}

/// A claim that is still ours and yet could not begin has lost its reader.
async fn suppress_if_ours(connection: &mut SqliteConnection, claim: &Claim, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(Table::of(claim).says(
        "UPDATE {outbox} SET state = 'suppressed', reason = 'the reader left or is suppressed', changed_at = ?3,
            lease_until = NULL, next_attempt = NULL
         WHERE id = ?1 AND epoch = ?2 AND lease_until > ?3 AND state IN ('waiting', 'deferred', 'doubt')",
    ))
    .bind(claim.delivery)
    .bind(claim.epoch)
    .bind(now.timestamp_millis())
    .execute(connection)
    .await?;
    Ok(())
}

async fn record_outcome(
    connection: &mut SqliteConnection,
    claim: &Claim,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let row = sqlx::query(Table::of(claim).says(
        "SELECT state, lease_until IS NOT NULL AS claimed, attempts, doubts FROM {outbox} WHERE id = ? AND epoch = ?",
    ))
    .bind(claim.delivery)
    .bind(claim.epoch)
    .fetch_optional(&mut *connection)
    .await?;
    let standing = row.as_ref().map(standing).transpose()?;
    if let Some(settled) = standing.and_then(|standing| settle(standing, outcome, now)) {
        write_settled(connection, claim, &settled, now).await?;
    }
    Ok(())
}

pub(super) async fn take_back_refusals(writer: &SqlitePool, claims: &[Claim], now: DateTime<Utc>) -> sqlx::Result<()> {
    let mut transaction = begin(writer).await?;
    for claim in claims {
        sqlx::query(Table::of(claim).says(
            "UPDATE {outbox} SET state = 'deferred', next_attempt = ?3, changed_at = ?3
             WHERE id = ?1 AND epoch = ?2 AND state = 'refused'",
        ))
        .bind(claim.delivery)
        .bind(claim.epoch)
        .bind(now.timestamp_millis())
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

fn standing(row: &SqliteRow) -> sqlx::Result<Standing> {
    Ok(Standing {
        state: named(row, "state", &DeliveryState::ALL, DeliveryState::as_str)?,
        claimed: row.try_get("claimed")?,
        attempts: row.try_get("attempts")?,
        doubts: row.try_get("doubts")?,
    })
}

async fn write_settled(
    connection: &mut SqliteConnection,
    claim: &Claim,
    settled: &Settled,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(Table::of(claim).says(
        "UPDATE {outbox} SET state = ?, attempts = ?, doubts = ?, next_attempt = ?, reason = ?, changed_at = ?,
            lease_until = NULL, deaths = 0
         WHERE id = ?",
    ))
    .bind(settled.state.as_str())
    .bind(settled.attempts)
    .bind(settled.doubts)
    .bind(settled.next_attempt.map(|at| at.timestamp_millis()))
    .bind(&settled.reason)
    .bind(now.timestamp_millis())
    .bind(claim.delivery)
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::subscription::EmailAddress;
    use crate::store::SqliteStore;

    /// Of a delivery there is not: what is to be marked of it may not be.
    fn mark(delivery: i64) -> Mark {
        Mark::Begin(Claim {
            delivery,
            epoch: 1,
            carries: Carries::Issue { issue: 1, subscription: 1, variant: "fr".to_owned() },
            subscriber: 1,
            address: EmailAddress::parse("reader@example.org").expect("an address"),
            name: None,
            attempts: 0,
        })
    }

    #[tokio::test]
    async fn marks_that_wait_for_a_commit_share_the_next() {
        const MARKS: usize = 8;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(SqliteStore::open(&folder.path().join("crieur.db")).await.expect("opens"));
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = commits.clone();
        let mut only = store.writer.acquire().await.expect("the writer");
        only.lock_handle().await.expect("the handle").set_commit_hook(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            true
        });
        let wanting = (1..).take(MARKS).map(|delivery| {
            let store = store.clone();
            tokio::spawn(async move { store.marks.make(&store.writer, mark(delivery), DateTime::UNIX_EPOCH).await })
        });
        let wanting: Vec<_> = wanting.collect();
        // one that nobody waits for any more
        let gone = tokio::spawn({
            let store = store.clone();
            async move { store.marks.make(&store.writer, mark(99), DateTime::UNIX_EPOCH).await }
        });
        while store.marks.wanted().len() < MARKS {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert!(gone.await.is_err());
        drop(only);
        for one in wanting {
            assert!(!one.await.expect("no panic").expect("an answer"), "there is no such delivery");
        }
        assert_eq!(commits.load(Ordering::SeqCst), 2, "the first alone, the others together");
    }
}
