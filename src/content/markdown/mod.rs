//! Markdown → sanitised HTML and readable text, in the dialect the site was written for.

mod attribute_lists;
mod commonmark;
mod entities;
mod ids;
mod kramdown;
mod leftovers;
mod remarks;
mod sanitise;
pub(in crate::content) mod slips;
mod tree;
mod typeset;
mod write_html;
mod write_text;

use std::fmt::Write as _;

use url::Url;

use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::settings::Typography;
use tree::Refusal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// kramdown with GFM input and no hard wrap, as Jekyll and the French public site render it.
    KramdownGfm,
    /// goldmark (Hugo): `CommonMark` with GFM, footnotes, typographer, heading attributes.
    Goldmark,
    /// pulldown-cmark as Zola sets it up.
    #[serde(rename = "commonmark")]
    CommonMark,
}

/// What rendering depends on besides the text.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub dialect: Dialect,
    /// The announcement's own page: relative links and `#fragments` are resolved against it.
    pub base: &'a Url,
    /// BCP 47; decides on typographic quotes.
    pub lang: &'a str,
    pub typography: Typography,
    /// Where the text begins in its file, for diagnostics.
    pub start: Position,
}

/// What became of a text.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// Sanitised, whole, all links absolute; heading ids as the dialect makes them.
    pub html: String,
    pub text: String,
    pub diagnostics: Vec<Diagnostic>,
}

/// Most bytes of HTML, and of text, that a text may become; the largest real posts become a few hundred thousand.
const MAX_RENDERED: usize = 4 << 20;

/// Renders a text of blocks: a body, or a summary from front matter.
///
/// Never fails: what is too deep, too costly or too large becomes plain paragraphs and an error among the diagnostics.
pub fn render(source: &str, context: &Context) -> Rendered {
    let read = match context.dialect {
        Dialect::KramdownGfm => kramdown::read(source, context.typography),
        Dialect::Goldmark | Dialect::CommonMark => commonmark::read(source, context.dialect, context.typography),
    };
    let mut document = match read {
        Ok(document) => document,
        Err(refusal) => return refused(source, context, refusal),
    };
    if context.dialect != Dialect::KramdownGfm {
        attribute_lists::apply(&mut document);
    }
    slips::mend_links(&mut document);
    leftovers::show_as_code(&mut document);
    if context.typography == Typography::Language {
        typeset::set(&mut document, context.dialect, context.lang);
    }
    let html = sanitise::frames_to_links(&write_html::write(&document));
    if sanitise::too_many_attributes(&html) {
        return refused(source, context, Refusal::Cost);
    }
    let known = sanitise::known_elements(&html);
    if sanitise::too_deep(&known) {
        return refused(source, context, Refusal::Depth);
    }
    if html.len() > MAX_RENDERED {
        return refused(source, context, Refusal::Size);
    }
    let rendered = Rendered {
        text: write_text::write(&document, context.base),
        diagnostics: remarks::about(source, context, &document, &html),
        html: leftovers::outside_code(&sanitise::clean(&known, context.base)),
    };
    if rendered.html.len().max(rendered.text.len()) > MAX_RENDERED {
        return refused(source, context, Refusal::Size);
    }
    rendered
}

/// Renders a summary given in front matter: the same blocks as a body.
pub fn render_summary(source: &str, context: &Context) -> Rendered {
    render(source.trim(), context)
}

fn refused(source: &str, context: &Context, refusal: Refusal) -> Rendered {
    let diagnostic = match refusal {
        Refusal::Depth => {
            Diagnostic::error("markdown-too-deep", context.start, "the text is nested too deeply to be rendered")
        }
        Refusal::Cost => Diagnostic::error("markdown-too-costly", context.start, "the text takes too long to render"),
        Refusal::Size => {
            let message = format!("the text would become more than {MAX_RENDERED} bytes of HTML");
            Diagnostic::error("markdown-too-large", context.start, message)
        }
    };
    let mut html = String::new();
    for text in source.split("\n\n").map(str::trim).filter(|text| !text.is_empty()) {
        let _ = writeln!(html, "<p>{}</p>", entities::escape_all(text));
    }
    Rendered {
        html,
        text: source.trim().to_owned(),
        diagnostics: vec![diagnostic.with_hint("look for long runs of the same mark: `>`, `[`, `*`")],
    }
}

#[cfg(test)]
mod tests;
