//! RSS 2.0, with the content, dc, atom and media modules; a namespace is declared only where it is used.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use rss::extension::atom::{AtomExtension, Link};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Enclosure, Guid, Item};

use super::OutputError;
use super::feed::{Entry, Feed};
use super::item::{self, clean_line};
use crate::model::announcement::{Announcement, Attachment, Image};

const MEDIA_NAMESPACE: &str = "http://search.yahoo.com/mrss/";

/// Writes `rss.xml` or `rss-summary.xml`. `lastBuildDate` is that of the newest revision, so the same entries give the same bytes.
pub fn write(feed: &Feed) -> Result<Vec<u8>, OutputError> {
    let newest = item::newest_revision(feed).map(|at| at.with_timezone(&feed.site.zone).fixed_offset());
    let items: Vec<Item> = feed.entries.iter().map(|entry| item(feed, entry)).collect();
    let uses_media = items.iter().any(|item| item.extensions.contains_key("media"));
    let channel = Channel {
        title: clean_line(&feed.title),
        link: feed.page_url(),
        description: description(feed),
        language: Some(feed.site.lang.clone()),
        copyright: item::rights(feed.site),
        last_build_date: newest.map(rfc_2822),
        generator: Some("crieur".to_owned()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        ttl: Some(feed.publish.refresh.num_minutes().max(1).to_string()),
        atom_ext: Some(AtomExtension { links: channel_links(feed) }),
        namespaces: uses_media.then(|| ("media".to_owned(), MEDIA_NAMESPACE.to_owned())).into_iter().collect(),
        items,
        ..Channel::default()
    };
    let bytes = channel.pretty_write_to(Vec::new(), b' ', 2).map_err(OutputError::in_format("RSS"))?;
    item::without_forbidden(bytes).map_err(OutputError::in_format("RSS"))
}

/// The element is required, and readers show an empty one as a fault.
fn description(feed: &Feed) -> String {
    let description = clean_line(&feed.description);
    if description.is_empty() { clean_line(&feed.title) } else { description }
}

fn channel_links(feed: &Feed) -> Vec<Link> {
    let itself = Link {
        href: feed.own_url("rss", "xml"),
        rel: "self".to_owned(),
        mime_type: Some("application/rss+xml".to_owned()),
        ..Link::default()
    };
    let hubs = feed.publish.websub_hubs.iter();
    let hubs = hubs.map(|hub| Link { href: item::address(hub), rel: "hub".to_owned(), ..Link::default() });
    std::iter::once(itself).chain(hubs).collect()
}

fn item(feed: &Feed, entry: &Entry) -> Item {
    let announcement = entry.announcement;
    let creators = item::authors(announcement, feed.site);
    Item {
        title: Some(clean_line(&announcement.title)),
        link: Some(item::address(&announcement.url)),
        description: Some(item::summary_html(announcement)),
        categories: categories(feed, announcement),
        enclosure: enclosed(announcement).map(enclosure),
        guid: Some(guid(announcement)),
        pub_date: Some(rfc_2822(item::published(announcement))),
        content: feed.is_full().then(|| item::item_html(entry)),
        extensions: media(announcement),
        dublin_core_ext: (!creators.is_empty()).then(|| DublinCoreExtension { creators, ..Default::default() }),
        ..Item::default()
    }
}

/// RSS lets a guid be any string, so an id is written exactly as it was minted or pinned.
fn guid(announcement: &Announcement) -> Guid {
    let value = clean_line(announcement.id.as_str());
    Guid { permalink: value == announcement.url.as_str(), value }
}

fn categories(feed: &Feed, announcement: &Announcement) -> Vec<Category> {
    let subjects = item::subjects(announcement, feed.site).into_iter();
    subjects.map(|subject| Category { name: clean_line(&subject.label.label), domain: Some(subject.scheme) }).collect()
}

/// The first attachment that can be fetched as RSS asks: over http (RSS 2.0, `enclosure`).
fn enclosed(announcement: &Announcement) -> Option<&Attachment> {
    announcement.attachments.iter().find(|attachment| matches!(attachment.href.scheme(), "http" | "https"))
}

/// Readers agree on one enclosure an item (RSS Best Practices Profile §4.2.4); a length that is not known is 0 there.
fn enclosure(attachment: &Attachment) -> Enclosure {
    Enclosure {
        url: item::address(&attachment.href),
        length: attachment.bytes.unwrap_or(0).to_string(),
        mime_type: item::media_type(&attachment.mime),
    }
}

/// Pictures, and the attachments that found no place as the enclosure.
fn media(announcement: &Announcement) -> ExtensionMap {
    let enclosed = enclosed(announcement);
    let others = announcement.attachments.iter().filter(|one| Some(*one) != enclosed).map(document);
    let contents: Vec<Extension> = announcement.images.iter().map(picture).chain(others).collect();
    if contents.is_empty() {
        return ExtensionMap::new();
    }
    ExtensionMap::from([("media".to_owned(), BTreeMap::from([("content".to_owned(), contents)]))])
}

fn picture(image: &Image) -> Extension {
    let mut attrs = attributes(&[("url", &item::address(&image.src)), ("medium", "image")]);
    attrs.extend(item::image_type(&image.src).map(|mime| ("type".to_owned(), mime.to_owned())));
    let title = image.caption.as_deref().map(|caption| ("title", text_element("media:title", caption)));
    let alt = image.alt.as_deref().filter(|alt| !alt.is_empty());
    let description = alt.map(|alt| ("description", text_element("media:description", alt)));
    let children = [title, description].into_iter().flatten();
    let children = children.map(|(name, element)| (name.to_owned(), vec![element])).collect();
    Extension { name: "media:content".to_owned(), value: None, attrs, children }
}

fn document(attachment: &Attachment) -> Extension {
    let mime = item::media_type(&attachment.mime);
    let address = item::address(&attachment.href);
    let mut attrs = attributes(&[("url", &address), ("type", &mime), ("medium", medium(&mime))]);
    let size = attachment.bytes.filter(|bytes| *bytes > 0);
    attrs.extend(size.map(|bytes| ("fileSize".to_owned(), bytes.to_string())));
    let title = attachment.title.as_deref().map(|title| vec![text_element("media:title", title)]);
    let children = title.map(|title| ("title".to_owned(), title)).into_iter().collect();
    Extension { name: "media:content".to_owned(), value: None, attrs, children }
}

/// Media RSS knows five sorts of objects; two of them are none of ours.
fn medium(mime: &str) -> &'static str {
    match mime.split('/').next() {
        Some("image") => "image",
        Some("audio") => "audio",
        Some("video") => "video",
        _ => "document",
    }
}

fn text_element(name: &str, text: &str) -> Extension {
    let attrs = attributes(&[("type", "plain")]);
    Extension { name: name.to_owned(), value: Some(clean_line(text)), attrs, children: BTreeMap::new() }
}

fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// RFC 2822 with the offset of its zone. Not `to_rfc2822`, which panics on years beyond 9999.
pub(super) fn rfc_2822(at: DateTime<FixedOffset>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S %z").to_string()
}
