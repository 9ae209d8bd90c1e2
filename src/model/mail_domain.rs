//! What a domain's DNS has to say for its mails to be believed: SPF (RFC 7208), DKIM keys (RFC 6376 §3.6), DMARC (RFC 7489).
//!
//! Rules only: the texts found in the DNS come in, findings go out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkup::{Finding, TextRecord};
use super::dkim::DkimSettings;

/// What the TXT records of the domain in MAIL FROM say about who may send for it.
pub fn spf(domain: &str, texts: &[String]) -> Finding {
    const SPF: &str = "spf";
    let is_record = |text: &&String| is_spf(text);
    let records: Vec<&String> = texts.iter().filter(is_record).collect();
    let [record] = records[..] else {
        let message = match records.len() {
            0 => format!("`{domain}` says nothing about who may send for it"),
            more => format!("`{domain}` has {more} SPF records, which counts as none (RFC 7208 §4.5)"),
        };
        return Finding::error(SPF, message)
            .hint("publish the one your relay asks for, such as `v=spf1 include:… ~all`");
    };
    let terms: Vec<&str> = record.split_ascii_whitespace().skip(1).collect();
    if let Some(unknown) = terms.iter().find(|term| !is_term(term)) {
        return Finding::error(
            SPF,
            format!("`{unknown}` in the SPF record of `{domain}` is no term (RFC 7208 §4.6.1)"),
        );
    }
    let lookups = terms.iter().filter(|term| asks_again(term)).count();
    if lookups > 10 {
        let message = format!("the SPF record of `{domain}` asks for {lookups} more lookups; 10 are allowed");
        return Finding::error(SPF, message).hint("replace some of its names by `ip4:` and `ip6:` (RFC 7208 §4.6.4)");
    }
    match terms.iter().find(|term| mechanism(term).1.eq_ignore_ascii_case("all")).map(|all| mechanism(all).0) {
        Some('+') => {
            Finding::error(SPF, format!("`{domain}` lets everybody send for it (`+all`)")).hint("end with `~all`")
        }
        Some('?') => {
            Finding::warning(SPF, format!("`{domain}` says nothing about strangers (`?all`)")).hint("end with `~all`")
        }
        Some(_) => Finding::ok(SPF, format!("`{domain}` says who may send for it")),
        None if terms.iter().any(|term| starts_with(term, "redirect=")) => {
            Finding::ok(SPF, format!("`{domain}` leaves to another domain who may send for it"))
        }
        None => Finding::warning(SPF, format!("the SPF record of `{domain}` does not end with `all`"))
            .hint("end with `~all`"),
    }
}

