//! What an operator wants to know: the numbers of `status`, of the status page and of `/metrics`. Counts only; nothing in
//! here names a reader.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::delivery::DeliveryState;
use super::diagnostic::Diagnostic;
use super::issue::Issue;
use super::pause::Pause;

/// When the site was last published and what of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct LastPublish {
    pub at: DateTime<Utc>,
    pub announcements: u64,
    pub documents: u64,
    pub errors: u64,
    pub warnings: u64,
}

/// Everything there is to tell at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub version: &'static str,
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub reading: Reading,
    #[serde(flatten)]
    pub figures: Figures,
}

/// The content folder as it was read last.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reading {
    pub catalog: CatalogFigures,
    pub files: FileFigures,
    /// What keeps the folder as it is now from being published.
    pub held: Option<String>,
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CatalogFigures {
    pub announcements: usize,
    pub visible: usize,
    pub events: usize,
    pub errors: usize,
    pub warnings: usize,
}

/// How many files there are, and what was done to know what they say. What is remembered of an unchanged file is neither
/// read nor parsed, also after a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FileFigures {
    pub found: usize,
    /// Since the process began, or was told to read its configuration again.
    pub read: u64,
    pub parsed: u64,
}

/// What the store knows.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Why nothing is mailed for now.
    pub pauses: Vec<Pause>,
    /// Issues that do not go out for now.
    pub held_issues: Vec<Issue>,
    pub last_publish: Option<LastPublish>,
    pub newsletters: Vec<NewsletterFigures>,
    /// Deliveries of all issues by state.
    pub outbox: BTreeMap<&'static str, u64>,
    /// Letters by state: mails to one person that are no issue's.
    pub letters: BTreeMap<&'static str, u64>,
    /// When quiet hours end, where it is quiet: until then no issue goes out.
    pub quiet_until: Option<DateTime<Utc>>,
    pub suppressions: u64,
    /// One for each of the last [`DAYS`] days, today last.
    pub deliveries: Vec<DeliveryDay>,
    /// Refused in the same days, by [`reason_code`].
    pub refusals: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewsletterFigures {
    pub name: String,
    pub title: String,
    /// Local time of the site.
    pub next_slot: Option<NaiveDateTime>,
    pub next_due: Option<DateTime<Utc>>,
    pub last: Option<Issue>,
    /// By status.
    pub subscribers: BTreeMap<&'static str, u64>,
    /// The latest slots that became issues, with their deliveries by state; latest first.
    pub issues: Vec<IssueFigures>,
    /// Confirmed readers at the end of each of the last [`DAYS`] days, today last. Of whoever left and came back only the
    /// return is known.
    pub readers: Vec<ReaderDay>,
}

#[derive(Debug, Clone, Serialize)]
pub struct IssueFigures {
    pub number: u32,
    pub slot: NaiveDateTime,
    pub deliveries: BTreeMap<&'static str, u64>,
}

/// How the deliveries last touched on a day ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DeliveryDay {
    pub day: NaiveDate,
    pub sent: u64,
    pub deferred: u64,
    pub refused: u64,
    pub doubt: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReaderDay {
    pub day: NaiveDate,
    pub readers: u64,
}

/// Why so many mails were put off or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub state: DeliveryState,
    /// The relay's words.
    pub said: String,
    pub count: u64,
}

/// What a daemon did since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Traffic {
    pub started: DateTime<Utc>,
    pub sent: u64,
    pub deferred: u64,
    pub refused: u64,
    pub doubt: u64,
    pub skipped: u64,
    pub relay_open: u64,
    pub relay_opened: u64,
    pub relay_failed: u64,
    /// Domains that take no more for now and are left alone.
    pub domains_paused: u64,
}

/// How far charts look back.
pub const DAYS: u32 = 30;

/// So many deliveries came to a state in the quarter of an hour that begins at `from`. All zones' days are made of whole
/// quarters, so a store need not know the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryQuarter {
    pub from: DateTime<Utc>,
    pub state: DeliveryState,
    pub count: u64,
}

/// By how many the readers of a newsletter changed in the quarter of an hour that begins at `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderQuarter {
    pub from: DateTime<Utc>,
    pub change: i64,
}

/// In milliseconds.
pub const QUARTER: i64 = 15 * 60 * 1000;

/// The days charts show, today last.
pub fn days(now: DateTime<Utc>, zone: Tz) -> Vec<NaiveDate> {
    let today = now.with_timezone(&zone).date_naive();
    (0..DAYS).rev().filter_map(|back| today.checked_sub_signed(TimeDelta::days(back.into()))).collect()
}

/// No later than the beginning of the first of those days, in any zone.
pub fn horizon(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_sub_signed(TimeDelta::days(i64::from(DAYS) + 1)).unwrap_or(DateTime::UNIX_EPOCH)
}

