//! The rows of a CSV (RFC 4180, as spreadsheets write it), one at a time, each with its line.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use csv::{ByteRecord, Position, ReaderBuilder, Terminator, Trim};

use crate::cli::exit::UsageError;

/// No row is longer than this: a quote that nobody closed makes one row of the rest of a file.
const MAX_ROW: u64 = 1 << 20;

/// The beginning of a file, by which its shape is found out.
const HEAD: u64 = 64 * 1024;

/// What to do about a file that is no UTF-8.
const ENCODING: &str = "spreadsheets often write `--encoding windows-1252`; rows that went in already are known again";

pub(super) struct Rows {
    pub header: Vec<String>,
    /// For messages.
    pub file: String,
    reader: csv::Reader<Bounded>,
    since_row: Rc<Cell<u64>>,
    record: ByteRecord,
    /// Lines before the header.
    skipped: u64,
    decoded: bool,
    unreadable: bool,
}

pub(super) struct Row {
    pub line: u64,
    /// An error where they are no text.
    pub cells: Result<Vec<String>, String>,
}

impl Rows {
    /// Reads the header. `decoded`: the operator said what the encoding is.
    pub(super) fn new(
        mut input: Box<dyn Read>,
        path: &Path,
        delimiter: Option<&str>,
        decoded: bool,
    ) -> Result<Self, UsageError> {
        let file = path.display().to_string();
        let cannot_read = |error: &dyn std::fmt::Display| UsageError(format!("cannot read `{file}`: {error}"));
        let mut head = Vec::new();
        input.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| cannot_read(&error))?;
        let shape = Shape::of(&mut head, delimiter)?;
        let since_row = Rc::new(Cell::new(0));
        let input = Bounded {
            input: Box::new(Cursor::new(head).chain(input)),
            since_row: since_row.clone(),
            returns: shape.returns,
        };
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .delimiter(shape.delimiter)
            // CR LF is left to `trim`: as a line end of its own it shifts the line numbers by one
            .terminator(Terminator::Any(b'\n'))
            .from_reader(input);
        let header = reader.byte_headers().map_err(|error| cannot_read(&error))?;
        let header = match text(header) {
            Some(header) if !header.iter().any(|title| title.contains(['\0', '\u{fffd}'])) => header,
            _ => {
                return Err(UsageError(format!(
                    "{file}:1: the header is not written in this encoding\n  hint: {ENCODING}"
                )));
            }
        };
        since_row.set(0);
        Ok(Self {
            header,
            file,
            reader,
            since_row,
            record: ByteRecord::new(),
            skipped: shape.skipped,
            decoded,
            unreadable: false,
        })
    }

    /// The next row; empty lines are none.
    ///
    /// # Errors
    /// Where the file cannot be read on. Nobody is subscribed then.
    pub(super) fn next(&mut self) -> Result<Option<Row>, UsageError> {
        loop {
            let more = self.reader.read_byte_record(&mut self.record).map_err(|error| {
                let line = self.reader.position().line() + self.skipped;
                UsageError(format!("{}:{line}: {error}; nobody was subscribed", self.file))
            })?;
            if !more {
                return Ok(None);
            }
            self.since_row.set(0);
            if self.record.len() == 1 && self.record[0].is_empty() {
                continue;
            }
            let line = self.record.position().map_or(0, Position::line) + self.skipped;
            let cells = text(&self.record).ok_or_else(|| "the row is no text in UTF-8".to_owned());
            self.unreadable |= cells.is_err();
            return Ok(Some(Row { line, cells }));
        }
    }

    /// What would help with rows that could not be read.
    pub(super) fn hint(&self) -> Option<String> {
        (self.unreadable && !self.decoded).then(|| ENCODING.to_owned())
    }
}

fn text(record: &ByteRecord) -> Option<Vec<String>> {
    record.iter().map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned)).collect()
}

/// How a file is written.
struct Shape {
    delimiter: u8,
    /// Lines end in CR alone, as Excel for the Mac writes them.
    returns: bool,
    skipped: u64,
}

