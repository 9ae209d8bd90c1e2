//! One reader's mail, pure: the same issue or letter and reader give the same bytes at every attempt.
//!
//! The text was rendered once; only what is personal is filled in here. It knows nothing of transports.

use chrono::{DateTime, Utc};
use lettre::Address;
use lettre::address::AddressError;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use crate::model::delivery::{Carries, Claim};
use crate::model::issue::{FrozenIssue, Masthead};
use crate::model::letter::LetterText;
use crate::model::subscriber::person_name;
use crate::model::subscription::EmailAddress;
use crate::model::text::{one_line, without_controls};
use crate::model::token::SigningKey;

/// What all mails of a newsletter have in common.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    pub masthead: &'a Masthead,
    pub key: &'a SigningKey,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("issue {issue} has no variant `{variant}`")]
    NoVariant { issue: i64, variant: String },
    #[error("the claim is for something else")]
    OtherClaim,
    #[error("the mail cannot be built: {0}")]
    Unbuildable(String),
}

/// Builds the mail of an issue with CRLF line ends and nothing but ASCII, whatever the relay supports; only an address may
/// have letters beyond it (RFC 6532 §3.2).
///
/// # Errors
/// Where the issue lacks the reader's variant. Never shows an address.
pub fn build(sender: &Sender<'_>, issue: &FrozenIssue, claim: &Claim) -> Result<Vec<u8>, MessageError> {
    let Carries::Issue { subscription, variant: wanted, .. } = &claim.carries else {
        return Err(MessageError::OtherClaim);
    };
    let variant = issue
        .variants
        .iter()
        .find(|variant| variant.key == *wanted)
        .ok_or_else(|| MessageError::NoVariant { issue: issue.id, variant: wanted.clone() })?;
    // not the key of the day: every attempt has to give the same bytes
    let key = sender.key.of_issue(issue.id);
    let id = key.keyed_hash("message-id", &[&issue.id.to_be_bytes(), &subscription.to_be_bytes()], 16);
    let leave = sender.masthead.own_url(&format!("unsubscribe/{}", key.subscription_token(*subscription)));
    let preferences = preferences(sender, claim);
    let links = [(&*variant.preferences_mark, &*preferences), (&*variant.unsubscribe_mark, &*leave)];
    let message = head(sender, claim, &variant.subject, issue.frozen_at, &id)?
        .raw_header(HeaderValue::new(LIST_ID, list_id(sender.masthead, issue)))
        // on one line: RFC 8058 §3.1 wants it covered by DKIM, and some providers do not unfold it
        .raw_header(as_it_is(LIST_UNSUBSCRIBE, format!("<{leave}>")))
        .raw_header(as_it_is(LIST_UNSUBSCRIBE_POST, "List-Unsubscribe=One-Click".to_owned()))
        .raw_header(as_it_is(FEEDBACK_ID, feedback_id(issue)));
    let body = body(&variant.text, &variant.html, &id, &links);
    match &variant.calendar {
        Some(calendar) => finish(message, with_calendar(body, calendar, issue, &id)?),
        None => finish(message, body),
    }
}

/// Builds a letter. It is no mail of a list: it goes to one person, who asked for it or whose address somebody entered, and
/// there is nothing to leave.
///
/// # Errors
/// Where the claim is for no letter. Never shows an address.
pub fn letter(sender: &Sender<'_>, text: &LetterText, claim: &Claim) -> Result<Vec<u8>, MessageError> {
    let Carries::Letter { signup, written, .. } = &claim.carries else { return Err(MessageError::OtherClaim) };
    let id = sender.key.keyed_hash("letter-id", &[&claim.delivery.to_be_bytes()], 16);
    let link = match signup {
        Some(signup) => sender.masthead.own_url(&format!("confirm/{}", sender.key.confirmation_token(*signup))),
        None => preferences(sender, claim),
    };
    let message = head(sender, claim, &text.subject, *written, &id)?;
    finish(message, body(&text.text, &text.html, &id, &[(&text.mark, &link)]))
}

fn preferences(sender: &Sender<'_>, claim: &Claim) -> String {
    sender.masthead.own_url(&format!("preferences/{}", sender.key.preferences_token(claim.subscriber)))
}

/// The headers every mail of ours has. The Message-ID is the same at every attempt and tells nobody who the reader is.
fn head(
    sender: &Sender<'_>,
    claim: &Claim,
    subject: &str,
    date: DateTime<Utc>,
    id: &str,
) -> Result<MessageBuilder, MessageError> {
    let masthead = sender.masthead;
    let unbuildable = |error: AddressError| MessageError::Unbuildable(error.to_string());
    let from = mailbox(masthead.from.name.as_deref(), &masthead.from.address).map_err(unbuildable)?;
    // the same rules as where it came in: a state may be older than they are
    let name = claim.name.as_deref().and_then(|name| person_name(name).ok().flatten());
    let to = mailbox(name.as_deref(), &claim.address).map_err(unbuildable)?;
    let quoted = [(FROM, quoted(&from)), (TO, quoted(&to))];
    let mut message = Message::builder().from(from).to(to).subject(plain(subject));
    for (name, value) in quoted {
        if let Some(value) = value {
            message = message.raw_header(as_it_is(name, value));
        }
    }
    if let Some(reply_to) = &masthead.reply_to {
        message = message.reply_to(mailbox(None, reply_to).map_err(unbuildable)?);
    }
    Ok(message
        .date(date.into())
        .message_id(Some(format!("<{id}@{}>", masthead.from.address.domain())))
        .raw_header(as_it_is(AUTO_SUBMITTED, "auto-generated".to_owned())))
}

