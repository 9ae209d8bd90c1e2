//! What an editor is told about a text, with the place in the file.

use super::tree::{Document, Kind, Node, Remark};
use super::{Context, sanitise};
use crate::model::diagnostic::{Diagnostic, Position, Severity};

/// Nobody mends more at a time, and each is searched for in the whole text.
const MAX_OF_A_KIND: usize = 100;

/// Everything worth saying about a text that was read.
pub(super) fn about(source: &str, context: &Context, document: &Document, html: &str) -> Vec<Diagnostic> {
    let mut finder = Finder { source, lower: source.to_ascii_lowercase(), start: context.start, from: 0 };
    let mut found: Vec<Diagnostic> =
        document.remarks.iter().take(MAX_OF_A_KIND).map(|remark| finder.warn(remark)).collect();
    finder.from = 0;
    let mut images = Vec::new();
    images_without_alt(&document.root, &mut images);
    found.extend(images.into_iter().take(MAX_OF_A_KIND).map(|src| {
        let position = finder.find(src);
        Diagnostic::new(
            Severity::Warning,
            "image-without-alt",
            position,
            "an image has no text for those who cannot see it",
        )
        .with_hint("write it between the brackets: `![what it shows](…)`, or `alt=\"\"` in HTML if it only decorates")
    }));
    finder.from = 0;
    if let Some(needle) = sanitise::first_removed(html).or_else(|| finder.iframe()) {
        let position = finder.find(&needle);
        let message = format!("HTML that cannot travel in feeds and mails was removed, first `{needle}`");
        let hint = "say it in words or with a link: readers and mailboxes run no programs and fill in no forms";
        found.push(Diagnostic::warning("html-removed", position, message).with_hint(hint));
    }
    found
}

fn images_without_alt<'a>(node: &'a Node, found: &mut Vec<&'a str>) {
    let no_alt = match &node.kind {
        Kind::Image => node.attribute("alt").is_none_or(|alt| alt.trim().is_empty()),
        Kind::Html { name, .. } => name == "img" && node.attribute("alt").is_none(),
        _ => false,
    };
    if no_alt {
        found.push(node.attribute("src").unwrap_or("<img"));
    }
    if let Kind::RawHtml(html) = &node.kind {
        found.extend(sanitise::images_without_alt(html));
    }
    node.children.iter().for_each(|child| images_without_alt(child, found));
}

/// Finds pieces of the source again, in their order.
struct Finder<'a> {
    source: &'a str,
    lower: String,
    start: Position,
    from: usize,
}

impl Finder<'_> {
    fn warn(&mut self, remark: &Remark) -> Diagnostic {
        let diagnostic = Diagnostic::warning(remark.code, self.find(&remark.needle), remark.message.clone());
        if remark.hint.is_empty() { diagnostic } else { diagnostic.with_hint(remark.hint) }
    }

    /// It became a link before anything was removed.
    fn iframe(&self) -> Option<String> {
        self.lower.contains("<iframe").then(|| "<iframe".to_owned())
    }

    /// The place of the next occurrence (or the first, or the beginning), in any case.
    fn find(&mut self, needle: &str) -> Position {
        let needle = needle.to_ascii_lowercase();
        let at = self.lower[self.from..].find(&needle).map(|at| at + self.from).or_else(|| self.lower.find(&needle));
        let Some(at) = at else { return self.start };
        self.from = at + needle.len();
        let within = Position::at(self.source, at);
        if within.line == 1 {
            Position { line: self.start.line, column: self.start.column + within.column - 1 }
        } else {
            Position { line: self.start.line + within.line - 1, column: within.column }
        }
    }
}
