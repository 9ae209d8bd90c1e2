//! Read back with another parser: what lettre writes is not checked with lettre.

use mail_parser::{HeaderValue as Parsed, MessageParser, MimeHeaders as _};

use super::*;
use crate::model::issue::Variant;
use crate::model::settings::Mailbox as Writer;

const MARK: &str = "https://leave.invalid/0123456789abcdef";

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("an address")
}

fn masthead(title: &str) -> Masthead {
    Masthead {
        title: title.to_owned(),
        from: Writer { name: Some("L’équipe, UX".to_owned()), address: address("equipe@lettres.example.org") },
        reply_to: Some(address("reponses@example.org")),
        public_url: "https://cri.example.org/a/".parse().expect("an address"),
        host: "www.example.org".to_owned(),
    }
}

fn issue() -> FrozenIssue {
    let long = "é".repeat(2000);
    FrozenIssue {
        id: 7,
        newsletter: "hebdo".to_owned(),
        number: 12,
        slot: "2019-04-08T09:00:00".parse().expect("a time"),
        frozen_at: "2019-04-08T07:00:03Z".parse().expect("an instant"),
        masthead: None,
        variants: vec![Variant {
            key: "fr".to_owned(),
            lang: "fr".to_owned(),
            subject: "L’UX à l’honneur : trois rendez-vous, une conférence et des ateliers 🎉".to_owned(),
            html: format!(
                "<p>{long}</p>\n<a href=\"{MARK}\">Se désabonner</a> <a href=\"%preferences%\">Préférences</a>"
            ),
            text: format!("Bonjour,\n.\nFrom ici\n{long}\nSe désabonner : {MARK}\nPréférences : %preferences%\n"),
            unsubscribe_mark: MARK.to_owned(),
            preferences_mark: "%preferences%".to_owned(),
            calendar: None,
        }],
    }
}

fn carries(subscription: i64, variant: &str) -> Carries {
    Carries::Issue { issue: 7, subscription, variant: variant.to_owned() }
}

fn claim(name: Option<&str>) -> Claim {
    Claim {
        delivery: 1,
        epoch: 1,
        carries: carries(42, "fr"),
        subscriber: 5,
        address: address("jeanne@example.org"),
        name: name.map(str::to_owned),
        attempts: 0,
    }
}

fn built(name: Option<&str>) -> Vec<u8> {
    let (masthead, key) = (masthead("L’hebdo <UX>"), SigningKey::new([7; 32]));
    let sender = Sender { masthead: &masthead, key: &key };
    build(&sender, &issue(), &claim(name)).expect("a mail")
}

fn token() -> String {
    SigningKey::new([7; 32]).subscription_token(42)
}

#[test]
fn every_header_says_what_it_should() {
    let bytes = built(Some("Jeanne Dupont, dite « JD »"));
    let mail = MessageParser::default().parse(&bytes).expect("a mail");
    let from = mail.from().and_then(|list| list.first()).expect("a sender");
    assert_eq!((from.name(), from.address()), (Some("L’équipe, UX"), Some("equipe@lettres.example.org")));
    let to = mail.to().and_then(|list| list.first()).expect("a reader");
    assert_eq!((to.name(), to.address()), (Some("Jeanne Dupont, dite « JD »"), Some("jeanne@example.org")));
    assert_eq!(mail.reply_to().and_then(|list| list.first()).and_then(|it| it.address()), Some("reponses@example.org"));
    assert_eq!(mail.subject(), Some(issue().variants[0].subject.as_str()));
    assert_eq!(mail.date().map(mail_parser::DateTime::to_timestamp), Some(issue().frozen_at.timestamp()));
    let id = mail.message_id().expect("a Message-ID");
    assert!(id.ends_with("@lettres.example.org") && !id.contains("jeanne"), "{id}");
    let list = mail.header("List-Id").and_then(Parsed::as_address).and_then(|list| list.first()).expect("a List-Id");
    assert_eq!((list.name(), list.address()), (Some("L’hebdo UX"), Some("hebdo.www.example.org")));
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Feedback-ID", "hebdo-12:hebdo:newsletter:crieur"),
    ] {
        assert_eq!(mail.header_raw(name).map(str::trim), Some(value), "{name}");
    }
}

#[test]
fn a_name_with_a_dot_in_it_is_quoted() {
    for (name, to) in [
        ("numerique.gouv.fr", "\"numerique.gouv.fr\" <jeanne@example.org>"),
        ("J. Dupont", "\"J. Dupont\" <jeanne@example.org>"),
        ("Jeanne", "Jeanne <jeanne@example.org>"),
    ] {
        let bytes = built(Some(name));
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        let lines = String::from_utf8_lossy(&bytes).lines().filter(|line| line.starts_with("To:")).count();
        assert_eq!((mail.header_raw("To").map(str::trim), lines), (Some(to), 1));
    }
}

