//! Whole documents, and what other people's parsers make of them.

use super::feed::{Entry, Feed, Variant};
use super::opml::Outline;
use super::{atom, calendar, check, json_feed, opml, rss};
use crate::model::announcement::{Announcement, Attachment, Image, InfoRow};
use crate::model::event::{Access, EventStatus, Place, When};
use crate::model::revision::Revision;
use crate::model::sample::{self, announcement, day, event, label, local, moment, rich, timed, url};
use crate::model::settings::{FeedContent, PublishSettings, SiteSettings};

/// What the announcements are published with.
pub(super) struct Setting {
    pub(super) site: SiteSettings,
    pub(super) publish: PublishSettings,
}

impl Setting {
    pub(super) fn new() -> Self {
        let mut publish = sample::publish();
        publish.websub_hubs = vec![url("https://hub.example.org/")];
        Self { site: sample::site(), publish }
    }

    pub(super) fn feed<'a>(&'a self, announcements: &'a [Announcement]) -> Feed<'a> {
        Feed {
            site: &self.site,
            publish: &self.publish,
            title: self.site.title.clone(),
            description: self.site.description.clone(),
            folder: String::new(),
            variant: Variant::Main,
            previous: None,
            entries: announcements.iter().map(entry).collect(),
        }
    }
}

pub(super) fn entry(announcement: &Announcement) -> Entry<'_> {
    let updated = announcement.updated.as_ref().unwrap_or(&announcement.published).instant;
    Entry { announcement, revision: Revision { sequence: 2, updated, stamp: updated } }
}

/// A morning in Paris, with everything an announcement may have.
pub(super) fn meeting() -> Announcement {
    let mut it = announcement("matinee-ux");
    it.title = "Expert UX : tout savoir avant de candidater !".to_owned();
    it.published = moment("2019-04-08T09:12:00Z");
    it.updated = Some(moment("2019-04-09T07:00:00Z"));
    it.authors = vec!["Christine Balian".to_owned(), "L’équipe, DINSIC".to_owned()];
    it.contact = Some("contact@example.org                     ".to_owned());
    it.categories = vec![label("Réunion d'information"), label("Atelier")];
    it.tags = vec![label("Designers d'Intérêt Général"), label("UX"), label("Atelier")];
    it.external_url = Some(url("https://ailleurs.example.org/matinee"));
    it.images = vec![Image {
        src: url("https://www.example.org/uploads/affiche%20UX.jpg"),
        alt: Some("L’affiche \"UX\" & <co>".to_owned()),
        caption: Some("Affiche".to_owned()),
    }];
    it.attachments = vec![
        attachment("https://www.example.org/uploads/CP_255%20Designers%20d'interet.pdf", Some(48_213)),
        attachment("https://www.example.org/uploads/plan.pdf", None),
    ];
    it.info = vec![
        row("Horaires", "9h-12h", None),
        row("Modalités", "Inscription gratuite", Some("https://framaforms.example.org/inscription?a=1&b=2")),
    ];
    let mut meeting = event(timed("2019-04-11 09:00", Some("2019-04-11 12:00")));
    meeting.place = Some(Place {
        name: Some("Bâtiment Ségur-Fontenoy".to_owned()),
        address: Some("20 avenue de Ségur - 75007 Paris".to_owned()),
        geo: crate::model::event::Geo::from_degrees(48.850_1, 2.308_234_5),
    });
    meeting.access = vec![
        Access {
            mode: Some("Métro".to_owned()), lines: vec!["Ligne 13 : Saint-François-Xavier ; Ligne 8".to_owned()]
        },
        Access { mode: Some("Bus".to_owned()), lines: vec!["Lignes 28 et 80".to_owned()] },
    ];
    meeting.registration = Some(url("https://framaforms.example.org/inscription?a=1&b=2"));
    it.event = Some(meeting);
    it
}

fn attachment(href: &str, bytes: Option<u64>) -> Attachment {
    Attachment { href: url(href), title: Some("Télécharger".to_owned()), mime: "application/pdf".to_owned(), bytes }
}

fn row(label: &str, value: &str, href: Option<&str>) -> InfoRow {
    InfoRow { label: label.to_owned(), value: value.to_owned(), href: href.map(url) }
}

