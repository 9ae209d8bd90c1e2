//! The thirty nasty inputs of real sites, each through the whole room.

mod broken;
mod events;
mod fields;
mod files;
mod texts;

use std::collections::{BTreeMap, HashMap};

use super::Loaded;
use super::folder::{SourceFile, Stamp, Walk};
use super::mapping::Habits;
use super::memory::Memory;
use super::profile::Profile;
use crate::model::announcement::{Announcement, Status};
use crate::model::event::{EventStatus, When};
use crate::model::revision::Ledger;
use crate::model::sample;
use crate::model::settings::{ContentSettings, FolderRule, OffsetPolicy, ProfileName, Typography};
use crate::model::token::sha256_hex;

fn settings(profile: ProfileName) -> ContentSettings {
    ContentSettings {
        dir: "content".into(),
        profile,
        typography: Typography::Generator,
        fields: BTreeMap::new(),
        folders: Vec::new(),
        assets: None,
        max_bytes: 1024 * 1024,
        max_withdrawn: 1.0,
    }
}

fn load_with(content: &ContentSettings, files: &[(&str, &[u8])], last_good: &[(&str, &str)]) -> Loaded {
    let site = crate::model::settings::SiteSettings { zone: chrono_tz::Europe::Paris, ..sample::site() };
    let profile = Profile::with_overrides(content.profile, &content.fields);
    let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
    let first_seen = HashMap::from([("seen.md".to_owned(), "2020-05-05T10:00:00Z".parse().expect("an instant"))]);
    let files = files.iter().map(|(path, bytes)| SourceFile {
        path: (*path).to_owned(),
        stamp: Stamp::default(),
        bytes: Ok(Some(bytes.to_vec())),
    });
    let walk = Walk { files: files.collect(), ..Walk::default() };
    let last_good: HashMap<String, Vec<u8>> =
        last_good.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let habits = Habits { site: &site, content, profile: &profile, first_seen: &first_seen, now };
    let hashes = last_good.iter().map(|(path, bytes)| (path.clone(), sha256_hex(bytes))).collect();
    super::read(walk, &hashes, &mut Memory::default(), habits).finish(&last_good, &Ledger::default(), habits)
}

fn load_one(front: &str, body: &str) -> Loaded {
    let file = format!("---\n{front}\n---\n{body}\n");
    load_with(&settings(ProfileName::Numerique), &[("agenda/2019-01-09-x.md", file.as_bytes())], &[])
}

fn one(front: &str, body: &str) -> Announcement {
    let loaded = load_one(front, body);
    let [announcement] = loaded.catalog.all() else { panic!("one announcement: {:?}", loaded.diagnostics) };
    announcement.as_ref().clone()
}

/// Codes with lines and columns.
fn told(loaded: &Loaded) -> Vec<String> {
    let place =
        |d: &crate::model::diagnostic::Diagnostic| format!("{}:{}:{}", d.code, d.position.line, d.position.column);
    loaded.diagnostics.iter().map(place).collect()
}
