//! The kramdown reader (GFM input, no hard wrap): Markdown → tree.
//!
//! A port of kramdown's own order of things, because its blocks, lists and HTML rules are not `CommonMark`'s: first blocks
//! (collecting link targets and footnotes), then the spans inside them, then heading ids. Every step costs fuel and every
//! level depth, so hostile text is refused instead of rendered slowly.

mod attributes;
mod blocks;
mod html;
mod links;
mod lists;
mod patterns;
mod quotes;
mod spans;
mod tables;

use std::collections::HashMap;

pub(super) use blocks::heading_text;

use super::ids::Ids;
use super::tree::{AttributeList, Boundary, Document, Kind, Node, Refusal, Remark, Step};
use crate::model::settings::Typography;

/// Levels of quotes, lists and HTML, and of spans within a block.
const MAX_DEPTH: usize = 48;
/// Steps of a byte or so; a usual post takes three a byte.
const FUEL: usize = 400_000;
const FUEL_PER_BYTE: usize = 8;

/// A text and how far it has been read.
pub(super) struct Scanner<'t> {
    text: &'t str,
    pos: usize,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, pos: 0 }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.pos..]
    }

    fn before(&self) -> &'t str {
        &self.text[..self.pos]
    }

    fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    fn advance(&mut self, bytes: usize) -> &'t str {
        let start = self.pos;
        self.pos += bytes;
        &self.text[start..self.pos]
    }

    fn line(&mut self) -> &'t str {
        self.advance(patterns::line(self.rest()))
    }
}

struct LinkTarget {
    url: String,
    title: Option<String>,
    list: Option<AttributeList>,
}

#[derive(Default)]
struct Parser {
    typography: Typography,
    fuel: usize,
    depth: usize,
    /// `<pre>` and `<code>` around the HTML being read.
    code_around: usize,
    named_lists: HashMap<String, AttributeList>,
    links: HashMap<String, LinkTarget>,
    footnotes: HashMap<String, Node>,
    /// An attribute list that waits for the next block.
    waiting: Option<AttributeList>,
    /// Spans that are open around the one being read.
    open: Vec<Kind>,
    remarks: Vec<Remark>,
}

/// Reads a whole text.
pub(super) fn read(source: &str, typography: Typography) -> Step<Document> {
    let text = format!("{}\n", source.replace("\r\n", "\n").replace('\r', "\n").trim_end_matches('\n'));
    let mut parser = Parser { typography, fuel: FUEL + FUEL_PER_BYTE * text.len(), ..Parser::default() };
    let mut root = Node::new(Kind::Root);
    parser.parse_blocks(&mut Scanner::new(&text), &mut root)?;
    parser.read_spans(&mut root)?;
    let mut names: Vec<String> = parser.footnotes.keys().cloned().collect();
    names.sort();
    for name in names {
        // the name stays known meanwhile: a note may refer to others, and to itself
        if let Some(place) = parser.footnotes.get_mut(&name) {
            let mut note = std::mem::replace(place, Node::new(Kind::Root));
            parser.read_spans(&mut note)?;
            parser.footnotes.insert(name, note);
        }
    }
    let footnotes = std::mem::take(&mut parser.footnotes);
    finish(&mut root, &mut Ids::default());
    Ok(Document { root, footnotes, remarks: parser.remarks })
}

/// Reads HTML as kramdown does inside an HTML block, for readers that keep it as one string.
pub(super) fn read_html(source: &str) -> Step<Node> {
    let mut parser = Parser { fuel: FUEL + FUEL_PER_BYTE * source.len(), ..Parser::default() };
    let mut root = Node::new(Kind::Root);
    parser.parse_raw_html(&mut Scanner::new(source), &mut root)?;
    Ok(root)
}

/// The attributes of a list's inside.
pub(super) fn parse_attributes(list: &str) -> super::tree::Attributes {
    attributes::parse(list).attributes
}

