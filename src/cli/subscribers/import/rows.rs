//! The rows of a CSV (RFC 4180, as spreadsheets write it), one at a time, each with its line.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::path::Path;

use super::record::{Fed, LONGEST, Record, Use};
use crate::cli::exit::UsageError;

/// The beginning of a file, by which its shape is found out.
const HEAD: u64 = 64 * 1024;

/// What to do about a file that is no UTF-8.
const ENCODING: &str = "spreadsheets often write `--encoding windows-1252`";

/// How the files of spreadsheets begin that are no text: .xlsx and .ods (a ZIP), .xls.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

const UNCLOSED: &str = "a quote that nobody closed begins here; the lines below are read as rows of their own";
const OTHERWISE: &str = "the row has other cells than the header, below a quote that nobody closed";

pub(super) struct Rows {
    pub header: Vec<String>,
    /// For messages.
    pub file: String,
    lines: Lines,
    delimiter: u8,
    /// By column.
    uses: Vec<Use>,
    /// A quote was not closed: what follows may be what stood within a cell, so only rows with the header's cells are believed.
    doubted: bool,
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
        mut input: Box<dyn Read + Send>,
        path: &Path,
        delimiter: Option<&str>,
        decoded: bool,
    ) -> Result<Self, UsageError> {
        let file = path.display().to_string();
        let cannot_read = |error: &dyn std::fmt::Display| UsageError(format!("cannot read `{file}`: {error}"));
        let mut head = Vec::new();
        input.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| cannot_read(&error))?;
        if WORKBOOKS.iter().any(|workbook| head.starts_with(workbook)) {
            return Err(UsageError(format!("{file}: this is a spreadsheet's own file\n  hint: save it as CSV")));
        }
        let zeros = (!decoded).then(|| head.iter().position(|byte| *byte == 0)).flatten();
        let shape = Shape::of(&mut head, delimiter)?;
        let mut rows = Self {
            header: Vec::new(),
            file: file.clone(),
            lines: Lines::new(Box::new(Cursor::new(head).chain(input)), &shape),
            delimiter: shape.delimiter,
            uses: Vec::new(),
            doubted: false,
            decoded,
            unreadable: false,
        };
        match rows.next()?.map_or_else(|| Ok(Vec::new()), |row| row.cells) {
            Ok(header) if !header.iter().any(|title| title.contains(['\0', '\u{fffd}'])) => rows.header = header,
            Err(reason) if reason == UNCLOSED => {
                return Err(UsageError(format!("{file}:1: a quote that nobody closed begins here")));
            }
            _ => {
                let hint = match zeros {
                    Some(0) => "its bytes look like `--encoding utf-16be`",
                    Some(_) => "its bytes look like `--encoding utf-16le`",
                    None => ENCODING,
                };
                return Err(UsageError(format!(
                    "{file}:1: the header is not written in this encoding\n  hint: {hint}"
                )));
            }
        }
        Ok(rows)
    }

    /// Says what columns are for.
    pub(super) fn are_used(&mut self, used: impl Fn(usize) -> Use) {
        self.uses = (0..self.header.len()).map(used).collect();
    }

    /// The next row; one that is empty, as spreadsheets leave them at the end, is none. Below a quote that nobody closed it goes on with the next line.
    ///
    /// # Errors
    /// Where the file cannot be read on. Nobody is subscribed then.
    pub(super) fn next(&mut self) -> Result<Option<Row>, UsageError> {
        loop {
            let (mut record, mut taken) = (Record::new(), Vec::new());
            let first = self.lines.read + 1;
            let fed = loop {
                let Some(line) = self.lines.next().map_err(|reason| self.cannot_go_on(&reason))? else {
                    break if taken.is_empty() { return Ok(None) } else { record.end() };
                };
                let used = |column: usize| self.uses.get(column).copied().unwrap_or(Use::None);
                let fed = record.feed(&line, self.delimiter, used);
                taken.push(line);
                if fed != Fed::Open {
                    break fed;
                }
            };
            let unclosed = match fed {
                Fed::Unclosed(opened) => Some(opened),
                _ => record.swallowed(self.header.len()),
            };
            if let Some(opened) = unclosed {
                self.doubted = true;
                self.lines.again(taken.split_off(opened + 1));
                return Ok(Some(Row { line: self.lines.read, cells: Err(UNCLOSED.to_owned()) }));
            }
            if record.cells.iter().all(Vec::is_empty) {
                continue;
            }
            return Ok(Some(Row { line: first, cells: self.cells(record.cells) }));
        }
    }

    fn cells(&mut self, cells: Vec<Vec<u8>>) -> Result<Vec<String>, String> {
        if self.doubted && cells.len() != self.header.len() {
            return Err(OTHERWISE.to_owned());
        }
        let cells: Result<_, _> = cells.into_iter().map(String::from_utf8).collect();
        self.unreadable |= cells.is_err();
        cells.map_err(|_| "the row is no text in UTF-8".to_owned())
    }

    fn cannot_go_on(&self, reason: &str) -> UsageError {
        UsageError(format!("{}:{}: {reason}; nobody was subscribed", self.file, self.lines.read + 1))
    }

    /// What would help with rows that could not be read.
    pub(super) fn hint(&self) -> Option<&'static str> {
        (self.unreadable && !self.decoded).then_some(ENCODING)
    }
}

