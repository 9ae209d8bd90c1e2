//! The thirty nasty inputs of real sites, each through the whole room.

use std::collections::{BTreeMap, HashMap};

use super::Loaded;
use super::folder::{SourceFile, Stamp, Walk};
use super::mapping::Habits;
use super::memory::Memory;
use super::profile::Profile;
use crate::model::announcement::{Announcement, Status};
use crate::model::event::{EventStatus, When};
use crate::model::revision::Ledger;
use crate::model::sample;
use crate::model::settings::{ContentSettings, FolderRule, OffsetPolicy, ProfileName, Typography};
use crate::model::token::sha256_hex;

fn settings(profile: ProfileName) -> ContentSettings {
    ContentSettings {
        dir: "content".into(),
        profile,
        typography: Typography::Generator,
        fields: BTreeMap::new(),
        folders: Vec::new(),
        assets: None,
        max_bytes: 1024 * 1024,
        max_withdrawn: 1.0,
    }
}

fn load_with(content: &ContentSettings, files: &[(&str, &[u8])], last_good: &[(&str, &str)]) -> Loaded {
    let site = crate::model::settings::SiteSettings { zone: chrono_tz::Europe::Paris, ..sample::site() };
    let profile = Profile::with_overrides(content.profile, &content.fields);
    let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
    let first_seen = HashMap::from([("seen.md".to_owned(), "2020-05-05T10:00:00Z".parse().expect("an instant"))]);
    let files = files.iter().map(|(path, bytes)| SourceFile {
        path: (*path).to_owned(),
        stamp: Stamp::default(),
        bytes: Ok(Some(bytes.to_vec())),
    });
    let walk = Walk { files: files.collect(), ..Walk::default() };
    let last_good: HashMap<String, Vec<u8>> =
        last_good.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let habits = Habits { site: &site, content, profile: &profile, first_seen: &first_seen, now };
    let hashes = last_good.iter().map(|(path, bytes)| (path.clone(), sha256_hex(bytes))).collect();
    super::read(walk, &hashes, &mut Memory::default(), habits).finish(&last_good, &Ledger::default(), habits)
}

fn load_one(front: &str, body: &str) -> Loaded {
    let file = format!("---\n{front}\n---\n{body}\n");
    load_with(&settings(ProfileName::Numerique), &[("agenda/2019-01-09-x.md", file.as_bytes())], &[])
}

fn one(front: &str, body: &str) -> Announcement {
    let loaded = load_one(front, body);
    let [announcement] = loaded.catalog.all() else { panic!("one announcement: {:?}", loaded.diagnostics) };
    announcement.as_ref().clone()
}

/// Codes with lines and columns.
fn told(loaded: &Loaded) -> Vec<String> {
    let place =
        |d: &crate::model::diagnostic::Diagnostic| format!("{}:{}:{}", d.code, d.position.line, d.position.column);
    loaded.diagnostics.iter().map(place).collect()
}

#[test]
fn a_title_is_on_one_line_and_decoded_once() {
    assert_eq!(one("title: \"a \\n  b\"", "").title, "a b");
    assert_eq!(one("title: Q&amp;A &amp;amp; co", "").title, "Q&A &amp; co");
    assert_eq!(one("title: \"a\\u2028b\\u0007c\\uFEFFd\"", "").title, "a bcd");
}

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
fn two_files_with_one_slug_are_both_named_and_the_first_published_wins() {
    let file = |date: &str| format!("---\ntitle: {date}\ndate: {date}\n---\n");
    let (early, late) = (file("2019-01-09 08:00"), file("2019-01-09 09:00"));
    let mut files = [("news/b.md", early.as_bytes()), ("news/2019-01-09-b.md", late.as_bytes())];
    for _ in 0..2 {
        let loaded = load_with(&settings(ProfileName::Numerique), &files, &[]);
        let [kept] = loaded.catalog.all() else { panic!("one announcement") };
        assert_eq!(kept.title, "2019-01-09 08:00");
        let [clash] = &loaded.diagnostics[..] else { panic!("{:?}", loaded.diagnostics) };
        assert_eq!((clash.file.as_str(), clash.code), ("news/2019-01-09-b.md", "id-clash"));
        assert!(clash.message.contains("`news/b.md`"), "{}", clash.message);
        files.reverse();
    }
}

