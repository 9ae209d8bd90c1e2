//! The tree both readers (kramdown, `CommonMark`) build and both writers (HTML, text) walk.

use std::collections::HashMap;

pub(super) type Attributes = Vec<(String, String)>;

/// Sets an attribute; classes add up instead of replacing each other.
pub(super) fn set_attribute(attributes: &mut Attributes, name: &str, value: &str) {
    match attributes.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) if name == "class" => {
            for class in value.split_ascii_whitespace() {
                if !old.split_ascii_whitespace().any(|known| known == class) {
                    old.push(' ');
                    old.push_str(class);
                }
            }
        }
        Some((_, old)) => value.clone_into(old),
        None => attributes.push((name.to_owned(), value.to_owned())),
    }
}

/// An attribute list `{: … }` as written; `refs` name other lists or kramdown's own commands (`toc`).
#[derive(Debug, Clone, Default)]
pub(super) struct AttributeList {
    pub refs: Vec<String>,
    pub attributes: Attributes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alignment {
    Default,
    Left,
    Center,
    Right,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Head,
    Body,
    Foot,
}

/// What kramdown left a boundary for: it decides whether a following attribute list still belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boundary {
    Marker,
    List,
    Definition,
    Other,
}

/// How the inside of an HTML element is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Raw,
    Span,
    Block,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Root,
    /// Blank lines, as found.
    Blank(String),
    /// Text of a block whose spans are not read yet.
    Unread(String),
    Text(String),
    /// A character that was written as an entity, a quote or a typographic symbol: never read again.
    Symbol(String),
    Paragraph {
        /// Written without its `<p>`: a tight list item.
        transparent: bool,
    },
    Heading(u8),
    Quote,
    CodeBlock {
        text: String,
        lang: Option<String>,
    },
    Rule,
    List {
        ordered: bool,
        start: usize,
    },
    Item,
    DefinitionList,
    Term,
    Definition {
        paragraph_first: bool,
    },
    Table(Vec<Alignment>),
    TableSection(Section),
    Row,
    Cell,
    Boundary(Boundary),
    Comment,
    Html {
        name: String,
        block: bool,
        content: Content,
    },
    /// HTML as a `CommonMark` reader found it: tags may be open.
    RawHtml(String),
    Emphasis,
    Strong,
    Strikethrough,
    Link,
    Image,
    CodeSpan(String),
    Break,
    Footnote(String),
    Math {
        text: String,
        block: bool,
    },
    TaskBox {
        done: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub kind: Kind,
    pub attributes: Attributes,
    pub list: Option<AttributeList>,
    pub children: Vec<Node>,
}

impl Node {
    pub fn new(kind: Kind) -> Self {
        Self { kind, attributes: Attributes::new(), list: None, children: Vec::new() }
    }

    pub fn with(kind: Kind, child: Self) -> Self {
        Self { children: vec![child], ..Self::new(kind) }
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn is_paragraph(&self) -> bool {
        matches!(self.kind, Kind::Paragraph { .. })
    }

    pub fn is_blank(&self) -> bool {
        matches!(self.kind, Kind::Blank(_))
    }

    pub fn is_raw_html(&self) -> bool {
        matches!(self.kind, Kind::Html { content: Content::Raw, .. })
    }

    /// Adds text to the last child if that is text too.
    pub fn add_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Self { kind: Kind::Text(last), .. }) = self.children.last_mut() {
            last.push_str(text);
        } else {
            self.children.push(Self::new(Kind::Text(text.to_owned())));
        }
    }

    pub fn add_symbol(&mut self, text: &str) {
        self.children.push(Self::new(Kind::Symbol(text.to_owned())));
    }

    /// The words below this node, code and symbols included, marks left out.
    pub fn plain_text(&self) -> String {
        let mut text = String::new();
        self.append_plain_text(&mut text);
        text
    }

    fn append_plain_text(&self, out: &mut String) {
        match &self.kind {
            Kind::Text(text) | Kind::Symbol(text) | Kind::CodeSpan(text) | Kind::Math { text, .. } => {
                out.push_str(text);
            }
            _ => self.children.iter().for_each(|child| child.append_plain_text(out)),
        }
    }
}

/// A text as read: its blocks, and its footnotes by name.
#[derive(Debug)]
pub(super) struct Document {
    pub root: Node,
    pub footnotes: HashMap<String, Node>,
    /// Remarks with the piece of source they are about.
    pub remarks: Vec<Remark>,
}

/// Something an editor should hear about, and the words by which it is found again in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub code: &'static str,
    pub needle: String,
    pub message: String,
    pub hint: &'static str,
}

/// Why a text is not rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Depth,
    Cost,
    Size,
}

pub(super) type Step<T> = Result<T, Refusal>;
