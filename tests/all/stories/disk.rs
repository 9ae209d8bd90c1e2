//! Disks that are full, read-only, broken or gone: readers keep what they had, the operator is told, and it ends by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::announcement;
use crate::support::cli::executable;
use crate::support::folder::{Folder, files_below};
use crate::support::poll::eventually;
use crate::support::rights::{Mounted, can, can_mount, mounted};
use crate::support::served::TestApp;
use crate::support::state;

const SIXTH: &str = "content/actualites/2021-05-06-sixieme.md";
const DATE: &str = "2021-05-06 10:00:00 +02:00";
const UNWRITTEN: &str = "degraded: the site cannot be written to its folder\n";

/// What is ours in the folder, noted before the first of it is there.
const NOTES: &str = ".crieur-files";

fn is_temporary(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|name| name.starts_with(".crieur-") && name != NOTES)
}

/// Files of the folder, without what the story itself has put there and the daemon's own notes.
fn published(public: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = files_below(public);
    files.retain(|name, _| !name.starts_with("filler") && name != NOTES);
    assert!(!files.keys().any(|name| is_temporary(name)), "left behind: {:?}", files.keys());
    files
}

fn until_written(disk: &Mounted, title: &str) {
    let feed = disk.path("public/atom.xml");
    eventually("the feed on the disk", || fs::read_to_string(&feed).ok()?.contains(title).then_some(()));
    disk.app.until("/healthz", |health| health == "ok\n");
    let public = disk.path("public");
    for (name, bytes) in published(&public) {
        let path = format!("/{}", name.strip_suffix("index.html").unwrap_or(&name));
        assert_eq!(disk.app.get(&path).body, bytes, "{path}");
    }
}

/// A disk on which the next publication begins to fit and does not: nothing on it changes until there is room.
fn a_disk_without_room(options: &str, fill: impl Fn(&Path), make_room: impl Fn(&Path)) {
    if !can_mount() {
        return;
    }
    let folder = Folder::of_five();
    fs::create_dir(folder.path("public")).expect("a folder");
    let disk = Mounted::serve(&folder, &format!("mount -t tmpfs -o {options} none public"));
    let public = disk.path("public");
    let before = published(&public);
    assert!(before.len() > 50, "{} files", before.len());
    fill(&public);

    folder.write(SIXTH, &announcement("Sixième", DATE));
    disk.app.until("/healthz", |health| health == UNWRITTEN);
    let after = published(&public);
    let names = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
    let other: Vec<_> = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
    assert!(other.is_empty(), "some files are of one publication and some of another: {other:?}\n{}", disk.app.log());
    disk.app.until("/atom.xml", |feed| feed.contains("<title>Sixième</title>"));
    disk.app.until_logged("published over HTTP only");
    assert_eq!(disk.app.get("/readyz").status, 200);

    make_room(&public);
    folder.write(SIXTH, &announcement("Sixième, enfin", DATE));
    until_written(&disk, "<title>Sixième, enfin</title>");
    // what is served did not depend on the disk
    assert_eq!(disk.app.log().matches("published over HTTP only").count(), 1, "{}", disk.app.log());
}

fn remove_fillers(public: &Path, ending: &str) {
    for file in fs::read_dir(public).expect("a folder").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if name.starts_with("filler") && name.ends_with(ending) {
            fs::remove_file(file.path()).expect("removed");
        }
    }
}

#[test]
fn on_a_full_disk_the_last_publication_stays_whole_until_there_is_room() {
    let fill = |public: &Path| {
        let (mut room, mut number) = (1024 * 1024, 0);
        while room >= 4096 {
            number += 1;
            let name = public.join(format!("filler-{number}-{room}"));
            if fs::write(&name, vec![0; room]).is_err() {
                fs::remove_file(name).expect("removed");
                room /= 2;
            }
        }
        // some files of the next publication fit
        remove_fillers(public, "-32768");
    };
    let make_room = |public: &Path| remove_fillers(public, "");
    a_disk_without_room("size=4m", fill, make_room);
}

#[test]
fn on_a_disk_without_inodes_the_last_publication_stays_whole_until_there_are_some() {
    let fill = |public: &Path| {
        let (all, room) = ((0..).map(|number| public.join(format!("filler-{number}"))), 6);
        let made = all.take_while(|file| fs::write(file, "").is_ok()).count();
        assert!(made > room, "{made}");
        (0..room).for_each(|number| fs::remove_file(public.join(format!("filler-{number}"))).expect("removed"));
    };
    let make_room = |public: &Path| remove_fillers(public, "");
    a_disk_without_room("nr_inodes=400", fill, make_room);
}

