//! Content lines (RFC 5545 §3.1): folded octets → name, parameters and value.

use super::super::Fault;

/// Octets a line may have, without its end.
const LIMIT: usize = 75;

/// A content line, unfolded.
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) name: &'a str,
    pub(super) parameters: Vec<(&'a str, &'a str)>,
    pub(super) value: &'a str,
}

impl<'a> Line<'a> {
    /// A parameter's value, without its quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"'))
    }

    pub(super) fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(self.number, what)
    }
}

/// Joins folded lines; each physical line is checked for its end, its length and control characters.
pub(super) fn unfold(text: &str) -> Result<Vec<(usize, String)>, Fault> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let text = text.strip_suffix("\r\n").ok_or_else(|| Fault::new(1, "the last line has no CRLF"))?;
    for (number, line) in (1..).zip(text.split("\r\n")) {
        if line.len() > LIMIT {
            return Err(Fault::new(number, format!("the line has {} octets, {LIMIT} are allowed", line.len())));
        }
        if let Some(control) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return Err(Fault::new(number, format!("the line has a control character, U+{:04X}", u32::from(control))));
        }
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some((_, last))) => last.push_str(more),
            (Some(_), None) => return Err(Fault::new(number, "the first line continues nothing")),
            (None, _) => lines.push((number, line.to_owned())),
        }
    }
    Ok(lines)
}

/// `name *(";" param) ":" value` (§3.1); a parameter in double quotes may hold `;`, `:` and `,`.
pub(super) fn parse(number: usize, line: &str) -> Result<Line<'_>, Fault> {
    let mut quoted = false;
    let mut cuts = Vec::new();
    let mut colon = None;
    for (index, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => cuts.push(index),
            ':' if !quoted => {
                colon = Some(index);
                break;
            }
            _ => {}
        }
    }
    let colon = colon.ok_or_else(|| Fault::new(number, format!("`{}` is no property", start_of(line))))?;
    cuts.push(colon);
    let name = &line[..cuts[0]];
    if !is_name(name) {
        return Err(Fault::new(number, format!("`{}` is no name of a property", start_of(name))));
    }
    let parameters = cuts.windows(2).map(|cut| parameter(&line[cut[0] + 1..cut[1]]));
    let parameters: Option<Vec<_>> = parameters.collect();
    let parameters =
        parameters.ok_or_else(|| Fault::new(number, format!("`{name}` has a parameter without a value")))?;
    Ok(Line { number, name, parameters, value: &line[colon + 1..] })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// `NAME=value`, the value quoted as a whole or not at all (§3.2).
fn parameter(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let inner = value.strip_prefix('"').map_or(Some(value), |value| value.strip_suffix('"'))?;
    (is_name(name) && !value.is_empty() && !inner.contains('"')).then_some((name, value))
}

fn start_of(line: &str) -> String {
    line.chars().take(20).collect()
}
