//! What a relay's reply means, and what may be said to it at all.

use std::error::Error as _;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::{Response, Severity};
use unicode_normalization::char::is_combining_mark;

use crate::model::bounce::Status;
use crate::model::text::{one_line, shorten, without_controls};

/// A command that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// 4xx
    NotNow(String),
    /// 5xx
    Never(String),
    /// 421 (RFC 5321 §3.8): an answer, and the last one on this connection.
    Closing(String),
    /// No answer that belongs to the question; the connection is of no more use.
    Nothing(String),
}

impl Said {
    /// A refusal for reasons of policy (X.7.X, RFC 3463 §3.8: a block list, content, authentication) is no word on the
    /// recipient: it is tried again, like what is refused for now.
    pub(super) fn without_blame(self) -> Self {
        match self {
            Self::Never(reason) if Status::find(&reason).is_some_and(|status| status.subject == 7) => {
                Self::NotNow(reason)
            }
            other => other,
        }
    }
}

/// Reads the answer to a command that should be met with a reply of one severity: 3 for DATA, 2 for all others.
pub(super) fn read(answer: Result<Response, Error>, expected: Severity) -> Result<(), Said> {
    match answer {
        Ok(reply) if reply.code().severity == expected => Ok(()),
        Ok(reply) => Err(Said::Nothing(format!("the relay answered {} out of turn", reply.code()))),
        Err(error) => Err(refusal(&error)),
    }
}

/// What a failed step says.
pub(super) fn refusal(error: &Error) -> Said {
    let detail = error.source().map(ToString::to_string).unwrap_or_default();
    let Some(code) = error.status() else {
        let failed = || fit(&format!("the connection failed: {detail}"));
        return Said::Nothing(if error.is_response() { "an answer that is none".to_owned() } else { failed() });
    };
    let said = fit(&format!("{code} {detail}"));
    match u16::from(code) {
        421 => Said::Closing(said),
        400..=499 => Said::NotNow(said),
        _ => Said::Never(said),
    }
}

/// Fits a relay's words for a log and a list: one line, short, no address.
pub(super) fn fit(text: &str) -> String {
    let text = one_line(&without_controls(text));
    // where a library tells its users more
    let text = text.split(": https://docs.rs").next().unwrap_or_default();
    shorten(&without_addresses(text), 200)
}

/// Puts `…` for every word that has an `@`.
fn without_addresses(text: &str) -> String {
    let between = |c: char| c.is_whitespace() || "<>()[]{},;\"'`".contains(c);
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(between) {
        let end = piece.char_indices().next_back().filter(|(_, c)| between(*c)).map_or(piece.len(), |(at, _)| at);
        let (word, mark) = piece.split_at(end);
        clean.push_str(if word.contains('@') { "…" } else { word });
        clean.push_str(mark);
    }
    clean
}

/// A command line of SMTP. Whatever is filled in must be printable ASCII: a line end in a parameter would be a second
/// command.
pub(super) fn command(verb: &str, parameter: &str) -> Result<String, Said> {
    if parameter.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(format!("{verb}{parameter}>\r\n"))
    } else {
        Err(Said::Never("the address has a character that SMTP cannot carry".to_owned()))
    }
}

/// The same where the relay offers SMTPUTF8 (RFC 6531 §3.4): letters beyond ASCII may be filled in.
pub(super) fn international_command(verb: &str, parameter: &str, options: &str) -> Result<String, Said> {
    if parameter.chars().all(|c| c.is_ascii_graphic() || c.is_alphanumeric() || is_combining_mark(c)) {
        Ok(format!("{verb}{parameter}>{options}\r\n"))
    } else {
        Err(Said::Never("the address has a character that SMTP cannot carry".to_owned()))
    }
}

