//! Atom 1.0 (RFC 4287).
//!
//! A feed's id is the address of its own `atom.xml`; an entry's is that of its announcement, see `item::iri`. All links
//! are absolute, so no `xml:base` is needed.

use atom_syndication::{
    Category, Content, Entry as AtomEntry, Feed as AtomFeed, Generator, Link, Person, Text, TextType, WriteConfig,
};
use chrono::DateTime;

use super::OutputError;
use super::feed::{Entry, Feed};
use super::item::{self, clean_line};
use crate::model::announcement::{Announcement, Attachment};

/// Writes `atom.xml`. `updated` is that of the newest revision (1970 where there are no entries), never the time of writing.
pub fn write(feed: &Feed) -> Result<Vec<u8>, OutputError> {
    let newest = item::newest_revision(feed).unwrap_or(DateTime::UNIX_EPOCH);
    let subtitle = clean_line(&feed.description);
    let document = AtomFeed {
        title: plain(&feed.title),
        id: feed.document_url("atom.xml"),
        updated: item::whole_seconds(newest.with_timezone(&feed.site.zone).fixed_offset()),
        generator: Some(Generator { value: "crieur".to_owned(), ..Generator::default() }),
        links: feed_links(feed),
        subtitle: (!subtitle.is_empty()).then(|| Text::plain(subtitle)),
        lang: Some(feed.site.lang.clone()),
        entries: feed.entries.iter().map(|item| entry(feed, item)).collect(),
        ..AtomFeed::default()
    };
    let config = WriteConfig { write_document_declaration: true, indent_size: Some(2) };
    let bytes = document.write_with_config(Vec::new(), config).map_err(OutputError::in_format("Atom"))?;
    item::without_forbidden(bytes).map_err(OutputError::in_format("Atom"))
}

fn feed_links(feed: &Feed) -> Vec<Link> {
    let itself = typed_link("self", &feed.document_url("atom.xml"), "application/atom+xml");
    let page = typed_link("alternate", &feed.page_url(), "text/html");
    let hubs = feed.publish.websub_hubs.iter();
    let hubs = hubs.map(|hub| Link { href: hub.to_string(), rel: "hub".to_owned(), ..Link::default() });
    [itself, page].into_iter().chain(hubs).collect()
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
        content: item::is_full(feed).then(|| Content {
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
    names.into_iter().map(|name| Person { name, ..Person::default() }).collect()
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
        ..typed_link("alternate", announcement.url.as_str(), "text/html")
    };
    let external = announcement.external_url.iter();
    let external = external.map(|url| Link { href: url.to_string(), rel: "related".to_owned(), ..Link::default() });
    std::iter::once(page).chain(external).chain(announcement.attachments.iter().map(enclosure)).collect()
}

fn enclosure(attachment: &Attachment) -> Link {
    Link {
        title: attachment.title.as_deref().map(clean_line),
        length: attachment.bytes.map(|bytes| bytes.to_string()),
        ..typed_link("enclosure", attachment.href.as_str(), &attachment.mime)
    }
}

fn typed_link(rel: &str, href: &str, mime: &str) -> Link {
    Link { href: href.to_owned(), rel: rel.to_owned(), mime_type: Some(clean_line(mime)), ..Link::default() }
}

fn plain(text: &str) -> Text {
    Text::plain(clean_line(text))
}

fn html(value: String, lang: Option<String>) -> Text {
    Text { value, lang, base: None, r#type: TextType::Html }
}
