//! Issues: what became of each slot, and freezing one with its items, variants and deliveries.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, SqliteConnection};

use super::rows::{decode, instant, named, slot, slot_text};
use super::{audiences, begin, pauses, turns};
use crate::model::announcement::AnnouncementId;
use crate::model::delivery::OnDoubt;
use crate::model::issue::{FrozenIssue, Hold, Issue, IssueItem, IssueState, Masthead, NewIssue, Section, Variant};
use crate::model::selection::Told;
use crate::store::Freeze;

pub(super) async fn one(readers: &SqlitePool, newsletter: &str, slot: NaiveDateTime) -> sqlx::Result<Option<Issue>> {
    let row = sqlx::query("SELECT * FROM issue WHERE newsletter = ? AND slot = ?")
        .bind(newsletter)
        .bind(slot_text(slot))
        .fetch_optional(readers)
        .await?;
    row.as_ref().map(issue).transpose()
}

pub(super) async fn latest(readers: &SqlitePool, newsletter: &str, limit: u32) -> sqlx::Result<Vec<Issue>> {
    let rows = sqlx::query("SELECT * FROM issue WHERE newsletter = ? ORDER BY slot DESC LIMIT ?")
        .bind(newsletter)
        .bind(limit)
        .fetch_all(readers)
        .await?;
    rows.iter().map(issue).collect()
}

pub(super) async fn held(readers: &SqlitePool) -> sqlx::Result<Vec<Issue>> {
    let rows = sqlx::query("SELECT * FROM issue WHERE hold IS NOT NULL ORDER BY slot, id").fetch_all(readers).await?;
    rows.iter().map(issue).collect()
}

pub(super) async fn before(
    readers: &SqlitePool,
    newsletter: &str,
    before: NaiveDateTime,
) -> sqlx::Result<Option<NaiveDateTime>> {
    let row = sqlx::query("SELECT slot FROM issue WHERE newsletter = ? AND slot < ? ORDER BY slot DESC LIMIT 1")
        .bind(newsletter)
        .bind(slot_text(before))
        .fetch_optional(readers)
        .await?;
    row.as_ref().map(|row| slot(row, "slot")).transpose()
}

pub(super) async fn was_overtaken(
    readers: &SqlitePool,
    newsletter: &str,
    slot: NaiveDateTime,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM issue WHERE newsletter = ? AND slot > ? AND decided_at BETWEEN ? AND ?)",
    )
    .bind(newsletter)
    .bind(slot_text(slot))
    .bind(since.timestamp_millis())
    .bind(until.timestamp_millis())
    .fetch_one(readers)
    .await
}

fn issue(row: &SqliteRow) -> sqlx::Result<Issue> {
    Ok(Issue {
        id: row.try_get("id")?,
        newsletter: row.try_get("newsletter")?,
        slot: slot(row, "slot")?,
        number: row.try_get("number")?,
        state: named(row, "state", &IssueState::ALL, IssueState::as_str)?,
        hold: hold(row)?,
        hold_reason: row.try_get("hold_reason")?,
        decided_at: instant(row, "decided_at")?,
    })
}

fn hold(row: &SqliteRow) -> sqlx::Result<Option<Hold>> {
    let is_held = row.try_get::<Option<&str>, _>("hold")?.is_some();
    is_held.then(|| named(row, "hold", &Hold::ALL, Hold::as_str)).transpose()
}

/// `None` where it was frozen before it was kept.
pub(super) fn masthead(row: &SqliteRow) -> sqlx::Result<Option<Masthead>> {
    let kept: Option<&str> = row.try_get("masthead")?;
    // the reason says where it is wrong and nothing of what it holds
    kept.map(|json| serde_json::from_str(json).map_err(|error| decode("masthead", error))).transpose()
}