#[test]
fn two_undated_files_of_one_name_are_two_announcements() {
    let file = b"---\ntitle: Bienvenue\n---\n\nTexte.\n";
    let files = [("paris/bienvenue.md", &file[..]), ("lyon/bienvenue.md", &file[..])];
    let loaded = load_with(&settings(ProfileName::Numerique), &files, &[]);
    let mut ids: Vec<&str> = loaded.catalog.all().iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    let day = "tag:www.example.org,2026-11-22:";
    assert_eq!(ids, [format!("{day}lyon-bienvenue"), format!("{day}paris-bienvenue")]);
}

#[test]
fn an_address_with_a_date_dates_a_file_without_one() {
    let file = "+++\ntitle = \"x\"\npath = \"2023/12/15/x.html\"\n+++\n";
    let loaded = load_with(&settings(ProfileName::Zola), &[("news.md", file.as_bytes())], &[]);
    let published = &loaded.catalog.all()[0].published;
    assert_eq!(published.instant.to_rfc3339(), "2023-12-14T23:00:00+00:00");
    assert_eq!(published.origin, "path");
    assert!(told(&loaded).is_empty(), "{:?}", told(&loaded));
}

#[test]
fn a_file_without_a_date_counts_from_when_it_was_first_seen() {
    let files = [("seen.md", &b"---\ntitle: x\n---\n"[..])];
    let loaded = load_with(&settings(ProfileName::Numerique), &files, &[]);
    let announcement = &loaded.catalog.all()[0];
    assert_eq!(announcement.published.instant.to_rfc3339(), "2020-05-05T10:00:00+00:00");
    assert_eq!(announcement.published.origin, "first-seen");
    assert!(told(&loaded).contains(&"no-date:1:1".to_owned()));
}

#[test]
fn offsets_are_trusted_or_not_as_the_folder_says() {
    let file = b"---\ntitle: x\ndate: 2019-07-01 10:00:00 -0500\n---\n";
    let mut content = settings(ProfileName::Numerique);
    let loaded = load_with(&content, &[("a/x.md", file)], &[]);
    assert_eq!(loaded.catalog.all()[0].published.instant.to_rfc3339(), "2019-07-01T15:00:00+00:00");
    assert_eq!(told(&loaded), ["offset-contradicts-zone:3:7"]);
    content.folders.push(FolderRule {
        pattern: globset::Glob::new("a/**").expect("a pattern").compile_matcher(),
        kind: None,
        url: None,
        lang: None,
        zone: None,
        offset: OffsetPolicy::WallClock,
        defaults: serde_json::Map::new(),
    });
    let loaded = load_with(&content, &[("a/x.md", file)], &[]);
    assert_eq!(loaded.catalog.all()[0].published.instant.to_rfc3339(), "2019-07-01T08:00:00+00:00");
    assert_eq!(told(&loaded), [""; 0]);
}

/// The shape of an event's time, from its front matter lines.
fn when(front: &str) -> (String, Vec<String>) {
    let loaded = load_one(&format!("title: x\ndate: 2019-01-09\n{front}"), "");
    let event = &loaded.catalog.all()[0].event;
    let when = event.as_ref().map(|event| serde_json::to_value(&event.when).expect("an event"));
    let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or("-").to_owned();
    let shown = when.map_or("none".to_owned(), |when| match when["shape"].as_str() {
        Some("timed") => format!("{} {}", text(&when, "start"), text(&when, "end")),
        Some("daily") => ["first", "last", "from", "to"].map(|key| text(&when, key)).join(" "),
        _ => format!("{} {}", text(&when, "first"), text(&when, "last")),
    });
    (shown, told(&loaded))
}

