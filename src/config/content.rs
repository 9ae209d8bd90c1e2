//! `[content]`: where announcements are and how they are read.

use std::collections::BTreeMap;
use std::path::Path;

use globset::GlobBuilder;
use toml::Value;

use super::raw::{RawContent, RawFolder, Text};
use super::span::{Fault, nearest};
use super::values::{Checked, fault, language, zone};
use crate::model::profile::{FIELDS, FieldRule};
use crate::model::settings::{ContentSettings, FolderRule, ProfileName};

const MEBIBYTE: u64 = 1024 * 1024;
/// A fifth of the catalog (DESIGN.md §5).
const MAX_WITHDRAWN: f64 = 0.2;

pub(super) fn content(raw: RawContent, base: &Path) -> Checked<ContentSettings> {
    let super::raw::Future::Hold = raw.future.unwrap_or(super::raw::Future::Hold);
    let mut fields = BTreeMap::new();
    for (name, value) in raw.fields {
        if !FIELDS.contains(&name.get_ref().as_str()) {
            let unknown = fault(&name, "content.fields", &format!("there is no field `{}`", name.get_ref()));
            return Err(match nearest(name.get_ref(), FIELDS.iter().copied()) {
                Some(field) => unknown.hint(format!("did you mean `{field}`?")),
                None => unknown.hint(format!("the fields are {}", FIELDS.join(", "))),
            });
        }
        fields.insert(name.get_ref().clone(), field_rule(&name, value)?);
    }
    Ok(ContentSettings {
        dir: base.join(raw.dir.as_deref().unwrap_or("content")),
        profile: raw.profile.unwrap_or(ProfileName::Jekyll),
        typography: raw.typography,
        fields,
        folders: raw.folder.into_iter().map(folder).collect::<Checked<_>>()?,
        assets: raw.assets.map(|assets| base.join(assets)),
        max_bytes: raw.max_bytes.unwrap_or(MEBIBYTE),
        max_withdrawn: raw.max_withdrawn.map_or(Ok(MAX_WITHDRAWN), |given| share(&given))?,
    })
}

fn share(given: &toml::Spanned<f64>) -> Checked<f64> {
    if (0.0..=1.0).contains(given.get_ref()) {
        return Ok(*given.get_ref());
    }
    let message = format!("`content.max_withdrawn`: `{}` is no share of the catalog", given.get_ref());
    Err(Fault::new(given.span(), message).hint("write a number from 0 (ask me each time) to 1 (never ask)"))
}

fn field_rule(name: &Text, value: Value) -> Checked<FieldRule> {
    let is_text = value.is_str();
    let rule = match value {
        Value::String(text) => {
            crate::model::profile::Paths::try_from(text).map(FieldRule::Paths).map_err(|e| e.to_string())
        }
        groups => groups.try_into().map_err(|error: toml::de::Error| error.message().to_owned()),
    };
    rule.map_err(|message| {
        let fault = fault(name, &format!("content.fields.{}", name.get_ref()), &message);
        if is_text {
            fault
        } else {
            fault.hint("a field is a text, or a list of `{ each = \"…[]\", part = \"key\" }`")
        }
    })
}

fn folder(raw: RawFolder) -> Checked<FolderRule> {
    let pattern = GlobBuilder::new(raw.pattern.get_ref())
        .literal_separator(true)
        .build()
        .map_err(|error| fault(&raw.pattern, "content.folder.match", &error.kind().to_string()))?;
    let defaults = raw.defaults.into_iter().map(|(key, value)| (key, json(value))).collect();
    Ok(FolderRule {
        pattern: pattern.compile_matcher(),
        kind: raw.kind,
        url: raw.url,
        lang: language(raw.language.as_ref(), "content.folder.language")?,
        zone: raw.timezone.as_ref().map(|text| zone(text, "content.folder.timezone")).transpose()?,
        offset: raw.offset,
        defaults,
    })
}

/// Defaults join front matter, where dates are texts.
fn json(value: Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Boolean(flag) => flag.into(),
        Value::Datetime(date) => date.to_string().into(),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Table(table) => {
            serde_json::Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}
