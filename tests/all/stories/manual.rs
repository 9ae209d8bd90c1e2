//! What explains the commands: `--help`, the manual pages, the shells' completions, and the README.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::folder::Folder;

/// The commands `--help` lists.
fn commands(folder: &Folder) -> BTreeSet<String> {
    let help = folder.crieur(["--help"]).succeeds().stdout;
    let list = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).expect("a list");
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_has_a_manual_page_and_stands_in_the_readme() {
    let folder = Folder::empty();
    let all = commands(&folder);
    assert!(all.contains("serve") && all.contains("man"), "{all:?}");
    folder.crieur(["man", "--out", "man"]).succeeds();
    let readme = include_str!("../../../README.md");
    for name in &all {
        let page = fs::read_to_string(folder.path(&format!("man/crieur-{name}.1"))).expect(name);
        assert!(page.contains(&format!(".TH crieur-{name} 1")), "{page}");
        assert!(readme.contains(&format!("| `{name}")), "`{name}` is not in the README");
    }
    let whole = folder.crieur(["man"]).succeeds().stdout;
    assert!(whole.contains("Exit codes: 0 done"), "{whole}");
    assert_eq!(whole, fs::read_to_string(folder.path("man/crieur.1")).expect("the first page"));
    assert!(folder.path("man/crieur-subscribers-import.1").exists());
}

#[test]
fn bash_completes_every_command() {
    let folder = Folder::empty();
    let script = folder.crieur(["completions", "bash"]).succeeds().stdout;
    let ask = "\nCOMP_WORDS=(crieur ''); COMP_CWORD=1; _crieur crieur '' crieur; printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    let mut bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("bash");
    bash.stdin.take().expect("its input").write_all(format!("{script}{ask}").as_bytes()).expect("the script");
    let completed = String::from_utf8(bash.wait_with_output().expect("an end").stdout).expect("text");
    let completed: BTreeSet<_> = completed.lines().map(str::to_owned).collect();
    let missing: Vec<_> = commands(&folder).into_iter().filter(|name| !completed.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {completed:?}");
}
