//! A newsletter issue as mail: subject, HTML and text, without any reader's personal parts.

use chrono::NaiveDateTime;
use css_inline::CSSInliner;
use serde::Serialize;

use super::feed::Entry;
use super::plain_text;
use super::templates::{TemplateError, Templates};
use super::view::Item;
use super::words::{self, Tongue, Words};
use crate::model::change::Change;
use crate::model::issue::Variant;
use crate::model::newsletter::Newsletter;
use crate::model::settings::SiteSettings;
use crate::model::text::{one_line, shorten};

/// Gmail clips at 102 kB what it gets, and the reader's own address is not in yet.
const MAX_HTML_BYTES: usize = 100_000;
/// What phones and lists show of a subject.
const SUBJECT_CHARS: usize = 70;
const PREHEADER_CHARS: usize = 110;
const TITLE_CHARS: usize = 250;

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
    /// Told before and changed since.
    pub changed: &'a [ChangedEntry<'a>],
    /// Newest first.
    pub new: &'a [Entry<'a>],
    /// Soonest first. One that is new as well is shown here, in full, and not a second time.
    pub upcoming: &'a [Entry<'a>],
    /// Stands where each reader's own unsubscribe address goes: letters and digits nobody can foresee.
    pub unsubscribe_mark: &'a str,
    /// The same for the reader's own preferences.
    pub preferences_mark: &'a str,
    /// Where the issue can be read on the web, if anywhere.
    pub web_url: Option<&'a str>,
}

/// An event and what is to be told of it.
#[derive(Debug, Clone)]
pub struct ChangedEntry<'a> {
    pub entry: Entry<'a>,
    pub changes: Vec<Change>,
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
    contents: Contents,
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

#[derive(Debug, Clone, Serialize)]
struct Part {
    #[serde(flatten)]
    item: Item,
    /// An event ahead that was announced before is shown without its summary.
    detailed: bool,
    /// `Reporté : 12 → 19 mars`.
    changes: Vec<String>,
}

/// Events under one heading; never empty.
#[derive(Debug, Clone, Serialize)]
struct Section {
    heading: &'static str,
    items: Vec<Part>,
}

#[derive(Debug, Clone, Serialize)]
struct Contents {
    /// What changed, then what is ahead.
    events: Vec<Section>,
    new: Vec<Part>,
    /// Shown by their titles, where all in full would be too much for one mail.
    others: Vec<Part>,
}

/// How many items fit in full, and how many of the others by their titles.
#[derive(Debug, Clone, Copy)]
struct Room {
    in_full: usize,
    by_title: usize,
}

/// Renders an issue. The HTML stays below 100 kB: what does not fit is shown by its title, then by its number.
///
/// # Errors
/// A template that cannot be rendered, or that leaves out the way to unsubscribe.
pub fn issue(templates: &Templates, view: &IssueView) -> Result<Variant, TemplateError> {
    let tongue = Tongue::of(view.lang);
    let (subject, preheader) = (subject(view, tongue), preheader(view));
    let all = Contents::new(view, tongue);
    let mut room = Room::MOST;
    loop {
        let (contents, left_out) = all.within(room);
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
            contents,
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
        return Ok(Variant {
            key: view.lang.to_owned(),
            lang: mail.lang.to_owned(),
            subject,
            html,
            text,
            unsubscribe_mark: view.unsubscribe_mark.to_owned(),
            preferences_mark: view.preferences_mark.to_owned(),
        });
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
        contents: Contents,
    }
    let tongue = Tongue::of(view.lang);
    let contents = Contents::new(view, tongue).typeset();
    templates.render(PAGE, &Body { t: tongue.words(), contents })
}

