//! A mail over an open SMTP connection (RFC 5321 §3.3), and what is known when it fails half way.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::Extension;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::time::timeout;

use super::reply::{self, Said};
use super::{Answer, Deadlines, MayStill};
use crate::model::delivery::Outcome;
use crate::model::subscription::EmailAddress;

/// An open connection that has been greeted.
pub struct SmtpConnection {
    smtp: AsyncSmtpConnection,
    deadlines: Deadlines,
    most_octets: Option<u64>,
    /// Set by the stream where writing fails, or by us so that it does: what was being said never arrived whole.
    write_failed: Arc<AtomicBool>,
    /// Set when the body is out and the final dot is about to follow.
    handed_over: Arc<AtomicBool>,
    broken: bool,
    /// This mail's addresses have letters beyond ASCII, and the relay carries them.
    international: bool,
}

impl SmtpConnection {
    pub(super) fn new(
        smtp: AsyncSmtpConnection,
        deadlines: Deadlines,
        most_octets: Option<u64>,
        write_failed: Arc<AtomicBool>,
    ) -> Self {
        let handed_over = Arc::default();
        Self { smtp, deadlines, most_octets, write_failed, handed_over, broken: false, international: false }
    }

    pub(super) fn most_octets(&self) -> Option<u64> {
        self.most_octets
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.broken
    }

    pub(super) fn is_international(&self) -> bool {
        self.international
    }

    pub(super) fn may_have_delivered(&self) -> bool {
        self.handed_over.load(Ordering::Acquire) && !self.write_failed.load(Ordering::Acquire)
    }

    pub(super) async fn envelope(&mut self, from: &EmailAddress, to: &EmailAddress) -> Result<(), Answer> {
        self.handed_over.store(false, Ordering::Release);
        self.international = from.is_international() || to.is_international();
        if self.international && !self.smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
            let reason = "the relay carries no addresses with letters beyond ASCII (it offers no SMTPUTF8, RFC 6531)";
            return Err(Answer::Refused(reason.to_owned()));
        }
        match self.name("MAIL FROM:<", from).await {
            Ok(()) => {}
            // whatever is wrong with the sender is not the recipient's fault
            Err(Said::Never(reason)) => return Err(Answer::Unwelcome(reason)),
            Err(Said::NotNow(reason)) => return Err(Answer::NotNow(reason)),
            Err(Said::Closing(reason) | Said::Nothing(reason)) => return Err(Answer::Lost(reason)),
        }
        let answer = match self.name("RCPT TO:<", to).await.map_err(Said::without_blame) {
            Ok(()) => return Ok(()),
            Err(Said::Closing(reason) | Said::Nothing(reason)) => return Err(Answer::Lost(reason)),
            Err(Said::NotNow(reason)) => Answer::Deferred(reason),
            Err(Said::Never(reason)) => Answer::Refused(reason),
        };
        self.reset().await;
        Err(answer)
    }

    async fn name(&mut self, verb: &str, address: &EmailAddress) -> Result<(), Said> {
        let line = match (self.international, verb) {
            (false, _) => reply::command(verb, address.as_str())?,
            (true, "MAIL FROM:<") => reply::international_command(verb, address.as_str(), " BODY=8BITMIME SMTPUTF8")?,
            (true, _) => reply::international_command(verb, address.as_str(), "")?,
        };
        self.say(line, self.deadlines.command, Severity::PositiveCompletion).await
    }

    /// Takes the envelope back (RSET), so that the next MAIL is not "nested".
    pub(super) async fn reset(&mut self) {
        let answer = self.say("RSET\r\n".to_owned(), self.deadlines.command, Severity::PositiveCompletion).await;
        self.broken |= answer.is_err();
    }

    pub(super) async fn transmit(&mut self, message: &[u8], may_still: MayStill) -> Outcome {
        let answer = self.say("DATA\r\n".to_owned(), self.deadlines.data, Severity::PositiveIntermediate).await;
        let outcome = match answer.map_err(Said::without_blame) {
            Ok(()) => return self.hand_over(message, may_still).await,
            Err(Said::NotNow(reason)) => Outcome::Deferred { reason },
            Err(Said::Never(reason)) => Outcome::Refused { reason },
            Err(Said::Closing(reason) | Said::Nothing(reason)) => return Outcome::Deferred { reason },
        };
        self.reset().await;
        outcome
    }

    async fn hand_over(&mut self, message: &[u8], may_still: MayStill) -> Outcome {
        // lettre puts a line end before the final dot whether there is one or not
        let body = message.strip_suffix(b"\r\n").unwrap_or(message);
        let (handed_over, write_failed) = (Arc::clone(&self.handed_over), Arc::clone(&self.write_failed));
        // asked for a second part, it has written the first and is about to write the dot
        let no_more = std::iter::from_fn(move || {
            // nothing more is written once this is set
            write_failed.fetch_or(!may_still(), Ordering::AcqRel);
            handed_over.store(true, Ordering::Release);
            None
        });
        let answer = {
            let sending = pin!(self.smtp.message_iter(std::iter::once(body).chain(no_more)));
            final_answer(sending, &self.handed_over, &self.deadlines).await
        };
        let answer = match answer {
            Some(answer) => reply::read(answer, Severity::PositiveCompletion),
            None => Err(Said::Nothing("no answer in time".to_owned())),
        };
        match answer.map_err(Said::without_blame) {
            Ok(()) => Outcome::Sent,
            Err(Said::NotNow(reason)) => Outcome::Deferred { reason },
            Err(Said::Never(reason)) => Outcome::Refused { reason },
            Err(Said::Closing(reason)) => {
                self.broken = true;
                Outcome::Deferred { reason }
            }
            Err(Said::Nothing(reason)) => self.lost_while_sending(&reason),
        }
    }

    fn lost_while_sending(&mut self, reason: &str) -> Outcome {
        self.broken = true;
        if self.may_have_delivered() {
            Outcome::Doubt { reason: format!("handed over, then: {reason}") }
        } else {
            Outcome::Deferred { reason: format!("not handed over whole: {reason}") }
        }
    }

    pub(super) async fn quit(mut self) {
        if !self.broken {
            // whatever the answer is, everything is recorded already
            let _ = timeout(self.deadlines.quit, self.smtp.command("QUIT\r\n")).await;
        }
    }

    async fn say(&mut self, line: String, limit: Duration, expected: Severity) -> Result<(), Said> {
        if self.broken {
            return Err(Said::Nothing("the connection is closed".to_owned()));
        }
        let answer = match timeout(limit, self.smtp.command(line)).await {
            Ok(answer) => reply::read(answer, expected),
            Err(_) => Err(Said::Nothing("no answer in time".to_owned())),
        };
        self.broken |= matches!(answer, Err(Said::Closing(_) | Said::Nothing(_)));
        answer
    }
}

/// Waits for the body to be taken, then, with a deadline of its own, for the final answer. `None`: too late.
async fn final_answer(
    mut sending: Pin<&mut impl Future<Output = Result<Response, Error>>>,
    handed_over: &AtomicBool,
    deadlines: &Deadlines,
) -> Option<Result<Response, Error>> {
    let body = poll_fn(|cx| match sending.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if handed_over.load(Ordering::Acquire) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    match timeout(deadlines.body, body).await.ok()? {
        Some(answer) => Some(answer),
        None => timeout(deadlines.answer, sending).await.ok(),
    }
}

impl fmt::Debug for SmtpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConnection").field("broken", &self.broken).finish_non_exhaustive()
    }
}