fn finish(message: MessageBuilder, body: MultiPart) -> Result<Vec<u8>, MessageError> {
    let message = message.multipart(body).map_err(|error| MessageError::Unbuildable(error.to_string()))?;
    Ok(message.formatted())
}

/// RFC 5322 §3.6.2.
const FROM: HeaderName = HeaderName::new_from_ascii_str("From");
/// RFC 5322 §3.6.3.
const TO: HeaderName = HeaderName::new_from_ascii_str("To");
/// RFC 2919 §2.
const LIST_ID: HeaderName = HeaderName::new_from_ascii_str("List-Id");
/// RFC 2369 §3.2.
const LIST_UNSUBSCRIBE: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe");
/// RFC 8058 §3.1.
const LIST_UNSUBSCRIBE_POST: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
/// RFC 3834 §5: vacation notices are not wanted.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
/// Google's feedback loop: by which sending complaints are counted.
const FEEDBACK_ID: HeaderName = HeaderName::new_from_ascii_str("Feedback-ID");

fn mailbox(name: Option<&str>, address: &EmailAddress) -> Result<Mailbox, AddressError> {
    let name = name.map(plain).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, address.as_str().parse::<Address>()?))
}

/// A name of one word with a dot in it, `numerique.gouv.fr`: lettre takes it for an atom, which has no dots (RFC 5322 §3.2.3).
fn quoted(mailbox: &Mailbox) -> Option<String> {
    let is_word = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let name = mailbox.name.as_deref().filter(is_word).filter(|name| name.contains('.'))?;
    Some(format!("\"{name}\" <{}>", mailbox.email))
}

/// `Title <newsletter.host>`.
fn list_id(masthead: &Masthead, issue: &FrozenIssue) -> String {
    let title: String = plain(&masthead.title).chars().filter(|c| !"<>\"()\\".contains(*c)).collect();
    format!("{title} <{}.{}>", issue.newsletter, masthead.host).trim_start().to_owned()
}

/// `issue:newsletter:kind of mail:sender`.
fn feedback_id(issue: &FrozenIssue) -> String {
    format!("{name}-{number}:{name}:newsletter:crieur", name = issue.newsletter, number = issue.number)
}

/// A header of our own making on one line; whatever is not printable ASCII is left out.
fn as_it_is(name: HeaderName, value: String) -> HeaderValue {
    let encoded = value.chars().filter(|c| matches!(c, ' '..='~')).collect();
    HeaderValue::dangerous_new_pre_encoded(name, value, encoded)
}

/// Text on one line: nothing in it can end a header.
fn plain(text: &str) -> String {
    one_line(&without_controls(text))
}

/// Plain text first: the last part is the one a reader's program prefers (RFC 2046 §5.1.4).
fn body(text: &str, html: &str, id: &str, links: &[(&str, &str)]) -> MultiPart {
    let in_html: Vec<(&str, String)> = links.iter().map(|(mark, link)| (*mark, escaped(link))).collect();
    let in_html: Vec<(&str, &str)> = in_html.iter().map(|(mark, link)| (*mark, &**link)).collect();
    MultiPart::alternative()
        .boundary(format!("crieur-{id}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &personal(text, links)))
        .singlepart(part(ContentType::TEXT_HTML, &personal(html, &in_html)))
}

/// A file to take over, no invitation: it asks for no answer (RFC 5546 §3.2.1).
fn with_calendar(body: MultiPart, calendar: &str, issue: &FrozenIssue, id: &str) -> Result<MultiPart, MessageError> {
    let kind = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH")
        .map_err(|error| MessageError::Unbuildable(error.to_string()))?;
    let file = SinglePart::builder()
        .header(kind)
        .header(ContentDisposition::attachment(&format!("{}-{}.ics", issue.newsletter, issue.number)))
        .header(ContentTransferEncoding::Base64)
        .body(calendar.as_bytes().to_vec());
    Ok(MultiPart::mixed().boundary(format!("crieur-mixed-{id}")).multipart(body).singlepart(file))
}

fn personal(text: &str, links: &[(&str, &str)]) -> String {
    let marked = links.iter().filter(|(mark, _)| !mark.is_empty());
    marked.fold(text.to_owned(), |text, (mark, link)| text.replace(mark, link))
}

fn escaped(address: &str) -> String {
    address.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Always encoded: a relay without 8BITMIME takes it, and no line is too long.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text)
}

#[cfg(test)]
mod tests;
