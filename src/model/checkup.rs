//! What `doctor` finds: one sentence a thing that was looked at, and what to do about it.

use serde::Serialize;

/// How it stands; the worse is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// It works, but readers or the operator will miss something.
    Warning,
    /// It does not work, or others will refuse it.
    Error,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What was found where one thing was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word: `store`, `relay`, `spf`.
    pub about: &'static str,
    pub verdict: Verdict,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    pub fn ok(about: &'static str, message: impl Into<String>) -> Self {
        Self { about, verdict: Verdict::Ok, message: message.into(), hint: None }
    }

    pub fn warning(about: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, ..Self::ok(about, message) }
    }

    pub fn error(about: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Error, ..Self::ok(about, message) }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// A TXT record to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextRecord {
    /// Fully qualified, without the last dot.
    pub name: String,
    pub value: String,
}

impl TextRecord {
    /// As it stands in a zone file (RFC 1035 §5.1): in strings of at most 255 octets (§3.3), which resolvers join again.
    pub fn zone_line(&self) -> String {
        const MOST: usize = 255;
        let octets: Vec<char> = self.value.chars().collect();
        let strings: Vec<String> = octets.chunks(MOST).map(|part| format!("\"{}\"", String::from_iter(part))).collect();
        let value = if strings.len() == 1 { strings.concat() } else { format!("( {} )", strings.join(" ")) };
        format!("{}. IN TXT {value}", self.name)
    }
}

/// Everything that was found, in the order it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checkup {
    pub findings: Vec<Finding>,
    /// What should stand in the DNS for the keys that sign.
    pub records: Vec<TextRecord>,
}

impl Checkup {
    pub fn worst(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_record_is_written_in_strings_of_255_octets() {
        let record = TextRecord { name: "a._domainkey.example.org".to_owned(), value: "x".repeat(511) };
        let line = record.zone_line();
        assert!(line.starts_with("a._domainkey.example.org. IN TXT ( \"xxx"), "{line}");
        assert_eq!(line.split('"').skip(1).step_by(2).map(str::len).collect::<Vec<_>>(), [255, 255, 1]);
        let short = TextRecord { value: "v=DKIM1; p=".to_owned(), ..record };
        assert_eq!(short.zone_line(), "a._domainkey.example.org. IN TXT \"v=DKIM1; p=\"");
    }
}