/// A message may only have CRLF line ends (RFC 5321 §2.3.8): some servers take a bare LF for a line end and see the end of
/// the message where there is none (SMTP smuggling). NUL never, and octets beyond ASCII only after an encoding, or in the
/// header of a mail that is `international` (RFC 6532 §3).
pub fn check_message(message: &[u8], international: bool) -> Result<(), String> {
    let mut before = 0;
    let header = if international { header_length(message) } else { 0 };
    let message = match std::str::from_utf8(&message[..header]) {
        Ok(_) => message.iter().enumerate().filter(|(at, byte)| *at >= header || byte.is_ascii()).map(|(_, byte)| byte),
        Err(_) => return Err("not sent: the header is no UTF-8".to_owned()),
    };
    for byte in message {
        match (before, byte) {
            (b'\r', b'\n') => {}
            (b'\r', _) | (_, b'\n') => return Err("not sent: the message has a line end that is not CR LF".to_owned()),
            (_, 0 | 0x80..) => return Err("not sent: the message has octets that need an encoding".to_owned()),
            _ => {}
        }
        before = *byte;
    }
    if before == b'\r' { Err("not sent: the message ends in a bare CR".to_owned()) } else { Ok(()) }
}

/// Up to the empty line.
fn header_length(message: &[u8]) -> usize {
    memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_for_policy_blames_nobody() {
        for (reason, put_off) in [
            ("550 5.7.1 blocked", true),
            ("550 #5.7.1 blocked", true),
            ("554 5.7.0 no", true),
            ("550 5.1.1 no such user", false),
            ("550 no", false),
        ] {
            let said = Said::Never(reason.to_owned()).without_blame();
            assert_eq!(said == Said::NotNow(reason.to_owned()), put_off, "{reason}");
        }
    }

    #[test]
    fn only_whole_line_ends_may_pass() {
        for fine in ["", "a\r\n", "a\r\n\r\n.\r\nb", "no line end"] {
            assert_eq!(check_message(fine.as_bytes(), false), Ok(()), "{fine:?}");
        }
        for bare in ["\n", "a\nb", "a\r", "a\rb\r\n", "a\r\r\n", "\r\n\n.\r\n", "\r\n.\n\r\nMAIL FROM:<x>", "a\0b", "é"]
        {
            assert!(check_message(bare.as_bytes(), false).is_err(), "{bare:?}");
        }
    }

    #[test]
    fn letters_beyond_ascii_pass_in_the_header_of_an_international_mail_only() {
        let mail = "To: <é@b.fr>\r\n\r\nbody";
        assert_eq!(check_message(mail.as_bytes(), true), Ok(()));
        assert!(check_message(mail.as_bytes(), false).is_err());
        for bad in ["To: <a@b.fr>\r\n\r\nné", "To: é\nBcc: x\r\n\r\n", "To: é\0\r\n\r\n"] {
            assert!(check_message(bad.as_bytes(), true).is_err(), "{bad:?}");
        }
        assert!(check_message(b"To: \xe9\r\n\r\n", true).is_err());
        let said = international_command("MAIL FROM:<", "é@b", " SMTPUTF8").expect("fine");
        assert_eq!(said, "MAIL FROM:<é@b> SMTPUTF8\r\n");
        for bad in ["é@b\r\nRCPT TO:<c@d", "é @b", "é\u{85}@b", "é\u{2028}@b"] {
            assert!(international_command("RCPT TO:<", bad, "").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_parameter_cannot_bring_a_command_along() {
        assert_eq!(command("RCPT TO:<", "a@example.org").expect("fine"), "RCPT TO:<a@example.org>\r\n");
        for bad in ["a@b\r\nRCPT TO:<c@d", "a\n@b", "a\r@b", "a\0@b", "a b@c", "a\u{7f}@b", "é@b"] {
            assert!(command("RCPT TO:<", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_in_a_reply_is_not_repeated() {
        for (said, shown) in [
            ("5.1.1 <jeanne@example.org>: no such user", "5.1.1 <…>: no such user"),
            ("jeanne@example.org unknown,see mailto:help@example.org", "… unknown,see …"),
            ("user \"jeanne\"@example.org", "user \"jeanne\"…"),
            ("two\r\nlines\u{0}", "two lines"),
        ] {
            assert_eq!(fit(said), shown);
        }
        assert!(fit(&"x".repeat(5000)).chars().count() <= 200);
    }
}
