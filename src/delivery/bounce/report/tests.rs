//! Reports as Postfix, Exchange and a feedback loop write them (`tests/fixtures/bounces`), and what only looks like one.

use super::*;

const POSTFIX: &str = include_str!("../../../../tests/fixtures/bounces/postfix.eml");
const EXCHANGE: &str = include_str!("../../../../tests/fixtures/bounces/exchange.eml");
const ARF: &str = include_str!("../../../../tests/fixtures/bounces/arf.eml");
const VACATION: &str = include_str!("../../../../tests/fixtures/bounces/vacation.eml");
const HUMAN: &str = include_str!("../../../../tests/fixtures/bounces/human.eml");

const ABOUT: About = About::Delivery { issue: 3, subscription: 42 };

fn key() -> SigningKey {
    SigningKey::new([7; 32])
}

/// With the return path, link and codes filled in, and the line ends of the wire.
fn filled(text: &str, verp: &str, leave: &str, status: &str) -> String {
    text.replace("{VERP}", verp)
        .replace("{LEAVE}", leave)
        .replace("{STATUS}", status)
        .replace("{TYPE}", status)
        .replace('\n', "\r\n")
}

fn verp() -> String {
    format!("bounces+{}@example.org", key().bounce_token(&[3, 42]))
}

fn failed(about: About, kind: BounceKind, status: Option<&str>) -> Report {
    Report::Failed { about, kind, status: status.and_then(Status::find) }
}

fn ours(text: &str, status: &str) -> Report {
    read(filled(text, &verp(), &key().subscription_token(42), status).as_bytes(), &[], &key())
}

#[test]
fn a_report_says_of_which_mail_and_why() {
    for (status, kind) in [
        ("5.1.1", BounceKind::Hard),
        ("5.2.2", BounceKind::Soft),
        ("4.4.7", BounceKind::Soft),
        ("5.7.1", BounceKind::Policy),
    ] {
        assert_eq!(ours(POSTFIX, status), failed(ABOUT, kind, Some(status)), "{status}");
    }
    assert_eq!(ours(EXCHANGE, ""), failed(ABOUT, BounceKind::Hard, Some("5.1.10")));
}

#[test]
fn a_return_path_in_capitals_is_the_same() {
    let text = filled(POSTFIX, &verp().to_uppercase(), "", "5.1.1");
    assert_eq!(read(text.as_bytes(), &[], &key()), failed(ABOUT, BounceKind::Hard, Some("5.1.1")));
}

/// Some servers lose the address it came to; the mail within still names its reader.
#[test]
fn what_the_returned_mail_says_is_enough() {
    let text = filled(EXCHANGE, "bounces@example.org", &key().subscription_token(42), "");
    assert_eq!(read(text.as_bytes(), &[], &key()), failed(About::Subscription(42), BounceKind::Hard, Some("5.1.10")));
    let envelope = [verp()];
    assert_eq!(read(text.as_bytes(), &envelope, &key()), failed(ABOUT, BounceKind::Hard, Some("5.1.10")));
}

/// H1
#[test]
fn a_forged_report_names_nobody() {
    let forger = SigningKey::new([8; 32]);
    let verp = format!("bounces+{}@example.org", forger.bounce_token(&[3, 42]));
    for text in [POSTFIX, EXCHANGE] {
        let text = filled(text, &verp, &forger.subscription_token(42), "5.1.1");
        assert_eq!(read(text.as_bytes(), std::slice::from_ref(&verp), &key()), Report::NotOurs);
    }
}

#[test]
fn what_has_not_failed_is_no_failure() {
    for action in ["delayed", "delivered", "relayed", "expanded"] {
        let text = POSTFIX.replace("Action: failed", &format!("Action: {action}"));
        assert_eq!(ours(&text, "4.4.1"), Report::NothingFailed, "{action}");
    }
    let two = POSTFIX.replace(
        "Final-Recipient",
        "Final-Recipient: rfc822; x@example.net\nAction: failed\nStatus: 4.2.2\n\nFinal-Recipient",
    );
    assert_eq!(ours(&two, "5.1.1"), failed(ABOUT, BounceKind::Hard, Some("5.1.1")));
}

/// H5
#[test]
fn a_complaint_is_told_from_what_machines_think() {
    for (kind, expected) in [
        ("abuse", failed(ABOUT, BounceKind::Complaint, None)),
        ("Opt-Out", failed(ABOUT, BounceKind::Complaint, None)),
        ("not-spam", Report::NothingFailed),
        ("auth-failure", Report::NothingFailed),
        ("virus", Report::NothingFailed),
    ] {
        assert_eq!(ours(ARF, kind), expected, "{kind}");
    }
    let redacted = filled(ARF, "redacted@example.org", &key().subscription_token(42), "abuse");
    assert_eq!(read(redacted.as_bytes(), &[], &key()), failed(About::Subscription(42), BounceKind::Complaint, None));
}

/// H5: never counted, whatever numbers are in it.
#[test]
fn an_automatic_reply_is_no_bounce_and_a_letter_is_neither() {
    assert_eq!(ours(VACATION, ""), Report::AutoReply);
    assert_eq!(ours(HUMAN, ""), Report::Other);
    let challenge = HUMAN.replace("Subject:", "Precedence: bulk\nSubject:");
    assert_eq!(ours(&challenge, ""), Report::AutoReply);
}

/// H6
#[test]
fn a_mail_of_our_own_is_a_loop() {
    let own = "Feedback-ID: ux-1:ux:newsletter:crieur\nList-Id: UX <ux.example.org>\n";
    assert_eq!(ours(&format!("{own}{HUMAN}"), ""), Report::Loop);
    assert_eq!(ours(&format!("{own}{POSTFIX}"), "5.1.1"), Report::Loop);
}

/// H8
#[test]
fn nothing_is_too_deep_too_long_or_too_odd() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(20_000);
    assert_eq!(read(nested.as_bytes(), &[], &key()), Report::Other);
    let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=a\r\n\r\n--a\r\n";
    for inner in [
        nested.as_str(),
        "Content-Type: message/delivery-status\r\n\r\n",
        "Content-Type: message/delivery-status; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n/////w==",
        "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n--b\r\n\r\n",
    ] {
        read(format!("{report}{inner}").as_bytes(), &[], &key());
    }
    let digests: String = (0..2_000).fold(String::new(), |text, level| {
        text + &format!("Content-Type: multipart/digest; boundary=b{level}\r\n\r\n--b{level}\r\n\r\n")
    });
    read(digests.as_bytes(), &[], &key());
    let long = [report.as_bytes(), &vec![b'x'; 10 << 20]].concat();
    assert_eq!(read(&long, &[], &key()), Report::Other, "what it says may be beyond what is read");
    for bytes in [&b""[..], b"\0", b"\xff\xfe", b":", b"\r\n\r\n", b"Content-Type: multipart/report"] {
        assert!(!matches!(read(bytes, &[], &key()), Report::Failed { .. }));
    }
}
