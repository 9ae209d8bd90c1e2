//! How our values stand in columns: instants in milliseconds, slots as wall-clock text, states by their names.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::model::subscription::EmailAddress;

const SLOT: &str = "%Y-%m-%dT%H:%M:%S";

/// The reason of a mail that is kept from a suppressed address.
pub(super) const SUPPRESSED: &str = "the address is suppressed";

pub(super) fn slot_text(slot: NaiveDateTime) -> String {
    slot.format(SLOT).to_string()
}

pub(super) fn slot(row: &SqliteRow, column: &str) -> sqlx::Result<NaiveDateTime> {
    NaiveDateTime::parse_from_str(row.try_get(column)?, SLOT).map_err(|error| decode(column, error))
}

pub(super) fn instant(row: &SqliteRow, column: &str) -> sqlx::Result<DateTime<Utc>> {
    optional_instant(row, column)?.ok_or_else(|| decode(column, "no instant"))
}

pub(super) fn optional_instant(row: &SqliteRow, column: &str) -> sqlx::Result<Option<DateTime<Utc>>> {
    let millis: Option<i64> = row.try_get(column)?;
    millis.map(|millis| DateTime::from_timestamp_millis(millis).ok_or_else(|| decode(column, "no instant"))).transpose()
}

/// The value whose name stands in `column`.
pub(super) fn named<T: Copy>(
    row: &SqliteRow,
    column: &str,
    values: &[T],
    name: fn(T) -> &'static str,
) -> sqlx::Result<T> {
    let text: &str = row.try_get(column)?;
    values.iter().copied().find(|value| name(*value) == text).ok_or_else(|| decode(column, "no such name"))
}

/// Counts by name, from rows of `(name, count)` columns.
pub(super) fn counts<T: Copy, C: FromIterator<(T, u64)>>(
    rows: &[SqliteRow],
    values: &[T],
    name: fn(T) -> &'static str,
) -> sqlx::Result<C> {
    rows.iter().map(|row| Ok((named(row, "name", values, name)?, row.try_get("count")?))).collect()
}

/// Slugs, as a JSON array.
pub(super) fn topics(row: &SqliteRow) -> sqlx::Result<Vec<String>> {
    serde_json::from_str(row.try_get("topics")?).map_err(|error| decode("topics", error))
}

pub(super) fn topics_text(topics: &[String]) -> String {
    serde_json::Value::from(topics).to_string()
}

pub(super) fn address(row: &SqliteRow) -> sqlx::Result<EmailAddress> {
    EmailAddress::parse(row.try_get("address")?).map_err(|error| decode("address", error))
}

/// The error of a column that holds what we never wrote. Its value is not shown: it may be an address.
pub(super) fn decode(column: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: format!("{column:?}"), source: source.into() }
}
