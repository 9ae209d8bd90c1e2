//! Takes reports from a mail server by LMTP (RFC 2033): each is recorded before its 250, so the server keeps what we could not.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A message is at most so long; a report with a mail of ours in it has a tenth.
pub const MOST_OCTETS: usize = 4 << 20;
/// RFC 5321 §4.5.3.1.4 asks for 512.
const MOST_IN_A_LINE: u64 = 2048;
const MOST_RECIPIENTS: usize = 100;
const MOST_SESSIONS: usize = 16;
/// RFC 5321 §4.5.3.2.7
const PATIENCE: Duration = Duration::from_mins(5);

/// Whoever does something with reports.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Whether a report may be addressed so.
    fn is_ours(&self, recipient: &str) -> bool;

    /// Does with a message what there is to do, durably.
    async fn take(&self, message: Vec<u8>, recipients: Vec<String>) -> Receipt;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    Taken,
    /// Nothing could be recorded: it is to be sent again.
    NotNow,
    /// No report about a mail of ours; its sender should know.
    Refused,
}

/// Where a mail server finds us.
#[derive(Debug)]
pub enum Door {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Door {
    /// A path (with a `/` in it) or `host:port`. A socket left behind by a process that is gone is replaced,
    /// a folder that is not there made.
    pub async fn open(place: &str) -> io::Result<Self> {
        if !place.contains('/') {
            return Ok(Self::Tcp(TcpListener::bind(place).await?));
        }
        let path = Path::new(place);
        if is_abandoned(path) {
            std::fs::remove_file(path)?;
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o750).create(folder)?;
        }
        let listener = UnixListener::bind(path)?;
        // the mail server's user comes by the group of the folder
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o660))?;
        Ok(Self::Unix(listener))
    }

    async fn next(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// A socket nobody answers on.
fn is_abandoned(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let is_socket = path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_socket());
    is_socket && std::os::unix::net::UnixStream::connect(path).is_err()
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Serves until `cancel`; what was being recorded then is finished.
pub async fn serve(door: Door, desk: Arc<dyn Desk>, cancel: CancellationToken) {
    let room = Arc::new(Semaphore::new(MOST_SESSIONS));
    let mut sessions = JoinSet::new();
    loop {
        let accepted = async {
            // whoever finds no room waits at the door
            let place = Arc::clone(&room).acquire_owned().await.ok()?;
            Some((door.next().await, place))
        };
        let next = tokio::select! {
            () = cancel.cancelled() => break,
            next = accepted => next,
            Some(_) = sessions.join_next() => continue,
        };
        match next {
            Some((Ok(stream), place)) => {
                let (desk, cancel) = (Arc::clone(&desk), cancel.clone());
                sessions.spawn(async move {
                    // the mail server is free to go at any time
                    let _ = Session::new(stream, desk, cancel).run().await;
                    drop(place);
                });
            }
            Some((Err(_), _)) => tokio::time::sleep(Duration::from_secs(1)).await,
            None => break,
        }
    }
    while sessions.join_next().await.is_some() {}
}

struct Session {
    stream: BufReader<Box<dyn Stream>>,
    desk: Arc<dyn Desk>,
    cancel: CancellationToken,
    greeted: bool,
    sender: bool,
    recipients: Vec<String>,
}

impl Session {
    fn new(stream: Box<dyn Stream>, desk: Arc<dyn Desk>, cancel: CancellationToken) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, desk, cancel, greeted: false, sender: false, recipients: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        self.say("220 crieur LMTP").await?;
        while let Some(line) = self.next_command().await? {
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "LHLO" => {
                    self.greeted = true;
                    self.forget();
                    self.say(&format!("250-crieur\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SIZE {MOST_OCTETS}")).await?;
                }
                "HELO" | "EHLO" => self.say("500 5.5.1 this is LMTP: say LHLO").await?,
                "MAIL" if !self.greeted || self.sender => self.say("503 5.5.1 out of order").await?,
                "MAIL" => {
                    self.sender = true;
                    self.say("250 2.1.0 fine").await?;
                }
                "RCPT" => self.rcpt(rest).await?,
                "DATA" if self.recipients.is_empty() => self.say("503 5.5.1 nobody to deliver to").await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.forget();
                    self.say("250 2.0.0 forgotten").await?;
                }
                "NOOP" => self.say("250 2.0.0 here").await?,
                "VRFY" => self.say("252 2.1.5 try it").await?,
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("500 5.5.2 not understood").await?,
            }
        }
        Ok(())
    }

    /// `None` at the end, or where we stop.
    async fn next_command(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let reading = timeout(PATIENCE, read_line(&mut self.stream, &mut line));
        let read = tokio::select! {
            () = self.cancel.cancelled() => None,
            read = reading => Some(read),
        };
        match read {
            None => self.say("421 4.3.2 stopping").await?,
            Some(Err(_)) => self.say("421 4.4.2 no command for too long").await?,
            Some(Ok(read)) => {
                if read? {
                    return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
                }
            }
        }
        Ok(None)
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<()> {
        let address = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
        let answer = match address {
            _ if !self.sender => "503 5.5.1 out of order",
            None => "501 5.5.4 no address",
            Some(_) if self.recipients.len() >= MOST_RECIPIENTS => "452 4.5.3 too many",
            Some(address) if self.desk.is_ours(address) => {
                self.recipients.push(address.to_owned());
                "250 2.1.5 fine"
            }
            Some(_) => "550 5.1.1 nobody here is called so",
        };
        self.say(answer).await
    }

    async fn data(&mut self) -> io::Result<()> {
        self.say("354 go on").await?;
        let reading = timeout(PATIENCE * 2, read_message(&mut self.stream));
        let read = tokio::select! {
            () = self.cancel.cancelled() => None,
            read = reading => Some(read.map_err(io::Error::other)??),
        };
        let Some(message) = read else {
            self.say("421 4.3.2 stopping").await?;
            return Err(io::ErrorKind::Interrupted.into());
        };
        let recipients = std::mem::take(&mut self.recipients);
        let count = recipients.len();
        let answer = match message {
            None => "552 5.3.4 too long",
            Some(message) => match self.desk.take(message, recipients).await {
                Receipt::Taken => "250 2.0.0 recorded",
                Receipt::NotNow => "451 4.3.0 not now, send it again",
                Receipt::Refused => "550 5.7.1 only reports about our own mails are read here",
            },
        };
        // one answer a recipient (RFC 2033 §4.2)
        for _ in 0..count {
            self.say(answer).await?;
        }
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        self.sender = false;
        self.recipients.clear();
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

/// A whole line; `false` at the end. One that is too long is an error: what follows could be anything.
async fn read_line(stream: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> io::Result<bool> {
    stream.take(MOST_IN_A_LINE).read_until(b'\n', line).await?;
    if line.len() as u64 == MOST_IN_A_LINE {
        return Err(io::Error::other("a line without an end"));
    }
    Ok(line.ends_with(b"\n"))
}

/// Up to the final dot, without the dots that were stuffed in (RFC 5321 §4.5.2). `None` where it is too long; then it was
/// read to its end all the same.
async fn read_message(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut too_long = false;
    // a line may come in several pieces: only at its beginning is a dot special
    let mut at_start = true;
    loop {
        let mut piece = Vec::new();
        stream.take(64 * 1024).read_until(b'\n', &mut piece).await?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if at_start && piece == b".\r\n" {
            return Ok((!too_long).then_some(message));
        }
        let kept = if at_start { piece.strip_prefix(b".").unwrap_or(&piece) } else { &piece };
        too_long |= message.len() + kept.len() > MOST_OCTETS;
        if !too_long {
            message.extend_from_slice(kept);
        }
        at_start = piece.ends_with(b"\n");
    }
}
