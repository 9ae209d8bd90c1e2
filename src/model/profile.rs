//! How a profile says where a field stands: for each field of the neutral announcement, the front matter keys to try.
//!
//! In a path `.` goes into a mapping, `[]` over a list, `|` separates fallbacks; the first that is not empty wins.
//! `date | filename` is two fallbacks; `taxonomies.tags[]` is a path.

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
pub struct KeyPath(pub Vec<Step>);

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
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (key, each) = part.strip_suffix("[]").map_or((part, false), |key| (key, true));
        if key.is_empty() || key.contains(['[', ']', ' ']) {
            return None;
        }
        steps.push(Step::Key(key.to_owned()));
        if each {
            steps.push(Step::Each);
        }
    }
    Some(KeyPath(steps))
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Each => write!(f, "[]")?,
            }
        }
        Ok(())
    }
}

impl KeyPath {
    /// The top-level key the path begins with.
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
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
    "expires",
    "external_url",
    "hours",
    "id",
    "images",
    "info",
    "lang",
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
        let paths = Paths::try_from("une-ou-diaporama[].image | cover.image | a[].b[].c".to_owned()).expect("paths");
        let written: Vec<String> = paths.0.iter().map(ToString::to_string).collect();
        assert_eq!(written, ["une-ou-diaporama[].image", "cover.image", "a[].b[].c"]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["a..b", "a[0]", "a | | b", "[]", "a b", "."] {
            assert!(Paths::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
