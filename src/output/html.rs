//! Fitting a piece of sanitised HTML into a page or mail: heading levels, ids, alternative texts, blanks of French.
//!
//! What comes in is whole and clean already; only tags are touched, and text by `typeset` alone.

mod outdated;
mod wide;

use super::words::{Words, french_spaces};
use crate::model::markup::{Piece, name, pieces};

/// For an announcement's own page: its highest heading becomes `<h2>`, no level is left out on the way down, none is empty;
/// ids stay. What HTML no longer knows is said as it is today, and a table wider than a phone scrolls in a frame.
pub(super) fn for_page(html: &str, words: &Words) -> String {
    let html = in_order(&rewritten(html, &levels(html, 2), &|tag| boxes_named(tag, words)));
    wide::framed(&outdated::renewed(&html), words.table)
}

/// Each heading at most one level below the one before it, as screen readers expect. Empty ones go.
fn in_order(html: &str) -> String {
    let pieces: Vec<_> = pieces(html).collect();
    let mut out = String::with_capacity(html.len());
    let mut last = 1;
    let mut skipped = None;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Tag(tag) if heading(tag).is_some() => {
                let opens = !tag.starts_with("</");
                if opens && is_empty_heading(&pieces[at + 1..]) {
                    skipped = Some(());
                } else if opens {
                    last = heading(tag).unwrap_or(last).min(last + 1);
                    out.push_str(&with_level(tag, last));
                } else if skipped.take().is_none() {
                    out.push_str(&with_level(tag, last));
                }
            }
            Piece::Tag(other) | Piece::Text(other) => out.push_str(other),
        }
    }
    out
}

fn is_empty_heading(after: &[Piece]) -> bool {
    after.iter().find_map(|piece| match piece {
        Piece::Text(text) if text.trim().is_empty() => None,
        Piece::Text(_) => Some(false),
        Piece::Tag(tag) => Some(tag.starts_with("</h") && heading(tag).is_some()),
    }) == Some(true)
}

fn with_level(tag: &str, level: usize) -> String {
    match heading(tag) {
        Some(old) => tag.replacen(&format!("h{old}"), &format!("h{level}"), 1),
        None => tag.to_owned(),
    }
}

/// The box of a task list has no text of its own that says whether it is ticked.
fn boxes_named(tag: &str, words: &Words) -> String {
    match tag.strip_prefix("<input type=\"checkbox\"") {
        Some(rest) => {
            let name = if rest.contains(" checked") { words.task_done } else { words.task_open };
            format!("<input type=\"checkbox\" aria-label=\"{name}\"{rest}")
        }
        None => tag.to_owned(),
    }
}

/// The blanks of French made no-break, except where every character counts.
pub(super) fn typeset(html: &str) -> String {
    let mut verbatim = 0_usize;
    let mut out = String::with_capacity(html.len() + 64);
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) if verbatim == 0 => out.push_str(&french_spaces(text)),
            Piece::Text(text) => out.push_str(text),
            Piece::Tag(tag) => {
                if matches!(name(tag), "pre" | "code" | "kbd" | "samp" | "tt") {
                    verbatim = if tag.starts_with("</") { verbatim.saturating_sub(1) } else { verbatim + 1 };
                }
                out.push_str(tag);
            }
        }
    }
    out
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
        .map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Tag(tag) => with_prefix(tag),
        })
        .collect()
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
    let mut tag = heading(tag).map_or_else(|| tag.to_owned(), |level| with_level(tag, levels[level]));
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
    use super::super::words::Tongue;
    use super::*;

    #[test]
    fn headings_follow_the_title_without_a_gap() {
        for (given, page) in [
            ("<h3 id=\"a\">A</h3><h4>B</h4>", "<h2 id=\"a\">A</h2><h3>B</h3>"),
            ("<h1>A</h1><h3>B</h3><h3>C</h3>", "<h2>A</h2><h3>B</h3><h3>C</h3>"),
            ("<h2>A</h2><hr><h6>B</h6>", "<h2>A</h2><hr><h3>B</h3>"),
            ("<h1>A</h1><h4>B</h4><h2>C</h2><h4>D</h4>", "<h2>A</h2><h3>B</h3><h3>C</h3><h4>D</h4>"),
            ("<h2>A</h2><h2 id=\"b\"> </h2><p>b</p><h2>C</h2>", "<h2>A</h2> <p>b</p><h2>C</h2>"),
            ("<p>h3 &lt;h3&gt;</p>", "<p>h3 &lt;h3&gt;</p>"),
            ("<p>a", "<p>a"),
            ("a < b <", "a < b <"),
        ] {
            assert_eq!(for_page(given, Tongue::English.words()), page);
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
        assert_eq!(
            for_page("<img src=\"https://a.example/b.png\">", Tongue::English.words()),
            "<img alt=\"\" src=\"https://a.example/b.png\">"
        );
        assert_eq!(for_page("<img src=\"a\" alt=\"b\">", Tongue::English.words()), "<img src=\"a\" alt=\"b\">");
    }

    #[test]
    fn blanks_of_french_are_no_break_but_not_in_code() {
        for (given, shown) in [
            (
                "<p>Quoi ? <code>a ? b</code> « <b>x</b> »</p>",
                "<p>Quoi\u{202f}? <code>a ? b</code> «\u{a0}<b>x</b>\u{a0}»</p>",
            ),
            ("<pre><code>a : b</code> c : d</pre><p>e : f</p>", "<pre><code>a : b</code> c : d</pre><p>e\u{a0}: f</p>"),
            ("<a title=\"a : b\">c</a>", "<a title=\"a : b\">c</a>"),
        ] {
            assert_eq!(typeset(given), shown);
        }
    }

    #[test]
    fn a_box_says_whether_it_is_ticked() {
        let page =
            for_page("<input type=\"checkbox\" disabled=\"disabled\" checked=\"checked\"> a", Tongue::English.words());
        assert_eq!(page, "<input type=\"checkbox\" aria-label=\"done\" disabled=\"disabled\" checked=\"checked\"> a");
    }
}
