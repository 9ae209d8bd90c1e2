//! A frame around each table: on a phone the table scrolls in it, by finger and by keyboard, and the page does not.

use crate::model::markup::{Piece, name, pieces};

/// Each outermost table in a focusable group that screen readers call `label`.
pub(super) fn framed(html: &str, label: &str) -> String {
    if !html.contains("<table") {
        return html.to_owned();
    }
    let mut open = 0_usize;
    let mut out = String::with_capacity(html.len() + 128);
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) if name(tag) == "table" && !tag.starts_with("</") => {
                if open == 0 {
                    out.push_str("<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"");
                    out.push_str(label);
                    out.push_str("\">");
                }
                open += 1;
                out.push_str(tag);
            }
            Piece::Tag(tag) if name(tag) == "table" => {
                out.push_str(tag);
                if open == 1 {
                    out.push_str("</div>");
                }
                open = open.saturating_sub(1);
            }
            Piece::Tag(other) | Piece::Text(other) => out.push_str(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_table_gets_a_frame() {
        let frame = "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"T\">";
        for (given, shown) in [
            ("<p>a</p>".to_owned(), "<p>a</p>".to_owned()),
            ("<table><td>a</td></table>b".to_owned(), format!("{frame}<table><td>a</td></table></div>b")),
            (
                "<table><td><table></table></td></table>".to_owned(),
                format!("{frame}<table><td><table></table></td></table></div>"),
            ),
        ] {
            assert_eq!(framed(&given, "T"), shown);
        }
    }
}
