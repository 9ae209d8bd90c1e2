//! The `CommonMark` reader for Hugo's and Zola's dialects: comrak's tree → ours.

use std::cell::Cell;
use std::collections::HashMap;

use comrak::nodes::{AstNode, ListType, NodeValue, TableAlignment};
use comrak::{Arena, Options, try_parse_document};

use super::ids::Ids;
use super::tree::{Alignment, Document, Kind, Node, Refusal, Section, Step};
use super::{Dialect, kramdown};
use crate::model::settings::Typography;

const MAX_DEPTH: usize = 48;
/// comrak takes quadratic time for long runs of these within one block (64,000 `&`: 12 s without optimisation).
const MARKS: &[u8] = b"&<\"'*_[]`~!\\:^";
const MAX_MARKS: usize = 8_000;

fn options(dialect: Dialect, typography: Typography) -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.autolink = dialect == Dialect::Goldmark;
    options.extension.description_lists = dialect == Dialect::Goldmark;
    options.parse.smart = dialect == Dialect::Goldmark && typography == Typography::Generator;
    // what was escaped keeps its shape
    options.parse.escaped_char_spans = typography == Typography::Language;
    options
}

pub(super) fn read(source: &str, dialect: Dialect, typography: Typography) -> Step<Document> {
    if source.lines().any(too_many_markers) {
        return Err(Refusal::Depth);
    }
    if source.split("\n\n").any(|block| block.bytes().filter(|b| MARKS.contains(b)).count() > MAX_MARKS) {
        return Err(Refusal::Cost);
    }
    let arena = Arena::new();
    let asked = Cell::new(0_usize);
    let limit = 100_000 + 4 * source.len();
    let cancel = || {
        asked.set(asked.get() + 1);
        asked.get() > limit
    };
    let root = try_parse_document(&arena, source, &options(dialect, typography), &cancel).map_err(|_| Refusal::Cost)?;
    let mut document = Document { root: Node::new(Kind::Root), footnotes: HashMap::new(), remarks: Vec::new() };
    let mut reader = Reader { footnotes: HashMap::new(), ids: Ids::default() };
    reader.children(root, &mut document.root, MAX_DEPTH)?;
    document.footnotes = reader.footnotes;
    Ok(document)
}

/// Container markers at the start of a line; each is a level. A bullet has a blank behind it: `+-----+` begins a drawing.
fn too_many_markers(line: &str) -> bool {
    let marks = line.bytes().take_while(|b| b" \t>*+-".contains(b));
    let behind = line.bytes().skip(1).chain([b' ']);
    let markers = marks.zip(behind).filter(|(mark, next)| match mark {
        b'>' => true,
        b'*' | b'+' | b'-' => matches!(next, b' ' | b'\t' | b'\r'),
        _ => false,
    });
    markers.count() > MAX_DEPTH && !line.trim().bytes().all(|b| b" *-".contains(&b))
        || line.bytes().take_while(|b| b" >".contains(b)).filter(|b| *b == b'>').count() > MAX_DEPTH
}

struct Reader {
    footnotes: HashMap<String, Node>,
    ids: Ids,
}

impl Reader {
    fn children<'a>(&mut self, ast: &'a AstNode<'a>, node: &mut Node, depth: usize) -> Step<()> {
        let depth = depth.checked_sub(1).ok_or(Refusal::Depth)?;
        for child in ast.children() {
            self.child(child, node, depth)?;
        }
        Ok(())
    }

    fn child<'a>(&mut self, ast: &'a AstNode<'a>, parent: &mut Node, depth: usize) -> Step<()> {
        let value = ast.data.borrow().value.clone();
        let mut node = Node::new(kind(&value, ast));
        match value {
            NodeValue::FootnoteDefinition(footnote) => {
                node.kind = Kind::Root;
                self.children(ast, &mut node, depth)?;
                self.footnotes.insert(footnote.name, node);
                return Ok(());
            }
            NodeValue::Table(_) => table_rows(&mut node, |cells| self.children(ast, cells, depth))?,
            NodeValue::TaskItem(task) => {
                self.children(ast, &mut node, depth)?;
                let done = task.symbol.is_some();
                let has_paragraph = node.children.first().is_some_and(Node::is_paragraph);
                let holder = if has_paragraph { &mut node.children[0] } else { &mut node };
                holder.children.insert(0, Node::new(Kind::TaskBox { done }));
                holder.children.insert(1, Node::new(Kind::Text(" ".to_owned())));
            }
            NodeValue::Link(link) => {
                node.attributes.push(("href".to_owned(), link.url));
                push_title(&mut node, link.title);
                self.children(ast, &mut node, depth)?;
            }
            NodeValue::Image(link) => {
                self.children(ast, &mut node, depth)?;
                let alt = node.plain_text();
                node.children.clear();
                node.attributes.extend([("src".to_owned(), link.url), ("alt".to_owned(), alt)]);
                push_title(&mut node, link.title);
            }
            NodeValue::Escaped => {
                self.children(ast, &mut node, depth)?;
                node.kind = Kind::Text(node.plain_text());
                node.children.clear();
            }
            NodeValue::Heading(_) => {
                self.children(ast, &mut node, depth)?;
                heading_attributes(&mut node);
                if node.attribute("id").is_none() {
                    let id = self.ids.unique(&node.plain_text());
                    node.attributes.insert(0, ("id".to_owned(), id));
                }
            }
            _ => self.children(ast, &mut node, depth)?,
        }
        parent.children.push(node);
        Ok(())
    }
}

