//! What pages must show.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::feed::Feed;
use super::super::samples;
use super::forms::{Fault, Stage};
use super::*;
use crate::model::announcement::Announcement;
use crate::model::event::{Event, EventStatus};
use crate::model::signup::Choice;
use crate::model::text::RichText;

fn now() -> DateTime<Utc> {
    "2019-04-09T08:00:00Z".parse().expect("an instant")
}

fn text(page: Page) -> String {
    String::from_utf8(page.expect("a page")).expect("UTF-8")
}

fn labels(names: &[&str]) -> Vec<(Label, usize)> {
    names.iter().filter_map(|name| Label::new(name)).map(|label| (label, 2)).collect()
}

/// Every page about the whole site by its path.
fn overviews_of(
    site: &SiteSettings,
    announcements: &[Announcement],
    tags: &[(Label, usize)],
) -> BTreeMap<String, String> {
    let publish = samples::publish();
    let of = Overview {
        feed: &samples::feed(site, &publish, announcements),
        categories: &labels(&["Atelier"]),
        tags,
        newsletters: &[samples::newsletter()],
        now: now(),
    };
    let templates = Templates::built_in();
    let years = years(of.feed).into_iter();
    let years = years.map(|(number, feed)| (feed.folder.clone(), year(&templates, &feed, number).expect("a page")));
    let pages = overviews(&templates, &of).expect("pages").into_iter().chain(years);
    pages.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).expect("UTF-8"))).collect()
}

fn home_of(announcements: &[Announcement]) -> String {
    overviews_of(&samples::site(), announcements, &labels(&["UX"])).remove("").expect("a home page")
}

/// `count` announcements, a day apart, newest first.
fn many(count: usize) -> Vec<Announcement> {
    (0..count)
        .map(|number| {
            let mut it = samples::community();
            it.published.instant -= TimeDelta::days(i64::try_from(number).expect("few"));
            it.title = format!("Annonce {number}");
            it.id = crate::model::announcement::AnnouncementId::pinned(&it.title);
            it
        })
        .collect()
}

fn page_of(announcement_: &Announcement) -> String {
    let entry = samples::entries(std::slice::from_ref(announcement_))[0];
    text(announcement(&Templates::built_in(), &samples::site(), &entry, &[]))
}

fn every_page() -> Vec<(&'static str, String)> {
    let (templates, site, publish) = (Templates::built_in(), samples::site(), samples::publish());
    let all = samples::announcements();
    let atelier = Label::new("Atelier").expect("a label");
    let feed = Feed { folder: "categories/atelier/".to_owned(), ..samples::feed(&site, &publish, &all) };
    let english = SiteSettings { lang: "en".to_owned(), ..samples::site() };
    let (weekly, topics) = (samples::newsletter(), [atelier.clone(), Label::new("Presse").expect("a label")]);
    let offers = [Offer { newsletter: &weekly, topics: &topics, subjects: &[] }];
    let forms = Forms { templates: &templates, site: &site, offers: &offers };
    let kept = [Choice { newsletter: weekly.name.clone(), topics: vec!["atelier".to_owned(), "gone".to_owned()] }];
    let entered = Entered { email: "\"><script>".to_owned(), lang: Some("de".to_owned()), ..Entered::choosing(&kept) };
    let stage = Stage::Confirmed("/preferences/x".to_owned());
    vec![
        ("form", text(forms.sign_up("fr", &Entered::default(), &[]))),
        ("form-en", text(forms.sign_up("en", &entered, &[Fault::BadEmail, Fault::StaleTopics]))),
        ("sent", text(forms.sent("fr"))),
        ("confirm", text(forms.confirm("fr", &kept, Stage::Open { changes: false, stays: false }))),
        ("confirmed", text(forms.confirm("fr-CA", &kept, stage))),
        ("expired", text(forms.confirm("de", &[], Stage::Expired))),
        ("preferences", text(forms.preferences("de", &kept, true))),
        ("nothing-left", text(forms.preferences("fr", &[], true))),
        ("home", home_of(&all)),
        ("home-en", overviews_of(&english, &all, &[]).remove("").expect("a home page")),
        ("categories", overviews_of(&site, &all, &[]).remove("categories/").expect("a list")),
        ("archive", overviews_of(&site, &many(30), &[]).remove("archive/").expect("a list")),
        ("archive-year", overviews_of(&english, &many(30), &[]).remove("archive/2018/").expect("a list")),
        ("moved", text(moved(&templates, &site, "https://www.numerique.gouv.fr/b/", "Un titre"))),
        ("empty", home_of(&[])),
        ("label", text(label(&templates, &feed, &atelier, now()))),
        ("event", page_of(&samples::meeting())),
        ("launch", page_of(&samples::launch())),
        ("article", page_of(&samples::challenge())),
        ("community", page_of(&samples::community())),
        ("press", page_of(&samples::press_release())),
        ("newsletter", text(newsletter(&templates, &site, &samples::newsletter(), &[], &[], &[]))),
        ("unsubscribe", text(unsubscribe(&templates, &site, "Communauté UX", "fr"))),
        ("unsubscribed", text(unsubscribed(&templates, &site, "Communauté UX", "fr"))),
        ("error", text(error(&templates, &site, 404, &site.lang, Wayside::Elsewhere))),
    ]
}