/// The lines of a file, some of which are read twice.
struct Lines {
    input: BufReader<Box<dyn Read + Send>>,
    end: u8,
    again: VecDeque<Vec<u8>>,
    /// How many there were.
    read: u64,
}

impl Lines {
    fn new(input: Box<dyn Read + Send>, shape: &Shape) -> Self {
        let end = if shape.returns { b'\r' } else { b'\n' };
        Self { input: BufReader::with_capacity(1 << 16, input), end, again: VecDeque::new(), read: shape.skipped }
    }

    /// With its end, which is LF whatever it is in the file.
    fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        if let Some(line) = self.again.pop_front() {
            self.read += 1;
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let read = self.input.by_ref().take(LONGEST as u64).read_until(self.end, &mut line);
        if read.map_err(|error| error.to_string())? == LONGEST && !line.ends_with(&[self.end]) {
            return Err("the line does not end: is this a list?".to_owned());
        }
        if self.end == b'\r' && line.ends_with(b"\r") {
            line.pop();
            line.push(b'\n');
        }
        self.read += u64::from(!line.is_empty());
        Ok(Some(line).filter(|line| !line.is_empty()))
    }

    fn again(&mut self, lines: Vec<Vec<u8>>) {
        self.read -= lines.len() as u64;
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }
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

    type Told = Vec<(u64, String)>;

    /// Lines of the rows that are read, and of those that are not with the reason.
    fn told(csv: &str) -> (Told, Told) {
        let input = Box::new(Cursor::new(csv.as_bytes().to_vec()));
        let mut rows = Rows::new(input, Path::new("list.csv"), None, false).expect("a list");
        rows.are_used(|column| if column == 0 { Use::Address } else { Use::Read });
        let (mut read, mut bad) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next().expect("a row") {
            match row.cells {
                Ok(cells) => read.push((row.line, cells[0].clone())),
                Err(reason) => bad.push((row.line, reason)),
            }
        }
        (read, bad)
    }

    #[test]
    fn a_quote_that_nobody_closed_costs_its_row_and_no_other() {
        let rows =
            |lines: &[u64]| -> Vec<(u64, String)> { lines.iter().map(|line| (*line, "a@b.fr".into())).collect() };
        let unclosed = |line: u64| vec![(line, UNCLOSED.to_owned())];
        for (csv, read, bad) in [
            ("email,name\na@b.fr,A\n\"b@b.fr,B\na@b.fr,C\na@b.fr,D\n", &[2, 4, 5][..], unclosed(3)),
            ("email,name\na@b.fr,A\nb@b.fr,\"B\na@b.fr,C\na@b.fr,D\n", &[2, 4, 5], unclosed(3)),
            ("email,name\na@b.fr,A\nb@b.fr,\"B\n\"a@b.fr\",\"C\"\na@b.fr,D\n", &[2, 4, 5], unclosed(3)),
            ("email,name\na@b.fr,A\n\"b@b.fr,\"B\"\na@b.fr,C", &[2, 4], vec![]),
            ("email,name\na@b.fr,\"of\ntwo\"\nb@b.fr,\"B\na@b.fr,\"D\nE\"\n", &[2, 5], unclosed(4)),
            ("email\na@b.fr\n\"b@b.fr", &[2], unclosed(3)),
            ("email\r\na@b.fr\r\n\"b@b.fr\r\na@b.fr\r\n", &[2, 4], unclosed(3)),
            ("email\ra@b.fr\r\"b@b.fr\ra@b.fr\r", &[2, 4], unclosed(3)),
        ] {
            let (got, told) = told(csv);
            let got: Vec<_> = got.into_iter().filter(|(_, cell)| cell == "a@b.fr").collect();
            assert_eq!((got, told), (rows(read), bad), "{csv:?}");
        }
    }

