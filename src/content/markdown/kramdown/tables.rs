//! Tables: rows of lines with `|`, a header above a line of dashes, a footer below a line of `=`.

use super::super::tree::{Alignment, Kind, Node, Section, Step};
use super::patterns as re;
use super::{Parser, Scanner, before_boundary};

impl Parser {
    pub(super) fn parse_table(&mut self, src: &mut Scanner, tree: &mut Node) -> Step<bool> {
        let rest = src.rest();
        let first = &rest[..re::line(rest)];
        if rest[re::blanks(rest, 3)..].starts_with(re::is_space) || !has_pipe(first) || !self.after_boundary(tree) {
            return Ok(false);
        }
        let leading_pipe = first.trim_start_matches(re::is_space).starts_with('|');
        let mut table = Rows::default();
        let mut at = if separator(first).is_some() { first.len() } else { 0 };
        while at < rest.len() {
            let line = &rest[at..at + re::line(&rest[at..])];
            self.spend(line.len() + 16 * line.matches('|').count())?;
            if !has_pipe(line) {
                break;
            }
            if let Some(alignment) = separator(line) {
                table.separate(alignment);
            } else if is_footer(line) {
                table.start_footer();
            } else {
                table.open.push(row(line, leading_pipe));
            }
            at += line.len();
        }
        if !before_boundary(&rest[at..]) || !rest[..at].lines().any(has_pipe_outside_code) {
            return Ok(false);
        }
        // a short row is filled up to the longest one
        self.spend(16 * table.cells())?;
        let Some((alignment, sections)) = table.finish() else { return Ok(false) };
        src.advance(at);
        let mut node = self.block(Kind::Table(alignment));
        node.children = sections;
        tree.children.push(node);
        Ok(true)
    }
}

#[derive(Default)]
struct Rows {
    /// Rows of the section that is not closed yet.
    open: Vec<Node>,
    sections: Vec<Node>,
    alignment: Option<Vec<Alignment>>,
    has_footer: bool,
}

impl Rows {
    fn close(&mut self, section: Section) {
        let rows = std::mem::take(&mut self.open);
        self.sections.push(Node { children: rows, ..Node::new(Kind::TableSection(section)) });
    }

    fn separate(&mut self, alignment: Vec<Alignment>) {
        if self.open.is_empty() {
        } else if self.alignment.is_none() && !self.has_footer {
            self.close(Section::Head);
            self.alignment = Some(alignment);
        } else if !self.has_footer {
            self.close(Section::Body);
        }
    }

    fn start_footer(&mut self) {
        if !self.open.is_empty() {
            self.close(Section::Body);
        }
        self.has_footer = true;
    }

    /// Cells of the table once its rows have one length.
    fn cells(&self) -> usize {
        let rows = || self.sections.iter().flat_map(|section| &section.children).chain(&self.open);
        rows().count() * rows().map(|row| row.children.len()).max().unwrap_or(0)
    }

    /// The sections with rows of one length; `None` where there is no body.
    fn finish(mut self) -> Option<(Vec<Alignment>, Vec<Node>)> {
        if !self.open.is_empty() {
            self.close(if self.has_footer { Section::Foot } else { Section::Body });
        }
        self.sections.iter().find(|section| section.kind == Kind::TableSection(Section::Body))?;
        let rows = || self.sections.iter().flat_map(|section| &section.children);
        let columns = rows().map(|row| row.children.len()).max().unwrap_or(0);
        let mut alignment = self.alignment.unwrap_or_default();
        alignment.resize(columns, Alignment::Default);
        for row in self.sections.iter_mut().flat_map(|section| &mut section.children) {
            row.children.resize_with(columns, || Node::new(Kind::Cell));
        }
        Some((alignment, self.sections))
    }
}

/// A pipe at the beginning or an unescaped one further on.
fn has_pipe(line: &str) -> bool {
    line.starts_with('|') || line.as_bytes().windows(2).any(|pair| pair[1] == b'|' && pair[0] != b'\\')
}

fn has_pipe_outside_code(line: &str) -> bool {
    cells(line).len() > 1
}

/// `|---|:--:|`: how its columns are aligned.
fn separator(line: &str) -> Option<Vec<Alignment>> {
    let text = line.strip_suffix('\n')?;
    if !text.contains('-') || !text.chars().all(|c| "+|: \t-".contains(c)) {
        return None;
    }
    let columns = text.split(['|', '+']).map(re::trim).filter(|column| column.contains('-'));
    Some(
        columns
            .map(|column| match (column.starts_with(':'), column.ends_with(':')) {
                (true, true) => Alignment::Center,
                (true, false) => Alignment::Left,
                (false, true) => Alignment::Right,
                (false, false) => Alignment::Default,
            })
            .collect(),
    )
}

fn is_footer(line: &str) -> bool {
    line.contains('=') && line.trim_end_matches('\n').chars().all(|c| "+|: \t=".contains(c))
}

fn row(line: &str, leading_pipe: bool) -> Node {
    let mut cells = cells(re::trim_end(line));
    if leading_pipe && cells.first().is_some_and(|first| re::trim(first).is_empty()) {
        cells.remove(0);
    }
    cells.pop_if(|last| re::trim(last).is_empty());
    let cells = cells.iter().map(|cell| Node::with(Kind::Cell, Node::new(Kind::Unread(re::trim(cell).to_owned()))));
    Node { children: cells.collect(), ..Node::new(Kind::Row) }
}

/// The line cut at its pipes, except escaped ones and those in code.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let code = if c == '`' {
            code_length(rest)
        } else if rest.starts_with("<code") {
            rest.find("</code>").map(|at| at + 7)
        } else {
            None
        };
        let len = code.unwrap_or(if rest.starts_with("\\|") { 2 } else { c.len_utf8() });
        if c == '|' {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push_str(if rest.starts_with("\\|") { "|" } else { &rest[..len] });
        }
        rest = &rest[len..];
    }
    cells
}

/// Bytes of the code span that begins here.
fn code_length(s: &str) -> Option<usize> {
    let marks = s.len() - s.trim_start_matches('`').len();
    s[marks..].find(&s[..marks]).map(|end| end + 2 * marks).or(Some(marks))
}
