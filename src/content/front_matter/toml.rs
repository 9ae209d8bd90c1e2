//! TOML front matter (Zola, Hugo): dates become texts, tables become mappings.

use std::collections::HashMap;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{FrontMatter, MAX_DEPTH, Spot};
use crate::model::diagnostic::{Diagnostic, Position};

/// Reads `text`, which begins after `lines_before` lines of its file.
pub(super) fn read(text: &str, lines_before: usize) -> Result<(FrontMatter, Vec<Diagnostic>), Box<Diagnostic>> {
    let position = |offset: usize| {
        let at = Position::at(text, offset);
        Position { line: at.line + lines_before, ..at }
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = position(error.span().map_or(0, |span| span.start));
        let message = format!("front matter is no TOML: {}", error.message());
        Box::new(Diagnostic::error("toml-syntax", at, message))
    })?;
    let mut reader = Reader { position: &position, spots: HashMap::new() };
    let values = reader.table(table.get_ref(), "", 0)?;
    Ok((FrontMatter { values, spots: reader.spots }, Vec::new()))
}

struct Reader<'a> {
    position: &'a dyn Fn(usize) -> Position,
    spots: HashMap<String, Spot>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable, path: &str, depth: usize) -> Result<Map<String, Value>, Box<Diagnostic>> {
        let mut values = Map::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            values.insert(name, self.value(value, key.span().start, path, depth)?);
        }
        Ok(values)
    }

    fn value(
        &mut self,
        value: &Spanned<DeValue>,
        key: usize,
        path: String,
        depth: usize,
    ) -> Result<Value, Box<Diagnostic>> {
        let at = (self.position)(value.span().start);
        if depth >= MAX_DEPTH {
            let message = format!("front matter is nested deeper than {MAX_DEPTH} levels");
            return Err(Box::new(Diagnostic::error("toml-too-deep", at, message)));
        }
        let read = match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(date) => Value::String(date.to_string()),
            DeValue::Integer(number) => {
                serde_json::from_str(number.as_str()).unwrap_or_else(|_| number.as_str().into())
            }
            DeValue::Float(number) => serde_json::from_str(number.as_str()).unwrap_or_else(|_| number.as_str().into()),
            DeValue::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.value(item, item.span().start, format!("{path}[{index}]"), depth + 1));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Value::Object(self.table(table, &path, depth + 1)?),
        };
        self.spots.insert(path, Spot { key: (self.position)(key), value: at, raw: None });
        Ok(read)
    }
}
