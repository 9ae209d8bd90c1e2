//! Where each field of an announcement came from: what `check --explain` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::lookup::Found;
use crate::model::diagnostic::Position;

/// A front matter key that a field was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Concrete path, e.g. `files[0].nom`.
    pub key: String,
    #[serde(flatten)]
    pub position: Position,
}

/// What a field of the profile was read from, and by which rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    pub rule: String,
    pub origins: Vec<Origin>,
}

/// All readings by the profile's names of fields.
pub type Origins = BTreeMap<&'static str, Reading>;

/// Takes note of values found for a field.
pub(super) fn note(
    origins: &mut Origins,
    field: &'static str,
    rule: String,
    found: &[Found],
    at: impl Fn(&Found) -> Position,
) {
    if found.is_empty() {
        return;
    }
    let reading = origins.entry(field).or_insert_with(|| Reading { rule, origins: Vec::new() });
    for found in found {
        let origin = Origin { key: found.path.clone(), position: at(found) };
        if !reading.origins.contains(&origin) {
            reading.origins.push(origin);
        }
    }
}
