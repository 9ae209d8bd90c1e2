//! What every page has around it: head, header, footer, and the ways to subscribe.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::super::words::{Tongue, Words};
use crate::model::settings::SiteSettings;

/// What RFC 3986 §2.3 leaves as it is. A blank becomes `%20`: `+` is a blank to forms only.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What every page needs to know.
#[derive(Debug, Serialize)]
pub(super) struct Frame<'a> {
    pub t: &'static Words,
    pub lang: &'a str,
    /// With the no-break space French sets before it.
    pub colon: &'static str,
    pub site: SiteView<'a>,
    /// In the title bar, before the site's title; empty on the home page.
    pub title: String,
    pub description: String,
    pub canonical: Option<String>,
    /// Kept out of search engines.
    pub private: bool,
    /// Shown where the page is shared.
    pub image: Option<String>,
    pub is_article: bool,
    /// The page's own feeds where it has any, then the site's.
    pub autodiscovery: Vec<Feeds>,
    /// Where the ways to subscribe are shown: on this page or at home.
    pub subscribe: String,
}

#[derive(Debug, Serialize)]
pub(super) struct SiteView<'a> {
    title: String,
    description: String,
    author: Option<&'a str>,
    home: String,
    url: &'a str,
    /// By path only, so that a page shows its style under whatever name the host is reached.
    style: String,
}

/// Where to subscribe.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Feeds {
    title: String,
    rss: String,
    atom: String,
    json: String,
    calendar: Option<CalendarView>,
}

#[derive(Debug, Clone, Serialize)]
struct CalendarView {
    https: String,
    webcal: String,
    google: String,
    outlook: String,
    office: String,
}

impl<'a> Frame<'a> {
    pub fn new(site: &'a SiteSettings, lang: &'a str, title: String, description: String) -> Self {
        let tongue = Tongue::of(lang);
        let shown = |text: &str| Tongue::of(&site.lang).shown(text);
        Self {
            t: tongue.words(),
            lang: tongue.document_lang(lang),
            colon: tongue.colon(),
            site: SiteView {
                title: shown(&site.title),
                description: shown(&site.description),
                author: site.author.as_deref(),
                home: site.own_url(""),
                url: site.url.as_str(),
                style: format!("{}style.css", site.public_url.path()),
            },
            title,
            description,
            canonical: None,
            private: false,
            image: None,
            is_article: false,
            autodiscovery: vec![Feeds::new(site, "", &site.title, true)],
            subscribe: site.own_url("#page.subscribe"),
        }
    }

    /// For one reader or none: found by no search engine, followed by no feed reader.
    pub fn private(self) -> Self {
        Self { private: true, autodiscovery: vec![], ..self }
    }
}

impl Feeds {
    pub fn new(site: &SiteSettings, folder: &str, title: &str, has_calendar: bool) -> Self {
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
        let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        let add_from_web = |host: &str| {
            format!("https://{host}/calendar/0/addfromweb?url={}&name={}", encoded(&https), encoded(title))
        };
        Self {
            google: format!("https://calendar.google.com/calendar/render?cid={}", encoded(&webcal)),
            outlook: add_from_web("outlook.live.com"),
            office: add_from_web("outlook.office.com"),
            webcal,
            https,
        }
    }
}
