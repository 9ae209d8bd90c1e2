//! Spans: emphasis, code, HTML within a line, entities, typographic symbols, escapes, strikethrough.

use super::super::tree::{Content, Kind, Node, Step};
use super::patterns as re;
use super::{Parser, Scanner, html, quotes};
use crate::model::settings::Typography;

/// What ends a span.
#[derive(Clone, Copy)]
pub(super) enum Stop<'a> {
    Mark(&'a str),
    Bracket,
    CloseTag(&'a str),
}

impl Stop<'_> {
    fn is_at(self, s: &str) -> bool {
        match self {
            Self::Mark(mark) => s.starts_with(mark),
            Self::Bracket => s.starts_with(']') || s.starts_with('[') || s.starts_with("!["),
            Self::CloseTag(name) => html::close_tag(s).is_some_and(|(found, _)| found.eq_ignore_ascii_case(name)),
        }
    }
}

/// Whether some span may begin here; a quote begins one character before.
fn may_start(s: &str) -> bool {
    let mut chars = s.chars();
    let (first, second) = (chars.next(), chars.next());
    match first {
        Some('*' | '_' | '`' | '<' | '[' | '"' | '\'' | '$' | '{' | '&' | '\\' | '!' | '~' | '-' | '.' | '>') => true,
        Some(' ') => matches!(second, Some(' ' | '<' | '>' | '"' | '\'')),
        _ => matches!(second, Some('"' | '\'')),
    }
}

impl Parser {
    /// Reads spans to the end, or to where `stop` holds and (for brackets and marks) really ends the span.
    pub(super) fn parse_spans(&mut self, src: &mut Scanner, node: &mut Node, stop: Option<Stop>) -> Step<bool> {
        let mut count = 1_i32;
        self.open.push(node.kind.clone());
        let only_html = node.is_raw_html();
        let found = self.deeper(|parser| {
            while !src.at_end() {
                let rest = src.rest();
                parser.spend(1)?;
                if stop.is_some_and(|stop| stop.is_at(rest)) && stops(stop, src, node, &mut count) {
                    return Ok(true);
                }
                let hides_list = only_html && parser.code_around == 0 && rest.starts_with("{:");
                let tried = if only_html { rest.starts_with('<') || hides_list } else { may_start(rest) };
                if !(tried && parser.parse_span(src, node, only_html)?) {
                    let len = rest.chars().next().map_or(1, char::len_utf8);
                    node.add_text(src.advance(len));
                }
            }
            Ok(false)
        });
        self.open.pop();
        found
    }

    /// Tries kramdown's span parsers in kramdown's order; `false` if none took anything.
    fn parse_span(&mut self, src: &mut Scanner, node: &mut Node, only_html: bool) -> Step<bool> {
        let rest = src.rest();
        // some parsers look for their end all the way
        self.spend(4 + rest.len() / 256)?;
        match rest.as_bytes()[0] {
            b'<' if only_html => return self.span_html(src, node),
            b'{' if only_html => return self.span_extension(src, node),
            b'*' | b'_' => return self.emphasis(src, node).map(|()| true),
            b'`' => return Ok(code_span(src, node)),
            b'<' if autolink(src, node) => return Ok(true),
            b'<' if self.span_html(src, node)? => return Ok(true),
            b'[' if self.footnote_mark(src, node) => return Ok(true),
            b'[' | b'!' if self.link(src, node)? => return Ok(true),
            _ => {}
        }
        if self.typography == Typography::Generator && quotes::read(src, node) {
            return Ok(true);
        }
        Ok(match rest.as_bytes()[0] {
            b'$' => inline_math(src, node),
            b'{' => self.span_extension(src, node)?,
            b'&' => entity(src, node),
            b'~' => self.strikethrough(src, node)?,
            b'-' | b'.' | b' ' | b'<' | b'>' | b'\\' => {
                self.symbol(src, node) || line_break(src, node) || escape(src, node)
            }
            _ => false,
        })
    }

    fn emphasis(&mut self, src: &mut Scanner, node: &mut Node) -> Step<()> {
        let rest = src.rest();
        let single = &rest[..1];
        let mark = &rest[..if rest[1..].starts_with(single) { 2 } else { 1 }];
        let kind = if mark.len() == 2 { Kind::Strong } else { Kind::Emphasis };
        let within_word = single == "_" && after_letter(src.before());
        if within_word || rest[mark.len()..].starts_with(re::is_space) || self.open.contains(&kind) {
            node.add_text(src.advance(mark.len()));
            return Ok(());
        }
        let start = src.pos;
        let mut found = self.emphasised(src, kind.clone(), mark)?;
        if found.is_none() && kind == Kind::Strong && node.kind != Kind::Emphasis {
            src.pos = start;
            found = self.emphasised(src, Kind::Emphasis, single)?;
        }
        if let Some(span) = found {
            node.children.push(span);
        } else {
            src.pos = start;
            node.add_text(src.advance(mark.len()));
        }
        Ok(())
    }

