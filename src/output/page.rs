//! Pages for people, as bytes: home, category and tag pages, announcements, newsletters, leaving, errors.
//!
//! No script and no style inside them: `style-src 'self'` (plus the `style` attributes sanitised bodies may carry) is all
//! they need of a content security policy.

use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

use super::feed::{Entry, Feed};
use super::html;
use super::templates::{TemplateError, Templates};
use super::view::{Item, LabelItem};
use super::words::{self, Tongue, Words, capitalised};
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::text::Label;

type Page = Result<Vec<u8>, TemplateError>;

/// What every page needs to know.
#[derive(Debug, Serialize)]
struct Frame<'a> {
    t: &'static Words,
    lang: &'a str,
    site: SiteView<'a>,
    /// In the title bar, before the site's title; empty on the home page.
    title: String,
    description: String,
    canonical: Option<String>,
    /// Kept out of search engines.
    private: bool,
    feeds: Option<Feeds>,
}

#[derive(Debug, Serialize)]
struct SiteView<'a> {
    title: &'a str,
    description: &'a str,
    author: Option<&'a str>,
    home: String,
    url: &'a str,
    /// By path only, so that a page shows its style under whatever name the host is reached.
    style: String,
}

/// Where to subscribe.
#[derive(Debug, Serialize)]
struct Feeds {
    title: String,
    rss: String,
    atom: String,
    json: String,
    calendar: Option<CalendarView>,
}

#[derive(Debug, Serialize)]
struct CalendarView {
    https: String,
    webcal: String,
    google: String,
    outlook: String,
}

#[derive(Debug, Serialize)]
struct Listing<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    heading: &'a str,
    upcoming: Vec<Item>,
    latest: Vec<Item>,
    categories: Vec<CountedLabel>,
    newsletters: Vec<NewsletterItem<'a>>,
}

#[derive(Debug, Serialize)]
struct CountedLabel {
    #[serde(flatten)]
    label: LabelItem,
    count: String,
}

#[derive(Debug, Serialize)]
struct NewsletterItem<'a> {
    title: &'a str,
    url: String,
    schedule: String,
    subjects: String,
}

#[derive(Debug, Serialize)]
struct AnnouncementPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    item: Item,
    body_html: String,
}

#[derive(Debug, Serialize)]
struct NewsletterPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    newsletter: NewsletterItem<'a>,
}

#[derive(Debug, Serialize)]
struct UnsubscribePage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    newsletter: &'a str,
    done: bool,
}

#[derive(Debug, Serialize)]
struct ErrorPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    status: u16,
    help: &'static str,
}

/// The home page. Events that are not over at `now` come first.
pub fn home(
    templates: &Templates,
    feed: &Feed,
    categories: &[(Label, usize)],
    newsletters: &[Newsletter],
    now: DateTime<Utc>,
) -> Page {
    let tongue = Tongue::of(&feed.site.lang);
    let mut frame = Frame::new(feed.site, &feed.site.lang, String::new(), feed.description.clone());
    frame.canonical = Some(feed.page_url());
    let (upcoming, latest) = listing(feed, &frame, tongue, now);
    let categories = categories
        .iter()
        .map(|(label, count)| CountedLabel {
            label: LabelItem::new(label, "categories", feed.site),
            count: tongue.announcements(*count),
        })
        .collect();
    let newsletters =
        newsletters.iter().map(|newsletter| NewsletterItem::new(newsletter, feed.site, &[], tongue)).collect();
    let page = Listing { frame, heading: &feed.site.title, upcoming, latest, categories, newsletters };
    finish(templates, "page/home.html", &page)
}

