//! How a connection to a relay is opened: socket, greeting, TLS, AUTH, each step under a deadline.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::guard::Guard;
use super::reply::{self, Said};
use super::smtp::SmtpConnection;
use super::{Answer, MailerError, tls};
use crate::model::settings::{SmtpSettings, Tls};

/// How long each step may take (RFC 5321 §4.5.3.2).
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Name and TCP connection together; each address of the relay gets a third. 30 s, the RFC names none.
    pub connect: Duration,
    /// Greeting and EHLO together, and again for a TLS handshake and for AUTH. 5 min (§4.5.3.2.1).
    pub greeting: Duration,
    /// The answer to MAIL, RCPT, RSET. 5 min each (§4.5.3.2.2, §4.5.3.2.3).
    pub command: Duration,
    /// The answer to DATA. 2 min (§4.5.3.2.4).
    pub data: Duration,
    /// The whole message being taken from us. 3 min (§4.5.3.2.5, which means each block of it).
    pub body: Duration,
    /// The final answer. 10 min (§4.5.3.2.6): who gives up earlier sends the message twice.
    pub answer: Duration,
    /// The answer to QUIT, on which nothing depends.
    pub quit: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            greeting: Duration::from_mins(5),
            command: Duration::from_mins(5),
            data: Duration::from_mins(2),
            body: Duration::from_mins(3),
            answer: Duration::from_mins(10),
            quit: Duration::from_secs(5),
        }
    }
}

impl Deadlines {
    /// From DATA to the final answer.
    pub fn longest_transmission(&self) -> Duration {
        self.data + self.body + self.answer + self.command
    }
}

/// Opens connections to one relay.
#[derive(Debug)]
pub struct SmtpMailer {
    settings: SmtpSettings,
    deadlines: Deadlines,
    hello: ClientId,
}

impl SmtpMailer {
    pub(super) fn new(settings: SmtpSettings, deadlines: Deadlines) -> Result<Self, MailerError> {
        if let Some(credentials) = &settings.credentials {
            if matches!(settings.tls, Tls::None { .. }) {
                return Err(MailerError::PasswordInTheClear);
            }
            for (what, value) in [("user", &credentials.user), ("password", &credentials.password)] {
                if value.chars().any(char::is_control) {
                    return Err(MailerError::ControlCharacter(what));
                }
            }
        }
        if settings.host.chars().any(char::is_control) {
            return Err(MailerError::ControlCharacter("host"));
        }
        Ok(Self { settings, deadlines, hello: hello_name() })
    }

    pub(super) fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    pub(super) async fn connect(&self) -> Result<SmtpConnection, Answer> {
        let (stream, peer) = within(self.deadlines.connect, "connecting", self.open_socket()).await?;
        if self.settings.tls == (Tls::None { anywhere: false }) && !peer.ip().is_loopback() {
            return Err(Answer::Unwelcome("mail in the clear goes to this machine only: set `tls`".to_owned()));
        }
        let (stream, write_failed) = if self.settings.tls == Tls::Implicit {
            let stream = within(self.deadlines.greeting, "the TLS handshake", self.encrypt(stream)).await?;
            Guard::boxed(stream, peer)
        } else {
            Guard::boxed(stream, peer)
        };
        let hello = AsyncSmtpConnection::connect_with_transport(stream, &self.hello);
        let mut smtp = self.greeted("the greeting", hello).await?;
        if self.settings.tls == Tls::Starttls {
            self.start_tls(&mut smtp).await?;
        }
        self.authenticate(&mut smtp).await?;
        let most_octets = self.ask_for_size(&mut smtp).await?;
        Ok(SmtpConnection::new(smtp, self.deadlines, most_octets, write_failed))
    }

