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
pub fn unsubscribe(templates: &Templates, site: &SiteSettings, title: &str, lang: &str) -> Page {
    leaving(templates, site, title, lang, false)
}

/// What stands there afterwards, however often it is asked for.
pub fn unsubscribed(templates: &Templates, site: &SiteSettings, title: &str, lang: &str) -> Page {
    leaving(templates, site, title, lang, true)
}

fn leaving(templates: &Templates, site: &SiteSettings, title: &str, lang: &str, done: bool) -> Page {
    let words = Tongue::of(lang).words();
    let heading = if done { words.unsubscribed } else { words.unsubscribe };
    let frame = Frame::new(site, lang, heading.to_owned(), String::new()).private();
    finish(templates, "page/unsubscribe.html", &UnsubscribePage { frame, newsletter: title, done })
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
mod tests;
