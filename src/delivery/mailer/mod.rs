//! Hands mails over: to a relay by SMTP, or into a folder.
//!
//! A connection works in two steps, because `sending` must be committed between them: `envelope` names sender and
//! recipient, `transmit` hands the message itself over. It knows nothing of issues, subscriptions or the store.

mod connect;
mod folder;
mod guard;
mod reply;
mod smtp;
mod tls;

pub use self::connect::{Deadlines, SmtpMailer};
pub use self::folder::FolderConnection;
pub use self::reply::check_message;
pub use self::smtp::SmtpConnection;

use std::sync::Arc;

use crate::model::delivery::Outcome;
use crate::model::settings::{MailSettings, MailTransport};
use crate::model::subscription::EmailAddress;

/// Why an envelope was not taken, or a connection not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Answer {
    /// This recipient, later: a 4xx.
    #[error("{0}")]
    Deferred(String),
    /// This recipient, never: a 5xx.
    #[error("{0}")]
    Refused(String),
    /// Nothing was said about the recipient: the connection is gone. Open another.
    #[error("{0}")]
    Lost(String),
    /// The sender, later: a 4xx to MAIL. Nothing was said about the recipient.
    #[error("{0}")]
    NotNow(String),
    /// The relay will not have us: sender or password refused, no TLS, misconfigured. No recipient is to blame.
    #[error("{0}")]
    Unwelcome(String),
}

/// A setting that can never work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailerError {
    #[error("a password needs TLS: it is never sent in the clear")]
    PasswordInTheClear,
    #[error("the {0} has a control character")]
    ControlCharacter(&'static str),
}

/// Whether a message may still be handed over.
pub type MayStill = Arc<dyn Fn() -> bool + Send + Sync>;

/// Where connections come from.
#[derive(Debug)]
pub enum Mailer {
    Smtp(Box<SmtpMailer>),
    Folder(std::path::PathBuf),
}

/// One open way out; it carries one message at a time.
#[derive(Debug)]
pub enum Connection {
    Smtp(Box<SmtpConnection>),
    Folder(FolderConnection),
}

impl Mailer {
    /// # Errors
    /// Where the settings can never work; nothing is connected to yet.
    pub fn new(settings: &MailSettings) -> Result<Self, MailerError> {
        Self::with_deadlines(settings, Deadlines::default())
    }

    /// The same with other deadlines than those of RFC 5321.
    pub fn with_deadlines(settings: &MailSettings, deadlines: Deadlines) -> Result<Self, MailerError> {
        Ok(match &settings.transport {
            MailTransport::Smtp(smtp) => Self::Smtp(Box::new(SmtpMailer::new(smtp.clone(), deadlines)?)),
            MailTransport::Folder { dir } => Self::Folder(dir.clone()),
        })
    }

    /// Opens a connection: greeting, EHLO, TLS and AUTH for SMTP; the folders for a Maildir.
    ///
    /// # Errors
    /// `Lost` where nobody answers, `Unwelcome` where the relay will not have us.
    pub async fn connect(&self) -> Result<Connection, Answer> {
        match self {
            Self::Smtp(mailer) => Ok(Connection::Smtp(Box::new(mailer.connect().await?))),
            Self::Folder(dir) => Ok(Connection::Folder(FolderConnection::open(dir).await?)),
        }
    }

    /// The longest that the answer to the final dot may take.
    pub fn longest_answer(&self) -> std::time::Duration {
        match self {
            Self::Smtp(mailer) => mailer.deadlines().answer,
            Self::Folder(_) => std::time::Duration::from_mins(1),
        }
    }

    /// The longest `Connection::transmit` may take.
    pub fn longest_transmission(&self) -> std::time::Duration {
        match self {
            Self::Smtp(mailer) => mailer.deadlines().longest_transmission(),
            Self::Folder(_) => std::time::Duration::from_mins(1),
        }
    }
}

impl Connection {
    /// Names sender and recipient (MAIL, RCPT). Nothing is handed over yet. A refused recipient leaves the connection
    /// ready for the next envelope.
    pub async fn envelope(&mut self, from: &EmailAddress, to: &EmailAddress) -> Result<(), Answer> {
        match self {
            Self::Smtp(connection) => connection.envelope(from, to).await,
            Self::Folder(_) => Ok(()),
        }
    }

    /// Whether letters beyond ASCII may stand in the header of this mail.
    pub fn is_international(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.is_international(),
            Self::Folder(_) => true,
        }
    }

    /// Hands over the message whose envelope was taken and waits for the final answer.
    pub async fn transmit(&mut self, message: &[u8]) -> Outcome {
        self.transmit_while(message, Arc::new(|| true)).await
    }

    /// The same, but `may_still` has the last word before the final dot: after a `false` the connection is given up, and the
    /// message was never handed over. The relay may have taken its time with the rest of it, or the machine stood still.
    pub async fn transmit_while(&mut self, message: &[u8], may_still: MayStill) -> Outcome {
        if let Err(reason) = reply::check_message(message, self.is_international()) {
            self.forget_envelope().await;
            return Outcome::Refused { reason };
        }
        match self {
            Self::Smtp(connection) => connection.transmit(message, may_still).await,
            Self::Folder(_) if !may_still() => Outcome::Deferred { reason: "it took too long".to_owned() },
            Self::Folder(connection) => connection.transmit(message).await,
        }
    }

    /// Takes an envelope back that no message will follow.
    pub async fn forget_envelope(&mut self) {
        if let Self::Smtp(connection) = self {
            connection.reset().await;
        }
    }

    /// The largest message the relay says it takes (SIZE, RFC 1870).
    pub fn most_octets(&self) -> Option<u64> {
        match self {
            Self::Smtp(connection) => connection.most_octets(),
            Self::Folder(_) => None,
        }
    }

    /// Whether another envelope may be tried on it.
    pub fn is_usable(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.is_usable(),
            Self::Folder(_) => true,
        }
    }

    /// Whether a `transmit` that was dropped half way had handed the message over: then nobody knows.
    pub fn may_have_delivered(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.may_have_delivered(),
            Self::Folder(_) => true,
        }
    }

    /// Says goodbye; whatever the answer is, nothing depends on it.
    pub async fn close(self) {
        if let Self::Smtp(connection) = self {
            connection.quit().await;
        }
    }
}
