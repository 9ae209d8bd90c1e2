//! The fields of front matter, of four generators.

use super::*;

#[test]
fn a_title_is_on_one_line_and_decoded_once() {
    assert_eq!(one("title: \"a \\n  b\"", "").title, "a b");
    assert_eq!(one("title: Q&amp;A &amp;amp; co", "").title, "Q&A &amp; co");
    assert_eq!(one("title: \"a\\u2028b\\u0007c\\uFEFFd\"", "").title, "a bcd");
}

#[test]
fn addresses_are_mended_only_where_it_is_certain() {
    let row = |lien: &str| format!("title: x\nchamps_informations:\n- intitule: Site\n  contenu: ici\n  lien: {lien}");
    for (lien, href, warned) in [
        ("ttps://a.example/", Some("https://a.example/"), false),
        ("http://mailto:a@b.fr", Some("mailto:a@b.fr"), false),
        ("host.com", None, true),
        ("'javascript:alert(1)'", None, true),
        ("/uploads/été (1).pdf", Some("https://www.example.org/uploads/%C3%A9t%C3%A9%20(1).pdf"), false),
        ("/uploads/a%20b.pdf", Some("https://www.example.org/uploads/a%20b.pdf"), false),
    ] {
        let loaded = load_one(&row(lien), "");
        let info = &loaded.catalog.all()[0].info[0];
        assert_eq!(info.href.as_ref().map(url::Url::as_str), href, "{lien}");
        assert_eq!(info.value, "ici");
        assert_eq!(loaded.diagnostics.iter().any(|d| d.code == "address-unusable"), warned, "{lien}");
    }
}

#[test]
fn a_picture_without_a_text_is_published_and_a_caption_is_no_text() {
    let front = "title: x\nune-ou-diaporama:\n- image: /a.png\n  legende: Une photo\n- image: /b.png\n  alternative-textuelle: B";
    let loaded = load_one(front, "");
    let images = &loaded.catalog.all()[0].images;
    assert_eq!((images[0].alt.as_deref(), images[0].caption.as_deref()), (None, Some("Une photo")));
    assert_eq!(images[1].alt.as_deref(), Some("B"));
    assert_eq!(told(&loaded), ["image-without-alt:4:10"]);
}

#[test]
fn one_file_under_two_keys_is_one_attachment() {
    let front = "title: x\nfile: /a%20b.pdf\nfiles:\n- lien: /a%20b.pdf\n  nom: Le texte";
    let attachments = one(front, "").attachments;
    let [attachment] = &attachments[..] else { panic!("one attachment: {attachments:?}") };
    assert_eq!(attachment.href.as_str(), "https://www.example.org/a%20b.pdf");
    assert_eq!((attachment.title.as_deref(), attachment.mime.as_str()), (Some("Le texte"), "application/pdf"));
}

#[test]
fn an_author_with_a_comma_is_one_author() {
    let files = [("_posts/2019-01-09-x.md", &b"---\ntitle: x\nauthor: \"A, \xc3\xa9quipe B\"\n---\n"[..])];
    let loaded = load_with(&settings(ProfileName::Jekyll), &files, &[]);
    assert_eq!(loaded.catalog.all()[0].authors, ["A, équipe B"]);
}

#[test]
fn names_and_keys_of_other_generators_are_read() {
    for (profile, path, file, url, lang, tags) in [
        (
            ProfileName::Jekyll,
            "_posts/2019-01-09-Foo_Bar.md",
            "---\ntitle: x\ncategories: a b\ntags: c d\n---\n",
            "/a/b/2019/01/09/foo-bar.html",
            "fr",
            &["c", "d"][..],
        ),
        (
            ProfileName::Jekyll,
            "_posts/2019-01-09-x.md",
            "---\ntitle: x\npermalink: /blog/:year/:title/\ntags: [c d]\n---\n",
            "/blog/2019/x/",
            "fr",
            &["c d"],
        ),
        (
            ProfileName::Hugo,
            "news/foo/index.md",
            "+++\ntitle = \"x\"\ndate = 2019-01-09T12:00:00Z\ntags = [\"c\"]\n+++\n",
            "/news/foo/",
            "fr",
            &["c"],
        ),
        (
            ProfileName::Hugo,
            "news/foo.en.md",
            "{\"Title\": \"x\", \"DATE\": \"2019-01-09\", \"tags\": \"c\"}\n",
            "/en/news/foo/",
            "en",
            &["c"],
        ),
        (
            ProfileName::Zola,
            "blog/2019-01-09-foo.md",
            "+++\ntitle = \"x\"\n[taxonomies]\ntags = [\"c\"]\n+++\n",
            "/blog/foo/",
            "fr",
            &["c"],
        ),
        (
            ProfileName::Zola,
            "blog/foo.md",
            "+++\ntitle = \"x\"\ndate = 2019-01-09\npath = \"other/way\"\n+++\n",
            "/other/way",
            "fr",
            &[],
        ),
    ] {
        let loaded = load_with(&settings(profile), &[(path, file.as_bytes())], &[]);
        let [announcement] = loaded.catalog.all() else { panic!("{path}: {:?}", loaded.diagnostics) };
        assert_eq!(announcement.url.as_str(), format!("https://www.example.org{url}"), "{path}");
        assert_eq!(announcement.lang, lang, "{path}");
        assert_eq!(announcement.published.local_date().to_string(), "2019-01-09", "{path}");
        let labels: Vec<&str> = announcement.tags.iter().map(|tag| tag.label.as_str()).collect();
        assert_eq!(labels, tags, "{path}");
    }
}

