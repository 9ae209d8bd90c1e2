//! Lists with faults in them: what is wrong costs its own row, and is told by line and reason.

use crate::support::cli::Ended;
use crate::support::folder::Folder;

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
