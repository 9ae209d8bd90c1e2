//! One connection to the sink: the commands of RFC 5321 in their order, each answered by the script.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::tls::Stream;
use super::{Act, Auth, Received, State, lock};

pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut sessions = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let number = state.connections.fetch_add(1, Ordering::AcqRel);
        let state = Arc::clone(&state);
        sessions.spawn(async move {
            let encrypted = state.script.implicit_tls;
            let stream: Box<dyn Stream> = match &state.script.tls {
                Some(acceptor) if encrypted => match acceptor.0.accept(stream).await {
                    Ok(stream) => Box::new(stream),
                    Err(_) => return,
                },
                _ => Box::new(stream),
            };
            let open = Arc::clone(&state);
            open.open.fetch_add(1, Ordering::AcqRel);
            // the client is free to go at any time
            let _ = Session::new(stream, number, encrypted, state).run().await;
            open.open.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

/// One connection.
struct Session {
    stream: BufReader<Box<dyn Stream>>,
    number: usize,
    encrypted: bool,
    known: bool,
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
    fn new(stream: Box<dyn Stream>, number: usize, encrypted: bool, state: Arc<State>) -> Self {
        let (known, stream) = (state.script.auth.is_none(), BufReader::new(stream));
        Self { stream, number, encrypted, known, state, from: None, to: Vec::new(), carried: 0 }
    }

    async fn run(mut self) -> Result<(), Over> {
        let state = Arc::clone(&self.state);
        if state.script.at_most.is_some_and(|most| state.open.load(Ordering::Acquire) > most) {
            self.act("421 4.7.0 too many connections".into()).await?;
            return Err(Over);
        }
        self.act(state.script.greeting.next("220 sink.invalid ESMTP")).await?;
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.ehlo().await?,
                "STARTTLS" => self = self.starttls().await?,
                "AUTH" => self.auth(rest).await?,
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
        let script = &self.state.script;
        let mut extensions = script.extensions.clone();
        extensions.extend(script.tls.iter().filter(|_| !self.encrypted).map(|_| "STARTTLS".to_owned()));
        extensions.extend(script.auth.iter().map(|auth| format!("AUTH {}", auth.mechanism)));
        let reply =
            extensions.iter().fold("250-sink.invalid".to_owned(), |reply, line| format!("{reply}\r\n250-{line}"));
        self.act(Act::Say(format!("{reply}\r\n250 HELP"))).await
    }

    async fn starttls(mut self) -> Result<Self, Over> {
        let Some(acceptor) = self.state.script.tls.clone() else {
            self.act(self.state.script.starttls.next("500 unknown")).await?;
            return Ok(self);
        };
        self.act("220 go on".into()).await?;
        if !self.stream.buffer().is_empty() {
            self.breach("something was said before the handshake".to_owned());
        }
        let stream = acceptor.0.accept(self.stream.into_inner()).await?;
        Ok(Self::new(Box::new(stream), self.number, true, self.state))
    }

    async fn auth(&mut self, rest: &str) -> Result<(), Over> {
        if !self.encrypted {
            self.breach("AUTH in the clear".to_owned());
        }
        let Some(Auth { mechanism, user, password }) = self.state.script.auth.clone() else {
            return self.act("502 no AUTH here".into()).await;
        };
        let said = match rest.split_once(' ') {
            Some((_, response)) => vec![response.to_owned()],
            None => vec![self.ask("334 VXNlcm5hbWU6").await?, self.ask("334 UGFzc3dvcmQ6").await?],
        };
        let expected = match mechanism {
            "PLAIN" => vec![format!("\0{user}\0{password}")],
            _ => vec![user, password],
        };
        self.known = said == expected.iter().map(|text| STANDARD.encode(text)).collect::<Vec<_>>();
        let answer = if self.known { "235 2.7.0 welcome" } else { "535 5.7.8 who are you?" };
        self.act(answer.into()).await
    }

    async fn ask(&mut self, question: &str) -> Result<String, Over> {
        self.act(question.into()).await?;
        self.line().await
    }

    async fn mail(&mut self, rest: &str) -> Result<(), Over> {
        if self.from.is_some() {
            self.breach("MAIL within an envelope".to_owned());
        }
        if !self.known {
            return self.act("530 5.7.0 authenticate first".into()).await;
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
        let goes_on = begins_with(&act, b"354");
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
        loop {
            act = match act {
                Act::After(wait, then) => {
                    tokio::time::sleep(wait).await;
                    *then
                }
                Act::Gate(then) => {
                    wait_at_gate(&self.state).await;
                    *then
                }
                act => break self.do_now(act).await,
            }
        }
    }

    async fn do_now(&mut self, act: Act) -> Result<(), Over> {
        match act {
            Act::Say(reply) => self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?,
            Act::Raw(octets) => self.stream.write_all(&octets).await?,
            Act::Drip(octets, pause) => {
                for octet in octets {
                    self.stream.write_all(&[octet]).await?;
                    self.stream.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
            Act::Drop | Act::After(..) | Act::Gate(_) => return Err(Over),
            Act::Silence => std::future::pending().await,
        }
        // TLS keeps what is written until it is told
        self.stream.flush().await?;
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

async fn wait_at_gate(state: &State) {
    state.gate.send_modify(|(waiting, _)| *waiting += 1);
    let _ = state.gate.subscribe().wait_for(|(_, open)| *open).await;
}

fn is_positive(act: &Act) -> bool {
    begins_with(act, b"2")
}

fn begins_with(act: &Act, code: &[u8]) -> bool {
    match act {
        Act::Say(reply) => reply.as_bytes().starts_with(code),
        Act::Raw(octets) | Act::Drip(octets, _) => octets.starts_with(code),
        Act::After(_, then) | Act::Gate(then) => begins_with(then, code),
        Act::Drop | Act::Silence => false,
    }
}

/// `FROM:<a@b>` → `a@b`.
fn path(parameter: &str) -> String {
    let inner = parameter.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(|| parameter.to_owned(), |(address, _)| address.to_owned())
}
