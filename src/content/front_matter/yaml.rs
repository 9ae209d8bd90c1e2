//! YAML front matter: values from `serde_yaml`, places and what it is silent about (duplicate keys, aliases, swallowed
//! keys) from a pass over libyaml's events. JSON is read this way too: it is YAML once it is known to be JSON.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Event, EventData, Mark, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::{FrontMatter, MAX_DEPTH, Spot};
use crate::model::diagnostic::{Diagnostic, Position};

type Failure = Box<Diagnostic>;

/// Reads `text`, which begins after `lines_before` lines of its file.
pub(super) fn read(text: &str, lines_before: usize) -> Result<(FrontMatter, Vec<Diagnostic>), Failure> {
    let mut places =
        Places { text, lines_before, spots: HashMap::new(), diagnostics: Vec::new(), opened: None, quoted: None };
    // the crate behind the event pass panics at a tag right before a comma (`[!a, b]`)
    let read = catch_unwind(AssertUnwindSafe(|| places.read()));
    read.map_err(|_| places.parser_gave_up())??;
    let values = values(text, lines_before)?;
    Ok((FrontMatter { values, spots: places.spots }, places.diagnostics))
}

fn values(text: &str, lines_before: usize) -> Result<Map<String, Value>, Failure> {
    let value: Value = serde_yaml::from_str(text).map_err(|error| {
        let position = error.location().map_or(Position { line: lines_before + 1, column: 1 }, |location| Position {
            line: lines_before + location.line(),
            column: location.column(),
        });
        Box::new(Diagnostic::error("yaml-syntax", position, format!("front matter cannot be read: {error}")))
    })?;
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(Box::new(
            Diagnostic::error(
                "front-matter-shape",
                Position { line: lines_before + 1, column: 1 },
                "front matter is no mapping of keys to values",
            )
            .with_hint("write one `key: value` a line"),
        )),
    }
}

/// What the event pass is inside of.
enum Frame {
    /// A mapping: its path, the keys seen with their lines, and the key whose value comes next.
    Mapping { path: String, seen: HashMap<String, usize>, key: Option<(String, Position)> },
    /// A list: its path and the index of the next item.
    List { path: String, next: usize },
}

struct Places<'a> {
    text: &'a str,
    lines_before: usize,
    spots: HashMap<String, Spot>,
    diagnostics: Vec<Diagnostic>,
    /// Where the last list or mapping began.
    opened: Option<Mark>,
    /// The last text in quotes: its quote, where it began and where it ended.
    quoted: Option<(char, Mark, Mark)>,
}

