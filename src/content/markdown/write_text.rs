//! Tree → plain text for people who read mails as text: paragraphs on one line each (the mail wraps them), links as
//! `words <address>`, nothing left of the marks.

use std::fmt::Write as _;

use url::Url;

use super::entities::decode_all;
use super::kramdown;
use super::tree::{Document, Kind, Node};

const MAX_UNDERLINE: usize = 72;

pub(super) fn write(document: &Document, base: &Url) -> String {
    let mut writer = Writer { base, notes: Vec::new(), raw_link: None };
    let mut blocks = writer.blocks(&document.root.children);
    let mut index = 0;
    while let Some(name) = writer.notes.get(index).cloned() {
        index += 1;
        if let Some(note) = document.footnotes.get(&name) {
            let text = writer.blocks(&note.children);
            blocks = join(blocks, hang(&text, &format!("[{index}] ")));
        }
    }
    blocks
}

/// Blocks with a blank line between; an empty one leaves none.
fn join(mut before: String, block: String) -> String {
    if before.is_empty() {
        return block;
    }
    if !block.is_empty() {
        before.push_str("\n\n");
        before.push_str(&block);
    }
    before
}

/// A mark before the first line, blanks of its width before the others.
fn hang(text: &str, mark: &str) -> String {
    let margin = " ".repeat(mark.chars().count());
    let lines = text.lines().enumerate().map(|(index, line)| match (index, line.is_empty()) {
        (0, _) => format!("{mark}{line}"),
        (_, true) => String::new(),
        _ => format!("{margin}{line}"),
    });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// White space as a reader sees it: one blank, except the line ends that were meant.
fn tidy(text: &str) -> String {
    let lines = text.split('\u{b}').map(crate::model::text::one_line);
    lines.collect::<Vec<_>>().join("\n").trim_matches('\n').to_owned()
}

struct Writer<'a> {
    base: &'a Url,
    notes: Vec<String>,
    /// A link that was opened by a tag of its own: its element, and where its words begin.
    raw_link: Option<(Node, usize)>,
}

