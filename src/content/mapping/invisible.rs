//! Characters nobody sees and no output carries: what is taken out is told, once a file.

use serde_json::Value;

use crate::content::front_matter::FrontMatter;
use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::text::is_xml_char;

/// The first one of a file, as it stands there or as an escape in front matter writes it.
pub(super) fn remark(text: &str, front: &FrontMatter) -> Option<Diagnostic> {
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let standing = text[start..].char_indices().find(|(_, c)| goes(*c));
    let (c, position) = standing.map(|(at, c)| (c, Position::at(text, start + at))).or_else(|| {
        let mut values = front.values.iter().map(|(key, value)| (key.clone(), value));
        values.find_map(|(path, value)| written(&path, value, front))
    })?;
    let message = format!("the character U+{:04X} has no place in feeds and mails: it is taken out", u32::from(c));
    let hint = "it came along when the text was copied; delete it";
    Some(Diagnostic::hint("invisible-character", position, message).with_hint(hint))
}

fn goes(c: char) -> bool {
    !is_xml_char(c) || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn written(path: &str, value: &Value, front: &FrontMatter) -> Option<(char, Position)> {
    match value {
        Value::String(text) => text.chars().find(|c| goes(*c)).map(|c| (c, front.position(path))),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| written(&format!("{path}[{index}]"), item, front))
        }
        Value::Object(map) => map.iter().find_map(|(key, value)| written(&format!("{path}.{key}"), value, front)),
        _ => None,
    }
}
