//! Typography by language, and none, in the three dialects.

use super::*;

const DIALECTS: [Dialect; 3] = [Dialect::KramdownGfm, Dialect::Goldmark, Dialect::CommonMark];

fn rendered(source: &str, dialect: Dialect, typography: Typography, lang: &str) -> Rendered {
    render(source, &Context { lang, typography, ..context(&base(), dialect) })
}

#[track_caller]
fn by_language(lang: &str, source: &str, part: &str) {
    for dialect in DIALECTS {
        let html = rendered(source, dialect, Typography::Language, lang).html.replace("&nbsp;", "\u{a0}");
        assert!(html.contains(part), "{dialect:?}: {source}\n{html}");
    }
}

#[test]
fn quotes_are_those_of_the_language_in_all_dialects() {
    by_language("fr", r#"Le mot "UX" ?"#, "Le mot «\u{a0}UX\u{a0}»\u{202f}?");
    by_language("de", r#"Das "*Wort*", 'so'"#, "Das „<em>Wort</em>“, ‚so‘");
    by_language(
        "fr",
        r#"l'"[été](/x)" !"#,
        "l’«\u{a0}<a href=\"https://www.numerique.gouv.fr/x\">été</a>\u{a0}»\u{202f}!",
    );
    by_language("fr", "**Lieu** : Paris", "<strong>Lieu</strong>\u{a0}: Paris");
    by_language("fr", "# \"Titre\"\n", "«\u{a0}Titre\u{a0}»</h1>");
    by_language("en", "\"`x`\" -- y...", "“<code>x</code>” – y…");
    by_language("fr", "un \"deux\ntrois\" quatre", "«\u{a0}deux\ntrois\u{a0}»");
    by_language("fr", "a \"b\n\nc\" d", "<p>c\" d</p>");
    by_language("fr", "x[^1]\n\n[^1]: la \"note\"\n", "«\u{a0}note\u{a0}»");
    by_language("fr", "| \"a\" | b |\n|---|---|\n| c | \"d\" |\n", "<td>«\u{a0}d\u{a0}»</td>");
}

#[test]
fn code_addresses_and_what_was_escaped_stay() {
    by_language("fr", "`a \"b\" ?`", "<code>a \"b\" ?</code>");
    by_language("fr", "    a \"b\" !\n", "a \"b\" !");
    by_language("fr", "un <code>\"x\" ?</code> là", "<code>\"x\" ?</code>");
    by_language("fr", r#"un \"mot\" ici"#, "un \"mot\" ici");
    by_language("fr", "<https://x.org/a?b='c'>", ">https://x.org/a?b='c'</a>");
    by_language("fr", "à 9:30 :smile: ok", "à 9:30 :smile: ok");
    by_language("fr", "<p title=\"a !\">x</p>\n", "title=\"a !\"");
    by_language("fr", "![un \"mot\" !](/x.png)", "alt=\"un &quot;mot&quot; !\"");
}

#[test]
fn without_typography_everything_is_as_written() {
    for dialect in DIALECTS {
        let html = rendered("\"a\" -- l'b... 'c' !", dialect, Typography::None, "fr").html;
        assert_eq!(html.trim(), "<p>\"a\" -- l'b... 'c' !</p>", "{dialect:?}");
    }
}

#[test]
fn the_plain_text_is_set_too() {
    for dialect in DIALECTS {
        assert_eq!(rendered("\"a\" ?", dialect, Typography::Language, "fr").text, "«\u{a0}a\u{a0}»\u{202f}?");
    }
}