#[test]
fn a_read_only_output_folder_is_four_at_the_start_and_degraded_later() {
    if !can_mount() {
        return;
    }
    let folder = Folder::of_five();
    fs::create_dir(folder.path("public")).expect("a folder");
    let start = mounted("mount -t tmpfs -o ro none public");
    let mut command = Command::new(&start[0]);
    let ended = command.args(&start[1..]).arg(executable()).arg("serve").current_dir(folder.root()).output();
    let ended = ended.expect("it starts");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("public` cannot be written: Read-only file system"), "{stderr}");

    let disk = Mounted::serve(&folder, "mount -t tmpfs none public");
    let before = published(&disk.path("public"));
    disk.inside("mount -o remount,ro public");
    folder.write(SIXTH, &announcement("Sixième", DATE));
    disk.app.until("/healthz", |health| health == UNWRITTEN);
    disk.app.until("/atom.xml", |feed| feed.contains("<title>Sixième</title>"));
    assert_eq!(published(&disk.path("public")), before);
    disk.inside("mount -o remount,rw public");
    // the next minute would do it too
    disk.app.hang_up();
    until_written(&disk, "<title>Sixième</title>");
}

/// What an operator who is not root may not read. Root is made to ask too.
fn without_privilege() -> Vec<&'static str> {
    match Command::new("id").arg("-u").output() {
        Ok(id) if id.stdout == b"0\n" => vec!["setpriv", "--bounding-set", "-dac_override,-dac_read_search"],
        _ => vec!["env"],
    }
}

#[test]
fn what_may_not_be_read_is_told_and_is_neither_withdrawn_nor_in_the_others_way() {
    let without = without_privilege();
    let asks = [&without[..], &["sh", "-c", "t=$(mktemp) && chmod 0 $t && ! cat $t 2> /dev/null"]].concat();
    if !can("a file that may not be read", &asks) {
        return;
    }
    let folder = Folder::of_five();
    let app = TestApp::start_under(&folder, &without);
    let mode = |name: &str, mode: &str| {
        let done = Command::new("chmod").args([mode, name]).current_dir(folder.root()).status();
        assert!(done.expect("chmod").success());
    };
    let ids = |feed: &str| feed.matches("<entry>").count();
    let file = "content/actualites/2019-01-09-rejoignez-la-communaute-ux-services-publics-en-ligne.md";
    folder.write(file, &folder.read(file));
    mode(file, "0");
    folder.write(SIXTH, &announcement("Sixième", DATE));
    app.until("/atom.xml", |feed| feed.contains("<title>Sixième</title>"));
    app.until_logged("ux-services-publics-en-ligne.md:1:1: error[file-unreadable]");
    assert_eq!(ids(&app.text("/atom.xml")), 6);

    mode("content/agenda", "0");
    folder.write(SIXTH, &announcement("Sixième, bis", DATE));
    app.until("/atom.xml", |feed| feed.contains("<title>Sixième, bis</title>"));
    app.until_logged("content/agenda:1:1: error[folder-unreadable]");
    let (feed, calendar) = (app.text("/atom.xml"), app.text("/calendar.ics"));
    assert!(ids(&feed) == 6 && !calendar.contains("CANCELLED"), "{calendar}");

    mode("content", "0");
    app.hang_up();
    app.until("/healthz", |health| health.starts_with("degraded: the content folder is held back"));
    assert_eq!((app.text("/atom.xml"), app.text("/calendar.ics")), (feed, calendar));
    for name in ["content", "content/agenda", file] {
        mode(name, "u+rwx");
    }
    folder.write(SIXTH, &announcement("Sixième, ter", DATE));
    app.until("/atom.xml", |feed| feed.contains("<title>Sixième, ter</title>"));
    assert_eq!((ids(&app.text("/atom.xml")), app.text("/healthz")), (6, "ok\n".to_owned()));
}

/// An unmounted disk leaves what is under it, and no event tells of it.
#[test]
fn a_disk_that_is_unmounted_and_mounted_again_costs_nothing_and_sends_no_mail_meanwhile() {
    if !can_mount() {
        return;
    }
    let folder = super::due_newsletter();
    folder.rename("content", "disk");
    fs::create_dir(folder.path("content")).expect("a folder");
    let disk = Mounted::serve(&folder, "mount --bind disk content");
    let app = &disk.app;
    let (before, calendar) = (app.text("/atom.xml"), app.text("/calendar.ics"));
    assert!(before.contains("<entry>"));
    disk.inside("umount content");
    app.until_logged("announcements would be withdrawn at once");
    app.until("/healthz", |health| health.starts_with("degraded: the content folder is held back"));
    assert_eq!((app.text("/atom.xml"), app.text("/calendar.ics")), (before, calendar));
    // somebody to write to, and every reason to look whether an issue is due: the second reload is after the first one's look
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    for turn in 1..=2 {
        app.hang_up();
        let read = || (app.log().matches("configuration and templates were read again").count() == turn).then_some(());
        eventually("a reload", read);
    }
    assert!(!app.log().contains("issue frozen"), "{}", app.log());
    disk.inside("mount --bind disk content");
    app.until_logged("can be published again");
    app.until_logged("issue frozen");
    folder.write("disk/actualites/2021-05-06-a.md", &announcement("Monté", DATE));
    app.until("/atom.xml", |feed| feed.contains("<title>Monté</title>"));
    eventually("the mail", || (folder.mails().len() == 1).then_some(()));
}

