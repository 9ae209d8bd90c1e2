//! Lists with faults in them: what is wrong costs its own row, and is told by line and reason.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::cli::{Ended, binary};
use crate::support::folder::Folder;
use crate::support::poll::eventually;
use crate::support::state;

fn import(folder: &Folder, csv: &str, code: i32) -> Ended {
    folder.crieur(["subscribers", "import", "-", "--consent-source", "forms"]).stdin(csv).exits(code)
}

fn listed(folder: &Folder) -> Vec<String> {
    let stdout = folder.crieur(["subscribers", "list"]).succeeds().stdout;
    stdout.lines().filter_map(|line| Some(line.split('\t').next()?.to_owned())).collect()
}

#[test]
fn a_quote_that_nobody_closed_is_told_by_line_and_the_rest_goes_in() {
    let folder = Folder::of_five();
    let rows: Vec<String> = (0..60).map(|number| format!("r{number}@example.org,Reader {number},x")).collect();
    let csv = format!(
        "email,name,notes\nada@example.org,Ada,\"two\nlines\"\n\"bea@example.org,Bea,x\n{}\n\
         cleo@example.org,Cléo,\"never closed\n{}\ndana@example.org,Dana,x",
        rows[..30].join("\n"),
        rows[30..].join("\n")
    );
    let ended = import(&folder, &csv, 1);
    assert_eq!(
        ended.stdout,
        "62 subscribed, 0 subscribed already, 0 twice in the list, 0 left before, 0 on the suppression list, \
         2 rows not taken\n"
    );
    for line in ["-:4: a quote that nobody closed begins here", "-:35: a quote that nobody closed begins here"] {
        assert!(ended.stderr.contains(line), "{}", ended.stderr);
    }
    let listed = listed(&folder);
    assert_eq!(listed.len(), 62);
    assert!(listed.contains(&"ada@example.org".to_owned()) && listed.contains(&"dana@example.org".to_owned()));
    assert!(!listed.iter().any(|it| it.starts_with("bea") || it.starts_with("cleo")));
}