/// The newest title, or what changed, and how many more there are; the newsletter's own where there is only what is ahead.
fn subject(view: &IssueView, tongue: Tongue) -> String {
    let count = view.new.len() + view.changed.len();
    let others = tongue.and_others(count.saturating_sub(1));
    let room = SUBJECT_CHARS - others.chars().count();
    let headline = match (view.new.first(), view.changed.first()) {
        (Some(newest), _) => newest.announcement.title.clone(),
        (None, Some(changed)) => headline(changed, tongue),
        (None, None) => return format!("{} {}", one_line(&view.newsletter.title), tongue.number(view.number)),
    };
    format!("{}{others}", shorten(&headline, room))
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
    let is_new = |entry: &Entry| view.new.iter().any(|new| new.announcement.id == entry.announcement.id);
    let ahead = view.upcoming.iter().filter(|entry| !is_new(entry));
    let changed = view.changed.iter().map(|changed| &changed.entry);
    let told = view.new.iter().chain(changed);
    let titles: Vec<&str> = told.skip(1).chain(ahead).map(|entry| entry.announcement.title.as_str()).collect();
    match (titles.as_slice(), view.new.first()) {
        ([], Some(only)) => only.announcement.teaser(PREHEADER_CHARS),
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
            number: tongue.number(view.number),
            date: words::day(view.slot.date(), tongue),
            url: view.site.own_url(&format!("newsletters/{}/", view.newsletter.name)),
            web_url: view.web_url,
        }
    }
}

impl Part {
    fn new(entry: &Entry, view: &IssueView, tongue: Tongue, detailed: bool) -> Self {
        let mut item = Item::new(entry, view.site, tongue.document_lang(view.lang), tongue);
        item.title = shorten(&item.title, TITLE_CHARS);
        Self { item, detailed, changes: Vec::new() }
    }

    fn changed(changed: &ChangedEntry, view: &IssueView, tongue: Tongue) -> Self {
        let lines = changed.changes.iter().filter_map(|change| words::change(change, tongue));
        Self { changes: lines.collect(), ..Self::new(&changed.entry, view, tongue, false) }
    }

    fn typeset(self) -> Self {
        Self { item: self.item.typeset(), ..self }
    }
}

impl Contents {
    fn new(view: &IssueView, tongue: Tongue) -> Self {
        let among = |entries: &[Entry], entry: &Entry| {
            entries.iter().any(|other| other.announcement.id == entry.announcement.id)
        };
        let changed = view.changed.iter().map(|changed| Part::changed(changed, view, tongue)).collect();
        let upcoming = view.upcoming.iter().map(|entry| Part::new(entry, view, tongue, among(view.new, entry)));
        let new = view.new.iter().filter(|entry| !among(view.upcoming, entry));
        let t = tongue.words();
        let events = [(t.changed, changed), (t.upcoming, upcoming.collect())];
        Self {
            events: events.into_iter().filter_map(|(heading, items)| Section::new(heading, items)).collect(),
            new: new.map(|entry| Part::new(entry, view, tongue, true)).collect(),
            others: Vec::new(),
        }
    }

    /// What there is room for, events first, and how many are left out.
    fn within(&self, room: Room) -> (Self, usize) {
        let (mut left, mut over) = (room.in_full, Vec::new());
        let mut fitting = |parts: &[Part]| {
            let (fit, rest) = parts.split_at(left.min(parts.len()));
            left -= fit.len();
            over.extend(rest.iter().cloned());
            fit.to_vec()
        };
        let sections = self.events.iter().filter_map(|section| Section::new(section.heading, fitting(&section.items)));
        let events = sections.collect();
        let new = fitting(&self.new);
        let left_out = over.len().saturating_sub(room.by_title);
        over.truncate(room.by_title);
        (Self { events, new, others: over }, left_out)
    }

    fn typeset(self) -> Self {
        let all = |parts: Vec<Part>| parts.into_iter().map(Part::typeset).collect();
        let events = self.events.into_iter().map(|it| Section { items: all(it.items), ..it }).collect();
        Self { events, new: all(self.new), others: all(self.others) }
    }
}

impl Section {
    fn new(heading: &'static str, items: Vec<Part>) -> Option<Self> {
        (!items.is_empty()).then_some(Self { heading, items })
    }
}

impl Room {
    /// Never more fit: an item takes a kilobyte at least, a title two hundred bytes.
    const MOST: Self = Self { in_full: 100, by_title: 500 };

    fn less(self) -> Option<Self> {
        match self {
            Self { in_full: 0, by_title: 0 } => None,
            Self { in_full: 0, by_title } => Some(Self { in_full: 0, by_title: by_title / 2 }),
            Self { in_full, by_title } => Some(Self { in_full: in_full / 2, by_title }),
        }
    }
}

#[cfg(test)]
mod tests;
