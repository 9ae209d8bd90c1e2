//! What cannot be read, or only just.

use super::*;

#[test]
fn an_unclosed_quote_that_swallows_a_key_is_told_and_published() {
    let loaded = load_one("date: 2019-01-09\ntags: [a]\ntitle: 'open\nlieu: Paris'", "");
    assert_eq!(loaded.catalog.len(), 1);
    assert!(told(&loaded).contains(&"swallowed-key:4:8".to_owned()), "{:?}", loaded.diagnostics);
}

#[test]
fn a_bad_file_stops_nobody_and_its_last_good_version_stays() {
    let good = "---\ntitle: old\ndate: 2019-01-09\n---\nold text\n";
    for (bad, code) in [
        (&b"---\ntitle: a: b\n---\n"[..], "yaml-syntax"),
        (b"---\ntitle: half writ", "front-matter-open"),
        (b"---\nok: 1\n\tbad: 2\n---\n", "yaml-syntax"),
        (b"---\ntitle: \xe9t\xe9\n---\n", "not-utf-8"),
        (b"\xff\xfet\0i\0", "not-utf-8"),
        (b"---\ntitle: x\ndate: 2023-01-29 18:30:22 2023 -0800\n---\n", "date-unreadable"),
        (b"", "no-front-matter"),
    ] {
        let files = [("bad.md", bad), ("good.md", &b"---\ntitle: other\ndate: 2019-01-01\n---\n"[..])];
        let loaded = load_with(&settings(ProfileName::Numerique), &files, &[("bad.md", good)]);
        let titles: Vec<&str> = loaded.catalog.all().iter().map(|one| one.title.as_str()).collect();
        assert_eq!(titles, ["old", "other"], "{code}");
        assert_eq!(loaded.diagnostics[0].code, code);
        assert!(loaded.good.iter().all(|(path, _)| path != "bad.md"));
    }
}

#[test]
fn the_error_of_a_bad_date_stands_at_the_date() {
    let loaded = load_one("title: x\ndate: 2023-01-29 18:30:22 2023 -0800", "");
    assert_eq!((told(&loaded), loaded.catalog.len()), (vec!["date-unreadable:3:7".to_owned()], 0));
}

#[test]
fn bombs_are_refused() {
    let level = |n: usize| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
    let levels = (1..9).map(level).collect::<Vec<_>>().concat();
    assert_eq!(told(&load_one(&format!("a0: &a0 [x]\n{levels}"), "")), ["yaml-alias:3:10"]);
    assert_eq!(told(&load_one(&format!("a: {}", "[".repeat(10_000)), "")), ["yaml-too-deep:2:35"]);
}

#[test]
fn a_bracket_that_is_not_closed_is_told_where_it_opens() {
    for (front, place) in
        [("oops: [", "yaml-syntax:2:7"), ("oops: [a\nx: y", "yaml-syntax:2:7"), ("a: {", "yaml-syntax:2:4")]
    {
        let loaded = load_one(front, "");
        assert_eq!(told(&loaded), [place], "{front} {:?}", loaded.diagnostics);
        assert!(loaded.diagnostics[0].hint.is_some(), "{front}");
    }
}

#[test]
fn characters_that_are_taken_out_are_told_once() {
    let head = "title: t\ndate: 2019-01-01";
    assert_eq!(told(&load_one(head, "a\u{8}b\n\u{feff}c")), ["invisible-character:5:2"]);
    assert_eq!(told(&load_one("date: 2019-01-01\ntitle: \"a\\u2028b\"", "x")), ["invisible-character:3:8"]);
    assert_eq!(told(&load_one(head, "un\u{a0}: été\t🎉")), [""; 0]);
}
