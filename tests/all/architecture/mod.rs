//! Holds the direction of DESIGN.md §3: who may import whom, who may ask for the time and for random bytes, who does I/O.
//!
//! Reads the source as text. What it finds is named by file and line.

mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::paths::{Import, imports, without_comments};

/// Each room and those it may import from; each comes after all it names, so there can be no cycle.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("content", &["model"]),
    ("output", &["model"]),
    ("store", &["model"]),
    ("config", &["model"]),
    ("folder", &["output"]),
    ("delivery", &["model", "output", "store"]),
    ("web", &["model", "output", "store"]),
    ("app", &["model", "content", "output", "store", "config", "folder", "delivery", "web"]),
    ("daemon", &["model", "content", "output", "store", "config", "folder", "delivery", "web", "app"]),
    ("cli", &["model", "content", "output", "store", "config", "folder", "delivery", "web", "app", "daemon"]),
    ("lib", &["model", "content", "output", "store", "config", "folder", "delivery", "web", "app", "daemon", "cli"]),
    ("main", &["cli"]),
];

/// What only some rooms may say. `now` and random bytes are arguments everywhere else.
const RESERVED: &[(&str, &[&str])] = &[
    ("Utc::now", &["cli"]),
    ("Local::now", &[]),
    ("SystemTime::now", &["cli"]),
    ("getrandom", &["app"]),
    ("rand::", &[]),
    ("std::process::exit", &[]),
    ("std::fs", &["content", "store", "config", "folder", "delivery", "app", "cli"]),
    ("std::net", &["model", "config", "delivery", "web", "daemon", "cli"]),
    ("tokio::", &["store", "delivery", "web", "app", "daemon", "cli"]),
    ("sqlx::", &["store"]),
    ("lettre::", &["delivery"]),
    ("axum::", &["web"]),
    ("clap::", &["cli"]),
    ("println!", &["cli"]),
    ("eprintln!", &["cli"]),
];

/// One file of `src/`.
struct Source {
    /// Below `src/`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Without its comments and its inner module of tests, which comes last.
    fn without_tests(&self) -> Self {
        let code = without_comments(&self.text);
        let end = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
        Self { path: self.path.clone(), text: code[..end].to_owned() }
    }

    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// The module's path: `content/mapping/mod.rs` is `content::mapping`.
    fn module(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        stem.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main")).map(str::to_owned).collect()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of src/") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let below = path.strip_prefix(&root).expect("below src/").to_str().expect("a name in UTF-8");
                found.push(Source::new(below, &fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Everything that breaks the rules, as `file:line: what`.
fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        faults.extend(wrong_imports(source, &without_comments(&source.text)));
    }
    // tests may read files, print, and look at their room from every side
    let tests: BTreeSet<Vec<String>> = sources.iter().flat_map(test_modules).collect();
    let is_for_tests = |source: &&Source| tests.iter().any(|module| source.module().starts_with(module));
    let built: Vec<Source> = sources.iter().filter(|source| !is_for_tests(source)).map(Source::without_tests).collect();
    faults.extend(built.iter().flat_map(reserved_words));
    faults.extend(circles(&built));
    faults
}

/// The files a source declares for tests only.
fn test_modules(source: &Source) -> Vec<Vec<String>> {
    let declared = source.text.split("#[cfg(test)]\n").skip(1).filter_map(|after| {
        let (declaration, _) = after.split_once(';').filter(|(declaration, _)| !declaration.contains('\n'))?;
        declaration.split_once("mod ").map(|(_, name)| name)
    });
    declared.map(|name| [source.module(), vec![name.to_owned()]].concat()).collect()
}

fn wrong_imports(source: &Source, code: &str) -> Vec<String> {
    let room = source.room();
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{}:1: `{room}` is no room of DESIGN.md §3", source.path)];
    };
    let is_wrong = |import: &Import| {
        let other = import.path.first().map_or("", String::as_str);
        other != room && !allowed.contains(&other) && ROOMS.iter().any(|(name, _)| *name == other)
    };
    let wrong = imports(&source.module(), code).into_iter().filter(is_wrong);
    wrong
        .map(|import| format!("{}:{}: `{room}` imports `{}`", source.path, import.line, import.path.join("::")))
        .collect()
}

fn reserved_words(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (line, text) in source.text.lines().enumerate() {
        for (word, rooms) in RESERVED {
            if says(text, word) && !rooms.contains(&source.room()) {
                faults.push(format!("{}:{}: `{}` says `{word}`", source.path, line + 1, source.room()));
            }
        }
    }
    faults
}

/// Whether a line has the word, not as the end of a longer one.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

/// Neighbours in one folder that import each other, directly or around a corner. A parent and its children may: a child's
/// `use super::App` is how a room shares what it has in common.
fn circles(sources: &[Source]) -> Vec<String> {
    let mut edges: BTreeMap<Vec<String>, BTreeMap<Vec<String>, String>> = BTreeMap::new();
    for source in sources {
        let from = source.module();
        for import in imports(&from, &source.text) {
            if let Some((one, other)) = neighbours(&from, &import.path) {
                let place = format!("{}:{}", source.path, import.line);
                edges.entry(one).or_default().entry(other).or_insert(place);
            }
        }
    }
    let mut found = Vec::new();
    for (from, targets) in &edges {
        for (to, place) in targets {
            if reaches(&edges, to, from) {
                found.push(format!("{place}: `{}` and `{}` import each other", from.join("::"), to.join("::")));
            }
        }
    }
    found
}