/// The page of one category or tag.
pub fn label(templates: &Templates, feed: &Feed, label: &Label, now: DateTime<Utc>) -> Page {
    let tongue = Tongue::of(&feed.site.lang);
    let mut frame = Frame::new(feed.site, &feed.site.lang, label.label.clone(), feed.description.clone());
    frame.canonical = Some(feed.page_url());
    let has_events = feed.entries.iter().any(|entry| entry.announcement.event.is_some());
    frame.feeds = Some(Feeds::new(feed.site, &feed.folder, &feed.title, has_events));
    let (upcoming, latest) = listing(feed, &frame, tongue, now);
    let page = Listing { frame, heading: &label.label, upcoming, latest, categories: vec![], newsletters: vec![] };
    finish(templates, "page/label.html", &page)
}

/// An announcement's own page, in its own language where there are words for it.
pub fn announcement(templates: &Templates, site: &SiteSettings, entry: &Entry) -> Page {
    let it = entry.announcement;
    let lang =
        Some(it.lang.as_str()).filter(|lang| Tongue::of(lang).document_lang(lang) == *lang).unwrap_or(&site.lang);
    let mut frame = Frame::new(site, lang, it.title.clone(), it.teaser(200));
    frame.canonical = Some(it.url.to_string());
    let item = Item::new(entry, site, frame.lang, Tongue::of(lang));
    let page = AnnouncementPage { frame, item, body_html: html::for_page(&it.body.html) };
    finish(templates, "page/announcement.html", &page)
}

/// What a newsletter is and when it appears. `labels` gives its categories and tags their names.
pub fn newsletter(templates: &Templates, site: &SiteSettings, newsletter: &Newsletter, labels: &[Label]) -> Page {
    let tongue = Tongue::of(&newsletter.lang);
    let item = NewsletterItem::new(newsletter, site, labels, tongue);
    let description = format!("{} – {}", newsletter.title, item.schedule);
    let mut frame = Frame::new(site, &newsletter.lang, newsletter.title.clone(), description);
    frame.canonical = Some(item.url.clone());
    finish(templates, "page/newsletter.html", &NewsletterPage { frame, newsletter: item })
}

/// Asks before ending a subscription: a form without address that posts to wherever it stands, so no token is in it.
pub fn unsubscribe(templates: &Templates, site: &SiteSettings, newsletter: &Newsletter) -> Page {
    leaving(templates, site, newsletter, false)
}

/// What stands there afterwards, however often it is asked for.
pub fn unsubscribed(templates: &Templates, site: &SiteSettings, newsletter: &Newsletter) -> Page {
    leaving(templates, site, newsletter, true)
}

fn leaving(templates: &Templates, site: &SiteSettings, newsletter: &Newsletter, done: bool) -> Page {
    let words = Tongue::of(&newsletter.lang).words();
    let title = if done { words.unsubscribed } else { words.unsubscribe };
    let frame = Frame::new(site, &newsletter.lang, title.to_owned(), String::new()).private();
    finish(templates, "page/unsubscribe.html", &UnsubscribePage { frame, newsletter: &newsletter.title, done })
}

/// An error as people need it: what it means to them and where to go. 400 is a link that was cut or made up.
pub fn error(templates: &Templates, site: &SiteSettings, status: u16) -> Page {
    let words = Tongue::of(&site.lang).words();
    let (title, help) = match status {
        404 | 410 => (words.not_found, words.not_found_help),
        400..=499 => (words.bad_link, words.bad_link_help),
        _ => (words.failure, words.failure_help),
    };
    let frame = Frame::new(site, &site.lang, title.to_owned(), String::new()).private();
    finish(templates, "page/error.html", &ErrorPage { frame, status, help })
}

/// What stands at `/style.css`.
pub fn stylesheet(templates: &Templates) -> Vec<u8> {
    templates.style("page/style.css").as_bytes().to_vec()
}

fn finish(templates: &Templates, name: &str, page: &impl Serialize) -> Page {
    templates.render(name, page).map(String::into_bytes)
}

