//! The mailer against a server that misbehaves: what is known after each failure, and what is not.

use std::time::Duration;

use crieur::delivery::mailer::{Answer, Connection, Deadlines, Mailer};
use crieur::model::delivery::Outcome;
use crieur::model::settings::{MailTransport, SmtpSettings, Tls};

use crate::support::sender::{address, in_clear, settings};
use crate::support::smtp_sink::{Act, Sink};

const MESSAGE: &[u8] = b"Message-ID: <0123456789@example.org>\r\nSubject: essai\r\n\r\nBonjour\r\n.\r\n..\r\n";

fn mailer_for(port: u16, deadlines: Deadlines) -> Mailer {
    Mailer::with_deadlines(&settings(in_clear(port)), deadlines).expect("sound settings")
}

async fn open(sink: &Sink) -> Connection {
    mailer_for(sink.address().port(), Deadlines::default()).connect().await.expect("the sink answers")
}

async fn name(connection: &mut Connection, to: &str) -> Result<(), Answer> {
    connection.envelope(&address("retours@example.org"), &address(to)).await
}

async fn send(connection: &mut Connection, to: &str) -> Outcome {
    name(connection, to).await.expect("the envelope is taken");
    connection.transmit(MESSAGE).await
}

fn deferred(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Deferred { .. })
}

fn doubted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Doubt { .. })
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written() {
    let sink = Sink::builder().start().await;
    let mut connection = open(&sink).await;
    for to in ["a@example.org", "b@example.org"] {
        assert_eq!(send(&mut connection, to).await, Outcome::Sent);
    }
    connection.close().await;
    let messages = sink.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].from, "retours@example.org");
    assert_eq!(messages[1].to, ["b@example.org"]);
    assert_eq!(messages[0].message, MESSAGE);
    assert_eq!(sink.connections(), 1);
}

/// E2
#[tokio::test]
async fn a_refused_recipient_leaves_the_connection_to_the_next() {
    let gone = "gone@example.org";
    let sink = Sink::builder().rcpt(gone, "550 5.1.1 <gone@example.org>: no such user").start().await;
    let mut connection = open(&sink).await;
    let refused = name(&mut connection, gone).await.expect_err("nobody there");
    assert_eq!(refused, Answer::Refused("550 5.1.1 <…>: no such user".to_owned()));
    assert_eq!(send(&mut connection, "here@example.org").await, Outcome::Sent);
    assert_eq!((sink.recipients(), sink.connections()), (vec!["here@example.org".to_owned()], 1));
}

#[tokio::test]
async fn a_greylisted_recipient_is_put_off() {
    let sink = Sink::builder().rcpt_once("a@example.org", "450 4.7.1 come back").start().await;
    let mut connection = open(&sink).await;
    assert!(matches!(name(&mut connection, "a@example.org").await, Err(Answer::Deferred(_))));
    assert_eq!(send(&mut connection, "a@example.org").await, Outcome::Sent);
}

#[tokio::test]
async fn a_refused_sender_is_nobodys_fault_but_ours() {
    let sink = Sink::builder().mail("550 5.7.1 not you").start().await;
    let mut connection = open(&sink).await;
    assert!(matches!(name(&mut connection, "a@example.org").await, Err(Answer::Unwelcome(_))));
}

/// E5
#[tokio::test]
async fn an_answer_after_the_dot_is_known_and_leaves_no_doubt() {
    for (reply, expected) in [
        ("451 4.3.0 disk full", Outcome::Deferred { reason: "451 4.3.0 disk full".to_owned() }),
        ("554 5.6.0 spam", Outcome::Refused { reason: "554 5.6.0 spam".to_owned() }),
        ("421 4.3.2 going down", Outcome::Deferred { reason: "421 4.3.2 going down".to_owned() }),
        ("552-5.3.4 too\r\n552 5.3.4 big", Outcome::Refused { reason: "552 5.3.4 too big".to_owned() }),
    ] {
        let sink = Sink::builder().after_dot(reply).start().await;
        let mut connection = open(&sink).await;
        assert_eq!(send(&mut connection, "a@example.org").await, expected);
        assert_eq!(connection.is_usable(), !reply.starts_with("421"), "{reply}");
    }
}

