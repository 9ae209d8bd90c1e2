//! Against kramdown's own HTML: the five seeds as the site rendered them, and our snippets as `tests/kramdown/compare`
//! recorded them. Both sides are cleaned and normalised, so only the reading of Markdown is compared.

mod bounds;
mod typeset;

use std::fs;
use std::path::{Path, PathBuf};

use url::Url;

use super::*;

fn context(base: &Url, dialect: Dialect) -> Context<'_> {
    Context { dialect, base, lang: "fr", typography: Typography::Generator, start: Position { line: 10, column: 1 } }
}

fn base() -> Url {
    Url::parse("https://www.numerique.gouv.fr/agenda/x/").expect("a base")
}

fn kramdown(source: &str) -> Rendered {
    render(source, &context(&base(), Dialect::KramdownGfm))
}

const BLOCKS: &[&str] = &[
    "p",
    "div",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "figure",
    "figcaption",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "hr",
    "br",
    "pre",
    "section",
    "details",
    "summary",
];

/// Cleaned HTML with one tag or text a line, attributes sorted, white space folded, none beside block tags.
fn normalised(html: &str) -> String {
    let html = sanitise::clean(&sanitise::known_elements(&sanitise::frames_to_links(html)), &base());
    let mut lines: Vec<(bool, String)> = Vec::new();
    let mut in_pre = false;
    for piece in sanitise::pieces(&html) {
        let name: String =
            piece.trim_start_matches(['<', '/']).chars().take_while(char::is_ascii_alphanumeric).collect();
        let is_tag = piece.starts_with('<') && !name.is_empty();
        if is_tag {
            in_pre = if name == "pre" { !piece.starts_with("</") } else { in_pre };
            lines.push((BLOCKS.contains(&name.as_str()), sorted_attributes(piece)));
        } else if in_pre {
            lines.push((false, piece.trim_end().to_owned()));
        } else {
            lines.push((false, piece.split([' ', '\n', '\t']).collect::<Vec<_>>().join(" ")));
        }
    }
    let mut out = String::new();
    for (index, (block, line)) in lines.iter().enumerate() {
        let after_block = index == 0 || lines[index - 1].0;
        let before_block = lines.get(index + 1).is_none_or(|next| next.0);
        let mut line = line.clone();
        while line.contains("  ") {
            line = line.replace("  ", " ");
        }
        let line = if after_block { line.trim_start_matches(' ') } else { &line };
        let line = if before_block { line.trim_end_matches(' ') } else { line };
        if !line.is_empty() {
            out.push_str(line);
            out.push_str(if *block { "\n" } else { "⏎\n" });
        }
    }
    out
}

