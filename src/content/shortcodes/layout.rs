//! How pictures, quotes, code and links are set in Markdown so that they stand where the shortcode stood: within the
//! same list item or quote, with blank lines around.

use super::write::{Place, Writer};
use crate::model::diagnostic::Position;

pub(super) struct Figure {
    pub src: String,
    pub alt: Option<String>,
    pub title: Option<String>,
    pub caption: Option<String>,
    pub link: Option<String>,
}

impl Figure {
    fn image(&self) -> String {
        let attribute = |name: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!(" {name}=\"{}\"", quotable(value)))
        };
        let title = if self.caption.is_none() { attribute("title", &self.title) } else { String::new() };
        let image = format!("<img src=\"{}\"{}{title}>", quotable(&self.src), attribute("alt", &self.alt));
        match &self.link {
            Some(link) => format!("<a href=\"{}\">{image}</a>", quotable(link)),
            None => image,
        }
    }

    /// The lines of a block; `markdown`: a caption is Markdown too.
    pub fn lines(&self, markdown: bool) -> Vec<String> {
        let title = self.title.as_ref().filter(|_| self.caption.is_some());
        let title = title.map_or(String::new(), |title| format!("<strong>{}</strong> ", one_line(title)));
        let Some(caption) = &self.caption else { return vec![format!("<figure>{}</figure>", self.image())] };
        let caption = format!("{title}{}", one_line(caption));
        if markdown && caption.contains(['*', '_', '[', '`']) {
            let blank = String::new;
            let begin = format!("<figure>{}<figcaption>", self.image());
            return vec![begin, blank(), caption, blank(), "</figcaption></figure>".to_owned()];
        }
        vec![format!("<figure>{}<figcaption>{caption}</figcaption></figure>", self.image())]
    }

    pub fn inline(&self) -> String {
        let caption = self.caption.as_ref().map_or(String::new(), |caption| format!(" <em>{}</em>", one_line(caption)));
        self.image() + &caption
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quotable(text: &str) -> String {
    one_line(text).replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Code within a line that shows the text as it is.
pub(super) fn span(text: &str) -> String {
    let text = one_line(text);
    let (mut run, mut longest) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let marks = "`".repeat(longest + 1);
    let gap = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    if text.is_empty() { text } else { format!("{marks}{gap}{text}{gap}{marks}") }
}

/// An address that can stand in Markdown and HTML without being cut short.
pub(super) fn address(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            ' ' => out.push_str("%20"),
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '"' => out.push_str("%22"),
            '`' => out.push_str("%60"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

pub(super) fn link(words: &str, address: &str) -> String {
    if words.is_empty() && address.starts_with("http") {
        return format!("<{address}>");
    }
    let words = if words.is_empty() { address } else { words };
    format!("[{}]({address})", one_line(words))
}

/// Whether a line so far has only what quotes and lists begin their lines with.
pub(super) fn is_margin(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '>']);
    let marker = super::code::list_marker(line).unwrap_or(0);
    line[marker..].trim().is_empty()
}

/// What the lines after one with this margin begin with to stay where it is.
fn margin_below(line: &str) -> String {
    line.chars().map(|c| if matches!(c, '>' | '\t') { c } else { ' ' }).collect()
}

/// Writes lines as a block of their own; the line being written holds its margin.
pub(super) fn block(writer: &mut Writer, lines: &[String], position: Position) {
    let lines = lines.iter().map(|line| (line.clone(), Place { position, exact: false })).collect();
    set(writer, lines, position);
}

fn set(writer: &mut Writer, lines: Vec<(String, Place)>, position: Position) {
    let margin = margin_below(writer.line());
    let place = Place { position, exact: false };
    let marked = writer.line() != margin;
    writer.touch(position);
    if !marked && writer.after_text() {
        writer.new_line(&margin, place);
    }
    let mut first = true;
    for (line, place) in lines {
        if first {
            writer.put(&line, place.position);
            writer.place_line(place);
        } else {
            writer.new_line(&format!("{margin}{line}"), place);
        }
        first = false;
    }
    writer.new_line(margin.trim_end(), place);
}

/// The lines of an inner text without the margin they share and blank lines around.
fn unindented(lines: Vec<(String, Place)>, margin: &str) -> Vec<(String, Place)> {
    let mut lines: Vec<(String, Place)> = lines
        .into_iter()
        .map(|(line, place)| match line.strip_prefix(margin).or_else(|| line.strip_prefix(margin.trim_end())) {
            Some(inside) => (inside.to_owned(), place),
            None => (line, place),
        })
        .collect();
    let is_full = |(line, _): &(String, Place)| !line.trim().is_empty();
    let begin = lines.iter().position(is_full).unwrap_or(lines.len());
    let end = lines.iter().rposition(is_full).map_or(begin, |last| last + 1);
    lines.truncate(end);
    lines.drain(..begin);
    let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = lines.iter().filter(|line| is_full(line)).map(|(line, _)| blanks(line)).min().unwrap_or(0);
    for (line, _) in &mut lines {
        line.drain(..shared.min(blanks(line)));
    }
    lines
}

/// Sets an inner text as a quote under a title.
pub(super) fn quote(writer: &mut Writer, inner: Vec<(String, Place)>, title: Option<&str>, position: Position) {
    let place = Place { position: inner.first().map_or(position, |(_, place)| place.position), exact: false };
    let mut lines = Vec::new();
    if let Some(title) = title {
        lines.push((format!("> **{}**", one_line(title)), place));
        lines.push((">".to_owned(), place));
    }
    let inner = unindented(inner, &margin_below(writer.line()));
    lines.extend(inner.into_iter().map(|(line, place)| {
        let position = Position { line: place.position.line, column: place.position.column };
        (format!("> {line}"), Place { position, exact: false })
    }));
    set(writer, lines, position);
}

/// Sets HTML that must stay HTML: its lines stand where the tag stood, since four blanks before them would make code.
pub(super) fn html(writer: &mut Writer, inner: Vec<(String, Place)>) {
    let margin = writer.line().to_owned();
    let is_blank = margin.trim().is_empty();
    let mut is_pre = false;
    for (index, (line, place)) in inner.into_iter().enumerate() {
        let starts_in_pre = is_pre;
        is_pre = match (line.rfind("<pre"), line.rfind("</pre")) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) => true,
            (_, Some(_)) => false,
            _ => is_pre,
        };
        let moved = format!("{}{}", if line.trim().is_empty() { "" } else { &margin }, line.trim_start());
        match index {
            0 => writer.put(&line, place.position),
            _ if is_blank && !starts_in_pre => {
                writer.new_line(&moved, Place { exact: moved == line && place.exact, ..place });
            }
            _ => writer.new_line(&line, place),
        }
    }
}

/// Sets code between fences that nothing in it can close.
pub(super) fn fence(writer: &mut Writer, code: &str, language: &str, position: Position, first_line: usize) {
    let longest = code.lines().map(|line| line.trim_start().bytes().take_while(|b| *b == b'`').count()).max();
    let marks = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    let language: String = language.chars().filter(|c| c.is_alphanumeric() || "+-#._".contains(*c)).collect();
    let place = |line| Place { position: Position { line, column: 1 }, exact: false };
    let (skipped, code) = match code.split_once('\n') {
        Some((first, code)) if first.trim().is_empty() => (1, code),
        _ => (0, code),
    };
    let margin = margin_below(writer.line());
    let mut lines = vec![(format!("{marks}{language}"), place(position.line))];
    for (index, line) in code.trim_end().split('\n').enumerate() {
        let inside = line.strip_prefix(&*margin).or_else(|| line.strip_prefix(margin.trim_end())).unwrap_or(line);
        lines.push((inside.to_owned(), place(first_line + skipped + index)));
    }
    lines.push((marks, place(position.line)));
    set(writer, lines, position);
}
