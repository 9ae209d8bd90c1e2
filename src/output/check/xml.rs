//! RSS, Atom and OPML as a strict XML processor reads them: well-formed (XML 1.0), no prefix undeclared, no character that
//! is forbidden, and what each element must have.

use std::collections::HashMap;

use chrono::DateTime;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};
use roxmltree::ParsingOptions;
use url::Url;

use super::{Fault, Ids, line_at, utf_8};
use crate::model::text::is_xml_char;

/// Children that an element has exactly once.
fn required(element: &str) -> &'static [&'static str] {
    match element {
        "rss" => &["channel"],
        "channel" => &["title", "link", "description"],
        "item" => &["title", "link", "guid", "pubDate"],
        "feed" => &["title", "id", "updated"],
        "entry" => &["title", "id", "updated", "published"],
        "author" => &["name"],
        "opml" => &["head", "body"],
        "head" => &["title"],
        _ => &[],
    }
}

/// Children that an element has at most once.
fn at_most_once(element: &str) -> &'static [&'static str] {
    match element {
        "item" => &["description", "content:encoded", "enclosure"],
        "entry" => &["summary", "content"],
        _ => &[],
    }
}

/// Checks an `rss.xml`, `atom.xml` or `feeds.opml`.
pub fn check_xml(document: &[u8]) -> Result<(), Fault> {
    let text = utf_8(document)?;
    let fault = |offset: usize, what: String| {
        Fault::new(line_at(text.as_bytes(), offset), what).in_item(item_around(text, offset).as_deref())
    };
    if let Some((offset, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
        return Err(fault(offset, forbidden(c)));
    }
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let other = roxmltree::Document::parse_with_options(text, options);
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut walk = Walk::default();
    loop {
        let event = reader.read_resolved_event().map(|(namespace, event)| (unknown_prefix(&namespace), event));
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len());
        let read = match event {
            Ok((Some(prefix), _)) => Err(format!("the prefix `{prefix}` is not declared")),
            Ok((None, Event::Eof)) => {
                walk.finish().map_err(|what| fault(offset, what))?;
                return other.map(drop).map_err(|error| {
                    let line = usize::try_from(error.pos().row).unwrap_or(1);
                    fault(offset_of(text, line), error.to_string())
                });
            }
            Ok((None, event)) => walk.take(event),
            Err(error) => Err(error.to_string()),
        };
        read.map_err(|what| fault(offset, what))?;
    }
}

/// Where a line begins, counted from 1.
fn offset_of(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}

fn forbidden(c: char) -> String {
    format!("XML forbids the character U+{:04X}", u32::from(c))
}

fn unknown_prefix(namespace: &ResolveResult) -> Option<String> {
    match namespace {
        ResolveResult::Unknown(prefix) => Some(String::from_utf8_lossy(prefix).into_owned()),
        ResolveResult::Bound(_) | ResolveResult::Unbound => None,
    }
}

/// The id of the item a place is in. It may stand after that place, or in a document too broken to walk, so it is looked for
/// as text; only messages depend on it.
fn item_around(text: &str, offset: usize) -> Option<String> {
    let before = text.get(..offset)?;
    let start = before.rfind("<item>").max(before.rfind("<entry>"))?;
    let item = &text[start..];
    let end = item.find("</item>").or_else(|| item.find("</entry>")).unwrap_or(item.len());
    let item = (start + end >= offset.saturating_sub("</entry>".len())).then(|| &item[..end])?;
    let id = item.find("<guid").or_else(|| item.find("<id>"))?;
    let id = item[id..].split_once('>')?.1.split('<').next()?;
    quick_xml::escape::unescape(id).ok().map(std::borrow::Cow::into_owned)
}

/// An element that is open.
struct Open {
    name: String,
    text: String,
    children: HashMap<String, usize>,
}

#[derive(Default)]
struct Walk {
    open: Vec<Open>,
    roots: usize,
    ids: Ids,
}

impl Walk {
    fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Start(start) => self.start(&start),
            Event::Empty(start) => {
                self.start(&start)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.decode().map_err(|error| error.to_string())?),
            Event::CData(text) => self.text(&text.decode().map_err(|error| error.to_string())?),
            Event::GeneralRef(reference) => self.text(&resolve(&reference)?),
            Event::DocType(_) => Err("a document type is not wanted".to_owned()),
            Event::Decl(_) if self.roots == 0 => Ok(()),
            Event::Decl(_) => Err("an XML declaration stands inside the document".to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart) -> Result<(), String> {
        let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        check_attributes(&name, start)?;
        match self.open.last_mut() {
            Some(parent) => *parent.children.entry(name.clone()).or_default() += 1,
            None => self.roots += 1,
        }
        self.open.push(Open { name, text: String::new(), children: HashMap::new() });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(open) => open.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text stands outside the root element".to_owned()),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let open = self.open.pop().ok_or("an element ends that is not open")?;
        for child in required(&open.name) {
            let count = open.children.get(*child).copied().unwrap_or(0);
            if count != 1 {
                return Err(format!("`{}` has {count} `{child}`, not one", open.name));
            }
        }
        if let Some(child) = at_most_once(&open.name).iter().find(|child| open.children.get(**child) > Some(&1)) {
            return Err(format!("`{}` has more than one `{child}`", open.name));
        }
        if open.name == "entry" && !open.children.contains_key("author") {
            return Err("`entry` has no `author`".to_owned());
        }
        self.check_text(&open)
    }

