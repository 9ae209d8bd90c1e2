//! An issue: one number of a newsletter, frozen before it is sent. A later edit changes nothing that goes out.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use url::Url;

use super::announcement::{Announcement, AnnouncementId};
use super::delivery::OnDoubt;
use super::settings::Mailbox;
use super::subscription::EmailAddress;

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

/// Why nothing of a frozen issue goes out for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// `approval = true`: nobody has looked at it yet.
    Approval,
    /// The operator held it.
    Operator,
    /// The relay refuses it for what it is, not for whom it is to.
    Relay,
}

impl Hold {
    pub const ALL: [Self; 3] = [Self::Approval, Self::Operator, Self::Relay];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Operator => "operator",
            Self::Relay => "relay",
        }
    }
}

/// Under which heading an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    New,
    /// Told before; something about it that matters has changed since.
    Changed,
    Upcoming,
    /// Not shown: older than the first issue looks back.
    Baseline,
}

impl Section {
    pub const ALL: [Self; 4] = [Self::New, Self::Changed, Self::Upcoming, Self::Baseline];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Upcoming => "upcoming",
            Self::Baseline => "baseline",
        }
    }
}

/// One announcement in an issue, at the revision it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueItem {
    pub announcement: AnnouncementId,
    pub sequence: u32,
    pub section: Section,
}

/// Readers who get the same mail: those of one language and one choice of topics.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Audience {
    pub lang: String,
    /// Slugs of categories; none for everything.
    pub topics: Vec<String>,
}

impl Audience {
    /// Whether an announcement is one of their topics. One without a category is for those who want everything.
    pub fn wants(&self, announcement: &Announcement) -> bool {
        self.topics.is_empty() || announcement.categories.iter().any(|category| self.topics.contains(&category.slug))
    }
}

/// A rendered mail without its personal parts: one for each language and each set of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Which readers it is for: `fr`, or `fr+atelier` for those who chose topics.
    pub key: String,
    pub lang: String,
    pub subject: String,
    pub html: String,
    pub text: String,
    /// Stands where each reader's own unsubscribe address goes; nothing an editor writes can contain it.
    pub unsubscribe_mark: String,
    /// The same for the address of the preferences; empty where there is none.
    pub preferences_mark: String,
    /// Its events as a calendar file (iCalendar), where the newsletter attaches one.
    pub calendar: Option<String>,
}

/// What all mails of an issue say of who sends them, as it was when the issue was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masthead {
    /// The newsletter's title.
    pub title: String,
    pub from: Mailbox,
    pub reply_to: Option<EmailAddress>,
    /// Where readers reach crieur itself: the way to leave starts here.
    pub public_url: Url,
    /// The site's host: what `List-Id` ends with.
    pub host: String,
}

impl Masthead {
    /// Absolute address of one of crieur's own paths.
    pub fn own_url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
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
    /// Frozen, and not sent before somebody says so.
    pub hold: Option<Hold>,
    pub masthead: Masthead,
    /// SHA-256 of the templates it was rendered by.
    pub templates: String,
    /// What its page on the web shows, HTML without any reader's personal parts.
    pub page: String,
    pub items: Vec<IssueItem>,
    /// The first has everything, in the newsletter's own language.
    pub variants: Vec<Variant>,
    /// The key of the variant each audience gets; `None` where nothing in the issue is theirs. Those are no recipients.
    pub audiences: Vec<(Audience, Option<String>)>,
}

/// What a worker needs of a frozen issue to build its mails.
#[derive(Debug, Clone)]
pub struct FrozenIssue {
    pub id: i64,
    pub newsletter: String,
    pub number: u32,
    pub slot: NaiveDateTime,
    pub frozen_at: DateTime<Utc>,
    /// `None` for one that was frozen before it was kept.
    pub masthead: Option<Masthead>,
    pub variants: Vec<Variant>,
}

/// What is shown of an issue on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuePage {
    pub issue: i64,
    pub newsletter: String,
    pub number: u32,
    pub slot: NaiveDateTime,
    pub frozen_at: DateTime<Utc>,
    pub lang: String,
    pub subject: String,
    /// The site's host when it was frozen: what its id in feeds is minted with.
    pub host: Option<String>,
    /// HTML of the part between header and footer.
    pub body: String,
}

impl IssuePage {
    /// Site path of its page.
    pub fn path(&self) -> String {
        format!("newsletters/{}/{}/", self.newsletter, self.number)
    }
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
    /// Why it does not go out, and what there is to say of that.
    pub hold: Option<Hold>,
    pub hold_reason: Option<String>,
    pub decided_at: DateTime<Utc>,
}

impl Issue {
    /// `waits for approval`, `held (relay: 552 5.3.4 too large)`; `None` where it goes out.
    pub fn why_held(&self) -> Option<String> {
        let reason = self.hold_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(match self.hold? {
            Hold::Approval => "waits for approval".to_owned(),
            hold => format!("held ({}{reason})", hold.as_str()),
        })
    }
}