/// Everything that has ever broken a document, in every place it may stand.
pub(super) fn nasty() -> Announcement {
    let poison =
        "Été \"quoted\"; a, b\\c\nBEGIN:VEVENT\r\nX-EVIL:1 ]]> <script>&amp; 🎉\u{0}\u{b}\u{7f}\u{2028}\u{ffff} fin";
    let mut it = announcement("nasty");
    it.title = poison.to_owned();
    it.published = moment("2018-12-31T23:30:00Z");
    it.lang = "en".to_owned();
    it.summary = Some(rich(poison));
    it.body = rich(&format!("{poison}{}", "é🎉".repeat(60)));
    it.authors = vec![poison.to_owned()];
    it.contact = Some(poison.to_owned());
    it.categories = vec![label(poison), label("a, b; c")];
    it.images = vec![Image {
        src: url("https://www.example.org/i'mage.png?a=\"1\"&b=2"),
        alt: Some(poison.to_owned()),
        caption: None,
    }];
    it.attachments = vec![Attachment {
        href: url("https://www.example.org/a;b,c\"d.odt"),
        title: Some(poison.to_owned()),
        mime: "x/y\";X=1:\r\nEVIL:1".to_owned(),
        bytes: None,
    }];
    it.info = vec![row(poison, poison, Some("https://www.example.org/x"))];
    let mut nasty = event(timed("2018-12-31 23:00", Some("2019-01-01 02:00")));
    nasty.place = Some(Place { name: Some(poison.to_owned()), ..Place::default() });
    nasty.organizer = Some(poison.to_owned());
    nasty.online = Some(url("https://visio.example.org/a;b"));
    it.event = Some(nasty);
    it
}

/// Whole days over New Year, cancelled, and hours that come back each day over the end of summer time.
pub(super) fn days() -> [Announcement; 2] {
    let mut whole = announcement("conges");
    let when = When::AllDay { first: day("2019-12-30"), last: day("2020-01-02"), zone: chrono_tz::Europe::Paris };
    whole.event = Some(event(when));
    if let Some(event) = &mut whole.event {
        event.status = EventStatus::Cancelled;
    }
    let mut daily = announcement("exposition");
    daily.event = Some(event(When::Daily {
        first: day("2019-10-26"),
        last: day("2019-10-29"),
        from: local("2019-10-26 09:30").time(),
        to: local("2019-10-26 18:00").time(),
        zone: chrono_tz::Europe::Paris,
    }));
    [whole, daily]
}

fn everything() -> Vec<Announcement> {
    let [whole, daily] = days();
    vec![daily, whole, meeting(), announcement("simple"), nasty()]
}

/// Compares a document with the one kept; with `UPDATE_SNAPSHOTS` set it is kept instead.
pub(super) fn assert_kept(name: &str, document: &[u8]) {
    let path = format!("{}/tests/snapshots/output/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, document).expect("the snapshot is writable");
    }
    let kept = std::fs::read(&path).expect("a snapshot, or UPDATE_SNAPSHOTS=1 to make it");
    let (kept, document) = (String::from_utf8_lossy(&kept), String::from_utf8_lossy(document));
    for (number, (kept, document)) in kept.split('\n').zip(document.split('\n')).enumerate() {
        assert_eq!(document, kept, "{name}, line {}", number + 1);
    }
    assert_eq!(document.len(), kept.len(), "{name}");
}

#[test]
fn documents_are_as_they_were_and_pass_the_gate() {
    let (setting, announcements) = (Setting::new(), everything());
    let feed = setting.feed(&announcements);
    let outline = |title: &str, name: &str| Outline {
        title: title.to_owned(),
        feed_url: feed.document_url(name),
        page_url: feed.page_url(),
        lang: "fr".to_owned(),
    };
    for (name, document) in [
        ("rss.xml", rss::write(&feed).expect("RSS")),
        ("atom.xml", atom::write(&feed).expect("Atom")),
        (
            "feeds.opml",
            opml::write("Fils\n& \"co\"\u{b}", &[outline("a < b", "rss.xml"), outline("é", "atom.xml")]).expect("OPML"),
        ),
    ] {
        assert_eq!(check::check_xml(&document), Ok(()), "{name}");
        assert_kept(name, &document);
    }
    let json = json_feed::write(&feed).expect("JSON Feed");
    assert_eq!(check::check_json(&json), Ok(()));
    assert!(
        serde_yaml::from_slice::<serde_yaml::Value>(&json).is_ok(),
        "YAML holds JSON, and libyaml did not write it"
    );
    assert_kept("feed.json", &json);
    for (name, document) in [
        ("calendar.ics", calendar::write(&feed).bytes),
        ("event.ics", calendar::write_event(feed.site, feed.publish, &entry(&announcements[2]))),
    ] {
        assert_eq!(check::check_calendar(&document), Ok(()), "{name}");
        assert_kept(name, &document);
    }
}