/// strace, which makes system calls fail.
fn can_trace() -> bool {
    can("a system call that fails", &["strace", "-f", "-qq", "-e", "trace=none", "true"])
}

/// The system calls of the trace that touch a file of this name, with their numbers of descriptors.
fn calls(trace: &str, name: &str) -> Vec<String> {
    trace.lines().filter(|line| line.contains(name)).map(str::to_owned).collect()
}

#[test]
fn after_a_failed_sync_of_the_state_nothing_more_is_written_to_it_and_the_daemon_ends_with_four() {
    if !can_trace() {
        return;
    }
    let folder = Folder::of_five();
    // a state of its own begins with many syncs
    folder.crieur(["build"]).succeeds();
    let wal = folder.path("state/crieur.db-wal");
    let database = folder.path("state/crieur.db");
    let mut app = TestApp::start_under(
        &folder,
        &["strace", "-D", "-f", "-qq", "-y", "-o", "trace", "-e", "trace=fsync,fdatasync,pwrite64", "--"],
    );
    let syncs = calls(&folder.read("trace"), "crieur.db-wal").iter().filter(|call| call.contains("sync(")).count();
    assert!(syncs > 0, "the start syncs the log:\n{}", folder.read("trace"));
    app.terminate();

    // the first sync after the start fails, and those after it would be told that all is well
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={}", syncs + 1);
    let mut app = TestApp::start_under(
        &folder,
        &[
            "strace",
            "-D",
            "-f",
            "-qq",
            "-y",
            "-o",
            "trace",
            "-P",
            wal.to_str().expect("UTF-8"),
            "-e",
            "trace=fsync,fdatasync,pwrite64",
            "-e",
            &inject,
            "--",
        ],
    );
    folder.write(SIXTH, &announcement("Sixième", DATE));
    assert_eq!(app.ended().code(), Some(4), "{}", app.log());
    assert!(app.log().contains("did not reach the disk"), "{}", app.log());
    let trace = folder.read("trace");
    let after = trace.split_once("(INJECTED)").expect("a failure").1;
    assert!(!after.contains("sync("), "synced again:\n{after}");
    assert_eq!(state::faults(&database), [""; 0]);
    let app = folder.serve();
    app.until("/atom.xml", |feed| feed.contains("<title>Sixième</title>"));
}

/// Which of the calls, counted from one, are about files of the site.
fn about_the_site(trace: &str) -> Vec<usize> {
    let calls = trace.lines().enumerate();
    calls.filter(|(_, call)| call.contains("/public/")).map(|(number, _)| number + 1).collect()
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_nothing_beside_it() {
    if !can_trace() {
        return;
    }
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    folder.write(SIXTH, &announcement("Sixième", DATE));
    let copy = |from: &str, to: &str| {
        let script = format!("rm -rf {to} && cp -a {from} {to}");
        assert!(Command::new("sh").args(["-c", &script]).current_dir(folder.root()).status().expect("cp").success());
    };
    copy("public", "old");
    copy("state", "old-state");
    let old = folder.files("old");
    let build = |call: &str, inject: &str| {
        copy("old", "public");
        copy("old-state", "state");
        // the first thread alone, which writes the site; where a call fails by which threads wake each other they may wait for ever
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "20", "strace", "-qq", "-y", "-o", "trace", "-e"]);
        command.args([&format!("trace={call}"), "-e", inject]);
        let ended = command.arg("--").arg(executable()).args(["-q", "build"]).current_dir(folder.root()).output();
        (ended.expect("strace"), folder.read("trace"))
    };
    for call in ["write", "fchmod", "rename,renameat,renameat2"] {
        let (ended, trace) = build(call, "signal=none");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let (numbers, new) = (about_the_site(&trace), folder.files("public"));
        assert!(numbers.len() > 8 && new != old, "{call}: {trace}");
        let is_about_the_site = |call: &str| call.contains("(INJECTED)") && call.contains("/public/");
        for number in [1, 2, 3].map(|quarter| numbers[numbers.len() * quarter / 4]) {
            // how often threads wake each other is another number each time: then something else failed
            let tries = (0..10).map(|_| build(call, &format!("inject={call}:error=EIO:when={number}")));
            let failed = tries.into_iter().find(|(_, trace)| trace.lines().any(is_about_the_site));
            let (ended, _) = failed.unwrap_or_else(|| panic!("{call} {number}: nothing failed"));
            assert_eq!(ended.status.code(), Some(75), "{}", String::from_utf8_lossy(&ended.stderr));
            let files = folder.files("public");
            for (name, bytes) in &files {
                let is_whole = name == NOTES || old.get(name) == Some(bytes) || new.get(name) == Some(bytes);
                assert!(is_whole && !is_temporary(name), "{call} {number}: {name}");
            }
            let changed = files.iter().filter(|(name, bytes)| *name != NOTES && old.get(*name) != Some(*bytes));
            assert!(call.starts_with("rename") || changed.count() == 0, "{call} {number}: files of two publications");
        }
    }
}
