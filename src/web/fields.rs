//! What a form sends, read strictly: one charset, no field twice, no control characters.

use std::collections::HashSet;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode;

/// Fields of which there may be several, each with a value of its own.
const SEVERAL: [&str; 3] = ["newsletter", "topic", "shown"];

/// Names and values, in the order they came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Of `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// 415 for any other type, 400 where it is malformed or could be read in two ways.
    pub(super) fn of_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, StatusCode> {
        let Kind { essence, charset, .. } = Kind::of(headers)?;
        if essence.as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
            return Err(StatusCode::BAD_REQUEST);
        }
        Self::checked(urlencoded(body)?)
    }

    /// Of a mail program's one-click request (RFC 8058 §3.1): multipart where it says so, url-encoded otherwise, whatever
    /// else it says. Nobody is kept for want of a header.
    ///
    /// # Errors
    /// 400 where it is malformed or could be read in two ways.
    pub(super) async fn of_one_click(headers: &HeaderMap, body: Bytes) -> Result<Self, StatusCode> {
        let kind = Kind::of(headers)?;
        let fields = match kind.essence.as_deref() {
            Some("multipart/form-data") => multipart(&kind.whole, body).await?,
            // some programs end a body as they end a line
            _ => urlencoded(body.trim_ascii_end())?,
        };
        Self::checked(fields)
    }

    fn checked(fields: Vec<(String, String)>) -> Result<Self, StatusCode> {
        let mut seen = HashSet::new();
        for (name, value) in &fields {
            let value_counts = SEVERAL.contains(&name.as_str());
            let is_new = seen.insert((name, value_counts.then_some(value)));
            if !is_new || name.chars().chain(value.chars()).any(char::is_control) {
                return Err(StatusCode::BAD_REQUEST);
            }
        }
        Ok(Self(fields))
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |field| field.0 == name).map(|field| field.1.as_str())
    }
}

/// What the body is said to be.
#[derive(Default)]
struct Kind {
    whole: String,
    essence: Option<String>,
    charset: Option<String>,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Result<Self, StatusCode> {
        let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return if headers.contains_key(header::CONTENT_TYPE) {
                Err(StatusCode::BAD_REQUEST)
            } else {
                Ok(Self::default())
            };
        };
        let whole = line.to_str().map_err(|_| StatusCode::BAD_REQUEST)?.to_owned();
        let mut parts = whole.split(';').map(str::trim);
        let essence = parts.next().map(str::to_ascii_lowercase);
        let charset =
            parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        let charset = charset.map(|(_, charset)| charset.trim().trim_matches('"').to_owned());
        Ok(Self { whole, essence, charset })
    }
}

fn urlencoded(body: &[u8]) -> Result<Vec<(String, String)>, StatusCode> {
    let decoded = |text: &[u8]| {
        let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8(percent_decode(&blanks).collect()).map_err(|_| StatusCode::BAD_REQUEST)
    };
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let pair = |pair: &[u8]| {
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        Ok((decoded(&pair[..equals])?, decoded(pair.get(equals + 1..).unwrap_or_default())?))
    };
    pairs.map(pair).collect()
}

async fn multipart(kind: &str, body: Bytes) -> Result<Vec<(String, String)>, StatusCode> {
    let malformed = |_| StatusCode::BAD_REQUEST;
    let boundary = multer::parse_boundary(kind).map_err(malformed)?;
    let mut parts = multer::Multipart::new(Body::from(body).into_data_stream(), boundary);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        let value = part.bytes().await.map_err(malformed)?;
        let value = std::str::from_utf8(&value).map_err(|_| StatusCode::BAD_REQUEST)?;
        fields.push((name, value.to_owned()));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn headers(kinds: &[&str]) -> HeaderMap {
        kinds.iter().map(|kind| (header::CONTENT_TYPE, kind.parse().expect(kind))).collect()
    }

    fn read(kind: &str, body: &[u8]) -> Result<Vec<(String, String)>, u16> {
        Fields::of_form(&headers(&[kind]), body).map(|fields| fields.0).map_err(|status| status.as_u16())
    }

    /// G28
    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (kind, body, expected) in [
            (FORM, "a=1&a=2", Err(400)),
            (FORM, "email=a&x=1&email=a", Err(400)),
            (FORM, "topic=a&topic=a", Err(400)),
            (FORM, "topic=a&topic=b", Ok(2)),
            (FORM, "", Ok(0)),
            (FORM, "&&a", Ok(1)),
            (FORM, "a=%ff", Err(400)),
            (FORM, "a=%0d%0aBcc", Err(400)),
            (FORM, "a%00=1", Err(400)),
            ("application/x-www-form-urlencoded; charset=UTF-8", "a=1", Ok(1)),
            ("Application/X-WWW-Form-URLencoded;charset=\"utf-8\"", "a=1", Ok(1)),
            ("application/x-www-form-urlencoded; charset=iso-8859-1", "a=%e9", Err(400)),
            ("application/x-www-form-urlencoded; charset=utf-16", "a=1", Err(400)),
            ("text/plain", "a=1", Err(415)),
            ("application/json", "{}", Err(415)),
            ("multipart/form-data; boundary=x", "--x--", Err(415)),
        ] {
            assert_eq!(read(kind, body.as_bytes()).map(|fields| fields.len()), expected, "{kind} {body}");
        }
        assert_eq!(Fields::of_form(&headers(&[FORM, FORM]), b""), Err(StatusCode::BAD_REQUEST));
        assert_eq!(Fields::of_form(&headers(&[]), b""), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        let expected = vec![("e mail".to_owned(), "a+b@é".to_owned())];
        assert_eq!(read(FORM, b"e+mail=a%2Bb%40%c3%a9"), Ok(expected));
    }

    async fn one_click(kind: &str, body: &str) -> Option<String> {
        let fields = Fields::of_one_click(&headers(&[kind]), Bytes::from(body.to_owned())).await.ok()?;
        fields.one("List-Unsubscribe").map(str::to_owned)
    }

    /// G12
    #[tokio::test]
    async fn one_click_comes_in_both_codings() {
        let part = |boundary: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n{value}\r\n")
        };
        let multipart = "multipart/form-data; boundary=\"b 1\"";
        let whole = format!("{}--b 1--\r\n", part("b 1", "One-Click"));
        let twice = format!("{0}{0}--b 1--\r\n", part("b 1", "One-Click"));
        let quoted =
            part("b 1", "x\r\n--other\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click");
        let inside = format!("{quoted}--b 1--\r\n");
        for (kind, body, expected) in [
            (FORM, "List-Unsubscribe=One-Click", Some("One-Click")),
            ("text/plain", "List-Unsubscribe=One-Click", Some("One-Click")),
            (FORM, "List-Unsubscribe=One-Click\r\n", Some("One-Click")),
            (FORM, "List-Unsubscribe=One-Click&List-Unsubscribe=One-Click", None),
            (FORM, "", None),
            (multipart, whole.as_str(), Some("One-Click")),
            (multipart, twice.as_str(), None),
            (multipart, "List-Unsubscribe=One-Click", None),
            (multipart, &whole[..whole.len() - 12], None),
            ("multipart/form-data", whole.as_str(), None),
            // a part that quotes another body is one value, and not the word
            (multipart, inside.as_str(), None),
        ] {
            let found = one_click(kind, body).await;
            assert_eq!(found.as_deref().filter(|value| *value == "One-Click"), expected, "{kind} {body}");
        }
    }
}