impl Places<'_> {
    fn read(&mut self) -> Result<(), Failure> {
        let mut input = self.text.as_bytes();
        let mut parser = Parser::new();
        parser.set_input_string(&mut input);
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            let event = parser.parse().map_err(|error| Box::new(self.syntax_error(&error)))?;
            match &event.data {
                EventData::StreamEnd => return Ok(()),
                EventData::Alias { anchor } => return Err(Box::new(self.alias(anchor, event.start_mark))),
                EventData::Scalar { value, style, .. } => self.scalar(&mut frames, &event, value, *style),
                EventData::MappingStart { .. } => {
                    let path = self.enter(&mut frames, &event)?;
                    frames.push(Frame::Mapping { path, seen: HashMap::new(), key: None });
                }
                EventData::SequenceStart { .. } => {
                    let path = self.enter(&mut frames, &event)?;
                    frames.push(Frame::List { path, next: 0 });
                }
                EventData::MappingEnd | EventData::SequenceEnd => {
                    frames.pop();
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, frames: &mut [Frame], event: &Event) -> Result<String, Failure> {
        if frames.len() >= MAX_DEPTH {
            let message = format!("front matter is nested deeper than {MAX_DEPTH} levels");
            return Err(Box::new(Diagnostic::error("yaml-too-deep", self.position(event.start_mark), message)));
        }
        self.opened = Some(event.start_mark);
        Ok(self.place_value(frames, event, None))
    }

    fn scalar(&mut self, frames: &mut [Frame], event: &Event, value: &str, style: ScalarStyle) {
        if let Some(Frame::Mapping { path, seen, key: key @ None }) = frames.last_mut() {
            let position = self.position(event.start_mark);
            if let Some(first) = seen.insert(value.to_owned(), position.line) {
                self.diagnostics.push(duplicate(value, first, position));
            }
            let path = if path.is_empty() { value.to_owned() } else { format!("{path}.{value}") };
            *key = Some((path, position));
            return;
        }
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            self.look_for_swallowed_key(event);
            let quote = if style == ScalarStyle::SingleQuoted { '\'' } else { '"' };
            self.quoted = Some((quote, event.start_mark, event.end_mark));
        }
        self.place_value(frames, event, (style == ScalarStyle::Plain).then(|| value.to_owned()));
    }

    /// Notes where a value stands and returns its path.
    fn place_value(&mut self, frames: &mut [Frame], event: &Event, raw: Option<String>) -> String {
        let value = self.position(event.start_mark);
        let (path, key) = match frames.last_mut() {
            None => return String::new(),
            Some(Frame::Mapping { key, .. }) => key.take().unwrap_or((String::new(), value)),
            Some(Frame::List { path, next }) => {
                let item = format!("{path}[{next}]");
                *next += 1;
                (item, value)
            }
        };
        self.spots.insert(path.clone(), Spot { key, value, raw });
        path
    }

    /// An unclosed quote runs on over the keys below until the next quote of its kind: nothing is wrong to a parser.
    fn look_for_swallowed_key(&mut self, event: &Event) {
        let (first, last) = (line_index(event.start_mark), line_index(event.end_mark));
        for (index, line) in self.text.lines().enumerate().take(last + 1).skip(first + 1) {
            let Some((key, _)) = line.split_once(':') else { continue };
            let is_key = !key.is_empty()
                && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
                && line[key.len() + 1..].starts_with([' ', '"', '\'']);
            if is_key {
                let position = self.position(event.start_mark);
                let line = self.lines_before + index + 1;
                let message = format!("the quoted text runs on to line {line} and contains `{key}:`");
                let hint = "close the quote at the end of its own text";
                self.diagnostics.push(Diagnostic::warning("swallowed-key", position, message).with_hint(hint));
                return;
            }
        }
    }

    fn position(&self, mark: Mark) -> Position {
        let column = usize::try_from(mark.column).unwrap_or(0) + 1;
        Position { line: self.lines_before + line_index(mark) + 1, column }
    }

    fn alias(&self, anchor: &str, mark: Mark) -> Diagnostic {
        let message = format!("the alias `*{anchor}` is refused: a few of them can stand for millions of values");
        Diagnostic::error("yaml-alias", self.position(mark), message).with_hint("write the value out")
    }

    fn parser_gave_up(&self) -> Diagnostic {
        let start = Position { line: self.lines_before + 1, column: 1 };
        let message = "front matter cannot be read: something in it is no YAML";
        Diagnostic::error("yaml-syntax", start, message).with_hint("put texts that begin with `!` in quotes")
    }

    /// The `[` or `{` by which the last list or mapping began, if it did.
    fn bracket(&self) -> Option<Position> {
        let mark = self.opened?;
        let position = self.position(mark);
        let begins = self.text.lines().nth(line_index(mark))?.chars().nth(position.column - 1)?;
        matches!(begins, '[' | '{').then_some(position)
    }

    /// Words right behind a closing quote: an apostrophe, or the opening quote of another text, closed this one.
    fn quote_ended_early(&self, problem: Mark) -> Option<Diagnostic> {
        let (quote, start, end) = self.quoted?;
        if (end.line, end.column) != (problem.line, problem.column) {
            return None;
        }
        let words = format!("front matter is no YAML: words follow the `{quote}` that closes a text");
        let (position, message, hint) = if start.line == end.line {
            let hint = match quote {
                '\'' => "write an apostrophe twice (`''`) between single quotes, or put the text in double quotes",
                _ => "write `\\\"` for a quote within double quotes, or put the text in single quotes",
            };
            (self.position(end), words, hint)
        } else {
            let message = format!("{words} on line {}", self.position(end).line);
            (self.position(start), message, "close the quote at the end of its own text")
        };
        Some(Diagnostic::error("yaml-syntax", position, message).with_hint(hint))
    }

    fn syntax_error(&self, error: &libyaml_safer::Error) -> Diagnostic {
        let start = Position { line: self.lines_before + 1, column: 1 };
        let mut position = error.problem_mark().map_or(start, |mark| self.position(mark));
        let mut message = error.problem().to_owned();
        if let Some(context) = error.context().filter(|context| !context.is_empty()) {
            message = format!("{message} {context}");
            // what is never closed is mended where it opens, not where a parser gives up
            let opens = ["flow sequence", "flow mapping", "quoted scalar"].iter().any(|what| context.contains(what));
            if let Some(mark) = error.context_mark().filter(|_| opens) {
                message = format!("{message}, noticed on line {}", position.line);
                position = self.position(mark);
            }
        }
        if let Some(bracket) = self.bracket().filter(|_| error.problem().contains("expected node content")) {
            message = format!("{message}, noticed on line {}", position.line);
            position = bracket;
        }
        if let Some(diagnostic) = error.problem_mark().and_then(|mark| self.quote_ended_early(mark)) {
            return diagnostic;
        }
        let diagnostic = Diagnostic::error("yaml-syntax", position, format!("front matter is no YAML: {message}"));
        match hint(error.problem()) {
            Some(hint) => diagnostic.with_hint(hint),
            None => diagnostic,
        }
    }
}

fn line_index(mark: Mark) -> usize {
    usize::try_from(mark.line).unwrap_or(usize::MAX)
}

fn duplicate(key: &str, first: usize, position: Position) -> Diagnostic {
    let message = format!("the key `{key}` was already given on line {first}; this one counts");
    Diagnostic::warning("duplicate-key", position, message).with_hint("remove one of the two")
}

fn hint(problem: &str) -> Option<&'static str> {
    [
        ("mapping values are not allowed", "a text with `: ` in it stands in quotes"),
        ("cannot start any token", "indent with blanks, and put a text that begins with `@`, `%` or a tab in quotes"),
        ("expected ',' or ']'", "a list that `[` begins is closed with `]`; put the text in quotes if it is no list"),
        ("expected ',' or '}'", "what `{` begins is closed with `}`; put the text in quotes if it is no mapping"),
        ("expected node content", "what `[` or `{` begins is closed with `]` or `}`, and has words between its commas"),
        ("end of stream", "a quote is not closed"),
        ("document indicator", "a quote is not closed"),
        ("could not find expected ':'", "every line is `key: value`; a long text goes on indented"),
        ("did not find expected key", "check the indentation and the quotes of this line and the one before"),
        ("unknown escape character", "in double quotes `\\` begins an escape; use single quotes"),
    ]
    .iter()
    .find(|(part, _)| problem.contains(part))
    .map(|(_, hint)| *hint)
}
