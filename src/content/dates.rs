//! The shapes dates come in, and what their offset is worth.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::model::settings::OffsetPolicy;
use crate::model::time::{Precision, Resolved, resolve_local};

/// A date as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Date(NaiveDate),
    Local(NaiveDateTime),
    WithOffset(DateTime<FixedOffset>),
}

/// Something worth telling about how a date was understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// The clocks went over this hour; the first after the gap is taken.
    Gap,
    /// This hour comes twice; the first is taken.
    Fold,
    /// The offset is none the zone has at that moment.
    ContradictsZone,
}

/// A date understood: an instant, how exact it is, and what the editor should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Understood {
    pub instant: DateTime<Utc>,
    pub precision: Precision,
    pub remark: Option<Remark>,
}

/// Understands a date in a zone. Without an offset it is the wall clock of the zone.
pub fn understand(written: Written, zone: Tz, policy: OffsetPolicy) -> Understood {
    match (written, policy) {
        (Written::Date(date), _) => on_the_wall(date.and_time(NaiveTime::MIN), zone, Precision::Day),
        (Written::Local(local), _) => on_the_wall(local, zone, Precision::Second),
        (Written::WithOffset(at), OffsetPolicy::WallClock) => on_the_wall(at.naive_local(), zone, Precision::Second),
        (Written::WithOffset(at), OffsetPolicy::Trust) => {
            let utc_on_purpose = at.offset().local_minus_utc() == 0;
            let in_zone = at.with_timezone(&zone).naive_local() == at.naive_local();
            let remark = (!in_zone && !utc_on_purpose).then_some(Remark::ContradictsZone);
            Understood { instant: at.with_timezone(&Utc), precision: Precision::Second, remark }
        }
    }
}

fn on_the_wall(local: NaiveDateTime, zone: Tz, precision: Precision) -> Understood {
    let resolved = resolve_local(local, zone);
    let remark = match resolved {
        _ if precision == Precision::Day => None,
        Resolved::Exact(_) => None,
        Resolved::Gap(_) => Some(Remark::Gap),
        Resolved::Fold(_) => Some(Remark::Fold),
    };
    Understood { instant: resolved.instant(), precision, remark }
}

/// Reads `2018-10-26 13:03:00 +02:00` and its relatives: one-digit parts, `T`, seconds left out or with a fraction, an
/// offset as `Z`, `+02:00`, `-0400` or `-4`, date only. `None` for anything else, also for a date that does not exist.
pub fn parse(text: &str) -> Option<Written> {
    let mut cursor = Cursor(text.trim());
    let year = cursor.number(4, 4)?;
    let separator = ['-', '/'].into_iter().find(|separator| cursor.take(*separator))?;
    let month = cursor.number(1, 2)?;
    cursor.expect(separator)?;
    let day = cursor.number(1, 2)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    if cursor.is_done() {
        return Some(Written::Date(date));
    }
    if !(cursor.take('T') || cursor.take('t') || cursor.blanks()) {
        return None;
    }
    let local = date.and_time(time(&mut cursor)?);
    cursor.blanks();
    if cursor.is_done() {
        return Some(Written::Local(local));
    }
    let offset = offset(&mut cursor)?;
    cursor.is_done().then_some(())?;
    offset.from_local_datetime(&local).single().map(Written::WithOffset)
}

fn time(cursor: &mut Cursor) -> Option<NaiveTime> {
    let hour = cursor.number(1, 2)?;
    cursor.expect(':')?;
    let minute = cursor.number(1, 2)?;
    let second = if cursor.take(':') { cursor.number(1, 2)? } else { 0 };
    if cursor.take('.') {
        cursor.number(1, 9)?; // fractions of a second mean nothing to readers
    }
    // a leap second is the last of its minute: no calendar can say 60 (RFC 5545 §3.3.12)
    NaiveTime::from_hms_opt(hour, minute, second.min(59)).filter(|_| second <= 60)
}

fn offset(cursor: &mut Cursor) -> Option<FixedOffset> {
    if cursor.take('Z') || cursor.take('z') || cursor.word("UTC") || cursor.word("GMT") {
        return FixedOffset::east_opt(0);
    }
    let sign = if cursor.take('+') {
        1
    } else if cursor.take('-') {
        -1
    } else {
        return None;
    };
    let digits = cursor.0.chars().take_while(char::is_ascii_digit).count();
    let (hours, minutes) = match digits {
        1 | 2 => {
            let hours = cursor.number(1, 2)?;
            (hours, if cursor.take(':') { cursor.number(2, 2)? } else { 0 })
        }
        4 => (cursor.number(2, 2)?, cursor.number(2, 2)?),
        _ => return None,
    };
    let in_range = hours <= 14 && minutes <= 59;
    FixedOffset::east_opt(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?).filter(|_| in_range)
}

