//! HTML made safe and whole: an allow-list of elements and attributes, absolute links, nothing left open.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::write_html::BOXES;

/// Beyond this the HTML parser's own tree becomes slow and deep.
const MAX_OPEN: usize = 100;
/// What may separate two attributes, counted in one tag: 4,000 are 50 ms.
const MAX_ATTRIBUTES: usize = 4_000;
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
const MORE_ELEMENTS: &[&str] = &["tfoot", "section", "main", "address", "big", "u"];
/// Elements whose inside goes with them.
const DROPPED: &[&str] = &[
    "script", "style", "select", "textarea", "button", "object", "embed", "applet", "svg", "template", "noscript",
    "title",
];
const ATTRIBUTES: &[&str] = &["class", "id", "title", "lang", "dir", "role", "style"];
/// The elements of HTML, old ones too, and the two that begin another language.
const ELEMENTS: &str = "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink \
    blockquote body br button canvas caption center cite code col colgroup command data datalist dd del details dfn \
    dialog dir div dl dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head \
    header hgroup hr html i iframe img input ins isindex kbd keygen label legend li link listing main map mark marquee \
    math menu menuitem meta meter nav nobr noembed noframes noscript object ol optgroup option output p param picture \
    plaintext pre progress q rb rbc rp rt rtc ruby s samp script search section select slot small source span strike \
    strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u ul var \
    video wbr xmp";
/// Elements whose disappearance an editor should hear about.
const REMARKABLE: &[&str] = &[
    "script", "style", "select", "textarea", "button", "object", "embed", "applet", "svg", "template", "form", "input",
    "iframe", "link", "meta", "base", "frame", "frameset", "math", "video", "audio",
];

/// Without the tags of elements that no browser knows (`Vec<u8>`, `<switch>`): their text stays, which the HTML parser and
/// the cleaner would take for the inside of something foreign, nested deeper with each.
pub(super) fn known_elements(html: &str) -> Cow<'_, str> {
    let is_foreign = |piece: &str| piece.starts_with('<') && tag_name(piece).is_some_and(|name| !is_element(&name));
    if !pieces(html).any(is_foreign) {
        return Cow::Borrowed(html);
    }
    Cow::Owned(pieces(html).filter(|piece| !is_foreign(piece)).collect())
}

fn is_element(name: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| ELEMENTS.split_ascii_whitespace().collect());
    KNOWN.contains(name)
}

/// Cleans, resolves all links against `base`.
pub(super) fn clean(html: &str, base: &Url) -> String {
    let mut builder = Builder::default();
    builder
        .add_tags(MORE_ELEMENTS)
        .add_clean_content_tags(DROPPED)
        .generic_attributes(ATTRIBUTES.iter().copied().collect())
        .filter_style_properties(["text-align", "width", "float", "margin"].into_iter().collect())
        .url_schemes(super::slips::SCHEMES.into_iter().collect::<HashSet<_>>())
        .url_relative(UrlRelative::RewriteWithBase(base.clone()))
        .link_rel(None)
        .attribute_filter(|_, name, value| {
            Some(if name == "href" || name == "src" { encoded(value) } else { value.into() })
        });
    for element in ["img", "table", "td", "th", "col", "figure"] {
        builder.add_tag_attributes(element, &["width", "height"]);
    }
    for element in ["div", "p", "td", "th", "tr", "table", "img", "h1", "h2", "h3", "h4", "h5", "h6"] {
        builder.add_tag_attributes(element, &["align"]);
    }
    for element in ["td", "th"] {
        builder.add_tag_attributes(element, &["colspan", "rowspan"]);
    }
    builder.add_tag_attributes("a", &["target", "name"]).add_tag_attributes("ol", &["start", "type", "reversed"]);
    let mut html = builder.clean(html).to_string();
    for (class, checkbox) in BOXES {
        html = html.replace(&format!("<span class=\"{class}\"></span>"), checkbox);
    }
    finished_tags(&html)
}

/// An address with blanks or letters beyond ASCII, encoded once; others stay as they were written.
fn encoded(value: &str) -> Cow<'_, str> {
    let trimmed = value.trim();
    if trimmed.chars().all(|c| c.is_ascii_graphic()) {
        return Cow::Borrowed(trimmed);
    }
    Url::parse(trimmed).map_or(Cow::Borrowed(trimmed), |url| Cow::Owned(url.to_string()))
}

/// A page opened in another window must not reach back into ours; a style of which nothing was let through goes.
fn finished_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for tag in pieces(html) {
        let without_style = tag.starts_with('<').then(|| tag.replacen(" style=\"\"", "", 1));
        let tag = without_style.as_deref().unwrap_or(tag);
        match tag.strip_suffix('>').filter(|tag| tag.starts_with("<a ") && tag.contains(" target=\"")) {
            Some(tag) => {
                out.push_str(tag);
                out.push_str(" rel=\"noopener\">");
            }
            None => out.push_str(tag),
        }
    }
    out
}

