//! What the value of a property may be (RFC 5545 §3.3), for the properties calendars of ours have.

use chrono::{NaiveDate, NaiveDateTime};
use url::Url;

use super::super::Fault;
use super::line::Line;
use crate::model::color::Color;

/// Checks the value of a line by the type of its property; properties unknown here may hold anything.
pub(super) fn check(line: &Line) -> Result<(), Fault> {
    let good = match line.name {
        "DTSTART" | "DTEND" => is_time(line),
        "DTSTAMP" | "CREATED" | "LAST-MODIFIED" => line.value.strip_suffix('Z').is_some_and(is_date_time),
        "SUMMARY" | "DESCRIPTION" | "LOCATION" | "CONTACT" | "NAME" | "X-WR-CALNAME" | "X-WR-CALDESC"
        | "X-ALT-DESC" | "UID" | "PRODID" => is_text(line.value, false),
        "CATEGORIES" => is_text(line.value, true),
        "URL" | "SOURCE" | "ATTACH" | "IMAGE" | "CONFERENCE" | "ORGANIZER" => Url::parse(line.value).is_ok(),
        "VERSION" => line.value == "2.0",
        "METHOD" => line.value == "PUBLISH",
        "SEQUENCE" => line.value.parse::<u32>().is_ok(),
        "STATUS" => matches!(line.value, "TENTATIVE" | "CONFIRMED" | "CANCELLED"),
        "TRANSP" => matches!(line.value, "OPAQUE" | "TRANSPARENT"),
        "COLOR" => Color::named(line.value).is_some(),
        "GEO" => is_point(line.value),
        "TZOFFSETFROM" | "TZOFFSETTO" => is_offset(line.value),
        "RRULE" => line.value.starts_with("FREQ=") && line.value.split(';').all(|part| part.contains('=')),
        "REFRESH-INTERVAL" | "X-PUBLISHED-TTL" => is_duration(line.value),
        _ => true,
    };
    if good { Ok(()) } else { Err(line.fault(format!("`{}` is no value for {}", line.value, line.name))) }
}

/// DATE or DATE-TIME (§3.3.4, §3.3.5), as the line's `VALUE` says. A zone goes with local times only.
fn is_time(line: &Line) -> bool {
    let zone = line.parameter("TZID");
    if line.parameter("VALUE") == Some("DATE") {
        return zone.is_none() && line.value.len() == 8 && NaiveDate::parse_from_str(line.value, "%Y%m%d").is_ok();
    }
    match line.value.strip_suffix('Z') {
        Some(utc) => zone.is_none() && is_date_time(utc),
        None => is_date_time(line.value),
    }
}

fn is_date_time(local: &str) -> bool {
    local.len() == 15 && NaiveDateTime::parse_from_str(local, "%Y%m%dT%H%M%S").is_ok()
}

/// TEXT (§3.3.11): `,` and `;` only behind a backslash, and nothing else behind one but itself and the letter of a line end.
fn is_text(value: &str, list: bool) -> bool {
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        let good = match c {
            '\\' => matches!(characters.next(), Some('\\' | ',' | ';' | 'n' | 'N')),
            ',' => list,
            ';' => false,
            _ => true,
        };
        if !good {
            return false;
        }
    }
    true
}

/// `latitude;longitude` in degrees (§3.8.1.6).
fn is_point(value: &str) -> bool {
    let within = |text: &str, most: f64| text.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most);
    value.split_once(';').is_some_and(|(latitude, longitude)| within(latitude, 90.0) && within(longitude, 180.0))
}

/// `+0100`, `-033000` (§3.3.14); there is no `-0000`.
fn is_offset(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or_default();
    let all_digits = matches!(digits.len(), 4 | 6) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_negative_zero = value.starts_with('-') && digits.bytes().all(|digit| digit == b'0');
    all_digits && !is_negative_zero
}

/// `PT1H`, `PT90M` (§3.3.6).
fn is_duration(value: &str) -> bool {
    let number = value.strip_prefix("PT").and_then(|rest| rest.strip_suffix(['H', 'M']));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}
