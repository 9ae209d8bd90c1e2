//! Fitting a piece of sanitised HTML into a page or mail: heading levels, ids, alternative texts.
//!
//! What comes in is whole and clean already; only tags are touched, never text.

/// For an announcement's own page: its highest heading becomes `<h2>`, the others follow without a gap; ids stay.
pub(super) fn for_page(html: &str) -> String {
    rewritten(html, &levels(html, 2), &|tag| tag.to_owned())
}

/// For a list or a mail, where ids of several pieces would clash: none stay, headings begin at `<h4>`.
pub(super) fn for_list(html: &str) -> String {
    rewritten(html, &levels(html, 4), &without_id)
}

/// For a feed, whose reader may show many announcements on one page: ids begin with what is the announcement's own.
pub(super) fn for_feed(html: &str, prefix: &str) -> String {
    let with_prefix = |tag: &str| match attribute(tag, "id") {
        Some(range) => format!(
            "{} id=\"{prefix}{}{}",
            &tag[..range.start],
            &tag[range.start + " id=\"".len()..range.end],
            &tag[range.end..]
        ),
        None => tag.to_owned(),
    };
    pieces(html)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Tag(tag) => with_prefix(tag),
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Tag(&'a str),
}

/// Cuts HTML into text and tags; `>` inside a quoted attribute ends no tag.
fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let (text, tag) = rest.split_at(open);
        pieces.push(Piece::Text(text));
        let end = tag_end(tag);
        pieces.push(Piece::Tag(&tag[..end]));
        rest = &tag[end..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (index, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return index + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    tag.len()
}

/// The level 1 to 6 of a heading's opening or closing tag.
fn heading(tag: &str) -> Option<usize> {
    let name = tag.trim_start_matches(['<', '/']);
    let mut chars = name.chars();
    let (h, level, after) = (chars.next()?, chars.next()?.to_digit(10)?, chars.next()?);
    let is_heading = h == 'h' && (1..=6).contains(&level) && !after.is_ascii_alphanumeric();
    is_heading.then_some(level as usize)
}

/// For each heading level the level it gets: those in use follow each other from `top` on.
fn levels(html: &str, top: usize) -> [usize; 7] {
    let mut used = [false; 7];
    for piece in pieces(html) {
        if let Piece::Tag(tag) = piece
            && let Some(level) = heading(tag)
        {
            used[level] = true;
        }
    }
    let mut next = top;
    let mut levels = [0; 7];
    for level in 1..=6 {
        levels[level] = next.min(6);
        next += usize::from(used[level]);
    }
    levels
}

fn rewritten(html: &str, levels: &[usize; 7], with_id: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(html.len() + 16);
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Tag(tag) => push_tag(&mut out, &with_id(tag), levels),
        }
    }
    out
}

fn push_tag(out: &mut String, tag: &str, levels: &[usize; 7]) {
    let mut tag = tag.to_owned();
    if let Some(level) = heading(&tag) {
        tag = tag.replacen(&format!("h{level}"), &format!("h{}", levels[level]), 1);
    }
    if tag.starts_with("<img ") && attribute(&tag, "alt").is_none() {
        // read out by its file name otherwise
        tag.insert_str("<img".len(), " alt=\"\"");
    }
    out.push_str(&tag);
}

fn without_id(tag: &str) -> String {
    match attribute(tag, "id") {
        Some(range) => format!("{}{}", &tag[..range.start], &tag[range.end..]),
        None => tag.to_owned(),
    }
}

/// Where an attribute stands in a tag, with the blank before it. Ours are always in double quotes.
fn attribute(tag: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let mut at = tag.find(' ')?;
    loop {
        let rest = &tag[at..];
        let equals = rest.find("=\"")?;
        let end = at + equals + 2 + rest[equals + 2..].find('"')? + 1;
        if rest[..equals].split_whitespace().last() == Some(name) {
            return Some(at..end);
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_follow_the_title_without_a_gap() {
        for (given, page) in [
            ("<h3 id=\"a\">A</h3><h4>B</h4>", "<h2 id=\"a\">A</h2><h3>B</h3>"),
            ("<h1>A</h1><h3>B</h3><h3>C</h3>", "<h2>A</h2><h3>B</h3><h3>C</h3>"),
            ("<h2>A</h2><hr><h6>B</h6>", "<h2>A</h2><hr><h3>B</h3>"),
            ("<p>h3 &lt;h3&gt;</p>", "<p>h3 &lt;h3&gt;</p>"),
            ("<p>a", "<p>a"),
            ("a < b <", "a < b <"),
        ] {
            assert_eq!(for_page(given), page);
        }
    }

    #[test]
    fn ids_in_feeds_begin_with_what_is_the_items_own() {
        for (given, feed) in [
            ("<h3 id=\"a\">A</h3> id=\"b\"", "<h3 id=\"x-a\">A</h3> id=\"b\""),
            ("<li class=\"y\" id=\"fn:1\"><p>a</p></li>", "<li class=\"y\" id=\"x-fn:1\"><p>a</p></li>"),
            ("<a data-id=\"a\" href=\"#a\">A</a>", "<a data-id=\"a\" href=\"#a\">A</a>"),
        ] {
            assert_eq!(for_feed(given, "x-"), feed);
        }
    }

    #[test]
    fn ids_go_from_lists_and_nothing_else_does() {
        for (given, list) in [
            ("<p id=\"a\" class=\"b\">x id=\"a\"</p>", "<p class=\"b\">x id=\"a\"</p>"),
            (
                "<a title=\" id=1\" id=\"x>y\" href=\"https://a.example/?id=2\">z</a>",
                "<a title=\" id=1\" href=\"https://a.example/?id=2\">z</a>",
            ),
            ("<td width=\"3\">é</td>", "<td width=\"3\">é</td>"),
        ] {
            assert_eq!(for_list(given), list);
        }
    }

    #[test]
    fn a_picture_without_alternative_is_decorative() {
        assert_eq!(for_page("<img src=\"https://a.example/b.png\">"), "<img alt=\"\" src=\"https://a.example/b.png\">");
        assert_eq!(for_page("<img src=\"a\" alt=\"b\">"), "<img src=\"a\" alt=\"b\">");
    }
}
