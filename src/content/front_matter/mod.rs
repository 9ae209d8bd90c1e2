//! Splits a file into front matter and body, and reads front matter into values that know where they stand in the file.

mod toml;
mod yaml;

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::model::diagnostic::{Diagnostic, Position};

/// Longest front matter that is read: YAML parsers take time that grows faster than their input.
const MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 32;

/// Where a value stands, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub key: Position,
    pub value: Position,
    /// A plain scalar as written, so that a title `1.10` stays one.
    pub raw: Option<String>,
}

/// Front matter as values, with the place of each by its path (`files[0].nom`).
#[derive(Debug, Clone, Default)]
pub struct FrontMatter {
    pub values: Map<String, Value>,
    pub spots: HashMap<String, Spot>,
}

impl FrontMatter {
    /// The place of a value, or of the nearest thing around it.
    pub fn position(&self, path: &str) -> Position {
        self.spot(path).map_or(Position::START, |spot| spot.value)
    }

    pub fn spot(&self, path: &str) -> Option<&Spot> {
        let mut path = path;
        loop {
            if let Some(spot) = self.spots.get(path) {
                return Some(spot);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// A file taken apart.
#[derive(Debug)]
pub struct Parts<'a> {
    pub front: FrontMatter,
    pub body: &'a str,
    /// Where the body begins in the file.
    pub body_start: Position,
    pub diagnostics: Vec<Diagnostic>,
}

/// Front matter as found in a file: its language, text and first line.
struct Block<'a> {
    language: Language,
    text: &'a str,
    /// Lines of the file before `text`.
    lines_before: usize,
    rest: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Yaml,
    Toml,
    Json,
}

/// Takes a file apart. Blank lines and a byte order mark before the first delimiter are accepted.
///
/// # Errors
/// One diagnostic where there is no front matter, it does not end, or it cannot be read.
pub fn split(file: &str) -> Result<Parts<'_>, Box<Diagnostic>> {
    let block = find(file)?;
    if block.text.len() > MAX_BYTES {
        let message = format!("front matter of {} bytes: at most {MAX_BYTES} are read", block.text.len());
        return Err(Box::new(Diagnostic::error("front-matter-too-large", Position::START, message)));
    }
    let (front, diagnostics) = match block.language {
        Language::Yaml | Language::Json => yaml::read(block.text, block.lines_before)?,
        Language::Toml => toml::read(block.text, block.lines_before)?,
    };
    let body_line = file[..file.len() - block.rest.len()].matches('\n').count() + 1;
    Ok(Parts { front, body: block.rest, body_start: Position { line: body_line, column: 1 }, diagnostics })
}

fn find(file: &str) -> Result<Block<'_>, Box<Diagnostic>> {
    let start = file.len() - file.trim_start_matches(['\u{feff}', '\n', '\r', ' ', '\t']).len();
    let text = &file[start..];
    let lines_before = file[..start].matches('\n').count();
    let first_line = text.lines().next().unwrap_or_default().trim_end();
    match first_line {
        "---" => fenced(text, lines_before, Language::Yaml, &["---", "..."]),
        "+++" => fenced(text, lines_before, Language::Toml, &["+++"]),
        _ if text.starts_with('{') && !text.starts_with("{%") && !text.starts_with("{{") => json(text, lines_before),
        _ => Err(Box::new(
            Diagnostic::error("no-front-matter", Position::START, "the file does not begin with front matter")
                .with_hint("begin with a line `---`, then `title:` and `date:`, then another line `---`"),
        )),
    }
}

fn fenced<'a>(
    text: &'a str,
    lines_before: usize,
    language: Language,
    ends: &[&str],
) -> Result<Block<'a>, Box<Diagnostic>> {
    let begin = text.find('\n').map_or(text.len(), |newline| newline + 1);
    let mut at = begin;
    for line in text[begin..].split_inclusive('\n') {
        if ends.contains(&line.trim_end()) {
            let rest = &text[at + line.len()..];
            return Ok(Block { language, text: &text[begin..at], lines_before: lines_before + 1, rest });
        }
        at += line.len();
    }
    let position = Position { line: lines_before + 1, column: 1 };
    Err(Box::new(
        Diagnostic::error("front-matter-open", position, "front matter does not end").with_hint(format!(
            "close it with a line `{}`; if the file is still being written, save it again",
            ends[0]
        )),
    ))
}

