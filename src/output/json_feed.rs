//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use serde::Serialize;

use super::OutputError;
use super::feed::{Entry, Feed, Variant};
use super::item::{self, clean_line};
use crate::model::announcement::{Announcement, Attachment};
use crate::model::text::without_controls;

#[derive(Serialize)]
struct Document {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    language: String,
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub>,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Author {
    name: String,
}

#[derive(Serialize)]
struct Hub {
    r#type: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Item {
    id: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    title: String,
    content_html: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    language: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<JsonAttachment>,
}

#[derive(Serialize)]
struct JsonAttachment {
    url: String,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
}

/// Writes `feed.json`, `feed-summary.json` or an archive. `next_url` walks back through the closed archives.
pub fn write(feed: &Feed) -> Result<Vec<u8>, OutputError> {
    let site = feed.site;
    let document = Document {
        version: "https://jsonfeed.org/version/1.1",
        title: clean_line(&feed.title),
        home_page_url: feed.page_url(),
        feed_url: feed.own_url("feed", "json"),
        next_url: feed.previous_url("json"),
        description: clean_line(&feed.description),
        language: site.lang.clone(),
        authors: vec![Author { name: clean_line(site.author.as_ref().unwrap_or(&site.title)) }],
        hubs: hubs(feed),
        items: feed.entries.iter().map(|entry| item(feed, entry)).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(OutputError::in_format("JSON Feed"))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// An archive has none: nothing new will ever be told of it.
fn hubs(feed: &Feed) -> Vec<Hub> {
    if matches!(feed.variant, Variant::Archive(_)) {
        return Vec::new();
    }
    feed.publish.websub_hubs.iter().map(|hub| Hub { r#type: "WebSub", url: item::address(hub) }).collect()
}

fn item(feed: &Feed, entry: &Entry) -> Item {
    let announcement = entry.announcement;
    let full = feed.is_full();
    Item {
        id: clean_line(announcement.id.as_str()),
        url: item::address(&announcement.url),
        external_url: announcement.external_url.as_ref().map(item::address),
        title: clean_line(&announcement.title),
        content_html: if full { item::item_html(entry) } else { item::summary_html(announcement) },
        content_text: full.then(|| without_controls(&announcement.body.text)),
        summary: item::summary_text(announcement),
        image: announcement.images.first().map(|image| item::address(&image.src)),
        date_published: item::published(announcement).to_rfc3339(),
        date_modified: item::updated(entry).to_rfc3339(),
        authors: authors(announcement),
        tags: item::subjects(announcement, feed.site).iter().map(|subject| clean_line(&subject.label.label)).collect(),
        language: announcement.lang.clone(),
        attachments: announcement.attachments.iter().map(attachment).collect(),
    }
}

fn authors(announcement: &Announcement) -> Vec<Author> {
    let names = announcement.authors.iter().map(|name| clean_line(name)).filter(|name| !name.is_empty());
    names.map(|name| Author { name }).collect()
}

fn attachment(attachment: &Attachment) -> JsonAttachment {
    JsonAttachment {
        url: item::address(&attachment.href),
        mime_type: item::media_type(&attachment.mime),
        title: attachment.title.as_deref().map(clean_line),
        size_in_bytes: attachment.bytes,
    }
}
