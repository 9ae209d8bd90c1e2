//! Whatever is written: no panic, nothing unsafe, bounded time and size. `fuzz/` searches for more.

use std::time::Duration;

use super::*;
use crate::content::effort::effort;

/// A small generator of pseudo-random numbers (xorshift), so that every run tries the same texts.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % 1_000_003).expect("small")
}

#[test]
fn no_mix_of_marks_panics_or_leaks() {
    const PIECES: &[&str] = &[
        "*",
        "_",
        "**",
        "`",
        "```\n",
        "~~",
        "[",
        "]",
        "(",
        ")",
        "![",
        "[^a]",
        "[^a]: ",
        "<",
        ">",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<![CDATA[",
        "{:",
        "}",
        "{: .c}",
        "{::comment}",
        "{:/}",
        "|",
        "---",
        "\n",
        "\n\n",
        "    ",
        "\t",
        "- ",
        "1. ",
        ": ",
        "# ",
        "> ",
        "\\",
        "\"",
        "'",
        "é",
        "…",
        "\u{a0}",
        "&",
        ";",
        "&amp;",
        "$$",
        "x",
        "mot ",
        "<a href=\"javascript:x\">",
        "<script>",
        "<p style=\"color:red\" onclick=x>",
        "=",
        "^\n",
        "[x]: /y\n",
        "\r\n",
        "\0",
        "!",
        "\u{200d}🎉",
    ];
    let mut state = 42;
    for _ in 0..3_000 {
        let source: String = (0..=next(&mut state) % 40).map(|_| PIECES[next(&mut state) % PIECES.len()]).collect();
        for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
            let rendered = render(&source, &context(&base(), dialect));
            let html = &rendered.html;
            if dialect == Dialect::KramdownGfm && !source.contains(['\\', '&', '`', '$']) {
                assert!(!html.contains("{: .c}") || html.contains("<code"), "{source:?}: {html}");
            }
            assert!(!html.contains("<script") && !html.contains("<a href=\"javascript:"), "{source:?}: {html}");
            assert_eq!(
                html.matches("<p>").count() + html.matches("<p ").count(),
                html.matches("</p>").count(),
                "{source:?}"
            );
        }
    }
}

#[test]
fn hostile_runs_are_refused_in_time() {
    for piece in [
        ">",
        "> ",
        "[",
        "![",
        "*",
        "**a ",
        "_a ",
        "[^",
        "[^a]",
        "<![CDATA[",
        "<div>",
        "<b>",
        "<b><p>",
        "- ",
        "1. ",
        "`",
        "~~a",
        "{:",
        "|",
        "\"",
        "$$",
        "<!--",
        "&",
        "&amp",
        "[a](",
        "<a href=\"",
        "    ",
        "\n>",
        "* a\n ",
        "a\n: ",
        "[a]: ",
        "</div>",
        "<a",
        "\\",
        "(",
        "{::a}",
        "[^a]: x\n",
        "{::a}\n",
        "{::comment}",
        " - a\n\n",
        "<img src=x>",
        "|a\n|-\n",
        "a|b\n",
        ">a\n\n",
        ">{{\n",
        "{%",
        "{{a",
        "# a\n",
        "{:a\n",
        "- [ ] a\n",
    ] {
        let source = piece.repeat(64_000 / piece.len());
        for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
            let took = effort(|| drop(render(&source, &context(&base(), dialect))));
            // work that grows with the square of the text takes minutes here; how fast it is, is measured elsewhere
            assert!(took < Duration::from_mins(1), "{piece:?} {dialect:?}: {took:?}");
        }
    }
}

#[test]
fn a_small_text_never_becomes_a_large_one() {
    let long = "x".repeat(30_000);
    let columns = "|a".repeat(120);
    for (start, piece) in [
        (format!("[x]: /{long} \"y\"\n\n"), "[x] "),
        (format!("[x]: /y \"{long}\"\n\n"), "![x] "),
        (format!("{{:x: title=\"{long}\"}}\n\n"), "*a*{:x} "),
        (format!("{{:x: .{long}}}\n\n"), "# a\n{:x}\n"),
        (format!("{columns}\n|-\n"), "|a\n"),
        (String::new(), "![](b)"),
        (String::new(), "[^a]: x\n[^a]"),
    ] {
        let source = format!("{start}{}", piece.repeat((64_000 - start.len()) / piece.len()));
        for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
            let rendered = render(&source, &context(&base(), dialect));
            let bytes = rendered.html.len().max(rendered.text.len());
            assert!(bytes <= MAX_RENDERED, "{dialect:?}: {piece:?} becomes {bytes} bytes");
        }
    }
}

#[test]
fn a_long_base_address_cannot_make_a_text_outgrow_its_limit() {
    let base = Url::parse(&format!("https://www.example.org/{}/", "x".repeat(2_000))).expect("a base");
    let rendered = render(&"![](b)\n\n".repeat(7_000), &context(&base, Dialect::KramdownGfm));
    assert_eq!(rendered.diagnostics[0].code, "markdown-too-large");
    assert!(rendered.html.len() < 100_000);
}

#[test]
fn a_tag_with_thousands_of_attributes_is_no_work() {
    for tag in ["<b", "<div"] {
        let attributes = (0..9_000).map(|number| format!(" a{number}")).collect::<Vec<_>>().concat();
        for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
            let took = effort(|| drop(render(&format!("{tag}{attributes}>x"), &context(&base(), dialect))));
            assert!(took < Duration::from_mins(1), "{tag} {dialect:?}: {took:?}");
        }
    }
}

#[test]
fn no_more_remarks_of_a_kind_than_anybody_reads() {
    let found = kramdown(&"![](b)\n\n".repeat(5_000)).diagnostics;
    assert_eq!(found.len(), 100);
}

#[test]
fn attribute_lists_in_html_are_not_shown_except_in_code() {
    let rendered = kramdown("<div>a{: .b}<kbd>c{: .d}</kbd></div>\n\n<samp>{: .e}f</samp>\n\n<pre>{: .g}</pre>\n");
    assert!(["{: .b}", "{: .d}", "{: .e}"].iter().all(|list| !rendered.html.contains(list)), "{}", rendered.html);
    assert!(rendered.html.contains("<pre>{: .g}</pre>"), "{}", rendered.html);
    assert!(rendered.diagnostics.iter().any(|found| found.code == "attribute-list-without-target"));
}
