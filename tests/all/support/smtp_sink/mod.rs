//! An SMTP server that answers by script and keeps a log of what it was handed.
//!
//! A message is logged at its final dot, before the answer: whatever happens to the answer, the log knows that the message
//! arrived. It also watches the order: a MAIL before the answer to the dot is a broken promise, and `Sink::messages`
//! fails for it.

mod session;
mod tls;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// The longest any story waits for the sink.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the sink does when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A reply, without its line end; may be several lines.
    Say(String),
    /// Octets as they are, with whatever line ends they have.
    Raw(Vec<u8>),
    /// The same, an octet at a time with this long between them.
    Drip(Vec<u8>, Duration),
    /// Waits until the story lets all go on, then does the other thing.
    Gate(Box<Act>),
    /// Closes the connection without a word.
    Drop,
    /// Never answers.
    Silence,
    /// Waits, then does the other thing.
    After(Duration, Box<Act>),
}

impl From<&str> for Act {
    fn from(reply: &str) -> Self {
        Self::Say(reply.to_owned())
    }
}

/// One message as the sink took it at the final dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// From 0, in the order of connecting.
    pub connection: usize,
    pub from: String,
    pub to: Vec<String>,
    pub message: Vec<u8>,
    /// Whether the sink answered 250, or dropped the answer.
    pub accepted: bool,
}

/// By default everything is taken.
#[must_use]
#[derive(Debug, Default, Clone)]
pub struct Builder {
    script: Script,
}

#[derive(Debug, Default, Clone)]
struct Script {
    greeting: Steps,
    starttls: Steps,
    mail: Steps,
    rcpt: HashMap<String, Steps>,
    data: Steps,
    after_dot: Steps,
    after_dot_to: HashMap<String, Steps>,
    extensions: Vec<String>,
    /// What stands behind STARTTLS, or before the greeting where `implicit_tls`.
    tls: Option<Acceptor>,
    implicit_tls: bool,
    auth: Option<Auth>,
    close_after: Option<usize>,
    at_most: Option<usize>,
    stop_reading_body: bool,
}

/// Who may send, by which mechanism; the others get a 535.
#[derive(Debug, Clone)]
struct Auth {
    mechanism: &'static str,
    user: String,
    password: String,
}

#[derive(Clone)]
struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// Acts in the order of their turns, over all connections; afterwards the usual answer.
#[derive(Debug, Default, Clone)]
struct Steps {
    once: Vec<Act>,
    always: Option<Act>,
    taken: Arc<AtomicUsize>,
}

impl Steps {
    fn next(&self, usual: &str) -> Act {
        let turn = self.taken.fetch_add(1, Ordering::Relaxed);
        self.once.get(turn).or(self.always.as_ref()).cloned().unwrap_or_else(|| usual.into())
    }
}

impl Builder {
    /// How the next connection that has no act yet is greeted; afterwards as usual.
    pub fn greeting(mut self, act: impl Into<Act>) -> Self {
        self.script.greeting.once.push(act.into());
        self
    }

    /// Offers STARTTLS and answers it so; there is no TLS behind it.
    pub fn starttls(mut self, act: impl Into<Act>) -> Self {
        self.script.starttls.always = Some(act.into());
        self.extension("STARTTLS")
    }

    /// Offers STARTTLS, and shows this certificate of `tests/fixtures/tls`.
    pub fn tls(mut self, certificate: &str) -> Self {
        self.script.tls = Some(tls::acceptor(certificate));
        self
    }

    /// Speaks TLS from the first octet, and shows this certificate.
    pub fn implicit_tls(mut self, certificate: &str) -> Self {
        self.script.implicit_tls = true;
        self.tls(certificate)
    }

    /// Takes mails from this user only, who has to say so under TLS, by `PLAIN` or `LOGIN`.
    pub fn auth(mut self, mechanism: &'static str, user: &str, password: &str) -> Self {
        self.script.auth = Some(Auth { mechanism, user: user.to_owned(), password: password.to_owned() });
        self
    }

