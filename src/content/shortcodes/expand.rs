//! Pieces → the source written anew: each tag does what the table says.

use std::collections::HashMap;

use super::code::line_at;
use super::rules::{self, Effect};
use super::scan::{Piece, Token};
use super::tag::{Arguments, Form, Tag};
use super::write::{Mark, Place, Writer};
use super::{Context, Flavour, layout, liquid, without_marks};
use crate::model::diagnostic::{Diagnostic, Position};

/// Shortcodes within shortcodes that are still set out as blocks; deeper ones only keep their text.
const MAX_SET_OUT: usize = 8;

/// A paired tag whose inner text is being written.
struct Open {
    effect: Option<Effect>,
    arguments: Arguments,
    mark: Mark,
    /// Nothing but blanks and marks of quotes and lists stood before it.
    begins_line: bool,
    set_out: bool,
}

pub(super) struct Expander<'a, 'c> {
    pub(super) context: &'c Context<'c>,
    source: &'a str,
    pub writer: Writer<'a>,
    open: Vec<Open>,
    set_out: usize,
    /// The first tag that is not known, and how many more.
    unknown: Option<(String, Position, usize)>,
}

/// For each opening tag that is closed, by index, the index of the piece that closes it.
fn pairs(pieces: &[Piece]) -> HashMap<usize, usize> {
    let mut pairs = HashMap::new();
    let mut open: Vec<usize> = Vec::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        let Token::Tag(tag) = &piece.token else { continue };
        match tag.form {
            Form::Begin => {
                open.push(index);
                *counts.entry(tag.name).or_default() += 1;
            }
            Form::End if tag.name.is_empty() || counts.get(tag.name).is_some_and(|count| *count > 0) => {
                while let Some(begin) = open.pop() {
                    let Token::Tag(other) = &pieces[begin].token else { continue };
                    counts.entry(other.name).and_modify(|count| *count -= 1);
                    if tag.name.is_empty() || other.name == tag.name {
                        pairs.insert(begin, index);
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    pairs
}

impl<'a, 'c> Expander<'a, 'c> {
    pub fn new(source: &'a str, context: &'c Context<'c>) -> Self {
        let writer = Writer::new(source, context.start);
        Self { context, source, writer, open: Vec::new(), set_out: 0, unknown: None }
    }

    pub fn run(&mut self, pieces: &[Piece<'a>]) {
        let pairs = pairs(pieces);
        let closing: HashMap<usize, usize> = pairs.iter().map(|(begin, end)| (*end, *begin)).collect();
        for (index, piece) in pieces.iter().enumerate() {
            match &piece.token {
                Token::Text(text) => self.writer.copy(text, piece.at),
                Token::Code(code) => self.code(code, piece.at),
                Token::Shown(text) => self.put(&layout::span(text), piece.at),
                Token::Mark(mark) => self.miss(mark, piece.at),
                Token::Internal(path) => {
                    let address = self.address(path.trim_start_matches('@'));
                    self.put(&address, piece.at);
                }
                Token::Verbatim(tag, inner) => self.verbatim(tag, inner, piece),
                Token::Tag(tag) if tag.form == Form::Output => self.output(tag, piece.at),
                Token::Tag(tag) if tag.form == Form::End => {
                    if closing.contains_key(&index) {
                        self.end(piece);
                    }
                }
                Token::Tag(tag) if pairs.contains_key(&index) => self.begin(*tag, piece.at),
                Token::Tag(tag) => self.single(tag, piece),
            }
        }
    }

    /// What an editor is told, at most one thing a text.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let (tag, position, more) = self.unknown.as_ref()?;
        let more = match more {
            0 => String::new(),
            1 => "; so was one more".to_owned(),
            more => format!("; so were {more} more"),
        };
        let message = format!("`{tag}` means nothing here and was left out{more}");
        Some(
            Diagnostic::warning("shortcode-unknown", *position, message)
                .with_hint("what it would show is missing from feeds and mails; write it in Markdown or HTML"),
        )
    }

    fn miss(&mut self, tag: &str, at: usize) {
        if let Some((_, _, more)) = &mut self.unknown {
            *more += 1;
        } else {
            let line = tag.split_whitespace().collect::<Vec<_>>().join(" ");
            self.unknown = Some((crate::model::text::shorten(&line, 60), self.writer.position(at), 0));
        }
    }

    fn put(&mut self, text: &str, at: usize) {
        let position = self.writer.position(at);
        self.writer.put(text, position);
    }

    /// In code `{{</* x */>}}` is how one writes `{{< x >}}`.
    fn code(&mut self, code: &str, at: usize) {
        let mut from = 0;
        let escapes = self.context.flavour != Flavour::Liquid;
        while let Some(begin) = code[from..].find("/*").map(|begin| from + begin).filter(|_| escapes) {
            let Some(end) = code[begin + 2..].find("*/").map(|end| begin + 2 + end) else { break };
            let marked = ["{{<", "{{%", "{{", "{%"].iter().any(|mark| code[..begin].ends_with(mark));
            self.writer.copy(&code[from..begin + if marked { 0 } else { 2 }], at + from);
            if marked {
                self.writer.copy(&code[begin + 2..end], at + begin + 2);
            }
            from = if marked { end + 2 } else { begin + 2 };
        }
        self.writer.copy(&code[from..], at + from);
    }

    fn output(&mut self, tag: &Tag, at: usize) {
        let inside = tag.rest;
        let value = match self.context.flavour {
            Flavour::Liquid => liquid::output(inside, self.context),
            // braces within braces are TeX, which does not mind one pair less
            Flavour::Hugo
                if !inside.is_empty() && !inside.contains(char::is_whitespace) && !inside.starts_with(['.', '$']) =>
            {
                Some(format!("{{{inside}}}"))
            }
            _ => None,
        };
        match value {
            Some(value) => self.put(&without_marks(&value), at),
            None => self.miss(tag.text, at),
        }
    }

    fn begin(&mut self, tag: Tag, at: usize) {
        let position = self.writer.position(at);
        self.writer.touch(position);
        let effect = rules::find(tag.name);
        if effect.is_none() {
            self.miss(tag.text, at);
        }
        let begins_line = layout::is_margin(self.writer.line());
        let set_out = matches!(effect, Some(Effect::Note(..))) && self.set_out < MAX_SET_OUT;
        self.set_out += usize::from(set_out);
        let arguments = Arguments::read(tag.rest);
        self.open.push(Open { effect, arguments, mark: self.writer.mark(), begins_line, set_out });
    }

    fn end(&mut self, piece: &Piece) {
        let Some(open) = self.open.pop() else { return };
        self.set_out -= usize::from(open.set_out);
        let position = self.writer.position(piece.at);
        self.writer.touch(position);
        let alone = open.begins_line && self.ends_line(piece.end);
        match open.effect {
            Some(Effect::Note(names, place)) if open.set_out && alone => {
                let title = self.title(&open.arguments, names, place);
                let inner = self.writer.take(open.mark);
                layout::quote(&mut self.writer, inner, title.as_deref(), position);
            }
            Some(effect @ (Effect::Button(_) | Effect::Address | Effect::Link(..))) => {
                let inner = self.writer.take(open.mark);
                let words = inner.iter().map(|(line, _)| line.trim()).collect::<Vec<_>>().join(" ");
                let address = self.target(effect, &open.arguments, "");
                let text = address.map_or_else(|| words.clone(), |address| layout::link(words.trim(), &address));
                self.writer.put(&text, position);
            }
            Some(Effect::Html) if open.begins_line => {
                let inner = self.writer.take(open.mark);
                layout::html(&mut self.writer, inner);
            }
            Some(Effect::Figure) => {
                if let Some(figure) = self.figure(&open.arguments) {
                    self.writer.put(&format!("\n{}\n\n", figure.inline()), position);
                }
            }
            _ => {}
        }
    }

    fn single(&mut self, tag: &Tag, piece: &Piece) {
        let arguments = Arguments::read(tag.rest);
        match rules::find(tag.name) {
            Some(Effect::Include) => {
                let file = arguments.positional.first().map(|file| file.text.clone()).unwrap_or_default();
                let effect = rules::of_include(&file);
                let arguments = Arguments { positional: Vec::new(), named: arguments.named };
                self.effect(effect, &arguments, tag, piece);
            }
            effect => self.effect(effect, &arguments, tag, piece),
        }
    }

    /// What a tag without inner text leaves.
    fn effect(&mut self, effect: Option<Effect>, arguments: &Arguments, tag: &Tag, piece: &Piece) {
        let alone = layout::is_margin(self.writer.line()) && self.ends_line(piece.end);
        let position = self.writer.position(piece.at);
        let text = match effect {
            Some(Effect::Inner | Effect::Html | Effect::Nothing) => Some(String::new()),
            Some(Effect::Figure) => match self.figure(arguments) {
                Some(figure) if alone => {
                    let markdown = self.context.flavour != Flavour::Liquid;
                    return layout::block(&mut self.writer, &figure.lines(markdown), position);
                }
                figure => figure.map(|figure| figure.inline()),
            },
            Some(Effect::Note(names, place)) => {
                let text = self.given(arguments, "content | text | body | message | description | quote", 0);
                match text {
                    Some(text) if alone => {
                        let title = self.title(arguments, names, place.max(1));
                        let lines =
                            text.lines().map(|line| (line.to_owned(), Place { position, exact: false })).collect();
                        return layout::quote(&mut self.writer, lines, title.as_deref(), position);
                    }
                    text => text,
                }
            }
            Some(Effect::Text(names)) => Some(self.given(arguments, names, 0).unwrap_or_default()),
            Some(Effect::Param) => arguments.get("name | key | param", 0).and_then(|name| self.parameter(&name.text)),
            Some(effect @ (Effect::Address | Effect::Post)) => self.target(effect, arguments, tag.rest),
            Some(effect @ (Effect::Button(_) | Effect::Link(..))) => self.embedded(effect, arguments),
            Some(Effect::Code | Effect::Include) | None => None,
        };
        if let Some(text) = text {
            self.writer.put(&without_marks(&text), position);
        } else {
            self.writer.touch(position);
            self.miss(tag.text, piece.at);
        }
    }

    fn verbatim(&mut self, tag: &Tag, inner: &str, piece: &Piece<'a>) {
        let position = self.writer.position(piece.at);
        self.writer.touch(position);
        let Some(Effect::Code) = rules::find(tag.name) else { return };
        let arguments = Arguments::read(tag.rest);
        let alone = layout::is_margin(self.writer.line()) && self.ends_line(piece.end);
        if !alone && !inner.contains('\n') {
            return self.writer.put(&layout::span(inner.trim()), position);
        }
        let known = matches!(tag.name, "highlight" | "codeblock" | "code" | "prism" | "chroma" | "code-block");
        let language = if known {
            arguments.get("lang | language | type", 0).map(|lang| lang.text.as_str())
        } else {
            Some(tag.name)
        };
        let inner = without_raw_marks(inner, self.context.flavour);
        let first_line = position.line + tag.text.matches('\n').count();
        layout::fence(&mut self.writer, &inner, language.unwrap_or_default(), position, first_line);
    }

    /// Whether nothing follows on the line.
    fn ends_line(&self, at: usize) -> bool {
        line_at(self.source, at).trim().is_empty()
    }
}

/// Code shows what `{% raw %}` protects, not the mark.
fn without_raw_marks(code: &str, flavour: Flavour) -> String {
    if flavour != Flavour::Liquid {
        return code.to_owned();
    }
    let is_mark = |line: &str| {
        let inside = line.strip_prefix("{%").and_then(|line| line.strip_suffix("%}"));
        inside.is_some_and(|inside| matches!(inside.trim_matches(['-', ' ']), "raw" | "endraw"))
    };
    let mut out: String = code.split_inclusive('\n').filter(|line| !is_mark(line.trim())).collect();
    for mark in ["{% raw %}", "{% endraw %}", "{%raw%}", "{%endraw%}", "{%- raw -%}", "{%- endraw -%}"] {
        out = out.replace(mark, "");
    }
    out
}
