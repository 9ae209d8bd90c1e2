//! HTML in Markdown: a block element runs to its closing tag, blank lines or not, and its inside stays as it is.

use super::super::tree::{Attributes, Content, Kind, Node, Step};
use super::patterns as re;
use super::{MAX_DEPTH, Parser, Scanner};

/// What stood at a `<` at the start of a line.
pub(super) enum BlockHtml {
    None,
    Read,
    /// The closing tag of the element around.
    Closed,
}

/// An opening tag.
pub(super) struct Tag {
    pub name: String,
    pub attributes: Attributes,
    pub closed: bool,
    pub len: usize,
}

/// Levels that are kept for elements a browser knows: `Vec<u8>` and the like, which nothing closes, do not use them up.
const ROOM_FOR_ELEMENTS: usize = 16;
/// Each attribute is compared with all before it.
const MAX_ATTRIBUTES: usize = 200;

/// `<name attributes>`; `None` where an attribute value is neither quoted nor one word, or there are too many.
pub(super) fn open_tag(s: &str) -> Option<Tag> {
    let name = re::name(s.strip_prefix('<')?)?;
    let mut at = 1 + name;
    let known = re::is_known_element(&s[1..at].to_lowercase());
    let name = if known { s[1..at].to_lowercase() } else { s[1..at].to_owned() };
    let mut attributes = Attributes::new();
    loop {
        let gap = s[at..].len() - s[at..].trim_start_matches(re::is_space).len();
        let rest = &s[at + gap..];
        let end = if rest.starts_with("/>") { 2 } else { usize::from(rest.starts_with('>')) };
        if end > 0 {
            return Some(Tag { name, attributes, closed: end == 2, len: at + gap + end });
        }
        let key = re::name(rest).filter(|_| gap > 0 && attributes.len() < MAX_ATTRIBUTES)?;
        let (value, len) = attribute_value(&rest[key..]);
        let key_name = if known { rest[..key].to_lowercase() } else { rest[..key].to_owned() };
        attributes.retain(|(other, _)| *other != key_name);
        attributes.push((key_name, value.to_owned()));
        at += gap + key + len;
    }
}

fn attribute_value(s: &str) -> (&str, usize) {
    let Some(rest) = s.trim_start_matches(re::is_space).strip_prefix('=') else { return ("", 0) };
    let value = rest.trim_start_matches(re::is_space);
    let start = s.len() - value.len();
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return value[1..].find(quote).map_or(("", 0), |end| (&value[1..=end], start + end + 2));
    }
    let word = value.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(value.len());
    if word == 0 { ("", 0) } else { (&value[..word], start + word) }
}

/// `</name>`: the name and the bytes.
pub(super) fn close_tag(s: &str) -> Option<(&str, usize)> {
    let rest = s.strip_prefix("</")?;
    let name = re::name(rest)?;
    let gap = rest[name..].len() - rest[name..].trim_start_matches(re::is_space).len();
    rest[name + gap..].starts_with('>').then_some((&rest[..name], 2 + name + gap + 1))
}

pub(super) fn comment(s: &str) -> Option<usize> {
    s.strip_prefix("<!--").and_then(|rest| rest.find("-->")).map(|end| 4 + end + 3)
}

/// Where the closing tag of a name begins, in any case.
fn find_close(s: &str, name: &str) -> Option<usize> {
    s.match_indices("</")
        .map(|(at, _)| at)
        .find(|at| close_tag(&s[*at..]).is_some_and(|(found, _)| found.eq_ignore_ascii_case(name)))
}

fn content_for(name: &str, markdown: &str) -> Option<Content> {
    let by_name = match name {
        "div" | "section" | "article" | "aside" | "blockquote" | "details" | "figure" | "figcaption" | "header"
        | "footer" | "li" | "dd" | "td" | "main" | "nav" | "form" | "fieldset" | "address" | "body" => Content::Block,
        _ if re::RAW_SPAN_ELEMENTS.contains(&name) => Content::Raw,
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dt" | "th" | "summary" | "caption" | "legend" => Content::Span,
        _ if re::SPAN_ELEMENTS.contains(&name) => Content::Span,
        _ => Content::Raw,
    };
    match markdown {
        "0" => Some(Content::Raw),
        "1" => Some(by_name),
        "span" => Some(Content::Span),
        "block" => Some(Content::Block),
        _ => None,
    }
}

fn take_markdown_attribute(tag: &mut Tag) -> Option<Content> {
    let at = tag.attributes.iter().position(|(name, _)| name == "markdown")?;
    let (_, value) = tag.attributes.remove(at);
    content_for(&tag.name, &value)
}

