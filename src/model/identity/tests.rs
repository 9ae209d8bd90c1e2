use super::*;
use crate::model::announcement::AnnouncementId;
use crate::model::catalog::Catalog;
use crate::model::sample;

const LONG: &str =
    "Le programme lance son premier appel à candidatures pour rejoindre les équipes de l’État en septembre";

/// A file of 9 January 2019 on some host.
fn file(host: &str, path: &str, slug: &str, text: &str) -> Announcement {
    let mut announcement = sample::announcement(slug);
    announcement.id = AnnouncementId::minted(host, announcement.published.local_date(), slug);
    announcement.url = sample::url(&format!("https://{host}/{slug}/"));
    announcement.source.path = path.to_owned();
    announcement.source.hash = format!("{path}: {text}");
    announcement.body = sample::rich(text);
    announcement.summary = None;
    announcement
}

fn known(announcements: &[Announcement]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.take_note(&Catalog::new(announcements.to_vec(), |_| None).0, announcements[0].published.instant);
    ledger
}

/// What `now` is recognised as, where `before` is what there was and `also` is there beside it.
fn recognised(before: &Announcement, now: Announcement, also: &[&str]) -> Announcement {
    let mut present: HashSet<String> = also.iter().map(|path| (*path).to_owned()).collect();
    present.insert(now.source.path.clone());
    let gone: Vec<Arc<Announcement>> =
        (!present.contains(&before.source.path)).then(|| before.clone().into()).into_iter().collect();
    let mut announcements = vec![Arc::new(now)];
    known(std::slice::from_ref(before)).recognise(&mut announcements, &present, &gone);
    Arc::unwrap_or_clone(announcements.remove(0))
}

#[test]
fn a_file_is_the_same_announcement_under_a_new_name_title_folder_text_or_domain() {
    let before = file("a.org", "x/2019-01-09-un.md", "un", LONG);
    let mut moved = file("a.org", "y/2019-01-09-deux.md", "deux", LONG);
    moved.source.hash.clone_from(&before.source.hash);
    let retitled =
        Announcement { title: "Un autre titre".to_owned(), ..file("a.org", "x/2019-01-09-un.md", "un", "Autre.") };
    let other_title =
        |text: &str| Announcement { title: "Autre".to_owned(), ..file("a.org", "y/deux.md", "deux", text) };
    let mut dated_later = moved.clone();
    dated_later.published = sample::moment("2019-02-09T11:56:00Z");
    for (what, now) in [
        ("renamed", moved),
        ("renamed with another date in its name", dated_later),
        ("retitled and rewritten", retitled),
        ("under a new domain", file("b.org", "x/2019-01-09-un.md", "un", LONG)),
        ("under a new domain in another folder", file("b.org", "y/2019-01-09-un.md", "un", LONG)),
        ("renamed and corrected", other_title(&format!("{LONG} prochain"))),
        (
            "renamed, its title kept, rewritten",
            Announcement { title: before.title.clone(), ..other_title("Tout autre chose.") },
        ),
    ] {
        assert_eq!(recognised(&before, now, &[]).id, before.id, "{what}");
    }
}

#[test]
fn a_file_that_says_something_else_is_another_announcement() {
    let before = file("a.org", "x/un.md", "un", LONG);
    let mut next_month = Announcement { title: before.title.clone(), ..file("a.org", "x/deux.md", "deux", LONG) };
    next_month.published = sample::moment("2019-02-09T11:56:00Z");
    let mut copy = file("a.org", "x/deux.md", "deux", LONG);
    copy.source.hash.clone_from(&before.source.hash);
    let pinned = Announcement { id: AnnouncementId::pinned("tag:a.org,2019:moi"), pinned: true, ..copy.clone() };
    for (what, now, also) in [
        ("the same words a month later", next_month, &[][..]),
        ("a copy beside the original", copy, &["x/un.md"]),
        ("an id of its own", pinned, &[]),
        (
            "other words",
            Announcement { title: "Autre".to_owned(), ..file("a.org", "x/deux.md", "deux", "Rien à voir.") },
            &[],
        ),
    ] {
        let own = now.id.clone();
        assert_eq!(recognised(&before, now, also).id, own, "{what}");
    }
}

