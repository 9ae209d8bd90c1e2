//! One message that came back: what it says, and of which mail.

use std::borrow::Cow;
use std::thread;

use mail_parser::{HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::verp;
use crate::model::bounce::{About, BounceKind, Status};
use crate::model::token::SigningKey;

/// As much of a report is read, in octets. What it says stands at its beginning; what follows is our own mail.
pub const READ: usize = 256 * 1024;

/// Parts may be nested as deep as these octets allow, and taking that apart again takes stack.
const STACK: usize = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A final failure (or a complaint) about a mail of ours.
    Failed { about: About, kind: BounceKind, status: Option<Status> },
    /// A final failure or complaint that names no mail of ours: forged, or of a mail that is not ours.
    NotOurs,
    /// Delayed, delivered, relayed: nothing has failed.
    NothingFailed,
    /// Written by a machine to a machine (RFC 3834): never answered, never counted.
    AutoReply,
    /// Our own mail has come back to us.
    Loop,
    /// No report. Perhaps somebody wrote.
    Other,
}

/// Reads any bytes. `recipients` are those the envelope named, where it is known.
pub fn read(message: &[u8], recipients: &[String], key: &SigningKey) -> Report {
    let message = &message[..message.len().min(READ)];
    thread::scope(|scope| {
        let reading = || look(message, recipients, key);
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, reading);
        reader.ok().and_then(|reader| reader.join().ok()).unwrap_or(Report::Other)
    })
}

fn look(message: &[u8], recipients: &[String], key: &SigningKey) -> Report {
    let Some(message) = MessageParser::default().parse(message) else { return Report::Other };
    if is_our_own(&message) {
        return Report::Loop;
    }
    let said = match report_type(&message).as_deref() {
        // what it says may be beyond what is read: somebody should look at it
        Some("delivery-status") if part(&message, is_status).is_none() => return Report::Other,
        Some("delivery-status") => failure(&message),
        Some("feedback-report") => complaint(&message),
        Some("") => return Report::Other,
        Some(_) => return Report::NothingFailed,
        None if is_automatic(&message) => return Report::AutoReply,
        None => return Report::Other,
    };
    let Some((kind, status)) = said else { return Report::NothingFailed };
    match about(&message, recipients, key) {
        Some(about) => Report::Failed { about, kind, status },
        None => Report::NotOurs,
    }
}

fn is_status(subtype: &str) -> bool {
    subtype.ends_with("delivery-status")
}

/// The `report-type` of a `multipart/report` (RFC 6522 §3); where it is left out, by what is in it.
fn report_type(message: &Message<'_>) -> Option<String> {
    let kind = message.content_type()?;
    let is_report = kind.ctype().eq_ignore_ascii_case("multipart")
        && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"));
    let has = |wanted: fn(&str) -> bool| part(message, wanted).is_some();
    is_report.then(|| match kind.attribute("report-type") {
        Some(kind) => kind.to_ascii_lowercase(),
        None if has(is_status) => "delivery-status".to_owned(),
        None if has(|subtype| subtype == "feedback-report") => "feedback-report".to_owned(),
        None => String::new(),
    })
}

/// The fields of the worst recipient that failed for good. `None` where none did.
fn failure(message: &Message<'_>) -> Option<(BounceKind, Option<Status>)> {
    let status = part(message, is_status)?;
    let groups = blocks(&status);
    let failed = groups
        .iter()
        .filter(|group| field(group, "action").is_some_and(|action| action.to_ascii_lowercase().starts_with("failed")));
    let kinds = failed.filter_map(|group| {
        let said = field(group, "status").and_then(Status::find);
        // some servers give 5.0.0 there, and their reason beside it
        let code = field(group, "diagnostic-code").and_then(Status::find);
        let status = match (said, code) {
            (Some(said), Some(code)) if said.is_vague() && said.class == code.class => code,
            (Some(said), _) => said,
            (None, _) => return None,
        };
        (status.class != 2).then(|| (status.kind(), Some(status)))
    });
    kinds.min_by_key(|(kind, _)| BounceKind::ALL.iter().position(|other| other == kind))
}