/// Heading ids, and hard breaks written as a backslash: both need the spans read.
fn finish(node: &mut Node, ids: &mut Ids) {
    let mut children = Vec::with_capacity(node.children.len());
    for mut child in std::mem::take(&mut node.children) {
        match &child.kind {
            Kind::Text(text) if text.contains("\\\n") => {
                for (index, line) in text.split("\\\n").enumerate() {
                    if index > 0 {
                        children.push(Node::new(Kind::Break));
                    }
                    let line = if index > 0 { format!("\n{line}") } else { line.to_owned() };
                    children.push(Node::new(Kind::Text(line)));
                }
                continue;
            }
            Kind::Heading(_) if child.attribute("id").is_none() => {
                let id = ids.unique(&child.plain_text());
                child.attributes.push(("id".to_owned(), id));
                finish(&mut child, ids);
            }
            Kind::Html { .. } => {}
            _ => finish(&mut child, ids),
        }
        children.push(child);
    }
    node.children = children;
}

impl Parser {
    fn spend(&mut self, steps: usize) -> Step<()> {
        self.fuel = self.fuel.checked_sub(steps).ok_or(Refusal::Cost)?;
        Ok(())
    }

    /// Does something one level deeper.
    fn deeper<T>(&mut self, step: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Refusal::Depth);
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    fn remark(&mut self, code: &'static str, needle: &str, message: String, hint: &'static str) {
        self.remarks.push(Remark { code, needle: needle.to_owned(), message, hint });
    }

    /// A block, with the attribute list that waited for it.
    fn block(&mut self, kind: Kind) -> Node {
        Node { list: self.waiting.take(), ..Node::new(kind) }
    }

    /// Reads blocks to the end, or to the closing tag of the HTML element they are in (then `true`).
    fn parse_blocks(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let waiting = self.waiting.take();
        let found = self.deeper(|parser| {
            while !src.at_end() {
                parser.spend(8 + patterns::line(src.rest()))?;
                if parser.parse_block(src, tree)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        self.waiting = waiting;
        Ok(found)
    }

    /// Replaces unread text by its spans and puts the attribute lists of blocks where they belong.
    fn read_spans(&mut self, node: &mut Node) -> Step<()> {
        let mut children = Vec::with_capacity(node.children.len());
        for mut child in std::mem::take(&mut node.children) {
            match &mut child.kind {
                Kind::Unread(text) => {
                    let text = std::mem::take(text);
                    self.open.clear();
                    let mut spans = Node::new(Kind::Unread(String::new()));
                    self.parse_spans(&mut Scanner::new(&text), &mut spans, None)?;
                    children.append(&mut spans.children);
                }
                Kind::Boundary(_) | Kind::Comment => {}
                _ => {
                    self.read_spans(&mut child)?;
                    if let Some(list) = child.list.take() {
                        self.apply(&mut child.attributes, &list)?;
                        child.list = Some(list);
                    }
                    if self.is_wanted(&child) {
                        children.push(child);
                    }
                }
            }
        }
        node.children = children;
        Ok(())
    }

    /// A table of contents stands where a list says `{:toc}`; no output of ours has use for one.
    fn is_wanted(&mut self, node: &Node) -> bool {
        let toc = matches!(node.kind, Kind::List { .. })
            && node.list.as_ref().is_some_and(|list| list.refs.iter().any(|name| name == "toc"));
        if toc {
            self.remark("table-of-contents", "{:", "a table of contents was left out".to_owned(), "");
        }
        !toc
    }

    /// Whether the last thing read ends the block before.
    fn after_boundary(&self, tree: &Node) -> bool {
        self.waiting.is_some()
            || tree
                .children
                .last()
                .is_none_or(|last| matches!(last.kind, Kind::Blank(_) | Kind::Boundary(Boundary::Marker)))
    }
}

/// Whether a block may end here.
fn before_boundary(s: &str) -> bool {
    s.is_empty()
        || s == "\n"
        || patterns::blank_lines(s).is_some()
        || patterns::end_marker(s).is_some()
        || patterns::attribute_line(s).is_some()
}