    /// The answer to one more MAIL; afterwards as usual.
    pub fn mail(mut self, act: impl Into<Act>) -> Self {
        self.script.mail.once.push(act.into());
        self
    }

    /// The answer to each RCPT of this address.
    pub fn rcpt(mut self, address: &str, act: impl Into<Act>) -> Self {
        self.script.rcpt.entry(address.to_owned()).or_default().always = Some(act.into());
        self
    }

    /// The answer to one more RCPT of this address; afterwards as usual.
    pub fn rcpt_once(mut self, address: &str, act: impl Into<Act>) -> Self {
        self.script.rcpt.entry(address.to_owned()).or_default().once.push(act.into());
        self
    }

    /// The answer to one more DATA; afterwards as usual.
    pub fn data(mut self, act: impl Into<Act>) -> Self {
        self.script.data.once.push(act.into());
        self
    }

    /// The answer to one more final dot; afterwards as usual.
    pub fn after_dot(mut self, act: impl Into<Act>) -> Self {
        self.script.after_dot.once.push(act.into());
        self
    }

    /// The answer to each final dot.
    pub fn after_every_dot(mut self, act: impl Into<Act>) -> Self {
        self.script.after_dot.always = Some(act.into());
        self
    }

    /// The answer to one more final dot of a message to this address; afterwards as usual.
    pub fn after_dot_to(mut self, address: &str, act: impl Into<Act>) -> Self {
        self.script.after_dot_to.entry(address.to_owned()).or_default().once.push(act.into());
        self
    }

    /// Closes each connection when it has carried so many messages.
    pub fn close_after(mut self, messages: usize) -> Self {
        self.script.close_after = Some(messages);
        self
    }

    /// Greets so many connections at once, and the others with a 421.
    pub fn at_most(mut self, connections: usize) -> Self {
        self.script.at_most = Some(connections);
        self
    }

    /// Says 354 and closes the connection after the first octets of the body.
    pub fn close_in_the_body(mut self) -> Self {
        self.script.stop_reading_body = true;
        self
    }

    /// One more line in the answer to EHLO.
    pub fn extension(mut self, line: &str) -> Self {
        self.script.extensions.push(line.to_owned());
        self
    }

    pub async fn start(self) -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on the loopback");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(State { script: self.script, ..State::default() });
        let accepting = tokio::spawn(session::accept(listener, Arc::clone(&state)));
        Sink { address, state, accepting }
    }
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    received: Mutex<Vec<Received>>,
    breaches: Mutex<Vec<String>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    changed: Notify,
    /// How many wait at a gate, and whether it is open.
    gate: tokio::sync::watch::Sender<(usize, bool)>,
}

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    state: Arc<State>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Sink {
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every message so far, in the order of its final dot.
    ///
    /// # Panics
    /// Where a client broke the order of SMTP.
    pub fn messages(&self) -> Vec<Received> {
        assert_eq!(*lock(&self.state.breaches), Vec::<String>::new(), "the order of SMTP was broken");
        lock(&self.state.received).clone()
    }

    /// The recipients of all messages so far.
    pub fn recipients(&self) -> Vec<String> {
        self.messages().into_iter().flat_map(|message| message.to).collect()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Acquire)
    }

    /// Waits until so many messages came to their final dot.
    pub async fn wait_for(&self, messages: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let changed = self.state.changed.notified();
                if lock(&self.state.received).len() >= messages {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.expect("the messages should have come by now");
        self.messages()
    }
}

impl Sink {
    /// Waits until somebody waits at a gate.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until so many do, and those count that are gone.
    pub async fn reached_by(&self, count: usize) {
        let mut gate = self.state.gate.subscribe();
        let waiting = gate.wait_for(|(waiting, _)| *waiting >= count);
        tokio::time::timeout(PATIENCE, waiting).await.expect("somebody at the gate").expect("the sink");
    }

    /// Opens all gates, for good.
    pub fn open_gates(&self) {
        self.state.gate.send_modify(|(_, open)| *open = true);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
