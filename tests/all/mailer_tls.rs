//! The mailer and TLS: whom it believes, and that without it nothing is said. The certificates are those of
//! `tests/fixtures/tls`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crieur::delivery::mailer::{Answer, Connection, Mailer, MailerError};
use crieur::model::delivery::Outcome;
use crieur::model::settings::{Credentials, MailTransport, SmtpSettings, Tls};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::support::rights::can;
use crate::support::sender::{address, settings};
use crate::support::smtp_sink::{Act, Builder, Sink};

const MESSAGE: &[u8] = b"Subject: essai\r\n\r\nBonjour\r\n";

/// A relay on this port as our own authority vouches for it.
fn relay(host: &str, port: u16, tls: Tls) -> SmtpSettings {
    let authority = CertificateDer::from_pem_file("tests/fixtures/tls/authority.pem").expect("the authority");
    SmtpSettings { host: host.to_owned(), port, tls, authorities: vec![authority.to_vec()], credentials: None }
}

fn mailer(smtp: SmtpSettings) -> Result<Mailer, MailerError> {
    Mailer::new(&settings(MailTransport::Smtp(smtp)))
}

async fn connect(smtp: SmtpSettings) -> Result<Connection, Answer> {
    mailer(smtp).expect("sound settings").connect().await
}

