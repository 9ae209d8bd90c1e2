//! A newsletter issue as mail: subject, HTML and text, without any reader's personal parts.

pub mod letter;
mod parts;

use chrono::NaiveDateTime;
use css_inline::CSSInliner;
use serde::Serialize;

use self::parts::{Parts, Room};
use super::feed::Entry;
use super::lint::{self, MAX_HTML_BYTES};
use super::plain_text;
use super::templates::{TemplateError, Templates};
use super::words::{self, Tongue, Words};
use crate::model::announcement::AnnouncementId;
use crate::model::change::Change;
use crate::model::issue::Variant;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::text::{one_line, shorten};

/// What phones and lists show of a subject.
const SUBJECT_CHARS: usize = 70;
const PREHEADER_CHARS: usize = 110;

const HTML: &str = "email/issue.html";
const TEXT: &str = "email/issue.txt";
const PAGE: &str = "page/issue_body.html";

/// One issue for the readers of one language.
#[derive(Debug, Clone, Copy)]
pub struct IssueView<'a> {
    pub site: &'a SiteSettings,
    pub newsletter: &'a Newsletter,
    pub number: u32,
    pub slot: NaiveDateTime,
    pub lang: &'a str,
    pub contents: &'a Contents<'a>,
    /// Stands where each reader's own unsubscribe address goes: letters and digits nobody can foresee.
    pub unsubscribe_mark: &'a str,
    /// The same for the reader's own preferences.
    pub preferences_mark: &'a str,
    /// Where the issue can be read on the web, if anywhere.
    pub web_url: Option<&'a str>,
}

/// What an issue tells its readers.
#[derive(Debug, Clone, Default)]
pub struct Contents<'a> {
    /// Told before and changed since.
    pub changed: Vec<ChangedEntry<'a>>,
    /// Newest first.
    pub new: Vec<Entry<'a>>,
    /// Soonest first. One that is new as well is shown here, in full, and not a second time.
    pub upcoming: Vec<Entry<'a>>,
}

impl<'a> Contents<'a> {
    /// What carries an event that is told of: ahead, or changed.
    pub fn events(&self) -> Vec<Entry<'a>> {
        let changed = self.changed.iter().map(|changed| changed.entry);
        changed.chain(self.upcoming.iter().copied()).filter(|entry| entry.announcement.event.is_some()).collect()
    }

    /// What it is made of, in its order.
    pub fn ids(&self) -> Vec<AnnouncementId> {
        let changed = self.changed.iter().map(|changed| &changed.entry);
        changed.chain(&self.new).chain(&self.upcoming).map(|entry| entry.announcement.id.clone()).collect()
    }
}

/// An event and what is to be told of it.
#[derive(Debug, Clone)]
pub struct ChangedEntry<'a> {
    pub entry: Entry<'a>,
    pub changes: Vec<Change>,
    /// Its file is gone, and its page with it.
    pub is_withdrawn: bool,
}

/// What the templates get.
#[derive(Debug, Serialize)]
struct Mail<'a> {
    t: &'static Words,
    lang: &'a str,
    /// With the no-break space French sets before it.
    colon: &'static str,
    subject: &'a str,
    preheader: &'a str,
    style: &'a str,
    dark: &'a str,
    site: SiteView<'a>,
    newsletter: NewsletterView<'a>,
    #[serde(flatten)]
    parts: Parts,
    /// "12 autres annonces sur le site", where even titles would be too much.
    left_out: Option<String>,
    unsubscribe: &'a str,
    preferences: &'a str,
}

#[derive(Debug, Serialize)]
struct SiteView<'a> {
    title: &'a str,
    home: String,
}

#[derive(Debug, Serialize)]
struct NewsletterView<'a> {
    title: &'a str,
    number: String,
    date: String,
    url: String,
    web_url: Option<&'a str>,
}

/// Renders an issue. The HTML stays below 100 kB: what does not fit is shown by its title, then by its number.
///
/// # Errors
/// A template that cannot be rendered, that leaves out the way to unsubscribe, or makes what no mail may be.
pub fn issue(templates: &Templates, view: &IssueView) -> Result<Variant, TemplateError> {
    let tongue = Tongue::of(view.lang);
    let (subject, preheader) = (subject(view, tongue), preheader(view));
    let all = Parts::new(view, tongue).typeset();
    let mut room = Room::MOST;
    loop {
        let (parts, left_out) = all.within(room);
        let mail = Mail {
            t: tongue.words(),
            lang: tongue.document_lang(view.lang),
            colon: tongue.colon(),
            subject: &subject,
            preheader: &preheader,
            style: templates.style("email/style.css"),
            dark: templates.style("email/dark.css"),
            site: SiteView { title: &view.site.title, home: view.site.own_url("") },
            newsletter: NewsletterView::new(view, tongue),
            parts,
            left_out: (left_out > 0).then(|| tongue.left_out(left_out)),
            unsubscribe: view.unsubscribe_mark,
            preferences: view.preferences_mark,
        };
        let html = inlined(&templates.render(HTML, &mail)?)?;
        if html.len() > MAX_HTML_BYTES
            && let Some(less) = room.less()
        {
            room = less;
            continue;
        }
        let text = plain_text::wrapped(&templates.render(TEXT, &mail)?);
        must_let_readers_leave(&html, HTML, view.unsubscribe_mark)?;
        must_let_readers_leave(&text, TEXT, view.unsubscribe_mark)?;
        let variant = Variant {
            key: view.lang.to_owned(),
            lang: mail.lang.to_owned(),
            subject,
            html,
            text,
            unsubscribe_mark: view.unsubscribe_mark.to_owned(),
            preferences_mark: view.preferences_mark.to_owned(),
            calendar: None,
        };
        let forbidding = lint::look_through(&variant).into_iter().find(|finding| finding.forbids);
        return forbidding.map_or(Ok(variant), |finding| Err(TemplateError::whole(HTML, finding.what)));
    }
}

