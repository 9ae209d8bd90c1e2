//! Where a list comes from: a file or stdin, in whatever encoding, as UTF-8.

use std::fs::File;
use std::io::{self, Cursor, Read, Write as _};
use std::path::Path;

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::exit::UsageError;
use crate::cli::subscribers::progress;

/// Opens a list. The bar knows its length where it is a file.
pub(super) fn open(path: &Path, encoding: Option<&str>) -> Result<(Box<dyn Read + Send>, ProgressBar), UsageError> {
    let encoding = encoding.map(named).transpose()?;
    let cannot_read = |error: io::Error| UsageError(format!("cannot read `{}`: {error}", path.display()));
    let (raw, bar): (Box<dyn Read + Send>, _) = if path == Path::new("-") {
        (Box::new(io::stdin()), progress())
    } else {
        let file = File::open(path).map_err(cannot_read)?;
        let length = file.metadata().map_err(cannot_read)?.len();
        let bar = bar(length);
        (Box::new(bar.wrap_read(file)), bar)
    };
    Ok((as_utf8(raw, encoding).map_err(cannot_read)?, bar))
}

/// By the names of the WHATWG (`windows-1252`, `latin1`, `utf-16le`, …).
fn named(name: &str) -> Result<&'static Encoding, UsageError> {
    Encoding::for_label(name.trim().as_bytes())
        .ok_or_else(|| UsageError(format!("`{name}` is no encoding\n  hint: `utf-8`, `windows-1252`, `utf-16le`, …")))
}

/// Shown only where stderr is a terminal.
fn bar(bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A byte order mark is believed, and left out. UTF-8 goes through as it is: what is wrong in it is told by row.
fn as_utf8(mut raw: Box<dyn Read + Send>, encoding: Option<&'static Encoding>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::new();
    raw.by_ref().take(3).read_to_end(&mut start)?;
    let (encoding, mark) = match Encoding::for_bom(&start) {
        Some((marked, length)) => (marked, length),
        None => (encoding.unwrap_or(UTF_8), 0),
    };
    let rest = Cursor::new(start.split_off(mark)).chain(raw);
    Ok(if encoding == UTF_8 {
        Box::new(rest)
    } else {
        Box::new(Decoded {
            raw: rest,
            decoder: encoding.new_decoder_without_bom_handling(),
            text: Cursor::default(),
            ended: false,
        })
    })
}

/// Text of another encoding as UTF-8; what is not of it becomes U+FFFD.
struct Decoded<R> {
    raw: R,
    decoder: Decoder,
    text: Cursor<Vec<u8>>,
    ended: bool,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.text.read(buffer)?;
            if read > 0 || self.ended || buffer.is_empty() {
                return Ok(read);
            }
            self.decode_more()?;
        }
    }
}

impl<R: Read> Decoded<R> {
    fn decode_more(&mut self) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        let length = self.raw.read(&mut bytes)?;
        self.ended = length == 0;
        let room = self.decoder.max_utf8_buffer_length(length).unwrap_or(64 * 1024);
        let mut text = vec![0; room];
        let (result, _, written, _) = self.decoder.decode_to_utf8(&bytes[..length], &mut text, self.ended);
        if result == CoderResult::OutputFull {
            return Err(io::Error::other("the text does not fit"));
        }
        self.text = Cursor::new(Vec::with_capacity(written));
        self.text.write_all(&text[..written])?;
        self.text.set_position(0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: Option<&str>) -> Vec<u8> {
        let encoding = encoding.map(|name| named(name).expect("an encoding"));
        let mut text = Vec::new();
        let raw = Box::new(Cursor::new(bytes.to_vec()));
        as_utf8(raw, encoding).expect("opens").read_to_end(&mut text).expect("reads");
        text
    }

    #[test]
    fn marks_are_believed_and_left_out() {
        assert_eq!(read(b"\xef\xbb\xbfnom", None), b"nom");
        assert_eq!(read(b"\xff\xfee\0\xe9\0", None), "eé".as_bytes());
        assert_eq!(read(b"\xfe\xff\0e\0\xe9", Some("windows-1252")), "eé".as_bytes());
        assert_eq!(read(b"", None), b"");
        assert_eq!(read(b"a", Some("utf-16le")), "\u{fffd}".as_bytes());
    }

    #[test]
    fn what_spreadsheets_write_is_read_however_long_it_is() {
        assert_eq!(read(b"pr\xe9nom \x80", Some("Windows-1252")), "prénom €".as_bytes());
        assert_eq!(read(&b"\xe9".repeat(100_000), Some("latin1")), "é".repeat(100_000).as_bytes());
        assert_eq!(read(b"pr\xe9nom", None), b"pr\xe9nom", "what is no UTF-8 is told by row");
    }
}
