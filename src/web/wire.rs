//! A reader's connection as hyper sees it: whole heads only, and no reader who takes nothing for long.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::crowd::Useful;
use super::head::{Head, HeadReader};
use super::limits::Limits;

/// Says in a request of our own making with which status the reader's is refused. Whoever sends it himself is served alike.
pub(super) const REFUSED: &str = "x-crieur-refused";

/// What of a reader's farewell is read at most, in pieces of this many bytes.
const PIECE: usize = 4 * 1024;
const FAREWELL_PIECES: usize = 256;

enum Reading {
    Heads(HeadReader),
    /// After a head with a body: hyper counts, and reads no further head.
    Body,
    Refused,
}

pub(super) struct Wire {
    stream: TcpStream,
    reading: Reading,
    /// Checked, for hyper.
    ready: Vec<u8>,
    given: usize,
    stall: Duration,
    linger: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    farewell: Option<(Pin<Box<Sleep>>, usize)>,
    useful: Useful,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, limits: &Limits, useful: Useful) -> Self {
        Self {
            stream,
            reading: Reading::Heads(HeadReader::default()),
            ready: Vec::new(),
            given: 0,
            stall: limits.stall,
            linger: limits.linger,
            stalled: None,
            farewell: None,
            useful,
        }
    }

    fn take_heads(&mut self, bytes: &[u8]) {
        let Reading::Heads(reader) = &mut self.reading else { return };
        reader.add(bytes);
        loop {
            match reader.next() {
                Head::Incomplete => return,
                Head::Whole { bytes, has_body } => {
                    self.useful.now();
                    self.ready.extend(bytes);
                    if has_body {
                        self.ready.extend(reader.rest());
                        self.reading = Reading::Body;
                        return;
                    }
                }
                Head::Refused(status) => {
                    self.ready.extend(refusal(status));
                    self.reading = Reading::Refused;
                    return;
                }
            }
        }
    }

    /// Fails a write that has waited for the reader too long.
    fn within_time(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            self.useful.now();
            return written;
        }
        let stall = self.stall;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(stall))).as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A request in place of one that is refused: hyper answers whole requests only.
fn refusal(status: StatusCode) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nhost: refused\r\n{REFUSED}: {}\r\n\r\n", status.as_u16()).into_bytes()
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.given < this.ready.len() {
                let length = buffer.remaining().min(this.ready.len() - this.given);
                buffer.put_slice(&this.ready[this.given..this.given + length]);
                this.given += length;
                return Poll::Ready(Ok(()));
            }
            this.ready.clear();
            this.given = 0;
            match this.reading {
                Reading::Body => return Pin::new(&mut this.stream).poll_read(context, buffer),
                // hyper has its last request; what else the reader sends is read with the farewell
                Reading::Refused => return Poll::Pending,
                Reading::Heads(_) => {}
            }
            let mut bytes = [0; PIECE];
            let mut piece = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.take_heads(piece.filled());
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.within_time(context, written)
    }

    /// Else hyper would copy each document for each reader, however slow he is.
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Says that we are done and hears the reader out, within bounds: closing upon bytes unread makes the system take back
    /// what was sent (RFC 9112 §9.6).
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        let linger = this.linger;
        let (until, pieces) = this.farewell.get_or_insert_with(|| (Box::pin(sleep(linger)), 0));
        while *pieces < FAREWELL_PIECES && until.as_mut().poll(context).is_pending() {
            let mut bytes = [0; PIECE];
            let mut piece = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut this.stream).poll_read(context, &mut piece));
            if read.is_err() || piece.filled().is_empty() {
                break;
            }
            *pieces += 1;
        }
        Poll::Ready(Ok(()))
    }
}