    async fn open_socket(&self) -> Result<(TcpStream, SocketAddr), Answer> {
        let place = (self.settings.host.as_str(), self.settings.port);
        let addresses = tokio::net::lookup_host(place).await.map_err(|error| lost("the relay is not found", &error))?;
        let mut failure = Answer::Lost("the name of the relay has no address".to_owned());
        for address in addresses {
            match timeout(self.deadlines.connect / 3, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // without it the end of each message waits 40 ms for the acknowledgement of its body
                    stream.set_nodelay(true).map_err(|error| lost("connection failed", &error))?;
                    return Ok((stream, address));
                }
                Ok(Err(error)) => failure = lost("connection failed", &error),
                Err(_) => failure = Answer::Lost("connection failed: no answer in time".to_owned()),
            }
        }
        Err(failure)
    }

    async fn encrypt(&self, stream: TcpStream) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Answer> {
        let name = ServerName::try_from(self.settings.host.clone())
            .map_err(|_| Answer::Unwelcome("the host of the relay is no name a certificate can have".to_owned()))?;
        let config = tls::client_config(&self.settings).map_err(Answer::Unwelcome)?;
        let handshake = TlsConnector::from(config).connect(name, stream).await;
        handshake.map_err(|error| Answer::Unwelcome(reply::fit(&format!("the TLS handshake failed: {error}"))))
    }

    async fn start_tls(&self, smtp: &mut AsyncSmtpConnection) -> Result<(), Answer> {
        if !smtp.can_starttls() {
            return Err(Answer::Unwelcome(
                "the relay does not offer STARTTLS: nothing is sent in the clear".to_owned(),
            ));
        }
        let parameters = tls::parameters(&self.settings).map_err(Answer::Unwelcome)?;
        let upgraded = self.greeted("STARTTLS", smtp.starttls(parameters, &self.hello)).await;
        // after its STARTTLS was offered, a failure is about certificates or protocols: waiting does not mend it
        upgraded.map_err(|answer| match answer {
            Answer::Lost(reason) => Answer::Unwelcome(reason),
            other => other,
        })
    }

    async fn authenticate(&self, smtp: &mut AsyncSmtpConnection) -> Result<(), Answer> {
        let Some(credentials) = &self.settings.credentials else { return Ok(()) };
        let credentials = Credentials::new(credentials.user.clone(), credentials.password.clone());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        self.greeted("AUTH", smtp.auth(&mechanisms, &credentials)).await.map(drop)
    }

    /// lettre keeps nothing of what EHLO said of SIZE, so it is said once more (RFC 5321 §4.1.4). 0 means no limit.
    async fn ask_for_size(&self, smtp: &mut AsyncSmtpConnection) -> Result<Option<u64>, Answer> {
        let hello = smtp.command(format!("EHLO {}\r\n", self.hello));
        match self.greeted("EHLO", hello).await {
            Ok(offered) => {
                let size = |line: &str| line.to_ascii_uppercase().strip_prefix("SIZE ")?.trim().parse().ok();
                Ok(offered.message().find_map(size).filter(|most| *most > 0))
            }
            // one that will not be greeted twice says nothing of it
            Err(Answer::Unwelcome(_)) => Ok(None),
            Err(answer) => Err(answer),
        }
    }

    /// A step before any recipient is named: a 5xx means that the relay will not have us.
    async fn greeted<T>(
        &self,
        step: &str,
        answer: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Answer> {
        let answer = async { answer.await.map_err(|error| (error.is_client(), reply::refusal(&error))) };
        match timeout(self.deadlines.greeting, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err((_, Said::Never(reason)) | (true, Said::Nothing(reason)))) => {
                Err(Answer::Unwelcome(format!("{step} failed: {reason}")))
            }
            Ok(Err((_, Said::NotNow(reason) | Said::Closing(reason) | Said::Nothing(reason)))) => {
                Err(Answer::Lost(format!("{step} failed: {reason}")))
            }
            Err(_) => Err(Answer::Lost(format!("{step} failed: no answer in time"))),
        }
    }
}

async fn within<T>(limit: Duration, step: &str, work: impl Future<Output = Result<T, Answer>>) -> Result<T, Answer> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(Answer::Lost(format!("{step} failed: no answer in time"))))
}

fn lost(what: &str, error: &std::io::Error) -> Answer {
    Answer::Lost(reply::fit(&format!("{what}: {error}")))
}

/// This machine's name for EHLO, or its loopback address where the name could not stand in a command.
fn hello_name() -> ClientId {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match ClientId::default() {
        ClientId::Domain(name) if name.is_empty() || !name.chars().all(fits) => ClientId::Ipv4([127, 0, 0, 1].into()),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Credentials as Login;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

    /// Answers each line with the next reply and returns what was said to it.
    async fn relay(listener: tokio::net::TcpListener, replies: &[&str]) -> Vec<String> {
        let (stream, _) = listener.accept().await.expect("a client");
        let (mut stream, mut said) = (BufReader::new(stream), Vec::new());
        for (index, reply) in replies.iter().enumerate() {
            if index > 0 {
                let mut line = String::new();
                stream.read_line(&mut line).await.expect("a line");
                said.push(line.trim_end().to_owned());
            }
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.expect("a reply");
        }
        said
    }

    /// A connection in the clear with a password, which `SmtpMailer::new` never makes.
    async fn log_in(replies: &[&str]) -> (Result<SmtpConnection, Answer>, Vec<String>) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let credentials = Some(Login { user: "crieur".to_owned(), password: "secret".to_owned() });
        let settings = SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port,
            tls: Tls::None { anywhere: false },
            authorities: Vec::new(),
            credentials,
        };
        let mailer = SmtpMailer { settings, deadlines: Deadlines::default(), hello: hello_name() };
        tokio::join!(mailer.connect(), relay(listener, replies))
    }

    #[tokio::test]
    async fn a_password_is_said_by_plain_or_login() {
        let (connection, said) =
            log_in(&["220 hello", "250-me\r\n250 AUTH LOGIN PLAIN", "235 welcome", "250 me"]).await;
        assert!(connection.is_ok());
        assert_eq!(said[1], "AUTH PLAIN AGNyaWV1cgBzZWNyZXQ=");
        let replies =
            ["220 hello", "250-me\r\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 welcome", "250 me"];
        let (connection, said) = log_in(&replies).await;
        assert!(connection.is_ok());
        assert_eq!(said[1..4], ["AUTH LOGIN", "Y3JpZXVy", "c2VjcmV0"]);
    }

    /// E4
    #[tokio::test]
    async fn a_refused_password_is_told_from_a_busy_relay() {
        let (refused, _) = log_in(&["220 hello", "250-me\r\n250 AUTH PLAIN", "535 5.7.8 no"]).await;
        assert_eq!(refused.expect_err("refused"), Answer::Unwelcome("AUTH failed: 535 5.7.8 no".to_owned()));
        let (busy, _) = log_in(&["220 hello", "250-me\r\n250 AUTH PLAIN", "454 4.7.0 later"]).await;
        assert!(matches!(busy, Err(Answer::Lost(_))));
        let (none, _) = log_in(&["220 hello", "250 me"]).await;
        assert!(matches!(none, Err(Answer::Unwelcome(_))));
    }
}
