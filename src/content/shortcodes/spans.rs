//! Where text is code within its lines, and where it ends.

use super::Flavour;
use super::code::{begins_block, element, line_at};

/// Elements whose inside stays as it is.
const HTML_CODE: &[&str] = &["pre", "code", "script", "style"];

/// Finds code within text, with what it learns kept so that no part of the source is searched again and again.
pub(super) struct Spans<'a> {
    source: &'a str,
    flavour: Flavour,
    /// No text runs over this place: a blank line or the beginning of a block.
    block_end: usize,
    blank_line: usize,
    /// The next `}}` and `%}`.
    closings: [usize; 2],
    missing: Vec<&'static str>,
}

impl<'a> Spans<'a> {
    pub fn new(source: &'a str, flavour: Flavour) -> Self {
        Self { source, flavour, block_end: 0, blank_line: 0, closings: [0; 2], missing: Vec::new() }
    }

    fn block_end(&mut self, at: usize) -> usize {
        if self.block_end <= at {
            let ends = |line: &str| {
                let text = line.trim_start_matches(['>', ' ', '\t']);
                text.trim().is_empty() || begins_block(text)
            };
            self.block_end = self.next_line(at, ends);
        }
        self.block_end
    }

    /// The beginning of the next blank line behind `at`.
    pub fn blank_line(&mut self, at: usize) -> usize {
        if self.blank_line <= at {
            self.blank_line = self.next_line(at, |line| line.trim_start_matches(['>', ' ', '\t']).trim().is_empty());
        }
        self.blank_line
    }

    /// Where the next closing mark behind `at` is, or the end.
    pub fn closing(&mut self, at: usize, mark: &str) -> usize {
        let known = &mut self.closings[usize::from(mark == "%}")];
        if *known <= at {
            *known = self.source[at..].find(mark).map_or(self.source.len(), |found| at + found);
        }
        *known
    }

    fn next_line(&self, at: usize, is_meant: impl Fn(&str) -> bool) -> usize {
        let mut at = at + line_at(self.source, at).len();
        while at < self.source.len() && !is_meant(line_at(self.source, at)) {
            at += line_at(self.source, at).len();
        }
        at
    }

    /// The end of the code span, or else of the run of backticks, that begins at `at`; and whether it is code.
    pub fn backticks(&mut self, at: usize) -> (usize, bool) {
        let run = self.source[at..].bytes().take_while(|b| *b == b'`').count();
        let begin = at + run;
        let end = self.block_end(at).max(begin);
        let text = &self.source[begin..end];
        let closing = match self.flavour {
            Flavour::Liquid => {
                let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
                let lone = run == 1
                    && blank(self.source[..at].chars().next_back())
                    && blank(self.source[begin..].chars().next());
                if lone { None } else { text.find(&self.source[at..begin]) }
            }
            _ => run_of(text, run),
        };
        closing.map_or((begin, false), |closing| (begin + closing + run, true))
    }

    /// The end of an element of HTML whose inside is code.
    pub fn html(&mut self, at: usize) -> Option<usize> {
        let name = element(&self.source[at + 1..]);
        let name = HTML_CODE.iter().find(|known| **known == name)?;
        if !self.source[at + 1 + name.len()..].starts_with(['>', ' ', '\t', '\n']) || self.missing.contains(name) {
            return None;
        }
        let limit = if *name == "code" { self.block_end(at) } else { self.source.len() };
        let inside = &self.source[at..limit];
        let end = inside.match_indices("</").map(|(end, _)| end).find(|end| element(&inside[end + 2..]) == *name);
        if end.is_none() && limit == self.source.len() {
            self.missing.push(name);
        }
        end.map(|end| at + end + 2 + name.len())
    }
}

/// Where the next run of exactly `len` backticks begins.
fn run_of(text: &str, len: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        at += found;
        let run = text[at..].bytes().take_while(|b| *b == b'`').count();
        if run == len {
            return Some(at);
        }
        at += run;
    }
    None
}