pub(super) async fn numbered(readers: &SqlitePool, newsletter: &str, number: u32) -> sqlx::Result<Option<Issue>> {
    let row = sqlx::query("SELECT * FROM issue WHERE newsletter = ? AND number = ?")
        .bind(newsletter)
        .bind(number)
        .fetch_optional(readers)
        .await?;
    row.as_ref().map(issue).transpose()
}

pub(super) async fn items(readers: &SqlitePool, id: i64) -> sqlx::Result<Vec<IssueItem>> {
    let rows =
        sqlx::query("SELECT * FROM issue_item WHERE issue = ? ORDER BY position").bind(id).fetch_all(readers).await?;
    let item = |row: &SqliteRow| {
        Ok(IssueItem {
            announcement: AnnouncementId::pinned(row.try_get("announcement")?),
            sequence: row.try_get("sequence")?,
            section: named(row, "section", &Section::ALL, Section::as_str)?,
        })
    };
    rows.iter().map(item).collect()
}

/// An empty or held slot does not count as the first issue: nothing says yet what lies before it.
pub(super) async fn told(readers: &SqlitePool, newsletter: &str) -> sqlx::Result<Option<Told>> {
    let told: Vec<(Option<String>, Option<u32>)> = sqlx::query_as(
        "SELECT issue_item.announcement, max(iif(issue_item.section = 'baseline', NULL, issue_item.sequence))
         FROM issue LEFT JOIN issue_item ON issue_item.issue = issue.id
         WHERE issue.newsletter = ? AND issue.state = 'frozen' GROUP BY issue_item.announcement",
    )
    .bind(newsletter)
    .fetch_all(readers)
    .await?;
    let has_issues = !told.is_empty();
    let ids = told.into_iter().filter_map(|(id, shown)| Some((AnnouncementId::pinned(&id?), shown))).collect();
    Ok(has_issues.then_some(ids))
}

const NEXT_NUMBER: &str = "SELECT coalesce(max(number), 0) + 1 FROM issue WHERE newsletter = ?";

pub(super) async fn next_number(readers: &SqlitePool, newsletter: &str) -> sqlx::Result<u32> {
    sqlx::query_scalar(NEXT_NUMBER).bind(newsletter).fetch_one(readers).await
}

pub(super) async fn freeze(writer: &SqlitePool, new: &NewIssue) -> sqlx::Result<Freeze> {
    turns::carry_out(writer, new.frozen_at).await?;
    let mut transaction = begin(writer).await?;
    if pauses::any(&mut *transaction).await? {
        return Ok(Freeze::Paused);
    }
    if turns::are_underway(&mut transaction).await? {
        return Ok(Freeze::ReadersChanged);
    }
    if is_decided(&mut transaction, new).await? {
        return Ok(Freeze::SlotTaken);
    }
    let number: u32 = sqlx::query_scalar(NEXT_NUMBER).bind(&new.newsletter).fetch_one(&mut *transaction).await?;
    if number != new.number {
        return Ok(Freeze::NumberTaken);
    }
    let issue = insert_issue(&mut transaction, new).await?;
    insert_items(&mut transaction, issue, &new.items).await?;
    insert_variants(&mut transaction, issue, &new.variants).await?;
    let Some(recipients) = audiences::enqueue(&mut transaction, issue, new).await? else {
        return Ok(Freeze::ReadersChanged);
    };
    transaction.commit().await?;
    Ok(Freeze::Frozen { issue, recipients })
}

async fn is_decided(connection: &mut SqliteConnection, new: &NewIssue) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM issue WHERE newsletter = ? AND slot = ? AND state <> 'held')")
        .bind(&new.newsletter)
        .bind(slot_text(new.slot))
        .fetch_one(connection)
        .await
}

