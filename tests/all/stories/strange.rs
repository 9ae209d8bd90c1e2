//! What has no business in a content folder: links, pipes, sockets, devices, circles.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use super::announcement;
use crate::support::folder::Folder;

const DATE: &str = "2021-05-06 10:00:00 +02:00";

#[test]
fn what_is_no_file_is_passed_over_by_name_and_nobody_waits_for_it() {
    let folder = Folder::of_five();
    folder.write("secret/2021-05-06-secret.md", &announcement("Secret", DATE));
    let content = folder.path("content");
    assert!(Command::new("mkfifo").arg(content.join("pipe.md")).status().expect("mkfifo").success());
    let socket = UnixListener::bind(content.join("socket.md")).expect("a socket");
    fs::create_dir(content.join("folder.md")).expect("a folder");
    symlink("/etc/passwd", content.join("passwd.md")).expect("a link");
    symlink("/dev/zero", content.join("zero.md")).expect("a link");
    symlink(folder.path("secret"), content.join("elsewhere")).expect("a link");
    symlink(".", content.join("agenda/loop")).expect("a link");
    symlink("circle", content.join("circle.md")).expect("a link");

    // waits with a deadline
    let check = folder.crieur(["check"]).run();
    assert_eq!(check.code, 0, "{}", check.stdout);
    for name in ["pipe.md", "socket.md", "passwd.md", "zero.md", "elsewhere", "agenda/loop", "circle.md"] {
        let line = check.stdout.lines().find(|line| line.contains(&format!("content/{name}:")));
        assert!(line.is_some_and(|line| line.contains("warning[not-a-file]")), "{name}: {}", check.stdout);
    }

    let app = folder.serve();
    for name in ["pipe.md", "passwd.md"] {
        // also when they come while it runs
        fs::rename(content.join(name), content.join(format!("other-{name}"))).expect("renamed");
    }
    folder.write("content/actualites/2021-05-06-a.md", &announcement("Publié", DATE));
    app.until("/atom.xml", |feed| feed.contains("<title>Publié</title>"));
    let feed = app.text("/atom.xml");
    assert_eq!(feed.matches("<entry>").count(), 6);
    assert!(!feed.contains("Secret") && !feed.contains("root:"), "{feed}");
    drop(socket);
}