impl Writer<'_> {
    fn blocks(&mut self, nodes: &[Node]) -> String {
        let mut text = String::new();
        let mut line = String::new();
        for node in nodes {
            if is_span(node) {
                self.span(node, &mut line);
            } else {
                text = join(text, tidy(&std::mem::take(&mut line)));
                let block = self.block(node);
                text = join(text, block);
            }
        }
        join(text, tidy(&line))
    }

    fn block(&mut self, node: &Node) -> String {
        match &node.kind {
            Kind::Heading(level) => self.heading(*level, node),
            Kind::Quote => quoted(&self.blocks(&node.children)),
            Kind::CodeBlock { text, .. } => hang(text.trim_end(), "    "),
            Kind::Rule => "* * *".to_owned(),
            Kind::List { ordered, start } => self.list(&node.children, *ordered, *start),
            Kind::Definition { .. } => hang(&self.blocks(&node.children), "    "),
            Kind::Table(_) => self.table(node),
            Kind::Math { text, .. } => text.clone(),
            Kind::RawHtml(html) => kramdown::read_html(html).map_or(String::new(), |html| self.blocks(&html.children)),
            Kind::Html { name, .. } => self.html_block(name, node),
            _ => self.blocks(&node.children),
        }
    }

    fn html_block(&mut self, name: &str, node: &Node) -> String {
        match name {
            "script" | "style" | "select" | "textarea" | "button" | "template" | "title" => String::new(),
            "ul" | "ol" => {
                let items: Vec<Node> =
                    node.children.iter().filter(|child| matches!(child.kind, Kind::Html { .. })).cloned().collect();
                self.list(&items, name == "ol", 1)
            }
            "blockquote" => quoted(&self.blocks(&node.children)),
            "pre" => hang(decode_all(&node.plain_text()).trim_end(), "    "),
            "hr" => "* * *".to_owned(),
            "h1" | "h2" => self.heading(1, node),
            "h3" | "h4" | "h5" | "h6" => self.heading(3, node),
            "tr" => self.cells(&node.children),
            _ => self.blocks(&node.children),
        }
    }

    fn heading(&mut self, level: u8, node: &Node) -> String {
        let text = self.blocks(&node.children).replace('\n', " ");
        let width = text.chars().count().min(MAX_UNDERLINE);
        let mark = if level <= 2 { "=" } else { "-" };
        if text.is_empty() { text } else { format!("{text}\n{}", mark.repeat(width)) }
    }

    fn list(&mut self, items: &[Node], ordered: bool, start: usize) -> String {
        let loose = items.iter().any(|item| {
            item.children.first().is_some_and(|first| first.kind == Kind::Paragraph { transparent: false })
        });
        let mut lines = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let mark = if ordered { format!("{}. ", start + index) } else { "* ".to_owned() };
            let text =
                if loose { self.blocks(&item.children) } else { self.blocks(&item.children).replace("\n\n", "\n") };
            lines.push(if text.is_empty() { mark.trim_end().to_owned() } else { hang(&text, &mark) });
        }
        lines.join(if loose { "\n\n" } else { "\n" })
    }

    fn table(&mut self, table: &Node) -> String {
        let rows: Vec<&Node> = table.children.iter().flat_map(|section| &section.children).collect();
        rows.into_iter().map(|row| self.cells(&row.children)).collect::<Vec<_>>().join("\n")
    }

    fn cells(&mut self, cells: &[Node]) -> String {
        let cells: Vec<String> = cells
            .iter()
            .filter(|cell| !matches!(cell.kind, Kind::Text(_)))
            .map(|cell| self.blocks(&cell.children).replace('\n', " "))
            .collect();
        cells.join(" | ").trim_end().to_owned()
    }

    fn spans(&mut self, node: &Node) -> String {
        let mut text = String::new();
        node.children.iter().for_each(|child| self.span(child, &mut text));
        text
    }

    /// Adds a span; a line end that was meant is kept as U+000B until the block is tidied.
    fn span(&mut self, node: &Node, out: &mut String) {
        match &node.kind {
            Kind::Text(text) => out.push_str(&decode_all(text)),
            Kind::Symbol(text) | Kind::CodeSpan(text) | Kind::Unread(text) | Kind::Math { text, .. } => {
                out.push_str(text);
            }
            Kind::Break => out.push('\u{b}'),
            Kind::TaskBox { done } => out.push_str(if *done { "[x] " } else { "[ ] " }),
            Kind::Image => push_image(node, out),
            Kind::Link => self.link(node, out),
            Kind::Footnote(name) => {
                let index = self.notes.iter().position(|note| note == name).unwrap_or_else(|| {
                    self.notes.push(name.clone());
                    self.notes.len() - 1
                });
                let _ = write!(out, "[{}]", index + 1);
            }
            Kind::RawHtml(html) => self.raw_span(html, out),
            Kind::Html { name, .. } => match name.as_str() {
                "br" => out.push('\u{b}'),
                "img" => push_image(node, out),
                "a" => self.link(node, out),
                "iframe" => push_frame(node, out),
                "script" | "style" | "select" | "textarea" | "button" | "input" => {}
                _ => out.push_str(&self.spans(node)),
            },
            _ => out.push_str(&self.spans(node)),
        }
    }

    /// `CommonMark` keeps each tag within a line on its own: what `<a href>` opens is closed by another.
    fn raw_span(&mut self, html: &str, out: &mut String) {
        if html.eq_ignore_ascii_case("</a>") {
            let Some((node, start)) = self.raw_link.take() else { return };
            if out.is_char_boundary(start) {
                let words = out.split_off(start);
                self.linked(&node, &words, out);
            }
            return;
        }
        let Ok(mut read) = kramdown::read_html(html) else { return };
        let opens_link = matches!(&read.children[..], [Node { kind: Kind::Html { name, .. }, .. }] if name == "a");
        if opens_link && !html.ends_with("/>") {
            self.raw_link = read.children.pop().map(|node| (node, out.len()));
        } else {
            out.push_str(&self.spans(&read));
        }
    }

    fn link(&mut self, node: &Node, out: &mut String) {
        let words = self.spans(node);
        self.linked(node, &words, out);
    }

    fn linked(&self, node: &Node, words: &str, out: &mut String) {
        let Some(href) = node.attribute("href").map(decode_all).filter(|href| !href.trim().is_empty()) else {
            return out.push_str(words);
        };
        let address = href.trim();
        let shown = address.strip_prefix("mailto:").unwrap_or(address);
        let label = words.trim();
        let address = match self.base.join(address) {
            _ if address.starts_with('#') => return out.push_str(words),
            Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript") => return out.push_str(words),
            Ok(url) if !address.contains(':') => url.to_string(),
            _ => shown.to_owned(),
        };
        let bare = |text: &str| {
            text.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_owned()
        };
        if label.is_empty() || bare(label) == bare(shown) {
            out.push_str(&address);
        } else {
            let _ = write!(out, "{words} <{address}>");
        }
    }
}

fn push_image(node: &Node, out: &mut String) {
    if let Some(alt) = node.attribute("alt").map(decode_all).filter(|alt| !alt.trim().is_empty()) {
        let _ = write!(out, "[{}]", alt.trim());
    }
}

fn push_frame(node: &Node, out: &mut String) {
    if let Some(src) = node.attribute("src") {
        out.push_str(&decode_all(src));
    }
}

fn is_span(node: &Node) -> bool {
    match &node.kind {
        Kind::Html { block: true, name, .. } => matches!(
            name.as_str(),
            "a" | "abbr"
                | "b"
                | "br"
                | "cite"
                | "code"
                | "em"
                | "i"
                | "iframe"
                | "img"
                | "kbd"
                | "mark"
                | "q"
                | "s"
                | "small"
                | "span"
                | "strong"
                | "sub"
                | "sup"
                | "time"
                | "u"
                | "del"
                | "ins"
                | "input"
        ),
        Kind::RawHtml(html) => !html.ends_with('\n'),
        Kind::Math { block, .. } => !block,
        Kind::Paragraph { transparent } => *transparent,
        Kind::Text(_)
        | Kind::Symbol(_)
        | Kind::Unread(_)
        | Kind::Emphasis
        | Kind::Strong
        | Kind::Strikethrough
        | Kind::Link
        | Kind::Image
        | Kind::CodeSpan(_)
        | Kind::Break
        | Kind::Footnote(_)
        | Kind::TaskBox { .. }
        | Kind::Html { .. } => true,
        _ => false,
    }
}
