//! A project in a temporary folder: content, crieur.toml, and what crieur makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::cli::Cli;
use super::mails::Mail;
use super::served::TestApp;

/// One project. It is gone when dropped.
#[must_use]
pub struct Folder {
    dir: tempfile::TempDir,
    /// Names of the mails in the outbox that a story has looked at.
    seen: Mutex<BTreeSet<PathBuf>>,
}

impl Folder {
    /// Nothing in it.
    pub fn empty() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), seen: Mutex::default() }
    }

    /// The five real announcements and the configuration at the root of this repository, on a port of its own.
    pub fn of_five() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Self::empty();
        copy(&repository.join("content"), &folder.path("content"));
        let config = fs::read_to_string(repository.join("crieur.toml")).expect("crieur.toml");
        folder.write("crieur.toml", &format!("{config}\n[http]\nlisten = \"127.0.0.1:0\"\n"));
        folder
    }

    /// The same with more lines in crieur.toml.
    pub fn and(self, more: &str) -> Self {
        let config = self.read("crieur.toml");
        self.write("crieur.toml", &format!("{config}\n{more}\n"));
        self
    }

    /// The same with some words of crieur.toml replaced.
    pub fn but(self, words: &str, others: &str) -> Self {
        let config = self.read("crieur.toml");
        assert!(config.contains(words), "crieur.toml says nothing like `{words}`");
        self.write("crieur.toml", &config.replace(words, others));
        self
    }

    /// Mails go to a relay on this port of the loopback.
    pub fn relayed_by(self, port: u16, more: &str) -> Self {
        self.and(&format!(
            "[mail]\nfrom = \"Crieur <crieur@example.org>\"\ntransport = \"smtp\"\n\
             smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\" }}\n{more}"
        ))
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("UTF-8")
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Truncates and writes, as the plainest editors do. Folders are made.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap_or_else(|error| panic!("{from}: {error}"));
    }

    /// The real binary, to be run in this folder.
    pub fn crieur<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Cli {
        Cli::new(self.root(), arguments)
    }

    /// A running daemon.
    pub fn serve(&self) -> TestApp<'_> {
        TestApp::start(self, &["serve"])
    }

    /// Every file below a folder with its bytes.
    pub fn files(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.path(below))
    }

    /// All mails in the outbox folder; they count as seen.
    pub fn mails(&self) -> Vec<Mail> {
        let found = self.mail_files();
        self.seen.lock().expect("no panic").extend(found.iter().cloned());
        found.iter().map(|path| Mail::parse(&fs::read(path).expect("a mail"))).collect()
    }

    /// The one mail in the outbox folder.
    pub fn only_mail(&self) -> Mail {
        let mut mails = self.mails();
        assert_eq!(mails.len(), 1, "mails in the outbox");
        mails.remove(0)
    }

    /// How many mails in the outbox no story has looked at.
    pub fn unseen_mails(&self) -> usize {
        let seen = self.seen.lock().expect("no panic");
        self.mail_files().iter().filter(|path| !seen.contains(*path)).count()
    }

    fn mail_files(&self) -> Vec<PathBuf> {
        let new = self.path("outbox/new");
        if new.is_dir() { paths(&new) } else { Vec::new() }
    }
}

/// Every file below a folder with its bytes; those that a daemon takes away meanwhile are none.
pub fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_owned();
    let read = |path: PathBuf| match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        read => Some((name(&path), read.expect("a file"))),
    };
    paths(root).into_iter().filter_map(read).collect()
}

/// The files below a folder, in order.
fn paths(root: &Path) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    for path in paths(from) {
        let target = to.join(path.strip_prefix(from).expect("below"));
        fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        fs::copy(&path, &target).expect("a copy");
    }
}
