//! Which file is which announcement, and when it is shown.

use super::*;

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
        assert_eq!((clash.file.as_str(), clash.code.as_ref()), ("news/2019-01-09-b.md", "id-clash"));
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
fn drafts_and_expired_ones_are_known_but_not_shown() {
    assert_eq!(one("title: x\ndraft: \"true\"", "").status, Status::Draft);
    assert_eq!(one("title: x\npublished: no", "").status, Status::Draft);
    let file = b"---\ntitle: x\nDate: 2019-01-01\nexpiryDate: 2019-02-01\n---\n";
    let loaded = load_with(&settings(ProfileName::Hugo), &[("news/x.md", file)], &[]);
    let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
    assert_eq!((loaded.catalog.len(), loaded.catalog.visible(now).count()), (1, 0));
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
