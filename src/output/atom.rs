//! Atom 1.0 (RFC 4287).
//!
//! A feed's id is the address of its live document, which its archives share; an entry's is that of its announcement, see `item::iri`. All links
//! are absolute, so no `xml:base` is needed.

use std::collections::BTreeMap;

use atom_syndication::extension::Extension;
use atom_syndication::{
    Category, Content, Entry as AtomEntry, Feed as AtomFeed, Generator, Link, Person, Text, TextType, WriteConfig,
};
use chrono::DateTime;
use url::Url;

use super::OutputError;
use super::feed::{Entry, Feed, Variant};
use super::item::{self, clean_line};
use crate::model::announcement::{Announcement, Attachment};

const HISTORY_NAMESPACE: &str = "http://purl.org/syndication/history/1.0";

/// Writes `atom.xml`, `atom-summary.xml` or an archive. `updated` is that of the newest revision (1970 where there are no
/// entries), never the time of writing.
pub fn write(feed: &Feed) -> Result<Vec<u8>, OutputError> {
    let newest = item::newest_revision(feed).unwrap_or(DateTime::UNIX_EPOCH);
    let subtitle = clean_line(&feed.description);
    let document = AtomFeed {
        title: plain(&feed.title),
        id: live_url(feed),
        updated: item::whole_seconds(newest.with_timezone(&feed.site.zone).fixed_offset()),
        authors: vec![person(feed.site.author.as_ref().unwrap_or(&feed.site.title))],
        generator: Some(Generator { value: "crieur".to_owned(), ..Generator::default() }),
        links: feed_links(feed),
        rights: item::rights(feed.site).map(Text::plain),
        subtitle: (!subtitle.is_empty()).then(|| Text::plain(subtitle)),
        lang: Some(feed.site.lang.clone()),
        entries: feed.entries.iter().map(|item| entry(feed, item)).collect(),
        ..archive_mark(feed)
    };
    // the crate's own declaration names no encoding
    let config = WriteConfig { write_document_declaration: false, indent_size: Some(2) };
    let start = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_vec();
    let bytes = document.write_with_config(start, config).map_err(OutputError::in_format("Atom"))?;
    item::without_forbidden(bytes).map_err(OutputError::in_format("Atom"))
}

/// What tells an archive document from a live one (RFC 5005 §4): `<fh:archive/>`, its namespace declared only there.
fn archive_mark(feed: &Feed) -> AtomFeed {
    if !matches!(feed.variant, Variant::Archive(_)) {
        return AtomFeed::default();
    }
    let mark = Extension { name: "fh:archive".to_owned(), ..Extension::default() };
    AtomFeed {
        namespaces: BTreeMap::from([("fh".to_owned(), HISTORY_NAMESPACE.to_owned())]),
        extensions: BTreeMap::from([("fh".to_owned(), BTreeMap::from([("archive".to_owned(), vec![mark])]))]),
        ..AtomFeed::default()
    }
}

/// The live document that this one is, or is an archive of.
fn live_url(feed: &Feed) -> String {
    match feed.variant {
        Variant::Archive(_) => feed.document_url("atom.xml"),
        Variant::Main | Variant::Summary => feed.own_url("atom", "xml"),
    }
}

/// No `next-archive` in archives: they would have to change when the next one is closed. RFC 5005 §4 asks for `prev-archive`
/// only, and `current` leads back to the live feed.
fn feed_links(feed: &Feed) -> Vec<Link> {
    const ATOM: &str = "application/atom+xml";
    let mut links = vec![
        typed_link("self", &feed.own_url("atom", "xml"), ATOM),
        typed_link("alternate", &feed.page_url(), "text/html"),
    ];
    links.extend(feed.previous_url("xml").map(|url| typed_link("prev-archive", &url, ATOM)));
    if let Variant::Archive(_) = feed.variant {
        links.push(typed_link("current", &live_url(feed), ATOM));
    } else {
        links.extend(feed.publish.websub_hubs.iter().map(|hub| link("hub", hub)));
    }
    links
}

fn entry(feed: &Feed, entry: &Entry) -> AtomEntry {
    let announcement = entry.announcement;
    // where the language is not the feed's, each text says so: the crate has no `xml:lang` for entries
    let lang = (announcement.lang != feed.site.lang).then(|| announcement.lang.clone());
    AtomEntry {
        title: Text { lang: lang.clone(), ..plain(&announcement.title) },
        id: item::iri(announcement, feed.site),
        updated: item::updated(entry),
        authors: authors(feed, announcement),
        categories: categories(feed, announcement),
        links: entry_links(announcement),
        published: Some(item::published(announcement)),
        summary: Some(html(item::summary_html(announcement), lang.clone())),
        content: feed.is_full().then(|| Content {
            lang,
            value: Some(item::item_html(entry)),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        ..AtomEntry::default()
    }
}

/// RFC 4287 §4.1.2 asks for at least one author: the announcement's, the site's, or the site itself.
fn authors(feed: &Feed, announcement: &Announcement) -> Vec<Person> {
    let mut names = item::authors(announcement, feed.site);
    if names.is_empty() {
        names.push(clean_line(&feed.site.title));
    }
    names.iter().map(|name| person(name)).collect()
}

fn person(name: &str) -> Person {
    Person { name: clean_line(name), ..Person::default() }
}

fn categories(feed: &Feed, announcement: &Announcement) -> Vec<Category> {
    let subjects = item::subjects(announcement, feed.site).into_iter();
    subjects
        .map(|subject| Category {
            term: subject.label.slug.clone(),
            scheme: Some(subject.scheme),
            label: Some(clean_line(&subject.label.label)),
        })
        .collect()
}

fn entry_links(announcement: &Announcement) -> Vec<Link> {
    let page = Link {
        hreflang: Some(announcement.lang.clone()),
        ..typed_link("alternate", &item::address(&announcement.url), "text/html")
    };
    let external = announcement.external_url.iter().map(|url| link("related", url));
    std::iter::once(page).chain(external).chain(announcement.attachments.iter().map(enclosure)).collect()
}

fn enclosure(attachment: &Attachment) -> Link {
    Link {
        title: attachment.title.as_deref().map(clean_line),
        length: attachment.bytes.map(|bytes| bytes.to_string()),
        ..typed_link("enclosure", &item::address(&attachment.href), &item::media_type(&attachment.mime))
    }
}

fn link(rel: &str, to: &Url) -> Link {
    Link { href: item::address(to), rel: rel.to_owned(), ..Link::default() }
}

fn typed_link(rel: &str, href: &str, mime: &str) -> Link {
    Link { href: href.to_owned(), rel: rel.to_owned(), mime_type: Some(mime.to_owned()), ..Link::default() }
}

fn plain(text: &str) -> Text {
    Text::plain(clean_line(text))
}

fn html(value: String, lang: Option<String>) -> Text {
    Text { value, lang, base: None, r#type: TextType::Html }
}
