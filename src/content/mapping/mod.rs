//! One file's front matter and body → one announcement, by a profile.

mod address;
mod event;
mod hours;
mod invisible;
mod media;
mod near_keys;
mod people;
mod shortcodes;
mod standing;
mod when;

use std::cell::RefCell;
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use self::address::Place;
use super::front_matter::{self, FrontMatter};
use super::lookup::{Found, Lookup};
use super::markdown::{self, Context};
use super::origins::{self, Origins};
use super::profile::Profile;
use super::typography;
use crate::model::announcement::{Announcement, AnnouncementId, Source};
use crate::model::diagnostic::{Diagnostic, Position};
use crate::model::settings::{ContentSettings, FolderRule, SiteSettings, Typography};
use crate::model::text::{Label, RichText, one_line, slugify};
use crate::model::time::FIRST_SEEN;
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
    pub origins: Origins,
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
    let profile = habits.profile.for_kind(&kind(path, rule));
    let origins = RefCell::default();
    let mut mapper = Mapper {
        path,
        habits,
        rule,
        profile: &profile,
        lookup,
        origins,
        id_date: None,
        diagnostics: parts.diagnostics,
    };
    let announcement = mapper.announcement(sha256_hex(bytes), parts.body, parts.body_start);
    mapper.diagnostics.extend(invisible::remark(&text, &parts.front));
    let near_keys = mapper.near_keys();
    mapper.diagnostics.extend(near_keys);
    let unread_status = mapper.unread_status();
    mapper.diagnostics.extend(unread_status);
    let diagnostics = mapper.diagnostics.into_iter().map(|diagnostic| diagnostic.in_file(path)).collect();
    match announcement {
        Some(announcement) => Ok(Understood { announcement, diagnostics, origins: mapper.origins.into_inner() }),
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
    /// The habits' profile as it holds in this folder.
    profile: &'a Profile,
    lookup: Lookup<'a>,
    origins: RefCell<Origins>,
    /// The date the id is minted from, where it is not that of publication.
    id_date: Option<NaiveDate>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Mapper<'a> {
    fn announcement(&mut self, hash: String, body: &str, body_start: Position) -> Option<Announcement> {
        let published = self.published()?;
        let place = self.address(&published);
        let lang = self.lang(&place);
        let title = self.title(&place);
        let title = self.typeset(title, &lang);
        let (summary, body) = self.texts(body, body_start, &place, &lang);
        let info = self.info(&place);
        let (id, pinned) = self.id(&published, &place);
        Some(Announcement {
            id,
            pinned,
            source: Source { path: self.path.to_owned(), hash },
            kind: kind(self.path, self.rule),
            title,
            subtitle: self.line("subtitle").map(|subtitle| self.typeset(subtitle, &lang)),
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

    /// The values of a field; what they were read from is noted.
    fn find(&self, field: &'static str) -> Vec<Found<'a>> {
        let paths = self.profile.paths(field);
        let found = self.lookup.all(&paths);
        self.note(field, paths.to_string(), &found);
        found
    }

    fn note(&self, field: &'static str, rule: String, found: &[Found]) {
        origins::note(&mut self.origins.borrow_mut(), field, rule, found, |found| self.lookup.position(found));
    }

    /// A field of one line of plain text.
    fn line(&self, field: &'static str) -> Option<String> {
        self.find(field).iter().find_map(|found| self.lookup.plain(found))
    }

    /// A field of several lines of plain text, each once.
    fn lines(&self, field: &'static str) -> Vec<String> {
        let mut lines = Vec::new();
        for found in self.find(field) {
            lines.extend(self.lookup.plain(&found).filter(|line| !lines.contains(line)));
        }
        lines
    }

    fn flag(&self, field: &'static str) -> Option<bool> {
        self.find(field).first().and_then(|found| self.lookup.flag(found))
    }

    fn labels(&self, field: &'static str) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        for label in self.lines(field).iter().filter_map(|line| Label::new(line)) {
            if labels.iter().all(|known| known.slug != label.slug) {
                labels.push(label);
            }
        }
        labels
    }

    fn title(&mut self, place: &Place) -> String {
        let found = self.find("title").into_iter().find(|found| self.lookup.plain(found).is_some());
        if let Some(title) = found.and_then(|found| self.lookup.text(&found)) {
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

    /// No generator touches a line of front matter.
    fn typeset(&self, line: String, lang: &str) -> String {
        let by_language = self.habits.content.typography == Typography::Language;
        if by_language { typography::set_line(&line, lang) } else { line }
    }

    fn lang(&self, place: &Place) -> String {
        self.line("lang")
            .or_else(|| place.lang.clone())
            .or_else(|| self.rule.and_then(|rule| rule.lang.clone()))
            .unwrap_or_else(|| self.habits.site.lang.clone())
    }

    fn path_without_ending(&self) -> String {
        self.path.rsplit_once('.').map_or(self.path, |(stem, _)| stem).replace(['/', '.'], "-")
    }

    /// The id, and whether the author pinned it.
    fn id(&self, published: &crate::model::time::Moment, place: &Place) -> (AnnouncementId, bool) {
        let site = &self.habits.site.url;
        if let Some(id) = self.line("id") {
            (AnnouncementId::pinned_on(site, &id), true)
        } else {
            let host = site.host_str().unwrap_or("localhost");
            let first_date = self.id_date.unwrap_or_else(|| published.local_date());
            // without a date of their own all files of a folder that was just put there are of one day
            let is_undated = published.origin == FIRST_SEEN && self.id_date.is_none();
            let slug = if is_undated { slugify(&self.path_without_ending()) } else { String::new() };
            let slug = if slug.is_empty() { &place.identity } else { &slug };
            (AnnouncementId::minted(host, first_date, slug), false)
        }
    }

    /// The summary of its own field, or what stands before the mark for "more", and the body.
    fn texts(&mut self, body: &str, start: Position, place: &Place, lang: &str) -> (Option<RichText>, RichText) {
        let field = self.find("summary").into_iter().next();
        let summary = match field.and_then(|found| Some((self.lookup.text(&found)?, self.lookup.position(&found)))) {
            Some((text, position)) => Some(self.render(text.trim(), position, place, lang)),
            None => self.before_more(body).map(|excerpt| {
                let told = self.diagnostics.len();
                let summary = self.render(excerpt, start, place, lang);
                // the body says the same again
                self.diagnostics.truncate(told);
                summary
            }),
        };
        (summary.filter(|summary| !summary.text.trim().is_empty()), self.render(body, start, place, lang))
    }

    /// What stands before the mark for "more"; Jekyll lets a post name its own.
    fn before_more<'b>(&self, body: &'b str) -> Option<&'b str> {
        let own = self.lookup.front.values.get("excerpt_separator").and_then(Value::as_str);
        let marks = own.filter(|mark| !mark.trim().is_empty()).into_iter().chain(["<!--more-->", "<!-- more -->"]);
        marks.filter_map(|mark| body.split_once(mark)).map(|(before, _)| before).next()
    }

    fn render(&mut self, source: &str, start: Position, place: &Place, lang: &str) -> RichText {
        let expanded = self.expand(source, start, place);
        let context = Context {
            dialect: self.profile.dialect,
            base: &place.url,
            lang,
            typography: self.habits.content.typography,
            start,
        };
        let rendered = markdown::render(&expanded.source, &context);
        let known = self.diagnostics.iter().any(|known| known.code == "shortcode-unknown");
        let new = expanded.told(rendered.diagnostics).into_iter();
        self.diagnostics.extend(new.filter(|new| !(known && new.code == "shortcode-unknown")));
        RichText { source: source.to_owned(), html: rendered.html, text: rendered.text }
    }

    /// What no rule read, as given.
    fn extra(&self) -> Map<String, Value> {
        let known = self.profile.keys();
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

/// What sort of announcement a file is: what its folder's rule says, or the name of its first folder.
fn kind(path: &str, rule: Option<&FolderRule>) -> String {
    let first_folder = path.split_once('/').map_or("", |(folder, _)| folder);
    rule.and_then(|rule| rule.kind.clone()).unwrap_or_else(|| first_folder.to_owned())
}
