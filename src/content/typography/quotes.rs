//! Which straight quotes belong together, and which are apostrophes or inches.

use super::languages::Habits;
use super::{Char, END, Keep, at, is_blank};

const APOSTROPHE: char = '’';

/// Replaces straight quotes, one character by one.
pub(super) fn bend(chars: &mut [Char], habits: &Habits) {
    let mut bender = Bender { chars, habits, open: Vec::new(), doubles: Vec::new() };
    for index in 0..bender.chars.len() {
        let Char { c, keep, .. } = bender.chars[index];
        match c {
            END => bender.give_up(0),
            '"' if keep == Keep::Nothing => bender.double(index),
            '\'' if keep == Keep::Nothing => bender.single(index),
            _ => {}
        }
    }
    bender.give_up(0);
}

struct Bender<'a> {
    chars: &'a mut [Char],
    habits: &'a Habits,
    /// Quotes that may yet be closed, by their place; they are still straight.
    open: Vec<usize>,
    /// Which of them are double, by their place in `open`.
    doubles: Vec<usize>,
}

impl Bender<'_> {
    fn around(&self, index: usize) -> (char, char) {
        (at(self.chars, index.checked_sub(1)), at(self.chars, Some(index + 1)))
    }

    fn put(&mut self, index: usize, c: char) {
        self.chars[index].c = c;
    }

    /// Whether what stands before lets a quote open.
    fn may_open_after(&self, prev: char, index: usize) -> bool {
        is_blank(prev)
            || "([{-–—/=<>|…«“„‘‚‹\u{a0}\u{202f}".contains(prev)
            || self.open.last().is_some_and(|open| open + 1 == index)
    }

    fn double(&mut self, index: usize) {
        let (prev, next) = self.around(index);
        let opens = self.may_open_after(prev, index);
        let ends = is_blank(next) || ".,;:!?)]}»”".contains(next);
        match self.doubles.last().copied() {
            Some(level) if !opens || ends => self.close_double(level, index),
            None if prev == APOSTROPHE && next.is_alphanumeric() => self.open_double(index),
            _ if opens => self.open_double(index),
            // inches
            _ => {}
        }
    }

    fn open_double(&mut self, index: usize) {
        self.doubles.push(self.open.len());
        self.open.push(index);
    }

    fn close_double(&mut self, level: usize, index: usize) {
        self.give_up(level + 1);
        self.doubles.pop();
        let pair = if self.doubles.is_empty() { self.habits.outer } else { self.habits.inner };
        if let Some(open) = self.open.pop() {
            self.put(open, pair[0]);
        }
        self.put(index, pair[1]);
    }

    fn single(&mut self, index: usize) {
        let (prev, next) = self.around(index);
        let innermost_is_single = !self.open.is_empty() && self.doubles.last() != Some(&(self.open.len() - 1));
        if prev.is_ascii_digit() && (next.is_ascii_digit() || !innermost_is_single && !next.is_alphanumeric()) {
            // feet, minutes
        } else if innermost_is_single && !is_blank(prev) && !next.is_alphanumeric() {
            let open = self.open.pop().unwrap_or(index);
            self.put(open, self.habits.inner[0]);
            self.put(index, self.habits.inner[1]);
        } else if self.may_open_after(prev, index) && !is_blank(next) {
            self.open.push(index);
        } else {
            self.put(index, APOSTROPHE);
        }
    }

    /// What was not closed from some level on: a single quote was an apostrophe, a double one opens a quotation that goes
    /// on in the next paragraph.
    fn give_up(&mut self, level: usize) {
        while self.open.len() > level {
            let Some(index) = self.open.pop() else { return };
            let is_double = self.doubles.last() == Some(&self.open.len());
            if !is_double {
                self.put(index, APOSTROPHE);
                continue;
            }
            self.doubles.pop();
            if !is_blank(at(self.chars, Some(index + 1))) {
                let pair = if self.doubles.is_empty() { self.habits.outer } else { self.habits.inner };
                self.put(index, pair[0]);
            }
        }
    }
}