/// Events ahead, soonest first; and everything, newest first.
fn listing(feed: &Feed, frame: &Frame, tongue: Tongue, now: DateTime<Utc>) -> (Vec<Item>, Vec<Item>) {
    let item = |entry: &Entry| Item::new(entry, feed.site, frame.lang, tongue);
    let mut ahead: Vec<(DateTime<Utc>, &Entry)> = feed
        .entries
        .iter()
        .filter_map(|entry| {
            let when = &entry.announcement.event.as_ref()?.when;
            (when.is_over_at() > now).then(|| (when.begins(), entry))
        })
        .collect();
    ahead.sort_by_key(|(begins, _)| *begins);
    (ahead.iter().map(|(_, entry)| item(entry)).collect(), feed.entries.iter().map(item).collect())
}

impl<'a> Frame<'a> {
    fn new(site: &'a SiteSettings, lang: &'a str, title: String, description: String) -> Self {
        let tongue = Tongue::of(lang);
        Self {
            t: tongue.words(),
            lang: tongue.document_lang(lang),
            site: SiteView {
                title: &site.title,
                description: &site.description,
                author: site.author.as_deref(),
                home: site.own_url(""),
                url: site.url.as_str(),
                style: format!("{}style.css", site.public_url.path()),
            },
            title,
            description,
            canonical: None,
            private: false,
            feeds: Some(Feeds::new(site, "", &site.title, true)),
        }
    }

    /// For one reader or none: found by no search engine, followed by no feed reader.
    fn private(self) -> Self {
        Self { private: true, feeds: None, ..self }
    }
}

impl Feeds {
    fn new(site: &SiteSettings, folder: &str, title: &str, has_calendar: bool) -> Self {
        let document = |name: &str| site.own_url(&format!("{folder}{name}"));
        Self {
            title: title.to_owned(),
            rss: document("rss.xml"),
            atom: document("atom.xml"),
            json: document("feed.json"),
            calendar: has_calendar.then(|| CalendarView::new(document("calendar.ics"), title)),
        }
    }
}

impl CalendarView {
    fn new(https: String, title: &str) -> Self {
        let webcal = match https.split_once("://") {
            Some((_, rest)) => format!("webcal://{rest}"),
            None => https.clone(),
        };
        let query = |base: &str, pairs: &[(&str, &str)]| {
            Url::parse_with_params(base, pairs).map_or_else(|_| https.clone(), String::from)
        };
        Self {
            google: query("https://calendar.google.com/calendar/render", &[("cid", &webcal)]),
            outlook: query("https://outlook.live.com/calendar/0/addfromweb", &[("url", &https), ("name", title)]),
            webcal,
            https,
        }
    }
}

impl<'a> NewsletterItem<'a> {
    fn new(newsletter: &'a Newsletter, site: &SiteSettings, labels: &[Label], tongue: Tongue) -> Self {
        let words = tongue.words();
        let named = |slug: &'a String| {
            labels.iter().find(|label| label.slug == *slug).map_or_else(|| slug.clone(), |label| label.label.clone())
        };
        let subjects: Vec<String> = newsletter.categories.iter().chain(&newsletter.tags).map(named).collect();
        Self {
            title: &newsletter.title,
            url: site.own_url(&format!("newsletters/{}/", newsletter.name)),
            schedule: capitalised(
                &words::schedule(&newsletter.schedule, tongue).unwrap_or_else(|| words.schedule_irregular.to_owned()),
            ),
            subjects: capitalised(&if subjects.is_empty() {
                words.about_everything.to_owned()
            } else {
                subjects.join(", ")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
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
            ("unsubscribe", text(unsubscribe(&templates, &site, &samples::newsletter()))),
            ("unsubscribed", text(unsubscribed(&templates, &site, &samples::newsletter()))),
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
                let whole =
                    ["https://", "webcal://", "mailto:", "http://"].iter().any(|scheme| link.starts_with(scheme));
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
        let page = text(unsubscribe(&templates, &site, &samples::newsletter()));
        assert!(page.contains("<form method=\"post\">") && page.contains("name=\"robots\" content=\"noindex\""));
        assert!(!text(unsubscribed(&templates, &site, &samples::newsletter())).contains("<form"));
    }
}
