//! Typography by language on the tree: which of its texts are prose, and which run on into each other.

use super::Dialect;
use super::tree::{Content, Document, Kind, Node};
use crate::content::typography::{self, Char, END, Keep, OBJECT};

const CODE: &[&str] = &["code", "kbd", "pre", "samp", "script", "style", "tt", "var", "textarea", "math"];

/// Sets all prose of a document as its language wants.
pub(super) fn set(document: &mut Document, dialect: Dialect, lang: &str) {
    let kramdown = dialect == Dialect::KramdownGfm;
    for root in std::iter::once(&mut document.root).chain(document.footnotes.values_mut()) {
        let mut flow = Flow { kramdown, code: 0, texts: Vec::new(), chars: Vec::new() };
        flow.children(root);
        let Flow { texts, chars, .. } = flow;
        // the last piece takes what is no text
        let set = typography::set(separated(chars, texts.len()), texts.len() + 1, lang);
        texts.into_iter().zip(set).for_each(|(text, set)| *text = set);
    }
}

/// The piece of marks that belong to no text is known only when all texts are.
fn separated(mut chars: Vec<Char>, rest: usize) -> Vec<Char> {
    chars.iter_mut().filter(|char| char.piece == usize::MAX).for_each(|char| char.piece = rest);
    chars
}

struct Flow<'a> {
    kramdown: bool,
    /// Code that was opened by a tag of its own.
    code: usize,
    texts: Vec<&'a mut String>,
    chars: Vec<Char>,
}

impl<'a> Flow<'a> {
    fn mark(&mut self, c: char) {
        self.chars.push(Char { c, keep: Keep::All, piece: usize::MAX });
    }

    fn text(&mut self, text: &'a mut String, literal: bool) {
        if self.code > 0 {
            return self.mark(OBJECT);
        }
        let (keep, piece) = (if literal { Keep::Itself } else { Keep::Nothing }, self.texts.len());
        self.chars.extend(text.chars().map(|c| Char { c, keep, piece }));
        self.texts.push(text);
    }

    fn children(&mut self, node: &'a mut Node) {
        node.children.iter_mut().for_each(|child| self.node(child));
    }

    fn block(&mut self, node: &'a mut Node) {
        self.mark(END);
        self.children(node);
        self.mark(END);
    }

    fn node(&mut self, node: &'a mut Node) {
        match &mut node.kind {
            // kramdown's symbols and CommonMark's plain texts are what was escaped
            Kind::Text(_) | Kind::Symbol(_) => {
                let literal = matches!(node.kind, Kind::Symbol(_)) == self.kramdown;
                if let Kind::Text(text) | Kind::Symbol(text) = &mut node.kind {
                    self.text(text, literal);
                }
            }
            Kind::RawHtml(html) => match html_effect(html, self.code) {
                Effect::None => {}
                Effect::Code(code) => self.code = code,
                Effect::Mark(c) => self.mark(c),
            },
            Kind::Html { name, block, content } => match name.as_str() {
                "br" => self.mark('\n'),
                _ if CODE.contains(&name.as_str()) || *content == Content::Raw => {
                    let mark = if *block { END } else { OBJECT };
                    self.mark(mark);
                }
                _ if *block => self.block(node),
                _ => self.children(node),
            },
            Kind::Emphasis | Kind::Strong | Kind::Strikethrough | Kind::Link => self.children(node),
            Kind::CodeSpan(_) | Kind::Image | Kind::Math { block: false, .. } => self.mark(OBJECT),
            Kind::Break => self.mark('\n'),
            Kind::Footnote(_) | Kind::Comment | Kind::Boundary(_) => {}
            _ => self.block(node),
        }
    }
}

enum Effect {
    None,
    Code(usize),
    Mark(char),
}

/// What a piece of HTML that stays as it is means for the texts around it.
fn html_effect(html: &str, code: usize) -> Effect {
    if html.ends_with('\n') {
        return Effect::Mark(END);
    }
    let lower = html.trim_start_matches(['<', '/']).to_ascii_lowercase();
    let name = lower.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match name {
        "br" => Effect::Mark('\n'),
        "img" | "iframe" => Effect::Mark(OBJECT),
        _ if !CODE.contains(&name) || html.ends_with("/>") => Effect::None,
        _ if html.starts_with("</") => Effect::Code(code.saturating_sub(1)),
        _ => Effect::Code(code + 1),
    }
}
