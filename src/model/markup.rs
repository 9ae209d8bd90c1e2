//! Sanitised HTML cut into tags and the text between them. It is whole and clean: nothing is checked here.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Tag(&'a str),
}

/// The pieces in their order; texts between two tags may be empty.
pub fn pieces(html: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = html;
    let mut in_text = true;
    std::iter::from_fn(move || {
        if !in_text && rest.is_empty() {
            return None;
        }
        let end = if in_text { rest.find('<').unwrap_or(rest.len()) } else { tag_end(rest) };
        let (piece, after) = rest.split_at(end);
        let piece = if in_text { Piece::Text(piece) } else { Piece::Tag(piece) };
        (rest, in_text) = (after, !in_text);
        Some(piece)
    })
}

/// A `>` inside a quoted attribute ends no tag.
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

/// The element a tag opens or closes.
pub fn name(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['<', '/']);
    &tag[..tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_text() {
        use Piece::{Tag, Text};
        for (html, cut) in [
            ("", vec![Text("")]),
            ("a", vec![Text("a")]),
            ("<p>a</p>", vec![Text(""), Tag("<p>"), Text("a"), Tag("</p>"), Text("")]),
            ("<a href=\"?a>b\">c", vec![Text(""), Tag("<a href=\"?a>b\">"), Text("c")]),
            ("a<br", vec![Text("a"), Tag("<br"), Text("")]),
        ] {
            assert_eq!(pieces(html).collect::<Vec<_>>(), cut, "{html}");
        }
        assert_eq!(["<h2 id=\"a\">", "</h2>", "<br/>"].map(name), ["h2", "h2", "br"]);
    }
}
