//! Faults that only who has the right can cause: small disks, read-only ones, system calls that fail. Where a machine does not
//! grant it a story says loudly that it was skipped; where everything has to be shown (`CI=true`) that is a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::folder::Folder;
use super::served::TestApp;

/// Whether this command ends well here, without which `what` cannot be shown.
pub fn can(what: &str, command: &[&str]) -> bool {
    let works = Command::new(command[0]).args(&command[1..]).output().is_ok_and(|done| done.status.success());
    if !works {
        assert!(
            std::env::var_os("CI").is_none(),
            "{what}: `{}` fails here, but in CI everything is shown",
            command.join(" ")
        );
        eprintln!("*** SKIPPED: {what}: `{}` fails here ***", command.join(" "));
    }
    works
}

/// Whether mounts of our own can be made here.
pub fn can_mount() -> bool {
    can("a disk of its own", &["unshare", "-Urm", "sh", "-c", "mount -t tmpfs none /mnt"])
}

/// A command that runs what stands behind it after this preparation, with mounts of its own.
pub fn mounted(preparation: &str) -> Vec<String> {
    let script = format!("{preparation} && exec \"$@\"");
    ["unshare", "-Urm", "sh", "-c", &script, "sh"].map(str::to_owned).into()
}

/// A daemon that sees what only it has mounted.
#[must_use]
pub struct Mounted<'a> {
    pub app: TestApp<'a>,
    folder: &'a Folder,
}

impl<'a> Mounted<'a> {
    pub fn serve(folder: &'a Folder, preparation: &str) -> Self {
        let command = mounted(preparation);
        let app = TestApp::start_under(folder, &command.iter().map(String::as_str).collect::<Vec<_>>());
        Self { app, folder }
    }

    /// Where we see what the daemon sees under this name.
    pub fn path(&self, name: &str) -> PathBuf {
        let inside = self.folder.path(name);
        Path::new(&format!("/proc/{}/root", self.app.id())).join(inside.strip_prefix("/").expect("an absolute path"))
    }

    /// Runs a command of the shell where the daemon is.
    pub fn inside(&self, command: &str) {
        let Output { status, stderr, .. } = Command::new("nsenter")
            .args(["-t", &self.app.id().to_string(), "-U", "-m", "--preserve-credentials", "sh", "-c"])
            .arg(format!("cd {} && {command}", self.folder.root().display()))
            .output()
            .expect("nsenter");
        assert!(status.success(), "{command}: {}", String::from_utf8_lossy(&stderr));
    }
}