#[test]
fn the_time_rules_hold() {
    let row = |hours: &str| format!("champs_informations:\n- intitule: 'Horaires '\n  contenu: {hours}\n");
    for (front, expected, codes) in [
        ("event_start_date: 2019-04-11 09:30".to_owned(), "2019-04-11T09:30:00 -", &[][..]),
        (format!("event_start_date: 2019-04-11\n{}", row("9h-12h")), "2019-04-11T09:00:00 2019-04-11T12:00:00", &[]),
        (
            format!("event_start_date: 2019-04-11 00:00:00 +02:00\n{}", row("De 9h30 à 17h")),
            "2019-04-11T09:30:00 2019-04-11T17:00:00",
            &[],
        ),
        (
            format!("event_start_date: 2019-04-11 09:00\n{}", row("9h-12h")),
            "2019-04-11T09:00:00 2019-04-11T12:00:00",
            &[],
        ),
        (
            format!("event_start_date: 2019-04-11 10:00\n{}", row("9h-12h")),
            "2019-04-11T09:00:00 2019-04-11T12:00:00",
            &["hours-contradict-date"],
        ),
        (format!("event_start_date: 2019-04-11\n{}", row("20h-2h")), "2019-04-11T20:00:00 2019-04-12T02:00:00", &[]),
        (format!("event_start_date: 2019-04-11\n{}", row("le matin")), "2019-04-11 2019-04-11", &["hours-unreadable"]),
        ("event_start_date: 2019-04-11".to_owned(), "2019-04-11 2019-04-11", &[]),
        ("event_start_date: 2019-04-11\nevent_end_date: 2019-04-13".to_owned(), "2019-04-11 2019-04-13", &[]),
        (
            format!("event_start_date: 2019-04-11\nevent_end_date: 2019-04-13\n{}", row("9h-17h")),
            "2019-04-11 2019-04-13 09:00:00 17:00:00",
            &[],
        ),
        (
            "event_start_date: 2019-04-11 18:00\nevent_end_date: 2019-04-11 20:00".to_owned(),
            "2019-04-11T18:00:00 2019-04-11T20:00:00",
            &[],
        ),
        ("event_start_date: 2019-04-11 18:00\nevent_end_date: 2019-04-11".to_owned(), "2019-04-11T18:00:00 -", &[]),
        ("event_end_date: 2019-04-13".to_owned(), "none", &["end-without-start"]),
        (
            "event_start_date: 2019-04-11 18:00\nevent_end_date: 2019-04-10 20:00".to_owned(),
            "2019-04-11T18:00:00 -",
            &["end-before-start"],
        ),
        ("event_start_date: 2018-04-11 18:00".to_owned(), "2018-04-11T18:00:00 -", &["event-before-announcement"]),
        ("event_start_date: 2027-03-28 02:30".to_owned(), "2027-03-28T03:00:00 -", &["hour-skipped"]),
        ("event_start_date: 2026-10-25 02:30".to_owned(), "2026-10-25T02:30:00 -", &["hour-twice"]),
        ("event_start_date: soon".to_owned(), "none", &["date-unreadable"]),
    ] {
        let (shown, told) = when(&front);
        assert_eq!(shown, expected, "{front}");
        let told: Vec<&str> = told.iter().filter_map(|told| told.split(':').next()).collect();
        assert_eq!(told, codes, "{front}");
    }
}

#[test]
fn a_bare_date_is_a_whole_day_also_where_its_midnight_does_not_exist() {
    let content = settings(ProfileName::Jekyll);
    let rule = FolderRule {
        pattern: globset::Glob::new("**").expect("a pattern").compile_matcher(),
        kind: None,
        url: None,
        lang: None,
        zone: Some(chrono_tz::America::Sao_Paulo),
        offset: OffsetPolicy::Trust,
        defaults: serde_json::Map::new(),
    };
    let content = ContentSettings { folders: vec![rule], ..content };
    let file = b"---\ntitle: x\ndate: 2018-01-09\nevent_date: 2018-11-04\n---\n";
    let loaded = load_with(&content, &[("a.md", file)], &[]);
    let event = loaded.catalog.all()[0].event.clone().expect("an event");
    assert_eq!(
        event.when,
        When::AllDay {
            first: sample::day("2018-11-04"),
            last: sample::day("2018-11-04"),
            zone: chrono_tz::America::Sao_Paulo
        }
    );
}