/// A reader who calls our mail unwanted (RFC 5965 §7.3). What machines think of our mails is no complaint.
fn complaint(message: &Message<'_>) -> Option<(BounceKind, Option<Status>)> {
    let fields = part(message, |subtype| subtype == "feedback-report")?;
    let kind = blocks(&fields).iter().find_map(|block| field(block, "feedback-type").map(str::to_ascii_lowercase))?;
    matches!(kind.as_str(), "abuse" | "fraud" | "opt-out" | "miscategorized").then_some((BounceKind::Complaint, None))
}

/// Whichever of the places that hold our return path or our link to leave still has one.
fn about(message: &Message<'_>, recipients: &[String], key: &SigningKey) -> Option<About> {
    let envelope = recipients.iter().find_map(|recipient| verp::find(key, recipient));
    let head = || {
        const RECIPIENTS: [&str; 6] =
            ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "X-RCPT-To"];
        RECIPIENTS.iter().find_map(|name| message.header_raw(*name).and_then(|value| verp::find(key, value)))
    };
    let machine = || {
        let part = part(message, |subtype| subtype == "feedback-report" || is_status(subtype))?;
        verp::find(key, &part)
    };
    let returned = || {
        let head = returned_head(message)?;
        verp::find(key, &head).or_else(|| link_to_leave(&head, key).map(About::Subscription))
    };
    envelope.or_else(head).or_else(machine).or_else(returned)
}

/// The head of the mail that was returned with the report.
fn returned_head(message: &Message<'_>) -> Option<String> {
    message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(returned) => {
            Some(returned.headers_raw().flat_map(|(name, value)| [name, ":", value, "\n"]).collect())
        }
        _ if subtype(part).is_some_and(|subtype| subtype.contains("rfc822-headers")) => Some(text(part).into_owned()),
        _ => None,
    })
}

fn link_to_leave(head: &str, key: &SigningKey) -> Option<i64> {
    head.split(['<', '>', '"', ' ', '\r', '\n'])
        .filter_map(|word| word.rsplit_once("/unsubscribe/"))
        .find_map(|(_, token)| key.open_subscription_token(token))
}

/// Every mail of ours says so (`message::feedback_id`), and no report does.
fn is_our_own(message: &Message<'_>) -> bool {
    message.header_raw("Feedback-ID").is_some_and(|value| value.trim().ends_with(":crieur"))
        && message.header_raw("List-Id").is_some()
}

/// RFC 3834 §5, and what was written before it.
fn is_automatic(message: &Message<'_>) -> bool {
    let says = |name: &str, wanted: fn(&str) -> bool| {
        message.header_raw(name).is_some_and(|value| wanted(value.trim().to_ascii_lowercase().as_str()))
    };
    says("Auto-Submitted", |value| !value.starts_with("no"))
        || says("Precedence", |value| matches!(value, "bulk" | "junk" | "auto_reply" | "list"))
        || ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"].iter().any(|name| says(name, |_| true))
        || matches!(message.header("Return-Path"), Some(HeaderValue::Empty))
        || message.header_raw("Return-Path").is_some_and(|value| value.trim() == "<>")
}

fn subtype<'a>(part: &'a MessagePart<'_>) -> Option<Cow<'a, str>> {
    part.content_type()?.subtype().map(|subtype| Cow::Owned(subtype.to_ascii_lowercase()))
}

/// The words of the first part of such a subtype.
fn part(message: &Message<'_>, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let found = message.parts.iter().find(|part| subtype(part).is_some_and(|subtype| wanted(&subtype)))?;
    Some(text(found).into_owned())
}

/// The parser gives `message/delivery-status` as octets, or as a message where it looks like one.
fn text<'a>(part: &'a MessagePart<'_>) -> Cow<'a, str> {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => Cow::Borrowed(text),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => String::from_utf8_lossy(bytes),
        PartType::Message(message) => String::from_utf8_lossy(message.raw_message()),
        PartType::Multipart(_) => Cow::Borrowed(""),
    }
}

/// Groups of fields with empty lines between (RFC 3464 §2.1), each field on one line.
fn blocks(text: &str) -> Vec<Vec<(String, String)>> {
    let mut blocks = vec![Vec::<(String, String)>::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            blocks.push(Vec::new());
            continue;
        }
        let Some(block) = blocks.last_mut() else { continue };
        match (line.starts_with([' ', '\t']), block.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (false, _, Some((name, value))) => {
                block.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            _ => {}
        }
    }
    blocks
}

fn field<'a>(block: &'a [(String, String)], name: &str) -> Option<&'a str> {
    block.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
