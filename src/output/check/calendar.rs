//! iCalendar as the strictest clients read it: content lines of RFC 5545 §3.1, balanced components, what each must have.

use std::collections::{HashMap, HashSet};

use super::{Fault, Ids, utf_8};

/// Octets a line may have, without its end.
const LIMIT: usize = 75;

/// A content line, unfolded.
struct Line<'a> {
    number: usize,
    name: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    value: &'a str,
}

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
        "VCALENDAR" => &["PRODID", "VERSION"],
        "VEVENT" => &["UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE"],
        "VTIMEZONE" => &["TZID"],
        "STANDARD" | "DAYLIGHT" => &["DTSTART", "TZOFFSETFROM", "TZOFFSETTO"],
        _ => &[],
    }
}

/// Properties that a component has at most once (§3.6.1).
const AT_MOST_ONCE: &[&str] =
    &["CREATED", "DESCRIPTION", "DTEND", "LAST-MODIFIED", "LOCATION", "METHOD", "RRULE", "STATUS", "TRANSP", "URL"];

/// Checks a `calendar.ics` or an event's own file.
pub fn check_calendar(document: &[u8]) -> Result<(), Fault> {
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

/// Joins folded lines; each physical line is checked for its end, its length and control characters.
fn unfold(text: &str) -> Result<Vec<(usize, String)>, Fault> {
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
fn parse(number: usize, line: &str) -> Result<Line<'_>, Fault> {
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
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Fault::new(number, format!("`{}` is no name of a property", start_of(name))));
    }
    let parameters = cuts.windows(2).map(|cut| {
        line[cut[0] + 1..cut[1]]
            .split_once('=')
            .ok_or_else(|| Fault::new(number, format!("`{name}` has a parameter without a value")))
    });
    Ok(Line { number, name, parameters: parameters.collect::<Result<_, _>>()?, value: &line[colon + 1..] })
}

fn start_of(line: &str) -> String {
    line.chars().take(20).collect()
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
            Some(parent) => parent.children += 1,
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
            ("VTIMEZONE", ..) => {
                self.zones.extend(value("TZID").map(str::to_owned));
                Ok(())
            }
            // values of one shape and zone, so that letters compare as times do
            ("VEVENT", Some(start), Some(end)) if start.len() == end.len() && end <= start => {
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
        if let Some((_, zone)) = line.parameters.iter().find(|(name, _)| *name == "TZID") {
            let zone = zone.trim_matches('"');
            if !self.zones.contains(zone) {
                return Err(Fault::new(line.number, format!("the time zone `{zone}` is not defined before its use")));
            }
        }
        match line.name {
            "DTSTART" | "DTEND" | "DTSTAMP" | "CREATED" | "LAST-MODIFIED" => check_time(line),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<(), Fault> {
        if let Some(open) = self.open.last() {
            return Err(Fault::new(open.line, format!("the {} is never ended", open.name)));
        }
        if self.calendars == 1 { Ok(()) } else { Err(Fault::new(1, format!("{} calendars, not one", self.calendars))) }
    }
}

/// DATE or DATE-TIME (§3.3.4, §3.3.5), as the line's `VALUE` says.
fn check_time(line: &Line) -> Result<(), Fault> {
    let is_date = line.parameters.contains(&("VALUE", "DATE"));
    let good = if is_date {
        line.value.len() == 8 && chrono::NaiveDate::parse_from_str(line.value, "%Y%m%d").is_ok()
    } else {
        let local = line.value.strip_suffix('Z').unwrap_or(line.value);
        local.len() == 15 && chrono::NaiveDateTime::parse_from_str(local, "%Y%m%dT%H%M%S").is_ok()
    };
    if good { Ok(()) } else { Err(Fault::new(line.number, format!("`{}` is no value for {}", line.value, line.name))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n\
        BEGIN:VTIMEZONE\nTZID:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\n\
        TZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n\
        BEGIN:VEVENT\nUID:a\nDTSTAMP:20260101T000000Z\nSEQUENCE:0\nSUMMARY;LANGUAGE=\"a;b:c\":S\n\
        DTSTART;TZID=Europe/Paris:20260101T090000\nDTEND;TZID=Europe/Paris:20260101T100000\nEND:VEVENT\nEND:VCALENDAR\n";

    fn fault(change: impl Fn(&str) -> String) -> String {
        let document = change(GOOD).replace('\n', "\r\n");
        check_calendar(document.as_bytes()).expect_err("a broken calendar").to_string()
    }

    #[test]
    fn a_good_calendar_passes() {
        assert_eq!(check_calendar(GOOD.replace('\n', "\r\n").as_bytes()), Ok(()));
    }

    #[test]
    fn each_fault_is_named_with_its_line() {
        let event = &GOOD[GOOD.find("BEGIN:VEVENT").expect("an event")..GOOD.find("END:VCAL").expect("an end")];
        for (from, to, expected) in [
            ("SUMMARY", "NO PROPERTY", "line 16: `NO PROPERTY` is no name of a property (in `a`)"),
            ("UID:a\n", "", "line 18: the VEVENT of line 12 has 0 UID, not one"),
            (
                "TZID:Europe/Paris",
                "TZID:UTC",
                "line 17: the time zone `Europe/Paris` is not defined before its use (in `a`)",
            ),
            ("END:STANDARD\n", "", "line 10: `END:VTIMEZONE` ends nothing that is open"),
            ("END:VCALENDAR\n", "", "line 1: the VCALENDAR is never ended"),
            (
                "T100000",
                "T090000",
                "line 19: the event ends at 20260101T090000, not after its start at 20260101T090000 (in `a`)",
            ),
            ("T100000", "T250000", "line 18: `20260101T250000` is no value for DTEND (in `a`)"),
            ("END:VEVENT\n", &format!("END:VEVENT\n{event}"), "line 21: two items have one id (in `a`)"),
            ("PRODID:x", "PRODID:\u{7}", "line 3: the line has a control character, U+0007"),
        ] {
            assert_eq!(fault(|good| good.replacen(from, to, 1)), expected, "{from:?} → {to:?}");
        }
        assert!(fault(|good| good.replace("PRODID:x", &format!("PRODID:{}", "é".repeat(40)))).contains("87 octets"));
        assert!(fault(|good| good.trim_end().to_owned()).contains("CRLF"));
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        for nonsense in
            ["", "\r\n", " \r\n", "a", ":\r\n", "BEGIN:\r\nEND:\r\n", "BEGIN:VEVENT\r\n", "é:\r\n", ";:\r\n"]
        {
            assert!(check_calendar(nonsense.as_bytes()).is_err(), "{nonsense:?}");
        }
        assert!(check_calendar(b"\xff\r\n").is_err());
        assert!(check_calendar(GOOD.as_bytes()).is_err(), "bare line feeds");
    }
}
