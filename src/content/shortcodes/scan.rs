//! Takes a source apart: text, code, and what stands in double braces.

use std::collections::HashSet;
use std::ops::Range;

use super::Flavour;
use super::code::Blocks;
use super::rules::{self, Effect};
use super::spans::Spans;
use super::tag::{self, Form, Lexed, Tag};

#[derive(Debug)]
pub(super) enum Token<'a> {
    Text(&'a str),
    /// Stays as it is.
    Code(&'a str),
    /// Something in double braces that is meant to be read.
    Shown(String),
    /// A mark that nothing closes.
    Mark(&'a str),
    Tag(Tag<'a>),
    /// A tag with its inner text as it is written.
    Verbatim(Tag<'a>, &'a str),
    /// Zola's `@/folder/file.md`.
    Internal(&'a str),
}

/// A token, the bytes it takes in the source, and where it stands.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub token: Token<'a>,
    pub at: usize,
    pub end: usize,
}

struct Scanner<'a> {
    source: &'a str,
    flavour: Flavour,
    blocks: Blocks<'a>,
    spans: Spans<'a>,
    pieces: Vec<Piece<'a>>,
    /// Where text begins that is no piece yet.
    text: usize,
    /// `{% raw %}` and `{% endraw %}`, in their order by turns.
    raw: Vec<Range<usize>>,
    raw_passed: usize,
    unclosed: HashSet<&'a str>,
}

pub(super) fn scan(source: &str, flavour: Flavour) -> Vec<Piece<'_>> {
    let raw = if flavour == Flavour::Liquid { raw_marks(source) } else { Vec::new() };
    let mut scanner = Scanner {
        source,
        flavour,
        blocks: Blocks::new(source, flavour),
        spans: Spans::new(source, flavour),
        pieces: Vec::new(),
        text: 0,
        raw,
        raw_passed: 0,
        unclosed: HashSet::new(),
    };
    scanner.run();
    scanner.pieces
}

/// Liquid reads `raw` before anything else, code or not.
fn raw_marks(source: &str) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(begin) = statement(source, at, "raw") {
        let Some(end) = statement(source, begin.end, "endraw") else { break };
        at = end.end;
        marks.extend([begin, end]);
    }
    marks
}

