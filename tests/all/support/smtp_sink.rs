//! An SMTP server that answers by script and keeps a log of what it was handed.
//!
//! A message is logged at its final dot, before the answer: whatever happens to the answer, the log knows that the message
//! arrived. It also watches the order: a MAIL before the answer to the dot is a broken promise, and `Sink::messages`
//! fails for it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The longest any story waits for the sink.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the sink does when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A reply, without its line end; may be several lines.
    Say(String),
    /// Octets as they are, with whatever line ends they have.
    Raw(Vec<u8>),
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
    close_after: Option<usize>,
    stop_reading_body: bool,
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
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Sink { address, state, accepting }
    }
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    received: Mutex<Vec<Received>>,
    breaches: Mutex<Vec<String>>,
    connections: AtomicUsize,
    changed: Notify,
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

impl Drop for Sink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut sessions = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let number = state.connections.fetch_add(1, Ordering::AcqRel);
        let session = Session::new(stream, number, Arc::clone(&state));
        sessions.spawn(async move {
            // the client is free to go at any time
            let _ = session.run().await;
        });
    }
}

/// One connection.
struct Session {
    stream: BufReader<TcpStream>,
    number: usize,
    state: Arc<State>,
    from: Option<String>,
    to: Vec<String>,
    carried: usize,
}

/// The conversation is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

impl Session {
    fn new(stream: TcpStream, number: usize, state: Arc<State>) -> Self {
        Self { stream: BufReader::new(stream), number, state, from: None, to: Vec::new(), carried: 0 }
    }

    async fn run(mut self) -> Result<(), Over> {
        let state = Arc::clone(&self.state);
        self.act(state.script.greeting.next("220 sink.invalid ESMTP")).await?;
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.ehlo().await?,
                "STARTTLS" => self.act(state.script.starttls.next("500 unknown")).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.forget();
                    self.act("250 forgotten".into()).await?;
                }
                "NOOP" => self.act("250 still here".into()).await?,
                "QUIT" => {
                    self.act("221 bye".into()).await?;
                    return Ok(());
                }
                _ => {
                    self.breach(format!("unknown command `{verb}`"));
                    self.act("500 unknown".into()).await?;
                }
            }
        }
    }

    async fn ehlo(&mut self) -> Result<(), Over> {
        let extensions = &self.state.script.extensions;
        let reply =
            extensions.iter().fold("250-sink.invalid".to_owned(), |reply, line| format!("{reply}\r\n250-{line}"));
        self.act(Act::Say(format!("{reply}\r\n250 HELP"))).await
    }

    async fn mail(&mut self, rest: &str) -> Result<(), Over> {
        if self.from.is_some() {
            self.breach("MAIL within an envelope".to_owned());
        }
        let act = self.state.script.mail.next("250 sender ok");
        if is_positive(&act) {
            self.from = Some(path(rest));
        }
        self.act(act).await
    }

    async fn rcpt(&mut self, rest: &str) -> Result<(), Over> {
        if self.from.is_none() {
            self.breach("RCPT without MAIL".to_owned());
        }
        let address = path(rest);
        let usual = "250 recipient ok";
        let act = self.state.script.rcpt.get(&address).map_or_else(|| usual.into(), |steps| steps.next(usual));
        if is_positive(&act) {
            self.to.push(address);
        }
        self.act(act).await
    }

    async fn data(&mut self) -> Result<(), Over> {
        if self.to.is_empty() {
            self.breach("DATA without a recipient".to_owned());
        }
        let act = self.state.script.data.next("354 go on");
        let goes_on = matches!(&act, Act::Say(reply) if reply.starts_with("354"));
        self.act(act).await?;
        if !goes_on {
            return Ok(());
        }
        if self.state.script.stop_reading_body {
            let mut some = [0; 16];
            self.stream.read_exact(&mut some).await?;
            return Err(Over);
        }
        let message = self.body().await?;
        self.dot(message).await
    }

    /// Up to the final dot, without the dots that were stuffed in (RFC 5321 §4.5.2).
    async fn body(&mut self) -> Result<Vec<u8>, Over> {
        let mut message = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(Over);
            }
            if line == b".\r\n" {
                return Ok(message);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }

    async fn dot(&mut self, message: Vec<u8>) -> Result<(), Over> {
        let act = self.answer_to_dot();
        let received = Received {
            connection: self.number,
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone(),
            message,
            accepted: is_positive(&act),
        };
        lock(&self.state.received).push(received);
        self.state.changed.notify_waiters();
        // nothing may be said between the dot and its answer, whatever the sink offers (RFC 2920 §3.1)
        if !self.stream.buffer().is_empty() {
            self.breach("something was said before the answer to the dot".to_owned());
        }
        self.forget();
        self.carried += 1;
        self.act_in_silence(act).await?;
        if self.state.script.close_after.is_some_and(|most| self.carried >= most) { Err(Over) } else { Ok(()) }
    }

    fn answer_to_dot(&self) -> Act {
        let script = &self.state.script;
        let usual = "250 2.0.0 taken";
        let own = self.to.iter().find_map(|to| script.after_dot_to.get(to));
        own.unwrap_or(&script.after_dot).next(usual)
    }

    /// Answers, and notes a breach where the client speaks before it.
    async fn act_in_silence(&mut self, act: Act) -> Result<(), Over> {
        let early = AtomicBool::new(false);
        let Act::After(wait, then) = act else { return self.act(act).await };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            buffered = self.stream.fill_buf() => early.store(!buffered?.is_empty(), Ordering::Release),
        }
        if early.into_inner() {
            self.breach("something was said before the answer to the dot".to_owned());
        }
        self.act(*then).await
    }

    async fn act(&mut self, act: Act) -> Result<(), Over> {
        let mut act = act;
        while let Act::After(wait, then) = act {
            tokio::time::sleep(wait).await;
            act = *then;
        }
        match act {
            Act::Say(reply) => self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?,
            Act::Raw(octets) => self.stream.write_all(&octets).await?,
            Act::Drop | Act::After(..) => return Err(Over),
            Act::Silence => std::future::pending().await,
        }
        Ok(())
    }

    async fn line(&mut self) -> Result<String, Over> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(Over);
        }
        if !line.ends_with("\r\n") {
            self.breach("a command without CR LF".to_owned());
        }
        Ok(line.trim_end().to_owned())
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn breach(&self, what: String) {
        lock(&self.state.breaches).push(what);
    }
}

fn is_positive(act: &Act) -> bool {
    match act {
        Act::Say(reply) => reply.starts_with('2'),
        Act::Raw(octets) => octets.starts_with(b"2"),
        Act::After(_, then) => is_positive(then),
        Act::Drop | Act::Silence => false,
    }
}

/// `FROM:<a@b>` → `a@b`.
fn path(parameter: &str) -> String {
    let inner = parameter.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(|| parameter.to_owned(), |(address, _)| address.to_owned())
}