/// Reads an hours row: `9h-12h`, `de 9h30 à 12h`, `14:00 – 17:00`. Anything more or less is no hours.
pub fn parse_hours(text: &str) -> Option<(NaiveTime, NaiveTime)> {
    let text = crate::model::text::one_line(&text.replace(['\u{a0}', '\u{202f}'], " ")).to_lowercase();
    let mut cursor = Cursor(text.strip_prefix("de ").unwrap_or(&text));
    let from = hour(&mut cursor)?;
    cursor.blanks();
    if !["-", "–", "—", "‑", "à"].iter().any(|dash| cursor.word(dash)) {
        return None;
    }
    cursor.blanks();
    let to = hour(&mut cursor)?;
    cursor.take('.');
    cursor.is_done().then_some((from, to))
}

fn hour(cursor: &mut Cursor) -> Option<NaiveTime> {
    let hour = cursor.number(1, 2)?;
    let spaced = cursor.0;
    cursor.blanks();
    if !(cursor.take('h') || cursor.take(':')) {
        cursor.0 = spaced;
        return clock(hour, cursor.number(2, 2).unwrap_or(0));
    }
    let after_letter = cursor.0;
    cursor.blanks();
    let minute = cursor.number(2, 2).unwrap_or_else(|| {
        cursor.0 = after_letter;
        0
    });
    clock(hour, minute)
}

/// `24h` is how a day ends.
fn clock(hour: u32, minute: u32) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(if (hour, minute) == (24, 0) { 0 } else { hour }, minute, 0)
}

/// The date a file name begins with (`2018-10-26-…`, also two-digit years), and the rest of the name.
pub fn split_file_name(stem: &str) -> Option<(NaiveDate, &str)> {
    let mut cursor = Cursor(stem);
    let digits = cursor.0.chars().take_while(char::is_ascii_digit).count();
    let year = cursor.number(2, 4).filter(|_| digits == 2 || digits == 4)?;
    cursor.expect('-')?;
    let month = cursor.number(1, 2)?;
    cursor.expect('-')?;
    let day = cursor.number(1, 2)?;
    if !cursor.is_done() && !cursor.take('-') && !cursor.take('_') {
        return None;
    }
    let year = if digits == 2 { year + 2000 } else { year };
    Some((NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?, cursor.0))
}