/// The same as a part of a web page: everything in full, whatever its size.
///
/// # Errors
/// A template that cannot be rendered.
pub fn web(templates: &Templates, view: &IssueView) -> Result<String, TemplateError> {
    #[derive(Serialize)]
    struct Body {
        t: &'static Words,
        #[serde(flatten)]
        parts: Parts,
    }
    let tongue = Tongue::of(view.lang);
    let parts = Parts::new(view, tongue).typeset();
    templates.render(PAGE, &Body { t: tongue.words(), parts })
}

/// What is called off, the newest title, or what changed, and how many more there are; the newsletter's own where there is only what is ahead.
fn subject(view: &IssueView, tongue: Tongue) -> String {
    let count = view.contents.new.len() + view.contents.changed.len();
    let others = tongue.and_others(count.saturating_sub(1));
    let room = SUBJECT_CHARS - others.chars().count();
    let (headline, entry) = match (first_changed(view), view.contents.new.first()) {
        (Some(changed), _) => (headline(changed, tongue), &changed.entry),
        (None, Some(newest)) => (newest.announcement.title.clone(), newest),
        (None, None) => {
            let title = words::shown(&one_line(&view.newsletter.title), &view.newsletter.lang);
            return format!("{title} {}", tongue.number(view.number));
        }
    };
    format!("{}{others}", shown(&shorten(&headline, room), entry, view))
}

/// What changed, where that comes before what is new: one that is called off is not told as "another announcement".
fn first_changed<'a>(view: &'a IssueView) -> Option<&'a ChangedEntry<'a>> {
    let changed = &view.contents.changed;
    let is_off = |changed: &&ChangedEntry| changed.changes.contains(&Change::Cancelled);
    changed.iter().find(is_off).or(changed.first().filter(|_| view.contents.new.is_empty()))
}

/// As its language wants blanks.
fn shown(text: &str, entry: &Entry, view: &IssueView) -> String {
    let lang = &entry.announcement.lang;
    words::shown(text, if lang.is_empty() { view.lang } else { lang })
}

/// `Annulé : Matinée UX`, `Matinée UX – Reporté : 12 → 19 mars`.
fn headline(changed: &ChangedEntry, tongue: Tongue) -> String {
    let title = &changed.entry.announcement.title;
    match changed.changes.first() {
        Some(Change::Cancelled) => format!("{}{} {title}", tongue.words().cancelled, tongue.colon()),
        Some(change) => match words::change(change, tongue) {
            Some(line) => {
                let room = SUBJECT_CHARS.saturating_sub(line.chars().count() + 3);
                format!("{} – {line}", shorten(title, room.max(20)))
            }
            None => title.clone(),
        },
        None => title.clone(),
    }
}

/// What lists of messages show after the subject: the other titles, or how the only one begins.
fn preheader(view: &IssueView) -> String {
    let is_new = |entry: &Entry| view.contents.new.iter().any(|new| new.announcement.id == entry.announcement.id);
    let ahead = view.contents.upcoming.iter().filter(|entry| !is_new(entry));
    let changed = view.contents.changed.iter().map(|changed| &changed.entry);
    let first = first_changed(view).map(|changed| &changed.entry).or(view.contents.new.first());
    let is_first = |entry: &&Entry| first.is_some_and(|first| first.announcement.id == entry.announcement.id);
    let told = view.contents.new.iter().chain(changed).filter(|entry| !is_first(entry));
    let titles: Vec<String> = told.chain(ahead).map(|entry| shown(&entry.announcement.title, entry, view)).collect();
    match (titles.as_slice(), view.contents.new.first()) {
        ([], Some(only)) => shown(&only.announcement.teaser(PREHEADER_CHARS), only, view),
        (titles, _) => shorten(&titles.join(" · "), PREHEADER_CHARS),
    }
}

/// Writes the style into the elements: mail programs drop what stands in the head.
fn inlined(html: &str) -> Result<String, TemplateError> {
    CSSInliner::options()
        .load_remote_stylesheets(false)
        .build()
        .inline(html)
        .map_err(|error| TemplateError::whole("email/style.css", error.to_string()))
}

fn must_let_readers_leave(rendered: &str, file: &str, mark: &str) -> Result<(), TemplateError> {
    if rendered.contains(mark) {
        Ok(())
    } else {
        Err(TemplateError::whole(file, "says nowhere how to unsubscribe: put `{{ unsubscribe }}` into it"))
    }
}

impl<'a> NewsletterView<'a> {
    fn new(view: &IssueView<'a>, tongue: Tongue) -> Self {
        Self {
            title: &view.newsletter.title,
            number: words::capitalised(&tongue.number(view.number)),
            date: words::day(view.slot.date(), tongue),
            url: view.site.own_url(&format!("newsletters/{}/", view.newsletter.name)),
            web_url: view.web_url,
        }
    }
}

#[cfg(test)]
mod tests;
