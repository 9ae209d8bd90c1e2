//! Conditional requests (RFC 9110 §13): does the reader have it, and does he insist on what is gone?

use axum::http::{HeaderMap, HeaderName, header};
use chrono::{DateTime, NaiveDateTime, Utc};

/// What the conditions of a request come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Send,
    /// 304: the reader has the representation with this validator.
    Known(String),
    /// 412
    Failed,
}

/// Decides for a document last changed at `changed` (in whole seconds). `etags` are those of the representations this
/// reader would take, the one that would be sent first: a cache may know several.
pub(super) fn judge(headers: &HeaderMap, etags: &[String], changed: DateTime<Utc>) -> Outcome {
    let sent = etags.first().map_or("", String::as_str);
    if headers.contains_key(header::IF_MATCH) {
        let is_met = tags(headers, &header::IF_MATCH).iter().any(|tag| tag == "*" || tag == sent);
        if !is_met {
            return Outcome::Failed;
        }
    } else if date(headers, &header::IF_UNMODIFIED_SINCE).is_some_and(|since| changed > since) {
        return Outcome::Failed;
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        let known = tags(headers, &header::IF_NONE_MATCH);
        let weak = |etag: &String| known.iter().any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag);
        if known.iter().any(|tag| tag == "*") {
            return Outcome::Known(sent.to_owned());
        }
        return etags.iter().find(|etag| weak(etag)).map_or(Outcome::Send, |etag| Outcome::Known(etag.clone()));
    }
    if date(headers, &header::IF_MODIFIED_SINCE).is_some_and(|since| changed <= since) {
        return Outcome::Known(sent.to_owned());
    }
    Outcome::Send
}

/// The entity tags of a list, as written; commas may stand within one.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let mut tags = vec![String::new()];
    for line in headers.get_all(name) {
        let mut is_quoted = false;
        for character in String::from_utf8_lossy(line.as_bytes()).chars() {
            is_quoted ^= character == '"';
            match tags.last_mut() {
                Some(tag) if character != ',' || is_quoted => tag.push(character),
                _ => tags.push(String::new()),
            }
        }
        tags.push(String::new());
    }
    tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// The one date of a header; what is none is as if it were not there.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    let mut lines = headers.get_all(name).iter();
    let text = lines.next()?.to_str().ok()?.trim();
    if lines.next().is_some() {
        return None;
    }
    // all three of RFC 9110 §5.6.7; chrono's reader of RFC 2822 would take more
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|at| at.and_utc())
}

/// IMF-fixdate (RFC 9110 §5.6.7).
pub(super) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(conditions: &[(&str, &str)]) -> Outcome {
        let mut headers = HeaderMap::new();
        for (name, value) in conditions {
            headers.append(name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"));
        }
        let etags = ["\"a-br\"".to_owned(), "\"a\"".to_owned()];
        judge(&headers, &etags, "2026-11-22T08:00:00Z".parse().expect("an instant"))
    }

    #[test]
    fn conditions_are_met_as_the_standard_says() {
        let known = |etag: &str| Outcome::Known(etag.to_owned());
        let (before, at) = ("Sun, 22 Nov 2026 07:59:59 GMT", "Sun, 22 Nov 2026 08:00:00 GMT");
        for (conditions, expected) in [
            (&[][..], Outcome::Send),
            (&[("if-none-match", "\"a-br\"")], known("\"a-br\"")),
            (&[("if-none-match", "\"a\"")], known("\"a\"")),
            (&[("if-none-match", "W/\"a\"")], known("\"a\"")),
            (&[("if-none-match", "\"x\" , \"a\",")], known("\"a\"")),
            (&[("if-none-match", "\"x\""), ("if-none-match", "\"a\"")], known("\"a\"")),
            (&[("if-none-match", "*")], known("\"a-br\"")),
            (&[("if-none-match", "\"a-gzip\"")], Outcome::Send),
            (&[("if-none-match", "a")], Outcome::Send),
            (&[("if-none-match", "\"x,\\\"a\\\"\"")], Outcome::Send),
            (&[("if-none-match", "\"x,y\", \"a\"")], known("\"a\"")),
            (&[("if-none-match", "")], Outcome::Send),
            (&[("if-modified-since", at)], known("\"a-br\"")),
            (&[("if-modified-since", before)], Outcome::Send),
            (&[("if-modified-since", "Sunday, 22-Nov-26 08:00:00 GMT")], known("\"a-br\"")),
            (&[("if-modified-since", "Sun Nov 22 08:00:00 2026")], known("\"a-br\"")),
            (&[("if-modified-since", "Thu Jan  1 00:00:00 2026")], Outcome::Send),
            (&[("if-modified-since", "yesterday")], Outcome::Send),
            (&[("if-modified-since", at), ("if-none-match", "\"x\"")], Outcome::Send),
            (&[("if-match", "\"x\"")], Outcome::Failed),
            (&[("if-match", "W/\"a-br\"")], Outcome::Failed),
            (&[("if-match", "\"a-br\"")], Outcome::Send),
            (&[("if-match", "*"), ("if-unmodified-since", before)], Outcome::Send),
            (&[("if-unmodified-since", before)], Outcome::Failed),
            (&[("if-unmodified-since", at)], Outcome::Send),
            (&[("if-match", "*"), ("if-none-match", "\"a\"")], known("\"a\"")),
        ] {
            assert_eq!(outcome(conditions), expected, "{conditions:?}");
        }
    }
}