#[test]
fn where_on_earth_it_is_may_be_said_in_many_ways() {
    for (front, expected) in [
        ("latitude: 48.85\nlongitude: 2.308", Some("48.850000;2.308000")),
        ("geo: {lat: 48.85, lon: -2.308}", Some("48.850000;-2.308000")),
        ("geo: {lat: '48.85', lng: '2.308'}", Some("48.850000;2.308000")),
        ("geo: 48.85, 2.308", Some("48.850000;2.308000")),
        ("coordinates: [48.85, 2.308]", Some("48.850000;2.308000")),
        ("geo: 95, 2", None),
        ("geo: Paris, France", None),
        ("geo: [1, 2, 3]", None),
        ("latitude: 48.85", None),
    ] {
        let event = one(&format!("title: x\nevent_start_date: 2019-04-11\n{front}"), "").event.expect("an event");
        let geo = event.place.and_then(|place| place.geo).map(|geo| geo.to_string());
        assert_eq!(geo.as_deref(), expected, "{front}");
    }
}

#[test]
fn an_event_may_be_called_off_in_its_front_matter() {
    for (front, expected) in [
        ("event_status: annulé", EventStatus::Cancelled),
        ("cancelled: true", EventStatus::Cancelled),
        ("cancelled: false", EventStatus::Confirmed),
        ("event_status: Tentative", EventStatus::Tentative),
        ("event_status: whatever", EventStatus::Confirmed),
    ] {
        let event = one(&format!("title: x\nevent_start_date: 2019-04-11\n{front}"), "").event.expect("an event");
        assert_eq!(event.status, expected, "{front}");
    }
}

