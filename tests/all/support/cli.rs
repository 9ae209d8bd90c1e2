//! The real binary as an operator runs it, once.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::poll::eventually;

/// A command to be run.
#[must_use]
pub struct Cli {
    command: Command,
    stdin: Vec<u8>,
    shown: String,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    shown: String,
}

/// The binary of this build, or the one that `CRIEUR_TEST_BINARY` names: a release, for figures.
pub fn executable() -> OsString {
    std::env::var_os("CRIEUR_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_crieur").into())
}

/// The binary in a folder, told nothing by the environment, in a zone that is no site's.
pub fn binary(root: &Path) -> Command {
    let mut command = Command::new(executable());
    command.current_dir(root).env_remove("CRIEUR_CONFIG").env_remove("RUST_LOG").env("TZ", "Pacific/Auckland");
    command
}

impl Cli {
    pub fn new<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments: Vec<&str> = arguments.into_iter().collect();
        let mut command = binary(root);
        command.args(&arguments);
        Self { command, stdin: Vec::new(), shown: format!("crieur {}", arguments.join(" ")) }
    }

    /// Behind another command, which prepares something for it.
    pub fn under(self, command: &[String]) -> Self {
        let mut under = Command::new(&command[0]);
        under.args(&command[1..]).arg(self.command.get_program()).args(self.command.get_args());
        under.current_dir(self.command.get_current_dir().expect("a folder"));
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => under.env(name, value),
                None => under.env_remove(name),
            };
        }
        Self { command: under, ..self }
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Starts it and leaves it alone; whoever asks for it has to wait for it or kill it.
    pub fn spawn(mut self) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.command.spawn().expect("the binary starts")
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// Where it does not end, or ends in a panic: no command may, whatever it is given.
    pub fn run(mut self) -> Ended {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the binary starts");
        let (stdout, stderr) = (all_of(child.stdout.take()), all_of(child.stderr.take()));
        // a command that does not read what it is given is free to
        let _ = child.stdin.take().expect("its stdin").write_all(&self.stdin);
        let (status, _) = eventually(&self.shown, || child.try_wait().expect("its state"));
        let (stdout, stderr) = (stdout.join().expect("read"), stderr.join().expect("read"));
        let code = status.code().unwrap_or_else(|| panic!("{} was killed: {status}\n{stderr}", self.shown));
        assert!(code != 101 && !stderr.contains("panicked"), "{} panicked:\n{stderr}", self.shown);
        Ended { code, stdout, stderr, shown: self.shown }
    }

    /// Runs it and wants it to end well.
    pub fn succeeds(self) -> Ended {
        self.exits(0)
    }

    /// Runs it and wants it to end so.
    pub fn exits(self, code: i32) -> Ended {
        let ended = self.run();
        let Ended { code: actual, stdout, stderr, shown } = &ended;
        assert_eq!(*actual, code, "{shown}\n--- stdout\n{stdout}--- stderr\n{stderr}");
        ended
    }
}

/// Reads a pipe to its end, so that the other side never waits for us.
fn all_of(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    let mut pipe = pipe.expect("a pipe");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("what it says");
        String::from_utf8(bytes).expect("UTF-8")
    })
}
