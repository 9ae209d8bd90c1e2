//! A stream that keeps a relay to its turn: one reply to each thing we say, of bounded size.
//!
//! lettre reads replies through a buffer of its own and takes what is in it for the answer to whatever it asked last. So an
//! octet too many would shift every later answer by one (a message taken for delivered that was not), or be read as if it
//! had come under TLS (the STARTTLS injection of CVE-2021-38371). Here at most one whole reply is handed up for each
//! turn; whatever comes beyond it makes the next write fail. It also remembers whether writing ever failed, which tells a
//! message that cannot have been whole from one that nobody knows about.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest reply that is read, in octets; EHLO with every extension there is needs two thousand.
const MAX_REPLY: usize = 64 * 1024;

/// The first octet of a TLS handshake (RFC 8446 §5.1): from here on what passes is not ours to read.
const TLS_HANDSHAKE: u8 = 22;

pub(super) struct Guard<S> {
    stream: S,
    peer: SocketAddr,
    turn: Turn,
    encrypted: bool,
    out_of_turn: bool,
    write_failed: Arc<AtomicBool>,
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug + 'static> Guard<S> {
    /// With it comes a flag that is set once a write fails: what was being said never arrived whole.
    pub(super) fn boxed(stream: S, peer: SocketAddr) -> (Box<dyn AsyncTokioStream>, Arc<AtomicBool>) {
        let write_failed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&write_failed);
        let guard = Self { stream, peer, turn: Turn::default(), encrypted: false, out_of_turn: false, write_failed };
        (Box::new(guard), flag)
    }
}

impl<S> Guard<S> {
    fn judge<T>(&self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(written, Poll::Ready(Err(_))) {
            self.write_failed.store(true, Ordering::Release);
        }
        written
    }
}

/// How far the reply of this turn has been read.
#[derive(Debug, Default)]
struct Turn {
    octets: usize,
    column: usize,
    last_line: bool,
    whole: bool,
}

impl Turn {
    /// How many of `bytes` belong to the reply; the rest is out of turn. The last line of a reply is the one without a
    /// hyphen after its code (RFC 5321 §4.2.1).
    fn take(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            if self.whole {
                return index;
            }
            self.octets += 1;
            match (byte, self.column) {
                (b'\n', _) => {
                    self.whole = self.last_line;
                    (self.column, self.last_line) = (0, false);
                    continue;
                }
                (byte, 3) => self.last_line = *byte != b'-',
                _ => {}
            }
            self.column += 1;
        }
        bytes.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.encrypted || !matches!(read, Poll::Ready(Ok(()))) {
            return read;
        }
        let fresh = buf.filled()[before..].len();
        let kept = self.turn.take(&buf.filled()[before..]);
        buf.set_filled(before + kept);
        self.out_of_turn |= kept < fresh;
        if self.turn.octets > MAX_REPLY {
            return Poll::Ready(Err(io::Error::other("a reply without an end")));
        }
        if kept == 0 && fresh > 0 {
            return Poll::Ready(Err(io::Error::other("the relay spoke out of turn")));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.out_of_turn {
            return self.judge(Poll::Ready(Err(io::Error::other("the relay spoke out of turn"))));
        }
        if self.write_failed.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::Error::other("the message came to its end too late")));
        }
        self.encrypted |= self.turn.whole && bytes.first() == Some(&TLS_HANDSHAKE);
        self.turn = Turn::default();
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug> AsyncTokioStream for Guard<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("peer", &self.peer).field("encrypted", &self.encrypted).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_takes_one_whole_reply_and_no_more() {
        for (said, taken) in [
            ("250 ok\r\n", 8),
            ("250 ok\r\n250 ok\r\n", 8),
            ("250-one\r\n250 two\r\n421 bye\r\n", 18),
            ("250-one\r\n250-two\r\n", 18),
            ("no reply at all\r\nindeed", 17),
        ] {
            assert_eq!(Turn::default().take(said.as_bytes()), taken, "{said:?}");
        }
    }

    #[test]
    fn a_reply_may_come_in_pieces() {
        let mut turn = Turn::default();
        assert_eq!(turn.take(b"25"), 2);
        assert_eq!(turn.take(b"0-a\r\n250"), 8);
        assert!(!turn.whole);
        assert_eq!(turn.take(b" b\r\nX"), 4);
        assert!(turn.whole);
    }
}
