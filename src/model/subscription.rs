//! Subscribers and what they subscribed to. An address is parsed once, here, into a type that cannot be wrong.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An e-mail address that may stand in an envelope and a header. `Debug` hides it: no address in a log.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("an address needs one `@` with something before and after it")]
    Shape,
    #[error("the part before the `@` is longer than 64 octets (RFC 5321 §4.5.3.1.1)")]
    LocalPartLength,
    #[error("the address is longer than 254 octets (RFC 5321 §4.5.3.1.3)")]
    Length,
    #[error("the part before the `@` has a character that is not allowed there")]
    LocalPart,
    #[error("the part after the `@` is not a domain name")]
    Domain,
}

impl EmailAddress {
    /// Parses an `addr-spec` of RFC 5321 §4.1.2 without quoted local parts, comments or address literals. The domain is
    /// kept in lower case, and an international domain in its ASCII form (RFC 5891); the local part as given.
    ///
    /// # Errors
    /// Where the address is malformed, over-long, or has a control character (nothing may slip into a header).
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        let (local, domain) = address.trim().rsplit_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        if local.len() > 64 {
            return Err(AddressError::LocalPartLength);
        }
        let dots_stand_alone = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if !dots_stand_alone || !local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c))
        {
            return Err(AddressError::LocalPart);
        }
        let domain = ascii_domain(domain).ok_or(AddressError::Domain)?;
        let address = format!("{local}@{domain}");
        if address.len() > 254 { Err(AddressError::Length) } else { Ok(Self(address)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`, in lower case ASCII.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Without case, for finding a subscriber again: nobody runs two mailboxes that differ in case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

fn ascii_domain(domain: &str) -> Option<String> {
    let url::Host::Domain(domain) = url::Host::parse(domain).ok()? else { return None };
    let label_is_fine = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    (domain.len() <= 253 && domain.split('.').all(label_is_fine)).then_some(domain)
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;
    fn try_from(address: String) -> Result<Self, AddressError> {
        Self::parse(&address)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// pending → confirmed → unsubscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionStatus {
    Pending,
    Confirmed,
    Unsubscribed,
}

impl SubscriptionStatus {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Confirmed, Self::Unsubscribed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// An address an operator brings in, with where the person's consent comes from.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    pub address: EmailAddress,
    pub name: Option<String>,
    pub lang: String,
    pub newsletter: String,
    /// "operator", or what the operator says of an imported list.
    pub consent_source: String,
}

/// What became of a `NewSubscription`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Added {
    /// Confirmed now; it was not there, was waiting, or had left and is asked back by the operator.
    Confirmed,
    AlreadyConfirmed,
    /// On the suppression list: stays there.
    Suppressed,
    /// Left before: an operator's list does not bring anybody back.
    Unsubscribed,
}

/// One subscriber's subscription to one newsletter, as listed to the operator.
#[derive(Debug, Clone, Serialize)]
pub struct Subscription {
    pub id: i64,
    pub address: EmailAddress,
    pub name: Option<String>,
    pub lang: String,
    pub newsletter: String,
    /// Slugs of categories; none for everything.
    pub topics: Vec<String>,
    pub status: SubscriptionStatus,
    pub consent_source: String,
    pub created: DateTime<Utc>,
    pub confirmed: Option<DateTime<Utc>>,
    pub unsubscribed: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_once() {
        for (given, kept) in [
            ("  jeanne.dupont@Example.ORG ", "jeanne.dupont@example.org"),
            ("a+tag@bücher.example", "a+tag@xn--bcher-kva.example"),
            ("o'neil@example.com", "o'neil@example.com"),
            ("root@localhost", "root@localhost"),
        ] {
            assert_eq!(EmailAddress::parse(given).expect(given).as_str(), kept);
        }
    }

    #[test]
    fn what_could_slip_into_a_header_or_an_envelope_is_refused() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long = format!("a@{}.example", vec!["b".repeat(62); 4].join("."));
        for given in [
            "",
            "@",
            "a@",
            "@b",
            "a b@example.org",
            "a@b@c",
            "a\r\nBcc: x@example.org",
            "a@example.org\r\nX: y",
            "a\0@b.fr",
            ".a@b.fr",
            "a.@b.fr",
            "a..b@b.fr",
            "a@-b.fr",
            "a@b..fr",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "é@b.fr",
            "<a@b.fr>",
            "a@b_c.fr",
            &long_local,
            &long,
        ] {
            assert!(EmailAddress::parse(given).is_err(), "{given:?}");
        }
    }

    #[test]
    fn debug_shows_no_address() {
        let address = EmailAddress::parse("jeanne@example.org").expect("an address");
        assert!(!format!("{address:?}").contains("jeanne"));
    }
}
