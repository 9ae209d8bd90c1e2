//! Pictures and files that come with an announcement.

use super::Mapper;
use super::address::Place;
use crate::content::lookup::Found;
use crate::model::announcement::{Attachment, Image};
use crate::model::profile::GroupRule;
use crate::model::text::one_line;

impl<'a> Mapper<'a> {
    pub(super) fn images(&mut self, place: &Place) -> Vec<Image> {
        let mut images: Vec<Image> = Vec::new();
        for (rule, outer) in self.grouped("images") {
            let Some(found) = self.part(&rule, outer.as_ref(), "src") else { continue };
            let Some(src) = self.resolve(&found, place) else { continue };
            if images.iter().any(|known| known.src == src) {
                continue;
            }
            let alt = self.part(&rule, outer.as_ref(), "alt").and_then(|alt| self.lookup.plain(&alt));
            let caption = self.part(&rule, outer.as_ref(), "caption").and_then(|caption| self.caption(&caption));
            if alt.is_none() {
                let hint = "say in a few words what it shows: some readers cannot see it";
                self.warn(&found, "image-without-alt", "the picture has no alternative text".to_owned(), hint);
            }
            images.push(Image { src, alt, caption });
        }
        images
    }

    /// A caption is text everywhere: of HTML in it only the words stay.
    fn caption(&self, found: &Found) -> Option<String> {
        let text = without_tags(&self.lookup.text(found)?);
        let text = one_line(&html_escape::decode_html_entities(&text));
        let text = crate::content::shortcodes::set_apart(text);
        (!text.is_empty()).then_some(text)
    }

    /// Each file once, however many keys name it; the first title found for it is kept.
    pub(super) fn attachments(&mut self, place: &Place) -> Vec<Attachment> {
        let mut attachments: Vec<Attachment> = Vec::new();
        for (rule, outer) in self.grouped("attachments") {
            let Some(found) = self.part(&rule, outer.as_ref(), "href") else { continue };
            let Some(href) = self.resolve(&found, place) else { continue };
            let title = self.part(&rule, outer.as_ref(), "title").and_then(|title| self.lookup.plain(&title));
            if let Some(known) = attachments.iter_mut().find(|known| known.href == href) {
                known.title = known.title.take().or(title);
                continue;
            }
            let mime = mime_guess::from_path(href.path()).first_or_octet_stream().to_string();
            attachments.push(Attachment { href, title, mime, bytes: None });
        }
        attachments
    }

    /// The groups of a field: each rule with each value it goes over, or with none where it reads from the top.
    pub(super) fn grouped(&self, field: &'static str) -> Vec<(GroupRule, Option<Found<'a>>)> {
        let mut groups = Vec::new();
        for rule in self.profile.groups(field) {
            if rule.each.0.is_empty() {
                for (part, paths) in &rule.parts {
                    self.note(field, format!("{part}: {paths}"), &self.lookup.all(paths));
                }
                groups.push((rule.clone(), None));
            } else {
                let found = self.lookup.all(&rule.each);
                self.note(field, format!("each {}", rule.each), &found);
                groups.extend(found.into_iter().map(|found| (rule.clone(), Some(found))));
            }
        }
        groups
    }

    /// All values of one part of a group.
    pub(super) fn parts(&self, rule: &GroupRule, outer: Option<&Found<'a>>, part: &str) -> Vec<Found<'a>> {
        let Some(paths) = rule.parts.get(part) else { return Vec::new() };
        match outer {
            Some(outer) => self.lookup.inside(outer, paths),
            None => self.lookup.all(paths),
        }
    }

    pub(super) fn part(&self, rule: &GroupRule, outer: Option<&Found<'a>>, part: &str) -> Option<Found<'a>> {
        self.parts(rule, outer, part).into_iter().next()
    }
}

/// Text without HTML tags; a `<` that begins none stays.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let is_tag = from[1..].trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic());
        let Some(end) = from.find('>') else { return out + from };
        rest = if is_tag { &from[end + 1..] } else { &from[1..] };
        out.push_str(if is_tag { "" } else { "<" });
    }
    out + rest
}