#[test]
fn topics_newsletters_and_languages_are_known_ones() {
    let folder = Folder::of_five();
    let add = |more: &[&str], code| {
        let arguments = ["subscribers", "add", "ada@example.org"].iter().chain(more).copied();
        folder.crieur(arguments).exits(code)
    };
    let refused = add(&["--topics", "ateliers"], 2).stderr;
    assert!(refused.contains("has no topic `ateliers`\n  hint: did you mean `atelier`? its topics are "), "{refused}");
    let refused = add(&["--newsletter", "communaute-uxx"], 2).stderr;
    assert!(refused.contains("did you mean `communaute-ux`?"), "{refused}");
    add(&["--lang", "français"], 2);
    assert_eq!(listed(&folder), [""; 0]);
    let added = add(&["--topics", "Atelier", "--lang", "de"], 0);
    assert!(added.stderr.contains("there are no words in `de`"), "{}", added.stderr);

    let csv = "email,topics,lang\nbea@example.org,atelier,fr\ncleo@example.org,atelier;ateliers,fr\n\
               dana@example.org,,it\n";
    let ended = import(&folder, csv, 1);
    assert!(
        ended.stderr.contains("-:3: the newsletter has no such topic; did you mean `atelier`?"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("1 row in languages without words"), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("2 subscribed, ") && ended.stdout.ends_with(", 1 row not taken\n"));
    let again = import(&folder, &csv.replace(";ateliers", ""), 0);
    assert!(again.stdout.starts_with("1 subscribed, 2 subscribed already"), "{}", again.stdout);
    let unknown = import(&folder, "email,newsletter\neva@example.org,communaute\n", 1);
    assert!(
        unknown.stderr.contains("there is no such newsletter; did you mean `communaute-ux`?"),
        "{}",
        unknown.stderr
    );
}

const COMMUNAUTE: [&str; 2] = ["--newsletter", "communaute-ux"];

fn import_with(folder: &Folder, more: &[&str], csv: impl Into<Vec<u8>>, code: i32) -> Ended {
    let arguments = ["subscribers", "import", "-", "--consent-source", "forms"].iter().chain(more).copied();
    folder.crieur(arguments).stdin(csv).exits(code)
}

#[test]
fn a_row_of_a_list_that_is_not_configured_is_nobodys_reader() {
    let folder = Folder::of_five();
    let csv = "email,newsletter\nz1@ex.fr,Partenaires\nz2@ex.fr,\nz3@ex.fr,communaute-ux\nz4@ex.fr,Communauté UX\n";
    let ended = import_with(&folder, &COMMUNAUTE, csv, 1);
    assert!(ended.stderr.contains("-:2: there is no such newsletter"), "{}", ended.stderr);
    assert_eq!(listed(&folder), ["z2@ex.fr", "z3@ex.fr", "z4@ex.fr"]);
    let ended = import(&folder, "email,newsletter\nz5@ex.fr,\n", 1);
    assert!(ended.stderr.contains("-:2: the row names no newsletter"), "{}", ended.stderr);
}

#[test]
fn a_name_on_two_lines_costs_no_row() {
    let folder = Folder::of_five();
    import(&folder, "email,nom,prenom\nq1@ex.fr,\"Du\npont\",J\n", 0);
    let list = folder.crieur(["subscribers", "list"]).succeeds().stdout;
    assert!(list.starts_with("q1@ex.fr\t") && list.ends_with("\tJ Du pont\n"), "{list}");
}

#[test]
fn a_status_that_is_not_known_is_told_by_line() {
    let folder = Folder::of_five();
    let csv = "email,status\na@ex.fr,Inscrite\nb@ex.fr,Désabonné\nc@ex.fr,maybe\nd@ex.fr,\n";
    let ended = import(&folder, csv, 1);
    assert!(ended.stderr.contains("-:4: the status is none that is known"), "{}", ended.stderr);
    assert!(ended.stdout.contains("1 not subscribed in the list, 1 row not taken"), "{}", ended.stdout);
    assert_eq!(listed(&folder), ["a@ex.fr", "d@ex.fr"]);
}

#[test]
fn files_that_are_no_utf_8_are_refused_with_what_would_help() {
    let folder = Folder::of_five();
    let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> { "email\na@ex.fr\n".encode_utf16().flat_map(order).collect() };
    for (bytes, hint) in [
        (wide(u16::to_le_bytes), "--encoding utf-16le"),
        (wide(u16::to_be_bytes), "--encoding utf-16be"),
        (b"PK\x03\x04\x14\0\x06\0".to_vec(), "save it as CSV"),
        (b"email;pr\xe9nom\na@ex.fr;Ad\xe9le\n".to_vec(), "--encoding windows-1252"),
    ] {
        let ended = import_with(&folder, &[], bytes, 2);
        assert!(ended.stderr.contains(hint) && !ended.stderr.contains("known again"), "{}", ended.stderr);
    }
    import_with(&folder, &["--encoding", "utf-16le"], wide(u16::to_le_bytes), 0);
    let ended = import_with(&folder, &[], b"email,name\nb@ex.fr,Ad\xe9le\n".to_vec(), 1);
    assert!(ended.stderr.contains("windows-1252") && !ended.stderr.contains("known again"), "{}", ended.stderr);
    let ended = import_with(&folder, &[], b"email,name\nb@ex.fr,Ad\xe9le\nc@ex.fr,C\n".to_vec(), 1);
    assert!(ended.stderr.contains("rows that went in are known again"), "{}", ended.stderr);
}

#[test]
fn of_a_list_that_is_broken_off_nobody_is_subscribed() {
    let folder = Folder::of_five();
    assert_eq!(listed(&folder), [""; 0], "the store is there to be looked into");
    let mut import = binary(folder.root());
    let import = import.args(["subscribers", "import", "-", "--consent-source", "forms"]);
    let mut child = import.stdin(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("its stdin");
    // more than go into the store at once
    let csv = (0..12_000).fold("email\n".to_owned(), |csv, number| format!("{csv}reader{number}@example.org\n"));
    stdin.write_all(csv.as_bytes()).expect("written");
    let database = folder.path("state/crieur.db");
    let arrivals = || state::ask(&database, "SELECT CAST(count(*) AS TEXT) FROM arrival");
    eventually("rows come in", || (arrivals() != ["0"]).then_some(()));
    let told = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.expect("kill").success());
    // though nobody closed the pipe it reads
    let (ended, _) = eventually("it ends", || child.try_wait().expect("its state"));
    assert_eq!((ended.code(), arrivals()), (Some(75), vec!["0".to_owned()]), "nothing of it is kept");
    assert_eq!(listed(&folder), [""; 0]);
    drop(stdin);
}
