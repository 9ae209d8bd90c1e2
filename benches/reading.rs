//! How long reading and rendering the five seeds takes, as ratios to comrak rendering the same bodies in the same run:
//! a ratio means the same on every machine. Then a warm start as a ratio to a cold one. `cargo bench` prints it; nothing is
//! asserted.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::DateTime;
use crieur::config::Config;
use crieur::content::folder::{self, Stamp};
use crieur::content::mapping::{self, Habits};
use crieur::content::memory::Memory;
use crieur::content::profile::Profile;
use crieur::content::{self, front_matter};
use crieur::model::settings::{ProfileName, Typography};

/// How often all seeds are read in one round, and how many rounds are run: the fastest counts.
const TIMES: usize = 40;
const ROUNDS: usize = 7;

type Files = Vec<(String, Vec<u8>)>;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = Config::load(&root.join("crieur.toml")).expect("the seeds' configuration");
    let files = seeds(&root.join("content"));
    let bodies: Vec<String> = files.iter().map(|(_, bytes)| body(bytes)).collect();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();

    let baseline = fastest(|| bodies.iter().for_each(|body| drop(black_box(comrak(body)))));
    println!("{} seeds, {bytes} bytes, each {TIMES} times, fastest of {ROUNDS} rounds", files.len());
    println!("{:<44} {:>9.2?}  1.0", "comrak, bodies only", baseline / count());
    report("front matter split and read", baseline, || {
        for (_, bytes) in &files {
            drop(black_box(front_matter::split(&text(bytes)).map(|parts| parts.front)));
        }
    });
    for profile in [ProfileName::Numerique, ProfileName::Hugo, ProfileName::Zola] {
        for typography in [Typography::Generator, Typography::Language] {
            let name = format!("whole files, {profile:?}, typography {typography:?}").to_lowercase();
            report(&name, baseline, || read(&files, &config, profile, typography));
        }
    }
    restart(&config);
}

/// What a new process takes to know the same folder from what the last one remembered, as a ratio to reading it.
fn restart(config: &Config) {
    let profile = Profile::with_overrides(config.content.profile, &config.content.fields);
    // long after the seeds were written: their stamps are proof
    let (first_seen, now) = (HashMap::new(), DateTime::from_timestamp(4_000_000_000, 0).expect("an instant"));
    let habits =
        Habits { site: &config.site, content: &config.content, profile: &profile, first_seen: &first_seen, now };
    let load = |memory: &mut Memory| {
        let known = |path: &str, stamp: &Stamp| memory.knows(path, stamp);
        let walk = folder::walk(&config.content.dir, config.content.max_bytes, &known).expect("the seeds");
        drop(black_box(content::read(walk, &HashMap::new(), memory, habits)));
    };
    let mut memory = Memory::default();
    load(&mut memory);
    let reminders = memory.news(usize::MAX).kept;
    let cold = fastest(|| load(&mut Memory::default()));
    let warm = fastest(|| {
        let mut memory = Memory::default();
        memory.learn(reminders.clone());
        load(&mut memory);
    });
    println!("{:<44} {:>9.2?}  1.0", "a cold start: walk, read and parse", cold / count());
    let ratio = warm.as_secs_f64() / cold.as_secs_f64();
    println!("{:<44} {:>9.2?}  {ratio:.2}", "a warm one: walk and remember", warm / count());
}

fn count() -> u32 {
    u32::try_from(TIMES).unwrap_or(u32::MAX)
}

fn report(name: &str, baseline: Duration, work: impl Fn()) {
    let took = fastest(work);
    println!("{name:<44} {:>9.2?}  {:.1}", took / count(), took.as_secs_f64() / baseline.as_secs_f64());
}

/// The least disturbed of several rounds.
fn fastest(work: impl Fn()) -> Duration {
    let round = || {
        let begin = Instant::now();
        (0..TIMES).for_each(|_| work());
        begin.elapsed()
    };
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

fn read(files: &Files, config: &Config, profile: ProfileName, typography: Typography) {
    let mut content = config.content.clone();
    (content.profile, content.typography) = (profile, typography);
    let profile = Profile::with_overrides(profile, &BTreeMap::new());
    let first_seen = HashMap::new();
    let now = DateTime::UNIX_EPOCH;
    let habits = Habits { site: &config.site, content: &content, profile: &profile, first_seen: &first_seen, now };
    for (path, bytes) in files {
        drop(black_box(mapping::read(path, bytes, habits)));
    }
}

/// As comrak does it on its own: GFM's extensions, smart punctuation, raw HTML let through.
fn comrak(body: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.parse.smart = true;
    options.render.r#unsafe = true;
    comrak::markdown_to_html(body, &options)
}

fn seeds(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "md") {
                let path = entry.strip_prefix(folder).expect("below the folder").to_string_lossy().into_owned();
                files.push((path, std::fs::read(entry).expect("a seed")));
            }
        }
    }
    files.sort();
    files
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn body(bytes: &[u8]) -> String {
    front_matter::split(&text(bytes)).expect("front matter").body.to_owned()
}
