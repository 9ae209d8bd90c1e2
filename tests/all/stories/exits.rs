//! How commands end: 0 done, 1 content, 2 usage or configuration, 3 another is in charge, 4 the store, 75 try again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::MONDAY;
use crate::support::folder::Folder;

#[test]
fn wrong_use_is_two() {
    let folder = Folder::of_five();
    for arguments in [
        &["sing"][..],
        &[],
        &["build", "--fast"],
        &["send", "--at", "tomorrow"],
        &["send", "--newsletter", "nobody"],
        &["preview", "nobody"],
        &["preview"],
        &["check", "nowhere.md"],
        &["check", "--format", "prose"],
        &["subscribers", "add", "no-address"],
        &["subscribers", "add", "reader@example.org", "--newsletter", "nobody"],
        &["subscribers", "import", "nowhere.csv", "--consent-source", "forms"],
        &["--config", "nowhere.toml", "build"],
        &["-v", "-q", "build"],
    ] {
        let ended = folder.crieur(arguments.iter().copied()).exits(2);
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [["--help"], ["--version"]] {
        assert!(!folder.crieur(arguments).succeeds().stdout.is_empty());
    }
}

#[test]
fn a_wrong_configuration_is_two_and_named_by_line() {
    for (words, others, expected) in [
        ("[site]", "[site]\ntitel = \"x\"", "crieur.toml:5:1: "),
        ("Europe/Paris", "Europe/Pariss", "crieur.toml:9:"),
        ("https://www.numerique.gouv.fr", "numerique", "crieur.toml:6:"),
        ("profile = \"numerique\"", "profile = \"hugoo\"", "crieur.toml:14:"),
        ("0 9 * * MON", "every monday", "crieur.toml:37:"),
        ("[publish]", "[publish", "crieur.toml:31:"),
    ] {
        let folder = Folder::of_five().but(words, others);
        for command in [&["check"][..], &["build"], &["serve"], &["send"], &["status"], &["subscribers", "list"]] {
            let ended = folder.crieur(command.iter().copied()).exits(2);
            assert!(ended.stderr.contains(expected), "{others}: {}", ended.stderr);
        }
        assert!(!folder.path("state").exists() && !folder.path("public").exists(), "nothing was begun");
    }
}

#[test]
fn errors_in_the_content_are_one_and_the_rest_is_done() {
    let folder = Folder::of_five();
    folder.write("content/agenda/2021-01-01-x.md", "---\ntitle: [\n---\nx\n");
    folder.crieur(["check"]).exits(1);
    folder.crieur(["check", "content/actualites"]).succeeds();
    folder.crieur(["check", "content/agenda"]).exits(1);
    let build = folder.crieur(["build"]).exits(1);
    assert!(build.stderr.contains("2021-01-01-x.md:"), "{}", build.stderr);
    assert_eq!(folder.read("public/atom.xml").matches("<entry>").count(), 5);
    let json = folder.crieur(["check", "--format", "json"]).exits(1);
    for line in json.stdout.lines() {
        let one: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(one["file"].is_string() && one["line"].as_u64() >= Some(1), "{line}");
    }
}

#[test]
fn a_second_daemon_is_three_and_send_beside_a_daemon_works() {
    let folder = Folder::of_five();
    let app = folder.serve();
    let second = folder.crieur(["serve"]).exits(3);
    assert!(second.stderr.contains("another crieur (process "), "{}", second.stderr);
    assert!(second.stdout.is_empty(), "{}", second.stdout);
    assert_eq!(app.get("/healthz").status, 200, "the first goes on");

    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    let sent = folder.crieur(["send", "--at", MONDAY]).succeeds();
    assert!(sent.stdout.contains("issue 1 frozen for 1 recipient"), "{}", sent.stdout);
    assert!(sent.stdout.contains("1 of 1 sent"), "{}", sent.stdout);
    assert_eq!(folder.only_mail().to, "reader@example.org");
    drop(app);
    drop(folder.serve());
}

#[test]
fn a_store_that_cannot_be_used_is_four_and_left_alone() {
    let folder = Folder::of_five();
    folder.write("state/crieur.db", "a shopping list\n");
    for command in [&["serve"][..], &["build"], &["send"], &["status"], &["subscribers", "list"]] {
        let ended = folder.crieur(command.iter().copied()).exits(4);
        assert!(ended.stderr.contains("crieur.db"), "{}", ended.stderr);
    }
    assert_eq!(folder.read("state/crieur.db"), "a shopping list\n");
    folder.crieur(["check"]).succeeds();
}

#[test]
fn an_output_folder_that_cannot_be_written_and_an_address_that_is_taken_are_no_panic() {
    let folder = Folder::of_five();
    folder.write("public", "a file where a folder should be");
    folder.crieur(["build"]).exits(75);
    folder.remove("public");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    let folder = folder.but("127.0.0.1:0", &address.to_string());
    let ended = folder.crieur(["serve"]).exits(75);
    assert!(ended.stderr.contains("cannot listen on"), "{}", ended.stderr);
}

#[test]
fn a_content_folder_that_is_not_there_is_two_and_publishes_nothing() {
    let folder = Folder::of_five();
    folder.crieur(["build"]).succeeds();
    let before = folder.files("public");
    folder.rename("content", "elsewhere");
    for command in ["build", "check"] {
        folder.crieur([command]).exits(2);
    }
    // what became of site and mails is wanted most now
    assert!(folder.crieur(["status"]).succeeds().stdout.contains("held back"));
    assert_eq!(folder.files("public"), before);
    // it was never there: rather a slip in the configuration than a disk that is mounted late
    let folder = Folder::of_five();
    folder.rename("content", "elsewhere");
    folder.crieur(["serve"]).exits(2);
}

#[test]
fn what_holds_addresses_is_for_its_owner_only() {
    let folder = Folder::of_five();
    folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    folder.crieur(["send", "--at", MONDAY]).succeeds();
    let mode = |name: &str| fs::metadata(folder.path(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!((mode("state"), mode("state/crieur.db")), (0o700, 0o600));
    assert_eq!((mode("outbox/new"), folder.mails().len()), (0o700, 1));
}