/// Set `CRIEUR_LOOK_AT` to a folder to look at the pages in a browser.
#[test]
fn every_page_is_whole_and_without_script() {
    for (name, page) in every_page() {
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\""), "{name}");
        assert!(page.trim_end().ends_with("</html>"), "{name}");
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert!(!page.contains("<script") && !page.contains("<style"), "{name}");
        if let Some(folder) = std::env::var_os("CRIEUR_LOOK_AT") {
            let page = page.replace("\"/style.css\"", "\"style.css\"");
            std::fs::write(std::path::Path::new(&folder).join(format!("{name}.html")), page).expect("a folder");
        }
    }
}

#[test]
fn every_link_is_whole() {
    for (name, page) in every_page() {
        for link in page.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let whole = ["https://", "webcal://", "mailto:", "http://"].iter().any(|scheme| link.starts_with(scheme));
            // what leads from one personal page to another stays on the host it is asked for at
            let own = ["/style.css", "/subscribe", "/preferences/"].iter().any(|path| link.starts_with(path));
            assert!(whole || own || link.starts_with("#page."), "{name}: {link}");
        }
    }
}

#[test]
fn headings_never_leave_out_a_level() {
    for (name, page) in every_page() {
        let mut last = 0;
        for level in page.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10)) {
            assert!(level <= last + 1, "{name}: h{level} after h{last}");
            last = level;
        }
    }
}

#[test]
fn events_ahead_come_first_and_past_ones_do_not() {
    let page = home_of(&samples::announcements());
    let (ahead, latest) = page.split_once("id=\"page.latest\"").expect("both lists");
    assert!(ahead.contains("Jeudi 11\u{a0}avril 2019, de 9\u{a0}h à 12\u{a0}h"), "{ahead}");
    assert!(ahead.contains("20190403_Article_lancement_DIG.jpg") && ahead.contains("L’Etat recrute"), "{ahead}");
    assert!(!ahead.contains("Lancement") && !latest.contains("Jeudi 11\u{a0}avril"), "{latest}");
    assert!(latest.contains("Lancement\u{a0}: Rejoignez") && latest.contains("Mercredi 21\u{a0}novembre 2018"));
}

#[test]
fn many_announcements_do_not_drown_the_page() {
    let pages = overviews_of(&samples::site(), &many(1_500), &[]);
    let home = &pages[""];
    assert_eq!(home.matches("<article").count(), 20);
    assert!(home.contains("href=\"https://www.numerique.gouv.fr/archive/\""));
    let archive = &pages["archive/"];
    assert!(archive.contains("archive/2019/\">2019</a>") && archive.contains("archive/2014/\">2014</a>"), "{archive}");
    let listed: usize = pages
        .iter()
        .filter(|(path, _)| path.starts_with("archive/2"))
        .map(|(_, page)| page.matches("\">Annonce ").count())
        .sum();
    assert_eq!(listed, 1_500);
    assert!(pages["archive/2018/"].contains("<h2 id=\"page.month-12\">Décembre</h2>"));
}

#[test]
fn a_label_with_many_announcements_shows_the_older_ones_by_their_titles() {
    let (templates, site, publish) = (Templates::built_in(), samples::site(), samples::publish());
    let all = many(300);
    let feed = Feed { folder: "tags/ux/".to_owned(), ..samples::feed(&site, &publish, &all) };
    let page = text(label(&templates, &feed, &Label::new("UX").expect("a label"), now()));
    assert_eq!((page.matches("<article").count(), page.matches("\">Annonce ").count()), (20, 220));
    assert!(page.contains("300\u{a0}annonces") && page.contains("/archive/\""), "{page}");
}

