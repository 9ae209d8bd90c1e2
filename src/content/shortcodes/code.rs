//! Which lines of a Markdown source are code: there nothing is a shortcode.
//!
//! An approximation of what the readers in `markdown` decide later; where the two differ, `markdown` shows what is left
//! of a mark as code.

use super::Flavour;

const MAX_CONTAINERS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Quote,
    /// A list item, by the columns its content is moved in.
    Item(usize),
}

/// A place within a line: byte and column, which differ by tabs.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    line: &'a str,
    byte: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.byte..]
    }

    fn is_blank(&self) -> bool {
        self.rest().trim().is_empty()
    }

    fn indent(&self) -> usize {
        let mut column = self.column;
        for byte in self.rest().bytes() {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => break,
            }
        }
        column - self.column
    }

    /// Goes over at most `columns` of blanks.
    fn skip(&mut self, columns: usize) {
        let goal = self.column + columns;
        while self.column < goal {
            match self.rest().bytes().next() {
                Some(b' ') => self.column += 1,
                Some(b'\t') => self.column += 4 - self.column % 4,
                _ => return,
            }
            self.byte += 1;
        }
    }

    fn skip_bytes(&mut self, bytes: usize) {
        self.byte += bytes;
        self.column += bytes;
    }
}

/// Bytes of a list marker, if one stands at the beginning.
pub(super) fn list_marker(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let len = match text.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    text[len..].starts_with([' ', '\t', '\n']).then_some(len)
}

#[derive(Clone, Copy)]
struct Fence {
    mark: u8,
    len: usize,
}

fn fence(text: &str) -> Option<Fence> {
    let mark = *text.as_bytes().first().filter(|mark| matches!(mark, b'`' | b'~'))?;
    let len = text.bytes().take_while(|byte| *byte == mark).count();
    let info = &text[len..];
    (len >= 3 && !(mark == b'`' && info.contains('`'))).then_some(Fence { mark, len })
}

impl Fence {
    fn is_closed_by(self, text: &str) -> bool {
        let len = text.bytes().take_while(|byte| *byte == self.mark).count();
        len >= self.len && text[len..].trim().is_empty()
    }
}

/// Follows containers and blocks from line to line.
pub(super) struct Blocks<'a> {
    source: &'a str,
    flavour: Flavour,
    containers: Vec<Container>,
    in_paragraph: bool,
    /// Block elements of HTML that are open: kramdown reads no code there.
    html_depth: usize,
    /// For both marks the shortest fence that is known to stay open: only kramdown minds.
    open_fences: [usize; 2],
}

impl<'a> Blocks<'a> {
    pub fn new(source: &'a str, flavour: Flavour) -> Self {
        Self {
            source,
            flavour,
            containers: Vec::new(),
            in_paragraph: false,
            html_depth: 0,
            open_fences: [usize::MAX; 2],
        }
    }

    /// The end of the code that begins with the line at `at`, if it does.
    pub fn line(&mut self, at: usize) -> Option<usize> {
        let line = line_at(self.source, at);
        let (matched, mut cursor) = self.follow(line);
        if cursor.is_blank() {
            let quotes = self.containers[matched..].contains(&Container::Quote);
            self.containers.truncate(if quotes { matched } else { self.containers.len() });
            self.in_paragraph = false;
            return None;
        }
        if matched < self.containers.len() {
            let lazy = self.in_paragraph && !begins_block(cursor.rest().trim_start());
            if !lazy {
                self.containers.truncate(matched);
                self.in_paragraph = false;
            }
        }
        self.open(&mut cursor);
        if cursor.indent() >= 4 && !self.in_paragraph && !(self.html_depth > 0 && self.flavour == Flavour::Liquid) {
            return Some(at + line.len());
        }
        let text = cursor.rest().trim_start();
        if let Some(end) = fence(text).and_then(|fence| self.fence_end(fence, at + line.len())) {
            self.in_paragraph = false;
            return Some(end);
        }
        self.count_html(text);
        self.in_paragraph = !text.starts_with('#') && !text.trim_end().bytes().all(|b| b"-*_= ".contains(&b));
        None
    }

