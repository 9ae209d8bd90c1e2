//! `init`: something to begin with, and nothing lost.

use crate::support::folder::Folder;

#[test]
fn what_init_writes_works_at_once() {
    let folder = Folder::empty();
    let ended = folder.crieur(["init"]).succeeds();
    assert!(ended.stdout.contains("created  ./crieur.toml"), "{}", ended.stdout);
    let check = folder.crieur(["check"]).succeeds();
    assert_eq!((check.stdout.as_str(), check.stderr.as_str()), ("", "1 announcement, 0 errors, 0 warnings, 0 hints\n"));
    folder.crieur(["build"]).succeeds();
    assert!(folder.read("public/rss.xml").contains("<title>Welcome</title>"));
}

#[test]
fn init_overwrites_nothing() {
    let folder = Folder::of_five();
    let before = folder.files("");
    let ended = folder.crieur(["init"]).succeeds();
    assert!(ended.stdout.contains("kept"), "{}", ended.stdout);
    assert_eq!(folder.files(""), before);
    folder.crieur(["init", "elsewhere/new"]).succeeds();
    let made = folder.files("elsewhere/new");
    assert_eq!(made.len(), 2, "{:?}", made.keys());
    folder.crieur(["init", "elsewhere/new"]).succeeds();
    assert_eq!(folder.files("elsewhere/new"), made);
}

#[test]
fn init_where_nothing_can_be_made_says_so() {
    let folder = Folder::empty();
    folder.write("file", "no folder");
    let ended = folder.crieur(["init", "file/below"]).run();
    assert!(ended.code != 0 && ended.stderr.contains("file/below"), "{}", ended.stderr);
}
