//! Heads of requests, read strictly before hyper sees them (RFC 9112).
//!
//! hyper takes a bare line feed for the end of a line, and a request with both lengths for a chunked one. Proxies that read
//! them otherwise would let one reader's request pass for another's; so here whatever can be read in two ways is refused.

use axum::http::StatusCode;

use super::limits::{MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_TARGET};

/// What came so far is, for the reader of heads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Incomplete,
    /// Whole and fit for hyper. After one with a body nothing more is read on the connection.
    Whole {
        bytes: Vec<u8>,
        has_body: bool,
    },
    Refused(StatusCode),
}

/// Collects bytes until they are a head.
#[derive(Debug, Default)]
pub(super) struct HeadReader {
    bytes: Vec<u8>,
    /// Begin of the line that is not whole yet, and how far it was looked at.
    line: usize,
    looked: usize,
}

impl HeadReader {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes that belong to no head.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(self).bytes
    }

    /// The next head, if it is there.
    pub(super) fn next(&mut self) -> Head {
        while let Some(at) = self.bytes[self.looked..].iter().position(|byte| *byte == b'\n') {
            let end = self.looked + at;
            let line = &self.bytes[self.line..end];
            let is_empty = matches!(line, b"" | b"\r");
            if is_empty && self.line == 0 {
                // RFC 9112 §2.2: an empty line before the first is passed over
                self.bytes.drain(..=end);
                (self.line, self.looked) = (0, 0);
                continue;
            }
            (self.line, self.looked) = (end + 1, end + 1);
            if is_empty {
                return self.whole(end + 1);
            }
        }
        self.looked = self.bytes.len();
        if self.line == 0 && self.bytes.len() > MAX_TARGET + 64 {
            return Head::Refused(StatusCode::URI_TOO_LONG);
        }
        if self.bytes.len() > MAX_HEAD {
            return Head::Refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Head::Incomplete
    }

    fn whole(&mut self, length: usize) -> Head {
        let rest = self.bytes.split_off(length);
        let bytes = std::mem::replace(self, Self { bytes: rest, ..Self::default() }).bytes;
        match check(&bytes) {
            Ok(has_body) => Head::Whole { bytes, has_body },
            Err(status) => Head::Refused(status),
        }
    }
}

/// Whether a body follows a head that means one thing only.
fn check(head: &[u8]) -> Result<bool, StatusCode> {
    let bad = StatusCode::BAD_REQUEST;
    let mut lines = Vec::new();
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").ok_or(bad)?;
        if line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
            return Err(bad);
        }
        lines.push(line);
    }
    let (request, headers) = lines.split_first().ok_or(bad)?;
    let is_1_1 = check_request_line(request)?;
    let headers = headers.strip_suffix(&[b"".as_slice()]).unwrap_or(headers);
    if headers.len() > MAX_HEADERS || head.len() > MAX_HEAD {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    let headers = headers.iter().map(|line| header(line).ok_or(bad)).collect::<Result<Vec<_>, _>>()?;
    let all = |name: &str| -> Vec<&[u8]> {
        headers.iter().filter(|header| header.0.eq_ignore_ascii_case(name.as_bytes())).map(|header| header.1).collect()
    };
    check_host(&all("host"), is_1_1)?;
    has_body(&all("content-length"), &all("transfer-encoding"), is_1_1)
}

/// Method, target and version with one blank between them; whether it is HTTP/1.1.
fn check_request_line(line: &[u8]) -> Result<bool, StatusCode> {
    let parts: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [method, target, version] = parts[..] else { return Err(StatusCode::BAD_REQUEST) };
    if target.len() > MAX_TARGET {
        return Err(StatusCode::URI_TOO_LONG);
    }
    if !is_token(method) || target.is_empty() || target.iter().any(|byte| !byte.is_ascii_graphic()) {
        return Err(StatusCode::BAD_REQUEST);
    }
    match version {
        b"HTTP/1.1" => Ok(true),
        b"HTTP/1.0" => Ok(false),
        other if other.starts_with(b"HTTP/") => Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// Name and value. A line that begins with a blank would continue the one before (RFC 9112 §5.2), and a blank before the
/// colon hides a name from others (§5.1): neither has a name that is a token.
fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_visible = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    (is_token(name) && value.iter().all(is_visible)).then_some((name, value))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_part)
}

/// One, and only what can stand in an authority (RFC 9112 §3.2).
fn check_host(hosts: &[&[u8]], is_1_1: bool) -> Result<(), StatusCode> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(byte);
    match hosts {
        [] if !is_1_1 => Ok(()),
        [host] if host.iter().all(is_part) => Ok(()),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// RFC 9112 §6: one length at most, said in one way.
fn has_body(lengths: &[&[u8]], codings: &[&[u8]], is_1_1: bool) -> Result<bool, StatusCode> {
    match (lengths, codings) {
        ([], []) => Ok(false),
        ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => {
            // digits that fit no number are as much too many as others
            let length = std::str::from_utf8(length).ok().and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX);
            if length > MAX_BODY { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(length > 0) }
        }
        ([], [coding]) if is_1_1 && coding.eq_ignore_ascii_case(b"chunked") => Ok(true),
        ([], [coding]) if is_1_1 && coding.to_ascii_lowercase().ends_with(b", chunked") => {
            Err(StatusCode::NOT_IMPLEMENTED)
        }
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Head {
        let mut reader = HeadReader::default();
        reader.add(bytes);
        reader.next()
    }

    /// The status of the refusal, 100 where more is waited for, 200 or 201 for a head without or with a body.
    fn verdict(text: &str) -> u16 {
        match read(text.as_bytes()) {
            Head::Incomplete => 100,
            Head::Whole { has_body, .. } => 200 + u16::from(has_body),
            Head::Refused(status) => status.as_u16(),
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (head, expected) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
            ("\r\nGET / HTTP/1.1\r\nhOsT:a:80\r\n\r\n", 200),
            ("GET http://b/ HTTP/1.1\r\nHost: \t[::1]:80 \r\n\r\n", 200),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16384\r\n\r\n", 201),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", 201),
            ("GET / HTTP/1.1\r\nHost: a\r\n", 100),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r", 100),
            ("", 100),
            ("GET / HTTP/1.1\nHost: a\n\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /\tx HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /\r\n\r\n", 400),
            ("G=T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\n\r\n", 505),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16385\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n", 400),
            ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ] {
            assert_eq!(verdict(head), expected, "{head:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_ends() {
        let long = "a".repeat(MAX_HEAD);
        assert_eq!(verdict(&format!("GET /{long}")), 414);
        assert_eq!(verdict(&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[..MAX_TARGET])), 414);
        assert_eq!(verdict(&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[1..MAX_TARGET])), 200);
        assert_eq!(verdict(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}")), 431);
        assert_eq!(verdict(&format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(MAX_HEADERS))), 431);
        assert_eq!(verdict(&format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(MAX_HEADERS - 1))), 200);
    }

    #[test]
    fn heads_come_one_after_the_other_and_byte_by_byte() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut reader = HeadReader::default();
        let mut found = 0;
        for byte in head.iter().chain(head).chain(b"rest") {
            reader.add(&[*byte]);
            if let Head::Whole { bytes, has_body: false } = reader.next() {
                assert_eq!(bytes, head);
                found += 1;
            }
        }
        assert_eq!((found, reader.rest()), (2, b"rest".to_vec()));
    }
}
