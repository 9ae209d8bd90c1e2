//! A week of work in a few seconds: thousands of edits, renames, moves and deletions under a running daemon, after which the
//! site is what a cold start makes of the same folder.
//!
//! The cold start gets a copy of the state, and so all of the ledger: what is compared byte for byte is whether anything the
//! daemon kept in memory (the content it read, documents, what it wrote) differs from what is on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Instant;

use crate::support::chance::Chance;
use crate::support::folder::Folder;
use crate::support::served::TestApp;

/// More of them by the environment variable of the same name.
const CRIEUR_TEST_EDITS: u64 = 1_500;
/// Edits between two looks at what is published.
const BURST: u64 = 150;
const SEED: u64 = 20_190_408;

const FOLDERS: [&str; 6] = ["actualites", "agenda", "espace-presse", "neuf", "neuf/profond", "autre"];

struct Editor<'a> {
    folder: &'a Folder,
    chance: Chance,
    /// Every announcement there is, by its file.
    files: BTreeSet<String>,
    made: u64,
}

impl Editor<'_> {
    fn text(&mut self) -> String {
        let (words, day) = (self.chance.below(1_000), 1 + self.chance.below(28));
        let category = *self.chance.one_of(&["Article", "Atelier", "Communiqué"]);
        let event = match self.chance.below(4) {
            0 => format!("event_start_date: 2027-03-{day:02} 10:00:00 +01:00\n"),
            _ => String::new(),
        };
        format!(
            "---\ntitle: Titre {words}\ndate: 2021-05-{day:02} 10:00:00 +02:00\n{event}categories:\n- {category}\n---\n\nCorps {words}.\n"
        )
    }

    fn new_name(&mut self) -> String {
        self.made += 1;
        format!("content/{}/2021-05-06-annonce-{}.md", self.chance.one_of(&FOLDERS), self.made)
    }

    fn any(&mut self) -> Option<String> {
        let at = usize::try_from(self.chance.below(self.files.len().max(1) as u64)).expect("an index");
        self.files.iter().nth(at).cloned()
    }

    fn save(&mut self, name: &str) {
        let text = self.text();
        match self.chance.below(4) {
            // truncated and written
            0 => self.folder.write(name, &text),
            // in two writes
            1 => {
                let half = text.len() / 2;
                self.folder.write(name, &text[..half]);
                self.folder.write(name, &text);
            }
            // renamed over
            2 => {
                self.folder.write(&format!("{name}.tmp"), &text);
                self.folder.rename(&format!("{name}.tmp"), name);
            }
            // as vim does
            _ => {
                if self.folder.path(name).exists() {
                    self.folder.rename(name, &format!("{name}~"));
                }
                self.folder.write(name, &text);
                let _ = fs::remove_file(self.folder.path(&format!("{name}~")));
            }
        }
        self.files.insert(name.to_owned());
    }

    fn edit(&mut self) {
        let chance = self.chance.below(100);
        let (Some(name), true) = (self.any(), self.files.len() > 30) else {
            let name = self.new_name();
            return self.save(&name);
        };
        match chance {
            0..20 => {
                let name = self.new_name();
                self.save(&name);
            }
            20..72 => self.save(&name),
            72..84 => {
                let other = self.new_name();
                fs::create_dir_all(self.folder.path(&other).parent().expect("a folder")).expect("a folder");
                self.folder.rename(&name, &other);
                self.files.remove(&name);
                self.files.insert(other);
            }
            84..86 => {
                self.folder.write(&name, "---\ntitle: [Cassé\n---\n\nCassé.\n");
            }
            86..96 if self.files.len() > 60 => {
                self.folder.remove(&name);
                self.files.remove(&name);
            }
            // a folder moves away and back, with all that is in it
            _ => {
                if self.folder.path("content/neuf").exists() {
                    self.folder.rename("content/neuf", "content/ailleurs");
                    self.folder.rename("content/ailleurs", "content/neuf");
                }
            }
        }
    }
}

/// A title nobody else has, so that it can be waited for. Everything written before it was read with it.
fn settle(folder: &Folder, app: &TestApp, turn: u64) {
    let title = format!("Borne {turn}");
    folder.write("content/actualites/2021-06-01-borne.md", &super::announcement(&title, "2021-06-01 10:00:00 +02:00"));
    app.until("/atom.xml", |feed| feed.contains(&format!("<title>{title}</title>")));
}

#[test]
fn after_a_week_of_edits_the_site_is_what_a_cold_start_makes_of_the_folder() {
    let edits = std::env::var("CRIEUR_TEST_EDITS").ok().and_then(|edits| edits.parse().ok());
    let edits: u64 = edits.unwrap_or(CRIEUR_TEST_EDITS);
    // whole bursts of deletions are meant here
    let folder = Folder::of_five().but("[content]", "[content]\nmax_withdrawn = 1.0");
    let mut app = folder.serve();
    let mut editor = Editor { folder: &folder, chance: Chance::seeded(SEED), files: BTreeSet::new(), made: 0 };
    let begin = Instant::now();
    for turn in 0..edits.div_ceil(BURST) {
        for _ in 0..BURST.min(edits - turn * BURST) {
            editor.edit();
        }
        settle(&folder, &app, turn);
    }
    println!("{edits} edits, {} files left: {:?}", editor.files.len(), begin.elapsed());
    // it finishes what it writes before it ends
    assert!(app.terminate().success());
    folder.rename("public", "warm");
    folder.crieur(["build"]).run();
    let (cold, warm) = (folder.files("public"), folder.files("warm"));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&cold), names(&warm));
    for (name, bytes) in &cold {
        assert!(warm[name] == *bytes, "{name} is another one after a cold start");
    }
}
