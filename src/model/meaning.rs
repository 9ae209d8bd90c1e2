//! What an announcement says, as a hash: it tells a correction from a change of meaning.

use std::collections::BTreeSet;

use super::announcement::Announcement;
use super::event::Event;
use super::text::RichText;
use super::token::sha256_hex;

/// Which rules a hash was made by. With new rules every hash changes and no meaning does.
const RULES: &str = "4:";

/// Whether the meaning changed between two hashes. Hashes made by older rules cannot be compared and tell nothing.
pub fn differ(before: &str, after: &str) -> bool {
    before.starts_with(RULES) && before != after
}

/// A hash of title, summary, words of the body, links, attachments, practical information and event. Typography, white
/// space, the order of attributes and punctuation are no part of it, nor is the host the site itself stands on.
pub fn semantic_hash(announcement: &Announcement) -> String {
    let own = Own::of(announcement);
    let pieces: Vec<&RichText> = announcement.summary.iter().chain([&announcement.body]).collect();
    let mut said = vec![words(&announcement.title)];
    said.extend(pieces.iter().map(|piece| words(&shown(&piece.html))));
    said.extend(
        pieces
            .iter()
            .flat_map(|piece| links(&piece.html))
            .map(|link| own.seen_from_here(link))
            .collect::<BTreeSet<_>>(),
    );
    said.extend(announcement.attachments.iter().map(|attachment| own.seen_from_here(attachment.href.as_str())));
    for row in &announcement.info {
        said.extend([words(&row.label), words(&row.value)]);
        said.extend(row.href.iter().map(|link| own.seen_from_here(link.as_str())));
    }
    said.extend(announcement.external_url.iter().map(|link| own.seen_from_here(link.as_str())));
    said.push(event(announcement.event.as_ref(), &own));
    format!("{RULES}{}", sha256_hex(said.join("\u{1f}").as_bytes()))
}

/// The words of a text, without accents, case and punctuation.
pub fn words(text: &str) -> String {
    let plain = deunicode::deunicode(text).to_lowercase();
    plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What readers see of our own sanitised HTML: the text between tags, which stand for a blank, references decoded:
/// `&nbsp;` is no word.
fn shown(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for piece in html.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    html_escape::decode_html_entities(&text).into_owned()
}

/// The targets of links in our own sanitised HTML, where attributes are always in double quotes.
fn links(html: &str) -> impl Iterator<Item = &str> {
    html.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next())
}

fn event(event: Option<&Event>, own: &Own) -> String {
    let mut value = serde_json::to_value(event).expect("an event has string keys only");
    for key in ["online", "registration"] {
        if let Some(serde_json::Value::String(link)) = value.get_mut(key) {
            *link = own.seen_from_here(link);
        }
    }
    for key in ["place", "access", "organizer"] {
        value.get_mut(key).into_iter().for_each(in_words);
    }
    value.to_string()
}

/// Each text reduced to its words, at any depth.
fn in_words(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = words(text),
        serde_json::Value::Array(values) => values.iter_mut().for_each(in_words),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(in_words),
        _ => {}
    }
}

/// Where an announcement stands: links to its own page and its own site say the same after a move.
struct Own<'a> {
    page: &'a str,
    /// The site's host now, and the one the id was minted on: links written out in full may still name that.
    hosts: [&'a str; 2],
}

impl<'a> Own<'a> {
    fn of(announcement: &'a Announcement) -> Self {
        let host = announcement.url.authority();
        let id = announcement.id.as_str();
        let minted_on = id.strip_prefix("tag:").and_then(|id| id.split(',').next());
        let pinned_on = id.strip_prefix("https://").or_else(|| id.strip_prefix("http://"));
        let first = minted_on.or_else(|| pinned_on?.split(['/', '#']).next());
        Self { page: announcement.url.as_str(), hosts: [host, first.unwrap_or(host)] }
    }

