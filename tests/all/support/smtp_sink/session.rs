//! One connection to the sink: the commands of RFC 5321 in their order, each answered by the script.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Act, Received, State, lock};

pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
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