    fn emphasised(&mut self, src: &mut Scanner, kind: Kind, mark: &str) -> Step<Option<Node>> {
        src.advance(mark.len());
        let mut span = Node::new(kind);
        let found = self.parse_spans(src, &mut span, Some(Stop::Mark(mark)))?;
        Ok(found.then(|| {
            src.advance(mark.len());
            span
        }))
    }

    fn span_html(&mut self, src: &mut Scanner, node: &mut Node) -> Step<bool> {
        let rest = src.rest();
        let is_html = rest[1..].starts_with("!--") || rest[1..].starts_with('/') || re::name(&rest[1..]).is_some();
        if !is_html {
            return Ok(false);
        }
        if let Some(len) = html::comment(rest) {
            src.advance(len);
            node.children.push(Node::new(Kind::Comment));
        } else if let Some((_, len)) = html::close_tag(rest) {
            node.add_text(src.advance(len));
        } else if let Some(tag) = html::open_tag(rest) {
            self.spend(tag.len)?;
            let opening = src.advance(tag.len);
            if re::BLOCK_ELEMENTS.contains(&tag.name.as_str()) {
                node.add_text(opening);
            } else {
                self.span_element(src, node, tag)?;
            }
        } else {
            node.add_text(src.advance(1));
        }
        Ok(true)
    }

    fn span_element(&mut self, src: &mut Scanner, node: &mut Node, mut tag: html::Tag) -> Step<()> {
        let raw = re::RAW_SPAN_ELEMENTS.contains(&tag.name.as_str())
            || !re::is_known_element(&tag.name)
            || re::OTHER_ELEMENTS.contains(&tag.name.as_str())
            || node.is_raw_html();
        tag.attributes.retain(|(name, _)| name != "markdown");
        tag.attributes.iter_mut().for_each(|(_, value)| *value = value.replace('\n', " "));
        let content = if raw { Content::Raw } else { Content::Span };
        let mut element = Node::new(Kind::Html { name: tag.name.clone(), block: false, content });
        element.attributes = tag.attributes;
        if !tag.closed
            && !re::VOID_ELEMENTS.contains(&tag.name.as_str())
            && self
                .within(&tag.name, |parser| parser.parse_spans(src, &mut element, Some(Stop::CloseTag(&tag.name))))?
        {
            src.advance(html::close_tag(src.rest()).map_or(0, |(_, len)| len));
        }
        node.children.push(element);
        Ok(())
    }

    fn strikethrough(&mut self, src: &mut Scanner, node: &mut Node) -> Step<bool> {
        let Some(inside) = src.rest().strip_prefix("~~").filter(|rest| !rest.starts_with(['~', ' ', '\n', '\t']))
        else {
            return Ok(false);
        };
        let end = inside.match_indices("~~").map(|(at, _)| at).find(|at| {
            inside[..*at].chars().next_back().is_some_and(|c| !re::is_space(c) && c != '~')
                && inside[..*at].chars().nth(1).is_some()
                || inside[..*at].chars().count() == 1
        });
        let Some(end) = end else { return Ok(false) };
        let mut span = Node::new(Kind::Strikethrough);
        let open = std::mem::take(&mut self.open);
        self.parse_spans(&mut Scanner::new(&inside[..end]), &mut span, None)?;
        self.open = open;
        src.advance(end + 4);
        node.children.push(span);
        Ok(true)
    }

    fn symbol(&self, src: &mut Scanner, node: &mut Node) -> bool {
        if self.typography == Typography::None {
            return false;
        }
        let symbols = [
            ("---", "—"),
            ("--", "–"),
            ("...", "…"),
            ("\\<<", "<<"),
            ("\\>>", ">>"),
            ("<< ", "«\u{a0}"),
            (" >>", "\u{a0}»"),
            ("<<", "«"),
            (">>", "»"),
        ];
        let Some((written, meant)) = symbols.iter().find(|(written, _)| src.rest().starts_with(written)) else {
            return false;
        };
        src.advance(written.len());
        node.add_symbol(meant);
        true
    }

    fn footnote_mark(&mut self, src: &mut Scanner, node: &mut Node) -> bool {
        let Some(inside) = src.rest().strip_prefix("[^") else { return false };
        let Some(id) = re::id(inside).filter(|id| inside[*id..].starts_with(']')) else { return false };
        let name = &inside[..id];
        let known = self.footnotes.contains_key(name);
        let written = src.advance(id + 3);
        if known {
            node.children.push(Node::new(Kind::Footnote(name.to_owned())));
        } else {
            node.add_text(written);
        }
        true
    }
}

/// Whether a place that looks like the end of a span is one.
fn stops(stop: Option<Stop>, src: &Scanner, node: &Node, brackets: &mut i32) -> bool {
    match stop {
        Some(Stop::Mark(mark)) => {
            let (kind_is_em, rest) = (mark.len() == 1, &src.rest()[mark.len()..]);
            let doubled = kind_is_em && rest.starts_with(mark) && !rest[1..].starts_with(mark);
            let in_word = mark.starts_with('_') && rest.starts_with(char::is_alphanumeric);
            !src.before().ends_with(re::is_space) && !doubled && !in_word && !node.children.is_empty()
        }
        Some(Stop::Bracket) => {
            *brackets += if src.rest().starts_with(']') { -1 } else { 1 };
            let images = node.children.iter().filter(|child| child.kind == Kind::Image).count();
            *brackets - i32::try_from(images).unwrap_or(i32::MAX) == 0
        }
        Some(Stop::CloseTag(_)) => true,
        None => false,
    }
}

