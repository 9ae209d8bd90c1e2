//! iCalendar as the strictest clients read it: content lines of RFC 5545 §3.1 (`line`), values of the types their properties
//! have (`value`), balanced components with what each must have.

mod line;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{HashMap, HashSet};

use self::line::{Line, parse, unfold};
use super::{Fault, Ids, utf_8};
use crate::output::calendar::MAX_BYTES;

/// A component that is open.
struct Open<'a> {
    name: &'a str,
    line: usize,
    /// How often each property stands in it, and its first value.
    properties: HashMap<&'a str, (usize, String)>,
    children: usize,
}

/// Properties that a component has exactly once.
fn required(component: &str) -> &'static [&'static str] {
    match component {
        "VCALENDAR" => &["PRODID", "VERSION", "METHOD"],
        "VEVENT" => &["UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE"],
        "VTIMEZONE" => &["TZID"],
        "STANDARD" | "DAYLIGHT" => &["DTSTART", "TZOFFSETFROM", "TZOFFSETTO"],
        _ => &[],
    }
}

/// What a component stands in (§3.6); `None` for one no calendar of ours has.
fn parent(component: &str) -> Option<&'static str> {
    match component {
        "VEVENT" | "VTIMEZONE" => Some("VCALENDAR"),
        "STANDARD" | "DAYLIGHT" => Some("VTIMEZONE"),
        _ => None,
    }
}

/// Properties that a component has at most once (§3.6.1; RFC 7986 §4).
const AT_MOST_ONCE: &[&str] = &[
    "COLOR",
    "CREATED",
    "DESCRIPTION",
    "DTEND",
    "GEO",
    "LAST-MODIFIED",
    "LOCATION",
    "ORGANIZER",
    "REFRESH-INTERVAL",
    "RRULE",
    "SOURCE",
    "STATUS",
    "TRANSP",
    "URL",
];

/// Checks a `calendar.ics` or an event's own file.
pub fn check_calendar(document: &[u8]) -> Result<(), Fault> {
    if document.len() > MAX_BYTES {
        return Err(Fault::new(1, format!("{} bytes, {MAX_BYTES} are allowed", document.len())));
    }
    let text = utf_8(document)?;
    read(text).map_err(|fault| {
        let item = uid_around(text, fault.line);
        fault.in_item(item.as_deref())
    })
}

fn read(text: &str) -> Result<(), Fault> {
    let lines = unfold(text)?;
    let mut reader = Reader::default();
    for (number, line) in &lines {
        reader.read(&parse(*number, line)?)?;
    }
    reader.finish()
}

/// The UID of the event a line is in, looked for as text: the calendar is broken, and only the message depends on it.
fn uid_around(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().take(line).rposition(|line| *line == "BEGIN:VEVENT")?;
    let end = lines.iter().skip(begin).position(|line| *line == "END:VEVENT").map_or(lines.len(), |end| begin + end);
    let event = lines.get(begin..=end.min(lines.len() - 1))?.join("\n").replace("\n ", "");
    let uid = event.lines().find_map(|line| line.strip_prefix("UID:"))?;
    (line <= end + 1).then(|| uid.to_owned())
}

#[derive(Default)]
struct Reader<'a> {
    open: Vec<Open<'a>>,
    zones: HashSet<String>,
    uids: Ids,
    calendars: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, line: &Line<'a>) -> Result<(), Fault> {
        match line.name {
            "BEGIN" => self.begin(line),
            "END" => self.end(line),
            _ => self.property(line),
        }
    }

    fn begin(&mut self, line: &Line<'a>) -> Result<(), Fault> {
        match self.open.last_mut() {
            Some(open) if parent(line.value) == Some(open.name) => open.children += 1,
            Some(open) => return Err(line.fault(format!("`{}` has no place in a {}", line.value, open.name))),
            None if line.value == "VCALENDAR" => self.calendars += 1,
            None => return Err(Fault::new(line.number, format!("`{}` stands outside a calendar", line.value))),
        }
        self.open.push(Open { name: line.value, line: line.number, properties: HashMap::new(), children: 0 });
        Ok(())
    }

    fn end(&mut self, line: &Line<'a>) -> Result<(), Fault> {
        let fault = |what: String| Fault::new(line.number, what);
        let Some(open) = self.open.pop().filter(|open| open.name == line.value) else {
            return Err(fault(format!("`END:{}` ends nothing that is open", line.value)));
        };
        for name in required(open.name) {
            let count = open.properties.get(name).map_or(0, |(count, _)| *count);
            if count != 1 {
                return Err(fault(format!("the {} of line {} has {count} {name}, not one", open.name, open.line)));
            }
        }
        if let Some(name) = AT_MOST_ONCE.iter().find(|name| open.properties.get(*name).is_some_and(|(n, _)| *n > 1)) {
            return Err(fault(format!("the {} of line {} has more than one {name}", open.name, open.line)));
        }
        if open.children == 0 && matches!(open.name, "VCALENDAR" | "VTIMEZONE") {
            return Err(fault(format!("the {} of line {} is empty", open.name, open.line)));
        }
        let value = |name: &str| open.properties.get(name).map(|(_, value)| value.as_str());
        match (open.name, value("DTSTART"), value("DTEND")) {
            ("VTIMEZONE", ..) if !self.zones.insert(value("TZID").unwrap_or_default().to_owned()) => {
                Err(fault(format!("the zone of line {} is defined twice", open.line)))
            }
            // values of one shape and zone, so that letters compare as times do
            ("VEVENT", Some(start), Some(end)) if start.len() != end.len() || end <= start => {
                Err(fault(format!("the event ends at {end}, not after its start at {start}")))
            }
            _ => Ok(()),
        }
    }

    fn property(&mut self, line: &Line<'a>) -> Result<(), Fault> {
        let Some(open) = self.open.last_mut() else {
            return Err(Fault::new(line.number, format!("`{}` stands outside a calendar", line.name)));
        };
        let first = open.properties.entry(line.name).or_insert_with(|| (0, line.value.to_owned()));
        first.0 += 1;
        if open.name == "VEVENT" && line.name == "UID" {
            self.uids.take(line.value).map_err(|what| Fault::new(line.number, what))?;
        }
        if let Some(zone) = line.parameter("TZID").filter(|zone| !self.zones.contains(*zone)) {
            return Err(line.fault(format!("the time zone `{zone}` is not defined before its use")));
        }
        value::check(line)
    }

    fn finish(self) -> Result<(), Fault> {
        if let Some(open) = self.open.last() {
            return Err(Fault::new(open.line, format!("the {} is never ended", open.name)));
        }
        if self.calendars == 1 { Ok(()) } else { Err(Fault::new(1, format!("{} calendars, not one", self.calendars))) }
    }
}
