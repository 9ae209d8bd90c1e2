//! No `{{` and no `{%` outside of code reaches a reader: they are marks of templates. What is left of them after
//! shortcodes were expanded was escaped, or stands where two readers see code differently; it is shown as code.

use super::tree::{Document, Kind, Node};

const MARKS: [(&str, &str); 2] = [("{{", "}}"), ("{%", "%}")];

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
    let mut rest = text;
    while let Some((at, closing)) = first_mark(rest) {
        nodes.push(Node::new(Kind::Text(rest[..at].to_owned())));
        let inside = &rest[at..];
        let line = &inside[..inside.find('\n').unwrap_or(inside.len())];
        let end = line.find(closing).map_or(2, |end| end + 2);
        nodes.push(Node::new(Kind::CodeSpan(inside[..end].to_owned())));
        rest = &inside[end..];
    }
    nodes.push(Node::new(Kind::Text(rest.to_owned())));
    nodes
}

fn first_mark(text: &str) -> Option<(usize, &'static str)> {
    // brace by brace: to look for each mark to the end of the text takes the square of its length
    text.match_indices('{').find_map(|(at, _)| {
        MARKS.iter().find(|(mark, _)| text[at..].starts_with(mark)).map(|(_, closing)| (at, *closing))
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

fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '{' | '%') && out.ends_with('{') {
            out.pop();
        }
        out.push(c);
    }
    out
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
            out.push_str(&without_marks(piece));
        }
    }
    out
}
