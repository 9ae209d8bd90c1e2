//! No `{{`, `{%` or `{:` outside of code reaches a reader: they are marks of templates. What is left of them after
//! shortcodes were expanded was escaped, or stands where two readers see code differently; it is shown as code.

use super::tree::{Document, Kind, Node};
use crate::content::shortcodes::without_marks;

const MARKS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{:", "}")];

pub(super) fn show_as_code(document: &mut Document) {
    in_children(&mut document.root);
    document.footnotes.values_mut().for_each(in_children);
}

fn has_mark(text: &str) -> bool {
    MARKS.iter().any(|(mark, _)| text.contains(mark))
}

fn in_children(node: &mut Node) {
    for (_, value) in &mut node.attributes {
        *value = without_marks(value);
    }
    let is_code = matches!(&node.kind, Kind::Html { name, .. } if matches!(name.as_str(), "pre" | "code"));
    if is_code {
        return;
    }
    let children = std::mem::take(&mut node.children);
    let mut run = String::new();
    let mut nodes = Vec::new();
    let mut code = 0_usize;
    for child in children {
        match &child.kind {
            Kind::RawHtml(tag) if opens_code(tag) => code += 1,
            Kind::RawHtml(tag) if code > 0 && (tag.starts_with("</code") || tag.starts_with("</pre")) => code -= 1,
            _ => {}
        }
        match &child.kind {
            Kind::Text(_) | Kind::Symbol(_) if code > 0 => {
                settle(&mut node.children, &mut nodes, &mut run);
                node.children.push(child);
            }
            Kind::Text(text) | Kind::Symbol(text) | Kind::Unread(text) => {
                run.push_str(text);
                nodes.push(child);
            }
            _ => {
                settle(&mut node.children, &mut nodes, &mut run);
                node.children.push(child);
                let child = node.children.last_mut().expect("just pushed");
                own_text(child);
                in_children(child);
            }
        }
    }
    settle(&mut node.children, &mut nodes, &mut run);
}

fn opens_code(tag: &str) -> bool {
    ["<code", "<pre"].iter().any(|open| tag.starts_with(open)) && !tag.contains("</")
}

/// Texts side by side are read as one: typography may have cut a mark in two.
fn settle(children: &mut Vec<Node>, nodes: &mut Vec<Node>, run: &mut String) {
    if has_mark(run) {
        children.extend(shown(run));
    } else {
        children.append(nodes);
    }
    nodes.clear();
    run.clear();
}

fn shown(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let (mut at, mut line_end) = (0, 0);
    // whether the rest of the line is known to close no mark of a kind: to look again for each takes the square of its length
    let mut open = [false; MARKS.len()];
    while let Some((start, mark)) = first_mark(text, at) {
        nodes.push(Node::new(Kind::Text(text[at..start].to_owned())));
        if start >= line_end {
            line_end = text[start..].find('\n').map_or(text.len(), |end| start + end);
            open = [false; MARKS.len()];
        }
        let end = MARKS[mark].1;
        let closing = if open[mark] { None } else { text[start..line_end].find(end) };
        open[mark] = closing.is_none();
        at = start + closing.map_or(2, |closing| closing + end.len());
        nodes.push(Node::new(Kind::CodeSpan(text[start..at].to_owned())));
    }
    nodes.push(Node::new(Kind::Text(text[at..].to_owned())));
    nodes
}

/// The first mark from `from` on, brace by brace: to look for each kind to the end of the text is as costly.
fn first_mark(text: &str, from: usize) -> Option<(usize, usize)> {
    text[from..].match_indices('{').find_map(|(offset, _)| {
        let at = from + offset;
        MARKS.iter().position(|(mark, _)| text[at..].starts_with(mark)).map(|mark| (at, mark))
    })
}

/// HTML and formulas are kept as text in the node itself.
fn own_text(node: &mut Node) {
    match &mut node.kind {
        Kind::RawHtml(html) if has_mark(html) => *html = outside_code(html),
        Kind::CodeBlock { lang: Some(lang), .. } => *lang = without_marks(lang),
        Kind::Math { text, .. } if has_mark(text) => {
            *text = text.replace("{{", "{ {").replace("{{", "{ {").replace("{%", "{ %");
        }
        _ => {}
    }
}

/// HTML without marks, except within `<pre>` and `<code>`.
pub(super) fn outside_code(html: &str) -> String {
    if !has_mark(html) {
        return html.to_owned();
    }
    let mut depth = 0_usize;
    let mut out = String::with_capacity(html.len());
    for piece in super::sanitise::pieces(html) {
        if piece.starts_with('<') {
            let name = piece.trim_start_matches(['<', '/']).to_ascii_lowercase();
            if name.split(['>', ' ', '\n', '\t']).next().is_some_and(|name| matches!(name, "pre" | "code")) {
                depth = if piece.starts_with("</") { depth.saturating_sub(1) } else { depth + 1 };
            }
            out.push_str(&without_marks(piece));
        } else if depth > 0 {
            out.push_str(piece);
        } else {
            out.push_str(&without_lists(&without_marks(piece)));
        }
    }
    out
}

/// kramdown's lists in HTML that another reader kept as it was written: there is nothing left they could belong to.
fn without_lists(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{:") {
        out.push_str(before);
        let list = inside.lines().next().and_then(|line| line.split_once('}')).map(|(list, _)| list);
        let is_list = |list: &&str| list.starts_with([' ', '.', '#']) || list.contains('=');
        if let Some(list) = list.filter(is_list) {
            rest = &inside[list.len() + 1..];
        } else {
            out.push_str("{ :");
            rest = inside;
        }
    }
    out + rest
}