#[test]
fn prose_is_hinted_at_and_never_parsed() {
    let loaded = load_one("title: x\nevent_start_date: 2019-04-11 09:30", "**9h30-11h30 :** accueil");
    assert_eq!(when("event_start_date: 2019-04-11 09:30").0, "2019-04-11T09:30:00 -");
    assert_eq!(told(&loaded), ["event-without-end:3:19"]);
    assert!(one("title: x", "Rendez-vous le 12 mars 2019 de 9h à 12h").event.is_none());
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
fn bombs_are_refused() {
    let level = |n: usize| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
    let levels = (1..9).map(level).collect::<Vec<_>>().concat();
    assert_eq!(told(&load_one(&format!("a0: &a0 [x]\n{levels}"), "")), ["yaml-alias:3:10"]);
    assert_eq!(told(&load_one(&format!("a: {}", "[".repeat(10_000)), "")), ["yaml-too-deep:2:35"]);
}

#[test]
fn drafts_and_expired_ones_are_known_but_not_shown() {
    assert_eq!(one("title: x\ndraft: \"true\"", "").status, Status::Draft);
    assert_eq!(one("title: x\npublished: no", "").status, Status::Draft);
    let file = b"---\ntitle: x\nDate: 2019-01-01\nexpiryDate: 2019-02-01\n---\n";
    let loaded = load_with(&settings(ProfileName::Hugo), &[("news/x.md", file)], &[]);
    let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
    assert_eq!((loaded.catalog.len(), loaded.catalog.visible(now).count()), (1, 0));
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
fn in_a_folder_of_events_hugos_date_is_the_events() {
    let file = b"---\ntitle: x\ndate: 2027-03-01T18:00:00+01:00\nend_date: 2027-03-01T20:00:00+01:00\nvenue: {name: Salle, address: Rue}\n---\n";
    let loaded = load_with(&settings(ProfileName::Hugo), &[("events/x.md", file)], &[]);
    let announcement = &loaded.catalog.all()[0];
    assert!(announcement.is_visible("2026-11-22T12:00:00Z".parse().expect("an instant")), "not held until it begins");
    let event = announcement.event.as_ref().expect("an event");
    assert_eq!(event.when.begins().to_rfc3339(), "2027-03-01T17:00:00+00:00");
    assert_eq!(event.place.as_ref().map(crate::model::event::Place::one_line).as_deref(), Some("Salle, Rue"));
}

#[test]
fn keys_of_their_own_make_an_event_in_any_folder_of_hugo() {
    let file =
        b"---\ntitle: x\ndate: 2026-05-02\nevent_start: 2026-06-21\nevent_end: 2026-06-26\nlocation: Lyon\n---\n";
    let loaded = load_with(&settings(ProfileName::Hugo), &[("talk/x.md", file), ("events/y.md", file)], &[]);
    for announcement in loaded.catalog.all() {
        let event = announcement.event.as_ref().expect("an event");
        assert_eq!(event.when.begins().to_rfc3339(), "2026-06-20T22:00:00+00:00");
        assert_eq!(announcement.published.local_date().to_string(), "2026-05-02");
    }
    assert_eq!(loaded.catalog.len(), 2);
}

#[test]
fn a_long_file_name_is_accepted() {
    let path = format!("agenda/2019-01-09-{}.md", "é".repeat(117));
    let loaded = load_with(&settings(ProfileName::Numerique), &[(&path, b"---\ntitle: x\n---\n")], &[]);
    assert_eq!(loaded.catalog.all()[0].slug, "e".repeat(117));
}

#[test]
fn the_longest_post_is_whole() {
    let body = "Un mot. ".repeat(173 * 128);
    let announcement = one("title: x", &body);
    assert!(announcement.body.text.len() > 170_000, "{}", announcement.body.text.len());
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
fn a_bracket_that_is_not_closed_is_told_where_it_opens() {
    for (front, place) in
        [("oops: [", "yaml-syntax:2:7"), ("oops: [a\nx: y", "yaml-syntax:2:7"), ("a: {", "yaml-syntax:2:4")]
    {
        let loaded = load_one(front, "");
        assert_eq!(told(&loaded), [place], "{front} {:?}", loaded.diagnostics);
        assert!(loaded.diagnostics[0].hint.is_some(), "{front}");
    }
}

fn event_told(front: &str) -> Vec<String> {
    let front = format!("title: t\ndate: 2019-01-01 10:00:00 +01:00\n{front}");
    told(&load_one(&front, ""))
}

#[test]
fn hours_that_clocks_skip_or_show_twice_are_told() {
    let row = "champs_informations:\n- intitule: Horaires\n  contenu: 2h30-4h";
    assert_eq!(event_told(&format!("event_start_date: 2026-03-29\n{row}")), ["hour-skipped:7:12"]);
    assert_eq!(event_told(&format!("event_start_date: 2026-10-25\n{row}")), ["hour-twice:7:12"]);
    assert_eq!(event_told("event_start_date: 2026-10-25 02:30:00 +02:00"), [""; 0]);
    assert_eq!(event_told("event_start_date: 2026-10-25 02:30:00 +01:00"), ["hour-twice:4:19"]);
}

#[test]
fn hours_that_contradict_each_other_are_told() {
    let row = |label: &str, hours: &str| format!("\n- intitule: {label}\n  contenu: {hours}");
    let days = "event_start_date: 2019-04-11\nchamps_informations:";
    let two = format!("{days}{}{}", row("Horaires", "9h-12h"), row("Horaires", "14h-17h"));
    assert_eq!(event_told(&two), ["hours-twice:9:12"]);
    assert_eq!(event_told(&format!("{days}{}", row("Heures", "9h-12h"))), ["hours-unlabelled:7:12"]);
    let clocks = "event_start_date: 2019-04-11 09:30\nevent_end_date: 2019-04-11 18:00\nchamps_informations:";
    assert_eq!(event_told(&format!("{clocks}{}", row("Horaires", "9h30-17h"))), ["hours-contradict-date:8:12"]);
    assert_eq!(event_told(&format!("{clocks}{}", row("Horaires", "9h30-18h"))), [""; 0]);
}

#[test]
fn an_event_that_begins_before_its_announcement_is_hinted_at() {
    for dates in ["event_start_date: 2018-04-11", "event_start_date: 2018-12-30\nevent_end_date: 2019-02-01"] {
        assert_eq!(event_told(dates), ["event-before-announcement:4:19"], "{dates}");
    }
}

#[test]
fn characters_that_are_taken_out_are_told_once() {
    let head = "title: t\ndate: 2019-01-01";
    assert_eq!(told(&load_one(head, "a\u{8}b\n\u{feff}c")), ["invisible-character:5:2"]);
    assert_eq!(told(&load_one("date: 2019-01-01\ntitle: \"a\\u2028b\"", "x")), ["invisible-character:3:8"]);
    assert_eq!(told(&load_one(head, "un\u{a0}: été\t🎉")), [""; 0]);
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
