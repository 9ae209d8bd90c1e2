//! The words of a piece of sanitised HTML, as they are read on one line: no marks, no addresses, no pictures.

use super::markup::{Piece, name, pieces};

/// Elements that stand within a line; all others begin and end one.
const WITHIN_A_LINE: [&str; 29] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "img", "ins", "kbd", "mark", "q",
    "rp", "rt", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u",
];

/// The text of each block on lines of its own, without marks of footnotes and what they say. Ends early once there are more
/// than `enough` characters.
pub fn words(html: &str, enough: usize) -> String {
    let mut out = String::new();
    let (mut count, mut skipped) = (0, false);
    for piece in pieces(html) {
        match piece {
            Piece::Text(_) if count > enough => break,
            Piece::Text(_) if skipped => {}
            Piece::Text(text) => {
                let text = unescaped(text);
                count += text.chars().count();
                out.push_str(&text);
            }
            Piece::Tag(tag) if tag.contains("\"doc-endnotes\"") => break,
            Piece::Tag(tag) => {
                skipped = if skipped { !tag.starts_with("</sup") } else { tag.contains("\"doc-noteref\"") };
                if !WITHIN_A_LINE.contains(&name(tag)) {
                    out.push('\n');
                }
            }
        }
    }
    out
}

/// Whether there is nothing but words in paragraphs: read on one line, it has lost nothing.
pub fn is_plain(html: &str) -> bool {
    const PLAIN: [&str; 7] = ["p", "br", "em", "strong", "b", "i", "span"];
    pieces(html).all(|piece| match piece {
        Piece::Text(_) => true,
        Piece::Tag(tag) => PLAIN.contains(&name(tag)),
    })
}

/// Sanitised HTML has no other references.
fn unescaped(text: &str) -> String {
    let known = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", "\u{a0}"), ("&amp;", "&")];
    known.iter().fold(text.to_owned(), |text, (reference, stands_for)| text.replace(reference, stands_for))
}

#[cfg(test)]
mod tests {
    use super::super::text::one_line;
    use super::*;

    #[test]
    fn only_words_are_left() {
        for (html, left) in [
            (
                "<h2 id=\"a\">Heading</h2><p>Text <em>with</em> <a href=\"https://x.example/?a>b\">link</a>.</p>",
                "Heading Text with link.",
            ),
            ("<ul><li>one</li><li>two<br>lines</li></ul><hr><pre><code>a &lt; b</code></pre>", "one two lines a < b"),
            ("<table><tr><th>a</th><td>b</td></tr></table><p><img alt=\"a picture\" src=\"a.png\"></p>", "a b"),
            (
                "<p>Said<sup id=\"fnref:1\" role=\"doc-noteref\"><a href=\"#fn:1\">1</a></sup> so.</p><div class=\"footnotes\" role=\"doc-endnotes\"><p>By whom</p></div>",
                "Said so.",
            ),
            ("<p>2 &amp;lt; 3&nbsp;! H<sub>2</sub>O</p>", "2 &lt; 3\u{a0}! H2O"),
            ("plain", "plain"),
            ("a <", "a"),
            ("", ""),
        ] {
            assert_eq!(one_line(&words(html, 1000)), left, "{html}");
        }
        assert_eq!(words("<p>abc</p><p>def</p><p>ghi</p>", 4), "\nabc\n\ndef\n");
    }
}
