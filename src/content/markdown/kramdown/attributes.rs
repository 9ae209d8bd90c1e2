//! Attribute lists: `{: .class #id key="value" reference}` and the definitions `{:name: …}`.

use super::super::tree::{AttributeList, Attributes, Boundary, Kind, Node, Refusal, Step, set_attribute};
use super::patterns::{braces, id, is_space, is_word, rest_of_line_blank};
use super::{Parser, Scanner};

/// Reads the inside of an attribute list; what is no attribute is passed over.
pub(super) fn parse(text: &str) -> AttributeList {
    let mut list = AttributeList::default();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(is_space);
        if rest.is_empty() {
            return list;
        }
        let len = token(rest, &mut list).unwrap_or_else(|| rest.find(is_space).unwrap_or(rest.len()));
        rest = &rest[len..];
    }
}

fn ends_here(s: &str) -> bool {
    s.chars().next().is_none_or(is_space)
}

fn token(s: &str, list: &mut AttributeList) -> Option<usize> {
    if s.starts_with(['.', '#']) {
        return id_and_classes(s, list);
    }
    let key = id(s)?;
    if ends_here(&s[key..]) {
        list.refs.push(s[..key].to_owned());
        return Some(key);
    }
    let (value, len) = quoted(s[key..].strip_prefix('=')?)?;
    if !ends_here(&s[key + 1 + len..]) {
        return None;
    }
    set_attribute(&mut list.attributes, &s[..key], &value);
    Some(key + 1 + len)
}

/// A quoted value without its escapes, and the bytes it took.
fn quoted(s: &str) -> Option<(String, usize)> {
    let quote = s.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut value = String::new();
    let mut chars = s.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if chars.peek().is_some_and(|(_, next)| *next == quote || *next == '}') => {
                value.extend(chars.next().map(|(_, next)| next));
            }
            c if c == quote => return Some((value, at + 1)),
            c => value.push(c),
        }
    }
    None
}

fn id_and_classes(s: &str, list: &mut AttributeList) -> Option<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while !ends_here(&s[at..]) {
        let rest = &s[at + 1..];
        let (name, len) = if s[at..].starts_with('#') {
            rest.chars().next().filter(char::is_ascii_alphabetic)?;
            ("id", rest.find(|c: char| !is_word(c) && c != ':' && c != '-').unwrap_or(rest.len()))
        } else if s[at..].starts_with('.') {
            ("class", rest.find(|c: char| is_space(c) || c == '.' || c == '#').unwrap_or(rest.len()))
        } else {
            return None;
        };
        if len == 0 {
            return None;
        }
        found.push((name, &rest[..len]));
        at += 1 + len;
    }
    for (name, value) in found {
        set_attribute(&mut list.attributes, name, value);
    }
    Some(at)
}

/// Adds one list to another that stands at the same place.
pub(super) fn merge(into: &mut Option<AttributeList>, list: AttributeList) {
    let into = into.get_or_insert_default();
    into.refs.extend(list.refs);
    for (name, value) in &list.attributes {
        set_attribute(&mut into.attributes, name, value);
    }
}

impl Parser {
    /// Puts a list on a node, with what its references stand for (one level deep in each, so a loop of references ends).
    /// What is copied costs fuel: a long list referred to by many nodes would outgrow its text without bounds.
    pub(super) fn apply(&mut self, attributes: &mut Attributes, list: &AttributeList) -> Step<()> {
        for reference in &list.refs {
            if let Some(named) = self.named_lists.get(reference) {
                let copied: usize = named.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
                self.fuel = self.fuel.checked_sub(copied).ok_or(Refusal::Cost)?;
                for (name, value) in &named.attributes {
                    set_attribute(attributes, name, value);
                }
            }
        }
        for (name, value) in &list.attributes {
            set_attribute(attributes, name, value);
        }
        Ok(())
    }

    pub(super) fn without_target(&mut self, written: &str) {
        self.remark(
            "attribute-list-without-target",
            written,
            format!("`{written}` follows plain text and was left out"),
            "put it right behind a link, an image or `*emphasis*`, without a blank between",
        );
    }

    /// `{: … }` or `{::extension}` within a line. A list right behind a link, image or emphasis is its own; one behind bare
    /// text is taken away with a remark.
    pub(super) fn span_extension(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let Some(inside) = src.rest().strip_prefix("{:") else { return Ok(false) };
        if inside.starts_with([':', '/']) {
            return self.extension(src, tree, 0, false);
        }
        let Some((content, len)) = braces(inside) else { return Ok(false) };
        let given = parse(content);
        let written = src.advance(2 + len);
        match tree.children.last_mut().filter(|last| !matches!(last.kind, Kind::Text(_))) {
            Some(last) => {
                self.apply(&mut last.attributes, &given)?;
                merge(&mut last.list, given);
            }
            None => self.without_target(written),
        }
        Ok(true)
    }

    /// `{::comment}`, `{::nomarkdown}`, `{::options /}`: comments go, HTML in `nomarkdown` stays, the marks go.
    pub(super) fn extension(&mut self, src: &mut Scanner, tree: &mut Node, skip: usize, block: bool) -> Step<bool> {
        let start = &src.rest()[skip..];
        let Some((content, len)) = start.strip_prefix("{:").and_then(braces) else { return Ok(false) };
        let mark_end = skip + 2 + len;
        let mark = start[..2 + len].to_owned();
        let line_end = if block { rest_of_line_blank(&src.rest()[mark_end..]) } else { Some(0) };
        let Some(line_end) = line_end else { return Ok(false) };
        let name_len = id(content.trim_start_matches(':')).unwrap_or(0);
        let name = content.trim_start_matches(':')[..name_len].to_owned();
        src.advance(mark_end + line_end);
        let closed = content.ends_with('/') || content.starts_with('/');
        let stop = if closed { None } else { extension_stop(src.rest(), &name) };
        if !closed {
            self.spend(stop.map_or(src.rest().len(), |(end, _)| end) / 16)?;
        }
        if let Some((end, len)) = stop {
            let body = src.advance(end).to_owned();
            src.advance(len);
            if name == "nomarkdown" {
                tree.children.push(Node::new(Kind::RawHtml(body)));
            }
        }
        self.remark("kramdown-extension", &mark, format!("`{mark}` is not supported and was left out"), "");
        if block {
            tree.children.push(Node::new(Kind::Boundary(Boundary::Other)));
        }
        Ok(true)
    }
}

/// Where `{:/}` or `{:/name}` stands, and its bytes.
fn extension_stop(s: &str, name: &str) -> Option<(usize, usize)> {
    s.match_indices("{:/").find_map(|(at, _)| {
        let rest = &s[at + 3..];
        let rest = rest.strip_prefix(name).unwrap_or(rest);
        rest.starts_with('}').then(|| (at, s.len() - at - rest.len() + 1))
    })
}
