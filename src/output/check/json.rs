//! JSON Feed as clients read it: strict JSON, the required members, of the right types, ids once.
//!
//! It reads into types of its own and knows nothing of the writer's. That it is JSON at all says `json_text`, which did not
//! write it.

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::json_text::check_json_text;
use super::{Fault, Ids, line_at, utf_8};

#[derive(Deserialize)]
struct Document {
    version: String,
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "home_page_url")]
    _home_page_url: Url,
    #[serde(rename = "feed_url")]
    _feed_url: Url,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    #[serde(rename = "url")]
    _url: Url,
    content_html: Option<IgnoredAny>,
    content_text: Option<IgnoredAny>,
    #[serde(rename = "date_published")]
    _date_published: DateTime<FixedOffset>,
    #[serde(rename = "date_modified")]
    _date_modified: DateTime<FixedOffset>,
    #[serde(default, rename = "attachments")]
    _attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(rename = "url")]
    _url: Url,
    #[serde(rename = "mime_type")]
    _mime_type: String,
}

/// Checks a `feed.json`.
pub fn check_json(document: &[u8]) -> Result<(), Fault> {
    let text = utf_8(document)?;
    check_json_text(text)?;
    let feed: Document = serde_json::from_str(text).map_err(|error| Fault::new(error.line(), error.to_string()))?;
    if feed.version != "https://jsonfeed.org/version/1.1" {
        return Err(Fault::new(1, format!("`{}` is not the version of JSON Feed 1.1", feed.version)));
    }
    let mut ids = Ids::default();
    for item in feed.items {
        let fault = |what: String| Fault::new(line_of(text, &item.id), what).in_item(Some(&item.id));
        ids.take(&item.id).map_err(fault)?;
        if item.content_html.is_none() && item.content_text.is_none() {
            return Err(fault("an item has no content".to_owned()));
        }
    }
    Ok(())
}

/// The line an item's id stands on: the reader does not say.
fn line_of(text: &str, id: &str) -> usize {
    let offset = serde_json::to_string(id).ok().and_then(|id| text.find(&format!("\"id\": {id}")));
    offset.map_or(1, |offset| line_at(text.as_bytes(), offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_items(items: &str) -> String {
        format!(
            r#"{{"version": "https://jsonfeed.org/version/1.1", "title": "t", "home_page_url": "https://a.example/",
            "feed_url": "https://a.example/feed.json", "items": [{items}]}}"#
        )
    }

    #[test]
    fn two_items_of_one_id_are_told_with_their_line() {
        let item = r#"{"id": "a", "url": "https://a.example/a", "content_text": "",
            "date_published": "2026-01-01T00:00:00Z", "date_modified": "2026-01-01T00:00:00Z"}"#;
        assert_eq!(check_json(with_items(item).as_bytes()), Ok(()));
        let fault = check_json(with_items(&format!("{item}, {item}")).as_bytes()).expect_err("two of one id");
        assert_eq!(fault.to_string(), "line 2: two items have one id (in `a`)");
    }

    #[test]
    fn what_is_no_json_feed_is_refused() {
        let relative = r#"{"id": "a", "url": "/a", "content_text": "",
            "date_published": "2026-01-01T00:00:00Z", "date_modified": "2026-01-01T00:00:00Z"}"#;
        let empty = r#"{"id": "a", "url": "https://a.example/a",
            "date_published": "2026-01-01T00:00:00Z", "date_modified": "2026-01-01T00:00:00Z"}"#;
        for bad in [&with_items(relative), &with_items(empty), "{}", "", "{\"a\": \"\u{1}\"}", &with_items(",")] {
            assert!(check_json(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(check_json(b"\xff").is_err());
    }
}