    /// As Alt and Enter make it in a spreadsheet.
    #[test]
    fn a_name_on_two_lines_is_one_name() {
        for csv in [
            "email,name,x\na@b.fr,\"Du\npont\",J\na@b.fr,B,x\n",
            "email,name,x\r\na@b.fr,\"Du\npont\",J\r\na@b.fr,B,x\r\n",
            "email,name,x\r\na@b.fr,\"Du \r\n\r\npont\" ,\"J\"\r\na@b.fr,B,x\r\n",
            "email,name,x\na@b.fr,J,\"Du\npont\"",
        ] {
            let input = Box::new(Cursor::new(csv.as_bytes().to_vec()));
            let mut rows = Rows::new(input, Path::new("list.csv"), None, false).expect("a list");
            rows.are_used(|column| if column == 0 { Use::Address } else { Use::Read });
            let cells = rows.next().expect("a row").expect("a row").cells.expect("text");
            let name = cells.iter().find(|cell| cell.starts_with("Du")).expect("a name");
            assert_eq!(name.split_whitespace().collect::<Vec<_>>(), ["Du", "pont"], "{csv:?}");
            assert!(!name.contains(['\r', '\n']) && cells.len() == 3, "{csv:?}");
        }
        let (read, bad) = told("email,name,x\na@b.fr,\"B\na@b.fr,C,c\na@b.fr,D\",d\na@b.fr,E,e\n");
        assert_eq!(bad, [(2, UNCLOSED.to_owned())], "closed by the quote of another row");
        assert_eq!(read.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 5]);
        let (_, bad) = told("email,name\na@b.fr,\"Du\npont\",J\n");
        assert_eq!(bad.first(), Some(&(2, UNCLOSED.to_owned())), "more cells than the header has");
    }

    /// A list of one long cell a row is no list of addresses: what stands on its lines is believed only where it has a row's shape.
    #[test]
    fn what_stands_in_a_cell_that_is_too_long_is_nobodys_row() {
        let csv = format!("email,note\na@b.fr,\"{}\"\na@b.fr,C\n", "x@y.fr\n".repeat(40));
        let (read, bad) = told(&csv);
        assert_eq!(read.last(), Some(&(43, "a@b.fr".to_owned())));
        assert!(read.iter().all(|(_, cell)| cell == "a@b.fr"), "{read:?}");
        assert_eq!(bad.first(), Some(&(2, UNCLOSED.to_owned())));
    }

    #[test]
    fn hundreds_of_thousands_below_an_open_quote_go_in() {
        let csv = format!("email\na@b.fr\n\"{}", "b@b.fr\n".repeat(1 << 18));
        let (read, bad) = told(&csv);
        assert_eq!((read.len(), bad), (1 << 18, vec![(3, UNCLOSED.to_owned())]));
    }

    #[test]
    fn a_line_without_end_is_not_kept_in_memory() {
        let input = Box::new(Cursor::new(b"email\na@b.fr\n".to_vec()).chain(std::io::repeat(b'x')));
        let mut rows = Rows::new(input, Path::new("list.csv"), None, false).expect("a list");
        assert!(rows.next().expect("a row").is_some());
        let Err(error) = rows.next() else { panic!("a row") };
        assert!(error.to_string().starts_with("list.csv:3: the line does not end"), "{error}");
    }
}
