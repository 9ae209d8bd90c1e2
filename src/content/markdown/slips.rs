//! Addresses with slips of the pen: what can mean one thing only is mended, what leads nowhere is no link.

use super::tree::{Attributes, Document, Kind, Node, Remark};

/// Schemes that feeds and mails carry.
pub(super) const SCHEMES: [&str; 10] =
    ["http", "https", "mailto", "tel", "sms", "xmpp", "ftp", "ftps", "webcal", "geo"];

/// Slips of the pen that can mean one thing only.
pub(in crate::content) fn mend(text: &str) -> String {
    if let Some(rest) = text.strip_prefix("http://mailto:").or_else(|| text.strip_prefix("https://mailto:")) {
        return format!("mailto:{rest}");
    }
    for (slip, meant) in
        [("ttps://", "https://"), ("ttp://", "http://"), ("https//", "https://"), ("www.", "https://www.")]
    {
        if let Some(rest) = text.strip_prefix(slip) {
            return format!("{meant}{rest}");
        }
    }
    text.to_owned()
}

/// `host.com/page` could be a host or a file: nobody can tell, so it is not guessed.
pub(in crate::content) fn looks_like_a_host(text: &str) -> bool {
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((_, ending)) = first.rsplit_once('.') else { return false };
    let is_file = ending != "com" && mime_guess::from_ext(ending).first().is_some();
    !is_file && !first.starts_with('.') && ending.len() >= 2 && ending.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Mends the links of a text. One with a scheme nobody follows keeps its words only; one that may be a host is told.
pub(super) fn mend_links(document: &mut Document) {
    let mut remarks = Vec::new();
    in_children(&mut document.root, &mut remarks);
    document.footnotes.values_mut().for_each(|note| in_children(note, &mut remarks));
    document.remarks.append(&mut remarks);
}

fn in_children(node: &mut Node, remarks: &mut Vec<Remark>) {
    let is_link = matches!(&node.kind, Kind::Link) || matches!(&node.kind, Kind::Html { name, .. } if name == "a");
    if is_link {
        remarks.extend(settle(&mut node.attributes));
    }
    node.children.iter_mut().for_each(|child| in_children(child, remarks));
}

fn settle(attributes: &mut Attributes) -> Option<Remark> {
    let at = attributes.iter().position(|(name, _)| name == "href")?;
    let written = attributes[at].1.trim().to_owned();
    let mended = mend(&written);
    match scheme(&mended).map(str::to_ascii_lowercase) {
        // what runs is told as removed
        Some(scheme) if matches!(scheme.as_str(), "javascript" | "vbscript" | "data") => None,
        Some(scheme) if !SCHEMES.contains(&scheme.as_str()) => {
            attributes.remove(at);
            Some(unusable(written))
        }
        None if looks_like_a_host(&mended) && !mended.contains(|c: char| c.is_ascii_uppercase()) => {
            Some(unusable(written))
        }
        _ => {
            if mended != written {
                attributes[at].1 = mended;
            }
            None
        }
    }
}

fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_scheme.then_some(scheme)
}

fn unusable(written: String) -> Remark {
    Remark {
        code: "address-unusable",
        message: format!("`{}` is no address that can be linked to", crate::model::text::shorten(&written, 60)),
        needle: written,
        hint: "write it whole, with `https://`, or from the site's root with `/`",
    }
}