/// Takes over the row of a held slot.
async fn insert_issue(connection: &mut SqliteConnection, new: &NewIssue) -> sqlx::Result<i64> {
    let on_doubt = match new.on_doubt {
        OnDoubt::Resend => "resend",
        OnDoubt::Hold => "hold",
    };
    sqlx::query_scalar(
        "INSERT INTO issue (newsletter, slot, number, state, on_doubt, decided_at, hold, masthead, templates, page)
         VALUES (?, ?, ?, 'frozen', ?, ?, ?, ?, ?, ?)
         ON CONFLICT (newsletter, slot) DO UPDATE SET number = excluded.number, state = excluded.state,
            on_doubt = excluded.on_doubt, decided_at = excluded.decided_at, hold = excluded.hold,
            masthead = excluded.masthead, templates = excluded.templates, page = excluded.page
         RETURNING id",
    )
    .bind(&new.newsletter)
    .bind(slot_text(new.slot))
    .bind(new.number)
    .bind(on_doubt)
    .bind(new.frozen_at.timestamp_millis())
    .bind(new.hold.map(Hold::as_str))
    .bind(serde_json::to_string(&new.masthead).expect("a masthead has string keys only"))
    .bind(&new.templates)
    .bind(&new.page)
    .fetch_one(connection)
    .await
}

async fn insert_items(connection: &mut SqliteConnection, issue: i64, items: &[IssueItem]) -> sqlx::Result<()> {
    for (position, item) in (0_i64..).zip(items) {
        sqlx::query("INSERT INTO issue_item (issue, position, announcement, sequence, section) VALUES (?, ?, ?, ?, ?)")
            .bind(issue)
            .bind(position)
            .bind(item.announcement.as_str())
            .bind(item.sequence)
            .bind(item.section.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn insert_variants(connection: &mut SqliteConnection, issue: i64, variants: &[Variant]) -> sqlx::Result<()> {
    for (position, variant) in (0_i64..).zip(variants) {
        sqlx::query(
            "INSERT INTO variant
                (issue, position, key, lang, subject, html, text, unsubscribe_mark, preferences_mark, calendar)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(issue)
        .bind(position)
        .bind(&variant.key)
        .bind(&variant.lang)
        .bind(&variant.subject)
        .bind(&variant.html)
        .bind(&variant.text)
        .bind(&variant.unsubscribe_mark)
        .bind(&variant.preferences_mark)
        .bind(&variant.calendar)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn close_slot(
    writer: &SqlitePool,
    newsletter: &str,
    slot: NaiveDateTime,
    state: IssueState,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let closed = sqlx::query(
        "INSERT INTO issue (newsletter, slot, state, decided_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (newsletter, slot) DO NOTHING",
    )
    .bind(newsletter)
    .bind(slot_text(slot))
    .bind(state.as_str())
    .bind(now.timestamp_millis())
    .execute(writer)
    .await?;
    Ok(closed.rows_affected() > 0)
}

pub(super) async fn frozen(readers: &SqlitePool, id: i64) -> sqlx::Result<Option<FrozenIssue>> {
    let Some(row) =
        sqlx::query("SELECT * FROM issue WHERE id = ? AND state = 'frozen'").bind(id).fetch_optional(readers).await?
    else {
        return Ok(None);
    };
    let variants =
        sqlx::query("SELECT * FROM variant WHERE issue = ? ORDER BY position").bind(id).fetch_all(readers).await?;
    Ok(Some(FrozenIssue {
        id,
        newsletter: row.try_get("newsletter")?,
        number: row.try_get("number")?,
        slot: slot(&row, "slot")?,
        frozen_at: instant(&row, "decided_at")?,
        masthead: masthead(&row)?,
        variants: variants.iter().map(variant).collect::<sqlx::Result<_>>()?,
    }))
}

fn variant(row: &SqliteRow) -> sqlx::Result<Variant> {
    Ok(Variant {
        key: row.try_get("key")?,
        lang: row.try_get("lang")?,
        subject: row.try_get("subject")?,
        html: row.try_get("html")?,
        text: row.try_get("text")?,
        unsubscribe_mark: row.try_get("unsubscribe_mark")?,
        preferences_mark: row.try_get("preferences_mark")?,
        calendar: row.try_get("calendar")?,
    })
}
