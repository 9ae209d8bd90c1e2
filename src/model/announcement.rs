//! The announcement: one Markdown file as every output sees it, whatever generator it was written for.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::event::Event;
use super::text::{Label, RichText};
use super::time::Moment;
use super::words::{is_plain, words};

/// The identity of an announcement, minted once: an Atom `id`, an RSS `guid`, the root of a calendar UID.
///
/// Either pinned by `id:` in front matter or a `tag:` URI (RFC 4151) made from site, first date and first slug.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnnouncementId(String);

impl AnnouncementId {
    /// Takes an id that was minted before or pinned in front matter; blanks around it are not part of it.
    pub fn pinned(id: &str) -> Self {
        Self(id.trim().to_owned())
    }

    /// Takes an id pinned in front matter. Where it is no URI (`id: 42`) it is only unique on its site, and becomes a fragment
    /// of the site's address: outputs need an absolute IRI (RFC 4287 §4.2.6).
    pub fn pinned_on(site: &Url, id: &str) -> Self {
        let id = id.trim();
        let is_uri = Url::parse(id).is_ok() && !id.contains(|c: char| c.is_whitespace() || c.is_control());
        if is_uri {
            return Self(id.to_owned());
        }
        let mut iri = site.clone();
        iri.set_fragment(Some(id));
        Self(iri.into())
    }

    /// Mints `tag:HOST,YYYY-MM-DD:SLUG` (RFC 4151 §2.1) from the site's host, the first local date and the first slug.
    pub fn minted(host: &str, first_date: chrono::NaiveDate, slug: &str) -> Self {
        Self(format!("tag:{host},{first_date}:{slug}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AnnouncementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an announcement may be cried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Published,
    Draft,
}

/// Where an announcement was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Path below the content folder, with `/` between its parts.
    pub path: String,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub hash: String,
}

/// A picture. `alt: None` means the author gave none; `Some("")` means the author said it is decorative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub src: Url,
    pub alt: Option<String>,
    pub caption: Option<String>,
}

/// A file that comes with the announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub href: Url,
    pub title: Option<String>,
    /// Media type guessed from the name, e.g. `application/pdf`.
    pub mime: String,
    /// Length in bytes where the file is at hand.
    pub bytes: Option<u64>,
}

/// A labelled line of practical information ("Modalités: Inscription gratuite").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfoRow {
    pub label: String,
    pub value: String,
    pub href: Option<Url>,
}

/// One announcement, neutral: what every output is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    pub id: AnnouncementId,
    /// Whether the id is the author's own word (`id:`) rather than minted.
    pub pinned: bool,
    pub source: Source,
    /// What sort of announcement its folder holds (`agenda`, `actualites`, …).
    pub kind: String,
    /// BCP 47 language tag.
    pub lang: String,
    /// Plain text on one line.
    pub title: String,
    pub subtitle: Option<String>,
    pub slug: String,
    /// Where its page stands, absolute.
    pub url: Url,
    /// Former site paths of the same page.
    pub aliases: Vec<String>,
    pub external_url: Option<Url>,
    pub published: Moment,
    pub updated: Option<Moment>,
    pub expires: Option<Moment>,
    pub status: Status,
    pub authors: Vec<String>,
    /// An e-mail address or plain text to reach the people behind it.
    pub contact: Option<String>,
    pub summary: Option<RichText>,
    pub body: RichText,
    pub categories: Vec<Label>,
    pub tags: Vec<Label>,
    pub images: Vec<Image>,
    pub attachments: Vec<Attachment>,
    pub info: Vec<InfoRow>,
    pub event: Option<Event>,
    /// Front matter keys that no rule of the profile used, as given.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// How many characters are read for each that may be shown: blanks and lines without words are left out.
const READ: usize = 4;

impl Announcement {
    /// Whether readers may see it at `now`: published, its date reached, not expired.
    pub fn is_visible(&self, now: DateTime<Utc>) -> bool {
        self.status == Status::Published
            && self.published.instant <= now
            && self.expires.as_ref().is_none_or(|expires| expires.instant > now)
    }

    /// The next instant after `now` at which `is_visible` changes by itself.
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let expires = self.expires.as_ref().map(|moment| moment.instant);
        if self.status == Status::Draft || expires.is_some_and(|at| at <= self.published.instant) {
            return None;
        }
        // an event that is over leaves those ahead
        let over =
            self.event.as_ref().map(|event| event.when.is_over_at()).filter(|at| expires.is_none_or(|end| *at < end));
        [Some(self.published.instant), expires, over].into_iter().flatten().filter(|at| *at > now).min()
    }

    /// The words of the summary, or those the body begins with where there is none: no marks, no addresses.
    pub fn teaser(&self, max_chars: usize) -> String {
        let told = self.summary.as_ref().unwrap_or(&self.body);
        // of what was withdrawn only the text is kept, which is a teaser
        let text = if told.html.is_empty() { told.text.clone() } else { words(&told.html, READ * max_chars) };
        // rules and the like mean nothing on one line
        let is_said = |line: &&str| line.trim().is_empty() || line.chars().any(char::is_alphanumeric);
        let said = text.lines().filter(is_said).collect::<Vec<_>>().join("\n");
        super::text::shorten(&super::text::one_line(&said), max_chars)
    }

    /// Whether its page says no more than a summary or a teaser of this length does.
    pub fn is_told_by_teaser(&self, max_chars: usize) -> bool {
        let has_more = self.event.is_some()
            || self.images.len() > 1
            || !self.info.is_empty()
            || self.contact.is_some()
            || self.external_url.is_some();
        let is_told = match &self.summary {
            Some(summary) => self.body.html.trim().is_empty() || self.body.html.trim() == summary.html.trim(),
            None => is_plain(&self.body.html) && self.teaser(max_chars) == self.teaser(max_chars + 1),
        };
        is_told && !has_more
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_teaser_leaves_out_what_only_underlines() {
        let mut it = sample::announcement("a");
        it.summary = None;
        it.body.html = "<h2>Ordre du jour</h2><p>=====</p><p>Budget – suite</p><hr><p>Fin !</p>".to_owned();
        assert_eq!(it.teaser(100), "Ordre du jour Budget – suite Fin !");
    }

    #[test]
    fn a_teaser_is_words_and_nothing_of_the_marks_of_the_text_part() {
        let mut it = sample::announcement("a");
        it.summary = None;
        it.body.html =
            "<h2>Heading</h2><p>Text with <a href=\"https://x.example/\">link</a>.</p><ul><li>one</li></ul>".into();
        it.body.text = "Heading\n=======\n\nText with link <https://x.example/>.\n\n* one".to_owned();
        assert_eq!(it.teaser(100), "Heading Text with link. one");
    }

    #[test]
    fn a_site_changes_when_an_event_is_over() {
        let mut it = sample::announcement("a");
        it.event = Some(sample::event(sample::timed("2019-04-11 09:00", Some("2019-04-11 12:00"))));
        let over = it.event.as_ref().map(|event| event.when.is_over_at());
        assert_eq!(it.next_change(it.published.instant), over);
        assert_eq!(it.next_change(over.expect("an event")), None);
        it.expires =
            Some(Moment { instant: it.published.instant + chrono::TimeDelta::days(1), ..it.published.clone() });
        assert_eq!(it.next_change(it.published.instant), it.expires.as_ref().map(|moment| moment.instant));
    }
}