    /// What stands in ids, dates and links.
    fn check_text(&mut self, open: &Open) -> Result<(), String> {
        let text = open.text.trim();
        match (open.name.as_str(), self.open.last().map(|parent| parent.name.as_str())) {
            ("guid", _) => self.ids.take(text),
            ("id", Some("entry" | "feed")) => check_url("id", text).and_then(|()| self.ids.take(text)),
            ("link", Some("channel" | "item")) => check_url("link", text),
            ("pubDate" | "lastBuildDate", _) if DateTime::parse_from_rfc2822(text).is_err() => {
                Err(format!("`{text}` is no date of RFC 2822"))
            }
            ("updated" | "published", _) if DateTime::parse_from_rfc3339(text).is_err() => {
                Err(format!("`{text}` is no date of RFC 3339"))
            }
            _ => Ok(()),
        }
    }

    fn finish(&self) -> Result<(), String> {
        match (self.open.last(), self.roots) {
            (Some(open), _) => Err(format!("`{}` is never ended", open.name)),
            (None, 1) => Ok(()),
            (None, roots) => Err(format!("the document has {roots} root elements, not one")),
        }
    }
}

/// Entities are the five of XML; a character reference must name a character that XML allows.
fn resolve(reference: &BytesRef) -> Result<String, String> {
    let number = reference.resolve_char_ref().map_err(|error| error.to_string())?;
    if let Some(c) = number {
        return if is_xml_char(c) { Ok(c.to_string()) } else { Err(forbidden(c)) };
    }
    let name = reference.decode().map_err(|error| error.to_string())?;
    resolve_predefined_entity(&name).map(str::to_owned).ok_or_else(|| format!("the entity `&{name};` is not declared"))
}

fn check_attributes(element: &str, start: &BytesStart) -> Result<(), String> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("`{element}`: {error}"))?;
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| format!("`{element}`: {error}"))?;
        if let Some(c) = value.chars().find(|c| !is_xml_char(*c)) {
            return Err(forbidden(c));
        }
        match attribute.key.as_ref() {
            b"href" | b"url" | b"xmlUrl" | b"htmlUrl" | b"domain" | b"scheme" => check_url(element, &value)?,
            _ => {}
        }
    }
    Ok(())
}

fn check_url(element: &str, url: &str) -> Result<(), String> {
    Url::parse(url).map(drop).map_err(|error| format!("`{url}` in `{element}` is no absolute address: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" xmlns:a=\"http://a.example/\">\n<channel>\n\
        <title>t</title><link>https://a.example/</link><description/>\n\
        <item>\n<title>A &amp; B &#233;</title>\n<link>https://a.example/x</link>\n<guid>x</guid>\n\
        <pubDate>Wed, 09 Jan 2019 12:56:00 +0100</pubDate>\n<a:b c='&lt;'/>\n</item>\n</channel>\n</rss>\n";

    #[test]
    fn a_good_feed_passes() {
        assert_eq!(check_xml(GOOD.as_bytes()), Ok(()));
    }

    #[test]
    fn each_fault_is_named_with_its_line_and_item() {
        let item = &GOOD[GOOD.find("<item>").expect("an item")..GOOD.find("</channel>").expect("an end")];
        for (from, to, expected) in [
            ("A &amp;", "A \u{b}", "line 6: XML forbids the character U+000B (in `x`)"),
            ("&#233;", "&#11;", "line 6: XML forbids the character U+000B (in `x`)"),
            ("&lt;", "&#xffff;", "line 10: XML forbids the character U+FFFF (in `x`)"),
            ("&amp;", "&nbsp;", "line 6: the entity `&nbsp;` is not declared (in `x`)"),
            ("a:b", "z:b", "line 10: the prefix `z` is not declared (in `x`)"),
            ("<guid>x</guid>", "", "line 11: `item` has 0 `guid`, not one"),
            ("<guid>x</guid>", "<guid> </guid>", "line 8: an item has an empty id (in ` `)"),
            ("09 Jan", "32 Jan", "line 9: `Wed, 32 Jan 2019 12:56:00 +0100` is no date of RFC 2822 (in `x`)"),
            (
                "https://a.example/x",
                "/x",
                "line 7: `/x` in `link` is no absolute address: relative URL without a base (in `x`)",
            ),
            ("</channel>", &format!("{item}</channel>"), "line 15: two items have one id (in `x`)"),
            ("</channel>\n</rss>", "", "line 13: `channel` is never ended"),
            ("<?xml", "<!DOCTYPE rss><?xml", "line 1: a document type is not wanted"),
            ("</rss>", "</rss><rss/>", "line 13: `rss` has 0 `channel`, not one"),
        ] {
            let fault = check_xml(GOOD.replacen(from, to, 1).as_bytes()).expect_err("a broken feed");
            assert_eq!(fault.to_string(), expected, "{from:?} → {to:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        for nonsense in ["", "a", "<", "<a", "<a><b></a>", "</a>", "<a b='1' b='2'/>", "<a>&</a>", "<a/>x", "<a b=c/>"]
        {
            assert!(check_xml(nonsense.as_bytes()).is_err(), "{nonsense:?}");
        }
        assert_eq!(check_xml(b"<a>\n\xff</a>").expect_err("no UTF-8").to_string(), "line 2: byte 4 is not UTF-8");
    }
}
