//! What comes back: reads a report and records what it says.

use chrono::{DateTime, Utc};

use super::App;
use crate::delivery::bounce::report::{self, Report};
use crate::model::bounce::{Bounced, NewBounce};
use crate::model::token::sha256_hex;
use crate::store;

/// What became of a message that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    Suppressed,
    Counted,
    DomainBroken,
    Forgotten,
    Known,
    NothingFailed,
    AutoReply,
    Loop,
    TooOld,
    NotOurs,
    Other,
}

impl Taken {
    /// So many messages became that.
    pub fn counted(self, count: usize) -> String {
        let is_one = count == 1;
        let what = match self {
            Self::Suppressed => "suppressed",
            Self::Counted => "counted",
            Self::DomainBroken => "of a broken domain",
            Self::Forgotten if is_one => "sign-up forgotten",
            Self::Forgotten => "sign-ups forgotten",
            Self::Known => "known already",
            Self::NothingFailed => "where nothing failed",
            Self::AutoReply if is_one => "automatic reply",
            Self::AutoReply => "automatic replies",
            Self::Loop if is_one => "mail of our own",
            Self::Loop => "mails of our own",
            Self::TooOld => "too old",
            Self::NotOurs => "about no mail of ours",
            Self::Other if is_one => "message that is no report we can read",
            Self::Other => "messages that are no reports we can read",
        };
        format!("{count} {what}")
    }

    /// Whether nobody need look at it any more.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::TooOld | Self::NotOurs | Self::Other)
    }
}

impl App {
    /// Reads a message that came back and records what it says, durably. `recipients` are those of its envelope, where it is
    /// known. Idempotent: the same message again changes nothing.
    ///
    /// # Errors
    /// Where the store fails; nothing is recorded then.
    pub async fn take_report(
        &self,
        message: Vec<u8>,
        recipients: Vec<String>,
        now: DateTime<Utc>,
    ) -> store::Result<Taken> {
        let key = self.key.clone();
        let reading =
            tokio::task::spawn_blocking(move || (report::read(&message, &recipients, &key), sha256_hex(&message)));
        let Ok((read, hash)) = reading.await else { return Ok(Taken::Other) };
        let (about, kind, status) = match read {
            Report::Failed { about, kind, status } => (about, kind, status),
            Report::NotOurs => return Ok(Taken::NotOurs),
            Report::NothingFailed => return Ok(Taken::NothingFailed),
            Report::AutoReply => return Ok(Taken::AutoReply),
            Report::Loop => return Ok(Taken::Loop),
            Report::Other => return Ok(Taken::Other),
        };
        let bounced = self.store.record_bounce(&NewBounce { report: hash, about, kind, status }, now).await?;
        let code = status.map(|status| status.to_string());
        tracing::debug!(kind = kind.as_str(), code, ?bounced, "a mail came back");
        Ok(match bounced {
            Bounced::Counted => Taken::Counted,
            Bounced::Suppressed => Taken::Suppressed,
            Bounced::DomainBroken => {
                tracing::warn!("most readers of a domain bounce: none of them is suppressed");
                Taken::DomainBroken
            }
            Bounced::Forgotten => Taken::Forgotten,
            Bounced::Known => Taken::Known,
            Bounced::TooOld => Taken::TooOld,
        })
    }
}
