//! The way into a folder: a Maildir (<https://cr.yp.to/proto/maildir.html>) with one `.eml` file a mail.
//!
//! A mail's file name is made from its Message-ID, so a second delivery of the same mail replaces the first.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Answer;
use crate::model::delivery::Outcome;
use crate::model::token::sha256_hex;

/// A Maildir that is there.
#[derive(Debug)]
pub struct FolderConnection {
    dir: PathBuf,
}

impl FolderConnection {
    pub(super) async fn open(dir: &Path) -> Result<Self, Answer> {
        let dir = dir.to_owned();
        let connection = Self { dir: dir.clone() };
        match in_the_background(move || make_folders(&dir)).await {
            Ok(()) => Ok(connection),
            Err(error) => Err(Answer::Lost(format!("the mail folder cannot be made: {error}"))),
        }
    }

    pub(super) async fn transmit(&mut self, message: &[u8]) -> Outcome {
        let (dir, name, message) = (self.dir.clone(), file_name(message), message.to_vec());
        match in_the_background(move || put(&dir, &name, &message)).await {
            Ok(()) => Outcome::Sent,
            Err(error) => Outcome::Deferred { reason: format!("the mail file cannot be written: {error}") },
        }
    }
}

async fn in_the_background(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Only their owner reads other people's mail.
fn make_folders(dir: &Path) -> io::Result<()> {
    ["tmp", "new", "cur"]
        .iter()
        .try_for_each(|name| DirBuilder::new().recursive(true).mode(0o700).create(dir.join(name)))
}

/// Written whole under `tmp/`, then moved into `new/`; durable when it returns.
fn put(dir: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let (written, delivered) = (dir.join("tmp").join(name), dir.join("new").join(name));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&written)?;
    file.write_all(message)?;
    file.sync_all()?;
    fs::rename(&written, &delivered)?;
    File::open(dir.join("new"))?.sync_all()
}

/// The local part of the Message-ID where a file may be called so, otherwise a hash of the mail.
fn file_name(message: &[u8]) -> String {
    let fits = |id: &&str| {
        (8..=100).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let name = message_id(message).and_then(|id| id.split('@').next()).filter(fits).map(str::to_owned);
    format!("{}.eml", name.unwrap_or_else(|| sha256_hex(message)))
}

fn message_id(message: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"message-id:";
    let header = message.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).take_while(|line| !line.is_empty());
    let mut lines = header.filter(|line| line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME));
    let id = std::str::from_utf8(lines.next()?.get(NAME.len()..)?).ok()?.trim();
    id.strip_prefix('<')?.strip_suffix('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_the_message_id() {
        assert_eq!(file_name(b"From: a\r\nMessage-ID: <Ab-_12345@x.org>\r\n\r\nx"), "Ab-_12345.eml");
        assert_eq!(file_name(b"message-id:<abcdefgh@x.org>\r\n\r\nx"), "abcdefgh.eml");
    }

    #[test]
    fn nothing_in_a_message_id_leads_out_of_the_folder() {
        for message in [
            "Message-ID: <../../../etc@x>\r\n\r\n",
            "Message-ID: <a/b/c/d/e@x>\r\n\r\n",
            "X: y\r\n\r\n",
            "",
            "\r\nMessage-ID: <abcdefgh@x>",
        ] {
            assert_eq!(file_name(message.as_bytes()).len(), 64 + 4, "{message:?}");
        }
    }
}
