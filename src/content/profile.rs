//! Profiles are data: one TOML file a generator, compiled in, overridden key by key from crieur.toml.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::markdown::Dialect;
use crate::model::profile::{FieldRule, GroupRule, Paths};
use crate::model::settings::ProfileName;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub dialect: Dialect,
    /// Keys are read in any case.
    #[serde(default)]
    pub any_case: bool,
    /// The address of an announcement whose front matter gives none.
    pub url: String,
    fields: BTreeMap<String, FieldRule>,
    /// What holds instead in a folder of events.
    #[serde(default)]
    event_fields: BTreeMap<String, FieldRule>,
}

impl Profile {
    /// A compiled-in profile with some of its rules replaced.
    pub fn with_overrides(name: ProfileName, overrides: &BTreeMap<String, FieldRule>) -> Self {
        let text = match name {
            ProfileName::Numerique => include_str!("profiles/numerique.toml"),
            ProfileName::Jekyll => include_str!("profiles/jekyll.toml"),
            ProfileName::Hugo => include_str!("profiles/hugo.toml"),
            ProfileName::Zola => include_str!("profiles/zola.toml"),
        };
        let mut profile: Self = toml::from_str(text).expect("compiled-in profiles are tested");
        for (field, rule) in overrides {
            profile.event_fields.remove(field);
            profile.fields.insert(field.clone(), rule.clone());
        }
        profile
    }

    /// The profile for a folder of some kind.
    #[must_use]
    pub fn for_kind(&self, kind: &str) -> Self {
        let mut profile = self.clone();
        if matches!(kind, "event" | "events" | "agenda" | "evenement" | "evenements") {
            profile.fields.append(&mut profile.event_fields);
        }
        profile
    }

    /// The fallbacks of a field; none where the profile has no such field.
    pub fn paths(&self, field: &str) -> Paths {
        match self.fields.get(field) {
            Some(FieldRule::Paths(paths)) => paths.clone(),
            _ => Paths::default(),
        }
    }

    /// The groups of a field that comes in groups of keys.
    pub fn groups(&self, field: &str) -> &[GroupRule] {
        match self.fields.get(field) {
            Some(FieldRule::Groups(groups)) => groups,
            _ => &[],
        }
    }

    /// The top-level keys that some rule reads.
    pub fn keys(&self) -> BTreeSet<&str> {
        self.keys_by_field().flat_map(|(_, keys)| keys).collect()
    }

    /// The top-level keys that each field is read from, first choice first.
    pub fn keys_by_field(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.fields.iter().map(|(field, rule)| {
            let paths = match rule {
                FieldRule::Paths(paths) => vec![paths],
                FieldRule::Groups(groups) => groups.iter().flat_map(roots_of).collect(),
            };
            (field.as_str(), paths.into_iter().flat_map(|paths| &paths.0).filter_map(|path| path.root()).collect())
        })
    }
}

/// The paths of a group that begin at the top of front matter.
fn roots_of(group: &GroupRule) -> Vec<&Paths> {
    if group.each.0.is_empty() { group.parts.values().collect() } else { vec![&group.each] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::FIELDS;

    #[test]
    fn every_compiled_in_profile_is_read_and_names_known_fields() {
        for name in [ProfileName::Numerique, ProfileName::Jekyll, ProfileName::Hugo, ProfileName::Zola] {
            let profile = Profile::with_overrides(name, &BTreeMap::new());
            for field in profile.fields.keys().chain(profile.event_fields.keys()) {
                assert!(FIELDS.contains(&field.as_str()), "{name:?}: {field}");
            }
            assert!(profile.keys().contains("title"));
        }
    }

    #[test]
    fn each_key_a_profile_reads_is_in_the_docs() {
        const DOCS: &str = include_str!("../../docs/FRONT_MATTER.md");
        let mut words = DOCS.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)).collect::<Vec<_>>();
        words.sort_unstable();
        for name in [ProfileName::Numerique, ProfileName::Jekyll, ProfileName::Hugo, ProfileName::Zola] {
            let profile = Profile::with_overrides(name, &BTreeMap::new());
            for (field, keys) in profile.keys_by_field() {
                // a map has many names for a place, of which the docs tell the first
                let keys = if matches!(field, "latitude" | "longitude" | "geo") { &keys[..1] } else { &keys };
                for key in keys {
                    assert!(words.binary_search(key).is_ok(), "{name:?}: `{key}` of {field}");
                }
            }
        }
    }

    #[test]
    fn an_override_replaces_one_field() {
        let overrides = BTreeMap::from([(
            "title".to_owned(),
            FieldRule::Paths(Paths::try_from("titre".to_owned()).expect("a path")),
        )]);
        let profile = Profile::with_overrides(ProfileName::Numerique, &overrides);
        assert!(profile.keys().contains("titre") && !profile.keys().contains("title"));
    }
}