fn push_title(node: &mut Node, title: String) {
    if !title.is_empty() {
        node.attributes.push(("title".to_owned(), title));
    }
}

fn kind<'a>(value: &NodeValue, ast: &'a AstNode<'a>) -> Kind {
    match value {
        NodeValue::BlockQuote => Kind::Quote,
        NodeValue::List(list) => Kind::List {
            ordered: list.list_type == ListType::Ordered,
            start: list.start.max(usize::from(list.list_type != ListType::Ordered)),
        },
        NodeValue::Item(_) | NodeValue::TaskItem(_) => Kind::Item,
        NodeValue::DescriptionList => Kind::DefinitionList,
        NodeValue::DescriptionTerm => Kind::Term,
        NodeValue::DescriptionDetails => Kind::Definition { paragraph_first: false },
        NodeValue::CodeBlock(code) => {
            Kind::CodeBlock { text: code.literal.clone(), lang: code.info.split_whitespace().next().map(str::to_owned) }
        }
        NodeValue::HtmlBlock(html) => Kind::RawHtml(html.literal.clone()),
        NodeValue::HtmlInline(html) | NodeValue::Raw(html) => Kind::RawHtml(html.clone()),
        NodeValue::Paragraph => Kind::Paragraph { transparent: is_tight(ast) },
        NodeValue::Heading(heading) => Kind::Heading(heading.level),
        NodeValue::ThematicBreak => Kind::Rule,
        NodeValue::Table(table) => Kind::Table(table.alignments.iter().copied().map(alignment).collect()),
        NodeValue::TableRow(_) => Kind::Row,
        NodeValue::TableCell => Kind::Cell,
        NodeValue::Text(text) => Kind::Symbol(text.to_string()),
        NodeValue::SoftBreak => Kind::Text("\n".to_owned()),
        NodeValue::LineBreak => Kind::Break,
        NodeValue::Code(code) => Kind::CodeSpan(code.literal.clone()),
        NodeValue::Emph => Kind::Emphasis,
        NodeValue::Strong => Kind::Strong,
        NodeValue::Strikethrough => Kind::Strikethrough,
        NodeValue::Link(_) => Kind::Link,
        NodeValue::Image(_) => Kind::Image,
        NodeValue::FootnoteReference(note) => Kind::Footnote(note.name.clone()),
        _ => Kind::Root,
    }
}

fn alignment(alignment: TableAlignment) -> Alignment {
    match alignment {
        TableAlignment::None => Alignment::Default,
        TableAlignment::Left => Alignment::Left,
        TableAlignment::Center => Alignment::Center,
        TableAlignment::Right => Alignment::Right,
    }
}

fn is_tight<'a>(paragraph: &'a AstNode<'a>) -> bool {
    let list = paragraph.parent().and_then(|item| match &item.data.borrow().value {
        NodeValue::DescriptionTerm => None,
        _ => item.parent(),
    });
    let in_term = paragraph.parent().is_some_and(|item| matches!(item.data.borrow().value, NodeValue::DescriptionTerm));
    in_term || list.is_some_and(|list| matches!(&list.data.borrow().value, NodeValue::List(list) if list.tight))
}

/// comrak's first row is the header.
fn table_rows(table: &mut Node, read: impl FnOnce(&mut Node) -> Step<()>) -> Step<()> {
    let mut rows = Node::new(Kind::Root);
    read(&mut rows)?;
    let body = rows.children.split_off(rows.children.len().min(1));
    for (section, rows) in [(Section::Head, rows.children), (Section::Body, body)] {
        if !rows.is_empty() {
            table.children.push(Node { children: rows, ..Node::new(Kind::TableSection(section)) });
        }
    }
    Ok(())
}

/// `# Words {#id .class}`.
fn heading_attributes(heading: &mut Node) {
    let Some(Node { kind: Kind::Symbol(text), .. }) = heading.children.last_mut() else { return };
    if let (words, Some(list)) = kramdown::heading_text(text) {
        let attributes = kramdown::parse_attributes(list);
        words.to_owned().clone_into(text);
        heading.attributes = attributes;
    }
}
