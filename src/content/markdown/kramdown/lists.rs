//! Lists: how far an item reaches, which lines are its own, and which items are tight.

use super::super::tree::{Kind, Node, Step};
use super::patterns as re;
use super::{Parser, Scanner, attributes};

/// An item's lines while the list is being read; a new text begins where a nested list does.
struct Item {
    node: Node,
    texts: Vec<String>,
}

/// Where an item's text begins, which decides what belongs to it.
#[derive(Clone, Copy)]
struct Margin(usize);

impl Margin {
    /// The margin of an item, and its first line from there on.
    fn of(marker: usize, first_line: &str) -> (Self, String) {
        let rest = item_list(first_line).map_or(first_line, |(_, len)| &first_line[len..]);
        if rest.chars().all(re::is_space) {
            return (Self(4), first_line.trim_start_matches(re::is_space).to_owned());
        }
        let mut column = marker;
        for c in first_line.chars() {
            match c {
                ' ' => column += 1,
                '\t' => column += 4 - column % 4,
                _ => break,
            }
        }
        (Self(column), first_line.trim_start_matches(re::is_space).to_owned())
    }

    /// A line indented to the margin: kramdown counts a tab as four blanks from the left.
    fn holds(self, line: &str) -> bool {
        let mut at = 0;
        let whole = |at: &mut usize, count: usize| {
            (0..count).all(|_| {
                let len = re::indent(&line[*at..]);
                *at += len.unwrap_or(0);
                len.is_some()
            })
        };
        let exact = whole(&mut at, self.0 / 4) && re::blanks(&line[at..], self.0 % 4) == self.0 % 4;
        let mut at = 0;
        (exact || whole(&mut at, self.0 / 4 + 1)) && re::rest_of_line_blank(line).is_none()
    }

    /// A line that belongs to the item although it is not indented.
    fn lazily_holds(self, s: &str) -> bool {
        if re::rest_of_line_blank(s).is_some() {
            return false;
        }
        (0..=self.0.min(3)).all(|most| {
            let line = &s[re::blanks(s, most)..];
            re::list_line(line).is_none() && !re::block_tag_start(line) && !re::block_tag_stop(line)
        })
    }

    /// A further line without the margin; whether it had all of it.
    fn cut(self, line: &str) -> (String, bool) {
        let tabs = line.bytes().take_while(|b| *b == b'\t').count();
        let line = format!("{}{}", " ".repeat(4 * tabs), &line[tabs..]);
        let indented = re::blanks(&line, self.0) == self.0;
        (if indented { line[self.0..].to_owned() } else { line }, indented)
    }

    /// Blanks a sibling's marker may have before it.
    fn siblings(self) -> usize {
        self.0.saturating_sub(1).min(3)
    }
}

/// An attribute list at the beginning of an item: its content and the bytes up to the item's text.
fn item_list(s: &str) -> Option<(&str, usize)> {
    let skip = s.len() - s.trim_start_matches(re::is_space).len();
    let inside = s[skip..].strip_prefix("{:")?;
    let after_name = &inside[re::id(inside).unwrap_or(0)..];
    if after_name.starts_with(':') || inside.starts_with('/') {
        return None;
    }
    let (content, len) = re::braces(inside)?;
    let end = skip + 2 + len;
    Some((content, end + s[end..].len() - s[end..].trim_start_matches(re::is_space).len()))
}

fn take_item_list(node: &mut Node, text: &mut String) {
    if let Some((content, len)) = item_list(text) {
        attributes::merge(&mut node.list, attributes::parse(content));
        text.drain(..len);
    }
}