/// JSON front matter (Hugo): one object, then the body.
fn json(text: &str, lines_before: usize) -> Result<Block<'_>, Box<Diagnostic>> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Object(_))) => {
            let (text, rest) = text.split_at(values.byte_offset());
            Ok(Block { language: Language::Json, text, lines_before, rest: rest.strip_prefix('\n').unwrap_or(rest) })
        }
        Some(Err(error)) => {
            let position = Position { line: lines_before + error.line(), column: error.column().max(1) };
            Err(Box::new(Diagnostic::error("json-syntax", position, format!("front matter is no JSON: {error}"))))
        }
        _ => Err(Box::new(Diagnostic::error("json-syntax", Position::START, "front matter is no JSON object"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(file: &str) -> (String, usize, usize) {
        let error = split(file).expect_err(file);
        (error.code.to_string(), error.position.line, error.position.column)
    }

    #[test]
    fn blank_lines_and_a_byte_order_mark_come_before_front_matter() {
        let parts = split("\u{feff}\n\n---\ntitle: à\n---\nbody\n").expect("front matter");
        assert_eq!(parts.front.values["title"], "à");
        assert_eq!((parts.body, parts.body_start.line), ("body\n", 6));
        assert_eq!(parts.front.position("title"), Position { line: 4, column: 8 });
    }

    #[test]
    fn three_languages_are_read() {
        for file in [
            "---\ntitle: t\ntags: [a, b]\n---\nbody",
            "+++\ntitle = \"t\"\ntags = [\"a\", \"b\"]\n+++\nbody",
            "{\n \"title\": \"t\",\n \"tags\": [\"a\", \"b\"]\n}\nbody",
        ] {
            let parts = split(file).expect(file);
            assert_eq!(parts.front.values["title"], "t", "{file}");
            assert_eq!(parts.front.values["tags"], serde_json::json!(["a", "b"]), "{file}");
            assert_eq!(parts.front.spots["tags[1]"].value.line, 3, "{file}");
            assert_eq!(parts.body.trim_start(), "body");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_line_and_column() {
        assert_eq!(error("# only Markdown"), ("no-front-matter".into(), 1, 1));
        assert_eq!(error("---\ntitle: half written"), ("front-matter-open".into(), 1, 1));
        assert_eq!(error("---\ntitle: a: b\n---\n").0, "yaml-syntax");
        assert_eq!(error("---\ntitle: a: b\n---\n").1, 2);
        assert_eq!(error("---\nok: 1\n\tb: c\n---\n").1, 3);
        assert_eq!(error("---\nok: 1\ntags: [a\ndate: 2\n---\n"), ("yaml-syntax".into(), 3, 7));
        assert_eq!(error("---\nok: 1\ntitle: \"a\ndate: 2\n---\n"), ("yaml-syntax".into(), 3, 8));
        assert_eq!(error("---\na: &x [1]\nb: *x\n---\n"), ("yaml-alias".into(), 3, 4));
        assert_eq!(error("+++\ntitle = \n+++\n").1, 2);
        assert_eq!(error("{\"title\": }\n").0, "json-syntax");
        assert_eq!(error("---\n- a\n- b\n---\n").0, "front-matter-shape");
        let deep = format!("---\na: {}{}\n---\n", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(error(&deep).0, "yaml-too-deep");
        assert_eq!(error("---\na: [!b, c]\n---\n").0, "yaml-syntax");
        let long = format!("---\na: {}\n---\n", "x".repeat(MAX_BYTES));
        assert_eq!(error(&long).0, "front-matter-too-large");
    }

    #[test]
    fn a_duplicate_key_is_named_with_both_lines_and_the_last_wins() {
        let parts = split("---\ntitle: a\nlieu: x\ntitle: b\n---\n").expect("front matter");
        assert_eq!(parts.front.values["title"], "b");
        let [warning] = &parts.diagnostics[..] else { panic!("one warning: {:?}", parts.diagnostics) };
        assert_eq!((warning.code.as_ref(), warning.position.line), ("duplicate-key", 4));
        assert!(warning.message.contains("line 2"), "{}", warning.message);
    }

    #[test]
    fn a_quoted_text_that_swallows_a_key_is_pointed_out() {
        let parts = split("---\ntitle: \"open\nlieu: \"Paris\n---\n");
        assert!(parts.is_err() || !parts.expect("read").diagnostics.is_empty());
        let parts = split("---\ndate: 2019-01-01\na: 1\ntitle: 'open\nlieu: Paris'\n---\n").expect("front matter");
        let [warning] = &parts.diagnostics[..] else { panic!("one warning: {:?}", parts.diagnostics) };
        assert_eq!((warning.code.as_ref(), warning.position), ("swallowed-key", Position { line: 4, column: 8 }));
        assert!(warning.message.contains("line 5") && warning.message.contains("`lieu:`"), "{}", warning.message);
    }

    #[test]
    fn a_quote_that_ends_too_early_is_named_where_it_is_mended() {
        for (front, line, column, hint) in [
            ("ok: 1\ntitle: 'L'État recrute'", 3, 11, "apostrophe twice"),
            ("ok: 1\ntitle: \"un \"vrai\" titre\"", 3, 13, "single quotes"),
            ("title: 'open\nlieu: 'Paris'", 2, 8, "close the quote"),
        ] {
            let error = split(&format!("---\n{front}\n---\n")).expect_err(front);
            assert_eq!((error.code.as_ref(), error.position), ("yaml-syntax", Position { line, column }), "{error}");
            assert!(error.hint.as_deref().is_some_and(|given| given.contains(hint)), "{:?}", error.hint);
        }
    }

    #[test]
    fn a_quoted_text_may_go_on_at_the_margin() {
        let parts = split("---\ntitle: \"one\ntwo\"\n---\n").expect("front matter");
        assert_eq!(parts.front.values["title"], "one two");
        assert!(parts.diagnostics.is_empty());
    }

    #[test]
    fn plain_scalars_remember_how_they_were_written() {
        let parts = split("---\ntitle: 1.10\ndraft: yes\n---\n").expect("front matter");
        assert_eq!(parts.front.spots["title"].raw.as_deref(), Some("1.10"));
        assert_eq!(parts.front.spots["draft"].raw.as_deref(), Some("yes"));
    }
}
