//! One reader's mail of a frozen issue, pure: the same issue and reader give the same bytes at every attempt.
//!
//! The variant was rendered once; only what is personal is filled in here. It knows nothing of transports.

use lettre::Address;
use lettre::address::AddressError;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use crate::model::delivery::Claim;
use crate::model::issue::{FrozenIssue, Variant};
use crate::model::settings::{MailSettings, SiteSettings};
use crate::model::subscription::EmailAddress;
use crate::model::text::{one_line, without_controls};
use crate::model::token::SigningKey;

/// What all mails of a newsletter have in common.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    pub site: &'a SiteSettings,
    pub mail: &'a MailSettings,
    pub key: &'a SigningKey,
    /// The newsletter's title.
    pub title: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("issue {issue} has no variant `{variant}`")]
    NoVariant { issue: i64, variant: String },
    #[error("the mail cannot be built: {0}")]
    Unbuildable(String),
}

/// Builds the mail with CRLF line ends and nothing but ASCII, whatever the relay supports; only an address may have letters
/// beyond it (RFC 6532 §3.2).
///
/// # Errors
/// Where the issue lacks the reader's variant. Never shows an address.
pub fn build(sender: &Sender<'_>, issue: &FrozenIssue, claim: &Claim) -> Result<Vec<u8>, MessageError> {
    let variant = issue
        .variants
        .iter()
        .find(|variant| variant.key == claim.variant)
        .ok_or_else(|| MessageError::NoVariant { issue: issue.id, variant: claim.variant.clone() })?;
    // not the key of the day: every attempt has to give the same bytes
    let key = sender.key.of_issue(issue.id);
    let id = identity(key, issue.id, claim.subscription);
    let mail = sender.mail;
    let unbuildable = |error: AddressError| MessageError::Unbuildable(error.to_string());
    let from = mailbox(mail.from.name.as_deref(), &mail.from.address).map_err(unbuildable)?;
    let to = mailbox(claim.name.as_deref(), &claim.address).map_err(unbuildable)?;
    let leave = sender.site.own_url(&format!("unsubscribe/{}", key.subscription_token(claim.subscription)));

    let quoted = [(FROM, quoted(&from)), (TO, quoted(&to))];
    let mut message = Message::builder().from(from).to(to).subject(plain(&variant.subject));
    for (name, value) in quoted {
        if let Some(value) = value {
            message = message.raw_header(as_it_is(name, value));
        }
    }
    if let Some(reply_to) = &mail.reply_to {
        message = message.reply_to(mailbox(None, reply_to).map_err(unbuildable)?);
    }
    message = message
        .date(issue.frozen_at.into())
        .message_id(Some(format!("<{id}@{}>", mail.from.address.domain())))
        .raw_header(HeaderValue::new(LIST_ID, list_id(sender, issue)))
        // on one line: RFC 8058 §3.1 wants it covered by DKIM, and some providers do not unfold it
        .raw_header(as_it_is(LIST_UNSUBSCRIBE, format!("<{leave}>")))
        .raw_header(as_it_is(LIST_UNSUBSCRIBE_POST, "List-Unsubscribe=One-Click".to_owned()))
        .raw_header(as_it_is(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .raw_header(as_it_is(FEEDBACK_ID, feedback_id(issue)));
    let message =
        message.multipart(body(variant, &id, &leave)).map_err(|error| MessageError::Unbuildable(error.to_string()))?;
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

/// The left part of the Message-ID: the same at every attempt, tells nobody who the reader is.
fn identity(key: &SigningKey, issue: i64, subscription: i64) -> String {
    key.keyed_hash("message-id", &[&issue.to_be_bytes(), &subscription.to_be_bytes()], 16)
}

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
fn list_id(sender: &Sender<'_>, issue: &FrozenIssue) -> String {
    let title: String = plain(sender.title).chars().filter(|c| !"<>\"()\\".contains(*c)).collect();
    let host = sender.site.url.host_str().unwrap_or("localhost");
    format!("{title} <{}.{host}>", issue.newsletter).trim_start().to_owned()
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
fn body(variant: &Variant, id: &str, leave: &str) -> MultiPart {
    MultiPart::alternative()
        .boundary(format!("crieur-{id}"))
        .singlepart(part(ContentType::TEXT_PLAIN, &personal(&variant.text, &variant.unsubscribe_mark, leave)))
        .singlepart(part(ContentType::TEXT_HTML, &personal(&variant.html, &variant.unsubscribe_mark, &escaped(leave))))
}

fn personal(text: &str, mark: &str, leave: &str) -> String {
    if mark.is_empty() { text.to_owned() } else { text.replace(mark, leave) }
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
