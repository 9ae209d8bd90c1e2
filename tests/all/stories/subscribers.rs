//! `subscribers`: who gets what.

use std::process::Stdio;

use crate::support::cli::binary;
use crate::support::folder::Folder;

fn import(folder: &Folder, csv: &str, code: i32) -> (String, String) {
    let ended = folder.crieur(["subscribers", "import", "-", "--consent-source", "forms"]).stdin(csv).exits(code);
    (ended.stdout, ended.stderr)
}

fn listed(folder: &Folder) -> Vec<String> {
    let list = folder.crieur(["subscribers", "list"]).succeeds().stdout;
    list.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn one_who_is_added_is_listed_once() {
    let folder = Folder::of_five();
    let first = folder.crieur(["subscribers", "add", "Reader@Example.org", "--name", "Ada"]).succeeds();
    assert!(first.stdout.contains("subscribed to Communauté UX"), "{}", first.stdout);
    let again = folder.crieur(["subscribers", "add", "reader@example.org"]).succeeds();
    assert!(again.stdout.contains("already subscribed"), "{}", again.stdout);
    let list = folder.crieur(["subscribers", "list", "--newsletter", "communaute-ux"]).succeeds();
    let columns: Vec<&str> = list.stdout.trim_end().split('\t').collect();
    assert_eq!((columns.len(), columns[1], columns[2], columns[4]), (5, "communaute-ux", "confirmed", "Ada"));
    assert!(list.stderr.is_empty(), "{}", list.stderr);
}

#[test]
fn a_spreadsheets_csv_goes_in_and_bad_rows_are_named_by_line_without_the_address() {
    let folder = Folder::of_five();
    let csv = "\u{feff}Nom,E-mail,Langue\r\n\
               Ada,ada@example.org,fr\r\n\
               ,not an address,\r\n\
               \"Dupont, Jean\",jean@example.org,\r\n\
               Ada encore,ADA@example.org,fr\r\n\
               Vide,,\r\n\
               Courte\r\n\
               Eve,eve@exam\u{7}ple.org,en\r\n\
               Grace,grace@example.org,en\r\n";
    let (stdout, stderr) = import(&folder, csv, 1);
    let all = "3 subscribed, 0 subscribed already, 1 twice in the list, 0 left before, 0 on the suppression list, \
               4 rows not taken\n";
    assert_eq!(stdout, all);
    let lines: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("-:")?.split(':').next()).collect();
    assert_eq!(lines, ["3", "6", "7", "8", "5"], "{stderr}");
    for secret in ["ada@", "not an address", "jean", "eve@", "grace"] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
    assert_eq!(listed(&folder), ["ada@example.org", "jean@example.org", "grace@example.org"]);
    let (stdout, _) = import(&folder, csv, 1);
    assert!(stdout.starts_with("0 subscribed, 3 subscribed already, 1 twice in the list, "), "{stdout}");
}

#[test]
fn a_csv_with_semicolons_as_spreadsheets_write_in_french_goes_in_too() {
    let folder = Folder::of_five();
    let (stdout, stderr) =
        import(&folder, "\u{feff}nom;courriel\r\nAda;ada@example.org\r\n\"Dupont; Jean\";jean@example.org\r\n", 0);
    assert!(stdout.starts_with("2 subscribed, "), "{stdout}{stderr}");
    assert_eq!(listed(&folder), ["ada@example.org", "jean@example.org"]);
}

#[test]
fn where_people_live_is_not_taken_for_their_mailbox() {
    let folder = Folder::of_five();
    import(&folder, "nom,adresse,courriel\nAda,1 rue Bleue,ada@example.org\n", 0);
    assert_eq!(listed(&folder), ["ada@example.org"]);
}

#[test]
fn a_list_whose_reader_goes_away_is_no_panic() {
    let folder = Folder::of_five();
    // more than a pipe holds
    let rows: Vec<String> = (0..5000).map(|number| format!("reader{number}@example.org")).collect();
    import(&folder, &format!("email\n{}\n", rows.join("\n")), 0);
    let mut list = binary(folder.root());
    let mut child = list.args(["subscribers", "list"]).stdout(Stdio::piped()).spawn().expect("the binary starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("its end").code(), Some(0));
}

#[test]
fn lines_are_counted_alike_whatever_ends_them_and_empty_ones_are_no_rows() {
    for end in ["\n", "\r\n"] {
        let folder = Folder::of_five();
        let csv =
            ["email,name", "ada@example.org,Ada", "bad,Bad", "\"jean@example.org\",\"Jean\"", "worse,Worse", "", ""]
                .join(end);
        let (stdout, stderr) = import(&folder, &csv, 1);
        assert!(stdout.starts_with("2 subscribed, ") && stdout.ends_with(" 2 rows not taken\n"), "{stdout}");
        let lines: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("-:")?.split(':').next()).collect();
        assert_eq!(lines, ["3", "5"], "{stderr}");
    }
}

#[test]
fn a_file_that_is_no_list_is_refused_as_a_whole() {
    let folder = Folder::of_five();
    for csv in ["", "ada@example.org\n", "name,phone\nAda,1\n"] {
        let (_, stderr) = import(&folder, csv, 2);
        assert!(stderr.contains("no column is named `email`") && !stderr.contains("ada@"), "{stderr}");
    }
    assert!(listed(&folder).is_empty());
}

#[test]
fn thousands_go_in_in_one_go() {
    let folder = Folder::of_five();
    let rows: Vec<String> = (0..2500).map(|number| format!("reader{number}@example.org")).collect();
    folder.write("list.csv", &format!("email\n{}\n", rows.join("\n")));
    let ended = folder.crieur(["subscribers", "import", "list.csv", "--consent-source", "paper, 2019"]).succeeds();
    assert!(ended.stdout.starts_with("2500 subscribed, "), "{}", ended.stdout);
    assert!(ended.stderr.is_empty(), "no bar where nobody looks: {}", ended.stderr);
    assert_eq!(listed(&folder).len(), 2500);
    let sources = crate::support::state::ask(&folder.path("state/crieur.db"), "SELECT DISTINCT source FROM consent");
    assert_eq!(sources, ["paper, 2019"]);
}

#[test]
fn what_is_not_done_is_not_told_as_done() {
    let folder = Folder::of_five();
    let subscribers = |more: &[&str], code| {
        let ended = folder.crieur(["subscribers"].iter().chain(more).copied()).exits(code);
        ended.stdout + &ended.stderr
    };
    for source in ["   ", "a\nb"] {
        let told = subscribers(&["add", "ada@example.org", "--consent-source", source], 2);
        assert!(told.contains("`--consent-source` has to say"), "{told}");
    }
    assert_eq!(subscribers(&["erase", "ada@example.org"], 0), "nothing was kept of this address\n");
    subscribers(&["add", "ada@example.org"], 0);
    let told = subscribers(&["add", "ada@example.org", "--name", "Ada"], 0);
    assert!(told.ends_with("; nothing was changed\n"), "{told}");
    let told = subscribers(&["unsubscribe", "ada@example.org", "--newsletter", "communaute-uxx"], 2);
    assert!(told.contains("did you mean `communaute-ux`?"), "{told}");
    let told = subscribers(&["show", "ada@example.org", "--format", "json"], 0);
    assert!(told.contains("\"bounce_score\": 0.0"), "{told}");
    assert_eq!(subscribers(&["erase", "ada@example.org"], 0), "erased: 1 subscription, 0 mails in the outbox folder\n");
    let told = subscribers(&["erase", "ada@example.org", "--objected"], 0);
    assert!(told.starts_with("nothing was kept of this address\na keyed hash stays"), "{told}");
}