/// Why nothing is sent there.
async fn refused(smtp: SmtpSettings) -> String {
    match connect(smtp).await.expect_err("no mail goes there") {
        Answer::Unwelcome(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// One that speaks TLS in the one way or the other.
fn speaking(tls: Tls, certificate: &str) -> Builder {
    match tls {
        Tls::Implicit => Sink::builder().implicit_tls(certificate),
        _ => Sink::builder().tls(certificate),
    }
}

const BOTH: [Tls; 2] = [Tls::Starttls, Tls::Implicit];

#[tokio::test]
async fn a_relay_with_a_certificate_for_its_name_gets_the_mail() {
    for tls in BOTH {
        for host in ["127.0.0.1", "localhost"] {
            let sink = speaking(tls, "good").start().await;
            let mut connection = connect(relay(host, sink.address().port(), tls)).await.expect("TLS");
            for to in ["a@example.org", "b@example.org"] {
                connection.envelope(&address("retours@example.org"), &address(to)).await.expect("the envelope");
                assert_eq!(connection.transmit(MESSAGE).await, Outcome::Sent);
            }
            connection.close().await;
            assert_eq!((sink.recipients().len(), sink.messages()[0].message.as_slice()), (2, MESSAGE), "{tls:?}");
        }
    }
}

/// E13: no mail, and no falling back to the clear.
#[tokio::test]
async fn a_relay_that_cannot_prove_its_name_gets_nothing() {
    for tls in BOTH {
        for certificate in ["expired", "other-name", "self-signed"] {
            let sink = speaking(tls, certificate).start().await;
            let reason = refused(relay("localhost", sink.address().port(), tls)).await;
            assert!(reason.contains("certificate"), "{tls:?}, {certificate}: {reason}");
            assert_eq!((sink.messages().len(), sink.connections()), (0, 1), "{tls:?}, {certificate}");
        }
    }
}

/// E16. What speaks for the relay here is OpenSSL, told to forget what came after.
#[tokio::test]
async fn a_relay_that_speaks_an_old_tls_only_gets_nothing() {
    for (version, is_spoken) in [("-tls1_1", false), ("-tls1_2", true)] {
        let relay_of_old =
            ["s_server", version, "-cipher", "DEFAULT@SECLEVEL=0", "-cert", "tests/fixtures/tls/good.pem"];
        if !can("an old TLS", &["openssl", "s_server", "-help"]) {
            return;
        }
        let mut server = Command::new("openssl")
            .args(relay_of_old)
            .args(["-accept", "127.0.0.1:0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let mut said = BufReader::new(server.stdout.take().expect("its output")).lines();
        let place = said.find_map(|line| line.ok()?.strip_prefix("ACCEPT 127.0.0.1:")?.parse().ok());
        let relay = relay("localhost", place.expect("a port"), Tls::Implicit);
        // whoever gets through the handshake finds nobody who says a greeting
        server.stdin.take().expect("its input").write_all(b"no greeting\n").expect("a line");
        let answer = connect(relay).await.expect_err("no mail goes there");
        let is_refused = matches!(&answer, Answer::Unwelcome(reason) if reason.contains("handshake failed"));
        assert_eq!(is_refused, !is_spoken, "{version}: {answer:?}");
        server.kill().expect("killed");
        server.wait().expect("its end");
    }
}

/// The public authorities do not vouch for ours, and ours is believed instead of them, not beside them.
#[tokio::test]
async fn an_authority_is_believed_where_the_operator_named_it_and_nowhere_else() {
    for tls in BOTH {
        let sink = speaking(tls, "good").start().await;
        let public = SmtpSettings { authorities: Vec::new(), ..relay("localhost", sink.address().port(), tls) };
        assert!(refused(public).await.contains("certificate"), "{tls:?}");
    }
}

#[tokio::test]
async fn a_password_is_said_under_tls_by_plain_or_login() {
    for tls in BOTH {
        for mechanism in ["PLAIN", "LOGIN"] {
            let sink = speaking(tls, "good").auth(mechanism, "crieur", "sésame").start().await;
            let known = |password: &str| {
                let credentials = Some(Credentials { user: "crieur".to_owned(), password: password.to_owned() });
                SmtpSettings { credentials, ..relay("localhost", sink.address().port(), tls) }
            };
            let mut connection = connect(known("sésame")).await.expect("the password is right");
            let from = address("retours@example.org");
            connection.envelope(&from, &address("a@example.org")).await.expect("the envelope");
            assert_eq!(connection.transmit(MESSAGE).await, Outcome::Sent);
            let reason = refused(known("wrong")).await;
            assert_eq!(reason, "AUTH failed: 535 5.7.8 who are you?");
            assert_eq!(sink.messages().len(), 1);
        }
    }
}

/// E14: who stands between us and the relay takes its STARTTLS away. The sink fails the test where AUTH is said in the clear.
#[tokio::test]
async fn a_relay_whose_starttls_was_taken_away_hears_no_password() {
    let sink = Sink::builder().auth("PLAIN", "crieur", "secret").start().await;
    let credentials = Some(Credentials { user: "crieur".to_owned(), password: "secret".to_owned() });
    let stripped = SmtpSettings { credentials, ..relay("127.0.0.1", sink.address().port(), Tls::Starttls) };
    assert!(refused(stripped).await.contains("does not offer STARTTLS"));
    assert!(sink.messages().is_empty());
}

/// E14
#[tokio::test]
async fn a_relay_without_starttls_gets_nothing() {
    let sink = Sink::builder().start().await;
    let reason = refused(relay("127.0.0.1", sink.address().port(), Tls::Starttls)).await;
    assert!(reason.contains("does not offer STARTTLS"), "{reason}");
}

/// E15: what comes after the 220 was said in the clear and must not be read as if it had come under TLS.
#[tokio::test]
async fn an_answer_smuggled_in_before_tls_is_not_believed() {
    let injected = Act::Raw(b"220 go on\r\n250-sink.invalid\r\n250 AUTH PLAIN\r\n".to_vec());
    let sink = Sink::builder().starttls(injected).start().await;
    let reason = refused(relay("127.0.0.1", sink.address().port(), Tls::Starttls)).await;
    assert!(reason.contains("the relay spoke out of turn"), "{reason}");
}

#[tokio::test]
async fn a_relay_that_cannot_speak_tls_gets_nothing() {
    let sink = Sink::builder().starttls("220 go on").start().await;
    let port = sink.address().port();
    assert!(refused(relay("127.0.0.1", port, Tls::Starttls)).await.contains("STARTTLS failed"));
    assert!(refused(relay("127.0.0.1", port, Tls::Implicit)).await.contains("the TLS handshake failed"));
}

/// E16: a server's hello that chooses TLS 1.1, or 1.0 (RFC 4346 §7.4.1.3), with AES-128 and SHA.
#[tokio::test]
async fn a_relay_that_only_speaks_what_is_out_of_date_gets_nothing() {
    for minor in [1, 2] {
        let hello = [&[2, 0, 0, 38, 3, minor][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
        let record = [&[22, 3, minor, 0, 42][..], &hello].concat();
        let sink = Sink::builder().greeting(Act::Raw(record)).start().await;
        let reason = refused(relay("127.0.0.1", sink.address().port(), Tls::Implicit)).await;
        assert!(reason.contains("peer is incompatible"), "{reason}");
    }
}

#[test]
fn a_password_never_travels_in_the_clear() {
    let with = |tls, user: &str| {
        let credentials = Some(Credentials { user: user.to_owned(), password: "secret".to_owned() });
        SmtpSettings { credentials, ..relay("127.0.0.1", 25, tls) }
    };
    let clear = with(Tls::None { anywhere: true }, "crieur");
    assert!(!format!("{clear:?}").contains("secret"));
    assert_eq!(mailer(clear).expect_err("refused"), MailerError::PasswordInTheClear);
    let odd = with(Tls::Implicit, "a\0b");
    assert_eq!(mailer(odd).expect_err("refused"), MailerError::ControlCharacter("user"));
}
