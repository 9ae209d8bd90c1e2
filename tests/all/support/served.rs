//! A daemon that runs, asked over HTTP.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::cli::{binary, executable};
use super::folder::Folder;
use super::poll::{PATIENCE, eventually};

/// `crieur serve` on a port of its own. When it is dropped, all mails in the outbox must have been looked at.
#[must_use]
pub struct TestApp<'a> {
    folder: &'a Folder,
    child: Child,
    address: String,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl<'a> TestApp<'a> {
    /// Starts a daemon and waits until it says its address.
    pub fn start(folder: &'a Folder, arguments: &[&str]) -> Self {
        Self::run(folder, serve(folder, arguments))
    }

    /// The same by another command, which is to run what stands behind it.
    pub fn start_under(folder: &'a Folder, command: &[&str]) -> Self {
        let mut under = Command::new(command[0]);
        under.args(&command[1..]).arg(executable()).arg("serve").current_dir(folder.root());
        Self::run(folder, under)
    }

    fn run(folder: &'a Folder, command: Command) -> Self {
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let (child, address) = run(command, &stdout, &stderr);
        Self { folder, child, address, stdout, stderr }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything logged so far, also before a restart.
    pub fn log(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    /// The text of a document that is there.
    pub fn text(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    }

    pub fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        self.ask("POST", path, &[("content-type", content_type)], body.as_bytes())
    }

    /// Asks anything; redirects are not followed.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask_at(&self.address, method, path, headers, body)
    }

    /// Asks the admin listener, whose address is the second line.
    pub fn ask_admin(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let second = || self.stdout.lock().unwrap_or_else(PoisonError::into_inner).lines().next().map(str::to_owned);
        let (address, _) = eventually("the address of the admin listener", second);
        self.ask_at(&address, method, path, headers, &[])
    }

    fn ask_at(&self, address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(PATIENCE));
        let agent: ureq::Agent = config.build().into();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", address.trim_end_matches('/')));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = if body.is_empty() {
            agent.run(request.body(()).expect("a request"))
        } else {
            agent.run(request.body(body).expect("a request"))
        };
        let response = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log()));
        let (parts, mut body) = response.into_parts();
        let body = body.read_to_vec().unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Waits until a document that is there pleases, and says how long that took.
    pub fn until(&self, path: &str, pleases: impl Fn(&str) -> bool) -> Duration {
        let look = || {
            let answer = self.get(path);
            (answer.status == 200 && pleases(answer.text())).then_some(())
        };
        eventually(path, look).1
    }

    /// Waits until the log has these words.
    pub fn until_logged(&self, words: &str) {
        eventually(&format!("`{words}` in the log"), || self.log().contains(words).then_some(()));
    }

    /// SIGKILL.
    pub fn kill9(&mut self) {
        self.child.kill().expect("a signal");
        self.child.wait().expect("its end");
    }

    /// SIGTERM; its end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Any signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let told = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(told.expect("a shell").success());
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        eventually("the daemon ends", || self.child.try_wait().expect("its state")).0
    }

    /// Starts it again in the same folder.
    pub fn restart(&mut self) {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner).clear();
        (self.child, self.address) = run(serve(self.folder, &["serve"]), &self.stdout, &self.stderr);
    }
}

impl Drop for TestApp<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of the daemon\n{}", self.log());
            return;
        }
        assert!(!self.log().contains("panicked"), "the daemon panicked:\n{}", self.log());
        assert_eq!(self.folder.unseen_mails(), 0, "mails in the outbox that nobody looked at");
    }
}

fn serve(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = binary(folder.root());
    command.args(arguments);
    command
}

fn run(mut command: Command, stdout: &Arc<Mutex<String>>, stderr: &Arc<Mutex<String>>) -> (Child, String) {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary starts");
    collect(child.stderr.take().expect("its stderr"), Arc::clone(stderr));
    let address = first_line(child.stdout.take().expect("its stdout"), Arc::clone(stdout));
    match address.recv_timeout(PATIENCE) {
        Ok(address) => (child, address),
        Err(error) => {
            let _ = child.kill();
            let log = stderr.lock().unwrap_or_else(PoisonError::into_inner);
            panic!("no address ({error}):\n{log}")
        }
    }
}

fn collect(pipe: ChildStderr, into: Arc<Mutex<String>>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut log = into.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}

/// The other lines are collected.
fn first_line(pipe: ChildStdout, others: Arc<Mutex<String>>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe).lines().map_while(Result::ok);
        if let Some(line) = lines.next() {
            let _ = sender.send(line);
        }
        // read on, so that the daemon never waits for us
        for line in lines {
            let mut others = others.lock().unwrap_or_else(PoisonError::into_inner);
            others.push_str(&line);
            others.push('\n');
        }
    });
    receiver
}

#[test]
#[should_panic(expected = "mails in the outbox that nobody looked at")]
fn a_story_that_overlooks_a_mail_fails() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder.crieur(["send", "--at", "2019-04-08T12:00:00+02:00"]).succeeds();
    drop(folder.serve());
}