#[test]
fn feeds_without_entries_are_whole_documents() {
    let setting = Setting::new();
    let feed = setting.feed(&[]);
    assert_eq!(check::check_xml(&rss::write(&feed).expect("RSS")), Ok(()));
    assert_eq!(check::check_xml(&atom::write(&feed).expect("Atom")), Ok(()));
    assert_eq!(check::check_json(&json_feed::write(&feed).expect("JSON Feed")), Ok(()));
    assert_eq!(check::check_calendar(&calendar::write(&feed).bytes), Ok(()));
    assert_eq!(check::check_xml(&opml::write("t", &[]).expect("OPML")), Ok(()));
}

#[test]
fn another_parser_reads_the_same_from_all_three_feeds() {
    let (setting, announcements) = (Setting::new(), everything());
    let feed = setting.feed(&announcements);
    let documents =
        [rss::write(&feed).expect("RSS"), atom::write(&feed).expect("Atom"), json_feed::write(&feed).expect("JSON")];
    for document in documents {
        let read = feed_rs::parser::parse(document.as_slice()).expect("feed-rs reads it");
        assert_eq!(read.entries.len(), announcements.len());
        for (entry, announcement) in read.entries.iter().zip(&announcements) {
            assert_eq!(entry.id, announcement.id.as_str());
            assert_eq!(
                entry.title.as_ref().map(|title| title.content.as_str()),
                Some(super::item::clean_line(&announcement.title).as_str())
            );
            assert_eq!(entry.published, Some(announcement.published.instant));
            let html = entry.content.as_ref().and_then(|content| content.body.as_deref());
            assert_eq!(html.map(str::trim), Some(crate::model::text::without_controls(&announcement.body.html).trim()));
            assert!(entry.links.iter().any(|link| link.href == announcement.url.as_str()));
        }
    }
}

#[test]
fn a_summary_feed_keeps_bodies_to_itself() {
    let (mut setting, announcements) = (Setting::new(), [announcement("un")]);
    setting.publish.content = FeedContent::Summary;
    let feed = setting.feed(&announcements);
    for document in [rss::write(&feed), atom::write(&feed), json_feed::write(&feed)] {
        let document = String::from_utf8(document.expect("a feed")).expect("UTF-8");
        assert!(document.contains("Le résumé.") && !document.contains("Le corps."), "{document}");
    }
}

#[test]
fn a_namespace_is_declared_only_where_it_is_used() {
    let (setting, announcements) = (Setting::new(), [announcement("un")]);
    let document = String::from_utf8(rss::write(&setting.feed(&announcements)).expect("RSS")).expect("UTF-8");
    assert!(document.contains("xmlns:content=") && document.contains("xmlns:atom="), "{document}");
    assert!(!document.contains("xmlns:media=") && !document.contains("xmlns:dc="), "{document}");
}

#[test]
fn an_id_that_is_its_address_is_a_permalink_and_any_other_is_not() {
    let setting = Setting::new();
    let pinned = |id: &str| {
        let mut it = announcement("un");
        it.id = crate::model::announcement::AnnouncementId::pinned(id);
        let announcements = [it];
        let feed = setting.feed(&announcements);
        let written = |document: Vec<u8>| String::from_utf8(document).expect("UTF-8");
        (written(rss::write(&feed).expect("RSS")), written(atom::write(&feed).expect("Atom")))
    };
    let (rss, atom) = pinned("https://www.example.org/actualites/un/");
    assert!(rss.contains("<guid>https://www.example.org/actualites/un/</guid>"), "{rss}");
    assert!(atom.contains("<id>https://www.example.org/actualites/un/</id>"), "{atom}");
    let (rss, atom) = pinned("42 a");
    assert!(rss.contains("<guid isPermaLink=\"false\">42 a</guid>"), "{rss}");
    assert!(atom.contains("<id>https://www.example.org/#42%20a</id>"), "{atom}");
}

#[test]
fn a_fault_leads_to_the_file_it_is_in() {
    let (setting, announcements) = (Setting::new(), [announcement("un"), announcement("deux")]);
    let feed = setting.feed(&announcements);
    let document = String::from_utf8(rss::write(&feed).expect("RSS")).expect("UTF-8");
    let fault =
        check::check_xml(document.replace("Titre de deux", "\u{b}").as_bytes()).expect_err("a control character");
    assert_eq!(fault.culprit(&feed).map(|it| it.slug.as_str()), Some("deux"));
}

#[test]
fn years_beyond_four_digits_cause_no_panic() {
    let setting = Setting::new();
    let mut it = announcement("un");
    it.published.instant = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    it.event = Some(event(When::AllDay {
        first: chrono::NaiveDate::MAX,
        last: chrono::NaiveDate::MAX,
        zone: chrono_tz::Europe::Paris,
    }));
    let announcements = [it];
    let feed = setting.feed(&announcements);
    let _ = (rss::write(&feed), atom::write(&feed), json_feed::write(&feed));
    assert_eq!(check::check_calendar(&calendar::write(&feed).bytes), Ok(()));
}
