//! A mail as a reader's program sees it, parsed by mail-parser, which had no part in writing it.

use mail_parser::{HeaderValue, MessageParser};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub raw: String,
    pub to: String,
    pub subject: String,
    pub message_id: String,
    pub text: String,
    pub html: String,
    /// The address in List-Unsubscribe.
    pub leave: String,
}

impl Mail {
    /// # Panics
    /// Where it is no mail of ours: each has both bodies. A letter has no way to leave: there is nothing to.
    pub fn parse(bytes: &[u8]) -> Self {
        let message = MessageParser::default().parse(bytes).expect("a mail");
        let raw = String::from_utf8(bytes.to_vec()).expect("only ASCII");
        let leave = raw.lines().find_map(|line| line.strip_prefix("List-Unsubscribe: <")?.trim_end().strip_suffix('>'));
        Self {
            to: message.to().and_then(|to| to.first()?.address()).expect("a recipient").to_owned(),
            subject: message.subject().expect("a subject").to_owned(),
            message_id: message.message_id().expect("a Message-ID").to_owned(),
            text: message.body_text(0).expect("a text").into_owned(),
            html: message.body_html(0).expect("HTML").into_owned(),
            leave: leave.unwrap_or_default().to_owned(),
            raw,
        }
    }

    /// A header as it is written.
    pub fn header(&self, name: &str) -> String {
        let message = MessageParser::default().parse(self.raw.as_bytes()).expect("a mail");
        match message.header(name) {
            Some(HeaderValue::Empty) | None => panic!("no {name}:\n{}", self.raw),
            Some(_) => message.header_raw(name).expect("a header").trim().to_owned(),
        }
    }

    /// The path of the address to leave at.
    pub fn leave_path(&self) -> String {
        url::Url::parse(&self.leave).expect("an address").path().to_owned()
    }

    /// The last part of that path: what lets its bearer leave.
    pub fn token(&self) -> String {
        self.leave.rsplit('/').next().expect("a token").to_owned()
    }

    /// The text with white space folded, so that line ends do not matter.
    pub fn words(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