/// E6
#[tokio::test]
async fn a_connection_lost_before_354_leaves_no_doubt() {
    for act in [Act::Drop, "421 closing".into(), "250 what?".into(), "354-go\r\n250 on".into()] {
        let sink = Sink::builder().data(act.clone()).start().await;
        let mut connection = open(&sink).await;
        let outcome = send(&mut connection, "a@example.org").await;
        assert!(deferred(&outcome), "{act:?}: {outcome:?}");
        assert!(!connection.is_usable() && sink.messages().is_empty());
    }
}

/// E6: more than the sockets can hold, so that it cannot have been taken whole.
#[tokio::test]
async fn a_connection_lost_in_the_body_leaves_no_doubt() {
    let sink = Sink::builder().close_in_the_body().start().await;
    let mut connection = open(&sink).await;
    name(&mut connection, "a@example.org").await.expect("the envelope is taken");
    let outcome = connection.transmit(&b"a line of thirty-two octets, yes\r\n".repeat(1_000_000)).await;
    assert!(deferred(&outcome), "{outcome:?}");
    assert!(!connection.may_have_delivered() && !connection.is_usable());
}

/// E7, A4: the server has it and nobody was told.
#[tokio::test]
async fn a_connection_lost_after_the_dot_is_a_doubt() {
    let sink = Sink::builder().after_dot(Act::Drop).start().await;
    let mut connection = open(&sink).await;
    let outcome = send(&mut connection, "a@example.org").await;
    assert!(doubted(&outcome), "{outcome:?}");
    assert!(connection.may_have_delivered() && !connection.is_usable());
    assert_eq!(sink.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn no_answer_to_the_dot_in_time_is_a_doubt() {
    let sink = Sink::builder().after_dot(Act::Silence).start().await;
    let short = Deadlines { answer: Duration::from_millis(50), ..Deadlines::default() };
    let mut connection = mailer_for(sink.address().port(), short).connect().await.expect("the sink answers");
    assert!(doubted(&send(&mut connection, "a@example.org").await));
}

#[tokio::test]
async fn a_late_answer_to_the_dot_is_waited_for() {
    let late = Act::After(Duration::from_millis(200), Box::new("250 at last".into()));
    let sink = Sink::builder().after_dot(late).start().await;
    let short = Deadlines { body: Duration::from_millis(100), ..Deadlines::default() };
    let mut connection = mailer_for(sink.address().port(), short).connect().await.expect("the sink answers");
    assert_eq!(send(&mut connection, "a@example.org").await, Outcome::Sent);
}

#[tokio::test]
async fn silence_at_any_command_ends_at_its_deadline() {
    let short = Deadlines {
        greeting: Duration::from_millis(50),
        command: Duration::from_millis(50),
        data: Duration::from_millis(50),
        ..Deadlines::default()
    };
    let sink = Sink::builder().greeting(Act::Silence).mail(Act::Silence).data(Act::Silence).start().await;
    let mailer = mailer_for(sink.address().port(), short);
    assert!(matches!(mailer.connect().await, Err(Answer::Lost(_))));
    let mut connection = mailer.connect().await.expect("a greeting");
    assert!(matches!(name(&mut connection, "a@example.org").await, Err(Answer::Lost(_))));
    let mut connection = mailer.connect().await.expect("a greeting");
    assert!(deferred(&send(&mut connection, "a@example.org").await));
}

/// E9
#[tokio::test]
async fn garbage_before_the_dot_is_no_doubt_and_after_it_is() {
    let endless = [b"250-".to_vec(), vec![b'x'; 1_000_000]].concat();
    for garbage in [
        b"\0\0\0\0\r\n".to_vec(),
        b"hello there\r\n".to_vec(),
        b"999 what\r\n".to_vec(),
        b"\xff\xfe\r\n".to_vec(),
        b"\r\n".to_vec(),
        // a line ends in CR LF, RFC 5321 section 2.3.8
        b"250 fine\n".to_vec(),
        b"250-fine\n250 fine\r\n".to_vec(),
        b"350 not an end\r\n".to_vec(),
        endless,
    ] {
        let shown = String::from_utf8_lossy(&garbage[..garbage.len().min(20)]).into_owned();
        let sink = Sink::builder().mail(Act::Raw(garbage.clone())).after_dot(Act::Raw(garbage)).start().await;
        let short =
            Deadlines { command: Duration::from_secs(2), answer: Duration::from_secs(2), ..Deadlines::default() };
        let mailer = mailer_for(sink.address().port(), short);
        let mut connection = mailer.connect().await.expect("a greeting");
        let before = name(&mut connection, "a@example.org").await;
        assert!(matches!(before, Err(Answer::Lost(_))), "{shown:?}: {before:?}");
        let mut connection = mailer.connect().await.expect("a greeting");
        let after = send(&mut connection, "a@example.org").await;
        assert!(doubted(&after), "{shown:?}: {after:?}");
        assert!(!connection.is_usable());
    }
}

/// E10: an octet now and then keeps nobody waiting for longer than a command may take.
#[tokio::test]
async fn a_relay_that_drips_its_answer_is_given_up_at_the_deadline_of_the_command() {
    let drip = Act::Drip(b"250 this takes much longer than anybody has\r\n".to_vec(), Duration::from_millis(50));
    let sink = Sink::builder().mail(drip.clone()).after_dot(drip).start().await;
    let short =
        Deadlines { command: Duration::from_millis(500), answer: Duration::from_millis(500), ..Deadlines::default() };
    let mailer = mailer_for(sink.address().port(), short);
    let begin = std::time::Instant::now();
    let mut connection = mailer.connect().await.expect("a greeting");
    let late = Err(Answer::Lost("no answer in time".to_owned()));
    assert_eq!(name(&mut connection, "a@example.org").await, late);
    assert!(begin.elapsed() < Duration::from_millis(1900), "before the last octet came");
    let mut connection = mailer.connect().await.expect("a greeting");
    assert!(doubted(&send(&mut connection, "a@example.org").await));
}

/// A13
#[tokio::test]
async fn the_last_word_before_the_dot_can_be_no() {
    let sink = Sink::builder().start().await;
    let mut connection = open(&sink).await;
    name(&mut connection, "a@example.org").await.expect("the envelope is taken");
    let outcome = connection.transmit_while(MESSAGE, std::sync::Arc::new(|| false)).await;
    assert!(deferred(&outcome) && !connection.is_usable() && !connection.may_have_delivered(), "{outcome:?}");
    // the session is over, whatever came
    connection.close().await;
    let mut connection = open(&sink).await;
    assert_eq!(send(&mut connection, "b@example.org").await, Outcome::Sent);
    assert_eq!(sink.recipients(), ["b@example.org"]);
}

/// E21
#[tokio::test]
async fn a_relay_whose_name_is_not_found_is_a_lost_connection() {
    let transport = MailTransport::Smtp(SmtpSettings {
        host: "relay.invalid".to_owned(),
        port: 25,
        tls: Tls::None { anywhere: true },
        authorities: Vec::new(),
        credentials: None,
    });
    let mailer = Mailer::new(&settings(transport)).expect("sound settings");
    let failure = mailer.connect().await.expect_err("no such name");
    assert!(matches!(&failure, Answer::Lost(reason) if reason.starts_with("the relay is not found")), "{failure:?}");
}

/// A reply too many would make every later answer the answer to something else.
#[tokio::test]
async fn a_relay_that_speaks_out_of_turn_is_believed_once() {
    let twice = Act::Raw(b"250 taken\r\n250 taken\r\n".to_vec());
    let sink = Sink::builder().after_dot(twice).start().await;
    let mut connection = open(&sink).await;
    assert_eq!(send(&mut connection, "a@example.org").await, Outcome::Sent);
    assert!(matches!(name(&mut connection, "b@example.org").await, Err(Answer::Lost(_))));
    assert!(!connection.is_usable());
    let early = Act::Raw(b"354 go\r\n250 taken\r\n".to_vec());
    let sink = Sink::builder().data(early).start().await;
    let mut connection = open(&sink).await;
    assert!(deferred(&send(&mut connection, "a@example.org").await));
}

/// E12
#[tokio::test]
async fn nobody_listening_is_a_lost_connection() {
    let sink = Sink::builder().start().await;
    let port = sink.address().port();
    drop(sink);
    tokio::task::yield_now().await;
    let failure = mailer_for(port, Deadlines::default()).connect().await.expect_err("nobody there");
    assert!(matches!(&failure, Answer::Lost(reason) if reason.starts_with("connection failed")), "{failure:?}");
}

#[tokio::test]
async fn a_relay_that_will_not_have_us_is_told_from_one_that_is_busy() {
    let sink = Sink::builder().greeting("554 5.7.1 no service").greeting("421 too many connections").start().await;
    let mailer = mailer_for(sink.address().port(), Deadlines::default());
    assert!(matches!(mailer.connect().await, Err(Answer::Unwelcome(_))));
    assert!(matches!(mailer.connect().await, Err(Answer::Lost(_))));
    assert!(mailer.connect().await.is_ok());
}

/// E20
#[tokio::test]
async fn a_relay_that_closes_between_mails_is_a_lost_connection_and_no_doubt() {
    let sink = Sink::builder().close_after(1).start().await;
    let mut connection = open(&sink).await;
    assert_eq!(send(&mut connection, "a@example.org").await, Outcome::Sent);
    assert!(matches!(name(&mut connection, "b@example.org").await, Err(Answer::Lost(_))));
    assert!(!connection.is_usable() && !connection.may_have_delivered());
}

/// E25: the sink fails the test where anything is said before the answer to the dot.
#[tokio::test]
async fn nothing_is_said_before_the_answer_to_the_dot_even_where_pipelining_is_offered() {
    let late = Act::After(Duration::from_millis(20), Box::new("250 taken".into()));
    let sink = Sink::builder().extension("PIPELINING").extension("CHUNKING").after_every_dot(late).start().await;
    let mut connection = open(&sink).await;
    for to in ["a@example.org", "b@example.org", "c@example.org"] {
        assert_eq!(send(&mut connection, to).await, Outcome::Sent);
    }
    assert_eq!(sink.messages().len(), 3);
}

#[tokio::test]
async fn a_message_with_a_bare_line_end_never_reaches_data() {
    let sink = Sink::builder().start().await;
    let mut connection = open(&sink).await;
    for bad in [&b"a\r\n.\n\r\nMAIL FROM:<x@y>\r\n"[..], b"a\rb", b"a\0"] {
        name(&mut connection, "a@example.org").await.expect("the envelope is taken");
        assert!(matches!(connection.transmit(bad).await, Outcome::Refused { .. }));
    }
    assert_eq!(send(&mut connection, "b@example.org").await, Outcome::Sent);
    assert_eq!(sink.recipients(), ["b@example.org"]);
}

#[tokio::test]
async fn a_mail_in_a_folder_replaces_its_first_copy_and_is_nobody_elses_business() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().expect("a folder");
    let dir = place.path().join("outbox");
    let mailer = Mailer::new(&settings(MailTransport::Folder { dir: dir.clone() })).expect("sound settings");
    for _ in 0..2 {
        let mut connection = mailer.connect().await.expect("a Maildir");
        assert_eq!(send(&mut connection, "a@example.org").await, Outcome::Sent);
    }
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for name in ["tmp", "new", "cur"] {
        assert_eq!(mode(&dir.join(name)), 0o700, "{name}");
    }
    let file = dir.join("new/0123456789.eml");
    assert_eq!((std::fs::read(&file).expect("the mail"), mode(&file)), (MESSAGE.to_vec(), 0o600));
    assert_eq!(std::fs::read_dir(dir.join("new")).expect("a folder").count(), 1);
    assert_eq!(std::fs::read_dir(dir.join("tmp")).expect("a folder").count(), 0);
}
