//! OPML 2.0 (<https://opml.org/spec2.opml>): the list of all feeds, to be taken over into a feed reader at once.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::OutputError;
use super::item::{clean_line, without_forbidden};

/// One feed of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    pub title: String,
    /// Absolute address of the feed.
    pub feed_url: String,
    /// Absolute address of the page people read.
    pub page_url: String,
    /// BCP 47 language tag.
    pub lang: String,
}

/// Writes `feeds.opml`. Without a date: the list says only what there is to subscribe to.
pub fn write(title: &str, outlines: &[Outline]) -> Result<Vec<u8>, OutputError> {
    let bytes = document(title, outlines).map_err(OutputError::in_format("OPML"))?;
    without_forbidden(bytes).map_err(OutputError::in_format("OPML"))
}

fn document(title: &str, outlines: &[Outline]) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    writer.create_element("opml").with_attribute(("version", "2.0")).write_inner_content(|writer| {
        writer.create_element("head").write_inner_content(|writer| {
            writer.create_element("title").write_text_content(BytesText::new(&clean_line(title)))?;
            Ok(())
        })?;
        writer
            .create_element("body")
            .write_inner_content(|writer| outlines.iter().try_for_each(|outline| write_outline(writer, outline)))?;
        Ok(())
    })?;
    Ok(writer.into_inner())
}

/// `type` is `rss` for every format of feed; `text` is required and `title` is what most readers show.
fn write_outline(writer: &mut Writer<Vec<u8>>, outline: &Outline) -> std::io::Result<()> {
    let title = clean_line(&outline.title);
    let attributes = [
        ("type", "rss"),
        ("text", &title),
        ("title", &title),
        ("xmlUrl", &outline.feed_url),
        ("htmlUrl", &outline.page_url),
        ("language", &outline.lang),
    ];
    writer.create_element("outline").with_attributes(attributes).write_empty()?;
    Ok(())
}
