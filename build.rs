//! Gives the program a fingerprint of what it is made of: what another program remembered is not taken for what this one
//! would say.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// The code, its templates, and the versions of the crates that read and write for it.
const PARTS: [&str; 3] = ["src", "templates", "Cargo.lock"];

fn main() {
    let mut files = BTreeSet::new();
    for part in PARTS {
        println!("cargo::rerun-if-changed={part}");
        gather(Path::new(part), &mut files);
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        (fs::read(&file).ok(), file).hash(&mut hasher);
    }
    println!("cargo::rustc-env=CRIEUR_FINGERPRINT={:016x}", hasher.finish());
}

fn gather(path: &Path, files: &mut BTreeSet<PathBuf>) {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().for_each(|entry| gather(&entry.path(), files)),
        Err(_) => drop(files.insert(path.to_owned())),
    }
}
