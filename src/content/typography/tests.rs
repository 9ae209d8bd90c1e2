use super::set_line;

#[track_caller]
fn becomes(table: &[(&str, &str, &str)]) {
    for (lang, written, set) in table {
        assert_eq!(set_line(written, lang), *set, "{lang}: {written}");
    }
}

#[test]
fn quotes_are_those_of_the_language() {
    becomes(&[
        ("fr", r#"un "mot" ici"#, "un «\u{a0}mot\u{a0}» ici"),
        ("fr", r#"" mot ""#, "«\u{a0}mot\u{a0}»"),
        ("fr", r#""un "mot" ici""#, "«\u{a0}un “mot” ici\u{a0}»"),
        ("fr", r"un 'mot' ici", "un “mot” ici"),
        ("fr-BE", r#""x""#, "«\u{a0}x\u{a0}»"),
        ("fr-CH", r#""x""#, "«\u{202f}x\u{202f}»"),
        ("de", r#""x 'y'""#, "„x ‚y‘“"),
        ("de-AT", r#""x""#, "„x“"),
        ("de_CH", r#""x""#, "«x»"),
        ("en", r#""x 'y'" (5")"#, "“x ‘y’” (5\")"),
        ("en-GB", r#"she said, "no.""#, "she said, “no.”"),
        ("es", r#""x""#, "«x»"),
        ("it", r#"l'"x""#, "l’«x»"),
        ("pl", r#""x""#, "„x”"),
        ("sv", r#""x""#, "”x”"),
        ("fi", r"'x'", "’x’"),
        ("nb", r#""x""#, "«x»"),
        ("cs", r#""x""#, "„x“"),
        ("pt-PT", r#""x""#, "«x»"),
        ("nl", r#""x""#, "‘x’"),
        ("xx", r#""x""#, "“x”"),
    ]);
}

#[test]
fn apostrophes_and_inches_are_no_quotes() {
    becomes(&[
        ("fr", "aujourd'hui l'été", "aujourd’hui l’été"),
        ("en", "rock 'n' roll, 'tis the '90s", "rock ‘n’ roll, ’tis the ’90s"),
        ("en", "the dogs' bowl", "the dogs’ bowl"),
        ("en", r#"a 6'2" man with a 12" disc"#, r#"a 6'2" man with a 12" disc"#),
        ("en", "the 1980's", "the 1980’s"),
        ("de", "'x' und \"'y' z\"", "‚x‘ und „‚y‘ z“"),
        ("en", "\"it goes on", "“it goes on"),
        ("en", "\"", "\""),
    ]);
}

#[test]
fn french_marks_keep_to_their_word() {
    becomes(&[
        ("fr", "Quoi ? Oui ! Bon ; fin : x", "Quoi\u{202f}? Oui\u{202f}! Bon\u{202f}; fin\u{a0}: x"),
        ("fr", "Quoi? Oui! (Non?!) Lieu:", "Quoi\u{202f}? Oui\u{202f}! (Non\u{202f}?!) Lieu\u{a0}:"),
        ("fr", "« x » et «y»", "«\u{a0}x\u{a0}» et «\u{a0}y\u{a0}»"),
        ("fr", "déjà\u{a0}! \u{ab}\u{202f}x\u{202f}\u{bb}", "déjà\u{a0}! \u{ab}\u{202f}x\u{202f}\u{bb}"),
        ("fr-CA", "Quoi ? Lieu : x", "Quoi ? Lieu\u{a0}: x"),
        ("en", "What ? Yes!", "What ? Yes!"),
    ]);
}

#[test]
fn times_addresses_codes_and_smileys_stay() {
    for text in [
        "9:30",
        "https://x.org/a?b=c;d:e",
        "www.x.org/it's?x",
        "mailto:x@y.fr?subject=a",
        ":smile: et :+1:",
        "AT&amp; &eacute;",
        "hein :) ou ;-)",
        "a != b",
    ] {
        assert_eq!(set_line(text, "fr"), text);
    }
    assert_eq!(set_line("\"https://x.org/it's\"", "en"), "“https://x.org/it's”");
    assert_eq!(set_line("vu https://x.org/a ?", "fr"), "vu https://x.org/a\u{202f}?");
}

#[test]
fn dashes_and_ellipses_are_one_character() {
    becomes(&[
        ("en", "a -- b --- c...", "a – b — c…"),
        ("fr", "a--b", "a–b"),
        ("fr", "https://x/a--b", "https://x/a--b"),
    ]);
}

#[test]
fn any_run_of_quotes_is_set_in_linear_time() {
    for run in ["\"", "'", "'a ", "\"a ", "\"'", "!\"", "a!)", ":a", "&"] {
        set_line(&run.repeat(100_000), "fr");
    }
}