pub fn deliveries_by_day(quarters: &[DeliveryQuarter], days: &[NaiveDate], zone: Tz) -> Vec<DeliveryDay> {
    let mut all: BTreeMap<NaiveDate, DeliveryDay> =
        days.iter().map(|day| (*day, DeliveryDay { day: *day, sent: 0, deferred: 0, refused: 0, doubt: 0 })).collect();
    for quarter in quarters {
        let Some(day) = all.get_mut(&quarter.from.with_timezone(&zone).date_naive()) else { continue };
        match quarter.state {
            DeliveryState::Sent => day.sent += quarter.count,
            DeliveryState::Deferred => day.deferred += quarter.count,
            DeliveryState::Refused => day.refused += quarter.count,
            DeliveryState::Doubt => day.doubt += quarter.count,
            DeliveryState::Waiting | DeliveryState::Sending | DeliveryState::Suppressed => {}
        }
    }
    all.into_values().collect()
}

pub fn readers_by_day(quarters: &[ReaderQuarter], days: &[NaiveDate], zone: Tz) -> Vec<ReaderDay> {
    let readers_at_the_end_of = |day: NaiveDate| {
        let until = quarters.iter().filter(|quarter| quarter.from.with_timezone(&zone).date_naive() <= day);
        u64::try_from(until.map(|quarter| quarter.change).sum::<i64>()).unwrap_or(0)
    };
    days.iter().map(|day| ReaderDay { day: *day, readers: readers_at_the_end_of(*day) }).collect()
}

/// What a relay's refusal is counted under: its enhanced status code where that is one of RFC 3463, otherwise its reply
/// code of RFC 5321 §4.2.3 (and what extends it), otherwise `other`. Nothing else of its words: they may hold an address,
/// and there is no end of them.
pub fn reason_code(reason: &str) -> &'static str {
    let mut words = reason.split(|c: char| c.is_whitespace() || matches!(c, '-' | ':' | ',' | '(' | ')' | '[' | ']'));
    let reply = words.next().and_then(|word| known(word, REPLIES));
    let enhanced = reason.split_whitespace().take(3).find_map(enhanced);
    enhanced.or(reply).unwrap_or("other")
}

fn enhanced(word: &str) -> Option<&'static str> {
    let mut parts = word.trim_matches(|c: char| !c.is_ascii_digit()).split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(class, "4" | "5") {
        return None;
    }
    known(&format!("5.{subject}.{detail}"), ENHANCED).or_else(|| known(&format!("5.{subject}"), SUBJECTS))
}

fn known(word: &str, all: &'static [&'static str]) -> Option<&'static str> {
    all.iter().copied().find(|code| *code == word)
}

/// The classes of RFC 3463 that tell an operator something of their own; a refusal after too many 4.x.x counts with them.
const ENHANCED: &[&str] = &[
    "5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.8", "5.1.10", "5.2.0", "5.2.1", "5.2.2", "5.2.3", "5.3.4",
    "5.4.1", "5.4.4", "5.4.6", "5.4.7", "5.5.0", "5.6.0", "5.7.0", "5.7.1", "5.7.25", "5.7.26",
];
const SUBJECTS: &[&str] = &["5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7"];
const REPLIES: &[&str] = &[
    "421", "450", "451", "452", "455", "500", "501", "502", "503", "504", "521", "530", "534", "535", "541", "550",
    "551", "552", "553", "554", "555", "556",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_refusal_is_counted_by_its_code_and_by_nothing_it_says() {
        for (reason, code) in [
            ("550 5.1.1 <…>: no such user", "5.1.1"),
            ("550-5.1.1 gone", "550"),
            ("452 4.2.2 mailbox full", "5.2.2"),
            ("550 #5.1.0 Address rejected", "5.1.0"),
            ("550 5.1.99 what is this", "5.1"),
            ("554 5.9.1 never heard of", "554"),
            ("550 no such user 5.1.1.1", "550"),
            ("552: too big", "552"),
            ("599 jeanne", "other"),
            ("jeanne@example.org 5", "other"),
            ("", "other"),
        ] {
            assert_eq!(reason_code(reason), code, "{reason}");
        }
    }

    #[test]
    fn days_are_those_of_the_site() {
        let now = at("2019-04-08T23:30:00Z");
        let shown = days(now, Tz::Europe__Paris);
        assert_eq!((shown.len(), shown[29].to_string()), (30, "2019-04-09".to_owned()));
        let late = DeliveryQuarter { from: at("2019-04-08T22:00:00Z"), state: DeliveryState::Sent, count: 3 };
        let early = DeliveryQuarter { from: at("2019-04-08T21:45:00Z"), state: DeliveryState::Refused, count: 2 };
        let old = DeliveryQuarter { from: horizon(now), ..late };
        let by_day = deliveries_by_day(&[late, early, old], &shown, Tz::Europe__Paris);
        assert_eq!((by_day[29].sent, by_day[29].refused, by_day[28].sent, by_day[28].refused), (3, 0, 0, 2));
        assert_eq!(by_day.iter().map(|day| day.sent).sum::<u64>(), 3);
    }

    #[test]
    fn readers_are_summed_up_from_the_beginning() {
        let now = at("2019-04-08T12:00:00Z");
        let quarter = |from: &str, change| ReaderQuarter { from: at(from), change };
        let quarters = [quarter("2019-01-01T00:00:00Z", 5), quarter("2019-04-07T10:00:00Z", -2)];
        let by_day: Vec<_> =
            readers_by_day(&quarters, &days(now, Tz::UTC), Tz::UTC).iter().map(|day| day.readers).collect();
        assert_eq!((by_day[0], by_day[27], by_day[28], by_day[29]), (5, 5, 3, 3));
    }
}