fn is_spf(text: &str) -> bool {
    text.split(' ').next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

fn starts_with(term: &str, start: &str) -> bool {
    term.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The qualifier of a directive, `+` unless written, and the name of its mechanism.
fn mechanism(term: &str) -> (char, &str) {
    let (qualifier, rest) = match term.chars().next() {
        Some(c @ ('+' | '-' | '~' | '?')) => (c, &term[1..]),
        _ => ('+', term),
    };
    (qualifier, rest.split([':', '/']).next().unwrap_or_default())
}

/// A mechanism that exists, or a modifier of any name (RFC 7208 §6).
fn is_term(term: &str) -> bool {
    const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];
    let name = mechanism(term).1;
    term.contains('=') || MECHANISMS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a verifier has to ask the DNS for it (RFC 7208 §4.6.4).
fn asks_again(term: &str) -> bool {
    const ASKING: [&str; 5] = ["include", "a", "mx", "ptr", "exists"];
    let name = mechanism(term).1;
    starts_with(term, "redirect=") || ASKING.iter().any(|asking| name.eq_ignore_ascii_case(asking))
}

/// What has to be published for a key; `None` where its public half cannot be told.
pub fn dkim_record(settings: &DkimSettings) -> Option<TextRecord> {
    let name = format!("{}._domainkey.{}", settings.selector, settings.domain);
    let public = STANDARD.encode(settings.key.public()?);
    Some(TextRecord { name, value: format!("v=DKIM1; k={}; p={public}", settings.key.kind()) })
}

/// What stands under the key's name, beside what should.
pub fn dkim(settings: &DkimSettings, expected: &TextRecord, texts: &[String]) -> Finding {
    const DKIM: &str = "dkim";
    let name = &expected.name;
    let to_publish = "publish the record named below";
    let [text] = texts else {
        return match texts.len() {
            0 => Finding::error(DKIM, format!("nothing stands at `{name}`: signatures cannot be verified")),
            more => Finding::error(DKIM, format!("{more} records stand at `{name}`, where one is allowed")),
        }
        .hint(to_publish);
    };
    let tags = tags(text);
    let value = |tag: &str| tags.iter().find(|(name, _)| *name == tag).map(|(_, value)| value.as_str());
    let Some(public) = value("p") else {
        return Finding::error(DKIM, format!("the record at `{name}` has no key in it")).hint(to_publish);
    };
    if public.is_empty() {
        return Finding::error(DKIM, format!("the key at `{name}` was revoked")).hint("sign with another selector");
    }
    let is_version = value("v").is_none_or(|version| version == "DKIM1");
    if !is_version || value("k").unwrap_or("rsa") != settings.key.kind() || !settings.key.is_public_half(public) {
        return Finding::error(DKIM, format!("another key than ours stands at `{name}`: signatures are worth nothing"))
            .hint(to_publish);
    }
    let lists =
        |tag: &str, one: &str| value(tag).is_none_or(|all| all.split(':').any(|each| each == one || each == "*"));
    if !lists("h", "sha256") || !lists("s", "email") {
        return Finding::error(DKIM, format!("the record at `{name}` is not for mails signed with SHA-256"))
            .hint(to_publish);
    }
    if value("t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y")) {
        return Finding::warning(DKIM, format!("the key at `{name}` is said to be a test (`t=y`)"))
            .hint("remove `t=y`");
    }
    Finding::ok(DKIM, format!("the {} key at `{name}` is ours", settings.key.kind()))
}

/// `name=value` by name, without white space (RFC 6376 §3.2).
fn tags(text: &str) -> Vec<(&str, String)> {
    let bare = |value: &str| value.split_ascii_whitespace().collect();
    text.split(';').filter_map(|tag| tag.split_once('=')).map(|(name, value)| (name.trim(), bare(value))).collect()
}

/// Where a DMARC record may stand for the domain in From, the nearest first. Which of its parents is the organisation is for
/// verifiers to say; the first record on the way up is the one they find.
pub fn dmarc_places(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let longest = labels.len().saturating_sub(1).max(1);
    (0..longest).map(|from| format!("_dmarc.{}", labels[from..].join("."))).collect()
}

/// Whether a text is a DMARC record, right or wrong (RFC 7489 §6.3: the version comes first).
pub fn is_dmarc(text: &str) -> bool {
    tags(text).first().is_some_and(|(tag, value)| *tag == "v" && value == "DMARC1")
}

/// What the first place with a record says.
pub fn dmarc(domain: &str, texts: &[String]) -> Finding {
    const DMARC: &str = "dmarc";
    let records: Vec<&String> = texts.iter().filter(|text| is_dmarc(text)).collect();
    let [record] = records[..] else {
        let message = match records.len() {
            0 => format!("`{domain}` has no DMARC record, which large receivers ask of who sends to many"),
            more => format!("`{domain}` has {more} DMARC records, which counts as none"),
        };
        return Finding::warning(DMARC, message)
            .hint(format!("publish `v=DMARC1; p=none; rua=mailto:postmaster@{domain}` at `_dmarc.{domain}`"));
    };
    let tags = tags(record);
    match tags.iter().find(|(tag, _)| *tag == "p").map(|(_, value)| value.to_ascii_lowercase()).as_deref() {
        Some(policy @ ("none" | "quarantine" | "reject")) => {
            Finding::ok(DMARC, format!("`{domain}` has a policy: `p={policy}`"))
        }
        Some(other) => Finding::error(DMARC, format!("`p={other}` in the DMARC record of `{domain}` is no policy")),
        None => Finding::error(DMARC, format!("the DMARC record of `{domain}` has no `p=`")),
    }
}

/// Whether receivers can tie a mail to the domain in From, by DKIM or SPF (RFC 7489 §3.1): `None` where they can.
pub fn alignment(from: &str, envelope: &str, signing: &[&str]) -> Option<Finding> {
    if is_related(from, envelope) || signing.iter().any(|domain| is_related(from, domain)) {
        return None;
    }
    let message = format!("neither `bounce_address` nor a DKIM key is of `{from}`, which mails are from");
    Some(Finding::error("dmarc", message).hint("sign with a key of that domain: `dkim = [{ selector, key_file }]`"))
}

/// One is the other, or below it.
fn is_related(one: &str, other: &str) -> bool {
    let is_below =
        |low: &str, high: &str| low.strip_suffix(high).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    is_below(one, other) || is_below(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checkup::Verdict::{self, Error, Ok, Warning};
    use crate::model::dkim::DkimKey;

    fn texts(records: &[&str]) -> Vec<String> {
        records.iter().map(|&record| record.to_owned()).collect()
    }

    #[test]
    fn spf_is_one_record_of_known_terms_that_ends_with_all() {
        let twelve = format!("v=spf1 {} -all", "include:a.example ".repeat(11));
        let cases: &[(&[&str], Verdict, &str)] = &[
            (&[], Error, "says nothing"),
            (&["google-site-verification=x", "v=spf10 -all"], Error, "says nothing"),
            (&["v=spf1 -all", "v=spf1 mx -all"], Error, "2 SPF records"),
            (&["v=spf1 include:relay.example ~all", "other"], Ok, "says who may send"),
            (&["V=SPF1 ip4:192.0.2.0/24 ip6:2001:db8::/32 A/24 mx:x.example -ALL"], Ok, "says who may send"),
            (&["v=spf1 redirect=_spf.example"], Ok, "another domain"),
            (&["v=spf1 mx exp=why.example future=thing -all"], Ok, "says who may send"),
            (&["v=spf1 mx"], Warning, "does not end"),
            (&["v=spf1 mx ?all"], Warning, "`?all`"),
            (&["v=spf1 +all"], Error, "everybody"),
            (&["v=spf1 all"], Error, "everybody"),
            (&["v=spf1 ipv4:192.0.2.1 -all"], Error, "`ipv4:192.0.2.1`"),
            (&[&twelve], Error, "11 more lookups"),
        ];
        for (records, verdict, part) in cases {
            let finding = spf("example.org", &texts(records));
            assert_eq!(finding.verdict, *verdict, "{records:?}: {finding:?}");
            assert!(finding.message.contains(part), "{records:?}: {finding:?}");
        }
    }

    /// The key of RFC 8463 §A.2, and what stands in the DNS for it.
    const ED25519: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    #[test]
    fn a_signing_key_is_compared_with_what_is_published() {
        let key = DkimKey::from_pem(ED25519.as_bytes()).expect("a key");
        let settings = DkimSettings { selector: "brisbane".to_owned(), domain: "football.example.com".to_owned(), key };
        let record = dkim_record(&settings).expect("a record");
        assert_eq!(record.name, "brisbane._domainkey.football.example.com");
        assert_eq!(record.value, format!("v=DKIM1; k=ed25519; p={PUBLIC}"));
        let spaced = format!("v=DKIM1; k=ed25519;\tp={} {}", &PUBLIC[..20], &PUBLIC[20..]);
        let other = format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode([7; 32]));
        let rsa = format!("v=DKIM1; p={PUBLIC}");
        let test = format!("{}; t=s:y", record.value);
        let sha1 = format!("h=sha1; {}", record.value);
        let cases: &[(&[&str], Verdict, &str)] = &[
            (&[], Error, "nothing stands"),
            (&[&record.value], Ok, "is ours"),
            (&[&spaced], Ok, "is ours"),
            (&[&record.value, &other], Error, "2 records"),
            (&[&other], Error, "another key"),
            (&[&rsa], Error, "another key"),
            (&["v=DKIM1; k=ed25519; p="], Error, "revoked"),
            (&["v=spf1 -all"], Error, "no key"),
            (&["v=DKIM1; k=ed25519; p=%%%"], Error, "another key"),
            (&[&sha1], Error, "SHA-256"),
            (&[&test], Warning, "t=y"),
        ];
        for (records, verdict, part) in cases {
            let finding = dkim(&settings, &record, &texts(records));
            assert_eq!(finding.verdict, *verdict, "{records:?}: {finding:?}");
            assert!(finding.message.contains(part), "{records:?}: {finding:?}");
        }
    }

    #[test]
    fn dmarc_is_looked_for_up_to_the_domain_below_the_top() {
        let places = ["_dmarc.a.b.example.org", "_dmarc.b.example.org", "_dmarc.example.org"];
        assert_eq!(dmarc_places("a.b.example.org"), places);
        assert_eq!(dmarc_places("localhost"), ["_dmarc.localhost"]);
        let cases: &[(&[&str], Verdict, &str)] = &[
            (&[], Warning, "no DMARC record"),
            (&["v=spf1 -all"], Warning, "no DMARC record"),
            (&["p=none; v=DMARC1"], Warning, "no DMARC record"),
            (&["v=DMARC1; p=none", "v=DMARC1; p=reject"], Warning, "2 DMARC records"),
            (&["v=DMARC1;p=Quarantine; pct=100"], Ok, "`p=quarantine`"),
            (&["v=DMARC1; p=monitor"], Error, "`p=monitor`"),
            (&["v=DMARC1; rua=mailto:x@example.org"], Error, "no `p=`"),
        ];
        for (records, verdict, part) in cases {
            let finding = dmarc("example.org", &texts(records));
            assert_eq!(finding.verdict, *verdict, "{records:?}: {finding:?}");
            assert!(finding.message.contains(part), "{records:?}: {finding:?}");
        }
    }

    #[test]
    fn a_mail_is_tied_to_its_domain_by_either_way() {
        for (from, envelope, signing, is_tied) in [
            ("example.org", "example.org", &[][..], true),
            ("example.org", "bounces.example.org", &[], true),
            ("news.example.org", "example.org", &[], true),
            ("example.org", "relay.example", &["example.org"], true),
            ("example.org", "relay.example", &["relay.example"], false),
            ("example.org", "badexample.org", &[], false),
        ] {
            assert_eq!(alignment(from, envelope, signing).is_none(), is_tied, "{from} {envelope} {signing:?}");
        }
    }
}