#[test]
fn what_is_not_understood_of_a_draft_or_a_cancelled_event_is_told() {
    let told = |front: &str| {
        let file = format!("---\ntitle: x\ndate: 2019-01-09\nevent_start_date: 2019-02-01\n{front}\n---\nx\n");
        let loaded = load_with(&settings(ProfileName::Numerique), &[("x/2019-01-09-x.md", file.as_bytes())], &[]);
        let [announcement] = loaded.catalog.all() else { panic!("{front}: {:?}", loaded.diagnostics) };
        let event = announcement.event.as_ref().expect("an event");
        let is_draft = announcement.status == Status::Draft;
        let codes = ["not-a-flag", "event-status", "key-unread"];
        let told = loaded.diagnostics.iter().find(|told| codes.contains(&&*told.code));
        (is_draft, event.status == EventStatus::Cancelled, told.map(|told| (told.code.to_string(), told.position.line)))
    };
    for (front, is_draft, is_cancelled, code) in [
        ("draft: true", true, false, None),
        ("draft: non", false, false, None),
        ("draft: maybe", true, false, Some("not-a-flag")),
        ("draft: [a]", true, false, Some("not-a-flag")),
        ("draft:", false, false, None),
        ("event_status: annulé", false, true, None),
        ("cancelled: false", false, false, None),
        ("event_status: bidule", false, false, Some("event-status")),
        ("status: Brouillon", false, false, Some("key-unread")),
        ("status: cancelled", false, false, Some("key-unread")),
        ("status: publish", false, false, None),
    ] {
        assert_eq!(told(front), (is_draft, is_cancelled, code.map(|code| (code.to_owned(), 5))), "{front}");
    }
}

#[test]
fn a_key_that_was_surely_meant_for_another_is_told() {
    let hints = |profile, front: &str| -> Vec<String> {
        let file = format!("---\n{front}\ndate: 2019-01-09\n---\nx\n");
        let loaded = load_with(&settings(profile), &[("x/2019-01-09-x.md", file.as_bytes())], &[]);
        let near = loaded.diagnostics.iter().filter(|d| d.code == "key-unread");
        near.map(|d| format!("{}:{} {}", d.position.line, d.position.column, d.hint.clone().unwrap_or_default()))
            .collect()
    };
    for (profile, front, hint) in [
        (ProfileName::Jekyll, "titel: x", "2:1 did you mean `title`?"),
        (ProfileName::Jekyll, "title: x\ncategorie: a", "3:1 did you mean `category`?"),
        (ProfileName::Jekyll, "title: x\nTags: a", "3:1 did you mean `tags`?"),
        (ProfileName::Numerique, "title: x\nstart: 2019-02-01", "3:1 did you mean `event_start_date`?"),
        (ProfileName::Hugo, "title: x\nLastmd: 2019-02-01", "3:1 did you mean `lastmod`?"),
    ] {
        assert_eq!(hints(profile, front), [hint], "{profile:?} {front}");
    }
    for (profile, front) in [
        (ProfileName::Jekyll, "title: x\ncategories: [a]\ncategorie: b"),
        (ProfileName::Jekyll, "title: x\nlayout: post\ntoc: true\nweight: 3\nslugs: 5\nlinks: []\nmath: true"),
        (ProfileName::Hugo, "TITLE: x\nflag2: fr\nmenu: main"),
    ] {
        assert_eq!(hints(profile, front), [""; 0], "{profile:?} {front}");
    }
}

#[test]
fn a_caption_with_html_keeps_its_words() {
    let front = "title: x\ndate: 2019-01-09\nune-ou-diaporama:\n- image: /a.png\n  alternative-textuelle: a\n  \
                 legende: 'Un <em>mot</em>, 3 < 4 &amp; <a href=\"/x\">lien</a>'";
    assert_eq!(one(front, "").images[0].caption.as_deref(), Some("Un mot, 3 < 4 & lien"));
}

#[test]
fn jekylls_single_category_may_be_a_list() {
    let file = b"---\ntitle: t\ncategory:\n- Fruit\n- Dragon fruit\n---\n";
    let loaded = load_with(&settings(ProfileName::Jekyll), &[("2019-01-09-x.md", file)], &[]);
    let labels: Vec<&str> = loaded.catalog.all()[0].categories.iter().map(|label| label.label.as_str()).collect();
    assert_eq!(labels, ["Fruit", "Dragon fruit"]);
}

#[test]
fn a_practical_row_that_is_an_address_is_a_link() {
    let row = "champs_informations:\n- intitule: Inscription\n  contenu: 'https://framaforms.org/x '";
    let event = one(&format!("title: t\nevent_start_date: 2019-04-11\n{row}"), "").event.expect("an event");
    assert_eq!(event.registration.as_ref().map(url::Url::as_str), Some("https://framaforms.org/x"));
}