impl Parser {
    pub(super) fn block_html(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<BlockHtml> {
        if let Some(len) = comment(src.rest()) {
            self.spend(len)?;
            src.advance(len);
            tree.children.push(Node::new(Kind::Comment));
            skip_line_end(src);
            return Ok(BlockHtml::Read);
        }
        let skip = re::blanks(src.rest(), 3);
        let s = &src.rest()[skip..];
        if let Some(tag) = open_tag(s) {
            if re::SPAN_ELEMENTS.contains(&tag.name.to_lowercase().as_str()) {
                return Ok(BlockHtml::None);
            }
            src.advance(skip + tag.len);
            self.html_element(src, tree, tag)?;
            return Ok(BlockHtml::Read);
        }
        let around = match &tree.kind {
            Kind::Html { name, .. } => name.as_str(),
            _ => return Ok(BlockHtml::None),
        };
        let Some((_, len)) = close_tag(s).filter(|(name, _)| name.to_lowercase() == around) else {
            return Ok(BlockHtml::None);
        };
        src.advance(skip + len);
        Ok(BlockHtml::Closed)
    }

    /// An element whose opening tag was just read.
    fn html_element(&mut self, src: &mut Scanner, tree: &mut Node, mut tag: Tag) -> Step<()> {
        let in_raw = tree.is_raw_html();
        let content = take_markdown_attribute(&mut tag).unwrap_or(Content::Raw);
        let flat = self.depth + ROOM_FOR_ELEMENTS >= MAX_DEPTH && !re::is_known_element(&tag.name);
        let void = tag.closed || flat || re::VOID_ELEMENTS.contains(&tag.name.as_str());
        let name = tag.name.clone();
        let mut node = self.block(Kind::Html { name: tag.name, block: true, content });
        node.attributes = tag.attributes;
        if name == "script" || name == "style" {
            let end = find_close(src.rest(), &name).unwrap_or(src.rest().len());
            src.advance(end);
            src.advance(close_tag(src.rest()).map_or(0, |(_, len)| len));
        } else if !void {
            self.within(&name, |parser| parser.element_body(src, &mut node, content, &name))?;
            if !in_raw {
                skip_line_end(src);
            }
        }
        tree.children.push(node);
        Ok(())
    }

    /// Reads the inside of an element; what stands in code is shown as it is.
    pub(super) fn within<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        let is_code = usize::from(name == "pre" || name == "code");
        self.code_around += is_code;
        let found = read(self);
        self.code_around -= is_code;
        found
    }

    /// Text between tags. kramdown shows attribute lists in it, which no reader should see.
    pub(super) fn raw_text(&mut self, text: &str, node: &mut Node) {
        let mut rest = text;
        while let Some(at) = rest.find("{:").filter(|_| self.code_around == 0) {
            let Some((_, len)) = re::braces(&rest[at + 2..]) else { break };
            node.add_text(&rest[..at]);
            let written = &rest[at..at + 2 + len];
            self.without_target(written);
            rest = &rest[at + 2 + len..];
        }
        node.add_text(rest);
    }

    fn element_body(&mut self, src: &mut Scanner, node: &mut Node, content: Content, name: &str) -> Step<()> {
        match content {
            Content::Raw => self.parse_raw_html(src, node),
            Content::Block => {
                skip_line_end(src);
                self.parse_blocks(src, node).map(drop)
            }
            Content::Span => {
                let end = find_close(src.rest(), name).unwrap_or(src.rest().len());
                node.children.push(Node::new(Kind::Unread(src.advance(end).to_owned())));
                src.advance(close_tag(src.rest()).map_or(0, |(_, len)| len));
                Ok(())
            }
        }
    }

    /// Everything up to the closing tag of the node, elements and text only.
    pub(super) fn parse_raw_html(&mut self, src: &mut Scanner, node: &mut Node) -> Step<()> {
        self.deeper(|parser| {
            while !src.at_end() {
                let text = src.rest().find('<').unwrap_or(src.rest().len());
                parser.spend(4 + text)?;
                parser.raw_text(src.advance(text), node);
                let rest = src.rest();
                if rest.is_empty() {
                    break;
                }
                if let Some(len) = comment(rest).or_else(|| instruction(rest)) {
                    parser.spend(len)?;
                    src.advance(len);
                } else if let Some(tag) = open_tag(rest) {
                    parser.spend(tag.len)?;
                    src.advance(tag.len);
                    parser.html_element(src, node, tag)?;
                } else if let Some((name, len)) = close_tag(rest) {
                    let closes = matches!(&node.kind, Kind::Html { name: open, .. } if *open == name || *open == name.to_lowercase());
                    src.advance(len);
                    if closes {
                        break;
                    }
                    if matches!(node.kind, Kind::Html { .. }) {
                        node.add_text(&rest[..len]);
                    }
                } else {
                    node.add_text(src.advance(1));
                }
            }
            Ok(())
        })
    }
}

fn instruction(s: &str) -> Option<usize> {
    s.strip_prefix("<?").and_then(|rest| rest.find("?>")).map(|end| 2 + end + 2)
}

/// `[ \t]*\n`.
fn skip_line_end(src: &mut Scanner) {
    let blank = src.rest().len() - src.rest().trim_start_matches([' ', '\t']).len();
    if src.rest()[blank..].starts_with('\n') {
        src.advance(blank + 1);
    }
}
