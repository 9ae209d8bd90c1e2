//! Pieces → the source written anew: each tag does what the table says.

use std::collections::HashMap;

use super::code::line_at;
use super::layout::Figure;
use super::rules::{self, Effect};
use super::scan::{Piece, Token};
use super::tag::{Arguments, Form, Tag, Value};
use super::write::{Mark, Place, Writer};
use super::{Context, Flavour, clean, layout, liquid};
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
    context: &'c Context<'c>,
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
            Some(value) => self.put(&clean(&value), at),
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
            Some(Effect::Inner | Effect::Nothing) => Some(String::new()),
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
        match text {
            Some(text) => self.writer.put(&clean(&text), position),
            None => {
                self.writer.touch(position);
                self.miss(tag.text, piece.at);
            }
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

    fn value(&self, value: &Value) -> String {
        let text = match self.context.flavour {
            Flavour::Liquid if !value.quoted => {
                liquid::value(&value.text, self.context).unwrap_or_else(|| value.text.clone())
            }
            Flavour::Liquid => self.outputs_in(&value.text),
            _ => value.text.clone(),
        };
        clean(&text)
    }

    /// A text of an argument with Liquid's outputs in it filled in.
    fn outputs_in(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, (output, after))) =
            rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
        {
            filled.push_str(before);
            filled.push_str(&liquid::output(output, self.context).unwrap_or_default());
            rest = after;
        }
        filled + rest
    }

    fn given(&self, arguments: &Arguments, names: &str, place: usize) -> Option<String> {
        arguments.get(names, place).map(|value| self.value(value)).filter(|text| !text.trim().is_empty())
    }

    /// A title of a note. A bare word at its place is rather the kind of note.
    fn title(&self, arguments: &Arguments, names: &str, place: usize) -> Option<String> {
        let named = self.given(arguments, names, usize::MAX);
        named.or_else(|| arguments.positional.get(place).filter(|value| value.quoted).map(|value| self.value(value)))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        (self.context.variable)(&format!("page.{name}")).or_else(|| (self.context.variable)(&format!("site.{name}")))
    }

    fn address(&self, path: &str) -> String {
        let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
        if path.is_empty() {
            return fragment.to_owned();
        }
        let address = (self.context.address)(path).unwrap_or_else(|| internal_address(path));
        clean(&layout::address(&format!("{address}{fragment}")))
    }

    /// Where a tag leads.
    fn target(&self, effect: Effect, arguments: &Arguments, rest: &str) -> Option<String> {
        match effect {
            Effect::Link(pattern, slots) => self.fill(pattern, slots, arguments),
            Effect::Post => Some(self.address(&self.outputs_in(rest))),
            Effect::Address if self.context.flavour == Flavour::Liquid && !rest.is_empty() => {
                Some(self.address(self.outputs_in(rest).trim_matches(['"', '\''])))
            }
            _ => {
                let page = self.given(arguments, "path | page | relref | ref", usize::MAX);
                let page = page.map(|page| self.address(page.trim_start_matches('@')));
                let link = || self.given(arguments, "href | url | link | src | file", usize::MAX);
                let place = |effect| {
                    self.given(arguments, "", 0).map(|text| match effect {
                        Effect::Address => self.address(text.trim_start_matches('@')),
                        _ => text,
                    })
                };
                page.or_else(link).or_else(|| place(effect)).map(|address| layout::address(&address))
            }
        }
    }

    /// The address of something on another site.
    fn fill(&self, pattern: &str, slots: &[&str], arguments: &Arguments) -> Option<String> {
        let positional = arguments.positional.len();
        let mut place = 0;
        let mut address = pattern.to_owned();
        let mut filled = 0;
        for slot in slots {
            let given = self.given(arguments, slot, usize::MAX).or_else(|| {
                // a post can be named without its author, who is `i` then
                let skipped = *slot == "user" && positional < 2;
                let value = arguments.positional.get(place).filter(|_| !skipped).map(|value| self.value(value));
                place += usize::from(value.is_some());
                value
            });
            let Some(given) = given else {
                let default = if *slot == "user" { "i" } else { "" };
                address = address.replacen("{}", default, 1);
                continue;
            };
            if given.contains("://") {
                return Some(layout::address(&given));
            }
            filled += 1;
            address = address.replacen("{}", given.trim(), 1);
        }
        (filled > 0).then(|| layout::address(address.trim_end_matches('/')))
    }

    /// A link in place of what would be embedded.
    fn embedded(&self, effect: Effect, arguments: &Arguments) -> Option<String> {
        let provider = arguments.get("provider", usize::MAX).and_then(|provider| rules::find(&provider.text));
        let address = self.target(provider.unwrap_or(effect), arguments, "")?;
        let names = if let Effect::Button(names) = effect { names } else { "title | caption | alt | label | name" };
        let words = self.given(arguments, names, usize::MAX).unwrap_or_default();
        Some(layout::link(&words, &address))
    }

    fn figure(&self, arguments: &Arguments) -> Option<Figure> {
        let named =
            self.given(arguments, "src | url | image_path | image | img | file | path | filename | href", usize::MAX);
        let is_path = |value: &&Value| value.text.contains(['/', '.']);
        let place = arguments.positional.iter().position(|value| is_path(&value));
        let given = |names| self.given(arguments, names, usize::MAX);
        let src = named.or_else(|| place.map(|place| self.value(&arguments.positional[place])))?;
        let words = |value: &&Value| value.text.parse::<f64>().is_err() && !value.text.ends_with('%');
        let alt = place.and_then(|place| arguments.positional[place + 1..].iter().find(words));
        Some(Figure {
            src: layout::address(&src),
            alt: given("alt | alternative | alttext").or_else(|| alt.map(|alt| self.value(alt))),
            title: given("title"),
            caption: given("caption | legend | desc | description | credit"),
            link: given("link | linkto").map(|link| layout::address(&link)),
        })
    }
}

/// The address of a page by its path, where the profile's rules are not at hand.
fn internal_address(path: &str) -> String {
    let path = path.trim().trim_start_matches('/');
    let path = [".md", ".markdown"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
    let path = path.strip_suffix("index").map_or(path, |folder| folder.trim_end_matches(['_', '/']));
    if path.is_empty() { "/".to_owned() } else { format!("/{path}/") }
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
