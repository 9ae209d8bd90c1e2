//! Mails in the outbox folder that nobody took yet, and whom they are for.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::model::subscription::EmailAddress;

/// The header of a mail of ours is shorter.
const HEAD: u64 = 64 * 1024;

/// Removes the mails to an address from a Maildir; how many there were.
///
/// # Errors
/// Where a folder cannot be read or a mail not be removed. What is gone already is no error.
pub fn remove(dir: &Path, address: &EmailAddress) -> io::Result<usize> {
    let mut removed = 0;
    for part in ["tmp", "new", "cur"] {
        let entries = match fs::read_dir(dir.join(part)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if is_to(&path, address)? {
                removed += usize::from(taken_away(fs::remove_file(&path))?);
            }
        }
    }
    Ok(removed)
}

/// `false` where somebody took it meanwhile.
fn taken_away(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done.map(|()| true),
    }
}

fn is_to(path: &Path, address: &EmailAddress) -> io::Result<bool> {
    let mut head = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => {
            let file = file?;
            if !file.metadata()?.is_file() {
                return Ok(false);
            }
            file.take(HEAD).read_to_end(&mut head)?;
        }
    }
    Ok(recipient(&String::from_utf8_lossy(&head)).is_some_and(|to| to == address.key()))
}

/// The key of the address in the `To` of a mail (RFC 5322 §3.6.3): ours have one.
fn recipient(mail: &str) -> Option<String> {
    let mut lines = mail.lines().take_while(|line| !line.is_empty());
    let first = lines.by_ref().find(|line| line.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("to:")))?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    let value = std::iter::once(&first[3..]).chain(folded).collect::<String>();
    let address =
        value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(value.as_str(), |(one, _)| one);
    EmailAddress::parse(address).ok().map(|address| address.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_its_recipients() {
        for (mail, to) in [
            ("From: a@b.fr\r\nTo: jean@example.org\r\n\r\nTo: x@example.org", Some("jean@example.org")),
            ("To: \"<x@y.fr>, Jean\" <Jean@example.org>\r\n\r\n", Some("jean@example.org")),
            ("to: =?utf-8?b?w6k=?=\r\n <jean@example.org>\r\nSubject: x\r\n\r\n", Some("jean@example.org")),
            ("Subject: To: x@example.org\r\n\r\nTo: x@example.org", None),
            ("", None),
        ] {
            assert_eq!(recipient(mail).as_deref(), to, "{mail:?}");
        }
    }

    #[test]
    fn only_the_mails_of_one_person_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |name: &str, to: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, format!("To: {to}\r\n\r\njean@example.org")).expect("a mail");
            path
        };
        let gone = [put("new/1.eml", "Jean <jean@example.org>"), put("cur/2.eml:2,S", "JEAN@example.org")];
        let kept = [put("new/3.eml", "marie.jean@example.org"), put("new/4.eml", "jean@example.org.fr")];
        let jean = EmailAddress::parse("jean@example.org").expect("an address");
        assert_eq!(remove(dir.path(), &jean).expect("removed"), 2);
        assert!(gone.iter().all(|path| !path.exists()) && kept.iter().all(|path| path.exists()));
        assert_eq!(remove(dir.path(), &jean).expect("nothing left"), 0);
    }
}
