//! Links and images: in line, by reference, and the lines that define references.

use super::super::tree::{Kind, Node, Step, set_attribute};
use super::patterns as re;
use super::spans::Stop;
use super::{Parser, Scanner, attributes};

/// A line `[id]: url "title"`.
pub(super) struct Target {
    pub id: String,
    pub url: String,
    pub title: Option<String>,
    pub len: usize,
}

fn normalise(id: &str) -> String {
    id.split(re::is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

pub(super) fn target(s: &str) -> Option<Target> {
    let skip = re::blanks(s, 3);
    let inside = s[skip..].strip_prefix('[')?;
    let close = inside.find([']', '\n']).filter(|at| *at > 0)?;
    let rest = inside[close..].strip_prefix("]:")?.trim_start_matches([' ', '\t']);
    let start = s.len() - rest.len();
    let id = normalise(&inside[..close]);
    let line = re::line(rest);
    if let Some(end) = rest.strip_prefix('<').and_then(|inside| inside[..line - 1].find('>'))
        && let Some((title, len)) = target_end(&rest[end + 2..])
    {
        return Some(Target { id, url: rest[1..=end].to_owned(), title, len: start + end + 2 + len });
    }
    let text = re::trim_end(&rest[..line]);
    let ends = text.char_indices().skip(1).filter(|(_, c)| matches!(c, ' ' | '\t')).map(|(at, _)| at);
    let (end, (title, len)) =
        ends.chain([text.len()]).filter(|end| *end > 0).find_map(|end| Some((end, target_end(&rest[end..])?)))?;
    let url = &rest[..end];
    let odd_title = url.split([' ', '\t']).skip(1).any(|word| word.starts_with(['"', '\'']));
    (!odd_title).then(|| Target { id, url: url.to_owned(), title, len: start + end + len })
}

/// An optional title, on this line or the next, and the end of the line.
fn target_end(s: &str) -> Option<(Option<String>, usize)> {
    let rest = s.trim_start_matches([' ', '\t']);
    let next_line = rest.strip_prefix('\n').map(|rest| rest.trim_start_matches([' ', '\t']));
    let candidates = [next_line, Some(rest).filter(|rest| rest.len() < s.len())];
    for title in candidates.into_iter().flatten() {
        let Some(quote) = title.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let line = re::line(title);
        let text = title[1..line].trim_end_matches(re::is_space);
        if let Some(text) = text.strip_suffix(quote).filter(|text| !text.is_empty()) {
            return Some((Some(text.to_owned()), s.len() - title.len() + line));
        }
    }
    next_line.map(|_| (None, s.len() - rest.len() + 1))
}

impl Parser {
    pub(super) fn link(&mut self, src: &mut Scanner, node: &mut Node) -> Step<bool> {
        let rest = src.rest();
        let opening = if rest.starts_with("![") { 2 } else { 1 };
        if !rest.starts_with("![") && !rest.starts_with('[')
            || rest[opening..].starts_with('^')
            || rest.len() == opening
        {
            return Ok(false);
        }
        let kind = if opening == 2 { Kind::Image } else { Kind::Link };
        let start = src.pos;
        let written = src.advance(opening);
        if kind == Kind::Link && self.open.iter().any(|open| matches!(open, Kind::Link | Kind::Image)) {
            node.add_text(written);
            return Ok(true);
        }
        let mut link = Node::new(kind);
        let found = self.parse_spans(src, &mut link, Some(Stop::Bracket))?;
        if found && self.link_destination(src, &mut link, start + opening)? {
            self.bare_list(src, &mut link)?;
            node.children.push(link);
        } else {
            src.pos = start + opening;
            node.add_text(written);
        }
        Ok(true)
    }

    /// What follows the words: `(url "title")`, `[id]` or nothing.
    fn link_destination(&mut self, src: &mut Scanner, link: &mut Node, text_start: usize) -> Step<bool> {
        let words = unescape(&src.text[text_start..src.pos]);
        src.advance(1);
        let rest = src.rest();
        let reference = reference_id(rest);
        if reference.is_none() && rest.starts_with('(') {
            let found = inline_target(rest);
            self.spend(found.as_ref().map_or(rest.len(), |(_, _, len)| *len))?;
            let Some((url, title, len)) = found else { return Ok(false) };
            src.advance(len);
            finish(link, &url, title.as_deref(), &words);
            return Ok(true);
        }
        let (id, len) = reference.unwrap_or((None, 0));
        let Some(target) = self.links.get(&normalise(id.unwrap_or(&words))) else { return Ok(false) };
        let (url, title, list) = (target.url.clone(), target.title.clone(), target.list.clone());
        // a long target may be referred to by every third byte of a text
        self.spend(url.len() + title.as_ref().map_or(0, String::len))?;
        if let Some(list) = list {
            self.apply(&mut link.attributes, &list)?;
        }
        src.advance(len);
        finish(link, &url, title.as_deref(), &words);
        Ok(true)
    }

    /// `{title="…"}` right behind a link: not kramdown's, but written by many.
    fn bare_list(&mut self, src: &mut Scanner, link: &mut Node) -> Step<()> {
        let Some(inside) = src.rest().strip_prefix('{').filter(|inside| !inside.starts_with([':', '{', '%'])) else {
            return Ok(());
        };
        let Some((content, len)) = re::braces(inside) else { return Ok(()) };
        let list = attributes::parse(content);
        if list.refs.is_empty() && !list.attributes.is_empty() {
            self.apply(&mut link.attributes, &list)?;
            src.advance(1 + len);
        }
        Ok(())
    }
}

fn finish(link: &mut Node, url: &str, title: Option<&str>, words: &str) {
    if link.kind == Kind::Image {
        set_attribute(&mut link.attributes, "src", url);
        set_attribute(&mut link.attributes, "alt", words);
        link.children.clear();
    } else {
        set_attribute(&mut link.attributes, "href", url);
    }
    if let Some(title) = title {
        set_attribute(&mut link.attributes, "title", title);
    }
}

/// `\s*?\[([^\]]+)?\]`: the id between the brackets, if any, and the bytes.
fn reference_id(s: &str) -> Option<(Option<&str>, usize)> {
    let inside = s.trim_start_matches(re::is_space).strip_prefix('[')?;
    let end = inside.find(']')?;
    Some(((end > 0).then(|| &inside[..end]), s.len() - inside.len() + end + 1))
}

/// `(url)`, `(<url>)` and both with a title.
fn inline_target(s: &str) -> Option<(String, Option<String>, usize)> {
    if let Some(end) = s.strip_prefix("(<").and_then(|rest| rest[..re::line(rest)].find('>')) {
        let url = s[2..2 + end].to_owned();
        let after = &s[2 + end + 1..];
        if after.starts_with(')') {
            return Some((url, None, end + 4));
        }
        let (title, len) = inline_title(after)?;
        return Some((url, Some(title), end + 3 + len));
    }
    let mut depth = 0_i32;
    let mut chars = s.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            c if re::is_space(c) && chars.peek().is_some_and(|(_, next)| matches!(next, '"' | '\'')) => {
                let (title, len) = inline_title(&s[at + 1..])?;
                return Some((re::trim(&s[1..at]).to_owned(), Some(title), at + 1 + len));
            }
            _ => {}
        }
        if depth == 0 {
            return Some((re::trim(&s[1..at]).to_owned(), None, at + 1));
        }
    }
    None
}

/// A title to the last-quote-before-`)`: the shortest that is followed by `)`.
fn inline_title(s: &str) -> Option<(String, usize)> {
    let inside = s.trim_start_matches(re::is_space);
    let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = s.len() - inside.len() + 1;
    s[start..].match_indices(quote).filter(|(at, _)| *at > 0).find_map(|(at, _)| {
        let after = s[start + at + 1..].trim_start_matches(re::is_space);
        after.starts_with(')').then(|| (s[start..start + at].to_owned(), s.len() - after.len() + 1))
    })
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = chars.peek().filter(|next| c == '\\' && "\\.*_+`<>()[]{}#!:|\"'$=-".contains(**next)).copied();
        out.push(escaped.unwrap_or(c));
        if escaped.is_some() {
            chars.next();
        }
    }
    out
}
