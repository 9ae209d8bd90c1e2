//! How a profile says where a field stands: for each field of the neutral announcement, the front matter keys to try.
//!
//! In a path `.` goes into a mapping, `[]` over a list, `|` separates fallbacks; the first that is not empty wins. `@` is the
//! value at hand itself (an item of a list may be a text or a mapping), and `:words` cuts a text at its blanks.
//! `categories[]:words | category` is two fallbacks.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// One step of a path into front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    /// Over each item of a list; a value that is no list counts as a list of one.
    Each,
}

/// A path into front matter, e.g. `files[].nom`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    /// Empty for the value at hand itself.
    pub steps: Vec<Step>,
    /// A single text stands for several values, cut at its blanks (Jekyll's `tags: a b`).
    pub words: bool,
}

/// Fallbacks, first that is not empty wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Paths(pub Vec<KeyPath>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path: keys with `.` between them, `[]` after a list, ` | ` between fallbacks")]
pub struct PathError(String);

impl TryFrom<String> for Paths {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split('|')
            .map(|path| parse_path(path.trim()).ok_or_else(|| PathError(text.clone())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn parse_path(path: &str) -> Option<KeyPath> {
    let (path, words) = path.strip_suffix(":words").map_or((path, false), |path| (path, true));
    let mut steps = Vec::new();
    if path == "@" {
        return Some(KeyPath { steps, words });
    }
    for part in path.split('.') {
        let (key, each) = part.strip_suffix("[]").map_or((part, false), |key| (key, true));
        if key.is_empty() || key.contains(['[', ']', ' ', '@', ':']) {
            return None;
        }
        steps.push(Step::Key(key.to_owned()));
        if each {
            steps.push(Step::Each);
        }
    }
    Some(KeyPath { steps, words })
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            write!(f, "@")?;
        }
        for (index, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Each => write!(f, "[]")?,
            }
        }
        if self.words { write!(f, ":words") } else { Ok(()) }
    }
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&written.join(" | "))
    }
}

impl KeyPath {
    /// The top-level key the path begins with.
    pub fn root(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }
}

/// A rule for things that come as groups of keys: for each value of `each` (or once, for the whole front matter), the
/// parts of one image, attachment, row or way to get there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct GroupRule {
    #[serde(default)]
    pub each: Paths,
    #[serde(flatten)]
    pub parts: BTreeMap<String, Paths>,
}

/// What a field is read by: a line of fallbacks, or groups of keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum FieldRule {
    Paths(Paths),
    Groups(Vec<GroupRule>),
}

/// The fields a profile (and `[content.fields]`) may name.
pub const FIELDS: &[&str] = &[
    "access",
    "address",
    "aliases",
    "attachments",
    "authors",
    "categories",
    "contact",
    "draft",
    "end",
    "event_status",
    "expires",
    "external_url",
    "geo",
    "hours",
    "id",
    "images",
    "info",
    "lang",
    "latitude",
    "longitude",
    "online",
    "organizer",
    "place",
    "published",
    "published_flag",
    "registration",
    "slug",
    "start",
    "subtitle",
    "summary",
    "tags",
    "title",
    "updated",
    "url",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed_and_written_back() {
        let text = "une-ou-diaporama[].image | cover.image | a[].b[].c | @ | tags[]:words";
        assert_eq!(Paths::try_from(text.to_owned()).expect("paths").to_string(), text);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["a..b", "a[0]", "a | | b", "[]", "a b", ".", "a:list", "a.@"] {
            assert!(Paths::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