#[test]
fn few_announcements_need_no_archive() {
    let pages = overviews_of(&samples::site(), &samples::announcements(), &[]);
    assert_eq!(pages.keys().collect::<Vec<_>>(), ["", "categories/"]);
    assert!(!pages[""].contains("/archive/"));
}

#[test]
fn the_most_used_tags_stand_at_home_and_all_of_them_on_their_own_page() {
    let mut tags: Vec<(Label, usize)> =
        (0..100).map(|number| (Label::new(&format!("mot {number}")).expect("a label"), 1)).collect();
    tags[99].1 = 7;
    let pages = overviews_of(&samples::site(), &samples::announcements(), &tags);
    assert_eq!(pages[""].matches("/tags/mot-").count(), 24);
    assert!(pages[""].contains("/tags/mot-99/") && pages[""].contains("Tous les mots-clés (100)"));
    assert_eq!(pages["tags/"].matches("/tags/mot-").count(), 100);
    assert!(pages["tags/"].contains("7\u{a0}annonces"));
}

#[test]
fn every_page_says_where_its_feeds_are() {
    let (templates, site, publish) = (Templates::built_in(), samples::site(), samples::publish());
    let all = samples::announcements();
    let feed = Feed {
        folder: "categories/atelier/".to_owned(),
        title: "Communauté UX – Atelier".to_owned(),
        ..samples::feed(&site, &publish, &all)
    };
    let label = text(label(&templates, &feed, &Label::new("Atelier").expect("a label"), now()));
    let own = "https://www.numerique.gouv.fr/categories/atelier/";
    for (page, base) in [(home_of(&all), "https://www.numerique.gouv.fr/"), (label, own)] {
        for (kind, name) in [
            ("application/rss+xml", "rss.xml"),
            ("application/atom+xml", "atom.xml"),
            ("application/feed+json", "feed.json"),
            ("text/calendar", "calendar.ics"),
        ] {
            let first = page.split(&format!("<link rel=\"alternate\" type=\"{kind}\"")).nth(1).expect("a link");
            assert!(first.split('>').next().is_some_and(|tag| tag.ends_with(&format!("href=\"{base}{name}\""))));
        }
    }
}

#[test]
fn what_became_of_an_event_is_said_before_anything_else() {
    let with = |status| {
        let launch = samples::meeting();
        let event = Event { status, ..launch.event.clone().expect("an event") };
        Announcement { event: Some(event), ..launch }
    };
    let cancelled = with(EventStatus::Cancelled);
    let page = page_of(&cancelled);
    assert!(page.contains("Cet événement est annulé.") && page.contains("schema.org/EventCancelled"), "{page}");
    assert!(!page.contains("S’inscrire</a>"), "{page}");
    assert!(home_of(&[cancelled]).contains("<strong class=\"flag\">Annulé</strong>"));
    assert!(page_of(&with(EventStatus::Tentative)).contains("Cet événement reste à confirmer."));
}

#[test]
fn no_line_begins_with_a_mark() {
    let page = page_of(&samples::challenge());
    assert!(page.contains("services numériques\u{202f}!</h1>"), "{page}");
    let english = Announcement { lang: "en".to_owned(), title: "Who ? Us !".to_owned(), ..samples::challenge() };
    assert!(page_of(&english).contains(">Who ? Us !</h1>"));
    // the words of the house are set by hand
    for words in [Tongue::French.words(), Tongue::English.words()] {
        let json = serde_json::to_value(words).expect("words");
        let lines = json.as_object().expect("a table").values().filter_map(|line| line.as_str().map(str::to_owned));
        for line in lines {
            assert_eq!(words::french_spaces(&line), line);
        }
    }
}

