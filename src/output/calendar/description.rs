//! What a calendar says about an event at length: the summary, the way there, what to know, the page. As text for every
//! app, and as HTML for Outlook.

use quick_xml::escape::partial_escape as escape;
use url::Url;

use crate::model::announcement::Announcement;
use crate::model::event::{Event, EventStatus};
use crate::model::text::{shorten, without_controls};
use crate::output::item::clean_line;

/// Characters of the body that stand for a summary where an announcement has none.
const TEASER_CHARS: usize = 500;
/// Google Calendar cuts a description after 8,192 characters: the parts together stay below, so that the address of the
/// page, which is last, is always read.
const SUMMARY_CHARS: usize = 3000;
const PART_CHARS: usize = 2000;

/// One line of what people need to know to come.
struct Row {
    label: String,
    value: String,
    href: Option<Url>,
}

/// The summary, then what people need to know to come, then the page. Calendar apps show it as it is.
pub(super) fn text(announcement: &Announcement, event: &Event) -> String {
    let (words, url) = (Words::of(&announcement.lang), announcement.url.as_str());
    let rows = rows(announcement, event).into_iter().map(|row| {
        let link = row.href.filter(|href| href.as_str() != row.value);
        let link = link.map_or_else(String::new, |href| format!(" ({href})"));
        format!("{}{}{}{link}", row.label, words.colon, row.value)
    });
    let practical = shorten(&rows.collect::<Vec<_>>().join("\n"), PART_CHARS);
    let blocks = [summary(announcement), access(announcement, event), practical, url.to_owned()];
    let blocks: Vec<String> = blocks.into_iter().filter(|block| !block.is_empty()).collect();
    blocks.join("\n\n")
}

/// The same as a whole HTML document, where the author's summary says more by its links and emphasis than its text does.
///
/// For `X-ALT-DESC`, which Outlook reads; others read plain text, and Thunderbird the `ALTREP` of a `data:` address only,
/// whose length three times that of the text is not worth it.
pub(super) fn html(announcement: &Announcement, event: &Event) -> Option<String> {
    let summary = announcement.summary.as_ref().filter(|summary| has_markup(&summary.html))?;
    if summary.html.chars().count() > SUMMARY_CHARS {
        return None;
    }
    let words = Words::of(&announcement.lang);
    let access = escape(access(announcement, event)).replace('\n', "<br>");
    let rows = rows(announcement, event).into_iter().map(|row| {
        let value = escape(row.value.as_str());
        let value = match row.href {
            Some(href) => link(&href, &value),
            None => value.into_owned(),
        };
        format!("{}{}{value}", escape(row.label.as_str()), words.colon)
    });
    let rows = rows.collect::<Vec<_>>().join("<br>");
    let page = link(&announcement.url, &escape(announcement.url.as_str()));
    let paragraphs = [access, rows, page].into_iter().filter(|part| !part.is_empty());
    let paragraphs = paragraphs.map(|part| format!("<p>{part}</p>")).collect::<Vec<_>>().concat();
    let html = without_controls(summary.html.trim());
    Some(format!("<!DOCTYPE html><html><body>{html}{paragraphs}</body></html>"))
}

fn link(href: &Url, escaped_text: &str) -> String {
    format!("<a href=\"{}\">{escaped_text}</a>", escape(href.as_str()).replace('"', "%22"))
}

/// Whether HTML has other elements than paragraphs and line breaks.
fn has_markup(html: &str) -> bool {
    let names = html.split('<').skip(1).map(|tag| tag.trim_start_matches('/'));
    names.map(|tag| tag.split([' ', '>', '/']).next().unwrap_or_default()).any(|name| !matches!(name, "p" | "br"))
}

fn summary(announcement: &Announcement) -> String {
    let summary = announcement.summary.as_ref().map(|summary| shorten(summary.text.trim(), SUMMARY_CHARS));
    summary.filter(|text| !text.is_empty()).unwrap_or_else(|| announcement.teaser(TEASER_CHARS))
}

fn access(announcement: &Announcement, event: &Event) -> String {
    let lines: Vec<String> = event.access.iter().map(|way| clean_line(&way.one_line(&announcement.lang))).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("{}\n{}", Words::of(&announcement.lang).access, shorten(&lines.join("\n"), PART_CHARS))
}

fn rows(announcement: &Announcement, event: &Event) -> Vec<Row> {
    let words = Words::of(&announcement.lang);
    let given = announcement.info.iter().map(|row| Row {
        label: clean_line(&row.label),
        value: clean_line(&row.value),
        // said in a row of its own below
        href: row.href.clone().filter(|href| Some(href) != event.registration.as_ref()),
    });
    // often one of the rows says it already ("Inscription par mail")
    let contact = announcement.contact.as_deref().map(clean_line);
    let contact = contact.filter(|contact| !announcement.info.iter().any(|row| row.value.contains(contact)));
    let text = |label: &str, value: Option<String>| {
        value.map(|value| Row { label: label.to_owned(), value: clean_line(&value), href: None })
    };
    let address = |label: &str, url: &Option<Url>| {
        url.clone().map(|url| Row { label: label.to_owned(), value: url.to_string(), href: Some(url) })
    };
    let known = [
        text(words.organizer, event.organizer.clone()),
        text(words.contact, contact),
        address(words.registration, &event.registration),
        address(words.online, &event.online),
    ];
    given.chain(known.into_iter().flatten()).collect()
}

/// Many apps show no status: the title says what is not certain to take place.
pub(super) fn title(announcement: &Announcement, event: &Event) -> String {
    let words = Words::of(&announcement.lang);
    let title = clean_line(&announcement.title);
    let mark = match event.status {
        EventStatus::Confirmed => return title,
        EventStatus::Tentative => format!("[{}]", words.tentative),
        EventStatus::Cancelled => format!("[{}]", words.cancelled),
    };
    if title.starts_with(&mark) { title } else { format!("{mark} {title}") }
}

/// The few words the calendar adds of its own, in the language of the announcement.
struct Words {
    colon: &'static str,
    access: &'static str,
    registration: &'static str,
    online: &'static str,
    organizer: &'static str,
    contact: &'static str,
    cancelled: &'static str,
    tentative: &'static str,
}

impl Words {
    const FRENCH: Self = Self {
        colon: "\u{a0}: ",
        access: "Accès",
        registration: "Inscription",
        online: "En ligne",
        organizer: "Organisation",
        contact: "Contact",
        cancelled: "ANNULÉ",
        tentative: "À CONFIRMER",
    };
    const ENGLISH: Self = Self {
        colon: ": ",
        access: "Getting there",
        registration: "Registration",
        online: "Online",
        organizer: "Organised by",
        contact: "Contact",
        cancelled: "CANCELLED",
        tentative: "TENTATIVE",
    };

    fn of(lang: &str) -> &'static Self {
        if lang.starts_with("fr") { &Self::FRENCH } else { &Self::ENGLISH }
    }
}
