//! Variants of cleaned HTML for outputs: ids away (mails), ids prefixed (feeds, where several items share one page).
//!
//! Works on our own sanitised serialisation only: every attribute value stands in double quotes and holds none.

/// The HTML without ids.
pub fn without_ids(html: &str) -> String {
    rewritten(html, |_| None)
}

/// The HTML with `prefix` before each id. Links stay absolute: `page#id` leads to the page, whose ids have no prefix.
pub fn with_id_prefix(html: &str, prefix: &str) -> String {
    rewritten(html, |id| Some(format!("{prefix}{id}")))
}

/// Replaces each id attribute's value, or takes the attribute away.
fn rewritten(html: &str, new_id: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tag = &rest[open..=open + tag_length(&rest[open..])];
        rest = &rest[open + tag.len()..];
        match tag.split_once(" id=\"").and_then(|(before, after)| Some((before, after.split_once('"')?))) {
            Some((before, (id, after))) => {
                out.push_str(before);
                if let Some(id) = new_id(id) {
                    out.extend([" id=\"", &id, "\""]);
                }
                out.push_str(after);
            }
            None => out.push_str(tag),
        }
    }
    out + rest
}

/// Where the tag's `>` is: one within a quoted value does not count.
fn tag_length(tag: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at,
            _ => {}
        }
    }
    tag.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<h2 id=\"a\">é > id=\"x\"</h2><p class=\"b\"><a href=\"https://x.fr/p/#a\">l</a> <a href=\"https://x.fr/#z\">m</a></p>";

    #[test]
    fn mails_carry_no_ids() {
        assert!(without_ids(HTML).starts_with("<h2>é > id=\"x\"</h2><p class=\"b\">"));
    }

    #[test]
    fn feed_items_keep_their_ids_apart() {
        let html = with_id_prefix(HTML, "n1-");
        assert!(html.starts_with("<h2 id=\"n1-a\">"), "{html}");
        assert!(html.contains("href=\"https://x.fr/p/#a\""), "{html}");
    }
}
