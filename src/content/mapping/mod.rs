//! One file's front matter and body → one announcement, by a profile.

mod address;
mod event;
mod media;
mod people;
mod shortcodes;
mod when;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use self::address::Place;
use super::front_matter::{self, FrontMatter};
use super::lookup::{Found, Lookup};
use super::markdown::{self, Context};
use super::profile::Profile;
use crate::model::announcement::{Announcement, AnnouncementId, Source, Status};
use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::profile::Paths;
use crate::model::settings::{ContentSettings, FolderRule, SiteSettings};
use crate::model::text::{Label, RichText, one_line};
use crate::model::token::sha256_hex;

/// What reading a file depends on besides the file.
#[derive(Clone, Copy)]
pub struct Habits<'a> {
    pub site: &'a SiteSettings,
    pub content: &'a ContentSettings,
    pub profile: &'a Profile,
    /// When files without a date were first seen, by path; `now` for those that never were.
    pub first_seen: &'a HashMap<String, DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// One file understood.
#[derive(Debug)]
pub struct Understood {
    pub announcement: Announcement,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one file.
///
/// # Errors
/// The diagnostics of a file that cannot be published, at least one of them an error.
pub fn read(path: &str, bytes: &[u8], habits: Habits) -> Result<Understood, Vec<Diagnostic>> {
    let text = text_of(bytes).map_err(|error| vec![error.in_file(path)])?;
    let parts = front_matter::split(&text).map_err(|error| vec![error.in_file(path)])?;
    let rule = habits.content.folders.iter().find(|rule| rule.pattern.is_match(path));
    let empty = Map::new();
    let lookup = Lookup {
        front: &parts.front,
        defaults: rule.map_or(&empty, |rule| &rule.defaults),
        any_case: habits.profile.any_case,
    };
    let mut mapper = Mapper { path, habits, rule, lookup, diagnostics: parts.diagnostics };
    let announcement = mapper.announcement(sha256_hex(bytes), parts.body, parts.body_start);
    let diagnostics = mapper.diagnostics.into_iter().map(|diagnostic| diagnostic.in_file(path)).collect();
    match announcement {
        Some(announcement) => Ok(Understood { announcement, diagnostics }),
        None => Err(diagnostics),
    }
}

/// UTF-8 with line ends as `\n`.
fn text_of(bytes: &[u8]) -> Result<String, Diagnostic> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
        Err(error) => {
            let good = error.valid_up_to();
            let before = std::str::from_utf8(&bytes[..good]).unwrap_or_default();
            let encoding = if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
                "the file is in UTF-16"
            } else {
                "the file is in another encoding, perhaps Latin-1"
            };
            let message = format!("byte {good} is no UTF-8");
            Err(Diagnostic::error("not-utf-8", Position::at(before, good), message)
                .with_hint(format!("{encoding}: save it as UTF-8")))
        }
    }
}

/// Reads the fields of one file, collecting what there is to say about them.
struct Mapper<'a> {
    path: &'a str,
    habits: Habits<'a>,
    rule: Option<&'a FolderRule>,
    lookup: Lookup<'a>,
    diagnostics: Vec<Diagnostic>,
}

