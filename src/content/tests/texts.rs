//! Bodies and summaries.

use super::*;

#[test]
fn what_is_dangerous_in_a_body_is_removed_and_told_once() {
    let body = "<script>x()</script>\n\n<p onclick=\"x()\">a</p>\n\n[b](javascript:x)\n\n<iframe src=\"https://v.example/1\"></iframe>\n\n<form><input></form>\n\n<div><b>open";
    let loaded = load_one("title: x", body);
    let html = &loaded.catalog.all()[0].body.html;
    for part in ["<script", "onclick", "javascript:", "<iframe", "<form", "<input"] {
        assert!(!html.contains(part), "{part}: {html}");
    }
    assert!(html.contains("href=\"https://v.example/1\""), "{html}");
    assert_eq!(html.matches("<div").count(), html.matches("</div>").count(), "{html}");
    assert_eq!(loaded.diagnostics.iter().filter(|d| d.code == "html-removed").count(), 1, "{:?}", told(&loaded));
}

#[test]
fn typography_is_no_change_of_meaning_and_reaches_titles_and_summaries() {
    let front = "title: 'Le \"mot\" : où ?'\nsubtitle: \"l'été\"\ndate: 2019-01-09\nexcerpt: 'Un \"résumé\" !'\n\
                 description: 'Un \"résumé\" !'\nchapeau-text: 'Un \"résumé\" !'\n";
    let file = format!("---\n{front}---\nL'un -- \"l'autre\"... [ici](https://x.org/a?b) !\n\n- 9:30 : \"fin\"\n");
    for profile in [ProfileName::Numerique, ProfileName::Jekyll, ProfileName::Hugo, ProfileName::Zola] {
        let [generator, language, none] =
            [Typography::Generator, Typography::Language, Typography::None].map(|typography| {
                let content = ContentSettings { typography, ..settings(profile) };
                let loaded = load_with(&content, &[("x/2019-01-09-x.md", file.as_bytes())], &[]);
                let mut announcement = loaded.catalog.all()[0].as_ref().clone();
                "fr".clone_into(&mut announcement.lang);
                announcement
            });
        let hash = crate::model::meaning::semantic_hash;
        assert_eq!(hash(&generator), hash(&language), "{profile:?}");
        assert_eq!(hash(&generator), hash(&none), "{profile:?}");
        assert_eq!(none.title, "Le \"mot\" : où ?");
        assert_eq!(generator.title, none.title);
        assert_ne!(language.title, none.title, "{profile:?}");
        assert_ne!(language.body.html, none.body.html, "{profile:?}");
        assert_ne!(language.summary, none.summary, "{profile:?}");
        assert_eq!(language.id, none.id);
    }
}

#[test]
fn the_language_of_each_announcement_decides() {
    let content = ContentSettings { typography: Typography::Language, ..settings(ProfileName::Hugo) };
    for (lang, title, body) in [
        ("fr", "Le «\u{a0}mot\u{a0}»\u{202f}?", "<p>«\u{a0}a\u{a0}»\u{202f}!</p>"),
        ("de", "Le „mot“ ?", "<p>„a“ !</p>"),
        ("en-GB", "Le “mot” ?", "<p>“a” !</p>"),
    ] {
        let file =
            format!("---\ntitle: 'Le \"mot\" ?'\ndate: 2019-01-09\nlang: {lang}\nlanguage: {lang}\n---\n\"a\" !\n");
        let loaded = load_with(&content, &[("x/x.md", file.as_bytes())], &[]);
        let announcement = &loaded.catalog.all()[0];
        assert_eq!((announcement.title.as_str(), announcement.lang.as_str()), (title, lang));
        assert_eq!(announcement.body.html.trim().replace("&nbsp;", "\u{a0}"), body);
    }
}

#[test]
fn slips_in_the_links_of_a_text_are_mended_where_they_can_mean_one_thing_only() {
    let front = "title: t\ndate: 2019-01-01";
    let body = "[a](ttps://a.fr/b) [b](http://mailto:b@c.fr) <a href=\"www.d.fr\">d</a> [e](htps://e.fr) [f](host.com/f) [g](g.html)";
    for profile in [ProfileName::Jekyll, ProfileName::Hugo] {
        let file = format!("---\n{front}\n---\n{body}\n");
        let loaded = load_with(&settings(profile), &[("2019-01-09-x.md", file.as_bytes())], &[]);
        assert_eq!(told(&loaded), ["address-unusable:5:75", "address-unusable:5:92"], "{:?}", loaded.diagnostics);
        let text = &loaded.catalog.all()[0].body.text;
        assert!(text.starts_with("a <https://a.fr/b> b <b@c.fr> d <"), "{text}");
        assert!(text.contains(" e f <"), "{text}");
    }
}

#[test]
fn no_attribute_list_is_left_in_html_that_is_kept_as_written() {
    let body = "<figure><img alt=\"\" src=\"/a.png\"></figure> [x](https://a.fr){: target=\"_blank\" }, y {:?} <code>{:x}</code>";
    let file = format!("---\ntitle: t\n---\n{body}\n");
    let loaded = load_with(&settings(ProfileName::Hugo), &[("2019-01-09-x.md", file.as_bytes())], &[]);
    let html = &loaded.catalog.all()[0].body.html;
    assert!(html.contains("(https://a.fr), y { :?} <code>{:x}</code>"), "{html}");
}

#[test]
fn a_post_may_name_its_own_mark_for_more() {
    let file = b"---\ntitle: t\nexcerpt_separator: <!--end-->\n---\nIntro.\n<!--end-->\nRest.\n";
    let loaded = load_with(&settings(ProfileName::Jekyll), &[("2019-01-09-x.md", file)], &[]);
    assert_eq!(loaded.catalog.all()[0].summary.as_ref().map(|summary| summary.text.as_str()), Some("Intro."));
}
