//! What breaks a calendar is named with its line.

use super::*;

const GOOD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:PUBLISH\n\
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
        ("SUMMARY", "NO PROPERTY", "line 17: `NO PROPERTY` is no name of a property (in `a`)"),
        ("UID:a\n", "", "line 19: the VEVENT of line 13 has 0 UID, not one"),
        (
            "TZID:Europe/Paris",
            "TZID:UTC",
            "line 18: the time zone `Europe/Paris` is not defined before its use (in `a`)",
        ),
        ("END:STANDARD\n", "", "line 11: `END:VTIMEZONE` ends nothing that is open"),
        ("END:VCALENDAR\n", "", "line 1: the VCALENDAR is never ended"),
        (
            "T100000",
            "T090000",
            "line 20: the event ends at 20260101T090000, not after its start at 20260101T090000 (in `a`)",
        ),
        ("T100000", "T250000", "line 19: `20260101T250000` is no value for DTEND (in `a`)"),
        ("END:VEVENT\n", &format!("END:VEVENT\n{event}"), "line 22: two items have one id (in `a`)"),
        ("PRODID:x", "PRODID:\u{7}", "line 3: the line has a control character, U+0007"),
    ] {
        assert_eq!(fault(|good| good.replacen(from, to, 1)), expected, "{from:?} → {to:?}");
    }
    assert!(fault(|good| good.replace("PRODID:x", &format!("PRODID:{}", "é".repeat(40)))).contains("87 octets"));
    assert!(fault(|good| good.trim_end().to_owned()).contains("CRLF"));
}

#[test]
fn nonsense_is_refused_without_a_panic() {
    for nonsense in ["", "\r\n", " \r\n", "a", ":\r\n", "BEGIN:\r\nEND:\r\n", "BEGIN:VEVENT\r\n", "é:\r\n", ";:\r\n"] {
        assert!(check_calendar(nonsense.as_bytes()).is_err(), "{nonsense:?}");
    }
    assert!(check_calendar(b"\xff\r\n").is_err());
    assert!(check_calendar(GOOD.as_bytes()).is_err(), "bare line feeds");
}

/// Every way the rules of a property may be broken, by one change of a good calendar.
#[test]
fn a_value_of_another_type_is_refused() {
    let full = GOOD.replace(
        "END:VEVENT",
        "GEO:48.85;2.3\nSTATUS:CONFIRMED\nTRANSP:OPAQUE\nCOLOR:teal\nURL:https://a/\nEND:VEVENT",
    );
    assert_eq!(check_calendar(full.replace('\n', "\r\n").as_bytes()), Ok(()));
    for (from, to) in [
        ("VERSION:2.0", "VERSION:1.0"),
        ("METHOD:PUBLISH", "METHOD:REQUEST"),
        ("METHOD:PUBLISH\n", ""),
        ("PRODID:x", "PRODID:a;b"),
        (":S\n", ":a, b\n"),
        (":S\n", ":a; b\n"),
        (":S\n", ":a\\: b\n"),
        (":S\n", ":a\\\n"),
        ("LANGUAGE=\"a;b:c\"", "LANGUAGE=\"a;b:c\"d"),
        ("LANGUAGE=\"a;b:c\"", "LANGUAGE"),
        ("LANGUAGE=\"a;b:c\"", "LANGUAGE="),
        ("DTSTAMP:20260101T000000Z", "DTSTAMP:20260101T000000"),
        ("DTSTAMP:20260101T000000Z", "DTSTAMP:20260231T000000Z"),
        (":20260101T090000", ":20260101T090000Z"),
        (":20260101T090000", ":20260101"),
        ("DTSTART;TZID=Europe/Paris:20260101T090000", "DTSTART;VALUE=DATE:20260101"),
        ("DTEND;TZID=Europe/Paris:20260101T100000", "DTEND;VALUE=DATE:20260102"),
        ("DTEND;TZID=Europe/Paris", "DTEND;VALUE=DATE;TZID=Europe/Paris"),
        ("TZOFFSETTO:+0100", "TZOFFSETTO:0100"),
        ("TZOFFSETTO:+0100", "TZOFFSETTO:-0000"),
        ("SEQUENCE:0", "SEQUENCE:-1"),
        ("SEQUENCE:0\n", "SEQUENCE:0\nRRULE:DAILY\n"),
        ("SEQUENCE:0\n", "SEQUENCE:0\nLOCATION:a\nLOCATION:b\n"),
        ("GEO:48.85;2.3", "GEO:48.85,2.3"),
        ("GEO:48.85;2.3", "GEO:91;0"),
        ("STATUS:CONFIRMED", "STATUS:ANNULÉ"),
        ("TRANSP:OPAQUE", "TRANSP:NO"),
        ("COLOR:teal", "COLOR:#008080"),
        ("URL:https://a/", "URL:/a/"),
        ("BEGIN:VTIMEZONE", "BEGIN:VALARM\nEND:VALARM\nBEGIN:VTIMEZONE"),
        ("BEGIN:STANDARD", "BEGIN:VEVENT\nEND:VEVENT\nBEGIN:STANDARD"),
        (
            "END:VTIMEZONE\n",
            "END:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:Europe/Paris\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n",
        ),
    ] {
        let broken = full.replacen(from, to, 1);
        assert_ne!(broken, full, "{from:?} is not there");
        assert!(check_calendar(broken.replace('\n', "\r\n").as_bytes()).is_err(), "{from:?} → {to:?}");
    }
}

/// No line of a good calendar can be lost or come twice unnoticed, but for those that may be there or not.
#[test]
fn a_lost_or_repeated_line_is_noticed() {
    let lines: Vec<&str> = GOOD.lines().collect();
    let told = |lines: &[&str]| check_calendar(format!("{}\r\n", lines.join("\r\n")).as_bytes()).is_err();
    for at in 0..lines.len() {
        let (mut lost, mut twice) = (lines.clone(), lines.clone());
        lost.remove(at);
        twice.insert(at, lines[at]);
        assert!(told(&lost) || lines[at].starts_with("DTEND"), "without {}", lines[at]);
        assert!(told(&twice), "twice {}", lines[at]);
    }
}

#[test]
fn a_calendar_google_would_not_take_is_refused() {
    let many = "X-LINE:1234567890123456789012345678901234567890123456789012345678901234\n".repeat(14_000);
    assert!(fault(|good| good.replace("END:VCAL", &format!("{many}END:VCAL"))).contains("1000000 are allowed"));
}