/// The date folders spell: `2018/10/26/name` or `2018/10/name` (then the first of the month).
pub fn date_in_path(path: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = path.split('/').collect();
    let number = |part: Option<&&str>, digits: usize| {
        part.filter(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))?.parse::<u32>().ok()
    };
    (0..parts.len()).find_map(|index| {
        let year = i32::try_from(number(parts.get(index), 4)?).ok()?;
        let month = number(parts.get(index + 1), 2)?;
        let day = number(parts.get(index + 2), 2).unwrap_or(1);
        NaiveDate::from_ymd_opt(year, month, day)
    })
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn take(&mut self, c: char) -> bool {
        self.0.strip_prefix(c).map(|rest| self.0 = rest).is_some()
    }

    fn word(&mut self, word: &str) -> bool {
        self.0.strip_prefix(word).map(|rest| self.0 = rest).is_some()
    }

    fn expect(&mut self, c: char) -> Option<()> {
        self.take(c).then_some(())
    }

    fn blanks(&mut self) -> bool {
        let rest = self.0.trim_start_matches(' ');
        let any = rest.len() < self.0.len();
        self.0 = rest;
        any
    }

    /// Between `min` and `max` digits.
    fn number(&mut self, min: usize, max: usize) -> Option<u32> {
        let digits = self.0.bytes().take(max).take_while(u8::is_ascii_digit).count();
        if digits < min {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str, policy: OffsetPolicy) -> Understood {
        understand(parse(text).expect(text), chrono_tz::Europe::Paris, policy)
    }

    #[test]
    fn dates_come_in_many_shapes() {
        for (text, utc) in [
            ("2018-10-26 13:03:00 +02:00", "2018-10-26T11:03:00"),
            ("2015-06-29 11:00:19 -0400", "2015-06-29T15:00:19"),
            ("2015-06-29 9:05:00 -4", "2015-06-29T13:05:00"),
            ("2019-01-09T12:56:00+01:00", "2019-01-09T11:56:00"),
            ("2019-01-09T12:56:00.123Z", "2019-01-09T12:56:00"),
            ("2019-01-09 12:56 UTC", "2019-01-09T12:56:00"),
            ("2019-01-09 12:56", "2019-01-09T11:56:00"),
            ("2019-1-9", "2019-01-08T23:00:00"),
            ("2019/07/09", "2019-07-08T22:00:00"),
            (" 2016-12-31T23:59:60Z ", "2016-12-31T23:59:59"),
        ] {
            assert_eq!(instant(text, OffsetPolicy::Trust).instant.format("%FT%T").to_string(), utc, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "2023-01-29 18:30:22 2023 -0800",
            "2023-02-30",
            "29-01-2023",
            "2023-13-01",
            "soon",
            "",
            "2023-01-29 25:00",
            "2023-01-29 10:00 +99:00",
            "2023-01-29T",
            "20230129",
            "2023-01-29 10h",
            "2023-01-29é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_may_be_worth_nothing() {
        let trusted = instant("2019-07-01 10:00 +01:00", OffsetPolicy::Trust);
        assert_eq!(trusted.instant.to_rfc3339(), "2019-07-01T09:00:00+00:00");
        assert_eq!(trusted.remark, Some(Remark::ContradictsZone));
        let wall = instant("2019-07-01 10:00 +01:00", OffsetPolicy::WallClock);
        assert_eq!(wall.instant.to_rfc3339(), "2019-07-01T08:00:00+00:00");
        assert_eq!(wall.remark, None);
        assert_eq!(instant("2019-07-01 10:00 Z", OffsetPolicy::Trust).remark, None);
    }

    #[test]
    fn gaps_and_folds_are_remarked() {
        assert_eq!(instant("2027-03-28 02:30", OffsetPolicy::Trust).remark, Some(Remark::Gap));
        assert_eq!(instant("2026-10-25 02:30", OffsetPolicy::Trust).remark, Some(Remark::Fold));
        assert_eq!(instant("2026-10-25 02:30 +01:00", OffsetPolicy::Trust).remark, None);
    }

    #[test]
    fn hours_rows_are_read() {
        let time = |h, m| NaiveTime::from_hms_opt(h, m, 0).expect("a time");
        for (text, from, to) in [
            ("9h-12h", (9, 0), (12, 0)),
            ("9h30 - 12h", (9, 30), (12, 0)),
            ("De 14h à 17h30", (14, 0), (17, 30)),
            ("14:00 – 17:00", (14, 0), (17, 0)),
            ("9 h 30 à 12 h", (9, 30), (12, 0)),
            ("9\u{a0}h\u{a0}30 à 12\u{a0}h.", (9, 30), (12, 0)),
            ("9-12h", (9, 0), (12, 0)),
            ("0930-1200", (9, 30), (12, 0)),
            ("18h-24h", (18, 0), (0, 0)),
            ("0930", (0, 0), (0, 0)),
        ] {
            let expected = (text != "0930").then(|| (time(from.0, from.1), time(to.0, to.1)));
            assert_eq!(parse_hours(text), expected, "{text}");
        }
        for text in ["9h", "matin", "9h-12h et 14h-17h", "25h-26h", "9h-", "de", "9h/12h"] {
            assert_eq!(parse_hours(text), None, "{text}");
        }
    }

    #[test]
    fn file_names_and_paths_carry_dates() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a date");
        assert_eq!(split_file_name("2018-10-26-lancement"), Some((date(2018, 10, 26), "lancement")));
        assert_eq!(split_file_name("18-1-6-lancement"), Some((date(2018, 1, 6), "lancement")));
        assert_eq!(split_file_name("2018-10-26"), Some((date(2018, 10, 26), "")));
        for stem in ["2018-10-2613", "201-1-1-x", "10-ans", "2018-13-01-x", "x"] {
            assert_eq!(split_file_name(stem), None, "{stem}");
        }
        assert_eq!(date_in_path("posts/2018/10/26/x.md"), Some(date(2018, 10, 26)));
        assert_eq!(date_in_path("posts/2018/10/x.md"), Some(date(2018, 10, 1)));
        assert_eq!(date_in_path("posts/x.md"), None);
    }
}