#[test]
fn the_way_out_stands_on_one_line_and_in_both_parts() {
    let bytes = built(None);
    let address = format!("https://cri.example.org/a/unsubscribe/{}", token());
    let text = String::from_utf8(bytes.clone()).expect("ASCII");
    assert!(text.contains(&format!("\r\nList-Unsubscribe: <{address}>\r\n")), "{text}");
    let mail = MessageParser::default().parse(&bytes).expect("a mail");
    let parts: Vec<_> = mail.parts.iter().filter(|part| !part.is_multipart()).collect();
    let kinds: Vec<_> = parts.iter().filter_map(|part| part.content_type()?.subtype()).collect();
    assert_eq!(kinds, ["plain", "html"]);
    for part in parts {
        let content = part.text_contents().expect("text");
        assert!(content.contains(&address) && !content.contains(MARK) && content.contains(&"é".repeat(2000)));
        let preferences = SigningKey::new([7; 32]).preferences_token(5);
        assert!(content.contains(&format!("https://cri.example.org/a/preferences/{preferences}")), "{content}");
    }
}

#[test]
fn nothing_but_ascii_in_short_lines_with_crlf() {
    let bytes = built(Some("Émile"));
    super::super::mailer::check_message(&bytes, false).expect("fit to be sent");
    for line in bytes.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 79 || line.starts_with(b"List-Unsubscribe: "), "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn two_attempts_are_the_same_bytes_and_two_readers_are_not() {
    assert_eq!(built(Some("Jeanne")), built(Some("Jeanne")));
    let (masthead, key) = (masthead("L’hebdo"), SigningKey::new([7; 32]));
    let sender = Sender { masthead: &masthead, key: &key };
    let other = Claim { carries: carries(43, "fr"), ..claim(None) };
    let id = |claim: &Claim| {
        let bytes = build(&sender, &issue(), claim).expect("a mail");
        MessageParser::default().parse(&bytes).and_then(|mail| mail.message_id().map(str::to_owned))
    };
    assert_ne!(id(&claim(None)), id(&other));
}

#[test]
fn a_name_cannot_bring_a_header_along() {
    let headers = MessageParser::default().parse(&built(Some("Jeanne"))).expect("a mail").headers().len();
    for name in [
        "Jeanne\r\nBcc: spy@example.org",
        "Jeanne\nBcc: spy@example.org\n\nbody",
        "\r\r\n\r\nbody",
        "Jeanne\u{2028}Bcc: spy@example.org",
        "Jeanne\u{85}Bcc: spy@example.org",
        "\"<spy@example.org>, \\",
        "=?utf-8?q?x?=\r\n y",
        "\0",
        "Jeanne \u{202e}gro.elpmaxe@yps",
        &"Jeanne ".repeat(10_000),
    ] {
        let bytes = built(Some(name));
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        assert!(mail.bcc().is_none(), "{name:?}");
        let to: Vec<_> = mail.to().expect("a reader").iter().filter_map(|to| to.address()).collect();
        assert_eq!(to, ["jeanne@example.org"], "{name:?}");
        assert_eq!(mail.text_body_count(), 1, "{name:?}");
        assert_eq!(mail.headers().len(), headers, "{name:.40?}");
        let shown = mail.to().and_then(|to| to.first()?.name()).unwrap_or_default();
        assert!(!shown.contains('\u{202e}') && shown.chars().count() <= 200, "{name:.40?}");
        assert!(mail.body_text(0).is_some_and(|text| text.starts_with("Bonjour")), "{name:?}");
    }
}

#[test]
fn a_missing_variant_is_named_without_the_reader() {
    let (masthead, key) = (masthead(""), SigningKey::new([7; 32]));
    let sender = Sender { masthead: &masthead, key: &key };
    let error = build(&sender, &issue(), &Claim { carries: carries(42, "br"), ..claim(None) }).expect_err("no variant");
    assert_eq!(error.to_string(), "issue 7 has no variant `br`");
}

#[test]
fn a_letter_is_no_mail_of_a_list() {
    let (masthead, key) = (masthead(""), SigningKey::new([7; 32]));
    let sender = Sender { masthead: &masthead, key: &key };
    let text = LetterText {
        lang: "fr".to_owned(),
        subject: "Confirmez votre abonnement".to_owned(),
        html: "<a href=\"%link%\">Confirmer</a>".to_owned(),
        text: "Confirmer :\n%link%\n".to_owned(),
        mark: "%link%".to_owned(),
    };
    let written = "2019-04-08T07:00:03Z".parse().expect("an instant");
    for (signup, link) in [
        (Some(9), format!("https://cri.example.org/a/confirm/{}", key.confirmation_token(9))),
        (None, format!("https://cri.example.org/a/preferences/{}", key.preferences_token(5))),
    ] {
        let carries = Carries::Letter { text: text.hash(), signup, written };
        let claim = Claim { carries, ..claim(None) };
        let bytes = letter(&sender, &text, &claim).expect("a letter");
        assert_eq!(letter(&sender, &text, &claim).expect("a letter"), bytes, "the same at every attempt");
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        assert_eq!(mail.subject(), Some("Confirmez votre abonnement"));
        assert_eq!(mail.date().map(mail_parser::DateTime::to_timestamp), Some(1_554_706_803));
        assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
        for name in ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"] {
            assert!(mail.header_raw(name).is_none(), "{name}");
        }
        for part in mail.parts.iter().filter(|part| !part.is_multipart()) {
            assert!(part.text_contents().expect("text").contains(&link));
        }
        let issue = build(&sender, &issue(), &claim).expect_err("another claim");
        assert_eq!(issue, MessageError::OtherClaim);
    }
}