impl Parser {
    pub(super) fn parse_list(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let ordered = re::bullet(src.rest(), 3).is_none();
        let marker = if ordered { re::number } else { re::bullet };
        let mut list = self.block(Kind::List { ordered, start: 1 });
        let (items, ended) = self.list_items(src, marker)?;
        let count = items.len();
        let mut blank = None;
        let mut some_tight = false;
        for (index, item) in items.into_iter().enumerate() {
            let mut node = item.node;
            for text in &item.texts {
                self.parse_blocks(&mut Scanner::new(text), &mut node)?;
            }
            drop_boundary_of_first_paragraph(&mut node);
            if node.children.is_empty() {
                some_tight = true;
                list.children.push(node);
                continue;
            }
            let is_last = index + 1 == count;
            tighten(&mut node, is_last, count == 1 || some_tight, ended);
            blank = node.children.pop_if(|last| last.is_blank());
            some_tight |= !starts_with_whole_paragraph(&node);
            list.children.push(node);
        }
        super::spans::task_boxes(&mut list);
        tree.children.push(list);
        tree.children.extend(blank.filter(|_| !ended));
        Ok(true)
    }

    /// The items' lines; `true` if an end-of-block marker closed the list.
    fn list_items(&mut self, src: &mut Scanner, marker: fn(&str, usize) -> Option<usize>) -> Step<(Vec<Item>, bool)> {
        let mut items: Vec<Item> = Vec::new();
        let mut margin = Margin(4);
        let (mut after_blank, mut nested) = (false, false);
        while !src.at_end() {
            let rest = src.rest();
            self.spend(8 + re::line(rest))?;
            let allowed = if items.is_empty() { 3 } else { margin.siblings() };
            if after_blank && re::rule(rest).is_some() {
                break;
            } else if let Some(len) = re::end_marker(rest) {
                src.advance(len);
                return Ok((items, true));
            } else if let Some(len) = marker(rest, allowed) {
                src.advance(len);
                let (new_margin, mut text) = Margin::of(len, src.line());
                let mut node = Node::new(Kind::Item);
                take_item_list(&mut node, &mut text);
                margin = new_margin;
                nested = re::list_start(&text);
                after_blank = false;
                items.push(Item { node, texts: vec![text] });
                continue;
            }
            let Some(texts) = items.last_mut().map(|item| &mut item.texts) else { break };
            if margin.holds(&rest[..re::line(rest)]) || (!after_blank && margin.lazily_holds(rest)) {
                let (mut text, indented) = margin.cut(src.line());
                if !nested && indented && re::list_start(&text) {
                    texts.push(String::new());
                    nested = true;
                } else if nested && !indented && re::list_start(&text) {
                    text.insert_str(0, &" ".repeat(margin.0 + 4));
                }
                texts.last_mut().into_iter().for_each(|last| last.push_str(&text));
                after_blank = false;
            } else if let Some(len) = re::blank_lines(rest) {
                nested = true;
                after_blank = true;
                let blank = src.advance(len);
                texts.last_mut().into_iter().for_each(|last| last.push_str(blank));
            } else {
                break;
            }
        }
        Ok((items, false))
    }

    /// Definitions of the paragraph before; `false` where there is none.
    pub(super) fn definition_list(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let Some((paragraph, mut apart)) = take_terms(tree) else { return Ok(false) };
        let mut list = self.block(Kind::DefinitionList);
        list.list = paragraph.list.clone().or(list.list);
        for term in paragraph.children.iter().flat_map(|child| match &child.kind {
            Kind::Unread(text) => text.split('\n').map(str::to_owned).collect(),
            _ => Vec::new(),
        }) {
            let mut node = Node::new(Kind::Term);
            let mut term = term;
            take_item_list(&mut node, &mut term);
            node.children.push(Node::new(Kind::Unread(term)));
            list.children.push(node);
        }
        let mut margin = Margin(4);
        let mut items: Vec<(Node, String)> = Vec::new();
        let mut after_blank = false;
        while !src.at_end() {
            let rest = src.rest();
            self.spend(8 + re::line(rest))?;
            let allowed = if items.is_empty() { 3 } else { margin.siblings() };
            if let Some(len) = re::definition(rest, allowed) {
                src.advance(len);
                let (new_margin, mut text) = Margin::of(len, src.line());
                let mut node = Node::new(Kind::Definition { paragraph_first: apart });
                take_item_list(&mut node, &mut text);
                margin = new_margin;
                items.push((node, text));
                (apart, after_blank) = (false, false);
                continue;
            }
            let Some((_, text)) = items.last_mut().filter(|_| re::end_marker(rest).is_none()) else { break };
            if margin.holds(&rest[..re::line(rest)]) || (!after_blank && margin.lazily_holds(rest)) {
                text.push_str(&margin.cut(src.line()).0);
                (apart, after_blank) = (false, false);
            } else if let Some(len) = re::blank_lines(rest) {
                text.push_str(src.advance(len));
                (apart, after_blank) = (true, true);
            } else {
                break;
            }
        }
        let blank = self.definitions(items, &mut list)?;
        join_definition_lists(tree, list);
        tree.children.extend(blank);
        Ok(true)
    }

