//! Tree → HTML, before cleaning.

use std::fmt::Write as _;

use super::entities::{escape, escape_all};
use super::tree::{Alignment, Attributes, Content, Document, Kind, Node, Section, set_attribute};

/// What the cleaned HTML has in place of a task list's box: forms are removed, these boxes are ours.
pub(super) const BOXES: [(&str, &str); 2] = [
    ("crieur-task-open", "<input type=\"checkbox\" class=\"task-list-item-checkbox\" disabled=\"disabled\">"),
    (
        "crieur-task-done",
        "<input type=\"checkbox\" class=\"task-list-item-checkbox\" disabled=\"disabled\" checked=\"checked\">",
    ),
];
const VOID: &[&str] = &[
    "area", "base", "br", "col", "command", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

pub(super) fn write(document: &Document) -> String {
    let mut writer = Writer { document, out: String::new(), notes: Vec::new() };
    writer.children(&document.root);
    writer.footnotes();
    writer.out
}

struct Note<'a> {
    name: &'a str,
    references: usize,
}

struct Writer<'a> {
    document: &'a Document,
    out: String,
    notes: Vec<Note<'a>>,
}

impl<'a> Writer<'a> {
    fn children(&mut self, node: &'a Node) {
        node.children.iter().for_each(|child| self.node(child));
    }

    fn open(&mut self, name: &str, attributes: &Attributes) {
        let _ = write!(self.out, "<{name}");
        for (key, value) in attributes {
            if key != "id" || !value.trim().is_empty() {
                let _ = write!(self.out, " {key}=\"{}\"", escape(value));
            }
        }
        self.out.push('>');
    }

    fn element(&mut self, name: &str, node: &'a Node, line_end: &str) {
        self.open(name, &node.attributes);
        self.children(node);
        let _ = write!(self.out, "</{name}>{line_end}");
    }

    fn node(&mut self, node: &'a Node) {
        match &node.kind {
            Kind::Text(text) | Kind::Unread(text) => self.out.push_str(&escape(text)),
            Kind::Symbol(text) => self.out.push_str(&escape_all(text)),
            Kind::RawHtml(html) => self.out.push_str(html),
            Kind::Root | Kind::Paragraph { transparent: true } | Kind::TableSection(_) | Kind::Row | Kind::Cell => {
                self.children(node);
            }
            Kind::Blank(_) => self.out.push('\n'),
            Kind::Boundary(_) | Kind::Comment => {}
            Kind::Paragraph { .. } => self.element("p", node, "\n"),
            Kind::Heading(level) => self.element(&format!("h{level}"), node, "\n"),
            Kind::Quote => self.element("blockquote", node, "\n"),
            Kind::CodeBlock { text, lang } => self.code_block(node, text, lang.as_deref()),
            Kind::Rule => self.void("hr", node, "\n"),
            Kind::Break => self.void("br", node, ""),
            Kind::Image => self.void("img", node, ""),
            Kind::List { ordered, start } => self.list(node, *ordered, *start),
            Kind::Item => self.element("li", node, "\n"),
            Kind::DefinitionList => self.element("dl", node, "\n"),
            Kind::Term => self.element("dt", node, "\n"),
            Kind::Definition { .. } => self.element("dd", node, "\n"),
            Kind::Table(alignment) => self.table(node, alignment),
            Kind::Html { name, block, content } => self.html(node, name, *block, *content),
            Kind::Emphasis => self.element("em", node, ""),
            Kind::Strong => self.element("strong", node, ""),
            Kind::Strikethrough => self.element("del", node, ""),
            Kind::Link => self.element("a", node, ""),
            Kind::CodeSpan(code) => {
                self.open("code", &node.attributes);
                let _ = write!(self.out, "{}</code>", escape_all(code));
            }
            Kind::Footnote(name) => self.footnote(name),
            Kind::Math { text, block: true } => {
                let _ = writeln!(self.out, "\\[{}\\]", escape_all(text));
            }
            Kind::Math { text, block: false } => {
                let _ = write!(self.out, "\\({}\\)", escape_all(text));
            }
            Kind::TaskBox { done } => {
                let _ = write!(self.out, "<span class=\"{}\"></span>", BOXES[usize::from(*done)].0);
            }
        }
    }

    fn void(&mut self, name: &str, node: &Node, line_end: &str) {
        self.open(name, &node.attributes);
        self.out.push_str(line_end);
    }

    fn list(&mut self, node: &'a Node, ordered: bool, start: usize) {
        let mut attributes = node.attributes.clone();
        if ordered && start != 1 {
            set_attribute(&mut attributes, "start", &start.to_string());
        }
        let name = if ordered { "ol" } else { "ul" };
        self.open(name, &attributes);
        self.children(node);
        let _ = writeln!(self.out, "</{name}>");
    }

