//! Reports that lie in files: one, a pipe, an mbox, or a Maildir (<https://cr.yp.to/proto/maildir.html>).

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::lmtp::MOST_OCTETS;

/// Everything a reader holds, up to the longest that is taken; what follows is read and let go, so that whoever writes into
/// a pipe does not fail.
pub fn read_all(reader: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(most as u64).read_to_end(&mut bytes)?;
    let beyond = io::copy(reader, &mut io::sink())?;
    if beyond > 0 && bytes.starts_with(MARK) {
        return Err(io::Error::other(format!("an mbox of more than {} MiB: split it", most >> 20)));
    }
    Ok(bytes)
}

/// How an mbox begins.
const MARK: &[u8] = b"From ";

/// Most octets of an mbox.
pub const MOST_OF_AN_MBOX: usize = 64 << 20;

/// The messages of a file: one, or several where it is an mbox (RFC 4155). Mail servers put such a line before the message
/// in a pipe too.
pub fn messages(bytes: &[u8]) -> Vec<&[u8]> {
    if !bytes.starts_with(MARK) {
        return vec![bytes];
    }
    let starts: Vec<usize> = std::iter::once(0)
        .chain(bytes.windows(7).enumerate().filter(|(_, window)| window == b"\n\nFrom ").map(|(at, _)| at + 2))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| without_first_line(&bytes[*start..end])).collect()
}

fn without_first_line(message: &[u8]) -> &[u8] {
    message.iter().position(|byte| *byte == b'\n').map_or(&[], |end| &message[end + 1..])
}

/// A Maildir with reports in `new/`.
#[derive(Debug)]
pub struct Maildir {
    dir: PathBuf,
}

impl Maildir {
    /// `None` where a path is no Maildir.
    pub fn at(path: &Path) -> Option<Self> {
        (path.join("new").is_dir() && path.join("cur").is_dir()).then(|| Self { dir: path.to_owned() })
    }

    /// What lies in `new/`, oldest name first.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.dir.join("new"))? {
            let entry = entry?;
            if entry.file_type()?.is_file() && !entry.file_name().as_encoded_bytes().starts_with(b".") {
                files.push(entry.path());
            }
        }
        files.sort();
        Ok(files)
    }

    pub fn read(file: &Path) -> io::Result<Vec<u8>> {
        read_all(&mut std::fs::File::open(file)?, MOST_OCTETS)
    }

    /// What is recorded goes.
    pub fn remove(file: &Path) -> io::Result<()> {
        std::fs::remove_file(file)
    }

    /// What is no report stays, in `cur/`: somebody may have written.
    pub fn keep(&self, file: &Path) -> io::Result<()> {
        let Some(name) = file.file_name() else { return Ok(()) };
        let mut kept = name.to_owned();
        kept.push(":2,");
        std::fs::rename(file, self.dir.join("cur").join(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbox_is_taken_apart_and_a_single_message_is_not() {
        assert_eq!(messages(b"Subject: a\n\nFrom here\n"), [b"Subject: a\n\nFrom here\n"]);
        let two = b"From a Mon\nSubject: a\n\nx\n\nFrom b Tue\nSubject: b\n\ny\n";
        assert_eq!(messages(two), [&b"Subject: a\n\nx\n\n"[..], b"Subject: b\n\ny\n"]);
        assert_eq!(messages(b"From nobody"), [b""]);
    }
}