    /// How many containers go on in a line, and where their inside begins.
    fn follow<'l>(&self, line: &'l str) -> (usize, Cursor<'l>) {
        let mut cursor = Cursor { line, byte: 0, column: 0 };
        for (index, container) in self.containers.iter().enumerate() {
            match container {
                Container::Quote => {
                    let mut ahead = cursor;
                    ahead.skip(3);
                    if !ahead.rest().starts_with('>') {
                        return (index, cursor);
                    }
                    ahead.skip_bytes(1);
                    ahead.skip(1);
                    cursor = ahead;
                }
                Container::Item(width) if cursor.indent() >= *width => cursor.skip(*width),
                Container::Item(_) => return (index, cursor),
            }
        }
        (self.containers.len(), cursor)
    }

    /// Opens the containers that begin here.
    fn open(&mut self, cursor: &mut Cursor) {
        while self.containers.len() < MAX_CONTAINERS && cursor.indent() < 4 {
            let indent = cursor.indent();
            let mut ahead = *cursor;
            ahead.skip(indent);
            if ahead.rest().starts_with('>') {
                ahead.skip_bytes(1);
                ahead.skip(1);
                self.containers.push(Container::Quote);
            } else if let Some(len) = list_marker(ahead.rest()).filter(|_| !is_rule(ahead.rest())) {
                ahead.skip_bytes(len);
                let gap = if ahead.is_blank() || ahead.indent() > 4 { 1 } else { ahead.indent() };
                ahead.skip(gap);
                self.containers.push(Container::Item(indent + len + gap));
            } else {
                return;
            }
            self.in_paragraph = false;
            *cursor = ahead;
        }
    }

    /// The end of a fence's last line. `CommonMark` closes an open fence with what is around it, kramdown has none then.
    fn fence_end(&mut self, fence: Fence, start: usize) -> Option<usize> {
        let kind = usize::from(fence.mark == b'~');
        if self.flavour == Flavour::Liquid && fence.len >= self.open_fences[kind] {
            return None;
        }
        let mut at = start;
        while at < self.source.len() {
            let line = line_at(self.source, at);
            let (matched, cursor) = self.follow(line);
            if matched < self.containers.len() && !cursor.is_blank() {
                return (self.flavour != Flavour::Liquid).then_some(at);
            }
            at += line.len();
            if cursor.indent() < 4 && fence.is_closed_by(cursor.rest().trim_start()) {
                return Some(at);
            }
        }
        if self.flavour == Flavour::Liquid {
            self.open_fences[kind] = fence.len;
            return None;
        }
        Some(at)
    }

    fn count_html(&mut self, text: &str) {
        const ELEMENTS: &[&str] = &[
            "div",
            "section",
            "article",
            "aside",
            "figure",
            "table",
            "ul",
            "ol",
            "dl",
            "center",
            "nav",
            "header",
            "footer",
            "main",
            "details",
            "blockquote",
        ];
        for (at, _) in text.match_indices('<') {
            let rest = &text[at + 1..];
            let is_end = rest.starts_with('/');
            if ELEMENTS.contains(&element(rest.trim_start_matches('/')).as_str()) {
                self.html_depth = if is_end { self.html_depth.saturating_sub(1) } else { self.html_depth + 1 };
            }
        }
    }
}

fn is_rule(text: &str) -> bool {
    let marks: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).take(100).collect();
    marks.len() >= 3 && marks.iter().all(|b| *b == marks[0]) && matches!(marks[0], b'-' | b'*')
}

/// The line at `at` with its line end.
pub(super) fn line_at(source: &str, at: usize) -> &str {
    let end = source[at..].find('\n').map_or(source.len(), |end| at + end + 1);
    &source[at..end]
}

/// Whether a line, its quote marks and blanks taken off, begins a block of its own.
pub(super) fn begins_block(text: &str) -> bool {
    text.starts_with('#') || text.starts_with('>') || list_marker(text).is_some() || fence(text).is_some()
}

/// The name of an element behind its `<`, in lower case.
pub(super) fn element(text: &str) -> String {
    text.bytes().take(12).take_while(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())).collect()
}