/// `[[:alpha:]]-?[[:alpha:]]*\z`.
fn after_letter(before: &str) -> bool {
    let letters = before.trim_end_matches(char::is_alphabetic);
    letters.len() < before.len() || letters.strip_suffix('-').is_some_and(|rest| rest.ends_with(char::is_alphabetic))
}

fn code_span(src: &mut Scanner, node: &mut Node) -> bool {
    let rest = src.rest();
    let marks = rest.len() - rest.trim_start_matches('`').len();
    let (delimiter, inside) = rest.split_at(marks);
    let spaced = src.before().chars().next_back().is_none_or(re::is_space) && inside.starts_with(re::is_space);
    let end = inside.find(delimiter).filter(|_| marks > 1 || !spaced);
    let Some(end) = end else {
        node.add_text(src.advance(marks));
        return true;
    };
    src.advance(marks * 2 + end);
    let mut code = &inside[..end];
    if marks > 1 {
        code = code.strip_prefix(' ').unwrap_or(code);
        code = code.strip_suffix(' ').unwrap_or(code);
    }
    node.children.push(Node::new(Kind::CodeSpan(code.to_owned())));
    true
}

fn autolink(src: &mut Scanner, node: &mut Node) -> bool {
    let Some(end) = src.rest()[..super::patterns::line(src.rest())].find('>') else { return false };
    let inside = &src.rest()[1..end];
    let has_scheme = ["mailto:", "http:", "https:", "ftp:", "ftps:"]
        .iter()
        .any(|scheme| inside.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    let address_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    let is_address = inside.split_once('@').is_some_and(|(user, host)| address_part(user) && address_part(host));
    if !has_scheme && !is_address {
        return false;
    }
    src.advance(end + 1);
    let href = if has_scheme { inside.to_owned() } else { format!("mailto:{inside}") };
    let mut link = Node::new(Kind::Link);
    link.attributes.push(("href".to_owned(), href));
    link.add_text(inside.strip_prefix("mailto:").unwrap_or(inside));
    node.children.push(link);
    true
}

fn inline_math(src: &mut Scanner, node: &mut Node) -> bool {
    let Some(inside) = src.rest().strip_prefix("$$") else { return false };
    let Some(end) = inside.find("$$") else { return false };
    src.advance(end + 4);
    node.children.push(Node::new(Kind::Math { text: re::trim(&inside[..end]).to_owned(), block: false }));
    true
}

fn entity(src: &mut Scanner, node: &mut Node) -> bool {
    let Some(end) = src.rest().bytes().take(40).position(|b| b == b';') else { return false };
    let written = &src.rest()[..=end];
    let Some(text) = super::super::entities::decode(written) else { return false };
    src.advance(end + 1);
    node.add_symbol(&text);
    true
}

fn line_break(src: &mut Scanner, node: &mut Node) -> bool {
    let is_break = src.rest().starts_with("  \n") || src.rest().starts_with("\\\\\n");
    if is_break {
        src.advance(2);
        node.children.push(Node::new(Kind::Break));
    }
    is_break
}

fn escape(src: &mut Scanner, node: &mut Node) -> bool {
    let escaped = src.rest().strip_prefix('\\').and_then(|rest| rest.chars().next());
    let Some(c) = escaped.filter(|c| "\\.*_+`<>()[]{}#!:|\"'$=-~".contains(*c)) else { return false };
    src.advance(2);
    let written = c.to_string();
    // a quote that was escaped stays straight
    if matches!(c, '"' | '\'') {
        node.add_symbol(&written);
    } else {
        node.add_text(&written);
    }
    true
}

/// `[ ]` and `[x]` at the beginning of items.
pub(super) fn task_boxes(list: &mut Node) {
    let mut found = false;
    for item in &mut list.children {
        let Some(paragraph) = item.children.first_mut().filter(|first| first.is_paragraph()) else { continue };
        let Some(Node { kind: Kind::Unread(text), .. }) = paragraph.children.first_mut() else { continue };
        let inside = re::trim_start(text);
        let done = inside.starts_with("[x]") || inside.starts_with("[X]");
        let rest = inside.get(3..).filter(|rest| rest.starts_with(re::is_space) && (done || inside.starts_with("[ ]")));
        if let Some(rest) = rest {
            *text = re::trim_start(rest).to_owned();
            paragraph.children.insert(0, Node::new(Kind::TaskBox { done }));
            found = true;
        }
        if found {
            item.attributes.push(("class".to_owned(), "task-list-item".to_owned()));
        }
    }
    if found {
        list.attributes.push(("class".to_owned(), "task-list".to_owned()));
    }
}