/// The two modules below the deepest folder both paths have in common.
fn neighbours(from: &[String], to: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    let is_module = |part: &String| part.starts_with(|first: char| first.is_ascii_lowercase());
    if common == from.len() || !to.get(common).is_some_and(is_module) {
        return None;
    }
    Some((from[..=common].to_vec(), to[..=common].to_vec()))
}

fn reaches(edges: &BTreeMap<Vec<String>, BTreeMap<Vec<String>, String>>, from: &[String], to: &[String]) -> bool {
    let (mut open, mut seen) = (vec![from.to_vec()], BTreeSet::new());
    while let Some(module) = open.pop() {
        if module == to {
            return true;
        }
        if seen.insert(module.clone()) {
            open.extend(edges.get(&module).into_iter().flat_map(BTreeMap::keys).cloned());
        }
    }
    false
}

#[test]
fn every_room_imports_only_what_the_design_allows() {
    let sources = sources();
    assert!(sources.len() > 100, "only {} files were found", sources.len());
    let faults = faults(&sources);
    assert!(faults.is_empty(), "{} faults:\nsrc/{}", faults.len(), faults.join("\nsrc/"));
}

#[test]
fn the_table_of_rooms_has_no_circle() {
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for other in *allowed {
            assert!(ROOMS[..index].iter().any(|(name, _)| name == other), "`{room}` before `{other}`");
        }
    }
}

#[test]
fn an_import_against_the_direction_is_named_by_file_and_line() {
    for (path, text, expected) in [
        ("model/a.rs", "use std::io;\nuse crate::store::Store;\n", "model/a.rs:2: `model` imports `store::Store`"),
        (
            "output/a.rs",
            "use crate::{\n    model::X,\n    content::y,\n};",
            "output/a.rs:3: `output` imports `content::y`",
        ),
        ("content/a/b.rs", "use super::super::super::output::X;", "content/a/b.rs:1: `content` imports `output::X`"),
        (
            "web/mod.rs",
            "fn f() {\n\n  let x = crate::app::App::open();\n}",
            "web/mod.rs:3: `web` imports `app::App::open`",
        ),
        ("folder.rs", "use crate::model::x;", "folder.rs:1: `folder` imports `model::x`"),
        ("main.rs", "fn main() { crieur::daemon::run() }", "main.rs:1: `main` imports `daemon::run`"),
        ("garage/mod.rs", "", "garage/mod.rs:1: `garage` is no room of DESIGN.md §3"),
    ] {
        assert_eq!(faults(&[Source::new(path, text)]), [expected], "{path}");
    }
}

#[test]
fn asking_for_the_time_or_for_chance_is_named_by_file_and_line() {
    for (path, text, expected) in [
        ("app/a.rs", "let now = chrono::Utc::now();", "app/a.rs:1: `app` says `Utc::now`"),
        ("store/a.rs", "//\ngetrandom::fill(&mut x);", "store/a.rs:2: `store` says `getrandom`"),
        ("output/a.rs", "use std::fs;", "output/a.rs:1: `output` says `std::fs`"),
        ("model/a.rs", "use tokio::fs;", "model/a.rs:1: `model` says `tokio::`"),
    ] {
        assert_eq!(faults(&[Source::new(path, text)]), [expected], "{path}");
    }
}

#[test]
fn neighbours_that_import_each_other_are_named() {
    let direct = [
        Source::new("content/mod.rs", "mod a; mod b; use self::a::A;"),
        Source::new("content/a.rs", "use super::b::B;"),
        Source::new("content/b/mod.rs", "mod c;"),
        Source::new("content/b/c.rs", "use crate::content::a::A;"),
    ];
    let expected = [
        "content/a.rs:1: `content::a` and `content::b` import each other",
        "content/b/c.rs:1: `content::b` and `content::a` import each other",
    ];
    assert_eq!(faults(&direct), expected);
    assert_eq!(faults(&direct[..3]), [""; 0]);
}

#[test]
fn tests_may_print_and_read_files_but_not_import_against_the_direction() {
    let declared = Source::new("output/mod.rs", "#[cfg(test)]\nmod tests;\n");
    let tests = Source::new("output/tests.rs", "use std::fs;\nuse crate::store::x;");
    let inner = Source::new("output/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n use std::fs;\n}");
    let below = Source::new("output/tests/deep.rs", "use std::fs;\nuse super::super::a;");
    let faults = faults(&[declared, tests, inner, below]);
    assert_eq!(faults, ["output/tests.rs:2: `output` imports `store::x`"]);
}

#[test]
fn what_stands_in_a_comment_or_goes_the_right_way_is_no_fault() {
    let text =
        "//! As crate::store does.\nuse super::X; // Utc::now\nuse crate::model::y;\nmod tests {\n use super::*;\n}";
    assert_eq!(
        faults(&[Source::new("content/a.rs", text), Source::new("folder.rs", "mod tests { use super::*; }")]),
        [""; 0]
    );
}