#[test]
fn a_former_address_leads_on_by_itself() {
    let page = text(moved(&Templates::built_in(), &samples::site(), "https://a.example/b/?c&d", "Un <titre>"));
    for part in [
        "<meta http-equiv=\"refresh\" content=\"0; url=https://a.example/b/?c&amp;d\">",
        "<link rel=\"canonical\" href=\"https://a.example/b/?c&amp;d\">",
        "<a href=\"https://a.example/b/?c&amp;d\">Un &lt;titre&gt;</a>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_file_says_what_it_is_and_how_large() {
    let mut press = samples::press_release();
    press.attachments[0].bytes = Some(247_001);
    let page = page_of(&press);
    assert!(
        page.contains("Télécharger le communiqué de presse</span> <span class=\"note\">(PDF, 248\u{a0}Ko)"),
        "{page}"
    );
    press.attachments[0].title = None;
    assert!(page_of(&press).contains(">CP_255 Designers d&#39;interet general.pdf</span>"), "{}", page_of(&press));
}

#[test]
fn calendars_can_be_subscribed_to_from_anywhere() {
    let page = home_of(&samples::announcements());
    for address in [
        "webcal://www.numerique.gouv.fr/calendar.ics",
        "https://calendar.google.com/calendar/render?cid=webcal%3A%2F%2Fwww.numerique.gouv.fr%2Fcalendar.ics",
        "https://outlook.live.com/calendar/0/addfromweb?url=https%3A%2F%2Fwww.numerique.gouv.fr%2Fcalendar.ics&amp;name=Communaut%C3%A9%20UX",
        "https://outlook.office.com/calendar/0/addfromweb?url=https%3A%2F%2Fwww.numerique.gouv.fr%2Fcalendar.ics&amp;name=Communaut%C3%A9%20UX",
    ] {
        assert!(page.contains(&format!("href=\"{address}\"")), "{address}");
    }
}

#[test]
fn a_title_cannot_break_out() {
    let title = "<b>\"Q&A\"</b> <script>alert(1)</script>".to_owned();
    let nasty = Announcement { title, slug: "x".to_owned(), ..samples::launch() };
    for page in [home_of(std::slice::from_ref(&nasty)), page_of(&nasty)] {
        assert!(!page.contains("<script>") && !page.contains("<b>"));
        assert!(page.contains("&lt;b&gt;&quot;Q&amp;A&quot;"), "{page}");
    }
}

#[test]
fn a_page_is_in_the_language_of_its_announcement_where_there_are_words() {
    let english = Announcement { lang: "en-GB".to_owned(), ..samples::meeting() };
    let page = page_of(&english);
    assert!(page.contains("<html lang=\"en-GB\">") && page.contains("Thursday 11\u{a0}April 2019"), "{page}");
    let german = Announcement { lang: "de".to_owned(), body: RichText::default(), ..samples::meeting() };
    let page = page_of(&german);
    assert!(page.contains("<html lang=\"fr\">") && page.contains("<h1 itemprop=\"name\" lang=\"de\">"), "{page}");
    assert!(page.contains("<div class=\"body\" lang=\"de\">"), "{page}");
}

#[test]
fn leaving_takes_a_post_and_shows_no_token() {
    let (templates, site) = (Templates::built_in(), samples::site());
    let page = text(unsubscribe(&templates, &site, "Communauté UX", "fr"));
    assert!(page.contains("<form method=\"post\">") && page.contains("name=\"robots\" content=\"noindex\""));
    assert!(!text(unsubscribed(&templates, &site, "Communauté UX", "fr")).contains("<form"));
}

#[test]
fn the_form_shows_the_words_that_are_agreed_to() {
    let pages = every_page();
    let shown = |name: &str| pages.iter().find(|page| page.0 == name).map(|page| page.1.clone()).expect("a page");
    for (name, lang) in [("form", "fr"), ("form-en", "en"), ("newsletter", "fr")] {
        let page = shown(name);
        let newsletter = samples::newsletter();
        let offer = Offer { newsletter: &newsletter, topics: &[], subjects: &[] };
        for line in offers::wording(lang, &[offer]).0.lines() {
            let line = html_escape::encode_text(line).replace('\'', "&#39;");
            assert!(page.contains(&line), "{name}: {line}");
        }
    }
}

#[test]
fn what_a_reader_has_can_be_kept_though_it_is_no_longer_on_offer() {
    let pages = every_page();
    let page = &pages.iter().find(|page| page.0 == "preferences").expect("a page").1;
    let name = samples::newsletter().name;
    for kept in ["atelier", "gone"] {
        assert!(page.contains(&format!("value=\"{name}/{kept}\" checked")), "{page}");
    }
    assert!(page.contains(&format!("value=\"{name}/presse\">")));
    assert!(page.contains("<option value=\"de\" lang=\"de\" selected>"), "nor is a language taken away: {page}");
}