fn sorted_attributes(tag: &str) -> String {
    let inside = tag.trim_start_matches('<').trim_end_matches('>');
    let (name, rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let mut attributes: Vec<&str> =
        rest.split_inclusive("\" ").map(str::trim).filter(|a| !a.starts_with("rel=")).collect();
    attributes.sort_unstable();
    format!("<{name} {}>", attributes.join(" "))
}

fn differences(name: &str, ours: &str, theirs: &str) -> Option<String> {
    let (ours, theirs) = (normalised(ours), normalised(theirs));
    let line = ours
        .lines()
        .zip(theirs.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(ours.lines().count().min(theirs.lines().count()));
    let show = |text: &str| text.lines().skip(line.saturating_sub(1)).take(4).collect::<Vec<_>>().join("\n    ");
    (ours != theirs).then(|| format!("{name}\n  ours:\n    {}\n  kramdown:\n    {}", show(&ours), show(&theirs)))
}

fn files(folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|found| found == suffix) {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_seeds_read_as_the_site_rendered_them() {
    let mut wrong = Vec::new();
    for path in files("content", "md") {
        let file = fs::read_to_string(&path).expect("a seed");
        let (front, body) = file.trim_start_matches("---\n").split_once("\n---\n").expect("front matter");
        let date = &path.file_name().expect("a name").to_string_lossy()[..10];
        let oracle = format!("{}/tests/fixtures/oracle/{date}.html", env!("CARGO_MANIFEST_DIR"));
        let oracle = fs::read_to_string(oracle).expect("an oracle");
        let (body_html, summary_html) = oracle.split_once("<!-- CHAPEAU -->").expect("a marker");
        let front: serde_yaml::Value = serde_yaml::from_str(front).expect("yaml");
        let summary = front["chapeau-text"].as_str().expect("a summary");
        for (source, html) in [(body, body_html), (summary, summary_html)] {
            let ours = kramdown(source);
            wrong.extend(differences(date, &ours.html, html));
            assert!(!ours.html.contains("{:") && !ours.text.contains("{:"), "{date}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn snippets_read_as_kramdown_reads_them() {
    let folder = std::env::var("KRAMDOWN_SNIPPETS").unwrap_or_else(|_| "tests/kramdown/snippets".to_owned());
    let sources = files(&folder, "md");
    assert!(sources.len() >= 60);
    let mut wrong = Vec::new();
    for path in sources {
        let source = fs::read_to_string(&path).expect("a snippet");
        let html = fs::read_to_string(path.with_extension("html")).expect("its record");
        wrong.extend(differences(&format!("{}: {source}", path.display()), &kramdown(&source).html, &html));
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn links_are_absolute_and_safe_in_every_dialect() {
    let source = "[a](/x%20y.pdf) [b](#c) [d](mailto:d@e.fr) [f](javascript:x) <a href=\"/g\" target=\"_blank\" onclick=\"x\">g</a>\n\n\
        <iframe src=\"https://v.fr/1\"></iframe>\n\n<form><input name=\"q\"></form>\n";
    for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
        let rendered = render(source, &context(&base(), dialect));
        for wanted in [
            "<a href=\"https://www.numerique.gouv.fr/x%20y.pdf\">a</a>",
            "<a href=\"https://www.numerique.gouv.fr/agenda/x/#c\">b</a>",
            "<a href=\"mailto:d@e.fr\">d</a>",
            "<a>f</a>",
            "<a href=\"https://www.numerique.gouv.fr/g\" target=\"_blank\" rel=\"noopener\">g</a>",
            "<a href=\"https://v.fr/1\">https://v.fr/1</a>",
        ] {
            assert!(rendered.html.contains(wanted), "{dialect:?}: {wanted}\n{}", rendered.html);
        }
        assert!(!rendered.html.contains("<form") && !rendered.html.contains("<input"), "{dialect:?}");
        assert_eq!(rendered.diagnostics.iter().filter(|found| found.code == "html-removed").count(), 1, "{dialect:?}");
    }
}

#[test]
fn text_is_readable_without_marks() {
    let source = "## Été\n\nUn [lien](/x){: .c} et **gras**<br>suite <moi@x.fr>\n\n* a\n* b\n\n> cité\n{: .noir}\n\n![Alt](/i.png)\n";
    let text = kramdown(source).text;
    let wanted =
        "Été\n===\n\nUn lien <https://www.numerique.gouv.fr/x> et gras\nsuite moi@x.fr\n\n* a\n* b\n\n> cité\n\n[Alt]";
    assert_eq!(text, wanted);
}

#[test]
fn remarks_name_their_place_in_the_file() {
    let found = kramdown("un\n\n* x\n{:toc}\n\ntexte {:.c} ![](/a.png)\n").diagnostics;
    let found: Vec<_> = found.iter().map(|one| (one.code.as_ref(), one.position.line, one.position.column)).collect();
    let wanted =
        [("table-of-contents", 13, 1), ("attribute-list-without-target", 15, 7), ("image-without-alt", 15, 17)];
    assert_eq!(found, wanted);
}

#[test]
fn goldmark_headings_take_attributes() {
    let html = render("# A {#b .c}\n\n## L'été -- x\n", &context(&base(), Dialect::Goldmark)).html;
    assert!(html.starts_with("<h1 id=\"b\" class=\"c\">A</h1>"), "{html}");
    assert!(html.contains("L’été – x</h2>"), "{html}");
}

#[test]
fn an_image_in_raw_html_without_alt_is_told_in_every_dialect() {
    let source = "<p>x</p>\n\ntexte <img src=\"/a.png\"> et <img alt src=\"/b.png\">\n\n\
        <div title=\"alt=\"><img src='/c.png' title=\"alt=x\"></div>\n";
    for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
        let found = render(source, &context(&base(), dialect)).diagnostics;
        let lines: Vec<_> =
            found.iter().filter(|it| it.code == "image-without-alt").map(|it| it.position.line).collect();
        assert_eq!(lines, [12, 14], "{dialect:?}");
    }
}

#[test]
fn nothing_is_left_of_a_style_that_is_not_let_through() {
    let source = "<p style=\"color: red\">a</p>\n\n<p style=\"text-align: center; color: red\">b</p>\n";
    for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
        let html = render(source, &context(&base(), dialect)).html;
        assert!(html.contains("<p>a</p>"), "{dialect:?} {html}");
        assert!(html.contains("text-align"), "{dialect:?} {html}");
    }
}

#[test]
fn a_raw_link_keeps_its_address_in_the_text() {
    let source = "un <a href=\"/x\" class=\"b\">mot **gras**</a> là, <a name=\"y\"></a>fin";
    for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
        let text = render(source, &context(&base(), dialect)).text;
        assert_eq!(text, "un mot gras <https://www.numerique.gouv.fr/x> là, fin", "{dialect:?}");
    }
}

#[test]
fn classes_are_named_once_whoever_gives_them() {
    for source in ["> a\n{: .x .y .x}\n", "{: .x}\n> a\n{: .y .x}\n", "{:z: .x .y}\n\n> a\n{: .x z}\n"] {
        let html = kramdown(source).html;
        assert_eq!(html.matches('x').count(), 1, "{source}: {html}");
        assert_eq!(html.matches('y').count(), 1, "{source}: {html}");
    }
}

#[test]
fn what_no_browser_takes_for_an_element_takes_no_text_with_it() {
    for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
        let rendered = render("Set <switch> and <path> in <Title-Case>, then go on.", &context(&base(), dialect));
        assert_eq!(rendered.html.trim(), "<p>Set  and  in , then go on.</p>");
    }
}

#[test]
fn many_generics_and_drawn_tables_are_not_nested_too_deeply() {
    let generics = format!("<details>\n\n{}</details>\n\nThe end.\n", "- a `Vec` or Vec<u8> of bytes\n".repeat(200));
    let drawn = "+------------------------------------------------------------------+\n| x |\n";
    let ruled =
        "------------------------------------------------- Terms ------------------------------------------------\n";
    for dialect in [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark] {
        for source in [&generics, drawn, ruled] {
            let rendered = render(source, &context(&base(), dialect));
            assert_eq!(rendered.diagnostics, [], "{dialect:?}: {source}");
        }
        assert!(render(&generics, &context(&base(), dialect)).html.contains("The end."));
    }
}

#[test]
fn attribute_lists_mean_in_other_dialects_what_they_meant_in_kramdown() {
    let source = "See [x](https://a.org/){:target=\"_blank\" class=\"_\"} and `{: .c}`, *y*{: .b}.\n\nQuoted\n{: .note}\n\n{: #a}\n\n\
                  - item{: .c} on\n\nA { : smile, a {: not closed";
    for dialect in [Dialect::Goldmark, Dialect::CommonMark] {
        let rendered = render(source, &context(&base(), dialect));
        let html = rendered.html.replace('\n', "");
        assert_eq!(
            html,
            "<p>See <a href=\"https://a.org/\" target=\"_blank\" class=\"_\" rel=\"noopener\">x</a> and \
             <code>{: .c}</code>, <em class=\"b\">y</em>.</p><p class=\"note\">Quoted</p><ul><li>item on</li></ul>\
             <p>A { : smile, a <code>{:</code> not closed</p>"
        );
        assert!(!rendered.text.contains("{: #a}") && !rendered.text.contains("{: .note}"), "{}", rendered.text);
    }
}

#[test]
fn an_attribute_list_that_is_meant_to_be_seen_is_shown_as_code() {
    assert_eq!(kramdown(r"Write \{: .note} there").html.trim(), "<p>Write <code>{: .note}</code> there</p>");
}
