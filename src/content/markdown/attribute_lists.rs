//! kramdown's attribute lists in a text for another reader: a site that moved to Hugo or Zola keeps them in its old posts,
//! where they would be shown. They mean what they meant; one that belongs to nothing is left out.

use std::collections::VecDeque;

use super::kramdown;
use super::tree::{Document, Kind, Node, Remark, set_attribute};

/// Bytes of the longest list that is looked for.
const MAX_LIST: usize = 500;

pub(super) fn apply(document: &mut Document) {
    let mut left_out = Vec::new();
    in_children(&mut document.root, &mut left_out);
    document.footnotes.values_mut().for_each(|note| in_children(note, &mut left_out));
    document.remarks.extend(left_out.into_iter().map(|written| Remark {
        code: "attribute-list-without-target",
        message: format!("`{written}` follows plain text and was left out"),
        needle: written,
        hint: "put it right behind a link, an image or `*emphasis*`, without a blank between",
    }));
}

fn in_children(node: &mut Node, left_out: &mut Vec<String>) {
    let mut unread: VecDeque<Node> = std::mem::take(&mut node.children).into();
    let mut code = 0_usize;
    while let Some(mut child) = unread.pop_front() {
        if let Kind::RawHtml(tag) = &child.kind {
            let names = ["code", "pre"];
            let opens = names.iter().any(|name| tag.strip_prefix('<').is_some_and(|rest| rest.starts_with(name)));
            let closes = names.iter().any(|name| tag.strip_prefix("</").is_some_and(|rest| rest.starts_with(name)));
            code = if closes { code.saturating_sub(1) } else { code + usize::from(opens && !tag.contains("</")) };
        }
        if let Some((before, list, after, siblings)) = list_at(&child, &unread).filter(|_| code == 0) {
            unread.drain(..siblings);
            if !after.is_empty() {
                unread.push_front(Node::new(Kind::Symbol(after)));
            }
            if !before.is_empty() {
                node.children.push(Node::new(Kind::Symbol(before)));
            }
            place(&list, node, unread.front(), left_out);
            continue;
        }
        let was_empty = child.children.is_empty();
        in_children(&mut child, left_out);
        if was_empty || !child.is_paragraph() || !child.children.is_empty() {
            node.children.push(child);
        }
    }
}

/// A list that begins in this text, with what stands before and behind it and how many siblings it reaches into: its `_`
/// may have been taken for emphasis.
fn list_at(node: &Node, after: &VecDeque<Node>) -> Option<(String, String, String, usize)> {
    let Kind::Symbol(text) = &node.kind else { return None };
    let start = text.find("{:")?;
    let mut written = text[start..].to_owned();
    let mut siblings = 0;
    while !written.contains('}') {
        let next = after.get(siblings).filter(|_| written.len() < MAX_LIST)?;
        match &next.kind {
            Kind::Symbol(more) => written.push_str(more),
            Kind::Emphasis => written.extend(["_", &next.plain_text(), "_"]),
            _ => return None,
        }
        siblings += 1;
    }
    let end = written.find('}')?;
    let list = written[2..end].replace(['“', '”', '„'], "\"").replace(['‘', '’'], "'");
    Some((text[..start].to_owned(), list, written[end + 1..].to_owned(), siblings))
}

/// Puts a list on the span before it, or on the block whose last line it is.
fn place(list: &str, parent: &mut Node, next: Option<&Node>, left_out: &mut Vec<String>) {
    let attributes = kramdown::parse_attributes(list);
    let is_text = |node: &Node| matches!(node.kind, Kind::Symbol(_) | Kind::Text(_) | Kind::RawHtml(_) | Kind::Break);
    let own_line = parent.children.last().is_none_or(|last| last.kind == Kind::Text("\n".to_owned()));
    let target = if own_line && next.is_none() {
        parent.children.pop();
        parent
    } else if let Some(last) = parent.children.last_mut().filter(|last| !is_text(last)) {
        last
    } else {
        left_out.push(format!("{{:{list}}}"));
        return;
    };
    for (name, value) in &attributes {
        set_attribute(&mut target.attributes, name, value);
    }
}