    fn definitions(&mut self, items: Vec<(Node, String)>, list: &mut Node) -> Step<Option<Node>> {
        let mut blank = None;
        for (mut node, text) in items {
            self.parse_blocks(&mut Scanner::new(&text), &mut node)?;
            if !node.children.is_empty() {
                blank = node.children.pop_if(|last| last.is_blank());
                if node.kind == (Kind::Definition { paragraph_first: false }) {
                    make_transparent(&mut node);
                }
            }
            list.children.push(node);
        }
        Ok(blank)
    }
}

/// A block list behind the first paragraph leaves a boundary that says nothing.
fn drop_boundary_of_first_paragraph(item: &mut Node) {
    let first_has_list = item.children.first().is_some_and(|first| first.is_paragraph() && first.list.is_some());
    if first_has_list && matches!(item.children.get(1), Some(Node { kind: Kind::Boundary(_), .. })) {
        item.children.remove(1);
    }
}

fn starts_with_whole_paragraph(item: &Node) -> bool {
    matches!(item.children.first(), Some(Node { kind: Kind::Paragraph { transparent: false }, .. }))
}

/// An item is tight if no blank line follows its first paragraph; the last one goes with those before.
fn tighten(item: &mut Node, is_last: bool, some_before_tight: bool, ended: bool) {
    let children = &item.children;
    let closes_list = is_last && children.len() == 2 && !ended;
    let no_blank = children.len() < 2 || !children[1].is_blank() || closes_list;
    if no_blank && (!is_last || some_before_tight) {
        make_transparent(item);
    }
}

fn make_transparent(item: &mut Node) {
    let more = item.children.get(1).is_some_and(|second| !second.is_blank());
    let Some(Node { kind: Kind::Paragraph { transparent }, children, .. }) = item.children.first_mut() else { return };
    *transparent = true;
    if let Some(Node { kind: Kind::Unread(text), .. }) = children.first_mut().filter(|_| more) {
        text.push('\n');
    }
}

/// The paragraph that holds the terms, and whether a blank line stood between.
fn take_terms(tree: &mut Node) -> Option<(Node, bool)> {
    let children = &mut tree.children;
    let apart = matches!(children.last(), Some(Node { kind: Kind::Blank(blank), .. }) if blank == "\n");
    let at = children.len().checked_sub(1 + usize::from(apart))?;
    if !children[at].is_paragraph() {
        return None;
    }
    children.truncate(at + 1);
    children.pop().map(|paragraph| (paragraph, apart))
}

/// Two definition lists with at most a blank line between are one.
fn join_definition_lists(tree: &mut Node, list: Node) {
    let blank = tree.children.pop_if(|last| last.is_blank());
    match tree.children.last_mut() {
        Some(before) if before.kind == Kind::DefinitionList => before.children.extend(list.children),
        _ => {
            tree.children.extend(blank);
            tree.children.push(list);
        }
    }
}
