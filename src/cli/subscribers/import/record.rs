//! One row of a CSV (RFC 4180 §2), put together from lines: a cell in quotes may hold line ends.
//!
//! As spreadsheets and the csv crate read them: a quote counts at the beginning of a cell only, blanks around a cell are
//! none of it. What no list means to say is told: a quote that nobody closed, which would make one cell of the rows below. A
//! name on two lines is none, where all of its row is as it should be.

/// More lines than these in one cell are other people's rows.
const MOST_LINES: usize = 20;
/// No row is longer than this, in bytes.
pub(super) const LONGEST: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    Whole,
    /// The row goes on with the next line.
    Open,
    /// A quote is open since the line of this index among those of the row, and nobody closed it.
    Unclosed(usize),
}

/// What a column is to its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Holds no line end in any list.
    Address,
    /// Is read: a line end in it is a blank.
    Read,
    /// Holds whatever it holds.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    Plain,
    Quoted,
    /// After a quote within quotes: the first of two, or the last one.
    Closing,
}

#[derive(Debug)]
pub(super) struct Record {
    pub cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    place: Place,
    /// Lines of this row so far, and the one at which the present cell's quote opened.
    lines: usize,
    opened: usize,
    bytes: usize,
    /// Cells that are read and that several lines are in, each with the line at which its quote opened.
    folded: Vec<(usize, usize)>,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            cells: Vec::new(),
            cell: Vec::new(),
            place: Place::Beginning,
            lines: 0,
            opened: 0,
            bytes: 0,
            folded: Vec::new(),
        }
    }

    /// Takes one line, with its end.
    pub(super) fn feed(&mut self, line: &[u8], delimiter: u8, used: impl Fn(usize) -> Use) -> Fed {
        self.bytes += line.len();
        for byte in line {
            if !self.take(*byte, delimiter) {
                return Fed::Unclosed(self.opened);
            }
        }
        self.lines += 1;
        if self.place != Place::Quoted {
            self.end_cell();
            return Fed::Whole;
        }
        let too_many = self.lines - self.opened > MOST_LINES || self.bytes > LONGEST;
        let used = used(self.cells.len());
        if too_many || used == Use::Address {
            return Fed::Unclosed(self.opened);
        }
        if used == Use::Read {
            self.fold();
        }
        Fed::Open
    }

    fn fold(&mut self) {
        let text = self.cell.trim_ascii_end().len();
        self.cell.truncate(text);
        self.cell.push(b' ');
        let place = (self.cells.len(), self.opened);
        if self.folded.last() != Some(&place) {
            self.folded.push(place);
        }
    }

    /// The line at which a quote opened that took in other people's rows: each has an address, which no name has, or leaves this
    /// row with other cells than the header's.
    pub(super) fn swallowed(&self, width: usize) -> Option<usize> {
        let is_doubtful = |column: usize| self.cells.get(column).is_none_or(|cell| cell.contains(&b'@'));
        let wrong = |(column, _): &&(usize, usize)| self.cells.len() != width || is_doubtful(*column);
        self.folded.iter().find(wrong).map(|(_, opened)| *opened)
    }

    /// There is no further line.
    pub(super) fn end(&self) -> Fed {
        Fed::Unclosed(self.opened)
    }

    /// `false` where a quote that opened on an earlier line is followed by what cannot follow it: it is rather the first one
    /// of another row.
    fn take(&mut self, byte: u8, delimiter: u8) -> bool {
        match (self.place, byte) {
            (Place::Beginning, b'"') => {
                self.opened = self.lines;
                self.place = Place::Quoted;
            }
            (Place::Quoted, b'"') => self.place = Place::Closing,
            (Place::Closing, b'"') => {
                self.cell.push(b'"');
                self.place = Place::Quoted;
            }
            (Place::Quoted, _) => self.cell.push(byte),
            (_, b'\n') => {}
            (_, byte) if byte == delimiter => self.end_cell(),
            (Place::Closing, b' ' | b'\t' | b'\r') => {}
            (Place::Closing, _) if self.opened < self.lines => return false,
            (_, _) => {
                self.place = Place::Plain;
                self.cell.push(byte);
            }
        }
        true
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        self.cells.push(if cell.trim_ascii().len() == cell.len() { cell } else { cell.trim_ascii().to_vec() });
        self.place = Place::Beginning;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(rows: &str) -> (Fed, Vec<String>) {
        let (mut record, mut fed) = (Record::new(), Fed::Open);
        for line in rows.split_inclusive('\n') {
            assert_eq!(fed, Fed::Open, "{rows:?}");
            fed = record.feed(line.as_bytes(), b',', |index| if index == 0 { Use::Address } else { Use::None });
        }
        (fed, record.cells.into_iter().map(|cell| String::from_utf8(cell).expect("text")).collect())
    }

    /// What is no fault is read as another reader has it.
    #[test]
    fn rows_are_read_as_the_csv_crate_reads_them() {
        for row in [
            "a@b.fr,Ada\n",
            "a@b.fr , Ada \r\n",
            "\"a@b.fr\",\"Ada \"\"L\"\" O\"\r\n",
            "\"a@b.fr\" , \"Ada\"\n",
            "a@b.fr,\"two\nlines, and\r\nthree\",x\n",
            "a@b.fr,\"\"\n",
            "a@b.fr,\"\"\"\"\n",
            "a@b.fr,5\" disk,\"a\"b\n",
            "a@b.fr,\"a\"b\"c\n",
            ",,\n",
            "a@b.fr",
            "a@b.fr,\"Ada\"",
        ] {
            let mut reader = csv::ReaderBuilder::new();
            let reader = reader.has_headers(false).trim(csv::Trim::All).terminator(csv::Terminator::Any(b'\n'));
            let mut records = reader.from_reader(row.as_bytes()).into_records();
            let record = records.next().expect("a row").expect("text");
            assert_eq!(fed(row), (Fed::Whole, record.iter().map(str::to_owned).collect()), "{row:?}");
            assert!(records.next().is_none(), "{row:?}");
        }
    }

    #[test]
    fn a_quote_that_nobody_closed_is_told_from_a_cell_of_several_lines() {
        let notes = |lines: usize| format!("a@b.fr,\"{}\"\n", "x\n".repeat(lines));
        assert_eq!(fed(&notes(MOST_LINES - 1)).0, Fed::Whole);
        assert_eq!(fed(&notes(MOST_LINES)).0, Fed::Whole);
        assert_eq!(fed(&notes(MOST_LINES + 1)[..50]).0, Fed::Unclosed(0));
        for (rows, fault) in [
            ("\"a@b.fr,Ada\n", Fed::Unclosed(0)),
            ("a@b.fr,\"Ada\nb@b.fr,\"Bea\"\n", Fed::Unclosed(0)),
            ("a@b.fr,\"Ada\n\"b@b.fr\",\"Bea\"\n", Fed::Unclosed(0)),
            ("a@b.fr,\"two\nlines\",\"Ada\n\"b@b.fr\",Bea\n", Fed::Unclosed(1)),
            ("a@b.fr,\"two\nlines\",\"Ada\n", Fed::Open),
        ] {
            assert_eq!(fed(rows).0, fault, "{rows:?}");
        }
    }
}
