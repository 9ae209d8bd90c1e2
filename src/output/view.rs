//! An announcement as templates see it: everything in words, every address whole.

use chrono::{DateTime, Datelike as _, Utc};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use url::Url;

use super::feed::Entry;
use super::html;
use super::words::{self, Tongue, capitalised};
use crate::model::announcement::{Announcement, Attachment, Image};
use crate::model::event::{Event, EventStatus, When};
use crate::model::settings::SiteSettings;
use crate::model::subscription::EmailAddress;
use crate::model::text::Label;

/// About what fits under a title without being an article.
const TEASER_CHARS: usize = 400;
/// A summary above this is no summary (on some sites it is the whole text before a mark).
const MAX_SUMMARY_BYTES: usize = 6_000;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    pub title: String,
    pub subtitle: Option<String>,
    pub url: String,
    pub external_url: Option<String>,
    /// Where it is not the document's.
    pub lang: Option<String>,
    #[serde(skip)]
    is_french: bool,
    /// Publication in words, and for machines.
    pub date: String,
    pub datetime: String,
    pub authors: String,
    pub categories: Vec<LabelItem>,
    pub tags: Vec<LabelItem>,
    /// Clean HTML without ids; `None` where there is no summary or it is too long, then `teaser` stands in.
    pub summary_html: Option<String>,
    pub summary_text: Option<String>,
    /// Plain, on one line.
    pub teaser: String,
    pub images: Vec<ImageItem>,
    pub attachments: Vec<AttachmentItem>,
    pub info: Vec<InfoItem>,
    pub contact: Option<InfoItem>,
    pub event: Option<EventItem>,
    /// Its page is gone: nothing leads there.
    pub withdrawn: bool,
    /// Summary or teaser say all that its page does.
    pub whole: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct LabelItem {
    pub label: String,
    pub url: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct ImageItem {
    pub src: String,
    /// Empty where the author gave none: read out by its file name otherwise.
    pub alt: String,
    pub caption: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct AttachmentItem {
    pub href: String,
    pub title: String,
    /// `PDF, 248 Ko`.
    pub note: String,
    pub mime: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct InfoItem {
    pub label: String,
    pub value: String,
    pub href: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct EventItem {
    pub when: String,
    pub day: u32,
    pub month: String,
    pub year: i32,
    /// ISO 8601, with an offset where an hour is known.
    pub begins: String,
    pub ends: Option<String>,
    pub place: Option<String>,
    pub address: Option<String>,
    pub where_line: String,
    pub access: Vec<String>,
    pub online: Option<String>,
    pub registration: Option<String>,
    pub organizer: Option<String>,
    pub ics: String,
    pub cancelled: bool,
    pub tentative: bool,
}

impl Item {
    pub fn new(entry: &Entry, site: &SiteSettings, document_lang: &str, tongue: Tongue) -> Self {
        let it = entry.announcement;
        let summary = it.summary.as_ref().filter(|summary| summary.html.len() <= MAX_SUMMARY_BYTES);
        let labels = |labels: &[Label], folder: &str| {
            labels.iter().map(|label| LabelItem::new(label, folder, site)).collect::<Vec<_>>()
        };
        Self {
            title: it.title.clone(),
            subtitle: it.subtitle.clone(),
            url: it.url.to_string(),
            external_url: it.external_url.as_ref().map(Url::to_string),
            lang: (!it.lang.is_empty() && it.lang != document_lang).then(|| it.lang.clone()),
            is_french: words::is_french(if it.lang.is_empty() { document_lang } else { &it.lang }),
            date: words::date(it.published.local_date(), tongue),
            datetime: it.published.instant.with_timezone(&it.published.zone).to_rfc3339(),
            authors: it.authors.join(", "),
            categories: labels(&it.categories, "categories"),
            tags: labels(&it.tags, "tags"),
            summary_html: summary.map(|summary| html::for_list(&summary.html)),
            summary_text: summary.map(|summary| summary.text.trim().to_owned()),
            teaser: it.teaser(TEASER_CHARS),
            images: it.images.iter().map(ImageItem::new).collect(),
            attachments: it.attachments.iter().map(|file| AttachmentItem::new(file, tongue)).collect(),
            info: info(it),
            contact: it.contact.as_deref().map(|contact| InfoItem::contact(contact, tongue)),
            event: it.event.as_ref().map(|event| EventItem::new(event, it, site, tongue)),
            withdrawn: false,
            whole: it.is_told_by_teaser(TEASER_CHARS)
                && it.summary.as_ref().is_none_or(|summary| summary.html.len() <= MAX_SUMMARY_BYTES),
        }
    }
}

impl Item {
    /// As pages and mails show it: no line begins with a mark that French sets apart from its word.
    pub fn typeset(mut self) -> Self {
        // a document's own language is not named again
        if !self.is_french {
            return self;
        }
        let lines = [&mut self.title, &mut self.teaser]
            .into_iter()
            .chain([&mut self.subtitle, &mut self.summary_text].into_iter().flatten())
            .chain(self.categories.iter_mut().chain(&mut self.tags).map(|label| &mut label.label))
            .chain(self.images.iter_mut().filter_map(|image| image.caption.as_mut()))
            .chain(self.attachments.iter_mut().map(|file| &mut file.title))
            .chain(self.info.iter_mut().flat_map(|row| [&mut row.label, &mut row.value]));
        for line in lines {
            *line = words::french_spaces(line);
        }
        self.summary_html = self.summary_html.map(|html| html::typeset(&html));
        self.event = self.event.map(EventItem::typeset);
        self
    }
}

/// Rows of practical information, except the one that says no more than the contact does.
fn info(it: &Announcement) -> Vec<InfoItem> {
    let told = |value: &str| it.contact.as_deref().is_some_and(|contact| contact.trim() == value.trim());
    it.info
        .iter()
        .filter(|row| !told(&row.value))
        .map(|row| InfoItem {
            label: row.label.trim().trim_end_matches(':').trim_end().to_owned(),
            value: row.value.trim().to_owned(),
            href: row.href.as_ref().map(Url::to_string).or_else(|| mailto(&row.value)),
        })
        .collect()
}

fn mailto(text: &str) -> Option<String> {
    EmailAddress::parse(text.trim()).ok().map(|address| format!("mailto:{}", address.as_str()))
}

impl LabelItem {
    pub fn new(label: &Label, folder: &str, site: &SiteSettings) -> Self {
        Self { label: label.label.clone(), url: site.own_url(&format!("{folder}/{}/", label.slug)) }
    }

    pub fn typeset(self, lang: &str) -> Self {
        Self { label: words::shown(&self.label, lang), ..self }
    }
}

impl ImageItem {
    fn new(image: &Image) -> Self {
        Self {
            src: image.src.to_string(),
            alt: image.alt.clone().unwrap_or_default(),
            caption: image.caption.clone().filter(|caption| !caption.trim().is_empty()),
        }
    }
}

impl AttachmentItem {
    fn new(file: &Attachment, tongue: Tongue) -> Self {
        let name = file.href.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        let kind = name.rsplit_once('.').map(|(_, extension)| extension.to_uppercase());
        let size = file.bytes.map(|bytes| tongue.file_size(bytes));
        Self {
            href: file.href.to_string(),
            title: file.title.clone().unwrap_or_else(|| name.into_owned()),
            mime: file.mime.clone(),
            note: kind.into_iter().chain(size).collect::<Vec<_>>().join(", "),
        }
    }
}

impl InfoItem {
    fn contact(contact: &str, tongue: Tongue) -> Self {
        let value = contact.trim().to_owned();
        Self { label: tongue.words().contact.to_owned(), href: mailto(&value), value }
    }
}

impl EventItem {
    fn new(event: &Event, it: &Announcement, site: &SiteSettings, tongue: Tongue) -> Self {
        let place = event.place.as_ref();
        let first = event.when.first_day();
        let (begins, ends) = machine_times(&event.when);
        Self {
            when: capitalised(&words::when(&event.when, site.zone, tongue)),
            day: first.day(),
            month: words::month_short(first, tongue).to_owned(),
            year: first.year(),
            begins,
            ends,
            place: place.and_then(|place| place.name.clone()),
            address: place.and_then(|place| place.address.clone()),
            where_line: place.map(crate::model::event::Place::one_line).unwrap_or_default(),
            access: event.access.iter().map(|access| access.one_line(tongue.words().lang)).collect(),
            online: event.online.as_ref().map(Url::to_string),
            registration: event.registration.as_ref().map(Url::to_string),
            organizer: event.organizer.clone(),
            ics: site.own_url(&format!("events/{}.ics", it.slug)),
            cancelled: event.status == EventStatus::Cancelled,
            tentative: event.status == EventStatus::Tentative,
        }
    }
}

impl EventItem {
    fn typeset(mut self) -> Self {
        let lines = [&mut self.where_line]
            .into_iter()
            .chain(&mut self.access)
            .chain([&mut self.place, &mut self.address, &mut self.organizer].into_iter().flatten());
        for line in lines {
            *line = words::french_spaces(line);
        }
        self
    }
}

/// What `<time datetime>` takes (HTML §4.5.14): a date for a whole day, else an instant with its offset.
fn machine_times(when: &When) -> (String, Option<String>) {
    let zone = when.zone();
    let at = |instant: DateTime<Utc>| instant.with_timezone(&zone).to_rfc3339();
    match when {
        When::AllDay { first, last, .. } => (first.to_string(), Some(last.to_string())),
        When::Timed { end: None, .. } => (at(when.begins()), None),
        _ => (at(when.begins()), Some(at(when.is_over_at()))),
    }
}
