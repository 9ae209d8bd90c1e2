//! Signs mails (RFC 6376, `relaxed/relaxed`), with RSA and Ed25519 (RFC 8463) both where both are configured.
//!
//! Written here, on the ring that TLS brings along, because a mail must be the same at every attempt: mail-auth takes `t=`
//! from the clock and brings thirty crates, and lettre's signer breaks where the Content-Type of a multipart is covered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use crate::model::dkim::DkimSettings;
use crate::model::token::sha256;

/// What is covered, and whether it is oversigned: named once more than it is there, so that nobody can add one (§5.4, §8.15).
const COVERED: [(&str, bool); 14] = [
    ("From", true),
    ("To", true),
    ("Cc", true),
    ("Subject", true),
    ("Date", true),
    ("Reply-To", true),
    ("MIME-Version", true),
    ("Content-Type", true),
    ("Message-ID", false),
    ("List-Id", false),
    // RFC 8058 §4 asks for both
    ("List-Unsubscribe", false),
    ("List-Unsubscribe-Post", false),
    ("Auto-Submitted", false),
    ("Feedback-ID", false),
];

/// Puts one `DKIM-Signature` for each key before the message; the same bytes for the same message and instant.
///
/// # Errors
/// Where the message has no From, or a key cannot sign.
pub fn signed(message: &[u8], keys: &[DkimSettings], at: DateTime<Utc>) -> Result<Vec<u8>, String> {
    if keys.is_empty() {
        return Ok(message.to_vec());
    }
    let (fields, body) = split(message);
    let names = covered(&fields).ok_or("a mail without From cannot be signed")?;
    let body_hash = STANDARD.encode(sha256(&relaxed_body(body)));
    let mut whole = Vec::with_capacity(message.len() + 1024 * keys.len());
    for key in keys {
        let unsigned = format!(
            "DKIM-Signature: v=1; a={}; c=relaxed/relaxed;\r\n d={};\r\n s={}; t={};\r\n h={};\r\n bh={body_hash};\r\n b=",
            key.key.algorithm(),
            key.domain,
            key.selector,
            at.timestamp(),
            folded_names(&names),
        );
        let signature = key.key.sign(&covered_bytes(&fields, &names, &unsigned));
        let signature = signature.ok_or("the key does not sign")?;
        whole.extend_from_slice(unsigned.as_bytes());
        whole.extend_from_slice(folded(&STANDARD.encode(signature)).as_bytes());
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(message);
    Ok(whole)
}

/// A header field: its name, and all after the colon with its folds.
type Field<'a> = (&'a str, &'a str);

/// The fields of the head, and the body behind the empty line.
fn split(message: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = end.map_or((message, &[][..]), |end| (&message[..end + 2], &message[end + 4..]));
    let head = std::str::from_utf8(head).unwrap_or_default();
    let mut fields = Vec::new();
    let mut from = 0;
    for (at, _) in head.match_indices("\r\n") {
        if !head[at + 2..].starts_with([' ', '\t']) {
            fields.extend(head[from..at].split_once(':').map(|(name, value)| (name.trim_end(), value)));
            from = at + 2;
        }
    }
    (fields, body)
}

/// The names for `h=`. `None` without a From, which has to be covered (§5.4).
fn covered(fields: &[Field<'_>]) -> Option<Vec<&'static str>> {
    let count = |name: &str| fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count();
    if count("From") == 0 {
        return None;
    }
    let times =
        |(name, oversigned): (&'static str, bool)| std::iter::repeat_n(name, count(name) + usize::from(oversigned));
    Some(COVERED.into_iter().flat_map(times).collect())
}

/// What is signed (§3.7): the named fields, each name taking the last one not yet taken (§5.4.2), then the signature's own
/// field without its value and line end.
fn covered_bytes(fields: &[Field<'_>], names: &[&str], own: &str) -> Vec<u8> {
    let mut left: Vec<&Field<'_>> = fields.iter().collect();
    let mut bytes = Vec::new();
    for name in names {
        // a name too many stands for a field that is not there, and adds nothing
        if let Some(at) = left.iter().rposition(|(other, _)| other.eq_ignore_ascii_case(name)) {
            let (name, value) = left.remove(at);
            bytes.extend_from_slice(relaxed_field(name, value).as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
    }
    if let Some((name, value)) = own.split_once(':') {
        bytes.extend_from_slice(relaxed_field(name, value).as_bytes());
    }
    bytes
}

/// §3.4.2
fn relaxed_field(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}", name.trim_end().to_ascii_lowercase(), words.join(" "))
}

/// §3.4.4
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut relaxed = Vec::with_capacity(body.len() + 2);
    let mut end = 0;
    let mut lines = body.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_none() && line.is_empty() {
            break;
        }
        relaxed_line(line.strip_suffix(b"\r").unwrap_or(line), &mut relaxed);
        let is_empty = relaxed.len() == end || relaxed.ends_with(b"\n");
        relaxed.extend_from_slice(b"\r\n");
        if !is_empty {
            end = relaxed.len();
        }
    }
    relaxed.truncate(end);
    relaxed
}

/// Blanks within become one, those at the end none.
fn relaxed_line(line: &[u8], relaxed: &mut Vec<u8>) {
    let mut blank = false;
    for byte in line {
        match byte {
            b' ' | b'\t' => blank = true,
            _ => {
                if std::mem::take(&mut blank) {
                    relaxed.push(b' ');
                }
                relaxed.push(*byte);
            }
        }
    }
}

/// Well below the 78 columns of RFC 5322 §2.1.1.
const COLUMNS: usize = 70;

fn folded_names(names: &[&str]) -> String {
    let mut folded = String::new();
    let mut column = 0;
    for name in names {
        if !folded.is_empty() {
            folded.push(':');
            if column + name.len() > COLUMNS {
                folded.push_str("\r\n  ");
                column = 0;
            }
        }
        folded.push_str(name);
        column += name.len() + 1;
    }
    folded
}

fn folded(base64: &str) -> String {
    let mut folded = String::with_capacity(base64.len() + 32);
    for (at, c) in base64.char_indices() {
        if at > 0 && at % COLUMNS == 0 {
            folded.push_str("\r\n  ");
        }
        folded.push(c);
    }
    folded
}

#[cfg(test)]
mod tests;
