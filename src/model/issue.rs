//! An issue: one number of a newsletter, frozen before it is sent. A later edit changes nothing that goes out.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use super::announcement::AnnouncementId;
use super::delivery::OnDoubt;

/// What became of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// Frozen, its deliveries in the outbox.
    Frozen,
    /// Nothing to say: no number, no mail.
    Empty,
    /// Come too late to go out by itself; its items wait for the next issue or the operator.
    Held,
}

impl IssueState {
    pub const ALL: [Self; 3] = [Self::Frozen, Self::Empty, Self::Held];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Empty => "empty",
            Self::Held => "held",
        }
    }
}

/// Under which heading an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    New,
    Upcoming,
    /// Not shown: older than the first issue looks back.
    Baseline,
}

impl Section {
    pub const ALL: [Self; 3] = [Self::New, Self::Upcoming, Self::Baseline];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Upcoming => "upcoming",
            Self::Baseline => "baseline",
        }
    }
}

/// One announcement in an issue, at the revision it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueItem {
    pub announcement: AnnouncementId,
    pub sequence: u32,
    pub section: Section,
}

/// A rendered mail without its personal parts: one for each language (and, later, each set of topics).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Which readers it is for, e.g. `fr`.
    pub key: String,
    pub lang: String,
    pub subject: String,
    pub html: String,
    pub text: String,
    /// Stands where each reader's own unsubscribe address goes; nothing an editor writes can contain it.
    pub unsubscribe_mark: String,
    /// The same for the address of the preferences; empty where there is none.
    pub preferences_mark: String,
}

/// An issue about to be frozen; the store gives it its number and enqueues its deliveries in the same transaction.
#[derive(Debug, Clone)]
pub struct NewIssue {
    pub newsletter: String,
    pub slot: NaiveDateTime,
    pub frozen_at: DateTime<Utc>,
    /// The number the variants were rendered with; the store refuses to freeze if another issue took it meanwhile.
    pub number: u32,
    pub on_doubt: OnDoubt,
    pub items: Vec<IssueItem>,
    pub variants: Vec<Variant>,
}

/// What a worker needs of a frozen issue to build its mails.
#[derive(Debug, Clone)]
pub struct FrozenIssue {
    pub id: i64,
    pub newsletter: String,
    pub number: u32,
    pub slot: NaiveDateTime,
    pub frozen_at: DateTime<Utc>,
    pub variants: Vec<Variant>,
}

/// A slot and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    pub id: i64,
    pub newsletter: String,
    pub slot: NaiveDateTime,
    /// `None` where the slot was empty or held.
    pub number: Option<u32>,
    pub state: IssueState,
    pub decided_at: DateTime<Utc>,
}
