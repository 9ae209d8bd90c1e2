//! The source as it is written anew, and from which place of the file each of its lines came.

use crate::model::diagnostic::Position;

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub position: Position,
    /// The line is as it was written: columns count.
    pub exact: bool,
}

/// Counts lines of the source; asked for places in their order.
struct Lines<'a> {
    source: &'a str,
    offset: usize,
    position: Position,
}

impl Lines<'_> {
    fn at(&mut self, offset: usize) -> Position {
        for c in self.source.get(self.offset..offset).unwrap_or_default().chars() {
            if c == '\n' {
                self.position = Position { line: self.position.line + 1, column: 1 };
            } else {
                self.position.column += 1;
            }
        }
        self.offset = self.offset.max(offset);
        self.position
    }
}

pub(super) struct Writer<'a> {
    pub out: String,
    pub places: Vec<Place>,
    line_start: usize,
    lines: Lines<'a>,
}

/// Where something began that may be rewritten as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    line: usize,
}

impl<'a> Writer<'a> {
    pub fn new(source: &'a str, start: Position) -> Self {
        Self {
            out: String::with_capacity(source.len()),
            places: vec![Place { position: start, exact: true }],
            line_start: 0,
            lines: Lines { source, offset: 0, position: start },
        }
    }

    pub fn position(&mut self, offset: usize) -> Position {
        self.lines.at(offset)
    }

    /// Adds a piece of the source, which stands there at `offset`.
    pub fn copy(&mut self, text: &str, offset: usize) {
        let before = self.lines.at(offset);
        self.note_if_moved(before);
        self.push(text);
        for line in 1..=text.matches('\n').count() {
            let position = Position { line: before.line + line, column: 1 };
            self.places.push(Place { position, exact: true });
        }
    }

    /// A piece that does not stand where it stood: columns of this line do not count.
    fn note_if_moved(&mut self, before: Position) {
        let Some(place) = self.places.last_mut().filter(|place| place.exact) else { return };
        let column = place.position.column + self.out[self.line_start..].chars().count();
        if (place.position.line, column) != (before.line, before.column) {
            *place = Place { position: before, exact: false };
        }
    }

    /// The line being written comes from `place` above all.
    pub fn place_line(&mut self, place: Place) {
        if let Some(last) = self.places.last_mut() {
            *last = place;
        }
    }

    /// Something at `position` went from this line: its columns do not count any more.
    pub fn touch(&mut self, position: Position) {
        if let Some(place) = self.places.last_mut().filter(|place| place.exact) {
            *place = Place { position, exact: false };
        }
    }

    fn push(&mut self, text: &str) {
        // two pieces must not make a mark where they meet
        if self.out.ends_with('{') && text.starts_with(['{', '%']) {
            self.out.pop();
        }
        if let Some(newline) = text.rfind('\n') {
            self.line_start = self.out.len() + newline + 1;
        }
        self.out.push_str(text);
    }

    /// Adds text that is not in the source, in place of something at `position`.
    pub fn put(&mut self, text: &str, position: Position) {
        self.touch(position);
        self.push(text);
        self.places.extend(text.matches('\n').map(|_| Place { position, exact: false }));
    }

    /// The line as far as it is written.
    pub fn line(&self) -> &str {
        &self.out[self.line_start..]
    }

    /// Whether the line before the one being written has text.
    pub fn after_text(&self) -> bool {
        let before = self.out[..self.line_start].trim_end_matches('\n').len();
        let blank_lines = self.line_start - before > 1;
        !blank_lines
            && !self.out[..before].rsplit('\n').next().unwrap_or_default().trim_matches(['>', ' ', '\t']).is_empty()
    }

    pub fn mark(&self) -> Mark {
        Mark { at: self.out.len(), line: self.places.len() }
    }

    /// Takes back what was written since the mark: its lines with their places.
    pub fn take(&mut self, mark: Mark) -> Vec<(String, Place)> {
        let text = self.out.split_off(mark.at.min(self.out.len()));
        self.line_start = self.out.rfind('\n').map_or(0, |newline| newline + 1);
        let mut places = self.places.split_off(mark.line);
        places.insert(0, self.places.last().copied().unwrap_or(Place { position: Position::START, exact: false }));
        text.split('\n').map(str::to_owned).zip(places).collect()
    }

    /// Begins a new line that came from `place`.
    pub fn new_line(&mut self, text: &str, place: Place) {
        self.push("\n");
        self.push(text);
        self.places.push(place);
    }
}