/// The next `{% name %}` of Liquid.
fn statement(source: &str, from: usize, name: &str) -> Option<Range<usize>> {
    source[from..].match_indices("{%").find_map(|(at, _)| {
        let inside = &source[from + at + 2..];
        let rest = inside.strip_prefix('-').unwrap_or(inside).trim_start().strip_prefix(name)?.trim_start();
        let rest = rest.strip_prefix("%}").or_else(|| rest.strip_prefix("-%}"))?;
        Some(from + at..source.len() - rest.len())
    })
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        let source = self.source;
        let mut at = 0;
        let mut line_start = true;
        while at < source.len() {
            if line_start && let Some(end) = self.blocks.line(at) {
                at = self.code(at, end);
                continue;
            }
            line_start = source.as_bytes()[at] == b'\n';
            at = match source.as_bytes()[at] {
                b'\\' if source.as_bytes().get(at + 1) == Some(&b'`') => at + 2,
                b'`' => match self.spans.backticks(at) {
                    (end, true) => self.code(at, end),
                    (end, false) => end,
                },
                b'<' => self.spans.html(at).map_or(at + 1, |end| self.code(at, end)),
                b'{' if source[at..].starts_with("{{") || source[at..].starts_with("{%") => self.braces(at),
                b'@' if self.flavour == Flavour::Zola => self.internal(at),
                _ => at + 1,
            };
        }
        self.flush(at);
    }

    fn push(&mut self, token: Token<'a>, at: usize, end: usize) -> usize {
        self.flush(at);
        self.pieces.push(Piece { token, at, end });
        self.text = end;
        end
    }

    fn flush(&mut self, at: usize) {
        if self.text < at {
            self.pieces.push(Piece { token: Token::Text(&self.source[self.text..at]), at: self.text, end: at });
        }
        self.text = at;
    }

    /// Code without the marks of `raw` in it; a mark alone on its line goes with the line.
    fn code(&mut self, at: usize, end: usize) -> usize {
        let mut from = at;
        self.flush(at);
        while let Some(mark) = self.raw.get(self.raw_passed).cloned().filter(|mark| mark.start < end) {
            self.raw_passed += 1;
            if mark.start < from {
                continue;
            }
            let line = self.source[from..mark.start].rfind('\n').map_or(mark.start, |newline| from + newline + 1);
            let rest = mark.end + super::code::line_at(self.source, mark.end.min(self.source.len())).len();
            let alone = self.source[line..mark.start].trim().is_empty()
                && line > at
                && rest <= end
                && self.source[mark.end..rest].trim().is_empty();
            let (before, after) = if alone { (line, rest) } else { (mark.start, mark.end) };
            self.push(Token::Code(&self.source[from..before]), from, before);
            from = after.min(end).max(before);
            self.text = from;
        }
        self.push(Token::Code(&self.source[from..end]), from, end)
    }

    fn braces(&mut self, at: usize) -> usize {
        let source = self.source;
        while self.raw.get(self.raw_passed).is_some_and(|mark| mark.end <= at) {
            self.raw_passed += 1;
        }
        if let Some(mark) = self.raw.get(self.raw_passed).cloned().filter(|mark| mark.start <= at) {
            self.raw_passed += 1;
            self.flush(at);
            self.text = mark.end;
            return mark.end;
        }
        let in_raw = self.raw_passed % 2 == 1;
        match tag::read(source, at, self.flavour, &mut self.spans) {
            Lexed::Escaped { shown, len } => self.push(Token::Shown(shown), at, at + len),
            Lexed::Mark(mark) if in_raw => self.push(Token::Shown(mark.to_owned()), at, at + mark.len()),
            Lexed::Mark(mark) => self.push(Token::Mark(mark), at, at + mark.len()),
            Lexed::Tag(tag) if in_raw => {
                // the end of `raw` ends what is shown
                let end = self.raw.get(self.raw_passed).map_or(source.len(), |mark| mark.start);
                let end = (at + tag.text.len()).min(end);
                self.push(Token::Shown(source[at..end].to_owned()), at, end)
            }
            Lexed::Tag(tag) => self.tag(tag, at),
        }
    }

    fn tag(&mut self, tag: Tag<'a>, at: usize) -> usize {
        let end = at + tag.text.len();
        let verbatim = tag.form == Form::Begin && matches!(rules::find(tag.name), Some(Effect::Code | Effect::Nothing));
        match verbatim.then(|| self.closing(tag.name, end)).flatten() {
            Some(closing) if !self.is_passage(&tag, end..closing.start) => {
                self.push(Token::Verbatim(tag, &self.source[end..closing.start]), at, closing.end)
            }
            _ => self.push(Token::Tag(tag), at, end),
        }
    }

    /// Whether a text put by is a passage that a theme's box shows right after, no mere value: what is shown with
    /// `markdownify` or handed to an include would be missing, so it stays where it is written.
    fn is_passage(&self, tag: &Tag, inner: Range<usize>) -> bool {
        tag.name == "capture" && self.source[inner].trim().contains('\n')
    }

    /// The tag that closes another whose inside is not read.
    fn closing(&mut self, name: &'a str, from: usize) -> Option<Range<usize>> {
        if self.unclosed.contains(name) {
            return None;
        }
        let found = match self.flavour {
            Flavour::Liquid => statement(self.source, from, &format!("end{name}")),
            Flavour::Zola => statement(self.source, from, "end"),
            Flavour::Hugo => hugo_closing(self.source, from, name),
        };
        if found.is_none() {
            self.unclosed.insert(name);
        }
        found
    }

    fn internal(&mut self, at: usize) -> usize {
        let rest = &self.source[at..];
        let begins = at > 0 && matches!(self.source.as_bytes()[at - 1], b'(' | b'"' | b'\'' | b'<' | b' ' | b'=');
        if !begins || !rest.starts_with("@/") {
            return at + 1;
        }
        let len = rest.find(|c: char| c.is_whitespace() || "()\"'<>{}`".contains(c)).unwrap_or(rest.len());
        self.push(Token::Internal(&rest[..len]), at, at + len)
    }
}

fn hugo_closing(source: &str, from: usize, name: &str) -> Option<Range<usize>> {
    source[from..].match_indices("{{").find_map(|(at, _)| {
        let inside = source[from + at + 2..].strip_prefix(['<', '%'])?.trim_start().strip_prefix('/')?;
        let rest = inside.trim_start().strip_prefix(name)?.trim_start();
        let rest = rest.strip_prefix(">}}").or_else(|| rest.strip_prefix("%}}"))?;
        Some(from + at..source.len() - rest.len())
    })
}
