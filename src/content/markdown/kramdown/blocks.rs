//! Blocks: blank lines, code, quotes, headings, rules, paragraphs, link targets, footnotes, attribute lists.

use super::super::tree::{Boundary, Kind, Node, Step};
use super::html::BlockHtml;
use super::patterns as re;
use super::{LinkTarget, Parser, Scanner, attributes, before_boundary};

impl Parser {
    /// Reads one block, trying kramdown's parsers in kramdown's order; `true` if it was the closing tag of the element
    /// around.
    pub(super) fn parse_block(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        if self.plain_block(src, tree)? {
            return Ok(false);
        }
        if src.rest().trim_start_matches(' ').starts_with('<') {
            match self.block_html(src, tree)? {
                BlockHtml::Closed => return Ok(true),
                BlockHtml::Read => return Ok(false),
                BlockHtml::None => {}
            }
        }
        if !(self.setext_heading(src, tree)
            || self.block_math(src, tree)
            || self.parse_table(src, tree)?
            || self.footnote(src, tree)?
            || self.link_target(src, tree)
            || self.abbreviation(src, tree)
            || self.block_extension(src, tree)?
            || self.end_marker(src, tree))
        {
            self.paragraph(src, tree);
        }
        Ok(false)
    }

    /// The blocks that are tried before HTML.
    fn plain_block(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let rest = src.rest();
        Ok(if let Some(len) = re::blank_lines(rest) {
            self.blank_lines(src.advance(len), tree);
            true
        } else if re::indent(rest).is_some() {
            self.indented_code(src, tree);
            true
        } else if (re::fence_start(rest) && self.fenced_code(src, tree)) || self.hash_heading(src, tree) {
            true
        } else if re::quote_start(rest).is_some() {
            self.quote(src, tree)?
        } else if let Some(len) = re::rule(rest) {
            src.advance(len);
            self.push(tree, Kind::Rule)
        } else if re::list_start(rest) {
            self.parse_list(src, tree)?
        } else {
            re::definition(rest, 3).is_some() && self.definition_list(src, tree)?
        })
    }

    pub(super) fn push(&mut self, tree: &mut Node, kind: Kind) -> bool {
        let block = self.block(kind);
        tree.children.push(block);
        true
    }

    fn blank_lines(&mut self, found: &str, tree: &mut Node) {
        if let Some(Node { kind: Kind::Blank(blank), .. }) = tree.children.last_mut() {
            blank.push_str(found);
        } else {
            self.push(tree, Kind::Blank(found.to_owned()));
        }
    }

    fn indented_code(&mut self, src: &mut Scanner, tree: &mut Node) {
        let mut text = String::new();
        for line in src.advance(indented_code(src.rest())).split_inclusive('\n') {
            let lazy = re::blanks(line, 3);
            match re::indent(line) {
                Some(len) => text.push_str(&line[len..]),
                None if text.ends_with('\n') && !line[lazy..].starts_with(re::is_space) => {
                    text.truncate(text.len() - 1);
                    text.push(' ');
                    text.push_str(line);
                }
                None => text.push_str(line),
            }
        }
        self.push(tree, Kind::CodeBlock { text, lang: None });
    }

    fn fenced_code(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let Some(fenced) = fenced_code(src.rest()) else { return false };
        src.advance(fenced.len);
        self.push(tree, Kind::CodeBlock { text: fenced.text.to_owned(), lang: fenced.lang.map(str::to_owned) })
    }

    fn quote(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let mut lines = src.line().to_owned();
        while !re::lazy_end(src.rest()) {
            lines.push_str(src.line());
        }
        let inside: String =
            lines.split_inclusive('\n').map(|line| &line[re::quote_start(line).unwrap_or(0)..]).collect();
        let mut quote = self.block(Kind::Quote);
        self.parse_blocks(&mut Scanner::new(&inside), &mut quote)?;
        tree.children.push(quote);
        Ok(true)
    }

    fn hash_heading(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let Some((level, start)) = re::heading(src.rest()) else { return false };
        let len = re::line(src.rest());
        let (mut text, list) = heading_text(&src.rest()[start..len]);
        let without_marks = text.trim_end_matches('#');
        if without_marks.len() < text.len() && (without_marks.is_empty() || without_marks.ends_with([' ', '\t'])) {
            text = re::trim_end(without_marks);
        }
        self.heading(src, tree, level, text, list, len)
    }