impl Mapper<'_> {
    fn announcement(&mut self, hash: String, body: &str, body_start: Position) -> Option<Announcement> {
        let published = self.published()?;
        let place = self.address(&published);
        let title = self.title(&place);
        let lang = self.lang();
        let (summary, body) = self.texts(body, body_start, &place, &lang);
        let info = self.info(&place);
        Some(Announcement {
            id: self.id(&published, &place),
            source: Source { path: self.path.to_owned(), hash },
            kind: self.kind(),
            title,
            subtitle: self.line("subtitle"),
            aliases: self.lines("aliases"),
            external_url: self.url("external_url", &place),
            updated: self.moment("updated"),
            expires: self.moment("expires"),
            status: self.status(),
            authors: self.lines("authors"),
            contact: self.contact(&info),
            categories: self.labels("categories"),
            tags: self.labels("tags"),
            images: self.images(&place),
            attachments: self.attachments(&place),
            event: self.event(&info, &published, &place, &body),
            extra: self.extra(),
            slug: place.slug,
            url: place.url,
            published,
            lang,
            summary,
            body,
            info,
        })
    }

    fn paths(&self, field: &str) -> Paths {
        self.habits.profile.paths(field)
    }

    /// A field of one line of plain text.
    fn line(&self, field: &str) -> Option<String> {
        self.lookup.line(&self.paths(field)).map(|(line, _)| line)
    }

    /// A field of several lines of plain text, each once.
    fn lines(&self, field: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for found in self.lookup.all(&self.paths(field)) {
            lines.extend(self.lookup.plain(&found).filter(|line| !lines.contains(line)));
        }
        lines
    }

    fn labels(&self, field: &str) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        for label in self.lines(field).iter().filter_map(|line| Label::new(line)) {
            if labels.iter().all(|known| known.slug != label.slug) {
                labels.push(label);
            }
        }
        labels
    }

    fn title(&mut self, place: &Place) -> String {
        let found = self.lookup.line(&self.paths("title")).and_then(|(_, found)| self.lookup.text(&found));
        if let Some(title) = found {
            return one_line(&html_escape::decode_html_entities(&self.without_shortcodes(&title, place)));
        }
        let hint = "give it a `title:` in its front matter";
        self.diagnostics
            .push(Diagnostic::warning("no-title", Position::START, "the file has no title").with_hint(hint));
        let mut words = place.slug.replace('-', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words
    }

    fn lang(&self) -> String {
        self.line("lang")
            .or_else(|| self.rule.and_then(|rule| rule.lang.clone()))
            .unwrap_or_else(|| self.habits.site.lang.clone())
    }

    fn kind(&self) -> String {
        let first_folder = self.path.split_once('/').map_or("", |(folder, _)| folder);
        self.rule.and_then(|rule| rule.kind.clone()).unwrap_or_else(|| first_folder.to_owned())
    }

    fn status(&self) -> Status {
        let draft = self.lookup.flag(&self.paths("draft")) == Some(true);
        let unpublished = self.lookup.flag(&self.paths("published_flag")) == Some(false);
        let in_drafts = self.path.split('/').any(|part| part == "_drafts");
        if draft || unpublished || in_drafts { Status::Draft } else { Status::Published }
    }

    fn id(&self, published: &crate::model::time::Moment, place: &Place) -> AnnouncementId {
        if let Some(id) = self.line("id") {
            AnnouncementId::pinned(&id)
        } else {
            let host = self.habits.site.url.host_str().unwrap_or("localhost");
            AnnouncementId::minted(host, published.local_date(), &place.slug)
        }
    }

    /// The summary of its own field, or what stands before the mark for "more", and the body.
    fn texts(&mut self, body: &str, start: Position, place: &Place, lang: &str) -> (Option<RichText>, RichText) {
        let field = self.lookup.first(&self.paths("summary"));
        let summary = match field.and_then(|found| Some((self.lookup.text(&found)?, self.lookup.position(&found)))) {
            Some((text, position)) => Some(self.render(text.trim(), position, place, lang)),
            None => before_more(body).map(|excerpt| {
                let told = self.diagnostics.len();
                let summary = self.render(excerpt, start, place, lang);
                // the body says the same again
                self.diagnostics.truncate(told);
                summary
            }),
        };
        (summary.filter(|summary| !summary.text.trim().is_empty()), self.render(body, start, place, lang))
    }

    fn render(&mut self, source: &str, start: Position, place: &Place, lang: &str) -> RichText {
        let expanded = self.expand(source, start, place);
        let context = Context { dialect: self.habits.profile.dialect, base: &place.url, lang, start };
        let rendered = markdown::render(&expanded.source, &context);
        let known = self.diagnostics.iter().any(|known| known.code == "shortcode-unknown");
        let new = expanded.told(rendered.diagnostics).into_iter();
        self.diagnostics.extend(new.filter(|new| !(known && new.code == "shortcode-unknown")));
        RichText { source: source.to_owned(), html: rendered.html, text: rendered.text }
    }

    /// What no rule read, as given.
    fn extra(&self) -> Map<String, Value> {
        let known = self.habits.profile.keys();
        let is_known = |key: &str| {
            known.contains(key) || self.lookup.any_case && known.iter().any(|name| name.eq_ignore_ascii_case(key))
        };
        let FrontMatter { values, .. } = self.lookup.front;
        values.iter().filter(|(key, _)| !is_known(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    fn warn(&mut self, found: &Found, code: &'static str, message: String, hint: &str) {
        let position = self.lookup.position(found);
        self.diagnostics.push(Diagnostic::warning(code, position, message).with_hint(hint));
    }
}

fn before_more(body: &str) -> Option<&str> {
    ["<!--more-->", "<!-- more -->"].iter().find_map(|mark| body.split_once(mark)).map(|(before, _)| before)
}
