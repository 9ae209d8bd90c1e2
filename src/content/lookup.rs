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
    /// The part of the value that is meant, where it stands for several.
    pub word: Option<&'a str>,
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

    /// Text as written, not folded.
    pub fn text(&self, found: &Found) -> Option<String> {
        if let Some(word) = found.word {
            return Some(without_controls(word));
        }
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
    pub fn flag(&self, found: &Found) -> Option<bool> {
        match self.text(found)?.trim().to_lowercase().as_str() {
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
        let found = paths.0.iter().map(|path| self.walk(outer.clone(), &path.steps, path.words));
        found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn follow(&self, root: &'a Map<String, Value>, path: &KeyPath) -> Vec<Found<'a>> {
        let Some((Step::Key(key), rest)) = path.steps.split_first() else { return Vec::new() };
        let Some((name, value)) = self.get(root, key) else { return Vec::new() };
        self.walk(Found { path: name.clone(), value, word: None }, rest, path.words)
    }

    fn walk(&self, start: Found<'a>, steps: &[Step], words: bool) -> Vec<Found<'a>> {
        // a text under `key[]:words` stands for its words, the texts of a list for themselves
        let is_text = steps.iter().all(|step| *step == Step::Each) && start.value.is_string();
        let mut found = vec![start];
        for step in steps {
            found = found.into_iter().flat_map(|item| self.step(item, step)).collect();
        }
        if words && is_text {
            found = found.iter().flat_map(split).collect();
        }
        found.retain(|found| !is_empty(found.value));
        found
    }

    fn step(&self, found: Found<'a>, step: &Step) -> Vec<Found<'a>> {
        match (step, found.value) {
            (Step::Key(key), Value::Object(map)) => self
                .get(map, key)
                .map(|(name, value)| Found { path: format!("{}.{name}", found.path), value, word: None })
                .into_iter()
                .collect(),
            (Step::Each, Value::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(index, value)| Found { path: format!("{}[{index}]", found.path), value, word: None })
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

/// One value a word, without the commas people set all the same.
fn split<'a>(found: &Found<'a>) -> Vec<Found<'a>> {
    let text: &'a str = found.value.as_str().unwrap_or_default();
    let words = text.split_whitespace().map(|word| word.trim_matches(',')).filter(|word| !word.is_empty());
    words.map(|word| Found { word: Some(word), ..found.clone() }).collect()
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
    fn a_text_may_stand_for_its_words_and_an_item_for_itself() {
        let file = "---\na: one  two, three\nb: [one two, three]\nc: [x, {src: y}]\n---\n";
        assert_eq!(lines(file, "a[]:words"), ["one", "two", "three"]);
        assert_eq!(lines(file, "b[]:words"), ["one two", "three"]);
        let parts = front_matter::split(file).expect(file);
        let lookup = Lookup { front: &parts.front, defaults: &Map::new(), any_case: false };
        let paths = |text: &str| Paths::try_from(text.to_owned()).expect(text);
        let items = lookup.all(&paths("c[]"));
        let inner: Vec<_> = items.iter().flat_map(|item| lookup.inside(item, &paths("src | @"))).collect();
        assert_eq!(inner.iter().filter_map(|found| lookup.plain(found)).collect::<Vec<_>>(), ["x", "y"]);
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
