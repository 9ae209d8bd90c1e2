//! Shortcodes (Hugo, Zola) and Liquid tags (Jekyll) → Markdown, before Markdown is read.
//!
//! A table says what becomes of each (`rules`). What is not in it is left out, its inner text stays, and the editor is
//! told once. In code everything stays as it is written; outside of code no `{{` and no `{%` is left.

mod code;
mod expand;
mod layout;
mod liquid;
mod resolve;
mod rules;
mod scan;
mod spans;
mod tag;
mod write;

use std::borrow::Cow;

use url::Url;

use self::expand::Expander;
use self::write::Place;
use crate::model::diagnostic::{Diagnostic, Position};

/// Whose marks a text is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Hugo,
    Zola,
    /// Jekyll.
    Liquid,
}

/// What expanding depends on besides the text.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub flavour: Flavour,
    pub site: &'a Url,
    /// The value of `page.title`, `site.description` and the like.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The address of a page or file of the site by its path there, without a fragment.
    pub address: &'a dyn Fn(&str) -> Option<String>,
    /// Where the text begins in its file.
    pub start: Position,
}

/// A text without shortcodes.
#[derive(Debug, Clone)]
pub struct Expanded<'a> {
    pub source: Cow<'a, str>,
    pub diagnostics: Vec<Diagnostic>,
    start: Position,
    /// Where each line came from; empty where nothing changed.
    places: Vec<Place>,
}

impl Expanded<'_> {
    /// Everything there is to say, in the places of the file: about shortcodes, and what a reader of the expanded text
    /// found in it.
    pub fn told(&self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let moved = found.into_iter().map(|it| Diagnostic { position: self.original(it.position), ..it });
        self.diagnostics.iter().cloned().chain(moved).collect()
    }

    /// The place in the file of a place found in the expanded text as if that stood in the file.
    fn original(&self, position: Position) -> Position {
        let Some(line) = position.line.checked_sub(self.start.line) else { return position };
        match self.places.get(line) {
            Some(place) if place.exact && line > 0 => {
                Position { line: place.position.line, column: place.position.column + position.column - 1 }
            }
            Some(place) if !place.exact => place.position,
            _ => position,
        }
    }
}

/// Writes a text of Markdown anew without shortcodes. Never fails; takes time linear in the text.
pub fn expand<'a>(source: &'a str, context: &Context) -> Expanded<'a> {
    let has_paths = context.flavour == Flavour::Zola && source.contains("@/");
    if !has_marks(source) && !has_paths {
        return Expanded { source: source.into(), diagnostics: Vec::new(), start: context.start, places: Vec::new() };
    }
    let pieces = scan::scan(source, context.flavour);
    let mut expander = Expander::new(source, context);
    expander.run(&pieces);
    let diagnostics = expander.diagnostic().into_iter().collect();
    let places = expander.writer.places;
    Expanded { source: expander.writer.out.into(), diagnostics, start: context.start, places }
}

/// A field of plain text, such as a title. Generators show those as they are written, so what is not known stays
/// readable: its braces are set apart.
pub fn plain(text: &str, context: &Context) -> String {
    if !has_marks(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{{") {
        let known = inside.split_once("}}").filter(|_| context.flavour == Flavour::Liquid);
        let known = known.and_then(|(output, after)| Some((liquid::output(output.trim(), context)?, after)));
        out.push_str(before);
        if let Some((value, after)) = known {
            out.push_str(&value);
            rest = after;
        } else {
            out.push_str("{ {");
            rest = inside;
        }
    }
    out.push_str(rest);
    set_apart(out)
}

fn has_marks(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Braces set apart, so that none make a mark.
pub fn set_apart(text: String) -> String {
    if !has_marks(&text) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '{' | '%') && out.ends_with('{') {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Text without marks: of two braces side by side one goes.
pub(super) fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '{' | '%') && out.ends_with('{') {
            out.pop();
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests;
