//! Pages for people, as bytes: home, category and tag pages, announcements, newsletters, leaving, errors.
//!
//! No script and no style inside them: `style-src 'self'` (plus the `style` attributes sanitised bodies may carry) is all
//! they need of a content security policy.

mod archive;
mod chart;
pub mod forms;
mod frame;
mod issue;
mod lines;
mod lists;
pub mod offers;
pub mod status;

use serde::Serialize;

pub use self::archive::year;
use self::forms::{Entered, FormView, Forms};
use self::frame::Frame;
pub use self::issue::issue;
use self::lines::Line;
pub use self::lists::{Overview, label, overviews, years};
use self::offers::Offer;
use super::feed::Entry;
use super::html;
use super::templates::{TemplateError, Templates};
use super::view::Item;
use super::words::{self, FormWords, Tongue, capitalised};
use crate::model::change::ChangeNote;
use crate::model::issue::IssuePage;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::text::Label;

type Page = Result<Vec<u8>, TemplateError>;

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
    /// The day its meaning last changed, where that is not the day it was published.
    updated: Option<Day>,
    /// `Reporté : 12 → 19 mars`.
    changes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Day {
    words: String,
    date: String,
}

#[derive(Debug, Serialize)]
struct MovedPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    target: &'a str,
    heading: &'a str,
}

#[derive(Debug, Serialize)]
struct NewsletterPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    newsletter: NewsletterItem<'a>,
    /// Latest first.
    issues: Vec<Line>,
    f: &'static FormWords,
    form: FormView<'a>,
}

#[derive(Debug, Serialize)]
struct UnsubscribePage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    f: &'static FormWords,
    newsletter: &'a str,
    done: bool,
    /// Where to subscribe again.
    sign_up: String,
}

#[derive(Debug, Serialize)]
struct ErrorPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    f: &'static FormWords,
    status: u16,
    help: &'static str,
    /// Where the form is, for whoever's was refused.
    sign_up: Option<String>,
}

/// What somebody was about when an error met them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wayside {
    /// Following a link of a mail, which is cut or made up then.
    Link,
    /// Perhaps sending the form to subscribe.
    Form,
    /// Where there is nothing to subscribe to.
    Elsewhere,
}

/// An announcement's own page, in its own language where there are words for it.
/// What changed last about its event is said above everything else.
pub fn announcement(templates: &Templates, site: &SiteSettings, entry: &Entry, changes: &[ChangeNote]) -> Page {
    let it = entry.announcement;
    let lang =
        Some(it.lang.as_str()).filter(|lang| Tongue::of(lang).document_lang(lang) == *lang).unwrap_or(&site.lang);
    let tongue = Tongue::of(lang);
    let mut frame = Frame::new(site, lang, it.title.clone(), it.teaser(200));
    frame.canonical = Some(it.url.to_string());
    frame.image = it.images.first().map(|image| image.src.to_string());
    frame.is_article = true;
    let item = Item::new(entry, site, frame.lang, tongue).typeset();
    let body_html = html::for_page(&it.body.html, tongue.words());
    let body_html = if words::is_french(&it.lang) { html::typeset(&body_html) } else { body_html };
    let last_day = entry.revision.updated.with_timezone(&it.published.zone).date_naive();
    let updated = (last_day > it.published.local_date())
        .then(|| Day { words: words::date(last_day, tongue), date: last_day.to_string() });
    let changes = words::latest_changes(changes, tongue);
    let page = AnnouncementPage { frame, item, body_html, updated, changes };
    finish(templates, "page/announcement.html", &page)
}

/// What stands at a former address: the way to the present one, taken by itself.
///
/// # Errors
/// A template that cannot be rendered.
pub fn moved(templates: &Templates, site: &SiteSettings, target_url: &str, title: &str) -> Page {
    let mut frame = Frame::new(site, &site.lang, title.to_owned(), String::new());
    frame.canonical = Some(target_url.to_owned());
    finish(templates, "page/moved.html", &MovedPage { frame, target: target_url, heading: title })
}

/// What a newsletter is, when it appears, the form to subscribe, and its issues, latest first. `labels` gives its categories
/// and tags their names, `topics` are those its readers can choose among.
pub fn newsletter(
    templates: &Templates,
    site: &SiteSettings,
    newsletter: &Newsletter,
    labels: &[Label],
    topics: &[Label],
    issues: &[&IssuePage],
) -> Page {
    let tongue = Tongue::of(&newsletter.lang);
    let item = NewsletterItem::new(newsletter, site, labels, tongue);
    let description = format!("{} – {}", newsletter.title, item.schedule);
    let mut frame = Frame::new(site, &newsletter.lang, newsletter.title.clone(), description);
    frame.canonical = Some(item.url.clone());
    let issues = issues.iter().map(|issue| Line::of_issue(issue, site, tongue)).collect();
    let subjects = offers::subjects(newsletter, labels);
    let offers = [Offer { newsletter, topics, subjects: &subjects }];
    let form = Forms { templates, site, offers: &offers }.form(&newsletter.lang, &Entered::default(), &[]);
    let page = NewsletterPage { frame, newsletter: item, issues, f: tongue.form_words(), form };
    finish(templates, "page/newsletter.html", &page)
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
    let (f, sign_up) = (Tongue::of(lang).form_words(), format!("{}subscribe", site.public_url.path()));
    finish(templates, "page/unsubscribe.html", &UnsubscribePage { frame, f, newsletter: title, done, sign_up })
}

/// An error as people need it: what it means to them and where to go.
pub fn error(templates: &Templates, site: &SiteSettings, status: u16, lang: &str, wayside: Wayside) -> Page {
    let tongue = Tongue::of(lang);
    let words = tongue.words();
    let (title, help) = match (status, wayside) {
        (400..=499, Wayside::Link) => (words.bad_link, words.bad_link_help),
        (404 | 410, _) => (words.not_found, words.not_found_help),
        (400..=499, _) => (words.refused, words.refused_help),
        _ => (words.failure, words.failure_help),
    };
    let is_refused = title == words.refused && wayside == Wayside::Form;
    let sign_up = is_refused.then(|| format!("{}subscribe", site.public_url.path()));
    let frame = Frame::new(site, lang, title.to_owned(), String::new()).private();
    finish(templates, "page/error.html", &ErrorPage { frame, f: tongue.form_words(), status, help, sign_up })
}

/// What stands at `/style.css`.
pub fn stylesheet(templates: &Templates) -> Vec<u8> {
    templates.style("page/style.css").as_bytes().to_vec()
}

fn finish(templates: &Templates, name: &str, page: &impl Serialize) -> Page {
    templates.render(name, page).map(String::into_bytes)
}

impl<'a> NewsletterItem<'a> {
    fn new(newsletter: &'a Newsletter, site: &SiteSettings, labels: &[Label], tongue: Tongue) -> Self {
        let words = tongue.words();
        let subjects: Vec<String> = offers::subjects(newsletter, labels).into_iter().map(|label| label.label).collect();
        Self {
            title: &newsletter.title,
            url: site.own_url(&format!("newsletters/{}/", newsletter.name)),
            schedule: capitalised(&words::rhythm(&newsletter.rhythm, tongue)),
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
