//! Subscribers and what they subscribed to. An address is parsed once, here, into a type that cannot be wrong.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::address::{composed, is_atext, is_confusing, is_invisible, is_letter_beyond_ascii};

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
    #[error("the part after the `@` is a number and no name: mail to a machine by its number is not sent")]
    Literal,
    #[error("the part before the `@` stands in quotes: such addresses are not taken")]
    Quoted,
    #[error("the address has a blank, or a character that nobody can see")]
    Invisible,
    #[error("the part before the `@` has letters that are easily taken for others")]
    Confusing,
}

/// Why mail to a domain most likely goes astray, though it is well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainDoubt {
    /// No public name has one label only, or a number at its end (RFC 5321 §2.3.5, RFC 3696 §2).
    NotPublic,
    /// A label has letters of several alphabets that are taken for each other's (UTS 39 §5).
    Mixed,
}

impl EmailAddress {
    /// Parses an `addr-spec` of RFC 5321 §4.1.2 without quoted local parts, comments or address literals. The domain is
    /// kept in lower case, and an international domain in its ASCII form (RFC 5891); the local part as given. That may have
    /// letters beyond ASCII (RFC 6531 §3.3): `is_international` tells.
    ///
    /// # Errors
    /// Where the address is malformed, over-long, or looks like another one; where it has a control character (nothing may
    /// slip into a header).
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        let address = address.trim();
        if address.chars().any(is_invisible) {
            return Err(AddressError::Invisible);
        }
        let (local, domain) = address.rsplit_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        let address = format!("{}@{}", local_part(local)?, ascii_domain(domain)?);
        if address.len() > 254 { Err(AddressError::Length) } else { Ok(Self(address)) }
    }

    /// Whether only relays with SMTPUTF8 (RFC 6531) can carry mail to it.
    pub fn is_international(&self) -> bool {
        !self.0.is_ascii()
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

    /// What speaks against an address somebody typed: an operator may know better.
    pub fn domain_doubt(&self) -> Option<DomainDoubt> {
        let domain = self.domain();
        let is_public =
            domain.rsplit_once('.').is_some_and(|(_, top)| top.len() > 1 && !top.chars().all(|c| c.is_ascii_digit()));
        if !is_public || ["localhost", "invalid"].iter().any(|top| domain.ends_with(&format!(".{top}"))) {
            return Some(DomainDoubt::NotPublic);
        }
        let (shown, _) = idna::domain_to_unicode(domain);
        shown.split('.').any(is_confusing).then_some(DomainDoubt::Mixed)
    }

    /// Without case, for finding a subscriber again: nobody runs two mailboxes that differ in case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

fn local_part(local: &str) -> Result<String, AddressError> {
    if local.starts_with('"') {
        return Err(AddressError::Quoted);
    }
    let local = composed(local);
    if local.len() > 64 {
        return Err(AddressError::LocalPartLength);
    }
    let dots_stand_alone = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    if !dots_stand_alone || !local.chars().all(|c| c == '.' || is_atext(c) || is_letter_beyond_ascii(c)) {
        return Err(AddressError::LocalPart);
    }
    if is_confusing(&local) { Err(AddressError::Confusing) } else { Ok(local) }
}

fn ascii_domain(domain: &str) -> Result<String, AddressError> {
    if domain.starts_with('[') {
        return Err(AddressError::Literal);
    }
    let domain = match url::Host::parse(domain) {
        Ok(url::Host::Domain(domain)) => domain,
        Ok(_) => return Err(AddressError::Literal),
        Err(_) => return Err(AddressError::Domain),
    };
    let label_is_fine = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let is_fine = domain.len() <= 253 && domain.split('.').all(label_is_fine);
    if is_fine { Ok(domain) } else { Err(AddressError::Domain) }
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
    /// Slugs of categories; none for everything.
    pub topics: Vec<String>,
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
    /// In the same list already, further up.
    Repeated,
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
            "<a@b.fr>",
            "a@b_c.fr",
            &long_local,
            &long,
        ] {
            assert!(EmailAddress::parse(given).is_err(), "{given:?}");
        }
    }

    #[test]
    fn letters_beyond_ascii_are_marked() {
        let decomposed = "rene\u{301}@example.org";
        for (given, kept) in [
            ("rené@example.org", "rené@example.org"),
            (decomposed, "rené@example.org"),
            ("用户@例子.广告", "用户@xn--fsqu00a.xn--4gbrim"),
            ("иван.7@пример.рф", "иван.7@xn--e1afmkfd.xn--p1ai"),
            ("राम@example.org", "राम@example.org"),
        ] {
            let address = EmailAddress::parse(given).expect(given);
            assert!(address.is_international(), "{given}");
            if !given.contains("例子") {
                assert_eq!(address.as_str(), kept);
            }
        }
        assert!(!EmailAddress::parse("rene@bücher.example").expect("an address").is_international());
        assert_eq!(EmailAddress::parse("RENÉ@b.fr").expect("an address").key(), "rené@b.fr");
    }

    #[test]
    fn each_refusal_says_why() {
        for (given, why) in [
            ("\"jean dupont\"@example.org", AddressError::Invisible),
            ("\"jean\"@example.org", AddressError::Quoted),
            ("jean@[192.0.2.1]", AddressError::Literal),
            ("jean@192.0.2.1", AddressError::Literal),
            ("jean\u{200b}@example.org", AddressError::Invisible),
            ("je\u{ad}an@example.org", AddressError::Invisible),
            ("jean@exam\u{200d}ple.org", AddressError::Invisible),
            ("\u{202e}jean@example.org", AddressError::Invisible),
            ("jean\0@example.org", AddressError::Invisible),
            // a Cyrillic letter among Latin ones, a wide one, a ligature
            ("je\u{430}n@example.org", AddressError::Confusing),
            ("ｊean@example.org", AddressError::Confusing),
            ("o\u{fb03}ce@example.org", AddressError::Confusing),
            ("jean☃@example.org", AddressError::LocalPart),
            ("jean(chez)@example.org", AddressError::LocalPart),
            (&format!("{}@example.org", "é".repeat(33)), AddressError::LocalPartLength),
        ] {
            assert_eq!(EmailAddress::parse(given), Err(why), "{given:?}");
        }
    }

    #[test]
    fn domains_nobody_has_are_doubted() {
        for (address, doubt) in [
            ("a@example.org", None),
            ("a@sub.example.co.uk", None),
            ("a@xn--bcher-kva.example", None),
            ("a@例子.广告", None),
            ("a@пример.рф", None),
            ("a@пример.com", None),
            ("a@3com.com", None),
            ("root@localhost", Some(DomainDoubt::NotPublic)),
            ("a@host.localhost", Some(DomainDoubt::NotPublic)),
            ("a@x.invalid", Some(DomainDoubt::NotPublic)),
            ("a@intranet", Some(DomainDoubt::NotPublic)),
            ("a@example.o", Some(DomainDoubt::NotPublic)),
            // Cyrillic letters among Latin ones, as written and in ASCII
            ("a@ex\u{430}mple.org", Some(DomainDoubt::Mixed)),
            ("a@xn--exmple-4nf.org", Some(DomainDoubt::Mixed)),
            ("a@p\u{3b1}ris.example.org", Some(DomainDoubt::Mixed)),
        ] {
            let parsed = EmailAddress::parse(address).expect(address);
            assert_eq!(parsed.domain_doubt(), doubt, "{address} ({})", parsed.domain());
        }
        for number in ["a@example.123", "a@123", "a@1.2.3.4", "a@0x7f.1"] {
            assert!(EmailAddress::parse(number).is_err(), "{number}");
        }
    }

    #[test]
    fn debug_shows_no_address() {
        let address = EmailAddress::parse("jeanne@example.org").expect("an address");
        assert!(!format!("{address:?}").contains("jeanne"));
    }
}