impl Shape {
    /// Finds it out, and takes the line away with which Excel says what stands between cells (`sep=;`).
    fn of(head: &mut Vec<u8>, given: Option<&str>) -> Result<Self, UsageError> {
        let returns = head.contains(&b'\r') && !head.contains(&b'\n');
        let end = if returns { b'\r' } else { b'\n' };
        let mut shape = Self { delimiter: b',', returns, skipped: 0 };
        let first = head.split(|byte| *byte == end).next().unwrap_or_default();
        let told = match first.trim_ascii().trim_ascii_start() {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] => Some(*delimiter),
            _ => None,
        };
        if told.is_some() {
            let length = (first.len() + 1).min(head.len());
            head.drain(..length);
            shape.skipped = 1;
        }
        let header = head.split(|byte| *byte == end).next().unwrap_or_default();
        shape.delimiter = match given {
            Some("tab" | "\\t") => b'\t',
            Some(one) if one.len() == 1 && !matches!(one.as_bytes()[0], b'"' | b'\r' | b'\n') => one.as_bytes()[0],
            Some(other) => {
                return Err(UsageError(format!(
                    "`{other}` cannot stand between cells\n  hint: one character, or `tab`"
                )));
            }
            None => told.unwrap_or_else(|| delimiter(header)),
        };
        Ok(shape)
    }
}

/// What stands between the titles: spreadsheets put semicolons where the comma is the decimal sign, some put tabs.
fn delimiter(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0_usize; 256];
    for byte in header {
        quoted ^= *byte == b'"';
        counts[usize::from(*byte)] += usize::from(!quoted);
    }
    // of equals the last one wins
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|byte| counts[usize::from(*byte)]).unwrap_or(b',')
}

/// Fails where a row does not end, before it is all in memory.
struct Bounded {
    input: Box<dyn Read>,
    since_row: Rc<Cell<u64>>,
    returns: bool,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row.get() > MAX_ROW {
            return Err(io::Error::other("the row does not end: is there a quote that nobody closed?"));
        }
        let read = self.input.read(buffer)?;
        self.since_row.set(self.since_row.get() + read as u64);
        if self.returns {
            buffer[..read].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(csv: &str) -> Vec<(u64, Vec<String>)> {
        let input = Box::new(Cursor::new(csv.as_bytes().to_vec()));
        let mut rows = Rows::new(input, Path::new("list.csv"), None, false).expect("a list");
        let mut all = vec![(0, rows.header.clone())];
        while let Some(row) = rows.next().expect("a row") {
            all.push((row.line, row.cells.expect("text")));
        }
        all
    }

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn what_stands_between_cells_and_lines_is_found_out() {
        for csv in [
            "email,name\na@b.fr,Ada\n",
            "email;name\r\na@b.fr;Ada\r\n",
            "\"email\"\t\"name\"\r\na@b.fr\tAda",
            "email|name\na@b.fr|Ada\n",
            "email,name\ra@b.fr,Ada\r",
            "\"email\",\"name\"\n\"a@b.fr\",\"Ada\"",
        ] {
            assert_eq!(all(csv), [(0, cells(&["email", "name"])), (2, cells(&["a@b.fr", "Ada"]))], "{csv:?}");
        }
        let told = all("sep=;\r\nemail;name, first\r\na@b.fr;Ada\r\n");
        assert_eq!(told, [(0, cells(&["email", "name, first"])), (3, cells(&["a@b.fr", "Ada"]))]);
    }

    #[test]
    fn a_quote_that_nobody_closed_is_told_and_not_kept_in_memory() {
        let csv = format!("email\na@b.fr\n\"{}", "b@b.fr\n".repeat(1 << 18));
        let input = Box::new(Cursor::new(csv.into_bytes()));
        let mut rows = Rows::new(input, Path::new("list.csv"), None, false).expect("a list");
        assert!(rows.next().expect("a row").is_some());
        let Err(error) = rows.next() else { panic!("a row") };
        assert!(error.to_string().contains("a quote that nobody closed"), "{error}");
    }
}
