//! JSON Feed 1.1 (<https://www.jsonfeed.org/version/1.1/>).

use serde::Serialize;

use super::OutputError;
use super::feed::{Entry, Feed};
use super::item::{self, clean_line};
use crate::model::announcement::Attachment;
use crate::model::text::without_controls;

#[derive(Serialize)]
struct Document {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
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

/// Writes `feed.json`.
pub fn write(feed: &Feed) -> Result<Vec<u8>, OutputError> {
    let site = feed.site;
    let document = Document {
        version: "https://jsonfeed.org/version/1.1",
        title: clean_line(&feed.title),
        home_page_url: feed.page_url(),
        feed_url: feed.document_url("feed.json"),
        description: clean_line(&feed.description),
        language: site.lang.clone(),
        authors: vec![Author { name: clean_line(site.author.as_ref().unwrap_or(&site.title)) }],
        hubs: feed.publish.websub_hubs.iter().map(|hub| Hub { r#type: "WebSub", url: hub.to_string() }).collect(),
        items: feed.entries.iter().map(|entry| item(feed, entry)).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(OutputError::in_format("JSON Feed"))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn item(feed: &Feed, entry: &Entry) -> Item {
    let announcement = entry.announcement;
    let full = item::is_full(feed);
    Item {
        id: clean_line(announcement.id.as_str()),
        url: announcement.url.to_string(),
        external_url: announcement.external_url.as_ref().map(ToString::to_string),
        title: clean_line(&announcement.title),
        content_html: if full { item::item_html(entry) } else { item::summary_html(announcement) },
        content_text: full.then(|| without_controls(&announcement.body.text)),
        summary: item::summary_text(announcement),
        image: announcement.images.first().map(|image| image.src.to_string()),
        date_published: item::published(announcement).to_rfc3339(),
        date_modified: item::updated(entry).to_rfc3339(),
        authors: announcement.authors.iter().map(|name| Author { name: clean_line(name) }).collect(),
        tags: item::subjects(announcement, feed.site).iter().map(|subject| clean_line(&subject.label.label)).collect(),
        language: announcement.lang.clone(),
        attachments: announcement.attachments.iter().map(attachment).collect(),
    }
}

fn attachment(attachment: &Attachment) -> JsonAttachment {
    JsonAttachment {
        url: attachment.href.to_string(),
        mime_type: clean_line(&attachment.mime),
        title: attachment.title.as_deref().map(clean_line),
        size_in_bytes: attachment.bytes,
    }
}
