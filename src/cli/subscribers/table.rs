//! Subscriptions written out: for a terminal, as CSV that is safe in a spreadsheet, as JSON.

use std::io::{self, Write};

use clap::ValueEnum;

use crate::model::subscription::Subscription;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns between tabs: address, newsletter, status, since, name
    Tsv,
    /// With a header; `import` reads it
    Csv,
    /// An array
    Json,
}

/// Writes subscriptions one by one, however many there are.
pub(super) struct Table<W: Write> {
    out: W,
    format: Format,
    rows: u64,
}

/// The columns of a CSV, by the names `import` knows them.
const COLUMNS: [&str; 10] =
    ["email", "name", "lang", "newsletter", "topics", "status", "since", "created", "unsubscribed", "consent"];

impl<W: Write> Table<W> {
    pub(super) fn new(out: W, format: Format) -> io::Result<Self> {
        let mut table = Self { out, format, rows: 0 };
        match format {
            Format::Tsv => {}
            Format::Csv => table.csv_row(&COLUMNS.map(str::to_owned))?,
            Format::Json => table.out.write_all(b"[")?,
        }
        Ok(table)
    }

    pub(super) fn row(&mut self, one: &Subscription) -> io::Result<()> {
        match self.format {
            Format::Tsv => {
                let cells = [
                    one.address.as_str(),
                    &one.newsletter,
                    one.status.as_str(),
                    &since(one),
                    one.name.as_deref().unwrap_or(""),
                ];
                writeln!(self.out, "{}", cells.map(for_terminal).join("\t"))?;
            }
            Format::Csv => self.csv_row(&cells(one))?,
            Format::Json => {
                self.out.write_all(if self.rows == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut self.out, one)?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the document and hands back how many rows it has.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)> {
        if self.format == Format::Json {
            self.out.write_all(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()?;
        Ok((self.out, self.rows))
    }

    /// All cells in quotes: none can end early, whatever stands in it (RFC 4180 §2).
    fn csv_row(&mut self, cells: &[String]) -> io::Result<()> {
        let quoted: Vec<String> =
            cells.iter().map(|cell| format!("\"{}\"", for_spreadsheet(cell).replace('"', "\"\""))).collect();
        write!(self.out, "{}\r\n", quoted.join(","))
    }
}

fn since(one: &Subscription) -> String {
    one.unsubscribed.or(one.confirmed).unwrap_or(one.created).format("%F").to_string()
}

fn cells(one: &Subscription) -> [String; 10] {
    [
        one.address.as_str().to_owned(),
        one.name.clone().unwrap_or_default(),
        one.lang.clone(),
        one.newsletter.clone(),
        one.topics.join(";"),
        one.status.as_str().to_owned(),
        one.confirmed.map(|at| at.to_rfc3339()).unwrap_or_default(),
        one.created.to_rfc3339(),
        one.unsubscribed.map(|at| at.to_rfc3339()).unwrap_or_default(),
        one.consent_source.clone(),
    ]
}

/// Shows control characters, and what would turn the line around, as escapes: a terminal would obey them.
pub(super) fn for_terminal(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if obeyed(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// With an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection): at the beginning, and after
/// whatever another spreadsheet might take for the end of a cell.
pub(super) fn for_spreadsheet(cell: &str) -> String {
    parts(cell).map(|part| if is_formula(part) { format!("'{part}") } else { part.to_owned() }).collect()
}

/// What `for_spreadsheet` was given.
pub(super) fn from_spreadsheet(cell: &str) -> String {
    parts(cell).map(|part| part.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(part)).collect()
}

/// Each with the separator it ends in.
fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split_inclusive([',', ';', '\t', '|', '\n', '\r'])
}

/// Quotes and blanks at its beginning hide nothing. The wide ones are read like the others in some countries.
fn is_formula(part: &str) -> bool {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    part.starts_with(begins) || part.trim_start_matches([' ', '\u{a0}', '"', '\'']).starts_with(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_is_lost() {
        for (cell, shown) in [
            ("Ada", "Ada"),
            ("", ""),
            ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"),
            ("+33 1", "'+33 1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            (" =1", "' =1"),
            ("\"=1", "'\"=1"),
            ("'=1", "''=1"),
            ("＝1", "'＝1"),
            ("a;=1", "a;'=1"),
            ("a\",=1", "a\",'=1"),
            ("Jean-Luc, l'ami = +1", "Jean-Luc, l'ami = +1"),
            ("'quoted'", "'quoted'"),
        ] {
            assert_eq!(for_spreadsheet(cell), shown, "{cell:?}");
            assert_eq!(from_spreadsheet(shown), cell, "{shown:?}");
        }
    }

    #[test]
    fn a_terminal_obeys_nobodys_name() {
        assert_eq!(for_terminal("Zoë\u{1b}[2J\u{202e}\t"), "Zoë\\u{1b}[2J\\u{202e}\\u{9}");
    }
}