    fn setext_heading(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let first = re::line(src.rest());
        let below = &src.rest()[first..];
        let second = re::line(below);
        let line = below[..second].trim_end_matches(re::is_space);
        let Some(mark) = line.chars().next().filter(|c| matches!(c, '-' | '=')) else { return false };
        let starts_in_margin = !src.rest()[re::blanks(src.rest(), 3)..].starts_with([' ', '\t']);
        if !starts_in_margin || !line.chars().all(|c| matches!(c, '-' | '=')) || !self.after_boundary(tree) {
            return false;
        }
        let (text, list) = heading_text(&src.rest()[..first]);
        self.heading(src, tree, if mark == '-' { 2 } else { 1 }, text.trim_start_matches(' '), list, first + second)
    }

    fn heading(
        &mut self,
        src: &mut Scanner,
        tree: &mut Node,
        level: usize,
        text: &str,
        list: Option<&str>,
        len: usize,
    ) -> bool {
        if text.is_empty() {
            return false;
        }
        src.advance(len);
        let mut heading = self.block(Kind::Heading(u8::try_from(level).unwrap_or(6)));
        heading.children.push(Node::new(Kind::Unread(text.to_owned())));
        if let Some(list) = list {
            heading.attributes = attributes::parse(list).attributes;
        }
        tree.children.push(heading);
        true
    }

    fn paragraph(&mut self, src: &mut Scanner, tree: &mut Node) {
        let hard_break = src.before().ends_with("  \n");
        let start = src.pos;
        src.line();
        while !src.at_end() && !re::paragraph_end(src.rest()) {
            src.line();
        }
        let text = re::trim_end(&src.text[start..src.pos]);
        if let Some(last) = tree.children.last_mut().filter(|last| last.is_paragraph()) {
            match last.children.last_mut() {
                Some(Node { kind: Kind::Unread(known), .. }) => {
                    known.push_str(if hard_break { "  \n" } else { "\n" });
                    known.push_str(text);
                }
                _ => last.children.push(Node::new(Kind::Unread(text.to_owned()))),
            }
        } else {
            let mut paragraph = self.block(Kind::Paragraph { transparent: false });
            paragraph.children.push(Node::new(Kind::Unread(re::trim_start(text).to_owned())));
            tree.children.push(paragraph);
        }
    }

    fn block_math(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let skip = re::blanks(src.rest(), 3);
        let Some(inside) = src.rest()[skip..].strip_prefix("$$").filter(|_| self.after_boundary(tree)) else {
            return false;
        };
        let Some(end) = inside.find("$$") else { return false };
        let after = skip + 2 + end + 2;
        let len = after + re::rest_of_line_blank(&src.rest()[after..]).unwrap_or(0);
        if !before_boundary(&src.rest()[len..]) {
            return false;
        }
        src.advance(len);
        self.push(tree, Kind::Math { text: re::trim(&inside[..end]).to_owned(), block: true })
    }

    fn footnote(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let rest = src.rest();
        let skip = re::blanks(rest, 3);
        let Some(inside) = rest[skip..].strip_prefix("[^") else { return Ok(false) };
        let Some(id) = re::id(inside) else { return Ok(false) };
        let Some(text) = inside[id..].strip_prefix("]:") else { return Ok(false) };
        let first = re::line(text);
        let len = first + indented_code(&text[first..]);
        src.advance(skip + 2 + id + 2 + len);
        let inside_text: String = text[..len]
            .trim_start_matches([' ', '\t'])
            .split_inclusive('\n')
            .map(|line| &line[re::indent(line).unwrap_or(0)..])
            .collect();
        let mut note = Node::new(Kind::Root);
        self.parse_blocks(&mut Scanner::new(&inside_text), &mut note)?;
        self.push(tree, Kind::Boundary(Boundary::Definition));
        self.footnotes.insert(inside[..id].to_owned(), note);
        Ok(true)
    }

    fn link_target(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let Some(found) = super::links::target(src.rest()) else { return false };
        src.advance(found.len);
        let list = self.waiting.take();
        tree.children.push(Node::new(Kind::Boundary(Boundary::Definition)));
        self.links.insert(found.id, LinkTarget { url: found.url, title: found.title, list });
        true
    }

    /// `*[HTML]: Hypertext …`: the definition is read, the abbreviation stays as it is.
    fn abbreviation(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let skip = re::blanks(src.rest(), 3);
        let line = &src.rest()[skip..re::line(src.rest())];
        let is_definition = line.strip_prefix("*[").and_then(|rest| rest.find("]:")).is_some_and(|at| at > 0);
        if is_definition {
            src.line();
            self.push(tree, Kind::Boundary(Boundary::Definition));
        }
        is_definition
    }

    fn end_marker(&mut self, src: &mut Scanner, tree: &mut Node) -> bool {
        let Some(len) = re::end_marker(src.rest()) else { return false };
        src.advance(len);
        self.push(tree, Kind::Boundary(Boundary::Marker))
    }

