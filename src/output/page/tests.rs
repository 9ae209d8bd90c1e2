//! What pages must show.

use super::super::samples;
use super::*;
use crate::model::announcement::Announcement;
use crate::model::text::RichText;

fn now() -> DateTime<Utc> {
    "2019-04-09T08:00:00Z".parse().expect("an instant")
}

fn text(page: Page) -> String {
    String::from_utf8(page.expect("a page")).expect("UTF-8")
}

fn home_of(announcements: &[Announcement]) -> String {
    let (site, publish) = (samples::site(), samples::publish());
    let categories = [(Label::new("Atelier").expect("a label"), 2)];
    let feed = samples::feed(&site, &publish, announcements);
    text(home(&Templates::built_in(), &feed, &categories, &[samples::newsletter()], now()))
}

fn page_of(announcement_: &Announcement) -> String {
    let entry = samples::entries(std::slice::from_ref(announcement_))[0];
    text(announcement(&Templates::built_in(), &samples::site(), &entry))
}

fn every_page() -> Vec<(&'static str, String)> {
    let (templates, site, publish) = (Templates::built_in(), samples::site(), samples::publish());
    let all = samples::announcements();
    let atelier = Label::new("Atelier").expect("a label");
    let feed = Feed { folder: "categories/atelier/".to_owned(), ..samples::feed(&site, &publish, &all) };
    let english = SiteSettings { lang: "en".to_owned(), ..samples::site() };
    vec![
        ("home", home_of(&all)),
        ("home-en", text(home(&templates, &samples::feed(&english, &publish, &all), &[], &[], now()))),
        ("empty", home_of(&[])),
        ("label", text(label(&templates, &feed, &atelier, now()))),
        ("event", page_of(&samples::meeting())),
        ("launch", page_of(&samples::launch())),
        ("article", page_of(&samples::challenge())),
        ("community", page_of(&samples::community())),
        ("press", page_of(&samples::press_release())),
        ("newsletter", text(newsletter(&templates, &site, &samples::newsletter(), &[]))),
        ("unsubscribe", text(unsubscribe(&templates, &site, "Communauté UX", "fr"))),
        ("unsubscribed", text(unsubscribed(&templates, &site, "Communauté UX", "fr"))),
        ("error", text(error(&templates, &site, 404))),
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
            assert!(whole || matches!(link, "#main" | "/style.css"), "{name}: {link}");
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
    let (ahead, latest) = page.split_once("id=\"latest\"").expect("both lists");
    assert!(ahead.contains("Jeudi 11\u{a0}avril 2019, de 9\u{a0}h à 12\u{a0}h"), "{ahead}");
    assert!(!ahead.contains("Lancement"));
    assert!(latest.contains("Lancement : Rejoignez"));
}

#[test]
fn calendars_can_be_subscribed_to_from_anywhere() {
    let page = home_of(&samples::announcements());
    for address in [
        "webcal://www.numerique.gouv.fr/calendar.ics",
        "https://calendar.google.com/calendar/render?cid=webcal%3A%2F%2Fwww.numerique.gouv.fr%2Fcalendar.ics",
        "https://outlook.live.com/calendar/0/addfromweb?url=https%3A%2F%2Fwww.numerique.gouv.fr%2Fcalendar.ics&amp;name=Communaut%C3%A9+UX",
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
    assert!(page.contains("<html lang=\"fr\">") && page.contains("<article class=\"announcement\" lang=\"de\""));
}

#[test]
fn leaving_takes_a_post_and_shows_no_token() {
    let (templates, site) = (Templates::built_in(), samples::site());
    let page = text(unsubscribe(&templates, &site, "Communauté UX", "fr"));
    assert!(page.contains("<form method=\"post\">") && page.contains("name=\"robots\" content=\"noindex\""));
    assert!(!text(unsubscribed(&templates, &site, "Communauté UX", "fr")).contains("<form"));
}