    fn seen_from_here(&self, link: &str) -> String {
        if let Some(fragment) = link.strip_prefix(self.page).filter(|rest| rest.is_empty() || rest.starts_with('#')) {
            return format!(".{fragment}");
        }
        let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
        let path = rest.and_then(|rest| self.hosts.iter().find_map(|host| rest.strip_prefix(host)));
        path.filter(|path| path.is_empty() || path.starts_with('/')).unwrap_or(link).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::announcement::{AnnouncementId, InfoRow};
    use crate::model::event::{Access, Place};
    use crate::model::sample;

    #[test]
    fn what_is_practical_counts_by_its_words() {
        let meeting = |place: &str, line: &str, value: &str| {
            let event = Event {
                place: Some(Place { name: Some(place.to_owned()), ..Place::default() }),
                access: vec![Access { mode: None, lines: vec![line.to_owned()] }],
                ..sample::event(sample::timed("2027-03-28 09:30", None))
            };
            let info = InfoRow { label: "Horaires".to_owned(), value: value.to_owned(), href: None };
            semantic_hash(&Announcement { event: Some(event), info: vec![info], ..sample::announcement("x") })
        };
        let first = meeting("Salle d'accueil", "Ligne 8 : Ecole", "9h-12h");
        assert_eq!(meeting("Salle d’accueil", "Ligne 8\u{a0}: École", "9h – 12h"), first);
        assert_ne!(meeting("Salle du conseil", "Ligne 8 : Ecole", "9h-12h"), first);
        assert_ne!(meeting("Salle d'accueil", "Ligne 9 : Ecole", "9h-12h"), first);
        assert_ne!(meeting("Salle d'accueil", "Ligne 8 : Ecole", "9h-13h"), first);
    }

    #[test]
    fn a_new_domain_or_https_changes_no_meaning() {
        let on = |site: &str| {
            let mut announcement = sample::announcement("x");
            announcement.url = sample::url(&format!("{site}/actualites/x/"));
            announcement.body.html =
                format!("<p><a href=\"{site}/b.pdf\">b</a> <a href=\"{site}/actualites/x/#y\">y</a></p>");
            let when = sample::timed("2027-03-28 09:30", None);
            let registration = Some(sample::url(&format!("{site}/inscription/")));
            announcement.event = Some(Event { registration, ..sample::event(when) });
            announcement
        };
        let first = semantic_hash(&on("http://www.example.org"));
        assert_eq!(semantic_hash(&on("https://www.example.org")), first);
        assert_eq!(semantic_hash(&on("https://nouveau.example.org")), first);
        // a link that was written out in full still leads to the old domain
        let mut half = on("https://nouveau.example.org");
        half.body.html = half.body.html.replace("nouveau.example.org/b.pdf", "www.example.org/b.pdf");
        assert_eq!(semantic_hash(&half), first);
        // also where its author wrote an id
        let pinned = |site: &str, mut it: Announcement| {
            it.id = AnnouncementId::pinned_on(&sample::url(site), "42");
            semantic_hash(&it)
        };
        let before = pinned("https://www.example.org/", on("https://www.example.org"));
        assert_eq!(pinned("https://www.example.org/", half.clone()), before);
        // the host of somebody else is no host of ours
        let mut elsewhere = on("https://www.example.org");
        elsewhere.body.html =
            elsewhere.body.html.replace("https://www.example.org/b", "https://www.example.org.evil/b");
        assert_ne!(semantic_hash(&elsewhere), first);
    }

    #[test]
    fn a_link_to_the_own_page_says_the_same_when_the_page_moves() {
        let at = |slug: &str| {
            let mut announcement = sample::announcement("x");
            announcement.url = sample::url(&format!("https://www.example.org/{slug}/"));
            announcement.body.html = format!("<p><a href=\"https://www.example.org/{slug}/#y\">y</a></p>");
            semantic_hash(&announcement)
        };
        assert_eq!(at("avant"), at("apres"));
    }
}