    /// A line `{: …}`, `{:name: …}` or `{::extension}`.
    fn block_extension(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let rest = src.rest();
        let skip = re::blanks(rest, 3);
        let Some(inside) = rest[skip..].strip_prefix("{:") else { return Ok(false) };
        if let Some(len) = self.named_list(inside) {
            src.advance(skip + 2 + len);
            return Ok(self.push(tree, Kind::Boundary(Boundary::Other)));
        }
        if inside.starts_with([':', '/']) {
            return self.extension(src, tree, skip, true);
        }
        let Some((content, len)) = re::attribute_line(rest) else { return Ok(false) };
        let given = attributes::parse(content);
        src.advance(len);
        let target = tree.children.last_mut().filter(|last| {
            !matches!(last.kind, Kind::Blank(_) | Kind::Boundary(Boundary::Marker | Boundary::List | Boundary::Other))
        });
        match target {
            Some(last) => {
                attributes::merge(&mut last.list, given);
                if re::attribute_line(src.rest()).is_none() {
                    self.push(tree, Kind::Boundary(Boundary::List));
                }
            }
            None => attributes::merge(&mut self.waiting, given),
        }
        Ok(true)
    }

    /// `{:name: .class key="value"}`: bytes behind the `{:`.
    fn named_list(&mut self, inside: &str) -> Option<usize> {
        let id = re::id(inside)?;
        let (content, len) = re::braces(inside[id..].strip_prefix(':')?)?;
        let end = re::rest_of_line_blank(&inside[id + 1 + len..])?;
        let mut known = self.named_lists.remove(&inside[..id]);
        attributes::merge(&mut known, attributes::parse(content));
        self.named_lists.insert(inside[..id].to_owned(), known.unwrap_or_default());
        Some(id + 1 + len + end)
    }
}

/// Bytes of indented code, lazy lines included.
fn indented_code(s: &str) -> usize {
    let mut len = 0;
    loop {
        let mut at = len + re::blank_lines(&s[len..]).unwrap_or(0);
        if re::indent(&s[at..]).is_none() || re::rest_of_line_blank(&s[at..]).is_some() {
            return len;
        }
        while at < s.len() {
            let indented = re::indent(&s[at..]).is_some();
            let blank = re::rest_of_line_blank(&s[at..]).is_some();
            if blank || (!indented && re::lazy_end(&s[at..])) {
                break;
            }
            at += re::line(&s[at..]);
        }
        len = at;
    }
}

struct Fenced<'s> {
    text: &'s str,
    lang: Option<&'s str>,
    len: usize,
}

/// A fence, one word at most behind it, and all up to a fence of the same marks; where none is as long, the marks that
/// are too many count as the word.
fn fenced_code(s: &str) -> Option<Fenced<'_>> {
    let skip = re::blanks(s, 3);
    let run = s[skip..].bytes().take_while(|b| matches!(b, b'~' | b'`')).count();
    let first = re::line(s);
    let info = re::trim(&s[skip + run..first]);
    if run < 3 || info.contains(re::is_space) {
        return None;
    }
    let last = s[..skip + run].chars().next_back()?;
    let closing = |line: &str, marks: usize| {
        let rest = line[re::blanks(line, 3)..].strip_prefix(&s[skip..skip + marks])?;
        let more = rest.trim_start_matches(last);
        more.chars().all(re::is_space).then(|| marks + rest.len() - more.len())
    };
    let lines = || s[first..].split_inclusive('\n');
    let longest = lines().filter_map(|line| closing(line, 3)).max()?;
    let marks = run.min(longest);
    let mut at = first;
    for line in lines() {
        if closing(line, marks).is_some() {
            let info = if marks < run { re::trim(&s[skip + marks..first]) } else { info };
            let lang = info.find('?').filter(|at| *at > 0).map_or(info, |at| &info[..at]);
            let lang = (!lang.is_empty()).then_some(lang);
            return Some(Fenced { text: &s[first..at], lang, len: at + line.len() });
        }
        at += line.len();
    }
    None
}

/// A heading's words, and the inside of `{#id}` or `{.class}` behind them.
pub(in super::super) fn heading_text(line: &str) -> (&str, Option<&str>) {
    let text = re::trim_end(line);
    let list = text.strip_suffix('}').and_then(|rest| {
        let open = rest.rfind(" {").or_else(|| rest.rfind("\t{"))?;
        let list = &rest[open + 2..];
        let valid = list.starts_with(['#', '.']) && !list.contains(['{', '}']) && list.len() > 1;
        valid.then(|| (re::trim_end(&text[..open]), Some(list)))
    });
    list.unwrap_or((text, None))
}
