//! Finds values in front matter by the paths of a profile, and turns them into the kinds of things fields hold.

use serde_json::{Map, Value};

use super::front_matter::FrontMatter;
use crate::model::diagnostic::Position;
use crate::model::profile::{KeyPath, Paths, Step};
use crate::model::text::{one_line, without_controls};

/// A value with the concrete path it was found under (`files[0].nom`).
#[derive(Debug, Clone)]
pub struct Found<'a> {
    pub path: String,
    pub value: &'a Value,
}

/// Looks in one file's front matter, then in the defaults of its folder.
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    pub front: &'a FrontMatter,
    pub defaults: &'a Map<String, Value>,
    /// Hugo reads keys in any case.
    pub any_case: bool,
}

impl<'a> Lookup<'a> {
    /// The values of the first fallback that has any that is not empty.
    pub fn all(&self, paths: &Paths) -> Vec<Found<'a>> {
        [&self.front.values, self.defaults]
            .into_iter()
            .flat_map(|root| paths.0.iter().map(move |path| (root, path)))
            .map(|(root, path)| self.follow(root, path))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    pub fn first(&self, paths: &Paths) -> Option<Found<'a>> {
        self.all(paths).into_iter().next()
    }

    /// The value's text on one line, entities decoded once, or `None` if it is no scalar.
    pub fn line(&self, paths: &Paths) -> Option<(String, Found<'a>)> {
        self.all(paths).into_iter().find_map(|found| Some((self.plain(&found)?, found)))
    }

    /// Text as written, not folded.
    pub fn text(&self, found: &Found) -> Option<String> {
        let text = match found.value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => self
                .front
                .spots
                .get(&found.path)
                .and_then(|spot| spot.raw.clone())
                .unwrap_or_else(|| found.value.to_string()),
            _ => return None,
        };
        Some(without_controls(&text))
    }

    /// The transform "plain": trimmed, white space folded, entities decoded once.
    pub fn plain(&self, found: &Found) -> Option<String> {
        let text = one_line(&html_escape::decode_html_entities(&self.text(found)?));
        let text = super::shortcodes::set_apart(text);
        (!text.is_empty()).then_some(text)
    }

    /// `true`, `"true"`, `yes`, `1`.
    pub fn flag(&self, paths: &Paths) -> Option<bool> {
        let found = self.first(paths)?;
        match self.text(&found)?.trim().to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" | "oui" => Some(true),
            "false" | "no" | "off" | "0" | "non" => Some(false),
            _ => None,
        }
    }

    pub fn position(&self, found: &Found) -> Position {
        self.front.position(&found.path)
    }

    /// The values under a path inside a value found before.
    pub fn inside(&self, outer: &Found<'a>, paths: &Paths) -> Vec<Found<'a>> {
        let found = paths.0.iter().map(|path| {
            let start = vec![Found { path: outer.path.clone(), value: outer.value }];
            keep_full(self.walk(start, path))
        });
        found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn follow(&self, root: &'a Map<String, Value>, path: &KeyPath) -> Vec<Found<'a>> {
        let Some(Step::Key(key)) = path.0.first() else { return Vec::new() };
        let Some((name, value)) = self.get(root, key) else { return Vec::new() };
        let rest = KeyPath(path.0[1..].to_vec());
        keep_full(self.walk(vec![Found { path: name.clone(), value }], &rest))
    }

    fn walk(&self, mut found: Vec<Found<'a>>, path: &KeyPath) -> Vec<Found<'a>> {
        for step in &path.0 {
            found = found.into_iter().flat_map(|item| self.step(item, step)).collect();
        }
        found
    }

    fn step(&self, found: Found<'a>, step: &Step) -> Vec<Found<'a>> {
        match (step, found.value) {
            (Step::Key(key), Value::Object(map)) => self
                .get(map, key)
                .map(|(name, value)| Found { path: format!("{}.{name}", found.path), value })
                .into_iter()
                .collect(),
            (Step::Each, Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(index, value)| Found { path: format!("{}[{index}]", found.path), value })
                .collect(),
            (Step::Each, Value::Null) | (Step::Key(_), _) => Vec::new(),
            (Step::Each, _) => vec![found],
        }
    }

    fn get(&self, map: &'a Map<String, Value>, key: &str) -> Option<(&'a String, &'a Value)> {
        map.get_key_value(key).or_else(|| {
            let same = |name: &str| self.any_case && name.eq_ignore_ascii_case(key);
            map.iter().find(|(name, _)| same(name))
        })
    }
}

fn keep_full(found: Vec<Found>) -> Vec<Found> {
    found.into_iter().filter(|found| !is_empty(found.value)).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::front_matter;

    fn lines(file: &str, paths: &str) -> Vec<String> {
        let parts = front_matter::split(file).expect(file);
        let lookup = Lookup { front: &parts.front, defaults: &Map::new(), any_case: true };
        let paths = Paths::try_from(paths.to_owned()).expect(paths);
        lookup.all(&paths).iter().filter_map(|found| lookup.plain(found)).collect()
    }

    #[test]
    fn the_first_fallback_that_is_not_empty_wins() {
        let file = "---\na: ''\nb: []\nc: [x, y]\nd: z\n---\n";
        assert_eq!(lines(file, "a | b[] | c[] | d"), ["x", "y"]);
        assert_eq!(lines(file, "d[]"), ["z"], "a single value counts as a list of one");
        assert_eq!(lines(file, "e | f.g"), [""; 0]);
    }

    #[test]
    fn paths_go_through_lists_of_mappings() {
        let file = "---\nfiles:\n- nom: a\n- nom: b\n- lien: c\nextra: {Deep: {er: d}}\n---\n";
        assert_eq!(lines(file, "files[].nom"), ["a", "b"]);
        assert_eq!(lines(file, "EXTRA.deep.er"), ["d"]);
    }

    #[test]
    fn plain_text_is_folded_and_decoded_once() {
        assert_eq!(lines("---\na: \" Q&amp;amp;A \\n x \"\n---\n", "a"), ["Q&amp;A x"]);
        assert_eq!(lines("---\na: 1.10\nb: no\nc: 2019-01-01\n---\n", "a | b"), ["1.10"]);
    }
}