#[test]
fn where_a_withdrawn_one_stood_another_may_stand() {
    let before = file("a.org", "x/reunion.md", "reunion", LONG);
    let mut ledger = known(std::slice::from_ref(&before));
    ledger.take_note(&Catalog::default(), before.published.instant);
    let read = |now: Announcement| {
        let mut announcements = vec![Arc::new(now)];
        ledger.recognise(&mut announcements, &HashSet::from(["x/reunion.md".to_owned()]), &[]);
        announcements[0].id.clone()
    };
    let mut next =
        Announcement { title: "La suivante".to_owned(), ..file("a.org", "x/reunion.md", "reunion", "Autre chose.") };
    next.published = sample::moment("2019-06-09T11:56:00Z");
    next.id = AnnouncementId::minted("a.org", next.published.local_date(), "reunion");
    assert_eq!(read(next.clone()), next.id);
    // restored, and corrected meanwhile
    let restored = Announcement {
        id: AnnouncementId::minted("b.org", before.published.local_date(), "reunion"),
        ..file("b.org", "x/reunion.md", "reunion", "Corrigé.")
    };
    assert_eq!(read(restored), before.id);
}

#[test]
fn old_addresses_become_aliases() {
    let before = file("a.org", "x/un.md", "un", LONG);
    let renamed = recognised(&before, file("a.org", "x/deux.md", "deux", LONG), &[]);
    assert_eq!(renamed.aliases, ["/un/"]);
    assert_eq!(recognised(&before, before.clone(), &[]).aliases, [""; 0]);
}

#[test]
fn a_pin_that_is_no_uri_keeps_the_site_it_was_first_published_on() {
    let on = |site: &str| Announcement {
        id: AnnouncementId::pinned_on(&sample::url(site), "42"),
        pinned: true,
        ..file("a.org", "x/un.md", "un", LONG)
    };
    assert_eq!(recognised(&on("https://a.org/"), on("https://b.org/"), &[]).id.as_str(), "https://a.org/#42");
    let other =
        Announcement { id: AnnouncementId::pinned_on(&sample::url("https://b.org/"), "43"), ..on("https://b.org/") };
    assert_eq!(recognised(&on("https://a.org/"), other, &[]).id.as_str(), "https://b.org/#43");
}

#[test]
fn a_file_that_had_two_ids_is_dated_by_the_one_readers_see() {
    let live = file("a.org", "x/un.md", "un", LONG);
    let entry = known(std::slice::from_ref(&live)).entries().next().expect("one").clone();
    let earlier = LedgerEntry {
        id: AnnouncementId::pinned("tag:a.org,2018:avant"),
        first_seen: DateTime::UNIX_EPOCH,
        standing: Standing::Withdrawn,
        ..entry.clone()
    };
    // a map has another order each time
    for _ in 0..20 {
        let ledger = Ledger::new([earlier.clone(), entry.clone()]);
        assert_eq!(ledger.first_seen_by_path()["x/un.md"], entry.first_seen);
    }
}

#[test]
fn the_surest_match_comes_first_whatever_the_order() {
    let (one, two) =
        (file("a.org", "x/un.md", "un", LONG), file("a.org", "x/deux.md", "deux", &format!("{LONG} encore")));
    let ledger = known(&[one.clone(), two.clone()]);
    let renamed = |it: &Announcement, path: &str, slug: &str| {
        let text = it.body.text.clone();
        Announcement {
            title: "Autre".to_owned(),
            source: crate::model::announcement::Source { path: path.to_owned(), hash: it.source.hash.clone() },
            ..file("a.org", path, slug, &text)
        }
    };
    for mut now in [
        vec![renamed(&one, "x/a.md", "a"), renamed(&two, "x/b.md", "b")],
        vec![renamed(&two, "x/a.md", "a"), renamed(&one, "x/b.md", "b")],
    ] {
        let expected: Vec<&str> = now.iter().map(|it| it.source.hash.split(':').next().expect("a path")).collect();
        let expected: Vec<AnnouncementId> =
            expected.iter().map(|path| if path.contains("un") { one.id.clone() } else { two.id.clone() }).collect();
        let present = now.iter().map(|it| it.source.path.clone()).collect();
        let mut now: Vec<Arc<Announcement>> = now.drain(..).map(Arc::new).collect();
        ledger.recognise(&mut now, &present, &[one.clone().into(), two.clone().into()]);
        assert_eq!(now.iter().map(|it| it.id.clone()).collect::<Vec<_>>(), expected);
    }
}