/// Tags and the texts between them; a `>` within a quoted value does not end a tag.
pub(super) fn pieces(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_tag =
            rest.starts_with('<') && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let text_end = || rest.match_indices('<').map(|(at, _)| at).find(|at| *at > 0).unwrap_or(rest.len());
        let end = if is_tag { tag_end(rest) } else { text_end() };
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

fn tag_end(s: &str) -> usize {
    if s.starts_with("<!--") {
        return s.find("-->").map_or(s.len(), |at| at + 3);
    }
    let mut quote = None;
    for (at, byte) in s.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    s.len()
}

fn tag_name(tag: &str) -> Option<String> {
    let name = tag.strip_prefix('<')?.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(name.len());
    (end > 0).then(|| name[..end].to_ascii_lowercase())
}

/// The first thing in the HTML that cleaning will take away, as it can be found in the source.
pub(super) fn first_removed(html: &str) -> Option<String> {
    pieces(html).filter(|piece| piece.starts_with('<')).find_map(|tag| {
        let name = tag_name(tag)?;
        if REMARKABLE.contains(&name.as_str()) {
            return Some(format!("<{name}"));
        }
        let lower = tag.to_ascii_lowercase();
        ["javascript:", "vbscript:", "data:"]
            .iter()
            .find(|scheme| lower.contains(**scheme))
            .map(|s| (*s).to_owned())
            .or_else(|| {
                let handler = lower.match_indices(" on").find(|(at, _)| {
                    lower[at + 3..].trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('=')
                });
                handler.map(|(at, _)| lower[at + 1..].split('=').next().unwrap_or_default().to_owned())
            })
    })
}

/// The addresses of pictures in HTML as it was written that say nothing to those who cannot see them.
pub(super) fn images_without_alt(html: &str) -> impl Iterator<Item = &str> {
    let images =
        pieces(html).filter(|piece| piece.starts_with('<') && tag_name(piece).is_some_and(|name| name == "img"));
    images.filter(|tag| !has_attribute(tag, "alt")).map(|tag| attribute(tag, "src").unwrap_or("<img"))
}

/// Whether a tag has an attribute, with a value or without.
fn has_attribute(tag: &str, name: &str) -> bool {
    let mut quote = None;
    let mut bare = String::with_capacity(tag.len());
    for c in tag.chars() {
        match quote {
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if open == c => quote = None,
            None => bare.push(c.to_ascii_lowercase()),
            Some(_) => {}
        }
    }
    bare.split(|c: char| c.is_whitespace() || matches!(c, '=' | '/' | '>')).any(|word| word == name)
}

/// Whether more elements are open at one place than a page ever has.
pub(super) fn too_deep(html: &str) -> bool {
    let mut open = 0_usize;
    pieces(html).filter(|piece| piece.starts_with('<')).any(|tag| {
        let name = tag_name(tag).unwrap_or_default();
        if tag.starts_with("</") {
            open = open.saturating_sub(1);
        } else if !name.is_empty() && !VOID.contains(&name.as_str()) && !tag.ends_with("/>") {
            open += 1;
        }
        open > MAX_OPEN
    })
}

/// Whether a tag may have so many attributes that the HTML parser, which compares each with all before, becomes slow.
pub(super) fn too_many_attributes(html: &str) -> bool {
    pieces(html)
        .filter(|piece| piece.starts_with('<') && piece.len() > MAX_ATTRIBUTES)
        .any(|tag| tag.bytes().filter(|byte| b" \t\n\x0c/\"'".contains(byte)).count() > MAX_ATTRIBUTES)
}

/// Frames become links to what they show.
pub(super) fn frames_to_links(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for piece in pieces(html) {
        let name = tag_name(piece).filter(|name| name == "iframe");
        match name {
            None => out.push_str(piece),
            Some(_) if piece.starts_with("</") => {}
            Some(_) => {
                let src = attribute(piece, "src").unwrap_or_default();
                if !src.is_empty() {
                    let label = attribute(piece, "title").filter(|title| !title.is_empty()).unwrap_or(src);
                    let link =
                        format!("<a href=\"{}\">{}</a>", super::entities::escape(src), super::entities::escape(label));
                    out.push_str(&link);
                }
            }
        }
    }
    out
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let at = tag.to_ascii_lowercase().find(&format!(" {name}="))? + name.len() + 2;
    let value = tag.get(at..)?;
    match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next(),
        _ => value.split([' ', '>']).next(),
    }
}