    fn code_block(&mut self, node: &Node, text: &str, lang: Option<&str>) {
        self.open("pre", &node.attributes);
        match lang {
            Some(lang) => self.open("code", &vec![("class".to_owned(), format!("language-{lang}"))]),
            None => self.out.push_str("<code>"),
        }
        let _ = writeln!(self.out, "{}\n</code></pre>", escape_all(text.strip_suffix('\n').unwrap_or(text)));
    }

    fn table(&mut self, node: &'a Node, alignment: &[Alignment]) {
        self.open("table", &node.attributes);
        for section in &node.children {
            let (name, cell) = match section.kind {
                Kind::TableSection(Section::Head) => ("thead", "th"),
                Kind::TableSection(Section::Foot) => ("tfoot", "td"),
                _ => ("tbody", "td"),
            };
            let _ = write!(self.out, "<{name}>");
            for row in &section.children {
                self.out.push_str("<tr>");
                for (column, content) in row.children.iter().enumerate() {
                    self.cell(content, cell, alignment.get(column).copied());
                }
                self.out.push_str("</tr>\n");
            }
            let _ = writeln!(self.out, "</{name}>");
        }
        self.out.push_str("</table>\n");
    }

    fn cell(&mut self, node: &'a Node, name: &str, alignment: Option<Alignment>) {
        let mut attributes = node.attributes.clone();
        let align = match alignment {
            None | Some(Alignment::Default) => None,
            Some(Alignment::Left) => Some("text-align: left"),
            Some(Alignment::Center) => Some("text-align: center"),
            Some(Alignment::Right) => Some("text-align: right"),
        };
        if let Some(align) = align {
            set_attribute(&mut attributes, "style", align);
        }
        self.open(name, &attributes);
        self.children(node);
        if node.children.is_empty() {
            self.out.push('\u{a0}');
        }
        let _ = write!(self.out, "</{name}>");
    }

    fn html(&mut self, node: &'a Node, name: &str, block: bool, content: Content) {
        if name == "iframe" {
            return self.iframe(node);
        }
        self.open(name, &node.attributes);
        if !VOID.contains(&name) {
            if content == Content::Block {
                self.out.push('\n');
            }
            self.children(node);
            let _ = write!(self.out, "</{name}>");
        }
        if block {
            self.out.push('\n');
        }
    }

    /// A frame cannot travel in feeds or mails; a link to what it shows can.
    fn iframe(&mut self, node: &Node) {
        if let Some(src) = node.attribute("src") {
            let label = node.attribute("title").filter(|title| !title.is_empty()).unwrap_or(src);
            let _ = writeln!(self.out, "<a href=\"{}\">{}</a>", escape(src), escape(label));
        }
    }

    fn footnote(&mut self, name: &'a str) {
        let known = self.notes.iter().position(|note| note.name == name);
        let index = known.unwrap_or_else(|| {
            self.notes.push(Note { name, references: 0 });
            self.notes.len() - 1
        });
        let references = self.notes[index].references;
        self.notes[index].references += 1;
        let repeat = if references == 0 { String::new() } else { format!(":{references}") };
        let name = escape(name);
        let _ = write!(
            self.out,
            "<sup id=\"fnref:{name}{repeat}\" role=\"doc-noteref\"><a href=\"#fn:{name}\" class=\"footnote\">{}</a></sup>",
            index + 1
        );
    }

    /// The notes referred to, in that order; notes within notes come after them.
    fn footnotes(&mut self) {
        if self.notes.is_empty() {
            return;
        }
        self.out.push_str("<div class=\"footnotes\" role=\"doc-endnotes\">\n<ol>\n");
        let mut index = 0;
        while let Some(name) = self.notes.get(index).map(|note| note.name) {
            let _ = write!(self.out, "<li id=\"fn:{}\" role=\"doc-endnote\">", escape(name));
            if let Some(note) = self.document.footnotes.get(name) {
                self.children(note);
            }
            self.backlinks(name, self.notes[index].references);
            self.out.push_str("</li>\n");
            index += 1;
        }
        self.out.push_str("</ol>\n</div>\n");
    }

    /// Links back to each reference, within the note's last paragraph if it ends with one.
    fn backlinks(&mut self, name: &str, references: usize) {
        let end = self.out.trim_end().strip_suffix("</p>").map(str::len);
        match end {
            Some(end) => self.out.truncate(end),
            None => self.out.push_str("<p>"),
        }
        for number in 0..references {
            let repeat = if number == 0 { String::new() } else { format!(":{number}") };
            let sup = if number == 0 { String::new() } else { format!("<sup>{}</sup>", number + 1) };
            let blank = if end.is_some() || number > 0 { "\u{a0}" } else { "" };
            let _ = write!(
                self.out,
                "{blank}<a href=\"#fnref:{}{repeat}\" class=\"reversefootnote\" role=\"doc-backlink\">↩{sup}</a>",
                escape(name)
            );
        }
        self.out.push_str("</p>\n");
    }
}
