//! What RSS, Atom and JSON Feed all say of an announcement, decided once.

use chrono::{DateTime, FixedOffset, Timelike as _, Utc};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use super::feed::{Entry, Feed};
use super::html;
use crate::model::announcement::Announcement;
use crate::model::settings::SiteSettings;
use crate::model::text::{Label, one_line, without_controls};
use crate::model::token::sha256_hex;

/// Characters of the body that stand for a summary where an announcement has none.
const TEASER_CHARS: usize = 300;

/// The whole announcement as HTML for feeds. Everything a feed shows of a body passes here.
pub(super) fn item_html(entry: &Entry) -> String {
    let it = entry.announcement;
    // of the id, so that it never changes; a letter first
    let prefix = format!("c{}-", &sha256_hex(it.id.as_str().as_bytes())[..8]);
    html::for_feed(&without_controls(&it.body.html), &prefix)
}

/// The summary as HTML, or the beginning of the body.
pub(super) fn summary_html(announcement: &Announcement) -> String {
    match &announcement.summary {
        Some(summary) => without_controls(&summary.html),
        None => format!("<p>{}</p>", quick_xml::escape::escape(without_controls(&announcement.teaser(TEASER_CHARS)))),
    }
}

/// The summary as one line of plain text, if the author wrote one.
pub(super) fn summary_text(announcement: &Announcement) -> Option<String> {
    announcement.summary.as_ref().map(|summary| clean_line(&summary.text)).filter(|text| !text.is_empty())
}

/// Octets that URL parsers let pass and RFC 3986 does not allow in an address.
const NOT_IN_ADDRESSES: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// An address as strict readers want it (RFC 3986 §2).
pub(super) fn address(url: &Url) -> String {
    utf8_percent_encode(url.as_str(), NOT_IN_ADDRESSES).to_string()
}

/// A media type without parameters (RFC 2045 §5.1), or the one for octets of any kind.
pub(super) fn media_type(given: &str) -> String {
    let bare = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    match bare.split_once('/') {
        Some((sort, kind)) if is_token(sort) && is_token(kind) => bare,
        _ => "application/octet-stream".to_owned(),
    }
}

/// One line without characters that XML forbids: titles, names, labels, attribute values.
pub(super) fn clean_line(text: &str) -> String {
    one_line(&without_controls(text))
}

/// A document's last step: whatever way a forbidden character came in, it does not get out (XML 1.0 §2.2).
pub(super) fn without_forbidden(document: Vec<u8>) -> Result<Vec<u8>, std::string::FromUtf8Error> {
    let mut clean = without_controls(&String::from_utf8(document)?);
    clean.push('\n');
    Ok(clean.into_bytes())
}

/// What the site says of the rights to its texts.
pub(super) fn rights(site: &SiteSettings) -> Option<String> {
    site.rights.as_deref().map(clean_line).filter(|rights| !rights.is_empty())
}

/// The authors of the announcement, or else the site's; may be empty.
pub(super) fn authors(announcement: &Announcement, site: &SiteSettings) -> Vec<String> {
    let names: Vec<String> =
        announcement.authors.iter().map(|name| clean_line(name)).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { site.author.as_deref().map(clean_line).into_iter().collect() } else { names }
}

/// The id as an absolute IRI, which Atom asks for (RFC 4287 §4.2.6) and the calendar's UID is made from.
///
/// Minted ids are `tag:` URIs already, and an id pinned as a URI stays as it is. Anything else (`id: 42`) is only unique
/// on its site and becomes a fragment of the site's address.
pub(super) fn iri(announcement: &Announcement, site: &SiteSettings) -> String {
    let id = announcement.id.as_str();
    match Url::parse(id) {
        Ok(_) if !id.contains(|c: char| c.is_whitespace() || c.is_control()) => id.to_owned(),
        _ => {
            let mut iri = site.url.clone();
            iri.set_fragment(Some(&clean_line(id)));
            iri.into()
        }
    }
}

/// A label with the address of the page that lists all labels of its sort.
pub(super) struct Subject<'a> {
    pub(super) label: &'a Label,
    pub(super) scheme: String,
}

/// Categories, then tags.
pub(super) fn subjects<'a>(announcement: &'a Announcement, site: &SiteSettings) -> Vec<Subject<'a>> {
    let (categories, tags) = labels(announcement);
    let categories = categories.into_iter().map(|label| (label, "categories/"));
    let tags = tags.into_iter().map(|label| (label, "tags/"));
    categories.chain(tags).map(|(label, path)| Subject { label, scheme: site.own_url(path) }).collect()
}

/// Categories, and the tags that are not among them.
pub(super) fn labels(announcement: &Announcement) -> (Vec<&Label>, Vec<&Label>) {
    let is_category = |tag: &&Label| announcement.categories.iter().any(|category| category.slug == tag.slug);
    let tags = announcement.tags.iter().filter(|tag| !is_category(tag));
    (announcement.categories.iter().collect(), tags.collect())
}

/// When anything in the feed last changed its meaning; `None` where it has no entries.
pub(super) fn newest_revision(feed: &Feed) -> Option<DateTime<Utc>> {
    feed.entries.iter().map(|entry| entry.revision.updated).max()
}

/// When it was published, in its own zone.
pub(super) fn published(announcement: &Announcement) -> DateTime<FixedOffset> {
    whole_seconds(announcement.published.instant.with_timezone(&announcement.published.zone).fixed_offset())
}

/// When its meaning last changed, in its own zone.
pub(super) fn updated(entry: &Entry) -> DateTime<FixedOffset> {
    whole_seconds(entry.revision.updated.with_timezone(&entry.announcement.published.zone).fixed_offset())
}

/// Feeds speak in whole seconds.
pub(super) fn whole_seconds(at: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    at.with_nanosecond(0).unwrap_or(at)
}

/// The media type a picture's name promises.
pub(super) fn image_type(src: &Url) -> Option<&'static str> {
    mime_guess::from_path(src.path()).first_raw().filter(|mime| mime.starts_with("image/"))
}
