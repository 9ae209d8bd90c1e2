//! Against RFC 8463 Appendix A, which other people signed; `tests/clients/check_dkim.py` has dkimpy look at whole mails.

use ring::signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};

use super::*;
use crate::model::dkim::DkimKey;

const MESSAGE: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
To: Suzie Q <suzie@shopping.example.net>\r\n\
Subject: Is dinner ready?\r\n\
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
\r\n\
Hi.\r\n\
\r\n\
We lost the game.  Are you hungry yet?\r\n\
\r\n\
Joe.\r\n";

const NAMES: [&str; 8] = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];

fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

#[test]
fn what_is_signed_is_what_the_rfc_signed_with_ed25519() {
    let own = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; \
               i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : \
               message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    let signature = decode("/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==");
    let (fields, body) = split(MESSAGE.as_bytes());
    assert_eq!(STANDARD.encode(sha256(&relaxed_body(body))), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    let public = UnparsedPublicKey::new(&ED25519, decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="));
    public.verify(&sha256(&covered_bytes(&fields, &NAMES, own)), &signature).expect("the signature of the RFC");
}

#[test]
fn what_is_signed_is_what_the_rfc_signed_with_rsa() {
    let own = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; \
               i=@football.example.com;\r\n q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : \
               message-id : from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    let signature = decode(
        "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeef\
         Osk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
    );
    let (fields, _) = split(MESSAGE.as_bytes());
    // the bare RSAPublicKey within the published SubjectPublicKeyInfo
    let public = decode(
        "MIGJAoGBAOQeU5CgFPNZGIazlXo2k/eJ1jpaTTxrmqF1HrDLlt04pvaMtCJj8nXoliLRC/H9vJjMI1vdb3XLcW60AIN/PBD8EL97/y4GwJ\
         H7LPUvGP48vqUe+owqszesbiGy1PlCO8c70/OjFnJVgvMF87YR4Lcincb7aSvI5MgpP6X8rjDdAgMBAAE=",
    );
    let public = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, public);
    public.verify(&covered_bytes(&fields, &NAMES, own), &signature).expect("the signature of the RFC");
}

/// The examples of RFC 6376 §3.4.5 and what stands between its lines.
#[test]
fn blanks_are_no_difference() {
    for (body, relaxed) in [
        (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
        ("", ""),
        ("\r\n\r\n", ""),
        (" \t\r\n", ""),
        ("a", "a\r\n"),
        ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
        ("\r\na\r\n", "\r\na\r\n"),
    ] {
        assert_eq!(String::from_utf8_lossy(&relaxed_body(body.as_bytes())), relaxed, "{body:?}");
    }
    assert_eq!(relaxed_field("A", " X"), "a:X");
    assert_eq!(relaxed_field("B ", " Y\t\r\n\tZ  "), "b:Y Z");
}

#[test]
fn nothing_can_be_added_beside_what_readers_see() {
    let (fields, _) = split(MESSAGE.as_bytes());
    let names = covered(&fields).expect("it has a From");
    let count = |name: &str| names.iter().filter(|other| **other == name).count();
    assert_eq!((count("From"), count("Subject"), count("Reply-To"), count("Content-Type")), (2, 2, 1, 1));
    assert_eq!((count("Message-ID"), count("List-Id")), (1, 0));
    assert!(signed(b"Subject: a\r\n\r\n", &[key()], DateTime::UNIX_EPOCH).is_err());
}

fn key() -> DkimSettings {
    let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
               -----END PRIVATE KEY-----\n";
    let key = DkimKey::from_pem(pem.as_bytes()).expect("the key of RFC 8463");
    DkimSettings { selector: "brisbane".to_owned(), domain: "football.example.com".to_owned(), key }
}

#[test]
fn a_mail_is_signed_the_same_at_every_attempt_in_short_lines() {
    let at = DateTime::from_timestamp(1_528_637_909, 0).expect("an instant");
    let once = signed(MESSAGE.as_bytes(), &[key(), key()], at).expect("signed");
    assert_eq!(once, signed(MESSAGE.as_bytes(), &[key(), key()], at).expect("signed"));
    let text = String::from_utf8(once).expect("ASCII");
    assert!(text.ends_with(MESSAGE));
    assert_eq!(text.matches("DKIM-Signature:").count(), 2);
    assert!(text.lines().all(|line| line.len() <= 78), "{text}");
    let (fields, _) = split(text.as_bytes());
    assert_eq!(fields.len(), 2 + 5);
}
